"""Losses of one of K classes, y = 0, ..., K - 1, and the probabilities p of all, through the softmax link."""

from typing import Any

from neglog.losses.surrogates.surrogate import loss
from neglog.math import log, mean_log
from neglog.symbolic.supports import ClassVector, Hyper, Label, NonNegative, UnitInterval

__all__ = ["LabelSmoothing", "SoftmaxFocal"]


@loss(
    y=Label("K"),
    p=ClassVector("K"),
    epsilon=Hyper(UnitInterval(), default=0.1),
    aliases=(
        "label smoothed cross entropy",
        "smoothed cross entropy",
        "标签平滑",
        "标签平滑交叉熵",
    ),
)
def LabelSmoothing(y: Any, p: Any, epsilon: Any) -> Any:
    """-(1 - epsilon) log p[y] - (epsilon/K) sum_k log p[k]: cross-entropy with a target that is not quite sure.

    The share epsilon of the target is spread evenly over all K classes, that of y included. The minimum has the
    smoothed probabilities, not those of the target, so no score runs off to infinity.
    """
    return -(1 - epsilon) * log(p[y]) - epsilon * mean_log(p)


@loss(
    y=Label("K"),
    p=ClassVector("K"),
    gamma=Hyper(NonNegative(), default=2.0),
    aliases=(
        "softmax focal loss",
        "multiclass focal",
        "multi class focal loss",
        "多类焦点损失",
        "多分类焦点损失",
    ),
)
def SoftmaxFocal(y: Any, p: Any, gamma: Any) -> Any:
    """-(1 - p[y])^gamma log p[y]: cross-entropy that turns away from rows that are right already.

    For gamma > 0 it is neither a likelihood nor proper: its probabilities need recalibration. Weights of classes are
    sample weights.
    """
    return -((1 - p[y]) ** gamma) * log(p[y])
