"""The page of statistics of a fit, laid out like statsmodels'."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neglog.models.model import Model

__all__ = ["Summary"]

_WIDTH = 80


@dataclass(frozen=True, eq=False)
class Summary:
    """Text for a terminal, a table for a notebook.

    Attributes
    ----------
    model : Model
        What is summarised.
    alpha : float
        The intervals cover with probability 1 - alpha.
    """

    model: Model
    alpha: float = 0.05

    def facts(self) -> list[tuple[str, str]]:
        """Return what stands above the coefficients, as pairs of label and value."""
        model = self.model
        read, used = model.rows
        rows = f"{used:,}" if read == used else f"{used:,} of {read:,}"
        facts = [
            ("Family", model.family.name),
            ("Target", model.coding.name),
            ("Link", model.family.density.parameter(model.family.density.free[0]).link.name),
            ("Prior", model.prior),
            ("Rows", rows),
            ("Status", model.status.replace("_", " ")),
            ("Log-likelihood", f"{model.loglik:.6g}"),
            ("Mean loss", f"{model.criteria.mean_loss:.6g} nats"),
            ("AIC", f"{model.aic:.6g}"),
            ("BIC", f"{model.bic:.6g}"),
            ("Parameters", str(model.df_model)),
            ("Iterations", str(max(0, len(model.trace) - 1))),
        ]
        return facts

    def header(self) -> tuple[str, ...]:
        """Return the headings of the coefficient table."""
        low, high = 100 * self.alpha / 2, 100 * (1 - self.alpha / 2)
        return ("", "estimate", "std err", "z", "P>|z|", f"{low:g}%", f"{high:g}%")

    def cells(self) -> list[tuple[str, ...]]:
        """Return the coefficient table as text, one row a coefficient."""
        table = self.model.table
        intervals = table.conf_int(self.alpha)
        rows = []
        for i, name in enumerate(table.names):
            numbers = (table.estimates[i], table.standard_errors[i])
            rows.append(
                (
                    name,
                    *(_number(value) for value in numbers),
                    _fixed(table.z_values[i], 2),
                    _fixed(table.p_values[i], 3),
                    _number(intervals[i, 0]),
                    _number(intervals[i, 1]),
                )
            )
        return rows

    def footnotes(self) -> list[str]:
        """Return the sentences below the table."""
        model = self.model
        notes = []
        if not model.converged:
            notes.append(f"No standard errors: {model.message}")
        if model.coding.sentence:
            notes.append(f"Target {model.coding.sentence}.")
        if model.family.target.kind == "Label" and not model.free_classes:
            notes.append(f"Coefficients compare each class with the reference class {model.coding.class_names[0]}.")
        notes += [f"{name} = {value:.6g}" for name, value in model.constants.items()]
        notes += list(model.notes)
        if model.converged:
            what = "posterior curvature" if model.prior != "flat" else "observed information"
            notes.append(f"Standard errors from the {what}; p-values and intervals from the normal law.")
        return notes

    def __str__(self) -> str:
        facts = self.facts()
        half = (len(facts) + 1) // 2
        lines = [f"{self.model.family.name} fit: {self.model.formula}".center(_WIDTH).rstrip(), "=" * _WIDTH]
        for left, right in zip(facts[:half], facts[half:], strict=False):
            lines.append(f"{_fact(left):<40}{_fact(right)}".rstrip())
        lines.append("=" * _WIDTH)
        lines += _aligned([self.header(), *self.cells()])
        lines.append("=" * _WIDTH)


        for note in self.footnotes():
            lines += textwrap.wrap(note, _WIDTH)
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        def row(cells: Sequence[str], tag: str) -> str:
            return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"

        facts = "".join(row(pair, "td") for pair in self.facts())
        body = "".join(row(cells, "td") for cells in self.cells())
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self.footnotes())
        title = html.escape(f"{self.model.family.name} fit: {self.model.formula}")
        return f"<h4>{title}</h4><table>{facts}</table><table>{row(self.header(), 'th')}{body}</table>{notes}"


def _fact(pair: tuple[str, str]) -> str:
    return f"{pair[0] + ':':<16}{pair[1]}"


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    names = max(widths[0], _WIDTH - sum(widths[1:]) - 2 * (len(widths) - 1))
    lines = [
        row[0].ljust(names) + "".join("  " + cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        for row in rows
    ]
    lines.insert(1, "-" * len(lines[0]))
    return lines


def _number(value: float) -> str:
    if value != value:
        return ""
    return f"{value:.4f}" if 1e-3 <= abs(value) < 1e5 or value == 0 else f"{value:.3e}"


def _fixed(value: float, digits: int) -> str:
    return "" if value != value else f"{value:.{digits}f}"
