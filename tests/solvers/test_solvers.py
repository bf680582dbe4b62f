"""Laws of every solver on every problem: the same optimum, honest tests, nothing silent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest
from objectives.hand_kernels import (
    BERNOULLI,
    POISSON,
    Floats,
    Quadratic,
    by_products,
    classes,
    least_squares_start,
    normal,
    one_parameter,
    real,
)

from neglog.errors import UsageError
from neglog.objectives import Evaluation, LikelihoodObjective, NormalPrior
from neglog.solvers import (
    LBFGS,
    SOLVERS,
    STATUSES,
    GradientDescent,
    Newton,
    Record,
    Solver,
    resolve,
)


def standardised(name: str) -> tuple[Floats, Floats]:
    """Return a real data set with columns of mean 0 and deviation 1, for first-order methods."""
    X, y = real(name)
    X = X.copy()
    X[:, 1:] = (X[:, 1:] - X[:, 1:].mean(axis=0)) / X[:, 1:].std(axis=0)
    return X, y


def spread(size: int, scale: float = 1.0) -> NormalPrior:
    """Return a prior on everything but the first coefficient."""
    return NormalPrior(np.zeros(size), np.r_[np.inf, np.full(size - 1, scale)])


def scaled_normal() -> LikelihoodObjective:
    """Return a normal on standardised columns and target."""
    X, y = standardised("diabetes")
    return normal(X, (y - y.mean()) / y.std())


PROBLEMS: dict[str, Callable[[], LikelihoodObjective]] = {
    "bernoulli": lambda: one_parameter(BERNOULLI, *standardised("spector")),
    "bernoulli, prior": lambda: one_parameter(BERNOULLI, *standardised("fair"), penalty=spread(9)),
    "poisson": lambda: one_parameter(POISSON, *(part[::20] for part in standardised("randhie"))),
    "normal": scaled_normal,
    "classes, prior": lambda: classes(*standardised("iris"), penalty=spread(10)),
    "all classes free": lambda: classes(
        *standardised("iris"),
        penalty=NormalPrior(np.zeros(15), np.ones(15)),
        reference=None,
    ),
}
ALGORITHMS: dict[str, Solver] = {
    "newton": Newton(),
    "lbfgs": LBFGS(),
    "gradient": GradientDescent(tol=1e-9, max_iter=50_000),
}


@dataclass
class Reference:
    """Optima found once by Newton."""

    thetas: dict[str, Floats]


@pytest.fixture(scope="module")
def reference() -> Reference:
    """Solve every problem by SciPy's own method, to high precision."""
    from scipy.optimize import minimize

    thetas = {}
    for name, make in PROBLEMS.items():
        objective = make()

        def dense(theta: Floats, objective: LikelihoodObjective = objective) -> Floats:
            curvature = objective.evaluate(theta, 2).curvature
            assert curvature is not None
            return curvature.dense()

        result = minimize(
            lambda t, o=objective: o.evaluate(t, 0).value,
            np.zeros(objective.size),
            jac=lambda t, o=objective: o.evaluate(t, 1).gradient,
            hess=dense,
            method="trust-exact",
            options={"gtol": 1e-9, "maxiter": 500},
        )
        thetas[name] = result.x
    return Reference(thetas)


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_same_optimum(algorithm: str, problem: str, reference: Reference) -> None:
    """Every solver reaches the optimum that SciPy's trust region finds, and says how."""
    objective = PROBLEMS[problem]()
    records: list[Record] = []
    solution = ALGORITHMS[algorithm].solve(objective, np.zeros(objective.size), records.append)
    assert solution.status == "converged", solution.message
    tolerance = 1e-5 if algorithm == "gradient" else 2e-8
    np.testing.assert_allclose(
        solution.theta, reference.thetas[problem], rtol=tolerance, atol=tolerance
    )
    assert tuple(records) == solution.trace
    assert [record.iteration for record in records] == list(range(len(records)))
    assert solution.value == objective.evaluate(solution.theta, 0).value
    assert records[0].mean_objective == pytest.approx(records[0].objective / objective.weight)


@pytest.mark.parametrize("algorithm", ["newton", "lbfgs"])
def test_products_lead_to_the_same_optimum(algorithm: str, reference: Reference) -> None:
    """Without ever forming the Hessian the optimum is the same."""
    objective = by_products(PROBLEMS["classes, prior"]())
    solution = ALGORITHMS[algorithm].solve(objective, np.zeros(objective.size))
    assert solution.status == "converged", solution.message
    tolerance = 1e-8 if algorithm == "newton" else 1e-4
    np.testing.assert_allclose(
        solution.theta, reference.thetas["classes, prior"], rtol=tolerance, atol=tolerance
    )


@pytest.mark.parametrize("algorithm", ["newton", "lbfgs"])
def test_unscaled_columns(algorithm: str) -> None:
    """Second-order information makes the units of the columns harmless."""
    X, y = real("diabetes")
    start = least_squares_start(X, y)
    away = np.r_[y.mean(), np.zeros(X.shape[1] - 1), np.log(y.std())]
    solution = ALGORITHMS[algorithm].solve(normal(X, y), away)
    assert solution.status == "converged", solution.message
    np.testing.assert_allclose(solution.theta, start, rtol=1e-7)


@pytest.mark.parametrize("start", [-3.0, 0.0, 3.0])
def test_newton_where_the_hessian_is_not_positive(start: float) -> None:
    """A normal's joint Hessian is indefinite far from the optimum; Newton gets there anyway."""
    X, y = standardised("diabetes")
    y = y / 50
    theta0 = np.r_[5.0, np.zeros(X.shape[1] - 1), start]
    solution = Newton().solve(normal(X, y), theta0)
    assert solution.status == "converged", solution.message
    np.testing.assert_allclose(solution.theta, least_squares_start(X, y), rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("factor", [1e-9, 1e-3, 1e6])
def test_scale_of_weights_does_not_matter(factor: float) -> None:
    """Multiplying every weight leaves the optimum of a flat-prior fit where it is."""
    X, y = real("spector")
    plain = Newton().solve(one_parameter(BERNOULLI, X, y), np.zeros(4))
    scaled = one_parameter(BERNOULLI, X, y, np.full(y.size, factor))
    solution = Newton().solve(scaled, np.zeros(4))
    assert solution.status == "converged"
    np.testing.assert_allclose(solution.theta, plain.theta, rtol=1e-8)


@pytest.mark.parametrize("algorithm", ["newton", "lbfgs"])
def test_noise_in_the_value_hides_no_optimum(algorithm: str) -> None:
    """When the objective's own rounding exceeds the tolerance, the gradient still finds the way."""
    X, y = real("spector")
    objective = one_parameter(BERNOULLI, X, y)
    expected = Newton().solve(objective, np.zeros(4)).theta

    class Lifted:
        names, weight = objective.names, objective.weight
        locate = staticmethod(objective.locate)

        @staticmethod
        def evaluate(theta: Floats, order: int) -> Evaluation:
            at = objective.evaluate(theta, order)
            noise = 1e-4 * np.sin(1e12 * float(theta.sum()))
            return replace(at, value=at.value + 1e9 + noise)

    solution = ALGORITHMS[algorithm].solve(Lifted(), np.zeros(4))
    assert solution.status == "converged", solution.message
    np.testing.assert_allclose(solution.theta, expected, rtol=1e-6)


def test_newton_stops_on_the_decrement() -> None:
    """The last decrement of a trace is at most the tolerance, and the trace never rises."""
    X, y = real("spector")
    solution = Newton().solve(one_parameter(BERNOULLI, X, y), np.zeros(4))
    decrements = [record.decrement for record in solution.trace]
    assert decrements[-1] is not None
    assert decrements[-1] <= 1e-10
    values = [record.objective for record in solution.trace]
    assert all(b <= a + 1e-13 for a, b in pairwise(values))
    assert solution.iterations <= 8
    assert solution.curvature is not None


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_too_few_iterations(algorithm: str) -> None:
    """A run that is cut short is not converged, and says what to do."""
    X, y = real("spector")
    solver = resolve(algorithm, max_iter=2)
    solution = solver.solve(one_parameter(BERNOULLI, X, y), np.zeros(4))
    assert solution.status == "not_converged"
    assert not solution.converged
    assert "Raise max_iter" in solution.message


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_not_a_number_is_a_failure(algorithm: str) -> None:
    """A start at which a row overflows is a failure that names the row."""
    X = np.array([[1.0, 0.0], [1.0, 1000.0]])
    objective = one_parameter(POISSON, X, np.array([1.0, 7.0]))
    solution = ALGORITHMS[algorithm].solve(objective, np.array([0.0, 1.0]))
    assert solution.status == "failed"
    assert "row 2" in solution.message


@pytest.mark.parametrize("algorithm", ["newton", "lbfgs"])
def test_failed_line_search_is_reported(algorithm: str) -> None:
    """A gradient of the wrong sign makes the line search fail, and the message says so."""

    class Wrong(Quadratic):
        def evaluate(self, theta: Floats, order: int) -> Evaluation:
            at = super().evaluate(theta, order)
            return replace(at, gradient=-at.gradient)

    objective = Wrong(np.eye(2), np.array([1.0, 2.0]))
    solution = ALGORITHMS[algorithm].solve(objective, np.array([5.0, 5.0]))
    assert solution.status == "failed"
    assert "line search failed" in solution.message


@pytest.mark.parametrize("algorithm", ["newton", "lbfgs"])
def test_collinear_columns_are_rank_deficient(algorithm: str) -> None:
    """Twice the same column leaves a direction without curvature, which is named."""
    X, y = standardised("spector")
    X = np.column_stack([X, X[:, 1]])
    solution = ALGORITHMS[algorithm].solve(one_parameter(BERNOULLI, X, y), np.zeros(5))
    assert solution.status == "rank_deficient", solution.message
    if algorithm == "newton":
        assert "'x1', 'x4'" in solution.message


def test_saddle_is_no_minimum() -> None:
    """A stationary point with negative curvature is not called converged."""
    objective = Quadratic(np.diag([1.0, -1.0]), np.zeros(2))
    solution = Newton().solve(objective, np.zeros(2))
    assert solution.status == "failed"
    assert "saddle" in solution.message


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_callback_may_interrupt(algorithm: str) -> None:
    """What a callback raises reaches the caller, an interrupt too, and theta0 is untouched."""
    X, y = real("spector")
    start = np.zeros(4)

    def stop(record: Record) -> None:
        if record.iteration == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ALGORITHMS[algorithm].solve(one_parameter(BERNOULLI, X, y), start, stop)
    assert not start.any()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_start_at_the_optimum(algorithm: str) -> None:
    """A run that starts at the optimum ends there, converged."""
    objective = Quadratic(np.diag([1.0, 4.0]), np.array([1.0, 4.0]))
    solution = ALGORITHMS[algorithm].solve(objective, np.array([1.0, 1.0]))
    assert solution.status == "converged"
    np.testing.assert_allclose(solution.theta, [1.0, 1.0])


def test_registers() -> None:
    """Solvers are found by name with their settings; wrong names and settings are named."""
    assert resolve("newton", tol=None, max_iter=7) == Newton(max_iter=7)
    assert resolve("gradient", step=0.5, seed=3) == GradientDescent(step=0.5, seed=3)
    assert resolve(LBFGS(memory=5)) == LBFGS(memory=5)
    assert set(SOLVERS) == {"newton", "lbfgs", "gradient"}
    assert all(sentence.endswith(".") for sentence in STATUSES.values())
    with pytest.raises(UsageError, match="Did you mean 'newton'"):
        resolve("newtn")
    with pytest.raises(UsageError, match=r"no setting 'stop_loss'\. It is a setting of gradient"):
        resolve("newton", stop_loss=0.5)
    with pytest.raises(UsageError, match="cannot be set on a solver object"):
        resolve(Newton(), tol=1e-3)


@pytest.mark.parametrize("algorithm", ["newton", "lbfgs"])
def test_columns_of_very_different_size(algorithm: str) -> None:
    """Columns whose sizes differ by 1e16 have the fit of the same columns in like units."""
    X, y = standardised("spector")
    units = np.array([1.0, 1e-8, 1.0, 1e8])
    plain = Newton().solve(one_parameter(BERNOULLI, X, y), np.zeros(4))
    solution = ALGORITHMS[algorithm].solve(one_parameter(BERNOULLI, X * units, y), np.zeros(4))
    assert solution.status == "converged", solution.message
    np.testing.assert_allclose(solution.theta * units, plain.theta, rtol=1e-8)
