"""The estimators in scikit-learn's company: pipelines, searches, copies, warnings, errors."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from estimators.samples import FAMILIES, estimator, sample
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags

import neglog as nl
from neglog.errors import SupportError, UsageError
from neglog.math import log

PRIOR = nl.Normal(mu=0, sigma=1)


def test_parameters_are_kept_as_given() -> None:
    """The constructor stores, ``clone`` copies, ``set_params`` replaces; families stay what they are."""
    model = nl.LikelihoodRegressor(nl.Poisson, prior=PRIOR, tol=1e-6)
    copy = clone(model)
    assert copy.family is nl.Poisson
    assert copy.get_params()["prior"] is not PRIOR
    assert str(copy.prior) == str(PRIOR)
    assert copy.set_params(family="normal", prior=None).get_params()["family"] == "normal"


def test_pipeline_and_cross_validation() -> None:
    """A pipeline with a scaler is cross-validated, by R^2 and by likelihood."""
    X, y = sample("poisson", n=120)
    model = make_pipeline(StandardScaler(), nl.LikelihoodRegressor("poisson"))
    assert cross_val_score(model, X, y, cv=3).shape == (3,)
    alone = nl.LikelihoodRegressor("poisson")
    by_likelihood = cross_val_score(alone, X, y, cv=3, scoring=alone.__class__.log_likelihood)
    assert (by_likelihood > cross_val_score(
        nl.LikelihoodRegressor(), X, y, cv=3, scoring=nl.LikelihoodRegressor.log_likelihood
    )).all()  # fmt: skip  # counts are better explained by a Poisson


def test_search_over_families() -> None:
    """A grid search chooses the family by held-out likelihood."""
    X, y = sample("poisson", n=150)
    search = GridSearchCV(
        nl.LikelihoodRegressor(),
        {"family": [nl.Normal, "poisson"]},
        scoring=nl.LikelihoodRegressor.log_likelihood,
        cv=3,
    ).fit(X, y)
    assert search.best_params_ == {"family": "poisson"}


def test_search_over_priors() -> None:
    """A grid search chooses the scale of the prior, by accuracy or by log loss."""
    X, y = sample("categorical", n=150)
    grid = {"prior": [nl.Normal(mu=0, sigma=1e-3), None, nl.Normal(mu=0, sigma=1)]}
    for scoring in (None, "neg_log_loss"):
        search = GridSearchCV(nl.LikelihoodClassifier(), grid, scoring=scoring, cv=3).fit(X, y)
        assert search.best_params_["prior"] in grid["prior"][1:]


@pytest.mark.parametrize("family", FAMILIES)
def test_pickle(family: str) -> None:
    """A fitted estimator is pickled without its training rows and predicts the same."""
    X, y = sample(family, n=2000)
    model = estimator(family).fit(X, y)
    stored = pickle.dumps(model)
    assert len(stored) < 5000
    assert_array_equal(pickle.loads(stored).predict(X), model.predict(X))  # our own bytes


def test_data_frames_give_names() -> None:
    """Column names of a data frame are kept, and priors and messages speak of them."""
    X, y = sample("normal")
    frame = pd.DataFrame(X, columns=["age", "Intercept", "size"])
    model = nl.LikelihoodRegressor(prior={"age": nl.Normal(mu=0, sigma=1e-6)}).fit(frame, y)
    assert model.feature_names_in_.tolist() == ["age", "Intercept", "size"]
    assert abs(model.coef_[0]) < 1e-6
    # A column that happens to have that name is a column with a slope like others.
    assert_allclose(
        nl.LikelihoodRegressor(prior=PRIOR).fit(frame, y).coef_,
        nl.LikelihoodRegressor(prior=PRIOR).fit(X, y).coef_,
    )
    with pytest.raises(UsageError, match="'agee'"):
        nl.LikelihoodRegressor(prior={"agee": PRIOR}).fit(frame, y)


def test_unnamed_columns_are_numbered() -> None:
    """Without names a prior names columns x0, x1, ..."""
    X, y = sample("bernoulli")
    model = nl.LikelihoodClassifier(prior={"x2": nl.Normal(mu=0, sigma=1e-6)}).fit(X, y)
    assert abs(model.coef_[0, 2]) < 1e-6 < abs(model.coef_[0, 0])


def test_kind_of_estimator() -> None:
    """scikit-learn sees a regressor and a classifier, and which targets they take."""
    assert is_regressor(nl.LikelihoodRegressor())
    assert is_classifier(nl.LikelihoodClassifier())
    assert get_tags(nl.LikelihoodRegressor("poisson")).target_tags.positive_only
    assert not get_tags(nl.LikelihoodRegressor()).target_tags.positive_only
    assert not get_tags(nl.LikelihoodRegressor("no such")).target_tags.positive_only
    assert get_tags(nl.LikelihoodClassifier()).classifier_tags.multi_class
    assert not get_tags(nl.LikelihoodClassifier(nl.Bernoulli)).classifier_tags.multi_class
    assert not hasattr(nl.LikelihoodRegressor(), "decision_function")


@pytest.mark.parametrize("classes", [2, 3])
def test_separable_classes_warn(classes: int) -> None:
    """Separable classes give a warning that says so, and finite coefficients that predict them."""
    X = np.arange(12.0)[:, None]
    y = np.arange(12) * classes // 12
    with pytest.warns(ConvergenceWarning, match="separation"):
        model = nl.LikelihoodClassifier().fit(X, y)
    assert model.status_ == "separated"
    assert np.isfinite(model.coef_).all()
    assert model.score(X, y) == 1
    assert np.isfinite(model.predict_log_proba(X)).all()
    assert nl.LikelihoodClassifier(prior=PRIOR).fit(X, y).status_ == "converged"


def test_perfect_fit_warns() -> None:
    """A Normal that fits every row exactly has no scale: a warning, and the exact coefficients."""
    X, _ = sample("normal")
    with pytest.warns(ConvergenceWarning, match="perfect"):
        model = nl.LikelihoodRegressor().fit(X, X @ [1.0, 2.0, 3.0] + 4)
    assert_allclose(model.coef_, [1, 2, 3], rtol=1e-9)
    assert_allclose(model.intercept_, 4, rtol=1e-9)


@pytest.mark.parametrize("columns", ["full rank", "collinear"])
def test_too_few_iterations_warn(columns: str) -> None:
    """A solver that was stopped early warns and names the remedy, whatever the rank of the columns."""
    X, y = sample("poisson")
    if columns == "collinear":
        X = np.column_stack([X, X])
    with pytest.warns(ConvergenceWarning):
        model = nl.LikelihoodRegressor("poisson", max_iter=1).fit(X, y)
    assert model.n_iter_ == 1


@pytest.mark.parametrize("solver", ["lbfgs", "gradient"])
@pytest.mark.parametrize("family", ["normal", "categorical"])
def test_solvers_agree(solver: str, family: str) -> None:
    """Every solver ends at the same coefficients."""
    X, y = sample(family)
    X = StandardScaler().fit_transform(X)
    newton = estimator(family).fit(X, y)
    other = estimator(family, solver=solver).fit(X, y)
    assert_allclose(other.coef_, newton.coef_, rtol=1e-4, atol=1e-4)


def test_a_family_of_ones_own() -> None:
    """A declared family is fitted, predicted with and cloned like a built-in one."""

    @nl.family(y=nl.Positive(), rate=nl.Positive(link="log"))
    def Exponential(y: Any, rate: Any) -> Any:
        return log(rate) - rate * y

    X, _ = sample("normal", n=40)
    y = np.random.default_rng(0).exponential(np.exp(0.3 * X[:, 1]))
    model = clone(nl.LikelihoodRegressor(Exponential)).fit(X, y)
    assert model.status_ == "converged"
    assert_allclose(model.predict(X[:5]), np.exp(-model.raw_prediction(X[:5])), rtol=1e-6)
    # The score equations of the intercept: targets over their means average to 1.
    assert_allclose(np.mean(y * np.exp(model.raw_prediction(X))), 1, rtol=1e-6)
    with pytest.raises(SupportError, match="Row 0 of y"):
        model.fit(X, -y)


def test_wrong_targets() -> None:
    """A target outside the support, or with one class, is a ValueError that says where."""
    X, y = sample("poisson")
    with pytest.raises(ValueError, match=r"Row 7 of y .* holds -1"):
        nl.LikelihoodRegressor("poisson").fit(X, np.where(np.arange(80) == 7, -1, y))
    with pytest.raises(ValueError, match=r"Row 3 of y .* holds 0\.5"):
        nl.LikelihoodRegressor("poisson").fit(X, y).log_likelihood(
            X, np.where(np.arange(80) == 3, 0.5, y)
        )
    with pytest.raises(ValueError, match="only one class"):
        nl.LikelihoodClassifier().fit(X, ["yes"] * 80)
    with pytest.raises(ValueError, match="left by the weights"):
        nl.LikelihoodClassifier().fit(X, np.arange(80) % 2, np.arange(80) % 2)
    with pytest.raises(ValueError, match="3 classes"):
        nl.LikelihoodClassifier("bernoulli").fit(X, np.arange(80) % 3)
    with pytest.raises(ValueError, match="Unknown label type"):
        nl.LikelihoodClassifier().fit(X, np.linspace(0, 1, 80))


def test_wrong_families() -> None:
    """A family for the other estimator, a distribution and an unknown name are told apart."""
    X, y = sample("poisson")
    with pytest.raises(ValueError, match="LikelihoodClassifier"):
        nl.LikelihoodRegressor(nl.Categorical).fit(X, y)
    with pytest.raises(ValueError, match="LikelihoodRegressor"):
        nl.LikelihoodClassifier(nl.Poisson).fit(X, y)
    with pytest.raises(ValueError, match="is a distribution"):
        nl.LikelihoodRegressor(nl.Normal(mu=0, sigma=1)).fit(X, y)  # type: ignore[arg-type]  # the mistake under test
    with pytest.raises(ValueError, match="Did you mean 'Poisson'"):
        nl.LikelihoodRegressor("poison").fit(X, y)
    with pytest.raises(ValueError, match="no solver 'newtonn'"):
        nl.LikelihoodRegressor(solver="newtonn").fit(X, y)


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        (-np.ones(80), "Row 0|row 0"),
        (np.zeros(80), "zero"),
        (np.ones(79), "inconsistent numbers"),
        (np.full(80, np.nan), "NaN"),
        (np.ones((80, 2)), "shape"),
    ],
    ids=["negative", "zero", "short", "nan", "table"],
)
def test_wrong_weights(weights: Any, words: str) -> None:
    """Weights that are not one finite number a row, 0 or above, are refused."""
    X, y = sample("normal")
    with pytest.raises(ValueError, match=words):
        nl.LikelihoodRegressor().fit(X, y, weights)


@pytest.mark.parametrize("y", [["c"] * 3, [0.5] * 3, [9] * 3])
@pytest.mark.parametrize("labels", [["a", "b"], [0, 1]])
def test_unknown_labels_are_not_scored(labels: list[Any], y: list[Any]) -> None:
    """The likelihood of a label that was not in training is an error that names it."""
    X, codes = sample("bernoulli")
    model = nl.LikelihoodClassifier().fit(X, np.asarray(labels)[codes])
    with pytest.raises(ValueError, match=r"Row 0 of y .* none of the classes"):
        model.log_likelihood(X[:3], y)


def test_only_estimators_import_scikit_learn() -> None:
    """A fit by formula leaves scikit-learn unloaded; the estimators load it."""
    code = (
        "import sys, neglog as nl; nl.fit('y ~ x', {'x': [0, 1, 2, 3], 'y': [1, 0, 3, 2]}, family='normal'); "
        "print('sklearn' in sys.modules); nl.LikelihoodRegressor; print('sklearn' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "True"]


def test_not_fitted() -> None:
    """Predicting before fitting says so."""
    with pytest.raises(NotFittedError):
        nl.LikelihoodRegressor().predict([[1.0]])
