"""Laws of density text: it reads back as it was, and nothing in it is ever run."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from symbolic.register import DENSITIES
from symbolic.trees import trees

from neglog.errors import DensityError
from neglog.symbolic.density import Density
from neglog.symbolic.expression import Node, Number
from neglog.symbolic.heads import HEADS
from neglog.symbolic.text import parse, to_text


@pytest.mark.parametrize("density", DENSITIES.values(), ids=DENSITIES)
def test_density_reads_back(density: Density) -> None:
    """The text of a density parses to the same tree."""
    names = {density.target, *(parameter.name for parameter in density.parameters)}
    assert parse(density.text, names) == density.expression


@given(trees)
def test_tree_reads_back(node: Node) -> None:
    """The text of any tree parses to the same tree."""
    assert parse(to_text(node)) == node


def test_number_is_the_decimal_written() -> None:
    """0.1 in a density is one tenth, not the float64 next to it."""
    tenth = parse("0.1")
    assert isinstance(tenth, Number)
    assert tenth.value.as_integer_ratio() == (1, 10)


HOSTILE = {
    "call of a builtin": '__import__("os")',
    "call of anything": "print(y)",
    "attribute": "y.__class__",
    "attribute of a call": "exp(y).real",
    "string": '"y"',
    "f-string": 'f"{y}"',
    "lambda": "lambda y: y",
    "comprehension": "[y for y in y]",
    "generator": "exp(t for t in y)",
    "conditional": "y if y else mu",
    "assignment": "(y := 2)",
    "boolean": "True",
    "complex number": "1j",
    "keyword argument": "exp(x=y)",
    "starred argument": "exp(*y)",
    "chained comparison": "0 < y < 1",
    "boolean operator": "y and mu",
    "remainder": "y % 2",
    "two statements": "y; y",
    "nothing": "",
    "null byte": "y\x00",
    "lone surrogate": "\ud800",
    "not finite": "1e999",
    "division by zero": "y/(1 - 1)",
    "wrong number of arguments": "exp(y, mu)",
    "index of an expression": "exp(y)[0]",
    "huge power": "9**9**9**9",
    "power of a power": "((9**99)**99)**99",
    "huge exponent": "2**1000000",
    "nested brackets": "(" * 4000 + "y" + ")" * 4000,
    "nested signs": "-" * 9000 + "y",
    "nested calls": "exp(" * 2000 + "y" + ")" * 2000,
    "nested attributes": "y" + ".a" * 4000,
    "nested indices": "y[" * 3000 + "y" + "]" * 3000,
    "long sum": "y" + " + y" * 2400,
    "long name": "y" * 9000,
    "long number": "9" * 9000,
    "long text": "y + " * 25_000 + "y",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_refused(text: str, capfd: pytest.CaptureFixture[str]) -> None:
    """What is no expression of the vocabulary raises DensityError at once, and nothing of it runs."""
    start = time.perf_counter()
    with pytest.raises(DensityError) as caught:
        parse(text, {"y", "mu"})
    assert time.perf_counter() - start < 2
    assert len(str(caught.value)) < 600
    assert "\n" not in str(caught.value)
    assert capfd.readouterr().out == ""


def test_unknown_name_is_offered_the_nearest() -> None:
    """A name that was not announced is refused, and the nearest announced one is offered."""
    with pytest.raises(DensityError, match=r"'sigm'.*Did you mean 'sigma'\?"):
        parse("y/sigm", {"y", "sigma"})


@pytest.mark.parametrize("name", ["gammaln", "softPlus", "logg"])
def test_unknown_function_is_refused(name: str) -> None:
    """A function outside the vocabulary is refused by its name."""
    with pytest.raises(DensityError, match=f"'{name}' is not a function of densities"):
        parse(f"{name}(y)")


@pytest.mark.parametrize(
    "name", [head.name for head in HEADS.values() if head.public and head.arity]
)
def test_every_public_head_can_be_written(name: str) -> None:
    """Every function of neglog.math can stand in density text."""
    arguments = ", ".join(["y < 1", "y", "mu"][-HEADS[name].arity :])
    node = parse(f"{name}({arguments})", {"y", "mu"})
    assert to_text(node) == f"{name}({arguments})"


def test_copies_of_a_tree_are_equal_in_every_process() -> None:
    """A tree knows its hash, which is another one in every process: a pickle does not carry it."""
    import pickle

    tree = parse("log(y) - exp(eta)", {"y", "eta"})
    assert hash(tree) not in tree.__reduce__()[1]
    again = pickle.loads(pickle.dumps(tree))
    assert again == tree
    assert hash(again) == hash(tree)
    assert len({again, tree}) == 1
