"""A table: named columns of numbers, text or booleans, and where they came from.

Whatever was read - a file, a data frame, a dict of arrays - becomes a `Table`. A column is
converted when it is asked for, so a date that no formula mentions is no error, and a wide file
costs only what is used.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from neglog.data.words import quote
from neglog.errors import DataError, nearest

__all__ = ["BoolArray", "Column", "FloatArray", "IntArray", "Kind", "Table"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Kind = Literal["number", "text", "boolean"]


@dataclass(frozen=True, eq=False)
class Column:
    """One column of a table.

    Parameters
    ----------
    name : str
        Its name in the table.
    kind : {"number", "text", "boolean"}
        What it holds. Text and booleans are categories by themselves.
    data : ndarray
        How it is stored: numbers as float64 with NaN where missing, booleans as bool, text as the
        position of each value in `levels`, -1 where missing.
    levels : tuple of str
        Text only: its distinct values, sorted (or in the order a categorical type declared).
    mask : ndarray of bool, optional
        Booleans only: where values are missing; None when nowhere.
    notes : tuple of str
        What a user of this column should be told, as sentences.
    ordered : bool
        Text only: whether a categorical type declared the order of `levels`.
    """

    name: str
    kind: Kind
    data: npt.NDArray[Any]
    levels: tuple[str, ...] = ()
    mask: BoolArray | None = None
    notes: tuple[str, ...] = ()
    ordered: bool = False

    def __len__(self) -> int:
        return len(self.data)

    @cached_property
    def values(self) -> npt.NDArray[Any]:
        """The values: float64, bool, or an object array of str with None where missing."""
        if self.kind != "text":
            return self.data
        # One slot more than there are levels, so that the code -1 finds the missing value.
        table = np.empty(len(self.levels) + 1, dtype=object)
        table[: len(self.levels)] = self.levels
        values: npt.NDArray[Any] = table[self.data]
        return values

    @property
    def missing(self) -> BoolArray:
        """Where values are missing."""
        found = self.missing_or_none
        return np.zeros(len(self), dtype=np.bool_) if found is None else found

    @cached_property
    def missing_or_none(self) -> BoolArray | None:
        """Where values are missing, or None when there is no missing value."""
        if self.kind == "boolean":
            mask = self.mask
        elif self.kind == "text":
            mask = self.data < 0
        else:
            mask = np.isnan(self.data)
        return mask if mask is not None and bool(mask.any()) else None

    @property
    def n_missing(self) -> int:
        """How many values are missing."""
        found = self.missing_or_none
        return 0 if found is None else int(np.count_nonzero(found))

    @cached_property
    def integer(self) -> bool:
        """Whether this is a column of numbers and all that are not missing are whole."""
        if self.kind != "number":
            return False
        # The first value settles most columns of measurements.
        head = self.data[:1000]
        for part in (head, self.data):
            whole = (part == np.floor(part)) & np.isfinite(part)
            if not bool((whole | np.isnan(part)).all()):
                return False
        return not bool(np.isnan(self.data).all())

    def renamed(self, name: str) -> Column:
        """Return the same column under another name."""
        return replace(self, name=name)


class Table:
    """Named columns of equal length, in their order in the source.

    Parameters
    ----------
    source : str
        What was read, as messages call it: ``passed.csv``, ``pandas DataFrame``.
    columns : mapping of str to callable
        For each name, what makes the `Column`; called when the column is asked for.
    n_rows : int
        Number of rows.
    notes : sequence of str
        What reading did that a user should know, as sentences.
    first_line : int, optional
        The line of the file that holds the first row, when one row is one line.
    place : str, optional
        The source as it stands in a sentence (``the pandas DataFrame``); `source` by default.
    """

    def __init__(
        self,
        source: str,
        columns: Mapping[str, Callable[[], Column]],
        n_rows: int,
        *,
        notes: Sequence[str] = (),
        first_line: int | None = None,
        place: str | None = None,
    ) -> None:
        self.source = source
        self.place = place or source
        self.n_rows = n_rows
        self.notes = tuple(notes)
        self._columns = dict(columns)
        self._first_line = first_line
        self._made: dict[str, Column] = {}

    @classmethod
    def of(cls, source: str, columns: Sequence[Column], *, notes: Sequence[str] = ()) -> Table:
        """Return a table of columns that exist already."""

        def maker(column: Column) -> Callable[[], Column]:
            return lambda: column

        rows = len(columns[0]) if columns else 0
        return cls(source, {c.name: maker(c) for c in columns}, rows, notes=notes)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in the order of the source."""
        return tuple(self._columns)

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def __len__(self) -> int:
        return self.n_rows

    def __repr__(self) -> str:
        return f"<Table {self.source}: {self.n_rows:,} rows, {len(self._columns):,} columns>"

    def resolve(self, name: str) -> str:
        """Return the column's name as the table spells it.

        The same word can be stored with composed or with combining accents, and look the same on
        every screen; a name that differs only in that is found.

        Raises
        ------
        DataError
            There is no such column; the message offers the nearest name.
        """
        if name in self._columns:
            return name
        wanted = unicodedata.normalize("NFC", name)
        same = [known for known in self._columns if unicodedata.normalize("NFC", known) == wanted]
        if len(same) == 1:
            return same[0]
        raise DataError(
            f"There is no column {quote(name)} in {self.place}. {nearest(name, self._columns)}"
        )

    def column(self, name: str) -> Column:
        """Return one column.

        Parameters
        ----------
        name : str
            Its name.

        Raises
        ------
        DataError
            There is no such column, or it holds something no model can use: dates, lists, objects.
        """
        name = self.resolve(name)
        if name in self._made:
            return self._made[name]
        column = self._columns[name]()
        if column.kind != "number":
            # Numbers cost little to make again (nothing, for arrays of float64), and keeping them
            # would hold the whole file in memory a second time.
            self._made[name] = column
        return column

    def row(self, row: int) -> str:
        """Return the words for a row, counted from 0 here, from 1 there: ``row 17 (line 18)``."""
        words = f"row {row + 1:,}"
        if self._first_line is not None:
            words += f" (line {row + self._first_line:,})"
        return words

    def where(self, row: int, column: str | None = None) -> str:
        """Return the words that say where a value is: ``row 17 (line 18), column 'age' of ...``.

        Parameters
        ----------
        row : int
            Position of the row, counted from 0; the words count from 1.
        column : str, optional
            Name of the column.
        """
        words = self.row(row)
        if column is not None:
            words += f", column {quote(column)}"
        return f"{words} of {self.place}"
