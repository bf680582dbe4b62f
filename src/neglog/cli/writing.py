"""Files that a command will write: a place that cannot be written to is found before the work, not after it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from neglog.errors import DataError, UsageError

__all__ = ["require_writable"]


def _same(one: Path, other: Path) -> bool:
    try:
        return one.resolve() == other.resolve() or one.samefile(other)
    except OSError:
        return False  # one of them does not exist yet


def require_writable(path: str, others: Mapping[str, str | None]) -> None:
    """Raise unless a file could be written there, and no other file of the command is that file.

    Parameters
    ----------
    path : str
        Where to write.
    others : mapping of str to (str or None)
        What else the command reads or writes: in words, and its path.

    Raises
    ------
    UsageError
        If the path is one of the others: writing would destroy it.
    DataError
        If the folder does not exist or may not be written to, or the path is a folder.
    """
    goal = Path(path).expanduser()
    for role, other in others.items():
        if other is not None and _same(goal, Path(other).expanduser()):
            raise UsageError(
                f"'{path}' is {role}: writing there would destroy it. Choose another file."
            )
    folder = goal.parent
    if goal.is_dir():
        why = "it is a folder; name a file in it"
    elif not folder.is_dir():
        why = f"there is no folder '{folder}'; make it first"
    elif not os.access(folder, os.W_OK):
        why = f"you may not write to the folder '{folder}'; choose another place"
    else:
        return
    raise DataError(f"The file '{path}' cannot be written: {why}.")
