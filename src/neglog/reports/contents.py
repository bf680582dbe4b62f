"""What stands in a report, as plain values; the only HTML among them are figures and formulas made here."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from neglog._version import __version__
from neglog.data import Table, model_frame, read
from neglog.families.family import Family
from neglog.models.fitting import coded
from neglog.plots import coefficients, convergence, diagnostic
from neglog.reports.figures import inline_svg
from neglog.reports.mathml import to_mathml
from neglog.reports.recipe import python_recipe
from neglog.symbolic.expression import minus
from neglog.symbolic.latex import to_latex

if TYPE_CHECKING:
    from neglog.derivation.derive import Derivation
    from neglog.families.distribution import Distribution
    from neglog.models import Model
    from neglog.selection.auto import Choice

__all__ = ["gather"]

_MOST_DIAGNOSED = 20_000
_MOST_INTEGRATED = 200  # rows whose law has no closed cdf: each takes an integral or two
_MOST_LISTED = 200  # coefficients in the table

_HOW_TO_READ = {
    "Binary": "Rows are grouped by predicted probability. On the dashed line, what was predicted came as often as it "
    "was predicted; the bars are 95% intervals, the numbers at the bottom count rows.",
    "Label": "For each class, rows are grouped by its predicted probability. On the dashed line, the class came as "
    "often as it was predicted; the bars are 95% intervals.",
    "Count": "Bars show how often each count was observed, the line how often the fitted law expects it. Bars well "
    "above the line at 0 and in the tail mean that the counts vary more than this law allows.",
}
_HOW_TO_READ["CountOf"] = _HOW_TO_READ["Count"]
_HIDDEN = ("Interval", "Event", "Counts", "RealVector")
_RESIDUALS = (
    "Quantile residuals follow the standard Normal law if the assumption holds. Left: points leave the grey band where "
    "the tails are heavier, lighter or skewed. Right: a trend or a funnel means that the mean or the spread is not "
    "what was assumed."
)


def gather(
    model: Model,
    data: Any,
    prior: Distribution | None,
    choice: Choice | None,
    command: str,
    derivation: Derivation | None,
) -> dict[str, Any]:
    """Return the contents of the template; the parameters are those of `write_report`."""
    if derivation is None:
        from neglog.families.verbs import derive

        derivation = derive(model.family, prior=prior)
    table = None if data is None else data if isinstance(data, Table) else read(data)
    summary = model.summary()
    cells = summary.cells()
    density = model.family.density
    return {
        "version": __version__,
        "title": model.formula,
        "family": model.family.name,
        "parameters": ", ".join(density.free),
        "status": model.status.replace("_", " "),
        "converged": model.converged,
        "message": model.message,
        "source": model.source,
        "columns": len(table.names) if table is not None else None,
        "rows_read": model.rows[0],
        "rows_used": model.rows[1],
        "target": model.coding.name,
        "mapping": list(enumerate(model.coding.class_names)),
        "notes": model.notes,
        "choice": choice,
        "prior": model.prior,
        "density": Markup(
            to_mathml(
                rf"\log p({_target(density.target)}) = {to_latex(density.expression)}"
                if density.likelihood
                else rf"\ell({_target(density.target)}) = {to_latex(minus(density.expression))}",
                display=True,
            )
        ),
        "density_text": density.text,
        "loss_label": "" if model.loss is None else model.loss.label,
        "supports": [(p.name, p.support.sentence, p.link.name) for p in density.parameters],
        "target_support": density.support.sentence,
        "assumptions": derivation.card.assumptions,
        "conclusion": Markup(to_mathml(derivation.card.conclusion_latex, display=True)),
        "pull": Markup(to_mathml(derivation.card.gradient_latex, display=True)),
        "steps": [_step(step) for step in derivation.steps],
        "certificates": derivation.loss.certificates,
        "header": summary.header(),
        "cells": cells[:_MOST_LISTED],
        "n_coefficients": len(cells),
        "facts": summary.facts(),
        "footnotes": summary.footnotes(),
        "forest": _forest(model),
        "trace": _trace(model),
        "diagnostic": _diagnostic(model, table),
        "how_to_read": _HOW_TO_READ.get(density.support.kind, _RESIDUALS),
        "command": command
        or f"neglog fit {shlex.quote(model.source)} {shlex.quote(model.formula)}",
        "recipe": python_recipe(model),
    }


def _target(name: str) -> str:
    from neglog.symbolic.latex import name_to_latex

    return name_to_latex(name)


def _step(step: Any) -> dict[str, Any]:
    """Return one step, with its lines drawn."""
    return {
        "title": step.title,
        "before": Markup(to_mathml(step.before.latex, display=True)),
        "after": Markup(to_mathml(step.after.latex, display=True)),
        "computed": Markup(to_mathml(step.computed.latex, display=True)) if step.computed else "",
        "why": step.why,
        "notes": step.notes,
        "dropped": [
            (
                dropped.kind,
                Markup(to_mathml(dropped.latex or to_latex(dropped.expression))),
                dropped.reason,
            )
            for dropped in step.dropped
        ],
    }


def _forest(model: Model) -> Markup:
    table = model.table
    constants = len(model.constants)  # their estimates stand last
    slopes = [
        i
        for i, name in enumerate(table.names[: len(table.names) - constants])
        if name.rpartition(":")[2] != "Intercept"
    ]
    kept = slopes or list(range(len(table.names)))
    drawn = coefficients(
        [table.names[i] for i in kept], table.estimates[kept], table.conf_int()[kept]
    )
    return Markup(
        inline_svg(drawn, "forest", f"Coefficients of {model.formula} with 95% intervals")
    )


def _trace(model: Model) -> Markup:
    drawn = convergence(model.trace)
    said = f"{max(0, len(model.trace) - 1)} iterations of {model.solver}"
    return Markup(inline_svg(drawn, "trace", f"Convergence: {said}"))


def _diagnostic(model: Model, table: Table | None) -> dict[str, Any] | None:
    """Return the figure that suits the target, drawn from (a sample of) the rows."""
    family = model.family
    if table is None or not isinstance(
        family, Family
    ):  # a loss without a density predicts no law to look at
        return None
    if (
        family.target.kind in _HIDDEN
    ):  # of a target known up to an interval there is no residual to draw
        return None
    frame = model_frame(model.formula, table, spec=model.design)
    trials = None
    if frame.side.fields:
        counts, _ = coded(frame, table, family)
        y, trials = counts[:, 0], counts[:, 1]
    else:
        y = model.coding.encode(
            frame.target, lambda row: table.where(int(frame.rows[row]), frame.target_name)
        )
    closed = family.law is not None or family.target.kind in ("Binary", "Label")
    most = _MOST_DIAGNOSED if closed else _MOST_INTEGRATED
    rows = np.arange(len(y))
    if len(y) > most:
        rows = np.sort(np.random.default_rng(0).choice(len(y), most, replace=False))
    law = model.distribution_of_raw(model.raw_of_design(frame.X[rows]))
    if trials is not None:
        law = law.given(n=trials[rows])
    figure = diagnostic(y[rows], law, labels=model.coding.class_names)
    return {
        "figure": Markup(
            inline_svg(
                figure, "diagnostic", f"How well {model.family.name} fits {model.coding.name}"
            )
        ),
        "sample": f"Drawn from {len(rows):,} of {len(y):,} rows." if len(rows) < len(y) else "",
    }
