"""Hessians other than the observed one: the expected one from its expressions, the clipped one from the observed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from neglog._typing import AnyArray, Floats
from neglog.losses import Loss
from neglog.symbolic.expression import Node
from neglog.symbolic.heads import numpy_meaning, numpy_number
from neglog.symbolic.tape import Tape

__all__ = ["clip", "closed_form"]


def closed_form(
    loss: Loss, expressions: Sequence[Node], raws: Sequence[AnyArray], hyper: Mapping[str, float]
) -> list[Floats]:
    """Return the expected Hessian of every row from its expressions.

    Parameters
    ----------
    loss : Loss
        Names the raw predictions.
    expressions : sequence of Node
        The packed upper triangle, in the raw predictions and hyperparameters.
    raws : sequence of ndarray of shape (n,)
        A column a modelled parameter.
    hyper : mapping of str to float
        Values of the parameters that are not modelled.

    Returns
    -------
    list of ndarray of shape (n,)
        The packed upper triangle, in nats, without weights.
    """
    columns = [np.asarray(raw, dtype=np.float64) for raw in raws]
    values = {slot.raw: raw for slot, raw in zip(loss.slots, columns, strict=True)} | dict(hyper)
    with np.errstate(all="ignore"):
        means = Tape(expressions).run(values, numpy_meaning(), numpy_number)
    return [np.array(np.broadcast_to(mean, columns[0].shape), dtype=np.float64) for mean in means]


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
