"""What a kernel returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from neglog._typing import AnyArray, Floats
from neglog.errors import UsageError

__all__ = ["ClassHessian", "Evaluation", "others"]

_LARGEST_DENSE = 50_000_000  # entries: 400 MB


class Evaluation(NamedTuple):
    """Value, gradient and Hessian of a loss, row by row, weights multiplied in.

    Attributes
    ----------
    value : ndarray of shape (n,), or float
        The loss.
    gradient : ndarray of shape (n,), (n, k) or (n, K), or None
        In the raw prediction(s); None where only order 0 was asked for.
    hessian : ndarray of shape (n,) or (n, k(k+1)/2), ClassHessian, or None
        Second derivatives in the raw predictions, upper triangle packed (0,0), (0,1), ..., (1,1).
    """

    value: Any
    gradient: Any = None
    hessian: Any = None


@dataclass(frozen=True, eq=False)
class ClassHessian:
    """The Hessian of each row as factors, never an [n, K, K] array.

    Of cross-entropy and label smoothing it is ``w (diag(p) - p p')``. Of other losses of classes, with u_k the
    probabilities minus 1 at class k, it is ``w (a (diag(p) - p p') + sum_k b_k u_k u_k')``.

    Attributes
    ----------
    probabilities : ndarray of shape (n, K)
        The probabilities of the classes.
    weight : ndarray of shape (n,), optional
        The sample weights.
    slope : ndarray of shape (n,), optional
        a; 1 where there is none.
    bend : ndarray of shape (n, K), optional
        b, which is 0 but at the class observed unless targets are soft; 0 where there is none.
    """

    probabilities: AnyArray
    weight: AnyArray | None = None
    slope: AnyArray | None = None
    bend: AnyArray | None = None

    def dense(self) -> Floats:
        """Return the matrices, [n, K, K]; for a few rows.

        Raises
        ------
        UsageError
            If they would take more than 400 MB.
        """
        n, K = self.probabilities.shape
        if n * K * K > _LARGEST_DENSE:
            raise UsageError(
                f"The dense Hessians of {n} rows and {K} classes have {n * K * K} entries. "
                "Use matvec, diagonal or the probabilities."
            )
        p = np.asarray(self.probabilities, dtype=np.float64)
        matrices = -p[:, :, None] * p[:, None, :]
        matrices[:, np.arange(K), np.arange(K)] = p * others(p)
        if self.slope is not None:
            matrices *= np.asarray(self.slope, dtype=np.float64)[:, None, None]
        if self.bend is not None:
            for k in np.flatnonzero(self.bend.any(axis=0)):
                pull = p.copy()
                pull[:, k] = -others(p)[:, k]
                bent = np.asarray(self.bend[:, k], dtype=np.float64)[:, None] * pull
                matrices += bent[:, :, None] * pull[:, None, :]
        return self._weighted(matrices)

    def diagonal(self) -> Floats:
        """Return the diagonals, [n, K]: w p_k (1 - p_k) of cross-entropy."""
        p = np.asarray(self.probabilities, dtype=np.float64)
        diagonal = p * others(p)
        if self.slope is not None:
            diagonal = np.asarray(self.slope, dtype=np.float64)[:, None] * diagonal
        if self.bend is not None:
            b = np.asarray(self.bend, dtype=np.float64)
            diagonal = diagonal + p * p * others(b) + b * others(p) ** 2
        return self._weighted(diagonal)

    def matvec(self, vector: AnyArray) -> Floats:
        """Return the product of each row's matrix with a row of `vector`, [n, K]."""
        p = np.asarray(self.probabilities, dtype=np.float64)
        moves = vector - (p * vector).sum(axis=1, keepdims=True)
        share = p if self.slope is None else np.asarray(self.slope, dtype=np.float64)[:, None] * p
        product = share * moves
        if self.bend is not None:
            bent = np.asarray(self.bend, dtype=np.float64) * moves
            product += bent - p * bent.sum(axis=1, keepdims=True)
        return self._weighted(product)

    def _weighted(self, rows: Floats) -> Floats:
        if self.weight is None:
            return rows
        weight = np.asarray(self.weight, dtype=np.float64)
        return np.asarray(rows * weight.reshape(-1, *[1] * (rows.ndim - 1)))


def others(p: Floats) -> Floats:
    """Return 1 - p as the sum of the other probabilities, which keeps its digits where p is near 1."""
    others = np.zeros_like(p)
    others[:, 1:] = np.cumsum(p[:, :-1], axis=1)
    others[:, :-1] += np.cumsum(p[:, :0:-1], axis=1)[:, ::-1]
    return others
