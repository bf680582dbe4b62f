"""The elastic-net law: the prior whose penalty is l1 |w| + l2 w^2."""

from typing import Any

from neglog.families.family import family
from neglog.math import LogSum, index, inf, interval, log
from neglog.symbolic.supports import Positive, Real

__all__ = ["ElasticNet"]


@family(
    y=Real(),
    l1=Positive(),
    l2=Positive(),
    aliases=("elastic net", "elasticnet", "弹性网络"),
)
def ElasticNet(y: Any, l1: Any, l2: Any) -> Any:
    """A law between Laplace (l2 -> 0) and normal (l1 -> 0), made for weights: its mode is 0, with a kink there.

    As a prior it adds l1 |w| + l2 w^2 to the summed loss. Its integral over both halves of the line,
    sqrt(pi/l2) erfcx(l1/(2 sqrt(l2))), makes it a density.
    """
    t = index("t")
    return -l1 * abs(y) - l2 * y**2 - log(2) - LogSum(-l1 * t - l2 * t**2, t, interval(0, inf))
