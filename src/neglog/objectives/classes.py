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
        """Evaluate the kernel on the scores; the probabilities take the Hessian's place."""
        value, gradient, probabilities = kernel.classes(block.y, raws[0], block.weights, order)
        return RowTerms(value, (gradient,), (probabilities,))

    def add_gradient(self, block: Block, terms: RowTerms, out: Floats) -> None:
        """Add g_k' X for each free class."""
        X = _design(block)
        out += (terms.gradient[0][:, self.free].T @ X).ravel()

    def add_hessian(self, block: Block, terms: RowTerms, out: Floats) -> None:
        """Add X' diag(w p_j (1[j = k] - p_k)) X for each pair of free classes."""
        X = _design(block)
        m, p = X.shape
        probabilities = terms.hessian[0]
        root = probabilities[:, self.free]
        if block.weights is not None:
            root = root * np.sqrt(block.weights)[:, None]
        # All products p_j p_k at once: one matrix times its own transpose.
        spread = (root[:, :, None] * X[:, None, :]).reshape(m, -1)
        products = spread.T @ spread
        diagonals = self._diagonals(block, probabilities)
        for place in range(self.free.size):
            part = slice(place * p, (place + 1) * p)
            # Not p - p^2, which has lost its digits where p is nearly 1.
            products[part, part] = 0.0
            add_gram(X, diagonals[:, place], out[part, part])
        out -= products

    def _diagonals(self, block: Block, probabilities: Floats) -> Floats:
        """Return w p_k (1 - p_k) for the free classes, 1 - p_k as the sum of the others."""
        others = np.zeros_like(probabilities)
        others[:, 1:] = np.cumsum(probabilities[:, :-1], axis=1)
        others[:, :-1] += np.cumsum(probabilities[:, :0:-1], axis=1)[:, ::-1]
        h: Floats = (probabilities * others)[:, self.free]
        return h if block.weights is None else h * block.weights[:, None]

    def add_diagonal(self, block: Block, terms: RowTerms, out: Floats) -> None:
        """Add the sums of w p_k (1 - p_k) x^2."""
        X = _design(block)
        out += (self._diagonals(block, terms.hessian[0]).T @ np.square(X)).ravel()

    def add_product(self, block: Block, terms: RowTerms, vector: Floats, out: Floats) -> None:
        """Add the product without forming the matrix: w p (s - p's), pulled back."""
        probabilities = terms.hessian[0]
        moves = self._scores(vector, block)
        mean = (probabilities * moves).sum(axis=1, keepdims=True)
        pulled = probabilities * (moves - mean)
        if block.weights is not None:
            pulled *= block.weights[:, None]
        self.add_gradient(block, RowTerms(terms.value, (pulled,), ()), out)


def _design(block: Block) -> Floats:
    """Return the one design of the block: scores of classes are never constant."""
    (X,) = block.designs
    assert X is not None
    return X
