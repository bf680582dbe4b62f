"""A distribution of the weights as the penalty of an objective.

A bare prior acts on slopes only: an intercept, a scale or a cutpoint has none unless it is named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from neglog.errors import UsageError, nearest
from neglog.families.distribution import Distribution
from neglog.families.family import Family
from neglog.families.verbs import prior_of
from neglog.objectives import Flat, NormalPrior, Penalty

__all__ = ["Prior", "describe", "penalty"]

Prior: TypeAlias = "Distribution | Mapping[str, Distribution] | None"


def penalty(prior: Prior, names: Sequence[str], slopes: Sequence[bool]) -> Penalty:
    """Return the penalty of a prior.

    Parameters
    ----------
    prior : Distribution, mapping of str to Distribution, or None
        One law for every slope, or laws by coefficient name (``"slopes"`` stands for all slopes, ``"Intercept"`` may be
        named); None is flat.
    names : sequence of str
        The coefficients.
    slopes : sequence of bool
        Which of them a bare prior acts on.

    Returns
    -------
    Penalty
        The exact negative log prior.

    Raises
    ------
    UsageError
        If the prior is not a distribution of a real number, names an unknown coefficient, or is of a law that cannot be
        fitted.
    """
    if prior is None:
        return Flat()
    laws: Mapping[str, Any] = prior if isinstance(prior, Mapping) else {"slopes": prior}
    means, scales = np.zeros(len(names)), np.full(len(names), np.inf)
    for name, law in laws.items():
        mean, scale = _normal(law)
        if name == "slopes":
            chosen = np.asarray(slopes, dtype=np.bool_)
        else:
            # A coefficient of several classes is "class:name"; its plain name means all of them.
            chosen = np.array(
                [name in (each, each.split(":", 1)[-1]) for each in names], dtype=np.bool_
            )
            if not chosen.any():
                raise UsageError(
                    f"The prior names a coefficient '{name}' that the model lacks. "
                    f"{nearest(name, ['slopes', *names])}"
                )
        means[chosen], scales[chosen] = mean, scale
    return NormalPrior(means, scales)


def _normal(law: Any) -> tuple[float, float]:
    if isinstance(law, Family) or not isinstance(law, Distribution):
        prior_of(law)  # raises, saying what was meant
    if law.family.name != "Normal":
        raise UsageError(
            f"A prior of the {law.family.name} law cannot be fitted yet; nl.Normal(mu=0, sigma=...) can."
        )
    checked = prior_of(law)
    return float(checked.values["mu"]), float(checked.values["sigma"])


def describe(prior: Prior) -> str:
    """Return the prior in words, for summaries and files."""
    if prior is None:
        return "flat"
    if isinstance(prior, Mapping):
        return ", ".join(f"{name}: {prior_of(law)}" for name, law in prior.items())
    return f"{prior_of(prior)} on slopes"
