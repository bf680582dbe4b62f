"""Laws of densities as plain data."""

from __future__ import annotations

import json
from typing import Any

import pytest
from symbolic.register import DENSITIES, density

from neglog.errors import DensityError, UsageError
from neglog.symbolic.density import Density, Parameter
from neglog.symbolic.supports import Positive, Real


@pytest.mark.parametrize("declared", DENSITIES.values(), ids=DENSITIES)
def test_json_round_trip(declared: Density) -> None:
    """A density written as JSON reads back equal, in any process, with the same key."""
    back = Density.from_json(json.loads(json.dumps(declared.to_json())))
    assert back == declared
    assert back.key == declared.key


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
