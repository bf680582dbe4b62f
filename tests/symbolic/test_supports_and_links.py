"""Laws of supports and links: a set holds its own points, and a link goes there and back."""

from __future__ import annotations

import json
from itertools import pairwise

import mpmath as mp
import numpy as np
import pytest
from symbolic.trees import meaning_of

from neglog.errors import UsageError
from neglog.symbolic.expression import Symbol, as_node, substitute
from neglog.symbolic.links import LINKS, link_named
from neglog.symbolic.supports import (
    SUPPORTS,
    Between,
    Count,
    CountOf,
    Counts,
    Event,
    Interval,
    Ordered,
    Positive,
    Real,
    RealVector,
    Support,
)

X = Symbol("x")


VECTORS = ("ClassVector", "Counts", "CountOf", "Event", "Interval", "Ordered", "RealVector")

WRITTEN = (
    *(Support(kind, classes="K") for kind in SUPPORTS if kind not in ("Between", "RealVector")),
    Between(1, 2),
    RealVector(2),
    Interval(Positive()),
    Positive().within(1e-3, 5),
    Real().within(-2),
    Real().within(high=7),
    Count().within(1),
    Count().within(0, 3),
)


@pytest.mark.parametrize("support", WRITTEN, ids=str)
def test_supports_hold_their_points(support: Support) -> None:
    """Every point that a set draws belongs to it, and there are as many as were asked for."""
    points = support.points(np.random.default_rng(1), 500)
    assert len(points) == 500
    assert support.contains(points).all()


@pytest.mark.parametrize("support", WRITTEN, ids=str)
def test_supports_are_read_back(support: Support) -> None:
    """A set that was written as plain data is the same set when it is read, through JSON too."""
    assert Support.from_json(json.loads(json.dumps(support.to_json()))) == support


@pytest.mark.parametrize("support", [s for s in WRITTEN if s.kind not in VECTORS], ids=str)
def test_supports_end_where_they_say(support: Support) -> None:
    """Nothing beyond the bounds belongs to a set, and neither does NaN or infinity."""
    low, high = support.bounds
    outside = [value for value in (low - 1, high + 1, np.nan, np.inf, -np.inf) if value != 0]
    assert not support.contains(np.array(outside, dtype=float)).any()


@pytest.mark.parametrize(
    ("kind", "value", "belongs"),
    [
        ("Positive", 0.0, False),
        ("Positive", 5e-324, True),
        ("NonNegative", 0.0, True),
        ("NonNegative", -0.0, True),
        ("UnitInterval", 1.0, True),
        ("Binary", 0.3, True),
        ("Count", 2.5, False),
        ("Count", -1.0, False),
        ("Label", 0.0, True),
    ],
)
def test_edges_of_supports(kind: str, value: float, belongs: bool) -> None:
    """The edges of a set are in it or not, as its sentence says."""
    assert Support(kind).contains(np.array([value]))[0] == belongs


@pytest.mark.parametrize(
    ("support", "value", "belongs"),
    [
        (CountOf(), (0, 1), True),
        (CountOf(), (3, 2), False),
        (CountOf(), (0, 0), False),
        (CountOf(), (1.5, 2), False),
        (Event(), (0.0, 1), False),
        (Event(), (2.0, 0), True),
        (Event(), (2.0, 0.5), False),
        (Event(), (np.inf, 0), False),
        (Interval(), (1.0, 1.0), True),
        (Interval(), (2.0, 1.0), False),
        (Interval(), (-np.inf, 1.0), True),
        (Interval(), (1.0, np.inf), True),
        (Interval(), (np.inf, np.inf), False),
        (Interval(), (np.nan, 1.0), False),
        (Interval(Positive()), (0.0, 1.0), True),
        (Interval(Positive()), (0.0, 0.0), False),
        (Interval(Positive()), (-1.0, 1.0), False),
        (RealVector(2), (1.0, np.inf), False),
        (Counts("K"), (0, 0), False),
        (Ordered("K-1"), (1.0, 1.0), False),
    ],
)
def test_edges_of_supports_with_columns(
    support: Support, value: tuple[float, float], belongs: bool
) -> None:
    """A row of several columns is in a set or not as a whole."""
    assert support.contains(np.array([value], dtype=float)).tolist() == [belongs]


def test_narrowed_sets_are_narrowed_further() -> None:
    """Cutting off twice leaves what both leave, and cutting off everything is refused."""
    support = Positive().within(1, 9).within(0.5, 4)
    assert support.bounds == (1.0, 4.0)
    with pytest.raises(UsageError, match="Nothing of"):
        support.within(5, 6)
    with pytest.raises(UsageError, match="no set of numbers"):
        CountOf().within(0, 1)


@pytest.mark.parametrize("name", [name for name in LINKS if name != "softmax"])
@pytest.mark.parametrize("raw", ["-30", "-1.3", "0", "0.4", "12"])
def test_links_go_there_and_back(name: str, raw: str) -> None:
    """A raw prediction that became a parameter becomes the same raw prediction again."""
    link = LINKS[name]
    there_and_back = link.forward(link.inverse(X))
    with mp.workdps(60):
        assert mp.almosteq(
            meaning_of(there_and_back, {"x": mp.mpf(raw)}), mp.mpf(raw), 1e-40, 1e-40
        )


@pytest.mark.parametrize("name", [name for name in LINKS if name != "softmax"])
def test_links_increase(name: str) -> None:
    """A larger raw prediction is a larger parameter."""
    values = [meaning_of(LINKS[name].inverse(X), {"x": mp.mpf(v)}) for v in range(-20, 20)]
    assert all(a < b for a, b in pairwise(values))


def test_softmax_goes_there_and_back_up_to_a_constant() -> None:
    """The scores of a class vector come back shifted by one common number, and the vector sums to 1."""
    link, scores = LINKS["softmax"], [mp.mpf(v) for v in (-2, "0.5", 30)]
    with mp.workdps(40):
        p = [meaning_of(link.parameter(X, as_node(k)), {"x": scores}) for k in range(3)]
        back = [
            meaning_of(substitute(link.forward(X), {"x": Symbol("p")}), {"p": value}) for value in p
        ]
        assert mp.almosteq(mp.fsum(p), 1)
        shifts = [a - b for a, b in zip(scores, back, strict=True)]
        assert all(mp.almosteq(shift, shifts[0]) for shift in shifts)


def test_unknown_link_is_offered_the_nearest() -> None:
    """A link that does not exist is answered by the nearest that does."""
    with pytest.raises(UsageError, match="Did you mean 'logit'"):
        link_named("logitt")
