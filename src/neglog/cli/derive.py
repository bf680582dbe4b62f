"""``neglog derive``: why a loss is the right one."""

from __future__ import annotations

import click

from neglog.cli.options import as_json, density_options, examples, print_json, prior_of, quiet
from neglog.cli.talk import talk
from neglog.errors import UsageError

__all__ = ["command"]


@click.command(
    "derive",
    short_help="Why is this the right loss? Every step, checked.",
    epilog=examples(
        "neglog derive cross_entropy",
        "neglog derive poisson --prior normal:1 --format latex > lecture.tex",
        "neglog derive --density 'log(lam) - lam*y' --target positive --param lam=positive",
    ),
)
@click.argument("name", required=False)
@click.option(
    "--format", "form", type=click.Choice(["text", "latex"]), default="text", show_default=True,
    help="How to print it. LaTeX is a document that compiles.",
)  # fmt: skip  # one option
@click.option("--prior", metavar="normal:SCALE", help="A prior of the slopes (MAP, not MLE).")
@click.option(
    "--model", "modelled", metavar="PARAM", multiple=True,
    help="A parameter that receives a raw prediction (default: the first; may be repeated).",
)  # fmt: skip  # one option
@density_options()
@as_json
@quiet
def command(
    name: str | None,
    form: str,
    prior: str | None,
    modelled: tuple[str, ...],
    density: str | None,
    target: str | None,
    params: tuple[str, ...],
    as_json: bool,
) -> None:
    """Derive the loss that follows from assuming that the target is distributed as NAME.

    NAME is a family or a loss, in English or Chinese (normal, mse, cross_entropy, softmax, poisson, 交叉熵), or
    FILE.py:NAME. Each step says what was done and why, and was checked when it was made.
    """
    with talk.phase("deriving"):
        from neglog.cli.laws import family_of
        from neglog.families.verbs import derive

        family = family_of(name, density, target, params)
        if family is None:
            raise UsageError(
                "Say what to derive: a family or a loss (neglog derive poisson), or a log-density "
                "(--density TEXT). Known: normal, bernoulli, categorical, poisson."
            )
        derivation = derive(family, prior=prior_of(prior), modelled=modelled or None)
    if as_json:
        print_json(
            {
                "family": derivation.loss.name,
                "steps": [
                    {
                        "rule": step.rule,
                        "title": step.title,
                        "before": step.before.text,
                        "after": step.after.text,
                        "computed": step.computed.text if step.computed else None,
                        "why": step.why,
                        "dropped": [
                            {"kind": d.kind, "what": d.text or str(d.expression), "why": d.reason}
                            for d in step.dropped
                        ],
                        "notes": step.notes,
                    }
                    for step in derivation.steps
                ],
                "card": str(derivation.card),
                "loss": derivation.loss.to_json(),
            }
        )
    elif form == "latex":
        click.echo(derivation.to_latex(standalone=True).rstrip())
    else:
        click.echo(derivation.to_text().rstrip())
