"""Laws of every fit: solvers agree, weights are repetitions, units do not matter, the caller's data are left alone."""

from __future__ import annotations

import copy
import sys
from typing import Any

import numpy as np
import pytest
from models.tables import frame, relative

import neglog as nl
from neglog.errors import FitError, FitWarning, UsageError

N = 120
RANDOM = np.random.default_rng(3)
X1, X2 = RANDOM.normal(size=N), RANDOM.normal(size=N)
GROUP = np.array(["u", "v", "w"])[RANDOM.integers(0, 3, N)]
NOISE = RANDOM.normal(size=N)
BASE: dict[str, Any] = {"x1": X1, "x2": X2, "g": GROUP}
TARGETS: dict[str, Any] = {
    "normal": 1 + X1 - 0.5 * X2 + NOISE,
    "bernoulli": (X1 + 0.5 * X2 + 1.5 * NOISE > 0).astype(int),
    "categorical": np.array(["red", "green", "blue"])[np.digitize(X1 + 2 * NOISE, [-1.0, 1.0])],
    "poisson": RANDOM.poisson(np.exp(0.5 + 0.4 * X1)),
}
FORMULA = "y ~ x1 + x2 + g"
every_family = pytest.mark.parametrize("family", TARGETS)


def data(family: str) -> dict[str, Any]:
    """Return a table whose target suits the family."""
    return {**BASE, "y": TARGETS[family]}


def same(one: nl.Model, other: nl.Model, within: float = 1e-8) -> bool:
    """Return whether coefficients, standard errors and log-likelihood agree."""
    assert list(one.params) == list(other.params)
    return (
        np.allclose([*one.params.values()], [*other.params.values()], rtol=within, atol=within)
        and relative([*one.bse.values()], [*other.bse.values()]) < within
        and relative(one.loglik, other.loglik) < within
    )


@every_family
@pytest.mark.parametrize("prior", [None, nl.Normal(0, 1)], ids=["flat", "normal"])
def test_solvers_agree(family: str, prior: Any) -> None:
    """Newton, L-BFGS and gradient descent end at the same point."""
    newton = nl.fit(FORMULA, data(family), family=family, prior=prior)
    lbfgs = nl.fit(FORMULA, data(family), family=family, prior=prior, solver="lbfgs")
    descent = nl.fit(
        FORMULA, data(family), family=family, prior=prior, solver="gradient", max_iter=20_000
    )

    assert [m.status for m in (newton, lbfgs, descent)] == ["converged"] * 3
    assert same(newton, lbfgs)
    assert same(newton, descent, 1e-5)
    assert [m.solver for m in (newton, lbfgs, descent)] == ["newton", "lbfgs", "gradient"]


@every_family
def test_weight_is_repetition(family: str) -> None:
    """Weight 2 is the row twice and weight 0 its absence, in estimates, errors and likelihood."""
    w = np.random.default_rng(1).integers(0, 4, N)
    before = w.copy()
    weighted = nl.fit(FORMULA, data(family), family=family, sample_weight=w)
    repeated = {name: np.repeat(values, w) for name, values in data(family).items()}
    written_out = nl.fit(FORMULA, repeated, family=family)
    by_column = nl.fit(FORMULA, {**data(family), "times": w}, family=family, sample_weight="times")

    assert same(weighted, written_out, 1e-10)
    assert weighted.nobs == w.sum() == written_out.nobs
    assert weighted.aic == pytest.approx(written_out.aic, rel=1e-12)
    assert weighted.bic == pytest.approx(written_out.bic, rel=1e-12)
    assert weighted.params == by_column.params
    assert np.array_equal(w, before)


@every_family
def test_small_weights(family: str) -> None:
    """Scaling all weights moves no estimate, and errors by the root of the factor."""
    plain = nl.fit(FORMULA, data(family), family=family, sample_weight=np.ones(N))
    small = nl.fit(FORMULA, data(family), family=family, sample_weight=np.full(N, 1e-4))

    assert relative([*small.params.values()], [*plain.params.values()]) < 1e-7
    assert relative([*small.bse.values()], 100 * np.array([*plain.bse.values()])) < 1e-7


@every_family
def test_order_of_rows(family: str) -> None:
    """Rows in another order give the same model."""
    order = np.random.default_rng(5).permutation(N)
    shuffled = {name: values[order] for name, values in data(family).items()}
    assert same(
        nl.fit(FORMULA, data(family), family=family), nl.fit(FORMULA, shuffled, family=family)
    )


@every_family
@pytest.mark.parametrize("unit", [1e6, 1e-6, 1e12])
def test_units_of_columns(family: str, unit: float) -> None:
    """A column in other units has a coefficient in other units, and nothing else changes."""
    plain = nl.fit(FORMULA, data(family), family=family)
    scaled = nl.fit(FORMULA, {**data(family), "x1": unit * X1}, family=family)

    assert scaled.converged
    assert scaled.loglik == pytest.approx(plain.loglik, rel=1e-10)
    for name, value in plain.params.items():
        factor = 1 / unit if name.endswith("x1") else 1.0
        assert relative(scaled.params[name], factor * value) < 1e-7
        assert relative(scaled.bse[name], factor * plain.bse[name]) < 1e-7


@pytest.mark.parametrize("unit", [1e6, 1e-6, 1e100, 1e-100])
def test_units_of_the_target(unit: float) -> None:
    """A normal target in other units scales its coefficients and sigma, and shifts the likelihood."""
    plain = nl.fit(FORMULA, data("normal"), family=nl.Normal)
    scaled = nl.fit(FORMULA, {**BASE, "y": unit * TARGETS["normal"]}, family=nl.Normal)

    assert scaled.converged
    assert relative(scaled.constants["sigma"], unit * plain.constants["sigma"]) < 1e-8
    assert relative(scaled.params["x1"], unit * plain.params["x1"]) < 1e-8
    assert relative(scaled.bse["x1"], unit * plain.bse["x1"]) < 1e-8
    assert scaled.loglik == pytest.approx(plain.loglik - N * np.log(unit), rel=1e-9)


def test_large_counts() -> None:
    """Counts of a million converge, with the errors theory gives."""
    y = np.random.default_rng(0).poisson(np.exp(14 + X1))
    model = nl.fit("y ~ x1", {"x1": X1, "y": y}, family=nl.Poisson)

    assert model.converged
    assert abs(model.params["x1"] - 1) < 6 * model.bse["x1"]
    design = np.column_stack([np.ones(N), X1])
    information = (design * model.predict({"x1": X1})[:, None]).T @ design
    assert relative(np.asarray(model.cov_params()), np.linalg.inv(information)) < 1e-9


def test_fixed_parameters_are_not_estimated() -> None:
    """A family with a fixed sigma has one parameter less, and least squares still."""
    free = nl.fit(FORMULA, data("normal"), family=nl.Normal)
    fixed = nl.fit(FORMULA, data("normal"), family=nl.Normal.fix(sigma=2.0))

    assert fixed.df_model == free.df_model - 1
    assert "log(sigma)" not in fixed.params
    assert fixed.params["x1"] == pytest.approx(free.params["x1"], rel=1e-9)
    ratio = 2.0 / free.constants["sigma"]
    assert fixed.bse["x1"] == pytest.approx(ratio * free.bse["x1"], rel=1e-9)
    assert fixed.predict_distribution(BASE).variance == pytest.approx(np.full(N, 4.0))


def test_binary_is_two_classes() -> None:
    """A categorical fit of two classes is the Bernoulli fit."""
    names = np.where(TARGETS["bernoulli"] == 1, "yes", "no")
    two = nl.fit(FORMULA, {**BASE, "y": names}, family=nl.Categorical)
    one = nl.fit(FORMULA, {**BASE, "y": names}, family=nl.Bernoulli)

    assert relative([*two.params.values()], [*one.params.values()]) < 1e-9
    assert relative([*two.bse.values()], [*one.bse.values()]) < 1e-9
    assert relative(two.loglik, one.loglik) < 1e-12
    assert relative(two.predict(BASE)[:, 1], one.predict(BASE)) < 1e-9


def test_descent_settings() -> None:
    """Gradient descent starts at random by seed, steps as told, and stops at a loss that will do."""

    def descend(**settings: Any) -> nl.Model:
        return nl.fit(FORMULA, data("poisson"), family="poisson", solver="gradient", **settings)

    one, again, other = descend(seed=1), descend(seed=1), descend(seed=2)
    assert one.params == again.params
    assert one.trace == again.trace
    assert one.trace[0] != other.trace[0]

    fixed = descend(step=0.05, seed=1, max_iter=50_000)
    assert fixed.converged
    assert {record.step for record in fixed.trace[1:]} == {0.05}

    goal = 1.02 * one.trace[-1].mean_objective
    stopped = descend(seed=1, stop_loss=goal)
    assert stopped.status == "stopped"
    assert stopped.trace[-1].mean_objective <= goal < stopped.trace[-2].mean_objective
    assert np.isnan([*stopped.bse.values()]).all()


def test_a_step_too_long_diverges_and_names_its_bound() -> None:
    """A step above 2 / lambda_max is reported as diverging, with that bound."""
    with pytest.warns(FitWarning, match="2 / lambda_max"):
        model = nl.fit(
            FORMULA, data("poisson"), family="poisson", solver="gradient", step=50.0, seed=0
        )
    assert model.status == "diverging"


def test_too_few_iterations() -> None:
    """A fit that ran out of iterations says so, and offers no standard errors."""
    with pytest.warns(FitWarning, match="did not converge in 1 iterations"):
        model = nl.fit(FORMULA, data("poisson"), family="poisson", max_iter=1)
    assert model.status == "not_converged"
    assert np.isnan([*model.bse.values()]).all()
    with pytest.raises(FitError, match="not_converged"):
        model.cov_params()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"solver": "newtn"}, "Did you mean 'newton'?"),
        ({"step": 0.1}, "It is a setting of gradient"),
        ({"missing": "ignore"}, "'drop' or 'error'"),
        ({"family": "poison"}, "Did you mean 'Poisson'?"),
        ({"family": nl.Poisson(2)}, "family=nl.Poisson"),
        ({"family": 3}, "A family"),
        ({"sample_weight": [1.0, 2.0]}, "shape (2,)"),
    ],
)
def test_wrong_calls(arguments: dict[str, Any], words: str) -> None:
    """A mistake in the call is one sentence that says what was meant."""
    with pytest.raises(UsageError) as caught:
        nl.fit(FORMULA, data("poisson"), **{"family": "poisson", **arguments})
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_settings_are_checked_before_the_data_are_read() -> None:
    """A wrong setting is found before a minute is spent on reading."""
    with pytest.raises(UsageError, match="no solver"):
        nl.fit("y ~ x", "no-such-file.csv", family="poisson", solver="newtn")


def test_progress_and_callback() -> None:
    """Each phase is announced before it starts, and each iteration reaches the callback."""
    phases: list[str] = []
    records: list[Any] = []
    model = nl.fit(
        FORMULA,
        data("poisson"),
        family="poisson",
        announce=phases.append,
        callback=records.append,
    )
    assert phases[0] == "reading the data"
    assert phases[-1] == "fitting"
    assert tuple(records) == model.trace


def test_the_data_are_left_alone() -> None:
    """Nothing that is passed in is written to."""
    given = data("normal")
    before = copy.deepcopy(given)
    for values in given.values():
        values.flags.writeable = False
    nl.fit(FORMULA, given, family="normal", sample_weight=np.ones(N)).predict(given)
    assert all(np.array_equal(given[name], before[name]) for name in before)
    for values in given.values():
        values.flags.writeable = True


def test_a_fit_loads_no_plots_and_no_learning_library() -> None:
    """A fit from a dict needs neither SymPy, nor scikit-learn, nor pandas, nor matplotlib."""
    import subprocess

    code = (
        "import sys, neglog as nl\n"
        "m = nl.fit('y ~ x', {'x': [0, 1, 2, 3, 4], 'y': [1, 1, 3, 4, 9]}, family='poisson')\n"
        "m.summary(), str(m.summary())\n"
        "heavy = {'sympy', 'sklearn', 'matplotlib', 'pandas', 'numba', 'statsmodels'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_compiled_and_plain_engines_agree() -> None:
    """Above 50,000 rows the compiled kernel fits, and finds what NumPy finds for the same rows once."""
    times = 500
    big = {name: np.tile(values, times) for name, values in data("bernoulli").items()}
    small = nl.fit(FORMULA, data("bernoulli"), family=nl.Bernoulli, sample_weight=np.full(N, times))
    assert N * times >= 50_000
    assert same(nl.fit(FORMULA, big, family=nl.Bernoulli), small, 1e-9)


def test_frames_of_examples_fit() -> None:
    """The formula stored with each example fits, with its family."""
    from neglog.data import examples

    for name in ("spector", "copper", "scotland", "engel", "committee"):
        example = examples.describe(name)
        assert nl.fit(example.formula, frame(name), family=example.family).converged, name


@pytest.mark.parametrize("family", ["normal", "bernoulli", "poisson", "categorical"])
@pytest.mark.parametrize("far", [1e3, 1e5, 1e6])
def test_a_far_column_keeps_its_standard_error(family: str, far: float) -> None:
    """Adding a constant to a column changes neither its slope nor the standard error of its slope."""
    random = np.random.default_rng(5)
    x = np.round(random.normal(size=400), 6)
    targets = {
        "normal": x + random.normal(size=400),
        "bernoulli": (random.random(400) < 1 / (1 + np.exp(-x))).astype(float),
        "poisson": random.poisson(np.exp(0.5 * x)).astype(float),
        "categorical": np.floor(3 * random.random(400)),
    }
    data = {"y": targets[family], "x": x}
    near = nl.fit("y ~ x", data, family=family)
    moved = nl.fit("y ~ x", {**data, "x": x + far}, family=family)
    assert near.converged
    assert moved.converged
    name = next(name for name in near.names if name.endswith("x"))
    # At 1e6 the products of the columns have lost twelve digits; steps of the solver win most of them back.
    assert moved.params[name] == pytest.approx(near.params[name], rel=1e-7 if far == 1e6 else 1e-8)
    assert moved.bse[name] == pytest.approx(near.bse[name], rel=1e-7)
    intercept = next(name for name in near.names if name.endswith("Intercept"))
    expected = np.sqrt(near.bse[intercept] ** 2 + far**2 * near.bse[name] ** 2)
    assert moved.bse[intercept] == pytest.approx(expected, rel=1e-2 if far == 1e3 else 1e-4)
