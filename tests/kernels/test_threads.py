"""Threads: whole blocks, and pools that survive forks and nested calls."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from kernels.register import BERNOULLI, CASES

from neglog.errors import UsageError
from neglog.kernels import Kernel, threads


@pytest.mark.parametrize("n", [0, 1, 2047, 2048, 40_000, 100_001])
def test_ranges_cover_every_row_once(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ranges of all threads are whole blocks and together all rows."""
    monkeypatch.setenv("NEGLOG_NUM_THREADS", "3")
    seen: list[tuple[int, int]] = []
    threads.over_ranges(lambda lo, hi: seen.append((lo, hi)), n, 2048)

    rows = [row for lo, hi in sorted(seen) for row in range(lo, hi)]
    assert rows == list(range(n))
    assert all(lo % 2048 == 0 for lo, _ in seen)


def test_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment decides, else the cores this process may use."""
    monkeypatch.setenv("NEGLOG_NUM_THREADS", "7")
    assert threads.available() == 7
    monkeypatch.setenv("NEGLOG_NUM_THREADS", "many")
    with pytest.raises(UsageError, match="NEGLOG_NUM_THREADS is 'many'"):
        threads.available()
    monkeypatch.delenv("NEGLOG_NUM_THREADS")
    assert 1 <= threads.available() <= (os.cpu_count() or 1)


def test_a_fault_in_a_thread_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a task raises reaches the caller."""
    monkeypatch.setenv("NEGLOG_NUM_THREADS", "2")

    def fail(lo: int, hi: int) -> None:
        raise ZeroDivisionError(f"{lo} {hi}")

    with pytest.raises(ZeroDivisionError):
        threads.over_ranges(fail, 100_000, 2048)


def total() -> float:
    """Add up many rows, in threads."""
    y, raw = CASES[0].draw(60_000)
    return Kernel(BERNOULLI, engine="numpy").total(y, raw)


def test_kernels_in_many_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels called from several threads at once, also from the pool itself, get the same total."""
    monkeypatch.setenv("NEGLOG_NUM_THREADS", "2")
    expected = total()
    with ThreadPoolExecutor(4) as pool:
        assert {future.result() for future in [pool.submit(total) for _ in range(8)]} == {expected}
    nested: list[float] = []
    threads.over_ranges(lambda lo, hi: nested.append(total()), 40_000, 2048)
    assert nested == [expected] * 2


def _child(queue: multiprocessing.Queue[float]) -> None:
    queue.put(total())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings(
    "ignore:This process:DeprecationWarning"
)  # forking with threads is the test
def test_fork_after_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child forked after the pool was used makes a pool of its own, and does not hang."""
    monkeypatch.setenv("NEGLOG_NUM_THREADS", "2")
    expected = total()
    context = multiprocessing.get_context("fork")
    queue: multiprocessing.Queue[float] = context.Queue()
    process = context.Process(target=_child, args=(queue,))
    process.start()
    assert queue.get(timeout=30) == expected
    process.join(30)
    assert process.exitcode == 0


def test_odd_number_of_rows() -> None:
    """Rows that fill no lane and no block are counted too."""
    for n in (1, 7, 8, 9, 2047, 2049):
        y, raw = CASES[0].draw(n)
        kernel = Kernel(BERNOULLI)
        assert kernel.total(y, raw) == pytest.approx(np.sum(kernel.value(y, raw)), rel=1e-14)
