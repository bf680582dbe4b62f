"""A step: what stood before, what stands after, why, and the check that the one follows from the other.

Every step claims one of four relations, and `verify` tries the claim in 40-digit arithmetic at random points of a
three-row instance. The claim is checked against the statements themselves, never against the rule that made them, so a
rule with a lost sign, factor or constant is caught at its own step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from neglog.errors import DerivationError
from neglog.losses import Dropped
from neglog.symbolic.expression import Call, Node, evaluate, free_symbols
from neglog.symbolic.heads import mpmath_meaning
from neglog.symbolic.latex import to_latex
from neglog.symbolic.text import to_text

__all__ = ["Claim", "Statement", "Step", "expression", "verify"]

_DIGITS = 40
_POINTS = 6

Relation = Literal["same", "log", "negate", "derivative"]


@dataclass(frozen=True, slots=True)
class Statement:
    """A line of the derivation, for readers (text, LaTeX) and for the check (`instance`).

    Attributes
    ----------
    text, latex : str
        The line as it is printed.
    instance : tuple of Node
        The same on three rows (or on one observation), as expressions that can be evaluated. Several for a gradient.
    """

    text: str
    latex: str
    instance: tuple[Node, ...]


def expression(*nodes: Node, name: str = "", latex_name: str = "") -> Statement:
    """Return the statement that prints `nodes` as they are."""
    texts, maths = [to_text(n) for n in nodes], [to_latex(n) for n in nodes]
    text = texts[0] if len(texts) == 1 else "(" + ", ".join(texts) + ")"
    latex = maths[0] if len(maths) == 1 else r"\left(" + r",\; ".join(maths) + r"\right)"
    return Statement(
        f"{name} = {text}" if name else text,
        f"{latex_name} = {latex}" if latex_name else latex,
        nodes,
    )


@dataclass(frozen=True, slots=True)
class Claim:
    """How `after` follows from `before`.

    ``same``: before = factors * after + terms, the factors and terms being those dropped; ``log``: log(before) = after;
    ``negate``: -before = after; ``derivative``: after lists the derivatives of before with respect to `wrt`.
    """

    relation: Relation
    wrt: tuple[str, ...] = ()
    free_of: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a derivation.

    Attributes
    ----------
    rule : str
        Name of the rule in `neglog.derivation.rules.RULES`.
    title : str
        The rule in three or four words.
    before, after : Statement
        The line it starts from and the line it ends in.
    why : str
        The reason, in one or two sentences.
    claim : Claim
        What `verify` checked.
    dropped : tuple of Dropped
        Terms and factors left out, each with its reason.
    notes : tuple of str
        Checks by cases and warnings that belong to the step.
    """

    rule: str
    title: str
    before: Statement
    after: Statement
    why: str
    claim: Claim
    dropped: tuple[Dropped, ...] = ()
    notes: tuple[str, ...] = ()


Sampler = Callable[[int], Mapping[str, Any]]


def verify(step: Step, sample: Sampler) -> None:
    """Check a step where it was made.

    Parameters
    ----------
    step : Step
        What is claimed.
    sample : callable
        Point number -> value of every symbol (mpmath numbers; lists for class vectors).

    Raises
    ------
    DerivationError
        If the claim fails at a point, or if something was dropped that depends on what is being optimised.
    """
    import mpmath as mp

    for dropped in step.dropped:
        kept = free_symbols(dropped.expression) & step.claim.free_of
        if kept:
            raise DerivationError(
                step.rule,
                f"{to_text(dropped.expression)} was dropped although it depends on {', '.join(sorted(kept))}.",
            )
    with mp.workdps(_DIGITS):
        for number in range(_POINTS):
            values = sample(number)
            left, right = _sides(step, values)
            if len(left) != len(right):
                raise DerivationError(
                    step.rule, f"it should give {len(left)} expressions and gives {len(right)}."
                )
            for index, (a, b) in enumerate(zip(left, right, strict=True)):
                if not _close(a, b, step.claim.relation == "derivative"):
                    what = (
                        step.after.text
                        if len(right) == 1
                        else f"component {index} of {step.after.text}"
                    )
                    raise DerivationError(
                        step.rule,
                        f"{what} gives {mp.nstr(b, 12)} where {mp.nstr(a, 12)} is required, at {_where(values)}.",
                    )


def _close(a: Any, b: Any, numeric_derivative: bool) -> bool:
    import mpmath as mp

    if mp.isnan(a) or mp.isnan(b):
        return False
    tolerance = mp.mpf(10) ** (-12 if numeric_derivative else -25)
    return bool(abs(a - b) <= tolerance * (abs(a) + abs(b) + mp.mpf(10) ** -10))


def _where(values: Mapping[str, Any]) -> str:
    import mpmath as mp

    def show(value: Any) -> str:
        return (
            "[" + ", ".join(mp.nstr(v, 5) for v in value) + "]"
            if isinstance(value, list)
            else mp.nstr(value, 5)
        )

    return ", ".join(f"{name} = {show(value)}" for name, value in sorted(values.items()))


def value_of(node: Node, values: Mapping[str, Any]) -> Any:
    """Evaluate `node` in mpmath at its current precision."""
    import mpmath as mp

    return evaluate(node, values, mpmath_meaning(), lambda v: mp.mpf(v.numerator) / v.denominator)


def _sides(step: Step, values: Mapping[str, Any]) -> tuple[list[Any], list[Any]]:
    import mpmath as mp

    before, after = step.before.instance, step.after.instance
    right = [value_of(node, values) for node in after]
    match step.claim.relation:
        case "same":
            left = [value_of(node, values) for node in before]
            for dropped in reversed(step.dropped):
                amount = value_of(dropped.expression, values)
                right = [r + amount if dropped.kind == "term" else r * amount for r in right]
        case "log":
            left = [mp.log(value_of(node, values)) for node in before]
        case "negate":
            left = [-value_of(node, values) for node in before]
        case "derivative":
            left = list(_derivatives(before, step.claim.wrt, values))
    return left, right


def _derivatives(nodes: Sequence[Node], wrt: Sequence[str], values: Mapping[str, Any]) -> Any:
    """Differentiate numerically; of several nodes the packed upper triangle, as Hessians are stored."""
    import mpmath as mp

    for row, node in enumerate(nodes):
        for name in wrt[row:] if len(nodes) > 1 else wrt:
            yield mp.diff(
                lambda t, node=node, name=name: value_of(node, _moved(values, name, t)),
                _at(values, name),
                h=mp.mpf(10) ** -12,
            )


def _at(values: Mapping[str, Any], name: str) -> Any:
    vector, _, index = name.partition("[")
    return values[vector][int(values[index[:-1]])] if index else values[name]


def _moved(values: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:
    vector, _, index = name.partition("[")
    if not index:
        return {**values, name: value}
    moved = list(values[vector])
    moved[int(values[index[:-1]])] = value
    return {**values, vector: moved}


def product(nodes: Sequence[Node]) -> Node:
    """Return the product of `nodes`."""
    result: Node = nodes[0]
    for node in nodes[1:]:
        result = Call("mul", (result, node))
    return result


def total(nodes: Sequence[Node]) -> Node:
    """Return the sum of `nodes`."""
    result: Node = nodes[0]
    for node in nodes[1:]:
        result = Call("add", (result, node))
    return result
