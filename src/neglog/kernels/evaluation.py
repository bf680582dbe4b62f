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
    """The Hessian of each row as factors: ``w (diag(p) - p p')``, never an [n, K, K] array.

    Attributes
    ----------
    probabilities : ndarray of shape (n, K)
        The probabilities of the classes.
    weight : ndarray of shape (n,), optional
        The sample weights.
    """

    probabilities: AnyArray
    weight: AnyArray | None = None

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
        return self._weighted(matrices)

    def diagonal(self) -> Floats:
        """Return w p_k (1 - p_k), [n, K]."""
        p = np.asarray(self.probabilities, dtype=np.float64)
        return self._weighted(p * others(p))

    def matvec(self, vector: AnyArray) -> Floats:
        """Return the product of each row's matrix with a row of `vector`, [n, K]."""
        p = np.asarray(self.probabilities, dtype=np.float64)
        mean = (p * vector).sum(axis=1, keepdims=True)
        return self._weighted(p * (vector - mean))

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
