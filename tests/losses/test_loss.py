"""Laws of losses as plain data."""

from __future__ import annotations

import json
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from derivation.derived import derived
from symbolic.register import CASES, DENSITIES
from symbolic.trees import meaning_of

import neglog as nl
from neglog.errors import DensityError, UsageError
from neglog.losses import Loss
from neglog.symbolic.expression import evaluate, free_symbols
from neglog.symbolic.heads import numpy_meaning, numpy_number


@pytest.mark.parametrize("case", CASES)
def test_json_round_trip(case: str) -> None:
    """A loss written as JSON reads back equal: forms, dropped constants, certificates."""
    loss = derived(case).loss
    assert Loss.from_json(json.loads(json.dumps(loss.to_json()))) == loss


@pytest.mark.parametrize("case", CASES)
def test_forms_mention_what_they_may(case: str) -> None:
    """A form mentions the target, its raw predictions and hyperparameters; its constant no raw prediction."""
    loss = derived(case).loss
    raws = {slot.raw for slot in loss.slots}
    allowed = (
        raws
        | {loss.density.target, *loss.hyper}
        | ({"j", "k"} if loss.shape == "classes" else set())
    )
    for form in (loss.complete, loss.textbook):
        for node in (form.value, form.constant, *form.gradient, *form.hessian):
            assert free_symbols(node) <= allowed
        assert not free_symbols(form.constant) & raws


@pytest.mark.parametrize("case", CASES)
def test_shapes(case: str) -> None:
    """There is one slot a modelled parameter, one derivative a slot, one second derivative a pair of slots."""
    loss = derived(case).loss
    modelled = CASES[case][1] or (loss.density.parameters[0].name,)
    k = len(loss.slots)
    assert tuple(slot.parameter for slot in loss.slots) == modelled
    assert (len(loss.complete.gradient), len(loss.complete.hessian)) == (k, k * (k + 1) // 2)
    assert set(loss.hyper) | set(modelled) == {p.name for p in loss.density.parameters}
    own = [c for c in loss.certificates if c.output != "value with its constant"]
    assert len(own) == 1 + k + k * (k + 1) // 2


@pytest.mark.parametrize("case", CASES)
def test_complete_is_textbook_with_what_was_dropped(case: str) -> None:
    """The dropped factors and terms, put back, give the complete loss."""
    loss = derived(case).loss
    if loss.shape == "classes":
        assert not loss.dropped
        return
    random = np.random.default_rng(8)
    for _ in range(8):
        values = {name: mp.mpf(random.uniform(0.2, 3)) for name in loss.hyper}
        values |= {slot.raw: mp.mpf(random.normal()) for slot in loss.slots}
        values[loss.density.target] = mp.mpf(
            1 if loss.density.support.discrete else random.uniform(0.2, 3)
        )
        with mp.workdps(40):
            rebuilt = meaning_of(loss.textbook.value, values)
            for kind in ("factor", "term"):
                for dropped in loss.dropped:
                    amount = meaning_of(dropped.expression, values)
                    if dropped.kind == kind:
                        rebuilt = rebuilt * amount if kind == "factor" else rebuilt + amount
            complete = meaning_of(loss.complete.value, values) + meaning_of(
                loss.complete.constant, values
            )
            assert mp.almosteq(rebuilt, complete, 1e-30)


def test_response_scale_at_certainty() -> None:
    """On the scale of probabilities 0 log 0 is 0: a certain and right prediction costs nothing."""
    response = derived("Bernoulli").loss.response
    values = {"y": np.array([0.0, 1.0, 1.0]), "p": np.array([0.0, 1.0, 0.6])}
    with np.errstate(all="ignore"):
        got = evaluate(response, values, numpy_meaning(), numpy_number)
    assert got[:2].tolist() == [0, 0]
    assert got[2] == pytest.approx(0.5108256237659907)


def test_inverse_links_name_the_parameters() -> None:
    """Each modelled parameter is an expression of its own raw prediction."""
    links = derived("Normal: mu and sigma").loss.inverse_links()
    assert {name: str(node) for name, node in links.items()} == {
        "mu": "eta_mu",
        "sigma": "exp(eta_sigma)",
    }


def damaged(**changes: Any) -> Any:
    """Return the data of a loss with some fields replaced."""
    return derived("Poisson").loss.to_json() | changes


DAMAGED: dict[str, Any] = {
    "hostile formula": damaged(
        complete=derived("Poisson").loss.to_json()["complete"] | {"value": "open('x')"}
    ),
    "unknown name": damaged(
        textbook=derived("Poisson").loss.to_json()["textbook"] | {"value": "exp(theta)"}
    ),
    "no gradient": damaged(complete={"value": "eta", "constant": "0", "hessian": []}),
    "slots of text": damaged(slots=["mu"]),
    "no density": {k: v for k, v in damaged().items() if k != "density"},
    "nothing": {},
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_damaged_data_are_refused(data: Any) -> None:
    """Data that are not those of a loss raise DensityError."""
    with pytest.raises(DensityError):
        Loss.from_json(data)


def test_fixed_values_are_defaults() -> None:
    """A parameter fixed in the density is a hyperparameter with a default."""
    from dataclasses import replace

    loss = derived("Normal").loss
    normal = DENSITIES["Normal"]
    fixed = normal.with_parameter(replace(normal.parameter("sigma"), value=2.5))
    assert replace(loss, density=fixed).hyper_defaults == {"sigma": 2.5}
    assert loss.hyper_defaults == {}


@pytest.mark.parametrize("name", ["quantile", "expectile"])
@pytest.mark.parametrize("tau", [0, 1])
def test_a_level_at_the_end_is_refused(name: str, tau: float) -> None:
    """There the loss pulls to one side only, and a fit would run away."""
    with pytest.raises(UsageError, match="no minimum"):
        nl.loss(name, tau=tau)


@pytest.mark.parametrize("value", [[1, 2], "1", None])
def test_a_hyperparameter_is_one_number(value: object) -> None:
    """A list or a text is refused with the name of the parameter."""
    with pytest.raises(UsageError, match="delta of Huber"):
        nl.loss("huber", delta=value)  # type: ignore[arg-type]  # on purpose


def test_a_loss_is_called_by_a_name() -> None:
    """A number is no name."""
    with pytest.raises(UsageError, match="wants the name"):
        nl.loss(3)  # type: ignore[call-overload]  # on purpose
