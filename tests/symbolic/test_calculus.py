"""Laws of the door to SymPy: meaning is kept, and every derivative is the derivative."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from symbolic.register import DENSITIES
from symbolic.trees import NAMES, meaning_of, smooth_trees

from neglog.errors import DensityError
from neglog.symbolic.calculus import FUNCTIONS, derivative, differentiate, from_sympy, to_sympy
from neglog.symbolic.density import Density
from neglog.symbolic.expression import Node, Symbol, evaluate, plus, substitute
from neglog.symbolic.heads import HEADS, mpmath_meaning, numpy_meaning, numpy_number
from neglog.symbolic.sum_rules import SUMS
from neglog.symbolic.tape import Tape
from neglog.symbolic.text import parse, to_text

SYMBOLS = {name: sp.Symbol(name, real=True) for name in NAMES}


def points_of(density: Density, number: int) -> list[dict[str, Any]]:
    """Draw values of everything a density mentions."""
    random = np.random.default_rng(3)
    drawn = {density.target: density.support.points(random, number)}
    drawn |= {p.name: p.support.points(random, number) for p in density.parameters}
    rows = []
    for i in range(number):
        row = {name: array[i] for name, array in drawn.items()}
        rows.append(
            {
                n: [mp.mpf(float(x)) for x in v] if np.ndim(v) else mp.mpf(float(v))
                for n, v in row.items()
            }
        )
    return rows


def sympy_symbols(density: Density) -> dict[str, Any]:
    """Return the symbols of a density with the assumptions of their supports."""
    table = {p.name: sp.Symbol(p.name, **p.support.assumptions) for p in density.parameters}
    for p in density.parameters:
        if p.support.kind == "ClassVector":
            table[p.name] = sp.IndexedBase(p.name, real=True)
    return table | {density.target: sp.Symbol(density.target, **density.support.assumptions)}


@pytest.mark.parametrize("density", DENSITIES.values(), ids=DENSITIES)
def test_densities_survive_sympy(density: Density) -> None:
    """A density that went to SymPy and back has the same value everywhere."""
    back = from_sympy(to_sympy(density.expression, sympy_symbols(density)))
    with mp.workdps(60):
        for values in points_of(density, 30):
            want, got = meaning_of(density.expression, values), meaning_of(back, values)
            assert abs(want - got) <= mp.mpf(10) ** -40 * (abs(want) + 1)


@given(smooth_trees)
@settings(max_examples=60)
def test_trees_survive_sympy(node: Node) -> None:
    """A tree that went to SymPy and back means the same."""
    back = from_sympy(to_sympy(node, SYMBOLS))
    values = {name: mp.mpf(i + 1) / 7 for i, name in enumerate(NAMES)}
    with mp.workdps(50):
        want, got = meaning_of(node, values), meaning_of(back, values)
        if mp.isfinite(want) and mp.isfinite(got):
            assert abs(want - got) <= mp.mpf(10) ** -20 * (abs(want) + 1)


@given(smooth_trees)
@settings(max_examples=40)
def test_derivative_of_trees(node: Node) -> None:
    """The derivative of a tree is the derivative of what it computes."""
    slope = differentiate(node, "y", SYMBOLS)
    values = {name: mp.mpf(i + 1) / 7 for i, name in enumerate(NAMES)}
    with mp.workdps(60):
        want = mp.diff(lambda y: meaning_of(node, values | {"y": y}), values["y"])
        got = meaning_of(slope, values)
        if mp.isfinite(want) and mp.isfinite(got) and abs(want) < mp.mpf(10) ** 12:
            assert abs(want - got) <= mp.mpf(10) ** -12 * (abs(want) + 1)


SMOOTH = [
    "exp", "log", "sqrt", "abs", "log1p", "expm1", "log1mexp", "softplus", "sigmoid", "tanh", "loggamma",
    "digamma", "xlogy", "ndtr", "log_ndtr", "inverse_mills", "atan", "tan",
]  # fmt: skip


@pytest.mark.parametrize("name", SMOOTH)
def test_towers(name: str) -> None:
    """Each member of a tower of heads is the derivative of the one before, up to the second derivative."""
    names = ("x", "z")[: HEADS[name].arity]
    symbols = {n: sp.Symbol(n, positive=True) for n in names}
    member = parse(f"{name}({', '.join(names)})")
    with mp.workdps(50):
        for order in range(2 if name != "digamma" else 1):
            for n in names[-1:] if order else names:
                slope = differentiate(member, n, symbols)
                for point in (0.03, 0.7, 1.9, 12.0):
                    values = {"x": mp.mpf(point), "z": mp.mpf("0.4")}
                    want = mp.diff(
                        lambda t, n=n, f=member, at=values: meaning_of(f, at | {n: t}), values[n]
                    )
                    assert mp.almosteq(meaning_of(slope, values), want, 1e-12, 1e-15), (n, order)
            member = slope


@pytest.mark.parametrize("name", [head.name for head in HEADS.values() if head.derivative])
def test_written_derivatives(name: str) -> None:
    """The derivative a head declares as text is its numerical derivative."""
    for argument, text in zip(("x", "z"), HEADS[name].derivative, strict=False):
        for point in ("0.02", "0.9", "3.5", "25"):
            if name == "ndtri" and float(point) > 1:
                continue
            values = {"x": mp.mpf(point), "z": mp.mpf("1.3")}
            with mp.workdps(50):
                head = parse(f"{name}(x)" if HEADS[name].arity == 1 else f"{name}(x, z)")
                want = mp.diff(
                    lambda t, f=head, at=values, n=argument: meaning_of(f, at | {n: t}),
                    values[argument],
                )
                assert mp.almosteq(meaning_of(parse(text), values), want, 1e-14)


def test_kinks_have_no_delta_functions() -> None:
    """The second derivative of abs is 0, and that of a minimum is that of the smaller argument."""
    x = sp.Symbol("x", real=True)
    assert derivative(sp.Abs(x - 1), x, x) == 0
    slope = from_sympy(derivative(sp.Min(x, 3), x))
    assert [meaning_of(slope, {"x": mp.mpf(v)}) for v in (1, 5)] == [1, 0]


def test_what_has_no_head_is_refused_by_name() -> None:
    """A function that no kernel could compute is a DensityError that names it."""
    x = sp.Symbol("x", positive=True)
    with pytest.raises(DensityError, match="besselj"):
        from_sympy(sp.besselj(0, x))


@pytest.mark.parametrize(
    "name", sorted(set(numpy_meaning()) & set(HEADS) - {"gather", "mean_log", "pi", "where", *SUMS})
)
def test_numpy_computes_what_mpmath_means(name: str) -> None:
    """The NumPy arithmetic of every head agrees with its meaning to a few roundings."""
    table, exact = numpy_meaning(), mpmath_meaning()
    for x, z in ((0.3, 2.0), (1.7, 0.6), (8.0, 3.0)):
        if name == "ndtri" and x > 1:
            continue
        arguments = (x, z)[: HEADS[name].arity]
        want = exact[name](*map(mp.mpf, arguments))
        assert float(table[name](*map(np.float64, arguments))) == pytest.approx(
            float(want), rel=1e-14
        )


def test_means_over_classes() -> None:
    """The mean of the components and that of their logarithms, their excess and their derivatives."""
    exact, vector = mpmath_meaning(), [mp.mpf(v) for v in (0.2, 0.5, 0.3)]
    logs = [mp.log(v) for v in vector]
    assert mp.almosteq(exact["mean_log"](vector), mp.fsum(logs) / 3)
    rows = numpy_meaning()["mean_log"](np.array([[0.2, 0.5, 0.3]]))
    assert rows.tolist() == pytest.approx([float(mp.fsum(logs) / 3)], rel=1e-15)
    assert mp.almosteq(
        exact["average_excess"](logs), exact["logsumexp"](logs) - exact["average"](logs)
    )
    eta, j = sp.IndexedBase("eta", real=True), sp.Symbol("j", integer=True)
    slope = derivative(FUNCTIONS["average"](eta), eta[j])
    assert str(from_sympy(slope)) == "1/size(eta)"
    assert derivative(slope, eta[j]) == 0


@pytest.mark.parametrize("x", [1e5, 710.0, 34.0, -745.0, 1e308, -1e308, 0.1])
def test_meaning_of_exp_at_the_extremes(x: float) -> None:
    """The meaning of exp and its relatives is exact and quick for whole numbers, however large."""
    table = mpmath_meaning()
    with mp.workdps(30):
        value = table["exp"](mp.mpf(x))
        assert mp.almosteq(mp.log(value), mp.mpf(x), 1e-28)
        assert mp.almosteq(table["sigmoid"](mp.mpf(x)) + table["sigmoid"](mp.mpf(-x)), 1, 1e-28)


@given(smooth_trees)
def test_tape_is_evaluation(node: Node) -> None:
    """A tape gives, bit for bit, what evaluating each tree alone gives."""
    values = {name: np.float64(i + 1) / 7 for i, name in enumerate(NAMES)}
    with np.errstate(all="ignore"):
        want = evaluate(node, values, numpy_meaning(), numpy_number)
        got, again = Tape([node, node]).run(values, numpy_meaning(), numpy_number)
    assert np.array_equal([got, again], [want, want], equal_nan=True)


def test_tape_keeps_failures_apart() -> None:
    """An operation that fails has no value, and neither has what needs it; an untaken branch is not needed."""
    nodes = [parse("log(y)/y"), parse("y + 1"), parse("where(y > 0, log(y)/y, 7)")]
    got = Tape(nodes).run({"y": mp.mpf(0)}, mpmath_meaning(), int, (ZeroDivisionError, ValueError))
    assert got[0] is None
    assert got[1:] == [1, 7]


def test_sums_leave_out_zeros() -> None:
    """Adding expressions gathers their terms, a positive one first, and no zero is written."""
    zero = parse("0")
    assert to_text(plus(parse("a - b"), zero)) == "a - b"
    assert to_text(plus(parse("-a"), parse("b - c"))) == "b - a - c"
    assert plus(zero, zero) == zero


def test_substitution_folds_numbers() -> None:
    """Numbers put into a tree are folded, so that equal trees compare equal."""
    assert substitute(parse("(1 - y)*mu"), {"y": parse("1/2")}) == parse("1/2*mu")
    assert substitute(Symbol("y"), {"y": Symbol("z")}) == Symbol("z")
