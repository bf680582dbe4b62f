"""What the rules of a derivation read and write: the assumption, the symbols, and how far the derivation has come."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import sympy as sp

from neglog.errors import UsageError
from neglog.losses import Certificate, Dropped, Form, Slot
from neglog.symbolic.density import Density
from neglog.symbolic.expression import Call, Node, Symbol, as_node, call, substitute
from neglog.symbolic.heads import mpmath_meaning
from neglog.symbolic.supports import Support
from neglog.symbolic.tape import Tape

__all__ = ["CLASSES", "COLUMNS", "ROWS", "Prior", "Workings"]

# The instance on which structural steps are checked.
ROWS, COLUMNS, CLASSES = 3, 2, 3

_MODERATE = 20.0  # size of a target on the instance
_DRAWS = 1000  # of the columns of a row


@dataclass(frozen=True, slots=True)
class Prior:
    """A distribution of the weights: a density and the values of its parameters."""

    density: Density
    values: Mapping[str, float]

    def log_density(self, weight: Node) -> Node:
        """Return the log-density of one weight."""
        values = {name: as_node(float(value)) for name, value in self.values.items()}
        return substitute(self.density.expression, {self.density.target: weight, **values})

    def __str__(self) -> str:
        return f"{self.density.name}({', '.join(f'{name}={value:g}' for name, value in self.values.items())})"


@dataclass(slots=True)
class Workings:
    """The state of a derivation, filled in by one rule after another."""

    density: Density
    slots: tuple[Slot, ...]
    prior: Prior | None
    points: int
    line: Any = None
    nll: Any = None
    core: Any = None
    constant: Any = sp.S.Zero
    factor: Any = sp.S.One
    shortest: Any = None
    dropped: tuple[Dropped, ...] = ()
    remark: str = ""
    assumed: Density | None = None
    forms: dict[str, Form] = field(default_factory=dict)
    certificates: dict[str, tuple[Certificate, ...]] = field(default_factory=dict)

    @classmethod
    def begin(
        cls, density: Density, modelled: Sequence[str] | None, prior: Prior | None, points: int
    ) -> Workings:
        """Give every modelled parameter its raw prediction."""
        names = (density.free[:1] if modelled is None else tuple(modelled)) or ()
        if not names:
            raise UsageError(
                f"Every parameter of {density.name} is fixed: there is nothing left to model."
            )
        for name in names:
            if density.parameter(name).value is not None:
                raise UsageError(
                    f"{name} of {density.name} is fixed at {density.parameter(name).value}: it cannot be modelled too."
                )
        if len(set(names)) < len(names):
            raise UsageError(f"{', '.join(names)}: a parameter of {density.name} is modelled once.")
        raw = _raw_name(density, names)
        slots = tuple(
            Slot(
                name,
                raw if len(names) == 1 else f"{raw}_{name}",
                density.parameter(name).support.link,
                "classes" if density.parameter(name).support.kind == "ClassVector" else "row",
            )
            for name in names
        )
        if len(slots) > 1 and any(slot.kind == "classes" for slot in slots):
            raise UsageError(f"{density.name} has a class vector: it is modelled alone.")
        return cls(density, slots, prior, points)

    @property
    def classes(self) -> bool:
        """Whether there is one raw prediction a class."""
        return self.slots[0].kind == "classes"

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the columns of the target: one, unless it has fields."""
        return tuple(name for name, _ in self.density.targets)

    @property
    def symbols(self) -> dict[str, Any]:
        """Every name in SymPy, with the assumptions of its support."""
        table: dict[str, Any] = {
            p.name: sp.Symbol(p.name, **p.support.assumptions) for p in self.density.parameters
        }
        for slot in self.slots:
            table[slot.raw] = (
                sp.IndexedBase(slot.raw, real=True)
                if slot.kind == "classes"
                else sp.Symbol(slot.raw, real=True)
            )
        table |= {
            name: sp.Symbol(name, **support.assumptions) for name, support in self.density.targets
        }
        if self.classes:
            table |= {name: sp.Symbol(name, integer=True) for name in ("j", "k")}
        return table

    @property
    def raws(self) -> tuple[Any, ...]:
        """The raw predictions in SymPy; of a class vector, component j."""
        symbols = self.symbols
        if self.classes:
            return (symbols[self.slots[0].raw][symbols["j"]],)
        return tuple(symbols[slot.raw] for slot in self.slots)

    @property
    def hyper(self) -> tuple[str, ...]:
        """Names of the parameters that are not modelled."""
        modelled = {slot.parameter for slot in self.slots}
        return tuple(p.name for p in self.density.parameters if p.name not in modelled)

    @property
    def raw_names(self) -> frozenset[str]:
        """Names of the raw predictions."""
        return frozenset(slot.raw for slot in self.slots)

    def linked(self) -> Node:
        """Return the negative log-density with the inverse links put in, written out plainly."""
        expression = self.density.expression
        for slot in self.slots:
            raw, parameter = Symbol(slot.raw), self.density.parameter(slot.parameter)
            if slot.kind == "classes":
                expression = _replace_gather(expression, slot.parameter, raw)
            else:
                expression = substitute(expression, {slot.parameter: parameter.link.inverse(raw)})
        return call("neg", expression)

    def leads_inside(self, slot: Slot) -> bool:
        """Return whether every raw prediction of a slot makes a parameter of it that is inside its support."""
        parameter = self.density.parameter(slot.parameter)
        return parameter.link.leads_inside(parameter.support.bounds)

    # Names of the instance hold a dot or a bracket: no parameter of a density can be called so.

    def row(self, node: Node, index: int) -> Node:
        """Return `node` for row `index` of the instance: its own target and raw predictions."""
        names = (*self.targets, *self.raw_names)
        return substitute(node, {name: Symbol(f"{name}.{index}") for name in names})

    @property
    def moving(self) -> frozenset[str]:
        """Everything of the instance that changes when the weights do."""
        rows = {f"{raw}.{i}" for raw in self.raw_names for i in range(1, ROWS + 1)}
        return self.raw_names | rows | frozenset(self.weights())

    def sample(self, number: int) -> dict[str, Any]:
        """Return a value for every symbol of the instance, in mpmath; `number` says which point."""
        import mpmath as mp
        import numpy as np

        random = np.random.default_rng(1000 + number)
        values: dict[str, Any] = {}

        def target() -> list[Any]:
            for _ in range(50):  # of moderate size, where there is such a value
                drawn = np.atleast_1d(self.density.support.points(random, 1)[0])
                if np.abs(drawn[np.isfinite(drawn)]).max(initial=0.0) < _MODERATE:
                    break
            return [mp.mpf(float(value)) for value in drawn]

        for suffix in ("", *(f".{i}" for i in range(1, ROWS + 1))):
            values |= {name + suffix: v for name, v in zip(self.targets, target(), strict=True)}
            for slot in self.slots:
                drawn = [mp.mpf(float(v)) for v in 1.3 * random.normal(size=CLASSES)]
                if not self.leads_inside(slot):
                    drawn[0] = self._inside(slot, random)
                values[slot.raw + suffix] = drawn if slot.kind == "classes" else drawn[0]
        for parameter in self.density.parameters:
            if parameter.name not in {slot.parameter for slot in self.slots}:
                values[parameter.name] = mp.mpf(_moderate(parameter.support, random))
        self._bound(values)
        for slot in self.slots:
            values[slot.parameter] = self._parameter(slot, values)
        for name in (*(f"p(x.{i})" for i in range(1, ROWS + 1)), "p(D)", "p(W)"):
            values[name] = mp.mpf(0.2 + float(random.random()))
        for i in range(1, ROWS + 1):
            for c in range(1, COLUMNS + 1):
                values[f"x.{i}.{c}"] = mp.mpf(float(random.normal()))
        for name in self.weights():
            values[name] = mp.mpf(float(0.7 * random.normal()))
        self._keep_inside(values, random)
        if self.classes:
            values |= {"j": number % CLASSES, "k": (number // 2) % CLASSES}
        return {"w": mp.mpf(float(random.normal()))} | values

    def _bound(self, values: dict[str, Any]) -> None:
        """Make intervals of the ends of classes: each with a gap, the upper end that far above the lower one."""
        raws = {slot.parameter: slot.raw for slot in self.slots}
        ends = {p.name for p in self.density.parameters if p.support.kind in ("End", "Gap")}
        named = {name.rpartition("_")[2]: raws.get(name, name) for name in ends}
        if not {"lower", "upper"} <= set(named):
            return
        for suffix in ("", *(f".{i}" for i in range(1, ROWS + 1))):
            lower, upper, gap = (
                named.get(end, "") + (suffix if named.get(end) in self.raw_names else "")
                for end in ("lower", "upper", "gap")
            )
            width = values[gap] if gap in values else abs(values[upper] - values[lower])
            values[upper] = values[lower] + width

    def _keep_inside(self, values: dict[str, Any], random: Any) -> None:
        """Draw the columns of a row anew until its linear scores are raw predictions of the links.

        Outside a link the two sides of a claim may lie on different branches of a root, or of a logarithm.
        """
        import mpmath as mp

        narrow = [slot for slot in self.slots if not self.leads_inside(slot)]
        for i in range(1, ROWS + 1) if narrow else ():
            for _ in range(_DRAWS):
                if all(self._reaches(slot, i, values) for slot in narrow):
                    break
                for c in range(1, COLUMNS + 1):
                    values[f"x.{i}.{c}"] = mp.mpf(float(random.normal()))

    def _reaches(self, slot: Slot, index: int, values: Mapping[str, Any]) -> bool:
        """Return whether the linear score of a row is in the domain of the link, and its parameter in the support."""
        parameter = self.density.parameter(slot.parameter)
        score = Tape([self.score(slot, index)]).run(values, mpmath_meaning(), _exactly)[0]
        low, high = parameter.link.raws
        if slot.kind == "classes" or not low < score < high:
            return slot.kind == "classes"
        at = {slot.raw: score}
        first, last = parameter.support.bounds
        found = Tape([parameter.link.inverse(Symbol(slot.raw))]).run(at, mpmath_meaning(), _exactly)
        return bool(first < found[0] < last)

    def _inside(self, slot: Slot, random: Any) -> Any:
        """Return a raw prediction whose parameter is inside its support: another link may lead out of it."""
        import mpmath as mp

        parameter = self.density.parameter(slot.parameter)
        usable = _moderate(parameter.support, random, parameter.link.values)
        forward = parameter.link.forward(Symbol("p"))
        given = {"p": mp.mpf(usable)}
        return Tape([forward]).run(given, mpmath_meaning(), _exactly)[0]

    def _parameter(self, slot: Slot, values: Mapping[str, Any]) -> Any:
        """Return the modelled parameter that belongs to the raw prediction: statements in either can be compared."""
        link, raw = self.density.parameter(slot.parameter).link, Symbol(slot.raw)
        if slot.kind == "classes":
            nodes = [link.parameter(raw, as_node(k)) for k in range(CLASSES)]
        else:
            nodes = [link.parameter(raw)]
        result = Tape(nodes).run(values, mpmath_meaning(), _exactly)
        return result if slot.kind == "classes" else result[0]

    def weights(self) -> list[str]:
        """Return the names of the weights of the instance: one a column, for every slot (or class)."""
        if self.classes:
            return [f"w.{c}.{k}" for c in range(1, COLUMNS + 1) for k in range(CLASSES)]
        return [f"w.{c}.{slot.parameter}" for slot in self.slots for c in range(1, COLUMNS + 1)]

    def score(self, slot: Slot, index: int) -> Node:
        """Return the linear raw prediction of row `index` as an expression of the weights."""
        columns = range(1, COLUMNS + 1)

        def linear(last: str) -> Node:
            terms: list[Node] = [
                call("mul", Symbol(f"x.{index}.{c}"), Symbol(f"w.{c}.{last}")) for c in columns
            ]
            return call("add", *terms)

        if slot.kind == "classes":
            return Call("vector", tuple(linear(str(k)) for k in range(CLASSES)))
        return linear(slot.parameter)

    def at_scores(self, node: Node, index: int) -> Node:
        """Return `node` for row `index` with its raw predictions written as linear scores."""
        scores = {slot.raw: self.score(slot, index) for slot in self.slots}
        targets = {name: Symbol(f"{name}.{index}") for name in self.targets}
        return substitute(node, {**targets, **scores})


def _exactly(value: Fraction) -> Any:
    import mpmath as mp

    return mp.mpf(value.numerator) / value.denominator


def _moderate(
    support: Support, random: Any, values: tuple[float, float] = (-math.inf, math.inf)
) -> float:
    """Return a point of a support, and inside an interval, that is neither large nor small."""
    low, high = max(values[0], support.bounds[0]), min(values[1], support.bounds[1])
    drawn = support.points(random, 40)
    fitting = [v for v in drawn if 1e-2 < abs(v) < 50 and low < v < high]
    if fitting:
        return float(fitting[0])
    middle = (low + high) / 2 if math.isfinite(low + high) else max(low, -1.0) + 0.3
    return float(middle + random.random() / 4 * min(1.0, high - low))


def _raw_name(density: Density, modelled: Sequence[str]) -> str:
    """Return what raw predictions are called: eta, unless the density says eta itself."""
    taken = {density.target, *(parameter.name for parameter in density.parameters)}
    name = "eta"
    while taken & {name, *(f"{name}_{parameter}" for parameter in modelled)}:
        name = f"raw_{name}"
    return name


def _replace_gather(node: Node, vector: str, raw: Node) -> Node:
    """Write p[y] as the softmax of the raw scores at y, and the mean of log p by the scores."""
    if isinstance(node, Call):
        if node == Call("mean_log", (Symbol(vector),)):
            return call("sub", Call("average", (raw,)), Call("logsumexp", (raw,)))
        if node.head == "gather" and node.args[0] == Symbol(vector):
            return Call("softmax", (raw, node.args[1]))
        return call(node.head, *(_replace_gather(arg, vector, raw) for arg in node.args))
    return node
