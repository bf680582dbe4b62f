"""A family written as text: ``Censored(weibull)``, ``Truncated(normal, lower=0)``, ``Hurdle(Censored(gamma))``.

The text is taken apart by hand: names of families and transformers from the register, and numbers. Nothing is run.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from neglog.errors import UsageError, nearest
from neglog.families.family import Family
from neglog.families.register import law_named, resolve
from neglog.families.transformers.censored import Censored
from neglog.families.transformers.hurdle import Hurdle
from neglog.families.transformers.truncated import Truncated
from neglog.families.transformers.zero_inflated import ZeroInflated

__all__ = ["TRANSFORMERS", "built_in", "python_of", "spelled"]

TRANSFORMERS: dict[str, tuple[Callable[..., Family[...]], tuple[str, ...]]] = {
    "Censored": (Censored, ()),
    "Hurdle": (Hurdle, ()),
    "Truncated": (Truncated, ("lower", "upper")),
    "ZeroInflated": (ZeroInflated, ()),
}
"""Each transformer with the numbers that it takes by name."""

_LONGEST, _DEEPEST = 500, 5
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf")


def spelled(text: str) -> Family[...]:
    """Return the family that a text means.

    Parameters
    ----------
    text : str
        The name of a family, or a transformer of one in parentheses; case, spaces, ``-`` and ``_`` of names do not
        matter, and a leading ``nl.`` may stand.

    Raises
    ------
    UsageError
        If it is neither; the message names the piece.

    Examples
    --------
    >>> spelled("Censored(weibull)").name
    'Censored(Weibull)'
    >>> spelled("nl.Truncated(nl.Normal, lower=0)").name
    'Truncated(Normal, lower=0)'
    """
    if len(text) > _LONGEST:
        raise UsageError(
            f"The family is written with {len(text):,} characters; at most {_LONGEST} are read. Write a name, or a "
            "transformer of one such as Censored(weibull)."
        )
    return _read(text.strip(), text, 0)


def _read(piece: str, text: str, depth: int) -> Family[...]:
    name, parenthesis, rest = piece.removeprefix("nl.").partition("(")
    if not parenthesis:
        if ")" in piece or "," in piece or "=" in piece:
            raise _wrong(text, f"'{piece}' is no name of a family")
        return resolve(name.strip())
    if depth >= _DEEPEST:
        raise _wrong(text, f"transformers are nested more than {_DEEPEST} deep")
    if not rest.endswith(")"):
        where = (
            "something stands after its last parenthesis"
            if ")" in rest
            else "a parenthesis is not closed"
        )
        raise _wrong(text, where)
    names = {each.casefold(): each for each in TRANSFORMERS}
    folded = re.sub(r"[\s_\-]+", "", name).casefold()
    if folded not in names:
        law = law_named(name)
        if law is not None:
            raise _wrong(
                text,
                f"{law.name}(...) with values is a distribution, in which nothing is left to fit; as a family it is "
                f"written without parentheses, {law.name}",
            )
        raise _wrong(
            text, f"there is no transformer '{name.strip()}'. {nearest(name.strip(), TRANSFORMERS)}"
        )
    transformer, takes = TRANSFORMERS[names[folded]]
    family, *options = _arguments(rest[:-1], text)
    numbers = dict(_option(each, names[folded], takes, text) for each in options)
    if len(numbers) < len(options):
        raise _wrong(text, f"{names[folded]} is given the same number twice")
    return transformer(_read(family.strip(), text, depth + 1), **numbers)


def _arguments(inside: str, text: str) -> list[str]:
    """Return what stands between the commas that are in no parentheses of their own."""
    parts, depth = [""], 0
    for char in inside:
        depth += {"(": 1, ")": -1}.get(char, 0)
        if depth < 0:
            raise _wrong(text, "a parenthesis is closed that was never opened")
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    if depth:
        raise _wrong(text, "a parenthesis is not closed")
    if not parts[0].strip():
        raise _wrong(text, "there is no family between its parentheses")
    return parts


def _option(part: str, name: str, takes: tuple[str, ...], text: str) -> tuple[str, Any]:
    key, equals, value = (each.strip() for each in part.partition("="))
    if not takes:
        raise _wrong(text, f"{name} takes a family and nothing else")
    if not equals or key not in takes:
        raise _wrong(
            text,
            f"{name} takes numbers by name, {' and '.join(f'{k}=' for k in takes)}, not '{part.strip()}'",
        )
    if not _NUMBER.fullmatch(value):
        raise _wrong(text, f"{key}='{value}' is no number")
    return key, float(value)


def _wrong(text: str, why: str) -> UsageError:
    stop = "" if why.endswith((".", "?")) else "."
    return UsageError(
        f"The family '{' '.join(text.split())}' cannot be read: {why}{stop} Write a name (weibull), or a transformer "
        "of one: Censored(weibull), Truncated(normal, lower=0), Hurdle(gamma), ZeroInflated(poisson)."
    )


def built_in(name: str) -> Family[...] | None:
    """Return the family of that name, built in or made of built-in ones by transformers; None where there is none."""
    try:
        return spelled(name)
    except UsageError:
        return None


def python_of(family: Family[...]) -> str | None:
    """Return the Python text that makes a family of built-in ones, ``nl.Censored(nl.Weibull)``; None where none does.

    Parameters
    ----------
    family : Family
        Built in, or made of built-in ones by transformers.
    """
    if built_in(family.name) != family:
        return None
    # A name is its own spelling: identifiers that are followed by '=' are numbers' names.
    return re.sub(r"\b(?!inf\b)[A-Za-z]\w*(?!\w*=)", lambda found: f"nl.{found[0]}", family.name)
