"""Coefficients, standard errors, likelihoods and criteria agree with statsmodels on real data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from objectives.hand_kernels import (
    BERNOULLI,
    POISSON,
    Floats,
    classes,
    least_squares_start,
    normal,
    one_parameter,
    real,
)

from neglog.inference import CoefficientTable, Criteria, observed
from neglog.objectives import LikelihoodObjective
from neglog.solvers import Newton

TIGHT: dict[str, Any] = {"disp": 0, "method": "newton", "maxiter": 100, "tol": 1e-13}


def poisson(X: Floats, y: Floats) -> LikelihoodObjective:
    """Make a Poisson objective."""
    return one_parameter(POISSON, X, y)


def bernoulli(X: Floats, y: Floats) -> LikelihoodObjective:
    """Make a Bernoulli objective."""
    return one_parameter(BERNOULLI, X, y)


def flat(values: Any) -> Floats:
    """Return the coefficients class after class."""
    return np.asarray(values).ravel(order="F")


CASES: dict[str, tuple[str, Callable[..., LikelihoodObjective], Any]] = {
    "logit, spector": ("spector", bernoulli, sm.Logit),
    "logit, fair": ("fair", bernoulli, sm.Logit),
    "poisson, randhie": ("randhie", poisson, sm.Poisson),
    "mnlogit, anes96": ("anes96", classes, sm.MNLogit),
}


@pytest.mark.parametrize(("data", "make", "theirs"), CASES.values(), ids=CASES)
def test_discrete_models(data: str, make: Callable[..., LikelihoodObjective], theirs: Any) -> None:
    """Coefficients and standard errors agree to 1e-8, likelihood and criteria to 1e-10."""
    X, y = real(data)
    objective = make(X, y)
    solution = Newton().solve(objective, np.zeros(objective.size))
    assert solution.status == "converged"
    assert solution.curvature is not None
    expected = theirs(y, X).fit(**TIGHT)
    covariance = observed(solution.curvature, objective.names)
    table = CoefficientTable.of(solution.theta, covariance)
    np.testing.assert_allclose(table.estimates, flat(expected.params), rtol=1e-8)
    np.testing.assert_allclose(table.standard_errors, flat(expected.bse), rtol=1e-8)
    np.testing.assert_allclose(table.z_values, flat(expected.tvalues), rtol=1e-8)
    np.testing.assert_allclose(table.p_values, flat(expected.pvalues), rtol=1e-6, atol=1e-300)
    np.testing.assert_allclose(covariance, expected.cov_params(), rtol=1e-7, atol=1e-14)
    criteria = Criteria(objective.log_likelihood(solution.theta), objective.size, objective.weight)
    assert criteria.loglik == pytest.approx(expected.llf, rel=1e-10)
    assert criteria.aic == pytest.approx(expected.aic, rel=1e-10)
    assert criteria.bic == pytest.approx(expected.bic, rel=1e-10)
    assert criteria.mean_loss == pytest.approx(-expected.llf / y.size, rel=1e-10)


@pytest.mark.parametrize("data", ["diabetes", "longley"])
def test_least_squares(data: str) -> None:
    """A normal agrees with OLS after the conversions: sigma divides by n, AIC counts it."""
    X, y = real(data)
    objective = normal(X, y)
    start = least_squares_start(X[:, :1], y)
    theta0 = np.r_[start[0], np.zeros(X.shape[1] - 1), start[1]]
    solution = Newton().solve(objective, theta0)
    assert solution.status == "converged", solution.message
    assert solution.curvature is not None
    expected = sm.OLS(y, X).fit()
    n, p = X.shape
    covariance = observed(solution.curvature, objective.names)
    tolerance = 1e-8 if data == "diabetes" else 1e-6  # Longley's columns lose half of the digits
    np.testing.assert_allclose(solution.theta[:p], expected.params, rtol=tolerance)
    divided_by_n = expected.bse * np.sqrt((n - p) / n)
    np.testing.assert_allclose(covariance.standard_errors[:p], divided_by_n, rtol=tolerance)
    assert np.exp(solution.theta[p]) == pytest.approx(np.sqrt(expected.ssr / n), rel=1e-8)
    criteria = Criteria(objective.log_likelihood(solution.theta), objective.size, objective.weight)
    assert criteria.loglik == pytest.approx(expected.llf, rel=1e-10)
    assert criteria.aic == pytest.approx(expected.aic + 2, rel=1e-10)
    assert criteria.bic == pytest.approx(expected.bic + np.log(n), rel=1e-10)
