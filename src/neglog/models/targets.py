"""Targets as people write them, and the numbers a loss takes.

Labels may be text, booleans or numbers; which of them becomes 1 (or which number a class gets) is part of the model,
is printed, and is undone when the model predicts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neglog._typing import Floats
from neglog.errors import DataError, SupportError, UsageError, nearest
from neglog.symbolic.supports import Support

__all__ = ["TargetCoding", "Where", "code_target", "distinct", "kind_of", "one_class", "shown"]

Where = Callable[[int], str]


@dataclass(frozen=True)
class TargetCoding:
    """How the values of a target become numbers.

    Attributes
    ----------
    name : str
        The target's column.
    labels : tuple
        The label of each number, 0 first; empty where the target is a number to begin with.
    kind : str
        ``"text"``, ``"boolean"`` or ``"number"``: what the labels were in the data.
    ordered : bool
        Whether the order of the labels, lowest first, is part of the law.
    told : str
        What there is to say of a target of several columns: how many events were seen.
    """

    name: str
    labels: tuple[Any, ...] = ()
    kind: str = "number"
    ordered: bool = False
    told: str = ""

    @property
    def sentence(self) -> str:
        """The mapping of labels, or what a target of several columns holds, in words; else an empty string."""
        if not self.labels:
            return f"{self.name}: {self.told}" if self.told else ""
        if self.ordered:
            return f"{self.name} in this order: {' < '.join(self.class_names)}"
        return f"{self.name}: " + ", ".join(
            f"{label} = {code}" for code, label in enumerate(self.class_names)
        )

    @property
    def class_names(self) -> tuple[str, ...]:
        """The labels as text."""
        return tuple(map(shown, self.labels))

    def decode(self, codes: NDArray[Any]) -> NDArray[Any]:
        """Return the labels of numbers."""
        if not self.labels:
            return codes
        kind = {"text": object, "boolean": np.bool_, "number": np.float64}[self.kind]
        labels: NDArray[Any] = np.array(self.labels, dtype=kind)
        if self.kind == "number" and bool(np.all(labels == np.floor(labels))):
            labels = labels.astype(np.int64)
        return np.asarray(labels[np.asarray(codes, dtype=np.int64)])

    def encode(self, values: NDArray[Any], where: Where) -> Floats:
        """Return the numbers of labels seen before; an unknown label is an error."""
        if not self.labels:
            return np.asarray(values, dtype=np.float64)
        codes = {label: code for code, label in enumerate(self.labels)}
        result = np.empty(len(values))
        for row, value in enumerate(np.asarray(values).tolist()):
            key = float(value) if self.kind == "number" else value
            if key not in codes:
                raise SupportError(
                    f"{where(row)} holds {shown(value)!r}, which is none of the classes "
                    f"the model knows ({', '.join(self.class_names)})."
                )
            result[row] = codes[key]
        return result

    def to_json(self) -> dict[str, Any]:
        """Return the coding as plain data."""
        data: dict[str, Any] = {
            "name": self.name,
            "labels": list(self.labels),
            "kind": self.kind,
        }
        data |= {"ordered": True} if self.ordered else {}
        return {**data, "told": self.told} if self.told else data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> TargetCoding:
        """Read what `to_json` wrote."""
        return cls(
            str(data["name"]),
            tuple(data["labels"]),
            str(data["kind"]),
            bool(data.get("ordered", False)),
            str(data.get("told", "")),
        )


def kind_of(values: NDArray[Any]) -> str:
    """Return what an array of a target holds: ``"text"``, ``"boolean"`` or ``"number"``."""
    if values.dtype == object:
        return "text"
    return "boolean" if values.dtype == np.bool_ else "number"


def shown(label: Any) -> str:
    """Write a label as people do: the class 2, which a table holds as a float, is not 2.0."""
    return str(int(label)) if isinstance(label, float) and label.is_integer() else str(label)


def code_target(
    values: NDArray[Any],
    support: Support,
    family: str,
    name: str,
    where: Where,
    positive: Any = None,
) -> tuple[Floats, TargetCoding]:
    """Learn the coding of a target and apply it.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Text (object), booleans or float64.
    support : Support
        Where the family's target lives.
    family, name : str
        Names of the family and of the target's column, for messages.
    where : callable
        Row -> words that say where it is.
    positive : str, bool or float, optional
        The label that becomes 1, for a target of two classes.

    Returns
    -------
    tuple of ndarray and TargetCoding
        float64 [n], and the coding.

    Raises
    ------
    SupportError
        If a value lies outside the support; the message names row and value.
    DataError
        If there is only one class.
    UsageError
        If `positive` is not one of the labels, or the family has no two classes.
    """
    if positive is not None and support.kind != "Binary":
        raise UsageError(
            f"positive={positive!r} names a class of a two-class target; {family} has none."
        )
    kind = kind_of(values)
    if support.kind == "Label":
        return _classes(values, kind, family, name, where)
    if support.kind == "Binary" and (kind != "number" or positive is not None):
        return _two_classes(values, kind, family, name, where, positive)
    if kind == "text":
        some = ", ".join(repr(v) for v in sorted({str(v) for v in values[:1000]})[:4])
        raise SupportError(
            f"The target '{name}' is text ({some}), but a target of {family} is {support.sentence}. For "
            "two classes use family=nl.Bernoulli, for more family=nl.Categorical."
        )
    numbers = values.astype(np.float64)
    inside = support.contains(numbers)
    if not bool(inside.all()):
        row = int(np.argmin(inside))
        raise SupportError(_outside(numbers, row, support, family, name, where))
    if support.kind == "Binary" and numbers.size and bool(np.all(numbers == numbers[0])):
        raise DataError(one_class(f"{numbers[0]:g}", name, family))
    return numbers, TargetCoding(name)


def _outside(
    numbers: Floats, row: int, support: Support, family: str, name: str, where: Where
) -> str:
    message = (
        f"{where(row)} holds {numbers[row]:g}, but a target of {family} is {support.sentence}."
    )
    distinct = np.unique(numbers[:10_000])
    if support.kind == "Binary" and len(distinct) == 2:
        return (
            f"{message} The target has the two values {distinct[0]:g} and {distinct[1]:g}: say which "
            f"one is the positive class, positive={distinct[1]:g} (on the command line --positive {distinct[1]:g})."
        )
    bad = int(np.sum(~support.contains(numbers)))
    others = f" {bad - 1} other rows are outside too." if bad > 1 else ""
    return f"{message}{others} Choose a family whose target may take such values, or mend the data."


def one_class(label: str, name: str, family: str) -> str:
    """Return the message about a target of one class."""
    return (
        f"The target '{name}' has only one class, {label}: there is nothing for {family} to tell "
        "apart. Check the column, or the filter that made the file."
    )


def distinct(values: NDArray[Any], kind: str) -> list[Any]:
    """Return the labels of a target, sorted."""
    if kind == "text":
        return sorted({str(value) for value in values})
    return list(np.unique(values).tolist())


def _two_classes(
    values: NDArray[Any], kind: str, family: str, name: str, where: Where, positive: Any
) -> tuple[Floats, TargetCoding]:
    labels = distinct(values, kind)
    if len(labels) == 1:
        raise DataError(one_class(shown(labels[0]), name, family))
    if len(labels) > 2:
        some = ", ".join(map(shown, labels[:5])) + (", ..." if len(labels) > 5 else "")
        raise SupportError(
            f"The target '{name}' has {len(labels)} classes ({some}), but {family} knows two. Use "
            "family=nl.Categorical."
        )
    if positive is not None:
        chosen = _match(positive, labels, kind)
        if chosen is None:
            raise UsageError(
                f"positive={positive!r} is not a value of '{name}'. "
                f"{nearest(str(positive), map(shown, labels))}"
            )
        labels = [next(label for label in labels if label != chosen), chosen]
    coding = TargetCoding(name, tuple(labels), kind)
    return coding.encode(values, where), coding


def _match(positive: Any, labels: Sequence[Any], kind: str) -> Any:
    """Return the label meant by `positive`, which the command line gives as text."""
    for label in labels:
        if positive == label or str(positive).casefold() == str(label).casefold():
            return label
    if kind == "number":
        try:
            return next((label for label in labels if float(positive) == label), None)
        except (TypeError, ValueError):
            return None
    return None


def _classes(
    values: NDArray[Any], kind: str, family: str, name: str, where: Where
) -> tuple[Floats, TargetCoding]:
    if kind == "number":
        whole = np.isfinite(values) & (np.floor(values) == values)
        if not bool(whole.all()):
            row = int(np.argmin(whole))
            raise SupportError(
                f"{where(row)} holds {values[row]:g}, but a target of {family} is a label: text, or "
                "a whole number."
            )
    labels = distinct(values, kind)
    if len(labels) == 1:
        raise DataError(one_class(shown(labels[0]), name, family))
    if len(labels) > 1000:
        raise DataError(
            f"The target '{name}' has {len(labels)} distinct values; as classes of {family} that is "
            "too many to mean anything. Is it a measurement or a count?"
        )
    coding = TargetCoding(name, tuple(labels), kind)
    if kind == "text":
        _, codes = np.unique(np.array([str(value) for value in values]), return_inverse=True)
    else:
        _, codes = np.unique(values, return_inverse=True)
    return codes.astype(np.float64), coding
