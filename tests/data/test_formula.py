"""What a formula means, and how it is refused."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neglog.data import parse
from neglog.errors import DataError, FormulaError, UsageError

COLUMNS = ("y", "a", "b", "c")

MEANINGS = {
    "y ~ a": "1 a",
    "y ~ 1": "1",
    "y ~ 0 + a": "a",
    "y ~ a - 1": "a",
    "y ~ -1 + a": "a",
    "y ~ a + -1": "a",
    "y ~ a - 1 + 1": "1 a",
    "y ~ 1 + a": "1 a",
    "y ~ a + a": "1 a",
    "y ~ a:a": "1 a",
    "y ~ a:b": "1 a:b",
    "y ~ a*b": "1 a b a:b",
    "y ~ b*a": "1 b a b:a",
    "y ~ a:b + b:a": "1 a:b",
    "y ~ a:b + c": "1 c a:b",
    "y ~ a*b*c": "1 a b c a:b a:c b:c a:b:c",
    "y ~ a*b:c": "1 a b:c a:b:c",
    "y ~ (a + b)*c": "1 a b c a:c b:c",
    "y ~ (a + b + c)^2": "1 a b c a:b a:c b:c",
    "y ~ (a + b + c)**2 - b:a": "1 a b c a:c b:c",
    "y ~ (a + b)^9": "1 a b a:b",
    "y ~ .": "1 a b c",
    "y ~ . - b": "1 a c",
    "y ~ .^2": "1 a b c a:b a:c b:c",
    "y ~ . + log(a)": "1 a b c log(a)",
    "y ~ . - y": None,
    "y ~ a - b": "1 a",
    "y ~ C(a)": "1 C(a)",
    'y ~ C(a, ref="b)")': '1 C(a, ref="b)")',
    "y ~ C(a, ref='it\\'s')": '1 C(a, ref="it\'s")',
    "y ~ C( a , ref = True ):b": "1 C(a, ref=True):b",
    "y ~ C(a, ref=-2)": "1 C(a, ref=-2)",
    "y ~ poly(a, 2)": "1 poly(a, 2)",
    "y ~ poly(a, degree=2)": "1 poly(a, 2)",
    "y ~ scale(log(a))": "1 scale(log(a))",
    "y ~ `my col` + log(`my col`)": "1 my col log(`my col`)",
    "`my y` ~ a": "1 a",
    "y ~ 年龄 + log(उम्र) + x.1": "1 年龄 log(उम्र) x.1",
    "y ~ log": "1 log",
    "y\n  ~ a\t+ b": "1 a b",
}


def shown(text: str) -> str:
    """Return the terms of a formula on one line."""
    terms = parse(text, COLUMNS).terms
    return " ".join(":".join(factor.name for factor in term) or "1" for term in terms)


@pytest.mark.parametrize(("text", "terms"), [(t, m) for t, m in MEANINGS.items() if m is not None])
def test_a_formula_means_its_terms(text: str, terms: str) -> None:
    """A formula stands for the terms that R, patsy and formulaic read in it."""
    assert shown(text) == terms


REFUSED = {
    "": "no ~",
    "a + b": "'y ~ a + b'",
    "~ a": "no target",
    "y ~": "y ~ 1",
    "y ~ 0": "y ~ 1",
    "y ~ a - a - 1": "nothing is left",
    "y ~ a ~ b": "2 signs ~",
    "y + a ~ b": "one column",
    "log(y) ~ a": "Jacobian",
    "y ~ y + a": "predict itself",
    "y ~ . - y": "predict itself",
    "y ~ a b": "no operator between 'a' and 'b'",
    "y ~ a +": "nothing after '+'",
    "y ~ a + * b": "'*'",
    "y ~ * a": "'*'",
    "y ~ (a": "not closed",
    "y ~ a)": "never opened",
    "y ~ ()": "between parentheses",
    "y ~ (a +) + b": "second side",
    "y ~ -a": "takes a term away",
    "y ~ 2*a": "number 2",
    "y ~ a:1": "number 1",
    "y ~ (0 + a)": "number 0",
    "y ~ a^2": "poly(a, 2)",
    "y ~ a**2": "poly(a, 2)",
    "y ~ (a + b)^c": "exponent",
    "y ~ (a + b)^0": "exponent",
    "y ~ (a + b)^2.5": "exponent",
    "y ~ a/b": "a + a:b",
    "y ~ a + (1 | b)": "group effects",
    "y ~ a %in% b": "'%'",
    "y = a": "~",
    "y ~ a, b": "','",
    "y ～ a": "full-width",
    "y ~ 'a'": "back-ticks",
    "y ~ `a": "not closed",
    "y ~ ``": "no name",
    "y ~ I(a**2)": "poly(x, 2)",
    "y ~ log(a + 1)": "log1p(a)",
    "y ~ log(a+1.0)": "log1p(a)",
    "y ~ log(a + 2)": "arithmetic",
    "y ~ log(-a)": "arithmetic",
    "y ~ log(2)": "arithmetic",
    "y ~ log()": "arithmetic",
    "y ~ log(a, 2)": "takes one column",
    "y ~ log(a": "not closed",
    "y ~ lgo(a)": "'log'",
    "y ~ log10(a)": "log(x)",
    "y ~ np.log(a)": "written log",
    "y ~ factor(a)": "C(x)",
    "y ~ bs(a, 3)": "splines",
    "y ~ Q('a')": "back-ticks",
    "y ~ poly(a)": "degree",
    "y ~ poly(a, 0)": "from 1 to 20",
    "y ~ poly(a, 2.5)": "from 1 to 20",
    "y ~ poly(a, 2, raw=True)": "more than poly",
    "y ~ log(poly(a, 2))": "outermost",
    "y ~ log(C(a))": "categories",
    "y ~ C(log(a))": "C(a)",
    "y ~ C(a, Treatment('b'))": "ref=",
    "y ~ C(a, levels=['b'])": "'levels'",
    "y ~ C(a, ref=b)": "not plain",
    "y ~ a[0]": "'['",
    "y ~ {a}": "braces",
    "y ~ a.b(1)": "no function 'a.b'",
    "y ~ __import__('os').system('true')": "'__import__'",
    "y ~ (lambda: 1)()": "no operator",
}


@pytest.mark.parametrize(("text", "piece"), REFUSED.items())
def test_a_refusal_names_the_piece_and_the_remedy(text: str, piece: str) -> None:
    """A formula outside the language is refused in one paragraph that names what is wrong."""
    with pytest.raises(FormulaError) as caught:
        parse(text, COLUMNS)
    message = str(caught.value)
    assert piece in message
    assert "\n" not in message
    assert message.endswith((".", "?"))


def test_a_dot_needs_a_table() -> None:
    """`.` without a table is refused, for nothing says which columns it stands for."""
    with pytest.raises(FormulaError, match="no table"):
        parse("y ~ .")


def test_a_formula_is_text() -> None:
    """A formula of another type is an error of the call."""
    with pytest.raises(UsageError, match="text such as"):
        parse(["y", "x"])  # type: ignore[arg-type]  # the mistake under test


HOSTILE = {
    "a huge power": "y ~ (" + " + ".join(f"c{i}" for i in range(300)) + ")^3",
    "a huge exponent": "y ~ (a + b + c)^" + "9" * 5000,
    "many factors": "y ~ " + "*".join(f"c{i}" for i in range(60)),
    "deep parentheses": "y ~ " + "(" * 20_000 + "a" + ")" * 20_000,
    "deep calls": "y ~ " + "log(" * 15_000 + "a" + ")" * 15_000,
    "many signs": "y ~ a" + " +-" * 30_000 + " b",
    "open parentheses": "y ~ " + "(" * 90_000,
    "back-ticks": "y ~ " + "`" * 90_001,
    "quotation marks": "y ~ C(a, ref=" + '"' * 90_001,
    "backslashes": "y ~ C(a, ref='" + "\\" * 90_000,
    "a long name": "y ~ " + "a" * 99_000,
    "too long": "y ~ " + "a + " * 30_000 + "a",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_formula_takes_for_ever(text: str) -> None:
    """A formula made to exhaust time or memory is answered in two seconds."""
    start = time.perf_counter()
    with contextlib.suppress(FormulaError):
        parse(text)
    assert time.perf_counter() - start < 2


@given(st.text(alphabet="yab~+-*:^().,=`'\"0123 log poly C ref\\\n[]{}%/|é～", max_size=40))
def test_any_text_is_a_formula_or_a_formula_error(text: str) -> None:
    """Whatever is typed, a formula comes out or a FormulaError of one line."""
    message = ""
    try:
        parse("y ~ " + text, COLUMNS)
    except FormulaError as error:
        message = str(error)
    assert "\n" not in message


def test_a_thousand_terms_are_no_problem() -> None:
    """A sum of thousands of columns is read as such, without recursion."""
    names = [f"x{i}" for i in range(3000)]
    assert len(parse("y ~ " + " + ".join(names)).terms) == 3001


def test_formulaic_is_left_as_it_was_found() -> None:
    """Parsing imports neither pandas nor all of formulaic, and formulaic works after it."""
    code = (
        "import sys; from neglog.data import parse; parse('y ~ a*b');"
        "assert 'pandas' not in sys.modules and 'scipy' not in sys.modules;"
        "assert 'formulaic' not in sys.modules;"
        "import formulaic; formulaic.Formula('y ~ a'); parse('y ~ a:b')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_errors_of_formulas_are_errors_of_use() -> None:
    """A FormulaError is a UsageError and no DataError: the command line exits differently."""
    assert issubclass(FormulaError, UsageError)
    assert not issubclass(FormulaError, DataError)
