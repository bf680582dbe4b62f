"""Laws of the door to SymPy: meaning is kept, and every derivative is the derivative."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from symbolic.register import DENSITIES, WITHOUT_NUMERICS, arguments
from symbolic.trees import NAMES, meaning_of, smooth_trees

from neglog.errors import DensityError
from neglog.symbolic.calculus import FUNCTIONS, derivative, differentiate, from_sympy, to_sympy
from neglog.symbolic.density import Density
from neglog.symbolic.differential import slope
from neglog.symbolic.expression import Call, Node, Symbol, evaluate, plus, substitute, walk
from neglog.symbolic.heads import HEADS, mpmath_meaning, numpy_meaning, numpy_number
from neglog.symbolic.numerics import NUMERICS
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


KINKED = {"minimum", "maximum", "sign"}
SMOOTH = sorted(
    {*NUMERICS, *(head.name for head in HEADS.values() if head.derivative), "tan"} - KINKED
)


@pytest.mark.parametrize("name", SMOOTH)
def test_each_member_leads_to_the_next(name: str) -> None:
    """The derivative of every head, by SymPy and by the chain rule, is that of what the head means.

    From tiny to large arguments of both signs: a head whose meaning loses digits where terms cancel fails here too.
    """
    names = ("x", "z")[: HEADS[name].arity]
    symbols = {n: sp.Symbol(n, real=True) for n in names}
    member = parse(f"{name}({', '.join(names)})")
    rows = arguments(name, (-6, -1, -0.3, 0.5, 1, 3) if len(names) == 1 else (-1, 0.5, 2))
    for n in names:
        slopes = [differentiate(member, n, symbols), slope(member, n)]
        for row in rows:
            values = dict(zip(names, map(mp.mpf, row), strict=True))
            with mp.workdps(50):
                want = mp.diff(
                    lambda t, n=n, at=values: meaning_of(member, at | {n: t}),
                    values[n],
                )
                for found in slopes:
                    got = meaning_of(found, values)
                    assert mp.almosteq(got, want, 1e-10), (n, row)


# Members of towers that are public too: their own second derivative is beyond the last member with numerics.
INNER = {"digamma", "trigamma", "inverse_mills", "bessel_ratio"}
# They lead from a parameter to its raw prediction, or over classes: no kernel differentiates them as one argument.
ELSEWHERE = {"ndtri", "tan", "where", "pi", "inf", "logsumexp", "mean_log"}


@pytest.mark.parametrize(
    "name", [h.name for h in HEADS.values() if h.public and h.name not in ELSEWHERE]
)
def test_towers_have_numerics_to_second_order(name: str) -> None:
    """What a Hessian needs of a public head, a kernel can compute."""
    names = ("x", "z")[: HEADS[name].arity]
    symbols = {n: sp.Symbol(n, real=True) for n in names}
    members = [parse(f"{name}({', '.join(names)})")]
    for _ in range({"trigamma": 0}.get(name, 1 if name in INNER else 2)):
        members = [differentiate(member, n, symbols) for member in members for n in names]
        heads = {part.head for member in members for part in walk(member) if isinstance(part, Call)}
        assert not heads & set(WITHOUT_NUMERICS), heads
    assert name in NUMERICS


def test_kinks_have_no_delta_functions() -> None:
    """The second derivative of abs is 0, and that of a minimum is that of the smaller argument."""
    x = sp.Symbol("x", real=True)
    assert derivative(sp.Abs(x - 1), x, x) == 0
    slope = from_sympy(derivative(sp.Min(x, 3), x))
    assert [meaning_of(slope, {"x": mp.mpf(v)}) for v in (1, 5)] == [1, 0]


@pytest.mark.parametrize("number", [2, 80, -80, sp.Rational(1, 3)])
def test_a_number_has_one_spelling(number: Any) -> None:
    """exp(80) is not exp(1)**80 in a product, nor anywhere; of a variable the square may be taken last."""
    y = sp.Symbol("y", real=True)
    alone = from_sympy(sp.exp(number))
    assert alone == Call("exp", (from_sympy(sp.sympify(number)),))
    assert from_sympy(-sp.exp(number)) == Call("neg", (alone,))
    found = {part for part in walk(from_sympy(3 * y * sp.exp(number))) if isinstance(part, Call)}
    assert alone in found
    assert not [part for part in found if part.head in ("pow", "sqrt")]


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
