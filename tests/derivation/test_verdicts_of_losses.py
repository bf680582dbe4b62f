"""Verdicts of declared losses, as textbooks have them."""

from __future__ import annotations

import pytest

from neglog.derivation.verdicts import judge
from neglog.losses.surrogates.register import SURROGATES

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
