"""Losses of a yes-or-no target y (0 or 1) and a score f, through the margin (2y - 1) f: positive where f is right."""

from typing import Any

from neglog.losses.surrogates.surrogate import loss
from neglog.math import exp, maximum, where
from neglog.symbolic.supports import Binary, Real

__all__ = [
    "Exponential",
    "Hinge",
    "ModifiedHuber",
    "Perceptron",
    "SquaredHinge",
    "ZeroOne",
]


def _margin(y: Any, f: Any) -> Any:
    return (2 * y - 1) * f


@loss(
    y=Binary(),
    f=Real(),
    aliases=("0-1", "zero-one loss", "0-1 loss", "misclassification", "0-1损失", "零一损失"),
)
def ZeroOne(y: Any, f: Any) -> Any:
    """1 where the sign of the score is wrong (a score of 0 is wrong), else 0.

    What is meant to be small in the end; its derivative is 0 almost everywhere, so nothing can be trained with it.
    """
    return where(_margin(y, f) > 0, 0, 1)


@loss(
    y=Binary(),
    f=Real(),
    aliases=("hinge loss", "svm", "max margin", "合页", "合页损失", "铰链", "铰链损失", "折页损失", "最大边界损失"),
)  # fmt: skip  # aliases by language
def Hinge(y: Any, f: Any) -> Any:
    """max(1 - m, 0): 0 only where the margin m is at least 1. With a Normal prior, the support vector machine."""
    return maximum(1 - _margin(y, f), 0)


@loss(y=Binary(), f=Real(), aliases=("squared hinge loss", "l2 svm", "平方合页损失"))
def SquaredHinge(y: Any, f: Any) -> Any:
    """max(1 - m, 0)^2."""
    return maximum(1 - _margin(y, f), 0) ** 2


@loss(y=Binary(), f=Real(), aliases=("perceptron loss", "感知机", "感知机损失"))
def Perceptron(y: Any, f: Any) -> Any:
    """max(-m, 0): the size of the score where its sign is wrong.

    A score of 0 everywhere always minimises it, and a fit may end there: Rosenblatt's rule stops at any separating
    score instead. The hinge asks for a margin, and has no such minimum.
    """
    return maximum(-_margin(y, f), 0)


@loss(y=Binary(), f=Real(), aliases=("exponential loss", "adaboost", "指数损失"))
def Exponential(y: Any, f: Any) -> Any:
    """exp(-m): what AdaBoost minimises. A wrong score weighs exponentially, so outliers rule it."""
    return exp(-_margin(y, f))


@loss(y=Binary(), f=Real(), aliases=("modified huber loss", "修正休伯损失"))
def ModifiedHuber(y: Any, f: Any) -> Any:
    """max(1 - m, 0)^2 where m >= -1, and -4 m beyond: the squared hinge with a linear tail."""
    m = _margin(y, f)
    return where(m >= -1, maximum(1 - m, 0) ** 2, -4 * m)
