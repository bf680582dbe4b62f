"""`Variant`: which of the kernels of a plan is meant, and the arguments all of them share.

Both engines offer the same function for a variant,

    run(lo, hi, y, x0, ..., [w], p0, ..., value, g0, ..., h00, ..., sums, flags)

over rows lo to hi of 1-D columns (``y0, y1, ...`` for ``y`` where the target has fields), `lo` a multiple of the block:

- ``value`` gets the elementwise loss, or is empty where only the sum matters;
- ``sums[block]`` gets the sum of a block, added up in eight fixed lanes;
- ``flags[block]`` gets what is odd about its inputs (bits below), or is empty for rows known good.

For classes ``x0`` is a C-ordered [n, K] matrix, as are the gradient and, for order 2, the
probabilities; where a Hessian is more than these, columns of its slope and its bend follow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

__all__ = [
    "BAD_TARGET",
    "BAD_WEIGHT",
    "BLOCK",
    "FAR",
    "HUGE",
    "LANES",
    "ODD_RAW",
    "TINY",
    "Run",
    "Variant",
]

BLOCK = {"map": 2048, "classes": 256}
"""Rows whose losses are added up together: 16 KB of them stay in the nearest cache."""

LANES = 8

TINY, HUGE = 2.0**-1022, 1.7976931348623157e308  # the smallest normal float64 and the largest
FAR = 1e300  # beyond, derivatives are at their limits, and products with a hyperparameter overflow

BAD_TARGET = 1  # outside the support, or NaN
ODD_RAW = 2  # NaN (of classes), or NaN or infinite (of single raw predictions)
BAD_WEIGHT = 4  # negative, infinite or NaN

Run: TypeAlias = Callable[..., None]
KINDS = ("value", "value and gradient", "value, gradient and Hessian")


@dataclass(frozen=True, slots=True)
class Variant:
    """One kernel of a plan.

    Attributes
    ----------
    order : {0, 1, 2}
        How many derivatives.
    weighted : bool
        Whether there is a column of sample weights.
    constant : bool
        Whether the constant is added to the value.
    dtype : {"float64", "float32"}
        What is loaded and stored; everything is computed in float64.
    """

    order: int
    weighted: bool = False
    constant: bool = True
    dtype: str = "float64"

    @property
    def what(self) -> str:
        """What is computed, in words."""
        return KINDS[self.order] + (", weighted" if self.weighted else "")


def split(args: tuple[Any, ...], *sizes: int) -> list[tuple[Any, ...]]:
    """Cut a flat tuple of arguments into groups."""
    groups, start = [], 0
    for size in sizes:
        groups.append(args[start : start + size])
        start += size
    return groups
