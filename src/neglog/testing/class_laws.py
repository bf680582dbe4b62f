"""The laws of numbers for losses of classes: K raw predictions a row, from the density as it was declared.

Nothing of the derivation is used: value, slope and curvature are differences of the declared formula, in arithmetic of
hundreds of digits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from neglog._typing import Floats
from neglog.derivation.exact import Exact
from neglog.symbolic.expression import evaluate
from neglog.symbolic.heads import mpmath_meaning
from neglog.testing.findings import Broken
from neglog.testing.subject import SETTINGS, Subject

__all__ = ["exact_classes", "measured_classes", "scales_of_classes"]

_CLASSES = (2, 3, 7)
_BOUND = 4.0
_OUTPUTS = ("value", "gradient", "hessian")


def exact_classes(
    subject: Subject,
    y: int,
    scores: Sequence[float],
    entry: tuple[int, int],
    hyper: Mapping[str, float],
) -> list[tuple[float, float, float]]:
    """Return the exact value, slope and curvature of a row.

    Parameters
    ----------
    subject : Subject
        The loss.
    y : int
        The class observed.
    scores : sequence of float
        The raw predictions.
    entry : tuple of int
        The class of the slope; of the curvature this one and another.
    hyper : mapping of str to float
        Values of the hyperparameters.

    Returns
    -------
    list
        Of each the nearest float, what it leaves, and ``|f| + sum_i |x_i df/dx_i|``.
    """
    import mpmath as mp

    meaning, density = mpmath_meaning(), subject.density
    vector = subject.loss.slots[0].parameter
    # Enough for what the other classes hold, and for differences of differences of it.
    ahead = min(max(scores) - min(scores), 800.0) / 2.3
    size = np.log10(1.0 + max(map(abs, scores)))
    with mp.workdps(260 + int(ahead + size)):
        small, change = mp.mpf(10) ** -50, mp.mpf(10) ** -30

        def loss(x: Sequence[Any], given: Mapping[str, Any]) -> Any:
            top = max(x)
            powers = [meaning["exp"](v - top) for v in x]
            total = mp.fsum(powers)
            values = {vector: [v / total for v in powers], density.target: y, **given}
            # log(0) where a probability is beyond all digits.
            return -evaluate(
                density.expression, values, meaning, lambda v: mp.mpf(v.numerator) / v.denominator
            )

        def difference(function: Callable[..., Any], place: int) -> Callable[..., Any]:
            def slope(x: Sequence[Any], given: Mapping[str, Any]) -> Any:
                ahead, behind = list(x), list(x)
                ahead[place] += small
                behind[place] -= small
                return (function(ahead, given) - function(behind, given)) / (2 * small)

            return slope

        gradient = difference(loss, entry[0])
        exact = [mp.mpf(v) for v in scores]
        given = {name: mp.mpf(v) for name, v in hyper.items()}
        result = []
        for function in (loss, gradient, difference(gradient, entry[1])):
            here = function(exact, given)
            moved = [
                function([v * (1 + change * (i == k)) for i, v in enumerate(exact)], given)
                for k in range(len(exact))
            ]
            moved += [
                function(exact, {**given, name: v * (1 + change)}) for name, v in given.items()
            ]
            roundings = mp.fsum(abs(other - here) for other in moved) / change
            result.append((float(here), float(here - float(here)), float(abs(here) + roundings)))
        return result


def drawn_scores(random: np.random.Generator, K: int, size: int) -> Floats:
    """Return scores [size, K]: of several sizes, all equal, at a common level, one far ahead."""
    scores = random.choice([0.5, 3.0, 30.0, 200.0], (size, 1)) * random.normal(size=(size, K))
    scores[::6] = scores[::6, :1]
    scores[1::6] = random.normal(size=(len(scores[1::6]), K)) + 1e5
    scores[2::6, 0] = random.choice([40.0, 300.0, 600.0, -40.0, -300.0], len(scores[2::6]))
    return np.asarray(scores)


def measured_classes(subject: Subject, engine: str) -> str:
    """Compare a kernel with exact values on two, three and seven classes; raise where digits are lost."""
    random = np.random.default_rng(11 + subject.seed)
    worst = dict.fromkeys(_OUTPUTS, 0.0)
    for K in _CLASSES:
        size = max(6, subject.points // 3)
        scores, codes = drawn_scores(random, K, size), random.integers(K, size=size)
        entries = random.integers(K, size=(size, 2))
        for row in range(size):
            hyper = {
                name: float(subject.density.parameter(name).support.points(random, 1)[0])
                for name in subject.loss.hyper
            }
            j, k = (int(v) for v in entries[row])
            found = subject.kernel.evaluate(
                codes[row : row + 1], scores[row : row + 1], order=2, hyper=hyper, engine=engine
            )
            computed = (found.value[0], found.gradient[0, j], found.hessian.dense()[0, j, k])
            truths = exact_classes(subject, int(codes[row]), scores[row].tolist(), (j, k), hyper)
            for name, value, truth in zip(_OUTPUTS, computed, truths, strict=True):
                error = float(Exact(*np.array([truth]).T).errors(np.array([value]))[0])
                if error > _BOUND:
                    raise Broken(
                        f"The {name} loses digits: {value:.17g} where {truth[0]:.17g} is exact, {error:.3g} roundings "
                        f"of the inputs ({_BOUND:g} are allowed), at class {codes[row]}, entry {(j, k)}, scores "
                        f"{scores[row].tolist()}, {hyper}."
                    )
                worst[name] = max(worst[name], error)
    told = ", ".join(f"{name} {error:.2g}" for name, error in worst.items())
    return f"largest errors in roundings of the inputs: {told}"


def scales_of_classes(subject: Subject, y: Floats) -> str:
    """Compare the loss of probabilities with that of their logarithms as scores."""
    worst = 0.0
    for number in range(SETTINGS):
        setting = subject.setting(number)
        hyper, p = subject.hyper(setting), np.array(setting[subject.loss.slots[0].parameter])
        p = np.tile(p, (len(y), 1))
        raw = subject.kernel.value(y, np.log(p), hyper=hyper, engine="numpy")
        response = subject.kernel.value(y, p, hyper=hyper, scale="response")
        worst = max(worst, float(np.max(np.abs(raw - response) / (1 + np.abs(raw)))))
    if worst > 1e-12:
        raise Broken(f"The two scales differ by {worst:.3g}.")
    return f"largest relative difference {worst:.1e}"
