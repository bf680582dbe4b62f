"""The negative binomial law (NB2) of counts that vary more than Poisson's."""

from typing import Any

from neglog.families.family import family
from neglog.families.laws import Peer, ScipyLaw
from neglog.math import log, log1p, loggamma
from neglog.symbolic.supports import Count, Positive

__all__ = ["NegativeBinomial"]


@family(
    y=Count(),
    mu=Positive(),
    alpha=Positive(),
    law=ScipyLaw("nbinom", {"n": "1/alpha", "p": "1/(1 + alpha*mu)"}),
    aliases=("nb2", "negbin", "nbinom", "overdispersed counts", "负二项", "负二项分布", "过度离散计数"),
    peers=(
        Peer(
            "torch.distributions.NegativeBinomial",
            {"total_count": "1/alpha", "probs": "alpha*mu/(1 + alpha*mu)"},
            "its probs is 1 minus SciPy's p.",
        ),
        Peer("pymc.NegativeBinomial", {"mu": "mu", "alpha": "1/alpha"}, "its alpha is the inverse of ours."),
        Peer("bambi.negativebinomial", {"mu": "mu", "alpha": "1/alpha"}, "its alpha is the inverse of ours."),
        Peer("statsmodels.NegativeBinomial", {"mu": "mu", "alpha": "alpha"}, "GLM does not estimate alpha."),
        Peer("gamlss.NBI", {"mu": "mu", "sigma": "alpha"}, "NBII (NB1) has the variance mu (1 + sigma)."),
        Peer("R.dnbinom", {"mu": "mu", "size": "1/alpha"}, "MASS::glm.nb calls size theta."),
    ),
)  # fmt: skip  # aliases by language
def NegativeBinomial(y: Any, mu: Any, alpha: Any) -> Any:
    """Poisson counts whose rates vary by a gamma law: mean mu, variance mu + alpha mu^2.

    alpha -> 0 is the Poisson law. Negative log-likelihood in nats, with r = 1/alpha:
    (y + r) log(1 + alpha mu) - y log(alpha mu) - log Gamma(y + r) + log Gamma(r) + log(y!).
    """
    r = 1 / alpha
    return (
        loggamma(y + r)
        - loggamma(r)
        - loggamma(y + 1)
        + y * log(alpha * mu)
        - (y + r) * log1p(alpha * mu)
    )
