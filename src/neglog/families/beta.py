"""The beta law of shares strictly between 0 and 1."""

from typing import Any

from neglog.families.family import family
from neglog.families.laws import Peer, ScipyLaw
from neglog.math import log, log1p, loggamma
from neglog.symbolic.supports import Between, Positive, UnitInterval

__all__ = ["Beta"]


@family(
    y=Between(0, 1),
    mu=UnitInterval(),
    phi=Positive(),
    law=ScipyLaw("beta", {"a": "mu*phi", "b": "(1 - mu)*phi"}),
    aliases=("beta regression", "shares", "贝塔", "贝塔分布", "贝塔回归"),
    peers=(
        Peer(
            "torch.distributions.Beta",
            {"concentration1": "mu*phi", "concentration0": "(1 - mu)*phi"},
        ),
        Peer("pymc.Beta", {"mu": "mu", "nu": "phi"}),
        Peer("bambi.beta", {"mu": "mu", "kappa": "phi"}),
        Peer("statsmodels.BetaModel", {"mu": "mu", "precision": "phi"}),
        Peer("gamlss.BE", {"mu": "mu", "sigma": "1/sqrt(1 + phi)"}, "sigma has the logit link there."),
        Peer("R.dbeta", {"shape1": "mu*phi", "shape2": "(1 - mu)*phi"}, "betareg has our mu and phi."),
    ),
)  # fmt: skip  # aliases by language
def Beta(y: Any, mu: Any, phi: Any) -> Any:
    """Shares, with mean mu and variance mu (1 - mu)/(1 + phi); phi is the precision.

    A share of exactly 0 or 1 has no density here. Negative log-likelihood in nats, with a = mu phi and
    b = (1 - mu) phi: (1 - a) log(y) + (1 - b) log(1 - y) + log Gamma(a) + log Gamma(b) - log Gamma(phi).
    """
    a, b = mu * phi, (1 - mu) * phi
    return (a - 1) * log(y) + (b - 1) * log1p(-y) + loggamma(phi) - loggamma(a) - loggamma(b)
