"""`Solution`: where a solver stopped and how, in a sentence with a remedy.

========================  =======================================================================
status                    meaning
========================  =======================================================================
``converged``             the test of the solver holds at theta
``stopped``               the caller's own limit (``stop_loss``) was reached
``not_converged``         the iterations ran out
``diverging``             the step is longer than the curvature allows
``separated``             there is no minimum: the objective falls for ever
``rank_deficient``        many minima: some combination of the coefficients is not determined
``failed``                the objective is not a number, or no step lowers it
========================  =======================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from neglog._typing import Floats
from neglog.errors import UsageError, nearest
from neglog.objectives.objective import Curvature, Evaluation, Objective

__all__ = ["STATUSES", "Callback", "Record", "Solution", "Solver", "Trace"]

STATUSES = {
    "converged": "The solver reached the minimum.",
    "stopped": "The solver stopped at the limit it was given; go on from here by lowering it.",
    "not_converged": "The iterations ran out before the minimum; raise max_iter, or use Newton.",
    "diverging": "The steps are too long for the curvature; use a smaller step.",
    "separated": "The objective falls for ever, so there is no minimum; use a prior.",
    "rank_deficient": "The columns do not determine the coefficients; drop one, or use a prior.",
    "failed": "The solver met a point it cannot leave; check the data, or start elsewhere.",
}


@dataclass(frozen=True)
class Record:
    """One line of a trace: the objective at a point and the step that led to it.

    Attributes
    ----------
    iteration : int
        0 is the starting point.
    objective : float
        The summed objective, in nats.
    mean_objective : float
        The same divided by the sum of weights.
    gradient_norm : float
        Euclidean length of the gradient of the mean objective.
    step : float
        Step length: a multiple of the direction for Newton and L-BFGS (1 is a full step), of the
        mean gradient for gradient descent; 0 at the start.
    decrement : float or None
        How many nats a quadratic model promises below this point, where the solver knows it.
    """

    iteration: int
    objective: float
    mean_objective: float
    gradient_norm: float
    step: float
    decrement: float | None = None


Callback = Callable[[Record], None]


@dataclass(frozen=True, eq=False)
class Solution:
    """What a solver returns.

    Attributes
    ----------
    theta : ndarray of shape (size,)
        The best point found.
    value : float
        The objective there.
    gradient : ndarray of shape (size,)
        Its gradient there.
    iterations : int
        Steps taken.
    status : str
        A key of `STATUSES`.
    message : str
        What happened, where, and what to do, as a sentence.
    trace : tuple of Record
        Every iteration.
    curvature : Curvature or None
        At theta, when the solver has computed it there.
    """

    theta: Floats
    value: float
    gradient: Floats
    iterations: int
    status: str
    message: str
    trace: tuple[Record, ...]
    curvature: Curvature | None = None

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise UsageError(f"'{self.status}' is no status. {nearest(self.status, STATUSES)}")

    @property
    def converged(self) -> bool:
        """Whether the solver's own test holds at theta."""
        return self.status == "converged"


class Solver(Protocol):
    """One algorithm: settings in its fields, everything about the problem in the objective."""

    def solve(
        self, objective: Objective, theta0: Floats, callback: Callback | None = None
    ) -> Solution:
        """Minimise the objective from theta0, telling the callback of every iteration."""
        ...


@dataclass(eq=False)
class Trace:
    """The records of a run; tells the callback of each, and closes with a solution."""

    objective: Objective
    callback: Callback | None = None
    records: list[Record] = field(default_factory=list)

    def add(self, at: Evaluation, step: float, decrement: float | None = None) -> Record:
        """Record a point and tell the callback."""
        weight = self.objective.weight
        with np.errstate(all="ignore"):
            norm = float(np.linalg.norm(at.gradient)) / weight
        record = Record(len(self.records), at.value, at.value / weight, norm, step, decrement)
        self.records.append(record)
        if self.callback is not None:
            self.callback(record)
        return record

    def close(self, theta: Floats, at: Evaluation, status: str, message: str) -> Solution:
        """Return the solution at a point."""
        return Solution(
            theta=theta,
            value=at.value,
            gradient=at.gradient,
            iterations=max(0, len(self.records) - 1),
            status=status,
            message=message,
            trace=tuple(self.records),
            curvature=at.curvature,
        )

    def not_finite(self, theta: Floats, at: Evaluation) -> Solution:
        """Return the solution of a run that cannot even start."""
        where = self.objective.locate(theta)
        message = (
            f"The objective is {at.value:g} or has no finite gradient after iteration "
            f"{max(0, len(self.records) - 1)}: {where}. Check the values of that row and the scale "
            "of the columns, or start from another point."
        )
        return self.close(theta, at, "failed", message)
