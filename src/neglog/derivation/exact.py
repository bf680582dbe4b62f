"""Exact values of expressions at many points, from arithmetic of hundreds of digits.

A form that cancels loses as many digits as its terms are larger than their sum: at 1e-190, about two hundred. So every
value is computed twice, at a precision beyond the range of float64 and at a finer one, and counts where both agree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neglog.derivation.points import Points
from neglog.symbolic.expression import BINDERS, Call, Node, walk
from neglog.symbolic.heads import mpmath_meaning
from neglog.symbolic.tape import Tape

__all__ = ["Exact", "exact"]

EPS = 2.0**-52
# Below the smallest normal number float64 has fewer digits, whatever the form.
SMALLEST = 2.0**-1022
# Above it a factor computed on the way may overflow already: y exp(eta) with a small y.
LARGEST = 2.0**960
_PRECISIONS = (350, 420, 800)
# Inputs between 1e-26 and 1e26 cannot cancel that far, whatever a density does with them.
_MODERATE = (130, 160, 420, 800)
_SUMMED, _SUMMED_POINTS, _NEAR = (45, 60), 9, 4.0
_LARGEST_MODERATE, _LARGEST_RAW = 1e26, 60.0
_ENDLESS = 10**7
_FAILURES = (ZeroDivisionError, ValueError, OverflowError, TypeError)


@dataclass(frozen=True, slots=True)
class Exact:
    """The exact value of one output at every point, and how far one rounding of each input moves it.

    Attributes
    ----------
    value, rest : ndarray
        Their unevaluated sum is the value, to 32 digits; infinite where it exceeds float64, NaN where no precision
        settled it.
    size : ndarray
        ``|f| + sum_i |x_i df/dx_i|``.
    """

    value: NDArray[np.float64]
    rest: NDArray[np.float64]
    size: NDArray[np.float64]

    def errors(self, computed: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the errors of computed values in units of their conditioning; NaN where there is no exact value."""
        with np.errstate(all="ignore"):
            relative = np.abs((computed - self.value) - self.rest) / (EPS * self.size + SMALLEST)
        finite = np.where(np.isfinite(computed), relative, np.inf)
        finite = np.where(np.isinf(self.size) & np.isfinite(computed), 0.0, finite)
        # At the end of the range an infinity of the right sign is right.
        same = (np.sign(computed) == np.sign(self.value)) & (np.abs(computed) >= LARGEST)
        beyond = np.isinf(self.value) | (np.isinf(computed) & (np.abs(self.value) >= LARGEST))
        errors = np.where(beyond, np.where(same, 0.0, np.inf), finite)
        return np.where(np.isnan(self.value) | np.isnan(self.size), np.nan, errors)


def exact(outputs: Sequence[Sequence[Node]], inputs: Sequence[str], points: Points) -> list[Exact]:
    """Evaluate outputs exactly.

    Parameters
    ----------
    outputs : sequence of sequence of Node
        For each output the expression itself, then its derivative with respect to each input.
    inputs : sequence of str
        The names whose rounding counts.
    points : Points
        Where.
    """
    import mpmath as mp

    meaning = _meaning()
    tape = Tape([node for output in outputs for node in output])

    def at(index: int, digits: int) -> list[Any]:
        values = {name: mp.mpf(float(array[index])) for name, array in points.values.items()}
        with mp.workdps(digits):
            return tape.run(
                values, meaning, lambda v: mp.mpf(v.numerator) / v.denominator, _FAILURES
            )

    columns = [np.full((points.size, 3), np.nan) for _ in outputs]
    summed = any(
        isinstance(part, Call) and part.head in BINDERS
        for output in outputs
        for node in output[:1]
        for part in walk(node)
    )
    measured = 0
    for index in range(points.size):
        precisions: tuple[int, ...] = _MODERATE if _moderate(points, index) else _PRECISIONS
        if summed:
            # Every node of a sum costs as much as a whole expression: few points, and none where it has no bell.
            if measured == _SUMMED_POINTS or not _near(points, index):
                continue
            measured += 1
            precisions = _SUMMED
        row = at(index, precisions[0])
        for digits in precisions[1:]:
            finer = at(index, digits)
            settled = all(_agree(a, b) for a, b in zip(row, finer, strict=True))
            row = finer
            if settled:
                break
        place = 0
        for output, column in zip(outputs, columns, strict=True):
            own = row[place : place + len(output)]
            place += len(output)
            if all(map(_usable, own)):
                roundings = (
                    abs(d * mp.mpf(float(points.values[name][index])))
                    for d, name in zip(own[1:], inputs, strict=True)
                    if np.isfinite(points.values[name][index])  # an infinite end is not rounded
                )
                size = abs(own[0]) + mp.fsum(roundings)
                value = float(own[0])
                column[index] = (
                    value,
                    float(own[0] - value) if np.isfinite(value) else 0.0,
                    float(size),
                )
    return [Exact(*column.T) for column in columns]


def _meaning() -> dict[str, Callable[..., Any]]:
    import mpmath as mp

    table = mpmath_meaning()
    plain = table["exp"]

    def exp(x: Any) -> Any:
        # exp(1e308) has more digits than memory has bytes when it is itself exponentiated: infinite is near enough. One
        # that is nearly 0 stays a number: a quotient of two of them is one.
        return mp.inf if x > _ENDLESS else plain(x)

    power = table["pow"]

    def bounded_power(base: Any, exponent: Any) -> Any:
        # The same for powers: a base raised to 1e300 would be multiplied out.
        if base > 0 and abs(exponent) > _ENDLESS:
            return exp(exponent * mp.log(base))
        return power(base, exponent)

    table["exp"], table["pow"] = exp, bounded_power
    return table


def _moderate(points: Points, index: int) -> bool:
    """Return whether exponentials of the raw predictions, and all else, stay within 26 powers of ten."""
    for name, array in points.values.items():
        size = abs(float(array[index]))
        if size > (_LARGEST_RAW if name in points.raws else _LARGEST_MODERATE):
            return False
        if name not in points.raws and 0 < size < 1 / _LARGEST_MODERATE:
            return False
    return True


def _near(points: Points, index: int) -> bool:
    """Return whether all raw predictions are near 0, and everything else 0, an open end, or neither tiny nor huge."""
    sizes = {name: abs(float(array[index])) for name, array in points.values.items()}
    return all(
        size <= _NEAR if name in points.raws else size in (0.0, np.inf) or 1e-3 < size < 1e3
        for name, size in sizes.items()
    )


def _agree(a: Any, b: Any) -> bool:
    if a is None or b is None:
        return a is b
    return bool(a == b or abs(a - b) <= abs(b) * 10**-25)


def _usable(value: Any) -> bool:
    import mpmath as mp

    return isinstance(value, mp.mpf | int) and not mp.isnan(value)
