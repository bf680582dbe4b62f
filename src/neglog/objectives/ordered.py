"""Linear scores for ordered classes: one raw prediction x_i' beta a row, and cutpoints that all rows share.

Theta holds the coefficients and then the cutpoints themselves. The loss of a row takes the ends of its class and the
gap between them; each cutpoint collects what the rows of the two classes beside it say:

    d/dc_k = sum over y = k of (l_upper + l_gap) + sum over y = k + 1 of (l_lower - l_gap)

Cutpoints need no transformation to stay in order: a class between two of them has a probability that goes to 0 with
their gap, and beyond it is 0, so the loss is infinite and no line search goes there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement

import numpy as np
import numpy.typing as npt

from neglog._typing import Floats
from neglog.objectives.kernel import RowKernel
from neglog.objectives.linear import RowTerms, add_gram
from neglog.objectives.rows import Block
from neglog.symbolic.cutpoints import ends_of

__all__ = ["OrderedClasses"]

_SLOTS = ("", "lower", "upper", "gap")
_OF_UPPER, _OF_LOWER = {"upper": 1.0, "gap": 1.0}, {"lower": 1.0, "gap": -1.0}


@dataclass(frozen=True)
class OrderedClasses:
    """Scores for the kernel of a row law, whose raw predictions are a score and ends of a class.

    Attributes
    ----------
    class_names : tuple of str
        The K classes, lowest first.
    coefficient_names : tuple of str
        The columns of the one design; no intercept, for which the cutpoints stand.
    ends : tuple of str
        What the kernel takes after the score: ``lower``, ``upper`` and, of most laws, ``gap``.
    """

    class_names: tuple[str, ...]
    coefficient_names: tuple[str, ...]
    ends: tuple[str, ...]

    @cached_property
    def cutpoint_names(self) -> tuple[str, ...]:
        """``low|high``, one between each two neighbours."""
        return tuple(
            f"{a}|{b}" for a, b in zip(self.class_names, self.class_names[1:], strict=False)
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The coefficients, then the cutpoints."""
        return (*self.coefficient_names, *self.cutpoint_names)

    @property
    def columns(self) -> int:
        """The design, and a column for each cutpoint."""
        return len(self.names)

    @property
    def slopes(self) -> slice:
        """Where the coefficients lie in theta."""
        return slice(0, len(self.coefficient_names))

    def cutpoints(self, theta: Floats) -> Floats:
        """Return the cutpoints."""
        return theta[len(self.coefficient_names) :]

    def forward(self, theta: Floats, block: Block) -> list[Floats]:
        """Return the score and the ends of the class of each row."""
        score = _design(block) @ theta[self.slopes]
        if block.offset is not None:
            score = score + block.offset
        found = ends_of(self.cutpoints(theta), _codes(block))
        return [score, *(np.ascontiguousarray(found[end]) for end in self.ends)]

    def losses(self, raws: list[Floats], block: Block, kernel: RowKernel, order: int) -> RowTerms:
        """Evaluate the kernel, and bring its derivatives to the score, the upper and the lower cutpoint of each row."""
        value, slopes, curves = kernel.columns(block.y, raws, block.weights, order)
        if "gap" in self.ends:  # cutpoints out of order: whatever the formula says of such a class
            value = np.where(raws[1 + self.ends.index("gap")] > 0.0, value, np.inf)
        else:
            lower, upper = (raws[1 + self.ends.index(end)] for end in ("lower", "upper"))
            value = np.where(lower < upper, value, np.inf)
        if order == 0:
            return RowTerms(value, (), ())
        parts = self._parts
        gradient = [_sum([f * slopes[j] for j, f in part.items()]) for part in parts]
        if order == 1:
            return RowTerms(value, gradient, ())
        k = len(raws)
        place = {pair: n for n, pair in enumerate(combinations_with_replacement(range(k), 2))}
        hessian = [
            _sum(
                [
                    f * g * curves[place[min(i, j), max(i, j)]]
                    for i, f in one.items()
                    for j, g in other.items()
                ]
            )
            for one, other in combinations_with_replacement(parts, 2)
        ]
        return RowTerms(value, gradient, hessian)

    @cached_property
    def _parts(self) -> tuple[dict[int, float], ...]:
        """How the score, the upper and the lower cutpoint move the raw predictions of a row."""
        found: list[dict[int, float]] = [{0: 1.0}]
        for moved in (_OF_UPPER, _OF_LOWER):
            found.append({1 + j: moved[end] for j, end in enumerate(self.ends) if end in moved})
        return tuple(found)

    def _spread(self, block: Block, upper: Floats, lower: Floats) -> Floats:
        """Return the matrix [b, K-1] with `upper` at the upper cutpoint of each row and `lower` at its lower one."""
        codes, cuts = _codes(block), len(self.class_names) - 1
        spread = np.zeros((codes.size, cuts))
        below, above = np.flatnonzero(codes < cuts), np.flatnonzero(codes > 0)
        spread[below, codes[below]] = upper[below]
        spread[above, codes[above] - 1] = lower[above]
        return spread

    def add_gradient(self, block: Block, terms: RowTerms, out: Floats) -> None:
        """Add X' g to the coefficients and the ends' derivatives to the cutpoints."""
        score, upper, lower = terms.gradient
        out[self.slopes] += score @ _design(block)
        self.cutpoints(out)[:] += self._spread(block, upper, lower).sum(axis=0)

    def add_hessian(self, block: Block, terms: RowTerms, out: Floats) -> None:
        """Add the coefficients' block, the cutpoints' tridiagonal one, and what lies between."""
        X, p = _design(block), len(self.coefficient_names)
        h, to_upper, to_lower, uu, ul, ll = terms.hessian
        add_gram(X, h, out[:p, :p])
        cross = X.T @ self._spread(block, to_upper, to_lower)
        out[:p, p:] += cross
        out[p:, :p] += cross.T
        codes, cuts = _codes(block), len(self.class_names) - 1
        place = np.arange(cuts)
        out[p + place, p + place] += self._spread(block, uu, ll).sum(axis=0)
        inner = (codes > 0) & (codes < cuts)
        both = np.bincount(codes[inner], weights=ul[inner], minlength=cuts)[1:cuts]
        out[p + place[1:], p + place[:-1]] += both
        out[p + place[:-1], p + place[1:]] += both

    def add_score_products(self, block: Block, terms: RowTerms, out: Floats) -> None:
        """Add sum_i w_i g_i g_i', g_i the gradient of row i in theta; the terms hold w_i g_i already."""
        weights = 1.0 if block.weights is None else np.where(block.weights > 0, block.weights, 1.0)
        products = [a * b / weights for a, b in combinations_with_replacement(terms.gradient, 2)]
        self.add_hessian(block, RowTerms(terms.value, terms.gradient, products), out)

    def add_diagonal(self, block: Block, terms: RowTerms, out: Floats) -> None:
        """Add the diagonal of the Hessian."""
        h, _, _, uu, _, ll = terms.hessian
        out[self.slopes] += h @ np.square(_design(block))
        self.cutpoints(out)[:] += self._spread(block, uu, ll).sum(axis=0)

    def add_product(self, block: Block, terms: RowTerms, vector: Floats, out: Floats) -> None:
        """Push the vector forward to score and cutpoints of the rows, multiply, pull the result back."""
        codes, cuts = _codes(block), len(self.class_names) - 1
        moves = np.concatenate([[0.0], self.cutpoints(vector), [0.0]])
        ways = (_design(block) @ vector[self.slopes], moves[codes + 1], moves[codes])
        h, to_upper, to_lower, uu, ul, ll = terms.hessian
        first, last = codes == 0, codes == cuts
        to_upper, uu = (np.where(last, 0.0, part) for part in (to_upper, uu))
        to_lower, ll = (np.where(first, 0.0, part) for part in (to_lower, ll))
        ul = np.where(first | last, 0.0, ul)
        matrix = ((h, to_upper, to_lower), (to_upper, uu, ul), (to_lower, ul, ll))
        pulled = [_sum([a * b for a, b in zip(row, ways, strict=True)]) for row in matrix]
        self.add_gradient(block, RowTerms(terms.value, pulled, ()), out)


def _sum(parts: Sequence[Floats]) -> Floats:
    """Add columns in their order."""
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _codes(block: Block) -> npt.NDArray[np.intp]:
    return block.y.astype(np.intp)


def _design(block: Block) -> Floats:
    (X,) = block.designs
    assert X is not None
    return X
