"""Search for a point where a difference quotient of a loss lies outside the bounds that a property asks for."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import mpmath as mp
import numpy as np

from neglog.derivation.verdicts import check
from neglog.derivation.verdicts.case import Case

__all__ = ["counterexample", "least_curvature", "search_work"]

_STEPS = (1.0, 0.25, 2.0**-6, 2.0**-12, 2.0**-24)
_RAWS = (0, 0.5, -0.5, 1, -1, 2, -2, 3, -3, 5, -5, 8, -8, 20, -20, 1000, -1000, 1e8, -1e8)


def counterexample(
    case: Case, order: int, low: float, high: float, places: Sequence[str] = ()
) -> dict[str, Any] | None:
    """Return a certificate that a derivative of the loss leaves [low, high] somewhere, or None.

    Parameters
    ----------
    case : Case
        The loss.
    order : {1, 2}
        Which derivative.
    low, high : float
        The bounds to be left.
    places : sequence of str
        Raw predictions at which to look besides ordinary ones: the kinks.
    """
    name = case.variable.name
    text = {"loss": case.text, "variable": name, "order": order}
    with mp.workdps(30):
        best: tuple[Any, dict[str, Any]] | None = None
        for point in _points(case, places):
            for step in _STEPS:
                h = mp.mpf(step)
                try:
                    quotient = _quotient(case.text, name, point, h, order)
                except (ValueError, ZeroDivisionError, OverflowError, TypeError, KeyError):
                    continue
                if not isinstance(quotient, mp.mpf) or not mp.isfinite(quotient):
                    continue
                excess = max(low - quotient, quotient - high)
                if excess <= 0:
                    continue
                # Moderate numbers are easier to follow.
                effort = mp.fprod(1 + abs(mp.log(abs(v))) for v in point.values() if v)
                size = excess / (1 + abs(quotient)) / effort
                if best is None or size > best[0]:
                    domain = {n: d for n, d in case.used().items() if n in point}
                    certificate = {
                        **text, "low": f"{low:.17g}", "high": f"{high:.17g}", "domain": domain,
                        "point": {n: _plain(v) for n, v in point.items()}, "step": _plain(h),
                        "quotient": mp.nstr(quotient, 25),
                    }  # fmt: skip
                    if check.check(certificate):  # which knows what is lost by cancellation
                        best = size, certificate
    return None if best is None else best[1]


def least_curvature(case: Case) -> tuple[float, float] | None:
    """Return the least second derivative over raw prediction and ordinary targets, and where it is."""
    from scipy.optimize import minimize_scalar

    text, name = case.text, case.variable.name

    def curvature(at: float, point: dict[str, Any]) -> float:
        with mp.workdps(30):
            return float(_quotient(text, name, point | {name: mp.mpf(at)}, mp.mpf(2) ** -20, 2))

    best = None
    for point in _targets(case):
        if any(v and not 1e-4 < abs(v) < 100 for v in point.values()):
            continue
        grid = np.linspace(-12, 12, 49)
        try:
            values = [curvature(x, point) for x in grid]
        except (ValueError, ZeroDivisionError, TypeError):
            continue
        i = int(np.nanargmin(values))
        if i in (0, 48) or not np.isfinite(values[i]):  # it goes on falling
            continue
        around = (grid[max(i - 1, 0)], grid[min(i + 1, 48)])
        found = minimize_scalar(lambda x, p=point: curvature(x, p), bounds=around, method="bounded")
        if best is None or found.fun < best[0]:
            best = float(found.fun), float(found.x)
    return best


def search_work(case: Case) -> int:
    """Return how many operations it takes to evaluate a loss once at every point of a search."""
    number = sum(1 for _ in _targets(case)) * len(_RAWS)
    return number * _operations(check.read(case.text))


def _operations(t: Any) -> int:
    return 1 + sum(map(_operations, t[1:])) if isinstance(t, tuple) else 0


def _quotient(text: str, name: str, point: dict[str, Any], h: Any, order: int) -> Any:
    def at(k: int) -> Any:
        return _value(text, tuple((point | {name: point[name] + k * h}).items()))

    if order == 1:
        return (at(1) - at(0)) / h
    return (at(-1) - 2 * at(0) + at(1)) / h**2


@lru_cache(maxsize=16_384)  # slopes and curvatures are asked for at the same points
def _value(text: str, point: tuple[tuple[str, Any], ...]) -> Any:
    """Return the value of a loss at a point, with the 30 digits of every search."""
    return check.value(_read(text), dict(point))


_read = lru_cache(maxsize=64)(check.read)


def _plain(value: Any) -> str:
    return str(mp.nstr(value, 17))


def _targets(case: Case) -> Iterator[dict[str, Any]]:
    """Yield values of everything but the raw prediction: ordinary hyperparameters, small and large targets."""
    names = case.used()
    fixed = {s.name: mp.mpf(v) for s, v in case.sample.items() if s.name in names}
    for texts in itertools.product(*(case.values[y] for y in case.targets)):
        values = [mp.mpf(text) for text in texts]
        if not case.ordered or values[0] <= values[1]:
            yield fixed | {y.name: v for y, v in zip(case.targets, values, strict=True)}


def _points(case: Case, places: Sequence[str]) -> Iterator[dict[str, Any]]:
    for point in _targets(case):
        kinks = [check.value(check.read(place), point) for place in places]
        for raw in (*_RAWS, *kinks):
            yield point | {case.variable.name: mp.mpf(raw)}
