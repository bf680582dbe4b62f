"""The covariance of the estimates where a column lies far from 0: a year, a time stamp, an altitude in millimetres.

X'diag(h)X of such a column and an intercept has lost the digits that tell them apart, so its inverse is wrong although
the estimates are right. Measured from its mean the column is harmless, and the way back is exact:

    intercept = intercept_c - sum_j m_j slope_j

Where cutpoints stand in the place of an intercept, each of them takes up the shift, with the other sign.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neglog._typing import Floats
from neglog.inference import Covariance, observed, sandwich
from neglog.objectives import LikelihoodObjective, Linear, LinearClasses, OrderedClasses

__all__ = ["centred_covariance"]

_FAR = 100.0  # means, in standard deviations, from which squares lose four digits and more


def centred_covariance(
    objective: LikelihoodObjective,
    theta: Floats,
    *,
    robust: bool = False,
    held: tuple[int, ...] = (),
) -> Covariance | None:
    """Return the covariance of the estimates, computed with the far columns measured from their means.

    Parameters
    ----------
    objective : LikelihoodObjective
        What was minimised.
    theta : ndarray of shape (size,)
        The estimates.
    robust : bool
        Whether it is the sandwich, which loses twice as many digits, and not the inverse curvature.
    held : tuple of int
        Places of constants taken as known; see `observed`.

    Returns
    -------
    Covariance or None
        None where no column is far from 0, or there is no free intercept to take up the shift.

    Raises
    ------
    CollinearError
        If the curvature cannot be inverted even so.
    """
    scores, design = objective.scores, objective.rows.designs[0]
    if isinstance(scores, OrderedClasses):
        return _of_ordered_classes(objective, scores, theta)
    if design is None or not isinstance(scores, Linear | LinearClasses):
        return None
    names = scores.parameter_names[0] if isinstance(scores, Linear) else scores.coefficient_names
    if "Intercept" not in names:
        return None
    place = names.index("Intercept")
    means = _far_means(design)
    means[place] = 0.0
    if not means.any():
        return None
    back = np.eye(len(names))
    back[place] -= means
    copies = 1 if isinstance(scores, Linear) else scores.free.size
    whole = np.eye(objective.size)
    whole[: copies * len(names), : copies * len(names)] = np.kron(np.eye(copies), back)
    if objective.penalty.covered(objective.size)[place : copies * len(names) : len(names)].any():
        return None  # the prior speaks of the intercept at 0
    rows = replace(objective.rows, designs=(design - means, *objective.rows.designs[1:]))
    moved = replace(objective, rows=rows)
    at = 2.0 * theta - whole @ theta
    curvature = moved.evaluate(at, 2).curvature
    assert curvature is not None
    inner = observed(curvature, objective.names, held)
    if robust:
        inner = sandwich(inner, moved.score_products(at))
    return replace(inner, matrix=whole @ inner.matrix @ whole.T)


def _far_means(design: Floats) -> Floats:
    """Return the means of the columns that lie far from 0, and 0 for the others."""
    means: Floats = design.mean(axis=0)
    # One pass without a copy leaves few columns to look at closely.
    with np.errstate(over="ignore"):
        squares = np.einsum("ij,ij->j", design, design) / design.shape[0]
        means[np.square(means) * (1.0 + 2.0 / _FAR**2) < squares] = 0.0
    for j in np.flatnonzero(means):
        if abs(means[j]) <= _FAR * design[:, j].std():
            means[j] = 0.0
    return means


def _of_ordered_classes(
    objective: LikelihoodObjective, scores: OrderedClasses, theta: Floats
) -> Covariance | None:
    (design,) = objective.rows.designs
    if design is None:
        return None
    means = _far_means(design)
    p = len(scores.coefficient_names)
    if not means.any() or objective.penalty.covered(objective.size)[p:].any():
        return None
    # x beta - c = (x - m) beta - (c - m beta): theta is `whole` times what belongs to the centred columns.
    whole = np.eye(objective.size)
    whole[p:, :p] += means
    moved = replace(objective, rows=replace(objective.rows, designs=(design - means,)))
    curvature = moved.evaluate(2.0 * theta - whole @ theta, 2).curvature
    assert curvature is not None
    inner = observed(curvature, objective.names)
    return replace(inner, matrix=whole @ inner.matrix @ whole.T)
