"""What is said of a constant that the data do not bound."""

from __future__ import annotations

from typing import Any

import numpy as np

from neglog.families.limits import limit_law
from neglog.losses.declared import Declared
from neglog.objectives import Unbounded
from neglog.symbolic.expression import Symbol, evaluate
from neglog.symbolic.heads import numpy_meaning, numpy_number

__all__ = ["sentence"]

_FAR = 300.0


def sentence(family: Declared[...], constant: Unbounded, raw: float) -> str:
    """Return the note: which constant, where it goes, what the law is there, and what to do.

    Parameters
    ----------
    family : Family or declared loss
        What was fitted.
    constant : Unbounded
        Which constant runs off, and which way.
    raw : float
        The raw prediction at which the solver stopped.

    Returns
    -------
    str
        One paragraph.
    """
    name, end = constant.parameter, _end(family, constant)
    law = limit_law(family.name, name, end)
    spelled = f"nl.{law.replace('(', '(nl.')}" if law else ""
    there = f"those of the {law} law, which {family.name} becomes there" if law else "those there"
    remedy = f"Fit {spelled}, or choose" if law else "Choose"
    stopped = f"{_value(family, name, raw):.3g}"
    return (
        f"The data do not bound {name}: the likelihood has no maximum inside but rises, by less and less, as {name} "
        f"goes to {end}. So {name} has no estimate and no standard error (the solver stopped at {stopped}, where "
        f"going on gains less than a millionth of a nat); the other estimates are {there}. {remedy} "
        f"{name}: {family.name}.fix({name}=...)."
    )


def _value(family: Declared[...], name: str, raw: float) -> float:
    inverse = family.density.parameter(name).link.inverse(Symbol("raw"))
    values: dict[str, Any] = {"raw": np.asarray(raw)}
    with np.errstate(all="ignore"):
        return float(evaluate(inverse, values, numpy_meaning(), numpy_number))


def _end(family: Declared[...], constant: Unbounded) -> str:
    value = _value(family, constant.parameter, constant.sign * _FAR)
    if abs(value) < 1e-30:
        return "0"
    if abs(value) > 1e30:
        return "infinity" if value > 0 else "-infinity"
    return f"{value:.6g}"
