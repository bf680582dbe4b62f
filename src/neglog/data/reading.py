"""`read`: one verb for whatever holds the data."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neglog.data.frames import kind_of, read_frame, read_mapping
from neglog.data.memory import check_fits
from neglog.data.table import Table
from neglog.data.words import quote, shorten
from neglog.errors import DataError, UsageError, nearest

__all__ = ["read"]

_TEXT = {".csv": False, ".txt": False, ".tsv": True, ".tab": True}
_PARQUET = {".parquet", ".pq"}


def read(source: Any) -> Table:
    """Read data from a file, a data frame, or a dict of arrays.

    Parameters
    ----------
    source : str, Path, data frame, mapping or Table
        The path of a ``.csv``, ``.tsv`` or ``.parquet`` file; a data frame of pandas, polars,
        pyarrow or any library narwhals knows; a mapping of names to arrays or lists; a `Table`,
        which is returned as it is.

    Returns
    -------
    Table
        The columns, in the order of the source.

    Raises
    ------
    DataError
        The file is missing, unreadable, empty or damaged; the message says where and what to do.
    UsageError
        The argument is nothing that data can be read from.

    Examples
    --------
    >>> table = read({"passed": [True, False, True], "hours": [1.5, 0.5, None]})
    >>> table.names, table.n_rows, table.column("hours").n_missing
    (('passed', 'hours'), 3, 1)
    """
    if isinstance(source, Table):
        return source
    if isinstance(source, (str, os.PathLike)):
        return _file(os.fspath(source))
    if isinstance(source, Mapping):
        return read_mapping(source)
    if not isinstance(source, (list, tuple, np.ndarray, bytes, int, float)) and source is not None:
        table = read_frame(source)
        if table is not None:
            return table
    raise UsageError(
        f"Data cannot be read from {kind_of(source)}. Give the path of a CSV or Parquet file, a "
        "data frame (pandas, polars, pyarrow), or a dict of arrays such as "
        "{'x': [1, 2], 'y': [3, 4]}."
    )


def _file(name: Any) -> Table:
    """Read a file, after the questions a path can fail."""
    if not isinstance(name, str) or not name.strip() or "\0" in name:
        raise DataError(
            f"{quote(str(name))} is no path of a file. Give the path of a CSV or Parquet file."
        )
    path = Path(name).expanduser()
    source = shorten(name, 200)
    if "://" in name:
        raise DataError(
            f"{source} is an address, not a file. Download it, then give the path of the file."
        )
    try:
        if path.is_dir():
            raise DataError(
                f"{source} is a folder, not a file. Give the path of one CSV or Parquet file in it."
            )
        if not path.exists():
            raise DataError(_absent(path, source))
        if not path.is_file():
            raise DataError(
                f"{source} is not a regular file. Save the data to a file and give its path."
            )
        with path.open("rb") as file:
            head = file.read(4)
        check_fits(path.stat().st_size, source)
        return _by_kind(path, source, head)
    except DataError:
        raise
    except PermissionError:
        raise DataError(
            f"{source} cannot be opened: permission denied. Ask for the right to read it, or copy "
            "it to a place you own."
        ) from None
    except OSError as error:
        raise DataError(
            f"{source} cannot be opened: {error.strerror or error}. Check the path and the disk."
        ) from None


def _by_kind(path: Path, source: str, head: bytes) -> Table:
    from neglog.data.csv_file import read_csv
    from neglog.data.parquet_file import MAGIC, read_parquet

    suffix = path.suffix.lower()
    # What a file holds outranks what it is called.
    if head == MAGIC:
        return read_parquet(path, source)
    if suffix in _PARQUET:
        size = path.stat().st_size
        what = "is empty" if not size else "is no Parquet file: it does not begin with 'PAR1'"
        raise DataError(f"{source} {what}. Write it again, or export the data as CSV.")
    if suffix not in _TEXT:
        raise DataError(
            f"{source} ends in {quote(suffix) if suffix else 'no suffix'}, which is no kind of "
            f"file neglog reads. It reads {', '.join(sorted(_TEXT))} (text with a header line) "
            "and .parquet; export the data as one of these, or rename the file."
        )
    return read_csv(path, source, tabs=_TEXT[suffix])


def _absent(path: Path, source: str) -> str:
    message = f"There is no file {quote(source)}"
    folder = path.parent
    if not folder.is_dir():
        return f"{message}, and no folder {quote(str(folder))}. Check the path."
    try:
        beside = [entry.name for entry in folder.iterdir() if entry.is_file()]
    except OSError:
        beside = []
    kinds = set(_TEXT) | _PARQUET
    tables = sorted(entry for entry in beside if Path(entry).suffix.lower() in kinds)
    hint = nearest(path.name, tables) if tables else "Check the path."
    if hint.startswith("Known"):
        hint = (
            f"The folder holds {', '.join(map(quote, tables[:5]))}{', ...' if tables[5:] else ''}."
        )
    return f"{message}. {hint}"
