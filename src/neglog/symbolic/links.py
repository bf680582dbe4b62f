"""Links: ``raw_prediction = g(parameter)``, and the inverse through which a raw prediction enters a density.

Each is two one-line expressions of the vocabulary: what a logit is, is said here and nowhere else. A link is data. It
has a text (its name, or name and expressions of a link of the user's own), and everything that holds a link holds that
text, so densities and models with a user's link are stored and read back where its function is absent.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from math import inf, isfinite
from typing import Any

from neglog.errors import DensityError, NeglogError, UsageError, nearest
from neglog.symbolic.expression import Call, Node, Symbol, as_node, free_symbols, substitute
from neglog.symbolic.text import parse, to_text

__all__ = ["LINKS", "Link", "link_named"]

# The names under which a link's expressions know their argument.
PARAMETER, RAW = "p", "raw"
_LINE = (-inf, inf)

Expression = Callable[[Any], Any] | str | Node


@dataclass(frozen=True, init=False, repr=False)
class Link:
    """A monotone map from a parameter to a raw prediction.

    Attributes
    ----------
    name : str
        As in ``nl.Positive(link="log")``.
    to_raw, to_parameter : Node
        Raw prediction as an expression of ``p``, parameter as an expression of ``raw``.
    raws : tuple of float
        The open interval of raw predictions on which it is defined: the real line but for a few links.
    values : tuple of float
        The open interval of parameter values those lead to.
    of : str
        The support a link of vectors belongs to; empty for a link of one number.
    """

    name: str
    to_raw: Node
    to_parameter: Node
    raws: tuple[float, float]
    values: tuple[float, float] = field(compare=False)
    of: str

    def __init__(
        self,
        name: str,
        forward: Expression,
        inverse: Expression,
        *,
        raws: tuple[float, float] = _LINE,
        values: tuple[float, float] | None = None,
        of: str = "",
    ) -> None:
        """Make a link of one's own.

        Parameters
        ----------
        name : str
            A word.
        forward, inverse : callable or str
            Parameter -> raw prediction, and back: functions written with `neglog.math`, or text in ``p`` and ``raw``.
        raws : tuple of float, optional
            The open interval of raw predictions on which the inverse is defined.
        values : tuple of float, optional
            The open interval of the parameter values they lead to; found from the inverse by default.
        of : str, optional
            For links of vectors: the support they belong to.

        Raises
        ------
        UsageError
            If one does not undo the other, or the inverse is not monotone.

        Examples
        --------
        >>> import neglog as nl
        >>> from neglog.math import exp, log
        >>> doubling = nl.Link(
        ...     "log2", forward=lambda p: log(p) / log(2), inverse=lambda raw: exp(raw * log(2))
        ... )
        >>> nl.Poisson.link(mu=doubling).parameters[0].link.values
        (0.0, inf)
        """
        if not re.fullmatch(r"\w[\w.+-]*", name):
            raise UsageError(f"The name of a link is a word such as 'log'; {name!r} is not.")
        to_raw = _expression(name, forward, PARAMETER)
        to_parameter = _expression(name, inverse, RAW)
        for attribute, value in (
            ("name", name),
            ("to_raw", to_raw),
            ("to_parameter", to_parameter),
            ("raws", (float(raws[0]), float(raws[1]))),
            ("of", of),
        ):
            object.__setattr__(self, attribute, value)
        known = _checked_values(self) if values is None else (float(values[0]), float(values[1]))
        object.__setattr__(self, "values", known)

    def forward(self, parameter: Node) -> Node:
        """Return the raw prediction as an expression of the parameter."""
        return substitute(self.to_raw, {PARAMETER: parameter})

    def inverse(self, raw: Node) -> Node:
        """Return the parameter as an expression of the raw prediction."""
        return substitute(self.to_parameter, {RAW: raw})

    def onto_interval(self, low: float, high: float) -> Link:
        """Return the link of a parameter between two numbers whose place between them this link maps."""
        start, width = as_node(low), as_node(as_node(high) - as_node(low))
        return Link(
            self.name,
            self.forward((Symbol(PARAMETER) - start) / width),
            start + width * self.inverse(Symbol(RAW)),
            raws=self.raws,
            values=(low + (high - low) * self.values[0], low + (high - low) * self.values[1]),
        )

    def parameter(self, raw: Symbol, index: Node | None = None) -> Node:
        """Return the parameter as an expression of the raw prediction; of a class vector, its component `index`."""
        return self.inverse(raw) if index is None else Call("softmax", (raw, index))

    @property
    def text(self) -> str:
        """The name of a link that `link_named` knows; of any other the name and both expressions."""
        if _built_in(self.name) == self:
            return self.name
        domain = "" if self.raws == _LINE else f" on ({self.raws[0]:g}, {self.raws[1]:g})"
        return f"{self.name}: {to_text(self.to_raw)} <-> {to_text(self.to_parameter)}{domain}"

    def leads_inside(self, bounds: tuple[float, float]) -> bool:
        """Return whether every raw prediction, any real number, becomes a value between `bounds`."""
        within = bounds[0] <= self.values[0] and self.values[1] <= bounds[1]
        return self.raws == _LINE and within

    def misfit(self, kind: str, bounds: tuple[float, float]) -> str:
        """Return why the link does not suit a parameter of this kind of support; empty where it does.

        It suits where it stays inside the support (a logit for a positive mean below 1) or reaches all of it (the
        identity for a positive mean: then not every raw prediction is allowed).
        """
        vectors = {link.of for link in LINKS.values()} - {""}
        if self.of != (kind if kind in vectors else ""):
            wanted = next((link.name for link in LINKS.values() if link.of == kind), "")
            return (
                f"its link is '{wanted}'"
                if wanted
                else f"'{self.name}' is a link of {self.of} only"
            )
        (low, high), (first, last) = bounds, self.values
        if (low <= first and last <= high) or (first <= low and high <= last):
            return ""
        return f"its values lie between {first:g} and {last:g}, not between {low:g} and {high:g}"

    def __repr__(self) -> str:
        return f"<link {self.name}: {to_text(self.to_raw)}>"

    def __str__(self) -> str:
        return self.text


def _expression(name: str, given: Expression, argument: str) -> Node:
    """Read text, or run a function once on a symbol."""
    try:
        if isinstance(given, str):
            given = parse(given, {argument})
        node = given if isinstance(given, Node) else _traced(given, argument)
    except NeglogError as error:
        raise UsageError(f"The link '{name}' cannot be traced. {error}") from None
    except (TypeError, AttributeError) as error:
        raise UsageError(
            f"The link '{name}' cannot be traced ({error}): forward and inverse are functions of one value, written "
            "with neglog.math."
        ) from error
    if argument not in free_symbols(node):
        raise UsageError(f"The link '{name}' does not depend on its argument.")
    return node


def _traced(function: Callable[[Any], Any], argument: str) -> Node:
    from neglog.symbolic.tracing import Traced, node_of

    return node_of(function(Traced(Symbol(argument))))


def _checked_values(link: Link) -> tuple[float, float]:
    """Return the interval of the parameter values; refuse maps that are not monotone or do not come back."""
    import numpy as np

    from neglog.symbolic.expression import evaluate
    from neglog.symbolic.heads import numpy_meaning, numpy_number

    def run(node: Node, name: str, values: Any) -> Any:
        with np.errstate(all="ignore"):
            found = evaluate(node, {name: values}, numpy_meaning(), numpy_number)
        return np.broadcast_to(np.asarray(found, dtype=np.float64), np.shape(values))

    def limit(end: float, inward: float) -> float:
        """Return the limit of the inverse at an end: two points close to it agree, or it is infinite."""
        if end == 0 or not isfinite(end):
            close = (
                np.array([1e-100, 1e-300]) * inward
                if end == 0
                else -np.array([1e100, 1e300]) * inward
            )
        else:
            close = end + np.array([1e-10, 1e-12]) * inward * abs(end)
        first, last = run(link.to_parameter, RAW, close)
        if not isfinite(last):
            return float(last)
        if abs(first - last) <= 1e-9 * max(1.0, abs(last)):
            return round(float(last), 9) + 0.0
        return inf if last > first else -inf

    low, high = link.raws
    near = np.linspace(-1.5, 1.5, 41)
    if isfinite(low) and isfinite(high):
        raws = low + (high - low) * np.linspace(0.02, 0.98, 41)
    elif isfinite(low) or isfinite(high):
        raws = low + np.exp(near) if isfinite(low) else high - np.exp(near[::-1])
    else:
        raws = near
    values = run(link.to_parameter, RAW, raws)
    steps = np.diff(values)
    rising, falling = bool(np.all(steps > 0)), bool(np.all(steps < 0))
    if not np.all(np.isfinite(values)) or not (rising or falling):
        raise UsageError(
            f"The inverse of the link '{link.name}' is not monotone for raw predictions between {low:g} and {high:g}: "
            "two raw predictions would mean the same parameter. Give raws=(low, high) where it is defined on less."
        )
    back = run(link.to_raw, PARAMETER, values)
    astray = ~(np.abs(back - raws) <= 1e-6 * np.maximum(np.abs(raws), 1))
    if astray.any():
        which = int(np.argmax(astray))
        raise UsageError(
            f"The link '{link.name}' does not come back: the inverse makes {values[which]:g} of the raw prediction "
            f"{raws[which]:g}, and forward makes {back[which]:g} of that."
        )
    ends = limit(low, 1.0), limit(high, -1.0)
    return ends if rising else ends[::-1]


_POSITIVE, _UNIT = (0.0, inf), (0.0, 1.0)

LINKS: dict[str, Link] = {
    link.name: link
    for link in (
        Link("identity", "p", "raw", values=_LINE),
        Link("log", "log(p)", "exp(raw)", values=_POSITIVE),
        Link("softplus", "p + log1mexp(p)", "softplus(raw)", values=_POSITIVE),
        Link("sqrt", "sqrt(p)", "raw**2", raws=_POSITIVE, values=_POSITIVE),
        Link("inverse", "1/p", "1/raw", raws=_POSITIVE, values=_POSITIVE),
        Link("inverse_squared", "1/p**2", "1/sqrt(raw)", raws=_POSITIVE, values=_POSITIVE),
        Link("logit", "log(p) - log1p(-p)", "sigmoid(raw)", values=_UNIT),
        Link("probit", "ndtri(p)", "ndtr(raw)", values=_UNIT),
        Link("cauchit", "-1/tan(pi*p)", "cauchy_cdf(raw)", values=_UNIT),
        Link("cloglog", "log(-log1p(-p))", "-expm1(-exp(raw))", values=_UNIT),
        Link("loglog", "-log(-log(p))", "exp(-exp(-raw))", values=_UNIT),
        # Of a class vector: raw scores are logarithms of the probabilities up to one common constant.
        Link("softmax", "log(p)", "exp(raw - logsumexp(raw))", values=_UNIT, of="ClassVector"),
        # Of cutpoints: each is its own raw prediction, and the fit keeps them in order through the logarithms of their
        # gaps.
        Link("ordered", "p", "raw", values=_LINE, of="Ordered"),
    )
}

_SHIFTED = re.compile(r"log_(minus|plus)_(\d+(?:\.\d+)?(?:e[+-]?\d+)?)")
_OWN = re.compile(r"(\w[\w.+-]*): (.+) <-> (.+?)(?: on \(([^,]+), ([^,]+)\))?")


def _built_in(name: str) -> Link | None:
    """Return the link of a name, shifted logarithms included."""
    if name in LINKS:
        return LINKS[name]
    if (shifted := _SHIFTED.fullmatch(name)) is None:
        return None
    sign, back = ("-", "+") if shifted[1] == "minus" else ("+", "-")
    low = float(shifted[2]) if shifted[1] == "minus" else -float(shifted[2])
    return Link(
        name, f"log(p {sign} {shifted[2]})", f"exp(raw) {back} {shifted[2]}", values=(low, inf)
    )


def link_named(link: str | Link) -> Link:
    """Return the link of this name or text, or say which are known.

    Parameters
    ----------
    link : str or Link
        ``"log"``, ``"log_minus_2"`` (the logarithm of p - 2), the text of a user's link, or a link.

    Raises
    ------
    UsageError
        If there is no such link.
    """
    return link if isinstance(link, Link) else _from_text(link)


@lru_cache(maxsize=256)
def _from_text(text: str) -> Link:
    found = _built_in(text)
    if found is not None:
        return found
    own = _OWN.fullmatch(text)
    if own is not None:
        try:
            raws = _LINE if own[4] is None else (float(own[4]), float(own[5]))
        except ValueError:
            raise DensityError(
                f"The link '{text}' has no interval: it ends in '{own[5]}'."
            ) from None
        return Link(own[1], own[2], own[3], raws=raws)
    raise UsageError(f"There is no link called '{text}'. {nearest(text, [*LINKS, 'log_minus_2'])}")
