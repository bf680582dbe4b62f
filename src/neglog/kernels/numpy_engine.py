"""The NumPy engine: a plan evaluated block by block, without a compiler.

Same blocks, same lanes, same flags as a printed kernel, so the two differ only by the last bits of
their elementary functions. It serves small data, where a compiler would take longer than the whole
fit, and machines without Numba.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from neglog._typing import AnyArray, Bools, Floats
from neglog.kernels.loops import evaluated_loop, loop_groups
from neglog.kernels.plan import Domain, Op, Operand, Plan
from neglog.kernels.variant import (
    BAD_TARGET,
    BAD_WEIGHT,
    BLOCK,
    FAR,
    HUGE,
    LANES,
    ODD_RAW,
    TINY,
    Run,
    Variant,
    split,
)
from neglog.symbolic.heads import numpy_meaning

__all__ = [
    "add_lanes",
    "constants",
    "curve",
    "even_share",
    "flag_of",
    "leading_exponentials",
    "mean_gap",
    "numpy_run",
    "ordered_sum",
    "outside",
    "target_columns",
]

_MEANING = numpy_meaning()


def numpy_run(plan: Plan, variant: Variant) -> Run:
    """Return the NumPy kernel of a variant, called like the printed one.

    Parameters
    ----------
    plan : Plan
        What to compute.
    variant : Variant
        Which outputs.

    Returns
    -------
    callable
        ``run(lo, hi, y, x0, ..., sums, flags)``, see `neglog.kernels.variant`.
    """
    return (_classes_run if plan.shape == "classes" else _map_run)(plan, variant)


def _map_run(plan: Plan, variant: Variant) -> Run:
    derivatives = plan.derivatives(variant.order)
    constant = plan.constant if variant.constant else 0.0
    call, once, row = plan.needed((plan.value, constant, *derivatives))
    targets, inputs = len(plan.targets), (*plan.targets, *plan.raws)
    sizes = (targets, len(plan.raws), variant.weighted, len(plan.hyper), 1, len(derivatives), 2)

    def run(lo: int, hi: int, *args: Any) -> None:
        ys, raws, w, hyper, (value,), outs, (sums, flags) = split(args, *sizes)
        with np.errstate(all="ignore"):
            scalars = _evaluated(
                plan, call, dict(zip(plan.hyper, map(np.float64, hyper), strict=True))
            )
            for start in range(lo, hi, BLOCK["map"]):
                rows = slice(start, min(start + BLOCK["map"], hi))
                known = dict(scalars)
                for name, column in zip(inputs, (*ys, *raws), strict=True):
                    known[name] = _float64(column[rows])
                weight = _float64(w[0][rows]) if w else None
                if flags.size:
                    odd = any(not np.isfinite(known[name]).all() for name in plan.raws)
                    here = [known[name] for name in plan.targets]
                    flags[start // BLOCK["map"]] = flag_of(plan, here, weight) | ODD_RAW * odd
                _evaluated(plan, once, known)
                _evaluated(plan, row, known)
                total = _operand(plan.value, known)
                if constant != 0.0:
                    total = total + _operand(constant, known)
                losses = np.empty(rows.stop - start)
                losses[:] = total
                if weight is not None:
                    losses = np.where(weight == 0.0, 0.0, weight * losses)
                if value.size:
                    value[rows] = losses
                for out, operand in zip(outs, derivatives, strict=True):
                    part = _operand(operand, known)
                    out[rows] = part if weight is None else weight * part
                sums[start // BLOCK["map"]] = add_lanes(losses)

    return run


def curve(plan: Plan, order: int, hyper: Sequence[float]) -> Callable[[Floats], list[Any]]:
    """Return what makes of an excess the value of a loss of classes, its slope and its bend.

    Where the excess is 0 or infinite they are those at the nearest number, which is the limit (derivatives those at
    1e300 from there on); a value on its way to 0 or to infinity has arrived there.
    """
    outputs = (plan.value, *plan.derivatives(order))
    call, _, row = plan.needed((*outputs, plan.even))
    scalars = _evaluated(plan, call, dict(zip(plan.hyper, map(np.float64, hyper), strict=True)))

    def at(excess: Floats) -> list[Any]:
        known = {**scalars, "l": np.clip(excess, TINY, HUGE)}
        _evaluated(plan, row, known)
        value, *rest = (np.broadcast_to(_operand(o, known), excess.shape) for o in outputs)
        value = np.where((excess == 0.0) & (np.abs(value) < 1e-300), 0.0, value)
        endless = (excess > HUGE) & (np.abs(value) > 1e300)
        value = np.where(endless, np.copysign(np.inf, value), value)
        if rest and bool((excess > FAR).any()):
            limits = at(np.array([FAR]))[1:]
            rest = [
                np.where(excess > FAR, limit, part)
                for limit, part in zip(limits, rest, strict=True)
            ]
        return [value, *rest]

    return at


def even_share(plan: Plan, hyper: Sequence[float]) -> float:
    """Return the coefficient of the mean excess of a loss of classes."""
    call, _, _ = plan.needed((plan.even,))
    known = _evaluated(plan, call, dict(zip(plan.hyper, map(np.float64, hyper), strict=True)))
    return float(_operand(plan.even, known))


def mean_gap(x: Floats, top: Floats) -> Floats:
    """Return how far the scores are below the leading one, on average; halves, as the difference may overflow."""
    halves = np.where(x == top[:, None], 0.0, 0.5 * top[:, None] - 0.5 * x)
    return np.asarray(2.0 * (halves / x.shape[1]).sum(axis=1))


def _classes_run(plan: Plan, variant: Variant) -> Run:
    bends = 2 * (plan.bent and variant.order == 2)
    sizes = (1, 1, variant.weighted, len(plan.hyper), 1, variant.order + bends, 2)

    def run(lo: int, hi: int, *args: Any) -> None:
        (y,), (raw,), w, hyper, (value,), outs, (sums, flags) = split(args, *sizes)
        K = raw.shape[1]
        with np.errstate(all="ignore"):
            curved = curve(plan, variant.order, hyper) if plan.curved else None
            even = even_share(plan, hyper)
            for start in range(lo, hi, BLOCK["classes"]):
                rows = slice(start, min(start + BLOCK["classes"], hi))
                codes, x = _float64(y[rows]), _float64(raw[rows])
                weight = _float64(w[0][rows]) if w else None
                if flags.size:
                    flag = flag_of(plan, [codes], weight) | ODD_RAW * bool(np.isnan(x).any())
                    flags[start // BLOCK["classes"]] = flag | BAD_TARGET * bool((codes >= K).any())
                here = np.arange(rows.stop - start)
                own = np.clip(np.nan_to_num(codes), 0, K - 1).astype(np.intp)
                lead, top, e, rest = leading_exponentials(x)
                mine = x[here, own]
                losses = np.where(mine == top, 0.0, top - mine) + np.log1p(rest)
                slope, bend = 1.0, 0.0
                if curved is not None:
                    losses, *more = curved(losses)
                    slope = more[0] if more else slope
                    bend = more[1] if len(more) > 1 else bend
                if even != 0.0:
                    losses = losses + even * (mean_gap(x, top) + np.log1p(rest))
                if weight is not None:
                    losses = np.where(weight == 0.0, 0.0, weight * losses)
                if value.size:
                    value[rows] = losses
                if outs:
                    probabilities = e / (1.0 + rest)[:, None]
                    others = np.where(own == lead, rest, (1.0 + rest) - e[here, own]) / (1.0 + rest)
                    gradient = np.reshape(slope, (-1, 1)) * probabilities
                    gradient[here, own] = -(slope * others)
                    if even != 0.0:
                        kept = gradient[here, own] + even * ((K - 1) / K)
                        gradient -= even / K
                        gradient[here, own] = kept
                    outs[0][rows] = gradient if weight is None else weight[:, None] * gradient
                    if variant.order == 2:
                        outs[1][rows] = probabilities
                    for out, part in zip(outs[2:], (slope, bend), strict=False):
                        out[rows] = part
                sums[start // BLOCK["classes"]] = add_lanes(losses)

    return run


def constants(plan: Plan, y: Floats, hyper: Mapping[str, float]) -> Floats | float:
    """Return the constant of every row, or one number where all rows share it.

    Parameters
    ----------
    plan : Plan
        Holds the constant.
    y : ndarray of shape (n,) or (n, m)
        The target.
    hyper : mapping of str to float
        Values by the plan's names, ``p0``.

    Returns
    -------
    ndarray or float
        In nats, without weights.
    """
    call, once, _ = plan.needed((plan.constant,))
    known: dict[str, Any] = {name: np.float64(value) for name, value in hyper.items()}
    known.update(zip(plan.targets, target_columns(y), strict=True))
    with np.errstate(all="ignore"):
        _evaluated(plan, call, known)
        _evaluated(plan, once, known)
        result = _operand(plan.constant, known)
    return float(result) if plan.constant_is_scalar else result


def leading_exponentials(x: Floats) -> tuple[AnyArray, Floats, Floats, Floats]:
    """Return the leading class, its score, exp(x - score), and their sum without the leading one.

    The leading exponential is 1, so the sum of all is 1 plus the last of these, and its logarithm
    keeps all digits where one class is sure.
    """
    here = np.arange(x.shape[0])
    lead = np.argmax(x, axis=1)
    top = x[here, lead]
    e = np.exp(np.where(x == top[:, None], 0.0, x - top[:, None]))  # inf - inf would be NaN
    e[here, lead] = 0.0
    rest = e.sum(axis=1)
    e[here, lead] = 1.0
    return lead, top, e, rest


def ordered_sum(values: list[float]) -> float:
    """Add without rounding in between; infinities and NaN come out as they would."""
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):  # the sum overflows, or holds both infinities
        with np.errstate(all="ignore"):
            return float(np.sum(values))


def add_lanes(losses: Floats) -> float:
    """Add up one block in eight lanes, each in order: the printed kernels add the same way."""
    whole = losses.size - losses.size % LANES
    lanes = np.zeros(LANES)
    np.add.reduce(losses[:whole].reshape(-1, LANES), axis=0, out=lanes)
    for loss in losses[whole:]:
        lanes[0] += loss
    a = lanes
    return float(((a[0] + a[1]) + (a[2] + a[3])) + ((a[4] + a[5]) + (a[6] + a[7])))


def target_columns(y: AnyArray) -> tuple[AnyArray, ...]:
    """Return the columns of a target [n] or [n, m], contiguous where it is in Fortran order."""
    return (y,) if y.ndim == 1 else tuple(y[:, i] for i in range(y.shape[1]))


def outside(domain: Domain, y: AnyArray) -> Bools:
    """Return where a column of the target does not belong to its domain; NaN never does."""
    inside = (y > domain.low) if domain.open_low else (y >= domain.low)
    inside &= (y < domain.high) if domain.open_high else (y <= domain.high)
    if domain.whole:
        inside &= np.floor(y) == y
    return np.asarray(~inside)


def flag_of(plan: Plan, ys: Sequence[AnyArray], weight: AnyArray | None) -> int:
    """Return the flags of a block of targets, column by column, and weights."""
    bad = any(outside(domain, y).any() for domain, y in zip(plan.domains, ys, strict=True))
    bad = bad or (plan.ordered and not bool((ys[0] <= ys[1]).all()))
    flag = BAD_TARGET * int(bad)
    if weight is not None:
        flag |= BAD_WEIGHT * (not ((weight >= 0) & (weight < np.inf)).all())
    return int(flag)


def _evaluated(plan: Plan, ops: tuple[Op, ...], known: dict[str, Any]) -> dict[str, Any]:
    for loop, group in loop_groups(ops):
        if loop:
            known |= evaluated_loop(plan.loop(loop), group, known, _MEANING)
            continue
        for op in group:
            known[op.name] = _MEANING[op.head](*(_operand(arg, known) for arg in op.args))
    return known


def _operand(operand: Operand, known: Mapping[str, Any]) -> Any:
    return known[operand] if isinstance(operand, str) else operand


def _float64(block: Any) -> Floats:
    return np.asarray(block, dtype=np.float64)
