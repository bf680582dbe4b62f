"""The Bernoulli law of a yes or a no; its loss is binary cross-entropy."""

from typing import Any

from neglog.families.family import family
from neglog.families.laws import Peer, ScipyLaw
from neglog.math import log
from neglog.symbolic.supports import Binary, UnitInterval

__all__ = ["Bernoulli"]


@family(
    y=Binary(),
    p=UnitInterval(),
    law=ScipyLaw("bernoulli", {"p": "p"}),
    peers=(
        Peer("torch.distributions.Bernoulli", {"probs": "p"}),
        Peer("pymc.Bernoulli", {"p": "p"}),
        Peer("gamlss.BI", {"mu": "p"}),
    ),
    aliases=(
        "binary", "logistic", "logit", "log loss", "cross entropy", "binary cross entropy", "bce",
        "伯努利", "伯努利分布", "两点分布", "交叉熵", "二元交叉熵", "对数损失", "逻辑回归",
    ),
)  # fmt: skip  # aliases by language
def Bernoulli(y: Any, p: Any) -> Any:
    """One trial with two outcomes; p is the probability of y = 1.

    A soft label, a probability in place of 0 or 1, gives the cross-entropy. Negative log-likelihood in nats:
    -y log(p) - (1 - y) log(1 - p).
    """
    return y * log(p) + (1 - y) * log(1 - p)
