"""Linear scores: each modelled parameter has a design matrix, and raw_j = X_j beta_j.

    gradient   X_j' g_j
    Hessian    X_j' diag(h_jk) X_k

A parameter that is constant over the rows (the sigma of a normal) has no matrix: its one
coefficient is its raw prediction. This is the shape *map*; `classes` holds the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Protocol

import numpy as np

from neglog._typing import Floats
from neglog.objectives.kernel import RowKernel
from neglog.objectives.rows import Block

__all__ = ["Linear", "RowTerms", "ScoreModel", "add_gram"]


@dataclass(frozen=True, eq=False)
class RowTerms:
    """What a kernel returned for a block: value, gradient and what makes the Hessian."""

    value: Floats
    gradient: Sequence[Floats]
    hessian: Sequence[Floats]


class ScoreModel(Protocol):
    """How raw predictions depend on theta, and derivatives go back to it."""

    @property
    def names(self) -> tuple[str, ...]:
        """One name for each entry of theta."""
        ...

    @property
    def columns(self) -> int:
        """Float64 columns that a block's Hessian works on: sets the number of rows in a block."""
        ...

    def forward(self, theta: Floats, block: Block) -> list[Floats]:
        """Return the raw predictions: k columns [b], or one matrix [b, K]."""
        ...

    def losses(self, raws: list[Floats], block: Block, kernel: RowKernel, order: int) -> RowTerms:
        """Evaluate the kernel on the block."""
        ...

    def add_gradient(self, block: Block, terms: RowTerms, out: Floats) -> None:
        """Add the block's gradient in theta to ``out``."""
        ...

    def add_hessian(self, block: Block, terms: RowTerms, out: Floats) -> None:
        """Add the block's Hessian in theta to the square matrix ``out``."""
        ...

    def add_score_products(self, block: Block, terms: RowTerms, out: Floats) -> None:
        """Add the sum of the products of the rows' gradients, w_i g_i g_i', to the square matrix ``out``."""
        ...

    def add_diagonal(self, block: Block, terms: RowTerms, out: Floats) -> None:
        """Add the diagonal of the block's Hessian to ``out``."""
        ...

    def add_product(self, block: Block, terms: RowTerms, vector: Floats, out: Floats) -> None:
        """Add the product of the block's Hessian with a vector to ``out``."""
        ...


def add_gram(X: Floats, h: Floats, out: Floats) -> None:
    """Add X' diag(h) X to ``out``; where h has one sign half of the products are enough.

    Parameters
    ----------
    X : ndarray of shape (b, p)
        A block of a design.
    h : ndarray of shape (b,)
        Second derivatives of the rows.
    out : ndarray of shape (p, p)
        Changed in place.
    """
    if h.min(initial=0.0) >= 0.0:
        # NumPy sees a matrix times its own transpose and calls BLAS syrk.
        scaled = X * np.sqrt(h)[:, None]
        out += scaled.T @ scaled
    else:
        out += X.T @ (X * h[:, None])


@dataclass(frozen=True)
class Linear:
    """Linear scores for a kernel of shape *map*.

    Attributes
    ----------
    parameter_names : tuple of tuple of str
        The coefficients of each modelled parameter, in the order of the kernel's parameters and of
        the designs of the rows.
    """

    parameter_names: tuple[tuple[str, ...], ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The coefficients, one parameter after the other."""
        return tuple(name for names in self.parameter_names for name in names)

    @property
    def columns(self) -> int:
        """Width of the widest design."""
        return max(len(names) for names in self.parameter_names)

    @cached_property
    def parts(self) -> tuple[slice, ...]:
        """Where the coefficients of each parameter lie in theta."""
        edges = np.cumsum([0, *(len(names) for names in self.parameter_names)])
        return tuple(slice(int(a), int(b)) for a, b in pairwise(edges))

    def forward(self, theta: Floats, block: Block) -> list[Floats]:
        """Return one column of raw predictions for each parameter."""
        raws: list[Floats] = []
        for design, part in zip(block.designs, self.parts, strict=True):
            beta = theta[part]
            raws.append(np.full(block.rows, beta[0]) if design is None else design @ beta)
        if block.offset is not None:
            raws[0] = raws[0] + block.offset
        return raws

    def losses(self, raws: list[Floats], block: Block, kernel: RowKernel, order: int) -> RowTerms:
        """Evaluate the kernel on the columns."""
        return RowTerms(*kernel.columns(block.y, raws, block.weights, order))

    def add_gradient(self, block: Block, terms: RowTerms, out: Floats) -> None:
        """Add X_j' g_j for each parameter."""
        for design, part, g in zip(block.designs, self.parts, terms.gradient, strict=True):
            out[part] += g.sum() if design is None else g @ design

    def add_hessian(self, block: Block, terms: RowTerms, out: Floats) -> None:
        """Add X_j' diag(h_jk) X_k for each pair of parameters, and its transpose."""
        for (j, k), h in zip(self._pairs, terms.hessian, strict=True):
            left, right = block.designs[j], block.designs[k]
            rows, columns = self.parts[j], self.parts[k]
            if j == k and left is not None:
                add_gram(left, h, out[rows, columns])
                continue
            # The design of a constant parameter is a column of ones.
            moved = h[:, None] if right is None else right * h[:, None]
            part = moved.sum(axis=0)[None, :] if left is None else left.T @ moved
            out[rows, columns] += part
            if j != k:
                out[columns, rows] += part.T

    def add_score_products(self, block: Block, terms: RowTerms, out: Floats) -> None:
        """Add sum_i w_i g_i g_i', g_i the gradient of row i in theta; the terms hold w_i g_i already."""
        weights = 1.0 if block.weights is None else np.where(block.weights > 0, block.weights, 1.0)
        hessian = [terms.gradient[j] * terms.gradient[k] / weights for j, k in self._pairs]
        self.add_hessian(block, RowTerms(terms.value, terms.gradient, hessian), out)

    def add_diagonal(self, block: Block, terms: RowTerms, out: Floats) -> None:
        """Add the sums of h_jj x^2."""
        for (j, k), h in zip(self._pairs, terms.hessian, strict=True):
            if j == k:
                design = block.designs[j]
                out[self.parts[j]] += h.sum() if design is None else h @ np.square(design)

    def add_product(self, block: Block, terms: RowTerms, vector: Floats, out: Floats) -> None:
        """Push the vector forward to the rows, multiply by h, pull the result back."""
        moves = [
            np.full(block.rows, vector[part][0]) if design is None else design @ vector[part]
            for design, part in zip(block.designs, self.parts, strict=True)
        ]
        pulled = [np.zeros(block.rows) for _ in moves]
        for (j, k), h in zip(self._pairs, terms.hessian, strict=True):
            pulled[j] += h * moves[k]
            if j != k:
                pulled[k] += h * moves[j]
        self.add_gradient(block, RowTerms(terms.value, pulled, ()), out)

    @cached_property
    def _pairs(self) -> tuple[tuple[int, int], ...]:
        """Parameters of each packed Hessian column: (0,0), (0,1), ..., (1,1), ..."""
        k = len(self.parameter_names)
        return tuple((i, j) for i in range(k) for j in range(i, k))
