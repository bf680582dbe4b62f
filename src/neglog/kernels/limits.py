"""Infinite raw predictions: the limit of the loss, where the formula alone says NaN.

At an infinite raw prediction a stable form may meet 0 times infinity, for example ``0*softplus(inf)``
for y = 1. Such a row is evaluated once more at the largest finite number: what is finite there is
the limit, what is beyond 1e300 is on its way to infinity.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neglog._typing import AnyArray
from neglog.kernels.inputs import Batch
from neglog.kernels.numpy_engine import numpy_run
from neglog.kernels.plan import Plan
from neglog.kernels.variant import Variant

__all__ = ["take_limits"]

_LARGEST = float(np.finfo(np.float64).max)
_ON_ITS_WAY = 1e300


def take_limits(
    plan: Plan,
    variant: Variant,
    batch: Batch,
    hyper: Sequence[float],
    value: AnyArray,
    outs: Sequence[AnyArray],
) -> None:
    """Put the limits into the rows of `value` and `outs` whose raw predictions are infinite.

    Parameters
    ----------
    plan, variant : Plan, Variant
        What was computed.
    batch : Batch
        The inputs.
    hyper : sequence of float
        The hyperparameters.
    value : ndarray of shape (n,)
        Changed in place.
    outs : sequence of ndarray
        Derivatives, each [n]; changed in place.
    """
    rows = np.flatnonzero(np.any([np.isinf(raw) for raw in batch.raws], axis=0))
    run = numpy_run(plan, variant)
    ys = [y[rows].astype(np.float64) for y in batch.targets]
    weight = [] if batch.weight is None else [batch.weight[rows].astype(np.float64)]

    def at(raws: list[AnyArray]) -> list[AnyArray]:
        results = [np.empty(rows.size) for _ in range(1 + len(outs))]
        sums = np.empty(1 + rows.size // 2048)
        run(0, rows.size, *ys, *raws, *weight, *hyper, *results, sums, np.empty(0, np.int64))
        return results

    raws = [raw[rows].astype(np.float64) for raw in batch.raws]
    exact = at(raws)
    near = at([np.clip(raw, -_LARGEST, _LARGEST) for raw in raws])
    for target, there, close in zip([value, *outs], exact, near, strict=True):
        limit = np.where(np.abs(close) > _ON_ITS_WAY, np.copysign(np.inf, close), close)
        target[rows] = np.where(np.isnan(there), limit, there)
