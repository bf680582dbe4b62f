"""Formula text to tokens: names, calls, numbers, operators, and nothing else.

Calls are read completely here - function, column, option - against a list of what is allowed, so
that no later step ever holds a piece of text that could be run.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal, NoReturn

from neglog.data.factors import ALLOWED, FUNCTIONS, Call, Factor, Option, is_plain
from neglog.data.sides import CALLED
from neglog.data.words import quote
from neglog.errors import FormulaError, nearest

__all__ = ["Lexer", "Token"]

LONGEST = 100_000
_DEEPEST = 8

_OPERATORS = re.compile(r"\*\*|[~+\-*:^]")
_NUMBER = re.compile(r"\d+\.?\d*|\.\d+")
_LITERAL = re.compile(r"""[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|True\b|False\b""")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"|' + r"'((?:[^'\\]|\\.)*)'", re.S)

_SPLINES = "splines are not in the formula language: write poly(x, 3), or add the basis to the data"

_OTHER_WORDS = {
    "I": "arithmetic is not run: write poly(x, 2) for a curve, or add the column to the data",
    "Q": "write the name in back-ticks instead: `my column`",
    "factor": "write C(x) for categories",
    "as.factor": "write C(x) for categories",
    "log10": "write log(x): the two differ only by a factor in the coefficient",
    "log2": "write log(x): the two differ only by a factor in the coefficient",
    "standardize": "write scale(x)",
    "Surv": "write Event(time, died) ~ ..., with 1 where the event was seen, or Interval(lo, hi) ~ ...",
    "cbind": "write k | n ~ ..., the successes and the trials (not the failures)",
    "bs": _SPLINES,
    "cr": _SPLINES,
    "ns": _SPLINES,
}

_OTHER_SIGNS = {
    "/": "nesting is written out: instead of a / b write a + a:b",
    "|": "group effects (a | b) are not in the formula language",
    "%": "the operators %in% and %% are not in the formula language: for nesting write a:b",
    "=": "a formula joins target and columns with ~, as in y ~ x",
    "{": "code in braces is not run",
    "[": "indexing is not run: select the rows or columns before fitting",
    "@": "this sign is not in the formula language",
}


@dataclass(frozen=True)
class Token:
    """A piece of the formula: its kind, its text, where it starts, and what it names.

    A factor names one column; a side, ``Interval(lo, hi)`` before the ``~``, names two.
    """

    kind: Literal["factor", "number", "operator", "dot", "open", "close", "side"]
    text: str
    start: int
    factor: Factor | None = None
    columns: tuple[str, ...] = ()


class Lexer:
    """Reads one formula.

    Parameters
    ----------
    text : str
        The formula.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._at = 0
        self._beyond_tilde = False

    def fail(self, message: str) -> NoReturn:
        """Raise the error of this formula."""
        raise FormulaError(f"The formula {quote(self.text)} cannot be used: {message}")

    def tokens(self) -> list[Token]:
        """Return the tokens of the whole formula."""
        if len(self.text) > LONGEST:
            self.fail(
                f"it has {len(self.text):,} characters, more than {LONGEST:,}. Use `.` for all "
                "columns, and `. - x` for all but x."
            )
        found = []
        while self._skip():
            found.append(self._token())
        return found

    def _skip(self) -> bool:
        while self._at < len(self.text) and self.text[self._at].isspace():
            self._at += 1
        return self._at < len(self.text)

    def _peek(self) -> str:
        return self.text[self._at] if self._skip() else ""

    def _token(self) -> Token:
        start = self._at
        char = self.text[start]
        if char in "()":
            self._at += 1
            return Token("open" if char == "(" else "close", char, start)
        if operator := _OPERATORS.match(self.text, start):
            self._at = operator.end()
            self._beyond_tilde |= char == "~"
            return Token("operator", operator.group(), start)
        if char == "|" and not self._beyond_tilde:
            self._at += 1
            return Token("operator", char, start)
        if char == "`":
            return Token("factor", "", start, Factor(self._quoted()))
        word = self._word()
        if not word:
            self._refuse(char)
        if _NUMBER.fullmatch(word):
            return Token("number", word, start)
        if word == ".":
            return Token("dot", word, start)
        if self._peek() == "(":
            if word in CALLED:
                return self._side(word, start)
            factor = self._call(word, start, depth=1)
            return Token("factor", self.text[start : self._at], start, factor)
        return Token("factor", word, start, Factor(word))

    def _word(self) -> str:
        """Return the name or number that starts here, and step over it."""
        start = self._at
        while self._at < len(self.text) and _in_word(self.text[self._at]):
            self._at += 1
        return self.text[start : self._at]

    def _quoted(self) -> str:
        end = self.text.find("`", self._at + 1)
        if end < 0:
            self.fail("a back-tick (`) is opened and not closed. Write `my column`.")
        name = self.text[self._at + 1 : end]
        if not name:
            self.fail("there is no name between the back-ticks (``).")
        self._at = end + 1
        return name

    def _refuse(self, char: str) -> NoReturn:
        plain = unicodedata.normalize("NFKC", char)
        if plain != char and plain in "~+-*:^().`":
            self.fail(
                f"the sign {quote(char)} is the full-width form of {quote(plain)}; write the "
                "plain one."
            )
        if char in "\"'":
            self.fail(
                f"text in quotation marks can stand only in C(x, ref={char}b{char}). A column "
                "whose name is not one word goes in back-ticks (`)."
            )
        reason = _OTHER_SIGNS.get(char, "this sign is not in the formula language")
        self.fail(f"it contains {quote(char)}; {reason}. {ALLOWED}")

    def _call(self, function: str, start: int, depth: int) -> Factor:
        """Read a call from its opening parenthesis on, and return the factor it makes."""
        if function not in FUNCTIONS:
            self._unknown(function)
        if depth > _DEEPEST:
            self.fail(f"functions are nested more than {_DEEPEST} deep.")
        self._at += 1
        inner = self._argument(function, start, depth)
        option: Option = None
        given = self._peek() == ","
        if given:
            self._at += 1
            option = self._option(function, start)
        if self._peek() != ")":
            self._arithmetic(function, start)
        self._at += 1
        return self._applied(inner, function, option, given)

    def _side(self, kind: str, start: int) -> Token:
        """Read the two columns of a target with fields."""
        if self._beyond_tilde:
            self.fail(
                f"{kind}(...) is a target, which stands before the ~, as in {CALLED[kind]} ~ x."
            )
        columns = []
        for ending in ",)":
            self._at += 1
            columns.append(self._plain_column(kind))
            if self._peek() != ending:
                self.fail(
                    f"{kind} takes two columns as they are, as in {CALLED[kind]} ~ x. What is to be computed from "
                    "columns is added to the data first."
                )
        self._at += 1
        return Token("side", self.text[start : self._at], start, columns=tuple(columns))

    def _plain_column(self, kind: str) -> str:
        if self._peek() == "`":
            return self._quoted()
        word = self._word()
        if not word or _NUMBER.fullmatch(word) or word == ".":
            self.fail(f"{kind} takes two columns by name, as in {CALLED[kind]} ~ x.")
        return word

    def _argument(self, function: str, start: int, depth: int) -> Factor:
        if self._peek() == "`":
            return Factor(self._quoted())
        word = self._word()
        if not word or _NUMBER.fullmatch(word) or word == ".":
            self._arithmetic(function, start)
        if self._peek() == "(":
            return self._call(word, start, depth + 1)
        return Factor(word)

    def _option(self, function: str, start: int) -> Option:
        names = {"C": "ref", "poly": "degree"}
        usage = {"C": 'C(x) or C(x, ref="b")', "poly": "poly(x, 2)"}
        if function not in names:
            self.fail(f"{function} takes one column, as in {function}(x).")
        self._skip()
        named = re.compile(r"(\w+)\s*=\s*").match(self.text, self._at)
        if named:
            if named.group(1) != names[function]:
                self.fail(
                    f"{function} has no option {quote(named.group(1))}. Write {usage[function]}."
                )
            self._at = named.end()
        elif function == "C":
            self.fail('the reference level is given by name: C(x, ref="b").')
        value = self._literal()
        if value is None:
            self.fail(
                f"the second argument of {self._piece(start)} is not plain. Write "
                f"{usage[function]}."
            )
        return value

    def _literal(self) -> Option:
        if string := _STRING.match(self.text, self._at):
            self._at = string.end()
            return re.sub(r"\\(.)", r"\1", string.group(1) or string.group(2) or "")
        if literal := _LITERAL.match(self.text, self._at):
            self._at = literal.end()
            text = literal.group()
            if text in ("True", "False"):
                return text == "True"
            return int(text) if re.fullmatch(r"[+-]?\d{1,18}", text) else float(text)
        return None

    def _applied(self, inner: Factor, function: str, option: Option, given: bool) -> Factor:
        last = inner.calls[-1].function if inner.calls else ""
        if last == "C":
            self.fail(f"{function}({inner.name}) asks for a number where C(...) makes categories.")
        if last == "poly":
            self.fail(
                f"{function}({inner.name}): poly makes several columns, so it must be the "
                "outermost call."
            )
        if function == "C" and inner.calls:
            self.fail(
                f"C({inner.name}): categories are the values of a column as it is. Write "
                f"C({inner.column})."
            )
        if function == "poly":
            if not given:
                self.fail(f"poly needs a degree, as in poly({inner.name}, 2).")
            if not isinstance(option, int) or isinstance(option, bool) or not 1 <= option <= 20:
                self.fail(
                    f"the degree of poly must be a whole number from 1 to 20, not {quote(option)}."
                )
        return Factor(inner.column, (*inner.calls, Call(function, option)))

    def _piece(self, start: int) -> str:
        """Return the call that starts there, for a message."""
        end = self.text.find(")", self._at)
        return quote(self.text[start : (end + 1) or len(self.text)])

    def _arithmetic(self, function: str, start: int) -> NoReturn:
        piece = self._piece(start)
        if self.text.find(")", self._at) < 0:
            self.fail(f"the parenthesis of {piece} is not closed.")
        one = re.match(r"log\(\s*([^\s()+*/-]+)\s*\+\s*1(\.0*)?\s*\)", self.text[start:])
        if one:
            self.fail(
                f"arithmetic is not run inside a formula. For {piece} write log1p({one.group(1)})."
            )
        self.fail(
            f"{piece} is more than {function} of a column, and arithmetic or code is not run "
            f"inside a formula. Add the column to the data first, then use it by name. {ALLOWED}"
        )

    def _unknown(self, function: str) -> NoReturn:
        if function in _OTHER_WORDS:
            self.fail(f"{function}(...) is not in the formula language; {_OTHER_WORDS[function]}.")
        last = function.rpartition(".")[2]
        if last in FUNCTIONS and function != last:
            self.fail(f"{quote(function)} is written {last} in a formula, as in {last}(x).")
        if not is_plain(function):
            self.fail(f"there is no operator between {quote(function)} and '('. {ALLOWED}")
        hint = nearest(function, FUNCTIONS)
        self.fail(
            f"there is no function {quote(function)} in the formula language. {hint} {ALLOWED}"
        )


def _in_word(char: str) -> bool:
    # Combining marks belong to the letter before them: accents, vowel signs of Indic scripts.
    return char.isalnum() or char in "._" or unicodedata.category(char) in ("Mn", "Mc", "Me")
