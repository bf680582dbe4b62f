"""formulaic's parser, without the rest of formulaic: tokens to a tree of operators."""

from __future__ import annotations

import importlib.util
import sys
import threading
import types
from collections.abc import Callable
from typing import Any

from neglog.data.factors import ALLOWED
from neglog.data.lexer import Lexer, Token

__all__ = ["tree"]


def tree(lexer: Lexer, tokens: list[Token]) -> Any:
    """Return formulaic's syntax tree of tokens that are ours."""
    make_token, make_tree, resolver = _formulaic()
    kinds = {"factor": "name", "number": "value", "operator": "operator", "dot": "operator"}
    theirs = [
        make_token(
            # The text of a name says nothing to the parser; its place leads back to our token.
            token.text if token.kind != "factor" else "x",
            kind=kinds.get(token.kind, "context"),
            source=lexer.text,
            source_start=token.start,
        )
        for token in tokens
    ]
    try:
        return make_tree(theirs, resolver)
    except Exception as error:  # noqa: BLE001  # a formula that our own checks did not foresee
        lexer.fail(
            f"{str(error).splitlines()[0] if str(error) else type(error).__name__}. {ALLOWED}"
        )


_LOCK = threading.Lock()
_PARSER: list[tuple[Callable[..., Any], Callable[..., Any], Any]] = []


def _formulaic() -> tuple[Callable[..., Any], Callable[..., Any], Any]:
    """Return formulaic's token class, its parser, and its table of operators.

    ``import formulaic`` imports pandas and its materialisers, which takes longer than most fits.
    The parser needs neither, so it is imported below a package that is empty for that moment,
    unless formulaic is there already.
    """
    with _LOCK:
        if not _PARSER:
            spec = importlib.util.find_spec("formulaic")
            alone = "formulaic" not in sys.modules and spec is not None
            if alone and spec is not None:
                package = types.ModuleType("formulaic")
                package.__path__ = list(spec.submodule_search_locations or ())
                sys.modules["formulaic"] = package
            try:
                _PARSER.append(_import_parser())
            finally:
                if alone:
                    for name in [n for n in sys.modules if n.partition(".")[0] == "formulaic"]:
                        del sys.modules[name]
        return _PARSER[0]


def _import_parser() -> tuple[Callable[..., Any], Callable[..., Any], Any]:
    from formulaic.parser.algos.tokens_to_ast import tokens_to_ast
    from formulaic.parser.parser import DefaultOperatorResolver
    from formulaic.parser.types import Token as FormulaicToken

    return FormulaicToken, tokens_to_ast, DefaultOperatorResolver()
