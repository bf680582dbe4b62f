"""Cutpoints inside a density: the two that bound the class observed.

An ordinal law writes ``c[y]`` and ``c[y - 1]``, the upper and the lower end of the class y, with infinite ends for the
first and the last class. A loss knows the two numbers and, as a third, the gap between them: that is a parameter of
its own where the cutpoints are estimated, and their difference has lost its digits when they are close.
"""

from __future__ import annotations

from typing import Any

from neglog.errors import DensityError
from neglog.symbolic.density import Density
from neglog.symbolic.expression import Call, Node, Symbol, as_node, call

__all__ = ["END_NAMES", "bounded", "cutpoints_of", "ends_of"]

END_NAMES = ("lower", "upper", "gap")


def cutpoints_of(density: Density) -> str | None:
    """Return the name of the parameter that is a vector of cutpoints, if there is one."""
    return next((p.name for p in density.parameters if p.support.kind == "Ordered"), None)


def bounded(density: Density) -> Node:
    """Return the log-density with the ends of the class observed in place of ``c[y - 1]`` and ``c[y]``.

    The names of the ends are those of fields: ``c.lower`` and ``c.upper``.

    Raises
    ------
    DensityError
        If the cutpoints stand anywhere else than in ``c[y]`` and ``c[y - 1]``.
    """
    cuts, y = Symbol(cutpoints_of(density) or ""), Symbol(density.target)
    places = {y: "upper", call("sub", y, as_node(1)): "lower"}

    def replaced(node: Node) -> Node:
        if isinstance(node, Call):
            if node.head == "gather" and node.args[0] == cuts and node.args[1] in places:
                return Symbol(f"{cuts.name}.{places[node.args[1]]}")
            return call(node.head, *map(replaced, node.args))
        if node == cuts:
            raise DensityError(
                f"The density of {density.name} may use its cutpoints as {cuts.name}[{y.name}] and "
                f"{cuts.name}[{y.name} - 1], the upper and the lower end of class {y.name}, and in no other way."
            )
        return node

    return replaced(density.expression)


def ends_of(cuts: Any, codes: Any) -> tuple[Any, Any]:
    """Return the lower and the upper cutpoints of classes, infinite at the ends.

    Parameters
    ----------
    cuts : ndarray of shape (..., K - 1)
        Increasing.
    codes : ndarray of int
        Class numbers, 0 to K-1; broadcast against the leading axes of `cuts`.
    """
    import numpy as np

    edge = np.full((*cuts.shape[:-1], 1), np.inf)
    padded = np.concatenate([-edge, cuts, edge], axis=-1)
    shape = np.broadcast_shapes(padded.shape[:-1], np.shape(codes))
    padded = np.broadcast_to(padded, (*shape, padded.shape[-1]))
    at = np.broadcast_to(codes, shape)[..., None]
    lower, upper = (np.take_along_axis(padded, at + i, axis=-1)[..., 0] for i in (0, 1))
    return lower, upper
