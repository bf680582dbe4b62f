"""Laws of tracing: arithmetic is recorded exactly, and a decision or a foreign function says what to use instead."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.special

import neglog.math
from neglog.errors import DensityError
from neglog.symbolic.expression import Symbol
from neglog.symbolic.heads import HEADS
from neglog.symbolic.text import parse
from neglog.symbolic.tracing import Traced

REFUSED: dict[str, Callable[[Any], Any]] = {
    "np.log": lambda y: np.log(y),
    "np.exp of a sum": lambda y: np.exp(1 + y),
    "np.where": lambda y: np.where(y > 0, y, 0),
    "np.array": lambda y: np.array(y),
    "scipy.special.gammaln": lambda y: scipy.special.gammaln(y),
    "math.log": lambda y: math.log(y),
    "math.floor": lambda y: math.floor(y + 0.5),
    "if": lambda y: 1 if y > 0 else 2,
    "and": lambda y: y > 0 and y < 1,
    "not": lambda y: not y,
    "chained comparison": lambda y: 0 < y < 1,
    "in": lambda y: y in (0, 1),
    "max": lambda y: max(y, 0),
    "float": lambda y: float(y),
    "int": lambda y: int(y),
    "complex": lambda y: complex(y),
    "index of a list": lambda y: [1, 2][y],
    "iteration": lambda y: [value for value in y],  # noqa: C416  # the iteration is what is refused
    "sum": lambda y: sum(y),
    "unpacking": lambda y: max(*y),
    "string": lambda y: y * neglog.math.log("y"),
    "array of numbers": lambda y: neglog.math.exp(np.ones(3)),
}


@pytest.mark.parametrize("attempt", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_traced_says_what_can(attempt: Callable[[Any], Any]) -> None:
    """A decision, a conversion or a foreign function inside a density is an error that names neglog.math."""
    with pytest.raises(DensityError, match=r"neglog\.math"):
        attempt(Traced(Symbol("y")))


def test_foreign_functions_are_answered_by_our_name() -> None:
    """The message names our function for theirs, and does not invent one we lack."""
    y = Traced(Symbol("y"))
    with pytest.raises(DensityError, match=r"neglog\.math\.loggamma"):
        scipy.special.gammaln(y)
    with pytest.raises(DensityError, match=r"the functions of neglog\.math"):
        np.arctan(y)


RECORDED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "operators": (lambda y: -(y + 1) * (2 - y) / y**2, "-(y + 1)*(2 - y)/y**2"),
    "reflected": (lambda y: 2**y + 3 / y - abs(+y), "2**y + 3/y - abs(y)"),
    "decimal": (lambda y: 0.1 * y, "1/10*y"),
    "fraction": (lambda y: Fraction(1, 3) * y, "1/3*y"),
    "NumPy float on the left": (lambda y: np.float64(0.5) * y, "1/2*y"),
    "NumPy float on the right": (lambda y: y * np.float64(0.5), "y*1/2"),
    "NumPy integer": (lambda y: np.int64(2) * y - np.int64(3), "2*y - 3"),
    "NumPy sum and power": (lambda y: np.float64(1.5) + y ** np.float64(2.0), "3/2 + y**2"),
    "comparison": (lambda y: neglog.math.where(y >= 0, y, -y), "where(y >= 0, y, -y)"),
    "index": (lambda y: neglog.math.log(y[1]), "log(y[1])"),
    "pi": (lambda y: neglog.math.log(2 * neglog.math.pi * y), "log(2*pi*y)"),
}


@pytest.mark.parametrize(("function", "text"), RECORDED.values(), ids=RECORDED)
def test_arithmetic_is_recorded(function: Callable[[Any], Any], text: str) -> None:
    """What is done to a traced value is the tree that its text parses to."""
    assert function(Traced(Symbol("y"))).node == parse(text.replace("y*1/2", "y*(1/2)"))


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_numbers_are_finite(number: float) -> None:
    """An infinite or undefined number is refused where it enters."""
    with pytest.raises(DensityError, match="finite"):
        Traced(Symbol("y")) + number


def test_every_public_head_is_a_function() -> None:
    """neglog.math offers every public head, each building its own head."""
    public = {head.name for head in HEADS.values() if head.public} - {"abs", "sign"}
    of_sums = {"LogSum", "classes", "index", "interval", "series"}  # tests/symbolic/test_sums.py
    assert public == set(neglog.math.__all__) - of_sums
    for name in sorted(public - {"pi", "inf"}):
        arguments = [Traced(Symbol(letter)) for letter in "abc"[: HEADS[name].arity]]
        assert (
            str(getattr(neglog.math, name)(*arguments).node)
            == f"{name}({', '.join('abc'[: len(arguments)])})"
        )


def test_every_public_head_is_listed_for_authors() -> None:
    """The page of functions names every one, and none that there is not."""
    page = Path(__file__).parents[2] / "docs" / "extending" / "functions.md"
    rows = [line.split("|")[1] for line in page.read_text("utf-8").splitlines() if line[:1] == "|"]
    listed = {name for row in rows for name in re.findall(r"`(\w+)", row)}
    assert listed == set(neglog.math.__all__)
