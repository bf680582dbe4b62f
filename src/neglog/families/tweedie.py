"""The Tweedie law between Poisson and gamma: exact zeros and a positive amount, as in claims or rain."""

from typing import Any

from neglog.families.family import family
from neglog.families.laws import Peer
from neglog.math import LogSum, exp, index, log, loggamma, series, sqrt, where
from neglog.symbolic.supports import Between, Positive, ZeroOrPositive

__all__ = ["Tweedie"]


@family(
    y=ZeroOrPositive(),
    mu=Positive(),
    phi=Positive(),
    p=Between(1, 2),
    aliases=(
        "compound poisson", "compound poisson gamma", "tweedie deviance", "特威迪", "特威迪分布", "复合泊松伽马分布",
    ),
    peers=(
        Peer("statsmodels.GLM(family=Tweedie())", {"var_power": "p", "scale": "phi"}, "scale is the moment estimate."),
        Peer("sklearn.TweedieRegressor", {"power": "p"}, "half the unit deviance, without phi."),
        Peer("R.dtweedie", {"power": "p", "mu": "mu", "phi": "phi"}),
    ),
)  # fmt: skip  # one peer a line
def Tweedie(y: Any, mu: Any, phi: Any, p: Any) -> Any:
    """Sum of a Poisson number of gamma amounts, with mean mu and variance phi mu^p, 1 < p < 2.

    P(0) = exp(-mu^(2-p)/(phi (2-p))). For y > 0 the density sums over the number j of amounts; of all its terms only
    that sum depends on p and phi alone.
    """
    j = index("j")
    amounts = (2 - p) / (p - 1)  # shape of one amount
    none = exp((2 - p) * log(mu)) / (phi * (2 - p))
    rate = amounts * (log(y) - log(p - 1)) - (1 + amounts) * log(phi) - log(2 - p)
    terms = j * rate - loggamma(j + 1) - loggamma(amounts * j)
    peak = exp((2 - p) * log(y)) / (phi * (2 - p))
    number = LogSum(terms, j, series(1, peak, sqrt(peak * (p - 1))))
    positive = number - log(y) - y * exp((1 - p) * log(mu)) / (phi * (p - 1)) - none
    return where(y > 0, positive, -none)
