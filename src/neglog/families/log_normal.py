"""The log-normal law: the logarithm of the target is normal."""

from typing import Any

from neglog.families.family import family
from neglog.families.laws import Peer, ScipyLaw
from neglog.math import log, log1p, log_ndtr, log_ndtr_gap, pi, where
from neglog.symbolic.supports import Positive, Real

__all__ = ["LogNormal"]


def _log_between(lower: Any, upper: Any, mu: Any, sigma: Any) -> Any:
    near, far = log1p((upper - lower) / lower), log(upper) - log(lower)
    gap = where(upper < 2 * lower, near, far) / sigma
    # By symmetry from the end that is nearer to the middle of the law.
    from_upper = log_ndtr_gap((log(upper) - mu) / sigma, gap)
    from_lower = log_ndtr_gap((mu - log(lower)) / sigma, gap)
    return where(log(lower) + log(upper) < 2 * mu, from_upper, from_lower)


@family(
    y=Positive(),
    mu=Real(),
    sigma=Positive(),
    law=ScipyLaw("lognorm", {"s": "sigma", "scale": "exp(mu)"}),
    log_cdf=lambda y, mu, sigma: log_ndtr((log(y) - mu) / sigma),
    log_sf=lambda y, mu, sigma: log_ndtr((mu - log(y)) / sigma),
    log_between=_log_between,
    aliases=("galton", "对数正态", "对数正态分布"),
    peers=(
        Peer("torch.distributions.LogNormal", {"loc": "mu", "scale": "sigma"}),
        Peer("pymc.LogNormal", {"mu": "mu", "sigma": "sigma"}),
        Peer("gamlss.LOGNO", {"mu": "mu", "sigma": "sigma"}, "LOGNO2 has the median exp(mu) as its mu."),
        Peer("R.dlnorm", {"meanlog": "mu", "sdlog": "sigma"}),
    ),
)  # fmt: skip  # aliases by language
def LogNormal(y: Any, mu: Any, sigma: Any) -> Any:
    """Products of many small causes; log(y) has mean mu and standard deviation sigma.

    exp(mu) is the median; the mean is exp(mu + sigma^2/2). The term log(y) makes its likelihood comparable with those
    of other laws of y; a regression of log(y) leaves it out. Negative log-likelihood in nats:
    ((log(y) - mu)/sigma)^2/2 + log(sigma) + log(y) + log(2 pi)/2.
    """
    return -(((log(y) - mu) / sigma) ** 2) / 2 - log(sigma) - log(y) - log(2 * pi) / 2
