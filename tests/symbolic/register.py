"""The densities and the heads every law runs over: a new one joins by one entry."""

from __future__ import annotations

import itertools
import math

import numpy as np

from neglog.symbolic.density import Density, Parameter
from neglog.symbolic.supports import (
    Binary,
    ClassVector,
    Count,
    Label,
    Positive,
    Real,
    Support,
    UnitInterval,
)
from neglog.symbolic.text import parse

__all__ = ["CASES", "DENSITIES", "DOMAINS", "WITHOUT_NUMERICS", "arguments", "density", "domain"]

REAL, POSITIVE, BEYOND_MINUS_ONE = (-math.inf, math.inf), (0.0, math.inf), (-1.0, math.inf)
# What families add inside a gamma function, counts and halves. A step that is lost in x + z loses the digits of lgr.
STEP = (0.4, math.inf)

# Where each argument of a head lives: a head that is not here takes one real number.
DOMAINS: dict[str, tuple[tuple[float, float], ...]] = {
    **dict.fromkeys(("log", "sqrt", "log1mexp", "stirling"), (POSITIVE,)),
    **dict.fromkeys(("loggamma", "digamma", "trigamma", "tetragamma"), (POSITIVE,)),
    **dict.fromkeys(("binet", "binet1", "binet2", "binet3"), (POSITIVE,)),
    **dict.fromkeys(("log1p", "log1pmx"), (BEYOND_MINUS_ONE,)),
    **{f"{tower}{order}": (POSITIVE, STEP) for tower in ("lgr", "lgd") for order in ("", 1, 2, 3)},
    **dict.fromkeys(("lbeta", "bd0"), (POSITIVE, POSITIVE)),
    **dict.fromkeys(("log_ndtr_gap", "ndtr_gap_slope", "ndtr_gap_edge"), (REAL, POSITIVE)),
    "ndtr_gap_rest": (REAL, POSITIVE),
    "ndtri": ((0.0, 1.0),),
    "xlogy": (REAL, POSITIVE),
    "minimum": (REAL, REAL),
    "maximum": (REAL, REAL),
}

# The last members of towers: only the conditioning of a Hessian needs them, in mpmath.
WITHOUT_NUMERICS = (
    "tetragamma", "binet3", "lgr3", "lgd3", "inverse_mills2", "exprel3", "lexprel3", "erfcx3", "bessel_ratio2", "cauchy_mills2", "log_softplus3",
)  # fmt: skip


def domain(head: str) -> tuple[tuple[float, float], ...]:
    """Return where each argument of a head lives."""
    return DOMAINS.get(head, (REAL,))


def arguments(head: str, exponents: tuple[float, ...]) -> list[tuple[float, ...]]:
    """Return arguments of a head of the sizes 10**exponent, of both signs where it takes them."""
    columns = []
    for place, (low, high) in enumerate(domain(head)):
        mantissas = np.random.default_rng(place).uniform(1.0, 3.0, 2 * len(exponents))
        sizes = mantissas * 10.0 ** np.repeat(exponents, 2)
        sizes[1::2] *= -1
        columns.append([float(size) for size in sizes if low < size < high])
    return list(itertools.product(*columns))


def density(name: str, text: str, target: Support, **parameters: Support) -> Density:
    """Declare the density of y written as `text`."""
    return Density(
        name,
        parse(text, {"y", *parameters}),
        "y",
        target,
        tuple(Parameter(name, support) for name, support in parameters.items()),
    )


DENSITIES: dict[str, Density] = {
    declared.name: declared
    for declared in (
        density(
            "Normal",
            "-((y - mu)/sigma)**2/2 - log(sigma) - log(2*pi)/2",
            Real(),
            mu=Real(),
            sigma=Positive(),
        ),
        density("Bernoulli", "y*log(p) + (1 - y)*log(1 - p)", Binary(), p=UnitInterval()),
        density("Categorical", "log(p[y])", Label(), p=ClassVector()),
        density("Poisson", "y*log(mu) - mu - loggamma(y + 1)", Count(), mu=Positive()),
        density(
            "InverseGaussian",
            "log(lam/(2*pi*y**3))/2 - lam*(y - mu)**2/(2*mu**2*y)",
            Positive(),
            mu=Positive(),
            lam=Positive(),
        ),
        density(
            "Gumbel",
            "-(y - mu)/beta - exp(-(y - mu)/beta) - log(beta)",
            Real(),
            mu=Real(),
            beta=Positive(),
        ),
        density(
            "Logistic",
            "-(y - mu)/s - 2*softplus(-(y - mu)/s) - log(s)",
            Real(),
            mu=Real(),
            s=Positive(),
        ),
        density("Laplace", "-abs(y - mu)/b - log(2*b)", Real(), mu=Real(), b=Positive()),
        density("Exponential", "log(rate) - rate*y", Positive(), rate=Positive()),
        density(
            "Gamma",
            "shape*log(shape/mu) - loggamma(shape) + (shape - 1)*log(y) - shape*y/mu",
            Positive(),
            mu=Positive(),
            shape=Positive(),
        ),
    )
}

# What is derived: a density and the parameters modelled (None: the first alone).
CASES: dict[str, tuple[Density, tuple[str, ...] | None]] = {
    **{name: (declared, None) for name, declared in DENSITIES.items()},
    "Normal: mu and sigma": (DENSITIES["Normal"], ("mu", "sigma")),
    "InverseGaussian: mu and lam": (DENSITIES["InverseGaussian"], ("mu", "lam")),
    "Gamma: mu and shape": (DENSITIES["Gamma"], ("mu", "shape")),
}
