"""Every law over every declared loss of the register, and values by hand, in mpmath."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from mpmath import mp, mpf

import neglog as nl
from neglog.errors import AccuracyWarning, UsageError
from neglog.families.register import FAMILIES
from neglog.kernels import Evaluation
from neglog.losses.surrogates.register import SURROGATES
from neglog.testing.findings import run
from neglog.testing.laws import LOSS_LAWS
from neglog.testing.subject import Subject


@functools.cache
def subject(name: str) -> Subject:
    """Return a loss with its exact values, which several laws share."""
    return Subject(SURROGATES[name], points=36, seed=1)


@pytest.mark.parametrize("law", LOSS_LAWS)
@pytest.mark.parametrize("name", SURROGATES)
def test_law(name: str, law: str) -> None:
    """The law holds, or says why it does not apply."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AccuracyWarning)  # the laws measure for themselves
        found = run(subject(name), {law: LOSS_LAWS[law]}, "report").findings[0]
    assert found.verdict != "fails", str(found)


def plus(x: Any) -> Any:
    """Return the positive part."""
    return x if x > 0 else mpf(0)


def sigmoid(x: Any) -> Any:
    """Return the logistic function."""
    return 1 / (1 + mp.exp(-x))


def surprise(y: Any, f: Any) -> Any:
    """Return minus the log-probability of one of three classes with the scores 0, f and 0.3."""
    scores = [mpf(0), f, mpf(0.3)]
    return mp.log(mp.fsum(map(mp.exp, scores))) - scores[int(y)]


# Written by hand: target, raw prediction, hyperparameters -> the loss.
BY_HAND: dict[str, Callable[..., Any]] = {
    "ZeroOne": lambda y, f: mpf((2 * y - 1) * f <= 0),
    "Hinge": lambda y, f: plus(1 - (2 * y - 1) * f),
    "SquaredHinge": lambda y, f: plus(1 - (2 * y - 1) * f) ** 2,
    "Perceptron": lambda y, f: plus(-(2 * y - 1) * f),
    "Exponential": lambda y, f: mp.exp(-(2 * y - 1) * f),
    "ModifiedHuber": lambda y, f: plus(1 - (2 * y - 1) * f) ** 2 if (2 * y - 1) * f >= -1 else -4 * (2 * y - 1) * f,
    "ZeroOneThreshold": lambda y, f, T: mpf(abs(y - f) >= T),
    "Huber": lambda y, f, delta: (y - f) ** 2 / 2 if abs(y - f) <= delta else delta * (abs(y - f) - delta / 2),
    "SmoothL1": lambda y, f, beta: (y - f) ** 2 / (2 * beta) if abs(y - f) < beta else abs(y - f) - beta / 2,
    "PseudoHuber": lambda y, f, delta: delta**2 * (mp.sqrt(1 + ((y - f) / delta) ** 2) - 1),
    "LogCosh": lambda y, f: mp.log(mp.cosh(y - f)),
    "Quantile": lambda y, f, tau: (tau if y > f else tau - 1) * (y - f),
    "Expectile": lambda y, f, tau: (tau if y > f else 1 - tau) * (y - f) ** 2,
    "EpsilonInsensitive": lambda y, f, epsilon: plus(abs(y - f) - epsilon),
    "SquaredEpsilonInsensitive": lambda y, f, epsilon: plus(abs(y - f) - epsilon) ** 2,
    "MeanAbsolutePercentage": lambda y, f: abs(y - f) / y,
    "MeanSquaredLog": lambda y, f: (mp.log(1 + y) - mp.log(1 + mp.exp(f))) ** 2,
    "Brier": lambda y, f: (y - sigmoid(f)) ** 2,
    "Focal": lambda y, f, gamma, alpha: -alpha * sigmoid(-f) ** gamma * mp.log(sigmoid(f))
    if y == 1
    else -(1 - alpha) * sigmoid(f) ** gamma * mp.log(sigmoid(-f)),
    # Of three classes: f is the score of the second, the others are 0 and 0.3.
    "LabelSmoothing": lambda y, f, epsilon: (1 - epsilon) * surprise(y, f)
    + epsilon * sum(surprise(k, f) for k in range(3)) / 3,
    "SoftmaxFocal": lambda y, f, gamma: (1 - mp.exp(-surprise(y, f))) ** gamma * surprise(y, f),
}  # fmt: skip  # one loss a line


@pytest.mark.parametrize("name", SURROGATES)
def test_values_by_hand(name: str) -> None:
    """The kernel's value is the formula of the books, and its derivatives are the formula's where it is smooth."""
    random = np.random.default_rng(3)
    declared, kernel = SURROGATES[name], nl.compile(SURROGATES[name])
    kind = declared.density.support.kind
    for _ in range(40):
        f = float(3 * random.normal())
        labels = {"Binary": 2, "Label": 3}.get(kind)
        y = float(random.integers(labels)) if labels else float(np.exp(random.normal()))
        hyper = {p.name: p.value for p in declared.density.parameters if p.hyper}
        if kind == "Label":
            whole = kernel.evaluate(y, [0.0, f, 0.3], order=2, hyper=hyper)
            found = Evaluation(whole.value, whole.gradient[1], whole.hessian.dense()[0, 1, 1])
        else:
            found = kernel.evaluate(y, f, order=2, hyper=hyper)
        with mp.workdps(60):
            exact = {key: mpf(float(value)) for key, value in hyper.items()}

            def formula(at: Any, y: float = y, exact: dict[str, Any] = exact) -> Any:
                return BY_HAND[name](mpf(y), at, **exact)

            assert abs(found.value - formula(mpf(f))) <= 1e-14 * (1 + abs(found.value))
            near = [formula(mpf(f) + move) for move in (mpf("-1e-6"), mpf(0), mpf("1e-6"))]
            slope = (near[2] - near[0]) / mpf("2e-6")
            bend = (near[2] - 2 * near[1] + near[0]) / mpf("1e-12")
        if abs(bend) < 1e4:  # away from a kink or a step
            assert abs(found.gradient - slope) <= 1e-5 * (1 + abs(slope))
            assert abs(found.hessian - bend) <= 1e-4 * (1 + abs(bend))


def test_no_name_is_claimed_twice() -> None:
    """No name or alias leads to two losses; one that a family has too leads to the family, and the loss bridges to it."""
    names: dict[str, str] = {}
    for each in SURROGATES.values():
        for alias in {"".join(alias.casefold().split()) for alias in (each.name, *each.aliases)}:
            assert alias not in names, (alias, each.name, names[alias])
            names[alias] = each.name
    for family in FAMILIES.values():
        for alias in (family.name, *family.aliases):
            found = names.get("".join(alias.casefold().split()))
            if found is not None:
                bridge = SURROGATES[found].bridge
                assert bridge is not None, (alias, found)
                assert family.name in bridge.law


@pytest.mark.parametrize("name", SURROGATES)
def test_names_lead_to_it(name: str) -> None:
    """A loss is found by its aliases in both languages, and its derivation says what it is."""
    declared = SURROGATES[name]
    assert any(not alias.isascii() for alias in declared.aliases)
    for alias in (declared.name, *declared.aliases):
        assert nl.loss(alias.upper()) is declared
    told = next(step.why for step in nl.derive(declared).steps if step.rule == "declared")
    assert ("No likelihood: a surrogate" in told) == (declared.bridge is None)


def test_conventions_of_other_libraries() -> None:
    """Huber with a large delta is *half* the squared error, smooth L1 is Huber divided by beta, the hinge ends at 1."""
    r = np.linspace(-5, 5, 41)
    huber = nl.compile(nl.loss("huber", delta=1e9)).value(r, 0.0)
    assert np.array_equal(huber, r**2 / 2)
    smooth = nl.compile(nl.loss("smooth l1", beta=0.7)).value(r, 0.0)
    assert np.allclose(
        smooth, nl.compile(nl.loss("huber", delta=0.7)).value(r, 0.0) / 0.7, rtol=1e-14
    )
    assert nl.compile("hinge").value(1, 0.5) == 0.5  # classified correctly, and not yet 0
    assert nl.compile(nl.loss("focal", gamma=0, alpha=0.5)).value(1, 0.3) == pytest.approx(
        nl.compile(nl.Bernoulli).value(1, 0.3) / 2, rel=1e-15
    )


def test_what_is_not_a_loss() -> None:
    """Unknown names and hyperparameters are answered with what there is."""
    with pytest.raises(UsageError, match="Did you mean 'Hinge"):
        nl.loss("hingge")
    with pytest.raises(UsageError, match="delta"):
        nl.loss("huber", dellta=1)
