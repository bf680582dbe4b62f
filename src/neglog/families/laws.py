"""Where cdf, quantiles, samples and moments come from.

`ScipyLaw` names SciPy's distribution and says, as text, how our parameters become its arguments. `NumericLaw` serves
every other density: it integrates, inverts and sums the density itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neglog.errors import UsageError
from neglog.symbolic.expression import evaluate
from neglog.symbolic.heads import numpy_meaning, numpy_number
from neglog.symbolic.text import parse

__all__ = ["NumericLaw", "ScipyLaw"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ScipyLaw:
    """A law of ``scipy.stats``, as data.

    Attributes
    ----------
    name : str
        Name in ``scipy.stats``: ``"norm"``.
    arguments : mapping of str to str
        SciPy's argument -> expression of our parameters: ``{"loc": "mu", "scale": "sigma"}``.
    """

    name: str
    arguments: Mapping[str, str] = field(default_factory=dict)

    def frozen(self, values: Mapping[str, Any]) -> Any:
        """Return SciPy's distribution for these parameter values."""
        import scipy.stats

        arguments = {
            name: evaluate(parse(text, set(values)), values, numpy_meaning(), numpy_number) for name, text in self.arguments.items()
        }
        return getattr(scipy.stats, self.name)(**arguments)


@dataclass(frozen=True)
class NumericLaw:
    """A law known by its log-density alone; one parameter setting at a time.

    Attributes
    ----------
    log_density : callable
        Scalar target -> log-density.
    bounds : tuple of float
        End points of the support.
    discrete : bool
        Whether the density is a probability.
    """

    log_density: Callable[[float], float]
    bounds: tuple[float, float]
    discrete: bool

    def _integral(self, function: Callable[[float], float], low: float, high: float) -> float:
        from scipy.integrate import quad

        with np.errstate(all="ignore"):
            value, _ = quad(function, low, high, limit=400, epsabs=1e-13, epsrel=1e-11)
        return float(value)

    def _density(self, y: float) -> float:
        with np.errstate(all="ignore"):
            value = float(np.exp(self.log_density(y)))
        return value if np.isfinite(value) else 0.0

    def _centre(self) -> float:
        """Return a point of high density, from which integrals are split."""
        from scipy.optimize import minimize_scalar

        low, high = self.bounds
        if low == 0.0 and high == np.inf:
            grid = np.exp(np.linspace(-40, 40, 401))
        elif np.isinf(low):
            side = np.exp(np.linspace(-20, 30, 251))
            grid = np.concatenate([-side[::-1], [0.0], side])
        else:
            grid = np.linspace(low, high, 401)[1:-1]
        with np.errstate(all="ignore"):
            heights = np.array([self.log_density(float(y)) for y in grid])
        heights[~np.isfinite(heights)] = -np.inf
        best = int(np.argmax(heights))
        left, right = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
        with np.errstate(all="ignore"):
            found = minimize_scalar(lambda y: -self.log_density(float(y)), bounds=(left, right), method="bounded")
        return float(found.x)

    def cdf(self, y: float) -> float:
        """Return P(Y <= y)."""
        low, high = self.bounds
        if y < low:
            return 0.0
        if y >= high:
            return 1.0
        if self.discrete:
            return float(sum(self._density(float(k)) for k in range(int(np.floor(y)) + 1)))
        centre = self._centre()
        if y <= centre:
            return self._integral(self._density, low, y)
        # The smaller tail is integrated: 1 - cdf keeps its digits.
        return 1.0 - self._integral(self._density, y, high)

    def quantile(self, q: float) -> float:
        """Return the smallest y with P(Y <= y) >= q."""
        from scipy.optimize import brentq

        low, high = self.bounds
        if q in (0.0, 1.0):
            return low if q == 0.0 else high
        if self.discrete:
            total, k = 0.0, -1
            while total < q and k < 10**7:
                k += 1
                total += self._density(float(k))
            return float(k)
        centre = self._centre()
        step = max(abs(centre), 1e-3)
        left = right = centre
        for _ in range(2000):
            if np.isinf(low):
                left -= step
            else:
                left = low + (left - low) / 2
            if self.cdf(left) < q:
                break
            step *= 2
        step = max(abs(centre), 1e-3)
        for _ in range(2000):
            right = right + step if np.isinf(high) else high - (high - right) / 2
            if self.cdf(right) > q:
                break
            step *= 2
        return float(brentq(lambda y: self.cdf(y) - q, left, right, xtol=1e-14, rtol=1e-14))

    def moment(self, function: Callable[[float], float]) -> float:
        """Return E[function(Y)]."""
        low, high = self.bounds
        if self.discrete:
            total, weight, k = 0.0, 0.0, 0
            while weight < 1 - 1e-15 and k < 10**6:
                p = self._density(float(k))
                total, weight, k = total + p * function(float(k)), weight + p, k + 1
            return total
        centre = self._centre()
        weighted = lambda y: self._density(y) * function(y)  # noqa: E731  # used twice, on the two sides of the centre
        return self._integral(weighted, low, centre) + self._integral(weighted, centre, high)


def require_ordered(name: str) -> None:
    """Refuse what needs an order of the values, for labels."""
    raise UsageError(f"The classes of {name} have no order: there is no cdf, quantile, mean or variance; see .values['p'].")
