"""The law of one of K ordered classes by cumulative odds: ordered logit, the proportional-odds model."""

from typing import Any

from neglog.families.family import family
from neglog.families.laws import Peer
from neglog.math import log, sigmoid
from neglog.symbolic.supports import Label, Ordered, Real

__all__ = ["Ordinal"]


@family(
    y=Label("K"),
    mu=Real(),
    c=Ordered("K-1"),
    peers=(
        Peer("statsmodels.miscmodels.ordinal_model.OrderedModel(distr='logit')", {"eta": "mu", "c": "c"}),
        Peer("MASS.polr(method='logistic')", {"eta": "mu", "zeta": "c"}),
    ),
    aliases=(
        "ordered", "ordered logit", "ordinal logit", "proportional odds", "cumulative logit",
        "有序", "有序逻辑回归", "比例优势", "累积逻辑回归",
    ),
)  # fmt: skip  # aliases by language
def Ordinal(y: Any, mu: Any, c: Any) -> Any:
    """One of K ordered classes: a logistic variable about mu, seen only as the interval between cutpoints it falls in.

    P(y <= k) = sigmoid(c[k] - mu) with increasing cutpoints c; a larger mu makes the higher classes more probable.
    Negative log-likelihood in nats: -log(sigmoid(c[y] - mu) - sigmoid(c[y - 1] - mu)).
    """
    return log(sigmoid(c[y] - mu) - sigmoid(c[y - 1] - mu))
