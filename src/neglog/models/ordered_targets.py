"""Targets of ordered classes: which order was meant, and a number for each class.

The order is part of the model. A categorical type that declares one is believed, numbers and booleans have theirs;
plain text has none (sorted, ``high`` comes before ``low``), so it has to be said.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neglog._typing import Floats
from neglog.errors import DataError, SupportError, UsageError
from neglog.models.targets import TargetCoding, Where, distinct, kind_of, one_class, shown

__all__ = ["code_ordered"]

_MOST = 200


def code_ordered(
    values: NDArray[Any],
    family: str,
    name: str,
    where: Where,
    *,
    declared: Sequence[str] = (),
    order: Sequence[Any] | None = None,
) -> tuple[Floats, TargetCoding]:
    """Learn the order of a target's classes and number them, the lowest 0.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Text (object), booleans or float64.
    family, name : str
        Names of the family and of the target's column, for messages.
    where : callable
        Row -> words that say where it is.
    declared : sequence of str
        All levels of a categorical type that declared an order, lowest first.
    order : sequence, optional
        The classes from the lowest to the highest, as a user gave them.

    Returns
    -------
    tuple of ndarray and TargetCoding
        float64 [n], and the coding.

    Raises
    ------
    DataError
        If the target has one class, too many, or a declared one that no row belongs to.
    UsageError
        If text has no order, or `order` leaves classes out.
    """
    kind = kind_of(values)
    found = distinct(values, kind)
    if kind == "number" and not bool(np.all(np.isfinite(values))):
        row = int(np.argmin(np.isfinite(values)))
        raise SupportError(f"{where(row)} holds {values[row]:g}, which is no class.")
    if len(found) == 1:
        raise DataError(one_class(shown(found[0]), name, family))
    if len(found) > _MOST:
        raise DataError(
            f"The target '{name}' has {len(found)} distinct values; {family} gives each of them a cutpoint. Is it a "
            "measurement or a count? Otherwise put neighbouring values together."
        )
    if order is not None:
        labels = _as_given(order, found, kind, name)
    elif declared:
        labels = list(declared)
    elif kind == "text":
        listed = ", ".join(map(repr, found[:4])) + (", ..." if len(found) > 4 else "")
        raise UsageError(
            f"The target '{name}' is text ({listed}), which does not say which class is lower: give the order, "
            f"order=[{', '.join(map(repr, found[:3]))}, ...] from the lowest to the highest (--order on the command "
            "line), or make it an ordered categorical, or numbers."
        )
    else:
        labels = found
    if absent := [label for label in labels if label not in set(found)]:
        told = ", ".join(repr(shown(label)) for label in absent[:3])
        raise DataError(
            f"No row of the target '{name}' is of the class {told}, so nothing determines the cutpoints beside it. "
            "Leave the class out of the order (remove_unused_categories() of a categorical), or put it together with "
            "a neighbour."
        )
    coding = TargetCoding(name, tuple(labels), kind, ordered=True)
    return coding.encode(values, where), coding


def _as_given(order: Sequence[Any], found: Sequence[Any], kind: str, name: str) -> list[Any]:
    """Return the labels in the order given; a command line gives numbers as text."""
    if isinstance(order, str):
        raise UsageError(
            f"order is the text {order!r}; a list of the classes is wanted, lowest first."
        )
    known = {shown(label): label for label in found}
    labels = []
    for each in order:
        text = shown(float(each)) if kind == "number" and _is_number(each) else str(each)
        labels.append(known.get(text, text))
    if len(set(labels)) < len(labels):
        raise UsageError(f"order names a class of '{name}' twice: {', '.join(map(str, order))}.")
    missing = [label for label in found if label not in set(labels)]
    if missing:
        told = ", ".join(repr(shown(label)) for label in missing[:5])
        raise UsageError(
            f"order leaves out {told}, which the target '{name}' holds too: name every class, lowest first."
        )
    return labels


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True
