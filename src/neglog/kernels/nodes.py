"""Nodes and masses of a quadrature over a law known by its log-density alone, for many laws at once.

Where the mass lies is looked for first: the mode on the line that the support is mapped to, then the distance at which
the density has fallen by a factor e. From there

* a density is integrated over t in z = mode + distance sinh(t), in panels of Gauss-Legendre nodes: equal steps near the
  mode, geometric ones in the tails, so that a bell and a Cauchy law are served by the same nodes. The mode lies between
  two panels, which is where a Laplace law has its kink;
* a probability function is summed over panels of whole numbers that widen with their distance from the mode: over all
  numbers of a short panel, in a long one over the nodes of the sum itself, with its weights (Gauss rules of the
  discrete Chebyshev polynomials, whose recurrence is due to Gram).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from neglog._typing import AnyArray, Floats

__all__ = ["on_a_line", "over_counts"]

LogDensity = Callable[[Floats], Floats]
"""Targets [n, m], a row a law -> log-density [n, m]."""

_ORDER = 16  # nodes of a panel
_REACH = 350  # a density is integrated over t as far as this where there is mass: sinh reaches 1e151 distances
_STEPS = 256  # panels of whole numbers on either side of the mode, at most
_NOTHING = 90.0  # what lies so far below the highest log-density carries no mass that would be seen
_FALL = 1.0  # the width of a law: where its log-density is 1 below that of the mode


@np.errstate(all="ignore")
def on_a_line(
    log_density: LogDensity, bounds: tuple[float, float], n: int, panels: int
) -> tuple[Floats, Floats]:
    """Return nodes and their masses under n laws with a density.

    Parameters
    ----------
    log_density : callable
        Takes targets [n, m] inside the support, answers log-densities [n, m]; NaN and -inf carry no mass.
    bounds : tuple of float
        The ends of the support.
    n : int
        How many laws.
    panels : int
        Panels in a unit of t: 4 are enough for a smooth law, more serve one with kinks.

    Returns
    -------
    tuple of ndarray of shape (n, m)
        Targets, and density times the weight of the node.
    """
    place, log_slope, ends = _line(bounds)

    def on_line(z: Floats) -> Floats:
        found = log_density(place(z)) + log_slope(z)
        # A pole at an end of the support has no mass.
        return np.where(found < np.inf, found, -np.inf)

    left, right = np.arcsinh(ends)
    start = np.sinh(np.linspace(left, right, 399))
    centre = _mode(on_line, np.broadcast_to(start, (n, start.size)), ends, whole=False)
    width = _width(on_line, centre, np.geomspace(1e-18, 1e17, 281), ends)

    def of_t(t: Floats) -> tuple[Floats, Floats]:
        z = centre[:, None] + width[:, None] * np.sinh(t)
        inside = (z > ends[0]) & (z < ends[1])
        z = np.where(inside, z, centre[:, None])
        height = on_line(z) + np.log(width)[:, None] + np.log(np.cosh(t))
        return z, np.where(inside, height, -np.inf)

    edges = np.arange(-_REACH * panels, _REACH * panels + 1) / panels
    _, heights = of_t(edges)
    counts = np.flatnonzero((heights > heights.max(axis=1, keepdims=True) - _NOTHING).any(axis=0))
    edges = edges[max(counts[0] - 1, 0) : counts[-1] + 2]
    x, weights = np.polynomial.legendre.leggauss(_ORDER)
    t = (edges[:-1, None] + (x + 1) / (2 * panels)).ravel()
    z, heights = of_t(t)
    mass = np.exp(heights) * np.tile(weights / (2 * panels), edges.size - 1)
    return place(z), mass


@np.errstate(all="ignore")
def over_counts(
    log_density: LogDensity, first: Floats, last: Floats, growth: float
) -> tuple[Floats, Floats]:
    """Return nodes and their masses under n laws of whole numbers.

    Parameters
    ----------
    log_density : callable
        Takes targets [n, m], answers log-probabilities [n, m]; NaN and -inf carry no mass.
    first, last : ndarray of shape (n,)
        The smallest and largest number of each law; the latter may be infinite.
    growth : float
        How much wider a panel may be the farther it lies from the mode: a share of the distance.

    Returns
    -------
    tuple of ndarray of shape (n, m)
        Targets, and probability times the weight of the node.
    """

    def mass(k: Floats) -> Floats:
        found = log_density(np.clip(k, first[:, None], last[:, None]))
        return np.where(
            np.isnan(found) | (k < first[:, None]) | (k > last[:, None]), -np.inf, found
        )

    offsets = np.unique(np.floor(np.concatenate([np.arange(64.0), np.geomspace(64, 1e15, 336)])))
    # The first number counts alone: zeros are often inflated, and the mode is looked for beside them.
    start = np.minimum(first[:, None] + 1 + offsets, last[:, None])
    ends = (float(first.min()), float(last.max()))
    mode = _mode(mass, start, ends, whole=True)
    distances = np.unique(np.floor(np.geomspace(1, 1e15, 281)))
    spread = _width(mass, mode, distances, ends)
    sizes = _sizes()
    nodes, weights = (np.stack(tables) for tables in zip(*map(_gram, sizes), strict=True))
    ks, masses = [first[:, None]], [np.exp(mass(first[:, None]))]
    nothing = mass(mode[:, None])[:, 0] - _NOTHING
    for side in (1.0, -1.0):
        at = np.maximum(mode, first + 1) if side > 0 else mode - 1.0
        for _ in range(_STEPS):
            room = last - at + 1 if side > 0 else at - first
            wanted = np.minimum(growth * np.hypot(spread, at - mode), room)
            pick = np.maximum(np.searchsorted(sizes, wanted, side="right") - 1, 0)
            k = at[:, None] + side * nodes[pick]
            weight = np.where(room[:, None] >= 1, weights[pick], 0.0)
            height = np.where(weight > 0, mass(k), -np.inf)
            if not bool((height.max(axis=1) > nothing).any()):
                break
            ks.append(k)
            masses.append(np.where(weight > 0, weight * np.exp(height), 0.0))
            at = at + side * sizes[pick]
    k = np.concatenate(ks, axis=1)
    return np.clip(k, first[:, None], last[:, None]), np.concatenate(masses, axis=1)


def _line(
    bounds: tuple[float, float],
) -> tuple[Callable[[Floats], Floats], Callable[[Floats], Floats], tuple[float, float]]:
    """Return the map from the line to the support, the log of its slope, and the part of the line that it serves."""
    low, high = bounds
    if np.isfinite(low) and np.isfinite(high):

        def between(z: Floats) -> Floats:
            part: Floats = np.exp(-np.abs(z)) / (1 + np.exp(-np.abs(z)))
            return np.where(z < 0, low + (high - low) * part, high - (high - low) * part)

        return (
            between,
            lambda z: np.log(high - low) - np.abs(z) - 2 * np.log1p(np.exp(-np.abs(z))),
            (
                -740.0 if low == 0 else -36.0,
                36.0,
            ),  # closer to an end than rounding lets a target come
        )
    if np.isfinite(low):
        return lambda z: low + np.exp(z), lambda z: z, (-740.0, 700.0)
    if np.isfinite(high):
        return lambda z: high - np.exp(z), lambda z: z, (-740.0, 700.0)
    return lambda z: z, np.zeros_like, (-1e153, 1e153)


def _mode(
    log_density: LogDensity, start: AnyArray, ends: tuple[float, float], *, whole: bool
) -> Floats:
    """Return the place of the largest log-density, found by ever finer grids around the best point so far."""
    at, rows = np.asarray(start, dtype=np.float64), np.arange(start.shape[0])
    best = np.argmax(log_density(at), axis=1)
    centre: Floats = np.asarray(at[rows, best], dtype=np.float64)
    left, right = at[rows, np.maximum(best - 1, 0)], at[rows, np.minimum(best + 1, at.shape[1] - 1)]
    span = np.maximum(right - left, np.abs(centre) * 1e-15)
    steps = np.linspace(-1, 1, 41)
    for _ in range(48):
        grid = centre[:, None] + span[:, None] * steps
        if whole:
            grid = np.round(grid)
        grid = np.clip(grid, *ends)
        grid[:, 20] = centre
        centre = np.asarray(grid[rows, np.argmax(log_density(grid), axis=1)])
        span = span / 8
        if bool((span <= np.where(whole, 0.25, 1e-16 * np.abs(centre) + 1e-300)).all()):
            break
    return centre


def _width(
    log_density: LogDensity, centre: Floats, distances: Floats, ends: tuple[float, float]
) -> Floats:
    """Return the first of the distances at which the density has fallen by a factor e on either side."""
    top = log_density(centre[:, None])
    found = np.full(centre.size, np.inf)
    for side in (1.0, -1.0):
        z = centre[:, None] + side * distances
        inside = (z > ends[0]) & (z < ends[1])
        height = np.where(inside, log_density(np.where(inside, z, centre[:, None])), top)
        fallen = (height < top - _FALL) & inside
        place = np.where(fallen.any(axis=1), distances[np.argmax(fallen, axis=1)], np.inf)
        found = np.minimum(found, place)
    return np.where(np.isfinite(found), found, 1.0)


@lru_cache(maxsize=1)
def _sizes() -> Floats:
    """Return the admitted sizes of a panel of whole numbers: 1 to 16, then steps of half an octave to 1e15."""
    long = np.floor(_ORDER * np.sqrt(2.0) ** np.arange(1, 92))
    return np.concatenate([np.arange(1.0, _ORDER + 1), long])


@lru_cache(maxsize=256)
def _gram(size: float) -> tuple[Floats, Floats]:
    """Return the places and weights of a sum over 0, ..., size - 1: exact for polynomials of degree 31."""
    if size <= _ORDER:
        return np.arange(float(_ORDER)), (np.arange(_ORDER) < size).astype(np.float64)
    k = np.arange(1, _ORDER)
    beside = 0.5 * k * np.sqrt((1 - (k / size) ** 2) / (4.0 * k * k - 1))
    nodes, vectors = np.linalg.eigh(np.diag(beside, 1) + np.diag(beside, -1))
    return (size - 1) / 2 + nodes * size, size * vectors[0] ** 2
