"""Distributions agree with SciPy, and with themselves: densities integrate, quantiles invert, samples follow."""

import numpy as np
import pytest
import scipy.integrate
import scipy.stats
from families.written import Exponential, Geometric, Gumbel, InverseGaussian, Logistic

import neglog as nl
from neglog.errors import UsageError

# distribution, SciPy's law, points
PAIRS = [
    (nl.Normal(mu=-1.5, sigma=2.0), scipy.stats.norm(-1.5, 2.0), [-9.0, -1.5, 0.0, 3.25]),
    (nl.Bernoulli(p=0.3), scipy.stats.bernoulli(0.3), [0.0, 1.0]),
    (nl.Poisson(mu=3.7), scipy.stats.poisson(3.7), [0.0, 1.0, 4.0, 40.0]),
    (
        InverseGaussian(mu=1.7, lam=2.5),
        scipy.stats.invgauss(1.7 / 2.5, scale=2.5),
        [0.05, 0.8, 1.7, 9.0],
    ),
    (Gumbel(mu=1.0, s=0.7), scipy.stats.gumbel_r(1.0, 0.7), [-0.5, 1.0, 4.0]),
    (Logistic(mu=1.0, s=2.0), scipy.stats.logistic(1.0, 2.0), [-30.0, 1.0, 9.0]),
    (Exponential(mu=2.0), scipy.stats.expon(scale=2.0), [0.01, 2.0, 30.0]),
    (Geometric(p=0.2), scipy.stats.geom(0.2, loc=-1), [0.0, 3.0, 30.0]),
]


@pytest.mark.parametrize(("ours", "theirs", "points"), PAIRS, ids=lambda value: str(value)[:24])
def test_agrees_with_scipy(ours, theirs, points):
    """log_prob, cdf, quantile, mean and variance are SciPy's."""
    y = np.array(points)
    log_prob = theirs.logpmf(y) if ours.family.target.discrete else theirs.logpdf(y)
    np.testing.assert_allclose(ours.log_prob(y), log_prob, rtol=1e-12)
    np.testing.assert_allclose(ours.cdf(y), theirs.cdf(y), rtol=1e-9)
    np.testing.assert_allclose(
        ours.quantile([0.05, 0.5, 0.9]), theirs.ppf([0.05, 0.5, 0.9]), rtol=1e-8
    )
    assert ours.mean == pytest.approx(theirs.mean(), rel=1e-8)
    assert ours.variance == pytest.approx(theirs.var(), rel=1e-7)


@pytest.mark.parametrize(("ours", "theirs", "points"), PAIRS, ids=lambda value: str(value)[:24])
def test_samples_follow_the_law(ours, theirs, points):
    """Samples pass a test of fit, and a seed gives the same ones again."""
    drawn = ours.sample(200, seed=3)
    assert np.array_equal(drawn, ours.sample(200, seed=3))
    if ours.family.target.discrete:
        assert abs(drawn.mean() - ours.mean) < 5 * np.sqrt(ours.variance / 200)
    else:
        assert scipy.stats.kstest(drawn, theirs.cdf).pvalue > 1e-4


@pytest.mark.parametrize(("ours", "theirs", "points"), PAIRS, ids=lambda value: str(value)[:24])
def test_density_sums_to_one(ours, theirs, points):
    """The density integrates, or sums, to 1."""
    low, high = ours.family.target.bounds
    if ours.family.target.discrete:
        total = np.exp(ours.log_prob(np.arange(0.0, 400.0))).sum()
    else:
        total = scipy.integrate.quad(lambda y: np.exp(ours.log_prob(y)), low, high)[0]
    assert total == pytest.approx(1.0, abs=1e-7)


def test_outside_the_support_the_density_is_zero():
    """log_prob is -inf where the law puts no mass, and never NaN."""
    assert nl.Poisson(mu=2).log_prob(1.5) == -np.inf
    assert nl.Poisson(mu=2).log_prob(-1) == -np.inf
    assert InverseGaussian(mu=1, lam=1).log_prob([-1.0, 0.0]).tolist() == [-np.inf, -np.inf]
    assert nl.Bernoulli(p=0.5).log_prob([0.5, 2]).tolist() == [-np.inf, -np.inf]
    assert nl.Categorical(p=[0.2, 0.8]).log_prob([2, 1]).tolist() == [-np.inf, np.log(0.8)]


def test_certain_outcomes_follow_0_log_0():
    """p = 0 and p = 1 give 0 log 0 = 0, not NaN."""
    assert nl.Bernoulli(p=1.0).log_prob([1, 0]).tolist() == [0.0, -np.inf]
    assert nl.Bernoulli(p=0.0).log_prob([1, 0]).tolist() == [-np.inf, 0.0]


def test_parameters_broadcast():
    """One parameter a row gives one law a row."""
    mu = np.array([0.0, 1.0, 2.0])
    law = nl.Normal(mu=mu, sigma=1.0)
    np.testing.assert_allclose(law.quantile(0.5), mu)
    np.testing.assert_allclose(law.log_prob(mu), scipy.stats.norm.logpdf(0))
    rows = nl.Categorical(p=[[0.9, 0.1], [0.2, 0.8]])
    np.testing.assert_allclose(rows.log_prob([0, 0]), np.log([0.9, 0.2]))
    assert rows.sample(seed=1).shape == (2,)


def test_labels_have_no_order():
    """What needs an order of the values is refused for labels."""
    law = nl.Categorical(p=[0.2, 0.8])
    for ask in (
        lambda: law.mean,
        lambda: law.variance,
        lambda: law.cdf(0),
        lambda: law.quantile(0.5),
    ):
        with pytest.raises(UsageError, match="no order"):
            ask()


def test_quantile_levels_are_probabilities():
    """A level outside [0, 1] is refused."""
    with pytest.raises(UsageError, match="from 0 to 1"):
        nl.Normal(mu=0, sigma=1).quantile(1.2)
