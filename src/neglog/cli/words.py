"""Remedies in messages are written for Python; here are their names on the command line."""

from __future__ import annotations

import re

__all__ = ["as_options"]

# Most particular first.
_SPOKEN = (
    (r"(?<![\w-])prior=nl\.Normal\(mu=0, sigma=(\S+?)\)", r"--prior normal:\1"),
    (r"such as a normal one with mean 0 and scale 1", "--prior normal:1"),
    (r"(?<![\w-])positive='?([^'\s.,]+)'?", r"--positive \1"),
    (r"nl\.Normal\(mu=0, sigma=1\)", "--prior normal:1"),
    (r"nl\.Normal\(mu=0, sigma=\.\.\.\)", "--prior normal:SCALE"),
    (
        r"(?<![\w-])family=nl\.(\w+)\(nl\.(\w+)\)",
        lambda found: f"--family '{found[1]}({found[2].lower()})'",
    ),
    (r"(?<![\w-])family=nl\.(\w+)", lambda found: f"--family {found[1].lower()}"),
    (r"(?<![\w-])(family|loss)='([^']+)'", r"--\1 '\2'"),
    (r"pass it as loss=, not as family=", "pass it as --loss, not as --family"),
    (
        r"If these are raw predictions, leave scale='response' out",
        "Give a raw prediction with --raw",
    ),
    (r"(?<![\w-])missing='(drop|error)'", r"--missing \1"),
    (
        r"(?<![\w-])max_iter(?:=(\d+))?",
        lambda found: "--max-iter" + (f" {found[1]}" if found[1] else ""),
    ),
)


def as_options(message: str) -> str:
    """Return a message whose remedies are options of this program.

    Examples
    --------
    >>> as_options("Use family=nl.Categorical.")
    'Use --family categorical.'
    """
    for pattern, spoken in _SPOKEN:
        message = re.sub(pattern, spoken, message)
    return message
