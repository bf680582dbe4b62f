"""The Categorical (Multinoulli) law of one of K classes; its loss is softmax cross-entropy."""

from typing import Any

from neglog.families.family import family
from neglog.families.laws import Peer
from neglog.math import log
from neglog.symbolic.supports import ClassVector, Label

__all__ = ["Categorical", "Multinoulli"]


@family(
    y=Label("K"),
    p=ClassVector("K"),
    peers=(
        Peer(
            "sklearn.linear_model.LogisticRegression", {},
            "K score vectors, one a class, which only its L2 penalty determines (C = 1 by default, not of intercepts); "
            "ours are the same with a Normal prior of sigma = sqrt(C).",
        ),
        Peer(
            "statsmodels.MNLogit", {},
            "K - 1 score vectors, against the first class, whose scores are 0: as ours without a prior. It prints a "
            "column for each class.",
        ),
        Peer(
            "torch.distributions.Categorical", {"probs": "p"},
            "torch.nn.CrossEntropyLoss takes the K scores (logits=) and gives the mean over the rows, in nats.",
        ),
        Peer("pymc.Categorical", {"p": "p"}, "Observed labels are numbers from 0, as ours."),
    ),
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
