"""What a decorated density sees instead of numbers: values that record what is done to them."""

from __future__ import annotations

import contextlib
import operator
from fractions import Fraction
from typing import Any, NoReturn

from neglog.errors import DensityError, nearest
from neglog.symbolic.expression import Arithmetic, Node, Symbol, as_node, call
from neglog.symbolic.heads import HEADS
from neglog.symbolic.supports import Support

__all__ = ["Traced", "TracedTarget", "apply", "node_of", "traced_target"]

_ARITHMETIC = {
    "add": "add",
    "subtract": "sub",
    "multiply": "mul",
    "divide": "div",
    "power": "pow",
    "negative": "neg",
    "less": "lt",
    "less_equal": "le",
    "greater": "gt",
    "greater_equal": "ge",
}
# What NumPy and SciPy call our functions.
_ALIASES = {"gammaln": "loggamma", "psi": "digamma", "expit": "sigmoid", "absolute": "abs"}


class Traced(Arithmetic):
    """A value inside a density; arithmetic on it builds the tree, a decision on it is an error."""

    __slots__ = ("node",)

    def __init__(self, node: Node) -> None:
        self.node = node

    def _build(self, head: str, *args: object) -> Any:
        return apply(head, *args)

    def __eq__(self, other: object) -> Any:
        return apply("eq", self, other)

    def __ne__(self, other: object) -> Any:
        return apply("ne", self, other)

    def __hash__(self) -> int:
        return hash(self.node)

    def __getitem__(self, index: object) -> Traced:
        return apply("gather", self, index)

    def __iter__(self) -> NoReturn:  # without it Python would try p[0], p[1], ... for ever
        raise DensityError(
            f"({self.node}) is one value, or one class vector, of a density: it cannot be iterated over. "
            "Index a class vector (p[y]) or use neglog.math.logsumexp(p)."
        )

    def __bool__(self) -> NoReturn:
        raise DensityError(
            f"A density cannot decide with 'if', 'and', 'or' or 'not' on ({self.node}): "
            "it is traced once for all observations. Use neglog.math.where(condition, a, b)."
        )

    def __float__(self) -> NoReturn:
        raise DensityError(
            f"({self.node}) is not a number yet: the math module cannot work on it. "
            "Use the functions of neglog.math (log, exp, sqrt, loggamma, ...)."
        )

    __int__ = __index__ = __complex__ = __float__

    def __array__(self, *_: object, **__: object) -> NoReturn:
        raise DensityError(
            "A density is not an array: use the functions of neglog.math instead of NumPy's."
        )

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: object, **_: object) -> Traced:
        head = _ARITHMETIC.get(ufunc.__name__)
        if (
            head is not None and method == "__call__"
        ):  # a NumPy scalar on the left: np.float64(2) * y
            return apply(head, *inputs)
        name = _ALIASES.get(ufunc.__name__, ufunc.__name__)
        known = name in HEADS and HEADS[name].public
        raise DensityError(
            f"{ufunc.__name__} of NumPy or SciPy was applied inside a density: use "
            f"{f'neglog.math.{name}' if known else 'the functions of neglog.math'} (or neglog.math.where for a "
            "decision); only then can the loss be derived."
        )


class TracedTarget(Traced):
    """A target with fields inside a density: ``y.k`` and ``y.n`` are values, ``y`` itself is none."""

    __slots__ = ("_columns", "_name")

    def __init__(self, name: str, support: Support) -> None:
        self._name = name
        self._columns = {field: Traced(Symbol(f"{name}.{field}")) for field, _ in support.fields}

    @property
    def node(self) -> Node:  # type: ignore[override]  # a value has a node, this has one for each field
        """What a value stands for; of the whole target there is none."""
        raise DensityError(
            f"The target {self._name} is more than one number, it has the fields {self._shown()}: write one of them."
        )

    def __getattr__(self, field: str) -> Traced:
        if field.startswith("__"):  # what Python and NumPy ask of any object
            raise AttributeError(field)
        if field not in self._columns:
            raise DensityError(
                f"The target {self._name} has no field '{field}'. {nearest(field, list(self._columns))}"
            )
        return self._columns[field]

    def __getitem__(self, index: object) -> Traced:
        if isinstance(index, int) and str(index) in self._columns:
            return self._columns[str(index)]
        raise DensityError(f"{self._name}[{index!r}] is no field of the target: {self._shown()}.")

    def __hash__(self) -> int:
        return hash(self._name)

    def _shown(self) -> str:
        return ", ".join(str(value.node) for value in self._columns.values())


def traced_target(name: str, support: Support) -> Traced:
    """Return what stands for the target inside a density."""
    return TracedTarget(name, support) if support.fields else Traced(Symbol(name))


def apply(head: str, *args: object) -> Traced:
    """Apply `head` to traced values, nodes and numbers."""
    return Traced(call(head, *(node_of(arg) for arg in args)))


def node_of(value: object) -> Node:
    """Return the tree behind a traced value, or a number as a tree."""
    if isinstance(value, Traced):
        return value.node
    if isinstance(value, Node | int | float | Fraction) and not isinstance(value, bool):
        return as_node(value)
    if not isinstance(value, bool):
        with contextlib.suppress(TypeError):  # NumPy's whole numbers
            return as_node(operator.index(value))  # type: ignore[arg-type]  # whether it is one is being asked
    raise DensityError(
        f"{value!r} ({type(value).__name__}) cannot stand in a density: numbers, the target, the parameters and "
        "the functions of neglog.math can."
    )
