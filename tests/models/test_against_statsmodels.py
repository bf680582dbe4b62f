"""Maximum likelihood fits of real data agree with statsmodels, after the conversions that are stated."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from models.tables import frame, matrix, relative

import neglog as nl

WITHIN = 1e-6


def values(mapping: Mapping[str, float]) -> list[float]:
    """Return the numbers of a mapping by coefficient name."""
    return list(mapping.values())


# Example, our formula, formulaic's right side where it differs from ours.
NORMAL = [
    ("diabetes", "progression ~ .", ". - progression"),
    ("stackloss", "stackloss ~ air_flow * water_temp + acid_conc", None),
    ("longley", "totemp ~ .", ". - totemp"),
    (
        "ccard",
        "avgexp ~ 0 + C(ownrent) + age + poly(income, 2)",
        "0 + C(ownrent) + age + poly(income, 2)",
    ),
]
BERNOULLI = [
    ("spector", "grade ~ gpa + tuce + psi", None),
    ("breast_cancer", "diagnosis ~ mean_radius + log(mean_texture) + scale(mean_smoothness)", None),
    (
        "fair",
        'affair ~ C(occupation, ref="student") + age * yrs_married + rate_marriage - 1',
        'C(occupation, contr.treatment("student")) + age * yrs_married + rate_marriage - 1',
    ),
]
POISSON = [
    ("randhie", "mdvis ~ .", ". - mdvis"),
    (
        "cpunish",
        "executions ~ scale(income) + perpoverty + perblack + log(vc100k96) + south + degree",
        None,
    ),
    ("star98", "nabove ~ log(nbelow) + center(lowinc) + perasian:perblack + ptratio", None),
]
CATEGORICAL = [
    ("iris", "species ~ sepal_length", None),
    ("anes96", "pid ~ logpopul + self_lr + age + educ + income", None),
    ("wine", "cultivar ~ scale(alcohol) + scale(hue)", None),
]


def right(formula: str, other: str | None) -> str:
    """Return the right side of a formula in formulaic's words."""
    return other or formula.partition("~")[2]


def agree(model: nl.Model, theirs: Any, params: Any, bse: Any, k: int) -> None:
    """Compare estimates, standard errors, log-likelihood and AIC."""
    n = len(params)
    assert model.converged
    assert relative(values(model.params)[:n], params) < WITHIN
    assert relative(values(model.bse)[:n], bse) < WITHIN
    assert relative(model.loglik, theirs.llf) < WITHIN
    assert relative(model.aic, 2 * k - 2 * theirs.llf) < WITHIN
    assert model.nobs == theirs.nobs


@pytest.mark.parametrize(("name", "formula", "other"), NORMAL, ids=[case[0] for case in NORMAL])
def test_normal(name: str, formula: str, other: str | None) -> None:
    """Maximum likelihood divides by n where least squares divides by n - p, and AIC counts sigma."""
    data = frame(name)
    model = nl.fit(formula, data, family=nl.Normal)
    X = matrix(right(formula, other), data)
    theirs = sm.OLS(data[model.coding.name].to_numpy(float), X.to_numpy(float)).fit()
    n, p = X.shape

    agree(model, theirs, theirs.params, theirs.bse * np.sqrt((n - p) / n), p + 1)
    assert relative(model.constants["sigma"], np.sqrt(theirs.ssr / n)) < WITHIN
    assert relative(model.bse["log(sigma)"], 1 / np.sqrt(2 * n)) < WITHIN
    assert relative(model.aic, theirs.aic + 2) < WITHIN
    assert relative(model.bic, theirs.bic + np.log(n)) < WITHIN


@pytest.mark.parametrize(
    ("name", "formula", "other"), BERNOULLI, ids=[case[0] for case in BERNOULLI]
)
def test_bernoulli(name: str, formula: str, other: str | None) -> None:
    """A Bernoulli fit is a logistic regression."""
    data = frame(name)
    model = nl.fit(formula, data, family=nl.Bernoulli)
    X = matrix(right(formula, other), data).to_numpy(float)
    target = data[model.coding.name]
    y = target.to_numpy(float) if target.dtype.kind in "fib" else target == model.coding.labels[1]
    theirs = sm.Logit(np.asarray(y, dtype=float), X).fit(disp=0, method="newton", tol=1e-12)

    agree(model, theirs, theirs.params, theirs.bse, X.shape[1])
    assert relative(model.aic, theirs.aic) < WITHIN
    assert relative(model.bic, theirs.bic) < WITHIN
    assert relative(values(model.tvalues), theirs.tvalues) < WITHIN
    assert relative([*model.conf_int().values()], theirs.conf_int()) < WITHIN
    assert np.allclose(values(model.pvalues), theirs.pvalues, rtol=1e-4, atol=1e-300)
    assert relative(np.asarray(model.cov_params()), theirs.cov_params()) < 1e-5


@pytest.mark.parametrize(("name", "formula", "other"), POISSON, ids=[case[0] for case in POISSON])
def test_poisson(name: str, formula: str, other: str | None) -> None:
    """A Poisson fit is the generalized linear model with the log link."""
    data = frame(name)
    model = nl.fit(formula, data, family=nl.Poisson)
    X = matrix(right(formula, other), data).to_numpy(float)
    y = data[model.coding.name].to_numpy(float)
    theirs = sm.GLM(y, X, family=sm.families.Poisson()).fit(tol=1e-13, maxiter=200)

    agree(model, theirs, theirs.params, theirs.bse, X.shape[1])
    assert relative(model.aic, theirs.aic) < WITHIN
    assert relative(model.predict(data), theirs.fittedvalues) < WITHIN


@pytest.mark.parametrize(
    ("name", "formula", "other"), CATEGORICAL, ids=[case[0] for case in CATEGORICAL]
)
def test_categorical(name: str, formula: str, other: str | None) -> None:
    """A categorical fit is a multinomial logit: differences to the first class."""
    data = frame(name)
    model = nl.fit(formula, data, family=nl.Categorical)
    X = matrix(right(formula, other), data).to_numpy(float)
    labels, codes = np.unique(data[model.coding.name].astype(str), return_inverse=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the condition number, on the way
        theirs = sm.MNLogit(codes, X).fit(disp=0, method="newton", tol=1e-12, maxiter=100)

    assert model.coding.labels == tuple(labels)
    agree(model, theirs, theirs.params.T.ravel(), theirs.bse.T.ravel(), theirs.params.size)
    assert relative(model.aic, theirs.aic) < WITHIN
    assert relative(model.predict(data), theirs.predict()) < WITHIN
    assert next(iter(model.params)) == f"{labels[1]}:Intercept"


def test_names_are_statsmodels() -> None:
    """Coefficients are called as in statsmodels' tables."""
    data = frame("fair").iloc[::4]
    model = nl.fit("affair ~ C(occupation) + age:educ", data, family=nl.Bernoulli)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the levels are few: patsy's names are what is wanted
        theirs = sm.Logit.from_formula(
            "affair ~ C(occupation) + age:educ", data.assign(affair=data["affair"].astype(float))
        )

    assert list(model.params) == theirs.exog_names


def test_frequency_weights() -> None:
    """A weighted fit agrees with statsmodels' frequency weights."""
    data = frame("spector")
    w = np.random.default_rng(0).integers(1, 5, len(data))
    model = nl.fit("grade ~ gpa + psi", data, family=nl.Bernoulli, sample_weight=w)
    X = matrix("gpa + psi", data)
    theirs = sm.GLM(
        data["grade"].to_numpy(float),
        X.to_numpy(float),
        family=sm.families.Binomial(),
        freq_weights=w,
    ).fit(tol=1e-13)

    assert model.nobs == w.sum()
    assert relative(values(model.params), theirs.params) < WITHIN
    assert relative(values(model.bse), theirs.bse) < WITHIN
    assert relative(model.loglik, theirs.llf) < WITHIN
    assert relative(model.aic, 6 - 2 * theirs.llf) < WITHIN


def test_longley_is_certified() -> None:
    """The Longley coefficients are those that NIST certifies, to nine digits."""
    certified = {
        "Intercept": -3482258.63459582,
        "gnpdefl": 15.0618722713733,
        "gnp": -0.0358191792925910,
        "unemp": -2.02022980381683,
        "armed": -1.03322686717359,
        "pop": -0.0511041056535807,
        "year": 1829.15146461355,
    }
    model = nl.fit("totemp ~ .", frame("longley"), family=nl.Normal)

    assert relative([model.params[name] for name in certified], [*certified.values()]) < 1e-9
