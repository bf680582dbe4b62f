"""Every built-in loss without a density, by name and alias; the laws of losses run over this register."""

from __future__ import annotations

import re

from neglog.errors import UsageError, nearest
from neglog.losses.surrogates import classes, margins, probabilities, residuals
from neglog.losses.surrogates.surrogate import Surrogate

__all__ = ["SURROGATES", "find", "named"]

SURROGATES: dict[str, Surrogate[...]] = {
    name: getattr(module, name)
    for module in (margins, residuals, probabilities, classes)
    for name in module.__all__
}


def _folded(name: str) -> str:
    return re.sub(r"[\s_\-]+", "", name).casefold()


_NAMES: dict[str, Surrogate[...]] = {
    _folded(name): each for each in SURROGATES.values() for name in (each.name, *each.aliases)
}


def named(name: str) -> Surrogate[...] | None:
    """Return the loss of that name or alias; case, spaces, ``-`` and ``_`` do not matter. None where there is none."""
    return _NAMES.get(_folded(name))


def find(name: str) -> Surrogate[...]:
    """Return the loss of that name or alias.

    Raises
    ------
    UsageError
        If there is none.
    """
    found = named(name)
    if found is None:
        known = [*SURROGATES, *(alias for each in SURROGATES.values() for alias in each.aliases)]
        raise UsageError(
            f"There is no loss called '{name}' without a density. {nearest(name, known)} "
            "A loss that follows from a density is found by its family: nl.derive('cross entropy')."
        )
    return found
