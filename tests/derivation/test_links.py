"""Links a user may choose: the loss keeps its digits over the whole range through each of them."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import scipy.stats

import neglog as nl
from neglog.derivation.derive import derive
from neglog.kernels import Kernel
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
        assert certificate.error <= certificate.bound, certificate


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
