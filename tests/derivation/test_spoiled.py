"""Each rule spoiled in turn: a derivation never goes on from a step that does not hold, and it names the step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from derivation.derived import ridge
from symbolic.register import CASES, density

import neglog as nl
from neglog.derivation.derive import derive
from neglog.derivation.rules import RULES
from neglog.derivation.step import Statement, Step
from neglog.derivation.workings import Workings
from neglog.errors import DensityError, DerivationError
from neglog.losses import Dropped
from neglog.symbolic.expression import Node, Number, Symbol, as_node, call
from neglog.symbolic.supports import Positive, Real

Spoil = Callable[[Step], Step]


def each(change: Callable[[Node], Node]) -> Callable[[Statement], Statement]:
    """Spoil every expression of a statement."""
    return lambda line: replace(line, instance=tuple(map(change, line.instance)))


def minus_sign(node: Node) -> Node:
    """Lose a sign; where there is nothing to lose it from, add one instead."""
    return as_node(1) if node == Number(as_node(0).value) else call("neg", node)


WRONG: dict[str, Callable[[Statement], Statement]] = {
    "a lost sign": each(minus_sign),
    "a factor 2": each(lambda node: call("mul", as_node(2), call("add", node, as_node(1e-9)))),
    "one too many": each(lambda node: call("add", node, as_node(1))),
    "a lost entry": lambda line: replace(line, instance=line.instance[:-1]),
    "a doubled entry": lambda line: replace(line, instance=(*line.instance, line.instance[-1])),
}


def spoiled(rule: str, spoil: Spoil, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one rule return a spoiled step."""
    original = RULES[rule]
    monkeypatch.setitem(RULES, rule, lambda w: spoil(original(w)))


def fails_at(rule: str, case: str = "Normal", points: int = 12, flat: bool = False) -> str:
    """Derive, and return the message of the error that must name the rule."""
    # Only ordered classes have ends.
    declared, modelled = (nl.Ordinal.density, None) if rule == "ends" else CASES[case]
    with pytest.raises(DerivationError) as caught:
        derive(
            declared,
            modelled=modelled,
            prior=ridge(2.0) if declared.name == "Normal" and not flat else None,
            points=points,
        )
    assert caught.value.step == rule
    assert f"'{rule}'" in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("wrong", WRONG)
def test_spoiled_line(rule: str, wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sign, a factor, a constant or an entry lost by any rule stops the derivation at that rule."""
    spoiled(rule, lambda step: replace(step, after=WRONG[wrong](step.after)), monkeypatch)
    message = fails_at(rule)
    assert len(message) < 700


DROPPING = ("prior", "condition", "constants", "penalty")


@pytest.mark.parametrize("rule", DROPPING)
def test_lost_constant(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A term or factor dropped without being named stops the derivation, whichever it is."""
    count = {"constants": 3}.get(rule, 1)
    for lost in range(count):
        with monkeypatch.context() as patch:
            spoiled(
                rule,
                lambda s, i=lost: replace(s, dropped=s.dropped[:i] + s.dropped[i + 1 :]),
                patch,
            )  # type: ignore[misc]  # a default binds the number
            fails_at(rule, flat=rule == "constants")  # weighed against a prior the factor is kept


@pytest.mark.parametrize("rule", ["gradient", "hessian"])
def test_spoiled_computed_form(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A compiled derivative that is not the one shown stops the derivation at its step."""

    def spoil(step: Step) -> Step:
        assert step.computed is not None
        return replace(step, computed=WRONG["one too many"](step.computed))

    spoiled(rule, spoil, monkeypatch)
    fails_at(rule, {"gradient": "Bernoulli", "hessian": "InverseGaussian"}[rule], points=60)


@pytest.mark.parametrize("rule", ["stable", "gradient", "hessian"])
def test_spoiled_complete_loss(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong complete loss, which is what is compiled, stops the derivation though it is not printed there."""

    def spoil(step: Step) -> Step:
        wrong = tuple(
            replace(
                also,
                after=tuple(
                    call("mul", as_node(2), call("add", n, as_node(1))) for n in also.after
                ),
            )
            for also in step.unprinted
        )
        return replace(step, unprinted=wrong)

    spoiled(rule, spoil, monkeypatch)
    fails_at(rule)


def test_constant_lost_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """A constant that a rule forgets to hand on is missed where the complete loss is put together."""
    original = RULES["constants"]

    def forgetful(w: Workings) -> Step:
        step = original(w)
        w.constant = w.constant.args[0]
        return step

    monkeypatch.setitem(RULES, "constants", forgetful)
    fails_at("stable")


@pytest.mark.parametrize("rule", ["gradient", "hessian", "chain", "curvature"])
@pytest.mark.parametrize("case", ["Normal: mu and sigma", "Categorical"])
@pytest.mark.parametrize("wrong", ["a lost sign", "a lost entry"])
def test_spoiled_vector(rule: str, case: str, wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So do an entry and a sign lost from the vectors of several parameters and of classes."""
    spoiled(rule, lambda step: replace(step, after=WRONG[wrong](step.after)), monkeypatch)
    fails_at(rule, case)


def test_swapped_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Derivatives of two parameters in the wrong order are found out."""
    spoiled(
        "gradient",
        lambda step: replace(step, after=replace(step.after, instance=step.after.instance[::-1]), computed=None),
        monkeypatch,
    )  # fmt: skip
    fails_at("gradient", "Normal: mu and sigma")


@pytest.mark.parametrize("kind", ["term", "factor"])
def test_dropping_what_moves(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that depends on a raw prediction may be dropped, even where the arithmetic is right."""

    def spoil(step: Step) -> Step:
        if kind == "term":
            moved = replace(
                step.after, instance=(call("sub", step.after.instance[0], Symbol("eta")),)
            )
        else:
            moved = replace(
                step.after, instance=(call("div", step.after.instance[0], Symbol("eta")),)
            )
        own = Dropped(kind, Symbol("eta"), "it looks small")
        return replace(step, after=moved, dropped=(*step.dropped, own))

    spoiled("constants", spoil, monkeypatch)
    assert "eta was dropped although it depends on eta" in fails_at("constants")


def test_dropping_a_negative_factor(monkeypatch: pytest.MonkeyPatch) -> None:
    """A factor that can be negative may not be dropped: it would turn the minimum into a maximum."""

    def spoil(step: Step) -> Step:
        turned = replace(step.after, instance=(call("neg", step.after.instance[0]),))
        return replace(
            step,
            after=turned,
            dropped=(*step.dropped, Dropped("factor", as_node(-1), "a constant")),
        )

    spoiled("constants", spoil, monkeypatch)
    assert "negative" in fails_at("constants")


WRONG_DENSITIES = {
    "half a Normal": (
        "-y**2/(2*s**2) - log(s) - log(2*pi)/2",
        Positive(),
        "integrates to 0.5, not 1",
    ),
    "a lost constant": ("-((y - s)**2)/2", Real(), "integrates to 2.50663, not 1"),
    "a lost sign": ("(y - s)**2/2 - log(2*pi)/2", Real(), "integrates to infinity, not 1"),
}


@pytest.mark.parametrize(
    ("text", "target", "message"), WRONG_DENSITIES.values(), ids=WRONG_DENSITIES
)
def test_what_is_no_density(text: str, target: object, message: str) -> None:
    """A density that does not integrate to 1 is refused with its integral."""
    parameter = Positive() if "log(s)" in text else Real()
    with pytest.raises(DensityError, match=message):
        derive(density("Wrong", text, target, s=parameter), points=12)  # type: ignore[arg-type]  # a support
