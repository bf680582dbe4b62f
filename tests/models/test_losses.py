"""Training with losses that follow from no density, against scikit-learn, statsmodels and SciPy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.optimize
import statsmodels.api as sm
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.svm import SVC, LinearSVC

import neglog as nl
from neglog.errors import FitError, UsageError
from neglog.losses.surrogates.register import SURROGATES
from neglog.testing import check_loss


def cancer() -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray], str]:
    """Return standardised measurements of tumours, and a formula."""
    X, y = load_breast_cancer(return_X_y=True)
    X = ((X - X.mean(axis=0)) / X.std(axis=0))[:, :6]
    names = [f"x{i}" for i in range(6)]
    return X, y, {**dict(zip(names, X.T, strict=True)), "y": y}, "y ~ " + " + ".join(names)


def diabetes() -> dict[str, np.ndarray]:
    """Return two measurements of patients and their disease's progress."""
    loaded = load_diabetes()
    return {"bmi": loaded.data[:, 2] * 10, "bp": loaded.data[:, 3] * 10, "y": loaded.target / 50}


@pytest.mark.parametrize("tau", [0.3, 1.0])
def test_hinge_with_a_normal_prior_is_the_support_vector_machine(tau: float) -> None:
    """Slopes and intercept are those of scikit-learn's SVC with a linear kernel and C = tau^2."""
    X, y, data, formula = cancer()
    model = nl.fit(formula, data, loss="hinge", prior=nl.Normal(mu=0, sigma=tau))
    theirs = SVC(kernel="linear", C=tau**2, tol=1e-9).fit(X, y)
    ours = np.array([model.params[f"x{i}"] for i in range(6)])
    assert model.converged
    np.testing.assert_allclose(ours, theirs.coef_[0], atol=1e-4)
    assert model.params["Intercept"] == pytest.approx(theirs.intercept_[0], abs=1e-4)
    assert np.array_equal(model.predict(data), theirs.predict(X))
    assert all(np.isnan(error) for error in model.bse.values())


def test_squared_hinge_is_the_linear_svc() -> None:
    """With a prior on the intercept too, which LinearSVC penalises, the coefficients are LinearSVC's."""
    X, y, data, formula = cancer()
    tau = 0.5
    prior = {"slopes": nl.Normal(mu=0, sigma=tau), "Intercept": nl.Normal(mu=0, sigma=tau)}
    model = nl.fit(formula, data, loss="squared hinge", prior=prior)
    theirs = LinearSVC(loss="squared_hinge", C=tau**2, dual=False, tol=1e-10).fit(X, y)
    ours = [model.params[name] for name in ("Intercept", *(f"x{i}" for i in range(6)))]
    np.testing.assert_allclose(ours, [theirs.intercept_[0], *theirs.coef_[0]], atol=1e-6)


def test_quantile_is_quantile_regression() -> None:
    """The quantile loss gives the coefficients of statsmodels' QuantReg."""
    data = diabetes()
    X = sm.add_constant(np.column_stack([data["bmi"], data["bp"]]))
    model = nl.fit("y ~ bmi + bp", data, loss=nl.loss("quantile", tau=0.8))
    theirs = sm.QuantReg(data["y"], X).fit(q=0.8, p_tol=1e-12, max_iter=10_000)
    np.testing.assert_allclose(list(model.params.values()), theirs.params, atol=1e-4)


def test_huber_is_the_minimum() -> None:
    """Huber's loss is minimised as SciPy minimises the formula."""
    data, delta = diabetes(), 1.0
    X = np.column_stack([np.ones(len(data["y"])), data["bmi"], data["bp"]])

    def total(b: np.ndarray) -> float:
        r = np.abs(data["y"] - X @ b)
        return float(np.sum(np.where(r <= delta, r**2 / 2, delta * (r - delta / 2))))

    model = nl.fit("y ~ bmi + bp", data, loss=nl.loss("huber", delta=delta))
    best = scipy.optimize.minimize(total, np.zeros(3), method="BFGS", options={"gtol": 1e-9})
    np.testing.assert_allclose(list(model.params.values()), best.x, atol=1e-5)
    assert model.criteria.mean_loss * len(X) == pytest.approx(best.fun, rel=1e-9)


def test_sandwich_errors_are_robust_ones() -> None:
    """Of a squared loss written by hand the standard errors are statsmodels' HC0, weights as rows written twice."""

    @nl.loss(y=nl.Real(), f=nl.Real())
    def Squared(y, f):
        return (y - f) ** 2

    data = diabetes()
    X = sm.add_constant(np.column_stack([data["bmi"], data["bp"]]))
    model = nl.fit("y ~ bmi + bp", data, loss=Squared)
    theirs = sm.OLS(data["y"], X).fit(cov_type="HC0")
    np.testing.assert_allclose(list(model.params.values()), theirs.params, rtol=1e-9)
    np.testing.assert_allclose(list(model.bse.values()), theirs.bse, rtol=1e-8)
    weights = np.arange(len(X)) % 3
    weighted = nl.fit("y ~ bmi + bp", data, loss=Squared, sample_weight=weights)
    repeated = {name: np.repeat(column, weights) for name, column in data.items()}
    again = nl.fit("y ~ bmi + bp", repeated, loss=Squared)
    np.testing.assert_allclose(list(weighted.bse.values()), list(again.bse.values()), rtol=1e-9)


TRAINABLE = [name for name in SURROGATES if not name.startswith("ZeroOne")]


@pytest.mark.parametrize("name", TRAINABLE)
def test_every_loss_trains(name: str, tmp_path: Path) -> None:
    """Every loss with a slope is trained; the model is saved, loaded and predicts the same, and claims no likelihood."""
    data = diabetes()
    if SURROGATES[name].density.support.kind == "Binary":
        data["y"] = (data["y"] > 3).astype(float)
    if SURROGATES[name].target.kind == "Label":
        data["y"] = np.digitize(data["y"], [2.0, 3.5])
    model = nl.fit("y ~ bmi + bp", data, loss=SURROGATES[name])
    assert model.converged
    assert model.loglik is None
    assert model.aic is None
    assert model.bic is None
    page = str(model.summary())
    assert "Loss:" in page
    assert "AIC:" not in page
    assert "no law of the target was assumed" in " ".join(page.split())
    model.save(tmp_path / "m.neglog")
    again = nl.load(tmp_path / "m.neglog")
    assert np.array_equal(again.predict(data), model.predict(data))
    assert again.family == model.family
    with pytest.raises(FitError, match="no distribution"):
        model.predict_distribution(data)


@pytest.mark.parametrize("name", ["0-1", "zero one threshold"])
def test_flat_losses_are_refused(name: str) -> None:
    """A loss whose derivative is 0 almost everywhere is refused with that reason."""
    data = diabetes()
    if name == "0-1":
        data["y"] = (data["y"] > 3).astype(float)
    with pytest.raises(UsageError, match="0 almost everywhere"):
        nl.fit("y ~ bmi", data, loss=name)


def test_a_name_of_a_law_is_answered_with_the_law() -> None:
    """nl.loss, fit and check_loss know that "mse" is the loss of Normal, and do not guess at another name."""
    calls = (
        lambda: nl.loss("mse"),
        lambda: nl.fit("y ~ x", {"y": [1.0, 2.0], "x": [0.0, 1.0]}, loss="mse"),
        lambda: check_loss("mse"),
    )
    for call in calls:
        with pytest.raises(UsageError, match="the loss that follows from Normal"):
            call()


def test_the_expected_information_of_a_loss_is_refused_in_words_of_a_fit() -> None:
    """A loss has no law over which a mean could be taken; the message names no argument that fit does not have."""
    with pytest.raises(UsageError, match="follows from no density") as refused:
        nl.fit("y ~ bmi", diabetes(), loss="huber", information="expected")
    assert "hessian" not in str(refused.value)


def test_one_of_family_and_loss() -> None:
    """A family and a loss contradict each other, and each in the other's place is told so."""
    data = diabetes()
    with pytest.raises(UsageError, match="both given"):
        nl.fit("y ~ bmi", data, family="normal", loss="huber")
    with pytest.raises(UsageError, match="pass it as loss="):
        nl.fit("y ~ bmi", data, family=nl.loss("huber"))
    with pytest.raises(UsageError, match=r"pass family=nl\.Normal"):
        nl.fit("y ~ bmi", data, loss=nl.Normal)
