"""Standard errors from the expected information equal those of statsmodels' GLM, which uses it, and of books."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
import statsmodels.api as sm
from cli.program import neglog

import neglog as nl
from neglog.errors import UsageError

# How many digits a loss keeps over the whole range is judged elsewhere; here it is at work on ordinary data.
pytestmark = pytest.mark.filterwarnings("ignore::neglog.errors.AccuracyWarning")

LINKS = sm.families.links
FORMULA = "GRADE ~ GPA + TUCE + PSI"


@pytest.fixture(scope="module")
def spector():
    """Grades after a new way of teaching economics."""
    return sm.datasets.spector.load_pandas().data


@pytest.mark.parametrize(
    ("link", "peer"),
    [("logit", LINKS.Logit), ("probit", LINKS.Probit), ("cloglog", LINKS.CLogLog), ("cauchit", LINKS.Cauchy)],
)  # fmt: skip  # one line
def test_two_outcomes(spector, link, peer):
    """Bernoulli through four links; for all but the logit the observed information is another one."""
    family = nl.Bernoulli.link(p=link)
    model = nl.fit(FORMULA, spector, family=family, information="expected", tol=1e-12)
    X = sm.add_constant(spector[["GPA", "TUCE", "PSI"]])
    found = sm.GLM(spector.GRADE, X, sm.families.Binomial(peer())).fit(tol=1e-15, maxiter=500)
    np.testing.assert_allclose(list(model.params.values()), found.params, rtol=1e-7)
    np.testing.assert_allclose(list(model.bse.values()), found.bse, rtol=1e-7)
    observed = nl.fit(FORMULA, spector, family=family)
    same = np.allclose(list(observed.bse.values()), found.bse, rtol=1e-6)
    assert same == (link == "logit")
    assert model.covariance.kind == "expected"
    assert observed.covariance.kind == "observed"


def test_two_ordered_classes(spector):
    """Two ordered classes through the probit are Bernoulli, the cutpoint its intercept with the other sign."""
    data = {name: spector[name].to_numpy() for name in ("GPA", "TUCE", "PSI")}
    data["grade"] = np.where(spector.GRADE == 1, "improved", "as before")
    model = nl.fit(
        "grade ~ GPA + TUCE + PSI", data, family=nl.OrdinalProbit, order=["as before", "improved"],
        information="expected", tol=1e-12,
    )  # fmt: skip  # one call
    peer = sm.GLM(
        spector.GRADE, sm.add_constant(spector[["GPA", "TUCE", "PSI"]]), sm.families.Binomial(LINKS.Probit())
    ).fit(tol=1e-15, maxiter=500)  # fmt: skip  # one call
    *slopes, cut = model.bse.values()
    np.testing.assert_allclose([cut, *slopes], peer.bse, rtol=1e-7)
    assert model.covariance.kind == "expected"


@pytest.mark.parametrize("family", [nl.Ordinal, nl.OrdinalProbit], ids=lambda f: f.name)
def test_ordered_classes(family):
    """The mean over the classes of the products of scores, written out for three of them; weights count."""
    random = np.random.default_rng(3)
    n, cuts = 400, np.array([-0.4, 0.9])
    x, offset, weights = (
        random.normal(size=n),
        0.3 * random.normal(size=n),
        random.integers(0, 4, n),
    )
    latent = 0.8 * x + offset + random.logistic(size=n)
    names = np.array(["a", "b", "c"])[np.searchsorted(cuts, latent)]
    model = nl.fit(
        "g ~ x", {"g": names, "x": x}, order=list("abc"), family=family, sample_weight=weights.astype(float),
        information="expected", tol=1e-12,
    )  # fmt: skip  # one call
    law = {"Ordinal": scipy.stats.logistic, "OrdinalProbit": scipy.stats.norm}[family.name]
    slope, *found = model.params.values()
    eta = slope * x
    ends = np.column_stack([np.full(n, -np.inf), *(c - eta for c in found), np.full(n, np.inf)])
    densities, p = law.pdf(ends), np.diff(law.cdf(ends), axis=1)
    information = np.zeros((3, 3))
    for k in range(3):
        upper, lower = densities[:, k + 1] / p[:, k], densities[:, k] / p[:, k]
        score = np.zeros((n, 3))
        score[:, 0] = -(upper - lower) * x
        if k < 2:
            score[:, 1 + k] += upper
        if k > 0:
            score[:, k] -= lower
        information += (score * (weights * p[:, k])[:, None]).T @ score
    errors = np.sqrt(np.linalg.inv(information).diagonal())
    np.testing.assert_allclose(list(model.bse.values()), errors, rtol=1e-7)


def test_gamma_through_the_log_link():
    """Gamma with its shape estimated: statsmodels' errors at the scale 1/shape; the shape's own from trigamma."""
    data = sm.datasets.scotland.load_pandas().data.rename(columns=str.lower)
    columns = ["coutax", "unempf", "mor"]
    model = nl.fit("yes ~ coutax + unempf + mor", data, family=nl.Gamma, information="expected")
    shape = model.constants["shape"]
    found = sm.GLM(
        data.yes, sm.add_constant(data[columns]), sm.families.Gamma(LINKS.Log())
    ).fit(scale=1 / shape, tol=1e-14)  # fmt: skip  # one call
    np.testing.assert_allclose(list(model.bse.values())[:4], found.bse, rtol=1e-7)
    from scipy.special import polygamma

    each = shape**2 * polygamma(1, shape) - shape
    assert list(model.bse.values())[4] == pytest.approx(1 / np.sqrt(len(data) * each), rel=1e-7)


def test_negative_binomial_is_computed_by_quadrature():
    """NB2 has no closed form in alpha: the errors are near the observed ones, whose mean over new data they are."""
    random = np.random.default_rng(4)
    x = random.normal(size=400)
    mu = np.exp(0.5 + 0.3 * x)
    y = random.negative_binomial(2.0, 2.0 / (2.0 + mu)).astype(float)
    data = {"x": x, "y": y}
    expected = nl.fit("y ~ x", data, family="nb2", information="expected")
    observed = nl.fit("y ~ x", data, family="nb2")
    assert expected.params == observed.params
    np.testing.assert_allclose(list(expected.bse.values()), list(observed.bse.values()), rtol=0.15)
    assert list(expected.bse.values()) != list(observed.bse.values())


def test_a_law_with_a_kink():
    """Laplace: b / sqrt(n) for a lone median, from the information that its second derivative does not show."""
    y = np.random.default_rng(2).laplace(size=401)
    model = nl.fit("y ~ 1", {"y": y}, family="laplace", information="expected")
    b = model.constants["b"]
    assert b == pytest.approx(np.mean(np.abs(y - np.median(y))), rel=1e-9)
    np.testing.assert_allclose(
        list(model.bse.values()), [b / np.sqrt(401), 1 / np.sqrt(401)], rtol=1e-9
    )


def test_weights_and_a_prior_enter():
    """A weight counts its row's information so often; a normal prior adds 1 / scale^2."""
    data = {"x": [0.0, 1, 2, 3, 4, 5], "y": [1.0, 0, 3, 2, 6, 9], "w": [1.0, 2, 1, 3, 1, 2]}
    options = {"family": "poisson", "information": "expected", "prior": nl.Normal(mu=0, sigma=0.5)}
    weighted = nl.fit("y ~ x", data, sample_weight="w", **options)
    times = np.array(data["w"], dtype=int)
    repeated = nl.fit("y ~ x", {name: np.repeat(data[name], times) for name in "xy"}, **options)
    np.testing.assert_allclose(weighted.covariance.matrix, repeated.covariance.matrix, rtol=1e-9)
    X = np.column_stack([np.ones(6), data["x"]])
    mu = np.exp(X @ list(weighted.params.values()))
    truth = np.linalg.inv(X.T @ ((times * mu)[:, None] * X) + np.diag([0, 4.0]))
    np.testing.assert_allclose(weighted.covariance.matrix, truth, rtol=1e-8)
    assert "expected information and the prior's curvature" in " ".join(
        str(weighted.summary()).split()
    )


def test_a_far_column_loses_no_digits():
    """A column of years has the standard error that the same column has near 0."""
    random = np.random.default_rng(3)
    year = 2000.0 + random.integers(0, 20, 300)
    y = random.gamma(3.0, np.exp(0.05 * (year - 2000)) / 3.0)
    far = nl.fit("y ~ year", {"year": year, "y": y}, family="gamma", information="expected")
    near = nl.fit("y ~ year", {"year": year - 2010, "y": y}, family="gamma", information="expected")
    assert far.bse["year"] == pytest.approx(near.bse["year"], rel=1e-7)


def test_it_is_kept_and_said(spector, tmp_path: Path):
    """The saved model, the summary, the recipe and the program name the information."""
    from neglog.reports.recipe import python_recipe

    model = nl.fit(FORMULA, spector, family="poisson", information="expected")
    model.save(tmp_path / "m.neglog")
    again = nl.load(tmp_path / "m.neglog")
    assert again.covariance.kind == "expected"
    assert "Standard errors from the expected information" in str(again.summary())
    assert "information='expected'" in python_recipe(again)
    spector.to_csv(tmp_path / "d.csv", index=False)
    done = neglog(
        "fit", str(tmp_path / "d.csv"), FORMULA, "--family", "poisson", "--information", "expected", "--json"
    )  # fmt: skip  # one call
    assert json.loads(done.out)["coefficients"]["GPA"]["std_err"] == pytest.approx(model.bse["GPA"])


def test_mistakes_are_refused(spector):
    """An unknown information, and a loss that has none, are errors before anything is fitted."""
    with pytest.raises(UsageError, match="'observed' or 'expected'"):
        nl.fit(FORMULA, spector, family="poisson", information="fisher")
    with pytest.raises(UsageError, match="follows from no density"):
        nl.fit(FORMULA, spector, loss="hinge", information="expected")
