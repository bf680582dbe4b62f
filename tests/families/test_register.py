"""Laws over the register: each family is SciPy's, by its density alone, and other libraries' by conversion."""

from __future__ import annotations

import warnings
from itertools import pairwise

import numpy as np
import pytest
import scipy.stats
from families.settings import SETTINGS

from neglog.derivation.normalised import normalised
from neglog.families.family import Family
from neglog.families.register import FAMILIES
from neglog.symbolic.expression import evaluate
from neglog.symbolic.heads import numpy_meaning, numpy_number

LEVELS = np.array([1e-6, 0.001, 0.05, 0.3, 0.5, 0.8, 0.99, 0.99999])
SCALAR = {
    name: family
    for name, family in FAMILIES.items()
    if not family.target.fields and family.target.kind != "Label"
}
PLACES = [
    pytest.param(FAMILIES[name], values, id=f"{name} {values}")
    for name, settings in SETTINGS.items()
    for values in settings
]
TAILED = [place for place in PLACES if place.values[0].log_cdf is not None]


def test_every_family_is_checked():
    """Every family of one number, or count, has values of its parameters here."""
    assert set(SETTINGS) == set(SCALAR)


@pytest.mark.parametrize(("family", "values"), PLACES)
def test_density_is_scipys(family, values):
    """The log-density is that of SciPy's law."""
    theirs = family.law.frozen(values)
    y = theirs.ppf(LEVELS)
    discrete = family.target.discrete
    wanted = theirs.logpmf(y) if discrete else theirs.logpdf(y)
    np.testing.assert_allclose(family(**values).log_prob(y), wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("family", "values"), PLACES)
def test_the_density_alone_gives_scipys_law(family, values):
    """cdf, quantile, mean and variance computed from the density alone are those of SciPy's law."""
    theirs, ours = family.law.frozen(values), Family.from_density(family.density)(**values)
    levels = LEVELS[1:-1]
    y = theirs.ppf(levels)
    np.testing.assert_allclose(ours.cdf(y), theirs.cdf(y), rtol=1e-7)
    found = ours.quantile(levels)
    if family.target.discrete:
        assert (np.abs(found - y) <= 0).all()
    else:
        np.testing.assert_allclose(theirs.cdf(found), levels, rtol=1e-7)
    assert ours.mean == pytest.approx(theirs.mean(), rel=1e-7)
    assert ours.variance == pytest.approx(theirs.var(), rel=1e-6)


@pytest.mark.parametrize(("family", "values"), TAILED)
def test_declared_tails_are_scipys(family, values):
    """log_cdf and log_sf are those of SciPy's law, in the far tails too."""
    theirs = family.law.frozen(values)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SciPy's quantiles of the inverse Gaussian give up far out
        y = np.concatenate([theirs.ppf([1e-200, 1e-30, *LEVELS]), theirs.isf([1e-30, 1e-200])])
    y = y[family.target.contains(y)]
    known = {family.density.target: y, **values}
    with np.errstate(all="ignore"):
        cdf, sf = theirs.logcdf(y), theirs.logsf(y)
    for node, wanted in ((family.log_cdf, cdf), (family.log_sf, sf)):
        with np.errstate(all="ignore"):
            found = evaluate(node, known, numpy_meaning(), numpy_number)
        usable = np.isfinite(wanted)
        assert usable.sum() > 5
        np.testing.assert_allclose(found[usable], wanted[usable], rtol=1e-7, atol=1e-14)


@pytest.mark.parametrize("family", SCALAR.values(), ids=str)
def test_density_integrates_to_one(family):
    """The integral, or the sum, of every density is found and is 1."""
    assert normalised(family.density)


@pytest.mark.parametrize(("family", "values"), PLACES)
def test_samples_follow_the_law(family, values):
    """Samples of the density alone pass a test of fit, and a seed gives the same ones again."""
    law = Family.from_density(family.density)(**values)
    drawn = law.sample(300, seed=5)
    assert np.array_equal(drawn, law.sample(300, seed=5))
    theirs = family.law.frozen(values)
    if family.target.discrete:
        assert abs(drawn.mean() - theirs.mean()) < 5 * theirs.std() / np.sqrt(300) + 1e-12
    else:
        assert scipy.stats.kstest(drawn, theirs.cdf).pvalue > 1e-4


def test_negative_binomial_becomes_poisson():
    """alpha -> 0 of the negative binomial is the Poisson law."""
    y = np.arange(30.0)
    wanted = FAMILIES["Poisson"](mu=4.2).log_prob(y)
    errors = [
        np.abs(FAMILIES["NegativeBinomial"](mu=4.2, alpha=alpha).log_prob(y) - wanted).max()
        for alpha in (1e-1, 1e-2, 1e-3, 1e-4)
    ]
    assert errors[-1] < 0.05
    assert all(small < large / 5 for large, small in pairwise(errors))


def test_student_becomes_normal():
    """nu -> infinity of Student's t is the normal law."""
    y = np.linspace(-5, 7, 25)
    wanted = FAMILIES["Normal"](mu=1.0, sigma=1.3).log_prob(y)
    errors = [
        np.abs(FAMILIES["StudentT"](mu=1.0, sigma=1.3, nu=nu).log_prob(y) - wanted).max()
        for nu in (1e2, 1e3, 1e4, 1e5)
    ]
    assert errors[-1] < 1e-2
    assert all(small < large / 5 for large, small in pairwise(errors))


def test_special_cases_agree():
    """Half levels, unit shapes and logarithms lead from one family to another."""
    y = np.array([0.1, 0.7, 2.0, 9.0])
    median = FAMILIES["AsymmetricLaplace"](mu=0.4, b=0.5, tau=0.5).log_prob(y)
    np.testing.assert_allclose(median, FAMILIES["Laplace"](mu=0.4, b=1.0).log_prob(y), rtol=1e-13)
    np.testing.assert_allclose(
        FAMILIES["Gamma"](mu=2.0, shape=1.0).log_prob(y),
        FAMILIES["Weibull"](mu=2.0, shape=1.0).log_prob(y),
        rtol=1e-13,
    )
    np.testing.assert_allclose(
        FAMILIES["LogNormal"](mu=0.3, sigma=0.9).log_prob(y),
        FAMILIES["Normal"](mu=0.3, sigma=0.9).log_prob(np.log(y)) - np.log(y),
        rtol=1e-13,
    )
