"""Conversions to other libraries: their mean and variance, at what ours become there, are ours."""

from __future__ import annotations

from math import gamma, sqrt

import numpy as np
import pytest
import statsmodels.api as sm
from families.reference import ours, theirs
from families.settings import SETTINGS
from sklearn.linear_model import LogisticRegression

import neglog as nl
from neglog.families.register import FAMILIES, ORDERED

families = pytest.importorskip("statsmodels.genmod.families")

# Mean and variance as each library's documentation states them for its own arguments.
MOMENTS = {
    "torch.distributions.Normal": lambda loc, scale: (loc, scale**2),
    "torch.distributions.Laplace": lambda loc, scale: (loc, 2 * scale**2),
    "torch.distributions.StudentT": lambda df, loc, scale: (loc, scale**2 * df / (df - 2)),
    "torch.distributions.Bernoulli": lambda probs: (probs, probs * (1 - probs)),
    "torch.distributions.Binomial": lambda total_count, probs: (
        total_count * probs,
        total_count * probs * (1 - probs),
    ),
    "torch.distributions.Poisson": lambda rate: (rate, rate),
    "torch.distributions.NegativeBinomial": lambda total_count, probs: (
        total_count * probs / (1 - probs),
        total_count * probs / (1 - probs) ** 2,
    ),
    "torch.distributions.Gamma": lambda concentration, rate: (
        concentration / rate,
        concentration / rate**2,
    ),
    "torch.distributions.LogNormal": lambda loc, scale: (
        np.exp(loc + scale**2 / 2),
        np.expm1(scale**2) * np.exp(2 * loc + scale**2),
    ),
    "torch.distributions.Weibull": lambda scale, concentration: (
        scale * gamma(1 + 1 / concentration),
        scale**2 * (gamma(1 + 2 / concentration) - gamma(1 + 1 / concentration) ** 2),
    ),
    "torch.distributions.Beta": lambda concentration1, concentration0: (
        concentration1 / (concentration1 + concentration0),
        concentration1
        * concentration0
        / (concentration1 + concentration0) ** 2
        / (concentration1 + concentration0 + 1),
    ),
    "pymc.Normal": lambda mu, sigma: (mu, sigma**2),
    "pymc.Laplace": lambda mu, b: (mu, 2 * b**2),
    "pymc.AsymmetricLaplace": lambda mu, kappa, b: (
        mu - (kappa - 1 / kappa) / b,
        (1 + kappa**4) / (kappa**2 * b**2),
    ),
    "pymc.StudentT": lambda nu, mu, sigma: (mu, sigma**2 * nu / (nu - 2)),
    "pymc.Bernoulli": lambda p: (p, p * (1 - p)),
    "pymc.Binomial": lambda n, p: (n * p, n * p * (1 - p)),
    "bambi.binomial": lambda n, p: (n * p, n * p * (1 - p)),
    "pymc.Poisson": lambda mu: (mu, mu),
    "pymc.NegativeBinomial": lambda mu, alpha: (mu, mu + mu**2 / alpha),
    "pymc.Gamma": lambda mu, sigma: (mu, sigma**2),
    "pymc.Wald": lambda mu, lam: (mu, mu**3 / lam),
    "pymc.LogNormal": lambda mu, sigma: (
        np.exp(mu + sigma**2 / 2),
        np.expm1(sigma**2) * np.exp(2 * mu + sigma**2),
    ),
    "pymc.Weibull": lambda alpha, beta: (
        beta * gamma(1 + 1 / alpha),
        beta**2 * (gamma(1 + 2 / alpha) - gamma(1 + 1 / alpha) ** 2),
    ),
    "pymc.Beta": lambda mu, nu: (mu, mu * (1 - mu) / (nu + 1)),
    "bambi.negativebinomial": lambda mu, alpha: (mu, mu + mu**2 / alpha),
    "bambi.gamma": lambda mu, alpha: (mu, mu**2 / alpha),
    "bambi.wald": lambda mu, lam: (mu, mu**3 / lam),
    "bambi.beta": lambda mu, kappa: (mu, mu * (1 - mu) / (kappa + 1)),
    "bambi.t": lambda mu, sigma, nu: (mu, sigma**2 * nu / (nu - 2)),
    "gamlss.NO": lambda mu, sigma: (mu, sigma**2),
    "gamlss.PO": lambda mu: (mu, mu),
    "gamlss.BI": lambda mu, bd=1: (bd * mu, bd * mu * (1 - mu)),
    "R.dbinom": lambda size, prob: (size * prob, size * prob * (1 - prob)),
    "R.dtweedie": lambda mu, phi, power: (mu, phi * mu**power),
    "mgcv.tw": lambda mu, phi, p: (mu, phi * mu**p),
    "gamlss.NBI": lambda mu, sigma: (mu, mu + sigma * mu**2),
    "gamlss.GA": lambda mu, sigma: (mu, sigma**2 * mu**2),
    "gamlss.IG": lambda mu, sigma: (mu, sigma**2 * mu**3),
    "gamlss.LOGNO": lambda mu, sigma: (
        np.exp(mu + sigma**2 / 2),
        np.expm1(sigma**2) * np.exp(2 * mu + sigma**2),
    ),
    "gamlss.WEI": lambda mu, sigma: (
        mu * gamma(1 + 1 / sigma),
        mu**2 * (gamma(1 + 2 / sigma) - gamma(1 + 1 / sigma) ** 2),
    ),
    "gamlss.BE": lambda mu, sigma: (mu, sigma**2 * mu * (1 - mu)),
    "gamlss.TF": lambda mu, sigma, nu: (mu, sigma**2 * nu / (nu - 2)),
    "R.dnbinom": lambda mu, size: (mu, mu + mu**2 / size),
    "R.dgamma": lambda shape, rate: (shape / rate, shape / rate**2),
    "R.dweibull": lambda shape, scale: (
        scale * gamma(1 + 1 / shape),
        scale**2 * (gamma(1 + 2 / shape) - gamma(1 + 1 / shape) ** 2),
    ),
    "R.dlnorm": lambda meanlog, sdlog: (
        np.exp(meanlog + sdlog**2 / 2),
        np.expm1(sdlog**2) * np.exp(2 * meanlog + sdlog**2),
    ),
    "R.dbeta": lambda shape1, shape2: (
        shape1 / (shape1 + shape2),
        shape1 * shape2 / (shape1 + shape2) ** 2 / (shape1 + shape2 + 1),
    ),
    "lifelines.WeibullFitter": lambda lambda_, rho_: (
        lambda_ * gamma(1 + 1 / rho_),
        lambda_**2 * (gamma(1 + 2 / rho_) - gamma(1 + 1 / rho_) ** 2),
    ),
    "statsmodels.NegativeBinomial": lambda mu, alpha: (mu, mu + alpha * mu**2),
    "statsmodels.BetaModel": lambda mu, precision: (mu, mu * (1 - mu) / (1 + precision)),
}
# Peers that fit but state no law: what they share with ours is checked where models are compared.
FITTERS = {
    "statsmodels.QuantReg", "sklearn.QuantileRegressor", "sklearn.GammaRegressor", "sklearn.TweedieRegressor",
    "glum.TweedieDistribution",
}  # fmt: skip  # names in rows
PEERS = [
    pytest.param(family, peer, id=f"{family.name}-{peer.name}")
    for family in FAMILIES.values()
    for peer in family.peers.values()
    if family.name in SETTINGS
]


def glm_of(family, arguments):
    """Return statsmodels' family for the arguments that ours become there."""
    known = {name: value for name, value in arguments.items() if name != "scale"}
    likelihood = {"eql": False} if family.name == "Tweedie" else {}
    return getattr(families, family.name)(**known, **likelihood)


@pytest.mark.parametrize(("family", "peer"), PEERS)
def test_moments_agree(family, peer):
    """Their mean and variance, from their arguments at our values, are our mean and variance."""
    if peer.name in FITTERS:
        pytest.skip("it states no law")
    for values in SETTINGS[family.name]:
        law = ours(family, values)
        arguments = peer.convert(**values)
        if peer is family.law:
            other = theirs(family, values)
            mean, variance = other.mean(), other.var()
        elif family.name == "Binomial" and "GLM" in peer.name:
            # Of k/n the variance is V(mu)/n.
            n, mu = arguments["n"], arguments["mu"]
            mean, variance = n * mu, n**2 * families.Binomial().variance(mu) / n
        elif "GLM" in peer.name:
            # A GLM's scale times its variance function.
            mean = values["mu"]
            variance = arguments["scale"] * glm_of(family, arguments).variance(mean)
        elif peer.name == "statsmodels.TLinearModel":
            mean = values["mu"]
            variance = arguments["scale"] ** 2 * arguments["df"] / (arguments["df"] - 2)
        elif peer.name == "statsmodels.OLS":
            mean, variance = values["mu"], arguments["scale"]
        else:
            mean, variance = MOMENTS[peer.name](**arguments)
        assert mean == pytest.approx(law.mean, rel=1e-9)
        assert sqrt(variance) == pytest.approx(sqrt(law.variance), rel=1e-9)


@pytest.mark.parametrize("name", ["Gamma", "InverseGaussian", "Tweedie"])
def test_statsmodels_computes_our_log_likelihood(name):
    """What is installed is asked: statsmodels' families give our log-densities at converted arguments."""
    y = np.array([0.4, 1.1, 3.0, *FAMILIES[name].target.atoms])
    for values in SETTINGS[name]:
        peer = next(p for p in FAMILIES[name].peers.values() if "GLM" in p.name)
        arguments = peer.convert(**values)
        law = glm_of(FAMILIES[name], arguments)
        with np.errstate(divide="ignore"):  # their sum at 0, which they leave out
            found = law.loglike_obs(y, np.full(len(y), values["mu"]), scale=arguments["scale"])
        np.testing.assert_allclose(found, FAMILIES[name](**values).log_prob(y), rtol=1e-9)


def test_statsmodels_computes_our_log_likelihood_of_counts_of_n():
    """Its Binomial family, of shares and their trials, gives our log-probabilities of pairs."""
    k, n = np.array([0.0, 3.0, 10.0]), np.array([4.0, 7.0, 10.0])
    law = families.Binomial()
    law.n = n
    found = law.loglike_obs(k / n, np.full(3, 0.35))
    np.testing.assert_allclose(found, FAMILIES["Binomial"](p=0.35).log_prob((k, n)), rtol=1e-12)


def test_every_family_names_its_peers():
    """Whoever comes from another library finds the name and the parameters there."""
    for family in (FAMILIES | ORDERED).values():
        assert family.peers, family.name
    p = np.array([[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]])
    peers = FAMILIES["Categorical"].peers
    np.testing.assert_array_equal(peers["torch"].convert(p=p)["probs"], p)
    np.testing.assert_array_equal(peers["pymc"].convert(p=p)["p"], p)


def test_scores_of_classes_are_those_that_the_peers_say():
    """scikit-learn has a score vector a class and a Normal prior of variance C; statsmodels compares with the first."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=120)
    y = np.array([rng.choice(3, p=np.exp(s) / np.exp(s).sum()) for s in np.outer(x, [0, 1, -1])])
    data = {"x": x, "y": y}
    theirs = LogisticRegression(C=0.5, tol=1e-10, max_iter=1000).fit(x[:, None], y)
    ours = nl.fit("y ~ x", data, family="categorical", prior=nl.Normal(mu=0, sigma=sqrt(0.5)))
    np.testing.assert_allclose(
        [ours.params[f"{k}:x"] for k in range(3)], theirs.coef_.ravel(), atol=1e-6
    )
    theirs = sm.MNLogit(y, sm.add_constant(x)).fit(disp=0, tol=1e-12)
    ours = nl.fit("y ~ x", data, family="categorical")
    np.testing.assert_allclose([ours.params[f"{k}:x"] for k in (1, 2)], theirs.params[1], rtol=1e-6)


def test_a_peer_is_data():
    """A conversion is text, names its library, and says what else differs."""
    peer = FAMILIES["NegativeBinomial"].peers["pymc"]
    assert peer.convert(mu=3.0, alpha=0.5) == {"mu": 3.0, "alpha": 2.0}
    assert peer.library == "pymc"
    assert "inverse" in peer.note
    assert FAMILIES["Gamma"].fix(shape=2.0).peers == FAMILIES["Gamma"].peers
