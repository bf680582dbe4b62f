"""Laws of the score: its mean is 0, and the mean of its square is the expected information."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from neglog._typing import Floats
from neglog.symbolic.expression import Call, free_symbols, walk
from neglog.testing.findings import Broken, DoesNotApply
from neglog.testing.subject import SETTINGS, Subject

__all__ = ["SCORE_LAWS"]

_KINKS = {"abs", "sign", "maximum", "minimum"}
_TOLERANCE = 1e-6

Outputs = Callable[[Floats], Any]
"""Targets -> gradient [..., k] and packed Hessian at one setting of the parameters."""


def _on_a_line(subject: Subject) -> None:
    if subject.outcomes is None and (
        subject.loss.shape == "classes" or len(subject.density.targets) > 1
    ):
        raise DoesNotApply("The target is not one number on a line.")


def _regular(subject: Subject) -> None:
    _on_a_line(subject)
    parameters = {parameter.name for parameter in subject.density.parameters}
    for part in walk(subject.density.expression):
        if isinstance(part, Call) and (
            part.head in _KINKS
            or (part.head == "where" and free_symbols(part.args[0]) & parameters)
        ):
            raise DoesNotApply(
                "The log-density has a kink, or a support that moves: the law is not regular."
            )


def _at(subject: Subject, setting: Mapping[str, Any], order: int) -> Outputs:
    raws, hyper = np.array(subject.raws(setting)), subject.hyper(setting)

    def evaluate(y: Floats) -> Any:
        shape, flat = np.shape(y), np.asarray(y, dtype=np.float64)
        if (
            subject.outcomes is None
        ):  # nodes of a quadrature: those on the edge of the support carry no mass
            flat = np.ravel(flat)
            inside = subject.density.support.contains(flat)
            flat = np.where(inside, flat, flat[np.argmax(inside)])
        else:
            shape = shape[:1]
        raw = np.tile(raws, (len(flat), 1))
        ends = subject.ends(setting, flat)
        for j, slot in enumerate(subject.loss.slots):
            raw[:, j] = ends.get(slot.parameter, raw[:, j])
        found = subject.kernel.evaluate(
            flat, raw[:, 0] if len(raws) == 1 else raw, order=order, hyper=hyper, engine="numpy"
        )
        return [
            np.reshape(part, (*shape, -1))
            for part in (found.gradient, found.hessian)
            if part is not None
        ]

    return evaluate


def _slope(at: Outputs, j: int, y: Floats) -> Floats:
    return np.asarray(at(y)[0][..., j])


def _absolute(at: Outputs, j: int, y: Floats) -> Floats:
    return np.abs(_slope(at, j, y))


def _product(at: Outputs, i: int, j: int, y: Floats) -> Floats:
    gradient = at(y)[0]
    return np.asarray(gradient[..., i] * gradient[..., j])


def _curvature(at: Outputs, column: int, y: Floats) -> Floats:
    return np.asarray(at(y)[1][..., column])


def score(subject: Subject) -> str:
    """The mean of the score is 0."""
    _regular(subject)
    worst = 0.0
    for number in range(SETTINGS):
        setting = subject.setting(number)
        mean, at = subject.mean_of(setting), _at(subject, setting, 1)
        for j in subject.scored:
            slot = subject.loss.slots[j]
            size = mean(partial(_absolute, at, j))
            found = mean(partial(_slope, at, j))
            worst = max(worst, abs(found) / (size + 1e-12))
            if worst > _TOLERANCE:
                raise Broken(f"The score of {slot.parameter} has mean {found:.6g} at {setting}.")
    return f"largest mean, relative to its size, {worst:.1e}"


def information(subject: Subject) -> str:
    """The mean of the Hessian is the mean of the score's products."""
    _regular(subject)
    worst = 0.0
    k = len(subject.loss.slots)
    pairs = [(i, j) for i in range(k) for j in range(i, k)]
    for number in range(SETTINGS):
        setting = subject.setting(number)
        mean, at = subject.mean_of(setting), _at(subject, setting, 2)
        products = [mean(partial(_product, at, i, j)) for i, j in pairs]
        curvature = [mean(partial(_curvature, at, c)) for c in range(len(pairs))]
        sizes = [
            np.sqrt(products[pairs.index((i, i))] * products[pairs.index((j, j))]) for i, j in pairs
        ]
        for (i, j), a, b, size in zip(pairs, products, curvature, sizes, strict=True):
            if not {i, j} <= set(subject.scored):
                continue
            worst = max(worst, abs(a - b) / (size + 1e-12))
            if worst > _TOLERANCE:
                names = f"{subject.loss.slots[i].parameter}, {subject.loss.slots[j].parameter}"
                raise Broken(
                    f"For {names} the mean of the Hessian is {b:.8g}, that of the score's product {a:.8g}, at "
                    f"{setting}."
                )
    return f"largest difference, relative to the information, {worst:.1e}"


def expected(subject: Subject) -> str:
    """The expected information, in closed form or by quadrature, is the mean of the score's products."""
    _on_a_line(subject)
    if len(subject.scored) < len(subject.loss.slots):
        raise DoesNotApply("The ends of a class depend on the class, over which the mean is taken.")
    worst, k = 0.0, len(subject.loss.slots)
    pairs = [(i, j) for i in range(k) for j in range(i, k)]
    for number in range(SETTINGS):
        setting = subject.setting(number)
        mean, at = subject.mean_of(setting), _at(subject, setting, 1)
        kernel = subject.kernel.with_hyper(subject.hyper(setting))
        y = np.ones(1) if subject.outcomes is None else np.asfortranarray(subject.outcomes[:1])
        found = kernel.expected(y, [np.array([raw]) for raw in subject.raws(setting)])
        products = [mean(partial(_product, at, i, j)) for i, j in pairs]
        for (i, j), a, b in zip(pairs, products, found, strict=True):
            size = np.sqrt(products[pairs.index((i, i))] * products[pairs.index((j, j))])
            worst = max(worst, abs(a - float(b[0])) / (size + 1e-12))
            if worst > _TOLERANCE:
                names = f"{subject.loss.slots[i].parameter}, {subject.loss.slots[j].parameter}"
                raise Broken(
                    f"For {names} the expected information is {float(b[0]):.8g}, the mean of the score's products "
                    f"{a:.8g}, at {setting}."
                )
    return f"largest difference, relative to the information, {worst:.1e}"


SCORE_LAWS = (score, information, expected)
