"""Fits of every family equal statsmodels' and SciPy's, on data sets people know."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.stats
import statsmodels.api as sm
from scipy.optimize import minimize
from statsmodels.discrete.count_model import ZeroInflatedNegativeBinomialP, ZeroInflatedPoisson
from statsmodels.discrete.discrete_model import NegativeBinomial
from statsmodels.discrete.truncated_model import TruncatedLFPoisson
from statsmodels.genmod.families import links
from statsmodels.miscmodels.tmodel import TLinearModel
from statsmodels.othermod.betareg import BetaModel

import neglog as nl

# How many digits a loss keeps over the whole range is judged elsewhere; here it is at work on ordinary data.
pytestmark = pytest.mark.filterwarnings("ignore::neglog.errors.AccuracyWarning")

FORMULA = "mdvis ~ lncoins + idp + lpi"
COLUMNS = ["lncoins", "idp", "lpi"]


@pytest.fixture(scope="module")
def visits():
    """Every twentieth row of the RAND health insurance experiment."""
    return sm.datasets.randhie.load_pandas().data.iloc[::20].reset_index(drop=True)


@pytest.fixture(scope="module")
def scotland():
    """Votes for a Scottish parliament with powers to tax."""
    return sm.datasets.scotland.load_pandas().data.rename(columns=str.lower)


def theirs(model, **options):
    """Return statsmodels' fit, without its talk."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(disp=0, **options)


def compare(model, params, errors, loglik, *, rtol=1e-6):
    """Compare coefficients, standard errors and the log-likelihood; None where they are not comparable."""
    assert model.status == "converged"
    k = len(params)
    np.testing.assert_allclose(model.table.estimates[:k], params, rtol=rtol, atol=1e-9)
    if errors is not None:
        np.testing.assert_allclose(model.table.standard_errors[:k], errors, rtol=max(rtol, 2e-6))
    if loglik is not None:
        assert model.criteria.loglik == pytest.approx(loglik, rel=1e-9)


def test_negative_binomial(visits):
    """NB2 counts: coefficients, alpha, standard errors, log-likelihood."""
    peer = theirs(
        NegativeBinomial(visits.mdvis, sm.add_constant(visits[COLUMNS])),
        method="newton", maxiter=500, gtol=1e-10,
    )  # fmt: skip
    model = nl.fit(FORMULA, visits, family="nb2")
    compare(model, peer.params[:-1], peer.bse[:-1], peer.llf)
    alpha = np.exp(model.table.estimates[-1])
    assert alpha == pytest.approx(peer.params["alpha"], rel=1e-6)
    assert model.table.standard_errors[-1] * alpha == pytest.approx(peer.bse["alpha"], rel=1e-5)


@pytest.mark.parametrize(
    ("family", "peer"),
    [(nl.Gamma, sm.families.Gamma), (nl.InverseGaussian, sm.families.InverseGaussian)],
    ids=lambda f: f.name if hasattr(f, "name") else "",
)
def test_dispersion_models(scotland, family, peer):
    """Gamma and inverse Gaussian: coefficients through the log link; shape and lam have no say in them."""
    columns = ["coutax", "unempf", "mor"]
    found = sm.GLM(scotland.yes, sm.add_constant(scotland[columns]), peer(links.Log()))
    found = found.fit(tol=1e-14, maxiter=200)
    model = nl.fit("yes ~ coutax + unempf + mor", scotland, family=family)
    compare(model, found.params, None, None)


@pytest.fixture(scope="module")
def claims():
    """Amounts made as Tweedie says, gamma amounts of a Poisson number, with p = 1.6 and phi = 1.5."""
    random = np.random.default_rng(0)
    x, p, phi = random.normal(size=500), 1.6, 1.5
    mu = np.exp(0.3 + 0.5 * x)
    number = random.poisson(mu ** (2 - p) / (phi * (2 - p)))
    amounts = random.gamma((2 - p) / (p - 1) * np.maximum(number, 1), phi * (p - 1) * mu ** (p - 1))
    return {"x": x, "y": np.where(number > 0, amounts, 0.0)}


@pytest.mark.parametrize(
    ("p", "rtol"),
    [
        # Theirs is SciPy's wright_bessel, which at p = 1.2 is off by up to 2e-8 a row; ours is the sum itself there.
        pytest.param(1.2, 1e-7, marks=pytest.mark.laws),
        pytest.param(1.6, 1e-10, marks=pytest.mark.laws),
        pytest.param(1.95, 1e-10, marks=pytest.mark.laws),
    ],
)
def test_tweedie_with_p_given(claims, p, rtol):
    """Tweedie: the coefficients are the GLM's, whose equations do not hold phi; the log-likelihood is theirs at our phi."""
    law = sm.families.Tweedie(var_power=p, link=links.Log(), eql=False)
    peer = sm.GLM(claims["y"], sm.add_constant(claims["x"]), law).fit(tol=1e-13, maxiter=200)
    model = nl.fit("y ~ x", claims, family=nl.Tweedie.fix(p=p))
    phi = np.exp(model.table.estimates[2])
    with np.errstate(divide="ignore"):
        loglik = law.loglike(claims["y"], peer.fittedvalues, scale=phi)
    compare(model, peer.params, None, None)
    assert model.criteria.loglik == pytest.approx(loglik, rel=rtol)
    nearby = [law.loglike(claims["y"], peer.fittedvalues, scale=phi * c) for c in (0.99, 1.01)]
    assert max(nearby) < loglik


@pytest.mark.laws
def test_tweedie_with_p_estimated(claims):
    """Tweedie with p and phi free: their log-likelihood, at our estimates and around them, is highest at ours."""
    model = nl.fit("y ~ x", claims, family=nl.Tweedie)
    assert model.status == "converged"
    best = np.array(model.table.estimates)

    def theirs_at(raws):
        p = 1 + 1 / (1 + np.exp(-raws[3]))
        law = sm.families.Tweedie(var_power=p, link=links.Log(), eql=False)
        mu = np.exp(raws[0] + raws[1] * claims["x"])
        with np.errstate(divide="ignore"):
            return law.loglike(claims["y"], mu, scale=np.exp(raws[2]))

    assert model.criteria.loglik == pytest.approx(theirs_at(best), rel=1e-10)
    nearby = [theirs_at(best + d) for d in (*(1e-3 * np.eye(4)), *(-1e-3 * np.eye(4)))]
    assert max(nearby) < theirs_at(best)


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog"])
def test_binomial(link):
    """Counts out of n: our loss has its minimum, value and curvature there where their GLM ends."""
    data = sm.datasets.star98.load_pandas().data
    counts = data[["NABOVE", "NBELOW"]].to_numpy()
    columns = data[["LOWINC", "PERASIAN", "PERBLACK", "PERHISP"]]
    exog = sm.add_constant((columns - columns.mean()) / columns.std()).to_numpy()
    peer_link = {"logit": links.Logit, "probit": links.Probit, "cloglog": links.CLogLog}[link]
    peer = sm.GLM(counts, exog, sm.families.Binomial(peer_link()))
    peer = theirs(peer, method="newton", tol=1e-13, maxiter=100)
    kernel = nl.compile(nl.Binomial.link(p=link))
    found = kernel.evaluate((counts[:, 0], counts.sum(axis=1)), exog @ peer.params, order=2)
    information = exog.T @ (found.hessian[:, None] * exog)
    step = np.linalg.solve(information, exog.T @ found.gradient)
    assert -found.value.sum() == pytest.approx(peer.llf, rel=1e-11)
    np.testing.assert_allclose(step, 0, atol=1e-9)
    np.testing.assert_allclose(np.linalg.inv(information).diagonal() ** 0.5, peer.bse, rtol=1e-6)


@pytest.mark.filterwarnings("ignore:The InversePower link")
def test_inverse_link(scotland):
    """The links that are other libraries' defaults: the inverse of a gamma mean."""
    found = sm.GLM(scotland.yes, sm.add_constant(scotland[["coutax"]]), sm.families.Gamma())
    found = found.fit(tol=1e-14, maxiter=200)
    model = nl.fit("yes ~ coutax", scotland, family=nl.Gamma.link(mu="inverse"))
    compare(model, found.params, None, None)


def test_beta():
    """Shares: mean and precision."""
    data = sm.datasets.statecrime.load_pandas().data
    data = data.assign(share=data.hs_grad / 100)
    peer = theirs(
        BetaModel(data.share, sm.add_constant(data[["poverty", "urban"]])), method="bfgs", gtol=1e-9
    )
    model = nl.fit("share ~ poverty + urban", data, family="beta")
    compare(model, peer.params, peer.bse, peer.llf)


def test_student_t():
    """Stack loss with four degrees of freedom."""
    data = sm.datasets.stackloss.load_pandas().data
    columns = ["AIRFLOW", "WATERTEMP", "ACIDCONC"]
    peer = theirs(
        TLinearModel(data.STACKLOSS, sm.add_constant(data[columns]), fix_df=4),
        method="bfgs", gtol=1e-9,
    )  # fmt: skip
    model = nl.fit("STACKLOSS ~ AIRFLOW + WATERTEMP + ACIDCONC", data, family=nl.StudentT.fix(nu=4))
    compare(model, peer.params[:-1], None, peer.llf)
    # Their Hessian is numerical.
    np.testing.assert_allclose(model.table.standard_errors[:-1], peer.bse[:-1], rtol=1e-4)
    assert np.exp(model.table.estimates[-1]) == pytest.approx(peer.params[-1], rel=1e-6)


@pytest.mark.parametrize("link", ["probit", "cloglog", "loglog", "cauchit"])
def test_links_of_a_probability(link):
    """Bernoulli with other links than the logit: coefficients, standard errors, log-likelihood."""
    data = sm.datasets.spector.load_pandas().data
    peer_link = {
        "probit": links.Probit,
        "cloglog": links.CLogLog,
        "loglog": links.LogLog,
        "cauchit": links.Cauchy,
    }[link]
    exog = sm.add_constant(data[["GPA", "TUCE", "PSI"]])
    peer = sm.GLM(data.GRADE, exog, sm.families.Binomial(peer_link()))
    peer = theirs(peer, method="newton", tol=1e-12, maxiter=100)
    model = nl.fit("GRADE ~ GPA + TUCE + PSI", data, family=nl.Bernoulli.link(p=link))
    compare(model, peer.params, peer.bse, peer.llf, rtol=1e-7)


def test_zero_inflated_poisson(visits):
    """ZeroInflated(Poisson) is their ZeroInflatedPoisson with a constant inflation."""
    peer = theirs(
        ZeroInflatedPoisson(visits.mdvis, sm.add_constant(visits[COLUMNS])),
        method="newton", maxiter=500,
    )  # fmt: skip
    model = nl.fit(FORMULA, visits, family=nl.ZeroInflated("poisson"))
    compare(model, peer.params[1:], None, peer.llf)
    assert model.table.estimates[-1] == pytest.approx(peer.params.iloc[0], rel=1e-6)
    np.testing.assert_allclose(model.table.standard_errors[:-1], peer.bse[1:], rtol=2e-3)


@pytest.mark.laws
def test_zero_inflated_negative_binomial():
    """ZeroInflated(NegativeBinomial) is their ZeroInflatedNegativeBinomialP with p=2."""
    random = np.random.default_rng(3)
    x = random.normal(size=1500)
    mu = np.exp(1 + 0.4 * x)
    y = random.negative_binomial(2, 1 / (1 + mu / 2)) * (random.random(1500) > 0.35)
    data = pd.DataFrame({"x": x, "y": y.astype(float)})
    peer = theirs(
        ZeroInflatedNegativeBinomialP(data.y, sm.add_constant(data[["x"]]), p=2),
        method="bfgs", maxiter=2000, gtol=1e-8,
    )  # fmt: skip
    model = nl.fit("y ~ x", data, family=nl.ZeroInflated("nb2"))
    compare(model, peer.params[1:3], peer.bse[1:3], peer.llf)
    assert model.table.estimates[-1] == pytest.approx(peer.params.iloc[0], rel=1e-6)
    assert np.exp(model.table.estimates[-2]) == pytest.approx(peer.params["alpha"], rel=1e-5)


def test_truncated_poisson(visits):
    """Truncated(Poisson, lower=1) is their zero-truncated Poisson, and the second part of a hurdle."""
    some = visits[visits.mdvis > 0].reset_index(drop=True)
    peer = theirs(
        TruncatedLFPoisson(some.mdvis, sm.add_constant(some[COLUMNS])), method="newton", maxiter=200
    )
    model = nl.fit(FORMULA, some, family=nl.Truncated("poisson", lower=1))
    compare(model, peer.params, peer.bse, peer.llf)
    hurdle = nl.fit(FORMULA, visits, family=nl.Hurdle("poisson"))
    compare(hurdle, peer.params, peer.bse, None)
    zeros = (visits.mdvis == 0).mean()
    assert hurdle.table.estimates[-1] == pytest.approx(np.log(zeros / (1 - zeros)), rel=1e-9)


@pytest.mark.parametrize(
    ("family", "values"),
    [
        (nl.Weibull, lambda y: scipy.stats.weibull_min.fit(y, floc=0)[::-2]),
        (nl.LogNormal, lambda y: (np.mean(np.log(y)), np.std(np.log(y)))),
    ],
    ids=lambda f: f.name if hasattr(f, "name") else "",
)
def test_constant_laws(scotland, family, values):
    """A law without predictors has SciPy's maximum likelihood estimates."""
    model = nl.fit("yes ~ 1", scotland, family=family)
    wanted = values(scotland.yes.to_numpy())
    found = np.exp(model.table.estimates)
    found[0] = found[0] if family is nl.Weibull else model.table.estimates[0]
    np.testing.assert_allclose(found, wanted, rtol=2e-4)
    assert model.status == "converged"


@pytest.mark.laws
@pytest.mark.parametrize(
    "family", [nl.Weibull, nl.Laplace], ids=lambda f: f.name if hasattr(f, "name") else ""
)
def test_censored_laws(family):
    """The censored loss has its minimum where SciPy fits the same censored data."""
    law = {"Weibull": scipy.stats.weibull_min, "Laplace": scipy.stats.laplace}[family.name]
    random = np.random.default_rng(1)
    y = 3 * random.weibull(1.4, 200) + (0 if family is nl.Weibull else -2)
    limit = random.uniform(0.5, 6, 200)
    lower, upper = np.minimum(y, limit), np.where(y < limit, y, np.inf)
    coarse = (np.arange(200) % 4 == 0) & (y < limit)
    lower[coarse], upper[coarse] = np.floor(y[coarse]), np.floor(y[coarse]) + 1
    low = (np.arange(200) % 9 == 0) & (y < limit)
    lower[low], upper[low] = (0.0 if family is nl.Weibull else -np.inf), y[low] + 1
    kernel = nl.compile(nl.Censored(family), modelled=family.density.free)
    targets = np.column_stack([lower, upper])

    def total(raws):
        found = kernel.evaluate(targets, np.tile(raws, (200, 1)), order=1)
        return found.value.sum(), found.gradient.sum(axis=0)

    start = np.array([1.0 if family is nl.Weibull else 0.5, 0.0])
    best = minimize(total, start, jac=True, method="BFGS", options={"gtol": 1e-8})

    def exact(raws):
        a, b = raws
        shape = (np.exp(b), 0, np.exp(a)) if family is nl.Weibull else (a, np.exp(b))
        with np.errstate(all="ignore"):
            parts = np.where(
                lower == upper,
                law.logpdf(lower, *shape),
                np.log(law.cdf(upper, *shape) - law.cdf(lower, *shape)),
            )
        return -parts.sum()

    assert total(best.x)[0] == pytest.approx(exact(best.x), rel=1e-11)
    nearby = [exact(best.x + d) for d in (*(1e-3 * np.eye(2)), *(-1e-3 * np.eye(2)))]
    assert min(nearby) > exact(best.x)
