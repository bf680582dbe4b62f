"""The densities every law runs over: a new one joins by one entry."""

from __future__ import annotations

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

__all__ = ["CASES", "DENSITIES", "density"]


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
