"""Laws of expected information: the closed forms of books, and what scores say."""

from __future__ import annotations

import numpy as np
import pytest

from neglog.derivation.information import expected_information
from neglog.derivation.obtain import obtain
from neglog.errors import UsageError
from neglog.families.register import FAMILIES
from neglog.kernels import Kernel
from neglog.symbolic.heads import numpy_meaning, numpy_number
from neglog.symbolic.tape import Tape
from neglog.symbolic.text import parse

# The expected information in the raw predictions, as books have it.
_BOOKS = [
    ("Normal", ("mu", "sigma"), ("exp(-2*eta_sigma)", "0", "2")),
    ("LogNormal", ("mu", "sigma"), ("exp(-2*eta_sigma)", "0", "2")),
    ("Poisson", ("mu",), ("exp(eta)",)),
    ("Bernoulli", ("p",), ("sigmoid(eta)*sigmoid(-eta)",)),
    ("NegativeBinomial", ("mu",), ("exp(eta)/(1 + alpha*exp(eta))",)),
    ("Weibull", ("mu",), ("shape**2",)),
    (
        "Gamma", ("mu", "shape"),
        ("exp(eta_shape)", "0", "exp(eta_shape)**2*trigamma(exp(eta_shape)) - exp(eta_shape)"),
    ),
    ("InverseGaussian", ("mu", "lam"), ("exp(eta_lam - eta_mu)", "0", "1/2")),
    (
        "StudentT", ("mu", "sigma"),
        ("(nu + 1)/((nu + 3)*exp(eta_sigma)**2)", "0", "2*nu/(nu + 3)"),
    ),
]  # fmt: skip  # one law an entry


@pytest.mark.parametrize(("name", "modelled", "books"), _BOOKS)
def test_information_is_that_of_books(name, modelled, books):
    """The closed form found from the scores equals the one in books, at random raw predictions and hyperparameters."""
    found = expected_information(FAMILIES[name].density, modelled)
    random = np.random.default_rng(3)
    raws = ["eta", *(f"eta_{parameter}" for parameter in modelled)]
    values = {raw: random.normal(size=20) for raw in raws}
    values |= {hyper: np.exp(random.normal(size=20)) for hyper in ("nu", "alpha", "shape")}

    def compute(nodes):
        return Tape(list(nodes)).run(values, numpy_meaning(), numpy_number)

    for ours, theirs in zip(compute(found), compute(map(parse, books)), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_a_kinked_law_has_no_such_form():
    """The Laplace law has information that its second derivative does not show: nothing is claimed."""
    assert expected_information(FAMILIES["Laplace"].density, ("mu",)) == ()


@pytest.mark.parametrize("engine", ["numpy", "numba"])
def test_scores_of_a_sample_have_the_expected_information(engine):
    """Over many targets drawn from the law the mean score is 0, its mean square and the mean Hessian the expected one."""
    random = np.random.default_rng(5)
    n, mu = 200_000, 2.0
    y = random.poisson(mu, n).astype(float)
    kernel = Kernel(obtain(FAMILIES["Poisson"].density))
    raw = np.full(n, np.log(mu))

    expected = kernel.evaluate(y, raw, order=2, hessian="expected", engine=engine)
    observed = kernel.evaluate(y, raw, order=2, engine=engine)

    np.testing.assert_array_equal(expected.gradient, observed.gradient)
    np.testing.assert_allclose(expected.hessian, mu)
    assert abs(expected.gradient.mean()) < 5 * np.sqrt(mu / n)
    np.testing.assert_allclose((expected.gradient**2).mean(), mu, rtol=0.02)


def test_a_clipped_hessian_is_the_nearest_without_negative_eigenvalues():
    """Clipping keeps the part of the matrix with positive eigenvalues; weights multiply it."""
    random = np.random.default_rng(9)
    y, raws = 3 * random.normal(size=50), random.normal(size=(50, 2))
    kernel = Kernel(obtain(FAMILIES["Normal"].density, ("mu", "sigma")))

    observed = kernel.evaluate(y, raws, order=2).hessian
    clipped = kernel.evaluate(y, raws, order=2, hessian="clipped").hessian

    changed = 0
    for (a, b, c), found in zip(observed, clipped, strict=True):
        values, vectors = np.linalg.eigh(np.array([[a, b], [b, c]]))
        truth = vectors @ np.diag(np.maximum(values, 0)) @ vectors.T
        changed += values[0] < 0
        np.testing.assert_allclose(found, truth[np.triu_indices(2)], atol=1e-9 * values[-1])
    assert changed > 0


def test_weights_multiply_expected_information():
    """A row of weight 2 counts twice, one of weight 0 not at all."""
    kernel = Kernel(obtain(FAMILIES["Poisson"].density))
    found = kernel.evaluate(
        [1.0, 2.0], [0.3, 0.3], sample_weight=[2.0, 0.0], order=2, hessian="expected"
    )

    np.testing.assert_allclose(found.hessian, [2 * np.exp(0.3), 0.0])


def test_odd_questions_are_refused():
    """An unknown Hessian, one without second derivatives, or one without a closed form is an error that says so."""
    kernel = Kernel(obtain(FAMILIES["Poisson"].density))
    with pytest.raises(UsageError, match="'observed', 'expected' or 'clipped'"):
        kernel.evaluate(1.0, 0.3, order=2, hessian="fisher")
    with pytest.raises(UsageError, match="order=2"):
        kernel.evaluate(1.0, 0.3, order=1, hessian="expected")
