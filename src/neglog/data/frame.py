"""`model_frame`: a formula and a table make the target, the matrix X, and its columns' names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neglog.data.categories import CategoryEncoder
from neglog.data.design import DesignSpec
from neglog.data.finite import Rows, check_finite
from neglog.data.formula import parse
from neglog.data.rows import Missing, complete_rows, dropped_note
from neglog.data.sides import Side, side_values
from neglog.data.table import Column, FloatArray, IntArray, Kind, Table
from neglog.data.words import count, listing, quote
from neglog.errors import DataError, FormulaError, nearest

__all__ = ["ModelFrame", "model_frame"]


@dataclass(frozen=True, eq=False, repr=False)
class ModelFrame:
    """The rows a model is fitted to: target, X, and what became of the others.

    Parameters
    ----------
    target : ndarray
        The target in the kept rows: float64, bool, or an object array of str; [n, m] where the formula makes it of m
        columns.
    target_name : str
        Its column, or its columns as the formula writes them.
    target_kind : {"number", "text", "boolean"}
        What it holds.
    target_levels : tuple of str
        For text, its distinct values in the kept rows, sorted.
    target_order : tuple of str
        All levels that a categorical type declared, lowest first, where it says that they have an order.
    X : ndarray of float64, [n, p]
        The design matrix, C-contiguous.
    names : tuple of str
        The names of its columns: the coefficients.
    spec : DesignSpec
        How to make X of other rows.
    rows : ndarray of int64
        The kept rows, counted from 0 in the table.
    n_dropped : int
        How many rows were left out.
    dropped_why : dict of str to int
        For each column with missing values, how many.
    notes : tuple of str
        What a user should be told, as sentences.
    """

    target: npt.NDArray[Any]
    target_name: str
    target_kind: Kind
    target_levels: tuple[str, ...]
    target_order: tuple[str, ...]
    X: FloatArray
    names: tuple[str, ...]
    spec: DesignSpec
    rows: IntArray
    n_dropped: int
    dropped_why: dict[str, int]
    notes: tuple[str, ...]

    @property
    def side(self) -> Side:
        """The formula's left side."""
        return self.spec.side

    def __repr__(self) -> str:
        rows, columns = self.X.shape
        return f"<ModelFrame {self.spec.formula}: {count(rows, 'row')}, {count(columns, 'column')}>"


def model_frame(
    formula: str, table: Table, *, missing: Missing = "drop", spec: DesignSpec | None = None
) -> ModelFrame:
    """Return what a formula makes of a table.

    Parameters
    ----------
    formula : str
        The formula, such as ``passed ~ attendance + C(school)``.
    table : Table
        The data, from `read`.
    missing : {"drop", "error"}
        What to do with rows in which the target or a column the formula uses is missing.
    spec : DesignSpec, optional
        Encode with what this design learnt instead of learning; the formula is then its own.

    Raises
    ------
    FormulaError
        The formula cannot be read, or asks for something outside the language.
    DataError
        A column is unknown or cannot be used as asked; the message says which, where and why.
    MissingValuesError
        A value is missing and `missing` is ``"error"``.

    Examples
    --------
    >>> from neglog.data import read
    >>> table = read({"y": [1, 2, 3, 4], "x": [0.5, None, 2, 1], "g": ["b", "a", "a", "b"]})
    >>> frame = model_frame("y ~ x + g", table)
    >>> frame.names
    ('Intercept', 'x', 'g[T.b]')
    >>> frame.notes[0]
    "1 row of 4 was left out because values are missing: 'x' (1)."
    """
    if spec is not None and formula != spec.formula:
        raise FormulaError(
            f"The design was learnt for the formula {quote(spec.formula)} and cannot encode "
            f"{quote(formula)}. Give its own formula, or leave out spec= to learn a new design."
        )
    if spec is not None:
        side = spec.side
        columns = spec.fetch(table)
    else:
        parsed = parse(formula, table.names)
        side = parsed.side
        _check_mentioned(side, parsed.mentioned, table)
        columns = {name: _column(name, parsed.mentioned, table) for name in parsed.columns}
    targets = tuple(table.column(name) for name in side.columns)
    explaining = columns.values()
    kept, counts = complete_rows(
        explaining if side.fields else [*targets, *explaining], table, missing
    )
    take: Rows = slice(None) if kept is None else kept
    levels: tuple[str, ...] = ()
    if side.fields:
        values: npt.NDArray[Any] = side_values(side, targets, table, kept)
    else:
        if targets[0].kind == "number":
            check_finite(targets[0].data[take], targets[0], table, take)
        values, levels = _target_values(targets[0], take)
    learnt = spec or DesignSpec.learn(parsed, columns, table, kept)
    X = learnt.fill(columns, table, kept)
    notes = list(table.notes)
    dropped = table.n_rows - len(X)
    if dropped:
        notes.append(dropped_note(counts, dropped, table))
    notes.extend(note for column in (*targets, *columns.values()) for note in column.notes)
    notes.extend(_references(learnt))
    return ModelFrame(
        target=values,
        target_name=learnt.target_name,
        target_kind="number" if side.fields else targets[0].kind,
        target_levels=levels,
        target_order=targets[0].levels if targets[0].ordered and not side.fields else (),
        X=X,
        names=learnt.names,
        spec=learnt,
        rows=np.arange(table.n_rows) if kept is None else kept,
        n_dropped=dropped,
        dropped_why=counts,
        notes=tuple(dict.fromkeys(notes)),
    )


def _check_mentioned(side: Side, mentioned: tuple[str, ...], table: Table) -> None:
    """Check every name at once, so that the message says which part of the formula is wrong."""
    outcomes = set()
    named = zip(side.columns, side.roles, strict=True)
    for name, role in [*((n, f"the {r}, ") for n, r in named), *((n, "") for n in mentioned)]:
        try:
            found = table.resolve(name)
        except DataError:
            raise DataError(
                f"The formula names {role}{quote(name)}, and {table.place} has no such column. "
                f"{nearest(name, table.names)}"
            ) from None
        if role and name in side.outcomes:
            outcomes.add(found)
        elif not role and found in outcomes:
            raise FormulaError(
                f"The target {quote(side.name)} stands on the right side of the formula too, where "
                "it would predict itself."
            )


def _column(name: str, mentioned: tuple[str, ...], table: Table) -> Column:
    try:
        return table.column(name)
    except DataError as error:
        if name in mentioned:
            raise
        raise DataError(f"The formula's `.` stands for column {quote(name)} too. {error}") from None


def _target_values(target: Column, take: Rows) -> tuple[npt.NDArray[Any], tuple[str, ...]]:
    """Return the target in the rows used, as an array of our own, and its levels."""
    if target.kind != "text":
        return np.array(target.data[take]), ()
    codes = target.data[take]
    seen = np.bincount(codes, minlength=len(target.levels)) > 0
    levels = tuple(level for level, there in zip(target.levels, seen, strict=True) if there)
    return np.array(target.values[take]), levels


def _references(spec: DesignSpec) -> list[str]:
    """Return a sentence for each category that is compared with a reference level."""
    reduced = {
        index
        for group in spec.groups
        for index, full in zip(group.factors, group.full, strict=True)
        if not full
    }
    notes = []
    for index, encoder in enumerate(spec.encoders):
        if index in reduced and isinstance(encoder, CategoryEncoder):
            labels = [encoder.label(encoder.levels[k]) for k in encoder.kept(False)]
            notes.append(
                f"{encoder.factor.name}: the reference level is "
                f"{quote(encoder.label(encoder.levels[encoder.base]))}; the coefficients of "
                f"{listing(list(map(quote, labels)))} are differences from it "
                f"({count(len(encoder.levels), 'level')})."
            )
    return notes
