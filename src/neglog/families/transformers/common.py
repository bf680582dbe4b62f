"""The transformed laws that tables ask for most: their losses ship, so that a first fit need not derive them."""

from __future__ import annotations

from neglog.families.family import Family
from neglog.families.log_normal import LogNormal
from neglog.families.negative_binomial import NegativeBinomial
from neglog.families.normal import Normal
from neglog.families.poisson import Poisson
from neglog.families.transformers.censored import Censored, seen_or_running
from neglog.families.transformers.hurdle import Hurdle
from neglog.families.transformers.truncated import Truncated
from neglog.families.transformers.zero_inflated import ZeroInflated
from neglog.families.weibull import Weibull

__all__ = ["COMMON"]

_CENSORED = (Censored(Normal), Censored(LogNormal), Censored(Weibull))

COMMON: tuple[Family[...], ...] = (
    *_CENSORED,
    *(narrowed for family in _CENSORED if (narrowed := seen_or_running(family))),
    ZeroInflated(Poisson),
    ZeroInflated(NegativeBinomial),
    Hurdle(Poisson),
    Hurdle(NegativeBinomial),
    Truncated(Poisson, lower=1),
    Truncated(Normal, lower=0),
)
