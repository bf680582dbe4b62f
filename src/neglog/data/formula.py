"""Formula text to terms: what `y ~ a*b + log(x) - 1` means, and what it may not mean.

formulaic's parser says how the operators bind; what they then do to sets of terms is written here,
in `_Algebra`, so that nothing in a formula is ever run and no formula takes for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from neglog.data.factors import ALLOWED, Factor, Term
from neglog.data.grammar import tree
from neglog.data.lexer import Lexer, Token
from neglog.data.sides import Side
from neglog.data.words import count, quote
from neglog.errors import UsageError

__all__ = ["Formula", "parse"]

MOST_TERMS = 20_000


@dataclass(frozen=True)
class Formula:
    """A formula, understood.

    Parameters
    ----------
    text : str
        The formula as it was written.
    side : Side
        The left side: the column that is the target, or the columns it is made of.
    terms : tuple of Term
        The terms of the right side, the intercept ``()`` first if there is one, then by the number
        of factors, in the order they were written.
    mentioned : tuple of str
        Every column the right side names, also those taken away by a minus sign.
    """

    text: str
    side: Side
    terms: tuple[Term, ...]
    mentioned: tuple[str, ...]

    @property
    def target(self) -> str:
        """The target by name: its column, or its columns as they are written."""
        return self.side.name

    @property
    def intercept(self) -> bool:
        """Whether there is an intercept."""
        return () in self.terms

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns the terms use, each once."""
        return tuple(dict.fromkeys(factor.column for term in self.terms for factor in term))


def parse(text: str, columns: Sequence[str] | None = None) -> Formula:
    """Return what a formula means.

    Parameters
    ----------
    text : str
        The formula, such as ``passed ~ attendance + C(school)``. The left side of a target that is more than one
        number is ``k | n`` (k successes of n trials), ``Interval(lo, hi)`` or ``Event(time, died)``.
    columns : sequence of str, optional
        The columns of the table, which ``.`` stands for (all but the target).

    Raises
    ------
    FormulaError
        The formula cannot be read, or asks for something outside the language; the message names
        the piece and what is allowed.

    Examples
    --------
    >>> formula = parse("y ~ a*b - 1")
    >>> [":".join(factor.name for factor in term) for term in formula.terms]
    ['a', 'b', 'a:b']
    """
    if not isinstance(text, str):
        raise UsageError(f"A formula is text such as 'y ~ x', not {quote(text)}.")
    lexer = Lexer(text)
    tokens = lexer.tokens()
    side, right = _sides(lexer, tokens)
    mentioned = tuple(dict.fromkeys(t.factor.column for t in right if t.factor is not None))
    for column in side.outcomes:
        if column in mentioned:
            lexer.fail(
                f"the target {quote(column)} stands on the right side too, where it would predict "
                "itself."
            )
    _check_order(lexer, right)
    intercept, rest = _intercept(lexer, right)
    if any(token.kind == "dot" for token in rest) and columns is None:
        lexer.fail("`.` stands for all other columns, and no table is given to say which they are.")
    others = [(Factor(name),) for name in columns or () if name not in side.columns]
    terms = _Algebra(lexer, others).evaluate(rest) if rest else []
    ordered = sorted(terms, key=len)
    if intercept:
        ordered.insert(0, ())
    if not ordered:
        lexer.fail(
            f"nothing is left on its right side. Write {side.name} ~ 1 for an intercept alone."
        )
    return Formula(text, side, tuple(ordered), mentioned)


def _sides(lexer: Lexer, tokens: list[Token]) -> tuple[Side, list[Token]]:
    """Return the target and the tokens of the right side."""
    tildes = [
        index for index, token in enumerate(tokens) if token.text == "~" and token.factor is None
    ]
    if not tildes:
        right = lexer.text.strip() or "x"
        lexer.fail(
            "it has no ~ between the target and the columns that explain it. Write "
            f"{quote('y ~ ' + right)}, with the name of the target for y."
        )
    if len(tildes) > 1:
        lexer.fail(
            f"it has {len(tildes)} signs ~; one stands between the target and the right side."
        )
    left, right_side = tokens[: tildes[0]], tokens[tildes[0] + 1 :]
    if not left:
        lexer.fail("there is no target before ~. Write y ~ ... with the name of the target for y.")
    side = _left(lexer, left)
    if not right_side:
        lexer.fail(f"there is nothing after ~. Write {side.name} ~ 1 for an intercept alone.")
    return side, right_side


def _left(lexer: Lexer, tokens: list[Token]) -> Side:
    """Return the target that the tokens before the ~ say."""
    for token in tokens:
        if token.factor is not None and token.factor.calls:
            lexer.fail(
                f"the target is transformed: {token.factor.name}. That changes its density by a Jacobian "
                "factor and the likelihood with it, so models would not compare. Choose a family for "
                "the target as it is (for log(y), a log-normal one), or add the transformed column to "
                "the data."
            )
    factors = [token.factor for token in tokens if token.factor is not None]
    if len(tokens) == 1 and factors:
        return Side("column", (factors[0].column,))
    if len(tokens) == 1 and tokens[0].columns:
        return _two_columns(lexer, tokens[0].text.partition("(")[0], tokens[0].columns)
    if not any(token.text == "|" and token.factor is None for token in tokens):
        lexer.fail(
            "the left side must be one column, the target (or k | n, Interval(lo, hi), Event(time, died) of two "
            "columns). If it is a combination of columns, add it to the data as a column and name that."
        )
    if len(tokens) != 3 or len(factors) != 2 or tokens[1].text != "|":
        lexer.fail(
            "before the ~ the sign | stands between two columns, k | n ~ x: the successes and the trials."
        )
    return _two_columns(lexer, "CountOf", tuple(factor.column for factor in factors))


def _two_columns(lexer: Lexer, kind: str, columns: tuple[str, ...]) -> Side:
    side = Side(kind, columns)
    if columns[0] == columns[1]:
        lexer.fail(
            f"{side.name} names the column {quote(columns[0])} twice; the {side.roles[0]} and the {side.roles[1]} are "
            "two columns."
        )
    return side


def _shown(token: Token) -> str:
    return quote(token.text or (token.factor.name if token.factor else ""))


def _check_order(lexer: Lexer, tokens: list[Token]) -> None:
    """Check that operands and operators alternate, and that parentheses pair."""
    depth = 0
    previous: Token | None = None
    for token in tokens:
        after_operand = previous is not None and previous.kind not in ("operator", "open")
        if token.kind == "operator":
            sign = token.text in "+-" and (previous is None or previous.text in ("+", "-"))
            if not after_operand and not sign:
                before = f" after {_shown(previous)}" if previous else ""
                lexer.fail(f"there is nothing for {_shown(token)} to work on{before}.")
            if token.text in ("^", "**") and previous is not None and previous.factor is not None:
                # In R this means the column itself, which nobody who writes it expects.
                name = previous.factor.name
                lexer.fail(
                    f"{token.text} makes the products of a sum in parentheses, (a + b)^2 = a + b "
                    f"+ a:b; it does not square {name}. For a curve write poly({name}, 2), or add "
                    "the squared column to the data."
                )
        elif token.kind == "close":
            depth -= 1
            if depth < 0:
                lexer.fail("a parenthesis is closed that was never opened.")
            if not after_operand:
                lexer.fail(
                    "there is nothing between parentheses, or an operator before ')' has no "
                    "second side."
                )
        else:
            if after_operand and previous is not None:
                lexer.fail(
                    f"there is no operator between {_shown(previous)} and {_shown(token)}. "
                    f"{ALLOWED}"
                )
            depth += token.kind == "open"
        previous = token
    if depth > 0:
        lexer.fail("a parenthesis is opened and not closed.")
    if previous is not None and previous.kind == "operator":
        lexer.fail(f"there is nothing after {_shown(previous)}.")


def _intercept(lexer: Lexer, tokens: list[Token]) -> tuple[bool, list[Token]]:
    """Return whether there is an intercept, and the tokens without the 0 and 1 that say so.

    Runs of signs are joined on the way: ``+ -`` is a minus, ``- -`` a plus.
    """
    intercept = True
    rest: list[Token] = []
    sign: Token | None = None
    depth = 0
    for index, token in enumerate(tokens):
        depth += {"open": 1, "close": -1}.get(token.kind, 0)
        if token.kind == "operator" and token.text in "+-":
            flip = sign is not None and sign.text == "-"
            text = token.text if not flip else {"+": "-", "-": "+"}[token.text]
            sign = Token("operator", text, token.start)
            continue
        after = tokens[index + 1].text if index + 1 < len(tokens) else "+"
        before = tokens[index - 1].text if index else "+"
        exponent = before in ("^", "**") and index > 0
        if token.kind == "number" and not exponent:
            alone = before in ("+", "-") and after in ("+", "-", ")") and depth == 0
            if token.text not in ("0", "1") or not alone:
                lexer.fail(
                    f"the number {token.text} can stand only as 0 or 1 (no intercept, intercept) "
                    "in the outermost sum, or as an exponent. A column is not multiplied by a "
                    "number: its coefficient is."
                )
            # Adding 1 and taking away 0 are the same, and so are the other two.
            minus = sign is not None and sign.text == "-"
            intercept = (token.text == "1") != minus
            sign = None
            continue
        if sign is not None and (rest or sign.text == "-"):
            if not rest:
                lexer.fail("a minus sign takes a term away, and there is none before it.")
            rest.append(sign)
        sign = None
        rest.append(token)
    return intercept, rest


class _Algebra:
    """What the operators do to ordered sets of terms.

    ``a + b`` unites, ``a - b`` takes away, ``a:b`` multiplies each with each, ``a*b`` is
    ``a + b + a:b``, and ``a^n`` is all products of up to n.
    """

    def __init__(self, lexer: Lexer, others: Sequence[Term]) -> None:
        self._lexer = lexer
        self._others = others

    def evaluate(self, tokens: list[Token]) -> list[Term]:
        """Return the terms of a sum without intercept."""
        by_start = {token.start: token for token in tokens}
        root = tree(self._lexer, tokens)
        # By hand instead of recursion: a sum of a thousand columns is a thousand levels deep.
        waiting: list[tuple[Any, bool]] = [(root, False)]
        results: list[Any] = []
        while waiting:
            node, ready = waiting.pop()
            arguments = list(getattr(node, "args", ()))
            if not hasattr(node, "operator"):
                token = by_start[node.source_start]
                term = (token.factor,) if token.factor is not None else None
                results.append(_set([term]) if term else token)
            elif not ready:
                waiting.append((node, True))
                waiting.extend((argument, False) for argument in reversed(arguments))
            else:
                cut = len(results) - len(arguments)
                values, results = results[cut:], results[:cut]
                results.append(self._apply(node.operator.symbol, values))
        return list(results[0].values())

    def _apply(self, symbol: str, values: list[Any]) -> _Terms:
        if symbol == ".":
            return _set(self._others)
        if symbol in ("^", "**"):
            return self._power(*values)
        left, right = values
        if symbol == "+":
            return _union(left, right)
        if symbol == "-":
            return {key: term for key, term in left.items() if key not in right}
        if symbol == ":":
            return self._product(left, right)
        return _union(left, right, self._product(left, right))

    def _product(self, left: _Terms, right: _Terms) -> _Terms:
        terms: _Terms = {}
        for first in left.values():
            for second in right.values():
                joined = tuple(dict.fromkeys((*first, *second)))
                terms.setdefault(frozenset(joined), joined)
            if len(terms) > MOST_TERMS:
                self._lexer.fail(
                    f"it stands for more than {count(MOST_TERMS, 'term')}. Name the interactions "
                    "that matter, as in a + b + a:b."
                )
        return terms

    def _power(self, base: _Terms, exponent: Any) -> _Terms:
        text = exponent.text if isinstance(exponent, Token) else ""
        if not text.isascii() or not text.isdecimal() or not text.strip("0"):
            self._lexer.fail(
                "the exponent after ^ or ** must be a whole number from 1 on: (a + b + c)^2 is "
                "all of them and their products in pairs. For the square of a column write "
                "poly(x, 2)."
            )
        terms = base
        # Products of more factors than there are change nothing any more.
        most = len(base) if len(text) > 6 else int(text)
        for _ in range(min(most, len(base)) - 1):
            terms = self._product(terms, base)
        return terms


_Terms = dict[frozenset[Factor], Term]


def _union(*sets: _Terms) -> _Terms:
    united: _Terms = {}
    for terms in sets:
        for key, term in terms.items():
            # a:b and b:a are the same term, spelled as it came first.
            united.setdefault(key, term)
    return united


def _set(terms: Iterable[Term]) -> _Terms:
    return {frozenset(term): term for term in terms}
