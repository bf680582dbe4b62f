"""Categories: the levels seen when learning, and the position of each row's level among them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neglog.data.factors import Factor
from neglog.data.finite import Rows, check_finite
from neglog.data.table import Column, IntArray, Table
from neglog.data.words import listing, quote
from neglog.errors import DataError

__all__ = ["CategoryEncoder", "learn_category"]


@dataclass(frozen=True)
class CategoryEncoder:
    """Encodes categories: the position of each row's level.

    Parameters
    ----------
    factor : Factor
        The column, with ``C`` if the formula says so.
    kind : str
        Kind of the column: a number, text or boolean.
    levels : tuple
        The levels seen when learning, in order.
    base : int
        Position of the reference level.
    """

    factor: Factor
    kind: str
    levels: tuple[str | float | bool, ...]
    base: int = 0

    categorical = True

    def label(self, level: str | float | bool) -> str:
        """Return a level as coefficient names show it."""
        if isinstance(level, float):
            return str(int(level)) if level.is_integer() and abs(level) < 1e16 else repr(level)
        return str(level)

    def kept(self, full: bool) -> list[int]:
        """Return the positions of the levels that have a column."""
        return [index for index in range(len(self.levels)) if full or index != self.base]

    def names(self, full: bool) -> list[str]:
        """Return the names of the columns: ``g[b]`` in full coding, ``g[T.b]`` in reduced."""
        mark = "" if full else "T."
        return [f"{self.factor.name}[{mark}{self.label(self.levels[k])}]" for k in self.kept(full)]

    def bind(
        self, column: Column, table: Table, rows: IntArray | None
    ) -> Callable[[Rows], npt.NDArray[Any]]:
        """Return the function that gives the positions of the levels of given rows.

        Raises
        ------
        DataError
            A row holds a level that was not there when learning.
        """
        codes = self._codes(column)
        used = codes if rows is None else codes[rows]
        if len(used) and int(used.min()) < 0:
            at = int(np.argmax(used < 0))
            row = at if rows is None else int(rows[at])
            value = column.values[row]
            shown = self.label(float(value)) if self.kind == "number" else quote(value)
            known = [quote(self.label(level)) for level in self.levels]
            raise DataError(
                f"The value {shown} in {table.where(row, column.name)} was not among the data the "
                "model was fitted to, so it has no coefficient. The known levels are "
                f"{listing(known, limit=8)}. Correct the value, take the row out, or fit the "
                "model again with such rows."
            )
        return lambda take: codes[take]

    def _codes(self, column: Column) -> npt.NDArray[np.int64]:
        """Return the position of each row's level, -1 for one that is unknown or missing."""
        if self.kind == "text":
            position = {level: index for index, level in enumerate(self.levels)}
            table = np.array(
                [position.get(level, -1) for level in column.levels] + [-1], dtype=np.int64
            )
            codes: npt.NDArray[np.int64] = table[column.data]
            return codes
        # Sorted levels: numbers by size, False before True.
        levels = np.array(self.levels)
        nearby = np.searchsorted(levels, column.data)
        nearby[nearby == len(levels)] = 0
        return np.where(levels[nearby] == column.data, nearby, -1)

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON data."""
        return {"kind": self.kind, "levels": list(self.levels), "base": self.base, "category": True}


def learn_category(
    factor: Factor, column: Column, table: Table, rows: IntArray | None
) -> CategoryEncoder:
    """Return the encoder of a category: the levels in the given rows, and which one is the base.

    Raises
    ------
    DataError
        The formula names a reference level that is not there, or a number is infinite.
    """
    take: Rows = slice(None) if rows is None else rows
    data = column.data[take]
    levels: tuple[str | float | bool, ...]
    if column.kind == "text":
        seen = np.bincount(data, minlength=len(column.levels)) > 0
        levels = tuple(column.levels[index] for index in np.flatnonzero(seen))
    else:
        if column.kind == "number":
            check_finite(data, column, table, take)
        levels = tuple(np.unique(data).tolist())
    encoder = CategoryEncoder(factor, column.kind, levels)
    ref = factor.calls[-1].option if factor.calls else None
    if ref is None:
        return encoder
    matches = [
        index for index, level in enumerate(levels) if _same(ref, level, encoder.label(level))
    ]
    if not matches:
        known = [quote(encoder.label(level)) for level in levels]
        raise DataError(
            f"{factor.name} asks for the reference level {quote(ref)}, which column "
            f"{quote(column.name)} of {table.place} does not hold in the rows used. Its levels "
            f"are {listing(known, limit=8)}."
        )
    return CategoryEncoder(factor, column.kind, levels, matches[0])


def _same(ref: object, level: object, label: str) -> bool:
    if isinstance(ref, (int, float)) and not isinstance(ref, bool):
        return (isinstance(level, float) and level == ref) or label == str(ref)
    return label == str(ref)
