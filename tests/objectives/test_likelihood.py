"""Laws of the objective: derivatives, weights, rows in any order, the same bits for any threads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from objectives.hand_kernels import (
    BERNOULLI,
    NORMAL,
    POISSON,
    Floats,
    by_products,
    classes,
    names_of,
    normal,
    one_parameter,
)

from neglog.errors import DataError
from neglog.objectives import LikelihoodObjective, Linear, NormalPrior, Penalty, Rows
from neglog.objectives.pinned import Pinned
from neglog.solvers import Newton

Maker = Callable[..., LikelihoodObjective]


def random_rows(n: int = 60, seed: int = 1) -> tuple[Floats, Floats]:
    """Return a design with an intercept and noise in [0, 1)."""
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.ones(n), rng.normal(size=(n, 2))])
    return X, rng.random(n)


def two_designs(
    X: Floats,
    y: Floats,
    weights: Floats | None = None,
    penalty: Penalty | None = None,
    threads: int | None = None,
) -> LikelihoodObjective:
    """Make a normal whose sigma has a design of its own."""
    rows = Rows((X, X[:, :2]), y, weights, None, threads)
    scores = Linear((names_of(3), ("sigma:Intercept", "sigma:x1")))
    objective = LikelihoodObjective(rows, scores, NORMAL)
    return objective if penalty is None else replace(objective, penalty=penalty)


def pinned_classes(X: Floats, y: Floats, *more: Any, **others: Any) -> LikelihoodObjective:
    """Make a softmax whose classes are all free but for one intercept."""
    penalty = others.pop("penalty", None)
    full = classes(X, y, *more, reference=None, **others)
    objective = replace(full, scores=Pinned(full.scores, 3))
    return objective if penalty is None else replace(objective, penalty=penalty)


PROBLEMS: dict[str, tuple[Maker, Callable[[Floats], Floats]]] = {
    "bernoulli": (
        lambda X, y, *a, **k: one_parameter(BERNOULLI, X, y, *a, **k),
        lambda u: np.round(u),
    ),
    "poisson": (
        lambda X, y, *a, **k: one_parameter(POISSON, X, y, *a, **k),
        lambda u: np.floor(5 * u),
    ),
    "normal": (normal, lambda u: 3 * u),
    "normal, sigma modelled": (two_designs, lambda u: 3 * u),
    "classes": (classes, lambda u: np.floor(3 * u)),
    "classes, all free": (
        lambda X, y, *a, **k: classes(X, y, *a, reference=None, **k),
        lambda u: np.floor(3 * u),
    ),
    "classes, one intercept pinned": (pinned_classes, lambda u: np.floor(3 * u)),
}
problem = pytest.mark.parametrize(("make", "target"), PROBLEMS.values(), ids=PROBLEMS)


def prior_for(make: Maker, X: Floats, y: Floats) -> NormalPrior:
    """Return a prior on every coefficient but the first."""
    size = make(X, y).size
    scales = np.linspace(0.5, 2.0, size)
    scales[0] = np.inf
    return NormalPrior(np.linspace(-1, 1, size), scales)


@problem
def test_derivatives(make: Maker, target: Callable[[Floats], Floats]) -> None:
    """Gradient and Hessian are the central differences of value and gradient."""
    X, u = random_rows()
    w = np.arange(1.0, 61.0) / 7
    y = target(u)
    objective = make(X, y, w, penalty=prior_for(make, X, y))
    theta = np.random.default_rng(2).normal(size=objective.size) * 0.4
    at = objective.evaluate(theta, 2)
    assert at.curvature is not None
    h = 1e-5
    for j, e in enumerate(np.eye(objective.size)):
        up, down = objective.evaluate(theta + h * e, 1), objective.evaluate(theta - h * e, 1)
        np.testing.assert_allclose(
            at.gradient[j], (up.value - down.value) / (2 * h), rtol=1e-6, atol=1e-6
        )
        column = (up.gradient - down.gradient) / (2 * h)
        np.testing.assert_allclose(at.curvature.dense()[:, j], column, rtol=1e-6, atol=1e-5)


@problem
def test_products(make: Maker, target: Callable[[Floats], Floats]) -> None:
    """A curvature that is never formed gives the products, diagonal and matrix of the formed one."""
    X, u = random_rows()
    y = target(u)
    objective = make(X, y, u + 0.5, penalty=prior_for(make, X, y))
    theta = np.random.default_rng(3).normal(size=objective.size) * 0.4
    formed = objective.evaluate(theta, 2).curvature
    implied = by_products(objective).evaluate(theta, 2).curvature
    assert formed is not None
    assert implied is not None
    assert formed.explicit
    assert not implied.explicit
    v = np.random.default_rng(4).normal(size=objective.size)
    np.testing.assert_allclose(implied.matvec(v), formed.matvec(v), rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(implied.diagonal(), formed.diagonal(), rtol=1e-12)
    np.testing.assert_allclose(implied.dense(), formed.dense(), rtol=1e-12, atol=1e-12)


@problem
def test_weight_is_repetition(make: Maker, target: Callable[[Floats], Floats]) -> None:
    """Weight 2 is the row twice and weight 0 the row left out: value, gradient, Hessian."""
    X, u = random_rows()
    y = target(u)
    counts = np.arange(60) % 3
    light = make(X, y, counts.astype(float))
    heavy = make(np.repeat(X, counts, axis=0), np.repeat(y, counts))
    theta = np.random.default_rng(5).normal(size=light.size) * 0.4
    ours, theirs = light.evaluate(theta, 2), heavy.evaluate(theta, 2)
    assert ours.curvature is not None
    assert theirs.curvature is not None
    assert light.weight == heavy.weight
    np.testing.assert_allclose(ours.value, theirs.value, rtol=1e-13)
    np.testing.assert_allclose(ours.gradient, theirs.gradient, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(
        ours.curvature.dense(), theirs.curvature.dense(), rtol=1e-11, atol=1e-11
    )


@problem
def test_threads_do_not_change_a_bit(make: Maker, target: Callable[[Floats], Floats]) -> None:
    """Value, gradient and Hessian have the same bits for 1, 2 and 4 threads."""
    X, u = random_rows(130_000)
    y = target(u)
    results = []
    for threads in (1, 2, 4):
        objective = make(X, y, u + 0.5, threads=threads)
        assert len(objective.rows.chunks()) > 4
        at = objective.evaluate(np.linspace(-0.3, 0.4, objective.size), 2)
        assert at.curvature is not None
        results.append((at.value, at.gradient.tobytes(), at.curvature.dense().tobytes()))
    assert results[0] == results[1] == results[2]


def test_chunks_agree_with_one_sum() -> None:
    """Cut into chunks and blocks, the sums are those of plain matrix products."""
    X, u = random_rows(130_000)
    y = np.round(u)
    objective = one_parameter(BERNOULLI, X, y)
    at = objective.evaluate(np.array([0.1, -0.2, 0.3]), 2)
    value, (g,), (h,) = BERNOULLI.rows(y, X @ [0.1, -0.2, 0.3])
    assert at.curvature is not None
    np.testing.assert_allclose(at.value, value.sum(), rtol=1e-13)
    np.testing.assert_allclose(at.gradient, X.T @ g, rtol=1e-10, atol=1e-9)
    np.testing.assert_allclose(at.curvature.dense(), (X * h[:, None]).T @ X, rtol=1e-11, atol=1e-8)


@pytest.mark.parametrize("layout", ["C", "F", "strided"])
def test_layouts(layout: str) -> None:
    """The layout of the design in memory does not matter, and the caller's arrays are untouched."""
    X, u = random_rows(5000)
    y = np.round(u)
    wide = np.empty((10_000, 6))
    wide[::2, ::2] = X
    shown = {"C": X, "F": np.asfortranarray(X), "strided": wide[::2, ::2]}[layout]
    before = shown.copy()
    theta = np.array([0.1, -0.2, 0.3])
    ours = one_parameter(BERNOULLI, shown, y).evaluate(theta, 2)
    theirs = one_parameter(BERNOULLI, X, y).evaluate(theta, 2)
    np.testing.assert_allclose(ours.value, theirs.value, rtol=1e-14)
    np.testing.assert_allclose(ours.gradient, theirs.gradient, rtol=1e-12, atol=1e-11)
    assert (shown == before).all()


@problem
def test_order_of_rows_does_not_matter(make: Maker, target: Callable[[Floats], Floats]) -> None:
    """Shuffled rows have the same optimum to 1e-9."""
    X, u = random_rows(200)
    y = target(u)
    prior = prior_for(make, X, y)
    order = np.random.default_rng(6).permutation(200)
    start = np.zeros(make(X, y).size)
    ours = Newton().solve(make(X, y, penalty=prior), start)
    theirs = Newton().solve(make(X[order], y[order], penalty=prior), start)
    assert ours.status == theirs.status == "converged"
    np.testing.assert_allclose(ours.theta, theirs.theta, rtol=1e-9, atol=1e-9)


def test_offset_moves_the_raw_prediction() -> None:
    """An offset equal to a column's part of the raw prediction stands for that column."""
    X, u = random_rows()
    y = np.floor(5 * u)
    theta = np.array([0.3, -0.2, 0.7])
    whole = one_parameter(POISSON, X, y).evaluate(theta, 1)
    part = one_parameter(POISSON, X[:, :2], y, offset=0.7 * X[:, 2]).evaluate(theta[:2], 1)
    np.testing.assert_allclose(part.value, whole.value, rtol=1e-13)
    np.testing.assert_allclose(part.gradient, whole.gradient[:2], rtol=1e-12)


def test_log_likelihood_leaves_the_prior_out() -> None:
    """The log-likelihood is the objective without the prior, with the sign turned."""
    X, u = random_rows()
    y = np.round(u)
    prior = NormalPrior(np.zeros(3), np.array([np.inf, 1.0, 2.0]))
    theta = np.array([0.1, 0.5, -0.5])
    objective = one_parameter(BERNOULLI, X, y, penalty=prior)
    flat = one_parameter(BERNOULLI, X, y).evaluate(theta, 0).value
    assert objective.log_likelihood(theta) == pytest.approx(-flat, rel=1e-14)
    value = objective.evaluate(theta, 0).value
    assert objective.log_likelihood(theta, value) == pytest.approx(-flat, rel=1e-14)


def test_raw_predictions_are_the_scores() -> None:
    """Raw predictions come back for all rows in order, one column a parameter."""
    X, u = random_rows(130_000)
    mu, log_sigma = normal(X, u).raw_predictions(np.array([0.1, 0.2, 0.3, -1.0]))
    np.testing.assert_allclose(mu, X @ [0.1, 0.2, 0.3], rtol=1e-12, atol=1e-14)
    assert (log_sigma == -1.0).all()


def test_locate_names_row_and_target() -> None:
    """Where the objective is not finite, the row, its target and raw prediction are named."""
    X = np.array([[1.0, 0.0], [1.0, 1000.0]])
    objective = one_parameter(POISSON, X, np.array([1.0, 7.0]))
    theta = np.array([0.0, 1.0])
    assert objective.evaluate(theta, 0).value == np.inf
    assert "row 2" in objective.locate(theta)
    assert "target 7, raw prediction 1000" in objective.locate(theta)
    assert "'x1' is nan" in objective.locate(np.array([0.0, np.nan]))


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0, -2.0, 1.0], "row 2 is -2"),
        ([1.0, 1.0, np.nan], "row 3 is nan"),
        ([0.0, 0.0, 0.0], "Every weight is 0"),
        ([1.0, 1.0], "3 rows but weights has 2"),
    ],
)
def test_bad_weights_are_named(weights: list[float], message: str) -> None:
    """A weight that counts nothing is refused, with its row."""
    with pytest.raises(DataError, match=message):
        Rows((np.ones((3, 1)),), np.zeros(3), np.array(weights))
