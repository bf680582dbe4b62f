"""The asymmetric Laplace law; its loss is the pinball (quantile) loss."""

from typing import Any

from neglog.families.family import family
from neglog.families.laws import Peer, ScipyLaw
from neglog.math import exp, log, log1p, where
from neglog.symbolic.supports import Hyper, Positive, Real, UnitInterval

__all__ = ["AsymmetricLaplace"]


def _log_cdf(y: Any, mu: Any, b: Any, tau: Any) -> Any:
    z = (y - mu) / b
    return where(z < 0, log(tau) + (1 - tau) * z, log1p((tau - 1) * exp(-tau * abs(z))))


def _log_sf(y: Any, mu: Any, b: Any, tau: Any) -> Any:
    z = (y - mu) / b
    return where(z < 0, log1p(-tau * exp((tau - 1) * abs(z))), log(1 - tau) - tau * z)


@family(
    y=Real(),
    mu=Real(),
    b=Positive(),
    tau=Hyper(UnitInterval()),
    law=ScipyLaw(
        "laplace_asymmetric",
        {"kappa": "sqrt(tau/(1 - tau))", "loc": "mu", "scale": "b/sqrt(tau*(1 - tau))"},
    ),
    log_cdf=_log_cdf,
    log_sf=_log_sf,
    aliases=(
        "quantile", "quantile regression", "pinball", "pinball loss", "quantile loss", "check loss",
        "非对称拉普拉斯", "非对称拉普拉斯分布", "分位数", "分位数回归", "分位数损失",
    ),
    peers=(
        Peer(
            "pymc.AsymmetricLaplace",
            {"mu": "mu", "kappa": "sqrt(tau/(1 - tau))", "b": "sqrt(tau*(1 - tau))/b"},
            "its b is an inverse scale.",
        ),
        Peer("statsmodels.QuantReg", {"q": "tau"}, "b is not estimated."),
        Peer(
            "sklearn.QuantileRegressor",
            {"quantile": "tau"},
            "the mean of the pinball losses, plus alpha times the L1 norm: alpha=0 for the same mu.",
        ),
    ),
)  # fmt: skip  # aliases by language
def AsymmetricLaplace(y: Any, mu: Any, b: Any, tau: Any) -> Any:
    """The law whose mu is the quantile of level tau: P(Y <= mu) = tau.

    tau is chosen, not estimated: ``AsymmetricLaplace.fix(tau=0.9)``. Negative log-likelihood in nats:
    log(b) - log(tau (1 - tau)) + (y - mu)/b times tau where y > mu, times tau - 1 elsewhere.
    """
    return log(tau * (1 - tau)) - log(b) - where(y > mu, tau, tau - 1) * (y - mu) / b
