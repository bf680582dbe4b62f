"""Losses by hand, in mpmath: value, gradient, Hessian, and how far one rounding of each input moves each of them.

Nothing here is shared with the library. A location-scale law is written once, as g(z) with z = (y - a) exp(-b); its
derivatives in a, b and y follow by the chain rule, written out. Numbers carry 2400 bits, so that sums of the largest
and the smallest float64 are exact and no formula needs care.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from mpmath import mp, mpf

__all__ = ["BITS", "REFERENCES", "Exact", "categorical"]

BITS = 2400
ENDLESS = mpf(10) ** 9
HUGE = mp.ldexp(mpf(1), 10**400)
"""In place of exp(x) for x beyond `ENDLESS`: larger than any product with anything else here makes small."""

Numbers = Sequence[Any]


class Exact(NamedTuple):
    """One output at one point: its value, and sum_i |x_i df/dx_i| over the inputs that are rounded."""

    value: Any
    moved: Any


def exp(x: Any) -> Any:
    """Return exp(x), where that has a number."""
    return HUGE if x > ENDLESS else mpf(0) if x < -ENDLESS else mp.exp(x)


def outputs(table: Sequence[tuple[Any, Sequence[Any]]]) -> list[Exact]:
    """Return outputs from pairs of a value and its products x_i df/dx_i."""
    return [Exact(value, mp.fsum(map(abs, products))) for value, products in table]


def location_scale(
    g: Callable[[Any], tuple[Any, Any, Any, Any]],
) -> Callable[[Any, Numbers], list[Exact]]:
    """Return f = b + g(z), z = (y - a) exp(-b), from g and its first three derivatives."""

    def at(y: Any, raws: Numbers) -> list[Exact]:
        a, b = raws
        s = mp.exp(-b)
        z = (y - a) * s
        g0, g1, g2, g3 = g(z)
        u, v = g1 + z * g2, 2 * g2 + z * g3  # u = d(z g1)/dz, v = du/dz
        return outputs(
            [
                (b + g0, (a * s * g1, b * (1 - z * g1), y * s * g1)),
                (-s * g1, (a * s * s * g2, b * s * u, y * s * s * g2)),
                (1 - z * g1, (a * s * u, b * z * u, y * s * u)),
                (s * s * g2, (a * s**3 * g3, b * s * s * v, y * s**3 * g3)),
                (s * u, (a * s * s * v, b * s * (u + z * v), y * s * s * v)),
                (z * u, (a * s * (u + z * v), b * z * (u + z * v), y * s * (u + z * v))),
            ]
        )

    return at


def normal_g(z: Any) -> tuple[Any, Any, Any, Any]:
    """Squared error: z^2/2 and the constant that makes exp(-f) integrate to 1."""
    return z * z / 2 + mp.log(2 * mp.pi) / 2, z, mpf(1), mpf(0)


def gumbel_g(z: Any) -> tuple[Any, Any, Any, Any]:
    """z + exp(-z)."""
    e = exp(-z)
    return z + e, 1 - e, e, -e


def logistic_g(z: Any) -> tuple[Any, Any, Any, Any]:
    """z + 2 log(1 + exp(-z)), even in z."""
    e = exp(-abs(z))
    g2 = 2 * e / (1 + e) ** 2
    g1 = (1 - e) / (1 + e) * (1 if z > 0 else -1)
    return abs(z) + 2 * mp.log(1 + e), g1, g2, -g2 * g1


def normal_known_scale(y: Any, raws: Numbers) -> list[Exact]:
    """Squared error of a raw prediction a, with a scale c that is given."""
    a, c = raws
    r = (y - a) / c
    third = 1 / (c * c)
    return outputs(
        [
            (r * r / 2 + mp.log(c) + mp.log(2 * mp.pi) / 2, (a * r / c, y * r / c, 1 - r * r)),
            (-r / c, (a * third, y * third, 2 * r / c)),
            (third, (2 * third,)),
        ]
    )


def bernoulli(y: Any, raws: Numbers) -> list[Exact]:
    """Cross-entropy of a logit; a label that is exactly 0 or 1 is not rounded, a soft one is."""
    (s,) = raws
    e = exp(-abs(s))
    high, low = 1 / (1 + e), e / (1 + e)
    p, q = (high, low) if s > 0 else (low, high)
    base = mp.log(1 + e)
    plus, minus = (s + base, base) if s > 0 else (base, base - s)  # softplus of s and of -s
    soft = 0 if y in (0, 1) else y
    slope = (1 - y) * p - y * q
    return outputs(
        [
            ((1 - y) * plus + y * minus, (s * slope, soft * s)),
            (slope, (s * p * q, soft)),
            (p * q, (s * p * q * (q - p),)),
        ]
    )


def poisson(y: Any, raws: Numbers) -> list[Exact]:
    """exp(s) - y s + log y!."""
    (s,) = raws
    e = exp(s)
    with mp.workprec(300):  # ninety digits, of which a sum of terms below 10^17 loses few
        factorial, psi = mp.loggamma(y + 1), mp.psi(0, y + 1)
    return outputs(
        [
            (e - y * s + factorial, (s * (e - y), y * (psi - s))),
            (e - y, (s * e, y)),
            (e, (s * e,)),
        ]
    )


def exponential(y: Any, raws: Numbers) -> list[Exact]:
    """Raw prediction a = log mean: a + y exp(-a)."""
    (a,) = raws
    v = y * exp(-a)
    return outputs([(a + v, (a * (1 - v), v)), (1 - v, (a * v, v)), (v, (a * v, v))])


def geometric(y: Any, raws: Numbers) -> list[Exact]:
    """Raw prediction s = logit p: softplus(-s) + y softplus(s)."""
    (s,) = raws
    e = exp(-abs(s))
    high, low = 1 / (1 + e), e / (1 + e)
    p, q = (high, low) if s > 0 else (low, high)
    base = mp.log(1 + e)
    plus, minus = (s + base, base) if s > 0 else (base, base - s)
    return outputs(
        [
            (minus + y * plus, (s * (y * p - q), y * plus)),
            (y * p - q, (s * (1 + y) * p * q, y * p)),
            ((1 + y) * p * q, (s * (1 + y) * p * q * (q - p), y * p * q)),
        ]
    )


def inverse_gaussian(y: Any, raws: Numbers) -> list[Exact]:
    """Raw predictions a = log mu, b = log lambda: lambda (y/mu - 1)^2 / (2y) - (b - log 2 pi - 3 log y) / 2."""
    a, b = raws
    m, w = mp.exp(-a), mp.exp(b)
    r = y * m - 1
    q = w * r * r / (2 * y)
    qy = w * r * (r + 2) / (2 * y)  # y dq/dy
    constant = mp.log(2 * mp.pi) / 2 + mpf(3) / 2 * mp.log(y)
    wm = w * m
    return outputs(
        [
            (q - b / 2 + constant, (a * wm * r, b * (q - mpf(1) / 2), qy + mpf(3) / 2)),
            (-wm * r, (a * wm * (2 * r + 1), b * wm * r, wm * (r + 1))),
            (q - mpf(1) / 2, (a * wm * r, b * q, qy)),
            (wm * (2 * r + 1), (a * wm * (4 * r + 3), b * wm * (2 * r + 1), 2 * wm * (r + 1))),
            (-wm * r, (a * wm * (2 * r + 1), b * wm * r, wm * (r + 1))),
            (q, (a * wm * r, b * q, qy)),
        ]
    )


def categorical(y: int, raws: Numbers) -> list[Exact]:
    """Value, K gradient entries and the packed upper triangle of the Hessian of softmax cross-entropy."""
    K = len(raws)
    top = max(raws)
    e = [exp(s - top) for s in raws]
    total = mp.fsum(e)
    p = [x / total for x in e]
    rest = [mp.fsum(p[:k] + p[k + 1 :]) for k in range(K)]  # 1 - p[k]

    def curve(j: int, k: int) -> Any:
        return p[j] * rest[j] if j == k else -p[j] * p[k]

    def third(j: int, k: int, m: int) -> Any:
        if j == k:
            return curve(j, m) * (rest[j] - p[j])
        return -(curve(j, m) * p[k] + p[j] * curve(k, m))

    gradient = [p[k] if k != y else -rest[k] for k in range(K)]
    excess = top - raws[y] + mp.log(total)
    table: list[tuple[Any, list[Any]]] = [(excess, [raws[k] * gradient[k] for k in range(K)])]
    table += [(gradient[j], [raws[k] * curve(j, k) for k in range(K)]) for j in range(K)]
    for j in range(K):
        for k in range(j, K):
            table.append((curve(j, k), [raws[m] * third(j, k, m) for m in range(K)]))
    return outputs(table)


REFERENCES: dict[str, Callable[[Any, Numbers], list[Exact]]] = {
    "Normal": location_scale(normal_g),
    "Normal, sigma given": normal_known_scale,
    "Bernoulli": bernoulli,
    "Categorical": categorical,
    "Poisson": poisson,
    "InverseGaussian": inverse_gaussian,
    "Gumbel": location_scale(gumbel_g),
    "Logistic": location_scale(logistic_g),
    "Exponential": exponential,
    "Geometric": geometric,
}
