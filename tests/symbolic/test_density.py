"""Laws of densities as plain data."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from symbolic.register import DENSITIES, density

from neglog.errors import DensityError, UsageError
from neglog.families.family import family
from neglog.math import exp, inf, log, log1p, loggamma, where
from neglog.symbolic.density import Density, Parameter
from neglog.symbolic.supports import (
    Between,
    Count,
    CountOf,
    Event,
    Hyper,
    Interval,
    Positive,
    Real,
    RealVector,
    Support,
    UnitInterval,
)


@pytest.mark.parametrize("declared", DENSITIES.values(), ids=DENSITIES)
def test_json_round_trip(declared: Density) -> None:
    """A density written as JSON reads back equal, in any process, with the same key."""
    back = Density.from_json(json.loads(json.dumps(declared.to_json())))
    assert back == declared
    assert back.key == declared.key


def traced(y: Support, function: Callable[..., Any], **parameters: Support | Hyper) -> Density:
    """Return the density that a decorated function makes."""
    return family(y=y, **parameters)(function).density


def binomial(y: Any, p: Any) -> Any:
    """Use both fields of the target."""
    n = y.n
    return y.k * log(p) + (n - y.k) * log1p(-p) + loggamma(n + 1)


FIELDED: dict[str, Density] = {
    "CountOf": traced(CountOf(), binomial, p=UnitInterval()),
    "Event": traced(Event(), lambda y, mu: y.event * log(mu) - mu * y.time, mu=Positive()),
    "Interval": traced(
        Interval(Positive()),
        lambda y, mu: log(exp(-mu * y.lower) - exp(-mu * y.upper)),
        mu=Positive(),
    ),
    "RealVector": traced(
        RealVector(2),
        lambda y, a, r: -((y[0] - a) ** 2) / 2 - (y[1] - r * y[0]) ** 2,
        a=Real(),
        r=Real(),
    ),
    "Hyper": traced(
        Real(), lambda y, mu, tau: -abs(y - mu) * tau, mu=Real(), tau=Hyper(UnitInterval(), 0.5)
    ),
    "Between": traced(Positive(), lambda y, mu, p: log(mu) * p - y, mu=Positive(), p=Between(1, 2)),
    "cut off": traced(Count().within(1), lambda y, mu: where(y > mu, -y, -inf), mu=Positive()),
    "no likelihood": replace(DENSITIES["Normal"], likelihood=False),
}


@pytest.mark.parametrize("declared", FIELDED.values(), ids=FIELDED)
def test_json_round_trip_of_all_that_can_be_declared(declared: Density) -> None:
    """Fields, hyperparameters, narrowed sets, infinity and the mark of a mere loss survive text and JSON."""
    back = Density.from_json(json.loads(json.dumps(declared.to_json())))
    assert back == declared
    assert back.key == declared.key


def test_keys_tell_densities_apart() -> None:
    """Equal text over another target, or with another mark, is another density."""
    keys = [declared.key for declared in (*FIELDED.values(), *DENSITIES.values())]
    assert len(set(keys)) == len(keys)


def test_targets_are_columns() -> None:
    """A target without fields is one column; fields are columns with dotted names."""
    assert DENSITIES["Normal"].targets == (("y", Real()),)
    assert [name for name, _ in FIELDED["CountOf"].targets] == ["y.k", "y.n"]
    assert FIELDED["RealVector"].text.count("y[0]") == 2


@pytest.mark.parametrize(
    "given",
    [np.array([[1, 2], [3, 4]]), ([1, 3], [2, 4]), {"n": [2, 4], "k": [1, 3]}],
    ids=["array", "tuple", "mapping"],
)
def test_fields_are_passed_in_three_ways(given: Any) -> None:
    """An array [n, m], a tuple of columns and a mapping from fields say the same."""
    columns = FIELDED["CountOf"].columns(given)
    assert {name: list(column) for name, column in columns.items()} == {
        "y.k": [1, 3],
        "y.n": [2, 4],
    }


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.ones(3), "shape"),
        (([1], [2], [3]), "3 columns"),
        ({"k": [1]}, "'n' is missing"),
        ({"k": [1], "m": [2]}, "'m' is none of them"),
    ],
)
def test_wrong_fields_are_named(given: Any, message: str) -> None:
    """What is no target with these fields is answered by how one is passed."""
    with pytest.raises(UsageError, match=message):
        FIELDED["CountOf"].columns(given)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda y, p: y * p, "more than one number"),
        (lambda y, p: y.m * p, "no field 'm'"),
        (lambda y, p: y[0] * p, "no field of the target"),
    ],
)
def test_a_target_with_fields_is_no_number(function: Callable[..., Any], message: str) -> None:
    """A density that takes such a target for a number is told its fields."""
    with pytest.raises(DensityError, match=message):
        traced(CountOf(), function, p=UnitInterval())


def test_hyperparameters_are_never_free() -> None:
    """A hyperparameter is not modelled by default, with a default or without; it is settable and unset until then."""

    @family(y=Real(), mu=Real(), tau=Hyper(UnitInterval()))
    def Pinball(y: Any, mu: Any, tau: Any) -> Any:
        return where(y < mu, (1 - tau) * (y - mu), tau * (mu - y))

    assert Pinball.density.free == ("mu",)
    assert Pinball.density.unset == ("tau",)
    assert Pinball.fix(tau=0.9).density.unset == ()
    assert Pinball.fix(tau=0.9).density.free == ("mu",)
    with pytest.raises(UsageError, match=r"nl\.Hyper is not"):
        Hyper(UnitInterval(), default=2.0)


def test_fixed_values_travel() -> None:
    """A fixed parameter keeps its value; the key knows that it is fixed and not to what."""
    normal = DENSITIES["Normal"]
    fixed = [normal.with_parameter(Parameter("sigma", Positive(), value)) for value in (0.1, 2.0)]
    assert Density.from_json(fixed[0].to_json()) == fixed[0]
    assert fixed[0].free == ("mu",)
    assert fixed[0].key == fixed[1].key != normal.key


def changed(**fields: Any) -> dict[str, Any]:
    """Return the Normal's data with some fields replaced."""
    return DENSITIES["Normal"].to_json() | fields


DAMAGED: dict[str, Any] = {
    "hostile text": changed(log_density='__import__("os").system("true")'),
    "unknown name": changed(log_density="-((y - mu)/sigma)**2*tau"),
    "no text": changed(log_density=None),
    "no target": {k: v for k, v in changed().items() if k != "target"},
    "unknown support": changed(target={"name": "y", "support": "Reel", "classes": ""}),
    "parameters are a string": changed(parameters="mu"),
    "parameter of text": changed(parameters=["mu", "sigma"]),
    "value of text": changed(
        parameters=[
            {"name": "mu", "support": "Real", "link": "identity", "classes": "", "value": "x"}
        ]
    ),
    "not a mapping": [],
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_damaged_data_are_refused(data: Any) -> None:
    """Data that are not those of a density raise DensityError."""
    with pytest.raises(DensityError):
        Density.from_json(data)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("-((y - mu)/sgma)**2", "sgma"),
        ("-mu**2/sigma", "does not depend on its target"),
        ("-(y - mu)**2", "declares 'sigma'"),
    ],
)
def test_names_must_match(text: str, message: str) -> None:
    """A density uses what it declares and declares what it uses."""
    with pytest.raises(DensityError, match=message):
        density("Normal", text, Real(), mu=Real(), sigma=Positive())


@pytest.mark.parametrize("name", ["pi", "y", "mu ", "a-b", "lambda", ""])
def test_names_can_be_written(name: str) -> None:
    """A parameter has a name of its own that density text can hold."""
    with pytest.raises(DensityError):
        Density(
            "Odd",
            DENSITIES["Exponential"].expression,
            "y",
            Positive(),
            (Parameter(name, Positive()),),
        )


def test_unknown_parameter_is_offered_the_nearest() -> None:
    """A parameter that does not exist is answered by the nearest that does."""
    with pytest.raises(UsageError, match="Did you mean 'sigma'"):
        DENSITIES["Normal"].parameter("sigm")
