"""Laws of threads: results in order, interrupts that arrive, children that make their own pool."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from neglog.objectives.threads import ordered_map

PROBLEM = """
import os, warnings, numpy as np
from neglog.objectives import LikelihoodObjective, Linear, Rows

class Squares:
    shape, names = "map", ("mu",)
    def columns(self, y, raws, w, order):
        r = raws[0] - y
        return 0.5 * r * r, [r], [np.ones_like(r)]
    def constant(self, y, w):
        return 0.0

X = np.random.default_rng(0).normal(size=(200_000, 4))
objective = LikelihoodObjective(Rows((X,), X[:, 0], threads=2), Linear((tuple("abcd"),)), Squares())
"""
FORK = """
warnings.simplefilter("ignore")  # newer Pythons warn of a fork beside threads: it is the point
before = objective.evaluate(np.ones(4), 2).value
child = os.fork()
if child == 0:
    os._exit(0 if objective.evaluate(np.ones(4), 2).value == before else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
SEVERAL = """
import scipy.linalg
from concurrent.futures import ThreadPoolExecutor
from threadpoolctl import threadpool_info

def blas():
    return [info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"]

before = blas()
with ThreadPoolExecutor(6) as pool:
    values = set(pool.map(lambda _: objective.evaluate(np.ones(4), 2).value, range(12)))
print(len(values) - 1 if blas() == before else blas())
"""


def run(script: str) -> tuple[str, str]:
    """Run the problem and a script in a process of its own; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", PROBLEM + script],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout.strip(), done.stderr


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_are_in_order(threads: int) -> None:
    """Whatever finishes first, results come in the order of the items."""

    def task(item: int) -> int:
        time.sleep(0.001 * (7 - item))
        return item

    assert list(ordered_map(task, range(8), threads)) == list(range(8))


def test_what_a_task_raises_arrives() -> None:
    """An error in a task reaches the caller, and the pool goes on to work."""

    def task(item: int) -> float:
        return 1 / (item - 3)

    with pytest.raises(ZeroDivisionError):
        list(ordered_map(task, range(8), 2))
    assert list(ordered_map(abs, [-1, 2], 2)) == [1, 2]


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="there is no fork here")
def test_a_forked_child_makes_its_own_pool() -> None:
    """After a fit with threads, a forked child evaluates the same objective to the same bits."""
    printed, errors = run(FORK)
    assert printed == "0", errors


def test_several_fits_at_once() -> None:
    """Fits in several threads agree to the bit, and leave BLAS with the threads it had."""
    printed, errors = run(SEVERAL)
    assert printed == "0", errors
