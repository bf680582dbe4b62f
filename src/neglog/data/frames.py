"""Tables from what is in memory: data frames through narwhals, and mappings of arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neglog.data.arrays import column_from_array
from neglog.data.arrow import column_from_arrow
from neglog.data.table import Column, Table
from neglog.data.words import count, quote
from neglog.errors import DataError

__all__ = ["kind_of", "read_frame", "read_mapping"]


def kind_of(value: Any) -> str:
    """Return what a value is, with its library: ``list``, ``pandas DataFrame``."""
    package = _package(value)
    name = type(value).__name__
    return name if package == "builtins" else f"{package} {name}"


def _package(value: Any) -> str:
    return (type(value).__module__ or "").partition(".")[0]


def _start(label: str) -> str:
    return label[0].upper() + label[1:]


def read_mapping(source: Mapping[Any, Any]) -> Table:
    """Read a mapping of names to one-dimensional arrays."""
    source_name = f"{type(source).__name__} of arrays"
    label = f"the {source_name}"
    if not source:
        raise DataError(f"{_start(label)} is empty. Give at least the target's column.")
    arrays: dict[str, Any] = {}
    rows: tuple[str, int] | None = None
    for name, values in source.items():
        if not isinstance(name, str):
            raise DataError(
                f"{quote(name)} is the name of a column in {label}; names must be text."
            )
        data = _one_dimensional(name, values, label)
        if rows is not None and len(data) != rows[1]:
            raise DataError(
                f"The columns of {label} differ in length: {quote(rows[0])} has "
                f"{count(rows[1], 'value')}, {quote(name)} has {len(data):,}. Give one value a "
                "row in each."
            )
        rows = rows or (name, len(data))
        arrays[name] = data
    if rows is not None and not rows[1]:
        raise DataError(f"{_start(label)} has {count(len(arrays), 'column')} and no rows.")

    def maker(name: str) -> Any:
        def make() -> Column:
            data = arrays[name]
            package = _package(data)
            if package == "narwhals":
                return _series(name, data, label)
            convert = column_from_arrow if package == "pyarrow" else column_from_array
            return convert(name, data, label)

        return make

    makers = {name: maker(name) for name in arrays}
    return Table(source_name, makers, rows[1] if rows else 0, place=label)


def _one_dimensional(name: str, values: Any, label: str) -> Any:
    """Return one column's values as an array, a list or an Arrow array."""
    if isinstance(values, (list, tuple)):
        return values
    if _package(values) == "pyarrow" and hasattr(values, "null_count"):
        return values
    if not isinstance(values, np.ndarray):
        if isinstance(values, (str, bytes, Mapping)) or not hasattr(values, "__len__"):
            raise DataError(
                f"Column {quote(name)} of {label} is {kind_of(values)} {quote(values)}, not one "
                "value a row. Give a list or an array."
            )
        if hasattr(values, "to_frame"):
            # A series: as an array it could lose its missing values or its categories.
            import narwhals as nw

            return nw.from_native(values, allow_series=True, pass_through=True)
        if hasattr(values, "__arrow_array__"):
            import pyarrow as pa

            return pa.array(values)
        if not hasattr(values, "__array__"):
            return list(values)
        values = np.asarray(values)
    if values.ndim != 1:
        raise DataError(
            f"Column {quote(name)} of {label} has {values.ndim} dimensions (shape "
            f"{values.shape}); a column has one. Give each of its columns a name of its own."
        )
    return values


def read_frame(source: Any) -> Table | None:
    """Read a data frame through narwhals, or return None when it is none."""
    import narwhals as nw

    source_name = kind_of(source)
    label = f"the {source_name}"
    try:
        frame = nw.from_native(source, pass_through=True)
        if isinstance(frame, nw.LazyFrame):
            frame = frame.collect()
    except nw.exceptions.DuplicateError:
        raise DataError(
            f"{_start(label)} has two columns of the same name. Rename one of them."
        ) from None
    except nw.exceptions.NarwhalsError as error:
        reason = str(error).splitlines()[0]
        raise DataError(
            f"{_start(label)} cannot be read: {reason} Convert it to a pyarrow Table."
        ) from None
    if not isinstance(frame, nw.DataFrame):
        return None
    names = []
    for name in frame.columns:
        # pandas numbers the columns it gets without names; a formula reads them in back-ticks.
        if not isinstance(name, (str, int)):
            raise DataError(
                f"{_start(label)} has a column named {quote(name)}; names must be text. Flatten a "
                "MultiIndex by joining its levels."
            )
        names.append(str(name))
    if len(set(names)) < len(names):
        raise DataError(f"{_start(label)} has two columns of the same name. Rename one of them.")
    if not len(frame):
        raise DataError(f"{_start(label)} has {count(len(names), 'column')} and no rows.")

    def maker(position: int, name: str) -> Any:
        def make() -> Column:
            return _series(name, frame[:, position], label)

        return make

    makers = {name: maker(position, name) for position, name in enumerate(names)}
    return Table(source_name, makers, len(frame), place=label)


def _series(name: str, series: Any, label: str) -> Column:
    native = series.to_native()
    # NumPy-backed pandas columns are used in place; pandas' own types go the way of Arrow.
    if isinstance(getattr(native, "dtype", None), np.dtype):
        return column_from_array(name, series.to_numpy(), label)
    try:
        data = series.to_arrow()
    except Exception:  # noqa: BLE001  # each library has its own for types Arrow lacks
        return column_from_array(name, series.to_numpy(), label)
    return column_from_arrow(name, data, label)
