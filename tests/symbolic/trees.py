"""Random expression trees, and what any tree means at a point."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from neglog.symbolic.expression import Call, Node, Number, Symbol, call, free_symbols
from neglog.symbolic.heads import HEADS, mpmath_meaning
from neglog.symbolic.tape import Tape

__all__ = ["NAMES", "meaning_of", "smooth_trees", "trees"]

NAMES = ("y", "mu", "eta_mu", "lam2")

_UNARY = (
    "neg",
    *(
        h.name
        for h in HEADS.values()
        if h.arity == 1 and h.public and h.name not in ("logsumexp", "mean_log")
    ),
)
_BINARY = ("add", "sub", "mul", "div", "pow", "minimum", "maximum", "xlogy")
_COMPARISONS = ("lt", "le", "gt", "ge", "eq", "ne")
# Defined and smooth wherever their arguments are.
_SMOOTH_UNARY = ("neg", "exp", "softplus", "sigmoid", "tanh", "expm1")
_SMOOTH_BINARY = ("add", "sub", "mul")

_numbers = st.fractions(max_denominator=999).map(Number)
_leaves = st.one_of(_numbers, st.sampled_from([*map(Symbol, NAMES), Call("pi", ())]))


def _large(part: Node) -> bool:
    """Whether the parser refuses this part of a power: a large number, or an expression of numbers."""
    if isinstance(part, Number):
        return abs(part.value) > 1000
    return not free_symbols(part)


def _apply(head: str, *args: Node) -> Node:
    """Apply a head; where no density may hold the result, add instead."""
    zero = head == "div" and args[1] == Number(Fraction(0))
    return (
        call("add", *args)
        if zero or (head == "pow" and any(map(_large, args)))
        else call(head, *args)
    )


def _where(comparison: str, a: Node, b: Node, c: Node, d: Node) -> Node:
    return Call("where", (Call(comparison, (a, b)), c, d))


def _gather(index: Node) -> Node:
    return Call("gather", (Symbol("mu"), index))


def _grow(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    return st.one_of(
        st.builds(_apply, st.sampled_from(_UNARY), inner),
        st.builds(_apply, st.sampled_from(_BINARY), inner, inner),
        st.builds(_where, st.sampled_from(_COMPARISONS), inner, inner, inner, inner),
        st.builds(_gather, inner),
    )


trees: st.SearchStrategy[Node] = st.recursive(_leaves, _grow, max_leaves=12)


def _grow_smoothly(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    unary = st.builds(_apply, st.sampled_from(_SMOOTH_UNARY), inner)
    binary = st.builds(_apply, st.sampled_from(_SMOOTH_BINARY), inner, inner)
    square = inner.map(lambda a: call("pow", a, Number(Fraction(2))))
    return st.one_of(unary, binary, square)


smooth_trees: st.SearchStrategy[Node] = st.recursive(
    st.one_of(
        st.fractions(-3, 3, max_denominator=9).map(Number), st.sampled_from([*map(Symbol, NAMES)])
    ),
    _grow_smoothly,
    max_leaves=8,
)


def meaning_of(node: Node, values: Mapping[str, Any]) -> Any:
    """Evaluate a tree in mpmath at its current precision."""
    import mpmath as mp

    return Tape([node]).run(
        values, mpmath_meaning(), lambda v: mp.mpf(v.numerator) / v.denominator
    )[0]
