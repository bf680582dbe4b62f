"""How values, names and counts are printed in the messages of this layer."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["count", "listing", "quote", "shorten"]

_LONGEST = 60


def shorten(text: str, longest: int = _LONGEST) -> str:
    """Return the text on one line, cut in the middle when it is long."""
    # Control characters would break the one paragraph a message is (or move a terminal's cursor).
    line = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
    if len(line) <= longest:
        return line
    half = (longest - 3) // 2
    return f"{line[:half]}...{line[-half:]}"


def quote(value: object) -> str:
    r"""Return a value as a message shows it: names and text in quotes, on one short line.

    Examples
    --------
    >>> print(quote("school"), quote(0.5), quote("two\nlines"))
    'school' 0.5 'two\nlines'
    """
    if isinstance(value, str):
        return f"'{shorten(value)}'"
    return shorten(str(value))


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return a count with its noun: ``1 row``, ``2 rows``, ``1,000 rows``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def listing(items: Sequence[str], *, limit: int = 5, last: str = "and") -> str:
    """Return items as an enumeration; what is beyond the limit is counted, not named.

    Examples
    --------
    >>> print(listing(["a", "b", "c"]), "|", listing(list("abcdefg"), limit=2))
    a, b and c | a, b and 5 more
    """
    shown = list(items[:limit])
    if len(items) > limit:
        shown.append(f"{len(items) - limit:,} more")
    if len(shown) < 2:
        return "".join(shown)
    return f"{', '.join(shown[:-1])} {last} {shown[-1]}"
