"""The rules of a derivation, in a lecture's order; each takes the workings one line further and returns the step.

From "the weights that are most probable given the data" to a sum of losses (`bayes` ... `negate`), from the density to
the stable loss of one observation (`density` ... `stable`), and from its derivatives back to the weights (`gradient`
... `curvature`). A rule only proposes; `step.verify` decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import sympy as sp

from neglog.derivation import choice
from neglog.derivation.rewriting import finished, forms, open_logs, textbook
from neglog.derivation.step import Claim, Statement, Step, expression, product, total
from neglog.derivation.workings import COLUMNS, ROWS, CLASSES, Workings
from neglog.losses import Dropped, Form
from neglog.symbolic.calculus import FUNCTIONS, from_sympy, to_sympy
from neglog.symbolic.expression import Call, Node, Symbol, as_node, minus, substitute, walk
from neglog.symbolic.heads import HEADS
from neglog.symbolic.text import to_text

__all__ = ["RULES"]

Rule = Callable[[Workings], Step]
_ROWS = range(1, ROWS + 1)


def _exp(node: Node) -> Node:
    return Call("exp", (node,))


def _log(node: Node) -> Node:
    return Call("log", (node,))


def _row_density(w: Workings, i: int) -> Node:
    return _exp(w.row(-w.linked(), i))


def _prior_density(w: Workings) -> Node:
    if w.prior is None:
        return Symbol("flat")
    return _exp(total([w.prior.log_density(Symbol(name)) for name in w.weights()]))


def _inputs(i: int) -> Node:
    return Symbol(f"q{i}")


def _maximise(text: str, latex: str, *instance: Node) -> Statement:
    return Statement(f"maximise over W: {text}", rf"\max_W\; {latex}", instance)


def _minimise(text: str, latex: str, *instance: Node) -> Statement:
    return Statement(f"minimise over W: {text}", rf"\min_W\; {latex}", instance)


def bayes(w: Workings) -> Step:
    """Write the posterior of the weights as likelihood times prior over evidence."""
    logs = total([_log(_row_density(w, i)) + _log(_inputs(i)) for i in _ROWS])
    joint = _exp(logs + _log(_prior_density(w)) - _log(Symbol("evidence")))
    likelihood = _exp(logs)
    before = _maximise("p(W | D)", r"p(W \mid D)", joint)
    after = _maximise(
        "p(D | W) p(W) / p(D)",
        r"\frac{p(D \mid W)\, p(W)}{p(D)}",
        likelihood * _prior_density(w) / Symbol("evidence"),
    )
    w.line = after
    return Step(
        "bayes", "Bayes' theorem", before, after,
        "The wish is the weights most probable given the data. The theorem turns it into the likelihood p(D | W), "
        "the prior p(W) and the evidence p(D).",
        Claim("same"),
    )  # fmt: skip


def prior(w: Workings) -> Step:
    """Drop the evidence, and the prior where it is flat."""
    logs = total([_log(_row_density(w, i)) + _log(_inputs(i)) for i in _ROWS])
    dropped = [Dropped("factor", 1 / Symbol("evidence"), "p(D) does not contain W.")]
    if w.prior is None:
        after = _maximise("p(D | W)", r"p(D \mid W)", _exp(logs))
        dropped.append(
            Dropped("factor", Symbol("flat"), "a flat prior is the same constant for every W.")
        )
        why = (
            "The evidence does not contain W, and a flat prior prefers no W: both are constants, so the maximum stays "
            "where it is (its height does not). What is left is maximum likelihood. 'Flat' depends on how the weights are "
            "written; maximum likelihood does not."
        )
    else:
        after = _maximise("p(D | W) p(W)", r"p(D \mid W)\, p(W)", _exp(logs) * _prior_density(w))
        why = f"The evidence does not contain W. The prior {w.prior} does: what is left is maximum a posteriori (MAP)."
    step = Step(
        "prior", "The prior", w.line, after, why, Claim("same", free_of=_moving(w)), tuple(dropped)
    )
    w.line = after
    return step


def _moving(w: Workings) -> frozenset[str]:
    """Everything that changes when the weights do."""
    return (
        w.raw_names | frozenset(w.weights()) | {f"{raw}{i}" for raw in w.raw_names for i in _ROWS}
    )


def _with_prior(
    w: Workings, text: str, latex: str, node: Node, join: str = "times"
) -> tuple[str, str, Node]:
    if w.prior is None:
        return text, latex, node
    if join == "times":
        return f"{text} p(W)", rf"{latex}\; p(W)", node * _prior_density(w)
    return f"{text} + log p(W)", rf"{latex} + \log p(W)", node + _log(_prior_density(w))


def iid(w: Workings) -> Step:
    """Write the likelihood as a product over observations."""
    node = product([_row_density(w, i) * _inputs(i) for i in _ROWS])
    after = _maximise(
        *_with_prior(w, "prod_i p(x_i, y_i | W)", r"\prod_i p(x_i, y_i \mid W)", node)
    )
    step = Step(
        "iid", "Independent observations", w.line, after,
        "The observations are independent given W and follow the same law, so their joint density is a product.",
        Claim("same"),
    )  # fmt: skip
    w.line = after
    return step


def condition(w: Workings) -> Step:
    """Drop the density of the inputs."""
    node = product([_row_density(w, i) for i in _ROWS])
    after = _maximise(
        *_with_prior(w, "prod_i p(y_i | x_i, W)", r"\prod_i p(y_i \mid x_i, W)", node)
    )
    inputs = Dropped(
        "factor", product([_inputs(i) for i in _ROWS]), "prod_i p(x_i) does not contain W."
    )
    step = Step(
        "condition", "Only the target is modelled", w.line, after,
        "p(x, y | W) = p(y | x, W) p(x). The density of the inputs may be dropped because it shares no parameter with "
        "W; where it does (missing inputs, semi-supervised learning) it must stay.",
        Claim("same", free_of=_moving(w)), (inputs,),
    )  # fmt: skip
    w.line = after
    return step


def logarithm(w: Workings) -> Step:
    """Take the logarithm."""
    node = total([_log(_row_density(w, i)) for i in _ROWS])
    after = _maximise(
        *_with_prior(
            w, "sum_i log p(y_i | x_i, W)", r"\sum_i \log p(y_i \mid x_i, W)", node, "plus"
        )
    )
    step = Step(
        "logarithm", "Logarithm", w.line, after,
        "The logarithm increases, so the maximum stays. The product becomes a sum: it does not underflow, and a mean "
        "over a mini-batch estimates the mean over all rows without bias.",
        Claim("log"),
    )  # fmt: skip
    w.line = after
    return step


def negate(w: Workings) -> Step:
    """Turn the maximum into a minimum."""
    node = total([-_log(_row_density(w, i)) for i in _ROWS])
    text, latex = "sum_i -log p(y_i | x_i, W)", r"\sum_i -\log p(y_i \mid x_i, W)"
    if w.prior is not None:
        node = node - _log(_prior_density(w))
        text, latex = text + " - log p(W)", latex + r" - \log p(W)"
    after = _minimise(text, latex, node)
    step = Step(
        "negate", "Minus sign", w.line, after,
        "Maximising a number is minimising its negative. Each term is the loss of one observation, in nats.",
        Claim("negate"),
    )  # fmt: skip
    w.line = after
    return step


def density(w: Workings) -> Step:
    """Insert the assumed density."""
    node = minus(w.density.expression)
    plain = w.linked()
    names = ", ".join(p.name for p in w.density.parameters)
    target = w.density.target
    before = Statement(
        f"-log p({target} | {names})", rf"-\log p({target} \mid {names})", (-_log(_exp(-plain)),)
    )
    shown = expression(node)
    after = Statement(shown.text, shown.latex, (plain,))
    return Step(
        "density", f"The assumption: {w.density.name}", before, after,
        f"Given x, the target {target} follows the {w.density.name} law; it is the conditional law that is assumed, "
        "the targets taken together need not look like it.",
        Claim("same"), notes=_cases(w),
    )  # fmt: skip


def _cases(w: Workings) -> tuple[str, ...]:
    """Evaluate the density at the values of a target that has few: the check by cases."""
    symbols = w.symbols
    target = w.density.target
    if w.density.support.kind == "Binary":
        notes = []
        for value in (1, 0):
            expr = to_sympy(w.density.expression, symbols).subs(symbols[target], value)
            notes.append(
                f"{target} = {value}: p({target}) = {to_text(from_sympy(sp.simplify(sp.exp(expr))))}"
            )
        return tuple(notes)
    if w.classes:
        name = w.slots[0].parameter
        return (
            f"class 2 of 4: p({target}) = {name}[2]; the other components do not enter, but they share the sum 1",
        )
    return ()


def link(w: Workings) -> Step:
    """Write the parameters as functions of the raw predictions."""
    plain = w.linked()
    shown = expression(minus(w.density.expression))
    before = Statement(shown.text, shown.latex, (plain,))
    w.nll = open_logs(to_sympy(plain, w.symbols))
    after = expression(from_sympy(w.nll))
    parts = []
    for slot in w.slots:
        inverse = w.density.parameter(slot.parameter).link.inverse(Symbol(slot.raw))
        parts.append(f"{slot.parameter} = {to_text(inverse)}")
    return Step(
        "link", "The link", before, after,
        f"A raw prediction may be any real number; the inverse {' and '.join(s.link for s in w.slots)} link maps it to "
        f"where the parameter lives: {'; '.join(parts)}. The link is a choice of its own: another one gives another "
        "loss of the raw prediction and the same loss of the parameter.",
        Claim("same"),
    )  # fmt: skip


def constants(w: Workings) -> Step:
    """Drop the terms and the factor that do not depend on a raw prediction."""
    raws = {w.symbols[s.raw] for s in w.slots}
    terms = sp.Add.make_args(w.nll)
    moving = [term for term in terms if term.has(*raws)]
    w.constant = sp.Add(*[term for term in terms if not term.has(*raws)])
    w.core = sp.Add(*moving)
    hyper = {w.symbols[name] for name in _hyper(w)}
    w.factor = _common_factor(moving, hyper)
    before = expression(from_sympy(w.nll))
    after_expr = sp.Add(*[term / w.factor for term in moving])
    dropped = [
        Dropped(
            "term", from_sympy(term), f"it does not contain {_raws_text(w)}" + _caution(term, hyper)
        )
        for term in terms
        if not term.has(*raws)
    ]
    if w.factor != 1:
        dropped.append(
            Dropped(
                "factor", from_sympy(w.factor),
                "a positive factor common to all observations moves no minimum; it must stay where the parameters in it "
                "are estimated, or where a prior is weighed against the data",
            )
        )  # fmt: skip
    w.dropped = tuple(dropped)
    names = ", ".join(f"{d.kind} {to_text(d.expression)}" for d in dropped)
    step = Step(
        "constants", "Constants", before, expression(from_sympy(after_expr)),
        f"Dropped: {names}. The minimum stays where it is; comparing families, AIC and estimating the dropped parameters "
        "need the complete loss." if dropped else "Nothing is constant here: every term moves with the raw prediction.",
        Claim("same", free_of=w.raw_names), w.dropped,
    )  # fmt: skip
    w.shortest = after_expr
    return step


def _hyper(w: Workings) -> list[str]:
    modelled = {slot.parameter for slot in w.slots}
    return [p.name for p in w.density.parameters if p.name not in modelled]


def _raws_text(w: Workings) -> str:
    return " or ".join(slot.raw for slot in w.slots)


def _caution(term: Any, hyper: set[Any]) -> str:
    held = sorted(str(symbol) for symbol in term.free_symbols & hyper)
    return f" (as long as {', '.join(held)} is constant and not estimated)" if held else ""


def _common_factor(terms: list[Any], hyper: set[Any]) -> Any:
    """Return the product of powers of hyperparameters that stands in every term."""
    factors: set[Any] | None = None
    for term in terms:
        own = {
            factor
            for factor in sp.Mul.make_args(term)
            if factor.free_symbols and factor.free_symbols <= hyper
        }
        factors = own if factors is None else factors & own
    return sp.Mul(*(factors or ()))


def shorten(w: Workings) -> Step:
    """Write the loss as a lecture does."""
    before = expression(from_sympy(w.shortest))
    w.shortest = textbook(w.shortest)
    after = expression(from_sympy(w.shortest))
    return Step(
        "shorten", "Textbook form", before, after,
        "The shortest of the equal forms: the loss as it is usually written.", Claim("same"),
    )  # fmt: skip


def stable(w: Workings) -> Step:
    """Choose, by measurement, the forms a computer evaluates without losing digits."""
    complete_core = w.core
    w.forms["complete"], certificates = _stable_form(w, complete_core, from_sympy(w.constant))
    w.certificates = list(certificates)
    if w.factor == 1:
        w.forms["textbook"] = Form(
            w.forms["complete"].value,
            from_sympy(sp.Integer(0)),
            w.forms["complete"].gradient,
            w.forms["complete"].hessian,
        )
    else:
        w.forms["textbook"], _ = _stable_form(w, w.shortest, from_sympy(sp.Integer(0)))
    before = expression(from_sympy(w.shortest))
    value = certificates[0]
    saturated = any(
        isinstance(n, Call) and n.head == "minimum" for n in walk(w.forms["textbook"].value)
    )
    return Step(
        "stable", "Stable form", before, expression(w.forms["textbook"].value),
        f"Equal on paper, not in floating point. Of {value.candidates} equal forms this one was the most accurate: its "
        f"largest error is {value.error:.2g} roundings of the inputs at {value.points} points held out from the choice "
        "(raw predictions to 1e308)."
        + (" Where exp exceeds the largest float64 the sum is infinite, so the linear term may stop there." if saturated else ""),
        Claim("same"),
    )  # fmt: skip


def _stable_form(w: Workings, core: Any, constant: Node) -> tuple[Form, list[Any]]:
    if w.classes:
        return _class_form(w, core, constant)
    symbols, raws = w.symbols, w.raws
    points = choice.draw(
        w.density, {s.raw: s.parameter for s in w.slots}, _hyper(w), w.points, seed=7
    )
    # A label is exact; what may have been rounded counts towards the conditioning.
    exact_target = w.density.support.kind in ("Binary", "Label")
    inputs = [name for name in points.values if not (exact_target and name == w.density.target)]
    orders: list[tuple[int, ...]] = [(), *((i,) for i in range(len(raws)))]
    orders += [(i, j) for i in range(len(raws)) for j in range(i, len(raws))]
    values = list(forms(core, raws, rounds=2))
    chosen, certificates = [], []
    for order in orders:
        wrt = [raws[i] for i in order]
        exact = sp.diff(core, *wrt) if wrt else core
        wanted = [
            from_sympy(exact),
            *(from_sympy(sp.diff(exact, symbols[name])) for name in inputs),
        ]
        rows = choice.reference(wanted, points)
        values_exact = [row[0] for row in rows]
        sizes = [
            _size(row, [points.values[name][i] for name in inputs]) for i, row in enumerate(rows)
        ]
        gamma = any(isinstance(n, Call) and HEADS[n.head].gamma_like for n in walk(wanted[0]))
        bound = (64.0 if len(order) == 2 else 16.0) if gamma else 4.0
        label = " ".join(
            ["value" if not order else "gradient" if len(order) == 1 else "hessian", *map(str, wrt)]
        )
        best, certificate = choice.choose(
            label, list(_candidates(values, wrt, raws)), points, values_exact, sizes, bound
        )
        chosen.append(best)
        certificates.append(certificate)
    k = len(raws)
    return Form(chosen[0], constant, tuple(chosen[1 : k + 1]), tuple(chosen[k + 1 :])), certificates


def _candidates(
    values: list[tuple[str, Any]], wrt: list[Any], raws: tuple[Any, ...]
) -> Iterable[tuple[str, Node]]:
    seen: set[Node] = set()
    for name, value in values:
        derived = [(name, value)] if not wrt else [
            (f"{name}; {rule}", form) for rule, form in forms(sp.diff(value, *wrt), raws, rounds=1)
        ]  # fmt: skip
        for label, form in derived:
            for finish, node in finished(form):
                if node not in seen:
                    seen.add(node)
                    yield (f"{label}; {finish}" if finish else label), node


def _size(row: list[Any], inputs: list[float]) -> Any:
    import mpmath as mp

    if any(value is None for value in row):
        return None
    return abs(row[0]) + mp.fsum(
        abs(d * mp.mpf(float(x))) for d, x in zip(row[1:], inputs, strict=True)
    )


def _class_form(w: Workings, core: Any, constant: Node) -> tuple[Form, list[Any]]:
    """Name logsumexp(eta) - eta[y] and its derivatives by the heads whose numerics never take that difference."""
    symbols = w.symbols
    eta, y, j = symbols[w.slots[0].raw], symbols[w.density.target], symbols["j"]
    excess = FUNCTIONS["logsumexp"](eta) - eta[y]
    if sp.expand(core - excess) != 0:
        from neglog.errors import DensityError

        raise DensityError(
            f"{w.density.name} is a law of classes other than log(p[y]) with the softmax link; its loss cannot be compiled yet."
        )
    gradient = FUNCTIONS["softmax_excess"](eta, j, y)
    names = (Symbol(w.slots[0].raw), Symbol("j"), Symbol("k"))
    own, other = Call("softmax", names[:2]), Call("softmax", (names[0], names[2]))
    hessian = own * (Call("delta", names[1:]) - other)
    value = FUNCTIONS["logsumexp_excess"](eta, y)
    form = Form(from_sympy(value), constant, (from_sympy(gradient),), (hessian,))
    return form, list(_class_certificates(form, w))


def _class_certificates(form: Form, w: Workings) -> Iterable[Any]:
    """Measure the class heads on three classes."""
    import math

    import mpmath as mp
    import numpy as np

    from neglog.losses import Certificate

    random = np.random.default_rng(7)
    worst = 0.0
    for _ in range(w.points):
        eta = [float(v) for v in random.choice([1.0, 10.0, 300.0]) * random.normal(size=CLASSES)]
        y = int(random.integers(CLASSES))
        with mp.workdps(60):
            exact = mp.log1p(
                mp.fsum(mp.exp(mp.mpf(v) - mp.mpf(eta[y])) for i, v in enumerate(eta) if i != y)
            )
            p = [mp.exp(mp.mpf(v) - mp.mpf(eta[y])) for v in eta]
            size = exact + mp.fsum(
                abs((q / mp.fsum(p) - (i == y)) * v)
                for i, (q, v) in enumerate(zip(p, eta, strict=True))
            )
        top = max(eta)
        others = math.fsum(math.exp(v - top) for i, v in enumerate(eta) if i != eta.index(top))
        got = (top - eta[y]) + math.log1p(others)
        worst = max(worst, choice._error(got, exact, size))
    yield Certificate("value", "logsumexp_excess", worst, 4.0, w.points, 1)


def gradient(w: Workings) -> Step:
    """Differentiate the loss for the raw predictions."""
    form = w.forms["textbook"]
    wrt = tuple(f"{s.raw}[j]" if s.kind == "classes" else s.raw for s in w.slots)
    shown = _shown_derivatives(w, 1)
    return Step(
        "gradient", "Gradient in the raw prediction", expression(form.value), _doubled(shown, form.gradient),
        _gradient_why(w), Claim("derivative", wrt),
    )  # fmt: skip


def _gradient_why(w: Workings) -> str:
    mean = w.core is not None and len(w.slots) == 1
    if w.classes:
        return (
            "For class j: the probability given to it, minus 1 if it is the class observed. Every score is moved. At j = y it "
            "is computed as minus the sum of the other probabilities, which does not cancel."
        )
    if mean and w.density.parameter(w.slots[0].parameter).support.kind in (
        "Real",
        "UnitInterval",
        "Positive",
    ):
        return "What one observation pulls at its raw prediction."
    return "One derivative for every modelled parameter."


def _shown_derivatives(w: Workings, order: int) -> list[Node]:
    """The derivatives a lecture writes: of the textbook form, shortest first."""
    raws = w.raws
    if w.classes:
        k = w.symbols["k"]
        other = w.symbols[w.slots[0].raw][k]
        derivative = (
            sp.diff(w.shortest, raws[0]) if order == 1 else sp.diff(w.shortest, raws[0], other)
        )
        return [from_sympy(sp.factor_terms(derivative))]
    if order == 1:
        exprs = [sp.diff(w.shortest, raw) for raw in raws]
    else:
        exprs = [
            sp.diff(w.shortest, raws[i], raws[j])
            for i in range(len(raws))
            for j in range(i, len(raws))
        ]
    return [from_sympy(min([e, *(f for _, f in forms(e, raws))], key=sp.count_ops)) for e in exprs]


def _doubled(shown: list[Node], compiled: tuple[Node, ...]) -> Statement:
    """Print the textbook derivative, check the compiled one, and print that too where it differs."""
    statement = expression(*shown)
    if tuple(shown) == compiled:
        return Statement(statement.text, statement.latex, compiled)
    stable_text = expression(*compiled)
    return Statement(
        f"{statement.text}   [computed as {stable_text.text}]",
        rf"{statement.latex} \quad\text{{computed as}}\quad {stable_text.latex}",
        compiled,
    )


def hessian(w: Workings) -> Step:
    """Differentiate once more."""
    form = w.forms["textbook"]
    wrt = ("eta[k]",) if w.classes else tuple(s.raw for s in w.slots)
    return Step(
        "hessian", "Hessian in the raw prediction", expression(*form.gradient),
        _doubled(_shown_derivatives(w, 2), form.hessian),
        "The curvature of the loss: Newton's steps and standard errors come from it."
        + (" Packed: one entry for each pair of modelled parameters." if len(w.slots) > 1 else ""),
        Claim("derivative", wrt),
    )  # fmt: skip


def chain(w: Workings) -> Step:
    """Go back to the weights by the chain rule."""
    form = w.forms["textbook"]
    objective = total([w.at_scores(form.value, i) for i in _ROWS])
    before = Statement(
        "J(W) = sum_i loss(y_i, x_i W)", r"J(W) = \sum_i \ell(y_i, x_i W)", (objective,)
    )
    after = Statement("grad J = X' g", r"\nabla J = X^\top g", tuple(_weight_gradient(w)))
    return Step(
        "chain", "Chain rule to the weights", before, after,
        "g holds the derivative for each observation's raw prediction; each column of X collects it. In a network the "
        "same g is what back-propagation starts from.",
        Claim("derivative", tuple(w.weights())),
    )  # fmt: skip


def _weight_gradient(w: Workings) -> Iterable[Node]:
    """X' g on the instance, in the order of `Workings.weights`."""
    form = w.forms["textbook"]
    columns = range(1, COLUMNS + 1)
    if w.classes:
        for c in columns:
            for j in range(CLASSES):
                rows = [
                    Symbol(f"x{i}{c}") * _at_class(w.at_scores(form.gradient[0], i), j=j)
                    for i in _ROWS
                ]
                yield total(rows)
        return
    for derivative in form.gradient:
        for c in columns:
            yield total([Symbol(f"x{i}{c}") * w.at_scores(derivative, i) for i in _ROWS])


def _at_class(node: Node, **index: int) -> Node:
    return substitute(node, {name: as_node(value) for name, value in index.items()})


def curvature(w: Workings) -> Step:
    """Assemble the Hessian for the weights."""
    form = w.forms["textbook"]
    before = Statement("grad J = X' g", r"\nabla J = X^\top g", tuple(_weight_gradient(w)))
    text = "Hessian J = X' diag(h) X"
    latex = r"\nabla^2 J = X^\top \operatorname{diag}(h)\, X"
    if w.classes:
        text, latex = (
            "Hessian J, block (j, k) = X' diag(h_jk) X",
            r"\nabla^2_{jk} J = X^\top \operatorname{diag}(h_{jk})\, X",
        )
    after = Statement(text, latex, tuple(_weight_hessian(w, form)))
    return Step(
        "curvature", "Curvature in the weights", before, after,
        "A weighted cross-product of the columns: the observed information of a linear model.",
        Claim("derivative", tuple(w.weights())),
    )  # fmt: skip


def _weight_hessian(w: Workings, form: Form) -> Iterable[Node]:
    """X' diag(h) X on the instance: the packed upper triangle over `Workings.weights`."""
    columns = range(1, COLUMNS + 1)
    if w.classes:
        places = [(c, j) for c in columns for j in range(CLASSES)]
        entry = lambda a, b, i: _at_class(w.at_scores(form.hessian[0], i), j=a, k=b)  # noqa: E731  # a one-line helper
    else:
        slots = range(len(w.slots))
        places = [(c, s) for s in slots for c in columns]
        packed = {
            (a, b): n for n, (a, b) in enumerate((a, b) for a in slots for b in slots if a <= b)
        }
        entry = lambda a, b, i: w.at_scores(form.hessian[packed[min(a, b), max(a, b)]], i)  # noqa: E731  # as above
    for first, (c, a) in enumerate(places):
        for d, b in places[first:]:
            yield total([Symbol(f"x{i}{c}") * entry(a, b, i) * Symbol(f"x{i}{d}") for i in _ROWS])


def penalty(w: Workings) -> Step:
    """Write the prior of the weights as a penalty."""
    assert w.prior is not None
    weight = sp.Symbol("w", real=True)
    full = open_logs(to_sympy(-w.prior.log_density(Symbol("w")), {"w": weight}))
    terms = sp.Add.make_args(full)
    moving = [term for term in terms if term.has(weight)]
    dropped = tuple(
        Dropped("term", from_sympy(t), "it does not contain w.") for t in terms if not t.has(weight)
    )
    shown = expression(from_sympy(sp.Add(*moving)))
    instance = substitute(shown.instance[0], {"w": Symbol(w.weights()[0])})
    before = -w.prior.log_density(Symbol(w.weights()[0]))
    step = Step(
        "penalty", "The prior as a penalty",
        Statement("-log p(w)", r"-\log p(w)", (before,)), Statement(shown.text, shown.latex, (instance,)),
        f"Each slope w has the prior {w.prior}: minus its logarithm is added to the sum of the complete losses; divide it "
        "by the number of rows where the data term is a mean. Intercepts and scales have no prior unless one is named.",
        Claim("same", free_of=frozenset(w.weights())), dropped,
    )  # fmt: skip
    return step


# The order is the order of the derivation; `penalty` is taken only where there is a prior.
RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        bayes, prior, iid, condition, logarithm, negate, density, link, constants, shorten, stable,
        gradient, hessian, chain, curvature, penalty,
    )
}  # fmt: skip
