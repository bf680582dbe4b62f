"""What callers pass: any shape that has one meaning, any dtype, stride or byte order; never modified.

A kernel wants contiguous native columns. What is one already goes through without a copy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from neglog._typing import AnyArray, Bools, Floats
from neglog.errors import DataError, MissingValuesError, SupportError, UsageError
from neglog.kernels.numpy_engine import outside, target_columns
from neglog.kernels.plan import Domain, Plan
from neglog.kernels.variant import BAD_TARGET, BAD_WEIGHT
from neglog.losses import Loss

__all__ = ["Batch", "prepare", "refuse"]

_WHOLE_IN_FLOAT32 = 2**24
_WHOLE_IN_FLOAT64 = 2**53


@dataclass(frozen=True, eq=False)
class Batch:
    """Inputs of one call, ready for a kernel.

    Attributes
    ----------
    n : int
        Number of rows.
    y : ndarray of shape (n,), or (n, m) in Fortran order
        The target, with one column a field; codes of classes.
    raws : tuple of ndarray
        One column [n] a raw prediction; for classes the one matrix [n, K].
    weight : ndarray of shape (n,) or None
        Sample weights.
    scalar : bool
        Whether numbers came in, so that numbers go out.
    dtype : str
        ``"float32"`` where the raw predictions are float32, else ``"float64"``.
    soft : ndarray of shape (n, K) or None
        Soft targets; then `y` is not used.
    """

    n: int
    y: AnyArray
    raws: tuple[AnyArray, ...]
    weight: AnyArray | None
    scalar: bool
    dtype: str
    soft: Floats | None = None

    @property
    def targets(self) -> tuple[AnyArray, ...]:
        """The columns of the target."""
        return target_columns(self.y)


def prepare(loss: Loss, y_true: Any, raw_prediction: Any, sample_weight: Any, what: str) -> Batch:
    """Turn arguments into columns.

    Parameters
    ----------
    loss : Loss
        Says how many raw predictions a row has.
    y_true, raw_prediction, sample_weight
        As the caller passed them.
    what : str
        Name of the second one in messages.

    Returns
    -------
    Batch
        The columns.

    Raises
    ------
    UsageError
        If shapes do not fit.
    DataError
        If something is not a number.
    """
    raw = numbers(raw_prediction, what)
    y = _target(loss, y_true)
    _check_shapes(loss, y[..., 0] if loss.density.support.fields else y, raw, what)
    dtype = "float32" if raw.dtype == np.float32 else "float64"
    _check_range(loss, y, dtype)
    classes = loss.shape == "classes"
    soft = None
    fields: tuple[int, ...] = ()
    if classes:
        one_row = raw.ndim == 1
        scalar = one_row
        if y.ndim == raw.ndim:
            soft, y = _soft_targets(y[None, :] if one_row else y)
        columns = [raw[None, :] if one_row else raw]
        n = columns[0].shape[0]
    else:
        columns = _columns(raw, len(loss.slots))
        fields = (len(loss.density.targets),) if loss.density.support.fields else ()
        scalar = y.ndim == len(fields) and columns[0].ndim == 0
        # A number stands for a whole column, so that a curve is kernel.value(1, grid).
        n = next((a.shape[0] for a, d in ((y, len(fields)), (columns[0], 0)) if a.ndim > d), 1)
        columns = [np.broadcast_to(column, (n,)) for column in columns]
    weight = None
    if sample_weight is not None:
        weight = numbers(sample_weight, "sample_weight")
        if weight.ndim > 1 or (weight.ndim == 1 and weight.shape != (n,)):
            raise UsageError(
                f"sample_weight has shape {weight.shape}, but there are {n} rows. "
                "Pass one weight a row."
            )
        weight = ready(np.broadcast_to(weight, (n,)), dtype)
    return Batch(
        n,
        ready(np.broadcast_to(y, (n, *fields)), dtype, "F"),
        tuple(ready(column, dtype) for column in columns),
        weight,
        scalar,
        dtype,
        soft,
    )


def _columns(raw: AnyArray, k: int) -> list[AnyArray]:
    """Return one column for each of `k` raw predictions, numbers where there is one row."""
    if k > 1:
        return [raw[..., i] for i in range(k)]
    return [raw[:, 0] if raw.ndim == 2 else raw]


def _target(loss: Loss, y_true: Any) -> AnyArray:
    """Return the target as an array; where it has fields they are the last axis."""
    if not loss.density.support.fields:
        return numbers(y_true, "y_true")
    columns = [numbers(v, name) for name, v in loss.density.columns(y_true).items()]
    try:
        return np.stack(np.broadcast_arrays(*columns), axis=-1)
    except ValueError:
        shapes = ", ".join(str(column.shape) for column in columns)
        raise UsageError(
            f"The fields of the target of {loss.name} have shapes {shapes}; they describe the same rows, so their "
            "lengths must be equal."
        ) from None


def _soft_targets(soft: AnyArray) -> tuple[Floats | None, AnyArray]:
    """Return soft targets, or None and the codes where every row names one class."""
    check_simplex(soft, "y_true", "soft targets are K probabilities that sum to 1")
    soft = np.asarray(soft, dtype=np.float64)
    if ((soft == 0) | (soft == 1)).all():
        return None, np.argmax(soft, axis=1)
    return soft, np.zeros(soft.shape[0])


def numbers(values: Any, name: str) -> AnyArray:
    """Return `values` as an array of booleans, integers or floats, or say what they are instead."""
    if isinstance(values, np.ma.MaskedArray) and np.ma.getmaskarray(values).any():
        row = int(np.flatnonzero(np.ma.getmaskarray(values))[0])
        raise MissingValuesError(
            f"{name} is masked at position {row}. A loss needs every value; drop or fill such rows."
        )
    try:
        array = np.asarray(values)
    except ValueError:
        raise UsageError(
            f"{name} is a sequence of sequences of different lengths; pass a rectangular array."
        ) from None
    if array.dtype.kind == "O":
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError):
            kind = type(values).__name__
            raise DataError(f"{name} ({kind}) holds something other than numbers.") from None
    if array.dtype.kind not in "biuf":
        raise DataError(
            f"{name} has dtype {array.dtype}; a loss needs numbers. Encode labels as codes first."
        )
    return array


def ready(array: AnyArray, dtype: str, order: Literal["C", "F"] = "C") -> AnyArray:
    """Return the array itself, or a copy that is contiguous, aligned, native and of that dtype."""
    return np.require(array, dtype, [order, "ALIGNED"])


def refuse(plan: Plan, batch: Batch, flag: int, what: str) -> None:
    """Raise for the first row that a kernel flagged; infinite raw predictions are no fault.

    Parameters
    ----------
    plan : Plan
        Says where the target lives.
    batch : Batch
        The inputs.
    flag : int
        The flags of all blocks together.
    what : str
        Name of the raw predictions in messages.

    Raises
    ------
    SupportError
        If a target is outside its support.
    DataError
        If a raw prediction is NaN or a weight is no weight.
    """
    if flag & BAD_TARGET:
        _refuse_target(plan, batch, what)
    for position, raw in enumerate(batch.raws):
        missing = np.isnan(raw)
        if missing.any():
            row = int(np.flatnonzero(missing.any(axis=1) if missing.ndim == 2 else missing)[0])
            which = f", column {position}" if len(batch.raws) > 1 else ""
            raise DataError(
                f"{what} is NaN in row {row} (counted from 0{which}). A model that returns NaN has "
                "diverged, or missing values reached it; look at its inputs for this row."
            )
    if flag & BAD_WEIGHT:
        assert batch.weight is not None
        bad = ~((batch.weight >= 0) & (batch.weight < np.inf))
        row = int(np.flatnonzero(bad)[0])
        raise DataError(
            f"sample_weight is {batch.weight[row]:g} in row {row} (counted from 0). A weight says "
            "how often a row counts, so it is a finite number, 0 or above."
        )


def _refuse_target(plan: Plan, batch: Batch, what: str) -> None:
    """Name the first row whose target is outside its support, and the field."""
    where = f"the target of {plan.title}"
    ys = [np.asarray(y, dtype=np.float64) for y in batch.targets]
    if plan.shape == "classes":
        K = batch.raws[0].shape[1]
        bad = outside(plan.domains[0], ys[0]) | (ys[0] >= K)
        facts = f"{where} is the number of a class, 0 to {K - 1}, as {what} has {K} columns"
        _raise_support("y_true", ys[0], bad, facts)
    names = [field.public for field in plan.fields if field.role == "target"]
    for name, domain, y in zip(names, plan.domains, ys, strict=True):
        bad = outside(domain, y)
        if bad.any():
            alone = len(ys) == 1
            facts = f"{where if alone else name + ' of ' + plan.title} must be {_words(domain)}"
            _raise_support("y_true" if alone else name, y, bad, facts)
    bad = ~(ys[0] <= ys[1])
    row = int(np.flatnonzero(bad)[0])
    _raise_support(
        names[0], ys[0], bad, f"it must not exceed {names[1]}, which is {float(ys[1][row])!r} there"
    )


def _raise_support(name: str, values: AnyArray, bad: AnyArray, facts: str) -> None:
    row = int(np.flatnonzero(bad)[0])
    raise SupportError(
        f"{name} is {float(values[row])!r} in row {row} (counted from 0), but {facts}. "
        f"{int(bad.sum())} of {bad.size} rows are like that."
    )


def _words(domain: Domain) -> str:
    """Describe where a column of the target lives."""
    if domain.whole and domain.high == 1.0:
        return "0 or 1"
    if domain.whole:
        low = int(domain.low)
        if np.isfinite(domain.high):
            return f"a whole number from {low} to {int(domain.high)}"
        return f"a whole number {low}, {low + 1}, {low + 2}, ..."
    if np.isfinite(domain.high):
        ends = "between" if domain.open_low and domain.open_high else "from"
        joint = "and" if ends == "between" else "to"
        return f"a number {ends} {domain.low:g} {joint} {domain.high:g}"
    if np.isfinite(domain.low):
        kind = "finite number" if domain.open_high else "number"
        return f"a {kind} {'greater than' if domain.open_low else 'not below'} {domain.low:g}"
    return "a finite number" if domain.open_low and domain.open_high else "a number or infinite"


def _check_shapes(loss: Loss, y: AnyArray, raw: AnyArray, what: str) -> None:
    k, classes = len(loss.slots), loss.shape == "classes"
    names = ", ".join(slot.parameter for slot in loss.slots)
    if classes:
        fits = raw.ndim in (1, 2) and raw.shape[-1] > 0
        wanted = "[n, K], one column a class (or [K] for one row)"
        fits_y = y.ndim == raw.ndim - 1 or (y.ndim == raw.ndim > 0 and y.shape[-1] == raw.shape[-1])
        wanted_y = "the number of its class for each row [n], or soft targets [n, K]"
    elif k == 1:
        fits = raw.ndim <= 1 or (raw.ndim == 2 and raw.shape[1] == 1)
        wanted = f"[n], one number a row, for {names}"
        fits_y, wanted_y = y.ndim <= 1, "one number a row [n]"
    else:
        fits = raw.ndim in (1, 2) and raw.shape[-1] == k
        wanted = f"[n, {k}], the columns {names} (or [{k}] for one row)"
        fits_y, wanted_y = y.ndim <= 1, "one number a row [n]"
    if not fits:
        raise UsageError(f"{what} has shape {raw.shape}; {loss.name} wants {wanted}.")
    if not fits_y:
        raise UsageError(
            f"y_true has shape {y.shape} and {what} {raw.shape}; {loss.name} wants {wanted_y}."
        )
    one_row = raw.ndim == (1 if classes or k > 1 else 0)
    if not one_row and y.ndim and y.shape[0] != raw.shape[0]:
        raise UsageError(
            f"y_true has {y.shape[0]} rows but {what} has {raw.shape[0]}. They describe the same rows, so "
            "their lengths must be equal."
        )


def check_simplex(rows: AnyArray, name: str, facts: str) -> None:
    """Refuse rows that are no probabilities summing to 1, up to 1e-8 a class (1e-6 in float32)."""
    slack = rows.shape[1] * (1e-6 if rows.dtype.itemsize < 8 else 1e-8)
    rows = np.asarray(rows, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        inside: Bools = np.asarray(((rows >= 0) & (rows <= 1)).all(axis=1))
        total = rows.sum(axis=1)
    bad: Bools = np.asarray(~inside | ~(np.abs(total - 1) <= slack))
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        shown = ", ".join(f"{value:g}" for value in rows[row][:6]) + ", ..." * (rows.shape[1] > 6)
        why = f"sums to {total[row]:.10g}" if inside[row] else "leaves the interval from 0 to 1"
        raise SupportError(
            f"{name} is [{shown}] in row {row} (counted from 0), which {why}; {facts}."
        )


def _check_range(loss: Loss, y: AnyArray, dtype: str) -> None:
    """Refuse whole numbers that the floating-point type cannot hold."""
    if dtype == "float32":
        limit = _WHOLE_IN_FLOAT32
        counts = any(support.kind == "Count" for _, support in loss.density.targets)
        remedy = "Pass raw_prediction as float64."
    else:
        limit, counts = _WHOLE_IN_FLOAT64, y.dtype.kind in "iu" and y.dtype.itemsize == 8
        remedy = "Rescale the target."
    if counts and y.size:
        high = np.max(y)
        if high > limit or (y.dtype.kind == "i" and y.min() < -limit):
            raise DataError(
                f"y_true holds {high}, but whole numbers above {limit} are not exact in {dtype}. "
                + remedy
            )
