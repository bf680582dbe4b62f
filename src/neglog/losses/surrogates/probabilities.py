"""Losses of a yes-or-no target y (0 or 1) and the probability p that is predicted for y = 1, through the logit link."""

from typing import Any

from neglog.losses.surrogates.surrogate import loss
from neglog.math import log, log1p
from neglog.symbolic.supports import Binary, Hyper, NonNegative, UnitInterval

__all__ = ["Brier", "Focal"]


@loss(
    y=Binary(),
    p=UnitInterval(),
    aliases=("brier score", "squared error through a sigmoid", "布里尔分数"),
)
def Brier(y: Any, p: Any) -> Any:
    """(y - p)^2: a proper score, but not convex in the logit, and flat where the sigmoid saturates.

    Of a soft label y the expected score, which has the same minimum: y (1 - p)^2 + (1 - y) p^2.
    """
    return y * (1 - p) ** 2 + (1 - y) * p**2


@loss(
    y=Binary(),
    p=UnitInterval(),
    gamma=Hyper(NonNegative(), default=2.0),
    alpha=Hyper(UnitInterval(), default=0.25),
    aliases=("focal loss", "sigmoid focal loss", "焦点损失"),
)
def Focal(y: Any, p: Any, gamma: Any, alpha: Any) -> Any:
    """-alpha (1 - p)^gamma log p for y = 1, -(1 - alpha) p^gamma log(1 - p) for y = 0.

    For gamma > 0 it is neither a likelihood nor proper: its probabilities need recalibration.
    """
    return -alpha * y * (1 - p) ** gamma * log(p) - (1 - alpha) * (1 - y) * p**gamma * log1p(-p)
