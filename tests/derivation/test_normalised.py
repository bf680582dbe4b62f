"""Laws of the check that a density is one."""

from __future__ import annotations

import time

import pytest
from symbolic.register import DENSITIES, density

from neglog.derivation.normalised import normalised
from neglog.errors import DensityError
from neglog.symbolic.density import Density, Parameter
from neglog.symbolic.supports import Binary, Count, Positive, Real, UnitInterval


@pytest.mark.parametrize("declared", DENSITIES.values(), ids=DENSITIES)
def test_densities_pass(declared: Density) -> None:
    """A density is recognised as one at every parameter point, in a fraction of a second."""
    normalised(declared)  # SciPy is loaded once
    start = time.perf_counter()
    verb = "sums" if declared.support.discrete else "integrates"
    assert normalised(declared) == (f"it {verb} to 1 at 4 parameter points",)
    assert time.perf_counter() - start < 0.3


OTHERS = {
    "Cauchy": density("Cauchy", "-log(pi) - log(1 + (y - m)**2)", Real(), m=Real()),
    "heavy tails": density(
        "StudentT",
        "loggamma((nu + 1)/2) - loggamma(nu/2) - log(pi*nu)/2 - (nu + 1)/2*log(1 + (y - m)**2/nu)",
        Real(),
        m=Real(),
        nu=Positive(),
    ),
    "two far peaks": density(
        "Mix", "log(exp(-(y - m)**2/2)/2 + exp(-(y - m - 40)**2/2)/2) - log(2*pi)/2", Real(), m=Real()
    ),
    "kink and edge": density("Uniform", "where(y < b, -log(b), -1000)", Positive(), b=Positive()),
    "two sides": density(
        "Beta",
        "(a - 1)*log(y) + (b - 1)*log(1 - y) + loggamma(a + b) - loggamma(a) - loggamma(b)",
        UnitInterval(),
        a=Positive(),
        b=Positive(),
    ),
    "heavy tail of counts": density(
        "NegativeBinomial",
        "loggamma(y + 1/a) - loggamma(1/a) - loggamma(y + 1) + y*log(a*mu/(1 + a*mu)) - log(1 + a*mu)/a",
        Count(),
        mu=Positive(),
        a=Positive(),
    ),
    "far and narrow": DENSITIES["Normal"]
    .with_parameter(Parameter("mu", Real(), 1e6))
    .with_parameter(Parameter("sigma", Positive(), 1e-3)),
    "tiny": DENSITIES["Normal"].with_parameter(Parameter("sigma", Positive(), 1e-200)),
    "mass at the edge of float64": DENSITIES["Gamma"].with_parameter(Parameter("shape", Positive(), 0.01)),
    "endless tail": density("LogCauchy", "-log(pi*y) - log(1 + (log(y) - m)**2)", Positive(), m=Real()),
    "large counts": DENSITIES["Poisson"].with_parameter(Parameter("mu", Positive(), 1e6)),
}  # fmt: skip


@pytest.mark.parametrize(
    "declared", [d for n, d in OTHERS.items() if n != "undefined where the parameters are"]
)
def test_no_false_alarm(declared: Density) -> None:
    """A density is never refused, however it is placed; where the quadrature is not sure nothing is said."""
    assert all(note.startswith("it ") for note in normalised(declared))


WRONG = {
    "2.50663": density("W", "-(y - m)**2/2", Real(), m=Real()),
    "0.5": density("W", "-(y*m)**2/2 + log(m) - log(2*pi)/2", Positive(), m=Positive()),
    "2": density("W", "y*log(p) + (1 - y)*log(1 - p) + log(2)", Binary(), p=UnitInterval()),
    "2.71828": density("W", "y*log(m) - loggamma(y + 1)", Count(), m=Positive()),
    "infinity": density("W", "-m*y", Real(), m=Real()),
}


@pytest.mark.parametrize(("integral", "declared"), WRONG.items(), ids=WRONG)
def test_what_is_no_density_is_refused(integral: str, declared: Density) -> None:
    """What integrates or sums to another number is refused with the number, the place and the remedy."""
    with pytest.raises(DensityError, match=f"to {integral}, not 1, at .* = .*Every constant"):
        normalised(declared)


@pytest.mark.parametrize("off", [1e-4, -1e-4])
def test_small_mistakes_are_seen(off: float) -> None:
    """A constant that is wrong by 1e-4 is seen in every family of the register."""
    for declared in DENSITIES.values():
        wrong = Density(
            declared.name,
            declared.expression + off,
            declared.target,
            declared.support,
            declared.parameters,
        )
        with pytest.raises(DensityError):
            normalised(wrong)
