"""Laws of likelihoods without a maximum: found exactly when there is none, and named."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from objectives.hand_kernels import (
    BERNOULLI,
    POISSON,
    SOFTMAX,
    Floats,
    classes,
    least_squares_start,
    normal,
    one_parameter,
    real,
)

import neglog as nl
from neglog.errors import FitWarning
from neglog.objectives import (
    LikelihoodObjective,
    LinearClasses,
    NormalPrior,
    Rows,
    collapse,
    separation,
    suspicious,
)
from neglog.objectives.pinned import Pinned
from neglog.solvers import LBFGS, Newton


def with_intercept(*columns: object) -> Floats:
    """Return a design of an intercept and columns."""
    first = np.ones(np.asarray(columns[0]).shape)
    return np.column_stack([first, *map(np.asarray, columns)]).astype(float)


def found(objective: LikelihoodObjective) -> bool:
    """Say whether the objective has a direction of recession."""
    return separation(objective, np.zeros(objective.size)) is not None


def test_complete_separation_is_named() -> None:
    """A column that sorts the rows is named, and noise beside it is not."""
    rng = np.random.default_rng(0)
    x, noise = np.linspace(0, 10, 40), rng.normal(size=40)
    objective = one_parameter(BERNOULLI, with_intercept(noise, x), (x > 4.1).astype(float))
    recession = separation(objective, np.zeros(3))
    assert recession is not None
    assert recession.names == ("Intercept", "x2")
    assert recession.gaining >= 39
    assert "prior" in recession.message
    raw = objective.raw_predictions(recession.direction)[0]
    assert ((raw > 0) == (x > 4.1))[np.abs(raw) > 1e-9].all()


def test_quasi_separation_is_named() -> None:
    """A level in which every target is 1 is named; the other rows do not gain."""
    level = np.repeat([0.0, 1.0], [20, 5])
    y = np.r_[np.tile([0.0, 1.0], 10), np.ones(5)]
    recession = separation(one_parameter(BERNOULLI, with_intercept(level), y), np.zeros(2))
    assert recession is not None
    assert recession.names == ("x1",)
    assert recession.gaining == 5
    assert "improves 5 of 25 rows for ever and makes no other row worse" in recession.message


def test_poisson_group_of_zeros() -> None:
    """A group whose counts are all 0 sends its coefficient to minus infinity."""
    level = np.repeat([0.0, 1.0], [20, 5])
    y = np.r_[np.arange(20.0) % 4, np.zeros(5)]
    recession = separation(one_parameter(POISSON, with_intercept(level), y), np.zeros(2))
    assert recession is not None
    assert recession.names == ("x1",)
    assert recession.direction[1] < 0
    y[-1] = 1.0
    assert not found(one_parameter(POISSON, with_intercept(level), y))


def test_a_class_without_rows_under_a_prior() -> None:
    """A prior on the slopes does not hold the intercept of a class that never occurs."""
    rng = np.random.default_rng(0)
    X, y = with_intercept(rng.normal(size=30)), np.arange(30.0) % 3
    prior = NormalPrior(np.zeros(5), np.array([1.0, np.inf, 1.0, np.inf, 1.0]))

    def pinned(y: Floats) -> LikelihoodObjective:
        scores = LinearClasses(("a", "b", "c"), ("Intercept", "x1"), None)
        return LikelihoodObjective(Rows((X,), y), Pinned(scores, 0), SOFTMAX, prior)

    assert not found(pinned(y))
    recession = separation(pinned(np.minimum(y, 1.0)), np.zeros(5))
    assert recession is not None
    assert recession.names == ("c:Intercept",)


def test_prior_ends_separation() -> None:
    """Under a proper prior on the slopes the maximum exists, but not where one class is missing."""
    x = np.linspace(0, 1, 20)
    prior = NormalPrior(np.zeros(2), np.array([np.inf, 1.0]))
    assert not found(one_parameter(BERNOULLI, with_intercept(x), np.round(x), penalty=prior))
    assert found(one_parameter(BERNOULLI, with_intercept(x), np.zeros(20), penalty=prior))


def test_rows_of_weight_zero_do_not_count() -> None:
    """A row of weight 0 cannot contradict a rule."""
    x = np.linspace(-1, 1, 20)
    y = (x > 0).astype(float)
    y[0] = 1.0
    weights = np.ones(20)
    assert not found(one_parameter(BERNOULLI, with_intercept(x), y, weights))
    weights[0] = 0.0
    assert found(one_parameter(BERNOULLI, with_intercept(x), y, weights))


def test_iris() -> None:
    """The first class of iris is separable from the others, by the classes law and by Bernoulli."""
    X, y = real("iris")
    recession = separation(classes(X, y), np.zeros(10))
    assert recession is not None
    assert found(one_parameter(BERNOULLI, X, (y == 0).astype(float)))
    assert not found(one_parameter(BERNOULLI, X, (y == 1).astype(float)))
    rest = y > 0
    assert not found(classes(X[rest], y[rest] - 1))


@pytest.mark.parametrize("name", ["spector", "fair"])
def test_real_data_are_not_separated(name: str) -> None:
    """Data sets with a published logistic fit are not called separated."""
    X, y = real(name)
    assert not found(one_parameter(BERNOULLI, X, y))


@pytest.mark.parametrize("target", [40.0, -60.0, 1e6, 0.0])
def test_a_normal_is_never_separated(target: float) -> None:
    """Where the gradient does not die out there is no separation, wherever the targets lie."""
    objective = normal(with_intercept(np.arange(9.0)), np.full(9, target))
    for log_sigma in (-20.0, 0.0, 20.0):
        assert separation(objective, np.array([0.0, 0.0, log_sigma])) is None


@pytest.mark.parametrize("solver", [Newton(), LBFGS()], ids=["newton", "lbfgs"])
def test_separated_fits_are_suspicious(solver: Newton | LBFGS) -> None:
    """A fit that follows separation to a vanishing gradient is suspicious, an honest one is not."""
    x = np.linspace(-1, 1, 30)
    objective = one_parameter(BERNOULLI, with_intercept(x), (x > 0).astype(float))
    solution = solver.solve(objective, np.zeros(2))
    assert not solution.converged or suspicious(objective, solution.theta)
    X, y = real("spector")
    honest = one_parameter(BERNOULLI, X, y)
    assert not suspicious(honest, solver.solve(honest, np.zeros(4)).theta)


@given(st.data())
@settings(max_examples=60)
def test_two_columns_against_brute_force(data: st.DataObject) -> None:
    """For an intercept and a column, separation is that the classes overlap in at most a point."""
    n = data.draw(st.integers(2, 8))
    x = np.array(data.draw(st.lists(st.integers(-3, 3), min_size=n, max_size=n)), dtype=float)
    y = np.array(data.draw(st.lists(st.integers(0, 1), min_size=n, max_size=n)), dtype=float)
    # Try every threshold, both orders, ties allowed; some row must lie off the threshold.
    expected = y.min() == y.max() or any(
        (s * (x[y == 1] - c) >= 0).all() and (s * (x[y == 0] - c) <= 0).all() and (x != c).any()
        for s, c in itertools.product([-1, 1], np.unique(x))
    )
    assert found(one_parameter(BERNOULLI, with_intercept(x), y)) == expected


@given(st.integers(0, 2**32 - 1), st.integers(4, 10), st.integers(2, 3))
@settings(max_examples=60)
def test_small_data_against_brute_force(seed: int, n: int, p: int) -> None:
    """Without intercept: a direction exists iff one of the candidate rays of the cone is one."""
    rng = np.random.default_rng(seed)
    X = rng.integers(-2, 3, size=(n, p)).astype(float)
    y = rng.integers(0, 2, size=n).astype(float)
    A = X * np.where(y == 1, 1.0, -1.0)[:, None]
    # The cone A d >= 0 is generated by its lines, by which nothing is gained, and by rays on which
    # p - 1 independent inequalities are equalities; directions of low rank are caught by the grid.
    grid = np.array(list(itertools.product(range(-8, 9), repeat=p)), dtype=float)
    margins = grid @ A.T
    expected = bool(((margins >= 0).all(axis=1) & (margins > 0).any(axis=1)).any())
    assert found(one_parameter(BERNOULLI, X, y)) == expected


@given(st.integers(0, 2**32 - 1), st.integers(4, 9))
@settings(max_examples=40)
def test_two_classes_agree_with_bernoulli(seed: int, n: int) -> None:
    """For two classes the law of classes is the law of Bernoulli."""
    rng = np.random.default_rng(seed)
    X = with_intercept(rng.integers(-2, 3, size=n))
    y = rng.integers(0, 2, size=n).astype(float)
    y[0] = 1.0
    assert found(classes(X, y)) == found(one_parameter(BERNOULLI, X, y))


def test_many_rows_are_quick_and_exact() -> None:
    """One contradicting row among 200,000 is found, and so is its absence."""
    rng = np.random.default_rng(1)
    X = with_intercept(*rng.normal(size=(5, 200_000)))
    theta = np.array([0.3, 1.0, -2.0, 0.5, 0.1, 0.7])
    y = (X @ theta > 0).astype(float)
    assert found(one_parameter(BERNOULLI, X, y))
    # The contradiction: two equal rows with different targets, deep inside one class.
    deep = int(np.argmax(X @ theta))
    X[0], y[0] = X[deep], 0.0
    assert not found(one_parameter(BERNOULLI, X, y))


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_perfect_normal_fit_collapses(scale: float) -> None:
    """A target computed from the columns is reported as a sigma that goes to 0, in any units."""
    X = with_intercept(np.linspace(0, 1, 30) ** 2, np.sin(np.arange(30)))
    y = scale * (X @ [1.0, 2.0, -0.7])
    best = least_squares_start(X, y)
    recession = collapse(normal(X, y), best)
    assert recession is not None
    best[-1] = np.log(scale)  # a scale that knows nothing of the residuals yet
    assert collapse(normal(X, y), best) is not None
    assert recession.names == ("sigma",)
    assert "'sigma' shrinks to 0" in recession.message


def test_constant_target_collapses_while_solving() -> None:
    """A constant target has residuals of exactly 0; Newton ends, and collapse explains it."""
    objective = normal(np.ones((5, 1)), np.full(5, 3.0))
    with np.errstate(all="raise"):
        solution = Newton().solve(objective, np.array([3.0, 0.0]))
    assert solution.status != "converged" or collapse(objective, solution.theta)
    assert collapse(objective, solution.theta) is not None


def test_good_normal_fits_do_not_collapse() -> None:
    """A close fit is not a perfect one: Longley's, or residuals of one part in a million million."""
    X, y = real("longley")
    assert collapse(normal(X, y), least_squares_start(X, y)) is None
    x = np.linspace(1, 2, 40)
    X = with_intercept(x)
    close = X @ [1.0, 1.0] + 1e-11 * np.random.default_rng(0).normal(size=40)
    assert collapse(normal(X, close), least_squares_start(X, close)) is None


def test_a_shape_grows_where_a_scale_shrinks() -> None:
    """The message of a perfect Gamma fit speaks of an infinite shape, and its direction leads there."""
    with pytest.warns(FitWarning, match="'shape' grows"):
        model = nl.fit("y ~ 1", {"y": np.full(12, 2.5)}, family=nl.Gamma)
    assert model.status == "separated"
