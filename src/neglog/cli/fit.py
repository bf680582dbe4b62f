"""``neglog fit``: the main job."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

from neglog.cli.options import as_json, density_options, examples, print_json, prior_of, quiet
from neglog.cli.talk import talk
from neglog.cli.writing import require_writable
from neglog.errors import UsageError

if TYPE_CHECKING:
    from neglog.data import Table
    from neglog.models import Model
    from neglog.selection.auto import Choice
    from neglog.solvers import Record

__all__ = ["command", "fitted", "show_choice"]


@click.command(
    "fit",
    short_help="Fit a law of a target to a table, and explain it.",
    epilog=examples(
        'neglog fit cancer.csv "diagnosis ~ mean_radius + mean_texture" --positive malignant',
        'neglog fit visits.csv "visits ~ age + C(region)" --save visits.neglog --report visits.html',
        'neglog fit trial.csv "Event(time, died) ~ age" --family "Censored(weibull)"',
        'neglog fit prices.csv "price ~ area" --family asymmetric_laplace --param tau=0.9',
        "neglog fit times.csv \"time ~ dose\" --density 'log(lam) - lam*y' --target positive --param lam=positive",
    ),
)
@click.argument("data")
@click.argument("formula")
@click.option(
    "--family",
    metavar="auto|NAME|FILE.py:NAME",
    help="The law assumed of the target: chosen by its values (auto, the default), a name (poisson), a transformer "
    "of one (Censored(weibull), Truncated(normal, lower=0)), or one declared in a file of yours.",
)
@density_options()
@click.option(
    "--loss",
    "loss",
    metavar="NAME|FILE.py:NAME",
    help="In place of a family a loss that follows from no density: hinge, huber, quantile ...",
)
@click.option(
    "--prior",
    metavar="normal:SCALE|laplace:B|elasticnet:L1,L2",
    help="A prior of the slopes: Normal(0, SCALE), Laplace(0, B) or exp(-L1 |w| - L2 w^2). Flat by default.",
)
@click.option(
    "--positive", metavar="LABEL", help="The label that counts as 1, of a target with two."
)
@click.option(
    "--order",
    metavar="LABEL,LABEL,...",
    help="The classes from the lowest to the highest, for ordered classes (--family ordinal).",
)
@click.option(
    "--missing",
    type=click.Choice(["drop", "error"]),
    default="drop",
    show_default=True,
    help="What to do with rows that lack a value.",
)
@click.option("--weights", metavar="COLUMN", help="A column of weights: 2 is the row twice.")
@click.option(
    "--information",
    type=click.Choice(["observed", "expected"]),
    default="observed",
    show_default=True,
    help="What standard errors are taken from: the curvature at the data, or its mean over the law (Fisher).",
)
@click.option(
    "--solver",
    type=click.Choice(["newton", "lbfgs", "gradient"]),
    default="newton",
    show_default=True,
    help="The algorithm.",
)
@click.option("--max-iter", type=click.IntRange(min=1), help="Most iterations of it.")
@click.option("--step", type=float, help="Its constant step (gradient only).")
@click.option("--seed", type=int, help="A random start (gradient only).")
@click.option("--save", metavar="FILE", help="Keep the model, for neglog predict.")
@click.option("--report", metavar="FILE", help="Write everything about the fit as one HTML file.")
@as_json
@quiet
def command(
    data: str,
    formula: str,
    family: str | None,
    loss: str | None,
    density: str | None,
    target: str | None,
    params: tuple[str, ...],
    prior: str | None,
    positive: str | None,
    order: str | None,
    missing: str,
    weights: str | None,
    information: str,
    solver: str,
    max_iter: int | None,
    step: float | None,
    seed: int | None,
    save: str | None,
    report: str | None,
    as_json: bool,
) -> None:
    """Fit FORMULA to the table DATA (CSV or Parquet) and print the coefficients.

    A formula is 'target ~ columns': + - : * ^ 0 1 . C(x) log(x) poly(x, 2) ... A target of two columns is
    'successes | trials', 'Event(time, died)' or 'Interval(lo, hi)'. Without --family the law is chosen by the target's
    values, and by likelihood where they leave a choice; what was considered is said.
    """
    with talk.phase("starting"):
        inputs = {"the table that is read": data, "the file of the family": _family_file(family)}
        if save is not None:
            require_writable(save, {**inputs, "where the report goes": report})
        if report is not None:
            require_writable(report, inputs)
        law_of_slopes = prior_of(prior)
        from neglog.cli.laws import family_of, fixed, loss_from_text, separated

        named = None if family is not None and family.casefold() == "auto" else family
        if loss is not None and (family is not None or density is not None):
            raise UsageError(
                "--loss stands in the place of --family and --density: a law brings its own loss. Keep one of them."
            )
        if loss is None:
            law = family_of(named, density, target, params)
        else:
            values, supports = separated(params)
            if target or supports:
                raise UsageError(
                    "--target and --param NAME=SUPPORT describe a density, not a loss."
                )
            law = fixed(loss_from_text(loss), values)
        with talk.phase(f"reading {data}"):
            from neglog.data import read

            table = read(data)
        choice = None
        if law is None:
            choice = chosen(
                formula, table, prior=law_of_slopes, sample_weight=weights, missing=missing
            )
            law = choice.family
            if positive is None and choice.positive is not None:
                positive = f"{choice.positive:g}"
        model = fitted(
            formula, table, prior=law_of_slopes, positive=positive, missing=missing,
            order=None if order is None else [label.strip() for label in order.split(",")],
            sample_weight=weights, information=information, solver=solver, max_iter=max_iter, step=step, seed=seed,
            **{"family" if loss is None else "loss": law},
        )  # fmt: skip  # one call
        if save is not None:
            with talk.phase(f"writing {save}"):
                model.save(save)
        if report is not None:
            with talk.phase(f"writing {report}"):
                from neglog.reports import write_report

                line = shlex.join(click.get_current_context().find_root().obj)
                write_report(
                    model, report, data=table, prior=law_of_slopes, choice=choice, command=line
                )
    if as_json:
        print_json(_as_data(model, choice))
    else:
        click.echo(str(model.summary()))
    for path, what in ((save, "model"), (report, "report")):
        if path is not None:
            talk.say(f"Wrote the {what} to {path}.")


def chosen(formula: str, table: Table, **options: Any) -> Choice:
    """Choose the family, and say which readings were considered."""
    with talk.phase("choosing the family"):
        from neglog.selection.auto import choose_family

        choice = choose_family(formula, table, announce=talk.doing, **options)
    show_choice(choice)
    return choice


def show_choice(choice: Choice) -> None:
    """Say why a family was chosen, with the scores if there are several readings."""
    talk.say(choice.why)
    if len(choice.readings) < 2:
        return
    lines = [f"  {'read as':<14}{'law':<13}{'nats/row':>9}{'penalised':>11}"]
    for reading in choice.readings:
        score, penalised = (
            "" if value is None else f"{value:.4f}" for value in (reading.score, reading.penalised)
        )
        line = f"  {reading.reading:<14}{reading.family:<13}{score:>9}{penalised:>11}  {reading.remark}"
        lines.append(line.rstrip())
    talk.show("\n".join(lines))


def fitted(formula: str, table: Table, **options: Any) -> Model:
    """Fit; a fit that did not end at a maximum is an error here, for nothing should be written then.

    Raises
    ------
    SeparationError, ConvergenceError
        With the model's own message.
    """
    import warnings

    from neglog.errors import ConvergenceError, FitWarning, SeparationError
    from neglog.models import fit

    def tell(record: Record) -> None:
        talk.doing(f"fitting: iteration {record.iteration}, mean loss {record.mean_objective:.6g}")

    with talk.phase("fitting"), warnings.catch_warnings():
        warnings.simplefilter("ignore", FitWarning)  # said below, as an error
        model = fit(formula, table, callback=tell, announce=talk.doing, **options)
    if model.status == "separated":
        raise SeparationError(model.message)
    if not model.converged and model.status != "stopped":
        raise ConvergenceError(model.message)
    return model


def _as_data(model: Model, choice: Choice | None) -> dict[str, Any]:
    """Return a model as plain data."""
    intervals = model.conf_int()
    return {
        "formula": model.formula,
        "target": model.coding.name,
        "family": model.family.name,
        "density": model.family.density.text,
        "prior": model.prior,
        "status": model.status,
        "message": model.message,
        "source": model.source,
        "rows_read": model.rows[0],
        "rows_used": model.rows[1],
        "classes": list(model.coding.labels),
        "coefficients": {
            name: {
                "estimate": model.params[name],
                "std_err": model.bse[name],
                "z": model.tvalues[name],
                "p": model.pvalues[name],
                "low": intervals[name][0],
                "high": intervals[name][1],
            }
            for name in model.names
        },
        "constants": dict(model.constants),
        "loglik": model.loglik,
        "aic": model.aic,
        "bic": model.bic,
        "nobs": model.nobs,
        "n_parameters": model.df_model,
        "mean_loss": model.criteria.mean_loss,
        "iterations": max(0, len(model.trace) - 1),
        "notes": list(model.notes),
        "choice": None
        if choice is None
        else {
            "why": choice.why,
            "readings": [
                {
                    "reading": each.reading,
                    "family": each.family,
                    "score": each.score,
                    "penalised": each.penalised,
                    "remark": each.remark,
                }
                for each in choice.readings
            ],
        },
    }


def _family_file(family: str | None) -> str | None:
    """Return the file of ``--family FILE.py:NAME``."""
    path, _, _ = (family or "").rpartition(":")
    return path if path.endswith(".py") else None
