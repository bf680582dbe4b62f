"""The complete loss measured as a whole, where its value and its constant are large and nearly cancel.

The loss of a count y near its mean exp(u) is about log(2 pi y)/2, a few nats; ``exp(u) - y*u`` and ``loggamma(y + 1)``
are of the size of y log y, and for a million their sum has lost seven digits. Moving ``y*log(y) - y`` from the one to
the other leaves two small numbers: the deviance ``y*(exp(d) - 1 - d)``, d = u - log(y), and what Stirling's formula
leaves of log y!.

A parameter that is held does the same on a larger scale: beside a Gamma shape of 1e16 nothing is left of the loss when
``loggamma(shape) - shape*log(shape)`` is added to it. So what a held parameter adds takes part in the choice. As
everywhere, the rules propose and the measurement decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import sympy as sp

from neglog.derivation.choice import Choice
from neglog.derivation.exact import exact
from neglog.derivation.points import Points
from neglog.derivation.stabilise import chosen_outputs
from neglog.derivation.workings import Workings
from neglog.losses import Certificate, Form
from neglog.symbolic.calculus import derivative, from_sympy, to_sympy
from neglog.symbolic.expression import (
    BINDERS,
    Call,
    Node,
    Symbol,
    as_node,
    call,
    free_symbols,
    summed,
    terms,
    walk,
)
from neglog.symbolic.heads import HEADS

__all__ = ["balanced"]

_ALLOWED = 16.0


def balanced(
    w: Workings, form: Form, certificates: tuple[Certificate, ...], points: Points
) -> tuple[Form, tuple[Certificate, ...]]:
    """Return the form with value and constant split where their sum keeps its digits.

    Parameters
    ----------
    w : Workings
        Says which symbol is the target, and what is held.
    form : Form
        The stable form, value and constant chosen apart.
    certificates : tuple of Certificate
        Of its outputs, the value first.
    points : Points
        Where forms are compared.

    Returns
    -------
    tuple of Form and tuple of Certificate
        As they were, where there is nothing to balance.
    """
    form, certificates = _with_what_is_held(w, form, certificates, points)
    return _near_counts(w, form, certificates, points)


def _with_what_is_held(
    w: Workings, form: Form, certificates: tuple[Certificate, ...], points: Points
) -> tuple[Form, tuple[Certificate, ...]]:
    """Choose the value together with the terms of parameters that are held inside a gamma or Bessel function."""
    held = {w.symbols[name] for name in w.hyper}
    added = sp.Add(*(t for t in sp.Add.make_args(w.constant) if t.free_symbols & held))
    total, rest = w.core + added, w.constant - added
    inside = _inside_special_functions(from_sympy(added)) & set(w.hyper)
    if not inside or any(
        isinstance(n, Call) and n.head in BINDERS for n in walk(from_sympy(total))
    ):
        return form, certificates
    names = [*(slot.raw for slot in w.slots), *w.hyper, *w.targets]
    wide = _widened(
        points, inside & {p.name for p in w.density.parameters if p.support.kind == "Positive"}
    )
    (value,), (certificate,) = chosen_outputs(
        total, w.raws, w.symbols, wide, list(wide.values), names, highest=0
    )
    raws = {slot.raw for slot in w.slots}
    moving: list[tuple[int, Node]] = []
    fixed = list(terms(from_sympy(rest))) if rest != 0 else []
    for sign, term in terms(value):
        (moving if free_symbols(term) & raws else fixed).append((sign, term))
    found = replace(form, value=summed(moving), constant=summed(fixed) if fixed else as_node(0))
    return found, (certificate, *certificates[1:])


def _inside_special_functions(node: Node) -> set[str]:
    heads = (part for part in walk(node) if isinstance(part, Call))
    special = (p for p in heads if HEADS[p.head].gamma_like or p.head.startswith("log_bessel"))
    return {name for part in special for name in free_symbols(part)}


def _widened(points: Points, names: set[str]) -> Points:
    """Let half of the points have the largest and smallest values of what is held: there lie the laws' limits."""
    random = np.random.default_rng(12)
    values = {name: array.copy() for name, array in points.values.items()}
    for name in sorted(names):
        far = np.exp(random.uniform(-40.0, 60.0, points.size))
        values[name] = np.where(random.random(points.size) < 0.5, far, values[name])
    return replace(points, values=values)


def _near_counts(
    w: Workings, form: Form, certificates: tuple[Certificate, ...], points: Points
) -> tuple[Form, tuple[Certificate, ...]]:
    """Choose between the form and deviance forms of counts, at points of which a third lie near the mean."""
    target = w.density.target
    rivals = list(_counts(form, target))
    if not rivals:
        return form, certificates
    near = _near_the_mean(points, target, w.slots[0].raw)
    whole = form.value + form.constant
    inputs = list(near.values)
    symbols = w.symbols
    plain = to_sympy(_without_stops(whole), symbols)
    outputs = [
        from_sympy(plain),
        *(from_sympy(derivative(plain, symbols[name])) for name in inputs),
    ]
    (values,) = exact([outputs], inputs, near)
    choice = Choice("value with its constant", near, values, _ALLOWED)
    sums: dict[Node, Form] = {}
    for name, rival in (("as chosen", form), *rivals):
        node = rival.value + rival.constant
        sums[node] = rival
        choice.enter(node, "", (name, node))
    node, certificate = choice.best()
    return sums[node], (*certificates, certificate)


def _counts(form: Form, target: str) -> Iterator[tuple[str, Form]]:
    """Yield the deviance form of a loss that holds exp(u) - y*u and loggamma(y + 1)."""
    y = Symbol(target)
    factorial = Call("loggamma", (y + as_node(1),))
    constants = list(terms(form.constant))
    if (1, factorial) not in constants:
        return
    parts = list(terms(form.value))
    for sign, term in parts:
        if sign < 0 or not (isinstance(term, Call) and term.head == "exp"):
            continue
        u = term.args[0]
        products = [(-1, call("mul", y, u)), (-1, call("mul", y, _stopped(u)))]
        product = next((part for part in products if part in parts), None)
        if product is None or target in free_symbols(u):
            continue
        deviance = y * Call("expm1mx", (u - Call("log", (y,)),))
        own = Call("where", (Call("eq", (y, as_node(0))), term, deviance))
        rest = [part for part in parts if part not in ((sign, term), product)]
        constant = [part for part in constants if part != (1, factorial)]
        yield (
            "deviance and Stirling's remainder",
            replace(
                form,
                value=summed([(1, own), *rest]),
                constant=summed([(1, Call("stirling", (y,))), *constant]),
            ),
        )


def _stopped(u: Node) -> Node:
    return Call("minimum", (u, as_node(746)))


def _without_stops(node: Node) -> Node:
    """Undo the saturation: SymPy would differentiate the minimum, which is there for float64 alone."""
    if isinstance(node, Call):
        if node.head == "minimum" and node.args[1] == as_node(746):
            return node.args[0]
        return call(node.head, *(_without_stops(arg) for arg in node.args))
    return node


def _near_the_mean(points: Points, target: str, raw: str) -> Points:
    """Move a third of the raw predictions to within a few standard deviations of log y, y up to a thousand million."""
    random = np.random.default_rng(11)
    values: Mapping[str, np.ndarray] = {name: array.copy() for name, array in points.values.items()}
    chosen = np.flatnonzero(random.random(points.size) < 1 / 3)
    y = np.floor(10 ** random.uniform(0, 9, chosen.size))
    values[target][chosen] = y
    values[raw][chosen] = np.log(y) + random.normal(size=chosen.size) / np.sqrt(y)
    return replace(points, values=values)
