"""Predictions as people write them: a probability, a mean, not a raw prediction.

The complete loss is an expression of the parameters themselves, with 0 log 0 = 0; it is evaluated
with NumPy. Only values: a derivative belongs to a scale, and training happens on the raw one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neglog._typing import Floats
from neglog.errors import SupportError
from neglog.kernels.inputs import Batch, check_simplex
from neglog.losses import Loss
from neglog.symbolic.expression import Node, evaluate
from neglog.symbolic.heads import numpy_meaning, numpy_number

__all__ = ["response_value"]


def response_value(
    loss: Loss, batch: Batch, hyper: Mapping[str, float], *, constants: bool
) -> Floats:
    """Return the loss of every row at predictions on the response scale.

    Parameters
    ----------
    loss : Loss
        Holds the expression and the supports of the parameters.
    batch : Batch
        The target, and the predicted parameters in place of raw predictions.
    hyper : mapping of str to float
        Parameters that are not modelled.
    constants : bool
        Whether the terms and factors that the textbook loss drops are kept.

    Returns
    -------
    ndarray of shape (n,)
        Nats, weights multiplied in.

    Raises
    ------
    SupportError
        If a prediction lies outside the support of its parameter.
    """
    _check(loss, batch)
    values: dict[str, Any] = {name: np.float64(value) for name, value in hyper.items()}
    for slot, column in zip(loss.slots, batch.raws, strict=True):
        values[slot.parameter] = np.asarray(column, dtype=np.float64)
    columns = loss.density.columns

    def at(y: Floats) -> Floats:
        def total(node: Node) -> Any:
            return evaluate(node, values | columns(y), numpy_meaning(), numpy_number)

        with np.errstate(all="ignore"):
            result = total(loss.response)
            if not constants:
                for dropped in loss.dropped:
                    if dropped.kind == "term":
                        result = result - total(dropped.expression)
                for dropped in loss.dropped:
                    if dropped.kind == "factor":
                        result = result / total(dropped.expression)
        # Minus a logarithm of 1 is -0.0; a loss is 0.
        return np.asarray(np.broadcast_to(result + 0.0, (batch.n,)), dtype=np.float64)

    if batch.soft is None:
        loss_values = at(np.asarray(batch.y, dtype=np.float64))
    else:
        loss_values = np.zeros(batch.n)
        for k in range(batch.soft.shape[1]):
            share = batch.soft[:, k]
            part = at(np.full(batch.n, float(k)))
            loss_values += share * np.where(share == 0.0, 0.0, part)
    if batch.weight is None:
        return loss_values
    weight = np.asarray(batch.weight, dtype=np.float64)
    return np.asarray(weight * np.where(weight == 0.0, 0.0, loss_values))


def _check(loss: Loss, batch: Batch) -> None:
    for slot, column in zip(loss.slots, batch.raws, strict=True):
        values = np.asarray(column, dtype=np.float64)
        support = loss.density.parameter(slot.parameter).support
        facts = f"{slot.parameter} of {loss.name} is {support.sentence}"
        hint = "If these are raw predictions, leave scale='response' out"
        if slot.kind == "classes":
            check_simplex(column, "the prediction", f"{facts}. {hint}")
            continue
        bad = ~support.contains(values)
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise SupportError(
                f"The prediction of {slot.parameter} is {float(values[row])!r} in row {row} "
                f"(counted from 0), but {facts}. {hint}."
            )
