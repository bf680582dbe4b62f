"""Every built-in family, by name and alias; every law of the test suite runs over this register."""

from __future__ import annotations

import re
from typing import Any

from neglog.errors import UsageError, nearest
from neglog.families.asymmetric_laplace import AsymmetricLaplace
from neglog.families.bernoulli import Bernoulli
from neglog.families.beta import Beta
from neglog.families.binomial import Binomial
from neglog.families.categorical import Categorical
from neglog.families.distribution import Distribution
from neglog.families.family import Family
from neglog.families.gamma import Gamma
from neglog.families.inverse_gaussian import InverseGaussian
from neglog.families.laplace import Laplace
from neglog.families.log_normal import LogNormal
from neglog.families.negative_binomial import NegativeBinomial
from neglog.families.normal import Normal
from neglog.families.ordinal import Ordinal
from neglog.families.ordinal_probit import OrdinalProbit
from neglog.families.poisson import Poisson
from neglog.families.student_t import StudentT
from neglog.families.tweedie import Tweedie
from neglog.families.weibull import Weibull

__all__ = ["FAMILIES", "ORDERED", "law_named", "resolve"]

FAMILIES: dict[str, Family[...]] = {
    family.name: family
    for family in (
        Normal,
        StudentT,
        Laplace,
        AsymmetricLaplace,
        Bernoulli,
        Binomial,
        Categorical,
        Poisson,
        NegativeBinomial,
        Gamma,
        InverseGaussian,
        LogNormal,
        Weibull,
        Beta,
        Tweedie,
    )
}


# Found by name as well, and under the same laws. Apart, because one row knows the ends of its own class only, and
# whatever takes a family by a number a parameter leaves their vector of cutpoints out.
ORDERED: dict[str, Family[...]] = {family.name: family for family in (Ordinal, OrdinalProbit)}


def _folded(name: str) -> str:
    return re.sub(r"[\s_\-]+", "", name).casefold()


_NAMES: dict[str, Family[...]] = {
    _folded(name): family
    for family in (*FAMILIES.values(), *ORDERED.values())
    for name in (family.name, *family.aliases)
}


def law_named(name: str) -> Family[...] | None:
    """Return the family of that name or alias; None where there is none."""
    return _NAMES.get(_folded(name))


def resolve(family: Any) -> Family[...]:
    """Return the family meant by a family or by one of its names.

    Parameters
    ----------
    family : Family or str
        ``nl.Poisson``, ``"poisson"``, ``"mse"``, ``"交叉熵"``; case, spaces, ``-`` and ``_`` do not matter. A
        transformer is written as in Python, ``"Censored(weibull)"``.

    Returns
    -------
    Family
        The family.

    Raises
    ------
    UsageError
        If the name is unknown, or something else than a family was given.
    """
    if isinstance(family, Family):
        return family
    if isinstance(family, str):
        found = _NAMES.get(_folded(family))
        if found is None and "(" in family:
            from neglog.families.transformers.spelled import spelled  # it is made of this register

            return spelled(family)
        if found is None:
            every = FAMILIES | ORDERED
            known = [*every, *(alias for each in every.values() for alias in each.aliases)]
            raise UsageError(
                f"There is no family or loss called '{family}'. {nearest(family, known)}"
            )
        return found
    if isinstance(family, Distribution):
        raise UsageError(
            f"{family.family.name}(...) is a distribution: its parameters are given, nothing is left to fit. "
            f"Pass the family itself, family=nl.{family.family.name}."
        )
    raise UsageError(
        f"A family (nl.Normal) or its name ('normal') is wanted, not {type(family).__name__}."
    )
