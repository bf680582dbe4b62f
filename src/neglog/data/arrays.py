"""Columns from NumPy arrays and lists of Python objects."""

from __future__ import annotations

import contextlib
import datetime
import decimal
import fractions
import math
import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from neglog.data.table import Column
from neglog.data.text import text_column
from neglog.data.words import quote
from neglog.errors import DataError

__all__ = ["column_from_array", "exact_as_float", "unusable"]

_LARGEST_EXACT = 2**53

_AS_NUMBERS = "Turn them into numbers first, such as days since a date, or a year"
_WHAT = {
    "M": ("dates or times", _AS_NUMBERS),
    "m": ("durations", "Turn them into numbers first, such as seconds"),
    "c": ("complex numbers", "Use their real and imaginary parts as two columns"),
    "V": ("records", "Use their fields as columns of their own"),
}
_OTHERWISE = "Turn them into numbers or text first"


def unusable(name: str, source: str, what: str, remedy: str) -> DataError:
    """Return the error for a column no formula can use."""
    return DataError(
        f"Column {quote(name)} of {source} holds {what}, which a formula cannot use: it takes "
        f"numbers, text and true/false. {remedy}, or leave the column out of the formula "
        f"(`. - {name}` takes all others)."
    )


def exact_as_float(name: str, source: str, integers: npt.NDArray[Any]) -> None:
    """Raise unless every integer survives the way to float64.

    An identifier of 18 digits would otherwise lose its last ones, and different rows become equal.
    """
    if integers.dtype.itemsize < 8 or not len(integers):
        return
    if max(-int(integers.min()), int(integers.max())) <= _LARGEST_EXACT:
        return
    back = integers.astype(np.float64)
    for row in np.flatnonzero(np.abs(back) >= _LARGEST_EXACT):
        if int(back[row]) != int(integers[row]):
            raise _loses_digits(name, source, int(row), int(integers[row]))


def _loses_digits(name: str, source: str, row: int, value: int) -> DataError:
    return DataError(
        f"Column {quote(name)} of {source} holds {quote(value)} in row {row + 1}: whole numbers "
        "beyond 2^53 lose digits in 64-bit floating point, so different values would become equal. "
        f"Such a column is usually an identifier: leave it out of the formula (`. - {name}` takes "
        "all others), store it as text to use it as categories, or subtract an offset first."
    )


def column_from_array(name: str, data: Any, source: str) -> Column:
    """Return the column that a one-dimensional array or list holds.

    Parameters
    ----------
    name : str
        Name of the column.
    data : array_like
        One value a row: numbers, text, booleans; None, NaN and pandas' NA are missing.
    source : str
        What the column came from, for messages.

    Raises
    ------
    DataError
        The values are dates, lists, or anything else that is no number, text or boolean.
    """
    mask = None
    if isinstance(data, np.ma.MaskedArray):
        mask, data = np.ma.getmaskarray(data), data.filled()
    array = data if isinstance(data, np.ndarray) else _as_objects(data)
    letter = array.dtype.kind
    if letter == "O":
        column = _from_objects(name, array, source)
    elif letter == "f":
        column = Column(name, "number", array.astype(np.float64, copy=False))
    elif letter in "iu":
        exact_as_float(name, source, array if mask is None else np.where(mask, 0, array))
        column = Column(name, "number", array.astype(np.float64))
    elif letter == "b":
        column = Column(name, "boolean", array.astype(np.bool_, copy=False))
    elif letter in "US" or array.dtype.char == "T":
        column = _from_text(name, array, source)
    else:
        raise unusable(
            name, source, *_WHAT.get(letter, (f"values of type {array.dtype}", _OTHERWISE))
        )
    return column if mask is None else _masked(column, mask)


def _as_objects(data: Sequence[Any]) -> npt.NDArray[Any]:
    kinds = set(map(type, data))
    if len(kinds) == 1 and kinds <= {float, int, bool}:
        # Beyond 64 bits NumPy would make floats of integers, and with them lose the digits.
        with contextlib.suppress(OverflowError):
            return np.array(data, dtype=np.dtype(kinds.pop()))
    # np.array would turn [1, "a"] into text and [True, 2.5] into numbers without a word, and
    # [[1], [2]] into a matrix.
    array = np.empty(len(data), dtype=object)
    for index, value in enumerate(data):
        array[index] = value
    return array


def _masked(column: Column, mask: npt.NDArray[np.bool_]) -> Column:
    if column.kind == "number":
        data = np.where(mask, np.nan, column.data)
        return Column(column.name, "number", data, notes=column.notes)
    if column.kind == "boolean":
        return Column(column.name, "boolean", column.data, mask=mask, notes=column.notes)
    codes = np.where(mask, -1, column.data)
    return text_column(column.name, codes, column.levels, notes=column.notes)


def _from_text(name: str, array: npt.NDArray[Any], source: str) -> Column:
    levels, codes = np.unique(array, return_inverse=True)
    if array.dtype.kind == "S":
        try:
            levels = np.char.decode(levels, "utf-8")
        except UnicodeDecodeError:
            raise unusable(name, source, "bytes that are not UTF-8 text", "Decode them") from None
    return text_column(name, codes, [str(level) for level in levels.tolist()])


def _is_missing(value: Any) -> bool:
    if value is None or value is np.ma.masked:
        return True
    if isinstance(value, (float, np.floating)):
        return math.isnan(value)
    # pandas' markers are recognised by name, so that pandas is never imported for them.
    return type(value).__name__ in ("NAType", "NaTType") or (
        isinstance(value, decimal.Decimal) and value.is_nan()
    )


def _family(kind: type) -> str:
    """Return which of our kinds a Python type belongs to, or what it is instead."""
    if issubclass(kind, (bool, np.bool_)):
        return "boolean"
    if issubclass(kind, (int, float, np.integer, np.floating, decimal.Decimal, fractions.Fraction)):
        return "number"
    if issubclass(kind, str):
        return "text"
    if issubclass(kind, (datetime.date, datetime.time, datetime.timedelta)) or issubclass(
        kind, (np.datetime64, np.timedelta64)
    ):
        return "dates or times"
    if issubclass(kind, numbers.Number):
        return "complex numbers"
    return f"objects ({kind.__name__})"


def _from_objects(name: str, array: npt.NDArray[Any], source: str) -> Column:
    """Return the column of an object array, after a look at the type of every value."""
    families = {kind: _family(kind) for kind in set(map(type, array.tolist()))}
    # Missing values have no say in the kind; floats among them are NaN or numbers.
    missing = np.fromiter((_is_missing(value) for value in array), np.bool_, len(array))
    present = array[~missing]
    seen = {families[type(value)] for value in present.tolist()}
    strange = sorted(seen - {"number", "text", "boolean"})
    if strange:
        remedy = _AS_NUMBERS if strange[0] == "dates or times" else _OTHERWISE
        raise unusable(name, source, strange[0], remedy)
    if seen <= {"number"}:
        return _objects_to_numbers(name, array, missing, source)
    if seen == {"boolean"}:
        data = np.zeros(len(array), dtype=np.bool_)
        data[~missing] = present.astype(np.bool_)
        return Column(name, "boolean", data, mask=missing if missing.any() else None)
    notes = []
    if len(seen) > 1:
        rows = {
            kind: next(
                row
                for row, value in enumerate(array)
                if not missing[row] and families[type(value)] == kind
            )
            for kind in seen
        }
        example = ", ".join(
            f"row {row + 1} holds the {kind} {quote(array[row])}"
            for kind, row in sorted(rows.items(), key=lambda item: item[1])
        )
        notes.append(
            f"Column {quote(name)} mixes kinds of values ({example}); it is read as text, so each "
            "distinct value is a category. Leave cells that are no value empty."
        )
    position: dict[str, int] = {}
    codes = np.full(len(array), -1, dtype=np.int64)
    for row in np.flatnonzero(~missing):
        codes[row] = position.setdefault(str(array[row]), len(position))
    return text_column(name, codes, list(position), notes=notes)


def _objects_to_numbers(
    name: str, array: npt.NDArray[Any], missing: npt.NDArray[np.bool_], source: str
) -> Column:
    data = np.full(len(array), np.nan)
    for row in np.flatnonzero(~missing):
        value = array[row]
        try:
            data[row] = float(value)
        except OverflowError:
            data[row] = math.inf
        whole = isinstance(value, (int, np.integer))
        # NumPy would compare with the integer as a float, and find them equal.
        if whole and abs(value) > _LARGEST_EXACT and _whole(data[row]) != int(value):
            raise _loses_digits(name, source, int(row), int(value))
    return Column(name, "number", data)


def _whole(value: float) -> int | None:
    return int(value) if math.isfinite(value) else None
