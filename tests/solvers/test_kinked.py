"""Losses with kinks: fits agree with linear programs, with statsmodels and with support vector machines."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from models.tables import frame
from scipy.optimize import linprog
from scipy.stats import norm
from sklearn.svm import SVC, SVR

import neglog as nl
from neglog.errors import FitWarning, UsageError
from neglog.math import maximum, where

ENGEL = "foodexp ~ income"
WINE = ("alcohol", "hue", "ash", "proline")


def engel() -> pd.DataFrame:
    """Return household incomes and food expenditures: the example of quantile regression."""
    return sm.datasets.engel.load_pandas().data


def pinball_program(X: np.ndarray, y: np.ndarray, tau: float, l1: float = 0.0) -> tuple[Any, float]:
    """Return the coefficients and the value of a quantile regression, solved as a linear program."""
    n, p = X.shape
    cost = np.r_[np.full(p, 0.0), np.full(p, 0.0), np.full(n, tau), np.full(n, 1 - tau)]
    cost[1:p] = cost[p + 1 : 2 * p] = l1
    found = linprog(cost, A_eq=np.hstack([X, -X, np.eye(n), -np.eye(n)]), b_eq=y, method="highs")
    return found.x[:p] - found.x[p : 2 * p], found.fun


def pinball(X: np.ndarray, y: np.ndarray, theta: np.ndarray, tau: float) -> float:
    """Return the summed pinball loss."""
    u = y - X @ theta
    return float(np.maximum(tau * u, (tau - 1) * u).sum())


def loss_of(family: Any) -> Any:
    """Return a written density as a loss that is no likelihood."""
    from neglog.families.family import Family

    return Family.from_density(replace(family.density, likelihood=False))


@nl.family(y=nl.Binary(), f=nl.Real())
def Hinge(y: Any, f: Any) -> Any:
    """Minus the loss of a support vector machine."""
    return -maximum(0, 1 - (2 * y - 1) * f)


@nl.family(y=nl.Binary(), f=nl.Real())
def HingeByCases(y: Any, f: Any) -> Any:
    """The same, written with `where`."""
    m = (2 * y - 1) * f
    return where(m < 1, m - 1, 0)


@nl.family(y=nl.Real(), f=nl.Real(), eps=nl.Positive())
def Tube(y: Any, f: Any, eps: Any) -> Any:
    """Minus the epsilon-insensitive loss: two kinks a row."""
    return -maximum(0, abs(y - f) - eps)


# statsmodels' reweighting ends in a cycle of rounding errors here.
cycles = pytest.mark.filterwarnings("ignore:Convergence cycle detected")


@cycles
@pytest.mark.parametrize("tau", [0.05, 0.25, 0.5, 0.75, 0.95])
def test_quantile_regression(tau: float) -> None:
    """The asymmetric Laplace law gives the optimum of the linear program, and statsmodels' coefficients."""
    data = engel()
    model = nl.fit(ENGEL, data, family=nl.AsymmetricLaplace.fix(tau=tau))
    X, y = np.column_stack([np.ones(len(data)), data["income"]]), data["foodexp"].to_numpy()
    best, value = pinball_program(X, y, tau)
    found = np.array([model.params["Intercept"], model.params["income"]])
    theirs = sm.QuantReg(y, X).fit(q=tau, p_tol=1e-10, max_iter=5000)
    assert model.converged
    assert np.abs(found / best - 1).max() < 1e-6
    assert pinball(X, y, found, tau) <= value * (1 + 1e-12)
    assert np.abs(found / theirs.params - 1).max() < 1e-6
    assert model.constants["b"] == pytest.approx(value / len(y), rel=1e-9)


@cycles
@pytest.mark.parametrize("tau", [0.25, 0.5, 0.9])
def test_standard_errors_of_a_quantile(tau: float) -> None:
    """They are those of statsmodels' QuantReg; rows on the fit itself are the only difference."""
    data = engel()
    model = nl.fit(ENGEL, data, family=nl.AsymmetricLaplace.fix(tau=tau))
    theirs = sm.QuantReg.from_formula(ENGEL, data).fit(q=tau, p_tol=1e-10, max_iter=5000)
    assert np.abs(model.table.standard_errors[:2] / theirs.bse.to_numpy() - 1).max() < 0.04
    # Their formula, at our coefficients, counting a row on the fit as one below it.
    X, y = np.column_stack([np.ones(len(data)), data["income"]]), data["foodexp"].to_numpy()
    e = y - X @ np.array([model.params["Intercept"], model.params["income"]])
    e[np.abs(e) < 1e-8] = 0.0
    z = norm.ppf(tau)
    h = len(y) ** (-1 / 3) * norm.ppf(0.975) ** (2 / 3)
    h *= (1.5 * norm.pdf(z) ** 2 / (2 * z**2 + 1)) ** (1 / 3)
    spread = min(np.std(y), np.subtract(*np.percentile(e, [75, 25])) / 1.34)
    h = spread * (norm.ppf(tau + h) - norm.ppf(tau - h))
    f = np.sum(np.where(np.abs(e / h) <= 1, 0.75 * (1 - (e / h) ** 2), 0)) / (len(y) * h)
    d = np.where(e > 0, (tau / f) ** 2, ((1 - tau) / f) ** 2)
    inverse = np.linalg.inv(X.T @ X)
    expected = np.sqrt(np.diag(inverse @ (X.T * d @ X) @ inverse))
    assert np.abs(model.table.standard_errors[:2] / expected - 1).max() < 1e-6
    assert "sparsity" in str(model.summary())


def test_laplace_is_least_absolute_deviations() -> None:
    """The Laplace law gives the median regression, and b is the mean absolute error."""
    data = frame("diabetes")
    names = ["bmi", "bp", "s1", "s5"]
    model = nl.fit("progression ~ bmi + bp + s1 + s5", data, family=nl.Laplace)
    X = np.column_stack([np.ones(len(data)), data[names]])
    best, value = pinball_program(X, data["progression"].to_numpy(), 0.5)
    found = np.array([model.params[name] for name in ("Intercept", *names)])
    assert np.abs(found - best).max() < 1e-6 * np.abs(best).max()
    assert model.constants["b"] == pytest.approx(2 * value / len(data), rel=1e-10)


@pytest.mark.parametrize("seed", range(12))
def test_ties_are_harmless(seed: int) -> None:
    """Whole numbers, so that many rows meet at a vertex or a face is flat: the value is that of the program."""
    random = np.random.default_rng(seed)
    n = int(random.integers(12, 80))
    x = random.integers(0, 4, n) * 10.0 ** random.integers(-2, 4)
    y = np.round(random.integers(0, 5, n) * (seed % 3) + x / 3)
    tau = float(random.choice([0.3, 0.5, 0.8]))
    family = nl.AsymmetricLaplace.fix(tau=tau, b=1.0)
    model = nl.fit("y ~ x", {"x": x, "y": y}, family=family)
    X = np.column_stack([np.ones(n), x])
    found = np.array([model.params["Intercept"], model.params["x"]])
    assert model.converged
    assert pinball(X, y, found, tau) <= pinball_program(X, y, tau)[1] * (1 + 1e-9) + 1e-9


def test_weight_two_is_the_row_twice() -> None:
    """Frequency weights of a quantile fit."""
    data = engel()
    weights = np.arange(len(data)) % 3 + 1.0
    family = nl.AsymmetricLaplace.fix(tau=0.3)
    model = nl.fit(ENGEL, data, family=family, sample_weight=weights)
    twice = nl.fit(ENGEL, data.loc[data.index.repeat(weights.astype(int))], family=family)
    assert np.allclose(list(model.params.values()), list(twice.params.values()), rtol=1e-8)


def test_a_quantile_with_a_laplace_prior() -> None:
    """Kinks in the loss and in the prior: the value of the linear program with the penalty."""
    data = frame("diabetes")
    names = ["bmi", "bp", "s1", "s5"]
    Z = ((data[names] - data[names].mean()) / data[names].std(ddof=0)).assign(y=data["progression"])
    family = nl.AsymmetricLaplace.fix(tau=0.4, b=1.0)
    l1 = 60.0
    model = nl.fit("y ~ " + " + ".join(names), Z, family=family, prior=nl.Laplace(mu=0, b=1 / l1))
    X, y = np.column_stack([np.ones(len(Z)), Z[names]]), Z["y"].to_numpy()
    best, value = pinball_program(X, y, 0.4, l1)
    found = np.array([model.params[name] for name in ("Intercept", *names)])
    assert model.converged
    assert pinball(X, y, found, 0.4) + l1 * np.abs(found[1:]).sum() <= value * (1 + 1e-10)
    assert ((found == 0) == (np.abs(best) < 1e-9)).all()
    assert (found == 0).any()


def classes() -> tuple[pd.DataFrame, str]:
    """Return wines of one cultivar against the others, columns scaled."""
    data = frame("wine")
    X = data[list(WINE)]
    target = (data["cultivar"] == data["cultivar"].iloc[70]).astype(float)
    return ((X - X.mean()) / X.std(ddof=0)).assign(t=target), "t ~ " + " + ".join(WINE)


@pytest.mark.parametrize("tau", [0.3, 1.0, 3.0])
@pytest.mark.parametrize("hinge", [Hinge, HingeByCases], ids=["maximum", "where"])
def test_hinge_with_a_normal_prior_is_a_linear_svc(hinge: Any, tau: float) -> None:
    """C = tau^2: slopes and intercept of scikit-learn's SVC to 1e-4."""
    data, formula = classes()
    model = nl.fit(formula, data, family=loss_of(hinge), prior=nl.Normal(mu=0, sigma=tau))
    theirs = SVC(kernel="linear", C=tau**2, tol=1e-9).fit(data[list(WINE)], data["t"])
    assert model.converged
    found = np.array([model.params[name] for name in WINE])
    assert np.abs(found - theirs.coef_[0]).max() < 1e-4
    assert model.params["Intercept"] == pytest.approx(theirs.intercept_[0], abs=1e-4)
    assert "No standard errors: the loss has kinks" in " ".join(str(model.summary()).split())


def test_the_insensitive_tube_is_a_linear_svr() -> None:
    """Two kinks a row, and C = tau^2."""
    data = frame("diabetes")
    Z = (data - data.mean()) / data.std(ddof=0)
    family = loss_of(Tube).fix(eps=0.5)
    model = nl.fit("progression ~ bmi + bp + s5", Z, family=family, prior=nl.Normal(0, 1))
    theirs = SVR(kernel="linear", C=1, epsilon=0.5, tol=1e-9).fit(
        Z[["bmi", "bp", "s5"]], Z["progression"]
    )
    found = [model.params[name] for name in ("bmi", "bp", "s5", "Intercept")]
    assert np.abs(np.array(found) - np.r_[theirs.coef_[0], theirs.intercept_]).max() < 1e-4


def test_a_minimum_that_is_not_unique_is_called_so() -> None:
    """Separable classes have hinge loss 0 along a whole cone that never ends; a median is anything between two values."""
    data = {"x": [-2.0, -1, 1, 2], "t": [0.0, 0, 1, 1]}
    with pytest.warns(FitWarning, match="no single finite minimum"):
        model = nl.fit("t ~ x", data, family=loss_of(Hinge))
    assert model.status == "separated"
    median = nl.fit("y ~ 1", {"y": [0.0, 1, 4, 9]}, family=nl.Laplace)
    assert median.converged
    assert 1 <= median.params["Intercept"] <= 4
    assert "not unique" in median.message


def test_a_perfect_fit_has_no_maximum() -> None:
    """On a line the scale shrinks for ever, and that is said."""
    x = np.arange(12.0)
    with pytest.warns(FitWarning, match="perfect"):
        model = nl.fit("y ~ x", {"x": x, "y": 1 + 2 * x}, family=nl.Laplace)
    assert model.status == "separated"


@pytest.mark.filterwarnings("ignore::neglog.errors.AccuracyWarning")
def test_smooth_losses_written_with_abs_have_no_kink() -> None:
    """The logistic law by |z|: no row can rest on a kink that is none, and its information gives standard errors."""
    from neglog.math import exp, log, log1p

    @nl.family(y=nl.Real(), mu=nl.Real(), s=nl.Positive())
    def Logistic(y: Any, mu: Any, s: Any) -> Any:
        z = abs((y - mu) / s)
        return -z - 2 * log1p(exp(-z)) - log(s)

    model = nl.fit(ENGEL, engel(), family=Logistic)
    assert model.converged
    assert np.isfinite(model.table.standard_errors).all()


def test_other_solvers_refuse_a_loss_with_kinks() -> None:
    """The message names the solver that copes."""
    with pytest.raises(UsageError, match=r"loss has a kink.*'newton'"):
        nl.fit(ENGEL, engel(), family=nl.Laplace, solver="lbfgs")


@pytest.mark.parametrize("sigma", [1.0, 3.0, 10.0])
@pytest.mark.parametrize("name", ["hinge", "epsilon-insensitive"])
def test_a_row_that_almost_rests(name: str, sigma: float) -> None:
    """A row a hair inside the margin or tube has no loss and changes nothing, however close to its kink it lies."""
    prior = nl.Normal(mu=0, sigma=sigma)
    for seed, gap in enumerate(10.0 ** -np.arange(3.0, 8.0)):
        random = np.random.default_rng(seed)
        x = random.normal(size=120)
        y = (random.random(120) < 1 / (1 + np.exp(-x))) * 1.0 if name == "hinge" else x
        y = y if name == "hinge" else y + random.normal(size=120)
        loss = nl.loss("hinge") if name == "hinge" else nl.loss(name, epsilon=0.5)
        model = nl.fit("y ~ x", {"x": x, "y": y}, loss=loss, prior=prior)
        a, b = model.params["Intercept"], model.params["x"]
        at = 1.03
        if name == "hinge":
            side = np.sign(b)
            more = ((side + side * gap - a) / b, float(side > 0))
        else:
            more = (at, a + b * at + 0.5 - gap)
        again = nl.fit(
            "y ~ x",
            {"x": np.append(x, more[0]), "y": np.append(y, more[1])},
            loss=loss,
            prior=prior,
        )
        assert model.converged
        assert again.converged, again.message
        assert np.abs(np.subtract([*again.params.values()], [a, b])).max() < 1e-8


@pytest.mark.parametrize("tau", [0.3, 0.5, 0.9])
def test_a_row_that_almost_lies_on_a_quantile(tau: float) -> None:
    """The value is that of the linear program, however close more rows than coefficients come to the line."""
    for seed, gap in enumerate(10.0 ** -np.arange(3.0, 9.0)):
        random = np.random.default_rng(seed)
        x = random.normal(size=80)
        X = np.column_stack([np.ones(84), np.append(x, [-1.0, -0.5, 0.5, 1.0])])
        y = x + random.normal(size=80)
        best, _ = pinball_program(X[:80], y, tau)
        y = np.append(y, X[80:] @ best + gap * np.array([1, -1, 1, -1]))
        model = nl.fit("y ~ x", {"x": X[:, 1], "y": y}, loss=nl.loss("quantile", tau=tau))
        assert model.converged, model.message
        found = np.array([*model.params.values()])
        # At its own coefficients: the program's own value is off by its feasibility tolerance.
        theirs = pinball(X, y, pinball_program(X, y, tau)[0], tau)
        assert pinball(X, y, found, tau) <= theirs * (1 + 1e-12)
