"""Cutpoints inside a density: the two that bound the class observed.

An ordinal law writes ``c[y]`` and ``c[y - 1]``, the upper and the lower end of the class y, with infinite ends for the
first and the last class. The loss of one observation knows the two numbers and, as a third, the gap between them: it is
a number of its own because the difference of the two, each less the raw prediction, has lost its digits where they are
close. So an ordinal law has a *row law*, whose parameters are the ends of the class observed; gathering them by class,
and giving derivatives back to the cutpoints, is the objective's.
"""

from __future__ import annotations

from typing import Any

from neglog.errors import DensityError
from neglog.symbolic.density import Density, Parameter
from neglog.symbolic.expression import Call, Node, Symbol, as_node, call, free_symbols, minus, plus
from neglog.symbolic.supports import FAR, Support

__all__ = ["FAR", "bounded", "cutpoints_of", "ends_of", "has_ends", "row_law"]

_SIGMOID, _NDTR = "sigmoid", "ndtr"


def cutpoints_of(density: Density) -> str | None:
    """Return the name of the parameter that is a vector of cutpoints, if there is one."""
    return next((p.name for p in density.parameters if p.support.kind == "Ordered"), None)


def has_ends(density: Density) -> bool:
    """Say whether a density is the row law of an ordinal one."""
    return any(p.support.kind == "End" for p in density.parameters)


def row_law(density: Density) -> Density:
    """Return the law of one observation of an ordinal density, given the ends of its class.

    Parameters
    ----------
    density : Density
        Of a class number, with cutpoints ``c``; any other density is returned as it is.

    Returns
    -------
    Density
        Of the same name, with the parameters ``c_lower``, ``c_upper`` and ``c_gap`` (those that are used) in the place
        of ``c``. Where a difference ``F(c[y] - eta) - F(c[y - 1] - eta)`` stands in a logarithm, F the logistic or the
        normal distribution function, it is written so that it keeps its digits over narrow and remote classes.

    Raises
    ------
    DensityError
        If the cutpoints stand anywhere else than in ``c[y]`` and ``c[y - 1]``, or the target elsewhere than there.
    """
    cuts = cutpoints_of(density)
    if cuts is None:
        return density
    expression = _without_differences(bounded(density), cuts)
    used = free_symbols(expression)
    if density.target in used:
        raise DensityError(
            f"The density of {density.name} may use its class {density.target} in {cuts}[{density.target}] and "
            f"{cuts}[{density.target} - 1] only: the ends of a class are all that an ordinal law knows of it."
        )
    parameters: list[Parameter] = []
    for parameter in density.parameters:
        if parameter.name != cuts:
            parameters.append(parameter)
            continue
        ends = {"lower": Support("End"), "upper": Support("End"), "gap": Support("Gap")}
        parameters += [
            Parameter(f"{cuts}_{end}", support)
            for end, support in ends.items()
            if f"{cuts}_{end}" in used
        ]
    return Density(density.name, expression, density.target, density.support, tuple(parameters))


def bounded(density: Density) -> Node:
    """Return the log-density with ``c_lower`` and ``c_upper`` in place of ``c[y - 1]`` and ``c[y]``.

    Raises
    ------
    DensityError
        If the cutpoints stand anywhere else.
    """
    cuts, y = Symbol(cutpoints_of(density) or ""), Symbol(density.target)
    places = {y: "upper", call("sub", y, as_node(1)): "lower"}

    def replaced(node: Node) -> Node:
        if isinstance(node, Call):
            if node.head == "gather" and node.args[0] == cuts and node.args[1] in places:
                return Symbol(f"{cuts.name}_{places[node.args[1]]}")
            return call(node.head, *map(replaced, node.args))
        if node == cuts:
            raise DensityError(
                f"The density of {density.name} may use its cutpoints as {cuts.name}[{y.name}] and "
                f"{cuts.name}[{y.name} - 1], the upper and the lower end of class {y.name}, and in no other way."
            )
        return node

    return replaced(density.expression)


def _without_differences(node: Node, cuts: str) -> Node:
    """Write the logarithm of the probability between two ends without a difference, where a form is known."""
    if not isinstance(node, Call):
        return node
    if node.head == "log" and isinstance(node.args[0], Call) and node.args[0].head == "sub":
        high, low = node.args[0].args
        if isinstance(high, Call) and isinstance(low, Call) and high.head == low.head:
            (b, *_), (a, *_) = high.args, low.args
            width = _width(b, a, cuts)
            if width is not None and high.head == _SIGMOID:
                # sigmoid(b) - sigmoid(a) = sigmoid(b) sigmoid(-a) (1 - exp(a - b))
                ends = plus(Call("softplus", (_reversed(b),)), Call("softplus", (a,)))
                return call("sub", Call("log1mexp", (width,)), ends)
            if width is not None and high.head == _NDTR:
                # By symmetry from the end that is nearer to the middle of the law.
                left = Call("log_ndtr_gap", (b, width))
                right = Call("log_ndtr_gap", (_reversed(a), width))
                return Call("where", (Call("lt", (b, _reversed(a))), left, right))
    return call(node.head, *(_without_differences(arg, cuts) for arg in node.args))


def _width(b: Node, a: Node, cuts: str) -> Node | None:
    """Return b - a as a multiple of the gap, where the two differ in their end only."""
    if b == Symbol(f"{cuts}_upper") and a == Symbol(f"{cuts}_lower"):
        return Symbol(f"{cuts}_gap")
    if not (isinstance(b, Call) and isinstance(a, Call)) or b.head != a.head:
        return None
    if b.head == "neg":
        return _width(a.args[0], b.args[0], cuts)
    if b.head not in ("add", "sub", "mul", "div"):
        return None
    (b1, b2), (a1, a2) = b.args, a.args
    if b2 == a2:
        inner = _width(b1, a1, cuts)
        if inner is None or b.head in ("add", "sub"):
            return inner
        return call(b.head, inner, b2)
    if b1 == a1 and b.head != "div":
        inner = _width(a2, b2, cuts) if b.head == "sub" else _width(b2, a2, cuts)
        return inner if inner is None or b.head != "mul" else call("mul", b1, inner)
    return None


def _reversed(node: Node) -> Node:
    """Return minus a node, of a difference the reverse difference."""
    if isinstance(node, Call) and node.head == "sub":
        return call("sub", node.args[1], node.args[0])
    return minus(node)


def ends_of(cuts: Any, codes: Any) -> dict[str, Any]:
    """Return the lower and the upper end of classes, and the gap between them; an end that is not there is `FAR`.

    Parameters
    ----------
    cuts : ndarray of shape (..., K - 1)
        Increasing.
    codes : ndarray of int
        Class numbers, 0 to K-1; broadcast against the leading axes of `cuts`.

    Returns
    -------
    dict of str to ndarray
        ``lower``, ``upper``, ``gap``; where cutpoints are out of order the gap is 0, so that the probability is.
    """
    import numpy as np

    edge = np.full((*cuts.shape[:-1], 1), FAR)
    padded = np.concatenate([-edge, cuts, edge], axis=-1)
    shape = np.broadcast_shapes(padded.shape[:-1], np.shape(codes))
    padded = np.broadcast_to(padded, (*shape, padded.shape[-1]))
    at = np.broadcast_to(codes, shape)[..., None]
    lower, upper = (np.take_along_axis(padded, at + i, axis=-1)[..., 0] for i in (0, 1))
    return {"lower": lower, "upper": upper, "gap": np.maximum(upper - lower, 0.0)}
