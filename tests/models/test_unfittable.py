"""Fits that have no answer say so and why: separation, collinear columns, a perfect fit, too few rows."""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np
import pytest
from models.tables import frame

import neglog as nl
from neglog.errors import CollinearError, DataError, FitError, FitWarning, UsageError

N = 40
RANDOM = np.random.default_rng(0)
X, Z = RANDOM.normal(size=N), RANDOM.normal(size=N)
COIN = RANDOM.integers(0, 2, N)
FIFTH = np.arange(N) % 5 == 0


def ends_as(status: str, formula: str, data: dict[str, Any], **options: Any) -> nl.Model:
    """Fit, check that the fit ended as that, with a warning, one paragraph, and no standard errors."""
    with pytest.warns(FitWarning) as caught:
        model = nl.fit(formula, data, **options)
    assert [str(warning.message) for warning in caught] == [model.message]
    assert caught[0].filename == __file__  # it points at the caller
    assert model.status == status
    assert not model.converged
    assert "\n" not in model.message
    assert np.isnan([*model.bse.values()]).all()
    assert np.isnan([*model.pvalues.values()]).all()
    with pytest.raises(FitError, match=status):
        model.cov_params()
    text = str(model.summary())
    assert not re.search(r"\bnan\b", text.lower())
    assert "No standard errors" in text
    return model


SEPARATED: dict[str, tuple[str, dict[str, Any], str]] = {
    "a threshold": ("y ~ x", {"x": X, "y": X > 0.1}, "Bernoulli"),
    "a threshold in a combination": ("y ~ x + z", {"x": X, "z": Z, "y": X + Z > 0}, "Bernoulli"),
    "a level of one outcome": (
        "y ~ x + g",
        {"x": X, "g": np.where(FIFTH, "u", "v"), "y": np.where(FIFTH, 1, COIN)},
        "Bernoulli",
    ),
    "a level without counts": (
        "y ~ g",
        {"g": np.where(FIFTH, "u", "v"), "y": np.where(FIFTH, 0, 3 + COIN)},
        "Poisson",
    ),
    "no counts at all": ("y ~ x", {"x": X, "y": np.zeros(N)}, "Poisson"),
    "three classes in order": (
        "y ~ x",
        {"x": X, "y": np.array(["low", "mid", "top"])[np.digitize(X, [-0.5, 0.5])]},
        "Categorical",
    ),
    "one class set apart": (
        "y ~ x",
        {"x": X, "y": np.where(X > 1, "far", np.where(COIN == 1, "a", "b"))},
        "Categorical",
    ),
}


@pytest.mark.parametrize("case", SEPARATED)
@pytest.mark.parametrize("solver", ["newton", "lbfgs"])
def test_separation(case: str, solver: str) -> None:
    """Where the likelihood grows for ever the fit is called separated, whatever the solver says of itself."""
    formula, data, family = SEPARATED[case]
    model = ends_as("separated", formula, data, family=family, solver=solver)
    assert "no maximum" in model.message
    assert "prior" in model.message


@pytest.mark.parametrize("case", SEPARATED)
def test_a_prior_ends_separation(case: str) -> None:
    """With a prior on slopes and intercept every one of these fits has its maximum."""
    formula, data, family = SEPARATED[case]
    law = nl.Normal(mu=0, sigma=2)
    model = nl.fit(formula, data, family=family, prior={"slopes": law, "Intercept": law})
    assert model.converged
    assert np.isfinite([*model.bse.values()]).all()


def test_real_data_that_separate() -> None:
    """All thirty columns tell the tumours apart without a mistake, and the fit says so."""
    data = frame("breast_cancer")
    model = ends_as("separated", "diagnosis ~ .", data, family=nl.Bernoulli)
    assert "569 rows" in model.message


def test_nearly_separated_data_are_fitted() -> None:
    """One row against the rule makes the maximum exist, far out: it is found and has standard errors."""
    y = (X > 0.1).astype(int)
    y[np.argsort(X)[-1]] = 0
    model = nl.fit("y ~ x", {"x": X, "y": y})
    assert model.converged
    assert np.isfinite([*model.bse.values()]).all()


@pytest.mark.parametrize(
    ("columns", "formula", "words"),
    [
        ({"z": 2 * X + 1}, "y ~ x + z", ("z = 1 + 2*x", "'z'")),
        ({"z": X.copy()}, "y ~ x + z", ("z = x", "'z'")),
        ({"z": np.full(N, 3.0)}, "y ~ x + z", ("z = 3", "'z'")),
        ({"z": np.zeros(N)}, "y ~ x + z", ("z = 0", "'z'")),
        ({"z": X - Z, "w": Z}, "y ~ x + z + w", ("w = x - z", "'w'")),
        (
            {"g": np.where(FIFTH, "u", "v"), "z": FIFTH.astype(float)},
            "y ~ g + z",
            ("z", "g[T.v]", "'z'"),
        ),
    ],
    ids=["line", "copy", "constant", "zeros", "difference", "indicator"],
)
def test_collinear_columns(columns: dict[str, Any], formula: str, words: tuple[str, ...]) -> None:
    """Columns that determine one another are named with their relation, for every family."""
    targets = {"normal": Z + X**2, "bernoulli": COIN, "poisson": 1 + COIN, "categorical": COIN}
    for family, y in targets.items():
        with pytest.raises(CollinearError) as caught:
            nl.fit(formula, {"x": X, "y": y, **columns}, family=family)
        message = str(caught.value)
        assert all(word in message for word in words), message
        assert "prior" in message
        assert "\n" not in message


def test_weights_of_zero_leave_columns_collinear() -> None:
    """Rows of weight 0 do not make columns independent."""
    z = X.copy()
    z[:5] = 7.0
    w = np.ones(N)
    w[:5] = 0.0
    with pytest.raises(CollinearError, match="z = x"):
        nl.fit("y ~ x + z", {"x": X, "z": z, "y": Z}, family="normal", sample_weight=w)


PERFECT: dict[str, tuple[str, dict[str, Any]]] = {
    "computed from a column": ("y ~ x", {"x": X, "y": 3 * X + 1}),
    "large numbers": ("y ~ x", {"x": X, "y": 1e9 * (3 * X + 1)}),
    "constant": ("y ~ x", {"x": X, "y": np.full(N, 2.5)}),
    "zero": ("y ~ x", {"x": X, "y": np.zeros(N)}),
    "one row": ("y ~ 1", {"y": [2.5]}),
    "two rows, a line": ("y ~ x", {"x": [1.0, 2.0], "y": [3.5, 7.1]}),
    "as many columns as rows": ("y ~ poly(x, 4)", {"x": X[:5], "y": Z[:5]}),
}


@pytest.mark.parametrize("case", PERFECT)
def test_a_perfect_fit_has_no_sigma(case: str) -> None:
    """A normal target without residuals sends sigma to 0: no maximum, no certainty of ten digits."""
    formula, data = PERFECT[case]
    model = ends_as("separated", formula, data, family=nl.Normal)
    assert "perfect" in model.message


@pytest.mark.parametrize("noise", [1e-3, 1e-6])
def test_a_good_fit_is_not_perfect(noise: float) -> None:
    """A residual of a millionth is a residual."""
    model = nl.fit("y ~ x", {"x": X, "y": 3 * X + 1 + noise * Z}, family=nl.Normal)
    assert model.converged
    assert model.constants["sigma"] == pytest.approx(noise * np.std(Z), rel=0.2)


def test_few_rows() -> None:
    """One count is fitted exactly; with more columns than rows the surplus is named."""
    one = nl.fit("y ~ 1", {"y": [7]}, family=nl.Poisson)
    assert one.params["Intercept"] == pytest.approx(np.log(7), rel=1e-12)
    assert one.bse["Intercept"] == pytest.approx(1 / np.sqrt(7), rel=1e-12)
    two = nl.fit("y ~ x", {"x": [1.0, 2.0], "y": [3, 7]}, family=nl.Poisson)
    assert two.predict({"x": [1.0, 2.0]}) == pytest.approx([3, 7], rel=1e-9)
    with pytest.raises(CollinearError, match="x"):
        nl.fit("y ~ x", {"x": [1.0], "y": [3]}, family=nl.Poisson)


@pytest.mark.parametrize(
    ("formula", "data", "words"),
    [
        ("y ~ xx", {"x": X, "y": Z}, "Did you mean 'x'?"),
        ("z ~ x", {"x": X, "y": Z}, "the target"),
        ("y ~ x", {"x": [], "y": []}, "no rows"),
        ("y ~ x", {"x": [np.nan] * 3, "y": [1.0, 2.0, 4.0]}, "'x' (3)"),
        ("y ~ log(x)", {"x": [1.0, -2.0, 3.0], "y": [1.0, 2.0, 4.0]}, "row 2"),
        ("y ~ x", {"x": [1.0, np.inf, 3.0], "y": [1.0, 2.0, 4.0]}, "row 2"),
        ("y ~ x", {"x": [1.0, 2.0, 3.0], "y": [1.0, 2.0, np.inf]}, "row 3"),
    ],
    ids=["column", "target", "empty", "all missing", "outside log", "infinite", "infinite target"],
)
def test_bad_data(formula: str, data: dict[str, Any], words: str) -> None:
    """Data that cannot be used are refused in one paragraph that says where."""
    with pytest.raises(DataError) as caught:
        nl.fit(formula, data, family=nl.Normal)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_columns() -> None:
    """A formula without a single column is refused."""
    with pytest.raises(UsageError, match=r"[Nn]o.* (columns|terms?|intercept)"):
        nl.fit("y ~ 0", {"x": X, "y": Z}, family=nl.Normal)


@pytest.mark.parametrize("seed", range(40))
def test_converged_means_converged(seed: int) -> None:
    """On random small data every fit that calls itself converged has a vanishing gradient and finite errors."""
    random = np.random.default_rng(seed)
    n, p = int(random.integers(4, 30)), int(random.integers(1, 4))
    scales = 10.0 ** random.integers(-6, 7, p)
    data: dict[str, Any] = {f"x{j}": scales[j] * random.normal(size=n) for j in range(p)}
    family = ("normal", "bernoulli", "poisson", "categorical")[seed % 4]
    data["y"] = {
        "normal": random.normal(size=n) * 10.0 ** random.integers(-8, 9),
        "bernoulli": random.integers(0, 2, n),
        "poisson": random.poisson(random.choice([0.3, 5.0, 1e4]), n),
        "categorical": np.array(list("abc"))[random.integers(0, 3, n)],
    }[family]
    formula = "y ~ " + " + ".join(f"x{j}" for j in range(p))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FitWarning)
        try:
            model = nl.fit(formula, data, family=family)
        except DataError as error:  # one class, or more columns than rows
            assert "one class" in str(error) or "collinear" in str(error)
            return
    assert model.status in ("converged", "separated")
    assert np.isfinite([*model.params.values()]).all()
    if not model.converged:
        return
    assert (np.array([*model.bse.values()]) > 0).all()
    score = model.trace[-1].gradient_norm * model.nobs
    # In units of the standard errors, the score at the maximum is rounding.
    assert score * min(model.bse.values()) < 1e-4
    law = model.predict_distribution(data)
    y = data["y"] if family != "categorical" else model.coding.encode(data["y"], str)
    assert np.sum(law.log_prob(y)) == pytest.approx(model.loglik, rel=1e-9, abs=1e-9)
