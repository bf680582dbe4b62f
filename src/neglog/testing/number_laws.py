"""Laws of the numbers: digits over the whole range, engines, float32, weights, scales, extremes."""

from __future__ import annotations

from typing import Any

import numpy as np

from neglog._typing import Floats
from neglog.derivation.exact import Exact
from neglog.derivation.points import Points, inside_gamma
from neglog.errors import SupportError
from neglog.kernels import ClassHessian
from neglog.symbolic.cutpoints import has_ends
from neglog.testing.class_laws import measured_classes, scales_of_classes
from neglog.testing.findings import Broken, DoesNotApply
from neglog.testing.subject import SETTINGS, Subject, at

__all__ = ["NUMBER_LAWS"]

_HUGE = (1e5, -1e5, 745.0, -745.0, 1e300, -1e300)


def _measured(subject: Subject, engine: str) -> str:
    if subject.loss.shape == "classes":
        return measured_classes(subject, engine)
    points, exacts = subject.comparison
    computed, bounds = subject.computed(engine), subject.bounds
    # Beyond 700 an exponential is infinite or has lost digits of its own: there the sign and the size have to be right.
    # So it is beyond 40 for what stands inside a gamma function: the law is its own limit there.
    inside = inside_gamma(subject.density)
    sizes = [
        np.abs(points.values[slot.raw]) * (700 / 40 if slot.parameter in inside else 1.0)
        for slot in subject.loss.slots
    ]
    beyond = np.any(np.array(sizes) > 700, axis=0)
    told = []
    for name, truth in exacts:
        errors = truth.errors(computed[name])
        right = np.isfinite(errors) & (np.sign(computed[name]) * np.sign(truth.value) >= 0)
        errors = np.where(beyond & right, 0.0, errors)
        bound = bounds.get(name, 4.0)
        if name == "value":
            errors = errors * _share(subject, points, truth)
            bound = max(bound, bounds.get("value with its constant", bound))
        known = np.flatnonzero(~np.isnan(errors))
        if known.size == 0:
            continue
        worst = int(known[np.argmax(errors[known])])
        if errors[worst] > bound:
            where = ", ".join(
                f"{key} = {array[worst]:.17g}" for key, array in points.values.items()
            )
            raise Broken(
                f"The {name} loses digits: {computed[name][worst]:.17g} where "
                f"{truth.value[worst]:.17g} is exact, {errors[worst]:.3g} roundings of the inputs "
                f"({bound:g} are allowed), at {where}."
            )
        told.append(f"{name} {errors[worst]:.2g}")
    return "largest errors in roundings of the inputs: " + ", ".join(told)


def _share(subject: Subject, points: Points, truth: Exact) -> Floats:
    """Return the size of the complete value beside that of its constant.

    A kernel adds the constant last: unless the two were chosen together, the sum is as good as the larger of them.
    """
    if "value with its constant" in subject.bounds:
        return np.ones(points.size)
    constant = np.abs(at(subject.loss.complete.constant, **points.values))
    with np.errstate(all="ignore"):
        share = truth.size / (truth.size + constant)
    return np.broadcast_to(np.where(np.isfinite(share), share, 1.0), (points.size,))


def digits(subject: Subject) -> str:
    """Value, gradient and Hessian keep their digits over the whole range (NumPy engine, against mpmath)."""
    return _measured(subject, "numpy")


def compiled_digits(subject: Subject) -> str:
    """The compiled kernel keeps them too."""
    return _measured(subject, "numba")


def _moderate(subject: Subject) -> tuple[Floats, Floats, dict[str, Any]]:
    """Return targets, raw predictions and hyperparameters of no great size."""
    random = np.random.default_rng(subject.seed)
    n, density = 64, subject.density
    setting = subject.setting(0)
    if subject.loss.shape == "classes":
        y = random.integers(0, 3, n).astype(float)
        return y, random.normal(size=(n, 3)), subject.hyper(setting)
    y = density.support.points(random, n)
    k = len(subject.loss.slots)
    centre = np.array(subject.raws(setting))
    raw = centre + 0.5 * random.normal(size=(n, k))
    if subject.outcomes is not None and has_ends(subject.law):
        y = random.choice(subject.outcomes, n)
        ends = subject.ends(setting, y)
        for j, slot in enumerate(subject.loss.slots):
            raw[:, j] = ends.get(slot.parameter, raw[:, j])
    return y, (raw[:, 0] if k == 1 else raw), subject.hyper(setting)


def single_precision(subject: Subject) -> str:
    """float32 predictions are answered in float32, to float32's last digits."""
    y, raw, hyper = _moderate(subject)
    y32, raw32 = y.astype(np.float32), raw.astype(np.float32)
    y32 = np.where(y32 > 2**24, np.float32(1000), y32)
    found = subject.kernel.evaluate(y32, raw32, order=2, hyper=hyper, engine="numpy")
    wide = subject.kernel.evaluate(
        y32.astype(float), raw32.astype(float), order=2, hyper=hyper, engine="numpy"
    )
    worst = 0.0
    for name, one, other in zip(("value", "gradient", "hessian"), found, wide, strict=True):
        if isinstance(one, ClassHessian):
            one, other = one.probabilities, other.probabilities
        if one.dtype != np.float32:
            raise Broken(f"The {name} of float32 predictions has dtype {one.dtype}.")
        with np.errstate(all="ignore"):
            error = np.abs(one.astype(float) - other) / (np.abs(other) * 2.0**-23 + 2.0**-126)
        error = np.where(np.isfinite(other) & np.isfinite(one), error, 0.0)
        worst = max(worst, float(np.max(error, initial=0.0)))
    if worst > 1.0:
        raise Broken(f"float32 results lie {worst:.3g} roundings of float32 from float64's.")
    return f"largest difference {worst:.2g} roundings of float32"


def weights(subject: Subject) -> str | None:
    """A weight of 2 is the row twice, a weight of 0 is no row."""
    y, raw, hyper = _moderate(subject)
    for engine in ("numpy",):
        once = subject.kernel.evaluate(y, raw, order=2, hyper=hyper, engine=engine)
        twice = subject.kernel.evaluate(
            y, raw, order=2, hyper=hyper, engine=engine, sample_weight=np.full(len(y), 2.0)
        )
        nothing = subject.kernel.total(
            y, raw, hyper=hyper, engine=engine, sample_weight=np.zeros(len(y))
        )
        if not np.array_equal(2 * once.value, twice.value):
            raise Broken("With weight 2 the value is not twice the value.")
        if not np.array_equal(2 * np.asarray(once.gradient), np.asarray(twice.gradient)):
            raise Broken("With weight 2 the gradient is not twice the gradient.")
        if nothing != 0.0:
            raise Broken(f"With weights of 0 the total is {nothing}.")
    return None


def scales(subject: Subject) -> str:
    """On the response scale the loss is the one on the raw scale at the linked prediction."""
    worst = 0.0
    y, _, _ = _moderate(subject)
    if subject.loss.shape == "classes":
        return scales_of_classes(subject, y)
    for number in range(SETTINGS):
        setting = subject.setting(number)
        hyper = subject.hyper(setting)
        n = len(y)
        response = np.column_stack([np.full(n, setting[s.parameter]) for s in subject.loss.slots])
        raw = np.column_stack([np.full(n, value) for value in subject.raws(setting)])
        if raw.shape[1] == 1:
            raw, response = raw[:, 0], response[:, 0]
        linked = [
            float(at(node, **{slot.raw: value}))
            for slot, node, value in zip(
                subject.loss.slots,
                subject.loss.inverse_links().values(),
                subject.raws(setting),
                strict=True,
            )
        ]
        if not np.allclose(linked, [setting[s.parameter] for s in subject.loss.slots], rtol=1e-12):
            raise Broken(f"The inverse links give {linked} at the raw predictions of {setting}.")
        a = subject.kernel.value(y, raw, hyper=hyper, engine="numpy")
        b = subject.kernel.value(y, response, hyper=hyper, scale="response")
        finite = np.isfinite(a) & np.isfinite(b)
        error = np.abs(a - b)[finite] / (1 + np.abs(a[finite]))
        worst = max(worst, float(np.max(error, initial=0.0)))
        if worst > 1e-8 or not np.array_equal(np.isfinite(a), np.isfinite(b)):
            raise Broken(f"The two scales differ by {worst:.3g} at {setting}.")
    return f"largest relative difference {worst:.1e}"


def extremes(subject: Subject) -> str | None:
    """At predictions of any size the value is a number or +infinity, never NaN or -infinity."""
    y, raw, hyper = _moderate(subject)
    columns = raw.shape[1] if raw.ndim == 2 else 1
    inside = inside_gamma(subject.density)
    for place in range(columns):
        if has_ends(subject.law) and place not in subject.scored:
            continue  # the ends of a class and their gap do not move one by one
        # Inside a gamma function exp(60) is as good as infinite, and beyond it there is nothing to compute.
        bounded = (
            columns == len(subject.loss.slots) and subject.loss.slots[place].parameter in inside
        )
        for size in (60.0, -60.0) if bounded else _HUGE:
            moved = raw.copy()
            if raw.ndim == 2:
                moved[:, place] = size
            else:
                moved[:] = size
            value = subject.kernel.value(y, moved, hyper=hyper, engine="numpy")
            bad = np.isnan(value) | (value == -np.inf)
            if bad.any():
                row = int(np.argmax(bad))
                raise Broken(
                    f"The value is {value[row]} at target {y[row]} and raw prediction {moved[row]}."
                )
    return None


def refusals(subject: Subject) -> str | None:
    """A target outside the support is refused, and the message says which row."""
    y, raw, hyper = _moderate(subject)
    (_, support), *_ = subject.density.targets
    low, high = support.bounds
    if not (np.isfinite(low) or np.isfinite(high)):
        raise DoesNotApply("Every finite number is a target.")
    outside = low - 1.5 if np.isfinite(low) else high + 1.5
    y = y.copy()
    y.reshape(len(y), -1)[3, 0] = outside
    try:
        subject.kernel.value(y, raw, hyper=hyper)
    except SupportError as error:
        if "row 3" not in str(error):
            raise Broken(f"The message does not name row 3: {error}") from None
        return None
    raise Broken(f"The target {outside} was accepted.")


NUMBER_LAWS = (digits, compiled_digits, single_precision, weights, scales, extremes, refusals)
