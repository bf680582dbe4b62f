"""A prior is a penalty: MAP fits agree with scikit-learn's penalised models and with a plain minimiser."""

from __future__ import annotations

import numpy as np
import pytest
from models.tables import frame, relative
from sklearn.linear_model import LogisticRegression, Ridge

import neglog as nl
from neglog.errors import UsageError

SPECTOR = "grade ~ gpa + tuce + psi"


def columns(name: str, *names: str) -> np.ndarray:
    """Return columns of an example as a matrix."""
    return frame(name)[list(names)].to_numpy(float)


@pytest.mark.parametrize("tau", [0.3, 20.0])
def test_normal_prior_is_ridge(tau: float) -> None:
    """With sigma estimated the slopes are those of ridge regression with alpha = (sigma / tau)^2."""
    model = nl.fit(
        "progression ~ bmi + bp + s5",
        frame("diabetes"),
        family=nl.Normal,
        prior=nl.Normal(mu=0, sigma=tau),
    )
    X = columns("diabetes", "bmi", "bp", "s5")
    alpha = (model.constants["sigma"] / tau) ** 2
    ridge = Ridge(alpha=alpha, solver="cholesky").fit(X, frame("diabetes")["progression"])

    assert model.converged
    found = [model.params[name] for name in ("Intercept", "bmi", "bp", "s5")]
    assert relative(found, [ridge.intercept_, *ridge.coef_]) < 1e-8


@pytest.mark.parametrize("tau", [0.5, 3.0])
def test_normal_prior_is_l2(tau: float) -> None:
    """A logistic regression with C = tau^2 has the same slopes and the same free intercept."""
    model = nl.fit(SPECTOR, frame("spector"), family=nl.Bernoulli, prior=nl.Normal(mu=0, sigma=tau))
    theirs = LogisticRegression(C=tau**2, solver="newton-cholesky", tol=1e-12).fit(
        columns("spector", "gpa", "tuce", "psi"), frame("spector")["grade"]
    )

    assert relative([*model.params.values()], [*theirs.intercept_, *theirs.coef_[0]]) < 1e-7
    assert "slopes" in model.prior


def test_classes_are_all_free_under_a_prior() -> None:
    """Under a prior every class has slopes of its own, as in a penalised multinomial regression."""
    data, names = frame("wine"), ["alcohol", "hue", "flavanoids"]
    model = nl.fit(
        "cultivar ~ alcohol + hue + flavanoids",
        data,
        family=nl.Categorical,
        prior=nl.Normal(mu=0, sigma=1),
    )
    X = data[names].to_numpy(float)
    theirs = LogisticRegression(C=1.0, solver="newton-cholesky", tol=1e-12).fit(X, data["cultivar"])

    assert model.free_classes
    assert len(model.params) == 3 * 4 - 1
    assert relative(model.class_coefficients[:, 1:], theirs.coef_) < 1e-6
    assert relative(model.predict(data), theirs.predict_proba(X)) < 1e-6


def minimum(X: np.ndarray, codes: np.ndarray, K: int, precision: np.ndarray) -> np.ndarray:
    """Return the coefficients [K, p] of a softmax with normal priors, found by a general minimiser."""
    from scipy.optimize import minimize

    hot = np.eye(K)[codes]

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        w = flat.reshape(K, -1)
        score = X @ w.T
        log_p = score - np.logaddexp.reduce(score, axis=1, keepdims=True)
        value = -np.sum(hot * log_p) + np.sum(precision * w**2) / 2
        return value, ((np.exp(log_p) - hot).T @ X + precision * w).ravel()

    start = np.zeros(K * X.shape[1])
    best = minimize(objective, start, jac=True, method="BFGS", options={"gtol": 1e-9})
    return best.x.reshape(K, -1)


def test_priors_of_classes_by_name() -> None:
    """Where a prior is on the intercepts too, no class is special: all K intercepts are free."""
    data = frame("wine")
    X = np.column_stack([np.ones(len(data)), data[["hue", "flavanoids"]].to_numpy(float)])
    codes = np.unique(data["cultivar"], return_inverse=True)[1]
    prior = {"slopes": nl.Normal(mu=0, sigma=1), "Intercept": nl.Normal(mu=0, sigma=2)}
    model = nl.fit("cultivar ~ hue + flavanoids", data, prior=prior)
    expected = minimum(X, codes, 3, np.tile([1 / 4, 1, 1], (3, 1)))

    assert model.converged
    assert len(model.params) == 9
    assert np.allclose(model.class_coefficients, expected, atol=1e-5)


def test_a_prior_that_leaves_slopes_open_keeps_the_reference() -> None:
    """A prior that does not decide between equal shifts of all classes leaves the first as the reference."""
    data = frame("wine")
    model = nl.fit("cultivar ~ hue + flavanoids", data, prior={"Intercept": nl.Normal(0, 2)})
    assert model.converged
    assert not model.free_classes
    assert len(model.params) == 6
    some = nl.fit("cultivar ~ hue + flavanoids", data, prior={"hue": nl.Normal(0, 1)})
    assert some.converged
    assert len(some.params) == 6


def test_a_prior_does_not_decide_for_others() -> None:
    """A prior on one column leaves the collinearity of two others an error."""
    from neglog.errors import CollinearError

    data = frame("diabetes").assign(twin=frame("diabetes")["bmi"])
    with pytest.raises(CollinearError, match="twin = bmi"):
        nl.fit(
            "progression ~ bp + bmi + twin", data, family="normal", prior={"bp": nl.Normal(0, 9)}
        )
    named = {"twin": nl.Normal(mu=0, sigma=100)}
    decided = nl.fit("progression ~ bp + bmi + twin", data, family="normal", prior=named)
    assert decided.converged
    assert decided.params["twin"] == pytest.approx(0, abs=1e-6)


def test_priors_by_name() -> None:
    """Each named coefficient has its own prior, the intercept only if named, with any mean."""
    from scipy.optimize import minimize

    prior = {
        "slopes": nl.Normal(mu=0, sigma=2),
        "psi": nl.Normal(mu=1, sigma=0.5),
        "Intercept": nl.Normal(mu=-3, sigma=1),
    }
    model = nl.fit(SPECTOR, frame("spector"), family=nl.Bernoulli, prior=prior)
    X = np.column_stack([np.ones(32), columns("spector", "gpa", "tuce", "psi")])
    y = frame("spector")["grade"].to_numpy(float)
    mean, scale = np.array([-3, 0, 0, 1.0]), np.array([1, 2, 2, 0.5])

    def objective(w: np.ndarray) -> float:
        eta = X @ w
        return np.sum(np.logaddexp(0, eta) - y * eta) + np.sum((w - mean) ** 2 / scale**2) / 2

    def gradient(w: np.ndarray) -> np.ndarray:
        return X.T @ (1 / (1 + np.exp(-X @ w)) - y) + (w - mean) / scale**2

    best = minimize(objective, np.zeros(4), jac=gradient, method="BFGS", options={"gtol": 1e-9}).x
    p = 1 / (1 + np.exp(-X @ best))
    information = (X * (p * (1 - p))[:, None]).T @ X + np.diag(1 / scale**2)

    assert relative([*model.params.values()], best) < 1e-6
    assert relative(np.asarray(model.cov_params()), np.linalg.inv(information)) < 1e-5
    loglik = -objective(best) + np.sum((best - mean) ** 2 / scale**2) / 2
    assert relative(model.loglik, loglik) < 1e-9


def test_a_wide_prior_is_flat() -> None:
    """As its scale grows a prior stops to matter, and the likelihood alone decides."""
    flat = nl.fit(SPECTOR, frame("spector"), family=nl.Bernoulli)
    wide = nl.fit(SPECTOR, frame("spector"), family=nl.Bernoulli, prior=nl.Normal(0, 1e6))

    assert relative([*wide.params.values()], [*flat.params.values()]) < 1e-7
    assert wide.loglik == pytest.approx(flat.loglik, rel=1e-12)
    assert flat.prior == "flat"


def test_a_prior_decides_between_collinear_columns() -> None:
    """What the data leave open a prior decides: equal columns share the effect equally."""
    data = frame("diabetes").assign(twin=frame("diabetes")["bmi"])
    model = nl.fit("progression ~ bmi + twin", data, family="normal", prior=nl.Normal(0, 100))

    assert model.converged
    assert model.params["bmi"] == pytest.approx(model.params["twin"], rel=1e-9)


@pytest.mark.parametrize(
    ("prior", "words"),
    [
        (nl.Normal, "prior=nl.Normal(mu=..., sigma=...)"),
        (3.0, "nl.Normal(mu=0, sigma=1)"),
        ({"gpaa": nl.Normal(0, 1)}, "Did you mean 'gpa'?"),
        (nl.Poisson(2.0), "Poisson"),
        (nl.Normal(mu=[0, 1], sigma=1), "one law"),
        ({"gpa": nl.Normal}, "prior=nl.Normal(mu=..., sigma=...)"),
    ],
)
def test_wrong_priors(prior: object, words: str) -> None:
    """A prior that is none is refused in a sentence that says what was meant."""
    with pytest.raises(UsageError) as caught:
        nl.fit(SPECTOR, frame("spector"), family=nl.Bernoulli, prior=prior)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
