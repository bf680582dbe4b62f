"""Collinear columns: which column of a design is a combination of earlier ones, in words.

The columns are scaled to length 1, then taken in the order of the formula; one whose part
orthogonal to the columns before it is (nearly) nothing depends on them. The work is done on the
triangular factor R of the design, X = Q R, which has the same dependences and only p rows. Most
designs do not need it: if the Cholesky factor of X'X has no small pivot, nothing depends.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neglog._typing import Floats

__all__ = ["Dependence", "dependences"]

EPS = float(np.finfo(np.float64).eps)
TOLERANCE = 1e-7  # its square, 1e-14, is about what a Hessian in float64 can tell from 0
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
        """Write ``x3 = 2*x1 + x2``, and to how many digits where it is not exact."""
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
        exact = self.remainder < 1e-12
        digits = "" if exact else f" (to {-math.log10(self.remainder):.0f} digits)"
        return f"{self.name} = {text}{digits}"


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
        Empty when the columns are independent to seven digits, which is what a Newton step in
        float64 needs.
    """
    if weights is not None and not weights.all():
        X = X[weights > 0]
    if _clearly_full(X):
        return ()
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
        # In unit lengths a factor is a share of the column; what may be rounding is left out.
        noise = 100 * EPS * (np.linalg.cond(unit[:, kept]) if kept else 1.0)
        combination = tuple(
            (names[k], float(factor * (lengths[j] * scale[j]) / (lengths[k] * scale[k])))
            for k, factor in zip(kept, factors, strict=True)
            if abs(factor) > noise
        )
        found.append(Dependence(j, name, combination, remainder))
    return tuple(found)


def _clearly_full(X: Floats) -> bool:
    """Say whether the columns are independent by a margin that X'X can show.

    A pivot of the scaled Gram matrix is the squared length of what the earlier columns leave of a
    column; X'X knows it up to rounding, so a pivot of 1e-10 is a length of 1e-5 for certain.
    """
    n, p = X.shape
    gram = np.zeros((p, p))
    with np.errstate(all="ignore"):
        for start in range(0, n, CHUNK_ROWS):
            part = X[start : start + CHUNK_ROWS]
            gram += part.T @ part
    lengths = np.sqrt(gram.diagonal())
    # Squares of very large or small numbers leave the range of float64.
    if not ((lengths > 1e-140) & (lengths < 1e140)).all():
        return False
    try:
        factor = np.linalg.cholesky(gram / np.outer(lengths, lengths))
    except np.linalg.LinAlgError:
        return False
    return bool(np.square(factor.diagonal()).min(initial=1.0) > 1e-10)


def _triangle(X: Floats, scale: Floats) -> Floats:
    """Return R of X / scale = Q R, chunk by chunk: the R of stacked R's is the R of the whole."""
    n, p = X.shape
    R: Floats = np.empty((0, p))
    for start in range(0, n, CHUNK_ROWS):
        stacked = np.concatenate([R, X[start : start + CHUNK_ROWS] / scale])
        R = np.asarray(np.linalg.qr(stacked, mode="r"))
    return R
