"""Derivations shared by the tests: each is made once a run."""

from __future__ import annotations

from functools import cache

from symbolic.register import CASES, DENSITIES

from neglog.derivation.derive import Derivation
from neglog.derivation.derive import derive as run
from neglog.derivation.step import Step
from neglog.derivation.workings import Prior

__all__ = ["derived", "ridge", "step"]

# Heads of the gamma kind are slow in 350 digits.
_FEW = {"Gamma: mu and shape": 18}


def ridge(scale: float) -> Prior:
    """A Normal prior around 0."""
    return Prior(DENSITIES["Normal"], {"mu": 0.0, "sigma": scale})


@cache
def derived(case: str, scale: float | None = None) -> Derivation:
    """Derive a case of the register, with a Normal prior where a scale is given."""
    density, modelled = CASES[case]
    prior = None if scale is None else ridge(scale)
    return run(density, modelled=modelled, prior=prior, points=_FEW.get(case, 96))


def step(derivation: Derivation, rule: str) -> Step:
    """Return the step that a rule made."""
    return next(made for made in derivation.steps if made.rule == rule)
