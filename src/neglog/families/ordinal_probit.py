"""The law of one of K ordered classes by a normal variable cut into intervals: ordered probit."""

from typing import Any

from neglog.families.family import family
from neglog.families.laws import Peer
from neglog.math import log, ndtr
from neglog.symbolic.supports import Label, Ordered, Real

__all__ = ["OrdinalProbit"]


@family(
    y=Label("K"),
    mu=Real(),
    c=Ordered("K-1"),
    peers=(
        Peer("statsmodels.miscmodels.ordinal_model.OrderedModel(distr='probit')", {"eta": "mu", "c": "c"}),
        Peer("MASS.polr(method='probit')", {"eta": "mu", "zeta": "c"}),
    ),
    aliases=(
        "ordered probit", "ordinal probit", "cumulative probit", "有序概率单位", "有序Probit",
    ),
)  # fmt: skip  # aliases by language
def OrdinalProbit(y: Any, mu: Any, c: Any) -> Any:
    """One of K ordered classes: a normal variable about mu, seen only as the interval between cutpoints it falls in.

    P(y <= k) = ndtr(c[k] - mu) with increasing cutpoints c; a larger mu makes the higher classes more probable.
    Negative log-likelihood in nats: -log(ndtr(c[y] - mu) - ndtr(c[y - 1] - mu)).
    """
    return log(ndtr(c[y] - mu) - ndtr(c[y - 1] - mu))
