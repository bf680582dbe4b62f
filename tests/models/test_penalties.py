"""Prior, penalty and lambda: one number in three notations, checked against fits of scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from models.tables import frame
from sklearn.linear_model import ElasticNet, Lasso, LogisticRegression, PoissonRegressor, Ridge

import neglog as nl
from neglog.errors import UsageError
from neglog.models.priors import penalty_of_prior, prior_of_penalty

NAMES = ["bmi", "bp", "s1", "s5"]
FORMULA = "y ~ bmi + bp + s1 + s5"
PRIORS = [nl.Normal(mu=0, sigma=0.4), nl.Laplace(mu=0, b=0.1), nl.ElasticNet(l1=2, l2=4)]


def data(kind: str) -> pd.DataFrame:
    """Return scaled columns of the diabetes data with a target of a kind."""
    table = frame("diabetes")
    X = (table[NAMES] - table[NAMES].mean()) / table[NAMES].std(ddof=0)
    y = table["progression"]
    target = {"classes": (y > 140).astype(float), "counts": np.round(y / 40), "normal": y / 50}
    return X.assign(y=target[kind])


def fitted(kind: str, family: Any, prior: Any) -> np.ndarray:
    """Return the slopes of a MAP fit."""
    model = nl.fit(FORMULA, data(kind), family=family, prior=prior)
    assert model.converged
    return np.array([model.params[name] for name in NAMES])


@pytest.mark.parametrize("prior", PRIORS, ids=str)
def test_classes(prior: Any) -> None:
    """C and l1_ratio of LogisticRegression."""
    table = data("classes")
    said = penalty_of_prior(prior).logistic(len(table))
    theirs = LogisticRegression(
        C=said["C"], l1_ratio=said["l1_ratio"], solver="saga", tol=1e-13, max_iter=100_000
    ).fit(table[NAMES], table["y"])
    assert np.abs(fitted("classes", nl.Bernoulli, prior) - theirs.coef_[0]).max() < 1e-6


def test_counts() -> None:
    """The alpha of a GLM, whose data term is half the mean deviance."""
    table = data("counts")
    said = penalty_of_prior(PRIORS[0]).logistic(len(table))
    theirs = PoissonRegressor(alpha=said["glm_alpha"], tol=1e-12, solver="newton-cholesky")
    theirs.fit(table[NAMES], table["y"])
    assert np.abs(fitted("counts", nl.Poisson, PRIORS[0]) - theirs.coef_).max() < 1e-6


@pytest.mark.parametrize("prior", PRIORS, ids=str)
def test_squared_error(prior: Any) -> None:
    """The alphas of Ridge, Lasso and ElasticNet, each with a data term of its own size."""
    table, sigma = data("normal"), 1.1
    said = penalty_of_prior(prior).squared_error(len(table), sigma)
    theirs = {
        "Normal": Ridge(said["ridge_alpha"], tol=1e-12),
        "Laplace": Lasso(said["lasso_alpha"], tol=1e-14, max_iter=100_000),
        "ElasticNet": ElasticNet(
            said["elastic_net_alpha"], l1_ratio=said["l1_ratio"], tol=1e-14, max_iter=100_000
        ),
    }[prior.family.name].fit(table[NAMES], table["y"])
    found = fitted("normal", nl.Normal.fix(sigma=sigma), prior)
    assert np.abs(found - theirs.coef_).max() < 1e-6


@pytest.mark.parametrize("prior", PRIORS, ids=str)
def test_there_and_back(prior: Any) -> None:
    """The prior of a penalty of a prior is the prior, beside a sum and beside a mean."""
    said = penalty_of_prior(prior)
    for n in (1.0, 442.0):
        back = prior_of_penalty(*said.of_mean(n), n=n)
        assert back is not None
        assert back.family == prior.family
        for name, value in prior.values.items():
            assert back.values[name] == pytest.approx(float(value), rel=1e-14)
    assert prior_of_penalty() is None


def test_the_strengths_are_those_of_the_density() -> None:
    """-log p(w) + log p(centre) is l1 |w - centre| + l2 (w - centre)^2."""
    for prior in [*PRIORS, nl.Normal(mu=1.5, sigma=2), nl.Laplace(mu=-1, b=3)]:
        said = penalty_of_prior(prior)
        for w in (-2.3, 0.1, 4.0):
            u = w - said.centre
            gain = float(prior.log_prob(said.centre) - prior.log_prob(w))
            assert gain == pytest.approx(said.l1 * abs(u) + said.l2 * u * u, rel=1e-12)


def test_what_is_no_penalty_of_this_kind() -> None:
    """Student's t has no lambda, and strengths are not negative."""
    with pytest.raises(UsageError, match="StudentT"):
        penalty_of_prior(nl.StudentT(mu=0, sigma=1, nu=3))
    with pytest.raises(UsageError, match="0 or above"):
        prior_of_penalty(l1=-1.0)


def test_the_derivation_says_lambda() -> None:
    """The penalty step states the scaling: the sum, the mean, scikit-learn's C and alpha."""
    text = " ".join(nl.derive(nl.Bernoulli, prior=nl.Normal(mu=0, sigma=2)).to_text().split())
    assert "l2 = 1/(2*sigma**2) = 0.125" in text
    assert "divided by n" in text
    assert "C = 1/(2 l2) = 4" in text
    assert "Ridge(alpha = 2 s^2 l2 = 0.25 s^2)" in text
    t = " ".join(nl.derive(nl.Normal, prior=nl.StudentT(mu=0, sigma=1, nu=3)).to_text().split())
    assert "Scaling: no lambda" in t


def argmin(objective: Any, start: np.ndarray) -> np.ndarray:
    """Minimise a plain function."""
    from scipy.optimize import minimize

    found = minimize(objective, start, method="BFGS", options={"gtol": 1e-7})
    return np.asarray(found.x)


def test_three_readings_of_one_objective() -> None:
    """With a flat prior all minimise at the same weights; MAP is ERM with the penalty divided by n."""
    table = data("counts")
    X, y = np.column_stack([np.ones(len(table)), table[NAMES]]), table["y"].to_numpy()
    n, kernel, prior = len(y), nl.compile(nl.Poisson), nl.Normal(mu=0, sigma=0.1)

    def total(w: np.ndarray) -> float:
        return float(kernel.value(y, X @ w).sum())

    def penalty(w: np.ndarray) -> float:
        return -float(np.sum(prior.log_prob(w[1:])))

    start = np.r_[1.0, np.zeros(len(NAMES))]
    mle = argmin(lambda w: total(w) / 10, start)
    erm = argmin(lambda w: total(w) / n, start)
    map_ = argmin(lambda w: (total(w) + penalty(w)) / 10, start)
    penalised = argmin(lambda w: total(w) / n + penalty(w) / n, start)
    ours = {"flat": nl.fit(FORMULA, table, family=nl.Poisson)}
    ours["map"] = nl.fit(FORMULA, table, family=nl.Poisson, prior=prior)
    for found in (mle, erm):
        assert np.abs(found - list(ours["flat"].params.values())).max() < 1e-5
    for found in (map_, penalised):
        assert np.abs(found - list(ours["map"].params.values())).max() < 1e-5
    assert np.abs(mle - map_).max() > 1e-3

    flat, derived = nl.derive(nl.Poisson).readings, nl.derive(nl.Poisson, prior=prior).readings
    assert flat.mle.objective == flat.map.objective == derived.mle.objective
    assert derived.map.objective.startswith(derived.mle.objective)
    assert derived.erm.objective.startswith("(1/n) " + derived.mle.objective)
    assert "(1/n) sum_w [50*w**2]" in derived.erm.objective
    assert "the weights of MLE" in str(flat)
    assert [reading.name for reading in derived] == ["MLE", "MAP", "ERM"]
