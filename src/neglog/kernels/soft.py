"""Soft targets of classes: the loss ``sum_k t_k loss_k`` of a row whose class is a distribution.

    value      sum_k t_k (max - eta_k) + (sum t) log1p(sum of the others' exponentials)
    gradient   p_j (sum of the other t) - t_j (sum of the other p)

All terms of the value are positive; with a one-hot t both are what the kernel of codes computes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neglog._typing import AnyArray
from neglog.kernels.evaluation import others
from neglog.kernels.inputs import Batch, refuse
from neglog.kernels.numpy_engine import add_lanes, flag_of, leading_exponentials, ordered_sum
from neglog.kernels.plan import Plan
from neglog.kernels.variant import BLOCK

__all__ = ["soft_targets"]


def soft_targets(plan: Plan, batch: Batch, value: AnyArray, parts: Sequence[AnyArray]) -> float:
    """Fill `value` (unless it is empty) and `parts`, and return the total.

    Parameters
    ----------
    plan : Plan
        Of shape ``"classes"``.
    batch : Batch
        The inputs, with soft targets.
    value : ndarray of shape (n,) or (0,)
        Gets the losses.
    parts : sequence of ndarray of shape (n, K)
        Get the gradient and the probabilities, as many as there are.

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
    with np.errstate(all="ignore"):
        for start in range(0, batch.n, BLOCK["classes"]):
            rows = slice(start, start + BLOCK["classes"])
            x, t = np.asarray(batch.raws[0][rows], dtype=np.float64), batch.soft[rows]
            weight = None
            if batch.weight is not None:
                weight = np.asarray(batch.weight[rows], dtype=np.float64)
            _, top, e, rest = leading_exponentials(x)
            gaps = np.where((t == 0.0) | (x == top[:, None]), 0.0, top[:, None] - x)
            losses = np.where(t == 0.0, 0.0, t * gaps).sum(axis=1) + t.sum(axis=1) * np.log1p(rest)
            if weight is not None:
                losses = np.where(weight == 0.0, 0.0, weight * losses)
            if value.size:
                value[rows] = losses
            if parts:
                p = e / (1.0 + rest)[:, None]
                gradient = p * others(t) - t * others(p)
                parts[0][rows] = gradient if weight is None else weight[:, None] * gradient
                if len(parts) > 1:
                    parts[1][rows] = p
            sums.append(add_lanes(losses))
    return ordered_sum(sums)
