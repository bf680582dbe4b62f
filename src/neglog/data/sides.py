"""The left side of a formula: one column, or the columns of a target that is more than one number.

``k | n`` is k successes of n trials, ``Interval(lo, hi)`` a number known up to its ends, ``Event(time, died)`` a time
and whether the event was seen then.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neglog.data.factors import is_plain
from neglog.data.table import Column, FloatArray, IntArray, Table
from neglog.data.words import quote
from neglog.errors import DataError, MissingValuesError

__all__ = ["CALLED", "Side", "side_values"]

CALLED = {"Interval": "Interval(lo, hi)", "Event": "Event(time, died)"}
"""The sides that are written as a call, each with an example."""

_ROLES = {
    "CountOf": ("successes", "trials"),
    "Interval": ("lower end", "upper end"),
    "Event": ("time", "event"),
}
_MAY_BE_TRUE = {("CountOf", 0), ("Event", 1)}
_WANTED = {
    "CountOf": "whole numbers, the successes and the trials of each row",
    "Interval": "numbers, the ends between which the target lies (inf or -inf where it is open)",
    "Event": "a time, and 1 (or true) where the event was seen then, 0 (or false) where it had not happened yet",
}
_IF_MISSING = {
    "CountOf": "Fill it in, or leave the row out: a row without its counts says nothing",
    "Interval": "Write inf (or -inf) where the interval has no end on that side, and leave rows out of which nothing "
    "is known",
    "Event": "Fill it in, or leave the row out; a row whose event was not seen has the time until which it was "
    "followed, and the event 0",
}


@dataclass(frozen=True)
class Side:
    """The target as a formula writes it.

    Parameters
    ----------
    kind : str
        ``"column"``, or the support it stands for: ``"CountOf"``, ``"Interval"``, ``"Event"``.
    columns : tuple of str
        The columns it is made of, in the order of the fields.
    """

    kind: str
    columns: tuple[str, ...]

    @property
    def fields(self) -> bool:
        """Whether a target is more than one number."""
        return self.kind != "column"

    @property
    def roles(self) -> tuple[str, ...]:
        """What each column holds, in words."""
        return _ROLES.get(self.kind, ("target",))

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The columns that must not predict; the number of trials may."""
        return self.columns[:1] if self.kind == "CountOf" else self.columns

    @property
    def name(self) -> str:
        """The target as the formula has it; the bare name of a single column."""
        if not self.fields:
            return self.columns[0]
        first, second = (name if is_plain(name) else f"`{name}`" for name in self.columns)
        return (
            f"{first} | {second}" if self.kind == "CountOf" else f"{self.kind}({first}, {second})"
        )


def side_values(
    side: Side, columns: tuple[Column, ...], table: Table, kept: IntArray | None
) -> FloatArray:
    """Return the columns of a target with fields as numbers, one column a field.

    Parameters
    ----------
    side : Side
        What the formula says.
    columns : tuple of Column
        The columns.
    table : Table
        Where they come from, for messages.
    kept : ndarray of int64 or None
        The rows that are used; all if None.

    Returns
    -------
    ndarray of float64, [n, m]
        In Fortran order; ends of intervals may be infinite.

    Raises
    ------
    MissingValuesError
        A value is missing: of such a target that may mean something, so no row is left out in silence.
    DataError
        A column holds something else than numbers.
    """
    rows = np.arange(table.n_rows) if kept is None else kept
    values = np.empty((len(rows), len(columns)), order="F")
    for place, (column, role) in enumerate(zip(columns, side.roles, strict=True)):
        _require_kind(side, place, column, table)
        missing = column.missing_or_none
        if missing is not None and bool(missing[rows].any()):
            at = int(rows[int(np.argmax(missing[rows]))])
            others = int(np.count_nonzero(missing[rows])) - 1
            more = f" It is missing in {others:,} other rows too." if others else ""
            raise MissingValuesError(
                f"The {role} is missing in {table.where(at, column.name)}, which the target {quote(side.name)} needs."
                f"{more} {_IF_MISSING[side.kind]}."
            )
        values[:, place] = column.data[rows]
    return values


def _require_kind(side: Side, place: int, column: Column, table: Table) -> None:
    if column.kind == "number" or (column.kind == "boolean" and (side.kind, place) in _MAY_BE_TRUE):
        return
    if column.n_missing == len(column):
        return  # a column without a single value has no kind of its own
    at = int(np.argmin(column.missing))
    what = "text" if column.kind == "text" else "true and false"
    raise DataError(
        f"Column {quote(column.name)} of {table.place} holds {what} ({quote(column.values[at])} in {table.row(at)}), "
        f"but the target {quote(side.name)} is made of {_WANTED[side.kind]}. Make it so, or name another column."
    )
