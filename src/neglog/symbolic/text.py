"""A tree as text, and text as a tree: ``parse(to_text(node)) == node``.

The parser reads Python's grammar and keeps an allow-list of it: numbers, names that were announced, ``+ - * / **``,
comparisons, indexing, fields of the target (``y.k``), and calls of heads. Nothing is evaluated; anything else is
refused by name.
"""

from __future__ import annotations

import ast
from collections.abc import Collection
from fractions import Fraction

from neglog.errors import DensityError, nearest
from neglog.symbolic.expression import BINDERS, Call, Node, Number, Symbol, call, free_symbols, walk
from neglog.symbolic.heads import HEADS

__all__ = ["LONGEST_DENSITY", "LONGEST_STORED", "parse", "to_text"]

_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = 1, 2, 3, 4, 5
_COMPARE = 0
_CONSTANTS = ("pi", "inf")

# head: (operator, own precedence, least precedence of left and of right argument)
_INFIX = {
    "add": (" + ", _SUM, _SUM, _PRODUCT),
    "sub": (" - ", _SUM, _SUM, _PRODUCT),
    "mul": ("*", _PRODUCT, _PRODUCT, _SIGN),
    "div": ("/", _PRODUCT, _PRODUCT, _SIGN),
    "pow": ("**", _POWER, _ATOM, _SIGN),
    "lt": (" < ", _COMPARE, _SUM, _SUM),
    "le": (" <= ", _COMPARE, _SUM, _SUM),
    "gt": (" > ", _COMPARE, _SUM, _SUM),
    "ge": (" >= ", _COMPARE, _SUM, _SUM),
    "eq": (" == ", _COMPARE, _SUM, _SUM),
    "ne": (" != ", _COMPARE, _SUM, _SUM),
}


def to_text(node: Node) -> str:
    """Return `node` as density text."""
    return _print(node)[0]


def _print(node: Node) -> tuple[str, int]:
    if isinstance(node, Symbol):
        owner, dot, field = node.name.rpartition(".")
        return (f"{owner}[{field}]" if dot and field.isdigit() else node.name), _ATOM
    if isinstance(node, Number):
        value = node.value
        if value.denominator == 1:
            return str(value), _ATOM if value >= 0 else _SIGN
        return str(
            value
        ), _PRODUCT if value >= 0 else _COMPARE  # -1/2 reads as (-1)/2: bracket it inside anything
    assert isinstance(node, Call)
    if node.head == "neg":
        return "-" + _bracket(node.args[0], _SIGN), _SIGN
    if node.head in _CONSTANTS:
        return node.head, _ATOM
    if node.head == "gather":
        return f"{_bracket(node.args[0], _ATOM)}[{to_text(node.args[1])}]", _ATOM
    if node.head in _INFIX:
        operator, own, left, right = _INFIX[node.head]
        return _bracket(node.args[0], left) + operator + _bracket(node.args[1], right), own
    return f"{node.head}({', '.join(map(to_text, node.args))})", _ATOM


def _bracket(node: Node, least: int) -> str:
    text, precedence = _print(node)
    return text if precedence >= least else f"({text})"


_BINARY: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.Pow: "pow",
}
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
    ast.Eq: "eq",
    ast.NotEq: "ne",
}
_LONGEST_TEXT = 10_000  # of what people write
LONGEST_DENSITY = 100_000
"""Characters of a stored density: a truncated law may be a sum of several densities."""
LONGEST_STORED = 2_000_000
"""Characters of a derived form that is read back: the curvature of a censored law is longer than any density."""
_DEEPEST_TREE = 200


def parse(text: str, names: Collection[str] | None = None, *, longest: int = _LONGEST_TEXT) -> Node:
    """Read a density (or any expression of the vocabulary) from text.

    Parameters
    ----------
    text : str
        For example ``"log(lam/(2*pi*y**3))/2 - lam*(y - mu)**2/(2*mu**2*y)"``.
    names : collection of str, optional
        The symbols that may occur; every name is a symbol when it is left out.
    longest : int
        Most characters that are read.

    Returns
    -------
    Node
        The tree. Nothing in the text is ever executed.

    Raises
    ------
    DensityError
        If the text is not an expression of the vocabulary; the message names the piece.
    """
    if len(text) > longest:
        raise DensityError(
            f"The density is {len(text)} characters long; at most {longest} are read."
        )
    try:
        tree = ast.parse(" ".join(text.split()), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        where = (
            f" near column {error.offset}"
            if isinstance(error, SyntaxError) and error.offset
            else ""
        )
        raise DensityError(
            f"'{_shorten(text)}' is not an expression{where}. Write a log-density such as "
            "'log(lam) - lam*y', with * for products and ** for powers."
        ) from None
    return _read(tree, names, 0)


def _read(tree: ast.AST, names: Collection[str] | None, depth: int) -> Node:
    if depth > _DEEPEST_TREE:
        raise DensityError(
            f"The density is nested more than {_DEEPEST_TREE} levels deep; simplify it."
        )
    match tree:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            try:
                return Number(
                    Fraction(repr(value)) if isinstance(value, float) else Fraction(value)
                )
            except ValueError:
                raise DensityError(f"The number {value} in the density is not finite.") from None
        case ast.Name(id=name) if name in _CONSTANTS and (names is None or name not in names):
            return Call(name, ())
        case ast.Name(id=name):
            if names is not None and name not in names:
                raise DensityError(
                    f"'{_shorten(name)}' in the density is neither the target nor a parameter. {nearest(name, names)}"
                )
            return Symbol(name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return call("neg", _read(operand, names, depth + 1))
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _read(operand, names, depth + 1)
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _BINARY:
            head = _BINARY[type(operator)]
            arguments = _read(left, names, depth + 1), _read(right, names, depth + 1)
            if head == "div" and arguments[1] == Number(Fraction(0)):
                raise DensityError(f"'{_shorten(_source(tree))}' divides by zero.")
            if head == "pow" and (_is_huge(arguments[0], 10**100) or _is_huge(arguments[1], 1000)):
                raise DensityError(
                    f"'{_shorten(_source(tree))}' is too large a power: exponents go to 1000 and numbers are not "
                    "powers of powers. Write the number itself, or work with its logarithm."
                )
            return call(head, *arguments)
        case ast.Compare(left=left, ops=[operator], comparators=[right]) if (
            type(operator) in _COMPARISONS
        ):
            return call(
                _COMPARISONS[type(operator)],
                _read(left, names, depth + 1),
                _read(right, names, depth + 1),
            )
        case ast.Attribute(value=ast.Name(id=owner), attr=field) if (
            names is None or f"{owner}.{field}" in names
        ):
            return Symbol(f"{owner}.{field}")
        case ast.Subscript(
            value=ast.Name(id=owner), slice=ast.Constant(value=int() as component)
        ) if names is not None and f"{owner}.{component}" in names:
            return Symbol(f"{owner}.{component}")
        case ast.Subscript(value=ast.Name() as vector, slice=index):
            return call("gather", _read(vector, names, depth + 1), _read(index, names, depth + 1))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in BINDERS:
            return _read_sum(name, args, names, depth)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
            public = {
                head.name for head in HEADS.values() if head.public and head.arity
            } | _INTERNAL_HEADS
            if name not in public:
                raise DensityError(
                    f"'{_shorten(name)}' is not a function of densities. {nearest(name, sorted(public))}"
                )
            if len(args) != HEADS[name].arity:
                raise DensityError(
                    f"'{name}' takes {HEADS[name].arity} argument(s), not {len(args)}."
                )
            return call(name, *(_read(arg, names, depth + 1) for arg in args))
    raise DensityError(
        f"'{_shorten(_source(tree))}' may not stand in a density: numbers, the announced names, "
        "+ - * / **, comparisons inside where(...), indexing and the functions of neglog.math may."
    )


def _read_sum(name: str, args: list[ast.expr], names: Collection[str] | None, depth: int) -> Node:
    """Read a sum: its index is a name of its own inside."""
    match args:
        case [
            *inside,
            ast.Name(id=index),
            ast.Call(func=ast.Name(id=kind), args=ends, keywords=[]),
        ] if len(inside) == BINDERS[name] + 1 and len(ends) in _DOMAINS.get(kind, ()):
            under = None if names is None else {*names, index}
            return Call(
                name,
                (
                    *(_read(part, under, depth + 1) for part in inside),
                    Symbol(index),
                    Call(kind, tuple(_read(end, names, depth + 1) for end in ends)),
                ),
            )
    taken = "".join(f"{letter}, " for letter in "gabc"[BINDERS[name] > 1 :][: BINDERS[name]])
    raise DensityError(
        f"'{name}' is written {name}({taken}term, j, series(start)) with an index j of its own; the domain is "
        "series(start), series(start, peak, spread), interval(lo, hi) or interval(lo, hi, centre, scale)."
    )


_DOMAINS = {"series": (1, 3), "interval": (2, 4)}  # how many numbers describe each


# Heads of derived forms (losses shipped or cached as text), harmless but of no use to an author.
_INTERNAL_HEADS = frozenset(
    {
        "softmax",
        "delta",
        "logsumexp_excess",
        "softmax_excess",
        "average",
        "size",
        "average_excess",
        "expm1mx",
        "stirling",
        "inverse_mills1",
        "inverse_mills2",
        *(f"cauchy_mills{order}" for order in ("", 1, 2)),
        *(f"log_softplus{order}" for order in (1, 2, 3)),
        "log_ndtr_gap",
        "ndtr_gap_slope",
        "ndtr_gap_edge",
        "ndtr_gap_rest",
        "tetragamma",
        "log_bessel_i0mx",
        "bessel_ratiom1",
        "bessel_ratio1",
        "bessel_ratio2",
        *(f"{tower}{order}" for tower in ("exprel", "lexprel", "erfcx") for order in (1, 2, 3)),
        *(f"{tower}{order}" for tower in ("binet", "lgr", "lgd") for order in ("", 1, 2, 3)),
    }
)


def _is_huge(part: Node, limit: int) -> bool:
    """Return whether a base or an exponent is a number that exact arithmetic could not finish with."""
    if isinstance(part, Number):
        return abs(part.value) > limit
    return not free_symbols(part) and any(
        isinstance(p, Call) and p.head == "pow" for p in walk(part)
    )


def _source(tree: ast.AST) -> str:
    """Return the source of a piece, or a word for it where it is nested too deep to print."""
    try:
        return ast.unparse(tree)
    except RecursionError:
        return type(tree).__name__


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    short = line if len(line) <= 60 else line[:57] + "..."
    return short.encode("utf-8", "backslashreplace").decode()
