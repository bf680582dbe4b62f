"""Probabilities below, beyond and between, in logarithms, as expressions.

From a family's declared ``log_cdf`` and ``log_sf``; without them, from sums and integrals of the density itself. A
probability between two values is taken in the smaller tail: log F(b) + log(1 - F(a)/F(b)) where F(b) is small, the
same with 1 - F elsewhere, so that it keeps its digits in both. Of counts it is a sum of its own, and where that is
above one half 1 less the sum of what is outside.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from neglog.errors import UsageError
from neglog.families.family import Family
from neglog.symbolic.expression import Call, Node, Symbol, as_node, call, substitute

__all__ = ["Tails"]

_FEW = 8


@dataclass(frozen=True)
class Tails:
    """The tails of a family of one number.

    Attributes
    ----------
    family : Family
        The law.
    """

    family: Family[...]

    def __post_init__(self) -> None:
        of = self.family
        if of.target.fields:
            raise UsageError(f"A target of {of.name} is {of.target.sentence}: it has no tails.")
        if of.target.atoms and not self.declared:
            raise UsageError(
                f"{of.name} has a probability at 0 and a density beyond, and declares no log_cdf and log_sf: its tails "
                "are neither a sum nor an integral."
            )

    @property
    def declared(self) -> bool:
        """Whether the family has formulas for its tails."""
        return self.family.log_cdf is not None or self.family.log_sf is not None

    def density(self, y: Node) -> Node:
        """Return log f(y)."""
        return substitute(self.family.density.expression, {self.family.density.target: y})

    def below(self, y: Node) -> Node:
        """Return log P(Y <= y)."""
        of = self.family
        if of.log_cdf is not None:
            return self._put(of.log_cdf, y)
        if of.log_sf is not None:
            return _complement(self._put(of.log_sf, y))
        if of.target.whole:
            return _smaller(self._sum_down(y), self._sum_up(y))
        low, high = self._ends
        return _smaller(self._integral(low, y), self._integral(y, high))

    def beyond(self, y: Node) -> Node:
        """Return log P(Y > y)."""
        of = self.family
        if of.log_sf is not None:
            return self._put(of.log_sf, y)
        if of.log_cdf is not None:
            return _complement(self._put(of.log_cdf, y))
        if of.target.whole:
            return _smaller(self._sum_up(y), self._sum_down(y))
        low, high = self._ends
        return _smaller(self._integral(y, high), self._integral(low, y))

    def between(self, low: Node, high: Node) -> Node:
        """Return log P(low < Y <= high)."""
        of = self.family
        if of.log_between is not None:
            y = of.density.target
            return substitute(of.log_between, {f"{y}.lower": low, f"{y}.upper": high})
        if not self.declared and not of.target.whole:
            return self._integral(low, high)
        if not self.declared:
            outside, above = self._sum_down(low), self._sum_up(high)
            outside = call("add", outside, call("softplus", call("sub", above, outside)))
            return _smaller(self._sum_between(low, high), outside)
        left, right = self.below(high), self.beyond(low)
        from_left = call("add", left, _complement(call("sub", self.below(low), left)))
        from_right = call("add", right, _complement(call("sub", self.beyond(high), right)))
        return call("where", call("lt", left, right), from_left, from_right)

    def inside(self, low: float, high: float) -> Node:
        """Return log P(low <= Y <= high) for numbers; infinite or beyond the support on a side that is not cut off."""
        whole, (least, most) = self.family.target.whole, self.family.target.bounds
        cut_low = isfinite(low) and low > least
        cut_high = isfinite(high) and high < most
        start = as_node(low - 1 if whole else low) if cut_low else None
        if not cut_high:
            if start is None:
                return as_node(0)
            if whole and low - least <= _FEW and not self.declared:
                return _complement(self._few(int(least), int(low) - 1))
            return self.beyond(start)
        if whole and high - max(low, least) < _FEW:
            return self._few(int(max(low, least)), int(high))
        return self.below(as_node(high)) if start is None else self.between(start, as_node(high))

    def _few(self, first: int, last: int) -> Node:
        """Return the logarithm of a sum of few probabilities, the next added through the softplus of a difference."""
        from neglog.families.transformers.made import simplified

        total = simplified(self.density(as_node(first)))
        for k in range(first + 1, last + 1):
            term = simplified(self.density(as_node(k)))
            total = call("add", total, call("softplus", call("sub", term, total)))
        return total

    def _put(self, tail: Node, y: Node) -> Node:
        return substitute(tail, {self.family.density.target: y})

    @property
    def _ends(self) -> tuple[Node, Node]:
        """The end points of the support."""
        low, high = self.family.target.bounds
        infinity = Call("inf", ())
        return (
            as_node(low) if isfinite(low) else call("neg", infinity),
            as_node(high) if isfinite(high) else infinity,
        )

    def _integral(self, low: Node, high: Node) -> Node:
        """Return log of the integral of the density."""
        t = Symbol(f"{self.family.density.target}_")
        return Call("logsum", (self.density(t), t, Call("interval", (low, high))))

    def _sum_up(self, y: Node) -> Node:
        """Return log of the sum from y + 1 on."""
        k = Symbol(f"{self.family.density.target}_")
        start = call("add", y, as_node(1))
        return Call("logsum", (self.density(k), k, Call("series", (start,))))

    def _sum_between(self, low: Node, high: Node) -> Node:
        """Return log of the sum from low + 1 to high."""
        k = Symbol(f"{self.family.density.target}_")
        term = call("where", call("le", k, high), self.density(k), call("neg", Call("inf", ())))
        start = call("add", low, as_node(1))
        return Call("logsum", (term, k, Call("series", (start,))))

    def _sum_down(self, y: Node) -> Node:
        """Return log of the sum from y down to the least."""
        k = Symbol(f"{self.family.density.target}_")
        least = as_node(int(self.family.target.bounds[0]))
        place = call("sub", y, k)
        term = call(
            "where",
            call("ge", place, least),
            self.density(place),
            call("neg", Call("inf", ())),
        )
        return Call("logsum", (term, k, Call("series", (as_node(0),))))


def _complement(log_probability: Node) -> Node:
    """Return log(1 - p) of log p."""
    return call("log1mexp", call("neg", log_probability))


def _smaller(own: Node, other: Node) -> Node:
    """Return the logarithm of a tail: itself where it is below one half, else through the other."""
    half = call("neg", call("log", as_node(2)))
    return call("where", call("lt", own, half), own, _complement(other))
