"""Linear scores for classes: raw[i, k] = x_i' beta_k, with K free classes or one held at 0.

Theta lists the coefficients class after class. With a flat prior only differences between classes
are determined, so one class is the reference and has no coefficients; under a proper prior on the
slopes all K may be free.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from neglog._typing import Floats
from neglog.kernels.evaluation import others
from neglog.objectives.kernel import RowKernel
from neglog.objectives.linear import RowTerms, add_gram
from neglog.objectives.rows import Block

__all__ = ["LinearClasses"]


@dataclass(frozen=True)
class LinearClasses:
    """Linear scores for a kernel of shape *classes*.

    Attributes
    ----------
    class_names : tuple of str
        The K classes, in the order of their codes.
    coefficient_names : tuple of str
        The columns of the one design.
    reference : int or None
        Code of the class whose scores are 0; None leaves all classes free.
    """

    class_names: tuple[str, ...]
    coefficient_names: tuple[str, ...]
    reference: int | None = 0

    @cached_property
    def free(self) -> npt.NDArray[np.intp]:
        """Codes of the classes that have coefficients."""
        codes = [k for k in range(len(self.class_names)) if k != self.reference]
        return np.array(codes, dtype=np.intp)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """``class:coefficient``, class after class."""
        return tuple(
            f"{self.class_names[code]}:{name}"
            for code in self.free
            for name in self.coefficient_names
        )

    @property
    def columns(self) -> int:
        """One copy of the design for each free class."""
        return len(self.names)

    def forward(self, theta: Floats, block: Block) -> list[Floats]:
        """Return the matrix of scores, as a list of one."""
        raw = self._scores(theta, block)
        if block.offset is not None:
            raw += block.offset
        return [raw]

    def _scores(self, theta: Floats, block: Block) -> Floats:
        """Return x_i' beta_k for every class, 0 for the reference."""
        X = _design(block)
        weights = theta.reshape(self.free.size, -1)
        if self.reference is None:
            return np.ascontiguousarray(X @ weights.T)
        raw = np.zeros((X.shape[0], len(self.class_names)))
        raw[:, self.free] = X @ weights.T
        return raw

    def losses(self, raws: list[Floats], block: Block, kernel: RowKernel, order: int) -> RowTerms:
        """Evaluate the kernel on the scores; the factors of the Hessian take its place."""
        value, gradient, factors = kernel.classes(block.y, raws[0], block.weights, order)
        return RowTerms(value, (gradient,), factors)

    def add_gradient(self, block: Block, terms: RowTerms, out: Floats) -> None:
        """Add g_k' X for each free class."""
        X = _design(block)
        out += (terms.gradient[0][:, self.free].T @ X).ravel()

    def add_hessian(self, block: Block, terms: RowTerms, out: Floats) -> None:
        """Add X' diag(w h_jk) X for each pair of free classes, h_jk = a p_j (1[j = k] - p_k) + b u_j u_k."""
        X = _design(block)
        p = X.shape[1]
        probabilities = terms.hessian[0]
        weights = np.ones(block.rows) if block.weights is None else block.weights
        products = np.zeros_like(out)
        if len(terms.hessian) == 1:
            root = probabilities[:, self.free] * np.sqrt(weights)[:, None]
            _add_products(X, root, None, products)
        else:
            _, slope, bend = terms.hessian
            _add_products(X, probabilities[:, self.free], weights * slope, products)
            _add_products(
                X, self._pulls(block, probabilities)[:, self.free], -weights * bend, products
            )
        diagonals = self._diagonals(block, terms)
        for place in range(self.free.size):
            part = slice(place * p, (place + 1) * p)
            # Not p - p^2, which has lost its digits where p is nearly 1.
            products[part, part] = 0.0
            add_gram(X, diagonals[:, place], out[part, part])
        out -= products

    def _diagonals(self, block: Block, terms: RowTerms) -> Floats:
        """Return w h_kk for the free classes; in it 1 - p_k is the sum of the others."""
        probabilities = terms.hessian[0]
        h: Floats = (probabilities * others(probabilities))[:, self.free]
        if len(terms.hessian) > 1:
            _, slope, bend = terms.hessian
            pulls = self._pulls(block, probabilities)[:, self.free]
            h = slope[:, None] * h + bend[:, None] * np.square(pulls)
        return h if block.weights is None else h * block.weights[:, None]

    def _pulls(self, block: Block, probabilities: Floats) -> Floats:
        """Return the probabilities, minus 1 at the class observed."""
        at = (np.arange(block.rows), block.y.astype(np.intp))
        pulls = probabilities.copy()
        pulls[at] = -others(probabilities)[at]
        return pulls

    def add_diagonal(self, block: Block, terms: RowTerms, out: Floats) -> None:
        """Add the sums of w h_kk x^2."""
        X = _design(block)
        out += (self._diagonals(block, terms).T @ np.square(X)).ravel()

    def add_product(self, block: Block, terms: RowTerms, vector: Floats, out: Floats) -> None:
        """Add the product without forming the matrix: w (a p (s - p's) + b u u's), pulled back."""
        probabilities = terms.hessian[0]
        moves = self._scores(vector, block)
        mean = (probabilities * moves).sum(axis=1, keepdims=True)
        pulled = probabilities * (moves - mean)
        if len(terms.hessian) > 1:
            _, slope, bend = terms.hessian
            pulls = self._pulls(block, probabilities)
            along = (pulls * moves).sum(axis=1)
            pulled = slope[:, None] * pulled + (bend * along)[:, None] * pulls
        if block.weights is not None:
            pulled *= block.weights[:, None]
        self.add_gradient(block, RowTerms(terms.value, (pulled,), ()), out)

    def add_score_products(self, block: Block, terms: RowTerms, out: Floats) -> None:
        """Add sum_i w_i g_i g_i', g_i the gradient of row i in theta; the terms hold w_i g_i already."""
        gradient = terms.gradient[0][:, self.free]
        if block.weights is not None:
            gradient = gradient / np.sqrt(np.where(block.weights > 0, block.weights, 1.0))[:, None]
        _add_products(_design(block), gradient, None, out)


def _add_products(X: Floats, factors: Floats, weights: Floats | None, out: Floats) -> None:
    """Add X' diag(weights f_j f_k) X for every pair of columns of `factors`."""
    # All products f_j f_k at once: one matrix times its own transpose.
    spread = (factors[:, :, None] * X[:, None, :]).reshape(X.shape[0], -1)
    moved = spread if weights is None else spread * weights[:, None]
    out += spread.T @ moved


def _design(block: Block) -> Floats:
    """Return the one design of the block: scores of classes are never constant."""
    (X,) = block.designs
    assert X is not None
    return X
