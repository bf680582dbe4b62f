"""Threads: ranges of rows in a small pool.

Kernels let go of the interpreter's lock, so plain threads are enough. A task is a range of whole
blocks and every block keeps its own sum: the bits do not depend on the number of threads. A pool
does not survive ``fork``: the child forgets it and makes its own.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

from neglog.errors import UsageError

__all__ = ["available", "over_ranges"]

_SERIAL_BLOCKS = 16  # below, handing out the work takes longer than doing it

_lock = threading.Lock()
_pools: dict[int, ThreadPoolExecutor] = {}
_local = threading.local()


def available() -> int:
    """Return the number of threads to use: ``NEGLOG_NUM_THREADS``, or the cores of this process.

    Returns
    -------
    int
        At least 1.

    Raises
    ------
    UsageError
        If the environment variable is not a whole number from 1 on.
    """
    wanted = os.environ.get("NEGLOG_NUM_THREADS", "").strip()
    if wanted:
        if not wanted.isdecimal() or int(wanted) < 1:
            raise UsageError(
                f"NEGLOG_NUM_THREADS is '{wanted}'; it must be a whole number, 1 or more. "
                "Unset it to use every core."
            )
        return int(wanted)
    try:
        return max(1, len(os.sched_getaffinity(0)))
    except AttributeError:  # not on every system
        return max(1, os.cpu_count() or 1)


def over_ranges(task: Callable[[int, int], object], n: int, block: int) -> None:
    """Call ``task(lo, hi)`` on ranges that together cover 0 to n, each of whole blocks.

    Parameters
    ----------
    task : callable
        Writes its results; different ranges write to different places.
    n : int
        Number of rows.
    block : int
        Rows of a block; every `lo` is a multiple of it.
    """
    blocks = -(-n // block)
    threads = min(available(), blocks)
    if threads <= 1 or blocks < _SERIAL_BLOCKS or getattr(_local, "busy", False):
        task(0, n)
        return
    with _lock:
        if threads not in _pools:
            _pools[threads] = ThreadPoolExecutor(threads, "neglog-kernel", _mark_busy)
        pool = _pools[threads]
    edges = [min(n, blocks * i // threads * block) for i in range(threads + 1)]
    for done in [pool.submit(task, lo, hi) for lo, hi in pairwise(edges)]:
        done.result()


def _mark_busy() -> None:
    """Note that this thread belongs to a pool: a kernel called from it must not wait for the pool."""
    _local.busy = True


def _forget() -> None:
    """Start afresh in a forked child, where the threads of the parent do not exist."""
    global _lock  # noqa: PLW0603  # another thread of the parent may have held it
    _lock = threading.Lock()
    _pools.clear()
    _local.busy = False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
