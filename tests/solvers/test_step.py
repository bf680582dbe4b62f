"""Laws of the Newton step: what it is where the curvature is definite, indefinite or singular."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from objectives.hand_kernels import Floats

from neglog.objectives import DenseCurvature
from neglog.solvers.step import newton_step


@dataclass(frozen=True)
class Products:
    """A matrix that only shows its products."""

    matrix: Floats
    explicit: bool = False

    def dense(self) -> Floats:
        """Refuse."""
        raise AssertionError("the matrix was not to be formed")

    def matvec(self, vector: Floats) -> Floats:
        """Multiply."""
        return self.matrix @ vector

    def diagonal(self) -> Floats:
        """Return the diagonal."""
        return self.matrix.diagonal()


@pytest.mark.parametrize("kind", [DenseCurvature, Products])
@given(st.integers(0, 2**32 - 1), st.integers(1, 8))
def test_definite(kind: type[DenseCurvature] | type[Products], seed: int, size: int) -> None:
    """Where the curvature is definite the step solves H d = -g, and half g'H^-1 g is promised."""
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(size, size))
    matrix = (root @ root.T + np.eye(size)) * np.outer(*[10.0 ** rng.integers(-4, 5, size)] * 2)
    gradient = rng.normal(size=size) * np.sqrt(matrix.diagonal())
    step = newton_step(kind(matrix), gradient)
    exact = np.linalg.solve(matrix, -gradient)
    assert step.kind == "newton"
    scale = np.sqrt(matrix.diagonal())
    np.testing.assert_allclose(step.direction * scale, exact * scale, rtol=1e-6, atol=1e-6)
    assert step.decrement == pytest.approx(-0.5 * gradient @ exact, rel=1e-6)
    assert step.slope == -2 * step.decrement


def test_indefinite() -> None:
    """Along negative curvature the step has the length of a Newton step, but goes down."""
    step = newton_step(DenseCurvature(np.diag([2.0, -4.0])), np.array([1.0, 1.0]))
    assert step.kind == "indefinite"
    np.testing.assert_allclose(step.direction, [-0.5, -0.25])
    assert newton_step(Products(np.diag([2.0, -4.0])), np.array([1.0, 3.0])).kind == "indefinite"


def test_singular() -> None:
    """A flat direction in which the gradient vanishes is left alone, and is returned."""
    matrix = np.array([[1.0, 1.0], [1.0, 1.0]])
    step = newton_step(DenseCurvature(matrix), np.array([1.0, 1.0]))
    assert step.kind == "singular"
    np.testing.assert_allclose(step.direction, [-0.5, -0.5])
    np.testing.assert_allclose(np.abs(step.flat), np.sqrt([[0.5], [0.5]]))


def test_no_curvature_at_all() -> None:
    """Without any curvature the step goes down the gradient."""
    step = newton_step(DenseCurvature(np.zeros((2, 2))), np.array([3.0, 4.0]))
    assert step.kind == "singular"
    np.testing.assert_allclose(step.direction, [-3.0, -4.0])


def test_not_a_number() -> None:
    """A curvature that is not finite is never called a minimum's."""
    step = newton_step(DenseCurvature(np.full((2, 2), np.nan)), np.array([3.0, 4.0]))
    assert step.kind == "unfinished"
    assert step.slope == -25.0
