"""``neglog loss``: the loss of one observation, as a number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from neglog.cli.options import as_json, density_options, examples, numbers, print_json, quiet
from neglog.cli.talk import talk
from neglog.errors import UsageError, nearest

if TYPE_CHECKING:
    from neglog.kernels import Kernel
    from neglog.losses import Loss
    from neglog.losses.declared import Declared

__all__ = ["command"]

# Names that mean the loss of two classes or of K; how many probabilities there are decides.
_EITHER = {"crossentropy", "logloss", "交叉熵", "对数损失"}


@click.command(
    "loss",
    short_help="The loss of one observation, as a number.",
    epilog=examples(
        "neglog loss cross_entropy --y 1 --p 0.6",
        "neglog loss cross_entropy --y 1 --p 0.2,0.5,0.3",
        "neglog loss normal --y 2 --raw 1.5 --param sigma=0.5 --json",
    ),
)
@click.argument("name", required=False)
@click.option(
    "--y",
    "target_value",
    metavar="Y",
    required=True,
    help="The target; for classes a class number from 0 or a target vector 0,1,0. Of several columns their values: "
    "'3 | 10' (successes | trials), '2,inf' (the ends of an interval), '5,1' (a time, 1 if the event was seen then).",
)
@click.option(
    "--p",
    "response",
    metavar="P",
    help="The prediction as people write it: a probability, a mean; for classes one a class.",
)
@click.option(
    "--raw",
    metavar="R",
    help="The raw prediction instead, before the inverse link: a logit, a log of the mean.",
)
@density_options(
    "NAME=VALUE",
    "A parameter that is not predicted, such as sigma=2. Of a typed density also NAME=SUPPORT.",
)
@as_json
@quiet
def command(
    name: str | None,
    target_value: str,
    response: str | None,
    raw: str | None,
    density: str | None,
    target: str | None,
    params: tuple[str, ...],
    as_json: bool,
) -> None:
    """Evaluate the loss NAME at a target and a prediction, in nats where it follows from a density.

    Without the parameters that are not predicted the textbook loss is printed, which has no such constants.
    """
    with talk.phase("compiling the loss"):
        from neglog.cli.laws import family_of, separated

        given, supports = separated(params)
        if name is None and density is None:
            raise UsageError(
                "Name a loss (neglog loss cross_entropy --y 1 --p 0.6), or give --density."
            )
        family = family_of(name, density, target, supports)
        assert family is not None
        y = _target(family, target_value)
        prediction, scale = _prediction(family, response, raw, given)
        if name is not None and len(prediction) > 1 and _folded(name) in _EITHER:
            from neglog.families.categorical import Categorical

            family = Categorical
        from neglog.families.verbs import compile as compile_loss

        kernel = compile_loss(family)
        result = _evaluate(kernel, y, prediction, scale, given)
    if as_json:
        print_json(result)
        return
    # The number alone where it is not obvious that a sentence belongs beside it.
    if talk.terminal or result["form"] == "textbook":
        talk.say(_said(result))
    loss = result["value"]
    click.echo("\n".join(map(_number, loss if isinstance(loss, list) else [loss])))


def _folded(name: str) -> str:
    return name.casefold().replace("_", "").replace("-", "").replace(" ", "")


def _target(family: Declared[...], text: str) -> list[float]:
    """Return the numbers of the target; of a target of several columns those of one observation."""
    support = family.target
    if not support.fields:
        return numbers(text, "--y")
    successes = support.kind == "CountOf"
    y = numbers(text.replace("|", ",", 1) if successes else text, "--y")
    if len(y) != len(support.fields):
        example = {"CountOf": "3 | 10", "Interval": "2,inf", "Event": "5,1"}.get(support.kind)
        names = " | ".join(field for field, _ in support.fields) if successes else None
        said = names or ",".join(field for field, _ in support.fields)
        such = f", such as --y '{example}'" if example else ""
        raise UsageError(
            f"A target of {family.name} is {support.sentence}: write --y '{said}'{such}; '{text}' has {len(y)} "
            f"{'number' if len(y) == 1 else 'numbers'}."
        )
    return y


def _prediction(
    family: Declared[...], response: str | None, raw: str | None, given: dict[str, str]
) -> tuple[list[float], str]:
    """Return the prediction of the modelled parameter and its scale; it may stand in `given`."""
    modelled = family.density.free[0]
    ways = {
        "--p": response,
        "--raw": raw,
        f"--param {modelled}=...": given.pop(modelled, None),
    }
    named = {option: text for option, text in ways.items() if text is not None}
    if len(named) != 1:
        raise UsageError(
            f"Give the prediction once: as {', '.join(ways)} ({modelled} is what {family.name} predicts)."
            if not named
            else f"The prediction was given by {' and by '.join(named)}. Keep one of them."
        )
    ((option, text),) = named.items()
    return numbers(text, option), "raw" if option == "--raw" else "response"


def _evaluate(
    kernel: Kernel, y: list[float], prediction: list[float], scale: str, given: dict[str, str]
) -> dict[str, Any]:
    """Return the loss, on the raw scale with its derivatives, and what was evaluated."""
    import numpy as np

    loss = kernel.loss
    hyper = {}
    for name, text in given.items():
        if name not in loss.hyper:
            raise UsageError(
                f"{loss.name} has no other parameter '{name}'. "
                + (
                    nearest(name, loss.hyper)
                    if loss.hyper
                    else "It has none besides the prediction."
                )
            )
        (hyper[name],) = numbers(text, f"--param {name}")[:1]
    missing = [name for name in loss.hyper if name not in {**loss.hyper_defaults, **hyper}]
    complete = not missing
    _require_given(loss, missing)
    classes = kernel.shape == "classes"
    target = np.asarray(y)
    if classes:
        raws = np.asarray(prediction)[None, :]
        if len(y) not in (1, len(prediction)):
            raise UsageError(
                f"--y has {len(y)} numbers and the prediction {len(prediction)} classes: give the "
                "number of the class, counted from 0, or one number for each class."
            )
        target = target if len(y) == 1 else target[None, :]
    elif loss.density.support.fields:
        raws, target = np.asarray(prediction), target[None, :]
        if len(prediction) > 1:
            raise UsageError(
                f"--y is one observation, and there are {len(prediction)} predictions."
            )
    else:
        raws = np.asarray(prediction)
        if len(y) != len(prediction):
            raise UsageError(
                f"--y has {len(y)} numbers and the prediction {len(prediction)}; they go in pairs."
            )
    order = 2 if scale == "raw" else 0
    evaluation = kernel.evaluate(
        target, raws, hyper=hyper, order=order, constants=complete, scale=scale, engine="numpy"
    )
    result = {
        "loss": loss.name,
        "form": "complete" if complete else "textbook",
        "likelihood": loss.density.likelihood,
        "expression": _expression(loss, complete, scale),
        "value": _first(evaluation.value),
    }
    if order:
        hessian = evaluation.hessian
        result["gradient"] = _first(evaluation.gradient)
        result["hessian"] = _first(hessian.dense() if hasattr(hessian, "dense") else hessian)
    return result


def _require_given(loss: Loss, missing: list[str]) -> None:
    """Raise if a parameter without a value stands in the textbook loss: then there is no loss to print."""
    from neglog.symbolic.expression import free_symbols

    needed = sorted(free_symbols(loss.textbook.value) & set(missing))
    if needed:
        raise UsageError(
            f"The loss of {loss.name} depends on {' and '.join(needed)}: give "
            f"{' '.join(f'--param {name}=VALUE' for name in needed)}."
        )


def _first(values: Any) -> Any:
    """Return the only row, or all of several."""
    rows = values.tolist() if hasattr(values, "tolist") else values
    return rows[0] if isinstance(rows, list) and len(rows) == 1 else rows


def _expression(loss: Loss, complete: bool, scale: str) -> str:
    from neglog.symbolic.text import to_text

    if scale == "response" and complete:
        return to_text(-loss.density.expression)
    form = loss.complete if complete else loss.textbook
    return (
        to_text(form.value)
        if to_text(form.constant) == "0"
        else f"{to_text(form.value)} + {to_text(form.constant)}"
    )


def _said(result: dict[str, Any]) -> str:
    if not result["likelihood"]:
        return f"{result['loss']}, a loss without a density: {result['expression']}"
    if result["form"] == "complete":
        return f"{result['loss']}, nats: {result['expression']}"
    return (
        f"{result['loss']}, textbook loss (constants dropped; give every --param for nats): "
        f"{result['expression']}"
    )


def _number(value: float) -> str:
    """Return four decimals, or four digits of what has none there."""
    return f"{value:.4f}" if value == 0 or 1e-3 <= abs(value) < 1e15 else f"{value:.4g}"
