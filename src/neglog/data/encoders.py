"""One encoder a factor: a first pass over the data learns its state, a second turns rows to numbers.

Learning sees the rows a model is fitted to; encoding sees any rows, of any table, in blocks. Everything
learnt - levels, means, scales, polynomials - is a few plain numbers and strings and goes to JSON.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neglog.data.factors import ELEMENTWISE, Call, Factor
from neglog.data.polynomial import Polynomial
from neglog.data.table import Column, FloatArray, IntArray, Table
from neglog.data.words import count, listing, quote
from neglog.errors import DataError

__all__ = [
    "Block",
    "CategoryEncoder",
    "Encoder",
    "NumberEncoder",
    "Rows",
    "Shift",
    "check_finite",
    "learn",
    "row_of",
    "sum_is_finite",
]

Rows = slice | IntArray
Block = Callable[[Rows], FloatArray]
"""Numbers of some rows: one-dimensional, or with a column for each of a polynomial's degrees."""

_DOMAIN: dict[str, tuple[Callable[[FloatArray], npt.NDArray[np.bool_]], str, str]] = {
    "log": (
        lambda x: x > 0,
        "a positive number",
        "Use log1p if zeros belong to the data, or take the row out.",
    ),
    "log1p": (lambda x: x > -1, "a number above -1", "Correct the value, or take the row out."),
    "sqrt": (
        lambda x: x >= 0,
        "a number that is not negative",
        "Correct the value, or take the row out.",
    ),
    "exp": (
        lambda x: x < 709.7,
        "a number below 709.7 (the result would overflow)",
        "Use the column as it is, or scale it.",
    ),
}
_FUNCTION: dict[str, Callable[[FloatArray], FloatArray]] = {
    "log": np.log,
    "log1p": np.log1p,
    "sqrt": np.sqrt,
    "exp": np.exp,
}


@dataclass(frozen=True)
class Shift:
    """``(x - center) / scale``; center alone leaves the scale 1."""

    center: float
    scale: float

    def __call__(self, x: FloatArray) -> FloatArray:
        return (x - self.center) / self.scale if self.scale != 1.0 else x - self.center


State = Shift | Polynomial | None


@dataclass(frozen=True)
class NumberEncoder:
    """Encodes numbers: the column, through its functions, innermost first.

    Parameters
    ----------
    factor : Factor
        The column and the functions.
    states : tuple
        What each function learnt; None for those that learn nothing.
    """

    factor: Factor
    states: tuple[State, ...] = ()

    categorical = False

    def names(self, full: bool) -> list[str]:
        """Return the names of the columns it makes."""
        if self.states and isinstance(self.states[-1], Polynomial):
            return [f"{self.factor.name}[{k}]" for k in range(1, self.states[-1].degree + 1)]
        return [self.factor.name]

    def bind(self, column: Column, table: Table, rows: IntArray | None) -> Block:
        """Return the function that encodes given rows of a column."""
        data = column.data

        def block(take: Rows) -> FloatArray:
            x: FloatArray = data[take]
            for call, state in zip(self.factor.calls, self.states, strict=True):
                x = _apply(call, state, x, self.factor, column, table, take)
            return x

        return block

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON data."""
        states: list[Any] = []
        for state in self.states:
            if isinstance(state, Shift):
                states.append({"center": state.center, "scale": state.scale})
            else:
                states.append(state.to_json() if state is not None else None)
        return {"kind": "number", "states": states}


@dataclass(frozen=True)
class CategoryEncoder:
    """Encodes categories: the position of each row's level.

    Parameters
    ----------
    factor : Factor
        The column, with ``C`` if the formula says so.
    kind : str
        Kind of the column: a number, text or boolean.
    levels : tuple
        The levels seen when learning, in order.
    base : int
        Position of the reference level.
    """

    factor: Factor
    kind: str
    levels: tuple[str | float | bool, ...]
    base: int = 0

    categorical = True

    def label(self, level: str | float | bool) -> str:
        """Return a level as coefficient names show it."""
        if isinstance(level, float):
            return str(int(level)) if level.is_integer() and abs(level) < 1e16 else repr(level)
        return str(level)

    def kept(self, full: bool) -> list[int]:
        """Return the positions of the levels that have a column."""
        return [index for index in range(len(self.levels)) if full or index != self.base]

    def names(self, full: bool) -> list[str]:
        """Return the names of the columns: ``g[b]`` in full coding, ``g[T.b]`` in reduced."""
        mark = "" if full else "T."
        return [f"{self.factor.name}[{mark}{self.label(self.levels[k])}]" for k in self.kept(full)]

    def bind(
        self, column: Column, table: Table, rows: IntArray | None
    ) -> Callable[[Rows], npt.NDArray[Any]]:
        """Return the function that gives the positions of the levels of given rows.

        Raises
        ------
        DataError
            A row holds a level that was not there when learning.
        """
        codes = self._codes(column)
        used = codes if rows is None else codes[rows]
        if len(used) and int(used.min()) < 0:
            at = int(np.argmax(used < 0))
            row = at if rows is None else int(rows[at])
            value = column.values[row]
            shown = self.label(float(value)) if self.kind == "number" else quote(value)
            known = [quote(self.label(level)) for level in self.levels]
            raise DataError(
                f"The value {shown} in {table.where(row, column.name)} was not among the data the model was fitted "
                f"to, so it has no coefficient. The known levels are {listing(known, limit=8)}. Correct the value, "
                "take the row out, or fit the model again with such rows."
            )
        return lambda take: codes[take]

    def _codes(self, column: Column) -> npt.NDArray[np.int64]:
        """Return the position of each row's level, -1 for one that is unknown or missing."""
        if self.kind == "text":
            position = {level: index for index, level in enumerate(self.levels)}
            table = np.array(
                [position.get(level, -1) for level in column.levels] + [-1], dtype=np.int64
            )
            return table[column.data]
        # Sorted levels: numbers by size, False before True.
        levels = np.array(self.levels)
        codes = np.searchsorted(levels, column.data)
        codes[codes == len(levels)] = 0
        return np.where(levels[codes] == column.data, codes, -1)

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON data."""
        return {"kind": self.kind, "levels": list(self.levels), "base": self.base, "category": True}


Encoder = NumberEncoder | CategoryEncoder


def learn(factor: Factor, column: Column, table: Table, rows: IntArray | None) -> Encoder:
    """Return the encoder of a factor, with the state the given rows teach it.

    Parameters
    ----------
    factor : Factor
        The factor of the formula.
    column : Column
        The column it names.
    table : Table
        The table, for messages.
    rows : ndarray of int, optional
        The rows to learn from; all if None.
    """
    if factor.categorical or column.kind != "number":
        if factor.calls and not factor.categorical:
            raise DataError(
                f"{factor.name} needs numbers, and column {quote(column.name)} of {table.place} holds "
                f"{'text' if column.kind == 'text' else 'true and false'}"
                f"{_example(column)}. Use the column without the function, as categories, or store it as numbers."
            )
        return _learn_category(factor, column, table, rows)
    take: Rows = slice(None) if rows is None else rows
    x: FloatArray | None = None
    states: list[State] = []
    for index, call in enumerate(factor.calls):
        state: State = None
        if call.function not in ELEMENTWISE:
            # Plain functions need no look at the data, so the column is only walked where one learns.
            if x is None:
                x = column.data[take]
                check_finite(x, column, table, take)
                for before, known in zip(factor.calls[:index], states, strict=True):
                    x = _apply(before, known, x, factor, column, table, take)
            state = _learn_state(call, x, factor, table)
        states.append(state)
        if x is not None and index + 1 < len(factor.calls):
            x = _apply(call, state, x, factor, column, table, take)
    return NumberEncoder(factor, tuple(states))


def _example(column: Column) -> str:
    if column.kind != "text" or not column.levels:
        return ""
    return f" (such as {quote(column.levels[0])})"


def _learn_state(call: Call, x: FloatArray, factor: Factor, table: Table) -> State:
    if call.function == "poly":
        return Polynomial.learn(x, int(call.option or 1), factor.name, table.place)
    center = float(np.mean(x))
    if call.function == "center":
        return Shift(center, 1.0)
    if len(x) < 2:
        raise DataError(
            f"{factor.name} needs at least 2 rows to learn a standard deviation, and {table.place} leaves "
            f"{count(len(x), 'row')} without missing values. Use the column as it is."
        )
    scale = float(np.std(x, ddof=1))
    # A constant column of 0.1 has a standard deviation of rounding errors, not of zero.
    if not scale > 1e-13 * abs(center):
        raise DataError(
            f"{factor.name} divides by the standard deviation of column {quote(factor.column)} of {table.place}, "
            f"which is zero: every row used holds {x[0]:.6g}. Leave the column out of the formula."
        )
    return Shift(center, scale)


def _learn_category(
    factor: Factor, column: Column, table: Table, rows: IntArray | None
) -> CategoryEncoder:
    take: Rows = slice(None) if rows is None else rows
    data = column.data[take]
    levels: tuple[str | float | bool, ...]
    if column.kind == "text":
        seen = np.bincount(data, minlength=len(column.levels)) > 0
        levels = tuple(column.levels[index] for index in np.flatnonzero(seen))
    else:
        if column.kind == "number":
            check_finite(data, column, table, take)
        levels = tuple(np.unique(data).tolist())
    encoder = CategoryEncoder(factor, column.kind, levels)
    ref = factor.calls[-1].option if factor.calls else None
    if ref is None:
        return encoder
    matches = [
        index for index, level in enumerate(levels) if _same(ref, level, encoder.label(level))
    ]
    if not matches:
        known = [quote(encoder.label(level)) for level in levels]
        raise DataError(
            f"{factor.name} asks for the reference level {quote(ref)}, which column {quote(column.name)} of "
            f"{table.place} does not hold in the rows used. Its levels are {listing(known, limit=8)}."
        )
    return CategoryEncoder(factor, column.kind, levels, matches[0])


def _same(ref: object, level: object, label: str) -> bool:
    if isinstance(ref, (int, float)) and not isinstance(ref, bool):
        return isinstance(level, float) and level == ref or label == str(ref)
    return label == str(ref)


def _apply(
    call: Call,
    state: State,
    x: FloatArray,
    factor: Factor,
    column: Column,
    table: Table,
    take: Rows,
) -> FloatArray:
    if state is not None:
        return state(x)
    valid, words, remedy = _DOMAIN[call.function]
    with np.errstate(invalid="ignore"):
        good = valid(x)
    if not bool(good.all()):
        at = int(np.argmin(good))
        row = row_of(take, at)
        value = float(column.data[row])
        through = "" if value == x[at] else f", which comes to {x[at]:.6g} before {call.function}"
        raise DataError(
            f"{factor.name} is not defined for the value {_number(value)} in {table.where(row, column.name)}{through}: "
            f"{call.function} takes {words}. {remedy}"
        )
    return _FUNCTION[call.function](x)


def sum_is_finite(x: FloatArray) -> bool:
    """Whether a sum is finite: then every entry is, and it is seen much faster than entry by entry."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(np.sum(x)))


def check_finite(x: FloatArray, column: Column, table: Table, take: Rows) -> None:
    """Raise if a number is infinite, and say in which row."""
    if sum_is_finite(x):
        return
    finite = np.isfinite(x)
    if not bool(finite.all()):
        at = int(np.argmin(finite))
        raise DataError(
            f"There is an infinite value in {table.where(row_of(take, at), column.name)}: no model can use it. It may "
            "stand for a division by zero or a number too large. Correct it, or leave the cell empty."
        )


def row_of(take: Rows, at: int) -> int:
    """Return the row of the table that stands at a position of a block."""
    return (take.start or 0) + at if isinstance(take, slice) else int(take[at])


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e16 else f"{value:.6g}"
