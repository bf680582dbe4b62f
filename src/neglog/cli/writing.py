"""Files that a command will write: a place that cannot be written to is found before the work, not after it."""

from __future__ import annotations

import os
from pathlib import Path

from neglog.errors import DataError

__all__ = ["require_writable"]


def require_writable(path: str) -> None:
    """Raise unless a file could be written there.

    Raises
    ------
    DataError
        If the folder does not exist or may not be written to, or the path is a folder.
    """
    goal = Path(path).expanduser()
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
