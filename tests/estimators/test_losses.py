"""Estimators that minimise a loss without a likelihood."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import cross_val_score
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

import neglog as nl
from neglog.errors import NeglogError, UsageError


@nl.loss(y=nl.Real(), f=nl.Real())
def Squared(y: Any, f: Any) -> Any:
    """A user's own loss."""
    return (y - f) ** 2


def cancer() -> tuple[Any, Any]:
    """Return standardised measurements of tumours and their labels, as text."""
    X, y = load_breast_cancer(return_X_y=True)
    return StandardScaler().fit_transform(X), np.array(["malignant", "benign"])[y]


def numbers() -> tuple[Any, Any]:
    """Return columns and a target with heavy tails."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(150, 3))
    return X, X @ [1.0, -2.0, 0.5] + rng.standard_t(2, size=150)


def test_hinge_is_the_linear_support_vector_machine() -> None:
    """Coefficients, scores and labels are those of SVC(kernel='linear', C=sigma^2) to 1e-4."""
    X, y = cancer()
    ours = nl.LikelihoodClassifier(loss="hinge", prior=nl.Normal(mu=0, sigma=0.5)).fit(X, y)
    theirs = SVC(kernel="linear", C=0.25, tol=1e-8).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-4)
    np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), atol=1e-3)
    assert np.array_equal(ours.predict(X), theirs.predict(X))


@pytest.mark.parametrize(
    ("ours", "theirs"), [("hinge", "hinge"), ("squared hinge", "squared_hinge")]
)
def test_margins_without_an_intercept_are_linear_svc(ours: str, theirs: str) -> None:
    """Without an intercept, which LinearSVC would penalise, the coefficients are its own with C = sigma^2."""
    X, y = cancer()
    law = nl.Normal(mu=0, sigma=0.3)
    model = nl.LikelihoodClassifier(loss=ours, prior=law, fit_intercept=False).fit(X, y)
    peer = LinearSVC(
        loss=theirs, C=0.09, dual=theirs == "hinge", fit_intercept=False, tol=1e-10, max_iter=10**6
    )
    np.testing.assert_allclose(model.coef_, peer.fit(X, y).coef_, atol=1e-6)


def test_a_score_is_no_probability() -> None:
    """As of SVC, predict_proba is absent with the reason; the law and the log-likelihood are refused with it."""
    X, y = cancer()
    model = nl.LikelihoodClassifier(loss="hinge", prior=nl.Normal(mu=0, sigma=1)).fit(X, y)
    assert not hasattr(model, "predict_proba")
    assert not hasattr(model, "predict_log_proba")
    with pytest.raises(AttributeError) as caught:
        model.predict_proba(X)
    assert "no likelihood" in f"{caught.value} {caught.value.__cause__}"
    assert hasattr(nl.LikelihoodClassifier(), "predict_proba")
    assert model.loglik_ is None
    for call in (lambda: model.predict_distribution(X), lambda: model.log_likelihood(X, y)):
        with pytest.raises(UsageError, match="without a likelihood"):
            call()
    scores = cross_val_score(model, X, y, scoring="roc_auc", cv=3)
    assert scores.min() > 0.9


@pytest.mark.parametrize("name", ["brier", "focal"])
def test_losses_of_a_probability_decide_at_one_half(name: str) -> None:
    """Of a loss of a probability the label is that of p > 1/2, which is where the score is positive."""
    X, y = cancer()
    law = nl.Normal(mu=0, sigma=1)
    model = nl.LikelihoodClassifier(loss=name, prior=law).fit(X[:, :4], y)
    assert model.score(X[:, :4], y) > 0.85
    assert np.array_equal(
        model.predict(X[:, :4]), model.classes_[(model.decision_function(X[:, :4]) > 0).astype(int)]
    )


@pytest.mark.parametrize("loss", ["huber", nl.loss("quantile", tau=0.8), Squared, nl.loss("svr")])
def test_the_regressor_is_the_fit(loss: Any) -> None:
    """Slopes, intercept and predictions are those of `neglog.fit` with the same loss."""
    X, y = numbers()
    data = {"y": y, "a": X[:, 0], "b": X[:, 1], "c": X[:, 2]}
    model = nl.LikelihoodRegressor(loss=loss).fit(X, y)
    fitted = nl.fit("y ~ a + b + c", data, loss=loss)
    np.testing.assert_allclose(
        [model.intercept_, *model.coef_], list(fitted.params.values()), rtol=1e-9, atol=1e-12
    )
    np.testing.assert_allclose(model.predict(X), fitted.predict(data), rtol=1e-9, atol=1e-12)
    assert model.loglik_ is None
    with pytest.raises(UsageError, match="without a likelihood"):
        model.predict_distribution(X)


def test_a_linked_loss_predicts_on_its_own_scale() -> None:
    """Through the log link of the mean squared log error the prediction is the exponential of the score."""
    X, y = numbers()
    model = nl.LikelihoodRegressor(loss="msle").fit(X, np.exp(y / 4))
    np.testing.assert_allclose(model.predict(X), np.exp(model.raw_prediction(X)), rtol=1e-14)


@pytest.mark.parametrize("loss", ["huber", nl.loss("huber", delta=2.0), Squared])
def test_clones_and_pickles(loss: Any) -> None:
    """Parameters survive clone and pickle, and refit to the same coefficients."""
    X, y = numbers()
    model = nl.LikelihoodRegressor(loss=loss).fit(X, y)
    again = clone(model)
    assert again.get_params()["loss"] == loss
    assert np.array_equal(again.fit(X, y).coef_, model.coef_)
    assert np.array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


@pytest.mark.parametrize(
    ("estimator", "says"),
    [
        (nl.LikelihoodRegressor("poisson", loss="huber"), "both given"),
        (nl.LikelihoodRegressor("huber"), "write loss='huber'"),
        (nl.LikelihoodRegressor(loss=nl.Normal), "nl.Normal"),
        (nl.LikelihoodRegressor(loss="hinge"), "LikelihoodClassifier"),
        (nl.LikelihoodClassifier(loss="huber"), "LikelihoodRegressor"),
        (nl.LikelihoodClassifier(loss="0-1"), "derivative is 0 almost everywhere"),
    ],
)
def test_what_is_refused(estimator: Any, says: str) -> None:
    """A loss in the wrong place, or beside a family, or without a slope, is an error that says what to write."""
    with pytest.raises(NeglogError) as caught:
        estimator.fit([[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1])
    assert says in str(caught.value)
