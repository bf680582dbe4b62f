"""Laws of supports and links: a set holds its own points, and a link goes there and back."""

from __future__ import annotations

import json
import pickle
from itertools import pairwise

import mpmath as mp
import numpy as np
import pytest
from symbolic.trees import meaning_of

import neglog as nl
from neglog.errors import UsageError
from neglog.symbolic.density import Density
from neglog.symbolic.expression import Symbol, as_node, evaluate, substitute
from neglog.symbolic.heads import numpy_meaning, numpy_number
from neglog.symbolic.links import LINKS, Link, link_named
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
from neglog.symbolic.text import to_text

X = Symbol("x")
CUBE = Link("cube", lambda p: nl.math.exp(nl.math.log(p) / 3), lambda raw: raw**3, raws=(0, np.inf))


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


SCALAR = [
    *(link for link in LINKS.values() if not link.of),
    link_named("log_minus_2"),
    link_named("log_plus_0.5"),
    CUBE,
]


def _raws(link: Link) -> list[str]:
    """Raw predictions over the whole domain of a link, in order."""
    return ["1e-9", "0.4", "1.3", "30"] if link.raws[0] == 0 else ["-30", "-1.3", "0", "0.4", "4"]


@pytest.mark.parametrize("link", SCALAR, ids=str)
def test_links_go_there_and_back(link: Link) -> None:
    """A raw prediction that became a parameter, inside the link's values, becomes the same raw prediction again."""
    with mp.workdps(100):
        for raw in map(mp.mpf, _raws(link)):
            value = meaning_of(link.inverse(X), {"x": raw})
            assert link.values[0] < value < link.values[1]
            assert mp.almosteq(meaning_of(link.forward(X), {"x": value}), raw, 1e-25, 1e-25)


@pytest.mark.parametrize("link", SCALAR, ids=str)
def test_links_are_monotone(link: Link) -> None:
    """No two raw predictions mean the same parameter."""
    values = [meaning_of(link.inverse(X), {"x": mp.mpf(v)}) for v in _raws(link)]
    steps = [b > a for a, b in pairwise(values)]
    assert all(steps) or not any(steps)
    assert len(set(values)) == len(values)


@pytest.mark.parametrize("link", SCALAR, ids=str)
def test_links_are_onto_the_values_they_state(link: Link) -> None:
    """The values a link states are those that its inverse reaches at the ends."""
    found = Link("again", to_text(link.to_raw), to_text(link.to_parameter), raws=link.raws)
    assert found.values == link.values


@pytest.mark.parametrize("link", [*LINKS.values(), *SCALAR], ids=str)
def test_a_link_is_its_text(link: Link) -> None:
    """The text of a link is read back as the same link, and so is its pickle."""
    assert link_named(link.text) == link
    assert pickle.loads(pickle.dumps(link)) == link


@pytest.mark.parametrize("link", SCALAR, ids=str)
def test_inverse_keeps_its_digits(link: Link) -> None:
    """In float64 a parameter is right to a few roundings of the raw prediction, far out too."""
    raws = np.array([-700.0, -36.0, -5.0, -1e-9, 0.0, 1e-9, 0.7, 5.0, 36.0, 700.0])
    raws = raws[(raws > link.raws[0]) & (raws < link.raws[1])]
    found = evaluate(link.inverse(X), {"x": raws}, numpy_meaning(), numpy_number)
    for raw, value in zip(raws, found, strict=True):
        with mp.workdps(400):
            at = mp.mpf(float(raw))
            exact = meaning_of(link.inverse(X), {"x": at})
            moved = abs(at * mp.diff(lambda v: meaning_of(link.inverse(X), {"x": v}), at))
        least = 0.5 if link.name == "cauchit" else 0.0  # a sum with 1/2
        bound = 8 * np.finfo(float).eps * (max(abs(exact), least) + moved) + 1e-300
        assert abs(mp.mpf(float(value)) - exact) <= bound


@pytest.mark.parametrize(
    ("link", "kind", "suits"),
    [
        ("log", "Real", True),  # a mean that stays positive
        ("identity", "Positive", True),  # reaches all of it, and more
        ("logit", "Real", True),
        ("log_minus_2", "Positive", True),
        ("log_minus_2", "UnitInterval", False),
        ("softmax", "Real", False),
        ("logit", "ClassVector", False),
        ("softmax", "ClassVector", True),
    ],
)
def test_which_supports_a_link_suits(link: str, kind: str, suits: bool) -> None:
    """A link suits where it stays inside a support or reaches all of it; else the reason is given."""
    why = link_named(link).misfit(kind, Support(kind).bounds)
    assert (why == "") == suits


@pytest.mark.parametrize(
    ("forward", "inverse", "part"),
    [
        ("p", "raw**2", "not monotone"),
        ("p", "2*raw", "does not come back"),
        (lambda p: np.log(p), "exp(raw)", "neglog.math.log"),
        ("2", "raw", "does not depend"),
        ("p", lambda raw: None, "cannot"),
    ],
)
def test_what_is_no_link_is_refused(forward, inverse, part) -> None:
    """A map that is not monotone, or that its forward does not undo, is no link."""
    with pytest.raises(UsageError) as caught:
        Link("wrong", forward, inverse)
    assert part in str(caught.value)


def test_a_density_keeps_a_users_link() -> None:
    """A density with a link of the user's own survives its JSON, and another link is another density."""
    density = nl.Poisson.link(mu=CUBE).density
    again = Density.from_json(json.loads(json.dumps(density.to_json())))
    assert again == density
    assert again.parameters[0].link == CUBE
    assert density.key != nl.Poisson.density.key
    assert nl.Positive(link=CUBE).link == CUBE.text


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
