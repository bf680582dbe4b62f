"""A law's own sums and integrals, as expressions: expectations, and distribution functions without a formula.

Three instances. ``expectation(h, density)`` is ``mean(h, log p, y, interval(0, inf))`` for a positive target, so it can
be evaluated by every engine, and differentiated. ``log_cdf(density)`` is ``logsum(log p, u, interval(0, y))`` where
that is the smaller tail, and ``log(1 - exp(logsum of the other tail))`` where it is not. Its score is, by the rule of
sums, the expected score below y.
"""

from __future__ import annotations

import math
from fractions import Fraction

from neglog.errors import DensityError
from neglog.symbolic.density import Density
from neglog.symbolic.expression import (
    BINDERS,
    Call,
    Node,
    Number,
    Symbol,
    as_node,
    call,
    substitute,
)

__all__ = ["domain", "expectation", "log_cdf", "log_sf", "tail"]

_LOG_HALF = call("neg", call("log", as_node(2)))
_LOGIT = Symbol("logit_")
_SHARE, _OTHER = call("sigmoid", _LOGIT), call("sigmoid", call("neg", _LOGIT))
_FEW = 64  # values of a target that are summed one by one


def expectation(h: Node, density: Density) -> Node:
    """Return the expected value of an expression of the target.

    Parameters
    ----------
    h : Node
        Of the target, the parameters, or anything else.
    density : Density
        The law of the target, a single number.

    Returns
    -------
    Node
        An expression without the target. Where the target takes few values it is a plain sum, else a ``mean`` under
        the weights of the density: there ``h`` may change its sign and grow, but not faster than the density falls, and
        neither should have a kink (a density with one is integrated to a few digits only).

    Raises
    ------
    DensityError
        If the target is not one number.
    """
    y = _single(density)
    support = density.support
    low, high = support.bounds
    if support.discrete and high - low < _FEW:
        values = [as_node(int(low) + k) for k in range(int(high - low) + 1)]
        products = [
            call("mul", call("exp", substitute(density.expression, {y: v})), substitute(h, {y: v}))
            for v in values
        ]
        total: Node = products[0]
        for product in products[1:]:
            total = call("add", total, product)
        return total
    if (low, high) == (0.0, 1.0):
        whole = Call("interval", (_end(-math.inf), _end(math.inf), as_node(0), as_node(1)))
        return Call("mean", (_on_line(h, y), _term_on_line(density), _LOGIT, whole))
    inside: Node = Call("mean", (h, density.expression, Symbol(y), domain(density)))
    for atom in support.atoms:
        at = {y: as_node(atom)}
        log_mass = substitute(density.expression, at)
        # The rest of the law is 1 - exp(log_mass), to all digits also where that is small.
        beyond = call("neg", call("expm1", log_mass))
        here = call("mul", call("exp", log_mass), substitute(h, at))
        inside = call("add", here, call("mul", beyond, inside))
    return inside


def tail(density: Density, *, above: bool) -> Node:
    """Return the logarithm of the probability above (or not above) the target, as an integral of the density.

    Accurate to all digits where it is the smaller tail. Where it is the larger one its logarithm is near 0 and has an
    absolute error of a few roundings; `log_cdf` and `log_sf` take the smaller one.

    Raises
    ------
    DensityError
        If the target is not one number with a density: a sum that stops at y is not a bell.
    """
    y = _single(density)
    if density.support.discrete or density.support.atoms:
        raise DensityError(
            f"{density.name} is not continuous: its distribution function is no integral. Declare log_cdf and log_sf "
            "with the family."
        )
    if density.support.bounds == (0.0, 1.0):
        logit = call("sub", call("log", Symbol(y)), call("log1p", call("neg", Symbol(y))))
        ends = (logit, _end(math.inf)) if above else (_end(-math.inf), logit)
        return Call("logsum", (_term_on_line(density), _LOGIT, Call("interval", ends)))
    variable = Symbol(f"{y}_")
    low, high = map(_end, density.support.bounds)
    over = (Symbol(y), high) if above else (low, Symbol(y))
    term = substitute(density.expression, {y: variable})
    return Call("logsum", (term, variable, Call("interval", over)))


def log_cdf(density: Density) -> Node:
    """Return the logarithm of the distribution function, from whichever tail is smaller."""
    return _smaller(tail(density, above=False), tail(density, above=True))


def log_sf(density: Density) -> Node:
    """Return the logarithm of the probability above the target, from whichever tail is smaller."""
    return _smaller(tail(density, above=True), tail(density, above=False))


def domain(density: Density) -> Node:
    """Return where the target lives as the domain of a sum: a series of whole numbers, or an interval."""
    support = density.support
    low, high = support.bounds
    if support.discrete:
        if math.isfinite(high) or not math.isfinite(low):
            raise DensityError(
                f"The target of {density.name} ({support.sentence}) is no series from a first number on."
            )
        return Call("series", (_end(low),))
    return Call("interval", (_end(low), _end(high)))


def _term_on_line(density: Density) -> Node:
    """Return the log-density of the logit of a target between 0 and 1."""
    slope = call("add", call("log", _SHARE), call("log", _OTHER))
    return call("add", _on_line(density.expression, density.target), slope)


def _on_line(node: Node, y: str) -> Node:
    """Write y = sigmoid(v), and 1 - y = sigmoid(-v): near 1 the difference would have no digits."""
    if node in (
        call("sub", as_node(1), Symbol(y)),
        call("add", call("neg", Symbol(y)), as_node(1)),
    ):
        return _OTHER
    if node == call("log1p", call("neg", Symbol(y))):
        return call("log", _OTHER)
    if node == Symbol(y):
        return _SHARE
    if isinstance(node, Call) and node.head not in BINDERS:
        return call(node.head, *(_on_line(arg, y) for arg in node.args))
    return substitute(node, {y: _SHARE})


def _smaller(own: Node, other: Node) -> Node:
    """Return the logarithm of a tail: itself where it is below one half, else through the other tail."""
    complement = call("log1mexp", call("neg", other))
    return call("where", call("lt", own, _LOG_HALF), own, complement)


def _end(value: float) -> Node:
    if math.isinf(value):
        infinity = Call("inf", ())
        return infinity if value > 0 else call("neg", infinity)
    return Number(Fraction(repr(float(value))))


def _single(density: Density) -> str:
    if density.support.fields or density.support.kind in ("Label", "ClassVector"):
        raise DensityError(
            f"The target of {density.name} is not one number: it has no integral along a line."
        )
    return density.target
