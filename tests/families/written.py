"""Families as a user writes them: none is known to the library, all meet its laws."""

import math

import neglog as nl
from neglog.math import cos, exp, log, log1p, log_bessel_i0, pi, softplus

__all__ = [
    "WRITTEN",
    "Exponential",
    "Geometric",
    "Gumbel",
    "InverseGaussian",
    "Logistic",
    "VonMises",
]


@nl.family(y=nl.Positive(), mu=nl.Positive(link="log"), lam=nl.Positive(link="log"))
def InverseGaussian(y, mu, lam):
    """First-passage time of Brownian motion with drift."""
    return log(lam / (2 * pi * y**3)) / 2 - lam * (y - mu) ** 2 / (2 * mu**2 * y)


@nl.family(y=nl.Real(), mu=nl.Real(), s=nl.Positive())
def Gumbel(y, mu, s):
    """Largest of many."""
    z = (y - mu) / s
    return -log(s) - z - exp(-z)


@nl.family(y=nl.Real(), mu=nl.Real(), s=nl.Positive())
def Logistic(y, mu, s):
    """Like the normal law, with heavier tails."""
    z = (y - mu) / s
    return -z - 2 * softplus(-z) - log(s)


@nl.family(y=nl.Positive(), mu=nl.Positive())
def Exponential(y, mu):
    """Waiting time without memory, with mean mu."""
    return -log(mu) - y / mu


@nl.family(y=nl.Count(), p=nl.UnitInterval())
def Geometric(y, p):
    """Failures before the first success."""
    return log(p) + y * log1p(-p)


CIRCLE = nl.Between(-math.pi, math.pi)


@nl.family(y=CIRCLE, mu=CIRCLE, kappa=nl.Positive())
def VonMises(y, mu, kappa):
    """Directions, the normal law of the circle."""
    return kappa * cos(y - mu) - log(2 * pi) - log_bessel_i0(kappa)


# Of the von Mises law every law takes a minute: tests/testing/test_check.py has it in `make laws`.
WRITTEN = {
    family.name: family for family in (InverseGaussian, Gumbel, Logistic, Exponential, Geometric)
}
