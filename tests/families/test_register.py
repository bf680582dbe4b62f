"""Laws over the register: each family is SciPy's law, by its density alone too; discrete, continuous, or both."""

from __future__ import annotations

import warnings
from itertools import pairwise

import numpy as np
import pytest
from families.reference import log_density, ours, theirs
from families.settings import SETTINGS

from neglog.derivation.normalised import normalised
from neglog.families.register import FAMILIES
from neglog.symbolic.expression import evaluate
from neglog.symbolic.heads import numpy_meaning, numpy_number

LEVELS = np.array([1e-6, 0.001, 0.05, 0.3, 0.5, 0.8, 0.99, 0.99999])
# Labels have no order; they have laws of their own.
ORDERED = {name: family for name, family in FAMILIES.items() if family.target.kind != "Label"}
PLACES = [
    pytest.param(FAMILIES[name], values, id=f"{name} {values}")
    for name, settings in SETTINGS.items()
    for values in settings
]
TAILED = [place for place in PLACES if place.values[0].log_cdf is not None]


def test_every_family_is_checked():
    """Every family whose outcomes have an order has values of its parameters here."""
    assert set(SETTINGS) == set(ORDERED)


@pytest.mark.parametrize(("family", "values"), PLACES)
def test_density_is_scipys(family, values):
    """The log-density is that of SciPy's law, and at an atom the logarithm of its probability."""
    law = theirs(family, values)
    y = np.concatenate([law.ppf(LEVELS), family.target.atoms])
    wanted = log_density(family, law, y)
    np.testing.assert_allclose(ours(family, values).log_prob(y), wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("family", "values"), PLACES)
def test_distribution_is_scipys(family, values):
    """cdf, quantiles, mean and variance as a user asks for them are those of SciPy's law."""
    wanted, found = theirs(family, values), ours(family, values)
    y = wanted.ppf(LEVELS)
    np.testing.assert_allclose(found.cdf(y), wanted.cdf(y), rtol=1e-10)
    np.testing.assert_allclose(found.quantile(LEVELS), y, rtol=1e-8)
    assert found.mean == pytest.approx(wanted.mean(), rel=1e-10)
    assert found.variance == pytest.approx(wanted.var(), rel=1e-10)


@pytest.mark.parametrize(("family", "values"), PLACES)
def test_the_density_alone_gives_scipys_law(family, values):
    """cdf, quantile, mean and variance computed from the density alone are those of SciPy's law."""
    wanted, found = theirs(family, values), ours(family, values, alone=True)
    levels = LEVELS[1:-1]
    y = wanted.ppf(levels)
    np.testing.assert_allclose(found.cdf(y), wanted.cdf(y), rtol=1e-7)
    quantiles = found.quantile(levels)
    if family.target.discrete:
        np.testing.assert_array_equal(quantiles, y)
    else:  # below the probability of an atom every level leads to the atom
        atoms = [float(wanted.cdf(atom)) for atom in family.target.atoms]
        np.testing.assert_allclose(
            wanted.cdf(quantiles), np.maximum(levels, max(atoms, default=0.0)), rtol=1e-7
        )
    assert found.mean == pytest.approx(wanted.mean(), rel=1e-7)
    assert found.variance == pytest.approx(wanted.var(), rel=1e-6)


@pytest.mark.parametrize(("family", "values"), TAILED)
def test_declared_tails_are_scipys(family, values):
    """log_cdf and log_sf are those of SciPy's law, in the far tails too."""
    law = theirs(family, values)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SciPy's quantiles of the inverse Gaussian give up far out
        y = np.concatenate([law.ppf([1e-200, 1e-30, *LEVELS]), law.isf([1e-30, 1e-200])])
    y = y[family.target.contains(y)]
    known = {family.density.target: y, **values}
    with np.errstate(all="ignore"):
        cdf, sf = law.logcdf(y), law.logsf(y)
    for node, wanted in ((family.log_cdf, cdf), (family.log_sf, sf)):
        with np.errstate(all="ignore"):
            found = evaluate(node, known, numpy_meaning(), numpy_number)
        usable = np.isfinite(wanted)
        assert usable.sum() > 5
        np.testing.assert_allclose(found[usable], wanted[usable], rtol=1e-7, atol=1e-14)


@pytest.mark.parametrize("family", ORDERED.values(), ids=str)
def test_density_integrates_to_one(family):
    """The integral, or the sum, of every density is found and is 1."""
    assert normalised(family.density)


@pytest.mark.parametrize(("family", "values"), PLACES)
def test_samples_follow_the_law(family, values):
    """The empirical distribution of samples, drawn from the density alone, lies near SciPy's; a seed repeats them.

    The largest distance at the values drawn is Kolmogorov's where the law is continuous and smaller where it is not; one
    sample in ten thousand exceeds 2.23/sqrt(n).
    """
    law = ours(family, values, alone=True)
    drawn = law.sample(300, seed=5)
    assert np.array_equal(law.sample(5, seed=6), law.sample(5, seed=6))
    at = np.unique(drawn)
    empirical = np.searchsorted(np.sort(drawn), at, side="right") / 300
    assert np.abs(empirical - theirs(family, values).cdf(at)).max() < 2.23 / np.sqrt(300)


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
