"""Where a kernel writes: arrays of its own, or those a caller passed as ``out=``.

Several derivatives are columns of one array [n, k] in Fortran order, so that each is contiguous. An
array that is not laid out like that, or that overlaps an input, gets its numbers by a copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neglog._typing import AnyArray
from neglog.errors import UsageError
from neglog.kernels.evaluation import ClassHessian, Evaluation
from neglog.kernels.inputs import Batch

__all__ = ["Places", "allocate"]

_NAMES = ("value", "gradient", "hessian")


@dataclass(frozen=True, eq=False)
class Places:
    """Arrays for the results of one call.

    Attributes
    ----------
    public : list of ndarray
        Value, gradient, Hessian (for classes the probabilities), in the caller's shapes.
    value : ndarray of shape (n,)
        Where the kernel writes the losses.
    parts : list of ndarray
        Where it writes derivatives: columns [n], or for classes matrices [n, K] and, behind them, `bends`.
    bends : tuple of ndarray
        Slope [n] and bend of a Hessian of classes that is more than its probabilities; else empty.
    copies : list of (ndarray, ndarray)
        What has to be copied to a caller's array afterwards.
    """

    public: list[AnyArray]
    value: AnyArray
    parts: list[AnyArray]
    copies: list[tuple[AnyArray, AnyArray]]
    bends: tuple[AnyArray, ...] = ()

    def result(self, batch: Batch, order: int) -> Evaluation:
        """Return what the caller gets."""
        for source, target in self.copies:
            target[...] = source
        results: list[Any] = list(self.public)
        if batch.scalar:
            results = [_unwrapped(array) for array in results]
        if order == 2 and len(batch.raws) == 1 and batch.raws[0].ndim == 2:
            results[2] = ClassHessian(self.public[2], batch.weight, *self._bent(batch))
        return Evaluation(*results)

    def _bent(self, batch: Batch) -> tuple[AnyArray, ...]:
        """Return slope [n] and bend [n, K]: a kernel writes the bend of the class observed alone."""
        if not self.bends or self.bends[1].ndim == 2:
            return self.bends
        slope, bend = self.bends
        spread = np.zeros_like(self.public[2])
        spread[np.arange(batch.n), batch.y.astype(np.intp)] = bend
        return slope, spread


def allocate(
    batch: Batch,
    slots: int,
    order: int,
    out: Evaluation | Sequence[Any] | None,
    *,
    bent: bool = False,
) -> Places:
    """Find a place for every result.

    Parameters
    ----------
    batch : Batch
        The inputs.
    slots : int
        Number of modelled parameters.
    order : {0, 1, 2}
        How many derivatives.
    out : sequence, optional
        A caller's arrays; missing ones and None are made here.
    bent : bool
        Whether the Hessian of classes is more than its probabilities.

    Returns
    -------
    Places
        The arrays.

    Raises
    ------
    UsageError
        If an array of the caller has another shape or dtype, or is read-only.
    """
    n = batch.n
    if batch.raws[0].ndim == 2:
        widths: list[int | None] = [None, *[batch.raws[0].shape[1]] * order]
        fortran = False
    else:
        widths = [None, *[None if slots == 1 else slots, _packed(slots)][:order]]
        fortran = True
    given = [None, None, None] if out is None else [*out, None, None, None][:3]
    public, copies, work = [], [], []
    for name, array, width in zip(_NAMES, given, widths, strict=False):
        shape = (n,) if width is None else (n, width)
        if isinstance(array, ClassHessian):
            array = array.probabilities
        if array is None:
            array = np.empty(shape, batch.dtype, order="F" if fortran else "C")
            work.append(array)
        else:
            _check(array, name, shape, batch.dtype)
            ready = array.flags.f_contiguous if fortran else array.flags.c_contiguous
            inputs = (*batch.targets, *batch.raws, batch.weight)
            alone = not any(x is not None and np.may_share_memory(array, x) for x in inputs)
            if ready and alone and array.flags.aligned:
                work.append(array)
            else:
                work.append(np.empty(shape, batch.dtype, order="F" if fortran else "C"))
                copies.append((work[-1], array))
        public.append(array)
    parts: list[AnyArray] = []
    for array in work[1:]:
        parts += (
            [array[:, j] for j in range(array.shape[1])] if fortran and array.ndim == 2 else [array]
        )
    bends: tuple[AnyArray, ...] = ()
    if bent and order == 2:
        wide = batch.raws[0].shape if batch.soft is not None else n
        bends = (np.empty(n, batch.dtype), np.empty(wide, batch.dtype))
    return Places(public, work[0], [*parts, *bends], copies, bends)


def _packed(slots: int) -> int | None:
    return None if slots == 1 else slots * (slots + 1) // 2


def _check(array: Any, name: str, shape: tuple[int, ...], dtype: str) -> None:
    if not isinstance(array, np.ndarray) or array.shape != shape or array.dtype != np.dtype(dtype):
        facts = (
            f"shape {array.shape} and dtype {array.dtype}"
            if isinstance(array, np.ndarray)
            else f"type {type(array).__name__}"
        )
        raise UsageError(
            f"out.{name} has {facts}; it must be an array of shape {shape} and dtype {dtype}, "
            "the dtype of the answer to these predictions."
        )
    if not array.flags.writeable:
        raise UsageError(f"out.{name} is read-only; pass an array that can be written to.")


def _unwrapped(array: AnyArray) -> Any:
    """Return the only row: a float, or an array of the entries of a row."""
    return array[0].item() if array.ndim == 1 else array[0]
