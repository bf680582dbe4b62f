"""Rows in memory: designs, target, weights and offset, cut into chunks and blocks.

A *chunk* is a unit of work for a thread; how many there are depends on the shape of the data only,
never on the number of threads, so that sums in chunk order have the same bits everywhere. A *block*
is a slice of a chunk small enough that a matrix and its scaled copy stay in the L2 cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np

from neglog._typing import Floats
from neglog.errors import DataError
from neglog.kernels.threads import available
from neglog.objectives.threads import one_blas_thread, ordered_map

__all__ = ["Block", "Rows"]

CHUNKS = 64
CHUNK_ROWS = 256  # a chunk shorter than this spends its time on overhead
ONE_CHUNK = 4_000_000  # multiplications of a Gram matrix that one thread does in a millisecond
LEAST_WORK = (
    ONE_CHUNK // 8
)  # a chunk with fewer multiplications spends its time on overhead as well
BLOCK_BYTES = 512 * 1024  # half of a common L2 cache: the other half holds the scaled copy

Partial = TypeVar("Partial")


@dataclass(frozen=True, eq=False)
class Block:
    """Consecutive rows, as views.

    Attributes
    ----------
    start : int
        Number of the first row.
    designs : tuple of (ndarray [b, p] or None)
        As in `Rows`.
    y : ndarray [b], or [b, m] with contiguous columns
        The target.
    weights, offset : ndarray or None
        As in `Rows`.
    """

    start: int
    designs: tuple[Floats | None, ...]
    y: Floats
    weights: Floats | None
    offset: Floats | None

    @property
    def rows(self) -> int:
        """How many there are."""
        return int(self.y.shape[0])


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a data set, in memory.

    Attributes
    ----------
    designs : tuple of (ndarray of shape (n, p) or None)
        One design matrix for each modelled parameter; None is a parameter that is constant over
        the rows (its design is an intercept, which is not stored).
    y : ndarray of shape (n,), or (n, m) for a target with m fields
        The target; for classes the codes 0, 1, ..., K-1 as float64.
    weights : ndarray of shape (n,), optional
        Frequency weights: weight 2 is the row twice, weight 0 the row left out.
    offset : ndarray of shape (n,) or (n, K), optional
        Added to the first raw prediction (for classes to the scores).
    threads : int, optional
        Threads to use; by default every core this process may use.
    """

    designs: tuple[Floats | None, ...]
    y: Floats
    weights: Floats | None = None
    offset: Floats | None = None
    threads: int | None = None

    def __post_init__(self) -> None:
        for name in ("y", "weights", "offset"):
            array = getattr(self, name)
            if array is not None:
                ready = np.asarray(array, dtype=np.float64, order="F" if name == "y" else "C")
                object.__setattr__(self, name, ready)
        designs = tuple(
            None if design is None else np.asarray(design, dtype=np.float64)
            for design in self.designs
        )
        object.__setattr__(self, "designs", designs)
        n = self.y.shape[0]
        lengths = {f"design {j}": d.shape[0] for j, d in enumerate(designs) if d is not None}
        if self.weights is not None:
            lengths["weights"] = self.weights.shape[0]
            bad = np.flatnonzero(~(np.isfinite(self.weights) & (self.weights >= 0)))
            if bad.size:
                raise DataError(
                    f"The weight of row {bad[0] + 1} is {self.weights[bad[0]]:g}, but a weight "
                    "counts how often a row was seen, so it is a finite number, 0 or above. "
                    "Leave such a row out or give it weight 0."
                )
            if not self.weights.any():
                raise DataError("Every weight is 0, so no row is left to fit. Check the weights.")
        if self.offset is not None:
            lengths["offset"] = self.offset.shape[0]
        for what, length in lengths.items():
            if length != n:
                raise DataError(
                    f"The target has {n} rows but {what} has {length}. All of them describe the "
                    "same rows, so their lengths must be equal."
                )

    @property
    def n(self) -> int:
        """Number of rows."""
        return int(self.y.shape[0])

    @property
    def width(self) -> int:
        """Number of columns of the designs together, one for each constant parameter."""
        return sum(1 if design is None else design.shape[1] for design in self.designs)

    @property
    def weight(self) -> float:
        """Sum of the weights: the number of observations they stand for."""
        return float(self.n) if self.weights is None else float(self.weights.sum())

    def chunks(self) -> list[tuple[int, int]]:
        """Return the first and last (excluded) row of each chunk; the shape alone decides them."""
        n = self.n
        work = n * self.width * (self.width + 8)
        if work <= ONE_CHUNK:
            return [(0, n)]
        count = min(CHUNKS, max(1, n // CHUNK_ROWS), work // LEAST_WORK)
        edges = [n * k // count for k in range(count + 1)]
        return list(pairwise(edges))

    def block_rows(self, columns: int) -> int:
        """Return how many rows of so many float64 columns make a block."""
        fitting = BLOCK_BYTES // (8 * max(1, columns))
        # Below 256 rows a product writes more of the square matrix than it reads of the rows.
        return int(min(8192, max(256, fitting // 64 * 64)))

    def blocks(self, chunk: tuple[int, int], rows: int) -> Iterator[Block]:
        """Yield the blocks of a chunk as views of at most so many rows."""
        start, stop = chunk
        for low in range(start, stop, rows):
            high = min(low + rows, stop)
            yield Block(
                low,
                tuple(None if design is None else design[low:high] for design in self.designs),
                self.y[low:high],
                None if self.weights is None else self.weights[low:high],
                None if self.offset is None else self.offset[low:high],
            )

    def map_chunks(self, task: Callable[[tuple[int, int]], Partial]) -> Iterator[Partial]:
        """Yield ``task(chunk)`` for every chunk, in order, from as many threads as there are.

        Small data run in the caller: neither a pool nor a limit on BLAS pays there.
        """
        chunks = self.chunks()
        threads = available() if self.threads is None else self.threads
        if len(chunks) == 1:
            yield from map(task, chunks)
            return
        with one_blas_thread():
            yield from ordered_map(task, chunks, threads)
