"""Student's t law: a normal law with heavy tails."""

from typing import Any

from neglog.families.family import family
from neglog.families.laws import Peer, ScipyLaw
from neglog.math import log, log1p, loggamma, pi
from neglog.symbolic.supports import Positive, Real

__all__ = ["StudentT"]


@family(
    y=Real(),
    mu=Real(),
    sigma=Positive(),
    nu=Positive(),
    law=ScipyLaw("t", {"df": "nu", "loc": "mu", "scale": "sigma"}),
    aliases=("t", "student", "robust", "学生t", "学生t分布", "t分布", "稳健回归"),
    peers=(
        Peer("torch.distributions.StudentT", {"df": "nu", "loc": "mu", "scale": "sigma"}),
        Peer("pymc.StudentT", {"nu": "nu", "mu": "mu", "sigma": "sigma"}),
        Peer("bambi.t", {"mu": "mu", "sigma": "sigma", "nu": "nu"}),
        Peer("statsmodels.TLinearModel", {"df": "nu", "scale": "sigma"}),
        Peer(
            "gamlss.TF",
            {"mu": "mu", "sigma": "sigma", "nu": "nu"},
            "TF2 has the standard deviation sigma sqrt(nu/(nu - 2)) as its sigma, and nu > 2.",
        ),
    ),
)  # fmt: skip  # aliases by language
def StudentT(y: Any, mu: Any, sigma: Any, nu: Any) -> Any:
    """Errors with outliers; sigma is a scale, the standard deviation is sigma sqrt(nu/(nu - 2)) where nu > 2.

    nu = 1 is the Cauchy law, nu -> infinity the normal. ``StudentT.link(nu="log_minus_2")`` keeps the variance
    finite, ``StudentT.fix(nu=4)`` chooses nu. Negative log-likelihood in nats, with z = (y - mu)/sigma:
    (nu + 1)/2 log(1 + z^2/nu) + log(sigma) + log(nu pi)/2 + log Gamma(nu/2) - log Gamma((nu + 1)/2).
    """
    z = (y - mu) / sigma
    return (
        loggamma((nu + 1) / 2)
        - loggamma(nu / 2)
        - log(nu * pi) / 2
        - log(sigma)
        - (nu + 1) / 2 * log1p(z**2 / nu)
    )
