"""The page of statistics of a fit, laid out like statsmodels'."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from neglog.losses.surrogates.surrogate import Surrogate

if TYPE_CHECKING:
    from neglog.models.model import Model

__all__ = ["Summary"]

_WIDTH = 80
_LABEL = 16


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
        likelihood = model.criteria.likelihood
        unit = " nats" if likelihood else ""
        of_likelihood = [("Log-likelihood", f"{model.loglik:.6g}")] if likelihood else []
        compared = [("AIC", f"{model.aic:.6g}"), ("BIC", f"{model.bic:.6g}")] if likelihood else []
        return [
            ("Family" if likelihood else "Loss", _law_or_loss(model)),
            ("Target", model.coding.name),
            *([] if model.cutpoints else [("Link", _link(model))]),
            ("Prior", model.prior),
            ("Rows", rows),
            ("Status", model.status.replace("_", " ")),
            *of_likelihood,
            ("Mean loss", f"{model.criteria.mean_loss:.6g}{unit}"),
            *compared,
            ("Parameters", str(model.df_model)),
            ("Iterations", str(max(0, len(model.trace) - 1))),
        ]

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
        first = next(iter(model.coding.class_names), "")
        if model.cutpoints:
            notes.append(
                "A positive coefficient makes the higher classes more probable. "
                f"{next(iter(model.cutpoints))} and the like are the cutpoints between neighbouring classes."
            )
        elif model.family.target.kind == "Label" and not model.free_classes:
            notes.append(f"Coefficients compare each class with the reference class {first}.")
        if (
            model.free_classes
            and f"{first}:Intercept" not in model.names
            and model.design.intercept
        ):
            notes.append(f"Intercepts compare each class with {first}, whose intercept is 0.")
        notes += [f"{name} = {value:.6g}" for name, value in model.constants.items()]
        notes += list(model.notes)
        if isinstance(model.family, Surrogate):
            notes.append(
                f"No log-likelihood, AIC or BIC: no law of the target was assumed. {model.family.label}"
            )
        if model.covariance is not None and model.covariance.kind == "sandwich":
            notes.append(
                "Robust (sandwich) standard errors; p-values and intervals from the normal law."
            )
        elif model.covariance is not None and model.covariance.kind != "sparsity":
            what = f"{model.covariance.kind} information"
            if model.prior != "flat":
                what = (
                    "posterior curvature"
                    if model.covariance.kind == "observed"
                    else f"{what} and the prior's curvature"
                )
            notes.append(
                f"Standard errors from the {what}; p-values and intervals from the normal law."
            )
        return notes

    def __str__(self) -> str:
        title = textwrap.wrap(f"{self.model.family.name} fit: {self.model.formula}", _WIDTH)
        rule = "=" * _WIDTH
        lines = [*(line.center(_WIDTH).rstrip() for line in title), rule]
        lines += [*_two_columns(self.facts()), rule]
        lines += [*_aligned(self.header(), self.cells()), rule]
        for note in self.footnotes():
            lines += textwrap.wrap(note, _WIDTH)
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        def row(cells: Sequence[str], tag: str) -> str:
            return (
                "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"
            )

        facts = "".join(row(pair, "td") for pair in self.facts())
        body = "".join(row(cells, "td") for cells in self.cells())
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self.footnotes())
        title = html.escape(f"{self.model.family.name} fit: {self.model.formula}")
        return f"<h4>{title}</h4><table>{facts}</table><table>{row(self.header(), 'th')}{body}</table>{notes}"


def _link(model: Model) -> str:
    """Return the name of the link of the modelled parameter."""
    return model.family.density.parameter(model.family.density.free[0]).link.name


def _law_or_loss(model: Model) -> str:
    """Return the name of the law; of a loss with the values of its hyperparameters."""
    fixed = [f"{p.name}={p.value:g}" for p in model.family.parameters if p.value is not None]
    if model.loss is None or not fixed:
        return model.family.name
    return f"{model.family.name}({', '.join(fixed)})"


def _two_columns(facts: list[tuple[str, str]]) -> list[str]:
    """Return the facts side by side; one that is too long has lines of its own."""
    room = _WIDTH // 2 - _LABEL - 1
    short = [f"{label + ':':<{_LABEL}}{value}" for label, value in facts if len(value) <= room]
    half = (len(short) + 1) // 2
    pairs = zip(short[:half], [*short[half:], ""], strict=False)
    lines = [f"{left:<{_WIDTH // 2}}{right}".rstrip() for left, right in pairs]
    for label, value in facts:
        if len(value) > room:
            opening = f"{label + ':':<{_LABEL}}"
            lines += textwrap.wrap(
                value, _WIDTH, initial_indent=opening, subsequent_indent=" " * _LABEL
            )
    return lines


def _aligned(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    """Return the table; a name longer than its column stands above its numbers."""
    columns = list(zip(*(row[1:] for row in (header, *rows)), strict=True))
    widths = [max(map(len, column)) for column in columns]
    room = _WIDTH - sum(widths) - 2 * len(widths)

    def line(name: str, cells: tuple[str, ...]) -> str:
        padded = (cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
        return "  ".join((name.ljust(room), *padded)).rstrip()

    lines = [line("", header[1:]), "-" * _WIDTH]
    for name, *cells in rows:
        if len(name) > room:
            lines += textwrap.wrap(name, _WIDTH)
            name = ""
        lines.append(line(name, tuple(cells)))
    return lines


def _number(value: float) -> str:
    if value != value:
        return ""
    return f"{value:.4f}" if 1e-3 <= abs(value) < 1e5 or value == 0 else f"{value:.3e}"


def _fixed(value: float, digits: int) -> str:
    return "" if value != value else f"{value:.{digits}f}"
