"""Laws of Tweedie: its atom, its density by two other routes, its digits near p = 1 and 2, its limits there."""

from __future__ import annotations

import mpmath as mp
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


def exactly(y, mu, phi, p):
    """Return the log-density from the textbook's sum of Poisson probabilities times gamma densities, in 60 digits."""
    with mp.workdps(60):
        y, mu, phi, p = (mp.mpf(float(v)) for v in (y, mu, phi, p))
        rate = mu ** (2 - p) / (phi * (2 - p))
        shape, scale = (2 - p) / (p - 1), phi * (p - 1) * mu ** (p - 1)
        peak, spread = (
            y ** (2 - p) / (phi * (2 - p)),
            mp.sqrt(y ** (2 - p) / (phi * (2 - p)) * (p - 1)),
        )
        numbers = range(max(1, int(peak - 14 * spread - 14)), int(peak + 16 * spread + 40))

        def term(j):
            amounts = j * shape
            gamma = (
                (amounts - 1) * mp.log(y)
                - y / scale
                - amounts * mp.log(scale)
                - mp.loggamma(amounts)
            )
            return mp.exp(j * mp.log(rate) - rate - mp.loggamma(j + 1) + gamma)

        return float(mp.log(mp.fsum(map(term, numbers))))


@pytest.mark.parametrize("p", [1 + 1e-10, 1 + 1e-6, 1.001, 1.1, 1.9, 1.99, 1.9999])
def test_digits_near_the_ends_of_p(p):
    """Next to p = 1 and p = 2, where the textbook's terms are large and cancel, the density keeps its digits."""
    for y, mu, phi in ((1.4, 1.3, 0.7), (30.0, 20.0, 2.0), (0.2, 1.3, 0.7)):
        law = nl.Tweedie(mu=mu, phi=phi, p=p)
        assert law.log_prob(np.array([y]))[0] == pytest.approx(exactly(y, mu, phi, p), rel=5e-14)


def test_gamma_is_the_limit_at_two():
    """As p -> 2 density, cdf and deviance tend to those of a gamma law of shape 1/phi in proportion to 2 - p; P(0) to 0."""
    mu, phi = 1.3, 0.6
    gamma = nl.Gamma(mu=mu, shape=1 / phi)
    density, deviance, cdf = gamma.log_prob(Y), (Y / mu - 1 - np.log(Y / mu)) / phi, gamma.cdf(Y)
    gaps = [1e-2, 1e-4, 1e-6, 1e-8, 1e-10]
    for gap in gaps:
        law = nl.Tweedie(mu=mu, phi=phi, p=2 - gap)
        assert np.abs(law.log_prob(Y) - density).max() < 5 * gap
        at_y = [nl.Tweedie(mu=v, phi=phi, p=2 - gap).log_prob(np.array([v]))[0] for v in Y]
        assert np.abs(at_y - law.log_prob(Y) - deviance).max() < 5 * gap
        assert law.log_prob(np.array([0.0]))[0] < -0.9 / (phi * gap)
        assert np.abs(law.cdf(Y) - cdf).max() < max(gap, 1e-13)


def test_scaled_poisson_is_the_limit_at_one():
    """As p -> 1, P(0), the deviance and, between multiples of phi, the cdf tend to those of phi times a Poisson number.

    The density itself has no such limit: it grows to spikes at multiples of phi, whose areas are the probabilities.
    """
    mu, phi = 1.3, 0.7
    y = phi * np.array([1.0, 2.0, 5.0])
    deviance = (y * np.log(y / mu) - y + mu) / phi
    number, between = scipy.stats.poisson(mu / phi), np.array([0.5, 1.5, 2.5, 4.5])
    for gap in (1e-2, 1e-4, 1e-6, 1e-8):
        law = nl.Tweedie(mu=mu, phi=phi, p=1 + gap)
        none = law.log_prob(np.array([0.0]))
        np.testing.assert_allclose(none, number.logpmf(0), rtol=5 * gap)
        at_y = [nl.Tweedie(mu=v, phi=phi, p=1 + gap).log_prob(np.array([v]))[0] for v in y]
        np.testing.assert_allclose(at_y - law.log_prob(y), deviance, rtol=10 * gap)
        assert np.abs(law.cdf(phi * between) - number.cdf(between)).max() < gap
        assert law.quantile(0.5) == pytest.approx(phi * number.ppf(0.5), rel=2 * gap**0.5)
