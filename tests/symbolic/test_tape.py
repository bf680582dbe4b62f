"""A tape evaluates what is needed, once."""

from fractions import Fraction
from typing import Any

from neglog.symbolic.expression import Call, Number, Symbol
from neglog.symbolic.heads import mpmath_meaning, numpy_meaning, numpy_number
from neglog.symbolic.tape import Tape


def number(value: Fraction) -> float:
    """Return a number for the few heads that are counted here."""
    return float(value)


def counted(*names: str) -> tuple[dict[str, Any], list[str]]:
    """Return what heads mean in mpmath, and the list that those named write themselves into when they are asked."""
    calls: list[str] = []
    table = mpmath_meaning()

    def watch(name: str) -> Any:
        plain = table[name]

        def asked(*args: Any) -> Any:
            calls.append(name)
            return plain(*args)

        return asked

    return table | {name: watch(name) for name in names}, calls


X = Symbol("x")
CHOICE = Call("where", (Call("lt", (X, Number(Fraction(0)))), Call("exp", (X,)), Call("log", (X,))))


def test_only_the_branch_that_counts_is_evaluated() -> None:
    """One truth value chooses; nothing of the other branch is computed, nor of its own decisions."""
    meaning, calls = counted("exp", "log", "sin")
    assert Tape([CHOICE]).run({"x": 1.0}, meaning, number) == [0.0]
    assert calls == ["log"]
    outer = Call("where", (Call("gt", (X, Number(Fraction(0)))), Call("sin", (X,)), CHOICE))
    calls.clear()
    Tape([outer]).run({"x": 1.0}, meaning, number)
    assert calls == ["sin"]


def test_what_two_branches_share_is_computed_once() -> None:
    """Also where one of them stands outside any decision."""
    meaning, calls = counted("log")
    shared = Call("add", (CHOICE, Call("log", (X,))))
    assert Tape([shared, CHOICE]).run({"x": 1.0}, meaning, number) == [0.0, 0.0]
    assert calls == ["log"]


def test_arrays_take_both_branches() -> None:
    """A condition a row is no single truth value."""
    import numpy as np

    with np.errstate(invalid="ignore"):
        found = Tape([CHOICE]).run({"x": np.array([-1.0, 1.0])}, numpy_meaning(), numpy_number)[0]
    np.testing.assert_allclose(found, [np.exp(-1.0), 0.0])


def test_a_failure_counts_only_where_it_is_needed() -> None:
    """The logarithm of 0 stands in the branch that is not taken; where it is, there is no value."""
    meaning, _ = counted()
    failures = (ValueError, ZeroDivisionError)
    inverse = Call("div", (Number(Fraction(1)), X))
    safe = Call("where", (Call("eq", (X, Number(Fraction(0)))), X, inverse))
    assert Tape([safe, inverse]).run({"x": 0.0}, meaning, number, failures) == [0.0, None]


def test_sums_are_remembered_between_tapes() -> None:
    """The same sum at the same numbers is evaluated once for all tapes of one memory, and anew for other numbers."""
    import mpmath as mp

    index = Symbol("k")
    term = Call("neg", (Call("mul", (X, index)),))
    total = Call("logsum", (term, index, Call("series", (Number(Fraction(0)),))))
    memory: dict[Any, Any] = {}

    def exactly(value: Fraction) -> Any:
        return mp.mpf(value.numerator) / value.denominator

    values = [
        Tape([total], memory).run({"x": mp.mpf(x)}, mpmath_meaning(), exactly)[0] for x in (1, 1, 2)
    ]
    assert len(memory) == 2
    assert values[0] == values[1]
    assert abs(values[2] + mp.log(1 - mp.exp(-2))) < mp.mpf(10) ** -12
