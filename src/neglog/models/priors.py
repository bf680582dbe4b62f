"""A distribution of the weights as the penalty of an objective.

A bare prior acts on slopes only: an intercept, a scale or a cutpoint has none unless it is named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from neglog.errors import UsageError, nearest
from neglog.families.distribution import Distribution
from neglog.families.verbs import prior_of
from neglog.objectives import DensityPenalty, Flat, Law, Penalty
from neglog.symbolic.expression import call

if TYPE_CHECKING:
    from neglog.derivation.strengths import Strengths

__all__ = ["Prior", "describe", "penalty", "penalty_of_prior", "prior_of_penalty"]

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
        If the prior is not a distribution of a real number, names an unknown coefficient, or has several kinks.
    """
    if prior is None:
        return Flat()
    laws: Mapping[str, Any] = prior if isinstance(prior, Mapping) else {"slopes": prior}
    # Each coefficient has the law that was named last: "slopes" first, then exceptions.
    owner: list[Law | None] = [None] * len(names)
    for name, given in sorted(laws.items(), key=lambda item: item[0] != "slopes"):
        law = _law(given)
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
        for number in np.flatnonzero(chosen).tolist():
            owner[number] = law
    found: dict[int, tuple[Law, list[int]]] = {}
    for place, own in enumerate(owner):
        if own is not None:
            found.setdefault(id(own), (own, []))[1].append(place)
    return DensityPenalty(tuple((law, np.array(at, dtype=np.intp)) for law, at in found.values()))


def _law(given: Any) -> Law:
    """Return the negative log-density of one weight."""
    checked = prior_of(given)
    density = checked.density
    return Law(call("neg", density.expression), density.target, dict(checked.values))


def describe(prior: Prior) -> str:
    """Return the prior in words, for summaries and files."""
    if prior is None:
        return "flat"
    if isinstance(prior, Mapping):
        return ", ".join(f"{name}: {prior_of(law)}" for name, law in prior.items())
    return f"{prior_of(prior)} on slopes"


def penalty_of_prior(prior: Distribution) -> Strengths:
    """Return the L1 and L2 strengths of a prior, with what other libraries call them.

    Parameters
    ----------
    prior : Distribution
        ``nl.Normal(mu=0, sigma=2)``: l2 = 1/(2 sigma^2) = 0.125 beside the summed loss.

    Returns
    -------
    Strengths
        ``l1``, ``l2``; ``of_mean(n)``, ``logistic(n)``, ``squared_error(n, sigma)``; ``lines()`` in words.

    Raises
    ------
    UsageError
        If the prior is no such penalty (Student's t).
    """
    from neglog.derivation.strengths import strengths

    found = strengths(prior_of(prior))
    if found is None:
        raise UsageError(
            f"The prior {prior_of(prior)} is not a sum of l1 |w| and l2 w^2, so no strengths give the same fit."
        )
    return found


def prior_of_penalty(l1: float = 0.0, l2: float = 0.0, *, n: float = 1.0) -> Distribution | None:
    """Return the prior whose MAP fit is that of a penalised loss.

    Parameters
    ----------
    l1, l2 : float
        The strengths of ``l1 |w| + l2 w^2`` beside the negative log-likelihood.
    n : float
        1 where they stand beside the sum of the losses; the number of rows where they stand beside the mean.

    Returns
    -------
    Distribution or None
        Normal, Laplace or ElasticNet; None (flat) for no penalty.

    Raises
    ------
    UsageError
        If a strength is negative or not finite.
    """
    from neglog.families.elastic_net import ElasticNet
    from neglog.families.laplace import Laplace
    from neglog.families.normal import Normal

    l1, l2 = n * l1, n * l2
    if not (0.0 <= l1 < np.inf and 0.0 <= l2 < np.inf):
        raise UsageError(f"l1 = {l1:g} and l2 = {l2:g}: strengths are finite numbers, 0 or above.")
    if l1 == 0.0:
        return None if l2 == 0.0 else Normal(mu=0.0, sigma=(2.0 * l2) ** -0.5)
    return Laplace(mu=0.0, b=1.0 / l1) if l2 == 0.0 else ElasticNet(l1=l1, l2=l2)
