"""Files, data frames and arrays: the same table from each, and every bad file named."""

from __future__ import annotations

import datetime
import decimal
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neglog.data import Table, model_frame, read
from neglog.data.writing import csv_text, write_text
from neglog.errors import DataError, NeglogError, UsageError

DATA = {
    "count": [1, 2, None, 4],
    "size": [0.5, None, -1e-300, 1e300],
    "name": ["a", None, "b c", 'ü, "x"'],
    "flag": [True, False, None, True],
    "空": [1.5, 2.5, 3.5, 4.5],
}


def as_file(folder: Path, kind: str) -> Path:
    """Write the data and return the path."""
    path = folder / f"données 1.{kind}"
    if kind == "parquet":
        pq.write_table(pa.table(DATA), path)
    else:
        pd.DataFrame(DATA).to_csv(path, index=False, sep="\t" if kind == "tsv" else ",")
    return path


SOURCES = {
    "csv": lambda folder: as_file(folder, "csv"),
    "csv as text": lambda folder: str(as_file(folder, "csv")),
    "tsv": lambda folder: as_file(folder, "tsv"),
    "parquet": lambda folder: as_file(folder, "parquet"),
    "dict of lists": lambda folder: DATA,
    "dict of series": lambda folder: {k: pd.Series(v) for k, v in DATA.items()},
    "dict of polars series": lambda folder: {k: pl.Series(v) for k, v in DATA.items()},
    "dict of Arrow arrays": lambda folder: {k: pa.array(v) for k, v in DATA.items()},
    "dict of pandas arrays": lambda folder: {k: pd.array(v) for k, v in DATA.items()},
    "pandas": lambda folder: pd.DataFrame(DATA),
    "pandas with its own types": lambda folder: pd.DataFrame(DATA).convert_dtypes(),
    "pandas with an index": lambda folder: pd.DataFrame(DATA, index=[7, 7, 1, 0]),
    "polars": lambda folder: pl.DataFrame(DATA),
    "lazy polars": lambda folder: pl.LazyFrame(DATA),
    "Arrow": lambda folder: pa.table(DATA),
    "Arrow in chunks": lambda folder: pa.concat_tables([pa.table(DATA)[:1], pa.table(DATA)[1:]]),
    "narwhals": lambda folder: nw.from_native(pl.DataFrame(DATA)),
    "a table": lambda folder: read(DATA),
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_every_source_gives_the_same_table(source: Callable[[Path], Any], tmp_path: Path) -> None:
    """Names, kinds, values and missing values do not depend on where the data lie."""
    table = read(source(tmp_path))
    assert table.names == tuple(DATA)
    assert table.n_rows == 4
    kinds = dict.fromkeys(DATA, "number") | {"name": "text", "flag": "boolean"}
    for name, kind in kinds.items():
        column = table.column(name)
        assert column.kind == kind
        assert column.missing.tolist() == [value is None for value in DATA[name]]
        present = [value for value in DATA[name] if value is not None]
        assert column.values[~column.missing].tolist() == present
        assert column.n_missing == 4 - len(present)
    assert table.column("count").integer
    assert not table.column("空").integer
    assert table.column("name").levels == ("a", "b c", 'ü, "x"')


TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=8).filter(
    lambda text: not set(text) <= set("0123456789.+-eExXNAanulUL#/ ") and text.strip() == text
)


@given(
    rows=st.lists(
        st.tuples(
            st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)),
            st.one_of(st.none(), st.integers(-(2**53), 2**53)),
            st.one_of(st.none(), TEXT),
            st.booleans(),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_a_table_written_as_csv_reads_back_the_same(
    rows: list[tuple], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """CSV keeps every bit of a number, every character of a text, and where values are missing."""
    real, whole, text, flag = map(list, zip(*rows, strict=True))
    # A word in the first row keeps this a column of text whatever the others are.
    table = read({"real": real, "whole": whole, "text": ["word", *text[1:]], "flag": flag})
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    write_text(path, csv_text(table))
    again = read(path)
    assert again.names == table.names
    for name in table.names:
        before, after = table.column(name), again.column(name)
        assert (before.missing == after.missing).all()
        assert before.values[~before.missing].tolist() == after.values[~after.missing].tolist()


def write(path: Path, content: bytes) -> Path:
    """Write a file and return its path."""
    path.write_bytes(content)
    return path


BAD_FILES = {
    "empty": ("e.csv", b"", ("empty",)),
    "blank": ("e.csv", b"\n\n  \n", ("empty",)),
    "only a header": ("h.csv", b"a,b\n", ("no rows", "a and b")),
    "only half a header": ("h.csv", b"a,b", ("no rows",)),
    "a short row": ("r.csv", b"a,b\n1,2\n3\n", ("Row 2", "line 3", "1 field", "2")),
    "a long row": ("r.csv", b"a,b\n1,2\n3,4,5\n", ("Row 2", "3 fields", "'3,4,5'", "quotation")),
    "a long row far down": ("r.csv", b"a,b\n" + b"1,2\n" * 400_000 + b"3\n", ("Row 400,001",)),
    "a name twice": ("d.csv", b"a,b,a\n1,2,3\n", ("'a'", "columns 1 and 3")),
    "a name twice but for spaces": ("d.csv", b"a, a\n1,2\n", ("'a'",)),
    "no name": ("n.csv", b"a,,b\n1,2,3\n", ("Column 2", "no name")),
    "no header": ("n.csv", b"1,2.5\n3,4.5\n", ("no header", "1 and 2.5")),
    "binary": ("b.csv", bytes(range(256)) * 20, ("not a text file", "byte 1 ")),
    "a zero byte": ("z.csv", b"a,b\n1,\0\n", ("byte 7",)),
    "Latin-1": ("l.csv", "a,b\n1,x\n2,é\n".encode("latin-1"), ("UTF-8", "line 3", "0xe9")),
    "cut in a character": ("l.csv", "a,b\n1,é".encode()[:-1], ("cut short",)),
    "UTF-16": ("u.csv", "a,b\n1,2\n".encode("utf-16"), ("UTF-16", "UTF-8")),
    "a workbook": ("x.csv", b"PK\x03\x04" + bytes(50), ("Excel workbook",)),
    "a pickle": ("x.csv", b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00N.", ("pickle",)),
    "gzip": ("x.csv", b"\x1f\x8b\x08abc", ("gzip",)),
    "an open quotation mark": ("q.csv", b'a,b\n1,x\n2,"y\n3,z\n', ("never closed", "row 2", "'b'")),
    "another suffix": ("x.json", b"{}", ("'.json'", ".csv", ".parquet")),
    "no suffix": ("data", b"a\n1\n", ("no suffix",)),
    "empty Parquet": ("p.parquet", b"", ("empty",)),
    "no Parquet": ("p.parquet", b"a,b\n1,2\n", ("no Parquet file",)),
    "damaged Parquet": ("p.parquet", b"PAR1" + b"x" * 100 + b"PAR1", ("cannot be read", "damaged")),
}


@pytest.mark.parametrize(("name", "content", "pieces"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_file_is_named_with_what_is_wrong(
    name: str, content: bytes, pieces: tuple[str, ...], tmp_path: Path
) -> None:
    """What, where, why and what to do, in one paragraph that begins with or holds the file."""
    path = write(tmp_path / name, content)
    with pytest.raises(DataError) as caught:
        read(path)
    message = str(caught.value)
    assert name in message
    assert "\n" not in message
    assert message.endswith((".", "?"))
    for piece in pieces:
        assert piece in message


def test_paths_that_lead_nowhere(tmp_path: Path) -> None:
    """A missing file, a folder, an address and no path at all each have their own words."""
    write(tmp_path / "passed.csv", b"a\n1\n")
    cases = {
        tmp_path / "pased.csv": "Did you mean 'passed.csv'",
        tmp_path / "other.csv": "The folder holds 'passed.csv'",
        tmp_path / "no" / "x.csv": "no folder",
        tmp_path: "is a folder",
        "https://example.org/x.csv": "Download it",
        "": "no path",
        "a\0b": "no path",
        tmp_path / ("x" * 5000): "cannot be opened",
    }
    for path, words in cases.items():
        with pytest.raises(DataError) as caught:
            read(path)
        assert words in str(caught.value)
        assert len(str(caught.value)) < 600


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no such files")
def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    """Opening a pipe nobody writes to would wait for ever."""
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(DataError, match="not a regular file"):
        read(tmp_path / "pipe.csv")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_rights_is_refused(tmp_path: Path) -> None:
    """A file that may not be read is a DataError."""
    path = write(tmp_path / "secret.csv", b"a\n1\n")
    path.chmod(0)
    with pytest.raises(DataError, match="permission denied"):
        read(path)


@pytest.mark.parametrize(
    "source", [None, 3, [1, 2], np.ones((2, 2)), pd.Series([1]), object(), b"x"]
)
def test_what_is_no_data_is_an_error_of_use(source: object) -> None:
    """Anything else than a path, a frame or a mapping is refused with what would do."""
    with pytest.raises(UsageError, match="dict of arrays"):
        read(source)


BAD_TABLES = {
    "no columns": ({}, "empty"),
    "no rows": ({"a": []}, "no rows"),
    "lengths": ({"a": [1, 2], "b": [1]}, "'a' has 2 values, 'b' has 1"),
    "a name": ({1: [2]}, "must be text"),
    "a number": ({"a": 5}, "'a'"),
    "a string": ({"a": "xy"}, "'xy'"),
    "a matrix": ({"a": np.ones((3, 2))}, "2 dimensions"),
    "pandas names": (pd.DataFrame([[1, 2]], columns=["a", "a"]), "same name"),
    "a MultiIndex": (pd.DataFrame({("a", "b"): [1]}), "MultiIndex"),
    "an empty frame": (pd.DataFrame({"a": []}), "no rows"),
}


@pytest.mark.parametrize(("source", "words"), BAD_TABLES.values(), ids=BAD_TABLES)
def test_a_bad_table_is_named_with_what_is_wrong(source: object, words: str) -> None:
    """Tables in memory are checked like files."""
    with pytest.raises(DataError) as caught:
        read(source)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


DAY = datetime.date(2020, 1, 1)
BAD_COLUMNS = {
    "dates": [DAY, DAY],
    "NumPy dates": np.array(["2020-01-01"] * 2, dtype="M8[s]"),
    "durations": np.array([1, 2], dtype="m8[s]"),
    "complex": np.array([1j, 2]),
    "complex objects": [1j, 2],
    "lists": [[1], [2]],
    "dicts": [{}, {}],
    "records": np.zeros(2, dtype=[("a", int)]),
    "bytes that are no text": np.array([b"\xff", b"x"]),
    "Arrow dates": pa.array([DAY, DAY]),
    "Arrow lists": pa.array([[1], [2]]),
    "Arrow binary": pa.array([b"1", b"2"]),
    "periods": pd.Series(pd.period_range("2020", periods=2)),
    "intervals": pd.Series(pd.interval_range(0, 2)),
    "polars objects": pl.Series([object(), object()], dtype=pl.Object),
    "a large integer": [2**53 + 1, 1],
    "a larger integer": [2**70 + 1, 1],
    "a large unsigned integer": np.array([2**63 + 1, 1], dtype=np.uint64),
    "a large negative integer": np.array([-(2**60) - 1, 1]),
    "a large nullable integer": pd.array([2**60 + 1, None], dtype="Int64"),
    "a large Arrow integer": pa.array([2**60 + 1, None]),
}


@pytest.mark.parametrize("values", BAD_COLUMNS.values(), ids=BAD_COLUMNS)
def test_a_column_no_model_can_use_is_an_error_only_when_used(values: object) -> None:
    """Such a column may lie in the table; the formula that names it is refused, with a remedy."""
    table = read({"y": [1.0, 2.0], "odd": values, "x": [1, 3]})
    assert model_frame("y ~ x", table).names == ("Intercept", "x")
    with pytest.raises(DataError) as caught:
        table.column("odd")
    message = str(caught.value)
    assert "'odd'" in message
    assert "`. - odd`" in message
    assert "\n" not in message


GOOD_COLUMNS = {
    "exact large integers": ([2**60, 1], "number", [2.0**60, 1.0]),
    "decimals": ([decimal.Decimal("0.1"), None], "number", [0.1, None]),
    "Arrow decimals": (pa.array([decimal.Decimal("0.1"), None]), "number", [0.1, None]),
    "NumPy text": (np.array(["x", "y"]), "text", ["x", "y"]),
    "bytes": (np.array([b"x", "ü".encode()]), "text", ["x", "ü"]),
    "new NumPy text": (np.array(["x", "y"], dtype=np.dtypes.StringDType()), "text", ["x", "y"]),
    "masked numbers": (np.ma.array([1, 2], mask=[0, 1]), "number", [1.0, None]),
    "masked booleans": (np.ma.array([True, False], mask=[0, 1]), "boolean", [True, None]),
    "masked text": (np.ma.array(["x", "y"], mask=[0, 1]), "text", ["x", None]),
    "pandas' missing value": (pd.Series(["x", pd.NA], dtype=object), "text", ["x", None]),
    "NaN among text": (["x", float("nan")], "text", ["x", None]),
    "nothing": ([None, None], "number", [None, None]),
    "empty text": (["", "x"], "text", ["", "x"]),
    "categories": (pd.Categorical(["b", None], categories=["b", "a"]), "text", ["b", None]),
    "categories of numbers": (pd.Series(pd.Categorical([3, 1])), "text", ["3", "1"]),
}


@pytest.mark.parametrize(("values", "kind", "expected"), GOOD_COLUMNS.values(), ids=GOOD_COLUMNS)
def test_columns_are_of_the_kind_their_values_are(
    values: object, kind: str, expected: list
) -> None:
    """Every way to store numbers, text and booleans is read, with its missing values."""
    column = read({"c": values}).column("c")
    assert column.kind == kind
    found = [None if gone else v for v, gone in zip(column.values, column.missing, strict=True)]
    assert found == expected


def csv(folder: Path, content: str) -> Table:
    """Return the table of a CSV file with this content."""
    return read(write(folder / "t.csv", content.encode()))


def test_words_for_missing_values_are_missing(tmp_path: Path) -> None:
    """Empty fields, NA, NaN and null are missing in numbers, text and booleans."""
    table = csv(tmp_path, "n,t,b\n1,x,true\n,,\nNA,NA,NA\nNaN,NaN,NaN\nnull,null,null\n")
    assert [table.column(name).kind for name in table.names] == ["number", "text", "boolean"]
    assert all(table.column(name).n_missing == 4 for name in table.names)


def test_one_word_among_numbers_is_pointed_out(tmp_path: Path) -> None:
    """A column of numbers with one stray word is text, and the note names the row and the word."""
    table = csv(tmp_path, "y,age\n" + "".join(f"{i},{i}\n" for i in range(20)) + "1,unknown\n")
    notes = model_frame("y ~ age", table).notes
    assert any("row 21" in note and "'unknown'" in note and "20" in note for note in notes)


def test_late_values_change_the_kind_of_the_whole_column(tmp_path: Path) -> None:
    """The kind of a column is settled by all rows, not by the first thousands."""
    rows = 300_000
    table = csv(tmp_path, "a,b\n" + "1,7\n" * rows + "2.5,x\n")
    assert table.column("a").values[-1] == 2.5
    assert table.column("b").levels == ("7", "x")


def test_mixed_objects_are_text_with_a_note() -> None:
    """Numbers, text and booleans in one column become text, and that is said."""
    for values in ([1, "x"], [True, 2.5], ["x", True]):
        column = read({"c": values}).column("c")
        assert column.kind == "text"
        assert "row 1" in column.notes[0]
        assert "row 2" in column.notes[0]


def test_spellings_of_numbers_and_booleans(tmp_path: Path) -> None:
    """Padded numbers, `1.` and `.5` are numbers; true and false in three spellings booleans."""
    table = csv(tmp_path, " a ,b\n 1 ,true\n2.,TRUE\n.5,False\n-1e3,\n")
    assert table.column("a").values.tolist() == [1, 2, 0.5, -1000]
    assert table.column("b").values.tolist() == [True, True, False, False]
    mixed = csv(tmp_path, "a\ntrue\n0\n1\n").column("a")
    assert mixed.kind == "text"


def test_the_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    """Files of Windows programs begin with a mark that belongs to no column."""
    assert csv(tmp_path, "\ufeffa,b\r\n1,2\r\n").names == ("a", "b")


def test_semicolons_are_recognised_and_said(tmp_path: Path) -> None:
    """A file of a European spreadsheet is read, with notes on separator and decimal comma."""
    table = csv(tmp_path, "y;x\n1,5;a\n2,5;b\n")
    assert table.names == ("y", "x")
    assert "semicolons" in table.notes[0]
    assert "decimal comma" in table.column("y").notes[0]


def test_row_numbers_written_as_a_column_are_left_out(tmp_path: Path) -> None:
    """The nameless first column of pandas and R is no predictor, and the note says it is gone."""
    for start in (0, 1):
        table = csv(tmp_path, f",y,x\n{start},1,2\n{start + 1},3,4\n")
        assert table.names == ("y", "x")
        assert "left out" in table.notes[0]
    with pytest.raises(DataError, match="Column 1"):
        csv(tmp_path, ",y\n5,1\n7,2\n")


def test_blank_lines_are_counted(tmp_path: Path) -> None:
    """Blank lines between rows are skipped and said; at the end of a file they mean nothing."""
    assert "2 blank lines" in csv(tmp_path, "a,b\n1,2\n\n\n3,4\n").notes[0]
    assert csv(tmp_path, "a,b\n1,2\n\n\n").notes == ()


def test_the_line_of_a_row_is_said_where_it_is_known(tmp_path: Path) -> None:
    """One row a line: the message gives both numbers. Otherwise it gives the row alone."""
    with pytest.raises(DataError, match=r"row 2 \(line 3\), column 'x'"):
        model_frame("y ~ x", csv(tmp_path, "y,x\n1,2\n3,inf\n"))
    with pytest.raises(DataError, match="row 2, column 'x'"):
        model_frame("y ~ x", csv(tmp_path, 'y,x,t\n1,2,"a\nb"\n3,inf,c\n'))


def test_numbers_of_more_digits_than_fit_are_said(tmp_path: Path) -> None:
    """Integers beyond 64 bits in a file are read with a note, for their last digits are gone."""
    column = csv(tmp_path, "id\n123456789012345678901\n5\n").column("id")
    assert "16 digits" in column.notes[0]


def test_a_file_larger_than_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a large file nor a small one that claims a billion rows is unpacked."""
    monkeypatch.setattr("neglog.data.memory.physical", lambda: 2000)
    with pytest.raises(DataError, match="memory"):
        csv(tmp_path, "a\n" + "1\n" * 2000)
    repeated = pa.table({"a": pa.array(["x" * 100] * 10_000)})
    pq.write_table(repeated, tmp_path / "bomb.parquet", compression="zstd")
    with pytest.raises(DataError, match="memory"):
        read(tmp_path / "bomb.parquet")


def test_the_index_pandas_stores_is_left_out(tmp_path: Path) -> None:
    """A Parquet file of pandas keeps row labels as a column, which is no data."""
    pd.DataFrame({"a": [1, 2]}, index=[5, 7]).to_parquet(tmp_path / "t.parquet")
    table = read(tmp_path / "t.parquet")
    assert table.names == ("a",)
    assert "left out" in table.notes[0]


@given(content=st.binary(max_size=80), name=st.sampled_from(["t.csv", "t.tsv", "t.parquet"]))
def test_any_bytes_are_a_table_or_an_error_of_ours(
    content: bytes, name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever a file holds, reading it and its columns ends in a table or in a DataError."""
    path = write(tmp_path_factory.getbasetemp() / name, content)
    message = ""
    try:
        table = read(path)
        for column in table.names:
            table.column(column)
    except NeglogError as error:
        message = str(error)
    assert "\n" not in message


@given(
    text=st.text(alphabet='ab,;\t"\n\r 12.5-eNA\x07é', max_size=60).map(
        lambda text: "y,x\n" + text
    ),
)
def test_any_text_is_a_table_or_an_error_of_ours(
    text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A CSV made of its own special characters is read or refused, never with a traceback."""
    path = write(tmp_path_factory.getbasetemp() / "t.csv", text.encode())
    message = ""
    try:
        model_frame("y ~ x", read(path))
    except NeglogError as error:
        message = str(error)
    assert "\n" not in message


@given(data=st.data())
def test_a_damaged_parquet_file_is_an_error_of_ours(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A Parquet file with a few bytes changed or cut is read or refused."""
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"a": [1.0, 2.0, None], "b": ["x", "y", "x"]}), sink)
    content = bytearray(sink.getvalue().to_pybytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(4, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.sampled_from([len(content), len(content), len(content) // 2]))
    path = write(tmp_path_factory.getbasetemp() / "t.parquet", bytes(content[:cut]))
    try:
        table = read(path)
        for name in table.names:
            table.column(name)
    except DataError:
        pass


def test_writing_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be written whole leaves the old one, and nothing beside it."""
    path = tmp_path / "t.csv"
    write_text(path, "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(DataError, match="No space left"):
        write_text(path, "new" * 1000)
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["t.csv"]
    with pytest.raises(DataError, match="cannot be written"):
        write_text(tmp_path / "no" / "t.csv", "x")
    with pytest.raises(DataError, match="folder"):
        write_text(tmp_path, "x")
