"""Choosing a stable form by measurement.

The error of a form at a point is counted in units of what one rounding of each input could do to the exact result,
``eps (|f| + sum_i |x_i df/dx_i|)`` over raw predictions, target and hyperparameters. That measure knows nothing of
any formula; mpmath supplies f and its derivatives. Two thirds of the points choose, the others judge.

Where no form keeps its digits everywhere, two may: ``where(eta < c, A, B)``. One such split is tried for an output, at
thresholds a person would write, on the symbols and on what stands inside a logarithm; it has to win by measurement too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neglog._typing import Floats
from neglog.derivation.exact import Exact
from neglog.derivation.points import Points
from neglog.derivation.saturation import zero_kept
from neglog.losses import Certificate, Region
from neglog.symbolic.expression import Call, Node, Symbol, as_node, evaluate, free_symbols, walk
from neglog.symbolic.heads import numpy_meaning, numpy_number
from neglog.symbolic.text import to_text

__all__ = ["EVERYWHERE", "Choice"]

_MEANING = numpy_meaning()
_SIZES = (0.01, 0.1, 0.3, 1.0, 3.0, 5.0, 10.0, 15.0, 20.0, 30.0, 100.0, 700.0)
_THRESHOLDS = (0.0, *_SIZES, *(-size for size in _SIZES))
# Fewer points on one side of a split prove nothing about it.
_FEWEST = 2
EVERYWHERE = "everywhere"
"""The region of a form that is used at all points."""

# Thresholds are tried on what stands inside these heads, in so many of the best forms.
_LOGARITHMS = ("log1p", "log1pmx", "softplus", "log1mexp", "expm1mx")
_LEADING = 12

_Part: TypeAlias = "tuple[str, str, NDArray[np.bool_]]"  # condition, form, points


@dataclass(frozen=True, slots=True, eq=False)
class _Candidate:
    """A form and how it did; candidates compare by `rank`, the least first."""

    rank: tuple[int, float, int, int, int]
    name: str
    node: Node
    origins: tuple[tuple[str, Any], ...]
    errors: Floats
    regions: tuple[_Part, ...]

    def within(self, condition: str, where: NDArray[np.bool_]) -> tuple[_Part, ...]:
        """Return the regions of the form where it is used under a condition only."""
        return tuple(
            (condition if own == EVERYWHERE else f"{condition} and {own}", name, where & place)
            for own, name, place in self.regions
            if (where & place).any()
        )


@dataclass(slots=True)
class Choice:
    """Equal forms of one output, measured one after another.

    Attributes
    ----------
    output : str
        What is being chosen, for the certificate.
    points : Points
        Every third point judges, the others choose.
    exact : Exact
        The exact values.
    bound : float
        The error asked for.
    """

    output: str
    points: Points
    exact: Exact
    bound: float
    _candidates: dict[Node, _Candidate] = field(default_factory=dict)

    def enter(self, node: Node, finish: str, origin: tuple[str, Any]) -> None:
        """Measure a form: a tree, how it was finished, and the named expression it was lowered from."""
        if node in self._candidates or not _computable(node):
            return
        name = "; ".join(word for word in (origin[0], finish) if word)
        everywhere = np.ones(self.points.size, dtype=bool)
        self._add(node, name, (origin,), ((EVERYWHERE, name, everywhere),))

    def keep_zeros(self) -> None:
        """Enter forms once more, their products 0 where a factor is: the last resort."""
        ranked = sorted(self._candidates.values(), key=lambda c: c.rank)
        whole = [candidate for candidate in ranked if len(candidate.regions) == 1]
        for candidate in dict.fromkeys((*ranked[:_LEADING], *whole[: 2 * _LEADING])):
            node = zero_kept(candidate.node)
            if node not in self._candidates:
                name = f"{candidate.name}; zeros kept"
                regions = tuple((where, name, points) for where, _, points in candidate.regions)
                self._add(node, name, candidate.origins, regions)

    def split(self, names: Sequence[str]) -> None:
        """Enter the best form ``where(variable < threshold, A, B)``: a variable of `names`, or inside a logarithm."""
        candidates = sorted(self._candidates.values(), key=lambda c: c.rank)
        insides = (part for c in candidates[:_LEADING] for part in _inside_logarithms(c.node))
        known = self.points.values.keys()
        insides = (
            part for part in insides if free_symbols(part) <= known
        )  # not the index of a sum
        variables = list(dict.fromkeys([*map(Symbol, names), *insides]))
        errors = np.nan_to_num(np.stack([c.errors for c in candidates]), nan=0.0, posinf=np.inf)
        lengths = np.array([c.rank[3] for c in candidates])
        best: tuple[tuple[int, float, int], list[tuple[float, int, int]]] | None = None
        for place, variable in enumerate(variables):
            values = self._values(variable)
            for threshold in _THRESHOLDS:
                below = values < threshold
                sides = [side & ~self._judges for side in (below, ~below)]
                if min(side.sum() for side in sides) < _FEWEST:
                    continue
                a, b = (self._least(errors[:, side], lengths) for side in sides)
                if a == b:
                    continue
                both = np.concatenate(
                    [errors[i, side] for i, side in zip((a, b), sides, strict=True)]
                )
                rank = (*self._score(both), place)
                if best is None or rank < best[0]:
                    best = (rank, [])
                if rank == best[0]:
                    best[1].append((threshold, a, b))
        if best is None:
            return
        (_, _, place), equal = best
        threshold, a, b = sorted(equal)[len(equal) // 2]  # far from where either stops being good
        condition = Call("lt", (variables[place], as_node(threshold)))
        one, other = candidates[a], candidates[b]
        node = Call("where", (condition, one.node, other.node))
        below = self._values(variables[place]) < threshold
        text = f"{to_text(variables[place])} {{}} {to_text(as_node(threshold))}"
        regions = (*one.within(text.format("<"), below), *other.within(text.format(">="), ~below))
        name = f"{one.name} | {other.name}"
        self._add(node, name, (*one.origins, *other.origins), regions)

    @property
    def settled(self) -> bool:
        """Whether a form was found that keeps its digits: then no more need be tried."""
        return bool(self._candidates) and min(c.rank[:3] for c in self._candidates.values()) <= (
            0,
            self.bound / 2,
            0,
        )

    def leaders(self, number: int) -> list[tuple[str, Any]]:
        """Return the named expressions that together do best: each next one is good where those before are not."""
        ranked = sorted(self._candidates.values(), key=lambda c: c.rank)
        chosen = list(ranked[0].origins)
        losses = [self._loss(candidate) for candidate in ranked]
        covered = losses[0]
        while len(set(chosen)) < number:
            gains = [float(np.sum(np.minimum(covered, loss))) for loss in losses]
            best = int(np.argmin(gains))
            if gains[best] >= float(np.sum(covered)):
                break
            covered = np.minimum(covered, losses[best])
            chosen += ranked[best].origins
        chosen += [origin for candidate in ranked for origin in candidate.origins]
        return list(dict.fromkeys(chosen))[:number]

    def best(self) -> tuple[Node, Certificate]:
        """Return the best candidate and its certificate."""
        winner = min(self._candidates.values(), key=lambda c: c.rank)
        regions = tuple(
            Region(
                condition,
                name,
                *self._judged(winner.errors, where),
                self._usual(winner.errors, where),
            )
            for condition, name, where in winner.regions
        )
        error, number = self._judged(winner.errors, np.ones(self.points.size, dtype=bool))
        return winner.node, Certificate(
            self.output, winner.name, error, self.bound, number, len(self._candidates), regions
        )

    @property
    def _judges(self) -> NDArray[np.bool_]:
        judges: NDArray[np.bool_] = np.arange(self.points.size) % 3 == 2
        return judges

    def _judged(self, errors: Floats, where: NDArray[np.bool_]) -> tuple[float, int]:
        """Return the largest error at the points held out, and how many of them there are."""
        settled = errors[where & self._judges & ~np.isnan(errors)]
        return float(np.max(settled, initial=0.0)), len(settled)

    def _usual(self, errors: Floats, where: NDArray[np.bool_]) -> float | None:
        """Return the largest error at points held out that are as data have them; None where there are none."""
        settled = errors[where & self._judges & self.points.usual & ~np.isnan(errors)]
        return float(np.max(settled)) if settled.size else None

    def _values(self, variable: Node) -> Floats:
        with np.errstate(all="ignore"):
            result = evaluate(variable, self.points.values, _MEANING, numpy_number)
        return np.broadcast_to(np.asarray(result, dtype=np.float64), (self.points.size,))

    def _add(
        self,
        node: Node,
        name: str,
        origins: tuple[tuple[str, Any], ...],
        regions: tuple[_Part, ...],
    ) -> None:
        values = self._values(node)
        errors = self.exact.errors(values)
        # Within half the bound a shorter form wins: it is faster and easier to read.
        length = sum(1 for _ in walk(node))
        # Where mpmath cannot tell the exact value no form is right that has none.
        unknown = int(np.sum(np.isnan(values[~self._judges])))
        rank = (*self._score(errors[~self._judges]), unknown, length, len(self._candidates))
        self._candidates[node] = _Candidate(rank, name, node, origins, errors, regions)

    def _score(self, errors: Floats) -> tuple[int, float]:
        """Return how many errors are too large, and the largest that is finite."""
        worst = max(float(np.max(errors[np.isfinite(errors)], initial=0.0)), self.bound / 2)
        return int(np.sum(errors > self.bound)), float(f"{worst:.2g}")

    def _least(self, errors: Floats, lengths: NDArray[np.int_]) -> int:
        """Return the number of the candidate that does best at some of the points."""
        bad = np.sum(errors > self.bound, axis=1)
        worst = np.maximum(
            np.max(np.where(np.isfinite(errors), errors, 0.0), axis=1), self.bound / 2
        )
        return int(np.lexsort((lengths, worst, bad))[0])

    def _loss(self, candidate: _Candidate) -> Floats:
        """Return how badly a candidate does at each choosing point, digits lost beyond the bound."""
        errors = np.nan_to_num(candidate.errors[~self._judges], nan=0.0, posinf=1e300)
        return np.log(np.clip(errors, self.bound / 2, 1e300))


def _computable(node: Node) -> bool:
    return all(part.head in _MEANING for part in walk(node) if isinstance(part, Call))


def _inside_logarithms(node: Node) -> Iterator[Node]:
    """Yield what stands inside logarithms: where it is small, other forms do than where it is large."""
    for part in walk(node):
        if isinstance(part, Call) and part.head in _LOGARITHMS:
            yield part.args[0]
