"""Sums and integrals every law of them runs over: a new one joins by one entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath as mp

from neglog.math import LogSum, exp, index, inf, interval, log, log1p, loggamma, pi, series, sqrt
from neglog.symbolic.expression import Node, Symbol
from neglog.symbolic.tracing import Traced

__all__ = ["SUMS", "Instance"]


@dataclass(frozen=True)
class Instance:
    """A sum, its closed form in mpmath, and points at which they are compared."""

    node: Node
    closed: Callable[..., Any]
    points: tuple[tuple[float, ...], ...]
    names: tuple[str, ...] = ("a", "b")
    plain: bool = True  # whether terms are small enough for float64 to keep all digits


a, b, j, x = (Traced(Symbol(name)) for name in "abjx")
j, x = index("j"), index("x")


def _gamma(x: Any, shape: Any, rate: Any) -> Any:
    return (shape - 1) * log(x) - rate * x + shape * log(rate) - loggamma(shape)


_POISSON = j * log(a) - loggamma(j + 1)
_CAUCHY = -log1p(((x - a) / b) ** 2) - log(b) - log(pi)
_NORMAL = -(((x - a) / b) ** 2) / 2 - log(b) - log(2 * pi) / 2

SUMS = {
    "exponential series": Instance(
        LogSum(_POISSON, j, series(0)).node,
        lambda a: a,
        ((0.01,), (0.7,), (12.0,), (35.0,), (150.0,), (2e3,), (1e6,)),
        ("a",),
    ),
    "peak and spread known": Instance(
        LogSum(_POISSON, j, series(0, a, sqrt(a))).node,
        lambda a: a,
        ((0.01,), (0.7,), (12.0,), (35.0,), (150.0,), (2e3,), (1e6,)),
        ("a",),
    ),
    "Bessel function": Instance(
        LogSum(2 * j * log(a / 2) - 2 * loggamma(j + 1), j, series(0)).node,
        lambda a: mp.log(mp.besseli(0, a)),
        ((0.3,), (2.0,), (40.0,), (900.0,)),
        ("a",),
    ),
    "geometric series from a later start": Instance(
        LogSum(-a * j, j, series(3)).node,
        lambda a: -3 * a - mp.log(-mp.expm1(-a)),
        ((0.6,), (1.0,), (5.0,)),
        ("a",),
    ),
    "upper tail of a Gamma": Instance(
        LogSum(_gamma(x, a, 1), x, interval(b, inf)).node,
        lambda a, b: mp.log(mp.gammainc(a, b, mp.inf, regularized=True)),
        ((0.1, 0.3), (1.0, 2.0), (3.0, 25.0), (40.0, 30.0), (0.5, 300.0)),
    ),
    "lower tail of a Gamma": Instance(
        LogSum(_gamma(x, a, 1), x, interval(0, b)).node,
        lambda a, b: mp.log(mp.gammainc(a, 0, b, regularized=True)),
        ((0.1, 1e-6), (0.1, 0.3), (1.0, 2.0), (3.0, 0.02), (40.0, 30.0)),
    ),
    "tail of a Cauchy law": Instance(
        LogSum(_CAUCHY, x, interval(2, inf)).node,
        lambda a, b: mp.log(mp.atan2(b, 2 - a) / mp.pi),
        ((0.0, 1.0), (1.0, 0.1), (3.0, 2.0), (-50.0, 1.0)),
    ),
    "Normal law below a bound": Instance(
        LogSum(_NORMAL, x, interval(-inf, 1 + a)).node,
        lambda a, b: mp.log(mp.ncdf(1 / b)),
        ((0.3, 1.0), (-4.0, 0.3), (2.0, 9.0)),
    ),
    "Normal law between bounds that move": Instance(
        LogSum(_NORMAL, x, interval(a * b, a + 3)).node,
        lambda a, b: mp.log(mp.ncdf(3 / b) - mp.ncdf((a * b - a) / b)),
        ((0.3, 1.0), (-4.0, 0.3), (1.0, 2.5)),
    ),
    "normaliser of a bell on the whole line": Instance(
        LogSum(-exp(x - a) - b * (x - a), x, interval(-inf, inf)).node,
        lambda a, b: mp.log(mp.gamma(-b)),
        ((0.3, -1.0), (25.0, -0.3), (-700.0, -12.0)),
    ),
    "the same, its centre known": Instance(
        LogSum(-exp(x - a) - b * (x - a), x, interval(-inf, inf, a, 1)).node,
        lambda a, b: mp.log(mp.gamma(-b)),
        ((0.3, -1.0), (25.0, -0.3), (-700.0, -12.0)),
    ),
    "beta function": Instance(
        LogSum((a - 1) * log(x) + (b - 1) * log1p(-x), x, interval(0, 1)).node,
        lambda a, b: mp.log(mp.beta(a, b)),
        ((0.2, 3.0), (1.0, 1.0), (30.0, 50.0)),
    ),
}
