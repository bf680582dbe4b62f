"""Laws of kernels whose target has fields."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import neglog as nl
from neglog.errors import DataError, SupportError, UsageError
from neglog.kernels import Kernel
from neglog.kernels.lowering import lower
from neglog.kernels.plan import Plan
from neglog.math import inf, log, log1mexp, pi, where

# What loses digits at an infinite end is another matter, and measured elsewhere.
pytestmark = pytest.mark.filterwarnings("ignore::neglog.errors.AccuracyWarning")


@nl.family(y=nl.RealVector(2), a=nl.Real(), b=nl.Real(), r=nl.Real())
def Pair(y: Any, a: Any, b: Any, r: Any) -> Any:
    """A normal number, and a second that depends on it."""
    return -((y[0] - a) ** 2) / 2 - (y[1] - b - r * y[0]) ** 2 / 2 - log(2 * pi)


@nl.family(y=nl.Event(), rate=nl.Positive())
def Waiting(y: Any, rate: Any) -> Any:
    """Exponential times, some seen only until the event had not happened yet."""
    return y.event * log(rate) - rate * y.time


@nl.family(y=nl.Interval(nl.Positive()), rate=nl.Positive())
def Between(y: Any, rate: Any) -> Any:
    """Exponential times known up to an interval."""
    inside = log1mexp(rate * (y.upper - y.lower)) - rate * y.lower
    exact = log(rate) - rate * y.lower
    return where(y.upper > 1e30, -rate * y.lower, where(y.lower == y.upper, exact, inside))


FAMILIES = {
    "RealVector": (Pair, ("a", "b", "r")),
    "CountOf": (nl.Binomial, ("p",)),
    "Event": (Waiting, ("rate",)),
    "Interval": (Between, ("rate",)),
}


def sample(name: str, n: int = 300) -> tuple[Kernel, Any, Any]:
    """Return a kernel, targets and raw predictions."""
    family, modelled = FAMILIES[name]
    random = np.random.default_rng(4)
    kernel = nl.compile(family, modelled=modelled)
    y = family.target.points(random, n)
    raw = random.normal(size=(n, len(modelled)))
    return kernel, y, raw[:, 0] if len(modelled) == 1 else raw


@pytest.mark.parametrize("name", FAMILIES)
def test_values_are_those_of_the_density(name: str) -> None:
    """A kernel computes minus the log-density at the parameters, on both scales."""
    kernel, y, raw = sample(name)
    inverse = {"p": lambda x: 1 / (1 + np.exp(-x)), "rate": np.exp}
    columns = raw.reshape(len(y), -1).T
    parameters = {
        n: inverse.get(n, lambda x: x)(c) for n, c in zip(kernel.names, columns, strict=True)
    }
    law = FAMILIES[name][0](**parameters)
    np.testing.assert_allclose(kernel.value(y, raw), -law.log_prob(y), rtol=1e-9, atol=1e-300)
    response = np.stack(list(parameters.values()), axis=-1)
    response = response[:, 0] if response.shape[1] == 1 else response
    np.testing.assert_allclose(
        kernel.value(y, response, scale="response"), -law.log_prob(y), rtol=1e-9, atol=1e-300
    )


@pytest.mark.parametrize("name", FAMILIES)
def test_fields_mean_the_same_in_every_form(name: str) -> None:
    """Array of either order, tuple, mapping, float32 columns, both engines: the same numbers."""
    kernel, y, raw = sample(name)
    expected = kernel.evaluate(y, raw, order=2)
    names = [field for field, _ in FAMILIES[name][0].target.fields]
    columns = [y[:, i] for i in range(y.shape[1])]
    forms = [
        np.asfortranarray(y),
        y.tolist(),
        tuple(columns),
        dict(zip(names, columns, strict=True)),
    ]
    for form in forms:
        again = kernel.evaluate(form, raw, order=2)
        np.testing.assert_array_equal(again.value, expected.value)
        np.testing.assert_array_equal(again.hessian, expected.hessian)
    compiled = kernel.evaluate(y, raw, order=2, engine="numba")
    for ours, theirs in zip(compiled, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14)
    total = kernel.total(y, raw, sample_weight=np.full(len(y), 2.0))
    np.testing.assert_allclose(total, 2 * expected.value.sum(), rtol=1e-12)


@pytest.mark.parametrize("name", FAMILIES)
def test_one_row_is_one_number(name: str) -> None:
    """The fields of one row and a number go in, a number comes out; one target serves a whole curve."""
    kernel, y, raw = sample(name, 40)
    one = kernel.value(tuple(y[0]), raw[0])
    assert isinstance(one, float)
    np.testing.assert_allclose(kernel.value(y[0], raw)[0], one, rtol=1e-15)
    assert kernel.value(y[0], raw).shape == (40,)


@pytest.mark.parametrize("name", FAMILIES)
def test_derivatives_are_those_of_the_value(name: str) -> None:
    """Central differences of the value are the gradient, of the gradient the Hessian."""
    kernel, _, raw = sample(name)
    y = FAMILIES[name][0].target.points(np.random.default_rng(5), len(raw))
    tame = np.all(~np.isfinite(y) | (np.abs(y) < 50), axis=1)
    y, raw = y[tame], raw[tame].reshape(tame.sum(), -1)
    k, h = raw.shape[1], 1e-5
    found = kernel.evaluate(y, raw, order=2)
    gradient = found.gradient.reshape(len(y), k)
    hessian = found.hessian.reshape(len(y), -1)
    for i in range(k):
        step = h * np.eye(k)[i]
        slope = (kernel.value(y, raw + step) - kernel.value(y, raw - step)) / (2 * h)
        np.testing.assert_allclose(gradient[:, i], slope, rtol=1e-5, atol=1e-6)
        up, down = (kernel.gradient(y, raw + s * step).reshape(len(y), k) for s in (1, -1))
        packed = [i * k - i * (i - 1) // 2 + j - i for j in range(i, k)]
        np.testing.assert_allclose(
            hessian[:, packed], (up - down)[:, i:] / (2 * h), rtol=1e-4, atol=1e-5
        )


def test_plans_are_plain_data() -> None:
    """A plan of several columns, infinities included, survives JSON."""
    plan = sample("Interval")[0].plan
    assert plan.targets == ("y0", "y1")
    assert Plan.from_json(plan.to_json()) == plan


@pytest.mark.parametrize("engine", ["numpy", "numba"])
@pytest.mark.parametrize(
    ("name", "row", "message"),
    [
        ("CountOf", (3.5, 10), r"y\.k is 3\.5 in row 1 .*whole number"),
        ("CountOf", (3, 2), r"y\.k is 3\.0 in row 1 .*must not exceed y\.n, which is 2\.0"),
        ("CountOf", (0, 0), r"y\.n is 0\.0 in row 1 .*whole number 1, 2, 3"),
        ("Event", (-1.0, 1), r"y\.time is -1\.0 in row 1 .*greater than 0"),
        ("Event", (1.0, 2), r"y\.event is 2\.0 in row 1 .*0 or 1"),
        ("Event", (np.nan, 1), r"y\.time is nan in row 1"),
        ("Interval", (2.0, 1.0), r"y\.lower is 2\.0 in row 1 .*must not exceed y\.upper"),
        ("Interval", (-1.0, 1.0), r"y\.lower is -1\.0 in row 1"),
        ("RealVector", (0.0, np.inf), r"y\.1 is inf in row 1 .*finite number"),
    ],
)
def test_bad_fields_are_named(engine: str, name: str, row: Any, message: str) -> None:
    """A target outside its set is answered with its field and its row."""
    kernel, y, raw = sample(name)
    y[1] = row
    with pytest.raises(SupportError, match=message):
        kernel.value(y, raw, engine=engine)


def test_wrong_shapes_are_named() -> None:
    """Fields of different lengths, too few of them, and counts too large for float32 are answered in words."""
    kernel, y, raw = sample("CountOf")
    with pytest.raises(UsageError, match="same rows"):
        kernel.value((y[:, 0], y[:5, 1]), raw)
    with pytest.raises(UsageError, match="fields k, n"):
        kernel.value(y[:, 0], raw)
    with pytest.raises(UsageError, match="raw_prediction has 300"):
        kernel.value(y[:10], raw)
    with pytest.raises(DataError, match="not exact in float32"):
        kernel.value((1, 2**25), np.float32(0.3))


def test_infinite_outside_a_support_that_depends_on_a_parameter() -> None:
    """The loss is infinite there, on both engines, without a warning; inside it is what the density says."""

    @nl.family(y=nl.Real(), mu=nl.Real(), s=nl.Positive())
    def Shifted(y: Any, mu: Any, s: Any) -> Any:
        return where(y > mu, -(y - mu) / s - log(s), -inf)

    kernel = nl.compile(Shifted, modelled=("mu", "s"))
    y, raw = np.array([1.0, 2.0, -3.0]), np.array([[0.0, 0.0], [2.5, 0.1], [-4.0, 1.0]])
    expected = [1.0, np.inf, exp_loss(-3.0, -4.0, 1.0)]
    for engine in ("numpy", "numba"):
        found = kernel.evaluate(y, raw, order=2, engine=engine)
        np.testing.assert_allclose(found.value, expected)
        np.testing.assert_allclose(found.gradient[[0, 2], 0], [-1.0, -np.exp(-1.0)])
    assert kernel.total(y, raw) == np.inf
    assert Plan.from_json(lower(kernel.loss).to_json()) == lower(kernel.loss)


def exp_loss(y: float, mu: float, raw: float) -> float:
    """Return the loss of a shifted exponential law."""
    return (y - mu) / np.exp(raw) + raw
