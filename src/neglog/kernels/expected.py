"""`ExpectedKernel`: a kernel whose second derivative is the expected one, for the information of a fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from neglog._typing import Floats
from neglog.kernels.expectation import require_expectation
from neglog.kernels.kernel import Kernel

__all__ = ["ExpectedKernel"]


@dataclass(frozen=True)
class ExpectedKernel:
    """A kernel as an objective uses it, its Hessian replaced by its mean over the predicted law.

    Attributes
    ----------
    kernel : Kernel
        Value, gradient, and the law.

    Raises
    ------
    UsageError
        If the loss has no such mean.
    """

    kernel: Kernel

    def __post_init__(self) -> None:
        require_expectation(self.kernel.loss)

    @property
    def shape(self) -> str:
        """``"map"`` or ``"classes"``; of classes the observed Hessian is the expected one."""
        return self.kernel.shape

    @property
    def names(self) -> tuple[str, ...]:
        """The modelled parameters."""
        return self.kernel.names

    def columns(
        self, y: Floats, raws: Sequence[Floats], w: Floats | None, order: int
    ) -> tuple[Floats, Sequence[Floats], Sequence[Floats]]:
        """Return value, gradient columns and packed expected Hessian columns of a block of rows."""
        value, gradient, _ = self.kernel.columns(y, raws, w, min(order, 1))
        if order < 2:
            return value, gradient, []
        means = self.kernel.expected(y, raws)
        return value, gradient, means if w is None else [w * mean for mean in means]

    def classes(
        self, y: Floats, raw: Floats, w: Floats | None, order: int
    ) -> tuple[Floats, Floats, tuple[Floats, ...]]:
        """Return value, gradient and probabilities of a block of rows."""
        return self.kernel.classes(y, raw, w, order)

    def constant(self, y: Floats, w: Floats | None) -> float:
        """Return the weighted total of the terms that depend on the target alone."""
        return self.kernel.constant(y, w)
