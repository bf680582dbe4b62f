"""The solver for losses with kinks: follow the rounded loss, then finish exactly.

    1. Newton on the loss with rounded kinks, narrower and narrower, each from where the last one ended.
    2. Hold the rows that have come to rest on a kink, and solve what is left: a linear system, or Newton's steps of it.
       Rows that are merely close to their kink cannot all rest with those that do: the closest are held then, and
       those whose multiplier says that they want to leave are let go.
    3. Test: 0 must be a subgradient. The multiplier of each resting row must lie between the derivatives on the two
       sides of its kink; where more rows rest than are needed, some choice of multipliers must do.

The test is exact, so that "converged" means the minimum of the loss itself and not of the rounded one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from neglog._typing import Floats
from neglog.objectives.kinked import KinkedObjective, Resting
from neglog.objectives.objective import Evaluation
from neglog.solvers.newton import Newton
from neglog.solvers.solution import Callback, Record, Solution, Trace

__all__ = ["KinkedNewton"]

STAGES = 12
NARROWER = 0.1
REACHES = (30.0, 5.0, 1.0, 0.2)  # how near a row has to be to rest, in widths
THINNED = 4  # the stage from which few enough rows are near that the closest may be those that rest
ENOUGH = 1e-9  # subgradient residual, relative to the sum of the absolute terms of the gradient

PERFECT = (
    "The likelihood has no maximum: every row lies on its kink, so the fit is perfect and the likelihood grows for "
    "ever as the scale shrinks to 0. Either the target was computed from the columns, or there are no more rows than "
    "coefficients."
)


@dataclass(frozen=True)
class KinkedNewton:
    """Newton's method for a loss with kinks.

    Attributes
    ----------
    tol : float
        Newton decrement at which a stage ends.
    max_iter : int
        Most iterations of a stage.
    """

    tol: float = 1e-10
    max_iter: int = 100

    def solve(
        self, kinked: KinkedObjective, theta0: Floats, callback: Callback | None = None
    ) -> Solution:
        """Minimise an objective with kinks.

        Parameters
        ----------
        kinked : KinkedObjective
            What to minimise.
        theta0 : ndarray of shape (size,)
            Where to start; not changed.
        callback : callable, optional
            Called with a `Record` at every iteration.

        Returns
        -------
        Solution
            Converged where 0 is a subgradient; the gradient is what is left of it.
        """
        trace = Trace(kinked.objective, callback)
        theta = np.array(theta0, dtype=np.float64)
        width = unit = _spread(kinked, theta)
        best = np.inf
        for stage in range(STAGES):
            newton = Newton(max(self.tol, 1e-9), self.max_iter)
            solution = newton.solve(kinked.rounded(width), theta, _forward(trace))
            if not np.isfinite(solution.value):
                return replace(solution, trace=tuple(trace.records))
            theta = solution.theta
            if stage > 0:
                for found in _candidates(kinked, theta, width, unit, thinned=stage >= THINNED):
                    best = min(best, found.left)
                    if found.left <= ENOUGH:
                        trace.add(found.at, 1.0, 0.0)
                        return trace.close(found.theta, found.at, "converged", _said(found, trace))
            width *= NARROWER
        at = kinked.objective.evaluate(theta, 1)
        if _has_scale(kinked) and kinked.near(theta, width).rows.size == kinked.objective.rows.n:
            return trace.close(theta, at, "separated", PERFECT)
        message = (
            f"The loss has kinks, and after {len(trace.records)} iterations on rounded ones 0 is "
            f"not shown to be a subgradient: the residual is {best:.1e} (tolerance {ENOUGH:.0e}). "
            "The coefficients are close to the minimum if that is small; scale the columns, or "
            "give the slopes a prior."
        )
        return trace.close(theta, at, "not_converged", message)


def _has_scale(kinked: KinkedObjective) -> bool:
    return len(kinked.objective.kernel.names) > 1


def _forward(trace: Trace) -> Callable[[Record], None]:
    """Return a callback that adds the records of a stage to the whole."""

    def add(record: Record) -> None:
        numbered = replace(record, iteration=len(trace.records))
        trace.records.append(numbered)
        if trace.callback is not None:
            trace.callback(numbered)

    return add


def _spread(kinked: KinkedObjective, theta: Floats) -> float:
    """Return the first width: the typical distance of a row from its kink."""
    distance = np.abs(kinked.distances(theta))
    distance = distance[np.isfinite(distance)]
    typical = float(np.median(distance)) if distance.size else 1.0
    return typical or float(distance.max(initial=0.0)) or 1.0


@dataclass(frozen=True, eq=False)
class _Finish:
    """Where the objective is least with some rows held.

    Attributes
    ----------
    theta : ndarray of shape (size,)
        Where.
    at : Evaluation
        Its gradient is what is left of the subgradient.
    left : float
        How far 0 is from the subdifferential, relative to the terms of the gradient.
    alone : bool
        Whether no other point does as well.
    resting : Resting
        What was held.
    multipliers : ndarray of shape (m + c,)
        What holding each of them takes, before the bounds are looked at.
    """

    theta: Floats
    at: Evaluation
    left: float
    alone: bool
    resting: Resting
    multipliers: Floats


def _candidates(
    kinked: KinkedObjective, theta: Floats, width: float, unit: float, *, thinned: bool
) -> Iterator[_Finish]:
    """Yield what comes of holding all that is near, for several meanings of near; last, the closest that can rest."""
    for reach in REACHES:
        found = _finish(kinked, theta, kinked.near(theta, reach * width), unit)
        if found is not None:
            yield found
    if thinned:
        yield from _thinned(kinked, theta, kinked.near(theta, REACHES[0] * width), unit)


def _thinned(
    kinked: KinkedObjective, theta: Floats, near: Resting, unit: float
) -> Iterator[_Finish]:
    """Hold the closest that are independent, then let go, one by one, those that want to leave."""
    kept = _independent(near, theta)
    while kept.size:
        held = near.only(kept)
        found = _finish(kinked, theta, held, unit)
        if found is None:
            return
        yield found
        beyond = np.maximum(held.low - found.multipliers, found.multipliers - held.high)
        if not beyond.max() > 0:
            return
        kept = np.delete(np.sort(kept), int(beyond.argmax()))


def _independent(near: Resting, theta: Floats) -> npt.NDArray[np.intp]:
    """Return the places of the closest rows and coefficients that can all rest at once."""
    order = np.argsort(np.abs(near.matrix @ theta - near.level), kind="stable")
    kept: list[int] = []
    basis = np.zeros((0, theta.size))
    for place in order[: 10 * theta.size]:
        row = near.matrix[place]
        rest = row - basis.T @ (basis @ row)
        rest = rest - basis.T @ (basis @ rest)
        length = float(np.linalg.norm(rest))
        if length > 1e-6 * float(np.linalg.norm(row)):
            kept.append(int(place))
            basis = np.concatenate([basis, rest[None] / length])
        if len(kept) == theta.size:
            break
    return np.array(kept, dtype=np.intp)


def _said(found: _Finish, trace: Trace) -> str:
    resting = found.resting
    rows, coefficients = resting.rows.size, resting.level.size - resting.rows.size
    also = f" and {coefficients} coefficients rest on that of their prior" * (coefficients > 0)
    return (
        f"Newton's method on rounded kinks and an exact finish: after {len(trace.records) - 1} "
        f"iterations {rows} rows rest on a kink of the loss{also}, and 0 is a subgradient up to "
        f"{found.left:.1e} of its terms."
        + " The minimum is not unique: other coefficients do as well."
        * (not found.alone)
    )


def _finish(
    kinked: KinkedObjective, theta: Floats, resting: Resting, unit: float
) -> _Finish | None:
    """Solve with the resting rows held; None where they cannot all rest at once."""
    rest = kinked.held(resting)
    A, level = resting.matrix, resting.level
    kinks = kinked.objective.penalty.kinks(theta.size)
    held = A.shape[0] - resting.rows.size
    pinned = A[resting.rows.size :].argmax(axis=1) if held else np.empty(0, dtype=np.intp)
    theta = theta.copy()
    last = np.inf
    for _ in range(30):
        theta[pinned] = kinks.centres[pinned]
        at = rest.evaluate(theta, 2)
        if not at.finite or at.curvature is None:
            return None
        noise = 1e-12 * (np.abs(A) @ np.abs(theta) + np.abs(level) + unit)
        solved = _step(at.curvature.dense(), at.gradient, A, level - A @ theta, noise)
        if solved is None or not np.isfinite(solved[0]).all():
            return None
        step, multipliers = solved
        theta = theta + step
        size = np.abs(step).max(initial=0.0) / np.abs(theta).max(initial=1e-300)
        if size <= 1e-14 or (size <= 1e-10 and size > 0.5 * last):
            break  # there, or as near as rounding lets it come
        last = size
    theta[pinned] = kinks.centres[pinned]
    at = rest.evaluate(theta, 2)
    if not at.finite or at.curvature is None:
        return None
    sizes = kinked.sizes(theta)
    sizes = np.where(sizes > 0, sizes, 1.0)
    off = np.abs(A @ theta - level) / (np.abs(A) @ np.abs(theta) + np.abs(level) + unit)
    if off.max(initial=0.0) > 1e-9:
        return None  # these rows cannot all rest at once
    inside = np.clip(multipliers, resting.low, resting.high)
    left = (at.gradient + A.T @ inside) / sizes
    if A.size and np.abs(left).max() > ENOUGH:
        left = _best_multipliers(at.gradient, A, resting, sizes)
    worst = float(np.abs(left).max(initial=0.0))
    bends = np.concatenate([at.curvature.dense(), A])
    lengths = np.sqrt(np.square(bends).sum(axis=0))
    alone = bool((lengths > 0).all()) and bool(
        np.linalg.matrix_rank(bends / lengths, tol=1e-10) == theta.size
    )
    exact = Evaluation(at.value, left * sizes)
    return _Finish(theta, exact, worst, alone, resting, multipliers)


def _step(
    H: Floats, g: Floats, A: Floats, gap: Floats, noise: Floats
) -> tuple[Floats, Floats] | None:
    """Solve H d + A'm = -g, A d = gap: the step and the multipliers; None where the rows contradict one another."""
    from scipy.linalg import svd

    size, m = g.size, gap.size
    lengths = np.sqrt(np.abs(H.diagonal()) + np.square(A).sum(axis=0))
    scale = 1.0 / np.where(lengths > 0, lengths, 1.0)
    H, g, A = H * scale * scale[:, None], g * scale, A * scale
    weights = 1.0 / np.maximum(np.sqrt(np.square(A).sum(axis=1)), 1e-300)
    A, gap = A * weights[:, None], gap * weights
    short, short_gap = A, gap
    if m > size:
        # Of many rows the triangle says it all.
        triangle = np.asarray(np.linalg.qr(np.column_stack([A, gap]), mode="r"))
        short, short_gap = triangle[:, :size], triangle[:, size]
    left, values, right = svd(short, full_matrices=True)
    rank = int((values > 1e-11 * values.max(initial=0.0)).sum())
    # 1. The shortest move that brings the rows to rest; 2. along the rest, a Newton step.
    along, free = right[:rank].T, right[rank:].T
    move = along @ ((left.T @ short_gap)[:rank] / values[:rank])
    slack = np.abs(A @ move - gap) - noise * weights
    if m and slack.max() > 1e-7 * (np.abs(gap).max() + np.abs(move).max()):
        return None
    inner, slope = free.T @ H @ free, free.T @ (g + H @ move)
    if free.size:
        move = move - free @ np.linalg.lstsq(inner, slope, rcond=1e-12)[0]
    multipliers = np.linalg.lstsq(A.T, -(g + H @ move), rcond=1e-12)[0] if m else np.zeros(0)
    return scale * move, weights * multipliers


def _best_multipliers(g: Floats, A: Floats, resting: Resting, sizes: Floats) -> Floats:
    """Return what is left of the gradient with the multipliers, inside their bounds, that leave least."""
    from scipy.optimize import lsq_linear

    found = lsq_linear(
        A.T / sizes[:, None],
        -g / sizes,
        bounds=(resting.low, np.maximum(resting.high, np.nextafter(resting.low, np.inf))),
        tol=1e-14,
    )
    left: Floats = (g + A.T @ found.x) / sizes
    return left
