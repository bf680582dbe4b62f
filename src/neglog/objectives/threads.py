"""Threads: chunks of rows in a small pool, BLAS held to one thread meanwhile.

Kernels, matrix products and NumPy release the interpreter's lock, so plain threads are enough. The
results come back in the order of the chunks: what is added is added in one order whatever the
number of threads, and the bits are the same. A pool does not survive ``fork``: the child forgets it
and makes its own.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

__all__ = ["available", "one_blas_thread", "ordered_map"]

Item = TypeVar("Item")
Result = TypeVar("Result")


def available() -> int:
    """Return the number of cores this process may use.

    Returns
    -------
    int
        At least 1; the affinity mask counts where the system has one (containers, batch queues).
    """
    try:
        return max(1, len(os.sched_getaffinity(0)))
    except AttributeError:
        return max(1, os.cpu_count() or 1)


def ordered_map(
    task: Callable[[Item], Result], items: Sequence[Item], threads: int
) -> Iterator[Result]:
    """Yield ``task(item)`` for each item, in order, computed by several threads.

    Parameters
    ----------
    task : callable
        Must not itself call ``ordered_map``.
    items : sequence
        What to work on.
    threads : int
        With one thread, or one item, everything runs in the caller.

    Yields
    ------
    object
        The results, in the order of the items.
    """
    if threads <= 1 or len(items) <= 1:
        yield from map(task, items)
        return
    pool = _shared.pool(threads)
    # An interrupt leaves this generator, which cancels the chunks that have not started.
    yield from pool.map(task, items)


class _Shared:
    """What the fits of a process share: pools, and the limit on BLAS while anyone needs it.

    The limit belongs to the process, so fits in several threads have to count, and the last to
    leave restores the old number: were each to save and restore for itself, the second would save
    the first one's limit and leave it for good.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Start afresh, as a forked child must: the threads of the parent do not exist there."""
        self.lock = threading.Lock()
        self.pools: dict[int, ThreadPoolExecutor] = {}
        self.users = 0
        self.controller: Any = None
        self.limit: AbstractContextManager[Any] | None = None

    def pool(self, threads: int) -> ThreadPoolExecutor:
        with self.lock:
            if threads not in self.pools:
                self.pools[threads] = ThreadPoolExecutor(threads, thread_name_prefix="neglog")
            return self.pools[threads]

    def enter(self) -> None:
        with self.lock:
            if self.users == 0:
                if self.controller is None:
                    from threadpoolctl import ThreadpoolController

                    self.controller = ThreadpoolController()
                self.limit = self.controller.limit(limits=1, user_api="blas")
                self.limit.__enter__()
            self.users += 1

    def leave(self) -> None:
        with self.lock:
            self.users -= 1
            if self.users == 0 and self.limit is not None:
                self.limit.__exit__(None, None, None)
                self.limit = None


_shared = _Shared()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_shared.forget)


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Run the body with single-threaded BLAS, for this process and until the last body ends.

    Yields
    ------
    None
        Nothing.
    """
    _shared.enter()
    try:
        yield
    finally:
        _shared.leave()
