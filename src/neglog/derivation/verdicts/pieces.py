"""A loss with kinks as smooth pieces: where one ends, and by how much the slope jumps there.

``maximum(0, 1 - f)`` is 1 - f up to the break 1 and 0 behind it. Breaks are where the switches of the expression (what
an absolute value, a maximum, a comparison decides on) change their sign. Their order may depend on other symbols only
as far as it is the same for all their values; whether it is, the checker finds out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any

import mpmath as mp
import sympy as sp

from neglog.derivation.verdicts import check
from neglog.errors import NeglogError
from neglog.symbolic.calculus import FUNCTIONS, from_sympy
from neglog.symbolic.text import to_text

__all__ = ["KINKED", "Pieces", "split"]

_PLACES = ("-3.7", "-0.43", "0.55", "4.3")

KINKED = (sp.Abs, sp.sign, sp.Max, sp.Min, sp.Piecewise, sp.Heaviside)


@dataclass(frozen=True)
class Pieces:
    """A function of one variable: ``parts[i]`` holds between ``breaks[i-1]`` and ``breaks[i]``."""

    variable: Any
    breaks: tuple[Any, ...]
    parts: tuple[Any, ...]

    def derivative(self, order: int) -> Pieces:
        """Return the derivative between the breaks."""
        parts = tuple(sp.diff(part, self.variable, order) for part in self.parts)
        return Pieces(self.variable, self.breaks, parts)

    def jumps(self) -> tuple[Any, ...]:
        """Return by how much the function jumps at every break."""
        return tuple(
            sp.simplify(_plain(after - before).subs(self.variable, at))
            for at, before, after in zip(self.breaks, self.parts, self.parts[1:], strict=False)
        )


def split(expr: Any, variable: Any, sample: Mapping[Any, float]) -> Pieces | None:
    """Return the pieces of an expression.

    Parameters
    ----------
    expr, variable
        The expression and the symbol in which it is a function.
    sample : mapping
        A value of every other symbol, which decides in which order the breaks lie.

    Returns
    -------
    Pieces or None
        None where a switch is no linear function of the variable.
    """
    switches = _switches(expr, variable)
    if switches is None:
        return None
    found: dict[Any, float] = {}
    for switch in switches:
        if sp.diff(switch, variable, 2) != 0:
            return None
        slope = sp.diff(switch, variable)
        if slope == 0:
            continue
        at = sp.simplify(variable - switch / slope)
        found[at] = float(at.subs(sample))
    breaks = sorted(found, key=lambda at: found[at])
    places = [found[at] for at in breaks]
    inside = [
        (a + b) / 2
        for a, b in zip(
            [places[0] - 2, *places] if places else [0.0],
            [*places, places[-1] + 2] if places else [0.0],
            strict=True,
        )
    ]
    parts = tuple(_resolved(expr, {**sample, variable: at}) for at in inside)
    kept = [i for i, (a, b) in enumerate(pairwise(parts)) if not _same(a, b, variable, sample)]
    # Of several ways to write one function the shortest.
    ends = [-1, *kept, len(parts) - 1]
    chosen = [min(parts[a + 1 : b + 1], key=sp.count_ops) for a, b in pairwise(ends)]
    return Pieces(variable, tuple(breaks[i] for i in kept), tuple(chosen))


def _same(a: Any, b: Any, variable: Any, sample: Mapping[Any, float]) -> bool:
    """Return whether two pieces are one function, written in two ways: to 25 digits, at points on either side.

    The checker of a certificate looks at the loss as it was written: a piece left out by mistake shows there.
    """
    if sp.expand(a - b) == 0:
        return True
    try:
        gap = check.read(to_text(from_sympy(a - b)))
        with mp.workdps(40):
            # No round numbers: at tau = 1/2 two halves of a loss are one by chance.
            known = {
                symbol.name: mp.mpf(value) * mp.mpf("0.83") for symbol, value in sample.items()
            }
            found = [check.value(gap, {**known, variable.name: mp.mpf(at)}) for at in _PLACES]
            return all(abs(value) < mp.mpf("1e-25") for value in found)
    except (NeglogError, KeyError, TypeError, ValueError, ZeroDivisionError):
        return False


def _plain(expr: Any) -> Any:
    """Write sigmoid as SymPy's tanh, which knows its value at 0."""
    return expr.replace(FUNCTIONS["sigmoid"], lambda x: (1 + sp.tanh(x / 2)) / 2)


def _switches(expr: Any, variable: Any) -> list[Any] | None:
    """Return what decides between pieces, inner decisions taken both ways."""
    nodes = [n for n in sp.preorder_traversal(expr) if isinstance(n, KINKED)]
    if not nodes:
        return []
    # An innermost one first: taken both ways, it leaves expressions with one switch fewer.
    inner = next(n for n in nodes if not any(a.has(*KINKED) for a in n.args))
    options: list[Any]
    if isinstance(inner, sp.Abs):
        decides, options = [inner.args[0]], [inner.args[0], -inner.args[0]]
    elif isinstance(inner, sp.sign | sp.Heaviside):
        low = -1 if isinstance(inner, sp.sign) else 0
        decides, options = [inner.args[0]], [sp.Integer(1), sp.Integer(low)]
    elif isinstance(inner, sp.Max | sp.Min):
        decides = [a - b for a, b in product(inner.args, repeat=2) if a is not b]
        options = list(inner.args)
    else:
        if any(not isinstance(c, sp.core.relational.Relational) for _, c in inner.args[:-1]):
            return None
        decides = [c.lhs - c.rhs for _, c in inner.args[:-1]]
        options = [value for value, _ in inner.args]
    result = [d for d in decides if d.has(variable)]
    for option in options:
        further = _switches(expr.xreplace({inner: option}), variable)
        if further is None:
            return None
        result += further
    return list(dict.fromkeys(result))


def _resolved(expr: Any, at: Mapping[Any, float]) -> Any:
    """Return the piece of an expression that holds at a point."""
    if not expr.has(*KINKED):
        return expr
    if isinstance(expr, sp.Piecewise):
        for value, condition in expr.args:
            if condition == sp.true or bool(condition.subs(at)):
                return _resolved(value, at)
    args = [_resolved(arg, at) for arg in expr.args]
    if isinstance(expr, sp.Abs):
        return args[0] if args[0].subs(at) >= 0 else -args[0]
    if isinstance(expr, sp.sign):
        return sp.Integer(1 if args[0].subs(at) >= 0 else -1)
    if isinstance(expr, sp.Heaviside):
        return sp.Integer(1 if args[0].subs(at) >= 0 else 0)
    if isinstance(expr, sp.Max | sp.Min):
        pick = max if isinstance(expr, sp.Max) else min
        return pick(args, key=lambda arg: float(arg.subs(at)))
    return expr.func(*args)
