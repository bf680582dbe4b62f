"""The inverse Gaussian (Wald) law of first-passage times."""

from typing import Any

from neglog.families.family import family
from neglog.families.laws import Peer, ScipyLaw
from neglog.math import log, pi
from neglog.symbolic.supports import Positive

__all__ = ["InverseGaussian"]


@family(
    y=Positive(),
    mu=Positive(),
    lam=Positive(),
    law=ScipyLaw("invgauss", {"mu": "mu/lam", "scale": "lam"}),
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
