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
        Log-likelihood in nats, all constants kept, without the prior: minus the total loss.
    n_parameters : int
        Every estimated parameter, scales such as sigma included.
    nobs : float
        Sum of the weights.
    likelihood : bool
        Whether the loss follows from a density. If not, `loglik` is minus the total loss, and there is no AIC or BIC.
    """

    loglik: float
    n_parameters: int
    nobs: float
    likelihood: bool = True

    @property
    def aic(self) -> float | None:
        """2 k - 2 loglik: lower is better; None without a likelihood."""
        return 2.0 * self.n_parameters - 2.0 * self.loglik if self.likelihood else None

    @property
    def bic(self) -> float | None:
        """Log(n) k - 2 loglik: lower is better; None without a likelihood."""
        if not self.likelihood:
            return None
        return math.log(self.nobs) * self.n_parameters - 2.0 * self.loglik

    @property
    def mean_loss(self) -> float:
        """Loss per observation; of a likelihood in nats, the unit in which families compare."""
        return -self.loglik / self.nobs
