"""The Weibull law of waiting times whose hazard rises or falls as a power of time."""

from typing import Any

from neglog.families.family import family
from neglog.families.laws import Peer, ScipyLaw
from neglog.math import exp, log, log1mexp, log1p, where
from neglog.symbolic.supports import Positive

__all__ = ["Weibull"]


def _log_between(lower: Any, upper: Any, mu: Any, shape: Any) -> Any:
    near, far = log1p((upper - lower) / lower), log(upper) - log(lower)
    growth = shape * where(upper < 2 * lower, near, far)
    # (upper/mu)^shape - (lower/mu)^shape, the hazard between the two
    hazard = exp(shape * log(upper / mu) + log1mexp(growth))
    return log1mexp(hazard) - (lower / mu) ** shape


@family(
    y=Positive(),
    mu=Positive(),
    shape=Positive(),
    law=ScipyLaw("weibull_min", {"c": "shape", "scale": "mu"}),
    log_cdf=lambda y, mu, shape: log1mexp((y / mu) ** shape),
    log_sf=lambda y, mu, shape: -((y / mu) ** shape),
    log_between=_log_between,
    aliases=("weibull aft", "韦布尔", "韦布尔分布", "威布尔", "威布尔分布"),
    peers=(
        Peer("torch.distributions.Weibull", {"scale": "mu", "concentration": "shape"}),
        Peer("pymc.Weibull", {"alpha": "shape", "beta": "mu"}),
        Peer(
            "gamlss.WEI",
            {"mu": "mu", "sigma": "shape"},
            "WEI2 (proportional hazards) has mu^-shape, WEI3 the mean, where WEI has the scale mu.",
        ),
        Peer("R.dweibull", {"shape": "shape", "scale": "mu"}),
        Peer("lifelines.WeibullFitter", {"lambda_": "mu", "rho_": "shape"}),
    ),
)  # fmt: skip  # aliases by language
def Weibull(y: Any, mu: Any, shape: Any) -> Any:
    """Waiting times; mu is the scale (63 % have happened by then), not the mean mu Gamma(1 + 1/shape).

    The hazard rises with time for shape > 1; shape = 1 is the exponential law. Negative log-likelihood in nats:
    (y/mu)^shape - (shape - 1) log(y/mu) - log(shape/mu).
    """
    return log(shape) - log(mu) + (shape - 1) * log(y / mu) - (y / mu) ** shape
