"""From one expression to a form: value, gradient and Hessian, each in the candidate that keeps its digits.

"Insert the link, differentiate" gives derivatives that cancel even where the value does not. So candidates are made
after every differentiation: of the value, then of the derivatives of the best values, and each output chooses anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from neglog.derivation.choice import Choice
from neglog.derivation.classes import class_form
from neglog.derivation.exact import exact
from neglog.derivation.points import Points, draw
from neglog.derivation.rewriting import finished, forms
from neglog.derivation.workings import Workings
from neglog.losses import Certificate, Form
from neglog.symbolic.calculus import derivative, from_sympy
from neglog.symbolic.expression import Call, Node, walk
from neglog.symbolic.heads import HEADS

__all__ = ["comparison_points", "stable_form"]


def comparison_points(w: Workings) -> Points:
    """Return the points at which the forms of this derivation are compared."""
    return draw(w.density, {s.raw: s.parameter for s in w.slots}, w.hyper, w.points, seed=7)


# Derivatives are made from this many of the best forms of the value.
_SOURCES = 3


def stable_form(w: Workings, core: Any, constant: Node) -> tuple[Form, tuple[Certificate, ...]]:
    """Return the stable form of a loss and its certificates.

    Parameters
    ----------
    w : Workings
        Says what is modelled and where everything lives.
    core : sympy.Expr
        The part of the loss that depends on a raw prediction.
    constant : Node
        The rest.
    """
    if w.classes:
        return class_form(w, core, constant)
    symbols, raws = w.symbols, w.raws
    points = comparison_points(w)
    # A label is exact; what may have been rounded counts towards the conditioning.
    labels = {name for name, support in w.density.targets if support.kind in ("Binary", "Label")}
    inputs = [name for name in points.values if name not in labels]

    slots = range(len(raws))
    orders = [(), *((i,) for i in slots), *((i, j) for i in slots for j in slots if i <= j)]
    known: dict[tuple[str, ...], Node] = {}

    def partial(*names: str) -> Node:
        key = tuple(sorted(names))
        if key not in known:
            known[key] = from_sympy(derivative(core, *(symbols[name] for name in key)))
        return known[key]

    outputs = []
    for order in orders:
        names = [str(raws[i]) for i in order]
        outputs.append([partial(*names), *(partial(*names, name) for name in inputs)])

    chosen, certificates, sources = [], [], [("as derived", core)]
    for order, output, values in zip(orders, outputs, exact(outputs, inputs, points), strict=True):
        wrt = [raws[i] for i in order]
        kind = ("value", "gradient", "hessian")[len(order)]
        choice = Choice(
            " ".join([kind, *map(str, wrt)]), points, values, _bound(output[0], len(order))
        )
        for batch in _batches(sources, wrt, raws):
            for name, form in batch:
                for finish, node in finished(form):
                    choice.enter(node, finish, (name, form))
            if choice.settled:
                break
        if not order:
            sources = choice.leaders(_SOURCES)
        node, certificate = choice.best()
        chosen.append(node)
        certificates.append(certificate)
    k = len(raws)
    form = Form(chosen[0], constant, tuple(chosen[1 : k + 1]), tuple(chosen[k + 1 :]))
    return form, tuple(certificates)


def _batches(
    sources: list[tuple[str, Any]], wrt: list[Any], raws: tuple[Any, ...]
) -> Iterator[list[tuple[str, Any]]]:
    """Yield candidates, those most likely to do first; the caller stops when one does."""
    if not wrt:
        yield from forms(sources[0][1], raws, rounds=2)
        return
    for name, value in sources:
        for batch in forms(derivative(value, *wrt), raws):
            yield [(_joined(name, rule), form) for rule, form in batch]


def _joined(*names: str) -> str:
    """Join the names of what was done to the value and to its derivative, leaving out what was not done."""
    return "; ".join(name for name in names if name != "as derived") or "as derived"


def _bound(node: Node, order: int) -> float:
    """Return the error asked for: heads of the gamma kind are themselves computed less exactly."""
    gamma = any(isinstance(part, Call) and HEADS[part.head].gamma_like for part in walk(node))
    return (64.0 if order == 2 else 16.0) if gamma else 4.0
