"""Compiled kernels: files in the user's cache folder, and what may be wrong with them.

A kernel is a module. Its text is written to a file named by the hash of the text, the versions of
Numba and llvmlite and the processor; Numba keeps the machine code beside it. A name is never
reused for other contents, files appear whole or not at all, and the folder belongs to its user
alone: machine code is trusted when it is loaded. For that reason its digest is kept too, and what
does not match, cannot be read or will not load is deleted and compiled again. Where the folder
cannot be used, kernels are compiled in memory.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import linecache
import os
import sys
import tempfile
import threading
import types
import warnings
from functools import cache
from pathlib import Path

from neglog._folders import cache_folder
from neglog.kernels.variant import Run

__all__ = ["compiled_available", "compiled_run", "numba_works"]

_lock = threading.RLock()
_loaded: dict[str, Run] = {}


def compiled_available() -> bool:
    """Return whether Numba is installed (and has not failed to load); loads nothing."""
    return _numba_installed() and not _numba_broken


@cache
def _numba_installed() -> bool:
    return importlib.util.find_spec("numba") is not None


_numba_broken = False


def numba_works() -> bool:
    """Return whether Numba can be imported: a version that does not suit NumPy refuses."""
    global _numba_broken  # noqa: PLW0603  # found out once a process
    if not compiled_available():
        return False
    try:
        import numba  # noqa: F401  # the question is whether this line succeeds
    except ImportError:
        _numba_broken = True
    return not _numba_broken


def compiled_run(source: str) -> Run:
    """Return the function ``run`` of a printed module, from the cache or newly compiled.

    Parameters
    ----------
    source : str
        The text of a module that a printer wrote.

    Returns
    -------
    callable
        The compiled function; ``run.py_func`` is the same text as Python.
    """
    with _lock:
        if source not in _loaded:
            _loaded[source] = _load(source)
        return _loaded[source]


def _load(source: str) -> Run:
    name = f"neglog_kernel_{_key(source)}"
    folder = cache_folder("kernels")
    if folder is not None:
        path = folder / f"{name}.py"
        # A second try starts from nothing: whatever the first one stumbled over is gone.
        for _ in range(2):
            with contextlib.suppress(Exception):
                return _from_file(name, path, source)
            _delete(path)
    return _in_memory(name, source)


def _key(source: str) -> str:
    import numba
    from llvmlite import __version__ as llvmlite_version
    from llvmlite import binding

    machine, features = binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten()
    parts = [source, numba.__version__, llvmlite_version, machine, features, sys.version]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


def _from_file(name: str, path: Path, source: str) -> Run:
    """Load or compile a module that lives in the cache folder."""
    if not _holds(path, source.encode()):
        _delete(path)
        _write(path, source.encode())
    digests = path.with_suffix(".sha256")
    trusted = _holds(digests, _digest(path))
    if not trusted:
        _delete_compiled(path)
    run = _execute(name, str(path), source, cached=True)
    if not trusted:
        # Another process may replace Numba's files at this moment. Then the digest does not match
        # them, and the next process compiles once more: slower, never wrong.
        with contextlib.suppress(OSError):
            _write(digests, _digest(path), replace=True)
    return run


def _in_memory(name: str, source: str) -> Run:
    """Compile a module that has no file; tracebacks and `inspect` still find its text."""
    filename = f"<{name}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    return _execute(name, filename, source, cached=False)


def _execute(name: str, filename: str, source: str, *, cached: bool) -> Run:
    module = types.ModuleType(name)
    module.__file__ = filename
    module.__dict__["CACHED"] = cached
    # Before compiling: Numba's cache finds the module by its name when it loads what it saved.
    sys.modules[name] = module
    from numba.core.errors import NumbaExperimentalFeatureWarning

    try:
        with warnings.catch_warnings():
            # A function that is passed to another one and inlined there: nothing experimental is left of it.
            warnings.simplefilter("ignore", NumbaExperimentalFeatureWarning)
            exec(compile(source, filename, "exec"), module.__dict__)  # noqa: S102  # text of our printer
    except BaseException:
        sys.modules.pop(name, None)
        raise
    run: Run = module.__dict__["run"]
    return run


def _compiled_files(path: Path) -> list[Path]:
    """Return Numba's files for a module: an index and the machine code."""
    return sorted((path.parent / "__pycache__").glob(f"{path.stem}.*.nb?"))


def _holds(path: Path, contents: bytes) -> bool:
    """Return whether a file is there and has exactly these contents."""
    try:
        return path.read_bytes() == contents
    except OSError:
        return False


def _digest(path: Path) -> bytes:
    """Return a digest of Numba's files, names and contents."""
    digest = hashlib.sha256()
    for file in _compiled_files(path):
        contents = file.read_bytes()
        digest.update(f"{file.name} {len(contents)}\n".encode() + contents)
    return digest.hexdigest().encode()


def _delete(path: Path) -> None:
    """Remove a module with all that belongs to it, as far as that is possible."""
    _delete_compiled(path)
    for file in (path, path.with_suffix(".sha256")):
        with contextlib.suppress(OSError):
            file.unlink()


def _delete_compiled(path: Path) -> None:
    for file in _compiled_files(path):
        with contextlib.suppress(OSError):
            file.unlink()


def _write(path: Path, contents: bytes, *, replace: bool = False) -> None:
    """Write a file so that it is there whole or not at all; one that is there stays unless replaced.

    Numba takes the time stamp of a module as a sign that it changed: a process that comes second
    must not touch the file of the first.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(contents)
        if replace:
            Path(temporary).replace(path)
            return
        try:
            path.hardlink_to(temporary)
        except FileExistsError:
            pass
        except (OSError, NotImplementedError):  # no hard links here
            Path(temporary).replace(path)
    finally:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()


def _forget_lock() -> None:
    """Make a new lock in a forked child: another thread of the parent may have held this one."""
    global _lock  # noqa: PLW0603  # as above
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_lock)
