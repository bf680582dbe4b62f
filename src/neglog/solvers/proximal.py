"""Proximal Newton: for a smooth objective plus ``jump_j |theta_j - centre_j|``, as a Laplace prior makes it.

    d = argmin  g'd + d'H d / 2 + sum_j jump_j (|theta_j + d_j - centre_j| - |theta_j - centre_j|)

The quadratic model is minimised by coordinate descent, whose every move is one soft threshold, and then exactly: once
it is known which coefficients rest at their centre, the others solve a linear system. One that rests is equal to
its centre, not close to it. The test is that of `Newton`: the nats that the model still promises.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neglog._typing import Bools, Floats
from neglog.objectives.objective import Evaluation, Objective
from neglog.objectives.penalty import Kinks
from neglog.solvers.line_search import good_enough
from neglog.solvers.newton import tolerance
from neglog.solvers.solution import Callback, Solution, Trace

__all__ = ["ProximalNewton", "violation"]

SWEEPS = 10  # of coordinate descent, between attempts to finish exactly
ROUNDS = 200
ARMIJO = 1e-4


def violation(gradient: Floats, theta: Floats, at: Kinks) -> Floats:
    """Return how far 0 is from the subdifferential, for each coefficient.

    Parameters
    ----------
    gradient : ndarray of shape (size,)
        Of the smooth part.
    theta : ndarray of shape (size,)
        Where.
    at : Kinks
        The other part.

    Returns
    -------
    ndarray of shape (size,)
        0 everywhere is the condition of Karush, Kuhn and Tucker.
    """
    side = np.sign(theta - at.centres)
    moving = np.abs(gradient + at.jumps * side)
    resting = np.maximum(np.abs(gradient) - at.jumps, 0.0)
    result: Floats = np.where((side == 0) & (at.jumps > 0), resting, moving)
    return result


@dataclass(frozen=True)
class ProximalNewton:
    """Newton's method for an objective whose penalty has kinks.

    Attributes
    ----------
    at : Kinks
        The kinks of the objective's penalty; its value includes them, its curvature leaves them out.
    tol : float
        Nats that the model still promises, at which to stop.
    max_iter : int
        Most iterations.
    """

    at: Kinks
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
            Called with a `Record` at every iteration.

        Returns
        -------
        Solution
            Converged, not_converged or failed.
        """
        trace = Trace(objective, callback)
        theta = np.array(theta0, dtype=np.float64)
        tol, jumps, centres = tolerance(self.tol, objective), self.at.jumps, self.at.centres
        at = objective.evaluate(theta, 2)
        length, passed = 0.0, False
        while True:
            if not at.finite or at.curvature is None:
                trace.add(at, length)
                return trace.not_finite(theta, at)
            smooth = at.gradient - jumps * np.sign(theta - centres)
            matrix = _convex(at.curvature.dense())
            goal = _minimum(matrix, smooth, theta, self.at)
            d = goal - theta
            change = float(smooth @ d + jumps @ (np.abs(goal - centres) - np.abs(theta - centres)))
            promised = max(0.0, -change - 0.5 * float(d @ matrix @ d))
            trace.add(at, length, promised)
            if promised <= tol:
                # One more full step, as Newton's polish: it leaves rounding only.
                after = objective.evaluate(goal, 2)
                if passed or not after.finite or after.value > at.value + 1e-12 * abs(at.value):
                    return self._close(trace, theta, at, smooth, promised)
                passed, theta, at, length = True, goal, after, 1.0
                continue
            if len(trace.records) > self.max_iter:
                message = (
                    f"Proximal Newton did not converge in {self.max_iter} iterations: "
                    f"{promised:.1e} nats are left (tolerance {self.tol:.0e}). Raise max_iter, or "
                    "scale the columns."
                )
                return trace.close(theta, at, "not_converged", message)
            found = _along(objective, theta, goal, at, change)
            if found is None:
                if promised <= good_enough(objective, at.value):
                    return self._close(trace, theta, at, smooth, promised)
                message = (
                    f"The line search failed after iteration {len(trace.records) - 1}: no step "
                    f"lowers the objective, although {promised:.1e} nats are promised. Scale the "
                    "columns, or start from another point."
                )
                return trace.close(theta, at, "failed", message)
            theta, at, length = found

    def _close(
        self, trace: Trace, theta: Floats, at: Evaluation, smooth: Floats, promised: float
    ) -> Solution:
        left = violation(smooth, theta, self.at)
        resting = (theta == self.at.centres) & (self.at.jumps > 0)
        message = (
            f"Proximal Newton converged after {len(trace.records) - 1} iterations: within "
            f"{promised:.1e} nats of the minimum (tolerance {self.tol:.0e}); "
            f"{int(resting.sum())} of {int((self.at.jumps > 0).sum())} coefficients rest at the "
            f"kink of their prior. Subgradient residual {float(left.max(initial=0.0)):.1e}."
        )
        return trace.close(theta, at, "converged", message)


def _along(
    objective: Objective, theta: Floats, goal: Floats, at: Evaluation, change: float
) -> tuple[Floats, Evaluation, float] | None:
    """Go as far towards the goal as the objective falls; a full step is the goal itself, digit by digit."""
    length = 1.0
    for _ in range(40):
        trial = goal if length == 1.0 else theta + length * (goal - theta)
        value = objective.evaluate(trial, 0).value
        if np.isfinite(value) and value <= at.value + ARMIJO * length * change:
            return trial, objective.evaluate(trial, 2), length
        length *= 0.5
    return None


def _convex(matrix: Floats) -> Floats:
    """Return the matrix, its eigenvalues taken by size where one is negative."""
    if not np.isfinite(matrix).all():
        return np.eye(len(matrix))
    try:
        np.linalg.cholesky(matrix)
        return matrix
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(matrix)
        top = float(np.abs(values).max(initial=0.0)) or 1.0
        convex: Floats = (vectors * np.maximum(np.abs(values), 1e-12 * top)) @ vectors.T
        return convex


def _minimum(H: Floats, g: Floats, theta: Floats, at: Kinks) -> Floats:
    """Return the minimiser of the quadratic model plus the kinks."""
    goal = theta.copy()
    pull = g - H @ theta  # gradient of the model at goal: pull + H goal
    slope = g.copy()
    for _ in range(ROUNDS):
        for _ in range(SWEEPS):
            for j in range(goal.size):
                bend = H[j, j]
                if not bend > 0:
                    continue
                free = goal[j] - slope[j] / bend
                offset, width = free - at.centres[j], at.jumps[j] / bend
                new = at.centres[j] + np.sign(offset) * max(abs(offset) - width, 0.0)
                if new != goal[j]:
                    slope += H[:, j] * (new - goal[j])
                    goal[j] = new
        exact = _on_the_side(H, pull, goal, at)
        if exact is not None:
            return exact
        slope = pull + H @ goal
    return goal


def _on_the_side(H: Floats, pull: Floats, goal: Floats, at: Kinks) -> Floats | None:
    """Solve for the coefficients that do not rest; None where that changes which of them do."""
    side = np.where(at.jumps > 0, np.sign(goal - at.centres), 0.0)
    moving: Bools = (side != 0) | (at.jumps == 0)
    exact = np.where(moving, 0.0, at.centres)
    right = -(pull + at.jumps * side + H @ exact)[moving]
    inner = H[np.ix_(moving, moving)]
    scale = 1.0 / np.sqrt(np.maximum(inner.diagonal(), 1e-300))
    try:
        exact[moving] = scale * np.linalg.solve(inner * scale * scale[:, None], right * scale)
    except np.linalg.LinAlgError:
        return None
    if bool((np.sign(exact - at.centres)[side != 0] != side[side != 0]).any()):
        return None
    left = violation(pull + H @ exact, exact, at)
    size = np.abs(pull) + np.abs(H) @ np.abs(exact) + at.jumps
    return exact if bool((left <= 1e-11 * size.max(initial=1.0)).all()) else None
