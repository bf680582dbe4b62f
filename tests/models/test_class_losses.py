"""Training losses of classes that follow from no density: SciPy's minimum, robust errors, separation, predictions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.optimize

import neglog as nl
from neglog.errors import FitWarning
from neglog.losses.surrogates.surrogate import Surrogate

LOSSES = [
    nl.loss("label smoothing"),
    nl.loss("label smoothing", epsilon=0.5),
    nl.loss("softmax focal"),
    nl.loss("softmax focal", gamma=0.5),
]
each_loss = pytest.mark.parametrize("loss", LOSSES, ids=repr)


def three_classes(n: int = 300) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Return a design, class numbers, and the same as a table with named classes."""
    rng = np.random.default_rng(0)
    X = np.column_stack([np.ones(n), rng.normal(size=(n, 2))])
    scores = X[:, 1:] @ np.array([[0, 1, 0.5], [0, -1, 1.5]])
    y = (scores + rng.gumbel(size=(n, 3))).argmax(axis=1)
    return X, y, {"a": X[:, 1], "b": X[:, 2], "y": np.array(["u", "v", "w"])[y]}


@each_loss
def test_the_minimum_and_its_robust_errors(loss: Surrogate) -> None:
    """Coefficients are where SciPy ends, standard errors those of the sandwich written out row by row."""
    X, y, data = three_classes()
    kernel = nl.compile(loss)

    def scores(theta: np.ndarray) -> np.ndarray:
        return np.column_stack([np.zeros(len(y)), X @ theta.reshape(2, 3).T])

    def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
        found = kernel.evaluate(y, scores(theta))
        return found.value.sum(), (found.gradient[:, 1:].T @ X).ravel()

    best = scipy.optimize.minimize(objective, np.zeros(6), jac=True, options={"gtol": 1e-8})
    model = nl.fit("y ~ a + b", data, loss=loss)
    np.testing.assert_allclose(list(model.params.values()), best.x, atol=1e-6)
    assert model.criteria.mean_loss == pytest.approx(best.fun / len(y), rel=1e-12)

    found = kernel.evaluate(y, scores(best.x), order=2)
    rows = (found.gradient[:, 1:, None] * X[:, None, :]).reshape(len(y), 6)
    bread = np.einsum("njk,na,nb->jakb", found.hessian.dense()[:, 1:, 1:], X, X).reshape(6, 6)
    covariance = np.linalg.solve(bread, np.linalg.solve(bread, rows.T @ rows).T)
    np.testing.assert_allclose(list(model.bse.values()), np.sqrt(np.diag(covariance)), rtol=1e-5)
    assert "Robust (sandwich)" in str(model.summary())
    assert "u" in str(model.summary())


@each_loss
def test_products_without_a_matrix(loss: Surrogate) -> None:
    """L-BFGS, and Newton with Hessian products in place of a matrix, end at the same point, weighted or not."""
    from neglog.derivation.obtain import obtain
    from neglog.kernels import Kernel
    from neglog.objectives import LikelihoodObjective, LinearClasses, Rows

    X, y, data = three_classes()
    weights = 1.0 + np.arange(len(y)) % 3
    for w in (None, weights):
        rows = Rows((X,), y.astype(float), w, None)
        scores = LinearClasses(("u", "v", "w"), ("Intercept", "a", "b"), 0)
        kernel = Kernel(obtain(loss.density))
        objective = LikelihoodObjective(rows, scores, kernel)
        theta, v = np.linspace(-1, 1, 6), np.linspace(1, -0.5, 6)
        dense = objective.evaluate(theta, 2).curvature
        sparse = (
            LikelihoodObjective(rows, scores, kernel, dense_limit=1).evaluate(theta, 2).curvature
        )
        assert dense is not None
        assert sparse is not None
        np.testing.assert_allclose(sparse.matvec(v), dense.dense() @ v, rtol=1e-10)
        np.testing.assert_allclose(sparse.diagonal(), dense.dense().diagonal(), rtol=1e-10)
        step = 1e-5
        ahead, behind = (objective.evaluate(theta + s * v, 1).gradient for s in (step, -step))
        np.testing.assert_allclose((ahead - behind) / (2 * step), dense.dense() @ v, rtol=1e-6)
    newton = nl.fit("y ~ a + b", data, loss=loss)
    other = nl.fit("y ~ a + b", data, loss=loss, solver="lbfgs", tol=1e-12)
    np.testing.assert_allclose(list(other.params.values()), list(newton.params.values()), atol=1e-4)


def test_two_classes_are_the_sigmoid_focal_loss() -> None:
    """Of two classes estimates and robust errors are those of the sigmoid focal loss."""
    _, y, data = three_classes()
    data["y"] = (y > 0).astype(float)
    two = nl.fit("y ~ a + b", data, loss=nl.loss("softmax focal", gamma=2))
    one = nl.fit("y ~ a + b", data, loss=nl.loss("focal", gamma=2, alpha=0.5))
    assert list(two.params.values()) == pytest.approx(list(one.params.values()), rel=1e-9)
    assert list(two.bse.values()) == pytest.approx(list(one.bse.values()), rel=1e-9)
    np.testing.assert_allclose(two.predict(data)[:, 1], one.predict(data), rtol=1e-9)


def test_separable_classes() -> None:
    """Smoothed labels have a minimum however well the classes are told apart; focal loss has none, and says so."""
    x = np.linspace(-2, 2, 40)
    data = {"x": x, "y": np.digitize(x, [-0.7, 0.7])}
    for epsilon in (0.1, 1e-5):
        model = nl.fit("y ~ x", data, loss=nl.loss("label smoothing", epsilon=epsilon))
        assert model.converged
        assert all(np.isfinite(list(model.bse.values())))
    with pytest.warns(FitWarning, match="no single finite minimum"):
        assert nl.fit("y ~ x", data, loss="softmax focal").status == "separated"
    with pytest.warns(FitWarning, match="no single finite minimum"):
        plain = nl.fit("y ~ x", data, loss=nl.loss("label smoothing", epsilon=0))
    assert plain.status == "separated"
    held = nl.fit("y ~ x", data, loss="softmax focal", prior=nl.Normal(mu=0, sigma=2))
    assert held.converged


@pytest.mark.parametrize("name", ["label smoothing", "softmax focal"])
def test_shares_of_the_classes(name: str, tmp_path: Path) -> None:
    """A model predicts a share for each class, NaN where a row lacks a value, and is saved with its hyperparameter."""
    _, _, data = three_classes()
    model = nl.fit("y ~ a + b", data, loss=name, prior=nl.Normal(mu=0, sigma=1))
    shares = model.predict({"a": [0.0, np.nan], "b": [2.0, 1.0]})
    assert shares.shape == (2, 3)
    assert shares[0].sum() == pytest.approx(1.0, rel=1e-15)
    assert shares[0].argmax() == 2
    assert np.isnan(shares[1]).all()
    model.save(tmp_path / "m.neglog")
    again = nl.load(tmp_path / "m.neglog")
    assert np.array_equal(again.predict(data), model.predict(data))
    assert again.loss == model.loss


@pytest.mark.parametrize("name", ["label smoothing", "softmax focal"])
def test_the_estimator_decides_for_the_highest_score(name: str) -> None:
    """The classifier agrees with `fit`, and offers labels and scores but no probabilities."""
    X, y, data = three_classes()
    labels = np.array(["u", "v", "w"])[y]
    prior = nl.Normal(mu=0, sigma=1)
    ours = nl.LikelihoodClassifier(loss=name, prior=prior).fit(X[:, 1:], labels)
    model = nl.fit("y ~ a + b", data, loss=name, prior=prior)
    best = np.array(["u", "v", "w"])[model.predict(data).argmax(axis=1)]
    assert np.array_equal(ours.predict(X[:, 1:]), best)
    assert not hasattr(ours, "predict_proba")
    two = nl.LikelihoodClassifier(loss=name, prior=prior).fit(X[:, 1:], y > 0)
    assert two.decision_function(X[:, 1:]).shape == y.shape
    assert np.array_equal(two.predict(X[:, 1:]), two.decision_function(X[:, 1:]) > 0)
