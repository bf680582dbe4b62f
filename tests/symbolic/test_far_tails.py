"""Exact values far out in the normal tail, where a difference of terms would need too many digits."""

from __future__ import annotations

import time

import mpmath as mp
import pytest

from neglog.symbolic.heads import mpmath_meaning


@pytest.mark.parametrize("x", ["-1.001e120", "-1e400", "-1e40000"])
def test_second_derivative_of_the_inverse_mills_ratio(x: str) -> None:
    """It is 2/y^3 there, in a moment; below, the full formula approaches that as 1 - 12/y^2."""
    found = mpmath_meaning()["inverse_mills2"]
    start = time.perf_counter()
    with mp.workdps(400):
        assert abs(found(mp.mpf(x)) * mp.mpf(x) ** 3 + 2) < mp.mpf(10) ** -230
        y = mp.mpf(10) ** 30
        assert abs((found(-y) * y**3 / 2 - 1) * y * y + 12) < mp.mpf(10) ** -20
        below = found(-mp.mpf("0.999e120")) * mp.mpf("0.999e120") ** 3
        assert abs(below - 2) < mp.mpf(10) ** -230
    assert time.perf_counter() - start < 5
