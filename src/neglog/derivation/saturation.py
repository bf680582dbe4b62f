"""Where exp overflows or vanishes: the numbers beside it stop growing there, so that inf - inf and 0*inf never arise.

Beyond 746 exp(u) exceeds the largest float64, and so does any sum it stands in: ``exp(u) - y*u`` is infinite, and stays
so when the u beside it stops at 746. Below -746 exp(u) is 0, and so is any product with it: ``u*exp(-u)`` is 0, also
where u itself is infinite.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from neglog.symbolic.expression import Call, Node, as_node, call, summed, terms

__all__ = ["saturated"]

_BEYOND_EXP = 746


def saturated(node: Node) -> Node:
    """Return an expression equal to `node` wherever its exponentials are finite and not 0; often `node` itself."""
    if not isinstance(node, Call):
        return node
    args = tuple(map(saturated, node.args))
    node = node if args == node.args else call(node.head, *args)
    if isinstance(node, Call) and node.head in ("add", "sub"):
        return _sum(node)
    if isinstance(node, Call) and node.head in ("mul", "div"):
        return _product(node)
    return node


def _sum(node: Call) -> Node:
    """Let u stop at 746 beside exp(u): the sum is infinite there, not inf - inf."""
    parts = list(terms(node))
    grows = [sign > 0 and isinstance(term, Call) and term.head == "exp" for sign, term in parts]
    stops: dict[Node, Node] = {}
    for (_, term), growing in zip(parts, grows, strict=True):
        if growing and isinstance(term, Call):
            u = term.args[0]
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


def _product(node: Call) -> Node:
    """Let u stop at 746 beside exp(-u): the product is 0 there, not infinity times 0."""
    factors = list(_factors(node))
    over = [factor for factor, above in factors if above]
    for vanishing in [f for f in over if isinstance(f, Call) and f.head == "exp"]:
        (sign, size), *others = terms(vanishing.args[0])
        pieces = list(_factors(size))
        if others or sign > 0 or not all(above for _, above in pieces):
            continue
        stopped = call("minimum", size, as_node(_BEYOND_EXP))
        square, ours = call("pow", size, as_node(2)), [piece for piece, _ in pieces]
        rest = list(over)
        rest.remove(vanishing)
        if square in rest:
            rest[rest.index(square)] = call("pow", stopped, as_node(2))
        elif all(rest.count(piece) >= ours.count(piece) for piece in ours):
            for piece in ours:
                rest.remove(piece)
            rest.append(stopped)
        else:
            continue
        result = as_node(1)
        for factor in (*rest, vanishing):
            result = factor if result == as_node(1) else result * factor
        for factor, above in factors:
            result = result if above else result / factor
        return result
    return node


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
