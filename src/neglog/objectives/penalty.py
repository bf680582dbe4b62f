"""Priors as penalties: the exact negative log prior of the coefficients, constants included.

A flat prior adds nothing. `DensityPenalty` computes what a density says; the closed form of its most common case, a
normal prior with scale tau, is

    (theta - mu)^2 / (2 tau^2) + log(tau) + log(2 pi) / 2

so that lambda = 1 / (2 tau^2) is the weight of ridge regression on the summed loss.

A prior with a kink (Laplace: |theta - mu| / b) is split into a smooth part and ``jump * |theta - centre|``, so that a
solver knows where a coefficient may come to rest exactly.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt

from neglog._typing import Floats
from neglog.errors import UsageError
from neglog.symbolic.differential import slope
from neglog.symbolic.expression import Call, Node, evaluate, free_symbols, walk
from neglog.symbolic.heads import numpy_meaning, numpy_number

__all__ = ["DensityPenalty", "Flat", "Kinks", "Law", "NormalPrior", "Penalty", "RoundedPenalty"]


@dataclass(frozen=True, eq=False)
class Kinks:
    """Where a separable penalty has kinks: it holds ``jump * |theta - centre|``, for each coefficient.

    Attributes
    ----------
    centres : ndarray of shape (size,)
        Where the kink of each coefficient is.
    jumps : ndarray of shape (size,)
        Half of the jump of the derivative there; 0 where there is no kink.
    """

    centres: Floats
    jumps: Floats

    @property
    def any(self) -> bool:
        """Whether there is one."""
        return bool((self.jumps > 0).any())


class Penalty(Protocol):
    """A separable penalty: its curvature is diagonal."""

    def value(self, theta: Floats) -> float:
        """Return the negative log prior, in nats."""
        ...

    def gradient(self, theta: Floats) -> Floats:
        """Return the derivative for each coefficient; at a kink the mean of those of its sides."""
        ...

    def curvature(self, theta: Floats) -> Floats:
        """Return the second derivative for each coefficient, kinks left out."""
        ...

    def covered(self, size: int) -> Floats:
        """Return 1 for each coefficient that a proper prior covers, else 0."""
        ...

    def kinks(self, size: int) -> Kinks:
        """Return where the penalty has kinks."""
        ...


def _no_kinks(size: int) -> Kinks:
    return Kinks(np.zeros(size), np.zeros(size))


@dataclass(frozen=True)
class Flat:
    """No prior: maximum likelihood."""

    def value(self, theta: Floats) -> float:
        """Return 0."""
        return 0.0

    def gradient(self, theta: Floats) -> Floats:
        """Return zeros."""
        return np.zeros_like(theta)

    def curvature(self, theta: Floats) -> Floats:
        """Return zeros."""
        return np.zeros_like(theta)

    def covered(self, size: int) -> Floats:
        """Return zeros."""
        return np.zeros(size)

    def kinks(self, size: int) -> Kinks:
        """Return none."""
        return _no_kinks(size)


@dataclass(frozen=True, eq=False)
class NormalPrior:
    """Independent normal priors, one a coefficient: the closed form, for arrays of scales.

    Attributes
    ----------
    means : ndarray of shape (size,)
        Prior means; ignored where the scale is infinite.
    scales : ndarray of shape (size,)
        Prior standard deviations; infinite where the prior is flat.
    """

    means: Floats
    scales: Floats

    def __post_init__(self) -> None:
        scales = np.asarray(self.scales, dtype=np.float64)
        means = np.asarray(self.means, dtype=np.float64)
        if not (scales > 0).all() or not np.isfinite(means).all():
            raise UsageError(
                "A normal prior needs a finite mean and a scale above 0 for each coefficient; an "
                "infinite scale leaves a coefficient without a prior."
            )
        object.__setattr__(self, "scales", scales)
        object.__setattr__(self, "means", means)

    def _standard(self, theta: Floats) -> Floats:
        """Return (theta - mean) / scale: 0 for the coefficients without a prior."""
        standard: Floats = (theta - self.means) / self.scales
        return standard

    def value(self, theta: Floats) -> float:
        """Return the negative log density of the coefficients that have a prior."""
        scales = self.scales[np.isfinite(self.scales)]
        constant = float(np.log(scales).sum()) + 0.5 * math.log(2 * math.pi) * scales.size
        return 0.5 * float(np.square(self._standard(theta)).sum()) + constant

    def gradient(self, theta: Floats) -> Floats:
        """Return (theta - mean) / scale^2."""
        gradient: Floats = self._standard(theta) / self.scales
        return gradient

    def curvature(self, theta: Floats) -> Floats:
        """Return 1 / scale^2."""
        curvature: Floats = 1.0 / np.square(self.scales)
        return curvature

    def covered(self, size: int) -> Floats:
        """Return 1 where the scale is finite."""
        return np.isfinite(self.scales).astype(np.float64)

    def kinks(self, size: int) -> Kinks:
        """Return none."""
        return _no_kinks(size)


@dataclass(frozen=True, eq=False)
class Law:
    """The negative log-density of one coefficient, with the derivatives and the kink that follow from it.

    Attributes
    ----------
    node : Node
        The negative log-density.
    name : str
        The symbol of the coefficient in it.
    values : mapping of str to float
        The parameters.
    """

    node: Node
    name: str
    values: Mapping[str, float]

    def __post_init__(self) -> None:
        if len(self._centres) > 1:
            raise UsageError(
                "This prior has kinks at several places; a fit copes with one a coefficient. Write "
                "the prior with one abs(w - centre)."
            )

    @cached_property
    def derivatives(self) -> tuple[Node, Node]:
        """First and second derivative, as trees: what the solver is given."""
        first = slope(self.node, self.name)
        return first, slope(first, self.name)

    @cached_property
    def _centres(self) -> tuple[float, ...]:
        """Where the density has kinks: roots of what stands under abs, or is compared."""
        found: dict[float, None] = {}
        for part in walk(self.node):
            if isinstance(part, Call) and part.head in ("abs", "maximum", "minimum"):
                inside = part.args[0] if part.head == "abs" else part.args[0] - part.args[1]
                root = self._root(inside)
                if root is not None and self._jump(root) > 0:
                    found[root] = None
        return tuple(found)

    def _root(self, inside: Node) -> float | None:
        if self.name not in free_symbols(inside):
            return None
        step, w = slope(inside, self.name), np.zeros(1)
        for _ in range(50):
            with np.errstate(all="ignore"):
                move = self._run(inside, w) / self._run(step, w)
            if not np.isfinite(move).all():
                return None
            w = w - move
            if abs(move[0]) <= 1e-15 * abs(w[0]):
                break
        return float(w[0])

    def _jump(self, centre: float) -> float:
        """Return half of what the derivative gains at a point, 0 where that is rounding."""
        reach = 1e-6 * max(1.0, abs(centre))
        sides = self._run(self.derivatives[0], centre + reach * np.array([-2.0, -1.0, 1.0, 2.0]))
        if not np.isfinite(sides).all():
            return 0.0
        jump = 0.5 * float((2 * sides[2] - sides[3]) - (2 * sides[1] - sides[0]))
        return jump if abs(jump) > 1e-4 * float(np.abs(sides).max()) else 0.0

    @cached_property
    def kink(self) -> tuple[float, float]:
        """Centre and jump; a jump of 0 says that there is no kink."""
        if not self._centres:
            return 0.0, 0.0
        centre = self._centres[0]
        # The derivative at a kink of abs is the mean of both sides, so one side gives the jump.
        beside = np.nextafter(centre, np.inf)
        sides = self._run(self.derivatives[0], np.array([beside, centre]))
        return centre, float(sides[0] - sides[1]) or self._jump(centre)

    def value(self, w: Floats) -> Floats:
        """Return the negative log-density of each entry."""
        return self._run(self.node, w)

    def gradient(self, w: Floats) -> Floats:
        """Return its derivative."""
        return self._run(self.derivatives[0], w)

    def curvature(self, w: Floats) -> Floats:
        """Return its second derivative."""
        return self._run(self.derivatives[1], w)

    def _run(self, node: Node, w: Floats) -> Floats:
        values = {name: np.float64(value) for name, value in self.values.items()}
        with np.errstate(all="ignore"):
            result = evaluate(node, {**values, self.name: w}, numpy_meaning(), numpy_number)
        return np.broadcast_to(np.asarray(result, dtype=np.float64), w.shape)


@dataclass(frozen=True, eq=False)
class DensityPenalty:
    """Independent priors of any law, several coefficients to a law.

    Attributes
    ----------
    laws : tuple of (Law, ndarray of int)
        Each law with the places of its coefficients; a coefficient without a place has no prior.
    """

    laws: tuple[tuple[Law, npt.NDArray[np.intp]], ...]

    def value(self, theta: Floats) -> float:
        """Return the negative log density of the coefficients that have a prior."""
        return float(sum(float(law.value(theta[at]).sum()) for law, at in self.laws))

    def _gather(self, theta: Floats, what: str) -> Floats:
        result = np.zeros_like(theta)
        for law, at in self.laws:
            result[at] = getattr(law, what)(theta[at])
        return result

    def gradient(self, theta: Floats) -> Floats:
        """Return the derivative of each coefficient's law."""
        return self._gather(theta, "gradient")

    def curvature(self, theta: Floats) -> Floats:
        """Return the second derivative of each coefficient's law, kinks left out."""
        return self._gather(theta, "curvature")

    def covered(self, size: int) -> Floats:
        """Return 1 for each coefficient that has a law."""
        covered = np.zeros(size)
        for _, at in self.laws:
            covered[at] = 1.0
        return covered

    def kinks(self, size: int) -> Kinks:
        """Return centre and jump of each coefficient's law."""
        kinks = _no_kinks(size)
        for law, at in self.laws:
            kinks.centres[at], kinks.jumps[at] = law.kink
        return kinks


@dataclass(frozen=True, eq=False)
class RoundedPenalty:
    """A penalty whose kinks are rounded: |u| becomes sqrt(u^2 + width^2).

    Attributes
    ----------
    penalty : Penalty
        The penalty itself.
    at : Kinks
        Its kinks.
    width : float
        How wide the rounding is, in the units of the coefficients.
    """

    penalty: Penalty
    at: Kinks
    width: float

    def _soft(self, theta: Floats) -> tuple[Floats, Floats]:
        u = theta - self.at.centres
        return u, np.hypot(u, self.width)

    def value(self, theta: Floats) -> float:
        """Return the negative log prior with its kinks rounded."""
        u, soft = self._soft(theta)
        return self.penalty.value(theta) + float(self.at.jumps @ (soft - np.abs(u)))

    def gradient(self, theta: Floats) -> Floats:
        """Return its derivative."""
        u, soft = self._soft(theta)
        return self.penalty.gradient(theta) + self.at.jumps * (u / soft - np.sign(u))

    def curvature(self, theta: Floats) -> Floats:
        """Return its second derivative."""
        _, soft = self._soft(theta)
        return self.penalty.curvature(theta) + self.at.jumps * (self.width / soft) ** 2 / soft

    def covered(self, size: int) -> Floats:
        """As the penalty itself."""
        return self.penalty.covered(size)

    def kinks(self, size: int) -> Kinks:
        """Return none: they are rounded."""
        return _no_kinks(size)
