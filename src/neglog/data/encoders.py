"""Encoders: a first pass over the data learns the state of a factor, a second encodes rows.

Learning sees the rows a model is fitted to; encoding sees any rows, of any table, in blocks.
Everything learnt - levels, means, scales, polynomials - is plain numbers and strings: JSON.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neglog.data.categories import CategoryEncoder, learn_category
from neglog.data.factors import ELEMENTWISE, Call, Factor
from neglog.data.finite import Rows, check_finite, row_of
from neglog.data.polynomial import Polynomial
from neglog.data.table import Column, FloatArray, IntArray, Table
from neglog.data.words import count, quote
from neglog.errors import DataError

__all__ = ["Block", "Encoder", "NumberEncoder", "Shift", "learn"]

Block = Callable[[Rows], FloatArray]
"""Numbers of some rows: one-dimensional, or with a column for each of a polynomial's degrees."""

_DOMAIN: dict[str, tuple[Callable[[FloatArray], npt.NDArray[np.bool_]], str, str]] = {
    "log": (
        lambda x: x > 0,
        "a positive number",
        "Correct the value, or take the row out.",
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
        """Return the shifted and scaled values."""
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
                f"{factor.name} needs numbers, and column {quote(column.name)} of {table.place} "
                "holds "
                f"{'text' if column.kind == 'text' else 'true and false'}{_example(column)}. Use "
                "the column without the function, as categories, or store it as numbers."
            )
        return learn_category(factor, column, table, rows)
    take: Rows = slice(None) if rows is None else rows
    x: FloatArray | None = None
    states: list[State] = []
    for index, call in enumerate(factor.calls):
        state: State = None
        if call.function not in ELEMENTWISE:
            # Plain functions learn nothing, so the column is walked only where another one does.
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
        polynomial = Polynomial.learn(x, int(call.option or 1), factor.name, table.place)
        if not np.isfinite(polynomial.scale):
            raise too_large(factor, table)
        return polynomial
    with np.errstate(over="ignore", invalid="ignore"):
        center = float(np.mean(x))
        largest = float(np.max(np.abs(x - center)))
    if not np.isfinite(largest):
        raise too_large(factor, table)
    if call.function == "center":
        return Shift(center, 1.0)
    if len(x) < 2:
        raise DataError(
            f"{factor.name} needs at least 2 rows to learn a standard deviation, and "
            f"{table.place} leaves {count(len(x), 'row')} without missing values. Use the column "
            "as it is."
        )
    # The mean of equal numbers may differ from them in its last digit, so they are compared.
    if np.min(x) == np.max(x):
        raise DataError(
            f"{factor.name} divides by the standard deviation of column {quote(factor.column)} of "
            f"{table.place}, which is zero: every row used holds {x[0]:.6g}. Leave the column out "
            "of the formula."
        )
    # Squares of numbers beyond 1e154 overflow, so deviations are measured in the largest.
    relative = (x - center) / largest
    return Shift(center, largest * float(np.sqrt(np.sum(relative**2) / (len(x) - 1))))


def too_large(factor: Factor, table: Table) -> DataError:
    """Return the error for a column whose mean overflows."""
    return DataError(
        f"The mean of column {quote(factor.column)} of {table.place} overflows. Use other units, "
        "such as thousands or millions."
    )


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
        if call.function == "log" and x[at] == 0:
            remedy = "Use log1p if zeros belong to the data, or take the row out."
        through = "" if value == x[at] else f", which comes to {x[at]:.6g} before {call.function}"
        raise DataError(
            f"{factor.name} is not defined for the value {_number(value)} in "
            f"{table.where(row, column.name)}{through}: {call.function} takes {words}. {remedy}"
        )
    return _FUNCTION[call.function](x)


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e16 else f"{value:.6g}"
