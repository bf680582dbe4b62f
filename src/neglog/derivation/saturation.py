"""Where exp overflows or vanishes: the numbers beside it stop growing there, so that inf - inf and 0*inf never arise.

Beyond 746 exp(u) exceeds the largest float64, and so does any sum it stands in: ``exp(u) - y*u`` is infinite, and stays
so when the u beside it stops at 746. Below -746 exp(u) is 0, and so is any product with it: ``u*exp(-u)`` is 0, also
where u itself is infinite. And log_ndtr, which falls like -u^2/2, stops short of infinity where it is multiplied by a
target that may be 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeGuard

from neglog.symbolic.expression import (
    BINDERS,
    Call,
    Node,
    Number,
    Symbol,
    as_node,
    call,
    summed,
    terms,
    walk,
)

__all__ = ["by_logarithms", "capped", "joined", "saturated", "scaled", "zero_kept"]

_BEYOND_EXP = 746
_MILLS = ("inverse_mills", "inverse_mills1", "inverse_mills2")  # they vanish as exp(-u^2/2) does
_SQUARES = Call("exp", (as_node(350),))  # whose square is still a float64


def saturated(node: Node) -> Node:
    """Return an expression equal to `node` wherever its exponentials are finite and not 0; often `node` itself."""
    if not isinstance(node, Call):
        return node
    if node.head in ("mul", "div"):
        return _product(_inside(node))  # as a whole: a part of it may hold less than what vanishes
    node = call(node.head, *map(saturated, node.args))
    return _sum(node) if isinstance(node, Call) and node.head in ("add", "sub") else node


def zero_kept(node: Node) -> Node:
    """Return an equal expression whose products are 0 where a factor is, also where another one has overflowed."""
    if not isinstance(node, Call):
        return node
    if node.head == "where":
        return Call("where", (node.args[0], *map(zero_kept, node.args[1:])))
    if node.head in BINDERS:
        return node
    if node.head not in ("mul", "div"):
        return call(node.head, *map(zero_kept, node.args))
    whole = _with_zeros_kept(node)
    for factor in (factor for factor, over in _factors(node) if over):
        if any(isinstance(part, Call) and part.head in _VANISHING for part in walk(factor)):
            zero = call("eq", zero_kept(factor), as_node(0))
            whole = Call("where", (zero, as_node(0), whole))
    return whole


_VANISHING = ("exp", "sigmoid", *_MILLS)


def _with_zeros_kept(node: Node) -> Node:
    if isinstance(node, Call) and node.head in ("mul", "div", "neg"):
        return call(node.head, *map(_with_zeros_kept, node.args))
    return zero_kept(node)


def _inside(node: Node) -> Node:
    """Saturate the factors of a product, not its partial products."""
    if isinstance(node, Call) and node.head in ("mul", "div"):
        return call(node.head, *map(_inside, node.args))
    return saturated(node)


def _sum(node: Call) -> Node:
    """Let u stop at 746 beside exp(u): the sum is infinite there, not inf - inf."""
    parts = list(terms(node))
    powers = [_exponential(term) for _, term in parts]
    is_exp = [power is not None for power in powers]
    # Inside a branch that is taken away as a whole the exponential is subtracted: one sign for all of them.
    if len({sign for (sign, _), found in zip(parts, is_exp, strict=True) if found}) > 1:
        grows = [sign > 0 and found for (sign, _), found in zip(parts, is_exp, strict=True)]
    else:
        grows = is_exp
    stops: dict[Node, Node] = {}
    for power, growing in zip(powers, grows, strict=True):
        if growing and power is not None:
            u = power.args[0]
            stops[u] = call("minimum", u, as_node(_BEYOND_EXP))
            (sign, size), *others = terms(u)
            if not others and sign < 0:  # u = -size: where u stops above, its size stops below
                stops[size] = call("maximum", size, as_node(-_BEYOND_EXP))
    if not stops:
        return node
    return summed(
        (sign, term if growing else _replaced(term, stops))
        for (sign, term), growing in zip(parts, grows, strict=True)
    )


def _exponential(term: Node) -> Call | None:
    """Return the exponential that a term is, or is a multiple of."""
    if isinstance(term, Call) and term.head == "mul" and isinstance(term.args[0], Number):
        return _exponential(term.args[1])
    return term if isinstance(term, Call) and term.head == "exp" else None


def _product(node: Node) -> Node:
    """Let u stop at 746 beside exp(-u), sigmoid(-u), Mills(u): the product is 0 there, not infinity times 0."""
    factors = list(_factors(node))
    stops: dict[Node, Node] = {
        factor: call("log_ndtr", call("maximum", factor.args[0], -_SQUARES))
        for factor, _ in factors
        if isinstance(factor, Call) and factor.head == "log_ndtr"
    }
    if stops:
        return _replaced(node, stops)
    over = [factor for factor, above in factors if above]
    groups: dict[Node, list[tuple[int, Node]]] = {}
    for factor in over:
        if isinstance(factor, Call) and factor.head in ("exp", "sigmoid"):
            (sign, size), *others = terms(factor.args[0])
            if not others:
                groups.setdefault(size, []).append((sign, factor))
        elif isinstance(factor, Call) and factor.head in _MILLS:
            groups.setdefault(factor.args[0], []).append((-1, factor))
    for size, group in groups.items():
        stopped, rest = size, list(over)
        for sign, factor in group:
            rest.remove(factor)
            head, end = ("minimum", _BEYOND_EXP) if sign < 0 else ("maximum", -_BEYOND_EXP)
            stopped = call(head, stopped, as_node(end))
        if changed := _stopped(rest, size, stopped):
            result: Node = as_node(1)
            for factor in (*changed, *(factor for _, factor in group)):
                result = factor if result == as_node(1) else result * factor
            for factor, above in factors:
                result = result if above else result / factor
            return result
    return node


def _stopped(rest: list[Node], size: Node, stopped: Node) -> list[Node]:
    """Return the factors with `size`, whole, squared or in pieces, replaced; none where it is not among them."""
    square, pieces = call("pow", size, as_node(2)), list(_factors(size))
    if square in rest:
        return [call("pow", stopped, as_node(2)) if factor == square else factor for factor in rest]
    ours = [piece for piece, _ in pieces]
    if not all(above for _, above in pieces) or any(rest.count(p) < ours.count(p) for p in ours):
        return []
    left = list(rest)
    for piece in ours:
        left.remove(piece)
    return [*left, stopped]


def _factors(node: Node, above: bool = True) -> Iterator[tuple[Node, bool]]:
    """Yield the factors of a product, and whether each stands above the fraction bar."""
    if isinstance(node, Call) and node.head in ("mul", "div"):
        yield from _factors(node.args[0], above)
        yield from _factors(node.args[1], above == (node.head == "mul"))
    elif isinstance(node, Call) and node.head == "pow" and node.args[1] == as_node(2) and not above:
        yield node, above
    elif isinstance(node, Call) and node.head == "pow" and node.args[1] == as_node(2):
        yield from _squared(node)
    else:
        yield node, above


def _squared(node: Call) -> Iterator[tuple[Node, bool]]:
    """Yield a square whole where its base is a product, and as two factors where it is not."""
    base = node.args[0]
    if isinstance(base, Call) and base.head in ("mul", "div"):
        yield node, True
    else:
        yield base, True
        yield base, True


def _replaced(node: Node, replacements: Mapping[Node, Node]) -> Node:
    """Replace whole subtrees."""
    if node in replacements:
        return replacements[node]
    if isinstance(node, Call):
        return call(node.head, *(_replaced(arg, replacements) for arg in node.args))
    return node


def scaled(node: Node) -> Node:
    """Write ``a**2*exp(u)`` as ``(a*exp(u/2))**2``: a square that overflows is scaled before it is taken."""
    if not isinstance(node, Call):
        return node
    if node.head not in ("mul", "div"):
        return call(node.head, *map(scaled, node.args))
    factors = [
        (scaled(factor) if factor is not node else factor, above)
        for factor, above in _whole_factors(node)
    ]
    squares = [f for f, above in factors if above and _is_square(f)]
    powers = [f for f, above in factors if above and isinstance(f, Call) and f.head == "exp"]
    if not squares or not powers:
        return node
    inner: Node = squares[0].args[0]
    for square in squares[1:]:
        inner = inner * square.args[0]
    for power in powers:
        inner = inner * Call("exp", (power.args[0] / as_node(2),))
    result: Node | None = None
    for factor, above in factors:
        if above and not _is_square(factor) and factor not in powers:
            result = factor if result is None else result * factor
    whole = call("pow", inner, as_node(2))
    result = whole if result is None else result * whole
    for factor, above in factors:
        result = result if above else result / factor
    return result


def _is_square(node: Node) -> TypeGuard[Call]:
    return isinstance(node, Call) and node.head == "pow" and node.args[1] == as_node(2)


def _whole_factors(node: Node, above: bool = True) -> Iterator[tuple[Node, bool]]:
    """Yield the factors of a product, squares whole."""
    if isinstance(node, Call) and node.head in ("mul", "div"):
        yield from _whole_factors(node.args[0], above)
        yield from _whole_factors(node.args[1], above == (node.head == "mul"))
    else:
        yield node, above


def by_logarithms(node: Node) -> Node:
    """Write ``log1p(a**2*exp(u))`` as ``softplus(2*log(abs(a)) + u)``, which overflows nowhere."""
    if not isinstance(node, Call):
        return node
    args = tuple(map(by_logarithms, node.args))
    if node.head == "log1p" and any(map(_is_square, walk(args[0]))):
        logarithm = _logarithm(args[0])
        if logarithm is not None:
            return Call("softplus", (logarithm,))
    return call(node.head, *args)


def _logarithm(node: Node) -> Node | None:
    """Return the logarithm of a product of exponentials and squares; None of anything else."""
    total: list[tuple[int, Node]] = []
    for factor, above in _whole_factors(node):
        sign = 1 if above else -1
        if isinstance(factor, Call) and factor.head == "exp":
            total += terms(factor.args[0], sign)
        elif _is_square(factor):
            for inner, over in _whole_factors(factor.args[0]):
                side = sign if over else -sign
                if isinstance(inner, Call) and inner.head == "exp":
                    total += [
                        (s, call("mul", as_node(2), t)) for s, t in terms(inner.args[0], side)
                    ]
                else:
                    total.append((side, as_node(2) * Call("log", (Call("abs", (inner,)),))))
        elif isinstance(factor, Symbol):
            total.append((sign, Call("log", (factor,))))
        else:
            return None
    return summed(total)


def joined(node: Node) -> Node:
    """Write ``y*exp(u)`` as ``exp(u + log(y))``: where exp(u) overflows, the product need not; as well of ``1 - y``."""
    if not isinstance(node, Call):
        return node
    if node.head not in ("mul", "div"):
        return call(node.head, *map(joined, node.args))
    factors = [(joined(factor), above) for factor, above in _whole_factors(node)]
    powers = [f for f, above in factors if above and isinstance(f, Call) and f.head == "exp"]
    logarithms = {f: log for f, above in factors if above and (log := _of_share(f)) is not None}
    if not powers or not logarithms:
        return node
    exponent = [(s, t) for power in powers for s, t in terms(power.args[0])]
    exponent += [(1, logarithms[f]) for f, above in factors if above and f in logarithms]
    result: Node = Call("exp", (summed(exponent),))
    for factor, above in factors:
        if not above:
            result = result / factor
        elif factor not in powers and factor not in logarithms:
            result = factor * result
    return result


def _of_share(node: Node) -> Node | None:
    """Return the logarithm of a symbol, or of 1 less a symbol; None of anything else."""
    if isinstance(node, Symbol):
        return Call("log", (node,))
    if isinstance(node, Call) and node.head == "sub" and node.args[0] == as_node(1):
        return Call("log1p", (-node.args[1],)) if isinstance(node.args[1], Symbol) else None
    return None


def capped(node: Node) -> Node:
    """Beside a growing exponential let what is taken away stop at exp(700): inf - inf is then infinite."""
    if not isinstance(node, Call):
        return node
    node = call(node.head, *map(capped, node.args))
    if not isinstance(node, Call) or node.head not in ("add", "sub"):
        return node
    parts = list(terms(node))
    if not any(sign > 0 and isinstance(term, Call) and term.head == "exp" for sign, term in parts):
        return node
    end = Call("exp", (as_node(700),))
    return summed(
        (sign, call("minimum", term, end) if sign < 0 and isinstance(term, Call) else term)
        for sign, term in parts
    )
