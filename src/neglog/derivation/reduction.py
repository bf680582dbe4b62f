"""The middle rules: from the assumed density to the loss of one observation, textbook and stable."""

from __future__ import annotations

from typing import Any

import sympy as sp

from neglog.derivation.balance import balanced
from neglog.derivation.classes import class_form, shortest_of_classes
from neglog.derivation.normalised import normalised
from neglog.derivation.rewriting import open_logs, textbook
from neglog.derivation.stabilise import comparison_points, stable_form
from neglog.derivation.step import Claim, Statement, Step, Unprinted, expression
from neglog.derivation.workings import Workings
from neglog.losses import Certificate, Dropped, Form
from neglog.symbolic.calculus import from_sympy, to_sympy
from neglog.symbolic.cutpoints import bounded, cutpoints_of
from neglog.symbolic.density import Density
from neglog.symbolic.expression import Call, Node, Symbol, call, minus, plus, walk
from neglog.symbolic.latex import name_to_latex, to_latex
from neglog.symbolic.text import to_text

__all__ = ["constants", "declared", "density", "ends", "link", "shorten", "stable"]


def density(w: Workings) -> Step:
    """Insert the assumed density."""
    if w.assumed is not None:
        return _of_classes(w.assumed)
    assumed = w.density.expression
    names, target = [p.name for p in w.density.parameters], w.density.target
    before = Statement(
        f"-log p({target} | {', '.join(names)})",
        rf"-\log p({name_to_latex(target)} \mid {', '.join(map(name_to_latex, names))})",
        (call("neg", Call("log", (Call("exp", (assumed,)),))),),
    )
    return Step(
        "density", f"The assumption: {w.density.name}", before, expression(minus(assumed)),
        f"Given x, the target {target} follows the {w.density.name} law. It is this conditional law that is assumed; "
        "the targets taken together need not look like it.",
        Claim("same"), notes=(*_cases(w), *normalised(w.density)),
    )  # fmt: skip


def _of_classes(assumed: Density) -> Step:
    """Insert the assumed law of ordered classes, cutpoints and all."""
    names, target, cuts = (
        [p.name for p in assumed.parameters],
        assumed.target,
        cutpoints_of(assumed),
    )
    formula = minus(assumed.expression)
    given = minus(bounded(assumed))
    return Step(
        "density", f"The assumption: {assumed.name}",
        Statement(
            f"-log p({target} | {', '.join(names)})",
            rf"-\log p({name_to_latex(target)} \mid {', '.join(map(name_to_latex, names))})",
            (call("neg", Call("log", (Call("exp", (minus(given),)),))),),
        ),
        Statement(to_text(formula), to_latex(formula), (given,)),
        f"The classes have an order. Behind them stands a variable that is not seen, only which interval between the "
        f"cutpoints it falls in: class k lies between {cuts}[k - 1] and {cuts}[k]. The same {cuts} serve all "
        "observations, so there is no intercept beside them.",
        Claim("same"),
        notes=normalised(assumed),
    )  # fmt: skip


def ends(w: Workings) -> Step:
    """Write the ends of the class observed as numbers of their own, and their difference as a third."""
    assumed = w.assumed
    assert assumed is not None
    cuts, y = cutpoints_of(assumed), assumed.target
    formula = minus(assumed.expression)
    before = Statement(to_text(formula), to_latex(formula), (minus(bounded(assumed)),))
    after = minus(w.density.expression)
    known = {p.name for p in w.density.parameters}
    gap = f" and {cuts}_gap = {cuts}_upper - {cuts}_lower" if f"{cuts}_gap" in known else ""
    return Step(
        "ends", "The ends of the class",
        before, Statement(to_text(after), to_latex(after), (after,)),
        f"{cuts}_lower = {cuts}[{y} - 1], {cuts}_upper = {cuts}[{y}]{gap}: of the cutpoints a row knows the ends of "
        "its class only. The first class has no lower end and the last no upper one: what they would bound is 0. "
        + ("Where a class is narrow or far away the difference of two probabilities has lost its digits; the gap has "
           "not. " if gap else "")
        + "A cutpoint collects the derivatives of the rows whose class it bounds.",
        Claim("same"),
    )  # fmt: skip


def declared(w: Workings) -> Step:
    """Insert the loss that was declared, where no density was."""
    formula = minus(w.density.expression)
    names, target = [p.name for p in w.density.parameters], w.density.target
    before = Statement(
        f"loss({', '.join((target, *names))})",
        rf"\ell({', '.join(map(name_to_latex, (target, *names)))})",
        (call("neg", w.density.expression),),
    )
    return Step(
        "declared", f"The loss: {w.density.name}", before, expression(formula),
        f"It was chosen, not derived: no density of the target was assumed. {w.remark}".rstrip(),
        Claim("same"), notes=_values(w),
    )  # fmt: skip


def _values(w: Workings) -> tuple[str, ...]:
    """Evaluate a declared loss at the two labels."""
    if w.density.support.kind != "Binary":
        return ()
    symbols, target = w.symbols, w.density.target
    loss = to_sympy(minus(w.density.expression), symbols)
    return tuple(
        f"{target} = {value}: {to_text(from_sympy(loss.subs(symbols[target], value)))}"
        for value in (1, 0)
    )


def _cases(w: Workings) -> tuple[str, ...]:
    """Evaluate the density at the values of a target that has few: the check by cases."""
    symbols, target = w.symbols, w.density.target
    if w.density.support.kind == "Binary":
        notes = []
        for value in (1, 0):
            expr = to_sympy(w.density.expression, symbols).subs(symbols[target], value)
            shown = to_text(from_sympy(sp.exp(sp.logcombine(expr, force=True))))
            notes.append(f"{target} = {value}: p({target}) = {shown}")
        return tuple(notes)
    if w.classes:
        name = w.slots[0].parameter
        return (
            f"{target} = 2: p({target}) = {name}[2]; the other components enter through their common sum, 1",
        )
    return ()


def link(w: Workings) -> Step:
    """Write the parameters as functions of the raw predictions."""
    w.nll = _apart(open_logs(to_sympy(w.linked(), w.symbols)), w)
    fixed, moving = w.nll.as_independent(*(w.symbols[slot.raw] for slot in w.slots), as_Add=True)
    w.core, w.constant = moving, fixed
    parts = []
    for slot in w.slots:
        inverse = w.density.parameter(slot.parameter).link.parameter
        if slot.kind == "classes":
            parts.append(f"{slot.parameter}[j] = {to_text(inverse(Symbol(slot.raw), Symbol('j')))}")
        else:
            parts.append(f"{slot.parameter} = {to_text(inverse(Symbol(slot.raw)))}")
    links = " and ".join(dict.fromkeys(slot.link_name for slot in w.slots))
    one = "The same number added to every score changes nothing. " if w.classes else ""
    return Step(
        "link", "The link", expression(minus(w.density.expression)), _opened(w),
        f"A raw prediction may be any real number; the inverse of the {links} link makes a parameter of it: "
        f"{', '.join(parts)}. {_outside(w)}{one}The link is a choice of its own: another one gives the same loss of "
        "the parameter and another loss of the raw prediction.",
        Claim("same"),
    )  # fmt: skip


def _outside(w: Workings) -> str:
    """Say where a link may lead out of the support of its parameter."""
    return "".join(
        f"Not every raw prediction is allowed: {slot.parameter} must stay "
        f"{w.density.parameter(slot.parameter).support.sentence}. "
        for slot in w.slots
        if not w.leads_inside(slot)
    )


def _apart(expr: Any, w: Workings) -> Any:
    """Multiply out sums of raw predictions and hyperparameters, so that what is constant stands alone.

    Sums with the target are left whole: (y - eta)/beta keeps digits that y/beta - eta/beta loses.
    """
    raws = [w.symbols[slot.raw] for slot in w.slots]
    targets = [w.symbols[name] for name in w.targets]

    def mixed(factor: Any) -> bool:
        return bool(
            factor.is_Add and factor.has(*raws) and any(not t.has(*raws) for t in factor.args)
        )

    terms = [
        sp.expand_mul(term)
        if not term.has(*targets) and any(map(mixed, sp.Mul.make_args(term)))
        else term
        for term in sp.Add.make_args(expr)
    ]
    return sp.Add(*terms)


def _opened(w: Workings) -> Statement:
    """Print the loss with its logarithms opened, the terms with a raw prediction first."""
    return expression(plus(from_sympy(w.core), from_sympy(w.constant)))


def constants(w: Workings) -> Step:
    """Drop the terms and the factor that do not depend on a raw prediction."""
    moving, fixed = sp.Add.make_args(w.core), sp.Add.make_args(w.constant)
    hyper = {w.symbols[name] for name in w.hyper}
    # Weighed against a prior the factor counts: 1/sigma**2 decides how strong the prior is.
    w.factor = _common_factor(moving, hyper) if w.prior is None else sp.S.One
    w.shortest = sp.Add(*[term / w.factor for term in moving])
    names = " or ".join(slot.raw for slot in w.slots)
    dropped = [
        Dropped("term", from_sympy(term), f"it does not contain {names}" + _caution(term, hyper))
        for term in fixed
        if term != 0
    ]
    if w.factor != 1:
        dropped.append(
            Dropped(
                "factor", from_sympy(w.factor),
                "a positive factor common to all observations moves no minimum; it stays where its parameters are "
                "estimated, or where a prior is weighed against the data",
            )
        )  # fmt: skip
    w.dropped = tuple(dropped)
    why = (
        "The minimum stays where it is. The complete loss keeps what is dropped here: to compare families, for AIC, "
        "and to estimate the parameters in it."
        if dropped
        else f"Nothing to drop: every term contains {names}, and no factor is common to all."
    )
    return Step(
        "constants", "Constants", _opened(w), expression(from_sympy(w.shortest)), why,
        Claim("same", free_of=w.raw_names), w.dropped,
    )  # fmt: skip


def _caution(term: Any, hyper: set[Any]) -> str:
    held = sorted(str(symbol) for symbol in term.free_symbols & hyper)
    verb = "is constant" if len(held) == 1 else "are constant"
    return f" (as long as {' and '.join(held)} {verb} and not estimated)" if held else ""


def _common_factor(terms: list[Any], hyper: set[Any]) -> Any:
    """Return the product of positive powers of hyperparameters that stands in every term."""
    common: set[Any] | None = None
    for term in terms:
        own = {
            f
            for f in sp.Mul.make_args(term)
            if f.free_symbols and f.free_symbols <= hyper and f.is_positive
        }
        common = own if common is None else common & own
    return sp.Mul(*(common or ()))


def shorten(w: Workings) -> Step:
    """Write the loss as a lecture does."""
    before = w.shortest
    if w.classes:
        w.shortest = shortest_of_classes(before, [w.symbols[name] for name in w.hyper])
    else:
        w.shortest = textbook(before)
    same = w.shortest == before
    return Step(
        "shorten", "Textbook form", expression(from_sympy(before)), expression(from_sympy(w.shortest)),
        "No shorter form was found." if same else "The shortest of the equal forms, as lectures write it.",
        Claim("same"),
    )  # fmt: skip


def stable(w: Workings) -> Step:
    """Choose, by measurement, the forms a computer evaluates without losing digits."""
    zero = from_sympy(sp.S.Zero)
    form_of = class_form if w.classes else stable_form
    complete, w.certificates["complete"] = form_of(w, w.core, from_sympy(w.constant))
    if w.factor == 1:
        same = Form(complete.value, zero, complete.gradient, complete.hessian)
        w.forms["textbook"], w.certificates["textbook"] = same, w.certificates["complete"]
    else:
        w.forms["textbook"], w.certificates["textbook"] = form_of(w, w.shortest, zero)
    if not w.classes:
        complete, w.certificates["complete"] = balanced(
            w, complete, w.certificates["complete"], comparison_points(w)
        )
    w.forms["complete"] = complete
    value = w.forms["textbook"].value
    return Step(
        "stable", "Stable form", expression(from_sympy(w.shortest)), expression(value),
        _measured(w.certificates["textbook"][0]) + _saturation(value), Claim("same"),
        unprinted=(Unprinted((w.linked(),), (plus(complete.value, complete.constant),), Claim("same")),),
    )  # fmt: skip


def _measured(certificate: Certificate) -> str:
    c = certificate
    error = f"its largest error is {c.error:.2g} roundings of the inputs ({c.bound:g} are allowed)"
    points = f"at {c.points} points, raw predictions to 1e308"
    if c.error > c.bound:
        return (
            f"Formulas equal on paper differ in floating point. The best of the {c.candidates} measured still loses "
            f"digits in part of the range: {error} {points}."
        )
    if c.candidates == 1:
        return f"Formulas equal on paper can differ in floating point, so this one was measured: {error} {points}."
    return (
        f"Formulas equal on paper differ in floating point. Of the {c.candidates} measured this is the shortest that "
        f"keeps its digits: {error} {points}, held out from the choice."
    )


def _saturation(value: Node) -> str:
    if any(isinstance(part, Call) and part.head == "minimum" for part in walk(value)):
        return " Beyond 746 exp exceeds the largest float64 and so does the sum: the linear term may stop there."
    return ""
