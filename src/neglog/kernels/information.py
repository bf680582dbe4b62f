"""Hessians other than the observed one: the expected one from its expressions, the clipped one from the observed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from neglog._typing import AnyArray
from neglog.kernels.inputs import Batch
from neglog.losses import Loss
from neglog.symbolic.expression import Node
from neglog.symbolic.heads import numpy_meaning, numpy_number
from neglog.symbolic.tape import Tape

__all__ = ["clip", "fill_expected"]


def fill_expected(
    loss: Loss,
    expressions: Sequence[Node],
    batch: Batch,
    hyper: Mapping[str, float],
    parts: Sequence[AnyArray],
) -> None:
    """Write the expected Hessian of every row, times its weight.

    Parameters
    ----------
    loss : Loss
        Names the raw predictions.
    expressions : sequence of Node
        The packed upper triangle, in the raw predictions and hyperparameters.
    batch : Batch
        The inputs.
    hyper : mapping of str to float
        Values of the parameters that are not modelled.
    parts : sequence of ndarray of shape (n,)
        Where to.
    """
    raws = [np.asarray(raw, dtype=np.float64) for raw in batch.raws]
    values = {slot.raw: raw for slot, raw in zip(loss.slots, raws, strict=True)} | dict(hyper)
    with np.errstate(all="ignore"):
        means = Tape(expressions).run(values, numpy_meaning(), numpy_number)
    for part, mean in zip(parts, means, strict=True):
        part[:] = mean
        if batch.weight is not None:
            part[:] = np.where(batch.weight == 0, 0.0, part * batch.weight)


def clip(parts: Sequence[AnyArray]) -> None:
    """Replace every Hessian by the nearest matrix without negative eigenvalues: its negative part is left out.

    Parameters
    ----------
    parts : sequence of ndarray of shape (n,)
        One array, or the three of a packed 2 by 2 matrix; changed in place.
    """
    if len(parts) == 1:
        np.maximum(parts[0], 0.0, out=parts[0])
        return
    a, b, c = (np.asarray(part, dtype=np.float64) for part in parts)
    # The eigenvalues are middle -+ radius; one spectral projector is (H - low)/(high - low).
    middle, radius = (a + c) / 2, np.hypot((a - c) / 2, b)
    low, high = middle - radius, middle + radius
    with np.errstate(all="ignore"):
        factor = np.where(high <= 0, 0.0, high / (2 * radius))
    mixed = low < 0
    parts[0][:] = np.where(mixed, factor * np.maximum(a - low, 0.0), a)
    parts[1][:] = np.where(mixed, factor * b, b)
    parts[2][:] = np.where(mixed, factor * np.maximum(c - low, 0.0), c)
