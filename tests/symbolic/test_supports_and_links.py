"""Laws of supports and links: a set holds its own points, and a link goes there and back."""

from __future__ import annotations

from itertools import pairwise

import mpmath as mp
import numpy as np
import pytest
from symbolic.trees import meaning_of

from neglog.errors import UsageError
from neglog.symbolic.expression import Symbol, as_node, substitute
from neglog.symbolic.links import LINKS, link_named
from neglog.symbolic.supports import SUPPORTS, Support

X = Symbol("x")


@pytest.mark.parametrize("kind", SUPPORTS)
def test_supports_hold_their_points(kind: str) -> None:
    """Every point that a set draws belongs to it, and there are as many as were asked for."""
    support = Support(kind, classes="K")
    points = support.points(np.random.default_rng(1), 500)
    assert len(points) == 500
    assert support.contains(points).all()


@pytest.mark.parametrize("kind", SUPPORTS)
def test_supports_end_where_they_say(kind: str) -> None:
    """Nothing beyond the bounds belongs to a set, and neither does NaN or infinity."""
    support = Support(kind)
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
