"""The expected information of ordered classes: that of rows which take every class with its predicted probability.

A row holds the ends of its own class only, so the mean over the classes is taken by rows: each is repeated once a
class, with the probability of the class as its weight, and the observed information of those is the expected one.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neglog._typing import Floats
from neglog.objectives.likelihood import LikelihoodObjective
from neglog.objectives.ordered import OrderedClasses
from neglog.objectives.rows import Rows

__all__ = ["over_every_class"]


def over_every_class(objective: LikelihoodObjective, theta: Floats) -> LikelihoodObjective:
    """Return the objective of rows that take every class as often as the estimates say.

    Parameters
    ----------
    objective : LikelihoodObjective
        Of ordered classes.
    theta : ndarray of shape (p + K - 1,)
        Coefficients and cutpoints that give the probabilities.

    Returns
    -------
    LikelihoodObjective
        Of n K rows and the same penalty. Its curvature at `theta` is the expected one of the data term plus the
        penalty's.
    """
    scores, rows = objective.scores, objective.rows
    assert isinstance(scores, OrderedClasses)
    classes = len(scores.class_names)

    def repeated(array: Floats | None) -> Floats | None:
        return None if array is None else np.repeat(array, classes, axis=0)

    codes = np.tile(np.arange(float(classes)), rows.n)
    every = Rows(
        tuple(map(repeated, rows.designs)), codes, None, repeated(rows.offset), rows.threads
    )
    weights = np.empty(every.n)
    for block in every.blocks((0, every.n), every.block_rows(every.width)):
        raws = scores.forward(theta, block)
        value = scores.losses(raws, block, objective.kernel, 0).value
        weights[block.start : block.start + block.rows] = np.exp(-value)
    if rows.weights is not None:
        weights *= np.repeat(rows.weights, classes)
    return replace(objective, rows=replace(every, weights=weights))
