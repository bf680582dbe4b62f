"""What an objective asks of a kernel: losses of a block of rows, with derivatives.

Two shapes. *map*: k raw predictions a row, each its own contiguous column. *classes*: K scores a
row in one C-ordered matrix; the Hessian of a row is ``w (diag(p) - p p')``, so only p is returned, or
``w (a (diag(p) - p p') + b u u')`` with u = p minus 1 at the class observed: then a and b too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from neglog._typing import Floats

__all__ = ["RowKernel"]


class RowKernel(Protocol):
    """A loss that can be evaluated on a block of rows; arrays are contiguous float64.

    The weights are multiplied into the value, the gradient and the Hessian, not into the
    factors of a Hessian of classes. Values leave out what depends on the target alone; ``constant`` is its total.
    """

    @property
    def shape(self) -> str:
        """``"map"`` or ``"classes"``."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """The modelled parameters, in the order of the raw predictions."""
        ...

    def columns(
        self, y: Floats, raws: Sequence[Floats], w: Floats | None, order: int
    ) -> tuple[Floats, Sequence[Floats], Sequence[Floats]]:
        """Return value, gradient columns and packed Hessian columns (0,0), (0,1), ..., (1,1)."""
        ...

    def classes(
        self, y: Floats, raw: Floats, w: Floats | None, order: int
    ) -> tuple[Floats, Floats, Sequence[Floats]]:
        """Return value [b], gradient [b, K] and probabilities [b, K], perhaps with a [b] and b [b]."""
        ...

    def constant(self, y: Floats, w: Floats | None) -> float:
        """Return the weighted total of the terms that depend on the target alone."""
        ...
