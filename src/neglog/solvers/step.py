"""The Newton step: solve H d = -g, and say honestly what H is like.

The matrix is scaled to a unit diagonal first, so that the units of the columns do not matter. If it
is positive definite a Cholesky factor gives the step. If not, its eigenvalues are taken by size:
directions of negative curvature become directions of descent, and directions without curvature
are either left alone (when the gradient has nothing there) or shortened. A curvature that is only
known by products is solved by conjugate gradients.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neglog._typing import Floats
from neglog.objectives.objective import Curvature

__all__ = ["Step", "newton_step"]

EPS = float(np.finfo(np.float64).eps)
CG_TOLERANCE = 1e-8
CG_LIMIT = 500


@dataclass(frozen=True, eq=False)
class Step:
    """A direction and what is known about it.

    Attributes
    ----------
    direction : ndarray of shape (size,)
        Points downhill.
    slope : float
        Gradient along the direction; negative, or 0 at a stationary point.
    decrement : float
        Half of the slope's size: the nats that a quadratic model promises.
    kind : {"newton", "singular", "indefinite", "unfinished"}
        Whether the curvature was positive definite, had directions without curvature, had
        directions of negative curvature, or conjugate gradients hit their limit.
    flat : ndarray of shape (size, r)
        Directions without curvature, for coefficients in units that give H a unit diagonal.
    """

    direction: Floats
    slope: float
    decrement: float
    kind: str
    flat: Floats


def newton_step(curvature: Curvature, gradient: Floats) -> Step:
    """Return the Newton step for a curvature and a gradient.

    Parameters
    ----------
    curvature : Curvature
        Finite, or the step is of kind "unfinished" and points down the gradient.
    gradient : ndarray of shape (size,)
        Finite.

    Returns
    -------
    Step
        Always a direction of descent unless the gradient is 0.
    """
    if not curvature.explicit:
        return _by_products(curvature, gradient)
    matrix = curvature.dense()
    if not np.isfinite(matrix).all():
        return _finish(-gradient, gradient, "unfinished")
    from scipy.linalg import LinAlgError, cho_factor, cho_solve

    diagonal = np.abs(matrix.diagonal())
    scale = 1.0 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    scaled = matrix * scale * scale[:, None]
    try:
        factor = cho_factor(scaled, lower=True, check_finite=False)
    except LinAlgError:
        return _modified(scaled, scale, gradient)
    pivots = np.square(factor[0].diagonal())
    if pivots.min() <= 4 * gradient.size * EPS:
        return _modified(scaled, scale, gradient)
    solved = cho_solve(factor, gradient * scale, check_finite=False)
    return _finish(-solved * scale, gradient, "newton")


def _finish(direction: Floats, gradient: Floats, kind: str, flat: Floats | None = None) -> Step:
    """Compute slope and decrement of a direction."""
    slope = min(0.0, float(gradient @ direction))
    none = np.empty((gradient.size, 0))
    return Step(direction, slope, -0.5 * slope, kind, none if flat is None else flat)


def _modified(scaled: Floats, scale: Floats, gradient: Floats) -> Step:
    """Take eigenvalues by size; leave flat directions alone where the gradient has nothing."""
    values, vectors = np.linalg.eigh(scaled)
    top = float(np.abs(values).max())
    if top == 0.0:
        return _finish(-gradient, gradient, "singular", np.eye(gradient.size))
    size = gradient.size
    floor = 64 * size * EPS * top  # below it an eigenvalue is rounding
    flat = np.abs(values) <= floor
    parts = vectors.T @ (gradient * scale)
    # What rounding leaves of a zero: the gradient itself is a sum with errors of this size.
    still = flat & (np.abs(parts) <= 1e-9 * np.abs(gradient * scale).max(initial=1e-300))
    length = np.where(still, 0.0, parts / np.maximum(np.abs(values), floor))
    kind = "indefinite" if bool((values[~flat] < 0).any()) else "singular"
    return _finish(-(vectors @ length) * scale, gradient, kind, vectors[:, flat])


def _by_products(curvature: Curvature, gradient: Floats) -> Step:
    """Solve by conjugate gradients, preconditioned with the diagonal."""
    diagonal = np.abs(curvature.diagonal())
    inverse = 1.0 / np.where(diagonal > 0, diagonal, 1.0)
    direction = np.zeros_like(gradient)
    residual = -gradient
    z = inverse * residual
    search = z.copy()
    rz = first = float(residual @ z)
    kind = "newton"
    for iteration in range(CG_LIMIT):
        if rz <= CG_TOLERANCE**2 * first:
            break
        product = curvature.matvec(search)
        bend = float(search @ product)
        if not bend > 0:
            kind = "indefinite"
            if iteration == 0:
                direction = search
            break
        length = rz / bend
        direction += length * search
        residual -= length * product
        z = inverse * residual
        rz, before = float(residual @ z), rz
        search = z + (rz / before) * search
    else:
        kind = "unfinished"
    return _finish(direction, gradient, kind)
