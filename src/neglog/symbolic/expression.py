"""The expression tree: numbers, symbols, and heads applied to arguments.

Three instances show all there is. ``y * eta`` is ``Call("mul", (Symbol("y"), Symbol("eta")))``; the half in front of
a square is ``Number(Fraction(1, 2))``; ``p[y]`` is ``Call("gather", (Symbol("p"), Symbol("y")))``. Trees are immutable
and compare by structure, so they serve as dictionary keys. SymPy is not needed to build, print, parse or evaluate one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeAlias

from neglog.errors import DensityError

__all__ = [
    "BINDERS",
    "Arithmetic",
    "Call",
    "Node",
    "Number",
    "Symbol",
    "as_node",
    "evaluate",
    "free_symbols",
    "substitute",
    "walk",
]

Scalar: TypeAlias = "int | float | Fraction"


class Arithmetic:
    """Python's operators, each building the head it stands for."""

    __slots__ = ()

    def _build(self, head: str, *args: object) -> Any:
        """Apply `head`; return ``NotImplemented`` for operands of another kind."""
        raise NotImplementedError  # abstract: nodes and traced values build different things

    def __add__(self, other: object) -> Any:
        return self._build("add", self, other)

    def __radd__(self, other: object) -> Any:
        return self._build("add", other, self)

    def __sub__(self, other: object) -> Any:
        return self._build("sub", self, other)

    def __rsub__(self, other: object) -> Any:
        return self._build("sub", other, self)

    def __mul__(self, other: object) -> Any:
        return self._build("mul", self, other)

    def __rmul__(self, other: object) -> Any:
        return self._build("mul", other, self)

    def __truediv__(self, other: object) -> Any:
        return self._build("div", self, other)

    def __rtruediv__(self, other: object) -> Any:
        return self._build("div", other, self)

    def __pow__(self, other: object) -> Any:
        return self._build("pow", self, other)

    def __rpow__(self, other: object) -> Any:
        return self._build("pow", other, self)

    def __neg__(self) -> Any:
        return self._build("neg", self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return self._build("abs", self)

    def __lt__(self, other: object) -> Any:
        return self._build("lt", self, other)

    def __le__(self, other: object) -> Any:
        return self._build("le", self, other)

    def __gt__(self, other: object) -> Any:
        return self._build("gt", self, other)

    def __ge__(self, other: object) -> Any:
        return self._build("ge", self, other)


class Node(Arithmetic):
    """Base of the three node types."""

    __slots__ = ()

    def _build(self, head: str, *args: object) -> Any:
        nodes = []
        for arg in args:
            if not isinstance(arg, Node | int | float | Fraction):
                return NotImplemented
            nodes.append(as_node(arg))
        return call(head, *nodes)

    def __str__(self) -> str:
        from neglog.symbolic.text import to_text

        return to_text(self)

    __repr__ = __str__


@dataclass(frozen=True, slots=True, repr=False)
class Number(Node):
    """An exact rational number: ``0.1`` in a density means one tenth, not the nearest float64."""

    value: Fraction


@dataclass(frozen=True, slots=True, repr=False)
class Symbol(Node):
    """A target, a parameter, a raw prediction, or a hyperparameter, by name."""

    name: str


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Call(Node):
    """A head of the vocabulary applied to arguments."""

    head: str
    args: tuple[Node, ...]
    # Trees are looked up in dictionaries all the time: each knows its hash, which would else be that of all below it.
    _hash: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.head, self.args)))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Call):
            return NotImplemented
        return self._hash == other._hash and self.head == other.head and self.args == other.args

    def __reduce__(self) -> tuple[type[Call], tuple[str, tuple[Node, ...]]]:
        return Call, (self.head, self.args)  # the hash of a text is another one in every process


# Heads that bind the index of a sum (or the variable of an integral), with the number of functions averaged under its
# weights: ``logsum(term, j, domain)``, ``mean(g, term, j, domain)``, ``covariance(a, b, term, j, domain)``, ...
BINDERS = {"logsum": 0, "mean": 1, "covariance": 2, "cumulant3": 3}

_FOLDS: dict[str, Callable[..., Fraction]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
}


def as_node(value: Node | Scalar) -> Node:
    """Return `value` as a node; a float is read as the decimal a person wrote."""
    if isinstance(value, Node):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise DensityError(
                f"{value} cannot stand in a density: the numbers in it are finite. Declare where the target lives; "
                "where that depends on a parameter, write where(y > mu, ..., -inf) with inf of neglog.math."
            )
        return Number(Fraction(repr(float(value))))  # float(): NumPy's scalars print their type
    return Number(Fraction(value))


def call(head: str, *args: Node) -> Node:
    """Apply `head`, folding arithmetic on exact numbers so that a tree has one text and one text one tree."""
    fold = _FOLDS.get(head)
    if fold is not None:
        values = [arg.value for arg in args if isinstance(arg, Number)]
        if len(values) == len(args) and not (head == "div" and values[1] == 0):
            return Number(fold(*values))
    return Call(head, args)


def terms(node: Node, sign: int = 1) -> Iterator[tuple[int, Node]]:
    """Yield the terms of a sum with their signs, a leading minus taken into the sign."""
    if isinstance(node, Call) and node.head in ("add", "sub"):
        yield from terms(node.args[0], sign)
        yield from terms(node.args[1], sign if node.head == "add" else -sign)
    elif isinstance(node, Call) and node.head == "neg":
        yield from terms(node.args[0], -sign)
    elif (positive := without_minus(node)) is not None:
        yield -sign, positive
    else:
        yield sign, node


def without_minus(node: Node) -> Node | None:
    """Return a product without its leading minus, or None where it has none."""
    if isinstance(node, Number) and node.value < 0:
        return Number(-node.value)
    if isinstance(node, Call) and node.head == "neg":
        return node.args[0]
    if isinstance(node, Call) and node.head in ("mul", "div"):
        first = without_minus(node.args[0])
        return None if first is None else call(node.head, first, node.args[1])
    return None


def summed(signed: Iterable[tuple[int, Node]]) -> Node:
    """Add signed terms from left to right, a positive one first where there is one."""
    ordered = sorted(signed, key=lambda term: -term[0])
    sign, total = ordered[0]
    total = total if sign > 0 else _negative(total)
    for sign, term in ordered[1:]:
        total = total + term if sign > 0 else total - term
    return total


def plus(*nodes: Node) -> Node:
    """Add expressions term by term, leaving out zeros."""
    signed = [(sign, term) for node in nodes for sign, term in terms(node)]
    return summed([part for part in signed if part[1] != Number(Fraction(0))] or signed[:1])


def _negative(node: Node) -> Node:
    """Return minus `node`, the sign on the first factor of a product: ``-y*log(p)`` rather than ``-(y*log(p))``."""
    if isinstance(node, Call) and node.head in ("mul", "div"):
        return call(node.head, _negative(node.args[0]), node.args[1])
    return call("neg", node)


def minus(node: Node) -> Node:
    """Return the negative of `node` with the sign carried to its terms."""
    return summed((-sign, term) for sign, term in terms(node))


def walk(node: Node) -> Iterator[Node]:
    """Yield `node` and everything below it, arguments first."""
    if isinstance(node, Call):
        for arg in node.args:
            yield from walk(arg)
    yield node


def free_symbols(node: Node) -> frozenset[str]:
    """Return the names of the symbols in `node`; the index of a sum is not one of them."""
    return _free(node, {})


def _free(node: Node, known: dict[int, frozenset[str]]) -> frozenset[str]:
    if isinstance(node, Symbol):
        return frozenset((node.name,))
    if not isinstance(node, Call):
        return frozenset()
    found = known.get(id(node))
    if found is None:
        found = frozenset().union(*(_free(arg, known) for arg in node.args))
        if node.head in BINDERS:
            *inside, index, domain = node.args
            assert isinstance(index, Symbol)
            under = frozenset().union(*(_free(part, known) for part in inside)) - {index.name}
            found = under | _free(domain, known)
        known[id(node)] = found
    return found


def substitute(node: Node, replacements: Mapping[str, Node]) -> Node:
    """Return `node` with its free symbols replaced by expressions."""
    if isinstance(node, Symbol):
        return replacements.get(node.name, node)
    if isinstance(node, Call) and node.head in BINDERS:
        return _substitute_under(node, replacements)
    if isinstance(node, Call):
        return call(node.head, *(substitute(arg, replacements) for arg in node.args))
    return node


def _substitute_under(node: Call, replacements: Mapping[str, Node]) -> Node:
    """Substitute in a sum: its index stays, under another name where a replacement uses the same one."""
    *inside, index, domain = node.args
    assert isinstance(index, Symbol)
    free = free_symbols(node)
    active = {name: new for name, new in replacements.items() if name in free}
    if not active:
        return node
    domain = substitute(domain, active)
    active.pop(index.name, None)
    taken = free.union(*map(free_symbols, active.values()))
    fresh = index
    while fresh.name in taken:
        fresh = Symbol(f"{fresh.name}_")
    active[index.name] = fresh
    return Call(node.head, (*(substitute(part, active) for part in inside), fresh, domain))


def evaluate(
    node: Node,
    values: Mapping[str, Any],
    meaning: Mapping[str, Callable[..., Any]],
    number: Callable[[Fraction], Any],
    known: dict[Node, Any] | None = None,
) -> Any:
    """Evaluate a tree in any arithmetic.

    Parameters
    ----------
    node : Node
        What to evaluate.
    values : mapping of str to value
        One value a symbol.
    meaning : mapping of str to callable
        What each head does in this arithmetic (`heads.MPMATH`, `heads.NUMPY`).
    number : callable
        How an exact rational becomes a value.
    known : dict, optional
        Values of nodes computed before; filled as evaluation goes on, so that shared parts are computed once.

    Returns
    -------
    value
        In the arithmetic of `meaning`.
    """
    known = {} if known is None else known
    if node in known:
        return known[node]
    if isinstance(node, Number):
        result = number(node.value)
    elif isinstance(node, Symbol):
        result = values[node.name]
    elif isinstance(node, Call) and node.head in BINDERS:
        from neglog.symbolic.tape import Tape  # a sum runs its own tape at every node

        result = Tape([node]).run(values, meaning, number)[0]
    else:
        assert isinstance(node, Call)
        args = [evaluate(arg, values, meaning, number, known) for arg in node.args]
        result = meaning[node.head](*args)
    known[node] = result
    return result
