"""Laws of gradient descent: the bound on its step, its stops, its seeds."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from objectives.hand_kernels import BERNOULLI, POISSON, Quadratic, one_parameter, real

from neglog.errors import UsageError
from neglog.objectives import DenseCurvature
from neglog.solvers import GradientDescent
from neglog.solvers.gradient_descent import largest_curvature


def bound_in(message: str) -> float:
    """Read 2 / lambda_max from a message."""
    match = re.search(r"2 / lambda_max =\s+([0-9.e+-]+)[,; ]", message)
    assert match is not None, message
    return float(match[1].rstrip(".,;"))


@pytest.mark.parametrize("weight", [1.0, 10.0])
@pytest.mark.parametrize("excess", [1.01, 1.5, 30.0])
def test_step_above_the_bound_diverges(excess: float, weight: float) -> None:
    """On a quadratic a step above 2 / lambda_max of the mean is reported with that bound."""
    bound = 2.0 / (5.0 / weight)
    objective = Quadratic(np.diag([5.0, 1.0, 0.5]), np.ones(3), weight)
    solution = GradientDescent(step=excess * bound).solve(objective, np.full(3, 2.0))
    assert solution.status == "diverging"
    assert bound_in(solution.message) == pytest.approx(bound, rel=1e-5)
    assert "Use a step below" in solution.message


@pytest.mark.parametrize("fraction", [0.1, 0.5, 0.99])
def test_step_below_the_bound_converges(fraction: float) -> None:
    """On a quadratic a step below 2 / lambda_max reaches the minimum."""
    objective = Quadratic(np.diag([5.0, 1.0, 0.5]), np.ones(3))
    solution = GradientDescent(step=fraction * 0.4).solve(objective, np.zeros(3))
    assert solution.status == "converged"
    np.testing.assert_allclose(solution.theta, [0.2, 1.0, 2.0], rtol=1e-6)


def test_divergence_on_real_data() -> None:
    """Unscaled columns and a step of 1 diverge, and the bound is that of the mean curvature."""
    X, y = real("spector")
    objective = one_parameter(BERNOULLI, X, y)
    solution = GradientDescent(step=1.0, max_iter=300).solve(objective, np.zeros(4))
    assert solution.status == "diverging", solution.message
    curvature = objective.evaluate(np.zeros(4), 2).curvature
    assert curvature is not None
    largest = np.linalg.eigvalsh(curvature.dense())[-1] / y.size
    assert bound_in(solution.message) == pytest.approx(2 / largest, rel=1e-4)


def test_overflow_is_diverging_not_silent() -> None:
    """A Poisson fit that overflows at once is diverging, and returns a finite theta."""
    X, y = real("randhie")
    objective = one_parameter(POISSON, X[::50], y[::50])
    solution = GradientDescent(step=5.0).solve(objective, np.zeros(10))
    assert solution.status == "diverging"
    assert np.isfinite(solution.theta).all()
    assert np.isfinite(solution.value)


def test_stop_loss() -> None:
    """The run stops at the first iteration whose mean objective is low enough."""
    objective = Quadratic(np.eye(2), np.zeros(2), weight=4.0)
    solution = GradientDescent(step=1.0, stop_loss=0.01).solve(objective, np.ones(2))
    assert solution.status == "stopped"
    means = [record.mean_objective for record in solution.trace]
    assert means[-1] <= 0.01 < means[-2]


def test_steps_are_on_the_mean() -> None:
    """One step moves theta by the step times the gradient divided by the sum of weights."""
    objective = Quadratic(np.eye(2), np.zeros(2), weight=4.0)
    solution = GradientDescent(step=0.8, max_iter=1).solve(objective, np.ones(2))
    np.testing.assert_allclose(solution.theta, [0.8, 0.8])
    assert solution.trace[1].step == 0.8


def test_seed_makes_the_start() -> None:
    """A seed decides the start, another seed gives another, none the start that was given."""
    objective = Quadratic(np.eye(2), np.zeros(2))

    def first(seed: int | None) -> float:
        return GradientDescent(seed=seed).solve(objective, np.zeros(2)).trace[0].objective

    assert first(1) == first(1) != first(2)
    assert first(None) == 0.0


def test_default_step_never_diverges() -> None:
    """Where the curvature grows on the way the default step is halved: Poisson from far below."""
    X, y = real("randhie")
    objective = one_parameter(POISSON, X[::50, :1], y[::50] * 100)
    solution = GradientDescent(tol=1e-6).solve(objective, np.full(1, -5.0))
    assert solution.status == "converged", solution.message
    assert np.exp(solution.theta[0]) == pytest.approx(100 * y[::50].mean(), rel=1e-6)


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_power_iteration(seed: int, size: int) -> None:
    """Power iteration finds the largest eigenvalue."""
    root = np.random.default_rng(seed).normal(size=(size, size))
    matrix = root @ root.T
    found = largest_curvature(DenseCurvature(matrix), size)
    assert found == pytest.approx(np.linalg.eigvalsh(matrix)[-1], rel=1e-3)


@pytest.mark.parametrize("step", [0.0, -1.0, np.nan, np.inf])
def test_bad_step(step: float) -> None:
    """A step that is not a positive number is refused."""
    with pytest.raises(UsageError, match="finite number above 0"):
        GradientDescent(step=step)
