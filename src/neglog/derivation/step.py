"""A step: what stood before, what stands after, why, and the check that the one follows from the other.

Every step claims one of four relations, and `verify` tries the claim in arithmetic of many digits at random points of a
three-row instance. The claim is checked against the statements themselves, never against the rule that made them, so
a rule with a lost sign, factor or constant is caught at its own step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from neglog.errors import DerivationError
from neglog.losses import Dropped
from neglog.symbolic.expression import BINDERS, Call, Node, free_symbols, walk
from neglog.symbolic.heads import mpmath_meaning
from neglog.symbolic.latex import to_latex
from neglog.symbolic.tape import Tape
from neglog.symbolic.text import to_text

__all__ = ["Claim", "Statement", "Step", "Unprinted", "expression", "verify"]

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


def expression(*nodes: Node) -> Statement:
    """Return the statement that prints `nodes` as they are; several as a vector."""
    texts, maths = [to_text(n) for n in nodes], [to_latex(n) for n in nodes]
    if len(nodes) == 1:
        return Statement(texts[0], maths[0], nodes)
    column = r" \\ ".join(maths)
    return Statement(f"({', '.join(texts)})", rf"\begin{{pmatrix}} {column} \end{{pmatrix}}", nodes)


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
class Unprinted:
    """A claim that is checked with its step but not printed: what the step says, of the complete loss."""

    before: tuple[Node, ...]
    after: tuple[Node, ...]
    claim: Claim


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
    computed : Statement, optional
        The form of `after` that keeps its digits in floating point, where that is another one.
    unprinted : tuple of Unprinted
        Further claims that were checked.
    note_label : str
        What a note is printed as.
    """

    rule: str
    title: str
    before: Statement
    after: Statement
    why: str
    claim: Claim
    dropped: tuple[Dropped, ...] = ()
    notes: tuple[str, ...] = ()
    computed: Statement | None = None
    unprinted: tuple[Unprinted, ...] = ()
    note_label: str = "Check"


Sampler = Callable[[int], Mapping[str, Any]]


def verify(step: Step, sample: Sampler, memory: dict[Any, Any] | None = None) -> None:
    """Check a step where it was made.

    Parameters
    ----------
    step : Step
        What is claimed.
    sample : callable
        Point number -> value of every symbol (mpmath numbers; lists for class vectors).
    memory : dict, optional
        Shared by the steps of one derivation: the values of sums and integrals that several of them contain.

    Raises
    ------
    DerivationError
        If a claim fails at a point, or if something was dropped that depends on what is being optimised.
    """
    for dropped in step.dropped:
        kept = free_symbols(dropped.expression) & step.claim.free_of
        if kept:
            raise DerivationError(
                step.rule,
                f"{to_text(dropped.expression)} was dropped although it depends on {', '.join(sorted(kept))}.",
            )
    memory = {} if memory is None else memory
    before, after = step.before.instance, step.after.instance
    _verify(step.rule, before, after, step.claim, step.dropped, sample, memory)
    if step.computed is not None:
        _verify(step.rule, after, step.computed.instance, Claim("same"), (), sample, memory)
    for also in step.unprinted:
        _verify(step.rule, also.before, also.after, also.claim, (), sample, memory)


def _verify(
    rule: str,
    before: Sequence[Node],
    after: Sequence[Node],
    claim: Claim,
    dropped: Sequence[Dropped],
    sample: Sampler,
    memory: dict[Any, Any],
) -> None:
    import mpmath as mp

    arithmetic = _SUMMING if _summed((*before, *after)) else _USUAL
    read_before, read_after = _Reader(before, memory), _Reader(after, memory)
    read_dropped = _Reader([d.expression for d in dropped], memory)
    tried = [0] * len(after)
    with mp.workdps(arithmetic.digits):
        for number in range(_POINTS):
            values = sample(number)
            right = read_after(values)
            if claim.relation == "derivative":
                left = list(_derivatives(read_before, claim.wrt, values, arithmetic))
            else:
                left = read_before(values)
                if claim.relation == "log":
                    left = [mp.log(value) for value in left]
                elif claim.relation == "negate":
                    left = [-value for value in left]
            amounts = read_dropped(values)
            for d, amount in reversed(list(zip(dropped, amounts, strict=True))):
                if d.kind == "factor" and amount <= 0:
                    raise DerivationError(
                        rule,
                        f"the factor {to_text(d.expression)} was dropped although it can be negative.",
                    )
                right = [r + amount if d.kind == "term" else r * amount for r in right]
            if len(left) != len(right):
                raise DerivationError(
                    rule, f"it should give {len(left)} expressions and gives {len(right)}."
                )
            for index, (a, b) in enumerate(zip(left, right, strict=True)):
                if arithmetic is _SUMMING and mp.isnan(a) and mp.isnan(b):
                    continue  # a tail too long for the nodes of a sum: no value, and nothing claimed
                tried[index] += 1
                if not _close(a, b, claim.relation == "derivative", arithmetic):
                    what = _shown(after[index]) + (
                        f" (number {index + 1})" if len(right) > 1 else ""
                    )
                    raise DerivationError(
                        rule,
                        f"{what} gives {mp.nstr(b, 12)} where {mp.nstr(a, 12)} is required, at "
                        f"{_where(values, (*before, *after))}.",
                    )
    if min(tried) < _POINTS // 2:
        raise DerivationError(
            rule, "its sums have no value at most of the points where it was to be checked."
        )


@dataclass(frozen=True, slots=True)
class _Arithmetic:
    """How precisely a claim is checked, in decimal digits.

    Attributes
    ----------
    digits : int
        Of every number.
    same, same_derivative : int
        That have to agree; of a numeric derivative, whose step is 10 to the power of -`step`.
    """

    digits: int
    same: int
    step: int
    same_derivative: int


_USUAL = _Arithmetic(40, 25, 12, 12)
# The nodes of a sum are as many as its digits, and each costs as much as a whole expression.
_SUMMING = _Arithmetic(26, 15, 8, 11)


def _summed(nodes: Sequence[Node]) -> bool:
    return any(
        isinstance(part, Call) and part.head in BINDERS for node in nodes for part in walk(node)
    )


_FAILURES = (ZeroDivisionError, ValueError, OverflowError, TypeError)


class _Reader:
    """Expressions ready to be evaluated at one point after another, in mpmath at its current precision."""

    def __init__(self, nodes: Sequence[Node], memory: dict[Any, Any]) -> None:
        self.size = len(nodes)
        self._tape = Tape(nodes, memory)
        self._meaning = mpmath_meaning()

    def __call__(self, values: Mapping[str, Any]) -> list[Any]:
        import mpmath as mp

        # The branch of a where that is not taken may divide by zero; where a result itself does, it is not a number.
        found = self._tape.run(
            values, self._meaning, lambda v: mp.mpf(v.numerator) / v.denominator, _FAILURES
        )
        return [mp.nan if value is None else value for value in found]


def _close(a: Any, b: Any, numeric_derivative: bool, arithmetic: _Arithmetic) -> bool:
    import mpmath as mp

    if a == b:  # infinities too: outside a support that depends on a parameter
        return True
    if mp.isnan(a) or mp.isnan(b):
        # Where the loss is infinite it has no derivative, and none is claimed.
        return bool(numeric_derivative and mp.isnan(a))
    digits = arithmetic.same_derivative if numeric_derivative else arithmetic.same
    tolerance = mp.mpf(10) ** -digits
    return bool(abs(a - b) <= tolerance * (abs(a) + abs(b) + mp.mpf(10) ** -10))


def _shown(node: Node) -> str:
    text = to_text(node)
    return text if len(text) <= 120 else text[:117] + "..."


def _where(values: Mapping[str, Any], nodes: Sequence[Node]) -> str:
    import mpmath as mp

    def show(value: Any) -> str:
        if isinstance(value, list):
            return "[" + ", ".join(mp.nstr(v, 5) for v in value) + "]"
        return mp.nstr(value, 5) if isinstance(value, mp.mpf) else str(value)

    names = sorted(frozenset().union(*map(free_symbols, nodes)))
    shown = ", ".join(f"{name} = {show(values[name])}" for name in names[:8])
    return shown + (", ..." if len(names) > 8 else "")


def _derivatives(
    read: _Reader, wrt: Sequence[str], values: Mapping[str, Any], arithmetic: _Arithmetic
) -> Any:
    """Differentiate numerically; of several expressions the packed upper triangle, as Hessians are stored."""
    import mpmath as mp

    h = mp.mpf(10) ** -arithmetic.step
    by_name = []
    for name in wrt:
        at = _at(values, name)
        up, down = read(_moved(values, name, at + h)), read(_moved(values, name, at - h))
        by_name.append([(u - d) / (2 * h) for u, d in zip(up, down, strict=True)])
    for row in range(read.size):
        for column in range(row if read.size > 1 else 0, len(wrt)):
            yield by_name[column][row]


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
