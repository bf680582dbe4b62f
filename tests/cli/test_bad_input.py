"""Bad input is answered in one paragraph with its exit code: no traceback, nothing on standard output, no file."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from cli.program import neglog

from neglog import errors
from neglog.cli.exits import exit_code

CASES = [
    # data
    (3, "no file 'nope.csv'", 'fit nope.csv "y ~ x"'),
    (3, "did you mean 'times.csv'", 'fit timess.csv "y ~ x"'),
    (3, "is a folder", 'fit folder.csv "y ~ x"'),
    (3, "is empty", 'fit empty.csv "y ~ x"'),
    (3, "not a text file", 'fit binary.csv "y ~ x"'),
    (3, "did you mean 'hours'", 'fit passed.csv "passed ~ hour"'),
    (3, "did you mean 'passed'", 'fit passed.csv "pased ~ hours"'),
    (3, "row 3 (line 4), column 'visits' of negative.csv holds -1",
     'fit negative.csv "visits ~ age" --family poisson'),
    (3, "2 rows of holes.csv", 'fit holes.csv "y ~ x" --missing error'),
    (3, "only one class", 'fit one.csv "y ~ x"'),
    (3, "is text ('a')", 'fit one.csv "y ~ x" --family normal'),
    (3, "collinear: z = 2*x", 'fit collinear.csv "y ~ x + z"'),
    (3, "--prior normal:1", 'fit collinear.csv "y ~ x + z"'),
    (3, "no column 'w'", 'fit times.csv "time ~ dose" --weights w'),
    (3, "no model file", 'predict nope.neglog times.csv'),
    (3, "not a neglog model", 'predict garbage.neglog times.csv'),
    (3, "must be a number from 0 to 1", 'loss bernoulli --y 2 --p 0.5'),
    (3, "prediction of p is 1.2", 'loss bernoulli --y 1 --p 1.2'),
    (3, "there is no folder", 'fit times.csv "time ~ dose" --save no/such/folder/m.neglog'),
    (3, "it is a folder", 'fit times.csv "time ~ dose" --report folder.csv'),
    # no maximum, or not reached
    (4, "no maximum", 'fit separable.csv "y ~ x"'),
    (4, "--prior normal:1", 'fit separable.csv "y ~ x"'),
    (4, "did not converge", 'fit visits.csv "visits ~ age" --family normal --solver gradient --max-iter 2'),
    (4, "2 / lambda_max",
     'fit visits.csv "visits ~ age" --family normal --solver gradient --step 100 --max-iter 200'),
    # usage
    (2, "did you mean 'bernoulli'", 'fit passed.csv "passed ~ hours" --family bernuli'),
    (2, "there is no command 'fti'. did you mean 'fit'?", 'fti'),
    (2, "missing argument 'formula'", 'fit passed.csv'),
    (2, "is not one of 'newton'", 'fit passed.csv "passed ~ hours" --solver magic'),
    (2, "write normal:scale", 'fit passed.csv "passed ~ hours" --prior uniform:1'),
    (2, "positive scale", 'fit passed.csv "passed ~ hours" --prior normal:-1'),
    (2, "which does not exist", 'fit passed.csv "passed ~ hours" --family nope.py:Mine'),
    (2, "not a value of 'passed'", 'fit passed.csv "passed ~ hours" --positive maybe'),
    (2, "two ways of saying", 'fit times.csv "time ~ dose" --family normal --density -y'),
    (2, "give its text with --density", 'fit times.csv "time ~ dose" --target positive'),
    (2, "there is no example", 'example no_such_example'),
    (2, "give the prediction once", 'loss bernoulli --y 1'),
    (2, "'x' is none", 'loss bernoulli --y 1 --p x'),
    (2, "no other parameter 'tau'", 'loss normal --y 1 --p 1 --param tau=2'),
    (2, "such as --y '3 | 10'", 'loss binomial --y 3 --p 0.5'),
    (2, "such as --y '2,inf'", 'loss Censored(weibull) --y 2 --p 0.5'),
    (2, "did you mean 'tau'", 'fit times.csv "time ~ dose" --family asymmetric_laplace --param ta=0.9'),
    (3, "number greater than 0", 'fit times.csv "time ~ dose" --family normal --param sigma=-2'),
    (2, "write name=number", 'fit times.csv "time ~ dose" --family normal --param sigma=1x'),
    (2, "name it, as in", 'fit times.csv "time ~ dose" --param sigma=2'),
    (2, "not a loss", 'fit times.csv "time ~ dose" --loss huber --param delta=positive'),
    (2, "take the observed information", 'fit times.csv "time ~ dose" --loss huber --information expected'),
    (2, "no family or loss called", 'derive no_such_law'),
    (2, "say what to derive", 'derive'),
    # densities and formulas as text
    (2, "is not an expression", 'fit times.csv "time ~ 1" --density "log(lam - lam*y"'),
    (2, "integrates to 0.5",
     'fit times.csv "time ~ 1" --density "log(lam) - 2*lam*y" --target positive --param lam=positive'),
    (2, "--param lam=positive", 'fit times.csv "time ~ 1" --density "log(lam) - lam*y" --target positive'),
    (2, "does not occur in the density",
     'fit times.csv "time ~ 1" --density "log(lam) - lam*y" --target positive --param mu=real'),
    (2, "no such support",
     'fit times.csv "time ~ 1" --density "log(lam) - lam*y" --target positive --param lam=positve'),
    (2, "may not stand in a density",
     '''fit times.csv "time ~ 1" --density "__import__('os').system('touch PWNED') + lam*y"'''),
    (2, "may not stand in a density", 'derive --density "lam.__class__.__mro__ + y"'),
    (2, "cannot be used", '''fit times.csv "time ~ I(__import__('os').system('touch PWNED'))"'''),
    (2, "cannot be used", '''fit times.csv "__import__('os').system('touch PWNED') ~ 1"'''),
]  # fmt: skip  # one case a line


@pytest.mark.parametrize(("code", "words", "line"), CASES)
def test_bad_input_is_answered(code: int, words: str, line: str, here: Path) -> None:
    """Each mistake has its exit code and a paragraph that names it, and leaves no file behind."""
    args = shlex.split(line)
    if args[0] == "fit" and "--save" not in args and "--report" not in args:
        args = [*args, "--save", "kept.neglog", "--report", "kept.html"]
    before = sorted(path.name for path in here.iterdir())
    ran = neglog(*args)
    assert (ran.code, ran.out) == (code, ""), ran.err
    message = ran.err[ran.err.index("neglog: ") :]
    assert message.count("\n") == 1
    assert words in message.lower()
    assert "Traceback" not in ran.err
    assert sorted(path.name for path in here.iterdir()) == before


def test_family_file_that_fails_says_its_line(here: Path) -> None:
    """A mistake in a user's own file is told with the line it is in."""
    Path("mine.py").write_text("x = 1\n\nraise ValueError('no such thing')\n", encoding="utf-8")
    ran = neglog("fit", "times.csv", "time ~ dose", "--family", "mine.py:Mine")
    assert ran.code == 2
    assert "(line 3): ValueError: no such thing" in ran.err


def test_family_file_without_the_name_offers_the_nearest(here: Path) -> None:
    """A name that the file lacks is answered with one it has."""
    Path("mine.py").write_text(
        "import neglog as nl\n\n@nl.family(y=nl.Positive(), rate=nl.Positive())\n"
        "def Waiting(y, rate):\n    return -y\n",
        encoding="utf-8",
    )
    ran = neglog("fit", "times.csv", "time ~ dose", "--family", "mine.py:Wating")
    assert (ran.code, "Did you mean 'Waiting'?" in ran.err) == (2, True)


def test_every_error_has_an_exit_code() -> None:
    """The table of exit codes covers each exception that neglog raises on purpose."""
    expected = {
        "UsageError": 2, "DensityError": 2, "FormulaError": 2,
        "DataError": 3, "SupportError": 3, "MissingValuesError": 3, "CollinearError": 3, "ModelFileError": 3,
        "FitError": 4, "ConvergenceError": 4, "SeparationError": 4,
        "NeglogError": 1, "DerivationError": 1, "LawError": 1,
    }  # fmt: skip  # a table, by exit code
    kinds = {
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.NeglogError)
    }
    assert kinds == set(expected)
    for name, code in expected.items():
        kind = getattr(errors, name)
        error = kind("rule", "what") if name == "DerivationError" else kind("what")
        assert exit_code(error) == code
    assert exit_code(KeyboardInterrupt()) == 130
    assert exit_code(RuntimeError()) == 1


def test_messages_cannot_move_the_cursor(here: Path) -> None:
    """Control characters of a column name are printed as text, on one line."""
    Path("evil.csv").write_text('"a\x1b[2J","b"\n1,2\n3,4\n', encoding="utf-8")
    ran = neglog("fit", "evil.csv", "c ~ b")
    assert "\x1b" not in ran.err
    assert ran.code == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ["fit", "passed.csv", "passed ~ hours", "--save", "passed.csv"],
        ["fit", "passed.csv", "passed ~ hours", "--report", "./passed.csv"],
        ["fit", "passed.csv", "passed ~ hours", "--save", "m.html", "--report", "m.html"],
    ],
)
def test_outputs_never_replace_inputs(arguments: list[str], here: Path) -> None:
    """A file that a command reads, or writes for another reason, is not written over."""
    before = (here / "passed.csv").read_bytes()
    ran = neglog(*arguments)
    assert ran.code == 2
    assert "would destroy it" in ran.err
    assert (here / "passed.csv").read_bytes() == before
    assert not (here / "m.html").exists()


def test_help_keeps_its_lines() -> None:
    """The examples of the first page stand one a line, without click's marks."""
    ran = neglog("--help")
    assert "\\b" not in ran.out
    assert any(
        line.strip().startswith("neglog derive cross_entropy") for line in ran.out.splitlines()
    )
