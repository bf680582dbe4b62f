"""Links a user may choose: the loss keeps its digits over the whole range through each of them."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
import scipy.stats

import neglog as nl
from neglog.derivation.derive import derive
from neglog.kernels import Kernel
from neglog.symbolic.expression import evaluate
from neglog.symbolic.heads import numpy_meaning, numpy_number
from neglog.symbolic.links import LINKS

_PROBABILITIES = [name for name, link in LINKS.items() if link.values == (0.0, 1.0) and not link.of]
_CASES = [
    *((nl.Bernoulli, "p", link) for link in _PROBABILITIES),
    *((nl.Poisson, "mu", link) for link in ("log", "identity", "sqrt", "softplus")),
    *((nl.Gamma, "mu", link) for link in ("log", "identity", "inverse", "softplus")),
    *((nl.InverseGaussian, "mu", link) for link in ("log", "identity", "inverse_squared")),
    *((nl.Normal, "mu", link) for link in ("identity", "log", "inverse", "sqrt", "softplus")),
]


@pytest.mark.parametrize(
    ("family", "parameter", "link"), _CASES, ids=[f"{f.name}-{link}" for f, _, link in _CASES]
)
def test_every_usual_link_keeps_its_digits(family, parameter, link):
    """Value, gradient and Hessian are within their bounds at every point, the held-out ones included: no warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loss = derive(family.link(**{parameter: link}).density).loss
    assert {certificate.output.split()[0] for certificate in loss.certificates} >= {
        "value",
        "gradient",
    }
    for certificate in loss.certificates:
        # The value is measured beside shapes from e^-40 to e^60, of which each link meets a few points only.
        beside_shapes = family is nl.Gamma and certificate.output == "value"
        error = certificate.usual if beside_shapes else certificate.error
        assert error is not None
        assert error <= certificate.bound, certificate


_EVERY = [
    (family, link)
    for family in (nl.Gamma, nl.Poisson, nl.InverseGaussian, nl.Normal, nl.NegativeBinomial)
    for parameter in [family.density.parameter("mu")]
    for link in LINKS.values()
    if not link.misfit(parameter.support.kind, parameter.support.bounds)
]


@pytest.mark.parametrize(
    ("family", "link"),
    [
        pytest.param(
            family,
            link,
            id=f"{family.name}-{link.name}",
            marks=[] if math.isfinite(link.raws[0]) else [pytest.mark.laws],  # each takes seconds
        )
        for family, link in _EVERY
    ],
)
@pytest.mark.filterwarnings("ignore::neglog.errors.AccuracyWarning")
def test_every_link_that_suits_derives(family, link):
    """Each step holds, also where some raw predictions lead out of the link: the checks stay inside it."""
    kernel = Kernel(derive(family.link(mu=link).density).loss)
    others = dict.fromkeys(family.density.free[1:], 0.7)
    mu, y = np.array([0.2, 0.5, 0.8]), np.array([1.0, 2.0, 3.0])
    raw = evaluate(link.to_raw, {"p": mu}, numpy_meaning(), numpy_number)
    found = kernel.evaluate(y, raw, hyper=others, order=0, engine="numpy").value
    np.testing.assert_allclose(found, -family(mu=mu, **others).log_prob(y), rtol=1e-11)


_CDFS = {
    "logit": scipy.stats.logistic, "probit": scipy.stats.norm, "cauchit": scipy.stats.cauchy,
    "cloglog": scipy.stats.gumbel_l, "loglog": scipy.stats.gumbel_r,
}  # fmt: skip  # a table


@pytest.mark.parametrize("link", _PROBABILITIES)
@pytest.mark.parametrize("engine", ["numpy", "numba"])
def test_a_probability_is_a_distribution_function(link, engine):
    """Each link of a probability is SciPy's quantile function: the losses are minus its log cdf and log sf."""
    kernel = Kernel(derive(nl.Bernoulli.link(p=link).density).loss)
    raw = np.concatenate([np.linspace(-6, 6, 49), [-1e300, -1e5, -700.0, 700.0, 1e5, 1e300]])
    law = _CDFS[link]
    for y, truth in ((1.0, -law.logcdf(raw[:49])), (0.0, -law.logsf(raw[:49]))):
        found = kernel.evaluate(np.full(raw.shape, y), raw, order=2, engine=engine)
        np.testing.assert_allclose(found.value[:49], truth, rtol=1e-9)
        assert not np.isnan(np.concatenate(found[:3])).any()
