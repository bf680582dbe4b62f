"""Whether a density is one: that it integrates, or sums, to 1.

The integral is taken where the mass is. A positive target is written exp(u), one from 0 to 1 sigmoid(u); then both
sides of the mode are integrated in units of their own width. Where the quadrature is not sure, nothing is said.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neglog.errors import DensityError
from neglog.symbolic.cutpoints import cutpoints_of, ends_of, has_ends, row_law
from neglog.symbolic.density import Density, Parameter
from neglog.symbolic.heads import numpy_meaning, numpy_number
from neglog.symbolic.supports import Support
from neglog.symbolic.tape import Tape

__all__ = ["normalised"]

_TOLERANCE = 1e-6
_POINTS = 4
_TRIALS = 7.0
_FREE: dict[str, tuple[Any, ...]] = {
    "Real": (0.3, -0.7, 1.2, 0.0),
    "Positive": (1.0, 0.7, 2.3, 1.6),
    "NonNegative": (1.0, 0.7, 2.3, 1.6),
    "UnitInterval": (0.3, 0.5, 0.8, 0.15),
    "Ordered": ([-0.7, 0.4, 1.9], [0.1, 0.2, 0.3], [-3.0, 0.0, 5.0], [-1.0, 0.5, 0.6]),
    "ClassVector": ([0.2, 0.5, 0.3], [0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [0.3, 0.3, 0.4]),
}
_LONGEST_SUM = 2**17
# Of these targets the density of one observation is no whole law: an interval's is a probability, a censored time's
# one of two; and an integral over a vector is no matter of a second.
_UNDECIDED = ("Interval", "Event", "RealVector", "Counts")

Log = Callable[[Any], Any]


def normalised(density: Density) -> tuple[str, ...]:
    """Check that a density integrates (or sums) to 1 at a few values of its parameters.

    Parameters
    ----------
    density : Density
        Of one target.

    Returns
    -------
    tuple of str
        One sentence on what was found; none where the numbers were not sure.

    Raises
    ------
    DensityError
        If the integral is another number; the message says which, and at which parameters.
    """
    if not density.likelihood or density.support.kind in _UNDECIDED or has_ends(density):
        return ()
    verb = "sums" if density.support.discrete else "integrates"
    agreeing = 0
    for number in range(_POINTS):
        parameters = {p.name: _value(p, number + i) for i, p in enumerate(density.parameters)}
        try:
            found = _total(density, parameters)
        except KeyError:  # a head that only classes have: no check rather than a wrong one
            return ()
        if found is None:
            continue
        if abs(found - 1) > _TOLERANCE:
            where = ", ".join(f"{name} = {value}" for name, value in parameters.items())
            raise DensityError(
                f"{density.name} is no density: it {verb} to {_number(found)}, not 1, at {where} (target "
                f"{density.target}: {density.support.sentence}). Every constant belongs in a log-density, such as "
                "-log(sigma) - log(2*pi)/2 in the Normal's; and the target must be declared where it lives."
            )
        agreeing += 1
    return (f"it {verb} to 1 at {agreeing} parameter points",) if agreeing else ()


def _number(value: float) -> str:
    return "infinity" if math.isinf(value) else f"{value:.6g}"


def _value(parameter: Parameter, number: int) -> Any:
    fixed = parameter.value
    # Where a parameter is fixed at an end of its range, sums in float64 have no digits left to be judged by.
    if fixed is not None and (np.ndim(fixed) or fixed == 0 or 1e-6 < abs(fixed) < 1e6):
        return fixed
    values = _FREE.get(parameter.support.kind, (3.0, 1.0, 5.0, 2.0))
    if parameter.support.kind == "Between":
        low, high = parameter.support.bounds
        values = tuple(low + (high - low) * place for place in _FREE["UnitInterval"])
    return values[number % len(values)]


def _total(density: Density, parameters: Mapping[str, Any]) -> float | None:
    """Return the integral or the sum; None where it is not certain."""
    meaning, support, cuts = numpy_meaning(), density.support, cutpoints_of(density)
    kind, tape = support.kind, Tape([row_law(density).expression])

    def log_density(y: Any) -> Any:
        with np.errstate(all="ignore"):
            values = {density.target: y, **parameters}
            if kind == "CountOf":
                values = {**density.columns((y, np.full(y.shape, _TRIALS))), **parameters}
            if cuts is not None:
                found = ends_of(np.asarray(parameters[cuts]), y.astype(np.int64))
                values |= {f"{cuts}_{end}": numbers for end, numbers in found.items()}
            elif kind == "Label":
                values |= {
                    k: np.tile(v, (len(y), 1)) for k, v in parameters.items() if isinstance(v, list)
                }
            return tape.run(values, meaning, numpy_number)[0]

    if kind in ("Binary", "Label"):
        classes = 2 if kind == "Binary" else 3 if cuts is None else len(parameters[cuts]) + 1
        return _sum(log_density, np.arange(float(classes)))
    if kind == "CountOf":
        return _sum(log_density, np.arange(_TRIALS + 1))
    if kind == "Count":
        return _sum_of_counts(lambda y: _cut(log_density(y), y, support))
    total = _integral(*_on_the_line(log_density, *support.bounds))
    if total is None or not support.atoms:
        return total
    atoms = _sum(log_density, np.array(support.atoms))
    return None if atoms is None else total + atoms


def _cut(heights: Any, y: Any, support: Support) -> Any:
    """Take away what lies outside a narrowed set."""
    return heights if support.limits is None else np.where(support.contains(y), heights, -np.inf)


def _sum(log: Log, y: NDArray[np.float64]) -> float | None:
    total = float(np.sum(np.exp(np.broadcast_to(log(y), y.shape))))
    return total if math.isfinite(total) else None


def _sum_of_counts(log: Log) -> float | None:
    """Sum outwards from the mode, block by block, until a block adds nothing."""
    grid = np.unique(np.round(np.concatenate([np.arange(64.0), np.geomspace(64, 1e9, 400)])))
    heights = log(grid)
    if not np.any(np.isfinite(heights)):
        return None
    top = int(np.argmax(np.where(np.isfinite(heights), heights, -np.inf)))
    near = grid[max(top - 1, 0)], grid[min(top + 1, len(grid) - 1)]
    while near[1] - near[0] > 2:
        finer = np.unique(np.round(np.linspace(*near, 65)))
        top = int(np.argmax(log(finer)))
        near = finer[max(top - 1, 0)], finer[min(top + 1, len(finer) - 1)]
    mode = float(near[0])
    total = 0.0
    for step in (1, -1):
        start, size = (mode if step > 0 else mode - 1), 1024
        while start >= 0:
            block = start + step * np.arange(float(size))
            part = _sum(log, block[block >= 0])
            if part is None or size > _LONGEST_SUM:
                return None
            total += part
            if part < 1e-14:
                break
            start, size = start + step * size, 2 * size
    return total


def _on_the_line(log: Log, low: float, high: float) -> tuple[Log, NDArray[np.float64], float]:
    """Return the density of u on the real line, a grid over it, and how far out it can be evaluated."""
    half = np.unique(np.concatenate([np.linspace(-60, 60, 961), np.linspace(-690, 690, 277)]))
    if math.isfinite(low) and math.isfinite(high):
        # Beyond 36 the sigmoid is 1 in floating point.
        def between(u: Any) -> Any:
            with np.errstate(all="ignore"):
                small = np.exp(-np.abs(u))
            y = low + (high - low) * (np.where(u >= 0, 1.0, small) / (1 + small))
            return log(y) - np.abs(u) - 2 * np.log1p(small) + math.log(high - low)

        return between, np.linspace(-36, 36, 577), 36.0
    if math.isfinite(low) or math.isfinite(high):
        end, sign = (low, 1.0) if math.isfinite(low) else (high, -1.0)

        def beyond(u: Any) -> Any:
            with np.errstate(all="ignore"):
                return log(end + sign * np.exp(u)) + u

        return beyond, half, 690.0
    return log, np.sinh(np.linspace(-34, 34, 1361)), math.inf


def _integral(log: Log, grid: NDArray[np.float64], end: float) -> float | None:
    from scipy.integrate import quad
    from scipy.optimize import minimize_scalar

    heights = np.asarray(np.broadcast_to(log(grid), grid.shape), dtype=np.float64)
    finite = np.isfinite(heights)
    if not np.any(finite):
        return None
    ranked = np.where(finite, heights, -np.inf)
    top = int(np.argmax(ranked))
    for edge in (slice(None, 20), slice(-20, None)):
        if np.trapezoid(np.exp(np.minimum(ranked[edge], 100.0)), grid[edge]) > 10:
            return math.inf  # much mass where there should be none: it does not fall off
    if top in (0, len(grid) - 1):
        return None
    if math.isfinite(end) and max(ranked[0], ranked[-1]) > math.log(1e-12):
        return None  # mass lies beyond what float64 can address
    peak = minimize_scalar(
        lambda u: min(-float(log(np.float64(u))), 1e300),  # finite beyond a support
        bounds=(grid[top - 1], grid[top + 1]),
        method="bounded",
        options={"xatol": 1e-9 * (grid[top + 1] - grid[top - 1])},
    )
    mode, height = float(grid[top]), float(heights[top])
    if math.isfinite(peak.fun) and -peak.fun > height:
        mode, height = float(peak.x), -float(peak.fun)

    holes = False

    def relative(u: float) -> float:
        nonlocal holes
        value = float(log(np.float64(u))) - height
        if math.isnan(value) or value > 700:
            holes = True
            return 0.0
        return math.exp(value)

    total, error = 0.0, 0.0
    for side in (1.0, -1.0):
        # The width: where the density has fallen by a factor e. By a factor e^80 nothing is left, unless the tail is
        # so heavy that it gets there only far out.
        steps = 2.0 ** np.arange(-60, 58) * max(1.0, abs(mode))
        with np.errstate(invalid="ignore"):  # beyond its support a density is exp(-inf)
            falls = height - np.asarray(log(mode + side * steps), dtype=np.float64)
        fallen, gone = np.flatnonzero(falls >= 1), np.flatnonzero(falls >= 80)
        if fallen.size == 0 or fallen[0] == 0:
            return None  # it does not fall, or is narrower than float64 can place
        width = float(steps[fallen[0]])
        reach = (end - side * mode) / width
        if gone.size and steps[gone[0]] < 1000 * width:
            reach = min(reach, float(steps[gone[0]]) / width)
        found = quad(
            lambda s, side=side, width=width: relative(mode + side * width * s),
            0.0, reach, epsabs=1e-10, epsrel=1e-10, limit=200, full_output=1,
        )  # fmt: skip
        if len(found) > 3:  # the quadrature says that it is not sure
            return None
        total, error = total + found[0] * width, error + found[1] * width
    scale = math.exp(min(height, 700.0))
    total, error = total * scale, error * scale
    doubtful = holes or error > _TOLERANCE / 10 or _peaks(ranked) > 1
    return None if doubtful and abs(total - 1) > _TOLERANCE else total


def _peaks(heights: NDArray[np.float64]) -> int:
    """Count the maxima on the grid: between two, the quadrature may miss one."""
    inner = heights[1:-1]
    high = inner > np.max(heights) - 40
    return int(np.sum((inner > heights[:-2]) & (inner >= heights[2:]) & high))
