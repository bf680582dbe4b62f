"""What has to hold for every family: weights, permutations, labels, probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from estimators.samples import FAMILIES, estimator, sample
from numpy.testing import assert_allclose

import neglog as nl

PRIOR = nl.Normal(mu=0, sigma=1)


def fitted(model: Any) -> Any:
    """Return all estimates as one vector."""
    constants = list(model.constants_.values())
    return np.concatenate([np.ravel(model.coef_), np.ravel(model.intercept_), constants])


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("prior", [None, PRIOR], ids=["flat", "normal"])
def test_weight_is_repetition(family: str, prior: Any) -> None:
    """Weight k is the row k times and weight 0 the row left out, in fits and in scores."""
    X, y = sample(family)
    weights = np.random.default_rng(1).integers(0, 4, len(y))
    weighted = estimator(family, prior=prior).fit(X, y, sample_weight=weights)
    Xr, yr = X.repeat(weights, axis=0), y.repeat(weights)
    repeated = estimator(family, prior=prior).fit(Xr, yr)
    assert_allclose(fitted(weighted), fitted(repeated), rtol=1e-10, atol=1e-10)
    assert_allclose(weighted.loglik_, repeated.loglik_, rtol=1e-12)
    for score in ("score", "log_likelihood"):
        a, b = getattr(weighted, score)(X, y, weights), getattr(repeated, score)(Xr, yr)
        assert_allclose(a, b, rtol=1e-10)


def test_weight_is_repetition_where_columns_are_collinear() -> None:
    """The choice between coefficients that fit equally well depends on weights as on repeated rows."""
    X, y = sample("poisson")
    X = np.column_stack([X, X[:, 0] - X[:, 1], np.eye(80)[:, :2]])
    weights = np.random.default_rng(1).integers(0, 4, len(y))
    weights[:2] = 0, 3
    weighted = nl.LikelihoodRegressor("poisson").fit(X, y, sample_weight=weights)
    repeated = nl.LikelihoodRegressor("poisson").fit(X.repeat(weights, axis=0), y.repeat(weights))
    assert weighted.status_ == repeated.status_ == "rank_deficient"
    assert_allclose(fitted(weighted), fitted(repeated), rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("family", FAMILIES)
def test_scale_of_weights_is_free(family: str) -> None:
    """Without a prior all weights may be multiplied by a number."""
    X, y = sample(family)
    weights = np.random.default_rng(1).uniform(0.5, 2, len(y))
    fits = [fitted(estimator(family).fit(X, y, scale * weights)) for scale in (1e-6, 1, 1e6)]
    assert_allclose(fits[0], fits[1], rtol=1e-8, atol=1e-10)
    assert_allclose(fits[2], fits[1], rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("family", FAMILIES)
def test_caller_keeps_arrays(family: str) -> None:
    """Arrays of the caller may be read-only, and are as they were."""
    X, y = sample(family)
    weights = np.ones(len(y))
    for array in (X, y, weights):
        array.setflags(write=False)
    model = estimator(family).fit(X, y, weights)
    model.predict(X)
    model.log_likelihood(X, y, weights)


@pytest.mark.parametrize("prior", [None, PRIOR], ids=["flat", "normal"])
def test_names_of_classes_are_free(prior: Any) -> None:
    """Renaming the classes permutes the rows of the coefficients and changes nothing else."""
    X, y = sample("categorical")
    base = nl.LikelihoodClassifier(prior=prior).fit(X, y)
    order = np.array([2, 0, 1])
    moved = nl.LikelihoodClassifier(prior=prior).fit(X, order[y])
    assert_allclose(moved.coef_[order], base.coef_, rtol=1e-8, atol=1e-10)
    assert_allclose(moved.intercept_[order], base.intercept_, rtol=1e-8, atol=1e-10)
    assert_allclose(moved.predict_proba(X)[:, order], base.predict_proba(X), rtol=1e-8)
    assert_allclose(moved.loglik_, base.loglik_, rtol=1e-12)


def test_exchange_of_two_classes_turns_the_sign() -> None:
    """Exchanging the two classes of a Bernoulli changes the sign of every coefficient."""
    X, y = sample("bernoulli")
    base, moved = (nl.LikelihoodClassifier().fit(X, labels) for labels in (y, 1 - y))
    assert_allclose(moved.coef_, -base.coef_, rtol=1e-9)
    assert_allclose(moved.intercept_, -base.intercept_, rtol=1e-9)


@pytest.mark.parametrize(
    "labels",
    [
        ["no", "yes", "very"],
        [7, -3, 10**15],
        [1.0, 2.0, 4.0],
        np.array(["b", "a", "ü: ä"], dtype=object),
        [False, True],
    ],
    ids=["text", "integers", "floats", "objects", "booleans"],
)
@pytest.mark.parametrize("prior", [None, PRIOR], ids=["flat", "normal"])
def test_labels_come_back(labels: Any, prior: Any) -> None:
    """Labels of any type are sorted into ``classes_``, predicted as they were, and scored."""
    X, codes = sample("categorical")
    labels = np.asarray(labels)
    codes = np.minimum(codes, len(labels) - 1)
    model = nl.LikelihoodClassifier(prior=prior).fit(X, labels[codes])
    predicted = model.predict(X)
    assert model.classes_.tolist() == sorted(labels.tolist())
    assert model.classes_.dtype == predicted.dtype == labels.dtype
    plain = nl.LikelihoodClassifier(prior=prior).fit(X, np.argsort(np.argsort(labels))[codes])
    assert (model.classes_[plain.predict(X)] == predicted).all()
    assert_allclose(model.coef_, plain.coef_, rtol=1e-9, atol=1e-12)
    assert_allclose(model.log_likelihood(X, labels[codes]) * len(X), model.loglik_, rtol=1e-10)


@pytest.mark.parametrize("family", ["bernoulli", "categorical"])
def test_rows_of_free_classes_are_centred(family: str) -> None:
    """Without a prior the K rows sum to 0, and so do the intercepts under one."""
    X, y = sample("categorical")
    y = np.minimum(y, 1) if family == "bernoulli" else y
    model = nl.LikelihoodClassifier().fit(X, y)
    if family == "categorical":
        assert_allclose(model.coef_.sum(axis=0), 0, atol=1e-12)
        assert_allclose(model.intercept_.sum(), 0, atol=1e-12)
        assert_allclose(
            nl.LikelihoodClassifier(prior=PRIOR).fit(X, y).intercept_.sum(), 0, atol=1e-12
        )
    raw = X @ model.coef_.T + model.intercept_
    assert_allclose(model.decision_function(X), raw.squeeze(), rtol=1e-12)


@pytest.mark.parametrize("family", ["bernoulli", "categorical"])
def test_log_probabilities_keep_their_digits(family: str) -> None:
    """Far from the boundary the log-probability of the sure class is the negative sum of the others'."""
    X, y = sample(family)
    model = estimator(family, prior=PRIOR).fit(X, y)
    far = 60 * np.vstack([model.coef_, -model.coef_])
    log_proba = model.predict_log_proba(far)
    sure = log_proba.argmax(axis=1)[:, None]
    others = np.exp(log_proba)
    np.put_along_axis(others, sure, 0.0, axis=1)
    assert np.isfinite(log_proba).all()
    assert (others.sum(axis=1) > 0).all()
    top = np.take_along_axis(log_proba, sure, axis=1)[:, 0]
    assert_allclose(top, np.log1p(-others.sum(axis=1)), rtol=1e-12, atol=0)
    assert (top < 0).all()
    assert_allclose(model.predict_proba(far).sum(axis=1), 1, rtol=1e-15)


@pytest.mark.parametrize("family", FAMILIES)
def test_distribution_is_the_one_that_is_scored(family: str) -> None:
    """The predicted distribution gives the targets the log-likelihood that the estimator reports."""
    X, y = sample(family)
    model = estimator(family).fit(X, y)
    law = model.predict_distribution(X)
    assert law.shape == (len(y),)
    assert_allclose(law.log_prob(y).mean(), model.log_likelihood(X, y), rtol=1e-10)
    if family in ("normal", "poisson"):
        assert_allclose(law.mean, model.predict(X))
    if family == "bernoulli":
        assert_allclose(law.mean, model.predict_proba(X)[:, 1], rtol=1e-12)


def test_soft_labels_are_a_regression() -> None:
    """A Bernoulli with probabilities as targets is a regression whose mean is the probability."""
    X, y = sample("bernoulli")
    soft = 0.8 * y + 0.1
    model = nl.LikelihoodRegressor("bernoulli").fit(X, soft)
    rows = np.vstack([X, X])
    hard = nl.LikelihoodClassifier().fit(
        rows, np.repeat([0, 1], len(y)), sample_weight=np.concatenate([1 - soft, soft])
    )
    assert_allclose(model.predict(X), hard.predict_proba(X)[:, 1], rtol=1e-9)


def test_prediction_far_outside_stays_in_the_support() -> None:
    """Where exp leaves the range of float64 the mean is the last number that is in it."""
    model = nl.LikelihoodRegressor("poisson").fit([[0.0], [1.0], [2.0]], [1, 2, 4])
    low, high = model.predict([[-1e4], [1e4]])
    assert 0 < low < 1e-300
    assert 1e300 < high < np.inf


def test_prior_spares_intercepts_whatever_the_labels() -> None:
    """A label that holds a colon does not make the intercept of its class a slope."""
    X, y = sample("categorical")
    tight = nl.Normal(mu=0, sigma=1e-4)
    plain = nl.LikelihoodClassifier(prior=tight).fit(X, y)
    named = nl.LikelihoodClassifier(prior=tight).fit(X, np.array(["a: x", "b: x", "c: x"])[y])
    assert_allclose(named.intercept_, plain.intercept_, rtol=1e-9)
    shares = np.log(np.bincount(y))
    assert_allclose(plain.intercept_, shares - shares.mean(), atol=1e-4)
