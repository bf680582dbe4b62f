"""The rules of a derivation, in a lecture's order; each takes the workings one line further and returns the step.

`structure` goes from "the weights that are most probable given the data" to a sum of losses, `reduction` from the
density to the stable loss of one observation, `derivatives` from its derivatives back to the weights. A loss that
follows from no density is derived by fewer rules. A rule only proposes; `step.verify` decides.
"""

from __future__ import annotations

from collections.abc import Callable

from neglog.derivation.derivatives import chain, curvature, gradient, hessian, penalty
from neglog.derivation.reduction import constants, declared, density, ends, link, shorten, stable
from neglog.derivation.step import Step
from neglog.derivation.structure import bayes, condition, iid, logarithm, negate, prior, risk
from neglog.derivation.workings import Workings

__all__ = ["RULES", "RULES_OF_RISK"]

Rule = Callable[[Workings], Step]

# The order is the order of the derivation; `penalty` is taken only where there is a prior, `ends` where cutpoints bound
# classes.
RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        bayes, prior, iid, condition, logarithm, negate, density, ends, link, constants, shorten,
        stable, gradient, hessian, chain, curvature, penalty,
    )
}  # fmt: skip

# A loss that was declared, not derived, begins with the mean loss of the rows instead of a posterior.
RULES_OF_RISK: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        risk,
        declared,
        link,
        constants,
        shorten,
        stable,
        gradient,
        hessian,
        chain,
        curvature,
        penalty,
    )
}
