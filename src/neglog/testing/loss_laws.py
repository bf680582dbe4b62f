"""Laws of losses that were declared without a density: floor, sides of a kink, the law a bridge names."""

from __future__ import annotations

from typing import Any

import numpy as np

from neglog._typing import Floats
from neglog.errors import DerivationError
from neglog.losses.surrogates.surrogate import Surrogate
from neglog.symbolic.expression import as_node
from neglog.symbolic.text import parse
from neglog.testing.findings import Broken, DoesNotApply
from neglog.testing.subject import SETTINGS, Subject, at

__all__ = ["LOSS_LAWS"]

_GRID = np.concatenate([-np.geomspace(50, 0.01, 60), [0.0], np.geomspace(0.01, 50, 60)])


def _targets(subject: Subject) -> list[float]:
    kind = subject.density.support.kind
    return (
        [0.0, 1.0]
        if kind in ("Binary", "Label")
        else [0.5, 2.0]
        if kind in ("Positive", "NonNegative")
        else [-1.5, 0.7]
    )


def _along(subject: Subject, y: float, grid: Floats) -> tuple[Any, Floats]:
    """Return targets and raw predictions along a grid; of classes the score of the first of three."""
    if subject.loss.shape != "classes":
        return y, grid
    return np.full(grid.size, y), np.column_stack([grid, 0 * grid, 0 * grid + 0.3])


def _value(subject: Subject, y: float, grid: Floats, hyper: dict[str, float]) -> Floats:
    return np.asarray(subject.kernel.value(*_along(subject, y, grid), hyper=hyper))


def _slope(subject: Subject, y: float, grid: Floats, hyper: dict[str, float]) -> Floats:
    gradient = np.asarray(subject.kernel.gradient(*_along(subject, y, grid), hyper=hyper))
    return gradient[:, 0] if gradient.ndim == 2 else gradient


def steps(subject: Subject) -> str:
    """Every step of its derivation holds, and none claims a likelihood."""
    from neglog.derivation.derive import derive

    try:
        derivation = derive(subject.density, points=24)
    except DerivationError as error:
        raise Broken(str(error)) from None
    if "bayes" in {step.rule for step in derivation.steps} or subject.density.likelihood:
        raise Broken("It is derived as a likelihood.")
    return f"{len(derivation.steps)} steps"


def slopes(subject: Subject) -> str | None:
    """The gradient is the slope of the value, and at a kink lies between the slopes of its two sides."""
    step = 1e-6
    for number in range(SETTINGS):
        hyper = subject.hyper(subject.setting(number))
        for y in _targets(subject):
            raw = _GRID / 10
            value = [_value(subject, y, raw + move, hyper) for move in (-step, 0.0, step)]
            gradient = _slope(subject, y, raw, hyper)
            left, right = (value[1] - value[0]) / step, (value[2] - value[1]) / step
            slack = 1e-4 * (1 + np.abs(gradient))
            jump = np.abs(value[2] - value[0]) > 0.5  # a step, not a kink: it has no slope
            wrong = (gradient < np.minimum(left, right) - slack) | (
                gradient > np.maximum(left, right) + slack
            )
            wrong &= ~jump
            if wrong.any():
                i = int(np.argmax(wrong))
                raise Broken(
                    f"At y = {y} and raw prediction {raw[i]:g} the gradient is {gradient[i]:g}; the value's slopes "
                    f"are {left[i]:g} and {right[i]:g}, at {hyper}."
                )
    return None


def floor(subject: Subject) -> str | None:
    """It is never negative."""
    for number in range(SETTINGS):
        hyper = subject.hyper(subject.setting(number))
        for y in _targets(subject):
            value = _value(subject, y, _GRID, hyper)
            if not bool(np.all(value >= 0)):
                raise Broken(f"At y = {y} it falls to {np.min(value):g}.")
    return None


def bridge(subject: Subject) -> str:
    """Where it names a law, exp(-loss) divided by the stated constant integrates to 1 over the target."""
    declared = subject.declared
    found = declared.bridge if isinstance(declared, Surrogate) else None
    if found is None or not found.log_normaliser:
        raise DoesNotApply("It names no law with a constant.")
    from scipy.integrate import quad

    worst = 0.0
    for number in range(SETTINGS):
        setting = subject.setting(number)
        hyper = subject.hyper(setting)
        constant = float(at(parse(found.log_normaliser, set(hyper)) + as_node(0), **hyper))

        def density(y: float, hyper: dict[str, float] = hyper, constant: float = constant) -> float:
            return float(np.exp(-subject.kernel.value(y, 0.0, hyper=hyper) - constant))

        total = sum(
            quad(density, a, b, epsabs=1e-12, limit=200)[0] for a, b in ((-np.inf, 0), (0, np.inf))
        )
        worst = max(worst, abs(total - 1))
        if worst > 1e-7:
            raise Broken(f"The law it names integrates to {total:.10g}, not 1, at {hyper}.")
    return f"to within {worst:.1e}"


LOSS_LAWS = (steps, slopes, floor, bridge)
