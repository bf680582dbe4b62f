"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from neglog.cli.talk import talk
from neglog.errors import UsageError

if TYPE_CHECKING:
    from neglog.families.distribution import Distribution

__all__ = ["as_json", "density_options", "examples", "numbers", "print_json", "prior_of", "quiet"]

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

as_json: Decorator = click.option(
    "--json", "as_json", is_flag=True, help="Print the result as JSON instead of text."
)


def _be_quiet(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    talk.quiet = talk.quiet or value


quiet: Decorator = click.option(
    "--quiet", "-q", is_flag=True, expose_value=False, is_eager=True, callback=_be_quiet,
    help="Say nothing on standard error but warnings and errors.",
)  # fmt: skip  # one option


def density_options(
    metavar: str = "NAME=NUMBER|NAME=SUPPORT",
    text: str = "A parameter fixed at a number, of a law or a loss: tau=0.9. Of a typed density also where one lives: "
    "lam=positive (default: real; the first one is modelled). May be repeated.",
) -> Decorator:
    """Add ``--density``, ``--target`` and ``--param`` to a command; `metavar` and `text` describe the last."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        function = click.option("--param", "params", metavar=metavar, multiple=True, help=text)(
            function
        )
        function = click.option(
            "--target", metavar="SUPPORT",
            help="Where its target y lives: real, positive, nonnegative, unitinterval, binary, count.",
        )(function)  # fmt: skip  # one option
        return click.option(
            "--density", metavar="TEXT",
            help="A log-density of your own in y and its parameters, such as 'log(lam) - lam*y'.",
        )(function)  # fmt: skip  # one option

    return decorate


def examples(*lines: str) -> str:
    """Return the examples that end a help text, one a line."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def prior_of(text: str | None) -> Distribution | None:
    """Return the prior that ``--prior normal:SCALE``, ``laplace:B`` or ``elasticnet:L1,L2`` means; None is flat."""
    if text is None or text.casefold() in ("flat", "none"):
        return None
    name, _, tail = text.partition(":")
    kind = name.strip().casefold().replace("gaussian", "normal")
    if kind not in _PRIORS:
        raise UsageError(
            f"--prior {text} is not known. Write normal:SCALE, such as normal:1, for slopes that follow "
            "Normal(0, SCALE), laplace:B for the lasso, elasticnet:L1,L2 for both penalties; leave the option out for "
            "a flat prior."
        )
    count, meaning = _PRIORS[kind]
    try:
        values = [float(part) for part in tail.split(",")]
    except ValueError:
        values = []
    if len(values) != count or not all(0 < value < float("inf") for value in values):
        example = ",".join(["1"] * count)
        many = "a positive scale" if count == 1 else f"{count} positive numbers"
        raise UsageError(
            f"--prior {text} needs {many} after the colon, such as {kind}:{example}: {meaning}."
        )
    from neglog.families.elastic_net import ElasticNet
    from neglog.families.laplace import Laplace
    from neglog.families.normal import Normal

    if kind == "normal":
        return Normal(mu=0.0, sigma=values[0])
    return Laplace(mu=0.0, b=values[0]) if kind == "laplace" else ElasticNet(*values)


_PRIORS: dict[str, tuple[int, str]] = {
    "normal": (1, "the standard deviation that is expected of the slopes beforehand"),
    "laplace": (1, "the mean size that is expected of the slopes beforehand"),
    "elasticnet": (2, "the strengths of l1 |w| + l2 w^2 beside the summed loss"),
}


def numbers(text: str, option: str) -> list[float]:
    """Return the numbers of a comma-separated list."""
    values = []
    for part in text.strip().strip("[]()").split(","):
        try:
            values.append(float(part))
        except ValueError:
            raise UsageError(
                f"{option} takes a number, or numbers with commas between them; '{part.strip()}' is none."
            ) from None
    return values


def print_json(data: Any) -> None:
    """Print data as JSON; what is not a finite number is null, as JSON has no word for it."""
    import json

    click.echo(json.dumps(_plain(data), indent=2, ensure_ascii=False, allow_nan=False))


def _plain(data: Any) -> Any:
    if isinstance(data, dict):
        return {str(key): _plain(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_plain(value) for value in data]
    if hasattr(data, "tolist"):  # an array, or a NumPy scalar
        return _plain(data.tolist())
    if isinstance(data, float) and not (float("-inf") < data < float("inf")):
        return None
    return data
