"""Rows of a block, and the search for an infinite value among their numbers."""

from __future__ import annotations

import numpy as np

from neglog.data.table import Column, FloatArray, IntArray, Table
from neglog.errors import DataError

__all__ = ["Rows", "check_finite", "row_of", "sum_is_finite"]

Rows = slice | IntArray
"""Some rows of a table: a range, or positions."""


def sum_is_finite(x: FloatArray) -> bool:
    """Whether the sum is finite: then every entry is, and it is much faster to see."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(np.sum(x)))


def check_finite(x: FloatArray, column: Column, table: Table, take: Rows) -> None:
    """Raise if a number is infinite, and say in which row."""
    if sum_is_finite(x):
        return
    finite = np.isfinite(x)
    if not bool(finite.all()):
        at = int(np.argmin(finite))
        raise DataError(
            f"There is an infinite value in {table.where(row_of(take, at), column.name)}: no "
            "model can use it. It may stand for a division by zero or a number too large. Correct "
            "it, or leave the cell empty."
        )


def row_of(take: Rows, at: int) -> int:
    """Return the row of the table that stands at a position of a block."""
    return (take.start or 0) + at if isinstance(take, slice) else int(take[at])
