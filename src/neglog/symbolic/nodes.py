"""Where a sum or an integral is evaluated, so that a fixed number of nodes is enough.

Three instances. The terms of a series are one bell over the whole numbers: a narrow one is added up number by number, a
wide one in steps of many, because the trapezoid rule on a bell that dies out at both ends is exact to all digits; one
that begins in the middle is added up number by number and goes on as an integral. An
integrand on ``x > lo`` is looked at in ``v = log(x - lo)``: there every density falls off exponentially to both sides,
singular or heavy-tailed as it may be, and ``v = middle + width*sinh(u)`` makes a bell of it. An integrand on the whole
line is centred first, ``x = centre + scale*sinh(v)``.

Every function is plain, branch-free arithmetic on logarithms of what is added up, ``term(x, *given)``. Its text serves
three times: with arrays of NumPy and with numbers of mpmath (`in_arithmetic`), and, printed into a kernel, for one row.
No derivative is needed, and a term that is no number counts as nothing.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from neglog.symbolic.numerics import exp, log, log1p

__all__ = ["FALL", "FUNCTIONS", "JOIN", "MOST", "NODES", "in_arithmetic", "in_numpy"]

NODES = 128
"""Nodes of an integral in float64."""

MOST = 384
"""The most terms of a series that are added one by one."""

JOIN = (
    0.2742655400315991, 1.7093330001402918, -0.47488796383978676, 3.521788545173962, -2.239633318552589,
    4.068823152156486, -1.1119179079986372, 2.0276743376222544, 0.6644522575707471, 1.0660264141080114,
    0.9940759435876624,
)  # fmt: skip
"""Weights of the last terms, backwards, where an integral goes on from the last one (Gregory's rule, order 10)."""

FALL = 40.0
"""What lies so many nats below the highest term is less than the last bit of the sum."""


def pick(condition: Any, a: Any, b: Any) -> Any:
    """Return a where the condition holds, else b."""
    return a if condition else b


def floor(x: Any) -> Any:
    """Return the largest whole number not above x."""
    return x // 1.0


def counted(height: Any) -> Any:
    """Return a logarithm, and the least there is in place of what is no number, or infinite."""
    return pick(height < 1e308, height, -1e308)


# --- What is looked at: the term itself, or the term as a function of a stretched variable v. ---


def plain(term: Any, x: Any, *given: Any) -> Any:
    """Return the term at x."""
    return term(x, *given)


def series_bell(term: Any, v: Any, start: Any, *given: Any) -> Any:
    """Return the term of a series with ``index = start - 1 + exp(v)``."""
    return term(start + exp(v) - 1.0, *given)


def line_bell(term: Any, v: Any, *given: Any) -> Any:
    """Return the term at sinh(v)."""
    return term(0.5 * (exp(v) - exp(-v)), *given)


def interval_bell(term: Any, v: Any, lo: Any, hi: Any, centre: Any, scale: Any, *given: Any) -> Any:
    """Return the logarithm of an integrand per unit of v."""
    x, slope = place(v, lo, hi, centre, scale)
    return term(x, *given) + slope


def place(v: Any, lo: Any, hi: Any, centre: Any, scale: Any) -> Any:
    """Return x and log dx/dv: v runs over the line, x from `lo` to `hi`, either of which may be infinite."""
    low = lo - lo == 0.0
    high = hi - hi == 0.0
    inner, within = place_between(v, lo, hi, pick(low & high, hi - lo, 1.0))
    outer, on_line = place_on_line(v, centre, scale)
    grown = exp(v)
    beyond = pick(low, lo + grown, pick(high, hi - grown, outer))
    slope = pick(low & high, within, pick(low | high, v, on_line))
    return pick(low & high, inner, beyond), slope


def place_between(v: Any, lo: Any, hi: Any, length: Any) -> Any:
    """Return x and log dx/dv where both ends are finite."""
    small = exp(-abs(v))
    share = (hi - lo) * (small / (1.0 + small))
    return pick(v < 0.0, lo + share, hi - share), log(length) - abs(v) - 2.0 * log1p(small)


def place_on_line(v: Any, centre: Any, scale: Any) -> Any:
    """Return x and log dx/dv where both ends are infinite."""
    small = exp(-abs(v))
    x = centre + scale * (0.5 * (exp(v) - exp(-v)))
    return x, log(scale) + abs(v) + log1p(small * small) - log(2.0)


# --- Searches of a fixed number of steps. ---


def summit(bell: Any, term: Any, low: Any, high: Any, *given: Any) -> Any:
    """Return where a bell is highest between `low` and `high`: the best of a grid, then golden section around it."""
    half = 0.5 * (high - low)
    best = low
    highest = -1e308 + 0.0 * half
    a = low
    b = high
    before = low
    for k in range(-15, 16):
        # Dense in the middle; far out an expression may be no number for all the bell there is inside.
        here = low + half * (1.0 + (k / 16.0) * (k / 16.0) * (k / 16.0))
        height = counted(bell(term, here, *given))
        higher = height > highest
        b = pick(best == before, here, b)
        a = pick(higher, before, a)
        b = pick(higher, high, b)
        best = pick(higher, here, best)
        highest = pick(higher, height, highest)
        before = here
    left = b - 0.6180339887498949 * (b - a)
    right = a + 0.6180339887498949 * (b - a)
    at_left = counted(bell(term, left, *given))
    at_right = counted(bell(term, right, *given))
    for _ in range(58):
        ahead = at_right > at_left
        a = pick(ahead, left, a)
        b = pick(ahead, b, right)
        step = 0.6180339887498949 * (b - a)
        new = pick(ahead, a + step, b - step)
        at_new = counted(bell(term, new, *given))
        left, right = pick(ahead, right, new), pick(ahead, new, left)
        at_left, at_right = pick(ahead, at_right, at_new), pick(ahead, at_new, at_left)
    return pick(at_right > at_left, right, left)


def reach(
    bell: Any, term: Any, at: Any, side: Any, least: Any, near: Any, far: Any, *given: Any
) -> Any:
    """Return how far from `at`, to one side, a bell stays above `least`; `near` and `far` are logarithms."""
    a = near + 0.0 * at
    b = far + 0.0 * at
    for _ in range(11):
        middle = 0.5 * (a + b)
        inside = bell(term, at + side * exp(middle), *given) > least
        a = pick(inside, middle, a)
        b = pick(inside, b, middle)
    return exp(b)


# --- Series: terms first, first + step, ...; where `joined`, an integral from the last of them to infinity as well. ---


def steps(start: Any, left: Any, right: Any) -> Any:
    """Return first index, step, number of terms, and whether an integral follows, for a bell from `left` to `right`."""
    cut = left <= start
    clipped = pick(cut, start, left)
    length = right - clipped
    # A bell that `start` cuts off is no bell: its terms are added one by one.
    joined = cut & (length > 380.0)
    step = pick(cut | (length < 63.0), 1.0, length / 63.0)
    first = pick(step == 1.0, start + floor(clipped - start), clipped)
    return first, step, pick(joined, 64.0, floor((right - first) / step) + 2.0), joined


def series_known(start: Any, peak: Any, spread: Any) -> Any:
    """Return the steps through a bell whose peak and standard deviation are known."""
    return steps(start, peak - 9.0 * spread - 9.0, peak + 13.0 * spread + 24.0)


def series_found(term: Any, fall: Any, start: Any, *given: Any) -> Any:
    """Return the steps through a bell that has to be found."""
    v = summit(series_bell, term, 0.0 * start, 43.0 + 0.0 * start, start, *given)
    peak = start + exp(v) - 1.0
    least = term(peak, *given) - fall
    left = reach(plain, term, peak, -1.0, least, -1.0, log(peak - start + 1.0), *given)
    right = reach(plain, term, peak, 1.0, least, -1.0, 43.0, *given)
    return steps(start, peak - left, peak + right)


# --- Integrals: x = place(middle + width*sinh(u)), u in equal steps. ---


def arsinh(x: Any) -> Any:
    """Return the inverse of sinh for x >= 0."""
    return pick(x > 1e-4, log(x + exp(0.5 * log(1.0 + x * x))), x)


def line_found(term: Any, *given: Any) -> Any:
    """Return centre and scale of an integrand on the whole line."""
    v = summit(line_bell, term, -300.0 + 0.0 * given[0], 300.0 + 0.0 * given[0], *given)
    centre = 0.5 * (exp(v) - exp(-v))
    least = term(centre, *given) - 0.5
    left = reach(plain, term, centre, -1.0, least, -300.0, 300.0, *given)
    right = reach(plain, term, centre, 1.0, least, -300.0, 300.0, *given)
    return centre, pick(left < right, left, right)


def interval_found(
    term: Any, fall: Any, lo: Any, hi: Any, centre: Any, scale: Any, *given: Any
) -> Any:
    """Return middle, width and bend of the map from u to v, and the ends of u."""
    zero = 0.0 * (centre + scale)
    bounds = (lo, hi, centre, scale)
    middle = summit(interval_bell, term, zero - 700.0, zero + 700.0, *bounds, *given)
    top = interval_bell(term, middle, *bounds, *given)
    left = reach(interval_bell, term, middle, -1.0, top - 1.0, -27.0, 7.3, *bounds, *given)
    right = reach(interval_bell, term, middle, 1.0, top - 1.0, -27.0, 7.3, *bounds, *given)
    width = pick(left < right, left, right)
    left = reach(interval_bell, term, middle, -1.0, top - fall, -27.0, 7.3, *bounds, *given)
    right = reach(interval_bell, term, middle, 1.0, top - fall, -27.0, 7.3, *bounds, *given)
    # Tails that fall off fast need no stretching, and would be too steep with it.
    far = pick(left > right, left, right) / width
    bend = pick(far > 18.0, 1.0, pick(far > 7.2, (far - 6.0) / 12.0, 0.1))
    return (
        middle,
        width / bend,
        bend,
        -arsinh(bend * left / width) / bend,
        arsinh(bend * right / width) / bend,
    )


def interval_node(
    u: Any, middle: Any, width: Any, bend: Any, lo: Any, hi: Any, centre: Any, scale: Any
) -> Any:
    """Return x and log dx/du."""
    grown = exp(bend * u)
    shrunk = 1.0 / grown
    x, slope = place(middle + width * (0.5 * (grown - shrunk)), lo, hi, centre, scale)
    return x, slope + log(width * bend * (0.5 * (grown + shrunk)))


FUNCTIONS: tuple[Callable[..., Any], ...] = (
    pick, floor, counted, plain, series_bell, line_bell, place_between, place_on_line,
    place, interval_bell, summit, reach, steps, series_known,
    series_found, arsinh, line_found, interval_found, interval_node,
)  # fmt: skip  # in the order in which a kernel needs them


def in_arithmetic(names: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """Return the functions of this module in another arithmetic.

    Parameters
    ----------
    names : mapping of str to callable
        ``exp``, ``log``, ``log1p``, ``floor`` and ``pick`` of that arithmetic.

    Returns
    -------
    dict
        The functions by name.
    """
    table: dict[str, Any] = {"abs": abs, "range": range}
    for function in FUNCTIONS:
        table[function.__name__] = types.FunctionType(function.__code__, table)
    table.update(names)
    return table


@cache
def in_numpy() -> dict[str, Callable[..., Any]]:
    """Return the functions for arrays."""
    import numpy as np

    return in_arithmetic(
        {"exp": np.exp, "log": np.log, "log1p": np.log1p, "floor": np.floor, "pick": np.where}
    )
