"""The probability of a normal variable within an interval, and its derivatives, keep their digits everywhere."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

from neglog.symbolic.heads import mpmath_meaning
from neglog.symbolic.numerics import NUMERICS
from neglog.symbolic.vectorised import vectorised

HEADS = ("log_ndtr_gap", "ndtr_gap_slope", "ndtr_gap_edge", "ndtr_gap_rest")
MEANING = mpmath_meaning()


def points() -> list[tuple[float, float]]:
    """Return upper ends and widths: narrow and wide intervals, near 0, remote, and symmetric about 0."""
    random = np.random.default_rng(4)
    found = []
    for i in range(400):
        z = float(np.exp(random.uniform(-30, 3))) if i % 3 else float(random.uniform(0.01, 8))
        x = float(random.choice([0.5, 3, 30, 300]) * random.normal())
        found.append((z / 2 * (1 + 0.01 * float(random.normal())) if i % 5 == 0 else x, z))
    return [*found, (-1e30, 1e30), (1e30, 1e30), (0.0, 1e30), (1e8, 2e8), (-1e8, 1.0)]


def exactly(name: str, x: float, z: float) -> tuple[mp.mpf, mp.mpf]:
    """Return a head at a point, and how far one rounding of each argument moves it."""
    top, slope, edge, rest = (MEANING[head](mp.mpf(x), mp.mpf(z)) for head in HEADS)
    curve, both = -slope * rest - z * edge, edge * (z - rest)
    value, by_x, by_z = {
        "log_ndtr_gap": (top, slope, edge),
        "ndtr_gap_slope": (slope, curve, both),
        "ndtr_gap_edge": (edge, both, -edge * (edge + z - x)),
        "ndtr_gap_rest": (rest, 1 + curve, both),
    }[name]
    return value, abs(value) + abs(x * by_x) + abs(z * by_z)


def test_meaning() -> None:
    """In mpmath they are what their names say, by differences of hundreds of digits."""
    for x, z in points()[:150]:
        with mp.workdps(300):
            a, b = mp.mpf(x) - mp.mpf(z), mp.mpf(x)
            mass = mp.ncdf(b) - mp.ncdf(a) if b < 0 else mp.ncdf(-a) - mp.ncdf(-b)
            wanted = (
                mp.log(mass), (mp.npdf(b) - mp.npdf(a)) / mass, mp.npdf(a) / mass,
                b + (mp.npdf(b) - mp.npdf(a)) / mass,
            )  # fmt: skip
        with mp.workdps(40):
            for head, value in zip(HEADS, wanted, strict=True):
                assert mp.almosteq(MEANING[head](mp.mpf(x), mp.mpf(z)), value, 1e-35, 1e-300)


@pytest.mark.parametrize("head", HEADS)
def test_digits(head: str) -> None:
    """In float64 they are within 4 roundings of their arguments, one at a time and as columns."""
    columns = vectorised(head)(*np.array(points()).T)
    with mp.workdps(40):
        for (x, z), column in zip(points(), columns, strict=True):
            value, size = exactly(head, x, z)
            for found in (NUMERICS[head](x, z), float(column)):
                assert abs(found - value) <= 4 * (mp.mpf(2) ** -52 * size + mp.mpf(2) ** -1022)
