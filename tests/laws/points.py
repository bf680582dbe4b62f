"""Points at which losses are measured: ordinary ones, the places where formulas break, and the ends of float64."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

__all__ = ["CLASSES", "draw", "draw_classes"]

# Overflow, underflow and cancellation of exp, log1p and squares; the ends of float64; denormals; zeros of either sign.
EXTREMES = [
    sign * size
    for size in (
        *(34.0, 40.0, 709.8, 710.0, 745.0, 746.0, 800.0, 1e5, 1e17, 1e154, 1e155, 1e300, 1e308),
        *(np.finfo(float).max, 1.0, 1e-20, 1e-300, 2.3e-308, 5e-324, 0.0),
    )
    for sign in (1.0, -1.0)
]
CLASSES = (2, 3, 7)
Arrays = tuple[np.ndarray, list[np.ndarray]]


def mixed(random: np.random.Generator, size: int, scales: list[float]) -> np.ndarray:
    """Return normal numbers of mixed sizes."""
    return random.choice(scales, size) * random.normal(size=size)


def some(
    random: np.random.Generator, base: np.ndarray, share: float, others: np.ndarray | list[float]
) -> np.ndarray:
    """Return the array with a share of its entries replaced: by those of another, or drawn from a list."""
    other = others if isinstance(others, np.ndarray) else random.choice(others, base.shape)
    return np.where((random.random(base.shape) < share) & np.isfinite(other), other, base)


def extremes(reach: float) -> list[float]:
    """Return the extremes within a reach."""
    return [value for value in EXTREMES if abs(value) <= reach]


def raw(random: np.random.Generator, size: int, reach: float = np.inf) -> np.ndarray:
    """Return raw predictions, none beyond the reach."""
    values = mixed(random, size, [0.5, 0.5, 0.5, 3.0, 3.0, 3.0, 3.0, 30.0, 30.0, 300.0])
    return some(random, np.clip(values, -reach, reach), 0.25, extremes(reach))


def near(random: np.random.Generator, centre: np.ndarray) -> np.ndarray:
    """Return values close to a centre, where differences cancel."""
    return centre * (1 + mixed(random, len(centre), [1e-12, 1e-6, 0.1]))


def real_targets(
    random: np.random.Generator, location: np.ndarray, reach: float = np.inf
) -> np.ndarray:
    """Return targets of every size, a third of them near the location, some exactly there."""
    values = mixed(random, len(location), [0.3, 2.0, 30.0, 1e5])
    with np.errstate(over="ignore"):
        values = some(random, values, 1 / 3, near(random, location))
    return some(random, some(random, values, 0.1, extremes(reach)), 0.05, location)


def counts(random: np.random.Generator, size: int) -> np.ndarray:
    """Return counts from 0 to about 10^14, small ones most often."""
    return np.floor(np.exp(random.uniform(size=size) ** 2 * 33)) * (random.random(size) > 0.15)


def bernoulli(random: np.random.Generator, size: int) -> Arrays:
    """Labels, and a few soft ones."""
    y = random.integers(0, 2, size).astype(float)
    return some(random, y, 0.1, random.uniform(size=size)), [raw(random, size)]


def counted(random: np.random.Generator, size: int) -> Arrays:
    """Counts."""
    return counts(random, size), [raw(random, size)]


def known_scale(random: np.random.Generator, size: int) -> Arrays:
    """A location, and a scale that is given; its square is inside float64."""
    location = raw(random, size)
    scale = np.exp(np.clip(mixed(random, size, [0.5, 3.0, 30.0, 200.0]), -350, 350))
    return real_targets(random, location), [location, scale]


def located(random: np.random.Generator, size: int) -> Arrays:
    """A location of any size; a scale whose square is inside float64."""
    location = raw(random, size)
    return real_targets(random, location), [location, raw(random, size, 340.0)]


def tailed(random: np.random.Generator, size: int) -> Arrays:
    """A location and a scale such that the square of a standardised residual is inside float64."""
    location = raw(random, size, 1e100)
    return real_targets(random, location, 1e100), [location, raw(random, size, 100.0)]


def waiting(random: np.random.Generator, size: int) -> Arrays:
    """Positive targets, some near their mean."""
    log_mean = raw(random, size, 700.0)
    y = np.exp(mixed(random, size, [0.5, 3.0, 10.0, 200.0]))
    y = some(random, y, 1 / 3, near(random, np.exp(log_mean)))
    return np.clip(y, 1e-300, 1e300), [log_mean]


def drifting(random: np.random.Generator, size: int) -> Arrays:
    """Positive targets, two raw predictions whose products are inside float64."""
    log_mean, log_scale = raw(random, size, 150.0), raw(random, size, 150.0)
    y = np.exp(mixed(random, size, [0.5, 3.0, 10.0, 40.0]))
    y = some(random, y, 1 / 3, near(random, np.exp(log_mean)))
    return np.clip(y, 1e-60, 1e60), [log_mean, log_scale]


_DRAWS: dict[str, Callable[[np.random.Generator, int], Arrays]] = {
    "Normal": located,
    "Normal, sigma given": known_scale,
    "Bernoulli": bernoulli,
    "Poisson": counted,
    "InverseGaussian": drifting,
    "Gumbel": tailed,
    "Logistic": tailed,
    "Exponential": waiting,
    "Geometric": counted,
}


def draw(name: str, size: int, seed: int = 0) -> Arrays:
    """Return targets, and raw predictions (then hyperparameters) as columns."""
    return _DRAWS[name](np.random.default_rng(seed), size)


def draw_classes(K: int, size: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return class numbers and scores [size, K], with ties, far leaders and extremes."""
    random = np.random.default_rng(seed + K)
    scores = np.column_stack([raw(random, size) for _ in range(K)])
    scores[::7] = scores[::7, :1]  # all equal
    scores[1::7] = mixed(random, len(scores[1::7]), [1.0, 1e5])[:, None] + random.normal(
        size=(len(scores[1::7]), K)
    )  # a common level: only differences count
    return random.integers(0, K, size).astype(float), scores
