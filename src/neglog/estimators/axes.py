"""Coefficients where the columns do not determine them: the shortest of all that predict the same.

Dummy columns of every level beside an intercept, more columns than rows, high powers of one column: many coefficients
then have the same likelihood, or the same to the digits of float64. A formula is refused, because its coefficients are
to be read; an estimator is asked to predict. So it fits on the principal axes of the rows, which are as well
conditioned as columns can be, and turns back. Of all coefficients that fit equally well these are the shortest, each
column measured in its own standard deviation, so that units do not matter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neglog._typing import Floats

__all__ = ["Axes"]

_EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class Axes:
    """The directions in which rows differ.

    Attributes
    ----------
    centre : ndarray of shape (p,)
        What is taken off each row: the mean with an intercept, else 0.
    turn : ndarray of shape (p, r)
        Centred rows times this are coordinates along the r axes, of (weighted) mean square 1.
    """

    centre: Floats
    turn: Floats

    @classmethod
    def of(cls, X: Floats, weights: Floats | None, *, centred: bool) -> Axes:
        """Find the axes of the rows of X; along the others rows differ by rounding only."""
        n, p = X.shape
        shares = np.full(n, 1.0 / n) if weights is None else weights / weights.sum()
        centre = shares @ X if centred else np.zeros(p)
        rows = (X - centre) * np.sqrt(shares)[:, None]
        spread = np.sqrt(np.square(rows).sum(axis=0))
        # What is left of a constant column is rounding, and gets no axis.
        counted = X[shares > 0]
        spread[spread <= 8 * _EPS * np.abs(counted).max(axis=0, initial=0.0)] = np.inf
        rows /= spread
        factor = np.asarray(np.linalg.qr(rows, mode="r")) if n > p else rows
        _, sizes, directions = np.linalg.svd(factor, full_matrices=False)
        kept = sizes > max(n, p) * _EPS * sizes.max(initial=0.0)
        return cls(centre, directions[kept].T / spread[:, None] / sizes[kept])

    @property
    def rank(self) -> int:
        """Number of axes."""
        return len(self.turn.T)

    def rows(self, X: Floats) -> Floats:
        """Return the coordinates of rows."""
        return np.ascontiguousarray((X - self.centre) @ self.turn)

    def back(self, coef: Floats, intercept: Floats) -> tuple[Floats, Floats]:
        """Return coefficients [k, p] and intercepts [k] of the columns from those of the axes."""
        slopes: Floats = coef @ self.turn.T
        return slopes, intercept - slopes @ self.centre
