"""Laws of tables: weights, priors, intervals, and no standard error where there is none."""

from __future__ import annotations

import numpy as np
import pytest
from objectives.hand_kernels import BERNOULLI, one_parameter, real

from neglog.errors import CollinearError, UsageError
from neglog.inference import CoefficientTable, Covariance, observed
from neglog.objectives import DenseCurvature, NormalPrior
from neglog.solvers import Newton


def test_covariance_counts_weights() -> None:
    """Weight 2 is the row twice, in the covariance too."""
    X, y = real("spector")
    counts = np.arange(y.size) % 3 + 1
    light = one_parameter(BERNOULLI, X, y, counts.astype(float))
    heavy = one_parameter(BERNOULLI, np.repeat(X, counts, axis=0), np.repeat(y, counts))
    ours, theirs = (Newton().solve(objective, np.zeros(4)) for objective in (light, heavy))
    assert ours.curvature is not None
    assert theirs.curvature is not None
    np.testing.assert_allclose(
        observed(ours.curvature, light.names).matrix,
        observed(theirs.curvature, heavy.names).matrix,
        rtol=1e-8,
    )


def test_covariance_includes_the_prior() -> None:
    """Under a prior the information is the data's plus the prior's."""
    X, y = real("spector")
    scales = np.array([np.inf, 1.0, 1.0, 1.0])
    objective = one_parameter(BERNOULLI, X, y, penalty=NormalPrior(np.zeros(4), scales))
    solution = Newton().solve(objective, np.zeros(4))
    data = one_parameter(BERNOULLI, X, y).evaluate(solution.theta, 2).curvature
    assert data is not None
    assert solution.curvature is not None
    expected = np.linalg.inv(data.dense() + np.diag([0.0, 1.0, 1.0, 1.0]))
    covariance = observed(solution.curvature, objective.names)
    np.testing.assert_allclose(covariance.matrix, expected, rtol=1e-9)


@pytest.mark.parametrize(
    "matrix",
    [
        [[1.0, 1.0], [1.0, 1.0]],
        [[1.0, 1.0], [1.0, 1.0 + 4e-16]],
        [[1.0, 2.0], [2.0, 1.0]],
        [[1.0, 0.0], [0.0, 0.0]],
        [[np.nan] * 2] * 2,
    ],
    ids=["singular", "nearly singular", "indefinite", "no curvature", "not a number"],
)
def test_no_invented_standard_errors(matrix: list[list[float]]) -> None:
    """Information that is not positive definite has no inverse, and none is made up."""
    with pytest.raises(CollinearError, match="no standard errors"):
        observed(DenseCurvature(np.array(matrix)), ("a", "b"))


def test_units_do_not_matter() -> None:
    """Columns whose units differ by 1e12 still have standard errors, in their units."""
    matrix = np.array([[1e-12, 0.3], [0.3, 1e12]])
    covariance = observed(DenseCurvature(matrix), ("a", "b"))
    expected = np.array([[1e12, -0.3], [-0.3, 1e-12]]) / 0.91
    np.testing.assert_allclose(covariance.matrix, expected, rtol=1e-12)
    correlation = covariance.correlation()
    np.testing.assert_allclose(correlation, [[1.0, -0.3], [-0.3, 1.0]], rtol=1e-9)


def test_interval_and_p_value_agree() -> None:
    """A coefficient whose p-value is alpha has an interval that ends at 0."""
    table = CoefficientTable(("a", "b"), np.array([1.0, -2.0]), np.array([0.5, 3.0]))
    for place, alpha in enumerate(table.p_values):
        ends = table.conf_int(float(alpha))[place]
        assert min(abs(ends)) == pytest.approx(0.0, abs=1e-12)
    np.testing.assert_allclose(table.conf_int()[0], [1 - 0.979982, 1 + 0.979982], atol=1e-6)


def test_table_without_errors_has_none() -> None:
    """A fit that did not converge shows estimates, and NaN for all the rest."""
    table = CoefficientTable.without_errors(("a",), np.array([1.0]))
    assert np.isnan(table.p_values).all()
    assert np.isnan(table.conf_int()).all()


def test_bad_arguments_are_named() -> None:
    """An alpha that is no probability, and columns of different lengths, are refused."""
    table = CoefficientTable.of(np.ones(1), Covariance(np.eye(1), ("a",)))
    with pytest.raises(UsageError, match="alpha is 95"):
        table.conf_int(95)
    with pytest.raises(UsageError, match="given 1, 2 and 1"):
        CoefficientTable(("a",), np.ones(2), np.ones(1))
