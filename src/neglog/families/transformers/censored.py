"""Censoring: a target known only up to an interval."""

from __future__ import annotations

from math import isfinite

from neglog.errors import UsageError
from neglog.families.family import Family
from neglog.families.transformers.made import base, made
from neglog.families.transformers.tails import Tails
from neglog.symbolic.expression import Symbol, as_node, call
from neglog.symbolic.supports import Interval

__all__ = ["LARGE", "SMALL", "Censored"]

# Beyond exp(80) an end is none, and a positive number below exp(-80) is 0: SymPy decides comparisons with infinity, and
# of a positive number with 0, before it has seen the number. Both are numbers in float32 too.
LARGE = call("exp", as_node(80))
SMALL = call("exp", as_node(-80))


def Censored(family: Family[...] | str) -> Family[...]:  # makes a family
    """Return the law of a target of which only an interval is known that contains it.

    The target has the fields lower and upper. Equal ends are an exact observation; ``upper = inf`` is a target that was
    still running (right-censored at lower), ``lower = -inf`` one below the limit of detection (left-censored at upper).
    That the interval was made without looking at the target, beyond what it tells, is assumed. An interval of counts
    contains both its ends; a right-censored count of 5 is "5 or more".

    Parameters
    ----------
    family : Family or str
        A law of one number.

    Returns
    -------
    Family
        With the parameters of `family`. Negative log-likelihood in nats: -log f(lower) of an exact observation,
        -log(F(upper) - F(lower)) of an interval, F the distribution function.

    Raises
    ------
    UsageError
        If the target is not one number on a line.

    Examples
    --------
    >>> import neglog as nl
    >>> law = nl.Censored(nl.Weibull)(mu=2.0, shape=1.0)
    >>> float(round(law.log_prob([1.5, float("inf")]), 3))
    -0.75
    """
    of = base(family, "Censored")
    if of.target.kind == "Binary" or of.target.fields:
        raise UsageError(
            f"nl.Censored works on laws of one number on a line; a target of {of.name} is {of.target.sentence}."
        )
    tails, target = Tails(of), of.density.target
    lower, upper = Symbol(f"{target}.lower"), Symbol(f"{target}.upper")
    before = call("sub", lower, as_node(1)) if of.target.whole else lower
    least = of.target.bounds[0]
    if isfinite(least):
        unbounded = call("le", lower, SMALL if least == 0 else as_node(least))
    else:
        unbounded = call("gt", call("neg", lower), LARGE)
    part = call(
        "where",
        call("gt", upper, LARGE),
        tails.beyond(before),
        call("where", unbounded, tails.below(upper), tails.between(before, upper)),
    )
    return made(
        f"Censored({of.name})",
        of,
        call("where", call("eq", lower, upper), tails.density(lower), part),
        Interval(of.target),
        law=of.law,
    )
