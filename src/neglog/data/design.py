"""`DesignSpec`: all that is needed to turn rows into the matrix X, learnt once, stored as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from neglog.data.categories import CategoryEncoder
from neglog.data.coding import code_terms
from neglog.data.encoders import Encoder, learn
from neglog.data.factors import Factor
from neglog.data.finite import Rows, check_finite, row_of, sum_is_finite
from neglog.data.formula import Formula
from neglog.data.memory import check_fits
from neglog.data.rows import Missing, complete_rows
from neglog.data.sides import Side
from neglog.data.table import Column, FloatArray, IntArray, Table
from neglog.data.words import count, quote
from neglog.errors import DataError, FormulaError

__all__ = ["DesignSpec", "Group"]

_BLOCK_VALUES = 1 << 17
"""Numbers of X filled at a time: 1 MB, which stays in cache while its columns are written."""


@dataclass(frozen=True)
class Group:
    """Neighbouring columns of X that one product of factors makes.

    Parameters
    ----------
    factors : tuple of int
        Positions of its factors among the encoders; none for the intercept.
    full : tuple of bool
        For each factor, whether a category has a column for every level.
    """

    factors: tuple[int, ...]
    full: tuple[bool, ...]


@dataclass(frozen=True, eq=False, repr=False)
class DesignSpec:
    """How rows become the columns of X: the formula, and what it learnt from the data.

    Parameters
    ----------
    formula : str
        The formula as it was written.
    side : Side
        Its left side: the target.
    encoders : tuple of Encoder
        One for each factor, with what it learnt.
    groups : tuple of Group
        The products of factors, in the order of the columns.
    """

    formula: str
    side: Side
    encoders: tuple[Encoder, ...]
    groups: tuple[Group, ...]

    @classmethod
    def learn(
        cls, formula: Formula, columns: Mapping[str, Column], table: Table, rows: IntArray | None
    ) -> DesignSpec:
        """Return the design of a formula, learnt from the given rows of a table; all if None.

        Raises
        ------
        DataError
            A column cannot be used as the formula asks.
        FormulaError
            The formula codes the same column twice.
        """
        factors = list(dict.fromkeys(factor for term in formula.terms for factor in term))
        encoders = {
            factor: learn(factor, columns[factor.column], table, rows) for factor in factors
        }
        _check_coded_once(formula, encoders)
        products = code_terms(formula.terms, lambda factor: encoders[factor].categorical)
        position = {factor: index for index, factor in enumerate(factors)}
        groups = tuple(
            Group(tuple(position[c.factor] for c in product), tuple(c.full for c in product))
            for product in products
        )
        spec = cls(formula.text, formula.side, tuple(encoders.values()), groups)
        spec._check_levels(table)
        spec._check_names()
        return spec

    def _check_levels(self, table: Table) -> None:
        for group in self.groups:
            for index, full in zip(group.factors, group.full, strict=True):
                encoder = self.encoders[index]
                if isinstance(encoder, CategoryEncoder) and not encoder.kept(full):
                    only = quote(encoder.label(encoder.levels[0]))
                    raise DataError(
                        f"Column {quote(encoder.factor.column)} of {table.place} holds the one "
                        f"value {only} in all rows used, so it has no effect that could be "
                        "estimated. Leave it out of the formula."
                    )

    def _check_names(self) -> None:
        seen: set[str] = set()
        for name in self.names:
            if name in seen:
                raise FormulaError(
                    f"The formula {quote(self.formula)} makes two coefficients called "
                    f"{quote(name)}. Rename one of the columns."
                )
            seen.add(name)

    @property
    def target_name(self) -> str:
        """The target by name: its column, or its columns as the formula writes them."""
        return self.side.name

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the coefficients, one for each column of X."""
        return tuple(name for group in self.groups for name in self._names(group))

    def _names(self, group: Group) -> list[str]:
        names = [""]
        # Built from the last factor on, so that the first one changes fastest, as in R.
        for place in reversed(range(len(group.factors))):
            encoder, full = self.encoders[group.factors[place]], group.full[place]
            own = encoder.names(full)
            names = [f"{mine}:{rest}" if rest else mine for rest in names for mine in own]
        return names if group.factors else ["Intercept"]

    @property
    def intercept(self) -> bool:
        """Whether the first column of X is 1."""
        return any(not group.factors for group in self.groups)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a table that `encode` needs."""
        return tuple(dict.fromkeys(encoder.factor.column for encoder in self.encoders))

    def __repr__(self) -> str:
        return f"<DesignSpec {self.formula}: {count(len(self.names), 'column')}>"

    def encode(self, table: Table, *, missing: Missing = "drop") -> tuple[FloatArray, IntArray]:
        """Return X for new rows, and which rows they are.

        Parameters
        ----------
        table : Table
            The new rows; the target may be absent.
        missing : {"drop", "error"}
            What to do with rows in which a column that is needed is missing.

        Returns
        -------
        X : ndarray of float64, [n, p]
            C-contiguous.
        rows : ndarray of int64, [n]
            For each row of X, its row in the table, counted from 0.

        Raises
        ------
        DataError
            A column is absent or of another kind than when the design was learnt, or a row holds a
            level that is not known.
        MissingValuesError
            A value is missing and `missing` is ``"error"``.
        """
        columns = self.fetch(table)
        kept, _ = complete_rows(columns.values(), table, missing)
        X = self.fill(columns, table, kept)
        return X, np.arange(table.n_rows) if kept is None else kept

    def fetch(self, table: Table) -> dict[str, Column]:
        """Return the columns of a table that the design needs, as the kinds it learnt.

        Raises
        ------
        DataError
            A column is absent, or of another kind.
        """
        columns: dict[str, Column] = {}
        for encoder in self.encoders:
            name = encoder.factor.column
            found = columns.get(name) or table.column(name)
            columns[name] = _as_learnt(encoder, found, table)
        return columns

    def fill(self, columns: dict[str, Column], table: Table, kept: IntArray | None) -> FloatArray:
        """Return X of the kept rows of fetched columns; all rows if `kept` is None."""
        n, p = table.n_rows if kept is None else len(kept), len(self.names)
        check_fits(
            n * p * 8,
            f"The matrix of {table.place} ({count(n, 'row')}, {count(p, 'column')})",
            "A category with very many levels may be an identifier: leave it out of the formula",
        )
        for column in columns.values():
            # Rows are picked, which copies, only where a value of a dropped row spoils the sum.
            if column.kind == "number" and not sum_is_finite(column.data):
                take: Rows = slice(None) if kept is None else kept
                check_finite(column.data[take], column, table, take)
        bound = [
            encoder.bind(columns[encoder.factor.column], table, kept) for encoder in self.encoders
        ]
        X = np.empty((n, p))
        step = max(256, _BLOCK_VALUES // max(p, 1))
        widths = [len(self._names(group)) for group in self.groups]
        for start in range(0, n, step):
            stop = min(start + step, n)
            rows: Rows = slice(start, stop) if kept is None else kept[start:stop]
            first = 0
            # What overflows is found below, and the message says where.
            with np.errstate(over="ignore", invalid="ignore"):
                for group, width in zip(self.groups, widths, strict=True):
                    self._fill_group(group, bound, rows, X[start:stop, first : first + width])
                    first += width
            self._check_overflow(X[start:stop], table, rows)
        return X

    def _fill_group(self, group: Group, bound: Sequence[Any], rows: Rows, out: FloatArray) -> None:
        if not group.factors:
            out[:] = 1.0
            return
        parts = []
        for index, full in zip(group.factors, group.full, strict=True):
            encoder, values = self.encoders[index], bound[index](rows)
            if isinstance(encoder, CategoryEncoder):
                kept = encoder.kept(full)
                column_of = np.full(len(encoder.levels), -1)
                column_of[kept] = range(len(kept))
                at = column_of[values]
                indicators = out if len(group.factors) == 1 else np.empty((len(out), len(kept)))
                indicators[:] = 0.0
                present = np.flatnonzero(at >= 0)
                indicators[present, at[present]] = 1.0
                if indicators is out:
                    return
                parts.append(indicators)
            else:
                parts.append(values[:, None] if values.ndim == 1 else values)
        product = parts[-1]
        for part in reversed(parts[:-1]):
            product = (product[:, :, None] * part[:, None, :]).reshape(len(out), -1)
        out[:] = product

    def _check_overflow(self, block: FloatArray, table: Table, rows: Rows) -> None:
        if sum_is_finite(block):
            return
        bad = ~np.isfinite(block)
        if bad.any():
            at, column = (int(index[0]) for index in np.nonzero(bad))
            raise DataError(
                f"{self.names[column]} overflows in {table.where(row_of(rows, at))}: the numbers "
                "are too large to be multiplied or scaled. Use other units, such as thousands or "
                "millions."
            )

    def to_json(self) -> dict[str, Any]:
        """Return the design as JSON data, from which `from_json` makes it again exactly."""
        from neglog.data.stored import to_json

        return to_json(self)

    @classmethod
    def from_json(cls, data: Any) -> DesignSpec:
        """Return the design that `to_json` gave.

        Raises
        ------
        ModelFileError
            The data are no design, or one that a newer version wrote.
        """
        from neglog.data.stored import from_json

        return from_json(data)


def _check_coded_once(formula: Formula, encoders: dict[Factor, Encoder]) -> None:
    coded: dict[str, str] = {}
    for factor, encoder in encoders.items():
        other = coded.setdefault(factor.column, factor.name) if encoder.categorical else factor.name
        if other != factor.name:
            raise FormulaError(
                f"The formula {quote(formula.text)} has the categories of column "
                f"{quote(factor.column)} twice, as {other} and as {factor.name}; their columns "
                f"would be the same. Keep one of them (after `.`, write `. - {factor.column} + "
                f"{factor.name}`)."
            )


def _as_learnt(encoder: Encoder, column: Column, table: Table) -> Column:
    """Return the column as the kind the encoder learnt, where that changes no value."""
    wanted = encoder.kind if isinstance(encoder, CategoryEncoder) else "number"
    if column.kind == wanted:
        return column
    if column.n_missing == len(column):
        # A column without a single value has no kind of its own.
        return Column(column.name, "number", np.full(len(column), np.nan))
    if isinstance(encoder, CategoryEncoder) and wanted == "text" and column.kind == "number":
        from neglog.data.text import text_column

        # Labels such as 12 and 12b: a file that happens to hold only the first kind has numbers.
        levels, codes = np.unique(column.data, return_inverse=True)
        codes = np.where(np.isnan(column.data), -1, codes)
        levels = levels[~np.isnan(levels)]
        return text_column(column.name, codes, [encoder.label(float(level)) for level in levels])
    words = {"number": "numbers", "text": "text", "boolean": "true and false"}
    at = int(np.argmin(column.missing))
    raise DataError(
        f"Column {quote(column.name)} of {table.place} holds {words[column.kind]} "
        f"({quote(column.values[at])} in row {at + 1}), and held {words[wanted]} in the data the "
        "model was fitted to. Give it the same kind of values."
    )
