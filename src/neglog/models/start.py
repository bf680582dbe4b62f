"""Where a solver begins: the fit with an intercept alone, roughly.

A good place costs a few passes over a sample of the rows and saves the solver the part of the way on which the
curvature misleads it (a target of a million, a scale of a millionth).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neglog._typing import Floats
from neglog.kernels import Kernel
from neglog.losses.declared import Declared
from neglog.symbolic.cutpoints import FAR
from neglog.symbolic.expression import Symbol, evaluate
from neglog.symbolic.heads import numpy_meaning, numpy_number

__all__ = ["starting_cutpoints", "starting_raws", "starting_scores"]


_SAMPLE = 5_000
_GRID = np.concatenate([-np.geomspace(20, 0.25, 20), [0.0], np.geomspace(0.25, 20, 20)])


def starting_scores(y: Floats, weights: Floats | None, classes: int) -> Floats:
    """Return the logarithm of each class's share of the rows."""
    counts = np.bincount(y.astype(np.int64), weights=weights, minlength=classes)
    scores: Floats = np.log(np.maximum(counts, 0.5) / counts.sum())
    return scores


def starting_cutpoints(
    kernel: Kernel, ends: Sequence[str], y: Floats, weights: Floats | None, classes: int
) -> Floats:
    """Return the cutpoints that give each class its share of the rows where the score is 0.

    Parameters
    ----------
    kernel : Kernel
        Of a row law.
    ends : sequence of str
        What it takes after the score.
    y, weights : ndarray of shape (n,)
        Class numbers, every class among them, and the weights.
    classes : int
        Their number.

    Returns
    -------
    ndarray of shape (classes - 1,)
        Increasing.
    """
    counts = np.bincount(y.astype(np.int64), weights=weights, minlength=classes)
    below = np.log(np.cumsum(counts)[:-1] / counts.sum())
    low, high = np.full(classes - 1, -60.0), np.full(classes - 1, 60.0)
    zeros, far = np.zeros(classes - 1), np.full(classes - 1, FAR)
    for _ in range(80):
        middle = (low + high) / 2
        given = {"lower": -far, "upper": middle, "gap": far}
        columns = [zeros, *(given[end] for end in ends)]
        with np.errstate(all="ignore"):
            reached = -kernel.columns(zeros, columns, None, 0, engine="numpy")[0]
        less = reached < below
        low, high = np.where(less, middle, low), np.where(less, high, middle)
    # Shares so near 0 or 1 that cutpoints meet in rounding are pulled apart.
    steps = np.maximum(np.diff(high), 1e-8)
    return np.asarray(high[0] + np.concatenate([[0.0], np.cumsum(steps)]))


def starting_raws(
    family: Declared[...], kernel: Kernel, y: Floats, weights: Floats | None
) -> list[float]:
    """Return a raw prediction for each modelled parameter, constant over the rows.

    Parameters
    ----------
    family : Family or declared loss
        Says how a mean becomes a raw prediction.
    kernel : Kernel
        The loss, all its parameters modelled.
    y : ndarray of shape (n,), or (n, m) for a target with m fields
        The target.
    weights : ndarray of shape (n,), optional
        The weights.

    Returns
    -------
    list of float
        The first from the mean of the target; each of the others the best of a grid, twice in turn.
    """
    keep = slice(None, None, max(1, len(y) // _SAMPLE))
    sample = np.asfortranarray(y[keep])
    weight = None if weights is None else np.ascontiguousarray(weights[keep])
    if weight is not None and not weight.any():
        sample, weight = np.asfortranarray(y), weights
    size, count = family.target.typical(sample)
    raws = [0.0] * len(kernel.names)
    parameter = family.density.parameter(kernel.names[0])
    counts = weight if count is None else count if weight is None else count * weight
    mean = float(np.average(size, weights=counts))
    with np.errstate(all="ignore"):
        first = evaluate(
            parameter.link.forward(Symbol("m")),
            {"m": np.float64(mean)},
            numpy_meaning(),
            numpy_number,
        )
    grids = [np.unique(np.concatenate([_GRID, *_sizes(size)]))] * len(raws)
    if np.isfinite(first) and bool(parameter.support.contains(np.array([mean]))[0]):
        raws[0] = float(first)
        grids[0] = np.array([raws[0]])
    else:
        spread = float(np.std(size)) or 1.0
        grids[0] = np.concatenate([_GRID, mean + spread * np.linspace(-2, 2, 9)])
    for _ in range(2):
        for slot, grid in enumerate(grids):
            if len(grid) > 1:
                raws[slot] = _best(kernel, sample, weight, raws, slot, grid)
    return raws


def _sizes(y: Floats) -> list[Floats]:
    """Return logarithms near the target's size and spread, and their negatives: a scale or rate of any unit."""
    with np.errstate(all="ignore"):
        sizes = np.log([float(np.std(y)), float(np.mean(np.abs(y)))])
    near = np.linspace(-2, 2, 9)
    return [sign * size + near for size in sizes if np.isfinite(size) for sign in (1, -1)]


def _best(
    kernel: Kernel, y: Floats, weight: Floats | None, raws: list[float], slot: int, grid: Floats
) -> float:
    totals = []
    for value in grid:
        columns = [np.full(len(y), value if j == slot else raw) for j, raw in enumerate(raws)]
        with np.errstate(all="ignore"):
            total = float(np.sum(kernel.columns(y, columns, weight, 0, engine="numpy")[0]))
        totals.append(total if np.isfinite(total) else np.inf)
    # Of places that are as good as each other the middle one: the first is an extreme.
    best = np.flatnonzero(np.array(totals) <= min(totals) + 1e-12 * abs(min(totals)))
    return float(grid[best[len(best) // 2]])
