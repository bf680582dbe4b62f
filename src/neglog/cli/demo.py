"""``neglog demo``: the main job once, on real data, and what the wrong loss would have cost."""

from __future__ import annotations

import math
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from neglog.cli.options import examples, quiet
from neglog.cli.talk import talk
from neglog.cli.writing import require_writable

if TYPE_CHECKING:
    from neglog.data import Table
    from neglog.derivation.derive import Derivation
    from neglog.models import Model

__all__ = ["command"]

_SET, _FORMULA = "breast_cancer", "diagnosis ~ mean_radius + mean_texture + mean_smoothness"
_POSITIVE = "malignant"


@click.command(
    "demo",
    short_help="The main job once, on real data.",
    epilog=examples("neglog demo", "neglog demo --folder /tmp/demo"),
)
@click.option(
    "--folder",
    metavar="FOLDER",
    default="neglog-demo",
    show_default=True,
    help="Where the data, the model and the report go.",
)
@quiet
def command(folder: str) -> None:
    """Fit 569 tumours, benign or malignant.

    A diagnosis is one of two outcomes, so the Bernoulli law is assumed; cross-entropy is derived from it, compiled and
    minimised. The last screen says what squared error would have cost instead.
    """
    with talk.phase("starting"):
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        data, saved, report = (
            str(place / name) for name in ("tumours.csv", "tumours.neglog", "report.html")
        )
        for path in (data, saved, report):
            require_writable(path, {})
        with talk.phase(f"writing {data}"):
            from neglog.data import examples as sets
            from neglog.data import read

            sets.export(_SET, data)
            table = read(data)
        with talk.phase("fitting"):
            from neglog.cli.fit import fitted
            from neglog.families.bernoulli import Bernoulli

            model = fitted(_FORMULA, table, family=Bernoulli, positive=_POSITIVE)
            model.save(saved)
        with talk.phase("deriving the loss, step by step"):
            from neglog.families.verbs import derive

            derivation = derive(Bernoulli)
        with talk.phase("fitting squared error, for comparison"):
            costs = _costs(table, model)
        with talk.phase(f"writing {report}"):
            from neglog.reports import write_report

            line = f'neglog fit {data} "{_FORMULA}" --positive {_POSITIVE} --report {report}'
            write_report(model, report, data=table, command=line, derivation=derivation)
    click.echo(_screen(model, derivation, costs, saved, data, report))


class Costs(NamedTuple):
    """Mean negative log-likelihood of the observed diagnoses, nats per row."""

    derived: float
    naive: float


def _costs(table: Table, model: Model) -> Costs:
    """Fit the same columns by squared error, and score both on the same rows.

    Squared error assumes a Normal law. What that law gives to a diagnosis of 0 or 1 is P(y - 1/2 < Y <= y + 1/2).
    """
    import numpy as np

    from neglog.data import read
    from neglog.models import fit
    from neglog.selection.auto import discretised

    target = model.coding.name
    columns = {name: table.column(name).values for name in model.design.columns}
    outcome = np.asarray(table.column(target).values == _POSITIVE, dtype=np.float64)
    numeric = read({**columns, target: outcome})
    normal = fit(_FORMULA, numeric, family="normal")
    naive, _ = discretised(normal, numeric, numeric.column(target))
    return Costs(model.criteria.mean_loss, naive)


def _screen(
    model: Model, derivation: Derivation, costs: Costs, saved: str, data: str, report: str
) -> str:
    """Return the last screen: at most 40 lines of 80 columns."""
    steps = {step.rule: step.after.text for step in derivation.steps}
    summary = model.summary()
    rows = [summary.header(), *summary.cells()]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    table = [
        "  "
        + "  ".join(
            [
                row[0].ljust(widths[0]),
                *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)),
            ]
        )
        for row in rows
    ]
    extra = costs.naive - costs.derived
    radius = math.exp(model.params["mean_radius"])
    rule = "─" * 78
    facts = (
        f"{model.rows[1]} tumours, 1 = {_POSITIVE}; {model.status} in {len(model.trace) - 1} iterations, "
        f"log-likelihood {model.loglik:.4f}, AIC {model.aic:.3f}"
    )
    return "\n".join(
        [
            rule,
            "Assumption  diagnosis ~ Bernoulli(p), logit(p) = eta = X w",
            f"Loss        {steps['shorten']}",
            f"Gradient    {steps['gradient'].partition('   [')[0]}",
            rule,
            facts,
            "",
            *table,
            "",
            f"  One unit more of mean_radius multiplies the odds of malignancy by {radius:.2f}.",
            rule,
            "What the wrong loss would have cost, nats per row (mean -log P(observed diagnosis))",
            f"  cross-entropy, derived from Bernoulli      {costs.derived:.4f}",
            f"  squared error, which assumes Normal        {costs.naive:.4f}   + {extra:.4f}",
            "  (same columns and rows, in sample; Normal's P(y) is that of y - 1/2 < Y <= y + 1/2)",
            f"  To what was observed, squared error gives {math.exp(-extra):.0%} of the probability that Bernoulli",
            "  gives (geometric mean); some of the rest goes to values that no diagnosis has.",
            rule,
            f"Report   {report}",
            f"Model    {saved}",
            f"Next     {_program()} predict {saved} {data}",
        ]
    )


def _program() -> str:
    """Return the words that start this program: its path where it is not on the search path."""
    called = sys.argv[0]
    return called if Path(called).stem == "neglog" and not shutil.which("neglog") else "neglog"
