"""An objective with kinks: rounded, for a solver to follow; and with some rows held at their kink, to finish exactly.

Where the loss of a row has a kink at raw = e, its derivative jumps there from `low` to `high`. At the minimum some rows
rest on their kinks, as the median rests on a datum. With these rows *held*,

    minimise  sum over the other rows + penalty   subject to   x_i' beta = e_i for the rows that rest,

is smooth, and its multipliers say whether it is the minimum of the whole: each must lie between low and high.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from neglog._typing import Floats
from neglog.kernels import Kernel
from neglog.objectives.likelihood import LikelihoodObjective
from neglog.objectives.linear import Linear
from neglog.objectives.penalty import Flat, RoundedPenalty
from neglog.objectives.rows import Block
from neglog.symbolic.differential import slope
from neglog.symbolic.expression import Node, evaluate
from neglog.symbolic.heads import numpy_meaning, numpy_number

__all__ = ["KinkedObjective", "Resting"]


@dataclass(frozen=True, eq=False)
class Resting:
    """Rows and coefficients that rest on a kink.

    Attributes
    ----------
    rows : ndarray of int, shape (m,)
        Rows whose first raw prediction rests.
    raws : ndarray of shape (m,)
        Where: the raw predictions at the kinks.
    matrix, level : ndarray of shape (m + c, size), (m + c,)
        Resting means ``matrix @ theta = level``: the m rows, then the c coefficients.
    low, high : ndarray of shape (m + c,)
        The derivatives on both sides of each kink.
    """

    rows: npt.NDArray[np.intp]
    raws: Floats
    matrix: Floats
    level: Floats
    low: Floats
    high: Floats

    def only(self, kept: npt.NDArray[np.intp]) -> Resting:
        """Return some of them, by their places in `level`."""
        kept = np.sort(kept)
        first = kept[kept < self.rows.size]
        return Resting(
            self.rows[first],
            self.raws[first],
            self.matrix[kept],
            self.level[kept],
            self.low[kept],
            self.high[kept],
        )


@dataclass(frozen=True, eq=False)
class KinkedObjective:
    """An objective with kinks in its loss, perhaps also in its penalty.

    Attributes
    ----------
    objective : LikelihoodObjective
        With linear scores; what is minimised.
    rounded_kernel : Kernel
        The loss with rounded kinks.
    width : str
        The hyperparameter of `rounded_kernel` that says how wide.
    places : tuple of Node
        Expressions that vanish where the loss may have a kink.
    hyper : mapping of str to float
        Values of the hyperparameters.
    """

    objective: LikelihoodObjective
    rounded_kernel: Kernel
    width: str
    places: tuple[Node, ...]
    hyper: Mapping[str, float]

    def rounded(self, width: float) -> LikelihoodObjective:
        """Return the objective with kinks rounded to a width, in the units of the places."""
        objective = self.objective
        kernel = self.rounded_kernel.with_hyper({self.width: width})
        at = objective.penalty.kinks(objective.size)
        penalty = (
            RoundedPenalty(objective.penalty, at, width / self._unit)
            if at.any
            else objective.penalty
        )
        return replace(objective, kernel=kernel, penalty=penalty)

    @cached_property
    def _unit(self) -> float:
        """The size of a column, so that a width of the places is one of the coefficients."""
        design = self.objective.rows.designs[0]
        assert design is not None
        return float(np.sqrt(np.mean(np.square(design)))) or 1.0

    def distances(self, theta: Floats) -> Floats:
        """Return the value of every place in every row, [n, places]."""
        raws = self.objective.raw_predictions(theta)
        return np.column_stack([self._at(place, raws) for place in self.places])

    def _names(self, raws: list[Floats]) -> dict[str, Any]:
        slots = self.rounded_kernel.loss.slots
        density = self.rounded_kernel.loss.density
        y = self.objective.rows.y
        values: dict[str, Any] = dict(self.hyper)
        values |= {slot.raw: raw for slot, raw in zip(slots, raws, strict=True)}
        columns = [y] if y.ndim == 1 else list(y.T)
        values |= {name: column for (name, _), column in zip(density.targets, columns, strict=True)}
        return values

    def _at(self, node: Node, raws: list[Floats]) -> Floats:
        with np.errstate(all="ignore"):
            found = evaluate(node, self._names(raws), numpy_meaning(), numpy_number)
        return np.broadcast_to(np.asarray(found, dtype=np.float64), raws[0].shape)

    def near(self, theta: Floats, reach: float) -> Resting:
        """Return the rows and coefficients that lie within `reach` of a kink.

        Parameters
        ----------
        theta : ndarray of shape (size,)
            Where.
        reach : float
            In the units of the places.

        Returns
        -------
        Resting
            Convex kinks only, and only those whose place depends on the first raw prediction alone.
        """
        objective = self.objective
        scores, rows = objective.scores, objective.rows
        assert isinstance(scores, Linear)
        raws = objective.raw_predictions(theta)
        first = self.rounded_kernel.loss.slots[0].raw
        where = np.full(rows.n, np.nan)
        low, high = np.zeros(rows.n), np.zeros(rows.n)
        for place in self.places:
            at, step = raws, slope(place, first)
            close = np.abs(self._at(place, raws)) <= reach
            for _ in range(4):
                with np.errstate(all="ignore"):
                    at = [at[0] - self._at(place, at) / self._at(step, at), *at[1:]]
            with np.errstate(all="ignore"):
                others = self._at(place, [at[0], *(raw + 1.0 for raw in at[1:])])
                close &= np.abs(others) <= 1e-9 * (1.0 + np.abs(at[0]))
            centre = np.where(close & np.isfinite(at[0]) & np.isnan(where), at[0], np.nan)
            below, above = self._sides(centre, raws, 1e-8)
            wide = np.subtract(*self._sides(centre, raws, 1e-7)[::-1])
            with np.errstate(invalid="ignore"):
                # A curve that is only steep changes its slope the less, the nearer one looks.
                kink = above - below > 0.5 * np.abs(wide)
                kink &= above - below > 1e-6 * (np.abs(below) + np.abs(above))
            where[kink], low[kink], high[kink] = centre[kink], below[kink], above[kink]
        resting = np.isfinite(where)
        chosen = np.flatnonzero(resting)
        part, size = scores.parts[0], objective.size
        design = rows.designs[0]
        assert design is not None
        matrix = np.zeros((chosen.size, size))
        matrix[:, part] = design[chosen]
        level = where[chosen] - (0.0 if rows.offset is None else rows.offset[chosen])
        kinks = objective.penalty.kinks(size)
        held = (kinks.jumps > 0) & (np.abs(theta - kinks.centres) <= reach / self._unit)
        return Resting(
            chosen,
            where[chosen],
            np.concatenate([matrix, np.eye(size)[held]]),
            np.concatenate([level, kinks.centres[held]]),
            np.concatenate([low[chosen], -kinks.jumps[held]]),
            np.concatenate([high[chosen], kinks.jumps[held]]),
        )

    def _sides(self, where: Floats, raws: list[Floats], share: float) -> tuple[Floats, Floats]:
        """Return the derivative in the first raw prediction a little below and above a place."""
        rows = self.objective.rows
        known = np.isfinite(where)
        centre = np.where(known, where, raws[0])
        reach = share * (np.abs(centre) + float(np.std(raws[0])) + 1e-3)
        sides = []
        for sign in (-1.0, 1.0):
            moved = [centre + sign * reach, *raws[1:]]
            gradient = self.objective.kernel.columns(rows.y, moved, rows.weights, 1)[1]
            sides.append(np.where(known, gradient[0], np.nan))
        return sides[0], sides[1]

    def held(self, resting: Resting) -> LikelihoodObjective:
        """Return the objective of a problem whose resting rows do not move."""
        objective = self.objective
        rows = objective.rows
        design = rows.designs[0]
        assert design is not None
        design = design.copy()
        design[resting.rows] = 0.0
        offset = np.zeros(rows.n) if rows.offset is None else rows.offset.copy()
        offset[resting.rows] = resting.raws
        moved = replace(rows, designs=(design, *rows.designs[1:]), offset=offset)
        return replace(objective, rows=moved)

    def sizes(self, theta: Floats) -> Floats:
        """Return the sums of the absolute terms of the gradient: what its rounding is measured by."""
        objective = self.objective
        total = np.zeros(objective.size)
        rows = replace(
            objective.rows,
            designs=tuple(None if X is None else np.abs(X) for X in objective.rows.designs),
        )
        for block, plain in zip(
            rows.blocks((0, rows.n), 8192), objective.rows.blocks((0, rows.n), 8192), strict=True
        ):
            total += self._absolute(theta, block, plain)
        return total + np.abs(objective.penalty.gradient(theta))

    def _absolute(self, theta: Floats, block: Block, plain: Block) -> Floats:
        scores = self.objective.scores
        terms = scores.losses(scores.forward(theta, plain), plain, self.objective.kernel, 1)
        out = np.zeros(self.objective.size)
        scores.add_gradient(
            block, replace(terms, gradient=[np.abs(g) for g in terms.gradient]), out
        )
        return out

    @property
    def flat(self) -> bool:
        """Whether there is no prior."""
        return isinstance(self.objective.penalty, Flat)
