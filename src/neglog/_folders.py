"""Files: the cache folder for what can be made again (kernels, losses), and writing whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
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
    try:
        folder = _root() / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts = folder.lstat()
        if not stat.S_ISDIR(facts.st_mode):
            return None
        if hasattr(os, "getuid"):
            # What others own, or could write to, may hold their machine code; what they can read is closed.
            if facts.st_uid != os.getuid() or facts.st_mode & 0o022:
                return None
            if facts.st_mode & 0o055:
                folder.chmod(0o700)
        return folder if os.access(folder, os.W_OK | os.X_OK) else None
    except (OSError, RuntimeError):  # RuntimeError: there is no home folder
        return None


def _root() -> Path:
    configured = os.environ.get("NEGLOG_CACHE_DIR")
    if configured:
        return Path(configured)
    import platformdirs

    return Path(platformdirs.user_cache_dir("neglog", appauthor=False))


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file whole or not at all.

    The bytes go to a temporary file beside the goal, which then takes its name: a full disk or an interruption leaves
    what was there before.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "it is a folder", str(path))
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # A temporary file is private; the goal gets the rights any new file would have.
        temporary.chmod((path.stat().st_mode & 0o777) if path.exists() else 0o666 & ~_umask())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
