"""What the transformers share: the family they work on, a parameter more, and expressions without idle parts."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from neglog.errors import UsageError
from neglog.families.family import Family
from neglog.families.laws import ScipyLaw
from neglog.families.register import resolve
from neglog.symbolic.density import Density, Parameter
from neglog.symbolic.expression import Call, Node, Number, call, substitute
from neglog.symbolic.supports import Support, UnitInterval
from neglog.symbolic.text import to_text

__all__ = ["at", "base", "made", "share", "simplified", "zero_column"]

_ZERO, _ONE = Number(Fraction(0)), Number(Fraction(1))


def base(family: Family[...] | str, transformer: str) -> Family[...]:
    """Return the family to be transformed.

    Raises
    ------
    UsageError
        If it is a distribution or no family at all, or has a target without numbers to transform.
    """
    found = resolve(family)
    if not found.density.likelihood:
        raise UsageError(f"nl.{transformer} works on laws; {found.name} is a loss that is none.")
    if found.target.kind in ("Label", "Counts", "RealVector", "Interval", "Event"):
        raise UsageError(
            f"nl.{transformer} works on laws of one number; a target of {found.name} is {found.target.sentence}."
        )
    return found


def made(
    name: str,
    of: Family[...],
    expression: Node,
    support: Support,
    *extra: Parameter,
    log_cdf: Node | None = None,
    log_sf: Node | None = None,
    law: ScipyLaw | None = None,
) -> Family[...]:
    """Return the family of a new log-density of the same target and parameters, and of those in `extra`."""
    old = of.density
    density = Density(name, simplified(expression), old.target, support, (*old.parameters, *extra))
    return Family(
        lambda: density,
        name,
        law=law,
        log_cdf=None if log_cdf is None else to_text(simplified(log_cdf)),
        log_sf=None if log_sf is None else to_text(simplified(log_sf)),
    )


def share(of: Family[...], name: str) -> Parameter:
    """Return a probability as a parameter more, under a name that the family does not use yet."""
    taken = {of.density.target, *(p.name for p in of.parameters)}
    number = 1
    while (free := name if number == 1 else f"{name}{number}") in taken:
        number += 1
    return Parameter(free, UnitInterval())


def zero_column(density: Density) -> str:
    """Return the column of the target that may be 0: the count, or the successes of a count of trials."""
    return density.targets[0][0]


def at(density: Density, values: Mapping[str, Node]) -> Node:
    """Return the log-density at some values, without what is then 0 or 1."""
    return simplified(substitute(density.expression, values))


def simplified(node: Node) -> Node:
    """Return an expression without terms that are 0, factors that are 1, and functions of 0 and 1."""
    if not isinstance(node, Call):
        return node
    args = tuple(map(simplified, node.args))
    rule = _RULES.get(node.head)
    short = None if rule is None else rule(*args)
    return call(node.head, *args) if short is None else short


def _add(a: Node, b: Node) -> Node | None:
    if isinstance(a, Call) and a.head == "sub" and a.args[1] == b:
        return a.args[0]
    return b if a == _ZERO else a if b == _ZERO else None


def _sub(a: Node, b: Node) -> Node | None:
    if a == b:
        return _ZERO
    return a if b == _ZERO else call("neg", b) if a == _ZERO else None


def _mul(a: Node, b: Node) -> Node | None:
    if _ZERO in (a, b):
        return _ZERO
    return b if a == _ONE else a if b == _ONE else None


def _is(value: Number, result: Node) -> Any:
    return lambda a: result if a == value else None


_RULES: dict[str, Any] = {
    "add": _add,
    "sub": _sub,
    "mul": _mul,
    "div": lambda a, b: _ZERO if a == _ZERO else a if b == _ONE else None,
    "xlogy": lambda a, b: _ZERO if a == _ZERO else None,
    "neg": lambda a: a.args[0] if isinstance(a, Call) and a.head == "neg" else None,
    "exp": _is(_ZERO, _ONE),
    "log": _is(_ONE, _ZERO),
    "log1p": _is(_ZERO, _ZERO),
    "loggamma": lambda a: _ZERO if a in (_ONE, Number(Fraction(2))) else None,
    "eq": lambda a, b: Call("eq", (_ZERO, _ZERO)) if a == b else None,
    "where": lambda c, a, b: a if c == Call("eq", (_ZERO, _ZERO)) or a == b else None,
}
