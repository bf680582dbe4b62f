"""A transformer makes a family of any family: its laws against SciPy, and against what the words mean."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
import scipy.stats
from families.written import Geometric, Gumbel

import neglog as nl
from neglog.errors import UsageError
from neglog.symbolic.density import Density

MADE = [
    nl.ZeroInflated(nl.Poisson),
    nl.ZeroInflated("nb2"),
    nl.ZeroInflated(Geometric),
    nl.Hurdle(nl.Poisson),
    nl.Hurdle(nl.NegativeBinomial),
    nl.Hurdle(nl.Gamma),
    nl.Hurdle(nl.Weibull),
    nl.Censored(nl.Weibull),
    nl.Censored(nl.Laplace),
    nl.Censored(nl.Gamma),
    nl.Censored(nl.Poisson),
    nl.Censored(Gumbel),
    nl.Truncated(nl.Poisson, lower=1),
    nl.Truncated(nl.Normal, lower=0),
    nl.Truncated(nl.Gamma, upper=3),
    nl.Truncated(nl.Laplace, lower=-1, upper=2),
    nl.Truncated(nl.ZeroInflated(nl.Poisson), upper=4),
    nl.Hurdle(nl.Truncated(nl.Weibull, lower=0.5)),
    nl.Hurdle(Geometric),
]
LEVELS = np.array([0.01, 0.2, 0.5, 0.9, 0.999])


@pytest.mark.parametrize("family", MADE, ids=lambda family: family.name)
def test_what_is_made_is_a_family(family):
    """It survives pickle and JSON, and is equal to what is made again."""
    assert pickle.loads(pickle.dumps(family)) == family
    stored = json.loads(json.dumps(family.density.to_json()))
    assert Density.from_json(stored) == family.density


def test_made_again_is_equal():
    """The same transformer of the same family makes the same family; of a fixed one, one with a value."""
    assert nl.ZeroInflated(nl.Poisson) == nl.ZeroInflated("poisson")
    assert nl.ZeroInflated(nl.Poisson) != nl.Hurdle(nl.Poisson)
    assert nl.Truncated(nl.Normal, lower=0) != nl.Truncated(nl.Normal, lower=1)
    assert nl.Hurdle(nl.Gamma.fix(shape=2.0)).density.free == ("mu", "zero")
    assert nl.Hurdle(nl.Poisson.link(mu="softplus")).parameters[0].link.name == "softplus"


def test_zero_inflated_is_a_mixture():
    """Zero inflation mixes a law with a zero: probabilities, mean and variance follow."""
    base, law = nl.Poisson(mu=2.0), nl.ZeroInflated(nl.Poisson)(mu=2.0, excess=0.3)
    y = np.arange(12.0)
    wanted = 0.7 * np.exp(base.log_prob(y)) + 0.3 * (y == 0)
    np.testing.assert_allclose(np.exp(law.log_prob(y)), wanted, rtol=1e-12)
    np.testing.assert_allclose(law.cdf(y), np.cumsum(wanted), rtol=1e-12)
    assert law.mean == pytest.approx(1.4, rel=1e-12)
    assert law.variance == pytest.approx(0.7 * 2 + 0.3 * 0.7 * 4, rel=1e-10)
    assert (np.asarray(law.sample(4000, seed=1)) == 0).mean() == pytest.approx(wanted[0], abs=0.03)


def test_hurdle_of_counts():
    """A hurdle sets the probability of 0 and leaves the proportions of the rest."""
    base, law = (
        nl.NegativeBinomial(mu=2.0, alpha=0.7),
        nl.Hurdle("nb2")(mu=2.0, alpha=0.7, zero=0.4),
    )
    y = np.arange(1.0, 30.0)
    ratio = np.exp(law.log_prob(y) - base.log_prob(y))
    np.testing.assert_allclose(ratio, 0.6 / (1 - np.exp(base.log_prob(0))), rtol=1e-11)
    assert law.log_prob(0) == pytest.approx(np.log(0.4), rel=1e-14)


def test_hurdle_of_positive_numbers():
    """A hurdle of a positive law has an atom at 0: cdf, quantile, mean, variance and samples know it."""
    theirs = scipy.stats.gamma(3.0, scale=2 / 3)
    law = nl.Hurdle(nl.Gamma)(mu=2.0, shape=3.0, zero=0.25)
    assert law.cdf(0) == pytest.approx(0.25, rel=1e-12)
    assert law.cdf(-1) == 0
    np.testing.assert_allclose(law.cdf([0.5, 4.0]), 0.25 + 0.75 * theirs.cdf([0.5, 4.0]), rtol=1e-9)
    assert law.quantile([0.1, 0.25]).tolist() == [0.0, 0.0]
    np.testing.assert_allclose(law.quantile([0.4, 0.9]), theirs.ppf([0.2, 0.65 / 0.75]), rtol=1e-8)
    assert law.mean == pytest.approx(1.5, rel=1e-9)
    assert law.variance == pytest.approx(0.75 * (4 + 4 / 3) - 2.25, rel=1e-8)
    drawn = law.sample(4000, seed=2)
    assert (drawn == 0).mean() == pytest.approx(0.25, abs=0.03)
    assert scipy.stats.kstest(drawn[drawn > 0], theirs.cdf).pvalue > 1e-4


@pytest.mark.parametrize(
    ("lower", "upper", "values"),
    [
        (0.0, np.inf, {"mu": 1.0, "sigma": 2.0}),
        (-np.inf, 1.5, {"mu": 1.0, "sigma": 2.0}),
        (-1.0, 3.0, {"mu": 0.3, "sigma": 0.8}),
        (5.0, np.inf, {"mu": 0.0, "sigma": 1.0}),
    ],
)
def test_truncated_normal_is_scipys(lower, upper, values):
    """A truncated normal law is SciPy's truncnorm, also where little of it is left."""
    mu, sigma = values["mu"], values["sigma"]
    theirs = scipy.stats.truncnorm((lower - mu) / sigma, (upper - mu) / sigma, mu, sigma)
    ends = {k: v for k, v in (("lower", lower), ("upper", upper)) if np.isfinite(v)}
    law = nl.Truncated(nl.Normal, **ends)(**values)
    y = theirs.ppf(LEVELS)
    np.testing.assert_allclose(law.log_prob(y), theirs.logpdf(y), rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(law.cdf(y), LEVELS, rtol=1e-7)
    np.testing.assert_allclose(law.quantile(LEVELS), y, rtol=1e-7)
    assert law.mean == pytest.approx(theirs.mean(), rel=1e-7)
    assert law.log_prob([lower - 1, upper + 1]).tolist() == [-np.inf, -np.inf]


@pytest.mark.parametrize(
    "ends", [{"lower": 1}, {"lower": 3}, {"upper": 4}, {"lower": 2, "upper": 60}]
)
def test_truncated_counts(ends):
    """A truncated law of counts is the law renormalised, whichever way its mass is found."""
    base, law = nl.Poisson(mu=2.5), nl.Truncated(nl.Poisson, **ends)(mu=2.5)
    y = np.arange(ends.get("lower", 0), ends.get("upper", 60) + 1.0)
    p = np.exp(base.log_prob(y))
    np.testing.assert_allclose(np.exp(law.log_prob(y)), p / p.sum(), rtol=1e-11)
    np.testing.assert_allclose(law.cdf(y), np.cumsum(p / p.sum()), rtol=1e-9)
    assert law.mean == pytest.approx((p * y).sum() / p.sum(), rel=1e-9)


def test_tails_of_truncated_laws():
    """The declared tails of a truncated law are those of the law, rescaled."""
    family = nl.Truncated(nl.Laplace, lower=-1, upper=2)
    law = family(mu=0.3, b=0.7)
    y = np.array([-0.9, 0.0, 0.3, 1.9])
    from neglog.symbolic.expression import evaluate
    from neglog.symbolic.heads import numpy_meaning, numpy_number

    for node, wanted in ((family.log_cdf, law.cdf(y)), (family.log_sf, 1 - law.cdf(y))):
        with np.errstate(all="ignore"):
            found = evaluate(node, {"y": y, "mu": 0.3, "b": 0.7}, numpy_meaning(), numpy_number)
        np.testing.assert_allclose(np.exp(found), wanted, rtol=1e-8)


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (lambda: nl.ZeroInflated(nl.Gamma), "nl.Hurdle(Gamma)"),
        (lambda: nl.ZeroInflated(nl.Truncated(nl.Poisson, lower=1)), "no zeros of its own"),
        (lambda: nl.ZeroInflated(nl.Bernoulli), "cannot be told"),
        (lambda: nl.Hurdle(nl.Normal), "counts and of positive numbers"),
        (lambda: nl.Hurdle(nl.Bernoulli), "counts and of positive numbers"),
        (lambda: nl.Truncated(nl.Gamma, lower=-1), "cut nothing off"),
        (lambda: nl.Truncated(nl.Gamma, lower=3, upper=2), "Nothing of"),
        (lambda: nl.Truncated(nl.Gamma, lower=float("nan")), "two numbers"),
        (lambda: nl.Censored(nl.Categorical), "one number"),
        (lambda: nl.Censored(nl.Hurdle(nl.Gamma)), "declares no log_cdf"),
        (lambda: nl.Hurdle(nl.Poisson(mu=1)), "is a distribution"),
    ],
)
def test_what_makes_no_sense_is_refused(make, part):
    """A transformer that does not suit a law says why, and which one does."""
    with pytest.raises(UsageError) as caught:
        make()
    assert part in str(caught.value)


@pytest.mark.parametrize(
    ("family", "values", "law"),
    [
        (nl.Censored(nl.Poisson), {"mu": 2.5}, scipy.stats.poisson(2.5)),
        (
            nl.Censored(nl.NegativeBinomial),
            {"mu": 2.5, "alpha": 0.5},
            scipy.stats.nbinom(2.0, 2.0 / 4.5),
        ),
    ],
    ids=["Poisson", "NegativeBinomial"],
)
def test_intervals_of_counts_are_differences_of_the_distribution_function(family, values, law):
    """Exact, open on either side, closed, wide, and the row that says nothing: both ends belong to the interval."""
    lower = np.array([3.0, 4.0, 0.0, 2.0, 1.0, 12.0, 0.0])
    upper = np.array([3.0, np.inf, 2.0, 5.0, 40.0, 15.0, np.inf])
    expected = np.log(law.cdf(upper) - law.cdf(lower - 1))
    found = family(**values).log_prob(np.column_stack([lower, upper]))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-13)
