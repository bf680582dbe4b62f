"""From one expression to a form: value, gradient and Hessian, each in the candidate that keeps its digits.

"Insert the link, differentiate" gives derivatives that cancel even where the value does not. So candidates are made
after every differentiation: of the value, then of the derivatives of the best values, and each output chooses anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import sympy as sp

from neglog.derivation.choice import EVERYWHERE, Choice
from neglog.derivation.exact import exact
from neglog.derivation.points import Points, draw, inside_gamma
from neglog.derivation.remainders import named_remainders
from neglog.derivation.rewriting import finished, forms
from neglog.derivation.workings import Workings
from neglog.losses import Certificate, Form
from neglog.symbolic.calculus import derivative, from_sympy
from neglog.symbolic.expression import Call, Node, evaluate, walk
from neglog.symbolic.heads import HEADS, numpy_meaning, numpy_number
from neglog.symbolic.text import to_text

__all__ = ["chosen_outputs", "comparison_points", "stable_form"]


def comparison_points(w: Workings) -> Points:
    """Return the points at which the forms of this derivation are compared."""
    slots = {s.raw: s.parameter for s in w.slots}
    points = draw(w.density, slots, w.hyper, w.points, seed=7)
    # An interval is one of four cases; gamma functions need a form of their own in each part of the range, and points
    # that find where it ends.
    times = 4 if w.density.support.kind in ("Interval", "Event") else 2 if points.shapes else 1
    return points if times == 1 else draw(w.density, slots, w.hyper, times * w.points, seed=7)


_Forms: TypeAlias = "list[tuple[str, Any]]"

# Derivatives are made from this many of the best forms of the value.
_SOURCES = 4
# A form is split in two, and one of the two once more, if need be.
_SPLITS = 2


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
    raws = w.raws
    points = comparison_points(w)
    # A label is exact; what may have been rounded counts towards the conditioning.
    labels = {name for name, support in w.density.targets if support.kind in ("Binary", "Label")}
    inputs = [name for name in points.values if name not in labels]
    names = [*(slot.raw for slot in w.slots), *w.hyper, *w.targets]
    columns = {w.symbols[name] for name in w.targets}
    chosen, certificates = _by_case(
        core, columns, points, lambda c, at: chosen_outputs(c, raws, w.symbols, at, inputs, names)
    )
    if inside_gamma(w.density):
        # Chosen by what its own heads allow, certified by what the family's do.
        certificates = tuple(
            replace(c, bound=_bound(True, _KINDS.index(c.output.split()[0]))) for c in certificates
        )
    k = len(raws)
    return Form(chosen[0], constant, chosen[1 : k + 1], chosen[k + 1 :]), certificates


_Chosen: TypeAlias = "tuple[tuple[Node, ...], tuple[Certificate, ...]]"


def _by_case(
    core: Any, columns: set[Any], points: Points, choose: Callable[[Any, Points], _Chosen]
) -> _Chosen:
    """Choose apart for each case that the target alone decides: an exact observation and an interval are two losses."""
    decision = _decision(core, columns)
    if decision is None:
        return choose(core, points)
    condition, *cases = decision
    holds = evaluate(condition, points.values, numpy_meaning(), numpy_number)
    holds = np.broadcast_to(np.asarray(holds, dtype=bool), (points.size,))
    (yes, first), (no, second) = (
        _by_case(case, columns, points.at(where), choose)
        for case, where in zip(cases, (holds, ~holds), strict=True)
    )
    nodes = (
        a if a == b else Call("where", (condition, a, b)) for a, b in zip(yes, no, strict=True)
    )
    text = to_text(condition)
    joined = (_both(text, f"not {text}", a, b) for a, b in zip(first, second, strict=True))
    return tuple(nodes), tuple(joined)


def _decision(core: Any, columns: set[Any]) -> tuple[Node, Any, Any] | None:
    """Return condition and branches of an expression that is a decision on the target, with a factor or without."""
    factor, decision = sp.Integer(1), core
    if isinstance(core, sp.Mul):
        inside = [part for part in core.args if isinstance(part, sp.Piecewise)]
        if len(inside) == 1:
            decision = inside[0]
            factor = sp.Mul(*(part for part in core.args if part is not decision))
    if not isinstance(decision, sp.Piecewise) or len(decision.args) != 2:
        return None
    (one, condition), (other, rest) = decision.args
    if rest != sp.true or not condition.free_symbols or not condition.free_symbols <= columns:
        return None
    return from_sympy(condition), factor * one, factor * other


def _both(when: str, otherwise: str, one: Certificate, other: Certificate) -> Certificate:
    """Return the certificate of an output that two forms give, each in a case of its own."""
    worse = max(one, other, key=lambda c: c.error / c.bound)
    regions = tuple(
        replace(r, condition=case if r.condition == EVERYWHERE else f"{case} and {r.condition}")
        for case, certificate in ((when, one), (otherwise, other))
        for r in certificate.regions
    )
    return replace(
        worse,
        form=one.form if one.form == other.form else f"{one.form} | {other.form}",
        points=one.points + other.points,
        candidates=one.candidates + other.candidates,
        regions=regions,
    )


_KINDS = ("value", "gradient", "hessian")


def chosen_outputs(
    core: Any,
    raws: tuple[Any, ...],
    symbols: Mapping[str, Any],
    points: Points,
    inputs: Sequence[str],
    names: Sequence[str],
    highest: int = 2,
) -> tuple[tuple[Node, ...], tuple[Certificate, ...]]:
    """Choose forms of an expression and of its derivatives by measurement.

    Parameters
    ----------
    core : sympy.Expr
        The value.
    raws : tuple of sympy.Symbol
        What it is differentiated by.
    symbols : mapping of str to sympy.Symbol
        Every name in it.
    points : Points
        Where forms are compared.
    inputs : sequence of str
        The names whose rounding counts.
    names : sequence of str
        The names that may decide between two forms.
    highest : int
        The order of the last derivatives.

    Returns
    -------
    tuple
        Value, gradient and packed Hessian as trees; a certificate for each.
    """
    slots = range(len(raws))
    orders = [(), *((i,) for i in slots), *((i, j) for i in slots for j in slots if i <= j)]
    orders = [order for order in orders if len(order) <= highest]
    known: dict[tuple[str, ...], Node] = {}

    def partial(*names: str) -> Node:
        key = tuple(sorted(names))
        if key not in known:
            known[key] = from_sympy(derivative(core, *(symbols[name] for name in key)))
        return known[key]

    outputs = []
    for order in orders:
        wrt = [str(raws[i]) for i in order]
        outputs.append([partial(*wrt), *(partial(*wrt, name) for name in inputs)])

    gamma_like = _gamma_like(outputs[0][0])
    chosen, certificates = [], []
    leaders: dict[tuple[int, ...], _Forms] = {}
    for order, values in zip(orders, exact(outputs, inputs, points), strict=True):
        choice = Choice(
            " ".join([_KINDS[len(order)], *(str(raws[i]) for i in order)]),
            points,
            values,
            _bound(gamma_like, len(order)),
        )
        for batches in _batches(core, order, raws, leaders):
            _try(choice, batches, names)
            if choice.settled:
                break
        leaders[order] = choice.leaders(_SOURCES)
        node, certificate = choice.best()
        chosen.append(node)
        certificates.append(certificate)
    return tuple(chosen), tuple(certificates)


def _try(choice: Choice, batches: Iterable[_Forms], names: Sequence[str]) -> None:
    """Enter forms until one keeps its digits, then splits of them."""
    for batch in batches:
        for name, form in batch:
            for finish, node in finished(form):
                choice.enter(node, finish, (name, form))
        if choice.settled:
            return
    for zeros_kept in (False, True):
        if zeros_kept:
            choice.keep_zeros()
        for _ in range(_SPLITS):
            if choice.settled:
                return
            choice.split(names)


def _batches(
    core: Any,
    order: tuple[int, ...],
    raws: tuple[Any, ...],
    leaders: Mapping[tuple[int, ...], _Forms],
) -> Iterator[Iterator[_Forms]]:
    """Yield groups of candidates, those most likely to do first; the caller stops when one does."""

    def derived(sources: _Forms, wrt: tuple[int, ...], rounds: int = 1) -> Iterator[_Forms]:
        for name, source in sources:
            for batch in forms(derivative(source, *(raws[i] for i in wrt)), raws, rounds=rounds):
                yield [(_joined(name, rule), form) for rule, form in batch]

    sources = named_remainders(core)
    if not order:
        # With gamma functions there are many sources, and their own rules matter more than two of the others.
        yield derived(sources, (), 1 if _gamma_like(from_sympy(core)) else 2)
        return
    yield derived(leaders[()], order)
    if len(order) == 2:
        yield derived(leaders[order[:1]], order[1:])
    yield derived([source for source in sources if source not in leaders[()]], order)


def _joined(*names: str) -> str:
    """Join the names of what was done to the value and to its derivative, leaving out what was not done."""
    return "; ".join(name for name in names if name != "as derived") or "as derived"


def _gamma_like(node: Node) -> bool:
    return any(isinstance(part, Call) and HEADS[part.head].gamma_like for part in walk(node))


def _bound(gamma_like: bool, order: int) -> float:
    """Return the error asked for: heads of the gamma kind are themselves computed less exactly."""
    return (64.0 if order == 2 else 16.0) if gamma_like else 4.0
