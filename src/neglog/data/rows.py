"""Missing values: which rows are complete, and what is said about the others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np

from neglog.data.table import Column, IntArray, Table
from neglog.data.words import count, listing, quote
from neglog.errors import DataError, MissingValuesError, UsageError, nearest

__all__ = ["Missing", "complete_rows", "dropped_note"]

Missing = Literal["drop", "error"]


def complete_rows(
    columns: Iterable[Column], table: Table, missing: str
) -> tuple[IntArray | None, dict[str, int]]:
    """Return the rows in which no column is missing, and how many values each column misses.

    Parameters
    ----------
    columns : iterable of Column
        The columns that are used; others have no say.
    table : Table
        Where they come from, for messages.
    missing : {"drop", "error"}
        Whether incomplete rows are left out, or are an error.

    Returns
    -------
    rows : ndarray of int64 or None
        The complete rows, counted from 0; None when all are.
    counts : dict of str to int
        For each column with missing values, how many.

    Raises
    ------
    MissingValuesError
        Values are missing and `missing` is ``"error"``.
    DataError
        No row is complete.
    """
    if missing not in ("drop", "error"):
        raise UsageError(
            f"missing={missing!r} is not known: it is 'drop' (leave incomplete rows out, and say "
            f"how many) or 'error'. {nearest(str(missing), ['drop', 'error'])}"
        )
    incomplete = None
    counts: dict[str, int] = {}
    for column in columns:
        found = column.missing_or_none
        if found is not None:
            counts[column.name] = column.n_missing
            incomplete = (
                found.copy()
                if incomplete is None
                else np.logical_or(incomplete, found, out=incomplete)
            )
    if incomplete is None:
        return None, counts
    if missing == "error":
        rows = [table.row(int(row)) for row in np.flatnonzero(incomplete)[:6]]
        total = int(np.count_nonzero(incomplete))
        raise MissingValuesError(
            f"Values are missing in {count(total, 'row')} of {table.place}: {_by_column(counts)}; "
            f"the first {'is' if total == 1 else 'are'} {listing(rows, limit=5)}. Fill them in, "
            "leave the columns out of the formula, or ask for missing='drop' to leave these rows "
            "out."
        )
    kept = np.flatnonzero(~incomplete)
    if not len(kept):
        raise DataError(
            f"No row of {table.place} is complete: of its {count(table.n_rows, 'row')} every one "
            f"misses a value the formula needs ({_by_column(counts)}). Leave the emptiest columns "
            "out of the formula."
        )
    return kept, counts


def dropped_note(counts: dict[str, int], dropped: int, table: Table) -> str:
    """Return the sentence that says how many rows were left out, and why."""
    return (
        f"{count(dropped, 'row')} of {table.n_rows:,} {'was' if dropped == 1 else 'were'} left "
        f"out because values are missing: {_by_column(counts)}."
    )


def _by_column(counts: dict[str, int]) -> str:
    most = sorted(counts.items(), key=lambda item: -item[1])
    return listing([f"{quote(name)} ({number:,})" for name, number in most], limit=6)
