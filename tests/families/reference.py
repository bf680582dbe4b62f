"""Our distribution at a setting, and somebody else's of the same law: SciPy's, or one made here of SciPy's parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import scipy.stats
from scipy.special import logsumexp

from neglog.families.distribution import Distribution
from neglog.families.family import Family

__all__ = ["log_density", "ours", "theirs"]


class CompoundPoissonGamma:
    """Tweedie as it is defined: a Poisson number of gamma amounts, each number with its probability.

    Parameters
    ----------
    mu, phi, p : float
        Mean, dispersion and power, 1 < p < 2.
    """

    def __init__(self, mu: float, phi: float, p: float) -> None:
        rate = mu ** (2 - p) / (phi * (2 - p))
        self.number = scipy.stats.poisson(rate)
        self.j = np.arange(max(1, rate - 40 * rate**0.5 - 40) // 1, rate + 60 * rate**0.5 + 100)
        shape, scale = (2 - p) / (p - 1), phi * (p - 1) * mu ** (p - 1)
        self.amounts = scipy.stats.gamma(shape * self.j, scale=scale)
        # By the laws of total expectation and variance, from SciPy's moments of the parts.
        one = scipy.stats.gamma(shape, scale=scale)
        self.moments = rate * one.mean(), rate * (one.var() + one.mean() ** 2)

    def logpdf(self, y: Any) -> Any:
        """Return the log-density; at 0 the logarithm of its probability."""
        y = np.asarray(y, dtype=float)[:, None]
        with np.errstate(all="ignore"):
            found = logsumexp(self.number.logpmf(self.j) + self.amounts.logpdf(y), axis=1)
        return np.where(y[:, 0] == 0, self.number.logpmf(0), found)

    def cdf(self, y: Any) -> Any:
        """Return P(Y <= y)."""
        y = np.asarray(y, dtype=float)
        some = (self.number.pmf(self.j) * self.amounts.cdf(y[..., None])).sum(axis=-1)
        return np.where(y >= 0, self.number.pmf(0) + some, 0.0)

    def ppf(self, q: Any) -> Any:
        """Return quantiles by halving."""
        q = np.asarray(q, dtype=float)
        low, high = np.zeros_like(q), np.full_like(q, self.mean() + 1e4 * self.std())
        for _ in range(200):
            middle = (low + high) / 2
            below = self.cdf(middle) < q
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return np.where(self.number.pmf(0) >= q, 0.0, high)

    def mean(self) -> float:
        """Return the mean."""
        return float(self.moments[0])

    def var(self) -> float:
        """Return the variance."""
        return float(self.moments[1])

    def std(self) -> float:
        """Return the standard deviation."""
        return float(self.moments[1] ** 0.5)


WITHOUT_SCIPY: dict[str, Callable[..., Any]] = {"Tweedie": CompoundPoissonGamma}


def ours(family: Family[...], values: Mapping[str, float], *, alone: bool = False) -> Distribution:
    """Return the law at a setting; `alone`: from its density, without the law of SciPy that it names.

    What a setting holds besides parameters is known of the target: the number of trials.
    """
    names = {parameter.name for parameter in family.density.parameters}
    known = {name: value for name, value in values.items() if name not in names}
    law = (Family.from_density(family.density) if alone else family)(
        **{name: value for name, value in values.items() if name in names}
    )
    return law.given(**known) if known else law


def theirs(family: Family[...], values: Mapping[str, float]) -> Any:
    """Return the frozen law of SciPy, or what is made here of SciPy's laws where it has none."""
    if family.name in WITHOUT_SCIPY:
        return WITHOUT_SCIPY[family.name](**values)
    return family.law.frozen(values)


def log_density(family: Family[...], law: Any, y: Any) -> Any:
    """Return their log-density or log-probability."""
    return law.logpmf(y) if family.target.discrete else law.logpdf(y)
