"""Newton's method with a line search: the default for smooth objectives of moderate size.

    d = -H^-1 g,   theta <- theta + t d,   until 1/2 g' H^-1 g <= tol

Half of g' H^-1 g, the Newton decrement, is in nats: it is how much lower the minimum of the
quadratic model lies. In units of the standard errors the point is then sqrt(2 tol) away, whatever
the units of the columns. Close to the minimum each step squares that distance, so one more full
step after the test (the polish) leaves rounding error only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neglog._typing import Floats
from neglog.objectives.objective import Evaluation, Objective
from neglog.solvers.line_search import backtrack, good_enough
from neglog.solvers.solution import Callback, Solution, Trace
from neglog.solvers.step import Step, newton_step

__all__ = ["Newton", "polish", "tolerance"]


def tolerance(tol: float, objective: Objective) -> float:
    """Return the tolerance in nats for this objective.

    Weights that sum to less than 1 scale the objective down, and must not scale the test away.
    """
    return tol * min(1.0, objective.weight)


def polish(
    objective: Objective, theta: Floats, at: Evaluation, step: Step
) -> tuple[Floats, Evaluation, Step]:
    """Take one full step after the test has passed, if it does not make things worse.

    Parameters
    ----------
    objective : Objective
        What is minimised.
    theta : ndarray
        Where the test passed.
    at : Evaluation
        The objective there.
    step : Step
        The Newton step there.

    Returns
    -------
    tuple of (ndarray, Evaluation, Step)
        The better of the two points.
    """
    after_theta = theta + step.direction
    after = objective.evaluate(after_theta, 2)
    if after.finite and after.curvature is not None:
        after_step = newton_step(after.curvature, after.gradient)
        # The decrement knows more than the value here: it is not a difference of large numbers. In
        # ill-conditioned columns it ends in noise of its own, far below any use.
        noise = tolerance(1e-13, objective)
        better = after_step.decrement <= max(step.decrement, noise)
        if better and after_step.kind == "newton":
            return after_theta, after, after_step
    return theta, at, step


@dataclass(frozen=True)
class Newton:
    """Newton's method.

    Attributes
    ----------
    tol : float
        Newton decrement, in nats, at which to stop.
    max_iter : int
        Most iterations.
    """

    tol: float = 1e-10
    max_iter: int = 100

    def solve(
        self, objective: Objective, theta0: Floats, callback: Callback | None = None
    ) -> Solution:
        """Minimise the objective.

        Parameters
        ----------
        objective : Objective
            What to minimise.
        theta0 : ndarray of shape (size,)
            Where to start; not changed.
        callback : callable, optional
            Called with a `Record` at every iteration; what it raises ends the run.

        Returns
        -------
        Solution
            Converged, not_converged, rank_deficient or failed.
        """
        trace = Trace(objective, callback)
        theta = np.array(theta0, dtype=np.float64)
        tol = tolerance(self.tol, objective)
        # 1. Evaluate; every later evaluation is made by the line search.
        at = objective.evaluate(theta, 2)
        length = 0.0
        while True:
            if not at.finite or at.curvature is None:
                trace.add(at, length)
                return trace.not_finite(theta, at)
            # 2. The step, and with it the test.
            step = newton_step(at.curvature, at.gradient)
            trace.add(at, length, step.decrement)
            if step.decrement <= tol:
                return self._finish(trace, theta, at, step)
            if len(trace.records) > self.max_iter:
                return self._out_of_time(trace, theta, at, step)
            # 3. Go as far along the step as the objective falls.
            trial = backtrack(objective, theta, at, step.direction, step.slope)
            if trial is None:
                return self._stuck(trace, theta, at, step)
            theta, at, length = trial.theta, trial.evaluation, trial.length

    def _finish(self, trace: Trace, theta: Floats, at: Evaluation, step: Step) -> Solution:
        """Say what kind of stationary point this is, and polish a minimum."""
        if step.kind == "indefinite":
            message = (
                "Newton's method ended where the gradient vanishes but the objective curves down "
                "in some direction: a saddle, not a minimum. Start from another point."
            )
            return trace.close(theta, at, "failed", message)
        if step.kind == "singular":
            return _undetermined(trace, theta, at, step)
        if step.kind == "unfinished":
            message = (
                "Conjugate gradients did not solve for the last Newton step, so the test cannot be "
                "trusted. Scale the columns, or give the slopes a prior."
            )
            return trace.close(theta, at, "not_converged", message)
        steps = len(trace.records) - 1
        theta, polished, step = polish(trace.objective, theta, at, step)
        if polished is not at:
            trace.add(polished, 1.0, step.decrement)
        message = (
            f"Newton's method converged: after {steps} iterations and a last full step the "
            f"objective is within {abs(step.decrement):.1e} nats of the minimum (tolerance "
            f"{self.tol:.0e})."
        )
        return trace.close(theta, polished, "converged", message)

    def _out_of_time(self, trace: Trace, theta: Floats, at: Evaluation, step: Step) -> Solution:
        """Return the solution of a run that used all its iterations."""
        if step.kind == "singular":
            return _undetermined(trace, theta, at, step)
        shape = " The curvature is not positive definite here." * (step.kind == "indefinite")
        message = (
            f"Newton's method did not converge in {self.max_iter} iterations: a decrement of "
            f"{step.decrement:.1e} nats is left (tolerance {self.tol:.0e}).{shape} Raise max_iter, "
            "scale the columns, or give the slopes a prior."
        )
        return trace.close(theta, at, "not_converged", message)

    def _stuck(self, trace: Trace, theta: Floats, at: Evaluation, step: Step) -> Solution:
        """Say why no step lowers the objective: rounding, or something worse."""
        if step.kind == "newton" and step.decrement <= good_enough(trace.objective, at.value):
            message = (
                f"Newton's method converged as far as float64 goes: within {step.decrement:.1e} "
                f"nats of the minimum. The tolerance of {self.tol:.0e} is below the rounding of "
                "these data."
            )
            return trace.close(theta, at, "converged", message)
        message = (
            f"The line search failed after iteration {len(trace.records) - 1}: no step along the "
            f"Newton direction lowers the objective, although {step.decrement:.1e} nats are "
            "promised. The derivatives may not belong to the value, or the scales of the columns "
            "differ too much: scale the columns, or start from another point."
        )
        return trace.close(theta, at, "failed", message)


def _undetermined(trace: Trace, theta: Floats, at: Evaluation, step: Step) -> Solution:
    """Return the solution of a run that ended where the objective is flat in some direction."""
    names = _names(trace.objective.names, step.flat)
    message = (
        f"Along {names} the objective does not curve, as far as float64 can tell: other values of "
        "these coefficients fit as well, so the data do not determine them. Drop one of the "
        "columns, center and scale them if they differ much in size, or give the slopes a prior."
    )
    return trace.close(theta, at, "rank_deficient", message)


def _names(names: tuple[str, ...], flat: Floats) -> str:
    """Name the coefficients that take part in flat directions."""
    unit = flat / np.abs(flat).max(axis=0)
    involved = [f"'{name}'" for name, row in zip(names, unit, strict=True) if abs(row).max() > 1e-3]
    shown = ", ".join(involved[:6])
    return shown if len(involved) <= 6 else f"{shown} and {len(involved) - 6} more"
