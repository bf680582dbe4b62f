"""What a loss of classes is made of: a function of the excess of the class observed, and a share of the mean excess.

    excess    l = logsumexp(eta) - eta[y]             minus the log-probability of the class observed
    mean      m = logsumexp(eta) - average(eta)       the same, averaged over the classes

    value     G(l) + c m
    gradient  A(l) u + c (delta(j, y) - 1/K)          A = G' + c, u = softmax - delta(j, y)
    Hessian   A(l) (diag p - p p') + B(l) u u'        B = G''

Cross-entropy is G = l, c = 0. The three functions of l and the number c are all that a derivation has to find and a
kernel has to know; the classes may be any number.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from neglog.losses.loss import Form, Slot
from neglog.symbolic.expression import Call, Node, Number, Symbol, call, free_symbols, substitute

__all__ = ["EXCESS", "ClassParts"]

EXCESS = "excess.y"
"""Name of the excess l in the parts; no parameter of a density can be called so."""

_EXCESS = Symbol(EXCESS)
_ZERO, _ONE = Number(Fraction(0)), Number(Fraction(1))


@dataclass(frozen=True, slots=True)
class ClassParts:
    """The parts of a loss of classes, as expressions of `EXCESS` and the hyperparameters.

    Attributes
    ----------
    value, slope, bend : Node
        G, A and B.
    even : Node
        c, the coefficient of the mean excess: free of the excess.
    """

    value: Node = _EXCESS
    slope: Node = _ONE
    bend: Node = _ZERO
    even: Node = _ZERO

    def form(self, slot: Slot, target: str, constant: Node) -> Form:
        """Return the form that they make, in the scores of a slot."""
        eta, j, k, y = Symbol(slot.raw), Symbol("j"), Symbol("k"), Symbol(target)
        inside = {EXCESS: Call("logsumexp_excess", (eta, y))}
        value, slope, bend = (
            substitute(part, inside) for part in (self.value, self.slope, self.bend)
        )
        spread = Call("softmax", (eta, j)) * (Call("delta", (j, k)) - Call("softmax", (eta, k)))
        pulls = [Call("softmax_excess", (eta, index, y)) for index in (j, k)]
        uneven = Call("delta", (j, y)) - _ONE / Call("size", (eta,))
        return Form(
            _sum(value, _times(self.even, Call("average_excess", (eta,)))),
            constant,
            (_sum(_times(slope, pulls[0]), _times(self.even, uneven)),),
            (_sum(_times(slope, spread), _times(bend, pulls[0] * pulls[1])),),
        )

    @classmethod
    def of(cls, form: Form, slot: Slot, target: str) -> ClassParts | None:
        """Take a form apart that `form` put together; None where it is none of these."""
        (hessian,) = form.hessian
        eta, j, k, y = Symbol(slot.raw), Symbol("j"), Symbol("k"), Symbol(target)
        first, second = Call("softmax", (eta, j)), Call("delta", (j, k)) - Call("softmax", (eta, k))
        hessian = _replaced(hessian, second * first, first * second)  # a product has either order
        form = replace(form, hessian=(hessian,))
        pull = Call("softmax_excess", (eta, j, y))
        even = _factor(form.value, Call("average_excess", (eta,)))
        value = form.value
        if even != _ZERO and isinstance(value, Call):
            value = value.args[0] if value.head == "add" else _ZERO
        slope = _factor(form.gradient[0], pull)
        bend = _factor(hessian, pull * Call("softmax_excess", (eta, k, y)))
        excess = Call("logsumexp_excess", (eta, y))
        inside = [_replaced(part, excess, _EXCESS) for part in (value, slope, bend)]
        left = free_symbols(even).union(*map(free_symbols, inside))
        if left & {slot.raw, target, "j", "k"}:
            return None
        found = cls(inside[0], inside[1], inside[2], even)
        return found if found.form(slot, target, form.constant) == form else None


def _times(factor: Node, node: Node) -> Node:
    if isinstance(factor, Number) and factor.value in (0, 1):
        return factor if factor == _ZERO else node
    return call("mul", factor, node)


def _sum(one: Node, other: Node) -> Node:
    if _ZERO in (one, other):
        return other if one == _ZERO else one
    return call("add", one, other)


def _factor(node: Node, atom: Node) -> Node:
    """Return f where f*atom is a term of a sum: 1 where it stands alone, 0 where it does not stand there."""
    if node == atom:
        return _ONE
    if isinstance(node, Call) and node.head == "mul" and node.args[1] == atom:
        return node.args[0]
    if isinstance(node, Call) and node.head == "add":
        return next((f for part in node.args if (f := _factor(part, atom)) != _ZERO), _ZERO)
    return _ZERO


def _replaced(node: Node, old: Node, new: Node) -> Node:
    if node == old:
        return new
    if isinstance(node, Call):
        return call(node.head, *(_replaced(arg, old, new) for arg in node.args))
    return node
