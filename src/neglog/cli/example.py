"""``neglog example``: real data to start with."""

from __future__ import annotations

import click

from neglog.cli.options import as_json, examples, print_json, quiet
from neglog.cli.talk import talk

__all__ = ["command"]


@click.command(
    "example",
    short_help="Real data to start with, as CSV.",
    epilog=examples("neglog example", "neglog example breast_cancer -o cancer.csv"),
)
@click.argument("name", required=False)
@click.option("--output", "-o", metavar="FILE", help="Write to a file instead of standard output.")
@as_json
@quiet
def command(name: str | None, output: str | None, as_json: bool) -> None:
    """Print the data set NAME as CSV, or list what there is.

    The sets come with scikit-learn and, if it is installed, statsmodels: column names are clean, the target stands
    last, and classes are written by name.
    """
    with talk.phase("reading the examples"):
        from neglog.data import examples as sets

        if name is None:
            listed = [sets.describe(each) for each in sets.names()]
        else:
            text = sets.export(name)
            about = sets.describe(name)
    if name is None:
        if as_json:
            print_json(
                [
                    {
                        "name": each.name,
                        "description": each.description,
                        "target": each.target,
                        "formula": each.formula,
                        "family": each.family,
                        "package": each.package,
                    }
                    for each in listed
                ]
            )
            return
        width = max(len(each.name) for each in listed)
        for each in listed:
            click.echo(f"{each.name:{width}}  {each.description}")
        talk.say("Take one: neglog example breast_cancer -o cancer.csv")
        return
    if output is None:
        click.echo(text, nl=False)
    else:
        from neglog.data.writing import write_text

        write_text(output, text)
        talk.say(f"Wrote {output}: {about.description}")
        talk.say(f'Next: neglog fit {output} "{about.formula}"')
