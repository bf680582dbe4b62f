"""Collinear columns: which column of a design is a combination of earlier ones, in words.

The columns are scaled to length 1, then taken in the order of the formula; one whose part
orthogonal to the columns before it is (nearly) nothing depends on them. The work is done on the
triangular factor R of the design, X = Q R, which has the same dependences and only p rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neglog.objectives.objective import Floats

__all__ = ["Dependence", "dependences"]

TOLERANCE = 1e-8  # the square of this is the rounding of a Hessian in float64
CHUNK_ROWS = 8192


@dataclass(frozen=True)
class Dependence:
    """A column that the columns before it determine.

    Attributes
    ----------
    index : int
        Its place in the design.
    name : str
        Its name.
    combination : tuple of (str, float)
        The columns and factors it is made of; empty for a column of zeros.
    remainder : float
        Length of what they leave unexplained, relative to the length of the column.
    """

    index: int
    name: str
    combination: tuple[tuple[str, float], ...]
    remainder: float

    def __str__(self) -> str:
        """Write ``x3 = 2*x1 + x2``."""
        if not self.combination:
            return f"{self.name} = 0"
        text = ""
        for name, factor in self.combination:
            sign = ("-" if factor < 0 else "") if not text else (" - " if factor < 0 else " + ")
            size = f"{abs(factor):.6g}"
            if name == "Intercept":
                text += f"{sign}{size}"
            else:
                text += f"{sign}{name}" if size == "1" else f"{sign}{size}*{name}"
        return f"{self.name} = {text}"


def dependences(
    X: Floats, names: tuple[str, ...], weights: Floats | None = None
) -> tuple[Dependence, ...]:
    """Find the columns of a design that are linear combinations of earlier columns.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        The design.
    names : tuple of str
        Names of its columns.
    weights : ndarray of shape (n,), optional
        Rows of weight 0 do not count.

    Returns
    -------
    tuple of Dependence
        Empty when the columns are independent to eight digits, which is what a Newton step in
        float64 needs.
    """
    if weights is not None and not weights.all():
        X = X[weights > 0]
    peaks = np.abs(X).max(axis=0, initial=0.0)
    scale = np.where(peaks > 0, peaks, 1.0)
    R = _triangle(X, scale)
    lengths = np.sqrt(np.square(R).sum(axis=0))
    unit = R / np.where(lengths > 0, lengths, 1.0)
    kept: list[int] = []
    basis: npt.NDArray[np.float64] = np.empty((R.shape[0], 0))
    found: list[Dependence] = []
    for j, name in enumerate(names):
        rest = unit[:, j]
        for _ in range(2):  # twice is enough: the first pass leaves rounding of its own
            rest = rest - basis @ (basis.T @ rest)
        remainder = float(np.linalg.norm(rest))
        if remainder > TOLERANCE:
            kept.append(j)
            basis = np.column_stack([basis, rest / remainder])
            continue
        factors = np.linalg.lstsq(unit[:, kept], unit[:, j], rcond=None)[0]
        # A factor is a share of the column in unit lengths; what is only rounding is left out.
        combination = tuple(
            (names[k], float(factor * (lengths[j] * scale[j]) / (lengths[k] * scale[k])))
            for k, factor in zip(kept, factors, strict=True)
            if abs(factor) > 1e-6
        )
        found.append(Dependence(j, name, combination, remainder))
    return tuple(found)


def _triangle(X: Floats, scale: Floats) -> Floats:
    """Return R of X / scale = Q R, chunk by chunk: the R of stacked R's is the R of the whole."""
    n, p = X.shape
    R: Floats = np.empty((0, p))
    for start in range(0, n, CHUNK_ROWS):
        stacked = np.concatenate([R, X[start : start + CHUNK_ROWS] / scale])
        R = np.asarray(np.linalg.qr(stacked, mode="r"))
    return R
