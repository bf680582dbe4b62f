"""Laws of priors: exact densities, coefficient by coefficient."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from neglog.errors import UsageError
from neglog.objectives import Flat, NormalPrior


def test_value_is_the_exact_density() -> None:
    """The penalty is the negative log density of the coefficients that have one, constants kept."""
    prior = NormalPrior(np.array([0.0, 1.0, -2.0]), np.array([np.inf, 0.5, 3.0]))
    theta = np.array([100.0, 0.3, 1.0])
    expected = -norm.logpdf(0.3, 1.0, 0.5) - norm.logpdf(1.0, -2.0, 3.0)
    assert prior.value(theta) == pytest.approx(expected, rel=1e-14)


def test_derivatives_and_cover() -> None:
    """Gradient and curvature are those of the density, and vanish where the prior is flat."""
    prior = NormalPrior(np.array([0.0, 1.0]), np.array([np.inf, 0.5]))
    np.testing.assert_allclose(prior.gradient(np.array([9.0, 2.0])), [0.0, 4.0])
    np.testing.assert_allclose(prior.curvature(np.array([9.0, 2.0])), [0.0, 4.0])
    assert prior.covered(2).tolist() == [0.0, 1.0]


def test_flat_prior_adds_nothing() -> None:
    """A flat prior has value, gradient and curvature 0."""
    theta = np.array([1.0, 2.0])
    assert Flat().value(theta) == 0.0
    assert not Flat().gradient(theta).any()
    assert not Flat().curvature(theta).any()


@pytest.mark.parametrize("scale", [0.0, -1.0, np.nan])
def test_scale_must_be_positive(scale: float) -> None:
    """A scale that is not above 0 is refused."""
    with pytest.raises(UsageError, match="scale above 0"):
        NormalPrior(np.zeros(1), np.array([scale]))
