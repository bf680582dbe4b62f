"""What the towers of exprel, lexprel, erfcx and the Bessel functions mean, in mpmath at its current precision.

Each formula is the textbook's; where its terms cancel, it is evaluated with as many more digits as they lose.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import mpmath as mp

__all__ = ["tower_meanings"]

_LARGE = 2000  # beyond e to 2^2000 even the exponent of a result would fill pages


def _with_digits(formula: Callable[[Any], Any], powers: int) -> Callable[[Any], Any]:
    """Evaluate a formula whose terms exceed the result by so many powers of the argument, or of its inverse."""

    def evaluated(x: Any) -> Any:
        if mp.isnan(x):
            return mp.nan
        size = abs(int(mp.mag(x))) if x != 0 and not mp.isinf(x) else 0
        with mp.extraprec(powers * size + 40):
            value = formula(x)
        return +value

    return evaluated


def _exp(x: Any) -> Any:
    if mp.isinf(x) or (x != 0 and mp.mag(x) > _LARGE):
        return mp.inf if x > 0 else mp.mpf(0)
    # Never a whole number: mpmath would take powers of e by squaring.
    return mp.exp(x - mp.mpf(1) / 3) * mp.exp(mp.mpf(1) / 3)


def _mean_exponential(n: int, x: Any) -> Any:
    """Mean of t^n exp(x t) over t in [0, 1]: derivative n of (exp(x) - 1)/x."""
    if x == 0:
        return 1 / mp.mpf(n + 1)
    if mp.isinf(x):
        return mp.inf if x > 0 else mp.mpf(0)
    # Integrated by parts n times.
    factor = mp.fsum((-1) ** k * mp.ff(n, k) / x ** (k + 1) for k in range(n + 1))
    return _exp(x) * factor - (-1) ** n * mp.factorial(n) / x ** (n + 1)


def _log_mean(x: Any) -> Any:
    """Return the logarithm of that mean for n = 0."""
    if x == 0:
        return mp.mpf(0)
    if mp.isinf(x):
        return x
    return x + _log_mean(-x) if x > 0 else mp.log(-mp.expm1(x) / -x)


def _log_mean_slope(order: int, x: Any) -> Any:
    """Return a derivative of lexprel: a cumulant of t under the weights exp(x t)."""
    if x == 0:
        return (mp.mpf(1) / 2, mp.mpf(1) / 12, mp.mpf(0))[order - 1]
    if x > 0:  # t and 1 - t change places
        mirrored = _log_mean_slope(order, -x)
        return (1 - mirrored) if order == 1 else (-1) ** order * mirrored
    e = _exp(x)
    return (
        lambda: -1 / x + e / (e - 1),
        lambda: 1 / x**2 - e / (e - 1) ** 2,
        lambda: -2 / x**3 + e * (1 + e) / (e - 1) ** 3,
    )[order - 1]()


def _log_softplus(order: int, x: Any) -> Any:
    """Return a derivative of log(log(1 + exp(x)))."""
    if mp.isinf(x):
        return (x if x < 0 else mp.inf, mp.mpf(x < 0), mp.mpf(0), mp.mpf(0))[order]
    if x < -10_000:  # e^x is smaller than any rounding of what it is added to
        e = _exp(x)
        return (lambda: x - e / 2, lambda: 1 - e / 2, lambda: -e / 2, lambda: -e / 2)[order]()
    with mp.extraprec(20 + (4 * int(-x) if x < 0 else 0)):
        e = _exp(-abs(x))
        softplus = mp.log1p(e) + max(x, 0)
        p, q = (e / (1 + e), 1 / (1 + e))[:: 1 if x < 0 else -1]
        first = p / softplus
        second = first * (q - first)
        value = (
            mp.log(softplus), first, second, second * (q - first) + first * (-p * q - second),
        )[order]  # fmt: skip  # a tuple
    return +value


def _scaled_erfc(excess: Callable[[Any], Any], order: int, x: Any) -> Any:
    """Return a derivative of exp(x^2) erfc(x)."""
    if x == mp.inf:
        return mp.mpf(0)
    if x < 0:
        square = _exp(x * x)
        gauss = (
            2 * square,
            4 * x * square,
            (4 + 8 * x * x) * square,
            (24 * x + 16 * x**3) * square,
        )
        return gauss[order] - (-1) ** order * _scaled_erfc(excess, order, -x)
    t = mp.sqrt(2) * x
    value = mp.sqrt(2 / mp.pi) / (t + excess(t))
    slope = 2 * x * value - 2 / mp.sqrt(mp.pi)
    second = 2 * value + 2 * x * slope
    return (value, slope, second, 4 * slope + 2 * x * second)[order]


def _bessel(x: Any) -> tuple[Any, Any]:
    """Return I0(x) and I1(x), for large x both times exp(-x) sqrt(2 pi x)."""
    if not _is_far(x):
        return mp.besseli(0, x), mp.besseli(1, x)
    sums = []
    for square in (0, 4):  # Hankel's expansion; what it leaves out is of the order of exp(-2x)
        total, term, k = mp.mpf(1), mp.mpf(1), 0
        while abs(term) > mp.eps:
            k += 1
            term *= ((2 * k - 1) ** 2 - square) / (8 * k * x)
            total += term
        sums.append(total)
    return sums[0], sums[1]


def _is_far(x: Any) -> bool:
    return bool(x > mp.mp.prec)


def _log_bessel(x: Any) -> Any:
    """Return log I0(x) - x for x >= 0."""
    if mp.isinf(x):
        return -x
    scaled, _ = _bessel(x)
    return mp.log(scaled) - (mp.log(2 * mp.pi * x) / 2 if _is_far(x) else x)


def _log_i0(x: Any) -> Any:
    size = abs(x)
    return size if mp.isinf(x) else size + _log_bessel(size)


def _log_i0_beyond(x: Any) -> Any:
    return _log_bessel(x) if x > 0 else _log_i0(x) - x


def _bessel_ratio(x: Any) -> Any:
    if mp.isinf(x):
        return mp.sign(x)
    i0, i1 = _bessel(abs(x))
    return mp.sign(x) * i1 / i0


def _bessel_ratio_slope(order: int, x: Any) -> Any:
    """Return a derivative of I1(x)/I0(x)."""
    if x == 0 or mp.isinf(x):
        return mp.mpf(0.5) if x == 0 and order == 1 else mp.mpf(0)
    a = _bessel_ratio(x)
    first = 1 - a / x - a * a
    return first if order == 1 else a / x**2 - first / x - 2 * a * first


def tower_meanings(excess: Callable[[Any], Any]) -> dict[str, Callable[[Any], Any]]:
    """Return what each member means.

    Parameters
    ----------
    excess : callable
        phi(y)/Phi(-y) - y of the normal law for y >= 0.

    Returns
    -------
    dict of str to callable
        By the name of the head.
    """
    return {
        **{
            f"exprel{n or ''}": _with_digits(partial(_mean_exponential, n), n + 1) for n in range(4)
        },
        **{f"log_softplus{n or ''}": partial(_log_softplus, n) for n in range(4)},
        "lexprel": _with_digits(_log_mean, 1),
        **{f"lexprel{n}": _with_digits(partial(_log_mean_slope, n), n + 2) for n in (1, 2, 3)},
        **{
            f"erfcx{n or ''}": _with_digits(partial(_scaled_erfc, excess, n), 2 * n + 2)
            for n in range(4)
        },
        "log_bessel_i0": _with_digits(_log_i0, 2),
        "log_bessel_i0mx": _with_digits(_log_i0_beyond, 2),
        "bessel_ratio": _with_digits(_bessel_ratio, 1),
        "bessel_ratiom1": _with_digits(lambda x: _bessel_ratio(x) - 1, 2),
        **{
            f"bessel_ratio{n}": _with_digits(partial(_bessel_ratio_slope, n), 2 * n + 2)
            for n in (1, 2)
        },
    }
