"""Soft targets of classes: the loss ``sum_k t_k loss_k`` of a row whose class is a distribution.

    value      sum_k t_k (max - eta_k) + (sum t) log1p(sum of the others' exponentials)
    gradient   p_j (sum of the other t) - t_j (sum of the other p)

All terms of the value are positive; with a one-hot t both are what the kernel of codes computes. Of a loss that is a
function of the excess of each class, t_k in the gradient is multiplied by its slope.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neglog._typing import AnyArray
from neglog.kernels.evaluation import others
from neglog.kernels.inputs import Batch, refuse
from neglog.kernels.numpy_engine import (
    add_lanes,
    curve,
    even_share,
    flag_of,
    leading_exponentials,
    mean_gap,
    ordered_sum,
)
from neglog.kernels.plan import Plan
from neglog.kernels.variant import BLOCK

__all__ = ["soft_targets"]


def soft_targets(
    plan: Plan, batch: Batch, hyper: Sequence[float], value: AnyArray, parts: Sequence[AnyArray]
) -> float:
    """Fill `value` (unless it is empty) and `parts`, and return the total.

    Parameters
    ----------
    plan : Plan
        Of shape ``"classes"``.
    batch : Batch
        The inputs, with soft targets.
    hyper : sequence of float
        The hyperparameters.
    value : ndarray of shape (n,) or (0,)
        Gets the losses.
    parts : sequence of ndarray of shape (n, K)
        Get the gradient and the probabilities, then slope [n] and bend, as many as there are.

    Returns
    -------
    float
        The sum of the losses.
    """
    assert batch.soft is not None
    flag = flag_of(plan, batch.targets, batch.weight)
    if flag or np.isnan(batch.raws[0]).any():
        refuse(plan, batch, flag, "raw_prediction")
    sums = []
    order = min(len(parts), 2)
    with np.errstate(all="ignore"):
        at = curve(plan, order, hyper) if plan.curved else None
        even = even_share(plan, hyper)
        for start in range(0, batch.n, BLOCK["classes"]):
            rows = slice(start, start + BLOCK["classes"])
            x, t = np.asarray(batch.raws[0][rows], dtype=np.float64), batch.soft[rows]
            weight = None
            if batch.weight is not None:
                weight = np.asarray(batch.weight[rows], dtype=np.float64)
            _, top, e, rest = leading_exponentials(x)
            gaps = np.where((t == 0.0) | (x == top[:, None]), 0.0, top[:, None] - x)
            pulls, bends = t, np.zeros_like(t)
            if at is None:
                losses = np.where(t == 0.0, 0.0, t * gaps).sum(axis=1) + t.sum(axis=1) * np.log1p(
                    rest
                )
            else:
                each, *more = at(gaps + np.log1p(rest)[:, None])
                losses = np.where(t == 0.0, 0.0, t * each).sum(axis=1)
                pulls = t * more[0] if more else t
                bends = t * more[1] if len(more) > 1 else bends
            if even != 0.0:
                losses = losses + even * t.sum(axis=1) * (mean_gap(x, top) + np.log1p(rest))
            if weight is not None:
                losses = np.where(weight == 0.0, 0.0, weight * losses)
            if value.size:
                value[rows] = losses
            if parts:
                p = e / (1.0 + rest)[:, None]
                gradient = p * others(pulls) - pulls * others(p)
                if even != 0.0:
                    gradient += even * (t - t.mean(axis=1, keepdims=True))
                parts[0][rows] = gradient if weight is None else weight[:, None] * gradient
                for part, factor in zip(parts[1:], (p, pulls.sum(axis=1), bends), strict=False):
                    part[rows] = factor
            sums.append(add_lanes(losses))
    return ordered_sum(sums)
