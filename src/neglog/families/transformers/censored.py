"""Censoring: a target known only up to an interval."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite

import numpy as np

from neglog._typing import Floats
from neglog.errors import UsageError
from neglog.families.family import Family
from neglog.families.transformers.made import base, made
from neglog.families.transformers.tails import Tails
from neglog.symbolic.expression import Call, Node, Symbol, as_node, call, substitute
from neglog.symbolic.supports import Event, Interval

__all__ = ["LARGE", "SMALL", "Censored", "for_rows", "seen_or_running"]

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
    running = tails.beyond(before)
    if not tails.declared:
        # A row that says nothing has probability 1; the sum or integral of what it leaves out has no terms.
        running = call("where", unbounded, as_node(0), running)
    part = call(
        "where",
        call("gt", upper, LARGE),
        running,
        call("where", unbounded, tails.below(upper), tails.between(before, upper)),
    )
    return made(
        f"Censored({of.name})",
        of,
        call("where", call("eq", lower, upper), tails.density(lower), part),
        Interval(of.target),
        law=of.law,
    )


def for_rows(family: Family[...], y: Floats) -> tuple[Family[...], Floats]:
    """Return a simpler law of the same rows, and the rows as its targets, where they are only seen or still running.

    Such rows need no probability between two ends, whose derivatives are most of the work and keep the fewest digits.

    Parameters
    ----------
    family : Family
        Any.
    y : ndarray of shape (n,) or (n, m)
        Targets inside its support.

    Returns
    -------
    tuple of Family and ndarray
        Of a censored family whose rows are all exact or without an upper end: the law of a time and whether it was
        seen, with the same parameters and the same log-density in every row. Else what was given.
    """
    if family.target.kind != "Interval":
        return family, y
    seen = y[:, 0] == y[:, 1]
    narrowed = seen_or_running(family)
    if narrowed is None or not bool((seen | (y[:, 1] == np.inf)).all()):
        return family, y
    return narrowed, np.asfortranarray(np.column_stack([y[:, 0], seen]))


def seen_or_running(family: Family[...]) -> Family[...] | None:
    """Return the law of a time and whether it was seen that a censored family has; None of another family."""
    density = family.density
    cases = _cases(density.expression, density.target)
    if cases is None:
        return None
    time, event = Symbol(f"{density.target}.time"), Symbol(f"{density.target}.event")
    exact, running = (substitute(case, {f"{density.target}.lower": time}) for case in cases)
    narrowed = replace(
        density,
        expression=call("where", call("eq", event, as_node(1)), exact, running),
        support=Event(family.target.inner),
    )
    return Family.from_density(narrowed, family.law)


def _cases(expression: Node, target: str) -> tuple[Node, Node] | None:
    """Return the log-densities of exact rows and of those without an upper end; None of no such density."""
    lower, upper = Symbol(f"{target}.lower"), Symbol(f"{target}.upper")
    found = []
    for condition in (call("eq", lower, upper), call("gt", upper, LARGE)):
        if not isinstance(expression, Call) or expression.head != "where":
            return None
        if expression.args[0] != condition:
            return None
        found.append(expression.args[1])
        expression = expression.args[2]
    return found[0], found[1]
