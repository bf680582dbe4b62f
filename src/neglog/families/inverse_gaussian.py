"""The inverse Gaussian (Wald) law of first-passage times."""

from typing import Any

from neglog.families.family import family
from neglog.families.laws import Peer, ScipyLaw
from neglog.math import log, log1mexp, log_ndtr, pi, softplus, sqrt
from neglog.symbolic.supports import Positive

__all__ = ["InverseGaussian"]


def _parts(y: Any, mu: Any, lam: Any) -> tuple[Any, Any, Any]:
    """Return log Phi(-a), log Phi(a) and 2 lam/mu + log Phi(-c): P(Y <= y) = Phi(a) + exp(2 lam/mu) Phi(-c)."""
    a, c = sqrt(lam / y) * (y / mu - 1), sqrt(lam / y) * (y / mu + 1)
    return log_ndtr(-a), log_ndtr(a), 2 * lam / mu + log_ndtr(-c)


def _log_cdf(y: Any, mu: Any, lam: Any) -> Any:
    _, first, second = _parts(y, mu, lam)
    return first + softplus(second - first)


def _log_sf(y: Any, mu: Any, lam: Any) -> Any:
    first, _, second = _parts(y, mu, lam)
    return first + log1mexp(first - second)


@family(
    y=Positive(),
    mu=Positive(),
    lam=Positive(),
    law=ScipyLaw("invgauss", {"mu": "mu/lam", "scale": "lam"}),
    log_cdf=_log_cdf,
    log_sf=_log_sf,
    aliases=("wald", "逆高斯", "逆高斯分布"),
    peers=(
        Peer("pymc.Wald", {"mu": "mu", "lam": "lam"}),
        Peer("gamlss.IG", {"mu": "mu", "sigma": "1/sqrt(lam)"}, "variance sigma^2 mu^3."),
        Peer(
            "statsmodels.GLM(family=InverseGaussian())",
            {"scale": "1/lam"},
            "its default link is 1/mu^2 (here 'inverse_squared'); scale is the moment estimate.",
        ),
        Peer("bambi.wald", {"mu": "mu", "lam": "lam"}, "its default link is 1/mu^2."),
    ),
)  # fmt: skip  # aliases by language
def InverseGaussian(y: Any, mu: Any, lam: Any) -> Any:
    """First-passage time of Brownian motion with drift, with mean mu and variance mu^3/lam.

    Negative log-likelihood in nats: lam (y - mu)^2/(2 mu^2 y) - log(lam/(2 pi y^3))/2.
    """
    return log(lam / (2 * pi * y**3)) / 2 - lam * (y - mu) ** 2 / (2 * mu**2 * y)
