"""What a law looks at: a family or loss with its kernel, settings of its parameters, and points to compare at."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from neglog._typing import Floats
from neglog.derivation.exact import Exact, exact
from neglog.derivation.obtain import obtain
from neglog.derivation.points import Points, draw
from neglog.errors import AccuracyWarning
from neglog.families.distribution import Distribution
from neglog.kernels import Kernel
from neglog.losses import Loss
from neglog.symbolic.cutpoints import cutpoints_of, ends_of, row_law
from neglog.symbolic.density import Density, Parameter
from neglog.symbolic.expression import Node, Symbol, evaluate
from neglog.symbolic.heads import numpy_meaning, numpy_number

__all__ = ["Subject"]

# Ordinary values of a parameter; the fourth setting repeats the first of one parameter beside the last of another.
_ORDINARY: dict[str, tuple[float, ...]] = {
    "Real": (0.3, -0.7, 1.2),
    "Positive": (1.3, 0.7, 2.4),
    "NonNegative": (1.3, 0.7, 2.4),
    "UnitInterval": (0.3, 0.6, 0.85),
}
_CLASSES = ([0.2, 0.5, 0.3], [0.7, 0.2, 0.1], [0.1, 0.1, 0.8])
_CUTS = ([-0.7, 0.4, 1.9], [-1.5, -0.2, 0.3], [0.0, 0.5, 2.5])
SETTINGS = 3
TRIALS = 7


@dataclass(frozen=True)
class Subject:
    """A family or a loss under test.

    Attributes
    ----------
    declared : Family or declared loss
        What its author wrote.
    points : int
        At how many points numbers are compared.
    seed : int
        Which points: others than those that chose the stable forms.
    """

    declared: Any
    points: int = 60
    seed: int = 0

    @property
    def name(self) -> str:
        """Name of the family or loss."""
        return str(self.declared.name)

    @property
    def density(self) -> Density:
        """The log-density; of a loss without a likelihood, minus the loss."""
        density: Density = self.declared.density
        return density

    @cached_property
    def law(self) -> Density:
        """The law of one observation: of ordered classes its row law, else the density itself."""
        return row_law(self.density)

    @cached_property
    def loss(self) -> Loss:
        """The derived loss, all free parameters modelled."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AccuracyWarning)  # the laws measure for themselves
            return obtain(self.density, self.law.free)

    @cached_property
    def kernel(self) -> Kernel:
        """The loss as a function of arrays."""
        return Kernel(self.loss)

    @property
    def bounds(self) -> Mapping[str, float]:
        """The error that each output may have, by its certificate's name."""
        return {certificate.output: certificate.bound for certificate in self.loss.certificates}

    def setting(self, number: int) -> dict[str, Any]:
        """Return ordinary values for all parameters; `number` says which."""
        found = {
            p.name: _ordinary(p, number + place) for place, p in enumerate(self.density.parameters)
        }
        if self.density.support.bounds == (0.0, 1.0) and not self.density.support.discrete:
            # Small precisions pile mass up at 1, closer than float64 can tell apart.
            for p in self.density.parameters:
                if p.support.kind == "Positive" and p.value is None:
                    found[p.name] *= 10
        return {**found, **self.ends(found, np.array([1.0]))}

    def ends(self, setting: Mapping[str, Any], codes: Floats) -> dict[str, Any]:
        """Return the ends of classes under a setting; none where classes have no order."""
        cuts = cutpoints_of(self.density)
        if cuts is None:
            return {}
        found = ends_of(np.asarray(setting[cuts]), codes.astype(np.int64))
        return {f"{cuts}_{end}": v if len(v) > 1 else float(v[0]) for end, v in found.items()}

    @property
    def scored(self) -> list[int]:
        """Numbers of the raw predictions whose score has mean 0: the ends of a class depend on the class."""
        return [
            j
            for j, slot in enumerate(self.loss.slots)
            if self.law.parameter(slot.parameter).support.kind not in ("End", "Gap")
        ]

    def hyper(self, setting: Mapping[str, Any]) -> dict[str, float]:
        """Return the values of a setting that a kernel takes as run-time scalars."""
        return {name: setting[name] for name in self.loss.hyper}

    def distribution(self, setting: Mapping[str, Any]) -> Distribution:
        """Return the law with the values of a setting."""
        return Distribution(self.declared, setting)

    def on_a_line(self, setting: Mapping[str, Any]) -> Distribution:
        """Return the law of one number with the values of a setting: of k where the target is k out of n."""
        law = self.distribution(setting)
        return law.given(n=TRIALS) if self.density.support.kind == "CountOf" else law

    def targets(self, values: Mapping[str, Floats]) -> Floats:
        """Return the target at points that hold each of its columns by name: [m], or [m, fields]."""
        columns = [values[name] for name, _ in self.density.targets]
        return columns[0] if len(columns) == 1 else np.column_stack(columns)

    def mean_of(self, setting: Mapping[str, Any]) -> Callable[[Callable[[Floats], Floats]], float]:
        """Return the expectation under a setting, from the density alone: a function of functions of the target."""
        law = self.distribution(setting)
        outcomes = self.outcomes
        if outcomes is None:
            return law.numeric()[0].moment
        masses = np.exp(law.log_prob(outcomes))
        return lambda function: float(np.sum(masses * function(outcomes)))

    @property
    def outcomes(self) -> Floats | None:
        """All values of a target that has few, a row each; None where it has many."""
        kind = self.density.support.kind
        if kind == "Binary":
            return np.arange(2.0)
        if kind == "CountOf":
            return np.column_stack([np.arange(TRIALS + 1.0), np.full(TRIALS + 1, float(TRIALS))])
        if cutpoints_of(self.density) is not None:
            return np.arange(len(_CUTS[0]) + 1.0)
        return None

    def raws(self, setting: Mapping[str, Any]) -> list[float]:
        """Return the raw predictions of the modelled parameters of a setting."""
        return [
            float(at(self.law.parameter(slot.parameter).link.forward(Symbol("p")), p=setting[slot.parameter]))
            for slot in self.loss.slots
        ]  # fmt: skip

    @cached_property
    def comparison(self) -> tuple[Points, list[tuple[str, Exact]]]:
        """Points over the whole range, and the exact outputs of the complete loss there, by output."""
        import sympy as sp

        from neglog.derivation.rewriting import open_logs
        from neglog.derivation.workings import Workings
        from neglog.symbolic.calculus import derivative, from_sympy, to_sympy

        w = Workings.begin(self.law, self.law.free, None, self.points)
        points = draw(
            self.law,
            {s.raw: s.parameter for s in w.slots},
            w.hyper,
            self.points,
            101 + self.seed,
        )
        inputs = [name for name in points.values if not self._is_label(name)]
        whole = open_logs(to_sympy(w.linked(), w.symbols))
        known: dict[tuple[str, ...], Node] = {}

        def partial(*names: str) -> Node:
            key = tuple(sorted(names))
            if key not in known:
                known[key] = from_sympy(sp.sympify(derivative(whole, *(w.symbols[n] for n in key))))
            return known[key]

        raws = [slot.raw for slot in w.slots]
        pairs = [(a, b) for i, a in enumerate(raws) for b in raws[i:]]
        orders: list[tuple[str, ...]] = [(), *((raw,) for raw in raws), *pairs]
        outputs = [
            [partial(*order), *(partial(*order, name) for name in inputs)] for order in orders
        ]
        kinds = ("value", "gradient", "hessian")
        names = [" ".join([kinds[len(order)], *order]) for order in orders]
        return points, list(zip(names, exact(outputs, inputs, points), strict=True))

    def _is_label(self, name: str) -> bool:
        """Whether an input is exact: a label is not rounded."""
        return name == self.density.target and self.density.support.kind in ("Binary", "Label")

    def computed(self, engine: str, order: int = 2) -> dict[str, Floats]:
        """Return what the kernel gives at the comparison points, by output."""
        points, exacts = self.comparison
        y, columns = (
            self.targets(points.values),
            [points.values[s.raw] for s in self.loss.slots],
        )
        raw = columns[0] if len(columns) == 1 else np.column_stack(columns)
        hyper = [points.values[name] for name in self.loss.hyper]
        if not hyper:
            return self._outputs(exacts, self.kernel.evaluate(y, raw, order=order, engine=engine))
        rows = [
            self._outputs(
                exacts,
                self.kernel.evaluate(
                    y[i : i + 1], raw[i : i + 1], order=order, engine=engine,
                    hyper={name: float(h[i]) for name, h in zip(self.loss.hyper, hyper, strict=True)},
                ),
            )
            for i in range(points.size)
        ]  # fmt: skip
        return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}

    @staticmethod
    def _outputs(exacts: Sequence[tuple[str, Exact]], evaluation: Any) -> dict[str, Floats]:
        parts = [part for part in evaluation if part is not None]
        columns = np.column_stack([np.reshape(part, (len(evaluation.value), -1)) for part in parts])
        return {
            name: columns[:, i]
            for i, (name, _) in zip(range(columns.shape[1]), exacts, strict=False)
        }


def at(node: Node, **values: Any) -> Any:
    """Evaluate an expression in NumPy."""
    with np.errstate(all="ignore"):
        return evaluate(
            node, {k: np.asarray(v, dtype=np.float64) for k, v in values.items()}, numpy_meaning(), numpy_number
        )  # fmt: skip


def _ordinary(parameter: Parameter, number: int) -> Any:
    if parameter.value is not None:
        return parameter.value
    kind, which = parameter.support.kind, number % SETTINGS
    if kind == "ClassVector":
        return _CLASSES[which]
    if kind == "Ordered":
        return _CUTS[which]
    if kind in _ORDINARY:
        return _ORDINARY[kind][which]
    low, high = parameter.support.bounds
    return low + (high - low) * (0.5, 0.3, 0.8)[which]
