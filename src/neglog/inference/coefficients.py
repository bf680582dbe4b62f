"""`CoefficientTable`: estimates with standard errors, z values, p-values and intervals."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from neglog._typing import Floats
from neglog.errors import UsageError
from neglog.inference.covariance import Covariance

__all__ = ["CoefficientTable"]


@dataclass(frozen=True, eq=False)
class CoefficientTable:
    """What a fit says about each coefficient, by the normal approximation.

    The reference distribution is the standard normal: maximum likelihood knows no degrees of
    freedom, so the p-values of a normal model differ from those of Student's t in small samples.

    Attributes
    ----------
    names : tuple of str
        The coefficients.
    estimates : ndarray of shape (p,)
        Where the solver stopped.
    standard_errors : ndarray of shape (p,)
        NaN where a fit has none to offer.
    """

    names: tuple[str, ...]
    estimates: Floats
    standard_errors: Floats

    def __post_init__(self) -> None:
        if not len(self.names) == self.estimates.size == self.standard_errors.size:
            raise UsageError(
                f"A coefficient table needs one name, estimate and standard error each, but was "
                f"given {len(self.names)}, {self.estimates.size} and {self.standard_errors.size}."
            )

    @classmethod
    def of(cls, theta: Floats, covariance: Covariance) -> CoefficientTable:
        """Make the table of estimates and their covariance."""
        return cls(covariance.names, np.array(theta), covariance.standard_errors)

    @classmethod
    def without_errors(cls, names: tuple[str, ...], theta: Floats) -> CoefficientTable:
        """Make the table of a fit whose standard errors would mean nothing."""
        return cls(names, np.array(theta), np.full(len(names), np.nan))

    @cached_property
    def z_values(self) -> Floats:
        """Estimates in units of their standard errors."""
        z: Floats = self.estimates / self.standard_errors
        return z

    @cached_property
    def p_values(self) -> Floats:
        """Two-sided probabilities of a z value at least as large, were the coefficient 0."""
        from scipy.special import ndtr

        p: Floats = 2.0 * ndtr(-np.abs(self.z_values))
        return p

    def conf_int(self, alpha: float = 0.05) -> Floats:
        """Return intervals that cover with probability 1 - alpha.

        Parameters
        ----------
        alpha : float
            Between 0 and 1; 0.05 gives 95 % intervals.

        Returns
        -------
        ndarray of shape (p, 2)
            Lower and upper ends.
        """
        if not 0.0 < alpha < 1.0:
            raise UsageError(
                f"alpha is {alpha}, but it is the probability of missing, between 0 and 1: 0.05 "
                "gives 95 % intervals."
            )
        from scipy.special import ndtri

        reach = float(ndtri(1.0 - 0.5 * alpha)) * self.standard_errors
        return np.column_stack([self.estimates - reach, self.estimates + reach])
