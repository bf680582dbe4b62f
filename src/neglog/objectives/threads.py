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
from contextlib import contextmanager
from typing import Any, TypeVar

__all__ = ["one_blas_thread", "ordered_map"]

Item = TypeVar("Item")
Result = TypeVar("Result")


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
        How many at a time; a single item runs in the caller.

    Yields
    ------
    object
        The results, in the order of the items.
    """
    if len(items) <= 1:
        yield from map(task, items)
        return
    pool = _shared.pool(max(1, threads))
    # An interrupt leaves this generator, which cancels the chunks that have not started.
    yield from pool.map(task, items)


class _Shared:
    """What the fits of a process share: pools, and the limit on BLAS while anyone needs it.

    Where the limit belongs to the process, fits in several threads have to count, and the last to
    leave restores the old number: were each to save and restore for itself, the second would save
    the first one's limit and leave it for good. Besides, threadpoolctl lets only the thread that
    set a limit lift it, so one thread of ours, the keeper, does both.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Start afresh, as a forked child must: the threads of the parent do not exist there."""
        self.lock = threading.RLock()
        self.pools: dict[int, ThreadPoolExecutor] = {}
        self.keeper: ThreadPoolExecutor | None = None
        self.users = 0
        self.blas: Any = None
        self.limit: Any = None

    def controller(self) -> Any:
        with self.lock:
            if self.blas is None:
                from threadpoolctl import ThreadpoolController

                self.blas = ThreadpoolController().select(user_api="blas")
            return self.blas

    def pool(self, threads: int) -> ThreadPoolExecutor:
        with self.lock:
            if threads not in self.pools:
                self.pools[threads] = ThreadPoolExecutor(
                    threads, "neglog", initializer=self.quiet_openmp
                )
            return self.pools[threads]

    def quiet_openmp(self) -> None:
        """Limit a BLAS over OpenMP, whose number of threads belongs to the calling thread."""
        self.controller().select(threading_layer="openmp").limit(limits=1)

    def enter(self) -> None:
        with self.lock:
            if self.users == 0:
                if self.keeper is None:
                    self.keeper = ThreadPoolExecutor(1, "neglog-blas")
                self.limit = self.keeper.submit(self.restrict, self.controller()).result()
            self.users += 1

    def leave(self) -> None:
        with self.lock:
            self.users -= 1
            if self.users == 0 and self.keeper is not None:
                self.keeper.submit(self.limit.__exit__, None, None, None).result()
                self.limit = None

    @staticmethod
    def restrict(blas: Any) -> Any:
        limit = blas.limit(limits=1, user_api="blas")
        limit.__enter__()
        return limit


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
