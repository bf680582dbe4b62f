"""`Pinned`: a score model with one coefficient held at 0.

K classes with K intercepts have one too many: adding a number to all of them changes no probability. Where a prior
leaves all K classes free, the intercept of one class is pinned.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from neglog._typing import Floats
from neglog.objectives.kernel import RowKernel
from neglog.objectives.linear import RowTerms, ScoreModel
from neglog.objectives.rows import Block

__all__ = ["Pinned"]


@dataclass(frozen=True)
class Pinned:
    """A score model without one of its coefficients.

    Attributes
    ----------
    model : ScoreModel
        All coefficients.
    index : int
        The one that stays 0.
    """

    model: ScoreModel
    index: int

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The coefficients that are free."""
        names = self.model.names
        return names[: self.index] + names[self.index + 1 :]

    @property
    def columns(self) -> int:
        """As the full model's."""
        return self.model.columns

    def full(self, theta: Floats) -> Floats:
        """Return theta with the 0 put in."""
        return np.insert(theta, self.index, 0.0)

    def forward(self, theta: Floats, block: Block) -> list[Floats]:
        """Return the raw predictions."""
        return self.model.forward(self.full(theta), block)

    def losses(self, raws: list[Floats], block: Block, kernel: RowKernel, order: int) -> RowTerms:
        """Evaluate the kernel on the block."""
        return self.model.losses(raws, block, kernel, order)

    def add_gradient(self, block: Block, terms: RowTerms, out: Floats) -> None:
        """Add the block's gradient in the free coefficients."""
        full = np.zeros(out.size + 1)
        self.model.add_gradient(block, terms, full)
        out += np.delete(full, self.index)

    def add_hessian(self, block: Block, terms: RowTerms, out: Floats) -> None:
        """Add the block's Hessian in the free coefficients."""
        full = np.zeros((out.shape[0] + 1, out.shape[1] + 1))
        self.model.add_hessian(block, terms, full)
        out += np.delete(np.delete(full, self.index, axis=0), self.index, axis=1)

    def add_score_products(self, block: Block, terms: RowTerms, out: Floats) -> None:
        """Add the products of the rows' gradients in the free coefficients."""
        full = np.zeros((out.shape[0] + 1, out.shape[1] + 1))
        self.model.add_score_products(block, terms, full)
        out += np.delete(np.delete(full, self.index, axis=0), self.index, axis=1)

    def add_diagonal(self, block: Block, terms: RowTerms, out: Floats) -> None:
        """Add the diagonal of the block's Hessian."""
        full = np.zeros(out.size + 1)
        self.model.add_diagonal(block, terms, full)
        out += np.delete(full, self.index)

    def add_product(self, block: Block, terms: RowTerms, vector: Floats, out: Floats) -> None:
        """Add the product of the block's Hessian with a vector."""
        full = np.zeros(out.size + 1)
        self.model.add_product(block, terms, self.full(vector), full)
        out += np.delete(full, self.index)
