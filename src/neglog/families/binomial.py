"""The Binomial law of k successes in n trials; its loss is cross-entropy with counts."""

from typing import Any

from neglog.families.family import family
from neglog.families.laws import Peer, ScipyLaw
from neglog.math import log, log1p, loggamma
from neglog.symbolic.supports import CountOf, UnitInterval

__all__ = ["Binomial"]


@family(
    y=CountOf(),
    p=UnitInterval(),
    law=ScipyLaw("binom", {"n": "n", "p": "p"}),
    aliases=(
        "grouped logistic", "k of n",
        "二项", "二项分布", "分组逻辑回归",
    ),
    peers=(
        Peer("torch.distributions.Binomial", {"total_count": "n", "probs": "p"}),
        Peer("pymc.Binomial", {"n": "n", "p": "p"}),
        Peer("bambi.binomial", {"n": "n", "p": "p"}, "its formula says p(k, n) ~."),
        Peer(
            "statsmodels.GLM(family=Binomial())",
            {"n": "n", "mu": "p"},
            "its target is the pair of k and n - k, its mu the mean of k/n.",
        ),
        Peer("gamlss.BI", {"mu": "p", "bd": "n"}, "its target is the pair of k and n - k."),
        Peer("R.dbinom", {"size": "n", "prob": "p"}, "glm takes cbind(k, n - k)."),
    ),
)  # fmt: skip  # aliases by language
def Binomial(y: Any, p: Any) -> Any:
    """Number of successes in n independent trials, each with probability p.

    The number of trials belongs to the observation, not to the law: the target is the pair of k and n. With n = 1 it is
    the Bernoulli law. Negative log-likelihood in nats: -k log(p) - (n - k) log(1 - p) - log(n choose k).
    """
    k, n = y.k, y.n
    ways = loggamma(n + 1) - loggamma(k + 1) - loggamma(n - k + 1)
    return k * log(p) + (n - k) * log1p(-p) + ways
