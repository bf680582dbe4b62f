"""Laws of fitting: data drawn from the law lead back to it."""

from __future__ import annotations

import warnings

import numpy as np

from neglog.errors import FitWarning
from neglog.models import Model, fit
from neglog.symbolic.cutpoints import cutpoints_of
from neglog.symbolic.expression import Symbol
from neglog.testing.findings import Broken, DoesNotApply
from neglog.testing.subject import Subject, at

__all__ = ["FIT_LAWS"]

_ROWS = 1500


def recovery(subject: Subject) -> str:
    """A fit of data drawn from the law finds the parameters within four standard errors."""
    density = subject.density
    if cutpoints_of(density) is not None:
        return _recovered_classes(subject)
    counts = density.support.kind == "CountOf"
    if density.support.fields and not counts:
        raise DoesNotApply("Times and intervals are drawn whole, without what hides them.")
    if subject.loss.shape == "classes" or density.support.kind == "Label":
        raise DoesNotApply("The target is not one number on a line.")
    random = np.random.default_rng(subject.seed + 5)
    setting, slot = subject.setting(0), subject.loss.slots[0]
    x = random.uniform(-1, 1, _ROWS)
    truth = np.array(subject.raws(setting))
    raw = truth[0] + 0.3 * x
    values = {
        **setting,
        slot.parameter: at(density.parameter(slot.parameter).link.inverse(Symbol("r")), r=raw),
    }
    law, data, formula = subject.distribution(values), {"x": x}, "y ~ x"
    if counts:
        data["n"], formula = random.integers(1, 10, _ROWS).astype(np.float64), "y | n ~ x"
        law = law.given(n=data["n"])
    data["y"] = np.asarray(law.sample(seed=subject.seed + 6), dtype=np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FitWarning)  # the status is looked at below
        chosen = {
            p.name: setting[p.name] for p in density.parameters if p.hyper and p.value is None
        }
        family = subject.declared.fix(**chosen) if chosen else subject.declared
        model = fit(formula, data, family=family)
    if not model.converged:
        raise Broken(
            f"A fit of {_ROWS} rows drawn at {setting} ends as '{model.status}': {model.message}"
        )
    expected = [truth[0], 0.3, *truth[1:]]
    if not np.all(np.isfinite(list(model.bse.values()))):
        raise DoesNotApply(
            f"The fit converges; the law is not regular, so it has no standard errors: {model.message}"
        )
    return _near(model, expected)


def _recovered_classes(subject: Subject) -> str:
    """Draw classes about a line and fit them: its slope and the cutpoints come back."""
    density, setting = subject.density, subject.setting(0)
    cuts = cutpoints_of(density) or ""
    first = density.free[0]
    if density.free != (first, cuts) or density.parameter(first).link.name != "identity":
        raise DoesNotApply("There is more to estimate than a score and cutpoints.")
    x = np.random.default_rng(subject.seed + 5).uniform(-1, 1, _ROWS)
    values = {**setting, first: 0.7 * x}
    y = subject.distribution(values).sample(seed=subject.seed + 6)
    model = fit("y ~ x", {"x": x, "y": y}, family=subject.declared)
    if not model.converged:
        raise Broken(f"A fit of {_ROWS} rows ends as '{model.status}': {model.message}")
    return _near(model, [0.7, *setting[cuts]])


def _near(model: Model, expected: list[float]) -> str:
    """Say how far estimates are from what was drawn from."""
    found, errors = list(model.params.values()), list(model.bse.values())
    distance = np.abs(np.array(found) - expected) / np.array(errors)
    if not np.max(distance) <= 4:
        raise Broken(
            f"The fit finds {dict(model.params)} where {expected} was drawn from, {np.max(distance):.1f} standard "
            "errors off."
        )
    return f"{np.max(distance):.1f} standard errors at most"


FIT_LAWS = (recovery,)
