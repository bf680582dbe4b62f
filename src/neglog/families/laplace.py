"""The Laplace law; its loss is absolute error."""

from typing import Any

from neglog.families.family import family
from neglog.families.laws import Peer, ScipyLaw
from neglog.math import exp, log, log1mexp, log1p, where
from neglog.symbolic.supports import Positive, Real

__all__ = ["Laplace"]


def _log_cdf(y: Any, mu: Any, b: Any) -> Any:
    z = (y - mu) / b
    return where(z < 0, z - log(2), log1p(-exp(-abs(z)) / 2))


def _log_sf(y: Any, mu: Any, b: Any) -> Any:
    z = (y - mu) / b
    return where(z < 0, log1p(-exp(-abs(z)) / 2), -z - log(2))


def _log_between(lower: Any, upper: Any, mu: Any, b: Any) -> Any:
    below, above = (lower - mu) / b, (upper - mu) / b
    # On one side of mu the law is exponential; between two sides lies what is left outside of neither tail.
    gap = log1mexp((upper - lower) / b) - log(2)
    across = log1p(-(exp(below) + exp(-above)) / 2)
    return where(below > 0, gap - below, where(above < 0, gap + above, across))


@family(
    y=Real(),
    mu=Real(),
    b=Positive(),
    law=ScipyLaw("laplace", {"loc": "mu", "scale": "b"}),
    log_cdf=_log_cdf,
    log_sf=_log_sf,
    log_between=_log_between,
    aliases=(
        "double exponential", "mae", "absolute error", "mean absolute error", "l1", "lad", "least absolute deviations",
        "median regression",
        "拉普拉斯", "拉普拉斯分布", "双指数分布", "平均绝对误差", "绝对值损失", "最小一乘", "中位数回归",
    ),
    peers=(
        Peer("torch.distributions.Laplace", {"loc": "mu", "scale": "b"}),
        Peer("pymc.Laplace", {"mu": "mu", "b": "b"}),
        Peer("statsmodels.QuantReg", {}, "q=0.5 gives the same mu; b is not estimated."),
    ),
)  # fmt: skip  # aliases by language
def Laplace(y: Any, mu: Any, b: Any) -> Any:
    """Errors with heavier tails than the normal law; mu is the median, the variance is 2 b^2.

    The best mu is a median, the best b the mean absolute error. Negative log-likelihood in nats:
    |y - mu|/b + log(2 b).
    """
    return -abs(y - mu) / b - log(2 * b)
