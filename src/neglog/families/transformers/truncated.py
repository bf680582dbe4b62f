"""Truncation: what lies outside an interval is never seen."""

from __future__ import annotations

from math import inf, isnan
from numbers import Real

from neglog.errors import UsageError
from neglog.families.family import Family
from neglog.families.transformers.made import base, made
from neglog.families.transformers.tails import Tails
from neglog.symbolic.expression import Node, Symbol, as_node, call

__all__ = ["Truncated"]


def Truncated(  # makes a family
    family: Family[...] | str, *, lower: float = -inf, upper: float = inf
) -> Family[...]:
    """Return the law of a target that is observed only from `lower` to `upper`, both included.

    The parameters stay those of the law before it was cut off: mu of a truncated normal law is not the mean of what is
    observed. A target that is known to exist but not where is censored, not truncated.

    Parameters
    ----------
    family : Family or str
        A law of one number.
    lower, upper : float
        Where it is cut off; ``lower=1`` of a law of counts leaves out the zeros.

    Returns
    -------
    Family
        With the parameters of `family`. Negative log-likelihood in nats: -log f(y) + log P(lower <= Y <= upper).

    Raises
    ------
    UsageError
        If nothing, or everything, is left of the law.

    Examples
    --------
    >>> import neglog as nl
    >>> round(nl.Truncated(nl.Poisson, lower=1)(mu=1.0).mean, 6)
    1.581977
    """
    of = base(family, "Truncated")
    if of.target.kind == "Binary" or of.target.fields:
        raise UsageError(
            f"nl.Truncated works on laws of one number on a line; a target of {of.name} is {of.target.sentence}."
        )
    if not all(isinstance(end, Real) for end in (lower, upper)) or isnan(lower) or isnan(upper):
        raise UsageError(f"nl.Truncated wants two numbers; these are {lower!r} and {upper!r}.")
    least, most = of.target.bounds
    if lower <= least and upper >= most:
        raise UsageError(
            f"lower={lower:g} and upper={upper:g} cut nothing off {of.name}, whose target is {of.target.sentence}."
        )
    support = of.target.within(lower, upper)
    tails, target = Tails(of), Symbol(of.density.target)
    mass = tails.inside(lower, upper)
    ends = [
        f"{name}={value:g}"
        for name, value in (("lower", lower), ("upper", upper))
        if value not in (-inf, inf)
    ]
    below: Node | None = None
    beyond: Node | None = None
    if tails.declared and not of.target.whole:
        start, stop = (
            as_node(lower) if lower > least else None,
            as_node(upper) if upper < most else None,
        )
        below = tails.below(target) if start is None else tails.between(start, target)
        beyond = tails.beyond(target) if stop is None else tails.between(target, stop)
        below, beyond = call("sub", below, mass), call("sub", beyond, mass)
    return made(
        f"Truncated({of.name}, {', '.join(ends)})",
        of,
        call("sub", of.density.expression, mass),
        support,
        log_cdf=below,
        log_sf=beyond,
    )
