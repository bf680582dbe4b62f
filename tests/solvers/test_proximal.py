"""Priors with a kink: fits agree with scikit-learn's, and the condition of Karush, Kuhn and Tucker holds exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from models.tables import frame
from sklearn.linear_model import ElasticNet, Lasso, LogisticRegression

import neglog as nl
from neglog.errors import UsageError
from neglog.models.priors import penalty

DIABETES = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")
WINE = ("alcohol", "malic_acid", "ash", "hue", "flavanoids", "proline", "magnesium")


def scaled(name: str, columns: tuple[str, ...], target: str) -> tuple[pd.DataFrame, str]:
    """Return an example with columns of mean 0 and standard deviation 1, and the formula of all of them."""
    data = frame(name)
    X = data[list(columns)]
    table = ((X - X.mean()) / X.std(ddof=0)).assign(target=data[target])
    return table, "target ~ " + " + ".join(columns)


def slopes(model: Any, columns: tuple[str, ...]) -> np.ndarray:
    """Return the coefficients of the columns."""
    return np.array([model.params[name] for name in columns])


@pytest.mark.parametrize("b", [0.05, 0.3, 5.0])
def test_laplace_prior_is_lasso(b: float) -> None:
    """With sigma known, alpha = sigma^2 / (b n): the same coefficients, and the same of them exactly 0."""
    data, formula = scaled("diabetes", DIABETES, "progression")
    sigma = 50.0
    model = nl.fit(formula, data, family=nl.Normal.fix(sigma=sigma), prior=nl.Laplace(mu=0, b=b))
    theirs = Lasso(alpha=sigma**2 / b / len(data), tol=1e-14, max_iter=100_000)
    theirs.fit(data[list(DIABETES)], data["target"])
    found = slopes(model, DIABETES)
    assert model.converged
    assert np.abs(found - theirs.coef_).max() < 1e-6
    assert ((found == 0) == (theirs.coef_ == 0)).all()


def test_elastic_net_prior_is_elastic_net() -> None:
    """With sigma known, alpha = sigma^2 (l1 + 2 l2) / n and l1_ratio = l1 / (l1 + 2 l2)."""
    data, formula = scaled("diabetes", DIABETES, "progression")
    sigma, l1, l2 = 50.0, 2.0, 0.02
    family = nl.Normal.fix(sigma=sigma)
    model = nl.fit(formula, data, family=family, prior=nl.ElasticNet(l1=l1, l2=l2))
    total = l1 + 2 * l2
    theirs = ElasticNet(sigma**2 * total / len(data), l1_ratio=l1 / total, tol=1e-14)
    theirs.set_params(max_iter=100_000).fit(data[list(DIABETES)], data["target"])
    assert np.abs(slopes(model, DIABETES) - theirs.coef_).max() < 1e-6
    assert (slopes(model, DIABETES) == 0).any()


def test_laplace_prior_of_two_classes_is_l1_logistic_regression() -> None:
    """C = b: the same coefficients as scikit-learn's saga, to 1e-6."""
    data, formula = scaled("wine", WINE, "cultivar")
    data["target"] = (data["target"] == data["target"].iloc[0]).astype(int)
    model = nl.fit(formula, data, family=nl.Bernoulli, prior=nl.Laplace(mu=0, b=0.3))
    theirs = LogisticRegression(l1_ratio=1, C=0.3, solver="saga", tol=1e-12, max_iter=100_000)
    theirs.fit(data[list(WINE)], data["target"])
    assert np.abs(slopes(model, WINE) - theirs.coef_[0]).max() < 1e-6
    assert (slopes(model, WINE) == 0).any()


def test_laplace_prior_of_classes() -> None:
    """Three free classes, as scikit-learn's multinomial regression with an L1 penalty."""
    data, formula = scaled("wine", WINE, "cultivar")
    model = nl.fit(formula, data, family=nl.Categorical, prior=nl.Laplace(mu=0, b=0.5))
    theirs = LogisticRegression(l1_ratio=1, C=0.5, solver="saga", tol=1e-12, max_iter=100_000)
    theirs.fit(data[list(WINE)], data["target"])
    assert model.converged
    assert np.abs(model.class_coefficients[:, 1:] - theirs.coef_).max() < 1e-6


def test_laws_may_differ_by_coefficient() -> None:
    """One mapping may mix laws; each coefficient meets the stationarity of its own."""
    data, formula = scaled("wine", WINE, "cultivar")
    data["target"] = (data["target"] == data["target"].iloc[0]).astype(int)
    prior = {
        "slopes": nl.StudentT(mu=0, sigma=1, nu=3),
        "ash": nl.Laplace(mu=0, b=0.05),
        "Intercept": nl.Normal(mu=0, sigma=5),
    }
    model = nl.fit(formula, data, family=nl.Bernoulli, prior=prior)
    theta = np.array(list(model.params.values()))
    X = np.column_stack([np.ones(len(data)), data[list(WINE)]])
    pull = X.T @ (1 / (1 + np.exp(-X @ theta)) - data["target"].to_numpy())
    w = theta[1:]
    expected = np.r_[-theta[0] / 25, -4 * w / (3 + w**2)]
    place = 1 + WINE.index("ash")
    keep = np.arange(len(theta)) != place
    assert np.abs(pull - expected)[keep].max() < 1e-7
    assert theta[place] == 0
    assert abs(pull[place]) <= 20


def test_a_resting_coefficient_rests_where_the_prior_says() -> None:
    """The kink is where the law has it: a strong Laplace prior around 1 gives exactly 1."""
    data, formula = scaled("diabetes", DIABETES[:3], "progression")
    model = nl.fit(formula, data, family=nl.Normal, prior=nl.Laplace(mu=1, b=1e-3))
    assert (slopes(model, DIABETES[:3]) == 1).all()


@pytest.mark.parametrize(
    ("law", "centre", "jump"),
    [
        (nl.Laplace(mu=0.5, b=0.25), 0.5, 4.0),
        (nl.ElasticNet(l1=3, l2=2), 0.0, 3.0),
        (nl.Normal(mu=1, sigma=2), 0.0, 0.0),
        (nl.StudentT(mu=1, sigma=2, nu=4), 0.0, 0.0),
    ],
    ids=str,
)
def test_a_penalty_is_its_density(law: Any, centre: float, jump: float) -> None:
    """Value is -log p, constants included; the derivatives are its, and so is the kink."""
    pull = penalty(law, ["w"], [True])
    grid = np.array([-3.0, -0.3, 0.9, 2.5])
    h = 1e-4
    for w in grid:
        at = np.array([w])
        low, mid, high = (float(-law.log_prob(w + step)) for step in (-h, 0, h))
        assert pull.value(at) == pytest.approx(mid, rel=1e-14)
        assert pull.gradient(at)[0] == pytest.approx((high - low) / (2 * h), rel=1e-6)
        assert pull.curvature(at)[0] == pytest.approx((high - 2 * mid + low) / h**2, abs=1e-5)
    kinks = pull.kinks(1)
    assert kinks.jumps[0] == pytest.approx(jump, rel=1e-9)
    assert kinks.centres[0] == centre


def test_other_solvers_refuse_a_kink() -> None:
    """L-BFGS and gradient descent say which solver copes."""
    data, formula = scaled("diabetes", DIABETES[:2], "progression")
    with pytest.raises(UsageError, match=r"kink.*'newton'"):
        nl.fit(formula, data, family=nl.Normal, prior=nl.Laplace(mu=0, b=1), solver="lbfgs")


def test_there_are_no_standard_errors_at_a_kink() -> None:
    """The summary says so, and why."""
    data, formula = scaled("diabetes", DIABETES[:2], "progression")
    model = nl.fit(formula, data, family=nl.Normal, prior=nl.Laplace(mu=0, b=1))
    assert model.converged
    assert np.isnan(model.table.standard_errors).all()
    assert "No standard errors: the prior has a kink" in " ".join(str(model.summary()).split())
