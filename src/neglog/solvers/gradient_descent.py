"""Plain gradient descent on the mean objective, as a first lecture has it.

    theta <- theta - step * mean gradient

On a quadratic with largest curvature lambda_max the error along that direction is multiplied by
(1 - step * lambda_max) each time: it dies out if step < 2 / lambda_max, and grows for ever beyond.
So a run whose objective rises is compared with that bound, and the bound is printed. The default
step is 1 / lambda_max, with lambda_max found by power iteration at the start.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from neglog._typing import Floats
from neglog.errors import UsageError
from neglog.objectives.objective import Curvature, Evaluation, Objective
from neglog.solvers.line_search import rounding_floor
from neglog.solvers.solution import Callback, Solution, Trace

__all__ = ["GradientDescent", "largest_curvature"]

PATIENCE = 10  # rises in a row after which a run is no longer thought to settle


def largest_curvature(curvature: Curvature, size: int, iterations: int = 1000) -> float:
    """Return the largest eigenvalue in size, by power iteration.

    Parameters
    ----------
    curvature : Curvature
        Only products with vectors are used.
    size : int
        Number of coefficients.
    iterations : int
        Most products; fewer when the estimate settles to six digits.

    Returns
    -------
    float
        From below, and exact to about six digits.
    """
    vector = np.random.default_rng(0).standard_normal(size)
    vector /= np.linalg.norm(vector)
    estimate = 0.0
    for _ in range(iterations):
        product = curvature.matvec(vector)
        length = float(np.linalg.norm(product))
        if length == 0.0 or not math.isfinite(length):
            return length
        vector = product / length
        if abs(length - estimate) <= 1e-7 * length:
            return length
        estimate = length
    return estimate


@dataclass(frozen=True)
class GradientDescent:
    """Gradient descent with a constant step.

    Attributes
    ----------
    step : float or None
        Learning rate on the mean objective; by default 1 / lambda_max at the start, halved when
        the objective rises (a step that was given is never changed).
    tol : float
        Length of the mean gradient at which to stop.
    max_iter : int
        Most iterations.
    stop_loss : float or None
        Mean objective that is good enough: reaching it ends the run as "stopped".
    seed : int or None
        Adds a random start, drawn from a normal of scale ``spread``, to theta0.
    spread : float
        That scale.
    """

    step: float | None = None
    tol: float = 1e-8
    max_iter: int = 10_000
    stop_loss: float | None = None
    seed: int | None = None
    spread: float = 0.1

    def __post_init__(self) -> None:
        if self.step is not None and not (self.step > 0 and math.isfinite(self.step)):
            raise UsageError(
                f"step is {self.step}, but gradient descent needs a finite number above 0; leave "
                "it out for 1 / lambda_max."
            )

    def solve(
        self, objective: Objective, theta0: Floats, callback: Callback | None = None
    ) -> Solution:
        """Minimise the objective.

        Parameters
        ----------
        objective : Objective
            What to minimise; steps are taken on its mean, value / weight.
        theta0 : ndarray of shape (size,)
            Where to start, before the random part; not changed.
        callback : callable, optional
            Called with a `Record` at every iteration; what it raises ends the run.

        Returns
        -------
        Solution
            Converged, stopped, not_converged, diverging or failed.
        """
        trace = Trace(objective, callback)
        theta = np.array(theta0, dtype=np.float64)
        if self.seed is not None:
            draw = np.random.default_rng(self.seed).standard_normal(theta.size)
            theta = theta + self.spread * draw
        at = objective.evaluate(theta, 1)
        if not at.finite:
            trace.add(at, 0.0)
            return trace.not_finite(theta, at)
        bound = _Bound(objective)
        bound.look(theta)
        step = self.step if self.step is not None else bound.safe_step()
        best_theta, best = theta, at
        taken, rises = 0.0, 0
        while True:
            record = trace.add(at, taken)
            # 1. The tests.
            if self.stop_loss is not None and record.mean_objective <= self.stop_loss:
                message = (
                    f"Gradient descent stopped at iteration {record.iteration}: the mean objective "
                    f"{record.mean_objective:.6g} is at or below stop_loss = {self.stop_loss:g}. "
                    "It is not the minimum; lower stop_loss to go on."
                )
                return trace.close(theta, at, "stopped", message)
            if record.gradient_norm <= self.tol:
                message = (
                    f"Gradient descent converged: after {record.iteration} iterations the mean "
                    f"gradient has length {record.gradient_norm:.1e} (tolerance {self.tol:.0e}), "
                    f"with step {step:.4g}."
                )
                return trace.close(theta, at, "converged", message)
            if rises >= PATIENCE:
                return self._rising(trace, best_theta, best, step, bound)
            if record.iteration >= self.max_iter:
                return self._out_of_time(trace, best_theta, best, step, bound)
            # 2. The step. A default step is halved where the curvature has grown since the start.
            moved, after, higher = self._move(objective, theta, at, step)
            while self.step is None and (higher or not after.finite) and step > 1e-300:
                step *= 0.5
                moved, after, higher = self._move(objective, theta, at, step)
            if not after.finite:
                trace.add(after, step)
                return self._rising(trace, best_theta, best, step, bound, moved)
            # 3. Remember the lowest point, and how long it has been getting worse.
            rises = rises + 1 if higher else 0
            theta, at, taken = moved, after, step
            if at.value < best.value:
                best_theta, best = theta, at

    @staticmethod
    def _move(
        objective: Objective, theta: Floats, at: Evaluation, step: float
    ) -> tuple[Floats, Evaluation, bool]:
        """Return the next point, the objective there, and whether it is higher."""
        with np.errstate(all="ignore"):
            moved: Floats = theta - step * (at.gradient / objective.weight)
        after = objective.evaluate(moved, 1)
        return moved, after, after.value > at.value + rounding_floor(objective, at.value)

    def _rising(
        self,
        trace: Trace,
        theta: Floats,
        at: Evaluation,
        step: float,
        bound: _Bound,
        outside: Floats | None = None,
    ) -> Solution:
        """Say why the objective rises or ceased to be a number, with the bound on the step."""
        bound.look(theta)
        last = len(trace.records) - 1
        what = (
            f"The objective rose {PATIENCE} times in a row up to iteration {last}"
            if outside is None
            else f"The objective ceased to be finite at iteration {last}"
        )
        if step > bound.limit:
            message = (
                f"Gradient descent diverges. {what}: the step {step:.6g} is above 2 / lambda_max = "
                f"{bound.limit:.6g}, where lambda_max = {bound.largest:.6g} is the largest "
                "curvature of the mean objective, so every step overshoots by more than it "
                f"corrects. Use a step below {bound.limit:.3g}, or scale the columns."
            )
            return trace.close(theta, at, "diverging", message)
        where = "" if outside is None else f": {trace.objective.locate(outside)}"
        message = (
            f"{what}{where}, although the step {step:.6g} is below 2 / lambda_max = "
            f"{bound.limit:.6g} at the lowest point. The curvature grows on the way: use a "
            "smaller step, or Newton's method."
        )
        return trace.close(theta, at, "failed", message)

    def _out_of_time(
        self, trace: Trace, theta: Floats, at: Evaluation, step: float, bound: _Bound
    ) -> Solution:
        """Tell a slow run from one that jumps to and fro."""
        bound.look(theta)
        falls = trace.records[-1].objective <= at.value + rounding_floor(trace.objective, at.value)
        if step > bound.limit and not falls:
            message = (
                f"Gradient descent diverges. The step {step:.6g} is above 2 / lambda_max = "
                f"{bound.limit:.6g} (lambda_max = {bound.largest:.6g} is the largest curvature of "
                f"the mean objective), and after {self.max_iter} iterations the objective still "
                f"jumps to and fro. Use a step below {bound.limit:.3g}, or scale the columns."
            )
            return trace.close(theta, at, "diverging", message)
        message = (
            f"Gradient descent did not converge in {self.max_iter} iterations: the mean gradient "
            f"has length {float(np.linalg.norm(at.gradient)) / trace.objective.weight:.1e} "
            f"(tolerance {self.tol:.0e}), with step {step:.4g} (2 / lambda_max = "
            f"{bound.limit:.4g}). Raise max_iter, scale the columns, or use Newton's method."
        )
        return trace.close(theta, at, "not_converged", message)


class _Bound:
    """The largest curvature of the mean objective among the points looked at."""

    def __init__(self, objective: Objective) -> None:
        self.objective = objective
        self.largest = 0.0

    @property
    def limit(self) -> float:
        """2 / lambda_max, beyond which a constant step diverges."""
        return 2.0 / self.largest if self.largest > 0 else math.inf

    def look(self, theta: Floats) -> None:
        """Take the curvature at a point into account."""
        curvature = self.objective.evaluate(theta, 2).curvature
        if curvature is not None:
            found = largest_curvature(curvature, theta.size) / self.objective.weight
            if math.isfinite(found):
                self.largest = max(self.largest, found)

    def safe_step(self) -> float:
        """Return 1 / lambda_max."""
        return 1.0 / self.largest if self.largest > 0 else 1.0
