"""Priors as penalties: the exact negative log prior of the coefficients, constants included.

A flat prior adds nothing. A normal prior with scale tau adds, for each coefficient it covers,

    (theta - mu)^2 / (2 tau^2) + log(tau) + log(2 pi) / 2

so that lambda = 1 / (2 tau^2) is the weight of ridge regression on the summed loss.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from neglog._typing import Floats
from neglog.errors import UsageError

__all__ = ["Flat", "NormalPrior", "Penalty"]


class Penalty(Protocol):
    """A smooth, separable penalty: its curvature is diagonal."""

    def value(self, theta: Floats) -> float:
        """Return the negative log prior, in nats."""
        ...

    def gradient(self, theta: Floats) -> Floats:
        """Return the derivative for each coefficient."""
        ...

    def curvature(self, theta: Floats) -> Floats:
        """Return the second derivative for each coefficient."""
        ...

    def covered(self, size: int) -> Floats:
        """Return 1 for each coefficient that a proper prior covers, else 0."""
        ...


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


@dataclass(frozen=True, eq=False)
class NormalPrior:
    """Independent normal priors, one a coefficient.

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
