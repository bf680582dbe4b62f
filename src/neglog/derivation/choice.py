"""Choosing a stable form by measurement.

The error of a form at a point is counted in units of what one rounding of each input could do to the exact result,
``eps (|f| + sum_i |x_i df/dx_i|)`` over raw predictions, target and hyperparameters. That measure knows nothing of any
formula; mpmath supplies f and its derivatives. Two thirds of the points choose, the others judge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neglog.losses import Certificate
from neglog.symbolic.density import Density
from neglog.symbolic.expression import Node, Symbol, evaluate, walk
from neglog.symbolic.heads import mpmath_meaning, numpy_meaning, numpy_number

__all__ = ["Points", "choose", "draw", "errors", "reference"]

EPS = 2.0**-52
SMALLEST = 2.0**-1074
# The plain form cancels: where y is 1e-190, two hundred digits of it are lost.
_PRECISIONS = (350, 700)
_ENDLESS = 10**7

# Raw predictions where formulas are known to break: overflow, underflow, cancellation, zero.
EXTREMES = (1e308, -1e308, 1e5, -1e5, 34.0, -34.0, 710.0, -745.0, 40.0, -1e-20, 0.0)


@dataclass(frozen=True, slots=True)
class Points:
    """Inputs at which forms are compared: one array a symbol."""

    values: Mapping[str, NDArray[np.float64]]

    @property
    def size(self) -> int:
        """Number of points."""
        return len(next(iter(self.values.values())))


def draw(
    density: Density, raws: Mapping[str, str], hyper: Sequence[str], size: int, seed: int
) -> Points:
    """Draw points over the whole range, extremes of the raw predictions included.

    Parameters
    ----------
    density : Density
        Says where target and hyperparameters live.
    raws : mapping of str to str
        Raw prediction -> parameter.
    hyper : sequence of str
        The parameters that are not modelled.
    size, seed : int
        How many, and which.
    """
    random = np.random.default_rng(seed)
    values: dict[str, NDArray[np.float64]] = {}
    for raw in raws:
        scale = random.choice([0.5, 3.0, 30.0, 300.0], size, p=[0.3, 0.4, 0.2, 0.1])
        values[raw] = scale * random.normal(size=size)
    first = next(iter(raws))
    extremes = np.repeat(EXTREMES, 3)[: size // 2]  # each meets several targets
    values[first][: len(extremes)] = extremes
    for name in hyper:
        values[name] = density.parameter(name).support.points(random, size)
    target = density.support.points(random, size)
    if (
        not density.support.discrete
        and density.parameter(raws[first]).support.kind == density.support.kind
    ):
        # A third of the targets lie close to their prediction: there differences cancel.
        near = random.random(size) < 1 / 3
        raw = values[first]
        inverse = density.parameter(raws[first]).link.inverse
        with np.errstate(all="ignore"):
            centre = evaluate(inverse(Symbol("raw")), {"raw": raw}, numpy_meaning(), numpy_number)
            close = centre * (1 + 1e-6 * random.normal(size=size))
        usable = (
            near
            & density.support.contains(close)
            & (np.abs(close) < 1e300)
            & (np.abs(close) > 1e-300)
        )
        target = np.where(usable, close, target)
    # At the extremes the target takes its smallest, a middle and its largest value.
    spread = np.sort(target)[[0, size // 2, size - 1]]
    target[: len(extremes)] = np.resize(spread, len(extremes))
    values[density.target] = target
    return Points(values)


def _meaning() -> dict[str, Callable[..., Any]]:
    import mpmath as mp

    table = mpmath_meaning()

    def exp(x: Any) -> Any:
        # exp(1e308) has more digits than memory has bytes when it is itself exponentiated: infinite is near enough.
        return mp.inf if x > _ENDLESS else mp.mpf(0) if x < -_ENDLESS else mp.exp(x)

    table["exp"] = exp
    return table


def reference(nodes: Sequence[Node], points: Points) -> list[list[Any]]:
    """Evaluate `nodes` at every point in mpmath, at a precision that no longer changes the result.

    Returns
    -------
    list of list
        One row a point; an entry is None where even 700 digits do not settle the value.
    """
    import mpmath as mp

    meaning = _meaning()

    def at(index: int, digits: int) -> list[Any]:
        known: dict[Node, Any] = {}
        values = {name: mp.mpf(float(array[index])) for name, array in points.values.items()}
        results = []
        with mp.workdps(digits):
            for node in nodes:
                try:
                    results.append(
                        evaluate(
                            node,
                            values,
                            meaning,
                            lambda v: mp.mpf(v.numerator) / v.denominator,
                            known,
                        )
                    )
                except (ZeroDivisionError, ValueError, OverflowError, TypeError):
                    results.append(None)
        return results

    rows = []
    for index in range(points.size):
        row = at(index, _PRECISIONS[0])
        for digits in _PRECISIONS[1:]:
            finer = at(index, digits)
            settled = all(_agree(a, b) for a, b in zip(row, finer, strict=True))
            row = finer
            if settled:
                break
        rows.append([value if _usable(value) else None for value in row])
    return rows


def _agree(a: Any, b: Any) -> bool:
    if a is None or b is None:
        return a is b
    return bool(a == b or abs(a - b) <= abs(b) * 10**-25)


def _usable(value: Any) -> bool:
    import mpmath as mp

    return value is not None and isinstance(value, mp.mpf | int) and not mp.isnan(value)


def errors(
    node: Node, points: Points, exact: Sequence[Any], sizes: Sequence[Any]
) -> NDArray[np.float64]:
    """Return the error of a form at each point, in units of its conditioning; NaN where there is no reference."""
    with np.errstate(all="ignore"):
        computed = np.broadcast_to(
            np.asarray(
                evaluate(node, points.values, numpy_meaning(), numpy_number), dtype=np.float64
            ),
            (points.size,),
        )
    return np.array(
        [_error(float(g), f, s) for g, f, s in zip(computed, exact, sizes, strict=True)]
    )


def _error(computed: float, exact: Any, size: Any) -> float:
    import mpmath as mp

    if exact is None or size is None:
        return float("nan")
    limit = mp.mpf(2) ** 1024
    if abs(exact) >= limit:
        return 0.0 if computed == (float("inf") if exact > 0 else -float("inf")) else float("inf")
    if not np.isfinite(computed):
        return float("inf")
    if mp.isinf(size):
        return 0.0
    return float(abs(mp.mpf(computed) - exact) / (EPS * size + SMALLEST))


def choose(
    output: str,
    candidates: Sequence[tuple[str, Node]],
    points: Points,
    exact: Sequence[Any],
    sizes: Sequence[Any],
    bound: float,
) -> tuple[Node, Certificate]:
    """Return the best candidate and its certificate.

    Parameters
    ----------
    output : str
        What is being chosen, for the certificate.
    candidates : sequence of (name, Node)
        Equal forms.
    points : Points
        Every third point judges, the others choose.
    exact, sizes : sequence
        The exact value and its conditioning at each point.
    bound : float
        The error asked for.
    """
    ranked = []
    for position, (name, node) in enumerate(candidates):
        measured = errors(node, points, exact, sizes)
        judges = np.arange(points.size) % 3 == 2
        chosen_on, judged_on = measured[~judges], measured[judges]
        bad = int(np.sum(chosen_on > bound))
        finite = chosen_on[np.isfinite(chosen_on)]
        # Within the bound a shorter form wins: it is faster and easier to read.
        worst = max(float(np.max(finite, initial=0.0)), bound / 2)
        ranked.append(
            (bad, round(worst, 1), sum(1 for _ in walk(node)), position, name, node, judged_on)
        )
    *_, name, node, judged_on = min(ranked, key=lambda entry: entry[:4])
    settled = judged_on[~np.isnan(judged_on)]
    error = float(np.max(settled, initial=0.0))
    return node, Certificate(output, name, error, bound, len(settled), len(candidates))
