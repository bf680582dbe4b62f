"""The estimators find what other implementations of the same model find."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from estimators.samples import FAMILIES, estimator, sample
from numpy.testing import assert_allclose
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor, Ridge

import neglog as nl

TIGHT = {"tol": 1e-12, "max_iter": 10_000}


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_normal_is_linear_regression(fit_intercept: bool) -> None:
    """A Normal target gives least squares; its sigma divides by n."""
    X, y = sample("normal")
    ours = nl.LikelihoodRegressor(fit_intercept=fit_intercept).fit(X, y)
    theirs = LinearRegression(fit_intercept=fit_intercept).fit(X, y)
    assert_allclose(ours.coef_, theirs.coef_, rtol=1e-9)
    assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-9)
    residual = y - theirs.predict(X)
    assert_allclose(ours.constants_["sigma"], np.sqrt(np.mean(residual**2)), rtol=1e-9)
    assert_allclose(ours.score(X, y), theirs.score(X, y), rtol=1e-9)


def test_normal_with_a_normal_prior_is_ridge() -> None:
    """A Normal prior of scale tau is ridge with alpha = sigma^2 / tau^2, sigma as estimated."""
    X, y = sample("normal")
    ours = nl.LikelihoodRegressor(prior=nl.Normal(mu=0, sigma=0.3)).fit(X, y)
    theirs = Ridge(alpha=ours.constants_["sigma"] ** 2 / 0.3**2, solver="cholesky").fit(X, y)
    assert_allclose(ours.coef_, theirs.coef_, rtol=1e-7)
    assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-7)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_poisson_is_poisson_regression(fit_intercept: bool) -> None:
    """A Poisson target gives Poisson regression without a penalty."""
    X, y = sample("poisson")
    settings: Any = {"fit_intercept": fit_intercept, **TIGHT}
    ours = nl.LikelihoodRegressor("poisson", fit_intercept=fit_intercept).fit(X, y)
    theirs = PoissonRegressor(alpha=0, solver="newton-cholesky", **settings).fit(X, y)
    assert_allclose(ours.coef_, theirs.coef_, rtol=1e-7)
    assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-7)
    assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-7)


@pytest.mark.parametrize("family", ["bernoulli", "categorical"])
@pytest.mark.parametrize("C", [np.inf, 0.1])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_labels_are_logistic_regression(family: str, C: float, fit_intercept: bool) -> None:
    """Labels give LogisticRegression; a Normal prior of variance C is its penalty."""
    X, y = sample(family)
    prior = None if np.isinf(C) else nl.Normal(mu=0, sigma=np.sqrt(C))
    ours = nl.LikelihoodClassifier(prior=prior, fit_intercept=fit_intercept).fit(X, y)
    theirs = LogisticRegression(
        C=C, solver="newton-cholesky", fit_intercept=fit_intercept, **TIGHT
    ).fit(X, y)
    # Of K rows only differences are determined where there is no penalty.
    coef = theirs.coef_ - theirs.coef_.mean(axis=0) * (len(theirs.coef_) > 1)
    intercept = theirs.intercept_ - theirs.intercept_.mean() * (len(theirs.coef_) > 1)
    assert ours.coef_.shape == theirs.coef_.shape
    assert ours.intercept_.shape == theirs.intercept_.shape
    assert_allclose(ours.coef_, coef, rtol=1e-6, atol=1e-9)
    assert_allclose(ours.intercept_, intercept, rtol=1e-6, atol=1e-9)
    assert_allclose(ours.predict_log_proba(X), theirs.predict_log_proba(X), rtol=1e-6)
    assert ours.score(X, y) == theirs.score(X, y)


@pytest.mark.parametrize("family", FAMILIES)
def test_formulas_and_estimators_agree(family: str) -> None:
    """``fit`` with a formula and an estimator find the same coefficients and likelihood."""
    X, y = sample(family)
    data = {**{f"x{j}": X[:, j] for j in range(X.shape[1])}, "y": y}
    model = nl.fit("y ~ x0 + x1 + x2", data, family=family)
    ours = estimator(family).fit(X, y)
    slopes, intercept = np.atleast_2d(ours.coef_), np.atleast_1d(ours.intercept_)
    table = np.column_stack([intercept, slopes])
    if len(table) > 1:
        table = table[1:] - table[0]
    found = np.concatenate([table.ravel(), [np.log(value) for value in ours.constants_.values()]])
    assert_allclose(found, list(model.params.values()), rtol=1e-9, atol=1e-12)
    assert_allclose(ours.loglik_, model.loglik, rtol=1e-12)
    assert_allclose(ours.log_likelihood(X, y) * len(y), ours.loglik_, rtol=1e-10)


def test_two_classes_by_either_family() -> None:
    """Two classes have the same coefficients and probabilities as Bernoulli and as Categorical."""
    X, y = sample("bernoulli")
    one = nl.LikelihoodClassifier("bernoulli").fit(X, y)
    two = nl.LikelihoodClassifier("categorical").fit(X, y)
    assert one.coef_.shape == two.coef_.shape == (1, 3)
    assert_allclose(one.coef_, two.coef_, rtol=1e-9)
    assert_allclose(one.decision_function(X), two.decision_function(X), rtol=1e-8)
    assert_allclose(one.predict_log_proba(X), two.predict_log_proba(X), rtol=1e-9)


def shortest(X: Any, y: Any) -> Any:
    """Return the least squares predictions and the slopes of least length, by NumPy's SVD."""
    moves = np.ptp(X, axis=0) > 0
    scale = np.where(moves, X.std(axis=0), 1)
    Z = np.where(moves, X - X.mean(axis=0), 0) / scale
    slopes = np.linalg.lstsq(Z, y - y.mean(), rcond=1e-13)[0]
    return y.mean() + Z @ slopes, slopes / scale


@pytest.mark.parametrize("kind", ["collinear", "constant", "identity", "wide"])
def test_undetermined_coefficients_are_the_shortest(kind: str) -> None:
    """Where the columns do not determine the coefficients, the prediction is right and they are short."""
    X, y = sample("normal")
    X, y = {
        "collinear": (np.column_stack([X, X[:, 0] + X[:, 1], np.full(len(X), 0.1), X[:, 2]]), y),
        "constant": (np.full((len(X), 2), 0.1), y),
        "identity": (np.column_stack([X, X[:, :2], np.eye(80)[:, :60]]), y),
        "wide": (np.random.default_rng(1).normal(size=(8, 20)), y[:8]),
    }[kind]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ours = nl.LikelihoodRegressor().fit(X, y)
    # A perfect fit has no sigma, which is worth a warning; undetermined coefficients are not.
    assert [w.category for w in caught] == [ConvergenceWarning] * (kind == "wide")
    assert ours.status_ == ("separated" if kind == "wide" else "rank_deficient")
    predicted, slopes = shortest(X, y)
    assert_allclose(ours.predict(X), predicted, rtol=1e-9)
    assert_allclose(ours.coef_, slopes, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("distance", [1e-6, 1e-8, 1e-10])
def test_nearly_collinear_columns_keep_their_information(distance: float) -> None:
    """A target hidden in the small difference of two columns is found, as QR finds it."""
    random = np.random.default_rng(0)
    z, d = random.normal(size=(2, 200))
    X = np.column_stack([z, z + distance * d])
    y = d + random.normal(size=200)
    assert_allclose(
        nl.LikelihoodRegressor().fit(X, y).predict(X), shortest(X, y)[0], rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("family", ["bernoulli", "categorical", "poisson"])
def test_a_level_too_many_changes_no_prediction(family: str) -> None:
    """Dummy columns of every level predict as those without a reference level do, in silence."""
    X, y = sample(family, n=200)
    levels = np.eye(4)[np.random.default_rng(1).integers(0, 4, len(y))]
    full = estimator(family).fit(np.column_stack([X, levels]), y)
    reduced = estimator(family).fit(np.column_stack([X, levels[:, 1:]]), y)
    assert (full.status_, reduced.status_) == ("rank_deficient", "converged")
    assert_allclose(full.loglik_, reduced.loglik_, rtol=1e-10)
    # The shortest effects sum to 0 by the variance of their columns; the rest is in the intercept.
    assert_allclose(np.atleast_2d(full.coef_)[:, 3:] @ levels.var(axis=0), 0, atol=1e-9)
    assert_allclose(
        np.atleast_2d(full.coef_)[:, :3], np.atleast_2d(reduced.coef_)[:, :3], rtol=1e-6, atol=1e-9
    )
