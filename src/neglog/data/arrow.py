"""Columns from Arrow arrays: what CSV, Parquet and most data frames arrive as."""

from __future__ import annotations

from typing import Any

import numpy as np

from neglog.data.arrays import exact_as_float, unusable
from neglog.data.table import Column
from neglog.data.text import NUMBER, text_column
from neglog.data.words import quote
from neglog.errors import DataError

__all__ = ["column_from_arrow"]


def column_from_arrow(name: str, data: Any, source: str, *, from_text: bool = False) -> Column:
    """Return the column that an Arrow array holds.

    Parameters
    ----------
    name : str
        Name of the column.
    data : pyarrow.Array or pyarrow.ChunkedArray
        The values; nulls and NaN are missing.
    source : str
        What the column came from, for messages.
    from_text : bool
        Whether the types were guessed from the text of a file, so that text whose every value is a
        number was meant as numbers.

    Raises
    ------
    DataError
        The values are dates, lists, or anything else that is no number, text or boolean.
    """
    import pyarrow as pa

    try:
        return _convert(name, data, source, from_text)
    except (UnicodeError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise DataError(
            f"Column {quote(name)} of {source} cannot be read: {reason}. The file may be damaged; "
            "write it again, or leave the column out of the formula."
        ) from None


def _convert(name: str, data: Any, source: str, from_text: bool) -> Column:
    import pyarrow as pa

    kind = data.type
    test = pa.types
    if isinstance(data, pa.ChunkedArray) and data.num_chunks == 1:
        data = data.chunk(0)
    if test.is_integer(kind):
        return _integers(name, data, source)
    if test.is_floating(kind):
        return Column(name, "number", _floats(data), notes=_rounded(name, data, from_text))
    if test.is_decimal(kind):
        return Column(name, "number", _floats(data.cast(pa.float64(), safe=False)))
    if test.is_null(kind):
        return Column(name, "number", np.full(len(data), np.nan))
    if test.is_boolean(kind):
        mask = _nulls(data) if data.null_count else None
        values = _numpy(data.fill_null(False).cast(pa.uint8())).view(np.bool_)
        return Column(name, "boolean", values, mask=mask)
    if test.is_string(kind) or test.is_large_string(kind) or test.is_string_view(kind):
        column = _text(name, data)
        return _as_numbers(column) if from_text else column
    if test.is_dictionary(kind):
        return _dictionary(name, data, source)
    if test.is_temporal(kind):
        remedy = "Turn them into numbers first, such as days since a date, or a year"
        raise unusable(name, source, f"dates, times or durations ({kind})", remedy)
    raise unusable(name, source, f"values of type {kind}", "Turn them into numbers or text first")


def _nulls(data: Any) -> Any:
    import pyarrow as pa

    return _numpy(data.is_null().cast(pa.uint8())).view(np.bool_)


_WIDTHS = {"halffloat": "float16", "float": "float32", "double": "float64"}


def _numpy(data: Any) -> Any:
    """Return an array of numbers without nulls as NumPy's: in place, if it is one chunk.

    Arrow's own ``to_numpy`` imports pandas where that is installed, and takes longer than the rest.
    """
    import pyarrow as pa

    dtype = np.dtype(_WIDTHS.get(str(data.type), str(data.type)))
    chunks = data.chunks if isinstance(data, pa.ChunkedArray) else [data]
    parts = [
        np.frombuffer(chunk.buffers()[1], dtype)[chunk.offset : chunk.offset + len(chunk)]
        for chunk in chunks
        if len(chunk)
    ]
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.empty(0, dtype)


def _floats(data: Any) -> Any:
    values = _numpy(data).astype(np.float64, copy=False)
    if data.null_count:
        values = np.where(_nulls(data), np.nan, values)
    return values


def _integers(name: str, data: Any, source: str) -> Column:
    import pyarrow as pa

    nulls = _nulls(data) if data.null_count else None
    filled = data.fill_null(pa.scalar(0, type=data.type)) if data.null_count else data
    integers = _numpy(filled)
    exact_as_float(name, source, integers)
    values = integers.astype(np.float64)
    if nulls is not None:
        values[nulls] = np.nan
    return Column(name, "number", values)


def _rounded(name: str, data: Any, from_text: bool) -> tuple[str, ...]:
    """Return a sentence about numbers of a text file that lost digits on the way to float64."""
    if not from_text or not len(data):
        return ()
    import pyarrow.compute as pc

    ends = pc.min_max(data).as_py()
    large = max(abs(ends["min"] or 0.0), abs(ends["max"] or 0.0))
    if not 2.0**53 < large < float("inf"):
        return ()
    note = (
        f"Column {quote(name)} holds numbers as large as {large:.4g}; of each, about 16 digits are "
        "kept. If they are identifiers, leave the column out of the formula."
    )
    return (note,)


def _text(name: str, data: Any) -> Column:
    encoded = data.dictionary_encode()
    return _from_codes(name, encoded)


def _from_codes(name: str, encoded: Any, *, ordered: bool = False) -> Column:
    """Return the text column of an Arrow dictionary array; chunks may differ in it."""
    import pyarrow as pa

    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.unify_dictionaries()
        if not encoded.num_chunks:
            return text_column(name, np.empty(0, dtype=np.int64), [])
        dictionary = encoded.chunk(0).dictionary
        indices = pa.chunked_array([chunk.indices for chunk in encoded.chunks])
    else:
        dictionary, indices = encoded.dictionary, encoded.indices
    indices = indices.cast(pa.int64())
    codes = _numpy(indices.fill_null(-1) if indices.null_count else indices)
    values = ["" if value is None else str(value) for value in dictionary.to_pylist()]
    absent = _nulls(dictionary)
    if absent.any():
        # A dictionary may hold null as one of its values.
        codes = np.where(np.append(absent, False)[codes], -1, codes)
    return text_column(name, codes, values, ordered=ordered)


def _dictionary(name: str, data: Any, source: str) -> Column:
    import pyarrow as pa

    inner = data.type.value_type
    if pa.types.is_null(inner):
        return Column(name, "number", np.full(len(data), np.nan))
    if pa.types.is_temporal(inner) or pa.types.is_nested(inner) or pa.types.is_binary(inner):
        remedy = "Turn them into numbers or text first"
        raise unusable(name, source, f"categories of type {inner}", remedy)
    # Parquet stores plain text as dictionaries too; only a declared order is worth keeping.
    return _from_codes(name, data, ordered=data.type.ordered)


def _as_numbers(column: Column) -> Column:
    """Return numbers where all text of a column of a text file is numbers.

    Arrow's reader leaves ``1.`` and a padded ``" 1.5"`` as text.
    """
    if not column.levels or not all(NUMBER.fullmatch(level) for level in column.levels):
        return column
    table = np.append(np.array([float(level) for level in column.levels]), np.nan)
    return Column(column.name, "number", table[column.data])
