"""Reading Parquet files: the size is checked before anything is unpacked."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from neglog.data.arrow import column_from_arrow
from neglog.data.memory import check_fits
from neglog.data.table import Column, Table
from neglog.data.words import quote
from neglog.errors import DataError

__all__ = ["MAGIC", "read_parquet"]

MAGIC = b"PAR1"
_PANDAS_INDEX = re.compile(r"__index_level_\d+__")


def read_parquet(path: Path, source: str) -> Table:
    """Read a Parquet file.

    Parameters
    ----------
    path : Path
        The file.
    source : str
        The file as messages call it.

    Raises
    ------
    DataError
        The file is damaged, holds no rows, or would not fit in memory.
    """
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(str(path)) as file:
            about = file.metadata
            # A few kilobytes can claim any number of rows: trust the larger of the two sizes.
            groups = range(about.num_row_groups)
            unpacked = sum(about.row_group(group).total_byte_size for group in groups)
            check_fits(max(unpacked, about.num_rows * about.num_columns), source)
            table = file.read()
        table.validate(full=True)
        names = table.column_names
    except DataError:
        raise
    except Exception as error:  # noqa: BLE001  # damaged files raise half a dozen kinds
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise DataError(
            f"{source} cannot be read as Parquet: {reason}. The file may be damaged or cut short; "
            "write it again, or export the data as CSV."
        ) from None
    notes = []
    index = [name for name in names if _PANDAS_INDEX.fullmatch(name)]
    if index and len(index) < len(names):
        table = table.drop_columns(index)
        notes.append(f"The row labels that pandas stored in {source} are left out.")
    for name in table.column_names:
        if table.column_names.count(name) > 1:
            raise DataError(f"{source} has two columns called {quote(name)}. Rename one of them.")
    if not table.num_rows:
        raise DataError(f"{source} has columns and no rows. Check that its export was complete.")

    def maker(position: int, name: str) -> Any:
        def make() -> Column:
            return column_from_arrow(name, table.column(position), source)

        return make

    makers = {name: maker(position, name) for position, name in enumerate(table.column_names)}
    return Table(source, makers, table.num_rows, notes=notes)
