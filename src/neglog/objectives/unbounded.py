"""Constants that the data do not bound: the likelihood rises, ever less, all the way to the end of their range.

Counts that vary less than Poisson's drive the alpha of a negative binomial law to 0, errors without outliers the nu of
a t law to infinity. The solver stops where nothing is left to gain, far out, and the curvature there is that of its
stopping rule. The rest of the fit is sound: it is the fit of the law at the end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neglog._typing import Floats
from neglog.objectives.likelihood import LikelihoodObjective
from neglog.objectives.linear import Linear

__all__ = ["Unbounded", "unbounded"]

FURTHER = (
    5.0,
    20.0,
)  # on the scale of the raw prediction, where a logarithm of 5 is a factor of 148
UNNOTICED = 1e-6  # nats: far below what any test of a likelihood ratio could tell


@dataclass(frozen=True)
class Unbounded:
    """A constant that runs to an end of its range.

    Attributes
    ----------
    parameter : str
        As the family calls it.
    index : int
        Its place in theta.
    sign : int
        The direction in which its raw prediction runs: -1 or 1.
    """

    parameter: str
    index: int
    sign: int


def unbounded(objective: LikelihoodObjective, theta: Floats) -> tuple[Unbounded, ...]:
    """Find the estimated constants that could lie anywhere further out.

    The test knows no family: moved by 5 and by 20 in one direction, with all else held, the raw prediction of such a
    constant changes the log-likelihood by less than a millionth of a nat.

    Parameters
    ----------
    objective : LikelihoodObjective
        What was minimised. A constant under a proper prior is bounded by it.
    theta : ndarray of shape (size,)
        Its minimum, as the solver found it.

    Returns
    -------
    tuple of Unbounded
        Empty for a fit with nothing to remark.
    """
    scores = objective.scores
    if not isinstance(scores, Linear):
        return ()
    theta = np.asarray(theta, dtype=np.float64)
    covered = objective.penalty.covered(objective.size)
    places = [
        (parameter, part.start)
        for parameter, part, design in zip(
            objective.kernel.names[1:], scores.parts[1:], objective.rows.designs[1:], strict=True
        )
        if design is None and not covered[part.start]
    ]
    if not places:
        return ()
    value = objective.evaluate(theta, 0).value
    enough = UNNOTICED * min(1.0, objective.weight)

    def unnoticed(index: int, move: float) -> bool:
        moved = theta.copy()
        moved[index] += move
        return bool(abs(objective.evaluate(moved, 0).value - value) <= enough)

    return tuple(
        Unbounded(parameter, index, sign)
        for parameter, index in places
        if (sign := -1 if theta[index] < 0 else 1)
        and all(unnoticed(index, sign * move) for move in FURTHER)
    )
