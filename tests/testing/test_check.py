"""The laws can fail: a family spoiled in one place breaks the law of that place, and the report says where."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from families.written import VonMises

import neglog as nl
from neglog.errors import AccuracyWarning, LawError, UsageError
from neglog.families.laws import ScipyLaw
from neglog.math import exp, log, log1p
from neglog.testing import check_family


def failing(family: object) -> dict[str, str]:
    """Return the laws that a family breaks, with what they say."""
    report = check_family(family, points=24, on_fail="report")
    return {finding.law: finding.detail for finding in report.failures}


def test_a_density_that_is_none() -> None:
    """A density without its constant is refused with its integral."""

    @nl.family(y=nl.Real(), mu=nl.Real())
    def Unnormalised(y, mu):
        return -((y - mu) ** 2) / 2

    broken = failing(Unnormalised)
    law = next(law for law in broken if "integrates" in law)
    assert f"{np.sqrt(2 * np.pi):.6g}" in broken[law]


def test_another_law_of_scipy() -> None:
    """A family that names the wrong law of SciPy is told so."""

    @nl.family(y=nl.Positive(), mu=nl.Positive(), law=ScipyLaw("expon", {"scale": "1/mu"}))
    def Exponential(y, mu):
        return -log(mu) - y / mu

    assert any("SciPy" in law for law in failing(Exponential))


@pytest.mark.laws
def test_a_formula_that_loses_digits() -> None:
    """A probability written through a difference that no rule can mend loses digits, and the report says where."""

    @nl.family(y=nl.Positive(), mu=nl.Positive())
    def Careless(y, mu):
        return log((exp(y / mu + 1) - exp(y / mu)) / (exp(1) - 1)) - 2 * y / mu - log(mu)

    broken = failing(Careless)
    assert any("digits" in law for law in broken)
    assert any("eta = " in detail for detail in broken.values())


def test_raises_with_the_report() -> None:
    """By default a broken law is an error whose message is the list of what fails."""

    @nl.family(y=nl.Real(), mu=nl.Real())
    def Unnormalised(y, mu):
        return -((y - mu) ** 2) / 2

    with pytest.raises(LawError, match=r"Unnormalised breaks \d+ law"):
        check_family(Unnormalised, points=12)
    with pytest.raises(UsageError, match="on_fail"):
        check_family(nl.Normal, on_fail="shout")


def test_a_written_family_keeps_every_law() -> None:
    """A density with none of our names meets every law; its report prints one line a law."""

    @nl.family(y=nl.Count(), q=nl.UnitInterval())
    def Failures(y, q):
        return log(q) + y * log1p(-q)

    report = check_family(Failures, points=24)
    assert report.passed
    assert str(report).count("\nok ") >= 12


@pytest.mark.laws
def test_directions_keep_every_law() -> None:
    """A von Mises density, as books write it, meets every law, also where it is concentrated near its target."""
    with warnings.catch_warnings():
        # Where y is mu to six digits its curvature in log(kappa) is 1/(8 kappa), of two terms of 1/2.
        warnings.simplefilter("ignore", AccuracyWarning)
        report = check_family(VonMises, points=24)
    assert report.passed
