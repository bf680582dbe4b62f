"""Laws of ordered classes: their derivation, their probabilities where differences lose digits, the laws of the register."""

from __future__ import annotations

from itertools import pairwise

import mpmath as mp
import numpy as np
import pytest

import neglog as nl
from neglog.derivation.derive import derive
from neglog.derivation.verdicts import judge, verdicts
from neglog.errors import DensityError
from neglog.families.register import ORDERED, resolve
from neglog.symbolic.cutpoints import FAR, cutpoints_of, ends_of, row_law
from neglog.symbolic.density import Density, Parameter
from neglog.symbolic.supports import Label, Ordered, Positive, Real
from neglog.symbolic.text import parse, to_text
from neglog.testing import check_family

CUMULATIVE = {"Ordinal": lambda x: 1 / (1 + mp.exp(-x)), "OrdinalProbit": mp.ncdf}


def written(text: str, **others: object) -> Density:
    """Return a density of the class y with cutpoints c and a score m."""
    parameters = {"m": Real(), **others, "c": Ordered("K-1")}
    declared = tuple(Parameter(name, support) for name, support in parameters.items())
    return Density("Own", parse(text, {"y", *parameters}), "y", Label("K"), declared)


@pytest.mark.laws  # one by one they run over the register; here that few do not apply
@pytest.mark.parametrize("name", ORDERED)
def test_every_law_of_families(name: str) -> None:
    """What is asked of a user's family holds for the ordered ones."""
    report = check_family(ORDERED[name], points=36)
    held = [finding for finding in report.findings if finding.verdict == "holds"]
    assert len(held) >= 13


def test_names() -> None:
    """They are found by the names that people use."""
    assert resolve("ordered logit") is resolve("proportional odds") is nl.Ordinal
    assert resolve("ordinal_probit") is nl.OrdinalProbit


@pytest.mark.parametrize("name", CUMULATIVE)
@pytest.mark.parametrize("mu", [0.0, -0.3, 7.5, -38.0])
def test_probabilities_keep_their_digits(name: str, mu: float) -> None:
    """Narrow classes and remote ones: the logarithm of each probability to 1e-13, and the probabilities sum to 1."""
    cuts = [-40.0, -0.5, -0.5 + 2.0**-40, 1.0, 1.25, 30.0]
    law = ORDERED[name](mu=mu, c=cuts)
    with mp.workdps(1200):
        ends = [mp.mpf(0), *(CUMULATIVE[name](mp.mpf(c) - mp.mpf(mu)) for c in cuts), mp.mpf(1)]
        exact = [float(mp.log(b - a)) for a, b in pairwise(ends)]
    found = law.log_prob(np.arange(7.0))

    # -log P is known to one rounding of the cutpoints, which the square of a remote one multiplies.
    np.testing.assert_allclose(found, exact, rtol=1e-13, atol=1e-15)
    assert law.probabilities.sum() == pytest.approx(1.0, abs=1e-15)


def test_ends_of_classes() -> None:
    """Each class has its two cutpoints; beyond the first and the last they are far away; disorder has no gap."""
    found = ends_of(np.array([0.0, 1.5]), np.array([0, 1, 2]))
    np.testing.assert_array_equal(found["lower"], [-FAR, 0.0, 1.5])
    np.testing.assert_array_equal(found["upper"], [0.0, 1.5, FAR])
    assert found["gap"][1] == 1.5
    assert ends_of(np.array([1.0, 0.0]), np.array([1]))["gap"][0] == 0.0


@pytest.mark.parametrize(
    ("text", "gap"),
    [
        ("log(sigmoid(c[y] - m) - sigmoid(c[y - 1] - m))", "log1mexp(c_gap)"),
        ("log(sigmoid((c[y] - m)/s) - sigmoid((c[y - 1] - m)/s))", "log1mexp(c_gap/s)"),
        ("log(sigmoid(m - c[y - 1]) - sigmoid(m - c[y]))", "log1mexp(c_gap)"),
        (
            "log(ndtr(s*(c[y] + m)) - ndtr(s*(c[y - 1] + m)))",
            "log_ndtr_gap(s*(c_upper + m), s*c_gap)",
        ),
    ],
)
def test_differences_are_named(text: str, gap: str) -> None:
    """A difference of two probabilities is written with the gap, whatever stands around the cutpoints."""
    scale = {"s": Positive()} if "s)" in text or "s*" in text.replace("ndtr", "") else {}
    law = row_law(written(text, **scale))
    assert gap in to_text(law.expression)
    values = {"m": 0.3, "s": 1.7, "c_lower": -0.4, "c_upper": 1.1, "c_gap": 1.5}
    from neglog.symbolic.expression import evaluate
    from neglog.symbolic.heads import numpy_meaning, numpy_number

    plain = text.replace("c[y - 1]", "c_lower").replace("c[y]", "c_upper")
    wanted = evaluate(parse(plain, set(values)), values, numpy_meaning(), numpy_number)
    found = evaluate(law.expression, values, numpy_meaning(), numpy_number)
    assert float(found) == pytest.approx(float(wanted), rel=1e-13)


def test_other_uses_of_cutpoints_are_refused() -> None:
    """A row knows the ends of its class only."""
    with pytest.raises(DensityError, match="in no other way"):
        row_law(written("log(sigmoid(c[0] - m) - sigmoid(c[y - 1] - m))"))
    with pytest.raises(DensityError, match="all that an ordinal law knows"):
        row_law(written("y*log(sigmoid(c[y] - m) - sigmoid(c[y - 1] - m))"))
    assert row_law(nl.Poisson.density) is nl.Poisson.density
    assert cutpoints_of(nl.Poisson.density) is None


def test_derivation_prints_its_steps() -> None:
    """The assumption is written with the cutpoints, the loss with the ends; there is no intercept, and it says so."""
    derivation = nl.derive("ordinal")
    by_rule = {step.rule: step for step in derivation.steps}
    assert by_rule["density"].after.text == "-log(sigmoid(c[y] - mu) - sigmoid(c[y - 1] - mu))"
    assert "no intercept" in by_rule["density"].why
    assert any("sums to 1" in note for note in by_rule["density"].notes)
    assert "log1mexp(c_gap)" in by_rule["ends"].after.text
    assert derivation.card.assumptions[0] == "given x the target follows Ordinal(mu, c)"
    assert "ends" not in {step.rule for step in nl.derive("poisson").steps}


def test_a_law_that_does_not_sum_to_1_is_refused() -> None:
    """The sum over the classes is part of the derivation."""
    with pytest.raises(DensityError, match="sums to 2"):
        derive(written("log(2*(sigmoid(c[y] - m) - sigmoid(c[y - 1] - m)))"))


@pytest.mark.parametrize(
    "name",
    [  # the certificate of the normal law, integrals of intervals, is checked in tests/derivation/test_verdicts.py too
        pytest.param(name, marks=pytest.mark.laws if name == "OrdinalProbit" else ())
        for name in ORDERED
    ],
)
def test_convexity_is_proved(name: str) -> None:
    """Logistic and normal laws are log-concave: the loss is convex in the score, with certificates that are checked."""
    found = verdicts(ORDERED[name].density)
    assert found[0].verdict == "proved"
    assert [verdict.verdict for verdict in found[1:]] == (
        ["proved", "proved"] if name == "Ordinal" else ["refuted", "open"]
    )
    assert all(verdict.check() for verdict in found if verdict.verdict != "open")


@pytest.mark.laws
def test_verdicts_ship() -> None:
    """What ships is what is judged anew."""
    assert verdicts(nl.OrdinalProbit.density) == judge(nl.OrdinalProbit.density)


def test_kernel_of_ordered_classes() -> None:
    """A compiled loss takes the score, the ends of the class and their gap."""
    kernel = nl.compile("ordinal")
    assert kernel.names == ("mu", "c_lower", "c_upper", "c_gap")
    rows = [[0.3, -FAR, 0.0, FAR], [0.3, 0.0, 1.5, 1.5], [0.3, 1.5, FAR, FAR]]
    law = nl.Ordinal(mu=0.3, c=[0.0, 1.5])
    np.testing.assert_allclose(kernel.value([0, 1, 2], rows), -law.log_prob([0, 1, 2]), rtol=1e-15)
    assert np.isfinite(kernel.evaluate([0, 1, 2], rows, order=2).hessian).all()
