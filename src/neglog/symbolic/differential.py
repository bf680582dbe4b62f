"""Derivatives of small trees by the chain rule, without SymPy: what a fit needs of a prior.

The result is right but not short; what readers see and what kernels compute comes from `neglog.derivation`. A kink has
the derivative of its middle there (``sign(0) = 0``).
"""

from __future__ import annotations

from functools import cache

from neglog.errors import DensityError
from neglog.symbolic.expression import (
    Call,
    Node,
    Number,
    Symbol,
    as_node,
    call,
    free_symbols,
    substitute,
)
from neglog.symbolic.heads import HEADS
from neglog.symbolic.text import parse

__all__ = ["slope"]

# Heads that leave their derivative to SymPy elsewhere.
_RULES: dict[str, tuple[str, ...]] = {
    "exp": ("exp(x)",),
    "log": ("1/x",),
    "sqrt": ("1/(2*sqrt(x))",),
    "abs": ("sign(x)",),
    "sign": ("0",),
    "tanh": ("1 - tanh(x)**2",),
    "sin": ("cos(x)",),
    "cos": ("-sin(x)",),
    "atan": ("1/(1 + x**2)",),
    "tan": ("1 + tan(x)**2",),
    "loggamma": ("digamma(x)",),
    "digamma": ("trigamma(x)",),
    "trigamma": ("tetragamma(x)",),
    "xlogy": ("log(z)", "x/z"),
    "add": ("1", "1"),
    "sub": ("1", "-1"),
    "neg": ("-1",),
    "mul": ("z", "x"),
    "div": ("1/z", "-x/z**2"),
    "maximum": ("where(x > z, 1, 0)", "where(x > z, 0, 1)"),
    "minimum": ("where(x < z, 1, 0)", "where(x < z, 0, 1)"),
}


@cache
def _rules(head: str) -> tuple[Node, ...]:
    texts = _RULES.get(head) or (HEADS[head].derivative if head in HEADS else ())
    if not texts:
        raise DensityError(f"'{head}' has no derivative that a prior could use.")
    return tuple(parse(text, {"x", "z"}) for text in texts)


def slope(node: Node, name: str) -> Node:
    """Return the derivative of a tree with respect to the symbol called `name`.

    Parameters
    ----------
    node : Node
        Functions of the vocabulary; no class vectors and no sums over an index.
    name : str
        What moves.

    Returns
    -------
    Node
        The derivative almost everywhere.

    Raises
    ------
    DensityError
        For a head without a rule.
    """
    zero, one = as_node(0), as_node(1)
    if name not in free_symbols(node):
        return zero
    if isinstance(node, Symbol):
        return one
    assert isinstance(node, Call)
    if node.head == "where":
        condition, a, b = node.args
        return call("where", condition, slope(a, name), slope(b, name))
    if node.head == "pow":
        base, exponent = node.args
        if name in free_symbols(exponent):
            return slope(call("exp", _times(exponent, call("log", base))), name)
        outer = _times(exponent, _power(base, exponent - one))
        return _times(outer, slope(base, name))
    total = zero
    for rule, arg in zip(_rules(node.head), node.args, strict=True):
        inner = slope(arg, name)
        if inner != zero:
            part = _times(substitute(rule, dict(zip("xz", node.args, strict=False))), inner)
            total = part if total == zero else total + part
    return total


def _times(a: Node, b: Node) -> Node:
    zero, one = as_node(0), as_node(1)
    if zero in (a, b):
        return zero
    if a == one:
        return b
    return a if b == one else call("mul", a, b)


def _power(base: Node, exponent: Node) -> Node:
    if isinstance(exponent, Number) and exponent.value in (0, 1):
        return base if exponent.value == 1 else as_node(1)
    return call("pow", base, exponent)
