"""Tables to CSV text, and text to a file that is never half written."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

from neglog._folders import write_atomically
from neglog.data.table import Column, Table
from neglog.data.words import quote
from neglog.errors import DataError

__all__ = ["csv_text", "write_text"]


def csv_text(table: Table) -> str:
    """Return a table as CSV: shortest numbers that read back the same, missing cells empty."""
    cells = [_cells(table.column(name)) for name in table.names]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(table.names)
    writer.writerows(zip(*cells, strict=True))
    return out.getvalue()


def _cells(column: Column) -> list[str]:
    missing = column.missing.tolist()
    if column.kind == "number":
        # A column of whole numbers is written without ".0"; elsewhere 2.0 says it is a measurement.
        form = (lambda v: str(int(v))) if column.integer else repr
        return [
            form(v) if not gone else ""
            for v, gone in zip(column.values.tolist(), missing, strict=True)
        ]
    if column.kind == "boolean":
        return [
            "" if gone else str(v).lower()
            for v, gone in zip(column.values.tolist(), missing, strict=True)
        ]
    return ["" if v is None else v for v in column.values.tolist()]


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write text to a file in UTF-8: the whole of it, or nothing.

    Raises
    ------
    DataError
        The file cannot be written.
    """
    try:
        write_atomically(Path(path).expanduser(), text.encode("utf-8"))
    except OSError as error:
        raise DataError(
            f"The file {quote(str(path))} cannot be written: {error.strerror or error}. Check that "
            "its folder exists, may be written to, and has room."
        ) from None
