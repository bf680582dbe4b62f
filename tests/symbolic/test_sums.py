"""Laws of sums and integrals: their value, their one derivative rule, their text."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations_with_replacement
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from symbolic.latex import problems
from symbolic.sums import SUMS, Instance
from symbolic.trees import meaning_of

from neglog.errors import DensityError
from neglog.math import LogSum, classes, exp, index, interval, log, series
from neglog.symbolic.calculus import derivative, from_sympy, to_sympy
from neglog.symbolic.expression import Call, Node, Symbol, evaluate, free_symbols, substitute
from neglog.symbolic.heads import numpy_meaning, numpy_number
from neglog.symbolic.latex import to_latex
from neglog.symbolic.tape import Tape
from neglog.symbolic.text import parse, to_text
from neglog.symbolic.tracing import Traced

over_sums = pytest.mark.parametrize("name", SUMS)


def _orders(instance: Instance, highest: int) -> list[tuple[str, ...]]:
    return [
        names
        for order in range(highest + 1)
        for names in combinations_with_replacement(instance.names, order)
    ]


def _derivatives(instance: Instance, highest: int) -> list[Node]:
    symbols = {name: sp.Symbol(name, real=True) for name in instance.names}
    expr = to_sympy(instance.node, symbols)
    return [
        from_sympy(derivative(expr, *(symbols[n] for n in names)))
        for names in _orders(instance, highest)
    ]


def _wanted(instance: Instance, point: tuple[float, ...], highest: int) -> list[Any]:
    at = tuple(map(mp.mpf, point))
    with mp.workdps(60):
        return [
            mp.diff(instance.closed, at, tuple(names.count(n) for n in instance.names))
            if names
            else instance.closed(*at)
            for names in _orders(instance, highest)
        ]


@over_sums
def test_meaning_is_the_closed_form(name: str) -> None:
    """In mpmath a sum is its closed form to all digits but three, and so are its derivatives up to the third."""
    instance = SUMS[name]
    nodes = _derivatives(instance, 3)
    point = instance.points[0]
    with mp.workdps(30):
        got = Tape(nodes).run(
            dict(zip(instance.names, map(mp.mpf, point), strict=True)),
            _mpmath(),
            lambda v: mp.mpf(v.numerator) / v.denominator,
        )
    wanted = _wanted(instance, point, 3)
    scale = max(1, *map(abs, wanted))
    assert max(abs(g - w) / scale for g, w in zip(got, wanted, strict=True)) < 1e-26


def _mpmath() -> dict[str, Callable[..., Any]]:
    from neglog.symbolic.heads import mpmath_meaning

    return mpmath_meaning()


@over_sums
def test_numpy_keeps_its_digits(name: str) -> None:
    """In float64 value, gradient and Hessian are right to 1e-12 of the largest of them, all points in one call."""
    instance = SUMS[name]
    columns = dict(zip(instance.names, np.array(instance.points).T, strict=True))
    with np.errstate(all="ignore"):
        got = np.array(Tape(_derivatives(instance, 2)).run(columns, numpy_meaning(), numpy_number))
    for column, point in zip(got.T, instance.points, strict=True):
        wanted = _wanted(instance, point, 2)
        scale = max(1, *map(abs, wanted))
        worst = max(abs(mp.mpf(float(g)) - w) / scale for g, w in zip(column, wanted, strict=True))
        assert worst < 1e-12, (point, float(worst))


@over_sums
def test_sum_reads_back(name: str) -> None:
    """The text of a sum and of its derivatives parses to the same trees; its index is bound."""
    instance = SUMS[name]
    for node in _derivatives(instance, 2):
        assert parse(to_text(node), set(instance.names)) == node
    assert free_symbols(instance.node) <= set(instance.names)
    assert not problems(to_latex(instance.node))


@over_sums
def test_evaluation_is_the_tape(name: str) -> None:
    """`evaluate` and `Tape` agree bit for bit, for numbers and for columns."""
    instance = SUMS[name]
    values = dict(zip(instance.names, instance.points[0], strict=True))
    one = evaluate(instance.node, values, numpy_meaning(), numpy_number)
    columns = {name: np.full(600, value) for name, value in values.items()}
    many = Tape([instance.node]).run(columns, numpy_meaning(), numpy_number)[0]
    assert many.shape == (600,)
    assert np.all(many == one)


def test_substitution_respects_the_index() -> None:
    """An expression put in for a parameter may hold a symbol called like the index."""
    j = index("j")
    node = LogSum(-j * Traced(Symbol("a")), j, series(0)).node
    moved = substitute(node, {"a": Symbol("j") + 1})
    assert free_symbols(moved) == {"j"}
    assert mp.almosteq(meaning_of(moved, {"j": mp.mpf(1)}), -mp.log(1 - mp.exp(-2)))
    assert substitute(node, {"j": Symbol("b")}) == node


def test_sums_may_be_nested() -> None:
    """A sum may stand in the term of another: sum over j, k of 2^-(j+k) is 4."""
    j, k = index("j"), index("k")
    inner = LogSum(-(j + k) * log(2), k, series(0))
    node = LogSum(inner, j, series(0)).node
    assert float(evaluate(node, {}, numpy_meaning(), numpy_number)) == pytest.approx(np.log(4))


def test_sum_over_classes_is_logsumexp() -> None:
    """Over classes LogSum of the components of a class vector is logsumexp."""
    j, p = index("j"), Traced(Symbol("p"))
    assert LogSum(p[j], j, classes("K")).node == Call("logsumexp", (Symbol("p"),))


REFUSED = {
    "an index that is no name": lambda: index("2j"),
    "an index that is a number": lambda: LogSum(1, 2, series(0)),
    "a domain that is none": lambda: LogSum(1, index("j"), 3),
    "a peak without a spread": lambda: series(0, peak=3),
    "a centre without a scale": lambda: interval(0, 1, centre=0.5),
    "terms over classes": lambda: LogSum(exp(index("j")), index("j"), classes("K")),
    "text without an index": lambda: parse("logsum(y, 2, series(0))"),
    "text without a domain": lambda: parse("logsum(y*j, j, y)"),
    "text with an odd domain": lambda: parse("logsum(y*j, j, series(0, 1))"),
    "text with too few arguments": lambda: parse("mean(y*j, j, series(0))"),
}


@pytest.mark.parametrize("make", REFUSED.values(), ids=REFUSED)
def test_what_is_no_sum_is_refused(make: Callable[[], object]) -> None:
    """What is no sum is a DensityError where it is written."""
    with pytest.raises(DensityError):
        make()
