"""Links: ``raw_prediction = g(parameter)``, and the inverse through which a raw prediction enters a density.

Each is two one-line expressions of the vocabulary. What a logit is, is said here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from neglog.errors import UsageError, nearest
from neglog.symbolic.expression import Call, Node, Symbol, as_node, call

__all__ = ["LINKS", "Link", "link_named"]


@dataclass(frozen=True, slots=True)
class Link:
    """A monotone map from a parameter to a raw prediction.

    Attributes
    ----------
    name : str
        As in ``nl.Positive(link="log")``.
    forward : callable
        Parameter expression -> raw expression.
    inverse : callable
        Raw expression -> parameter expression.
    onto : str
        The set its inverse maps the real line onto, for messages.
    """

    name: str
    forward: Callable[[Node], Node]
    inverse: Callable[[Node], Node]
    onto: str

    def onto_interval(self, low: float, high: float) -> Link:
        """Return the link of a parameter between two numbers whose place between them this link maps."""
        start, width = as_node(low), as_node(as_node(high) - as_node(low))

        def forward(p: Node) -> Node:
            return self.forward((p - start) / width)

        def inverse(raw: Node) -> Node:
            return call("add", start, call("mul", width, self.inverse(raw)))

        return Link(self.name, forward, inverse, f"the interval from {low:g} to {high:g}")

    def parameter(self, raw: Symbol, index: Node | None = None) -> Node:
        """Return the parameter as an expression of the raw prediction; of a class vector, its component `index`."""
        return self.inverse(raw) if index is None else Call("softmax", (raw, index))


def _logit(p: Node) -> Node:
    return call("sub", call("log", p), call("log1p", call("neg", p)))


LINKS: dict[str, Link] = {
    link.name: link
    for link in (
        Link("identity", lambda p: p, lambda raw: raw, "the real line"),
        Link("log", lambda p: call("log", p), lambda raw: call("exp", raw), "the positive numbers"),
        Link("logit", _logit, lambda raw: call("sigmoid", raw), "the interval from 0 to 1"),
        # Of a class vector: raw scores are logarithms of the probabilities up to one common constant.
        Link(
            "softmax",
            lambda p: call("log", p),
            lambda raw: call("exp", raw - call("logsumexp", raw)),
            "the simplex",
        ),
        # Of cutpoints: each reaches a density as it is; that they increase is seen to where they are estimated.
        Link("ordered", lambda p: p, lambda raw: raw, "increasing numbers"),
    )
}


def link_named(name: str) -> Link:
    """Return the link called `name`, or say which are known."""
    try:
        return LINKS[name]
    except KeyError:
        raise UsageError(f"There is no link called '{name}'. {nearest(name, LINKS)}") from None
