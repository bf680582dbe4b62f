"""Hurdles: whether there is anything at all, and how much where there is."""

from __future__ import annotations

from neglog.errors import UsageError
from neglog.families.family import Family
from neglog.families.transformers.made import at, base, made, share, zero_column
from neglog.symbolic.expression import Node, Symbol, as_node, call
from neglog.symbolic.supports import ZeroOrPositive

__all__ = ["Hurdle"]


def Hurdle(family: Family[...] | str) -> Family[...]:  # makes a family
    """Return the law of a target that is 0 with the probability `zero`, and else follows `family` without its zeros.

    Two questions in one likelihood: whether, and how much. The two parts share no parameter, so each is estimated as if
    the other were not there.

    Parameters
    ----------
    family : Family or str
        A law of counts, whose own zeros are cut off, or of positive numbers.

    Returns
    -------
    Family
        With the parameters of `family` and `zero`, the probability of 0, through the logit. Negative log-likelihood in
        nats: -log(zero) at 0; -log(1 - zero) - log f(y) + log(1 - f(0)) elsewhere, f(0) = 0 for positive numbers.

    Raises
    ------
    UsageError
        If the law is not one of numbers from 0 on.

    Examples
    --------
    >>> import neglog as nl
    >>> round(nl.Hurdle(nl.Gamma)(mu=2.0, shape=3.0, zero=0.25).mean, 6)
    1.5
    """
    of = base(family, "Hurdle")
    density, support = of.density, of.target
    positive = support.kind == "Positive" or (
        support.kind == "NonNegative" and support.bounds[0] == 0
    )
    if support.kind == "Binary" or not (
        positive or support.whole or support.kind == "CountOf" or support.atoms
    ):
        raise UsageError(
            f"nl.Hurdle works on laws of counts and of positive numbers; a target of {of.name} is {support.sentence}."
        )
    column, extra = zero_column(density), share(of, "zero")
    share_of_zeros = Symbol(extra.name)
    beyond = call("add", call("log1p", call("neg", share_of_zeros)), density.expression)
    log_cdf: Node | None = None
    log_sf: Node | None = None
    if not positive:
        own = at(density, {column: as_node(0)})
        beyond = call("sub", beyond, call("log1mexp", call("neg", own)))
    elif of.log_cdf is not None and of.log_sf is not None:
        rest = call("sub", as_node(1), share_of_zeros)
        inside = call("add", share_of_zeros, call("mul", rest, call("exp", of.log_cdf)))
        log_cdf = _beyond_zero(column, call("log", inside), call("log", share_of_zeros))
        log_rest = call("log1p", call("neg", share_of_zeros))
        log_sf = _beyond_zero(column, call("add", log_rest, of.log_sf), log_rest)
    return made(
        f"Hurdle({of.name})",
        of,
        call("where", call("eq", Symbol(column), as_node(0)), call("log", share_of_zeros), beyond),
        ZeroOrPositive() if positive else support,
        extra,
        log_cdf=log_cdf,
        log_sf=log_sf,
    )


def _beyond_zero(column: str, beyond: Node, at_zero: Node) -> Node:
    return call("where", call("gt", Symbol(column), as_node(0)), beyond, at_zero)
