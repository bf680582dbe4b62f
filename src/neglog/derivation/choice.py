"""Choosing a stable form by measurement.

The error of a form at a point is counted in units of what one rounding of each input could do to the exact result,
``eps (|f| + sum_i |x_i df/dx_i|)`` over raw predictions, target and hyperparameters. That measure knows nothing of
any formula; mpmath supplies f and its derivatives. Two thirds of the points choose, the others judge.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neglog.derivation.exact import Exact
from neglog.derivation.points import Points
from neglog.losses import Certificate
from neglog.symbolic.expression import Call, Node, evaluate, walk
from neglog.symbolic.heads import numpy_meaning, numpy_number

__all__ = ["Choice"]

_MEANING = numpy_meaning()


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A form and how it did; candidates compare by `rank`, the least first."""

    rank: tuple[int, float, int, int]
    name: str
    node: Node
    origin: tuple[str, Any]
    judged: NDArray[np.float64]


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
        with np.errstate(all="ignore"):
            result = evaluate(node, self.points.values, _MEANING, numpy_number)
            computed = np.broadcast_to(np.asarray(result, dtype=np.float64), (self.points.size,))
        errors = self.exact.errors(computed)
        judges = np.arange(self.points.size) % 3 == 2
        chosen_on = errors[~judges]
        bad = int(np.sum(chosen_on > self.bound))
        # Within half the bound a shorter form wins: it is faster and easier to read.
        worst = max(float(np.max(chosen_on[np.isfinite(chosen_on)], initial=0.0)), self.bound / 2)
        length = sum(1 for _ in walk(node))
        rank = (bad, round(worst, 1), length, len(self._candidates))
        name = "; ".join(word for word in (origin[0], finish) if word)
        self._candidates[node] = _Candidate(rank, name, node, origin, errors[judges])

    @property
    def settled(self) -> bool:
        """Whether a form was found that keeps its digits: then no more need be tried."""
        return bool(self._candidates) and min(c.rank[:2] for c in self._candidates.values()) <= (
            0,
            self.bound / 2,
        )

    def leaders(self, number: int) -> list[tuple[str, Any]]:
        """Return the named expressions that the best candidates were lowered from, the best first."""
        ranked = sorted(self._candidates.values(), key=lambda c: c.rank)
        return list(dict.fromkeys(candidate.origin for candidate in ranked))[:number]

    def best(self) -> tuple[Node, Certificate]:
        """Return the best candidate and its certificate."""
        winner = min(self._candidates.values(), key=lambda c: c.rank)
        settled = winner.judged[~np.isnan(winner.judged)]
        error = float(np.max(settled, initial=0.0))
        return winner.node, Certificate(
            self.output, winner.name, error, self.bound, len(settled), len(self._candidates)
        )


def _computable(node: Node) -> bool:
    return all(part.head in _MEANING for part in walk(node) if isinstance(part, Call))
