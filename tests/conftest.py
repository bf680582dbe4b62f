"""What every test runs under: a cache of its own, no screen, and one thread per library.

This file is read before any test module, so it may still set the environment that NumPy,
matplotlib and neglog look at when they are first imported or used.
"""

from __future__ import annotations

import os
import shutil
import tempfile

import pytest
from hypothesis import settings

os.environ["MPLBACKEND"] = "Agg"  # figures are drawn to memory
os.environ["NO_COLOR"] = "1"  # what commands print is compared as plain text
os.environ["COLUMNS"] = "100"

IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
if IS_WORKER:
    # One process per core already: threads of BLAS under each would only get in one another's way.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")

# A first call may compile a kernel, so time is no sign of a fault. On a server the examples are the
# same in every run; at a desk each run looks somewhere new, and a find is kept in .hypothesis.
settings.register_profile("neglog", deadline=None, derandomize="CI" in os.environ, print_blob=True)
settings.load_profile("neglog")


def pytest_configure(config: pytest.Config) -> None:
    """Give the run its own kernel cache: nothing old is read, nothing is left behind.

    The workers of one run inherit the folder, so that a kernel is compiled once and the cache is
    used as it is in life: by several processes at a time.
    """
    if not IS_WORKER:
        os.environ["NEGLOG_CACHE_DIR"] = tempfile.mkdtemp(prefix="neglog-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the cache when the last worker has gone."""
    if not IS_WORKER:
        shutil.rmtree(os.environ["NEGLOG_CACHE_DIR"], ignore_errors=True)
