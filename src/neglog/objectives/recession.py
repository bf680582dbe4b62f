"""Likelihoods without a maximum: separation, and a scale that shrinks to nothing.

*Separation.* When some combination of the columns sorts the rows without a mistake, the likelihood
grows for ever along it and no coefficient is "the" estimate. `separation` decides that exactly. It
asks each row's gradient, not the family, which way the raw prediction may go for ever without
loss: up for y = 1 in a Bernoulli, down for y = 0 in a Poisson, nowhere for a normal.

*Collapse.* When a model with a scale fits every row perfectly, the likelihood grows for ever as the
scale shrinks; in floating point the end of that road is rounding error, not an estimate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from neglog._typing import Floats
from neglog.objectives.classes import LinearClasses
from neglog.objectives.cone import ClassCone, Cone, RowCone, recession_direction
from neglog.objectives.likelihood import LikelihoodObjective
from neglog.objectives.linear import Linear
from neglog.objectives.ordered import OrderedClasses
from neglog.objectives.pinned import Pinned
from neglog.symbolic.expression import Symbol, evaluate
from neglog.symbolic.heads import numpy_meaning, numpy_number

__all__ = ["Recession", "centres_of", "collapse", "separation", "suspicious"]

# Distances from the row's own target. exp(-40) is below the rounding of 1: a gradient that dies out at all has died
# out there. Two places a side, because that of a normal is 0 at its target, wherever that is.
PLACES = (-60.0, -40.0, 0.0, 40.0, 60.0)
LARGE = 10.0  # a raw prediction beyond this is worth asking about
DEAD = 1e-5  # and so is a row whose gradient has died out: a normal tail does at 5, one of cloglog at 3
ROUNDING = 8 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class Recession:
    """Why the likelihood has no maximum.

    Attributes
    ----------
    direction : ndarray of shape (size,)
        Along it the likelihood never falls and some rows improve for ever.
    names : tuple of str
        The coefficients that move.
    gaining : int
        How many rows improve.
    message : str
        The sentence to show, with a remedy.
    """

    direction: Floats
    names: tuple[str, ...]
    gaining: int
    message: str


def suspicious(objective: LikelihoodObjective, theta: Floats, *, tails: bool = True) -> bool:
    """Say whether some row is so well predicted that separation should be ruled out.

    Parameters
    ----------
    objective : LikelihoodObjective
        What was minimised.
    theta : ndarray
        Where the solver stopped.
    tails : bool
        Whether the loss dies out gradually, as likelihoods do; a hinge is 0 from its margin on.

    Returns
    -------
    bool
        False shows that a *converged* fit is not separated: a solver that follows a likelihood
        without a maximum until its gradient vanishes ends with large raw predictions, or with rows
        whose own gradients have vanished.
    """
    scores = objective.scores
    for block in objective.rows.blocks((0, objective.rows.n), 8192):
        with np.errstate(all="ignore"):
            raws = scores.forward(np.asarray(theta, dtype=np.float64), block)
            if not bool((np.abs(raws[0]) <= LARGE).all()):
                return True
            if not tails:
                continue
            unweighted = replace(block, weights=None)
            # As a solver asks, so that nothing new is compiled.
            terms = scores.losses(raws, unweighted, objective.kernel, 2)
            slopes = terms.gradient
            if isinstance(scores, OrderedClasses):
                last = len(scores.class_names) - 1
                alive = (np.abs(slopes[1]) > DEAD) | (block.y == last)
                alive &= (np.abs(slopes[2]) > DEAD) | (block.y == 0)
            else:
                alive = (np.abs(slopes[0]) > DEAD).reshape(block.rows, -1).any(axis=1)
                if isinstance(scores, Linear):  # a gradient that crosses 0 is bent there
                    alive |= np.abs(terms.hessian[0]) > DEAD
        if not bool(alive.all()):
            return True
    return False


def separation(objective: LikelihoodObjective, theta: Floats) -> Recession | None:
    """Decide exactly whether the first parameter's likelihood has no maximum.

    Parameters
    ----------
    objective : LikelihoodObjective
        What was minimised. Coefficients under a proper prior cannot run away.
    theta : ndarray
        Where the solver stopped; only the parameters after the first are read from it.

    Returns
    -------
    Recession or None
        None shows that no direction exists.
    """
    design = objective.rows.designs[0]
    if design is None:
        return None
    weights = objective.rows.weights
    counted = np.ones(objective.rows.n, dtype=np.bool_) if weights is None else weights > 0
    # Scaled columns: the tolerances of a linear program are absolute.
    peaks = np.abs(design).max(axis=0, initial=0.0)
    scale = np.where(peaks > 0, peaks, 1.0)
    held = objective.penalty.covered(objective.size) > 0
    pinned = objective.scores.index if isinstance(objective.scores, Pinned) else None
    if pinned is not None:
        held = np.insert(held, pinned, True)
    scores = objective.scores.model if isinstance(objective.scores, Pinned) else objective.scores
    if isinstance(scores, LinearClasses):
        if not _classes_may_run(objective, len(scores.class_names)):
            return None
        codes = objective.rows.y[counted].astype(np.intp)
        cone: Cone = ClassCone(design[counted] / scale, codes, len(scores.class_names), scores.free)
        full_scale = np.tile(scale, scores.free.size)
    elif isinstance(scores, OrderedClasses):
        codes = objective.rows.y[counted].astype(np.intp)
        cone = _between_cutpoints(design[counted] / scale, codes, len(scores.class_names))
        full_scale = np.concatenate([scale, np.ones(len(scores.class_names) - 1)])
    else:
        sign = _free_signs(objective, theta)
        counted &= np.isfinite(sign)
        cone = RowCone(design[counted] / scale, sign[counted])
        full_scale = scale
    scaled = recession_direction(cone, held[: cone.size])
    if scaled is None:
        return None
    margins = cone.margins(scaled)
    improves: npt.NDArray[np.bool_] = np.where(cone.equal, 0.0, margins) > 1e-7
    per_row = improves.reshape(int(counted.sum()), -1).any(axis=1)
    direction = np.zeros(held.size)
    direction[: cone.size] = scaled / full_scale
    direction /= np.abs(direction).max()
    if pinned is not None:
        direction = np.delete(direction, pinned)
    return _describe(objective, direction, int(per_row.sum()), int(counted.sum()))


def collapse(objective: LikelihoodObjective, theta: Floats) -> Recession | None:
    """Say whether the fit at theta is perfect up to rounding, so that a scale shrinks to 0.

    The test knows no family. It takes a move of each raw prediction by its own rounding error, and
    asks whether that would bring every row to its own optimum (then the fit is perfect, whatever
    the scale at theta), or whether the curvature is such that the loss of some row would notice
    (then the scale has shrunk to rounding already).

    Parameters
    ----------
    objective : LikelihoodObjective
        What is minimised.
    theta : ndarray
        A point near the optimum, as least squares or a solver gives it.

    Returns
    -------
    Recession or None
        The direction is that of the constant parameters.
    """
    scores = objective.scores
    if not isinstance(scores, Linear) or len(scores.parameter_names) < 2:
        return None
    theta = np.asarray(theta, dtype=np.float64)
    beta = theta[scores.parts[0]]
    centres = centres_of(objective)
    perfect = True
    for block in objective.rows.blocks((0, objective.rows.n), 8192):
        X = block.designs[0]
        reach = np.abs(X) @ np.abs(beta) if X is not None else np.abs(beta)
        size = np.abs(centres[block.start : block.start + block.rows])
        rounding = ROUNDING * (reach + size) + 1e-150
        with np.errstate(all="ignore"):
            raws = scores.forward(theta, block)
            terms = scores.losses(raws, block, objective.kernel, 2)
            noticed = terms.hessian[0] * rounding * rounding
            finite = np.isfinite(terms.hessian[0])
            perfect &= bool((np.abs(terms.gradient[0]) <= terms.hessian[0] * rounding).all())
        if bool((~finite | (noticed > 1e-4)).any()):
            break
    else:
        if not perfect:
            return None
    direction = np.zeros(objective.size)
    names = tuple(name for part in scores.parameter_names[1:] for name in part)
    with np.errstate(all="ignore"):
        slope = objective.evaluate(theta, 1).gradient
    ends = []
    for name, part in zip(objective.kernel.names[1:], scores.parts[1:], strict=True):
        # Where it has gone already, or else where the likelihood rises: a scale to 0, a shape to infinity.
        gone = theta[part] if np.abs(theta[part]).max(initial=0.0) > 15.0 else -slope[part]
        grows = bool(np.sum(gone) > 0)
        direction[part] = 1.0 if grows else -1.0
        ends.append(f"'{name}' {'grows' if grows else 'shrinks to 0'}")
    what = " and ".join(ends)
    return Recession(
        direction,
        names,
        objective.rows.n,
        "The likelihood has no maximum: the fit is perfect up to rounding, so the likelihood grows "
        f"for ever as {what}. Either the target was computed from the columns (drop "
        "the column that gives it away), or there are no more rows than coefficients (use fewer "
        "columns or more rows).",
    )


def _free_signs(objective: LikelihoodObjective, theta: Floats) -> Floats:
    """Return for each row where the raw prediction may go for ever: 1 up, -1 down, 0 nowhere.

    NaN marks rows that say nothing about it (no gradient, or free both ways).
    """
    scores = objective.scores
    signs = []
    centres = centres_of(objective)
    with np.errstate(all="ignore"):
        spread = float(np.std(centres))
    reach = max(1.0, spread) if np.isfinite(spread) else 1.0
    for block in objective.rows.blocks((0, objective.rows.n), 8192):
        raws = scores.forward(np.asarray(theta, dtype=np.float64), block)
        gradients = []
        own = centres[block.start : block.start + block.rows]
        for place in PLACES:
            probe = [own + reach * place, *raws[1:]]
            with np.errstate(all="ignore"):
                terms = objective.kernel.columns(block.y, probe, None, 1)
            gradients.append(np.abs(terms[1][0]))
        dead = 1e-9 * gradients[2]
        down = (gradients[0] <= dead) & (gradients[1] <= dead)
        up = (gradients[3] <= dead) & (gradients[4] <= dead)
        sign = np.where(up, 1.0, 0.0) - np.where(down, 1.0, 0.0)
        signs.append(np.where(up & down, np.nan, sign))
    return np.concatenate(signs)


def _classes_may_run(objective: LikelihoodObjective, classes: int) -> bool:
    """Say whether the gradient of a row dies out where its class is far ahead; with smoothed labels it does not."""
    codes = np.arange(classes, dtype=np.float64)
    sizes = []
    for place in (0.0, *PLACES[3:]):
        with np.errstate(all="ignore"):
            gradient = objective.kernel.classes(codes, place * np.eye(classes), None, 1)[1]
        sizes.append(float(np.abs(gradient).max()))
    return all(size <= 1e-9 * sizes[0] for size in sizes[1:])


def _between_cutpoints(X: Floats, codes: npt.NDArray[np.intp], classes: int) -> RowCone:
    """Return two inequalities a row: both ends of its class move away from its score, or stay where they are."""
    n, p = X.shape
    ways = np.zeros((n, 2, p + classes - 1))
    has_upper, has_lower = np.flatnonzero(codes < classes - 1), np.flatnonzero(codes > 0)
    ways[has_upper, 0, :p] = -X[has_upper]
    ways[has_upper, 0, p + codes[has_upper]] = 1.0
    ways[has_lower, 1, :p] = X[has_lower]
    ways[has_lower, 1, p + codes[has_lower] - 1] = -1.0
    return RowCone(ways.reshape(2 * n, -1), np.ones(2 * n))


def centres_of(objective: LikelihoodObjective) -> Floats:
    """Return for each row the first raw prediction that its target stands for; 0 where it stands for none."""
    y = objective.rows.y
    loss = getattr(objective.kernel, "loss", None)
    if loss is None:
        return y if y.ndim == 1 else np.where(np.isfinite(y), y, 0.0).max(axis=1)
    density = loss.density
    parameter = density.parameter(loss.slots[0].parameter)
    numbers = density.support.typical(y)[0]
    with np.errstate(all="ignore"):
        centres = evaluate(
            parameter.link.forward(Symbol("m")), {"m": numbers}, numpy_meaning(), numpy_number
        )
    stands = parameter.support.contains(numbers) & np.isfinite(centres)
    return np.where(stands, centres, 0.0)


def _describe(
    objective: LikelihoodObjective, direction: Floats, gaining: int, total: int
) -> Recession:
    """Put the direction in words."""
    moving = np.flatnonzero(direction)
    names = tuple(objective.names[j] for j in moving)
    shown = ", ".join(f"'{name}'" for name in names[:6])
    if len(names) > 6:
        shown += f" and {len(names) - 6} more"
    formula = ""
    if len(moving) <= 4:
        parts = [f"{direction[j]:+.4g} * {objective.names[j]}" for j in moving]
        formula = f" (along {' '.join(parts)})"
    rows = f"all {total} rows" if gaining == total else f"{gaining} of {total} rows"
    end = "" if gaining == total else " and makes no other row worse"
    message = (
        f"The likelihood has no maximum (separation): moving {shown}{formula} improves {rows} for "
        f"ever{end}, so the coefficients run off to infinity and their standard errors mean "
        "nothing. Give the slopes a prior (such as a normal one with mean 0 and scale 1), merge or "
        "drop the levels or columns involved, or collect rows that contradict the rule."
    )
    return Recession(direction, names, gaining, message)
