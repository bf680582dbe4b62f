"""The last rules: gradient and Hessian in the raw prediction, back to the weights, and the prior as a penalty."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import sympy as sp

from neglog._typing import Floats
from neglog.derivation.rewriting import forms, open_logs
from neglog.derivation.step import Claim, Statement, Step, Unprinted, expression, total
from neglog.derivation.strengths import strengths
from neglog.derivation.workings import CLASSES, COLUMNS, ROWS, Workings
from neglog.losses import Dropped, Form
from neglog.symbolic.calculus import derivative, from_sympy, to_sympy
from neglog.symbolic.expression import Call, Node, Symbol, as_node, call, evaluate, substitute, walk
from neglog.symbolic.heads import numpy_meaning, numpy_number

__all__ = ["chain", "curvature", "gradient", "hessian", "penalty"]

_ROWS, _COLUMNS = range(1, ROWS + 1), range(1, COLUMNS + 1)


def gradient(w: Workings) -> Step:
    """Differentiate the loss for the raw predictions."""
    form, complete = w.forms["textbook"], w.forms["complete"]
    claim = Claim("derivative", tuple(f"{s.raw}[j]" if w.classes else s.raw for s in w.slots))
    shown = expression(*_shown(w, 1))
    return Step(
        "gradient", "Gradient in the raw prediction", expression(form.value), shown, _gradient_why(w), claim,
        computed=_computed(shown, form.gradient),
        unprinted=(Unprinted((complete.value,), complete.gradient, claim),),
    )  # fmt: skip


def _gradient_why(w: Workings) -> str:
    if w.classes:
        whole = "For class j its predicted probability, minus 1 where it is the class observed"
        if isinstance(w.forms["textbook"].gradient[0], Call) and (
            w.forms["textbook"].gradient[0].head != "softmax_excess"
        ):
            whole = (
                "How the loss of one observation changes with the score of class j. In it softmax_excess is the "
                "predicted probability of class j, minus 1 where it is the class observed"
            )
        return (
            f"{whole}: every score is moved. For the observed class it is computed as minus the sum of the other "
            "probabilities, which does not cancel."
        )
    if len(w.slots) > 1:
        return "One derivative for each modelled parameter, in their order."
    slot, symbols = w.slots[0], w.symbols
    inverse = to_sympy(
        w.density.parameter(slot.parameter).link.parameter(Symbol(slot.raw)), symbols
    )
    slope = derivative(w.shortest, symbols[slot.raw])
    target = w.targets[0]
    if slope.has(
        sp.Piecewise
    ):  # neither of the two below, and SymPy may never end comparing its conditions
        return "How the loss of one observation changes with its raw prediction."
    if w.density.support.kind == "CountOf":
        trials = w.targets[1]
        if sp.expand(slope - (symbols[trials] * inverse - symbols[target])) == 0:
            return f"Expected count minus count: {trials}*{slot.parameter} - {target}."
    elif sp.expand(slope - (inverse - symbols[target])) == 0:
        return f"Prediction minus target: {slot.parameter} - {target}."
    return "How the loss of one observation changes with its raw prediction."


def hessian(w: Workings) -> Step:
    """Differentiate once more."""
    form, complete = w.forms["textbook"], w.forms["complete"]
    claim = Claim("derivative", tuple(f"{s.raw}[k]" if w.classes else s.raw for s in w.slots))
    shown = expression(*_shown(w, 2))
    pairs = (
        " One entry for each pair of modelled parameters: the upper triangle, row by row."
        if len(w.slots) > 1
        else ""
    )
    return Step(
        "hessian", "Hessian in the raw prediction", expression(*form.gradient), shown,
        _bends(w, form) + pairs, claim,
        computed=_computed(shown, form.hessian),
        unprinted=(Unprinted(complete.gradient, complete.hessian, claim),),
    )  # fmt: skip


_CURVATURE = "The curvature of the loss: Newton's steps and standard errors come from it."
_KINK = (
    "The loss is made of pieces. Where its slope jumps from one piece to the next, at a kink, it has no second "
    "derivative: this curvature leaves the kink out, so Newton's steps and standard errors cannot be taken from it."
)
_SEAM = (
    "The loss is made of pieces whose slopes meet; from one to the next the curvature jumps, and Newton's steps and "
    "standard errors take that of the piece they are in."
)


def _bends(w: Workings, form: Form) -> str:
    """Say what the second derivative is good for: nothing at kinks, all elsewhere."""
    pieces = {"abs", "sign", "maximum", "minimum", "where"}
    if w.classes or not any(isinstance(p, Call) and p.head in pieces for p in walk(form.value)):
        return _CURVATURE
    raws = [slot.raw for slot in w.slots]
    slopes = zip(form.gradient, raws, strict=True)
    if _jumps(w, form.value, raws[0]) or any(_jumps(w, slope, raw) for slope, raw in slopes):
        return _KINK
    # A form that is computed in pieces need not have any: the second derivatives tell.
    return _SEAM if _jumps(w, form.hessian[0], raws[0]) else _CURVATURE


def _jumps(w: Workings, node: Node, raw: str) -> bool:
    """Whether an expression jumps somewhere as a raw prediction moves: halving an interval halves all but a jump."""
    for number in range(_SAMPLES):
        at = {name: np.float64(value) for name, value in w.sample(number).items()}

        def values(x: Floats, at: dict[str, Any] = at) -> Floats:
            found = evaluate(node, {**at, raw: x}, numpy_meaning(), numpy_number)
            return np.broadcast_to(np.asarray(found, dtype=np.float64), x.shape)

        with np.errstate(all="ignore"):
            if any(_stays(values, x) for x in _lonely_steps(values)):
                return True
    return False


def _lonely_steps(values: Callable[[Floats], Floats]) -> list[Floats]:
    """Return the ends of the cells of a grid over which a function moves far more than over the cells beside."""
    x = np.linspace(-_REACH, _REACH, _GRID)
    steps = np.abs(np.diff(values(x)))
    steps = np.where(np.isfinite(steps), steps, 0.0)
    cells = np.flatnonzero(steps[1:-1] > 3 * (steps[:-2] + steps[2:]) + 1e-9) + 1
    return [x[cell : cell + 2] for cell in cells]


def _stays(values: Callable[[Floats], Floats], ends: Floats) -> bool:
    """Whether the step between two ends is still there when they have come together."""
    low, high = ends
    first = np.ptp(values(ends))
    for _ in range(30):
        middle = (low + high) / 2
        left, centre, right = values(np.array([low, middle, high]))
        low, high = (low, middle) if abs(centre - left) > abs(right - centre) else (middle, high)
    return bool(np.ptp(values(np.array([low, high]))) > 0.1 * first)


_SAMPLES, _GRID, _REACH = 5, 6001, 30.0


def _shown(w: Workings, order: int) -> list[Node]:
    """Return the derivatives a lecture writes: of the textbook form, the shortest of their equal forms."""
    raws = w.raws
    if w.classes:
        other = w.symbols[w.slots[0].raw][w.symbols["k"]]
        wrt = (raws[0],) if order == 1 else (raws[0], other)
        return [from_sympy(sp.factor_terms(derivative(w.shortest, *wrt)))]
    if order == 1:
        exprs = [derivative(w.shortest, raw) for raw in raws]
    else:
        exprs = [derivative(w.shortest, a, b) for i, a in enumerate(raws) for b in raws[i:]]
    return [from_sympy(_shortest(expr, raws)) for expr in exprs]


def _shortest(expr: Any, raws: tuple[Any, ...]) -> Any:
    equal = [form for batch in forms(expr, raws) for _, form in batch]
    return min(equal, key=lambda form: (_stacked(form), sp.count_ops(form), equal.index(form)))


def _stacked(expr: Any) -> bool:
    """Whether a fraction stands in a denominator: shorter now and then, and no lecture writes it."""
    below = [p.base for p in sp.preorder_traversal(expr) if p.is_Pow and p.exp.is_negative]
    return any(
        p.is_Pow and p.exp.is_negative and p.base.free_symbols
        for base in below
        for p in sp.preorder_traversal(base)
    )


def _computed(shown: Statement, compiled: tuple[Node, ...]) -> Statement | None:
    """Return what is compiled where that is another form than the one shown."""
    return None if shown.instance == compiled else expression(*compiled)


def chain(w: Workings) -> Step:
    """Go back to the weights by the chain rule."""
    objective = total([w.at_scores(w.forms["textbook"].value, i) for i in _ROWS])
    before = Statement(
        "J(W) = sum_i loss(y_i, x_i W)", r"J(W) = \sum_i \ell(y_i, x_i W)", (objective,)
    )
    return Step(
        "chain", "Chain rule to the weights", before, _weight_gradient(w),
        "g holds one derivative a row, and each column of X collects it. In a network the same g is where "
        "back-propagation starts.",
        Claim("derivative", tuple(w.weights())),
    )  # fmt: skip


def _weight_gradient(w: Workings) -> Statement:
    instance = tuple(_gradient_entries(w))
    if w.classes:
        return Statement("grad J, class j = X' g_j", r"\nabla_j J = X^\top g_j", instance)
    if len(w.slots) > 1:
        return Statement("grad J, parameter a = X' g_a", r"\nabla_a J = X^\top g_a", instance)
    return Statement("grad J = X' g", r"\nabla J = X^\top g", instance)


def _gradient_entries(w: Workings) -> Iterator[Node]:
    """Yield the entries of X' g on the instance, in the order of `Workings.weights`."""
    form = w.forms["textbook"]
    if w.classes:
        entries = [(c, _at_class(form.gradient[0], j=j)) for c in _COLUMNS for j in range(CLASSES)]
    else:
        entries = [(c, slope) for slope in form.gradient for c in _COLUMNS]
    for c, slope in entries:
        yield total([call("mul", _x(i, c), w.at_scores(slope, i)) for i in _ROWS])


def curvature(w: Workings) -> Step:
    """Assemble the Hessian for the weights."""
    text, latex = "Hessian of J = X' diag(h) X", r"\nabla^2 J = X^\top \operatorname{diag}(h)\, X"
    if w.classes or len(w.slots) > 1:
        a, b = ("j", "k") if w.classes else ("a", "b")
        text = f"Hessian of J, block ({a}, {b}) = X' diag(h_{a}{b}) X"
        latex = rf"\nabla^2_{{{a}{b}}} J = X^\top \operatorname{{diag}}(h_{{{a}{b}}})\, X"
    after = Statement(text, latex, tuple(_hessian_entries(w, w.forms["textbook"])))
    return Step(
        "curvature", "Curvature in the weights", _weight_gradient(w), after,
        "Cross-products of the columns, weighted by the curvature of each row. With the complete loss this is the "
        "observed information of a linear model; in a network the curvature of the raw prediction itself is added.",
        Claim("derivative", tuple(w.weights())),
    )  # fmt: skip


def _hessian_entries(w: Workings, form: Form) -> Iterator[Node]:
    """Yield X' diag(h) X on the instance: the packed upper triangle over `Workings.weights`."""
    slots = range(len(w.slots))
    packed = [(a, b) for a in slots for b in slots if a <= b]

    def entry(a: int, b: int) -> Node:
        if w.classes:
            return _at_class(form.hessian[0], j=a, k=b)
        return form.hessian[packed.index((min(a, b), max(a, b)))]

    if w.classes:
        places = [(c, j) for c in _COLUMNS for j in range(CLASSES)]
    else:
        places = [(c, s) for s in slots for c in _COLUMNS]
    for first, (c, a) in enumerate(places):
        for d, b in places[first:]:
            squares = [
                (call("mul", _x(i, c), _x(i, d)), w.at_scores(entry(a, b), i)) for i in _ROWS
            ]
            yield total([call("mul", xx, h) for xx, h in squares])


def _x(row: int, column: int) -> Node:
    return Symbol(f"x.{row}.{column}")


def _at_class(node: Node, **index: int) -> Node:
    return substitute(node, {name: as_node(value) for name, value in index.items()})


NO_STRENGTH = "no lambda: this is not a sum of |w| and w^2, so no L1 or L2 penalty is its equal; it need not be convex"


def penalty(w: Workings) -> Step:
    """Write the prior of the weights as a penalty."""
    assert w.prior is not None
    weight = sp.Symbol("w", real=True)
    before = call("neg", w.prior.log_density(Symbol("w")))
    terms = sp.Add.make_args(open_logs(to_sympy(before, {"w": weight})))
    fixed = sp.Add(*(term for term in terms if not term.has(weight)))
    moving = sp.Add(*(term for term in terms if term.has(weight)))
    dropped = (Dropped("term", from_sympy(fixed), "it does not contain w"),) if fixed != 0 else ()
    known = strengths(w.prior)
    notes = known.lines() if known is not None else (NO_STRENGTH,)
    return Step(
        "penalty", "The prior as a penalty",
        Statement("-log p(w)", r"-\log p(w)", (before,)), expression(from_sympy(moving)),
        f"Each slope w has the prior {w.prior}. Minus its logarithm is added to the sum of the complete losses; where "
        "the data term is a mean, divide it by the number of rows. Intercepts and scales have no prior unless one is "
        "named. The gradient and the curvature of J gain the first and the second derivative of the penalty.",
        Claim("same", free_of=frozenset(("w",))), dropped, notes,
        note_label="Scaling",
    )  # fmt: skip
