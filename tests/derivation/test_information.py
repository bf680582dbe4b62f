"""Laws of expected information: the closed forms of books, and what scores say."""

from __future__ import annotations

import json
from importlib import resources

import mpmath as mp
import numpy as np
import pytest
from families.written import Exponential

from neglog.derivation.information import expected_information
from neglog.derivation.known_information import information_of, known_as
from neglog.derivation.obtain import obtain
from neglog.errors import UsageError
from neglog.families.register import FAMILIES
from neglog.kernels import Kernel
from neglog.symbolic.heads import mpmath_meaning, numpy_meaning, numpy_number
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


_SLOW = ("Beta", "Gamma", "NegativeBinomial")
_CASES = [
    pytest.param(name, modelled, marks=pytest.mark.laws if name in _SLOW else ())
    for name, family in FAMILIES.items()
    for modelled in dict.fromkeys((family.density.free[:1], family.density.free))
]


@pytest.mark.parametrize(("name", "modelled"), _CASES)
def test_shipped_information_is_what_the_scores_give(name, modelled):
    """The information that ships with a family equals what is solved for now, expression by expression."""
    density = FAMILIES[name].density
    assert information_of(density, modelled) == expected_information(density, modelled)
    entry = json.loads((resources.files("neglog.derivation") / "information.json").read_text())
    assert entry[known_as(density, modelled)]["density"] == density.key


def test_a_written_law_is_solved_once(tmp_path, monkeypatch):
    """The information of a user's law is kept; a damaged entry is solved anew and mended."""
    monkeypatch.setenv("NEGLOG_CACHE_DIR", str(tmp_path))
    density = Exponential.density
    found = information_of(density, ("mu",))
    (path,) = (tmp_path / "information").iterdir()
    content = path.read_bytes()
    assert [str(node) for node in found] == ["1"]
    for damaged in (
        b"",
        b"[1]",
        b'{"density": 3}',
        content.replace(b"[", b"[\"__import__('os')\", "),
    ):
        path.write_bytes(damaged)
        assert information_of(density, ("mu",)) == found
        assert path.read_bytes() == content
    with monkeypatch.context() as patched:
        patched.setattr("neglog.derivation.information.expected_information", None)
        assert information_of(density, ("mu",)) == found


@pytest.mark.parametrize("name", ["Gamma", "Beta"])
def test_closed_forms_keep_their_digits(name):
    """Leading terms of trigamma cancel at large shapes and precisions; the forms that ship agree with mpmath there."""
    density = FAMILIES[name].density
    nodes = information_of(density, density.free)
    raws = ["eta_mu", f"eta_{density.free[1]}"]
    for size in (-3.0, 2.0, 12.0, 25.0, 60.0):
        values = {raws[0]: 0.7, raws[1]: size}
        ours = Tape(list(nodes)).run(
            {k: np.float64(v) for k, v in values.items()}, numpy_meaning(), numpy_number
        )
        with mp.workdps(120):
            truth = Tape(list(nodes)).run(
                {k: mp.mpf(v) for k, v in values.items()},
                mpmath_meaning(),
                lambda v: mp.mpf(v.numerator) / v.denominator,
            )
        scale = [float(truth[0]), float(mp.sqrt(truth[0] * truth[2])), float(truth[2])]
        for a, b, s in zip(ours, truth, scale, strict=True):
            assert abs(float(a) - float(b)) <= 1e-13 * s
