"""`LikelihoodObjective`: rows, scores, kernel and penalty put together.

    J(theta) = sum_i w_i loss(y_i, raw_i(theta)) + penalty(theta)

One pass over the rows does everything that was asked for: each block is read once, its scores,
losses, gradient and Hessian products made while it is in the cache.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from neglog._typing import Floats
from neglog.objectives.kernel import RowKernel
from neglog.objectives.linear import RowTerms, ScoreModel
from neglog.objectives.objective import DenseCurvature, Evaluation
from neglog.objectives.penalty import Flat, Penalty
from neglog.objectives.rows import Block, Rows

__all__ = ["LikelihoodObjective", "RowCurvature"]

DENSE_LIMIT = 2000  # above, a Hessian and its factor take 64 MB and seconds a step


@dataclass(frozen=True, eq=False)
class LikelihoodObjective:
    """The negative log-likelihood of a data set plus the negative log prior.

    Attributes
    ----------
    rows : Rows
        The data.
    scores : ScoreModel
        How raw predictions depend on theta.
    kernel : RowKernel
        The loss of a row.
    penalty : Penalty
        The prior; flat by default.
    dense_limit : int
        Up to this many coefficients order 2 computes the whole Hessian.
    """

    rows: Rows
    scores: ScoreModel
    kernel: RowKernel
    penalty: Penalty = Flat()  # noqa: RUF009 - a frozen value may be shared
    dense_limit: int = DENSE_LIMIT

    @property
    def names(self) -> tuple[str, ...]:
        """One name for each coefficient."""
        return self.scores.names

    @property
    def size(self) -> int:
        """Number of coefficients."""
        return len(self.scores.names)

    @cached_property
    def weight(self) -> float:
        """Sum of the weights of the rows."""
        return self.rows.weight

    @cached_property
    def constant(self) -> float:
        """Total of the terms that depend on the target alone."""
        return float(self.kernel.constant(self.rows.y, self.rows.weights))

    def evaluate(self, theta: Floats, order: int = 2) -> Evaluation:
        """Return value, gradient and curvature at theta.

        Parameters
        ----------
        theta : ndarray of shape (size,)
            The coefficients.
        order : {0, 1, 2}
            How many derivatives.

        Returns
        -------
        Evaluation
            With order 2 and more than ``dense_limit`` coefficients the curvature is a
            `RowCurvature`, which passes over the rows when it is used.
        """
        theta = np.ascontiguousarray(theta, dtype=np.float64)
        dense = order >= 2 and self.size <= self.dense_limit

        def add(block: Block, terms: RowTerms, out: list[Floats]) -> None:
            if order >= 1:
                self.scores.add_gradient(block, terms, out[0])
            if dense:
                self.scores.add_hessian(block, terms, out[1])

        shapes: list[tuple[int, ...]] = [(self.size,)] * (order >= 1)
        shapes += [(self.size, self.size)] * dense
        value, sums = self._sum(theta, 2 if dense else min(order, 1), shapes, add)
        with np.errstate(all="ignore"):
            value += self.penalty.value(theta)
            if order == 0:
                return Evaluation(value, np.empty(0))
            gradient = sums[0] + self.penalty.gradient(theta)
            if order == 1:
                return Evaluation(value, gradient)
            if not dense:
                return Evaluation(value, gradient, RowCurvature(self, theta))
            matrix = 0.5 * (sums[1] + sums[1].T) + np.diag(self.penalty.curvature(theta))
            return Evaluation(value, gradient, DenseCurvature(matrix))

    def score_products(self, theta: Floats) -> Floats:
        """Return the sum over the rows of the products of their gradients in theta."""
        scores = self.scores
        theta = np.ascontiguousarray(theta, dtype=np.float64)
        _, (products,) = self._sum(
            theta,
            1,
            [(self.size, self.size)],
            lambda block, terms, out: scores.add_score_products(block, terms, out[0]),
        )
        return 0.5 * (products + products.T)

    def log_likelihood(self, theta: Floats, value: float | None = None) -> float:
        """Return the log-likelihood, without the prior.

        Parameters
        ----------
        theta : ndarray of shape (size,)
            The coefficients.
        value : float, optional
            The objective at theta, if it is known: then no pass over the rows is needed.

        Returns
        -------
        float
            Nats.
        """
        value = self.evaluate(theta, 0).value if value is None else value
        return -(value - self.penalty.value(np.asarray(theta, dtype=np.float64)))

    def raw_predictions(self, theta: Floats) -> list[Floats]:
        """Return the raw predictions of all rows: k columns [n], or one matrix [n, K]."""
        theta = np.ascontiguousarray(theta, dtype=np.float64)
        rows = self.rows.block_rows(self.scores.columns)
        pieces: list[list[Floats]] = []
        for chunk in self.rows.map_chunks(
            lambda chunk: [self.scores.forward(theta, b) for b in self.rows.blocks(chunk, rows)]
        ):
            pieces += chunk
        return [np.concatenate(column) for column in zip(*pieces, strict=True)]

    def locate(self, theta: Floats) -> str:
        """Say in words where the objective is not finite at theta.

        Parameters
        ----------
        theta : ndarray of shape (size,)
            The coefficients.

        Returns
        -------
        str
            A clause that names a coefficient or the first such row (counted from 1), or says that
            each row is finite and only the sum is not.
        """
        for name, entry in zip(self.names, theta, strict=True):
            if not np.isfinite(entry):
                return f"the coefficient of '{name}' is {entry}"
        rows = self.rows.block_rows(self.scores.columns)
        with np.errstate(all="ignore"):
            for block in self.rows.blocks((0, self.rows.n), rows):
                raws = self.scores.forward(theta, block)
                terms = self.scores.losses(raws, block, self.kernel, 1)
                fine = np.isfinite(terms.value)
                for gradient in terms.gradient:
                    fine &= np.isfinite(gradient.reshape(fine.size, -1)).all(axis=1)
                if not fine.all():
                    i = int(np.argmin(fine))
                    shown = ", ".join(
                        f"{raw:.6g}" for column in raws for raw in np.ravel(column[i])
                    )
                    target = ", ".join(f"{value:g}" for value in np.ravel(block.y[i]))
                    return (
                        f"the loss of row {block.start + i + 1} is {terms.value[i]:.6g} or has no "
                        f"finite derivative there (target {target}, raw prediction {shown})"
                    )
        return "every row is finite, but their sum is beyond the range of float64"

    def _sum(
        self,
        theta: Floats,
        order: int,
        shapes: list[tuple[int, ...]],
        add: Callable[[Block, RowTerms, list[Floats]], None],
    ) -> tuple[float, list[Floats]]:
        """Evaluate every block and add up what ``add`` makes of it, in the order of the chunks."""
        rows = self.rows.block_rows(self.scores.columns)

        def chunk_sums(chunk: tuple[int, int]) -> tuple[list[float], list[Floats]]:
            values: list[float] = []
            out = [np.zeros(shape) for shape in shapes]
            # A trial step may overflow: the solver sees the infinity and takes a shorter one.
            with np.errstate(all="ignore"):
                for block in self.rows.blocks(chunk, rows):
                    raws = self.scores.forward(theta, block)
                    terms = self.scores.losses(raws, block, self.kernel, order)
                    values.append(float(terms.value.sum()))
                    add(block, terms, out)
            return values, out

        values: list[float] = []
        totals: list[Floats] = []
        for chunk_values, sums in self.rows.map_chunks(chunk_sums):
            values += chunk_values
            if not totals:
                totals = sums
                continue
            for total, part in zip(totals, sums, strict=True):
                with np.errstate(all="ignore"):
                    total += part
        return _total([*values, self.constant]), totals


@dataclass(frozen=True, eq=False)
class RowCurvature:
    """Second derivatives at theta that are computed, over the rows, when they are asked for."""

    objective: LikelihoodObjective
    theta: Floats

    @property
    def explicit(self) -> bool:
        """Always false: every use is a pass over the rows."""
        return False

    def dense(self) -> Floats:
        """Return the matrix; its memory grows with the square of the number of coefficients."""
        scores, size = self.objective.scores, self.objective.size
        _, (matrix,) = self.objective._sum(
            self.theta,
            2,
            [(size, size)],
            lambda b, terms, out: scores.add_hessian(b, terms, out[0]),
        )
        dense: Floats = matrix + np.diag(self.objective.penalty.curvature(self.theta))
        return dense

    def matvec(self, vector: Floats) -> Floats:
        """Return the product with a vector, in one pass."""
        scores = self.objective.scores
        _, (product,) = self.objective._sum(
            self.theta,
            2,
            [(self.objective.size,)],
            lambda b, terms, out: scores.add_product(b, terms, vector, out[0]),
        )
        full: Floats = product + self.objective.penalty.curvature(self.theta) * vector
        return full

    def diagonal(self) -> Floats:
        """Return the diagonal, in one pass."""
        scores = self.objective.scores
        _, (diagonal,) = self.objective._sum(
            self.theta,
            2,
            [(self.objective.size,)],
            lambda b, terms, out: scores.add_diagonal(b, terms, out[0]),
        )
        full: Floats = diagonal + self.objective.penalty.curvature(self.theta)
        return full


def _total(values: list[float]) -> float:
    """Add floats without rounding in between; infinities and NaN come out as they would."""
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):  # the sum overflows, or holds both infinities
        with np.errstate(all="ignore"):
            return float(np.sum(values))
