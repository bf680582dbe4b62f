"""Laws of Tweedie: its atom at zero, its density by another route, its two limits, and a GLM with p fixed."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from scipy.special import wright_bessel

import neglog as nl

PLACES = [(1.3, 0.8, 1.5), (2.0, 1.5, 1.3), (0.6, 0.4, 1.8)]
Y = np.array([0.1, 0.7, 3.0])


@pytest.mark.parametrize(("mu", "phi", "p"), PLACES)
def test_zero_has_the_probability_of_no_amount(mu, phi, p):
    """P(0) is that of a Poisson number of amounts being none."""
    rate = mu ** (2 - p) / (phi * (2 - p))
    found = nl.Tweedie(mu=mu, phi=phi, p=p).log_prob(np.array([0.0]))
    np.testing.assert_allclose(found, scipy.stats.poisson.logpmf(0, rate), rtol=1e-13)


@pytest.mark.parametrize(("mu", "phi", "p"), PLACES)
def test_density_is_wrights_function(mu, phi, p):
    """For y > 0 the density is Wright's generalised Bessel function, as statsmodels computes it."""
    a = (2 - p) / (p - 1)
    x = ((p - 1) * phi / Y) ** (-a) / ((2 - p) * phi)
    tilt = (Y * mu ** (1 - p) / (1 - p) - mu ** (2 - p) / (2 - p)) / phi
    wanted = np.log(wright_bessel(a, 0, x)) - np.log(Y) + tilt
    found = nl.Tweedie(mu=mu, phi=phi, p=p).log_prob(Y)
    np.testing.assert_allclose(found, wanted, rtol=1e-11, atol=1e-12)


def test_gamma_is_the_limit_at_two():
    """As p -> 2 the log-density tends to that of a gamma law of shape 1/phi, in proportion to 2 - p."""
    mu, phi = 1.3, 0.6
    wanted = nl.Gamma(mu=mu, shape=1 / phi).log_prob(Y)
    far, near = (
        np.abs(nl.Tweedie(mu=mu, phi=phi, p=2 - gap).log_prob(Y) - wanted) for gap in (1e-2, 1e-3)
    )
    assert (near < 0.01).all()
    assert (near < far / 5).all()


def test_scaled_poisson_is_the_limit_at_one():
    """As p -> 1, P(0) and the deviance tend to those of phi times a Poisson number.

    The density itself has no such limit: it grows to spikes at multiples of phi, whose areas are the probabilities.
    """
    mu, phi, p = 1.3, 0.7, 1 + 1e-7
    y = phi * np.array([1.0, 2.0, 5.0])
    law = nl.Tweedie(mu=mu, phi=phi, p=p)
    none = law.log_prob(np.array([0.0]))
    np.testing.assert_allclose(none, scipy.stats.poisson.logpmf(0, mu / phi), rtol=1e-6)

    at_mu = nl.Tweedie(mu=mu, phi=phi, p=1.001).log_prob(y)
    at_y = np.array([nl.Tweedie(mu=v, phi=phi, p=1.001).log_prob(np.array([v]))[0] for v in y])
    wanted = (y * np.log(y / mu) - y + mu) / phi
    np.testing.assert_allclose(at_y - at_mu, wanted, rtol=5e-3)


@pytest.mark.laws
def test_fit_with_p_fixed_is_a_glm():
    """The coefficients of the mean are those of statsmodels' GLM: its estimating equations do not hold phi."""
    sm = pytest.importorskip("statsmodels.api")
    random = np.random.default_rng(0)
    x, p, phi = random.normal(size=400), 1.5, 0.8
    mu = np.exp(0.3 + 0.5 * x)
    number = random.poisson(mu ** (2 - p) / (phi * (2 - p)))
    scale = phi * (p - 1) * mu ** (p - 1)
    y = np.where(number > 0, random.gamma((2 - p) / (p - 1) * np.maximum(number, 1), scale), 0.0)
    family = sm.families.Tweedie(var_power=p, link=sm.families.links.Log())
    wanted = sm.GLM(y, sm.add_constant(x), family=family).fit(tol=1e-12).params
    found = nl.fit("y ~ x", {"y": y, "x": x}, family=nl.Tweedie.fix(p=p)).table.estimates
    np.testing.assert_allclose(found[:2], wanted, rtol=1e-6)
