"""Laws of a family's own sums and integrals: total probability, mean, distribution function."""

from __future__ import annotations

import numpy as np
import pytest

import neglog as nl
from neglog.errors import DensityError
from neglog.families.register import FAMILIES
from neglog.symbolic.expression import Node, Symbol, as_node, evaluate
from neglog.symbolic.heads import numpy_meaning, numpy_number
from neglog.symbolic.integrals import expectation, log_cdf, log_sf, tail

# Of one number, in SciPy, without a kink.
VALUES = {
    "Bernoulli": ({"p": 0.3},),
    "Beta": ({"mu": 0.3, "phi": 5.0}, {"mu": 0.9, "phi": 3.0}),
    "Gamma": ({"mu": 2.0, "shape": 0.1}, {"mu": 0.7, "shape": 3.0}, {"mu": 5.0, "shape": 1e4}),
    "InverseGaussian": ({"mu": 0.4, "lam": 0.4}, {"mu": 3.0, "lam": 20.0}),
    "LogNormal": ({"mu": 0.4, "sigma": 0.3},),
    "NegativeBinomial": ({"mu": 2.0, "alpha": 2.0}, {"mu": 300.0, "alpha": 1.0}),
    "Normal": ({"mu": -3.0, "sigma": 0.01}, {"mu": 0.0, "sigma": 40.0}),
    "Poisson": ({"mu": 0.1}, {"mu": 12.0}, {"mu": 5e4}),
    "StudentT": ({"mu": 1.0, "sigma": 0.5, "nu": 3.0}, {"mu": 0.0, "sigma": 2.0, "nu": 40.0}),
    "Weibull": ({"mu": 2.0, "shape": 1.7},),
}
CASES = {f"{name} {i}": (name, v) for name, all_ in VALUES.items() for i, v in enumerate(all_)}
over_cases = pytest.mark.parametrize("case", CASES)


def _at(node: Node, **values: object) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.asarray(evaluate(node, values, numpy_meaning(), numpy_number))


@over_cases
def test_total_and_mean(case: str) -> None:
    """The expected value of 1 is 1, and that of the target SciPy's mean, to the digits the density keeps."""
    name, values = CASES[case]
    family = FAMILIES[name]
    y = Symbol(family.density.target)
    assert float(_at(expectation(as_node(1) + 0 * y, family.density), **values)) == pytest.approx(1)
    found = float(_at(expectation(y, family.density), **values))
    assert found == pytest.approx(float(family(**values).mean), rel=1e-10, abs=1e-13)


@over_cases
def test_distribution_function(case: str) -> None:
    """The tails of a continuous law by integration are SciPy's, each where it is small and where it is near 1."""
    name, values = CASES[case]
    family = FAMILIES[name]
    if family.density.support.discrete:
        with pytest.raises(DensityError, match="not continuous"):
            tail(family.density, above=True)
        return
    law = family(**values)
    p = np.array([1e-12, 1e-3, 0.3, 0.5, 0.7, 0.99])
    y = np.asarray(law.quantile(p))
    columns = {name: np.full(p.size, value) for name, value in values.items()}
    below, above = (_at(f(family.density), y=y, **columns) for f in (log_cdf, log_sf))
    assert np.allclose(below, np.log(p), rtol=2e-9, atol=0)
    assert np.allclose(np.exp(below) + np.exp(above), 1, rtol=1e-13)
    assert np.allclose(above, np.log1p(-p), rtol=2e-9, atol=0)


def test_law_with_an_atom() -> None:
    """An expectation over a law with an atom at 0 counts it once."""
    from neglog.math import log, log1p, where

    @nl.family(y=nl.ZeroOrPositive(), w=nl.UnitInterval(), rate=nl.Positive())
    def ZeroOrExponential(y: object, w: object, rate: object) -> object:
        return where(y == 0, log(w), log1p(-w) + log(rate) - rate * y)  # type: ignore[operator]  # traced values compare

    density = ZeroOrExponential.density
    y = Symbol("y")
    assert float(_at(expectation(y, density), w=0.25, rate=0.5)) == pytest.approx(1.5)
    assert float(_at(expectation(as_node(2) + 0 * y, density), w=0.25, rate=0.5)) == pytest.approx(
        2
    )


def test_vectors_have_no_line() -> None:
    """A target of several numbers is refused."""
    with pytest.raises(DensityError, match="not one number"):
        expectation(as_node(1), nl.Binomial.density)
