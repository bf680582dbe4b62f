"""A parameter that is held at the end of its range: the complete loss is that of the law's limit, to its last digits."""

import mpmath as mp
import numpy as np
import pytest

import neglog as nl
from neglog.derivation.points import inside_gamma
from neglog.families.family import Family
from neglog.families.register import FAMILIES
from neglog.symbolic.heads import mpmath_meaning
from neglog.symbolic.tape import Tape

# Tweedie's sum is no function that is differenced.
HELD = [
    (name, parameter)
    for name, family in FAMILIES.items()
    if name != "Tweedie"
    for parameter in sorted(inside_gamma(family.density) & set(family.density.free[1:]))
]
TARGETS = {"NegativeBinomial": [0.0, 1.0, 3.0, 40.0], "Beta": [0.1, 0.5, 0.97]}


def exact(density, row):
    """Return the negative log-density in 700 digits."""
    tape = Tape([density.expression])
    with mp.workdps(700):
        (found,) = tape.run(
            {name: mp.mpf(value) for name, value in row.items()},
            mpmath_meaning(),
            lambda v: mp.mpf(v.numerator) / v.denominator,
        )
        return float(-found)


def test_there_are_such_families():
    """The law below speaks of these."""
    assert {name for name, _ in HELD} == {"NegativeBinomial", "StudentT", "Gamma", "Beta"}


@pytest.mark.parametrize("held", [1e-8, 1e-3, 1.0, 1e6, 1e10, 1e16, 1e100, 1e-16, 1e-100])
@pytest.mark.parametrize(("name", "parameter"), HELD)
def test_the_complete_loss_keeps_its_digits(name: str, parameter: str, held: float) -> None:
    """Value with its constants, at targets near and far, against 700 digits."""
    if name == "Beta" and held < 1e-8:
        pytest.skip("a Beta law of such a phi is two points")
    family = FAMILIES[name]
    density = family.density
    kernel = nl.compile(family)
    y = np.array(TARGETS.get(name, [0.03, 1.0, 1.3, 40.0]))
    raw = np.array([-1.5, 0.0, 0.2, 2.0])[: len(y)]
    others = {each: 1.7 for each in density.free[1:] if each != parameter}
    found = kernel.value(y, raw, hyper={parameter: held, **others})
    first = density.free[0]
    link = density.parameter(first).link
    for i in range(len(y)):
        with mp.workdps(700):
            inverse = {"identity": mp.mpf, "log": mp.exp, "logit": lambda x: 1 / (1 + mp.exp(-x))}
            mean = inverse[link.name](mp.mpf(float(raw[i])))
        row = {density.target: float(y[i]), first: mean, parameter: held, **others}
        want = exact(density, row)
        # phi times the relative entropy of mu and y is not yet named as what it is: its terms are as large as phi.
        rounding = 1e-15 * max(1.0, held) if name == "Beta" else 1e-14
        assert found[i] == pytest.approx(want, rel=2e-13, abs=rounding), (y[i], raw[i])


@pytest.mark.parametrize(
    ("near", "limit"),
    [
        (nl.NegativeBinomial.fix(alpha=1e-14), nl.Poisson),
        (nl.NegativeBinomial.fix(alpha=1e-300), nl.Poisson),
        (nl.StudentT.fix(nu=1e14), nl.Normal),
    ],
    ids=["NB2, 1e-14", "NB2, 1e-300", "Student t"],
)
def test_a_fit_at_the_end_is_the_fit_of_the_limit(near: Family, limit: Family) -> None:
    """Coefficients, standard errors and log-likelihood are those of the law that the family becomes."""
    random = np.random.default_rng(4)
    x = random.normal(size=100)
    y = random.poisson(np.exp(1 + 0.4 * x)).astype(float)
    data = {"x": x, "y": y + (0.5 * random.normal(size=100) if limit is nl.Normal else 0)}
    model, expected = (nl.fit("y ~ x", data, family=family) for family in (near, limit))
    assert model.llf == pytest.approx(expected.llf, rel=1e-12)
    np.testing.assert_allclose(
        list(model.params.values()), list(expected.params.values()), rtol=1e-7
    )
    np.testing.assert_allclose(
        model.table.standard_errors, expected.table.standard_errors, rtol=1e-7
    )
