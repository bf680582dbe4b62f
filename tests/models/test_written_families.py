"""A user's family, declared or typed, is derived, compiled, fitted, saved, and loaded where its function is absent."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import scipy.stats as st
import statsmodels.api as sm
from families.written import Gumbel, VonMises
from models.tables import frame, matrix, relative
from scipy.optimize import minimize

import neglog as nl
from neglog.errors import AccuracyWarning
from neglog.families.family import Family
from neglog.math import log, pi
from neglog.symbolic.density import Density, Parameter
from neglog.symbolic.supports import Support
from neglog.symbolic.text import parse


@nl.family(y=nl.Positive(), mu=nl.Positive(link="log"), lam=nl.Positive(link="log"))
def InverseGaussian(y: Any, mu: Any, lam: Any) -> Any:
    """First-passage time of Brownian motion with drift."""
    return log(lam / (2 * pi * y**3)) / 2 - lam * (y - mu) ** 2 / (2 * mu**2 * y)


def typed(name: str, text: str, y: Support, **parameters: Support) -> Family[...]:
    """Return the family of a density that is text, as the command line makes it."""
    declared = tuple(Parameter(name, support) for name, support in parameters.items())
    return Family.from_density(Density(name, parse(text), "y", y, declared))


LOG = nl.Positive(link="log")
EXPONENTIAL = typed("Exponential", "log(rate) - rate*y", nl.Positive(), rate=LOG)
GAMMA = typed(
    "Gamma",
    "shape*log(shape/mu) + (shape - 1)*log(y) - shape*y/mu - loggamma(shape)",
    nl.Positive(),
    mu=LOG,
    shape=LOG,
)
GUMBEL = typed("Gumbel", "-(y - m)/s - exp(-(y - m)/s) - log(s)", nl.Real(), m=nl.Real(), s=LOG)

FORMULA = "avgexp ~ income + ownrent + age"


def fit(formula: str, data: Any, family: Family[...], **options: Any) -> nl.Model:
    """Fit, without the notes on where in the range of float64 a form loses digits."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AccuracyWarning)
        return nl.fit(formula, data, family=family, **options)


def test_inverse_gaussian_agrees_with_a_minimiser() -> None:
    """The maximum of the written likelihood is where a general minimiser finds it, errors included."""
    model = fit(FORMULA, frame("ccard"), InverseGaussian)
    X = matrix("income + ownrent + age", frame("ccard")).to_numpy(float)
    y = frame("ccard")["avgexp"].to_numpy(float)

    def loss(theta: np.ndarray) -> float:
        mu, lam = np.exp(X @ theta[:-1]), np.exp(theta[-1])
        return -st.invgauss.logpdf(y, mu / lam, scale=lam).sum()

    start = np.r_[np.log(y.mean()), 0, 0, 0, 4.0]
    best = minimize(loss, start, method="Nelder-Mead", options={"maxiter": 20_000, "fatol": 1e-12,
        "xatol": 1e-10, "adaptive": True})  # fmt: skip

    assert model.converged
    assert list(model.params) == ["Intercept", "income", "ownrent", "age", "log(lam)"]
    assert model.loglik >= -best.fun - 1e-9
    assert model.loglik == pytest.approx(-best.fun, rel=1e-9)
    assert np.allclose([*model.params.values()], best.x, rtol=1e-4, atol=1e-5)
    # At the maximum lam has a closed form.
    mu = model.predict(frame("ccard"))
    closed = len(y) / np.sum((y - mu) ** 2 / (mu**2 * y))
    assert model.constants["lam"] == pytest.approx(closed, rel=1e-8)


def test_inverse_gaussian_agrees_with_statsmodels() -> None:
    """The coefficients are those of the generalized linear model with the log link."""
    model = fit(FORMULA, frame("ccard"), InverseGaussian)
    X = matrix("income + ownrent + age", frame("ccard")).to_numpy(float)
    y = frame("ccard")["avgexp"].to_numpy(float)
    family = sm.families.InverseGaussian(sm.families.links.Log())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = sm.GLM(y, X, family=family).fit(tol=1e-14, maxiter=500)

    assert relative([*model.params.values()][:-1], theirs.params) < 1e-6
    assert relative(model.predict(frame("ccard")), theirs.fittedvalues) < 1e-6


SAMPLE = st.gamma.rvs(2.0, scale=1.5, size=300, random_state=8)


@pytest.mark.parametrize(
    ("family", "law", "arguments"),
    [
        (EXPONENTIAL, st.expon, lambda r: (0, 1 / r["rate"])),
        (GAMMA, st.gamma, lambda r: (r["shape"], 0, r["mu"] / r["shape"])),
        (GUMBEL, st.gumbel_r, lambda r: (r["m"], r["s"])),
        (Gumbel, st.gumbel_r, lambda r: (r["mu"], r["s"])),
        (InverseGaussian, st.invgauss, lambda r: (r["mu"] / r["lam"], 0, r["lam"])),
    ],
    ids=["exponential", "gamma", "gumbel", "declared gumbel", "inverse gaussian"],
)
def test_agrees_with_scipy(family: Family[...], law: Any, arguments: Any) -> None:
    """With an intercept alone the parameters, the likelihood and the quantiles are those of SciPy's fit."""
    model = fit("y ~ 1", {"y": SAMPLE}, family)
    first = family.density.free[0]
    predicted = model.predict_distribution({"z": [0.0]}).values[first]
    ours = arguments({first: float(np.ravel(predicted)[0]), **model.constants})
    fixed = {} if law is st.gumbel_r else {"floc": 0}
    theirs = law.fit(SAMPLE, **fixed)

    assert model.converged
    assert np.allclose(ours, theirs, rtol=2e-5)
    loglik = law.logpdf(SAMPLE, *ours).sum()
    assert model.loglik == pytest.approx(loglik, rel=1e-12)
    assert model.loglik >= law.logpdf(SAMPLE, *theirs).sum() - 1e-8
    levels = np.array([0.01, 0.3, 0.9, 0.999])
    found = [
        float(np.ravel(model.predict_distribution({"z": [0.0]}).quantile(q))[0]) for q in levels
    ]
    assert np.allclose(found, law.ppf(levels, *ours), rtol=1e-8)


def test_directions_agree_with_scipy() -> None:
    """The von Mises law, written with log_bessel_i0, has SciPy's maximum and the mean resultant length of the data."""
    y = st.vonmises.rvs(3.0, loc=0.7, size=400, random_state=1)
    model = fit("y ~ 1", {"y": y}, VonMises)
    law = model.predict_distribution({"z": [0.0]}).values
    mu, kappa = float(np.ravel(law["mu"])[0]), model.constants["kappa"]
    theirs, loc, _ = st.vonmises.fit(y, fscale=1)

    assert model.converged
    assert np.allclose([mu, kappa], [loc, theirs], rtol=1e-7)
    assert model.loglik == pytest.approx(st.vonmises.logpdf(y, kappa, loc=mu).sum(), rel=1e-12)
    with mp.workdps(30):
        ratio = mp.besseli(1, kappa) / mp.besseli(0, kappa)
    assert float(ratio) == pytest.approx(np.cos(y - mu).mean(), rel=1e-7)


def test_concentrated_directions_keep_their_digits() -> None:
    """At kappa = 1e8 the derivation takes kappa out of kappa cos(y - mu) - log I0(kappa): else 8 of 16 digits go."""
    directions = typed(
        "Directions",
        "kappa*cos(y - mu) - log(2*pi) - log_bessel_i0(kappa)",
        nl.Between(-math.pi, math.pi),
        mu=nl.Real(),
        kappa=LOG,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AccuracyWarning)
        kernel = nl.compile(directions, modelled=("mu", "kappa"))
    for y, eta in ((1e-4, math.log(1e8)), (-3e-5, math.log(3e9)), (0.0, 30.0)):
        found = kernel.evaluate(np.array([y]), np.array([[0.0, eta]]), order=1)
        with mp.workdps(60):
            kappa = mp.exp(mp.mpf(eta))
            i0, i1 = mp.besseli(0, kappa), mp.besseli(1, kappa)
            value = mp.log(2 * mp.pi * i0) - kappa * mp.cos(y)
            slope = kappa * (i1 / i0 - mp.cos(y))
        assert found.value[0] == pytest.approx(float(value), rel=1e-13)
        assert found.gradient[0, 1] == pytest.approx(float(slope), rel=1e-12)


LOADING = """
import json, sys
import neglog as nl
model = nl.load(sys.argv[1])
new = json.loads(sys.argv[2])
law = model.predict_distribution(new)
print(json.dumps({
    "params": dict(model.params), "bse": dict(model.bse), "loglik": model.loglik, "aic": model.aic,
    "predict": model.predict(new).tolist(), "quantile": law.quantile(0.9).tolist(),
    "covariance": model.cov_params().matrix.tolist(), "summary": str(model.summary()),
    "sympy": "sympy" in sys.modules, "formula": model.formula, "text": model.family.density.text,
}))
"""


@pytest.mark.parametrize(
    ("family", "formula"),
    [
        (InverseGaussian, "y ~ poly(x, 2) + g"),
        (GAMMA, "y ~ log(x) + g"),
        (GUMBEL, "y ~ scale(x)"),
        (nl.Normal, "y ~ x * g"),
        (nl.Normal.fix(sigma=2.5), "y ~ x"),
        (nl.Poisson, 'count ~ C(g, ref="c") + x'),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_loads_in_another_process(family: Family[...], formula: str, tmp_path: Path) -> None:
    """A saved model is the same and predicts the same in a process that never saw the family's function."""
    random = np.random.default_rng(0)
    data = {
        "x": random.uniform(1, 2, 90),
        "g": np.array(list("abc"))[np.arange(90) % 3],
        "y": random.gamma(2, size=90) + 0.1,
        "count": random.poisson(3, 90),
    }
    model = fit(formula, data, family)
    path = tmp_path / "a model.neglog"
    model.save(path)
    new = {"x": [1.1, 1.9], "g": ["b", "c"]}
    done = subprocess.run(
        [sys.executable, "-c", LOADING, str(path), json.dumps(new)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    found = json.loads(done.stdout)

    assert found["params"] == dict(model.params)
    assert found["bse"] == dict(model.bse)
    assert (found["loglik"], found["aic"]) == (model.loglik, model.aic)
    assert found["covariance"] == model.cov_params().matrix.tolist()
    # BLAS may round X times the coefficients otherwise where an array is aligned otherwise.
    assert found["predict"] == pytest.approx(model.predict(new).tolist(), rel=1e-12)
    quantile = model.predict_distribution(new).quantile(0.9).tolist()
    assert found["quantile"] == pytest.approx(quantile, rel=1e-12)
    assert found["summary"] == str(model.summary())
    assert found["formula"] == formula
    assert found["text"] == family.density.text
    assert not found["sympy"]


def test_a_copy_of_a_built_in_family_stays_what_it_is(tmp_path: Path) -> None:
    """A user's family called Normal is not taken for ours when it is loaded, unless its density is ours."""
    own = typed("Normal", "-abs(y - mu)/sigma - log(2*sigma)", nl.Real(), mu=nl.Real(), sigma=LOG)
    model = nl.fit("y ~ 1", {"y": SAMPLE}, family=nl.Normal)
    from dataclasses import replace

    replace(model, family=own).save(tmp_path / "own")
    model.save(tmp_path / "ours")

    assert nl.load(tmp_path / "own").family == own
    assert nl.load(tmp_path / "own").family.law is None
    assert nl.load(tmp_path / "ours").family is nl.Normal
