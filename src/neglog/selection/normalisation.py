"""Does the exponential of a typed log-density sum or integrate to 1? If not, it says by how much it misses."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from neglog.errors import DensityError
from neglog.symbolic.density import Density, Parameter
from neglog.symbolic.expression import evaluate
from neglog.symbolic.heads import numpy_meaning, numpy_number

__all__ = ["check_density"]

Floats = npt.NDArray[np.float64]

_TOLERANCE = 1e-6
_MOST_TERMS = 2_000_000
# Moderate values, three for each kind of parameter.
_POINTS: dict[str, tuple[float, ...]] = {
    "Real": (0.7, -1.3, 2.1),
    "Positive": (0.8, 1.7, 3.1),
    "NonNegative": (0.8, 1.7, 3.1),
    "UnitInterval": (0.3, 0.6, 0.85),
}


def check_density(density: Density) -> None:
    """Refuse what is no density, at three settings of its parameters.

    Parameters
    ----------
    density : Density
        With one target number and parameters that are numbers.

    Raises
    ------
    DensityError
        If it is not a number somewhere, or does not integrate to 1; the message says where, what its integral is, and
        what is probably missing.
    """
    integrals = []
    for point in range(3):
        values = {p.name: _value(p, point + index) for index, p in enumerate(density.parameters)}
        integral = _integral(density, values)
        if not math.isfinite(integral):
            _refuse_undefined(density, values, integral)
        integrals.append((integral, values))
    worst, values = max(integrals, key=lambda pair: abs(math.log(pair[0])) if pair[0] > 0 else math.inf)
    if abs(worst - 1) <= _TOLERANCE:
        return
    verb = "sums" if density.support.discrete else "integrates"
    lowest, highest = min(integrals)[0], max(integrals)[0]
    remedy = "A factor that depends on the parameters is missing, or the support of the target is another"
    if lowest > 0 and highest - lowest <= 1e-4 * highest:
        remedy = f"The same factor is missing everywhere: subtract {math.log(highest):.6g}, the logarithm of it"
    raise DensityError(
        f"'{density.text}' is not the logarithm of a density: over y = {density.support.sentence} it {verb} "
        f"to {worst:.6g}, not to 1, at {_named(values)}. {remedy}. Keep every constant: densities compare only then."
    )


def _value(parameter: Parameter, point: int) -> float:
    if parameter.value is not None:
        return parameter.value
    points = _POINTS.get(parameter.support.kind)
    if points is None:
        raise DensityError(
            f"A typed density cannot have the parameter '{parameter.name}' in {parameter.support}: its "
            "parameters are numbers. Use a built-in family, or a file of your own (--family FILE.py:NAME)."
        )
    return points[point % len(points)]


def _named(values: dict[str, float]) -> str:
    return ", ".join(f"{name} = {value:g}" for name, value in values.items())


def _log_density(density: Density, values: dict[str, float]) -> Callable[[Floats], Floats]:
    meaning = numpy_meaning()
    fixed: dict[str, Any] = {name: np.float64(value) for name, value in values.items()}

    def log_density(y: Floats) -> Floats:
        with np.errstate(all="ignore"):
            result = evaluate(density.expression, {**fixed, density.target: y}, meaning, numpy_number)
        return np.broadcast_to(np.asarray(result, dtype=np.float64), y.shape)

    return log_density


def _integral(density: Density, values: dict[str, float]) -> float:
    """Return the sum or integral of the density; NaN where it is not a number, inf where it has none."""
    log_density = _log_density(density, values)
    kind = density.support.kind
    if kind == "Binary":
        return float(np.exp(log_density(np.array([0.0, 1.0]))).sum())
    if density.support.discrete:
        return _sum(log_density)
    return _quadrature(log_density, density.support.bounds)


def _sum(log_density: Callable[[Floats], Floats]) -> float:
    """Add up probabilities until further blocks add nothing."""
    total, start, size = 0.0, 0, 1 << 10
    while start < _MOST_TERMS:
        with np.errstate(over="ignore"):
            block = float(np.exp(log_density(np.arange(start, start + size, dtype=np.float64))).sum())
        total += block
        if not math.isfinite(total):
            return total
        if block <= 1e-12 * total and total > 0:
            return total
        start, size = start + size, 2 * size
    return math.inf if block > 1e-3 * total else total


def _quadrature(log_density: Callable[[Floats], Floats], bounds: tuple[float, float]) -> float:
    """Integrate by the double-exponential rule, which bears singularities at the ends and heavy tails."""
    low, high = bounds
    reach = 6.5 if math.isinf(high) else 3.6
    previous = math.nan
    for nodes in (2_000, 8_000, 32_000):
        t, step = np.linspace(-reach, reach, nodes + 1, retstep=True)
        with np.errstate(over="ignore", under="ignore"):
            if math.isinf(low):  # y = sinh(pi/2 sinh t)
                inner = math.pi / 2 * np.sinh(np.clip(t, -6.1, 6.1))
                y, log_slope = np.sinh(inner), np.log(np.cosh(inner)) + np.log(math.pi / 2 * np.cosh(t))
            elif math.isinf(high):  # y = low + exp(pi/2 sinh t)
                inner = math.pi / 2 * np.sinh(np.clip(t, -6.1, 6.1))
                y, log_slope = low + np.exp(inner), inner + np.log(math.pi / 2 * np.cosh(t))
            else:  # y = low + (high - low) sigmoid(pi sinh t)
                inner = math.pi * np.sinh(t)
                share = 1 / (1 + np.exp(-inner))
                y = low + (high - low) * share
                log_slope = (
                    math.log(high - low)
                    - np.logaddexp(0, inner)
                    - np.logaddexp(0, -inner)
                    + np.log(math.pi * np.cosh(t))
                )
        keep = (y > low) & (y < high) & np.isfinite(y) & (np.abs(y) < 1e150) & (np.abs(t) <= 6.1)
        heights = log_density(y[keep])
        if np.isnan(heights).any():
            return math.nan
        with np.errstate(over="ignore"):
            integral = float(np.exp(heights + log_slope[keep]).sum() * step)
        if abs(integral - previous) <= 0.1 * _TOLERANCE * abs(integral):
            return integral
        previous = integral
    return previous


def _refuse_undefined(density: Density, values: dict[str, float], integral: float) -> None:
    where = _named(values)
    if math.isinf(integral):
        raise DensityError(
            f"'{density.text}' is not the logarithm of a density: over y = {density.support.sentence} it has "
            f"no finite integral at {where}. Check its signs and the support of the target (--target)."
        )
    real = [p.name for p in density.parameters if p.support.kind == "Real" and p.value is None]
    negative = [name for name in real if values[name] < 0]
    hint = (
        f"If {negative[0]} must be positive, say so: --param {negative[0]}=positive."
        if negative
        else "Check the supports of the parameters (--param NAME=SUPPORT) and of the target (--target)."
    )
    raise DensityError(
        f"'{density.text}' is not a number for some y = {density.support.sentence} at {where}, so it is no "
        f"density there. {hint}"
    )
