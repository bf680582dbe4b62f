"""The Poisson law of counts; its loss is exp(eta) - y eta."""

from typing import Any

from neglog.families.family import family
from neglog.families.laws import Peer, ScipyLaw
from neglog.math import log, loggamma
from neglog.symbolic.supports import Count, Positive

__all__ = ["Poisson"]


@family(
    y=Count(),
    mu=Positive(),
    law=ScipyLaw("poisson", {"mu": "mu"}),
    peers=(
        Peer(
            "torch.distributions.Poisson",
            {"rate": "mu"},
            "torch.nn.PoissonNLLLoss takes log(mu) by default, and no log(y!).",
        ),
        Peer("pymc.Poisson", {"mu": "mu"}),
        Peer("gamlss.PO", {"mu": "mu"}),
    ),
    aliases=("count", "counts", "poisson deviance", "泊松", "泊松分布", "计数"),
)
def Poisson(y: Any, mu: Any) -> Any:
    """Independent events in a fixed exposure; mean and variance are both mu.

    Negative log-likelihood in nats: mu - y log(mu) + log(y!).
    """
    return y * log(mu) - mu - loggamma(y + 1)
