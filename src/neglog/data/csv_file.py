"""Reading CSV and TSV files: Arrow parses, we look first and say what is wrong where."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neglog.data.arrow import column_from_arrow
from neglog.data.table import Column, Table
from neglog.data.text import NUMBER
from neglog.data.words import count, listing, quote
from neglog.errors import DataError

__all__ = ["read_csv"]

_BLOCK = 1 << 24
_MISSING = ["", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "-NaN", "-nan", "NULL", "Null", "null"]
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}


@dataclass(frozen=True)
class _Look:
    """What one pass over the bytes of a file shows before it is parsed."""

    header: str
    quotes: int
    lines: int | None
    """Lines up to the last one that is not blank; None when lines end in a bare carriage return."""


def read_csv(path: Path, source: str, *, tabs: bool) -> Table:
    """Read a file of separated values with a header line, in UTF-8.

    Parameters
    ----------
    path : Path
        The file.
    source : str
        The file as messages call it.
    tabs : bool
        Whether the file's name says that tabs separate the fields.

    Raises
    ------
    DataError
        The file is empty, is not text in UTF-8, or its rows do not fit its header.
    """
    look = _look(path, source)
    separator, notes = _separator(look.header, source, tabs)
    table = _parse(path, source, separator, look)
    names = [name.strip() for name in table.column_names]
    table = table.rename_columns(names)
    table, left_out = _without_row_numbers(table, source)
    notes += left_out
    _check_names(table.column_names, source)
    if not table.num_rows:
        raise DataError(
            f"{source} has a header ({count(len(names), 'column')}: {listing(names)}) and no rows. "
            "A row is a line below the header; check that the export of the data was complete."
        )
    one_line_each = look.lines is not None and look.quotes == 0
    blank = look.lines - 1 - table.num_rows if one_line_each and look.lines is not None else 0
    if blank:
        notes.append(f"{count(blank, 'blank line')} of {source} {_were(blank)} skipped.")
    if look.quotes % 2:
        _check_last_row(table, source)

    def maker(index: int, name: str) -> Any:
        def make() -> Column:
            return column_from_arrow(name, table.column(index), source, from_text=True)

        return make

    makers = {name: maker(index, name) for index, name in enumerate(table.column_names)}
    first_line = 2 if one_line_each and not blank else None
    return Table(source, makers, table.num_rows, notes=notes, first_line=first_line)


def _were(number: int) -> str:
    return "was" if number == 1 else "were"


def _look(path: Path, source: str) -> _Look:
    """Read the file once: is it text, in UTF-8, how many lines, what is in the first one."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    head = b""
    lines = quotes = size = trailing = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            if not size:
                head = block
                _check_magic(block, source)
            if b"\0" in block:
                raise DataError(
                    f"{source} is not a text file: byte {size + block.index(0) + 1:,} is zero, "
                    "which no CSV holds. Give a CSV, TSV or Parquet file, or export the data as "
                    "one."
                )
            try:
                # Almost every file is plain ASCII, and that test is much faster than decoding.
                if not block.isascii() or decoder.getstate()[0]:
                    decoder.decode(block)
            except UnicodeDecodeError as error:
                at = error.start
                line = lines + error.object[:at].count(b"\n") + 1
                raise DataError(
                    f"{source} is not in UTF-8: line {line:,} holds the byte "
                    f"0x{error.object[at]:02x} where text was expected. It was probably saved in "
                    "an older encoding (Latin-1, Windows-1252, GBK); save it as UTF-8 (in Excel: "
                    "'CSV UTF-8')."
                ) from None
            lines += block.count(b"\n")
            quotes += block.count(b'"')
            size += len(block)
            end = block.rstrip(b"\r\n")
            blank_end = block[len(end) :].count(b"\n")
            trailing = blank_end if end else trailing + blank_end
    if decoder.getstate()[0]:
        raise DataError(
            f"{source} is cut short: it ends in the middle of a character. Export it again."
        )
    if not size or not head.strip(b"\xef\xbb\xbf \t\r\n"):
        raise DataError(
            f"{source} is empty: it holds no header and no rows. Check the path, and that what "
            "wrote the file finished."
        )
    header = re.split(rb"[\r\n]", head.lstrip(b"\xef\xbb\xbf").lstrip(b"\r\n"), maxsplit=1)[0]
    bare = lines == 0 and b"\r" in head
    # Newlines at the very end close the last row or are blank lines nobody means anything by.
    return _Look(header.decode("utf-8", "replace"), quotes, None if bare else lines - trailing + 1)


def _check_magic(head: bytes, source: str) -> None:
    """Name the kinds of file that are most often given by mistake."""
    kinds = {
        b"PK\x03\x04": "a zip archive or an Excel workbook",
        b"\xd0\xcf\x11\xe0": "an old Excel workbook",
        b"\x1f\x8b": "compressed with gzip",
        b"BZh": "compressed with bzip2",
        b"\xfd7zXZ": "compressed with xz",
        b"\x28\xb5\x2f\xfd": "compressed with zstd",
        b"\x89HDF": "an HDF5 file",
        b"ARROW1": "an Arrow (Feather) file",
        b"\x93NUMPY": "a NumPy array",
        b"%PDF": "a PDF document",
        b"\x80\x04\x95": "a Python pickle",
    }
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(
            f"{source} is not in UTF-8: it is text in UTF-16, like Excel's 'Unicode text'. Save it "
            "as UTF-8 (in Excel: 'CSV UTF-8')."
        )
    for magic, kind in kinds.items():
        if head.startswith(magic):
            raise DataError(
                f"{source} is {kind}, not a CSV or Parquet file. Unpack it or export it first, as "
                "CSV in UTF-8 or as Parquet."
            )


def _separator(header: str, source: str, tabs: bool) -> tuple[str, list[str]]:
    usual = "\t" if tabs else ","
    if usual in header:
        return usual, []
    for other in (";", "\t", ","):
        if other in header:
            note = (
                f"The header of {source} has no {_SEPARATORS[usual]}, so its columns are "
                f"separated at {_SEPARATORS[other]}."
            )
            return other, [note]
    return usual, []


def _parse(path: Path, source: str, separator: str, look: _Look) -> Any:
    """Return the Arrow table of the file."""
    import pyarrow as pa
    from pyarrow import csv

    parsing = csv.ParseOptions(delimiter=separator, newlines_in_values=look.quotes > 0)
    converting = csv.ConvertOptions(
        null_values=_MISSING,
        strings_can_be_null=True,
        # Without this list 0 and 1 among true and false would be booleans in silence.
        true_values=["true", "True", "TRUE"],
        false_values=["false", "False", "FALSE"],
    )
    # Second: one thread numbers the rows; a larger block takes a field of many megabytes.
    larger = min(max(path.stat().st_size + 1, 1 << 20), 1 << 30)
    attempts = [csv.ReadOptions(), csv.ReadOptions(use_threads=False, block_size=larger)]
    message = ""
    for reading in attempts:
        try:
            return csv.read_csv(
                str(path), read_options=reading, parse_options=parsing, convert_options=converting
            )
        except (pa.ArrowException, OSError, ValueError) as error:
            message = str(error)
    if "Empty CSV" in message:
        raise DataError(
            f"{source} has a header and no rows. A row is a line below the header; check that the "
            "export of the data was complete."
        )
    ragged = re.search(r"(?:Row #(\d+): )?Expected (\d+) columns?, got (\d+): (.*)", message, re.S)
    if ragged:
        raise DataError(_ragged(source, look, separator, ragged))
    raise DataError(
        f"{source} cannot be read as CSV: {_first_line(message)}. Export it again as CSV."
    )


def _first_line(message: str) -> str:
    return (message.strip() or "the reader gave no reason").splitlines()[0].rstrip(".")


def _ragged(source: str, look: _Look, separator: str, found: re.Match[str]) -> str:
    number, expected, got, text = found.groups()
    where = "A row"
    if number:
        where = f"Row {int(number) - 1:,}"
        if look.quotes == 0:
            where += f" (line {int(number):,}, blank lines not counted)"
    few = int(got) < int(expected)
    why = (
        "A line may have been cut short"
        if few
        else f"A field may hold one of the {_SEPARATORS[separator]} that separate fields: put it "
        "in quotation marks"
    )
    return (
        f"{where} of {source} has {count(int(got), 'field')} where the header has {expected}: "
        f"{quote(text)}. {why}; correct the row, or delete it."
    )


def _without_row_numbers(table: Any, source: str) -> tuple[Any, list[str]]:
    """Leave out the nameless first column that R and pandas write: the numbers of the rows."""
    import pyarrow as pa

    if table.column_names[0] != "" or table.num_columns < 2 or not table.num_rows:
        return table, []
    first = table.column(0)
    if not pa.types.is_integer(first.type) or first.null_count:
        return table, []
    start = first[0].as_py()
    if start not in (0, 1) or first.to_pylist() != list(range(start, start + table.num_rows)):
        return table, []
    note = f"The first column of {source} has no name and only numbers the rows; it is left out."
    return table.remove_column(0), [note]


def _check_names(names: list[str], source: str) -> None:
    for index, name in enumerate(names):
        if not name:
            raise DataError(
                f"Column {index + 1} of {source} has no name in the header line, so no formula can "
                "mention it. Give it a name, or delete the column."
            )
        if names.index(name) < index:
            raise DataError(
                f"{source} has two columns called {quote(name)}: columns {names.index(name) + 1} "
                f"and {index + 1}. Rename one of them in the header line."
            )
    if all(NUMBER.fullmatch(name) for name in names):
        raise DataError(
            f"{source} seems to have no header line: the first line is only numbers "
            f"({listing(names)}), and reading it as names would lose a row. Add a line with the "
            "names of the columns at the top."
        )


def _check_last_row(table: Any, source: str) -> None:
    """A quotation mark opened and never closed swallows the rest of the file into one value."""
    import pyarrow as pa

    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_string(column.type) and "\n" in (column[-1].as_py() or ""):
            raise DataError(
                f"A quotation mark in {source} is never closed: it opens in row "
                f"{table.num_rows:,}, column {quote(name)}, and all that follows was taken for "
                "one value. Close it, or write two "
                'quotation marks ("") where one belongs to the text.'
            )
