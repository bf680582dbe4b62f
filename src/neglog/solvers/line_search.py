"""Line searches: how far to go along a direction.

Both accept a step that lowers the objective in proportion to the slope (Armijo). Near a minimum
that test drowns: the decrease is smaller than the rounding of the objective itself. There, and only
there, a step may leave the value where it is up to rounding if it makes the slope small, which the
gradient still knows (the approximate Wolfe test of Hager and Zhang, SIAM J. Optim. 16, 2005, who
doubt the sixth digit of the value; we doubt the eleventh: large columns that cancel in a raw
prediction cost some digits on top of those of the sum).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from neglog._typing import Floats
from neglog.objectives.objective import Evaluation, Objective

__all__ = ["Trial", "backtrack", "good_enough", "rounding_floor", "strong_wolfe"]

ARMIJO = 1e-4
WOLFE = 0.9
SHORTEST = 1e-14
DOUBT = 1e-11


@dataclass(frozen=True, eq=False)
class Trial:
    """An accepted step."""

    length: float
    theta: Floats
    evaluation: Evaluation


def rounding_floor(objective: Objective, value: float) -> float:
    """Return the size below which differences of the objective are surely rounding, in nats.

    Parameters
    ----------
    objective : Objective
        Its weight counts the terms, each of the order of a nat.
    value : float
        The sum.

    Returns
    -------
    float
        A few units in the last place of the sum.
    """
    return 8 * float(np.finfo(np.float64).eps) * (abs(value) + objective.weight)


def good_enough(objective: Objective, value: float) -> float:
    """Return the decrement at which a run that can get no further still counts as converged.

    Parameters
    ----------
    objective : Objective
        What is minimised.
    value : float
        Its value.

    Returns
    -------
    float
        What the value cannot tell from 0, and at most 1e-8 nats: a hundredth of a per cent of the
        standard errors.
    """
    return min(1e-8 * min(1.0, objective.weight), DOUBT * (abs(value) + objective.weight))


def backtrack(
    objective: Objective,
    theta: Floats,
    start: Evaluation,
    direction: Floats,
    slope: float,
    *,
    order: int = 2,
) -> Trial | None:
    """Try the full step, then shorter ones.

    Parameters
    ----------
    objective : Objective
        What falls.
    theta : ndarray
        Where the step starts.
    start : Evaluation
        The objective there, order 1 at least.
    direction : ndarray
        Where to go; the first trial is ``theta + direction``.
    slope : float
        Gradient along the direction, negative.
    order : int
        What the accepted evaluation holds. The first trial is mostly accepted, so it is evaluated
        in full at once.

    Returns
    -------
    Trial or None
        None when no step down to 1e-14 of the direction lowers the objective.
    """
    doubt = DOUBT * (abs(start.value) + objective.weight)
    length = 1.0
    while length >= SHORTEST:
        drowned = -length * slope <= doubt
        at = theta + length * direction
        trial = objective.evaluate(at, order if drowned or length == 1.0 else 0)
        if np.isfinite(trial.value):
            enough = trial.value <= start.value + ARMIJO * length * slope
            if drowned:
                # By luck of rounding a tiny step may seem to pass: only the slope can tell.
                steepness = abs(float(trial.gradient @ direction))
                enough = trial.value <= start.value + doubt and steepness <= WOLFE * abs(slope)
            if enough:
                if not trial.gradient.size:
                    trial = objective.evaluate(at, order)
                if trial.finite:
                    return Trial(length, at, trial)
            # The minimum of the parabola through both values and the slope, kept within reason.
            rise = trial.value - start.value - length * slope
            best = -0.5 * slope * length * length / rise if rise > 0 else 0.5 * length
            length = min(0.5 * length, max(0.1 * length, best))
        else:
            length *= 0.25
    return None


def strong_wolfe(
    objective: Objective,
    theta: Floats,
    start: Evaluation,
    direction: Floats,
    slope: float,
    *,
    first: float = 1.0,
    evaluations: int = 40,
) -> Trial | None:
    """Find a step that lowers the value enough and makes the slope small (strong Wolfe).

    A quasi-Newton method needs the second condition: it makes the change of the gradient along the
    step positive. (Nocedal and Wright, Numerical Optimization, algorithms 3.5 and 3.6, as one
    loop over a bracket.)

    Parameters
    ----------
    objective : Objective
        What falls.
    theta : ndarray
        Where the step starts.
    start : Evaluation
        The objective there, order 1 at least.
    direction : ndarray
        Where to go.
    slope : float
        Gradient along the direction, negative.
    first : float
        The first length to try.
    evaluations : int
        How many lengths to try at most.

    Returns
    -------
    Trial or None
        None when no such step was found.
    """
    doubt = DOUBT * (abs(start.value) + objective.weight)
    low, low_value, low_slope = 0.0, start.value, slope
    high: tuple[float, float, float] | None = None  # the other end of a bracket, once there is one
    length = first
    for _ in range(evaluations):
        at = theta + length * direction
        trial = objective.evaluate(at, 1)
        if not trial.finite:
            high = (length, math.inf, math.inf)
            length = low + 0.25 * (length - low)
            continue
        value, here = trial.value, float(trial.gradient @ direction)
        decreases = value <= start.value + ARMIJO * length * slope
        drowned = value <= start.value + doubt and -length * slope <= doubt
        if (decreases or drowned) and abs(here) <= WOLFE * abs(slope):
            return Trial(length, at, trial)
        # A value that only rounding separates from the start is judged by its slope alone.
        if not drowned and (not decreases or value >= low_value):
            high = (length, value, here)
        else:
            if here * (high[0] - low if high else 1.0) >= 0:
                high = (low, low_value, low_slope)
            low, low_value, low_slope = length, value, here
        if high is None:
            length *= 4.0
            continue
        length = _between(low, low_value, low_slope, high)
        if abs(high[0] - low) <= SHORTEST * max(1.0, abs(low)):
            break
    return None


def _between(low: float, value: float, slope: float, high: tuple[float, float, float]) -> float:
    """Return a length inside the bracket: where a parabola has its minimum, but not at the ends."""
    width = high[0] - low
    inside = 0.5
    if math.isfinite(high[1]):
        rise = high[1] - value - slope * width
        if rise > 0:
            inside = -0.5 * slope * width / rise
    return low + width * min(0.9, max(0.1, inside))
