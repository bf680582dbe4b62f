"""Lowering: a form of a loss, an expression tree, becomes a `Plan`.

Equal subtrees become one operation. Whole powers become multiplications, other powers go through
``exp(b log(a))``; what depends on numbers alone is computed here. Nothing is rearranged: the
derivation chose the stable form by measurement, and this is it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from neglog.errors import DensityError
from neglog.kernels.loops import Loop
from neglog.kernels.plan import Domain, Field, Op, Operand, Plan
from neglog.losses import Form, Loss
from neglog.losses.class_parts import EXCESS, ClassParts
from neglog.symbolic.expression import BINDERS, Call, Node, Number, Symbol, substitute, walk
from neglog.symbolic.heads import numpy_meaning, numpy_number
from neglog.symbolic.numerics import NUMERICS
from neglog.symbolic.supports import Support
from neglog.symbolic.text import to_text

__all__ = ["lower"]

_PRIMITIVE = {
    *("add", "sub", "mul", "div", "neg", "where"),
    *("lt", "le", "gt", "ge", "eq", "ne"),
    *NUMERICS,
}
_COMMUTATIVE = {"add", "mul", "eq", "ne", "minimum", "maximum"}
_LONGEST_PRODUCT = 1024  # x**1024 is ten squarings; beyond, exp(b log(a)) is as accurate

_NUMBER, _CALL, _ONCE, _ROW, _NODE = range(5)
_STAGE = {"target": _ONCE, "raw": _ROW, "excess": _ROW, "hyper": _CALL}


def lower(loss: Loss, form: str = "complete") -> Plan:
    """Lower one form of a loss.

    Parameters
    ----------
    loss : Loss
        What a derivation ended in.
    form : {"complete", "textbook"}
        With every constant, or without.

    Returns
    -------
    Plan
        The operations.

    Raises
    ------
    DensityError
        If an expression holds a head that no kernel computes.
    """
    chosen = loss.complete if form == "complete" else loss.textbook
    targets = loss.density.targets
    fields = [
        Field(f"y{i}" if len(targets) > 1 else "y", "target", name)
        for i, (name, _) in enumerate(targets)
    ]
    fields += [Field(f"x{i}", "raw", slot.parameter) for i, slot in enumerate(loss.slots)]
    fields += [Field(f"p{i}", "hyper", name) for i, name in enumerate(loss.hyper)]
    symbols = [*(name for name, _ in targets), *(slot.raw for slot in loss.slots), *loss.hyper]
    builder = _Builder(loss.name, dict(zip(symbols, fields, strict=True)))
    value: Operand
    constant: Operand = 0.0
    even: Operand = 0.0
    gradient: tuple[Operand, ...]
    hessian: tuple[Operand, ...]
    if loss.shape == "classes":
        parts = _class_parts(loss, chosen)
        fields.append(Field("l", "excess", EXCESS))
        builder.add(EXCESS, fields[-1])
        value, even = builder.operand(parts.value), builder.operand(parts.even)
        gradient, hessian = (builder.operand(parts.slope),), (builder.operand(parts.bend),)
    else:
        builder.expect((chosen.value, chosen.constant, *chosen.gradient, *chosen.hessian))
        value, constant = builder.operand(chosen.value), builder.operand(chosen.constant)
        gradient = tuple(builder.operand(node) for node in chosen.gradient)
        hessian = tuple(builder.operand(node) for node in chosen.hessian)
    return Plan(
        title=loss.name,
        form=form,
        shape=loss.shape,
        domains=_domains(loss.density.support),
        ordered=loss.density.support.kind in ("CountOf", "Interval"),
        fields=tuple(fields),
        call=tuple(builder.parts[_CALL]),
        once=tuple(builder.parts[_ONCE]),
        row=tuple(builder.parts[_ROW]),
        value=value,
        constant=constant,
        gradient=gradient,
        hessian=hessian,
        texts=_texts(loss, chosen),
        loops=tuple(builder.loops.values()),
        even=even,
    )


class _Builder:
    """Collects operations, one for each distinct subtree."""

    def __init__(self, title: str, fields: dict[str, Field]) -> None:
        self.title = title
        self.fields = fields
        self.parts: dict[int, list[Op]] = {_CALL: [], _ONCE: [], _ROW: [], _NODE: []}
        self.stages: dict[str, int] = {f.name: _STAGE[f.role] for f in fields.values()}
        self.names: dict[tuple[str, tuple[Operand, ...]], Operand] = {}
        self.known: dict[Node, Operand] = {}
        self.numpy = numpy_meaning()
        self.loops: dict[tuple[Node, ...], Loop] = {}
        self.alike: dict[tuple[Node, ...], dict[Call, None]] = {}

    def add(self, name: str, field: Field) -> None:
        """Make another input known."""
        self.fields[name] = field
        self.stages[field.name] = _STAGE[field.role]

    def expect(self, outputs: Sequence[Node]) -> None:
        """Note the sums in all outputs: what is averaged under the same weights is computed together."""
        for output in outputs:
            for part in walk(output):
                if isinstance(part, Call) and part.head in BINDERS:
                    self.alike.setdefault(part.args[-3:], {})[part] = None

    def operand(self, node: Node) -> Operand:
        """Return the operand that stands for `node`."""
        if node not in self.known:
            self.known[node] = self._lowered(node)
        return self.known[node]

    def _lowered(self, node: Node) -> Operand:
        if isinstance(node, Number):
            return numpy_number(node.value)
        if isinstance(node, Symbol):
            return self.fields[node.name].name
        assert isinstance(node, Call)
        if node.head in BINDERS:
            self._sum(node.args[-3:])
            return self.known[node]
        if node.head == "pow":
            return self._power(self.operand(node.args[0]), node.args[1])
        return self.op(node.head, *(self.operand(arg) for arg in node.args))

    def op(self, head: str, *args: Operand) -> Operand:
        """Return the operand of ``head(*args)``, a new operation or the one that exists."""
        if head in ("pi", "inf"):
            return float(np.pi if head == "pi" else np.inf)
        if head == "sign":  # 0 and NaN are themselves
            (x,) = args
            below = self.op("where", self.op("lt", x, 0.0), -1.0, x)
            return self.op("where", self.op("gt", x, 0.0), 1.0, below)
        if head not in _PRIMITIVE:
            raise DensityError(
                f"The loss of {self.title} uses '{head}', which no kernel of one raw prediction a "
                "row computes. Write the density with the functions of neglog.math."
            )
        stage = max((self.stages[a] for a in args if isinstance(a, str)), default=_NUMBER)
        if stage == _NUMBER:
            with np.errstate(all="ignore"):
                return float(self.numpy[head](*map(np.float64, args)))
        key = (head, tuple(sorted(args, key=str)) if head in _COMMUTATIVE else args)
        if key not in self.names:
            name = f"{' ctrn'[stage]}{len(self.parts[stage])}"
            self.parts[stage].append(Op(name, head, args))
            self.stages[name] = stage
            self.names[key] = name
        return self.names[key]

    def _sum(self, key: tuple[Node, ...]) -> None:
        """Lower a sum and everything averaged under its weights."""
        term, index, domain = key
        assert isinstance(index, Symbol)
        assert isinstance(domain, Call)
        number = len(self.loops)
        # A symbol outside may have the name of the index.
        inner = Symbol(f"index {number}")
        field = self.fields[inner.name] = Field(f"j{number}", "index", index.name)
        self.stages[field.name] = _NODE
        ends = tuple(self.operand(end) for end in domain.args)
        lowered = self.operand(substitute(term, {index.name: inner}))
        outputs = [
            (node, [self.operand(substitute(g, {index.name: inner})) for g in node.args[:-3]])
            for node in self.alike[key]
        ]
        ops = tuple((op.name, op.head, op.args) for op in self.parts[_NODE])
        loop = Loop(f"s{number}", domain.head, field.name, ends, ops, lowered)
        if any(self.stages.get(end, 0) == _NODE for end in ends if isinstance(end, str)) or any(
            arg.startswith("j") and arg != field.name
            for arg in loop.outside([lowered, *(g for _, gs in outputs for g in gs)])
        ):
            raise DensityError(
                f"The loss of {self.title} has a sum inside a sum, which no kernel computes. Write one of them in "
                "closed form."
            )
        wanted = [lowered, *(g for _, functions in outputs for g in functions)]
        self.loops[key] = replace(loop, ops=tuple(loop.needed(wanted)))
        for node, functions in outputs:
            outside = loop.outside([lowered, *functions])
            outside += tuple(end for end in ends if isinstance(end, str) and end not in outside)
            stage = max((self.stages[name] for name in outside), default=_CALL)
            name = f"{' ctr'[stage]}{len(self.parts[stage])}"
            self.parts[stage].append(Op(name, node.head, (loop.name, *functions, *outside)))
            self.stages[name] = stage
            self.known[node] = name

    def _power(self, base: Operand, exponent: Node) -> Operand:
        if isinstance(exponent, Number):
            doubled = exponent.value * 2
            if doubled.denominator == 1 and abs(doubled) <= 2 * _LONGEST_PRODUCT:
                power = self._half_power(base, abs(int(doubled)))
                return self.op("div", 1.0, power) if doubled < 0 else power
            return self.op("exp", self.op("mul", self.operand(exponent), self.op("log", base)))
        lowered = self.operand(exponent)
        if not isinstance(lowered, str):
            return self._power(base, Number(Fraction(lowered)))
        general = self.op("exp", self.op("mul", lowered, self.op("log", base)))
        return self.op("where", self.op("eq", lowered, 0.0), 1.0, general)  # also where log is inf

    def _half_power(self, base: Operand, halves: int) -> Operand:
        """Return base**(halves/2): squarings, products, and a root for odd halves."""
        result: Operand = self.op("sqrt", base) if halves % 2 else 1.0
        exponent, square = halves // 2, base
        while exponent:
            if exponent % 2:
                result = square if result == 1.0 else self.op("mul", result, square)
            exponent //= 2
            if exponent:
                square = self.op("mul", square, square)
        return result


def _class_parts(loss: Loss, form: Form) -> ClassParts:
    """Return what a loss of classes is made of: a class schedule computes the heads as wholes."""
    parts = ClassParts.of(form, loss.slots[0], loss.density.target)
    if parts is None or form.constant != Number(Fraction(0)):
        raise DensityError(
            f"{loss.name} is a law of classes other than log(p[y]) with the softmax link, and no declared function of "
            "p[y]; its loss cannot be compiled."
        )
    return parts


def _domains(support: Support) -> tuple[Domain, ...]:
    """Describe a support, column by column, by what belongs to it."""
    fields = support.fields
    if support.kind == "Interval":
        lower, upper = _domain(fields[0][1]), _domain(fields[1][1])
        # The ends of what is not known exactly may be those of the whole set.
        return replace(lower, open_low=False), replace(upper, open_high=False)
    if support.kind == "CountOf":
        return _domain(fields[0][1]), _domain(fields[1][1].within(1))
    if support.kind == "Event":
        return _domain(fields[0][1]), Domain(0.0, 1.0, False, False, True)
    return tuple(_domain(field) for _, field in fields) or (_domain(support),)


def _domain(support: Support) -> Domain:
    low, high = support.bounds
    at_low, at_high = support.contains(np.array([low, high]))
    return Domain(low, high, not at_low, not at_high, support.whole)


def _texts(loss: Loss, form: Form) -> tuple[tuple[str, str], ...]:
    names = [slot.parameter for slot in loss.slots]
    pairs: Sequence[str] = [
        f"{a} {b}" for i, a in enumerate(names) for b in names[i:] if loss.shape == "map"
    ] or [f"{names[0]}[j] {names[0]}[k]"]
    ones = names if loss.shape == "map" else [f"{names[0]}[j]"]
    return (
        ("value", to_text(form.value)),
        ("constant", to_text(form.constant)),
        *((f"d/d raw {n}", to_text(node)) for n, node in zip(ones, form.gradient, strict=True)),
        *((f"d2/d raw {n}", to_text(node)) for n, node in zip(pairs, form.hessian, strict=True)),
    )
