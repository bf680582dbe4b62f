"""What ``logsum``, ``mean``, ``covariance`` and ``cumulant3`` are worth: one pass over the nodes for all of them.

    logsum       L = log(sum_j exp(t_j))          (an integral where the domain is an interval)
    mean         sum_j w_j g_j,                    w_j = exp(t_j - L)
    covariance   sum_j w_j (a_j - mean a)(b_j - mean b)
    cumulant3    sum_j w_j (a_j - mean a)(b_j - mean b)(c_j - mean c)

A `Sum` asks for several of these under the same weights. Its functions come as a callable of the nodes, so that the
same code serves any expression; `in_numpy` takes many rows at once, `in_mpmath` one row to any precision.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from neglog.symbolic import nodes

__all__ = ["Domain", "Evaluator", "Sum", "domain_heads", "in_mpmath", "in_numpy"]

_ROWS_AT_ONCE = 256  # rows x nodes stay within the nearest caches
_HEIGHT_DIGITS = 30
_LONGEST_SUM = 20_000
_FINEST = 5

Domain: TypeAlias = tuple[str, tuple[Any, ...]]
"""``("series", (start, [peak, spread]))`` or ``("interval", (lo, hi, [centre, scale]))``."""

Values: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sum:
    """What is asked of one sum.

    Attributes
    ----------
    term : callable
        Values of the captured names, then the nodes -> logarithms of the terms.
    parts : callable
        The same -> the terms again and the functions to average, as a list.
    moments : sequence of tuple of int
        Which functions each result takes, by their place in the list: none for ``logsum``.
    """

    term: Callable[[Values, Any], Any]
    parts: Callable[[Values, Any], Sequence[Any]]
    moments: Sequence[tuple[int, ...]]


Evaluator: TypeAlias = Callable[[Sum, Domain, Values], list[Any]]


def domain_heads() -> dict[str, Callable[..., Domain]]:
    """Return what the heads of domains mean, the same in every arithmetic."""
    return {
        "series": lambda *ends: ("series", ends),
        "interval": lambda *ends: ("interval", ends),
    }


# --- NumPy ---


def in_numpy(asked: Sum, domain: Domain, captured: Values) -> list[Any]:
    """Evaluate a sum in float64, row by row of the captured arrays.

    Parameters
    ----------
    asked : Sum
        What is wanted.
    domain : Domain
        Its ends may be arrays too.
    captured : mapping of str to array or float
        What the functions use besides the index.

    Returns
    -------
    list
        One array (a float where everything captured was one) a moment.
    """
    import numpy as np

    kind, ends = domain
    names = list(captured)
    columns = np.broadcast_arrays(
        *(np.asarray(value, dtype=np.float64) for value in (*ends, *captured.values()))
    )
    shape = columns[0].shape
    flat = [column.reshape(-1) for column in columns]
    results = np.empty((len(asked.moments), flat[0].size))
    for start in range(0, flat[0].size, _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        block = [column[rows] for column in flat]
        with np.errstate(all="ignore"):
            results[:, rows] = _block(
                asked, kind, block[: len(ends)], dict(zip(names, block[len(ends) :], strict=True))
            )
    return [result.reshape(shape)[()] for result in results]


def _block(asked: Sum, kind: str, ends: list[Any], captured: dict[str, Any]) -> list[Any]:
    """Evaluate some rows: the functions see [rows, nodes]."""
    import numpy as np

    find = nodes.in_numpy()
    rows = {name: value[:, None] for name, value in captured.items()}

    def term(x: Any, *_: Any) -> Any:
        return asked.term(captured, x)

    if kind == "series":
        start, *known = ends
        first, step, count, joined = (
            find["series_known"](start, *known)
            if known
            else find["series_found"](term, nodes.FALL, start)
        )
        count = np.clip(np.nan_to_num(count), 2.0, nodes.MOST)
        q = np.arange(np.max(count))
        x = first[:, None] + step[:, None] * q
        measure = np.where(q < count[:, None], np.log(step)[:, None], -np.inf)
        if np.any(joined):
            last = start + 63.0
            beyond, share = _along(find, term, last, last + np.inf, 0.0 * start, 1.0 + 0.0 * start)
            share = np.where(joined[:, None], share, -np.inf)
            x = np.concatenate([x, np.where(joined[:, None], beyond, start[:, None])], axis=1)
            measure = np.concatenate([measure, share], axis=1)
    else:
        lo, hi, *known = ends
        joined = np.zeros(lo.shape, dtype=bool)
        if known:
            centre, scale = known
        elif bool(np.all(np.isinf(lo) & np.isinf(hi))):
            centre, scale = find["line_found"](term, np.zeros_like(lo))
        else:
            centre, scale = np.zeros_like(lo), np.ones_like(lo)
        x, measure = _along(find, term, lo, hi, centre, scale)
    terms, *functions = (np.broadcast_to(part, x.shape) for part in asked.parts(rows, x))
    terms = terms + measure
    terms = np.where(terms == np.inf, np.nan, terms)
    shift = np.fmax.reduce(terms, axis=1)  # no number unless there is none at all
    weights = np.exp(terms - np.where(np.isfinite(shift), shift, 0.0)[:, None])
    weights = np.where(np.isnan(weights), 0.0, weights)
    if np.any(joined):
        weights[joined, 53:64] *= nodes.JOIN[::-1]
    highest = np.argmax(weights, axis=1)[:, None]
    # The highest weight is 1 and stands apart: the logarithm of 1 + rest keeps the digits of a small rest.
    own = np.arange(weights.shape[1]) == highest
    rest = np.where(own, weights - 1.0, weights).sum(axis=1)
    weights /= (1.0 + rest)[:, None]

    def averaged(values: Any) -> Any:
        return np.where(weights == 0.0, 0.0, weights * values).sum(axis=1)

    means = [averaged(function) for function in functions]
    centred = [function - mean[:, None] for function, mean in zip(functions, means, strict=True)]

    def moment(places: tuple[int, ...]) -> Any:
        if not places:
            return shift + np.log1p(rest)
        if len(places) == 1:
            return means[places[0]]
        product = centred[places[0]]
        for other in places[1:]:
            product = product * centred[other]
        return averaged(product)

    return [moment(places) for places in asked.moments]


def _along(
    find: Mapping[str, Callable[..., Any]], term: Any, lo: Any, hi: Any, centre: Any, scale: Any
) -> tuple[Any, Any]:
    """Return the nodes of an integral and the logarithms of their shares, [rows, nodes]."""
    import numpy as np

    bounds = (lo, hi, centre, scale)
    middle, width, bend, left, right = find["interval_found"](term, nodes.FALL, *bounds)
    du = (right - left) / (nodes.NODES - 1)
    u = left[:, None] + du[:, None] * np.arange(float(nodes.NODES))
    columns = [value[:, None] for value in (middle, width, bend, *bounds)]
    x, slope = find["interval_node"](u, *columns)
    return x, slope + np.log(du)[:, None]


# --- mpmath ---


def in_mpmath(asked: Sum, domain: Domain, captured: Values) -> list[Any]:
    """Evaluate a sum of one row at mpmath's current precision.

    What does not converge, has too many terms or none (on the other side of a ``where``) is no number.
    """
    import mpmath as mp

    try:
        return _precisely(asked, domain, captured)
    except (ValueError, ZeroDivisionError, OverflowError, TypeError):
        return [mp.nan] * len(asked.moments)


def _precisely(asked: Sum, domain: Domain, captured: Values) -> list[Any]:
    import mpmath as mp

    kind, ends = domain
    digits = mp.mp.dps
    fall = (digits + 5) * math.log(10)

    def term(x: Any, *_: Any) -> Any:
        try:
            value = asked.term(captured, x)
        except (ValueError, ZeroDivisionError, OverflowError):
            return mp.nan
        return value if isinstance(value, mp.mpf) else mp.nan

    # Where the nodes lie matters to a few digits only.
    with mp.workdps(min(digits, _HEIGHT_DIGITS)):
        layout = _layout(kind, [mp.mpf(end) for end in ends], term, fall)
    result, rows = None, []
    for level in range(_FINEST):
        at = layout.nodes(level)
        if at is None:
            assert result is not None
            return result
        rows += _evaluated(asked, captured, at)
        finer = _moments(asked, rows, layout.step / 2**level)
        if result is not None and all(map(_agree, result, finer)):
            return finer
        result = finer
    raise ValueError("the nodes of a sum do not settle")


@dataclass(frozen=True, slots=True)
class _Layout:
    """Nodes in equal steps from `low` to `high`, halved from level to level.

    Attributes
    ----------
    step : mpf
        At the first level.
    count : int
        Steps at the first level.
    at : callable
        Number of steps, in units of the first -> node and the logarithm of its share.
    single : bool
        Whether the first level is all there is.
    """

    step: Any
    count: int
    at: Callable[[Any], tuple[Any, Any]]
    single: bool = False

    def nodes(self, level: int) -> list[tuple[Any, Any]] | None:
        """Return the nodes that this level adds."""
        import mpmath as mp

        if level == 0:
            return [self.at(mp.mpf(q)) for q in range(self.count + 1)]
        if self.single:
            return None
        parts = 2**level
        return [self.at(mp.mpf(q) / parts) for q in range(1, self.count * parts, 2)]


def _layout(kind: str, ends: list[Any], term: Callable[..., Any], fall: float) -> _Layout:
    """Find where the mass is, and lay the nodes."""
    import mpmath as mp

    find = _in_mpmath()
    count = int(max(96, 4 * mp.mp.dps, fall))
    if kind == "series":
        start = ends[0]
        v = find["summit"](find["series_bell"], term, mp.mpf(0), mp.mpf(43), start)
        peak = start + mp.exp(v) - 1
        least = term(peak) - fall
        left, right = (
            find["reach"](find["plain"], term, peak, side, least, -1.0, far)
            for side, far in ((-1, v), (1, 43.0))
        )
        first = max(start, start + mp.floor(peak - left - start))
        length = peak + right - first
        if length <= 4 * count or first == start:
            if length > _LONGEST_SUM:
                raise ValueError("a series has too many terms")
            return _Layout(
                mp.mpf(1), int(length) + 2, lambda q: (first + q, mp.mpf(0)), single=True
            )
        step = length / count
        return _Layout(step, count, lambda q: (first + q * step, mp.mpf(0)))
    lo, hi, *known = ends
    if known:
        centre, scale = known
    elif mp.isinf(lo) and mp.isinf(hi):
        centre, scale = find["line_found"](term, mp.mpf(0))
    else:
        centre, scale = mp.mpf(0), mp.mpf(1)
    bounds = (lo, hi, centre, scale)
    middle, width, bend, low, high = find["interval_found"](term, fall, *bounds)

    step = (high - low) / count
    return _Layout(
        step, count, lambda q: find["interval_node"](low + q * step, middle, width, bend, *bounds)
    )


@cache
def _in_mpmath() -> dict[str, Callable[..., Any]]:
    """Return the functions of nodes for numbers of mpmath; of the ways to place a node only the one that counts."""
    import mpmath as mp

    def place(v: Any, lo: Any, hi: Any, centre: Any, scale: Any) -> Any:
        if mp.isinf(lo) and mp.isinf(hi):
            return find["place_on_line"](v, centre, scale)
        if mp.isinf(lo) or mp.isinf(hi):
            grown = mp.exp(v)
            return hi - grown if mp.isinf(lo) else lo + grown, v
        return find["place_between"](v, lo, hi, hi - lo)

    find = nodes.in_arithmetic(
        {
            "exp": mp.exp,
            "log": mp.log,
            "log1p": mp.log1p,
            "floor": mp.floor,
            "pick": nodes.pick,
            "place": place,
        }
    )
    return find


def _agree(a: Any, b: Any) -> bool:
    """Return whether a finer rule changed few enough digits that its own error, nearly the square, is below all."""
    import mpmath as mp

    return bool(a == b or abs(a - b) <= mp.mpf(10) ** -(mp.mp.dps * 5 // 8 + 1) * (abs(b) + 1))


_Row: TypeAlias = tuple[Any, list[Any]]


def _evaluated(asked: Sum, captured: Values, at: list[tuple[Any, Any]]) -> list[_Row]:
    import mpmath as mp

    rows = []
    for x, share in at:
        try:
            value, *functions = asked.parts(captured, x)
        except (ValueError, ZeroDivisionError, OverflowError):
            continue
        if not mp.isnan(value) and not mp.isinf(value):
            rows.append((value + share, functions))
    return rows


def _moments(asked: Sum, rows: list[_Row], step: Any) -> list[Any]:
    import mpmath as mp

    if not rows:
        raise ValueError("a sum has no terms")
    top = max(height for height, _ in rows)
    weights = [mp.exp(height - top) for height, _ in rows]
    total = mp.fsum(weights)
    number = max((len(functions) for _, functions in rows), default=0)
    columns = [[functions[i] for _, functions in rows] for i in range(number)]
    means = [
        mp.fsum(w * g for w, g in zip(weights, column, strict=True)) / total for column in columns
    ]

    def moment(places: tuple[int, ...]) -> Any:
        if not places:
            return top + mp.log(total * step)
        if len(places) == 1:
            return means[places[0]]
        products = []
        for row, weight in enumerate(weights):
            product = weight
            for place in places:
                product *= columns[place][row] - means[place]
            products.append(product)
        return mp.fsum(products) / total

    return [moment(places) for places in asked.moments]
