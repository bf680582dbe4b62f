"""Refusing what would not fit in memory, before the machine starts to swap or kills us."""

from __future__ import annotations

import os

from neglog.errors import DataError

__all__ = ["check_fits", "physical"]


def physical() -> int | None:
    """Return the machine's memory in bytes, or None where it cannot be asked."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return None


def check_fits(size: int, what: str, remedy: str = "Use fewer columns or rows") -> None:
    """Raise unless so many bytes fit in this machine's memory.

    Parameters
    ----------
    size : int
        Bytes needed.
    what : str
        What needs them, as the message calls it.
    remedy : str
        What to do about it.
    """
    have = physical()
    if have is not None and size > have:
        raise DataError(
            f"{what} needs {_readable(size)} of memory, and this machine has {_readable(have)}. "
            f"{remedy}."
        )


def _readable(size: int) -> str:
    for unit in ("bytes", "KB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size = size // 1000
    return f"{size:,} TB"
