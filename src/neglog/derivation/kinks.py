"""A loss with kinks, and the same loss with its kinks rounded: what a Newton solver can follow to the minimum.

Every kink of a loss is an absolute value somewhere: ``maximum(a, b) = (a + b + |a - b|)/2``, and
``where(u > 0, a, b)`` with a = b at u = 0 is ``b + J (u + |u|)/2`` with J = (a - b)/u. Rounded, |u| becomes
``sqrt(u^2 + width^2)``; the width is a run-time scalar of the kernel. This is done to the expression, so that it works
for every loss that anybody writes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import sympy as sp

from neglog.derivation.workings import Workings
from neglog.losses import Form, Loss
from neglog.losses.kinks import may_have_kinks
from neglog.symbolic.calculus import derivative, from_sympy, to_sympy
from neglog.symbolic.density import Parameter
from neglog.symbolic.expression import (
    Call,
    Node,
    Symbol,
    as_node,
    call,
    free_symbols,
    substitute,
    walk,
)
from neglog.symbolic.supports import Positive

__all__ = ["WIDTH", "Kinked", "kinked"]

WIDTH = "rounding_width"
"""Name of the run-time scalar: how wide the kinks are rounded."""


@dataclass(frozen=True)
class Kinked:
    """A loss with kinks.

    Attributes
    ----------
    rounded : Loss
        The loss with every kink rounded; the scalar `WIDTH` says how much.
    places : tuple of Node
        Expressions of the target, the raw predictions and the hyperparameters that vanish where the loss may have a
        kink.
    """

    rounded: Loss
    places: tuple[Node, ...]


def kinked(loss: Loss) -> Kinked | None:
    """Find the kinks of a loss and round them.

    Parameters
    ----------
    loss : Loss
        Of shape "map".

    Returns
    -------
    Kinked or None
        None where the loss has no kink in its raw predictions.
    """
    if not may_have_kinks(loss):
        return None
    # Values of hyperparameters change nothing here: one loss serves for all of them.
    free = tuple(replace(p, value=None) for p in loss.density.parameters)
    return _kinked(replace(loss, density=replace(loss.density, parameters=free)))


@lru_cache(maxsize=64)
def _kinked(loss: Loss) -> Kinked | None:
    raws = tuple(slot.raw for slot in loss.slots)
    names_of_parameters = tuple(slot.parameter for slot in loss.slots)
    # As it was declared: stable forms are split where rounding wants it, and that is no kink.
    linked = Workings.begin(loss.density, names_of_parameters, None, 1).linked()
    value, insides = _softened(_opened(linked, raws), frozenset(raws))
    if not insides:
        return None
    names = set().union(*map(free_symbols, (value, *(inside for _, inside in insides.values()))))
    symbols = {name: sp.Symbol(name, real=True) for name in names}
    width = sp.Symbol(WIDTH, positive=True)
    expr = to_sympy(value, symbols)
    known: dict[Any, Any] = {}
    for name, (_, inside) in insides.items():
        known[symbols[name]] = _Round(to_sympy(inside, symbols).xreplace(known), width)
    expr = expr.xreplace(known)
    wrt = [symbols[raw] for raw in raws]
    first = [derivative(expr, raw) for raw in wrt]
    second = [derivative(first[i], b) for i in range(len(wrt)) for b in wrt[i:]]
    form = Form(
        _plain(expr),
        as_node(0),
        tuple(_plain(each) for each in first),
        tuple(_plain(each) for each in second),
    )
    density = loss.density
    text, under = _softened(
        _opened(density.expression, names_of_parameters), frozenset(names_of_parameters)
    )
    for name, (_, inside) in reversed(under.items()):
        text = substitute(text, {name: call("sqrt", inside**2 + Symbol(WIDTH) ** 2)})
    rounded = replace(
        density,
        name=f"{density.name} with rounded kinks",
        expression=text,
        parameters=(*density.parameters, Parameter(WIDTH, Positive())),
        likelihood=False,
    )
    places = tuple(dict.fromkeys(place for place, _ in insides.values()))
    return Kinked(Loss(rounded, loss.slots, form, form), places)


class _Side(sp.Function):  # type: ignore[misc]  # SymPy has no types
    """u/sqrt(u^2 + t^2), with a derivative that does not cancel."""

    nargs = 2
    is_real = True

    def fdiff(self, argindex: int = 1) -> Any:
        u, t = self.args
        return t**2 / _Round(u, t) ** 3


class _Round(sp.Function):  # type: ignore[misc]  # SymPy has no types
    """sqrt(u^2 + t^2)."""

    nargs = 2
    is_real = True

    def fdiff(self, argindex: int = 1) -> Any:
        return _Side(*self.args)


def _plain(expr: Any) -> Node:
    """Return a tree of the vocabulary."""
    expr = expr.replace(_Side, lambda u, t: u / sp.sqrt(u**2 + t**2))
    return from_sympy(expr.replace(_Round, lambda u, t: sp.sqrt(u**2 + t**2)))


def _softened(node: Node, moving: frozenset[str]) -> tuple[Node, dict[str, tuple[Node, Node]]]:
    """Put a symbol in place of every absolute value, and return what each stands for: plain, and softened inside."""
    insides: dict[str, tuple[Node, Node]] = {}

    def soft(plain: Node, inner: Node) -> Node:
        name = f"rounded_{len(insides)}"
        insides[name] = plain, inner
        return Symbol(name)

    def walked(part: Node) -> Node:
        if not isinstance(part, Call) or not moving & free_symbols(part):
            return part
        args = tuple(walked(arg) for arg in part.args)
        if part.head == "abs":
            return soft(part.args[0], args[0])
        if part.head in ("maximum", "minimum"):
            sign = as_node(1 if part.head == "maximum" else -1)
            gap = soft(part.args[0] - part.args[1], args[0] - args[1])
            both = call("add", args[0], args[1])
            return call("div", call("add", both, call("mul", sign, gap)), as_node(2))
        return call(part.head, *args)

    return walked(node), insides


def _opened(node: Node, moving: tuple[str, ...]) -> Node:
    """Write every continuous ``where`` with a kink by an absolute value; the others stay."""
    done: set[Node] = set()
    while True:
        conditions = [
            part.args[0]
            for part in walk(node)
            if isinstance(part, Call)
            and part.head == "where"
            and set(moving) & free_symbols(part.args[0])
            and part.args[0] not in done
        ]
        if not conditions:
            return node
        done.add(conditions[0])
        node = _open(node, conditions[0], moving)


def _open(node: Node, condition: Node, moving: tuple[str, ...]) -> Node:
    assert isinstance(condition, Call)
    if condition.head not in ("lt", "le", "gt", "ge"):
        return node
    a, b = condition.args
    gap = b - a if condition.head in ("lt", "le") else a - b  # above 0 where it holds
    yes, no = _branch(node, condition, 1), _branch(node, condition, 2)
    if any(isinstance(part, Call) and part.head == "inf" for part in (*walk(yes), *walk(no))):
        return node
    symbols = {name: sp.Symbol(name, real=True) for name in free_symbols(node)}
    u = to_sympy(gap, symbols)
    raw = next((symbols[name] for name in moving if u.has(symbols[name])), None)
    if raw is None or sp.diff(u, raw, 2) != 0:
        return node
    ratio = sp.cancel(sp.expand(to_sympy(yes, symbols) - to_sympy(no, symbols)) / u)
    root = sp.expand(raw - u / sp.diff(u, raw))
    jump = sp.simplify(ratio.subs(raw, root))
    if jump == 0 or jump.has(sp.zoo, sp.oo, sp.nan):
        return node  # smooth there, or a leap
    upper = call("div", call("add", gap, call("abs", gap)), as_node(2))
    return call("add", no, call("mul", from_sympy(ratio), upper))


def _branch(node: Node, condition: Node, which: int) -> Node:
    if not isinstance(node, Call):
        return node
    if node.head == "where" and node.args[0] == condition:
        return _branch(node.args[which], condition, which)
    return call(node.head, *(_branch(arg, condition, which) for arg in node.args))
