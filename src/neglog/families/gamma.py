"""The gamma law of positive targets whose spread grows with their mean."""

from typing import Any

from neglog.families.family import family
from neglog.families.laws import Peer, ScipyLaw
from neglog.math import log, loggamma
from neglog.symbolic.supports import Positive

__all__ = ["Gamma"]


@family(
    y=Positive(),
    mu=Positive(),
    shape=Positive(),
    law=ScipyLaw("gamma", {"a": "shape", "scale": "mu/shape"}),
    aliases=("gamma deviance", "伽马", "伽马分布", "伽玛", "伽玛分布"),
    peers=(
        Peer("torch.distributions.Gamma", {"concentration": "shape", "rate": "shape/mu"}),
        Peer("pymc.Gamma", {"mu": "mu", "sigma": "mu/sqrt(shape)"}),
        Peer("bambi.gamma", {"mu": "mu", "alpha": "shape"}, "its default link is the inverse."),
        Peer(
            "statsmodels.GLM(family=Gamma())",
            {"scale": "1/shape"},
            "its default link is the inverse; scale is the moment estimate, not that of maximum likelihood.",
        ),
        Peer("sklearn.GammaRegressor", {}, "log link; half the unit deviance, without shape."),
        Peer("gamlss.GA", {"mu": "mu", "sigma": "1/sqrt(shape)"}, "sigma is the coefficient of variation."),
        Peer("R.dgamma", {"shape": "shape", "rate": "shape/mu"}, "glm(family=Gamma) has the inverse link."),
    ),
)  # fmt: skip  # aliases by language
def Gamma(y: Any, mu: Any, shape: Any) -> Any:
    """Waiting time until several events, with mean mu and variance mu^2/shape.

    The best mu does not depend on shape. Negative log-likelihood in nats:
    shape (y/mu - log(y shape/mu)) + log(y) + log Gamma(shape).
    """
    return shape * log(shape / mu) + (shape - 1) * log(y) - shape * y / mu - loggamma(shape)
