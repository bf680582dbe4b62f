"""What a solver sees: a function of a flat vector, its gradient and its curvature.

::

    J(theta) = sum_i w_i loss(y_i, raw_i(theta)) - log prior(theta)

The value is the weighted *sum* of complete losses, in nats, plus the exact negative log prior. A
solver that steps on the mean divides by ``weight``. Nothing here knows a family, a row or a thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from neglog._typing import Floats

__all__ = ["Curvature", "DenseCurvature", "Evaluation", "Objective"]


class Curvature(Protocol):
    """Second derivatives at one point.

    ``explicit`` says that the matrix is at hand, so that ``dense`` is free; without it ``matvec``
    is a pass over the rows and ``dense`` a longer one.
    """

    @property
    def explicit(self) -> bool:
        """Whether the matrix has been computed already."""
        ...

    def dense(self) -> Floats:
        """Return the symmetric matrix of second derivatives."""
        ...

    def matvec(self, vector: Floats) -> Floats:
        """Return the product of the matrix with a vector."""
        ...

    def diagonal(self) -> Floats:
        """Return the diagonal of the matrix."""
        ...


@dataclass(frozen=True, eq=False)
class DenseCurvature:
    """A curvature whose matrix is in memory."""

    matrix: Floats

    @property
    def explicit(self) -> bool:
        """Always true."""
        return True

    def dense(self) -> Floats:
        """Return the matrix itself, not a copy."""
        return self.matrix

    def matvec(self, vector: Floats) -> Floats:
        """Return the product of the matrix with a vector."""
        product: Floats = self.matrix @ vector
        return product

    def diagonal(self) -> Floats:
        """Return a copy of the diagonal."""
        return self.matrix.diagonal().copy()


@dataclass(frozen=True, eq=False)
class Evaluation:
    """An objective at one point, as far as it was asked for.

    Attributes
    ----------
    value : float
        Nats, summed over the rows, the prior included.
    gradient : ndarray of shape (size,)
        Empty when only the value was asked for (order 0).
    curvature : Curvature or None
        Present from order 2.
    """

    value: float
    gradient: Floats
    curvature: Curvature | None = None

    @property
    def finite(self) -> bool:
        """Whether the value and every entry of the gradient are finite numbers."""
        return bool(np.isfinite(self.value)) and bool(np.isfinite(self.gradient).all())


class Objective(Protocol):
    """The whole of what a solver may ask.

    ``weight`` is the sum of the row weights: the mean objective is the value divided by it.
    """

    @property
    def names(self) -> tuple[str, ...]:
        """One name for each entry of theta, for messages."""
        ...

    @property
    def weight(self) -> float:
        """The sum of the weights of the rows."""
        ...

    def evaluate(self, theta: Floats, order: int) -> Evaluation:
        """Return the value, from order 1 the gradient, from order 2 the curvature."""
        ...

    def locate(self, theta: Floats) -> str:
        """Say in words where the objective is not a finite number at theta."""
        ...
