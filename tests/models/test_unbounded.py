"""Constants that the data do not bound are named, with the law at the end; the rest of the fit is that law's."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from families.settings import SETTINGS

import neglog as nl
from neglog.errors import FitWarning
from neglog.families.limits import LIMITS, limit_law
from neglog.families.register import FAMILIES

pytestmark = pytest.mark.filterwarnings("ignore::neglog.errors.AccuracyWarning")

RANDOM = np.random.default_rng(7)
N = 80
X = RANDOM.normal(size=N)
EVEN = np.array([1, 2, 1, 2, 1, 2, 2, 1] * 10)
FLAT = X + RANDOM.uniform(-1, 1, N)
CASES: dict[str, tuple[Any, Any, str, str, Any]] = {
    "underdispersed counts": (nl.NegativeBinomial, EVEN, "alpha", "0", nl.Poisson),
    "errors without tails": (nl.StudentT, FLAT, "nu", "infinity", nl.Normal),
    "no excess zeros": (nl.ZeroInflated(nl.Poisson), EVEN, "excess", "0", nl.Poisson),
}


def fitted(family: Any, y: Any, **options: Any) -> nl.Model:
    """Fit a case."""
    return nl.fit("y ~ x", {"x": X, "y": y}, family=family, **options)


@pytest.mark.parametrize("case", CASES)
def test_it_is_said_and_the_rest_is_the_fit_of_the_limit(case: str, tmp_path: Path) -> None:
    """One note and warning; estimates, standard errors and likelihood are those of the law at the end."""
    family, y, name, end, law = CASES[case]
    with pytest.warns(FitWarning) as caught:
        model = fitted(family, y)
    (note,) = model.notes
    assert [str(w.message) for w in caught if w.category is FitWarning] == [note]
    assert f"do not bound {name}" in note
    assert f"as {name} goes to {end}." in note
    assert f"Fit nl.{law.name}" in note
    assert f".fix({name}=" in note
    assert model.converged
    limit = fitted(law, y)
    k = len(limit.names)
    np.testing.assert_allclose(model.table.estimates[:k], limit.table.estimates, atol=1e-6)
    np.testing.assert_allclose(
        model.table.standard_errors[:k], limit.table.standard_errors, rtol=1e-6
    )
    assert model.criteria.loglik == pytest.approx(limit.criteria.loglik, abs=1e-6)
    assert np.isnan(model.table.standard_errors[k:]).all()
    assert np.isnan(np.asarray(model.cov_params())[k]).all()
    text = " ".join(str(model.summary()).split())
    assert note in text
    assert " nan" not in text.lower()
    model.save(tmp_path / "m.neglog")
    again = nl.load(tmp_path / "m.neglog")
    assert again.notes == model.notes
    np.testing.assert_array_equal(again.table.standard_errors, model.table.standard_errors)


@pytest.mark.parametrize("case", CASES)
def test_estimators_say_it_too(case: str) -> None:
    """The estimator warns with the sentences of the model, and once."""
    family, y, name, end, _ = CASES[case]
    with pytest.warns(FitWarning) as caught:
        nl.LikelihoodRegressor(family).fit(X[:, None], y)
    (said,) = (str(w.message) for w in caught if w.category is FitWarning)
    assert f"do not bound {name}" in said
    assert f"as {name} goes to {end}." in said


@pytest.mark.parametrize("case", CASES)
def test_a_column_far_from_0_changes_nothing(case: str) -> None:
    """The covariance by way of centred columns holds the same constant."""
    family, y, *_, law = CASES[case]
    data = {"x": X + 1e4, "y": y}
    with pytest.warns(FitWarning, match="do not bound"):
        model = nl.fit("y ~ x", data, family=family)
    limit = nl.fit("y ~ x", data, family=law)
    k = len(limit.names)
    np.testing.assert_allclose(
        model.table.standard_errors[:k], limit.table.standard_errors, rtol=1e-6
    )


def test_large_but_bounded_is_left_alone() -> None:
    """A nu of some 30 and a small alpha are estimates like any other."""
    random = np.random.default_rng(3)
    x = random.normal(size=20_000)
    for family, y, name in (
        (nl.StudentT, x + random.standard_t(30, x.size), "nu"),
        (nl.NegativeBinomial, random.poisson(np.exp(1 + 0.3 * x) * random.gamma(50, 0.02, x.size)), "alpha"),
    ):  # fmt: skip
        model = nl.fit("y ~ x", {"x": x, "y": y}, family=family)
        assert model.notes == ()
        assert np.isfinite(model.table.standard_errors).all()
        assert 0.01 < model.constants[name] < 100


ORDINARY = [law for law in FAMILIES.values() if law.name in SETTINGS and len(law.density.free) > 1]


@pytest.mark.parametrize(
    "law",
    [
        # Its sum has a kernel that takes half a minute to compile.
        pytest.param(law, marks=pytest.mark.laws if law.name == "Tweedie" else ())
        for law in ORDINARY
    ],
    ids=[law.name for law in ORDINARY],
)
def test_an_ordinary_fit_has_no_such_note(law: Any) -> None:
    """A law over the register: from a sample of the family itself every constant is estimated."""
    setting = SETTINGS[law.name][0]
    y = law(**setting).sample(3000, seed=11)
    with warnings.catch_warnings():
        warnings.simplefilter("error", FitWarning)
        if law.density.unset:
            law = law.fix(**{name: setting[name] for name in law.density.unset})
        model = nl.fit("y ~ 1", {"y": np.asarray(y)}, family=law)
    assert model.converged
    assert not [note for note in model.notes if "do not bound" in note]


@pytest.mark.parametrize("entry", LIMITS)
def test_the_limits_are_limits(entry: tuple[str, str, str]) -> None:
    """Near the end the log-density is that of the law that is named."""
    family, parameter, end = entry
    law, limit = getattr(nl, family), getattr(nl, LIMITS[entry])
    setting = SETTINGS[family][0] | {parameter: {"0": 1e-7, "infinity": 1e7}[end]}
    y = np.array([0.0, 1.0, 3.0, 7.0])
    theirs = limit(**{p.name: setting[p.name] for p in limit.density.parameters})
    np.testing.assert_allclose(law(**setting).log_prob(y), theirs.log_prob(y), atol=1e-5)
    assert limit_law(f"ZeroInflated({family})", parameter, end) == f"ZeroInflated({limit.name})"
