"""Losses that the target divides into cases: each case chooses its own form, and keeps its digits in it."""

import numpy as np
import pytest

import neglog as nl
from neglog.derivation.points import Points
from neglog.families.family import Family
from neglog.families.transformers.spelled import spelled

# Two ends that nearly meet, open ends and exact observations; the law's own formula for each.
DECLARED = ["Laplace", "LogNormal", "Normal", "Weibull"]
# Without formulas of their own tails these are sums and integrals of the density.
SUMMED = [
    "Censored(Gamma)", "Censored(StudentT)", "Censored(Poisson)", "Truncated(Gamma, lower=1)",
]  # fmt: skip  # one screen


def check_certificates(family: Family[...]) -> None:
    """Every output keeps its digits at the points that did not choose, and says where in each case."""
    for certificate in nl.derive(family).loss.certificates:
        assert certificate.error <= certificate.bound, certificate
        assert certificate.points > 0


@pytest.mark.laws
@pytest.mark.parametrize("name", DECLARED)
def test_intervals_of_laws_with_a_formula(name: str) -> None:
    """Exact, right-, left- and interval-censored rows of laws that declare `log_between`."""
    family = nl.Censored(getattr(nl, name))
    check_certificates(family)
    value = nl.derive(family).loss.certificates[0]
    assert len({region.condition for region in value.regions}) >= 4


@pytest.mark.laws
@pytest.mark.parametrize("name", SUMMED)
def test_tails_that_are_sums(name: str) -> None:
    """The tails are integrated or added up, and derived, checked and certified all the same."""
    check_certificates(spelled(name))


@pytest.mark.parametrize("name", DECLARED)
def test_probability_between_ends_that_nearly_meet(name: str) -> None:
    """It is the density in the middle times the width, where the difference of two tails has no digits left."""
    family = getattr(nl, name)
    settings = {parameter.name: 1.3 for parameter in family.density.parameters}
    lower = np.array([0.2, 1.1, 2.5, 7.0])
    upper = lower * (1 + 1e-12)
    law = family(**settings)
    expected = law.log_prob((lower + upper) / 2) + np.log(upper - lower)
    found = nl.Censored(family)(**settings).log_prob(np.column_stack([lower, upper]))
    np.testing.assert_allclose(found, expected, rtol=1e-11)


def test_points_of_a_case() -> None:
    """Some of the points, in their order, of every symbol."""
    points = Points({"y": np.arange(4.0), "eta": -np.arange(4.0)}, frozenset({"eta"}))
    part = points.at(points.values["y"] > 1)
    assert part.size == 2
    np.testing.assert_array_equal(part.values["eta"], [-2.0, -3.0])
    assert part.raws == points.raws
