"""The Categorical (Multinoulli) law of one of K classes; its loss is softmax cross-entropy."""

from typing import Any

from neglog.families.family import family
from neglog.math import log
from neglog.symbolic.supports import ClassVector, Label

__all__ = ["Categorical", "Multinoulli"]


@family(
    y=Label("K"),
    p=ClassVector("K"),
    aliases=(
        "multinoulli", "softmax", "multinomial logit", "softmax cross entropy", "categorical cross entropy",
        "类别分布", "范畴分布", "多项逻辑回归", "多类交叉熵", "多分类交叉熵",
    ),
)  # fmt: skip  # aliases by language
def Categorical(y: Any, p: Any) -> Any:
    """One trial with K unordered outcomes; p[k] is the probability of class k.

    Negative log-likelihood in nats: -log(p[y]).
    """
    return log(p[y])


# The name of the law in textbooks that keep "multinomial" for several trials.
Multinoulli = Categorical
