"""The Normal (Gaussian) law; its loss is squared error."""

from typing import Any

from neglog.families.family import family
from neglog.families.laws import Peer, ScipyLaw
from neglog.math import log, log_ndtr, log_ndtr_gap, pi, where
from neglog.symbolic.supports import Positive, Real

__all__ = ["Normal"]


def _log_between(lower: Any, upper: Any, mu: Any, sigma: Any) -> Any:
    # By symmetry from the end that is nearer to the middle of the law.
    gap = (upper - lower) / sigma
    from_upper, from_lower = (
        log_ndtr_gap((upper - mu) / sigma, gap),
        log_ndtr_gap((mu - lower) / sigma, gap),
    )
    return where(lower + upper < 2 * mu, from_upper, from_lower)


@family(
    y=Real(),
    mu=Real(),
    sigma=Positive(),
    law=ScipyLaw("norm", {"loc": "mu", "scale": "sigma"}),
    peers=(
        Peer(
            "torch.distributions.Normal",
            {"loc": "mu", "scale": "sigma"},
            "torch.nn.GaussianNLLLoss takes the variance.",
        ),
        Peer("pymc.Normal", {"mu": "mu", "sigma": "sigma"}),
        Peer("gamlss.NO", {"mu": "mu", "sigma": "sigma"}),
        Peer("statsmodels.OLS", {"scale": "sigma**2"}, "its scale divides by n - k, not by n."),
    ),
    log_cdf=lambda y, mu, sigma: log_ndtr((y - mu) / sigma),
    log_sf=lambda y, mu, sigma: log_ndtr((mu - y) / sigma),
    log_between=_log_between,
    aliases=(
        "gaussian", "mse", "squared error", "mean squared error", "sse", "l2", "least squares", "ols",
        "正态", "正态分布", "高斯", "高斯分布", "均方差", "均方误差", "平方损失", "最小二乘",
    ),
)  # fmt: skip  # aliases by language
def Normal(y: Any, mu: Any, sigma: Any) -> Any:
    """Errors of many small causes, with mean mu and standard deviation sigma.

    Its maximum likelihood estimate of sigma divides by n. Negative log-likelihood in nats:
    ((y - mu)/sigma)^2/2 + log(sigma) + log(2 pi)/2.
    """
    return -(((y - mu) / sigma) ** 2) / 2 - log(sigma) - log(2 * pi) / 2
