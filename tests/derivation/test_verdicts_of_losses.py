"""Verdicts of declared losses, as textbooks have them."""

from __future__ import annotations

import pytest

import neglog as nl
from neglog.derivation.verdicts import judge
from neglog.derivation.verdicts.shipped import shipped_verdicts
from neglog.losses.surrogates.register import SURROGATES
from neglog.math import log, mean_log

# Convex, Lipschitz, smooth in the margin or the prediction.
_BOOKS = {
    "Exponential": ("proved", "refuted", "refuted"),
    "Hinge": ("proved", "proved", "refuted"),
    "ModifiedHuber": ("proved", "proved", "proved"),
    "Perceptron": ("proved", "proved", "refuted"),
    "SquaredHinge": ("proved", "refuted", "proved"),
    "ZeroOne": ("refuted", "refuted", "refuted"),
    "EpsilonInsensitive": ("proved", "proved", "refuted"),
    "Expectile": ("proved", "refuted", "proved"),
    "Huber": ("proved", "proved", "proved"),
}


@pytest.mark.parametrize("name", _BOOKS)
def test_declared_losses_are_judged_as_in_books(name):
    """The same judge as for families decides convexity, Lipschitz and smoothness of losses without a likelihood."""
    density = SURROGATES[name].density
    found = judge(density, density.free[:1])
    assert tuple(verdict.verdict for verdict in found) == _BOOKS[name]


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
