"""Families as a user writes them: none is known to the library, all meet its laws."""

import neglog as nl
from neglog.math import exp, log, log1p, pi, softplus

__all__ = ["WRITTEN", "Exponential", "Geometric", "Gumbel", "InverseGaussian", "Logistic"]


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


WRITTEN = {
    family.name: family for family in (InverseGaussian, Gumbel, Logistic, Exponential, Geometric)
}
