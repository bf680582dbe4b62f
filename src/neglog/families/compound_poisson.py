"""The law of a Poisson number of gamma amounts, of SciPy's parts: what integration cannot give where there are spikes.

Near p = 1 a Tweedie density is a row of spikes that no quadrature finds. But what j amounts come to is a gamma law too,
so every probability is a sum over j of Poisson's probability of j times that of a gamma law.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from neglog._typing import Floats
from neglog.families.laws import ScipyLaw
from neglog.symbolic.heads import numpy_meaning

__all__ = ["CompoundPoisson", "CompoundPoissonLaw"]

_TERMS = 400
"""At most so many numbers of amounts in a sum; a wider bell is taken in steps, which loses nothing: it is smooth."""


class CompoundPoissonLaw(ScipyLaw):
    """As data: ``CompoundPoissonLaw("poisson of gamma", {"rate": ..., "shape": ..., "scale": ...})``."""

    def frozen(self, values: Mapping[str, Any]) -> CompoundPoisson:
        """Return the law for these parameter values."""
        return CompoundPoisson(**self.convert(**values))


class CompoundPoisson:
    """A sum of a Poisson number of gamma amounts.

    Parameters
    ----------
    rate : array_like
        Mean number of amounts.
    shape, scale : array_like
        Of the gamma law of one.
    """

    def __init__(self, rate: ArrayLike, shape: ArrayLike, scale: ArrayLike) -> None:
        self.rate, self.shape, self.scale = np.broadcast_arrays(
            *(np.asarray(value, dtype=np.float64) for value in (rate, shape, scale))
        )

    def _numbers(self, rate: Floats) -> tuple[Floats, Floats]:
        """Return numbers of amounts, an axis behind those of `rate`, and the logarithms of their probabilities."""
        meaning = numpy_meaning()
        spread = np.sqrt(rate)
        low = np.maximum(1.0, np.floor(rate - 9 * spread - 9))
        count = rate + 13 * spread + 24 - low
        step = np.maximum(1.0, count / _TERMS)
        j = low[..., None] + step[..., None] * np.arange(int(np.max(count / step, initial=1.0)) + 1)
        with np.errstate(all="ignore"):
            known = meaning["bd0"](j, rate[..., None]) + meaning["binet"](j)
        return j, np.log(step)[..., None] - known - np.log(2 * np.pi * j) / 2

    def _with(self, y: ArrayLike) -> tuple[Floats, ...]:
        y = np.asarray(y, dtype=np.float64)
        return tuple(np.broadcast_arrays(y, self.rate, self.shape, self.scale))

    def logpdf(self, y: ArrayLike) -> Floats:
        """Return the log-density; at 0 the logarithm of the probability of no amount."""
        import scipy.special
        import scipy.stats

        y, rate, shape, scale = self._with(y)
        j, log_probability = self._numbers(rate)
        law = scipy.stats.gamma(shape[..., None] * j, scale=scale[..., None])
        with np.errstate(all="ignore"):
            positive = scipy.special.logsumexp(log_probability + law.logpdf(y[..., None]), axis=-1)
        return np.where(y == 0, -rate, np.where(y > 0, positive, -np.inf))

    def cdf(self, y: ArrayLike) -> Floats:
        """Return P(Y <= y)."""
        import scipy.special

        y, rate, shape, scale = self._with(y)
        j, log_probability = self._numbers(rate)
        inside = np.maximum(y / scale, 0.0)[..., None]
        some = np.exp(log_probability) * scipy.special.gammainc(shape[..., None] * j, inside)
        return np.where(y >= 0, np.minimum(np.exp(-rate) + some.sum(axis=-1), 1.0), 0.0)

    def ppf(self, q: ArrayLike) -> Floats:
        """Return the smallest y with P(Y <= y) >= q, by halving."""
        q, rate, shape, scale = self._with(q)
        law = CompoundPoisson(rate, shape, scale)
        high = np.maximum(rate, 1.0) * shape * scale
        for _ in range(60):
            short = (law.cdf(high) < q) & (q < 1)
            if not bool(np.any(short)):
                break
            high = np.where(short, 2 * high, high)
        low = np.zeros_like(high)
        for _ in range(400):
            if bool(np.all(high - low <= 4e-16 * high)):
                break
            middle = (low + high) / 2
            below = law.cdf(middle) < q
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return np.where(q <= np.exp(-rate), 0.0, np.where(q >= 1, np.inf, high))

    def rvs(self, size: Any = None, random_state: Any = None) -> Any:
        """Draw numbers of amounts, then what they come to."""
        random = np.random.default_rng(random_state)
        number = random.poisson(self.rate, size)
        amounts = random.gamma(self.shape * np.maximum(number, 1), self.scale, size)
        return np.where(number > 0, amounts, 0.0)[()]

    def mean(self) -> Floats:
        """Return the mean."""
        return np.asarray(self.rate * self.shape * self.scale)

    def var(self) -> Floats:
        """Return the variance."""
        return np.asarray(self.rate * self.shape * (1 + self.shape) * self.scale**2)
