"""What a verdict is about: a loss as a function of one raw prediction, with the domain of everything else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import sympy as sp

from neglog.derivation.workings import Workings
from neglog.symbolic.calculus import from_sympy, to_sympy
from neglog.symbolic.expression import Call, Node, Number, Symbol, call, minus, plus, substitute
from neglog.symbolic.supports import Support
from neglog.symbolic.text import to_text

__all__ = ["Case", "cases", "tidy"]

_ONE = Number(Fraction(1))


@dataclass(frozen=True)
class Case:
    """A loss in one raw prediction.

    Attributes
    ----------
    loss : sympy expression
        Without the terms that do not depend on the raw prediction.
    variable : sympy symbol
        The raw prediction.
    targets : tuple of sympy symbols
        The columns of the target in it.
    domain : mapping
        Name -> lowest and highest value, as text.
    sample : mapping
        Symbol -> an ordinary value.
    values : mapping
        Target -> values at which counterexamples are looked for, as text.
    note : str
        Which case of the target it is; empty where there is one only.
    binary : bool
        Whether the target is 0 or 1 (or between).
    ordered : bool
        Whether the columns of the target are the ends of an interval: the first is not above the second.
    """

    loss: Any
    variable: Any
    targets: tuple[Any, ...]
    domain: Mapping[str, tuple[str, ...]]
    sample: Mapping[Any, float]
    values: Mapping[Any, tuple[str, ...]]
    note: str = ""
    binary: bool = False
    ordered: bool = False

    @cached_property
    def text(self) -> str:
        """The loss as density text."""
        return to_text(from_sympy(self.loss))

    def used(self, *texts: str) -> dict[str, list[str]]:
        """Return the domain of the names in the loss and in these expressions."""
        import ast

        names = {
            ast.unparse(part)
            for text in (self.text, *texts)
            for part in ast.walk(ast.parse(text, mode="eval"))
            if isinstance(part, ast.Name | ast.Attribute)
        } | {self.variable.name}
        return {name: list(domain) for name, domain in self.domain.items() if name in names}

    def at_target(self, value: int) -> Case:
        """Return the case of one value of a single target."""
        (y,) = self.targets
        loss = sp.Add(*(t for t in sp.Add.make_args(sp.expand_log(self.loss.subs(y, value)))))
        note = f"{y.name} = {value}"
        sample = {s: v for s, v in self.sample.items() if s != y}
        return replace(self, loss=loss, targets=(), sample=sample, note=note)


def cases(w: Workings, raw: str, line: Mapping[str, Node] | None = None) -> Iterator[Case]:
    """Yield the cases of a loss in one raw prediction: one, or one for each branch at a value of the target.

    Parameters
    ----------
    w : Workings
        The assumption.
    raw : str
        Name of the raw prediction.
    line : mapping of str to Node, optional
        Raw predictions as expressions of `raw`, a name of its own: the loss along a line.
    """
    symbols, support = dict(w.symbols), w.density.support
    line = line or {}
    symbols |= {raw: sp.Symbol(raw, real=True)} if line else {}
    node = tidy(substitute(w.linked(), line))
    columns = dict(w.density.targets)
    if support.kind == "CountOf":
        # Successes and failures are free of each other; successes and trials are not.
        k, n, rest = (f"{w.density.target}.{field}" for field in ("k", "n", "rest"))
        symbols[rest] = sp.Symbol(rest, nonnegative=True)
        node = tidy(substitute(node, {n: Symbol(k) + Symbol(rest)}))
        columns = {k: columns[k], rest: columns[k]}
    variable = symbols[raw]
    domain: dict[str, tuple[str, ...]] = {raw: ("-inf", "inf")}
    sample: dict[Any, float] = {}
    for p in w.density.parameters:
        if p.name in w.hyper:
            domain[p.name] = _interval(p.support.bounds)
            sample[symbols[p.name]] = _ordinary(p.support.bounds, p.value)
    for slot in w.slots:
        domain[slot.raw] = ("-inf", "inf")
        if slot.raw != raw and slot.raw not in line:
            sample[symbols[slot.raw]] = 0.25
    for name, column in columns.items():
        domain[name] = _interval(column.bounds)
        sample[symbols[name]] = _ordinary(column.bounds, None)
    expr = to_sympy(node, symbols)
    targets = tuple(symbols[name] for name in columns)
    values = {symbols[name]: _values(column) for name, column in columns.items()}
    for part, note, moved in _branches(expr, variable, targets):
        terms = sp.Add.make_args(sp.expand(part) if not part.is_Add else part)
        bending = sp.Add(*(term for term in terms if term.has(variable)))
        left = tuple(y for y in targets if y not in moved)
        kept = {s: v for s, v in sample.items() if s not in moved}
        yield Case(
            bending, variable, left, domain, kept, values, note, support.kind == "Binary",
            ordered=support.kind == "Interval" and left == targets,
        )  # fmt: skip


def _branches(
    expr: Any, variable: Any, targets: tuple[Any, ...]
) -> Iterator[tuple[Any, str, set[Any]]]:
    """Split at a value of the target where the expression asks for it: where(y == 0, a, b), where(y > 0, b, a)."""
    pieces = expr.atoms(sp.Piecewise)
    for condition in dict.fromkeys(piece.args[0][1] for piece in pieces):
        equal = isinstance(condition, sp.Eq)
        if not equal and not isinstance(condition, sp.Gt):
            continue
        y, at = condition.lhs, condition.rhs
        positive = at == 0 and y.is_nonnegative
        if y not in targets or not at.is_number or not (equal or positive):
            continue
        sides: tuple[dict[Any, Any], dict[Any, Any]] = ({}, {})  # y = at, and every other y
        for piece in pieces:
            if piece.args[0][1] == condition:
                first, rest = piece.args[0][0], sp.Piecewise(*piece.args[1:])
                sides[0][piece], sides[1][piece] = (first, rest) if equal else (rest, first)
        there = expr.xreplace(sides[0]).subs(y, at)
        yield from ((e, f"{y.name} = {at}", {y}) for e, _, _ in _branches(there, variable, targets))
        for e, note, moved in _branches(expr.xreplace(sides[1]), variable, targets):
            yield e, note or f"{y.name} other than {at}", moved
        return
    yield expr, "", set()


def _values(column: Support) -> tuple[str, ...]:
    """Return values of a target that lie in its support, from nearly nothing to a lot."""
    import numpy as np

    low, high = column.bounds
    if high < float("inf"):
        tried = [f"{low + (high - low) * part:g}" for part in (0, 1e-3, 0.5, 1 - 1e-3, 1)]
    else:
        tried = ["0", "0.001", "0.5", "1", "4", "64", "1e8", "-4"]
    values = [text for text in tried if column.contains(np.array([float(text)]))[0]]
    if low == 0 and not column.contains(np.array([0.0]))[0]:
        values.append("1e-10000")  # where a logarithm is large
    if high == float("inf") and not column.discrete:
        values.append("1e10000")
    return tuple(values)


def _interval(bounds: tuple[float, float]) -> tuple[str, str]:
    low, high = bounds
    return f"{low:g}", f"{high:g}"


def _ordinary(bounds: tuple[float, float], value: float | None) -> float:
    low, high = bounds
    if value is not None:
        return value
    if high < float("inf"):
        return low + (high - low) * 0.4
    return 0.5 if low == -float("inf") else low + 1.25


def tidy(node: Node) -> Node:
    """Write logarithms of probabilities as the heads whose derivatives stay short: log(sigmoid(x)) as -softplus(-x)."""
    if not isinstance(node, Call):
        return node
    node = call(node.head, *map(tidy, node.args))
    if isinstance(node, Call) and node.head in ("log", "log1p"):
        inner = node.args[0] if node.head == "log" else tidy(_ONE + node.args[0])
        return _log(inner) or node
    if isinstance(node, Call) and node.head == "xlogy":
        return tidy(node.args[0] * Call("log", (node.args[1],)))
    if isinstance(node, Call) and node.head in ("sub", "add") and node.args[0] == _ONE:
        other = node.args[1] if node.head == "add" else call("neg", node.args[1])
        return _complement(other) or node
    return node


def _minus(x: Node) -> Node:
    return x.args[0] if isinstance(x, Call) and x.head == "neg" else call("neg", x)


def _complement(x: Node) -> Node | None:
    """Return 1 + x where that has a head of its own."""
    if not isinstance(x, Call):
        return None
    if x.head == "expm1":
        return Call("exp", x.args)
    if x.head == "neg" and isinstance(x.args[0], Call):
        inner = x.args[0]
        if inner.head in ("sigmoid", "ndtr", "cauchy_cdf"):
            return Call(inner.head, (_minus(inner.args[0]),))
        if inner.head == "neg":
            return _complement(inner.args[0])
    return None


def _log(x: Node) -> Node | None:
    """Return log(x) where that has a head of its own."""
    if not isinstance(x, Call):
        return None
    if x.head == "exp":
        return x.args[0]
    if x.head == "sigmoid":
        return call("neg", Call("softplus", (_minus(x.args[0]),)))
    if x.head in ("ndtr", "cauchy_cdf"):
        return Call(f"log_{x.head}", x.args)
    if x.head == "neg" and isinstance(x.args[0], Call) and x.args[0].head == "expm1":
        return Call("log1mexp", (_minus(x.args[0].args[0]),))
    if x.head == "sub":
        high, low = x.args
        if high == _ONE and isinstance(low, Call) and low.head == "exp":
            return Call("log1mexp", (_minus(low.args[0]),))
        if isinstance(high, Call) and isinstance(low, Call) and high.head == low.head == "sigmoid":
            (b,), (a,) = high.args, low.args
            # sigmoid(b) - sigmoid(a) = sigmoid(b) sigmoid(-a) (1 - exp(a - b))
            return plus(
                Call("log1mexp", (b - a,)),
                minus(Call("softplus", (_minus(b),))),
                minus(Call("softplus", (a,))),
            )
    return None
