"""Orthonormal polynomials over the values of a column, as R's `poly` has them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from neglog.data.table import FloatArray
from neglog.data.words import count
from neglog.errors import DataError

__all__ = ["Polynomial"]


@dataclass(frozen=True)
class Polynomial:
    """Polynomials of degree 1 to d that are orthonormal over the rows they were learnt from.

    With z = (x - center) / scale, the monic polynomials follow P_0 = 1, P_1 = z - a_0 and

        P_k+1 = (z - a_k) P_k - (n_k / n_k-1) P_k-1,

    a_k = sum z P_k^2 / n_k and n_k = sum P_k^2 over the rows; column k is P_k / sqrt(n_k).

    Parameters
    ----------
    center, scale : float
        Bring x to [-1, 1], where powers neither overflow nor vanish.
    shifts : tuple of float
        a_0 to a_d-1.
    norms : tuple of float
        n_0 to n_d.
    """

    center: float
    scale: float
    shifts: tuple[float, ...]
    norms: tuple[float, ...]

    @property
    def degree(self) -> int:
        """The highest degree."""
        return len(self.shifts)

    @classmethod
    def learn(cls, x: FloatArray, degree: int, name: str, place: str) -> Polynomial:
        """Return the polynomials of these values.

        Raises
        ------
        DataError
            There are not more distinct values than the degree, so a column would be zero.
        """
        distinct = len(np.unique(x))
        if distinct <= degree:
            raise DataError(
                f"{name} needs more than {degree} distinct values, and the rows used of {place} "
                f"hold {count(distinct, 'distinct value')}. Lower the degree, or use C(x) for "
                "categories."
            )
        with np.errstate(over="ignore", invalid="ignore"):
            center = float(np.mean(x))
            scale = float(np.max(np.abs(x - center)))
            z = (x - center) / scale
        before, current = np.zeros_like(z), np.ones_like(z)
        shifts: list[float] = []
        norms = [float(len(z))]
        for k in range(degree):
            shifts.append(float(np.sum(z * current**2)) / norms[k])
            ratio = norms[k] / norms[k - 1] if k else 0.0
            before, current = current, (z - shifts[k]) * current - ratio * before
            norms.append(float(np.sum(current**2)))
        if min(norms) < 1e-28 * norms[0]:
            raise DataError(
                f"{name} has no polynomial of degree {degree}: the values in the rows used of "
                f"{place} are too close together. Lower the degree."
            )
        return cls(center, scale, tuple(shifts), tuple(norms))

    def __call__(self, x: FloatArray) -> FloatArray:
        """Return the columns of degree 1 to d."""
        z = (x - self.center) / self.scale
        out = np.empty((len(z), self.degree))
        before, current = np.zeros_like(z), np.ones_like(z)
        for k in range(self.degree):
            ratio = self.norms[k] / self.norms[k - 1] if k else 0.0
            before, current = current, (z - self.shifts[k]) * current - ratio * before
            np.divide(current, math.sqrt(self.norms[k + 1]), out=out[:, k])
        return out

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON data."""
        return {
            "center": self.center,
            "scale": self.scale,
            "shifts": list(self.shifts),
            "norms": list(self.norms),
        }
