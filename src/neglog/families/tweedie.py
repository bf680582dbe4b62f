"""The Tweedie law between Poisson and gamma: exact zeros and a positive amount, as in claims or rain."""

from typing import Any

from neglog.families.compound_poisson import CompoundPoissonLaw
from neglog.families.family import family
from neglog.families.laws import Peer
from neglog.math import LogSum, bd0, binet, exp, expm1, index, log, pi, series, sqrt, where
from neglog.symbolic.supports import Between, Positive, ZeroOrPositive

__all__ = ["Tweedie"]


@family(
    y=ZeroOrPositive(),
    mu=Positive(),
    phi=Positive(),
    p=Between(1, 2),
    law=CompoundPoissonLaw(
        "poisson of gamma",
        {"rate": "mu**(2 - p)/(phi*(2 - p))", "shape": "(2 - p)/(p - 1)", "scale": "phi*(p - 1)*mu**(p - 1)"},
    ),
    aliases=(
        "compound poisson", "compound poisson gamma", "tweedie deviance", "特威迪", "特威迪分布", "复合泊松伽马分布",
    ),
    peers=(
        Peer(
            "statsmodels.GLM(family=Tweedie())",
            {"var_power": "p", "scale": "phi"},
            "scale is the moment estimate; its loglike needs eql=False to be that of the law.",
        ),
        Peer("sklearn.TweedieRegressor", {"power": "p"}, "half the unit deviance, without phi."),
        Peer("glum.TweedieDistribution", {"power": "p"}, "phi is called dispersion there."),
        Peer("R.dtweedie", {"power": "p", "mu": "mu", "phi": "phi"}, "of the package tweedie."),
        Peer(
            "mgcv.tw",
            {"p": "p", "mu": "mu", "phi": "phi"},
            "it estimates p between 1.01 and 1.99 unless told otherwise.",
        ),
    ),
)  # fmt: skip  # one peer a line
def Tweedie(y: Any, mu: Any, phi: Any, p: Any) -> Any:
    """Sum of a Poisson number of gamma amounts, with mean mu and variance phi mu^p, 1 < p < 2.

    P(0) = exp(-mu^(2-p)/(phi (2-p))). For y > 0 the density is a sum over the number j of amounts, of Poisson's
    probability of j times the gamma density of what j amounts come to. It is written as that sum at mu = y, which does
    not depend on mu, and the deviance (Dunn and Smyth, Statistics and Computing 15, 2005); so it keeps its digits where
    p is near 2 and j is large.
    """
    j = index("j")
    amount, rest = p - 1, 2 - p
    size = exp(rest * log(y)) / phi
    number = size / rest  # of amounts, if y were their mean
    shape = rest / amount  # of the gamma law of one
    # Both logarithms of a term, of Poisson's law and of the gamma law, by Stirling's formula with what it leaves: their
    # large parts are one deviance, which vanishes at the highest term.
    terms = -bd0(j, number) / amount - binet(j) - binet(shape * j) + log(shape) / 2 - log(2 * pi)
    at_its_mean = LogSum(terms, j, series(1, number, sqrt(number * amount))) - log(y)
    off = log(y) - log(mu)
    half_deviance = size * (expm1(amount * off) / amount + expm1(-rest * off) / rest)
    none = exp(rest * log(mu)) / (phi * rest)
    return where(y > 0, at_its_mean, 0) - where(y > 0, half_deviance, none)
