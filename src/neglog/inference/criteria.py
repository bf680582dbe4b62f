"""`Criteria`: log-likelihood, AIC and BIC of a fit."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Criteria"]


@dataclass(frozen=True)
class Criteria:
    """How well a fit explains the data, and what it paid in parameters.

    Attributes
    ----------
    loglik : float
        Log-likelihood in nats, all constants kept, without the prior.
    n_parameters : int
        Every estimated parameter, scales such as sigma included.
    nobs : float
        Sum of the weights.
    """

    loglik: float
    n_parameters: int
    nobs: float

    @property
    def aic(self) -> float:
        """2 k - 2 loglik: lower is better."""
        return 2.0 * self.n_parameters - 2.0 * self.loglik

    @property
    def bic(self) -> float:
        """Log(n) k - 2 loglik: lower is better."""
        return math.log(self.nobs) * self.n_parameters - 2.0 * self.loglik

    @property
    def mean_loss(self) -> float:
        """Nats per observation, the unit in which families compare."""
        return -self.loglik / self.nobs
