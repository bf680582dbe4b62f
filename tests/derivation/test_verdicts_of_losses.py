"""Verdicts of declared losses: what a theorem says, what sampled differences of the textbook's formula say, what ships.

The expectation of every loss stands here with its reason, none of it from the judge. Each is held against difference
quotients of the formula written by hand in mpmath: a property that is refuted must be violated at a sampled point, one
that is proved must not, and its constant must be kept.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest
from laws.test_every_loss import BY_HAND
from mpmath import mp, mpf

import neglog as nl
from neglog.derivation.verdicts import judge
from neglog.derivation.verdicts.shipped import shipped_verdicts
from neglog.losses.surrogates.register import SURROGATES
from neglog.math import log, mean_log, sqrt

INF = mpf("inf")


class Known(NamedTuple):
    """What is known of a loss in its raw prediction, at its default hyperparameters.

    Attributes
    ----------
    convex : bool
        Whether it is convex.
    slope, curvature : float
        Least Lipschitz constants of the loss and of its slope; infinite where there is none.
    why : str
        Reason, and where it is told.
    """

    convex: bool
    slope: float
    curvature: float
    why: str


KNOWN = {
    "ZeroOne": Known(False, INF, INF, "a step; Bartlett, Jordan, McAuliffe, JASA 101 (2006), 1"),
    "Hinge": Known(True, 1, INF, "a maximum of two lines, with a kink at margin 1; Shalev-Shwartz, Ben-David (2014), 12.3"),
    "SquaredHinge": Known(True, INF, 2, "the square of a convex function that is not negative"),
    "Perceptron": Known(True, 1, INF, "a maximum of two lines; Shalev-Shwartz, Ben-David (2014), 12.3"),
    "Exponential": Known(True, INF, INF, "exp of a line; Friedman, Hastie, Tibshirani, Ann. Stat. 28 (2000)"),
    "ModifiedHuber": Known(True, 4, 2, "squared hinge, tangent below margin -1; Zhang, ICML (2004)"),
    "ZeroOneThreshold": Known(False, INF, INF, "two steps"),
    "Huber": Known(True, 1.35, 1, "its slope is r clipped to [-delta, delta]; Huber, Ann. Math. Stat. 35 (1964)"),
    "SmoothL1": Known(True, 1, 1, "Huber's loss divided by its delta, beta = 1"),
    "PseudoHuber": Known(True, 1, 1, "slope x/sqrt(1 + x^2), curvature (1 + x^2)^(-3/2), x = r/delta; Charbonnier (1994)"),
    "LogCosh": Known(True, 1, 1, "slope tanh(r), curvature 1/cosh(r)^2"),
    "Quantile": Known(True, 0.5, INF, "a maximum of two lines of slopes tau and tau - 1; Koenker, Bassett (1978)"),
    "Expectile": Known(True, INF, 1, "two halves of parabolas, 2 max(tau, 1 - tau); Newey, Powell (1987)"),
    "EpsilonInsensitive": Known(True, 1, INF, "a maximum of three lines; Vapnik (1995)"),
    "SquaredEpsilonInsensitive": Known(True, INF, 2, "the square of a convex function that is not negative"),
    "MeanAbsolutePercentage": Known(True, INF, INF, "|r| divided by y, which may be as small as one likes"),
    "MeanSquaredLog": Known(
        False, INF, INF,
        "of z = log(1 + f), 1 + f = 1 + exp(eta): curvature 2 s (s - (log(1 + y) - z)(1 - s)), s = sigmoid(eta), which falls"
        " without end as y grows; the slope tends to 2 eta",
    ),
    "Brier": Known(False, 8 / 27, 0.1541, "slope 2 p^2 (1 - p), largest at p = 2/3; curvature 2 p^2 (1 - p)(2 - 3 p)"),
    "Focal": Known(
        False, 1.02, 1.01,
        "-(1 - p)^2 log p bends down where p is small: least curvature -0.047 at weight 1; slope at most weight times"
        " 2/e + 1; Lin et al., ICCV (2017)",
    ),
}  # fmt: skip  # one loss an entry

TARGETS = {
    "Binary": (0, 1),
    "Real": ("-4", "0", "0.5", "1e6"),
    "Positive": ("1e-6", "0.5", "4", "1e6"),
    "NonNegative": ("0", "0.5", "64", "1e3000"),
}
MOST = 1000  # a quotient beyond it speaks against a constant


def quotients(name: str) -> tuple[list[object], list[object]]:
    """Return first and second difference quotients of a loss at ordinary places, far out, and around its kinks."""
    density = SURROGATES[name].density
    hyper = {p.name: mpf(p.value) for p in density.parameters if p.hyper}
    first, second = [], []
    with mp.workdps(80):
        h = mpf("1e-8")
        for target in TARGETS[density.support.kind]:
            y = mpf(target)
            kinks = [y, mpf(1), mpf(-1), *(y + s * v for v in hyper.values() for s in (1, -1))]
            if density.support.kind == "Binary":
                kinks.append(mpf(0))
            ordinary = [mpf(k) / 8 for k in range(-96, 97)] + [mpf(s) * 10**6 for s in (1, -1)]
            for at in (*ordinary, *(k for k in kinks if abs(k) < 1e9)):
                low, here, high = (BY_HAND[name](y, at + k * h, **hyper) for k in (-1, 0, 1))
                first.append((high - here) / h)
                second.append((low - 2 * here + high) / h**2)
    return first, second


def test_every_loss_is_here() -> None:
    """Every loss of one raw prediction has its expectation."""
    assert set(KNOWN) == {name for name in BY_HAND if SURROGATES[name].target.kind != "Label"}


@pytest.mark.parametrize("name", KNOWN)
def test_what_is_known_is_what_differences_say(name: str) -> None:
    """Sampled quotients keep the constants of what holds, come near them, and violate what does not hold."""
    known = KNOWN[name]
    first, second = quotients(name)
    assert (min(second) >= -1e-9) == known.convex
    for constant, found in ((known.slope, first), (known.curvature, second)):
        largest = max(map(abs, found))
        if constant == INF:
            assert largest > MOST
        else:
            assert largest <= constant * (1 + mpf("1e-6")) + mpf("1e-6")


@pytest.mark.parametrize("name", KNOWN)
def test_what_is_known_ships(name: str) -> None:
    """The verdicts that ship for a declared loss are those known, none is open, and the checker accepts each."""
    density, known = SURROGATES[name].density, KNOWN[name]
    shipped = shipped_verdicts(density, density.free[:1])
    assert shipped is not None
    holds = (known.convex, known.slope < INF, known.curvature < INF)
    assert [v.verdict for v in shipped] == ["proved" if h else "refuted" for h in holds]
    assert all(verdict.check() for verdict in shipped)


# Minutes together; the others are judged anew in `make laws`.
QUICK = ("Hinge", "ModifiedHuber", "Quantile", "Huber")


@pytest.mark.parametrize(
    "name",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.laws) for name in KNOWN],
)
def test_shipped_verdicts_are_found_again(name: str) -> None:
    """Judging a loss anew gives the verdicts that ship."""
    density = SURROGATES[name].density
    shipped = shipped_verdicts(density, density.free[:1])
    found = judge(density, density.free[:1])
    assert [(v.property, v.verdict) for v in found] == [(v.property, v.verdict) for v in shipped]


@pytest.mark.parametrize(
    ("name", "verdict", "says"),
    [
        ("LabelSmoothing", "proved", "the variance of the direction"),
        ("SoftmaxFocal", "refuted", "least second derivative found -0.0472, at 3.847"),
    ],
)
def test_losses_of_classes_are_judged(name, verdict, says):
    """Label smoothing is convex in all scores; focal loss is not, of two classes already, and has its known dip."""
    density = SURROGATES[name].density
    (found,) = judge(density)
    assert shipped_verdicts(density, ("p",)) == (found,)
    assert (found.property, found.verdict) == ("convex in eta jointly", verdict)
    assert says in found.statement
    assert found.check()


def test_a_smoothing_that_rewards_doubt_is_not_called_convex():
    """A multiple of the mean excess that outweighs the observed class turns the curvature round, and nothing is proved."""

    @nl.loss(y=nl.Label("K"), p=nl.ClassVector("K"))
    def Turned(y, p):
        return -log(p[y]) + 2 * mean_log(p)

    (found,) = judge(Turned.density)
    assert found.verdict != "proved"


@pytest.mark.parametrize(("factor", "verdict"), [(2.0, "constant 2"), (2e3, "constant 2000")])
def test_a_large_constant_is_no_counterexample(factor: float, verdict: str) -> None:
    """A slope of 2000 everywhere is a constant of 2000."""

    @nl.loss(y=nl.Real(), f=nl.Real())
    def Steep(y, f):
        return factor * abs(y - f)

    found = judge(Steep.density)[1]
    assert found.verdict == "proved"
    assert verdict in found.statement


def test_what_is_neither_shown_nor_endless_is_open() -> None:
    """No constant up to 1000 is no proof that there is none."""

    @nl.loss(y=nl.Real(), f=nl.Real())
    def Steep(y, f):
        return 2e3 * (sqrt(1 + (y - f) ** 2) - 1)

    assert judge(Steep.density)[1].verdict in ("open", "proved")
    assert judge(SURROGATES["Exponential"].density)[1].verdict == "refuted"
