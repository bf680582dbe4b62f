"""L-BFGS: a quasi-Newton method that needs gradients only, for many coefficients.

The last few changes of theta (s) and of the gradient (y) stand for the inverse curvature; the
two-loop recursion multiplies it by a vector (Nocedal and Wright, Numerical Optimization, algorithm
7.4). The diagonal of the curvature at the start sets the units, so the columns need no scaling.

How far the minimum is, L-BFGS only guesses. So when its own estimate of the Newton decrement passes
the tolerance, the true one is computed; a run is called converged only if that one passes too.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from neglog._typing import Floats
from neglog.objectives.objective import Evaluation, Objective
from neglog.solvers.line_search import good_enough, strong_wolfe
from neglog.solvers.newton import polish, tolerance
from neglog.solvers.solution import Callback, Solution, Trace
from neglog.solvers.step import newton_step

__all__ = ["LBFGS"]

Pair = tuple[Floats, Floats, float]  # s, y and 1 / (s'y)


@dataclass(frozen=True)
class LBFGS:
    """The limited-memory BFGS method.

    Attributes
    ----------
    tol : float
        Newton decrement, in nats, at which to stop.
    max_iter : int
        Most iterations.
    memory : int
        How many pairs are kept.
    """

    tol: float = 1e-10
    max_iter: int = 1000
    memory: int = 20

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
        guess = tol  # the estimated decrement at which the true one is worth computing
        pairs: deque[Pair] = deque(maxlen=self.memory)
        at = objective.evaluate(theta, 2)
        if not at.finite or at.curvature is None:
            trace.add(at, 0.0)
            return trace.not_finite(theta, at)
        inverse = _inverse_diagonal(at)
        length = 0.0
        while True:
            # 1. The direction, and with it a guess of the decrement.
            direction = -two_loops(at.gradient, pairs, inverse)
            slope = float(at.gradient @ direction)
            decrement = -0.5 * slope
            trace.add(at, length, decrement)
            # 2. The test, with the true curvature.
            if decrement <= guess:
                done = self._test(trace, theta, at, tol)
                if isinstance(done, Solution):
                    return done
                guess = min(guess, decrement) * min(0.5, max(0.01, tol / done))
            if len(trace.records) > self.max_iter:
                message = (
                    f"L-BFGS did not converge in {self.max_iter} iterations: about "
                    f"{decrement:.1e} nats are left (tolerance {self.tol:.0e}). Raise max_iter, "
                    "scale the columns, or use Newton's method."
                )
                return trace.close(theta, at, "not_converged", message)
            # 3. The line search; if it fails, once more from the plain scaled gradient.
            trial = strong_wolfe(objective, theta, at, direction, slope)
            if trial is None and pairs:
                pairs.clear()
                direction = -inverse * at.gradient
                slope = float(at.gradient @ direction)
                trial = strong_wolfe(objective, theta, at, direction, slope)
            if trial is None:
                done = self._test(trace, theta, at, max(tol, good_enough(objective, at.value)))
                return done if isinstance(done, Solution) else _stuck(trace, theta, at, done)
            # 4. Remember how the gradient changed.
            s, y = trial.theta - theta, trial.evaluation.gradient - at.gradient
            bend = float(s @ y)
            if bend > 1e-14 * float(np.linalg.norm(s) * np.linalg.norm(y)):
                pairs.append((s, y, 1.0 / bend))
            theta, at, length = trial.theta, trial.evaluation, trial.length

    def _test(self, trace: Trace, theta: Floats, at: Evaluation, tol: float) -> Solution | float:
        """Return the solution if the true decrement passes, else that decrement."""
        full = trace.objective.evaluate(theta, 2)
        if full.curvature is None or not full.finite:
            return trace.not_finite(theta, full)
        step = newton_step(full.curvature, full.gradient)
        if step.kind == "singular" and step.decrement <= tol:
            message = (
                "The gradient vanishes, but the curvature is singular: other coefficients fit "
                "exactly as well, so the data do not determine them. Drop a column, or give the "
                "slopes a prior."
            )
            return trace.close(theta, full, "rank_deficient", message)
        if step.kind != "newton" or step.decrement > tol:
            return max(step.decrement, float(np.finfo(np.float64).tiny))
        steps = len(trace.records) - 1
        if full.curvature.explicit:
            # The curvature is at hand, so one Newton step is nearly free.
            theta, polished, step = polish(trace.objective, theta, full, step)
            if polished is not full:
                trace.add(polished, 1.0, step.decrement)
            full = polished
        message = (
            f"L-BFGS converged: after {steps} iterations the objective is within "
            f"{step.decrement:.1e} nats of the minimum (tolerance {self.tol:.0e}, checked with "
            "the true curvature)."
        )
        return trace.close(theta, full, "converged", message)


def two_loops(gradient: Floats, pairs: deque[Pair], inverse: Floats) -> Floats:
    """Multiply the gradient by the inverse curvature that the pairs stand for.

    Parameters
    ----------
    gradient : ndarray of shape (size,)
        The vector.
    pairs : deque of (s, y, 1 / s'y)
        Oldest first.
    inverse : ndarray of shape (size,)
        The inverse diagonal to start from.

    Returns
    -------
    ndarray of shape (size,)
        The product.
    """
    q = gradient.copy()
    factors = []
    for s, y, rho in reversed(pairs):
        factor = rho * float(s @ q)
        factors.append(factor)
        q -= factor * y
    q *= inverse
    if pairs:
        _, y, rho = pairs[-1]
        q *= 1.0 / (rho * float(y @ (inverse * y)))
    for (s, y, rho), factor in zip(pairs, reversed(factors), strict=True):
        q += s * (factor - rho * float(y @ q))
    return q


def _inverse_diagonal(at: Evaluation) -> Floats:
    """Return the inverse diagonal of the curvature, of its size where it is negative."""
    assert at.curvature is not None
    diagonal = np.abs(at.curvature.diagonal())
    # Columns may differ in size by any factor; only where there is no curvature at all is it made up.
    made_up = float(np.median(diagonal[diagonal > 0])) if bool((diagonal > 0).any()) else 1.0
    inverse: Floats = 1.0 / np.where(diagonal > 0, diagonal, made_up)
    return inverse


def _stuck(trace: Trace, theta: Floats, at: Evaluation, decrement: float) -> Solution:
    """Return the solution of a run whose line search failed."""
    message = (
        f"The line search failed after iteration {len(trace.records) - 1}: no step along the "
        f"gradient lowers the objective enough, although {decrement:.1e} nats are promised. The "
        "derivatives may not belong to the value, or the objective may fall for ever: scale the "
        "columns, or use Newton's method."
    )
    return trace.close(theta, at, "failed", message)
