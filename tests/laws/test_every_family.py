"""Every law over every family of the register, and over families written with none of our names."""

from __future__ import annotations

import functools

import pytest
from families.written import WRITTEN

import neglog as nl
from neglog.families.register import FAMILIES, ORDERED
from neglog.testing.findings import Finding, run
from neglog.testing.laws import FAMILY_LAWS
from neglog.testing.subject import Subject

TRANSFORMED = {
    family.name: family
    for family in (
        nl.ZeroInflated(nl.Poisson),
        nl.Hurdle(nl.Poisson),
        nl.Truncated(nl.Poisson, lower=1),
    )
}
EVERY = FAMILIES | ORDERED | WRITTEN | TRANSFORMED
# A sum in mpmath, its six second derivatives compiled, a fit with all of them: a minute each, in `make laws`.
# Exact probabilities between normal cutpoints, and what has four columns to compile, take a third of one.
SLOW = {
    *(("Tweedie", law) for law in ("digits", "compiled_digits", "recovery")),
    *(("OrdinalProbit", law) for law in ("digits", "compiled_digits")),
    ("Ordinal", "compiled_digits"),
    *((name, "compiled_digits") for name in TRANSFORMED),
    *((name, "recovery") for name in WRITTEN),  # docs/extending/family.md runs every law of one
}
PAIRS = [
    pytest.param(name, law, marks=pytest.mark.laws) if (name, law) in SLOW else (name, law)
    for name in EVERY
    for law in FAMILY_LAWS
]


@functools.cache
def subject(name: str) -> Subject:
    """Return a family with its exact values, which several laws share."""
    return Subject(EVERY[name], points=36, seed=1)


def finding(name: str, law: str) -> Finding:
    """Return what a law found."""
    return run(subject(name), {law: FAMILY_LAWS[law]}, "report").findings[0]


def test_the_slow_laws_are_laws() -> None:
    """What waits for `make laws` is there."""
    assert {name for name, _ in SLOW} <= set(EVERY)
    assert {law for _, law in SLOW} <= set(FAMILY_LAWS)


@pytest.mark.parametrize(("name", "law"), PAIRS)
def test_law(name: str, law: str) -> None:
    """The law holds, or says why it does not apply."""
    found = finding(name, law)
    assert found.verdict != "fails", str(found)
    if found.verdict == "does not apply":
        assert found.detail
