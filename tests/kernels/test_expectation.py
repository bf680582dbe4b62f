"""Expected information by quadrature: what books and sums say, for laws of every kind."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from families.settings import SETTINGS
from families.written import Gumbel, Logistic
from scipy.special import loggamma as gammaln
from scipy.special import polygamma

import neglog as nl
from neglog.derivation.obtain import obtain
from neglog.errors import UsageError
from neglog.families.register import FAMILIES
from neglog.kernels import ExpectedKernel, Kernel
from neglog.kernels.nodes import on_a_line, over_counts
from neglog.math import log
from neglog.symbolic.expression import Symbol, evaluate
from neglog.symbolic.heads import numpy_meaning, numpy_number
from neglog.testing.subject import Subject

pytestmark = pytest.mark.filterwarnings("ignore::neglog.errors.AccuracyWarning")


@nl.family(y=nl.Event(), mu=nl.Positive())
def Waiting(y, mu):
    """Waiting times without memory, some still waiting."""
    return -y.event * log(mu) - y.time / mu


def by_quadrature(declared, modelled=None):
    """Return a kernel that does not know a closed form."""
    kernel = Kernel(obtain(declared.density, modelled or declared.density.free))
    kernel.__dict__["information"] = ()
    return kernel


def raw(declared, parameter, value):
    """Return the raw prediction of a value of a parameter."""
    link = declared.density.parameter(parameter).link
    node = link.forward(Symbol("p"))
    return float(evaluate(node, {"p": np.float64(value)}, numpy_meaning(), numpy_number))


def at(declared, kernel, setting):
    """Return raw predictions, a column of one row each."""
    return [np.array([raw(declared, name, setting[name])]) for name in kernel.names]


def matrix(packed):
    """Return the information of the first row."""
    k = {1: 1, 3: 2, 6: 3}[len(packed)]
    found = np.empty((k, k))
    found[np.triu_indices(k)] = [float(part[0]) for part in packed]
    return np.triu(found) + np.triu(found, 1).T


def relative(found, truth):
    """Return the largest difference in units of the information's own scale."""
    scale = np.sqrt(np.diag(truth))
    return np.max(np.abs(found - truth) / np.outer(scale, scale))


CLOSED = [name for name, family in FAMILIES.items() if family.target.kind != "Label"]


@pytest.mark.parametrize("name", CLOSED)
def test_quadrature_agrees_with_closed_forms(name):
    """Where a closed form is known, both ways give the same information, the first parameter modelled and all."""
    family = FAMILIES[name]
    for modelled in dict.fromkeys((family.density.free[:1], family.density.free)):
        closed = Kernel(obtain(family.density, modelled))
        if not closed.information:
            continue
        for setting in SETTINGS[name]:
            hyper = {p: setting[p] for p in closed.loss.hyper}
            raws, y = at(family, closed, setting), np.array([1.0])
            found = by_quadrature(family, modelled).with_hyper(hyper).expected(y, raws)
            truth = matrix(closed.with_hyper(hyper).expected(y, raws))
            # A law that is narrow beside its mode has targets that rounding moves.
            assert relative(matrix(found), truth) < (1e-8 if setting.get("mu", 0) == 1e3 else 1e-11)


def _student(nu, sigma=2.0):
    n = nu
    return np.array([
        [(n + 1) / ((n + 3) * sigma**2), 0, 0],
        [0, 2 * n / (n + 3), -2 * n / ((n + 1) * (n + 3))],
        [
            0, -2 * n / ((n + 1) * (n + 3)),
            n**2 * ((polygamma(1, n / 2) - polygamma(1, (n + 1) / 2)) / 4 - (n + 5) / (2 * n * (n + 1) * (n + 3))),
        ],
    ])  # fmt: skip  # a matrix


_EULER = 0.5772156649015329
_BOOKS = {
    # Laws with a kink at the mode.
    "Laplace": (nl.Laplace, {"mu": 0.5, "b": 2.0}, np.diag([0.25, 1.0])),
    "AsymmetricLaplace": (
        nl.AsymmetricLaplace.fix(tau=0.8), {"mu": 0.5, "b": 2.0}, np.diag([0.16 / 4, 1.0])
    ),
    "Weibull": (
        nl.Weibull, {"mu": 2.0, "shape": 1.5},
        np.array([
            [2.25, 1.5 * (_EULER - 1)],
            [1.5 * (_EULER - 1), np.pi**2 / 6 + (1 - _EULER) ** 2],
        ]),
    ),
    "StudentT": (nl.StudentT, {"mu": 1.0, "sigma": 2.0, "nu": 4.5}, _student(4.5)),
    "StudentT, heavy": (nl.StudentT, {"mu": 1.0, "sigma": 2.0, "nu": 0.6}, _student(0.6)),
    "Logistic": (Logistic, {"mu": 1.0, "s": 2.0}, np.diag([1 / 12, (3 + np.pi**2) / 9])),
    "Gumbel": (
        Gumbel, {"mu": 1.0, "s": 2.0},
        np.array([[1 / 4, (_EULER - 1) / 2], [(_EULER - 1) / 2, np.pi**2 / 6 + (1 - _EULER) ** 2]]),
    ),
}  # fmt: skip  # matrices


@pytest.mark.parametrize("name", _BOOKS)
def test_laws_without_a_closed_form_have_the_information_of_books(name):
    """Kinks, heavy tails, skewed laws and laws that the library has never heard of."""
    declared, setting, truth = _BOOKS[name]
    kernel = by_quadrature(declared)
    found = kernel.expected(np.array([1.0]), at(declared, kernel, setting))
    assert relative(matrix(found), truth) < 1e-11


def _summed(log_mass, parameters, last):
    """Return E[score score'] of a law of counts by adding up 0, 1, ..., last, scores by central differences."""
    k, parameters = np.arange(last + 1.0), np.asarray(parameters)
    scores = []
    for i in range(len(parameters)):
        h = np.zeros(len(parameters))
        h[i] = 1e-3
        # Richardson: the error is of order h^4.
        near, far = (
            (log_mass(k, parameters + step) - log_mass(k, parameters - step)) / (2 * step[i])
            for step in (h, 2 * h)
        )
        scores.append((4 * near - far) / 3)
    mass = np.exp(log_mass(k, parameters))
    return np.array([[np.sum(mass * a * b) for b in scores] for a in scores])


def _nb2(k, raws):
    mu, r = np.exp(raws[0]), np.exp(-raws[1])
    return scipy.stats.nbinom.logpmf(k, r, r / (r + mu))


@pytest.mark.parametrize("alpha", [0.01, 0.5, 2.0])
def test_negative_binomial_sums(alpha):
    """NB2 in mean and alpha equals the sum over the counts with SciPy's probabilities."""
    kernel = by_quadrature(nl.NegativeBinomial)
    raws = at(nl.NegativeBinomial, kernel, {"mu": 3.7, "alpha": alpha})
    truth = _summed(_nb2, [float(part[0]) for part in raws], 2000)
    assert relative(matrix(kernel.expected(np.array([1.0]), raws)), truth) < 1e-8


@pytest.mark.parametrize("mu", [1e-3, 7.0, 3000.0, 1e9])
def test_counts_of_any_size(mu):
    """A Poisson law has information mu, however many counts it spreads over; the sum does not run over all of them."""
    kernel = by_quadrature(nl.Poisson)
    asked = []
    inner = kernel.columns

    def counted(y, raws, w, order, **options):
        asked.append(len(y))
        return inner(y, raws, w, order, **options)

    kernel.__dict__["columns"] = counted
    (found,) = kernel.expected(np.array([0.0]), [np.log([mu])])
    assert found[0] == pytest.approx(mu, rel=1e-9)
    assert sum(asked) < 60_000


def test_k_of_n():
    """Every row of a Binomial has its own number of trials: n p (1 - p)."""
    kernel = by_quadrature(nl.Binomial)
    n, raws = np.array([1.0, 7.0, 7.0, 1e5]), np.array([0.3, -2.0, 1.0, -9.0])
    (found,) = kernel.expected(np.asfortranarray(np.column_stack([0 * n, n])), [raws])
    p = 1 / (1 + np.exp(-raws))
    np.testing.assert_allclose(found, n * p * (1 - p), rtol=1e-10)


def test_mixtures_of_a_zero_and_a_law():
    """A hurdle's parts are independent: pi (1 - pi) for the zero, the law's own information for the rest."""
    law = nl.Hurdle(nl.LogNormal)
    kernel = by_quadrature(law)
    setting = {"pi": 0.3, "mu": 0.4, "sigma": 0.8}
    zero = next(name for name in kernel.names if name not in ("mu", "sigma"))
    found = matrix(kernel.expected(np.array([1.0]), at(law, kernel, {**setting, zero: 0.3})))
    truth = np.diag([{"mu": 0.7 / 0.64, "sigma": 1.4, zero: 0.21}[name] for name in kernel.names])
    assert relative(found, truth) < 1e-11


@pytest.mark.parametrize("mu", [0.8, 40.0, 900.0])
def test_inflated_zeros_far_from_the_bulk(mu):
    """A zero-inflated Poisson law has its mass at 0 and around mu; the sum over all counts agrees."""
    law = nl.ZeroInflated(nl.Poisson)
    kernel = by_quadrature(law)
    zero = next(name for name in kernel.names if name != "mu")
    raws = at(law, kernel, {"mu": mu, zero: 0.3})
    places = {name: i for i, name in enumerate(kernel.names)}

    def log_mass(k, raws):
        mean, pi = np.exp(raws[places["mu"]]), 1 / (1 + np.exp(-raws[places[zero]]))
        poisson = k * np.log(mean) - mean - gammaln(k + 1)
        return np.where(k == 0, np.log(pi + (1 - pi) * np.exp(-mean)), np.log1p(-pi) + poisson)

    truth = _summed(log_mass, [float(part[0]) for part in raws], 3000)
    assert relative(matrix(kernel.expected(np.array([1.0]), raws)), truth) < 1e-7


def test_a_truncated_law():
    """The mean of the Hessian, by the register's own numerical means, is what the products of scores give."""
    law = nl.Truncated(nl.Poisson, lower=1)
    subject, kernel = Subject(law), by_quadrature(law)
    setting = subject.setting(0)
    raws = at(law, kernel, setting)

    def curvature(y):
        return kernel.columns(y, [np.full(y.shape, raws[0][0])], None, 2)[2][0]

    (found,) = kernel.expected(np.array([1.0]), raws)
    assert found[0] == pytest.approx(subject.mean_of(setting)(curvature), rel=1e-9)


def test_rows_that_predict_the_same_law_are_computed_once():
    """Ten thousand rows of two laws cost what two rows cost, and each row gets its own."""
    kernel = by_quadrature(nl.NegativeBinomial)
    random = np.random.default_rng(1)
    which = random.integers(0, 2, 10_000)
    raws = [np.array([0.3, 2.0])[which], np.array([-0.5, 0.5])[which]]
    found = kernel.expected(np.zeros(10_000), raws)
    for law in (0, 1):
        alone = kernel.expected(np.zeros(1), [raws[0][which == law][:1], raws[1][which == law][:1]])
        for part, number in zip(found, alone, strict=True):
            np.testing.assert_allclose(part[which == law], number[0], rtol=1e-11, atol=1e-14)


def test_what_has_no_expected_information_is_refused():
    """No density, a target that is no single number, a law whose mass float64 cannot reach: each says why."""
    hinge = Kernel(obtain(nl.loss("hinge").density))
    with pytest.raises(UsageError, match="follows from no density"):
        hinge.evaluate(1.0, 0.3, order=2, hessian="expected")
    with pytest.raises(UsageError, match="no integral over one number"):
        ExpectedKernel(Kernel(obtain(Waiting.density)))
    kernel = by_quadrature(nl.StudentT)
    with pytest.raises(UsageError, match=r"eta_nu = -6.*add up to 0\.[0-9]+, not to 1"):
        kernel.expected(np.array([1.0]), [np.array([0.0]), np.array([0.0]), np.array([-6.0])])


@pytest.mark.parametrize("growth", [0.5, 0.125])
def test_nodes_of_counts_carry_the_whole_mass(growth):
    """Geometric laws of means from 0.01 to 1e8: masses add up to 1, nodes lie among the counts."""
    mean = np.array([0.01, 1.0, 50.0, 1e8])[:, None]
    k, mass = over_counts(
        lambda k: k * np.log(mean / (1 + mean)) - np.log1p(mean), np.zeros(4), np.full(4, np.inf), growth
    )  # fmt: skip  # one call
    assert (k >= 0).all()
    np.testing.assert_allclose(mass.sum(axis=1), 1, atol=1e-9)
    np.testing.assert_allclose((mass * k).sum(axis=1), mean[:, 0], rtol=1e-8)


@pytest.mark.parametrize("bounds", [(-np.inf, np.inf), (0.0, np.inf), (-np.inf, 3.0), (2.0, 5.0)])
def test_nodes_on_a_line_carry_the_whole_mass(bounds):
    """Normal laws cut off at the ends of the support: SciPy's probability of what is left."""
    mu, sigma = np.array([[2.5], [-1.0], [4.0]]), np.array([[1e-3], [2.0], [30.0]])
    y, mass = on_a_line(lambda y: scipy.stats.norm.logpdf(y, mu, sigma), bounds, 3, 4)
    law = scipy.stats.norm(mu[:, 0], sigma[:, 0])
    assert ((y >= bounds[0]) & (y <= bounds[1])).all()
    np.testing.assert_allclose(
        mass.sum(axis=1), law.cdf(bounds[1]) - law.cdf(bounds[0]), rtol=1e-10
    )
