"""Zero inflation: some of the zeros are not the law's own."""

from __future__ import annotations

from neglog.errors import UsageError
from neglog.families.family import Family
from neglog.families.transformers.made import at, base, made, share, zero_column
from neglog.symbolic.expression import Node, Symbol, as_node, call

__all__ = ["ZeroInflated"]


def ZeroInflated(family: Family[...] | str) -> Family[...]:  # makes a family
    """Return the law of a target that is 0 with the probability `excess`, and else follows `family`.

    A zero is then of one of two kinds, and nobody sees of which: a person who never smokes, and a smoker who did not
    today. Where every zero is of the first kind use `Hurdle`.

    Parameters
    ----------
    family : Family or str
        A law of counts (or one with a probability at 0, such as Tweedie's).

    Returns
    -------
    Family
        With the parameters of `family` and `excess`, the probability of a zero of the first kind, through the logit.
        Negative log-likelihood in nats: -log(excess + (1 - excess) f(0)) at 0, -log(1 - excess) - log f(y) elsewhere.

    Raises
    ------
    UsageError
        If the law gives 0 no probability, or a second kind of zero could not be told from its own.

    Examples
    --------
    >>> import neglog as nl
    >>> nl.ZeroInflated(nl.Poisson)(mu=2.0, excess=0.3).mean
    1.4
    """
    of = base(family, "ZeroInflated")
    density, support = of.density, of.target
    if support.kind == "Binary":
        raise UsageError(
            f"A zero of {of.name} cannot be told from an excess zero: both probabilities only appear in their product."
        )
    if not (support.whole or support.kind == "CountOf" or support.atoms):
        raise UsageError(
            f"{of.name} gives 0 no probability, so every zero is an excess zero: that is nl.Hurdle({of.name})."
        )
    zero = zero_column(density)
    if support.bounds[0] > 0:
        raise UsageError(f"{of.name} has no zeros of its own: that is nl.Hurdle({of.name}).")
    extra = share(of, "excess")
    w, rest = Symbol(extra.name), call("log1p", call("neg", Symbol(extra.name)))
    inflated = _mixed(w, at(density, {zero: as_node(0)}))
    beyond = call("add", rest, density.expression)
    return made(
        f"ZeroInflated({of.name})",
        of,
        call("where", call("eq", Symbol(zero), as_node(0)), inflated, beyond),
        support,
        extra,
        log_cdf=None if of.log_cdf is None else _mixed(w, of.log_cdf),
        log_sf=None if of.log_sf is None else call("add", rest, of.log_sf),
    )


def _mixed(w: Node, log_probability: Node) -> Node:
    """Return log(w + (1 - w) p)."""
    return call(
        "log", call("add", w, call("mul", call("sub", as_node(1), w), call("exp", log_probability)))
    )
