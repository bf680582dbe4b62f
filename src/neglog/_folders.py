"""Where neglog keeps what it can make again: compiled kernels and derived losses, in the user's cache folder."""

from __future__ import annotations

import os
import stat
from pathlib import Path

__all__ = ["cache_folder", "write_atomically"]


def cache_folder(name: str) -> Path | None:
    """Return the folder called `name` inside the cache, made if need be.

    ``NEGLOG_CACHE_DIR`` takes the place of the user's cache folder. What lies there is executed (kernels) or trusted
    (losses), so a folder that belongs to somebody else, or that others may write to, is not used.

    Returns
    -------
    Path or None
        None where there is no folder to use: then nothing is cached and everything is made anew.
    """
    configured = os.environ.get("NEGLOG_CACHE_DIR")
    if configured:
        root = Path(configured)
    else:
        import platformdirs

        root = Path(platformdirs.user_cache_dir("neglog", appauthor=False))
    folder = root / name
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except OSError:
        return None
    if hasattr(os, "getuid"):
        foreign = status.st_uid != os.getuid()
        if foreign or stat.S_IMODE(status.st_mode) & 0o022:
            return None
    return folder if os.access(folder, os.W_OK) else None


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: under another name first, then renamed."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{id(content):x}.part")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)  # noqa: PTH105  # Path.replace is the same call; os.replace names the promise
    finally:
        temporary.unlink(missing_ok=True)
