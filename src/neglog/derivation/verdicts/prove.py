"""Search for a form of a derivative that shows between which numbers it lies.

SymPy offers equal forms: factored, expanded, in the residual, in tanh. Interval arithmetic over their text (the
checker's own) says what each of them shows; the best lower and the best upper bound need not come from the same form.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import mpmath as mp
import sympy as sp

from neglog.derivation.verdicts import check
from neglog.derivation.verdicts.case import Case
from neglog.derivation.verdicts.pieces import Pieces, split
from neglog.errors import NeglogError
from neglog.symbolic.calculus import FUNCTIONS, from_sympy
from neglog.symbolic.expression import Call, Node, Symbol, substitute
from neglog.symbolic.text import parse, to_text

__all__ = ["Shown", "show"]

_INF = float("inf")
_LARGEST = 400  # operations; beyond, SymPy's rewriting takes too long


@dataclass(frozen=True)
class Shown:
    """Bounds of a derivative, divided by `scale`, and the forms that show them."""

    order: int
    scale: str
    low: float
    high: float
    expressions: tuple[str, ...]
    breaks: tuple[tuple[str, str], ...]
    jumps_up: bool
    smooth: bool

    def certificate(self, case: Case, low: float, high: float) -> dict[str, Any]:
        """Return the certificate that the derivative lies between two (wider) bounds."""
        texts = (self.scale, *self.expressions, *(t for pair in self.breaks for t in pair))
        return {
            "loss": case.text, "variable": case.variable.name, "order": self.order,
            "low": f"{low:.17g}", "high": f"{high:.17g}", "domain": case.used(*texts),
            "expressions": list(self.expressions), "scale": self.scale,
            "breaks": [list(pair) for pair in self.breaks],
        }  # fmt: skip


def show(case: Case, order: int, *, scaled: bool = False) -> Shown | None:
    """Return the best bounds found for the derivative of a loss; None where no form could be written down.

    Parameters
    ----------
    case : Case
        The loss.
    order : {0, 1, 2}
        Which derivative.
    scaled : bool
        Whether a positive factor of hyperparameters may be divided out.
    """
    if sp.count_ops(case.loss) > _LARGEST:
        return None
    whole = split(_rationalised(case.loss), case.variable, case.sample)
    if whole is None:
        return None
    wanted = whole.derivative(order)
    shown, scale = None, sp.Integer(1)
    for scale in _scales(case, wanted) if scaled else (sp.Integer(1),):
        shown = _bounded(case, wanted, scale)
        if shown is not None and max(-shown[0], shown[2]) < _INF:
            break
    if shown is None:
        return None
    try:
        places = [to_text(from_sympy(at)) for at in whole.breaks]
        jumps = whole.derivative(order - 1).jumps() if order == 2 else [sp.Integer(0)] * len(places)
        ups = [next((t for t, lo, _ in _forms(case, jump) if lo >= 0), None) for jump in jumps]
        breaks = tuple(
            (place, up or to_text(from_sympy(jump)))
            for place, up, jump in zip(places, ups, jumps, strict=True)
        )
        scale_text = to_text(from_sympy(scale))
    except NeglogError:
        return None
    low, low_text, high, high_text = shown
    return Shown(
        order, scale_text, low, high, tuple(dict.fromkeys((low_text, high_text))),
        breaks, all(up is not None for up in ups), all(jump == 0 for jump in jumps),
    )  # fmt: skip


def _rationalised(loss: Any) -> Any:
    """Write roots in a denominator, r^2/(1 + sqrt(1 + r^2)), as roots in the numerator: their derivatives are short."""
    rooted = any(p.base.has(sp.Pow) and p.exp == -1 for p in loss.atoms(sp.Pow))
    return sp.simplify(sp.radsimp(loss)) if rooted else loss


def _bounded(case: Case, wanted: Pieces, scale: Any) -> tuple[float, str, float, str] | None:
    """Return the best lower and upper bound over all pieces, each with the form that shows it."""
    lows, highs = [], []
    for i, part in enumerate(wanted.parts):
        found = list(_forms(case, sp.simplify(part / scale) if scale != 1 else part))
        found += [*_clipped(case, wanted, i, part / scale), *_humps(case, part, scale)]
        if not found:
            return None
        lows.append(max(found, key=lambda form: form[1]))
        highs.append(min(found, key=lambda form: form[2]))
    ends = [to_text(from_sympy(at)) for at in wanted.breaks]
    return (
        min(low for _, low, _ in lows), _chained(case, ends, [text for text, _, _ in lows]),
        max(high for _, _, high in highs), _chained(case, ends, [text for text, _, _ in highs]),
    )  # fmt: skip


def _chained(case: Case, ends: list[str], texts: list[str]) -> str:
    result = texts[-1]
    for end, text in zip(reversed(ends), reversed(texts[:-1]), strict=True):
        result = (
            text if text == result else f"where({case.variable.name} < {end}, {text}, {result})"
        )
    return result


def _forms(case: Case, expr: Any) -> Iterator[tuple[str, float, float]]:
    """Yield equal forms of an expression as text, with the bounds each shows."""
    box = {name: (mp.mpf(d[0]), mp.mpf(d[1])) for name, d in case.domain.items()}
    seen = set()
    for node in _nodes(case, expr):
        text = to_text(node)
        if text in seen:
            continue
        seen.add(text)
        try:
            low, high = check.bounds(check.read(text), box)
            yield text, float(low), float(high)
        except (KeyError, TypeError, ValueError, ZeroDivisionError):
            continue


def _nodes(case: Case, expr: Any) -> Iterator[Node]:
    for form in _equal(case, expr):
        try:
            yield from_sympy(form)
        except NeglogError:
            continue
    # In the residual: a law of locations depends on the target through it alone.
    for y in case.targets:
        if case.domain[y.name][1] == "1":
            continue
        r = sp.Symbol("r_", real=True)
        shifted = expr.subs(case.variable, y + r)
        free = sp.simplify(shifted) if sp.count_ops(shifted) < _LARGEST else shifted
        if not free.has(y):
            residual = Symbol(case.variable.name) - Symbol(y.name)
            for form in _equal(case, free):
                try:
                    yield substitute(from_sympy(form), {"r_": residual})
                except NeglogError:
                    continue
            # In units of a hyperparameter: a law of locations and scales.
            for s in case.sample:
                if s.is_positive and free.has(s):
                    unit = sp.Symbol("x_", real=True)
                    scaled = sp.simplify(free.subs(r, s * unit))
                    for form in (scaled, *_roots(scaled, unit)):
                        try:
                            node = form if isinstance(form, Node) else from_sympy(form)
                        except NeglogError:
                            continue
                        yield substitute(node, {"x_": residual / Symbol(s.name)})
            for form, unit in _hyperbolic(free, r):
                try:
                    node = substitute(from_sympy(form), {"t_": Call("tanh", (Symbol("u_"),))})
                    yield substitute(node, {"u_": substitute(from_sympy(unit), {"r_": residual})})
                except NeglogError:
                    continue
            if free.is_rational_function(r):
                yield from (substitute(node, {"r_": residual}) for node in _to_one(free))
    # Linear in a target from 0 to 1: a mixture of what holds at 0 and at 1.
    for y in case.targets:
        if expr.has(y) and case.domain[y.name][:2] == ("0", "1") and sp.diff(expr, y, 2) == 0:
            try:
                if any(expr.subs(y, v).has(sp.zoo, sp.nan, sp.oo) for v in (0, 1)):
                    continue
                zero, one = (
                    max(_forms(case, sp.expand(expr.subs(y, v))), key=lambda f: f[1])[0]
                    for v in (0, 1)
                )
            except ValueError:  # also a DensityError: no form could be written
                continue
            yield (1 - Symbol(y.name)) * parse(zero) + Symbol(y.name) * parse(one)


def _equal(case: Case, expr: Any) -> Iterator[Any]:
    """Yield equal forms of a SymPy expression."""
    yield expr
    if expr.is_number or sp.count_ops(expr) > _LARGEST:
        return
    sigmoid, expm1, log1p = FUNCTIONS["sigmoid"], FUNCTIONS["expm1"], FUNCTIONS["log1p"]
    plain = expr.replace(expm1, lambda x: sp.exp(x) - 1).replace(log1p, lambda x: sp.log(1 + x))
    for form in dict.fromkeys((expr, plain)):
        factored = sp.factor(sp.together(form))
        yield factored
        yield from (_excess(factored) if factored.has(sp.exp) else ())
        yield sp.expand(form)
        yield sp.factor_terms(sp.expand(form))
    if any(power.args[0].has(sp.exp) for power in plain.atoms(sp.exp)):
        # exp(exp(-x)): one letter for the inner power keeps SymPy from merging the two.
        inner = sp.Symbol("inner_", positive=True)
        factored = sp.factor(sp.together(plain.subs(case.variable, -sp.log(inner))))
        for form in _excess(factored):
            yield form.subs(inner, sp.exp(-case.variable))
    if expr.has(sigmoid):
        halved = expr.replace(sigmoid, lambda x: (1 + sp.tanh(x / 2)) / 2)
        yield sp.expand(halved)
        yield sp.factor(sp.expand(halved))


def _humps(case: Case, part: Any, scale: Any) -> Iterator[tuple[str, float, float]]:
    """Yield the form in u exp(-u), u = -log(p), where p log(p) occurs, of a polynomial in a hyperparameter h.

    It is divided by (1 + h)^m: with s = 1/(1 + h) a term h^k/(1 + h)^m is (1 - s)^k s^(m - k), all between 0 and 1.
    """
    softplus, sigmoid = FUNCTIONS["softplus"], FUNCTIONS["sigmoid"]
    logs = list(part.atoms(softplus))
    power = next((s for s in case.sample if scale in (1 + s, (1 + s) ** 2)), None)
    if len(logs) != 1 or (power is None and scale != 1):
        return
    (log_p,) = logs
    p, hump, s = sigmoid(-log_p.args[0]), sp.Symbol("hump_"), sp.Symbol("s_")
    degree = 0 if power is None else sp.degree(sp.expand(scale), power)
    moving = (case.variable,) if power is None else (case.variable, power)
    constant, rest = sp.factor(part).as_independent(*moving, as_Add=False)
    terms = []
    for term in sp.Add.make_args(sp.expand(rest)):
        factors = list(sp.Mul.make_args(term))
        if log_p in factors:
            own = next((f for f in factors if f in (p, p**2)), None)
            if own is None:
                return
            factors = [*(f for f in factors if f not in (log_p, own)), own / p, hump]
        raised = sp.Mul(*(f for f in factors if power is not None and f in (power, power**2)))
        k = 0 if power is None else sp.degree(raised, power) if raised.has(power) else 0
        if k > degree:
            return
        terms.append(sp.Mul(*factors) / raised * (1 - s) ** k * s ** (degree - k))
    node = from_sympy(constant * sp.Add(*terms))
    share = 1 / (1 + Symbol(power.name)) if power is not None else Symbol("s_")
    text = to_text(substitute(node, {"hump_": Call("hump", (from_sympy(log_p),)), "s_": share}))
    box = {name: (mp.mpf(d[0]), mp.mpf(d[1])) for name, d in case.domain.items()}
    low, high = check.bounds(check.read(text), box)
    yield text, float(low), float(high)


def _roots(expr: Any, x: Any) -> Iterator[Node]:
    """Yield the form in tanh(asinh(x)) = x/sqrt(1 + x^2), which lies between -1 and 1."""
    form = sp.simplify(expr / (x / sp.sqrt(1 + x**2)))
    if not form.has(x):
        yield from_sympy(form) * Call("tanh", (Call("asinh", (Symbol(x.name),)),))


def _hyperbolic(expr: Any, r: Any) -> Iterator[tuple[Any, Any]]:
    """Yield a rational function of exp(r) as one of t_ = tanh(u), which lies between -1 and 1, and u: r or r/2."""
    if not expr.has(sp.exp):
        return
    power, t = sp.Symbol("power_", positive=True), sp.Symbol("t_", real=True)
    expm1, log1p = FUNCTIONS["expm1"], FUNCTIONS["log1p"]
    plain = expr.replace(expm1, lambda x: sp.exp(x) - 1).replace(log1p, lambda x: sp.log(1 + x))
    rational = sp.cancel(sp.together(sp.powsimp(plain.subs(r, sp.log(power)))))
    if not rational.is_rational_function(power):
        return
    squared = rational.subs(power, sp.sqrt(power))
    for form, unit in ((squared, r), (rational, r / 2)):
        if form.is_rational_function(power):
            inside = sp.factor(sp.together(form.subs(power, (1 + t) / (1 - t))))
            yield from ((inside, unit), (sp.expand(inside), unit))


def _to_one(expr: Any) -> Iterator[Node]:
    """Yield a rational function in what it lacks to 1, and has over -1: often a square."""
    roots = {
        p.base: sp.Symbol(f"{p.base}_root_", positive=True)
        for p in expr.atoms(sp.Pow)
        if p.exp == sp.Rational(1, 2)
    }
    plain = expr.subs({base: root**2 for base, root in roots.items()})
    back = {root: sp.sqrt(base) for base, root in roots.items()}
    try:
        yield 1 - from_sympy(sp.factor(sp.together(1 - plain)).subs(back))
        yield from_sympy(sp.factor(sp.together(1 + plain)).subs(back)) - 1
    except NeglogError:
        return


def _excess(expr: Any) -> Iterator[Any]:
    """Yield the form in exp(x) - 1 - x >= 0, where x exp(x) - exp(x) + 1 occurs."""
    expm1mx = FUNCTIONS["expm1mx"]
    for power in expr.atoms(sp.exp):
        x = power.args[0]
        form = expr.xreplace({x * power - power + 1: power * expm1mx(-x)})
        if form != expr:
            yield form


def _clipped(case: Case, pieces: Pieces, i: int, part: Any) -> Iterator[tuple[str, float, float]]:
    """Yield forms of a piece between two breaks in its relative place, which lies in [-1, 1]."""
    if not 0 < i < len(pieces.parts) - 1:
        return
    low, high = pieces.breaks[i - 1], pieces.breaks[i]
    centre, half = sp.simplify((low + high) / 2), sp.simplify((high - low) / 2)
    place = sp.Symbol("place_", real=True)
    box = {name: (mp.mpf(d[0]), mp.mpf(d[1])) for name, d in case.domain.items()}
    shifted = sp.simplify(part.subs(case.variable, centre + half * place))
    try:
        inside = to_text(from_sympy((case.variable - centre) / half))
        for form in _equal(case, shifted):
            clip = Call(
                "minimum", (Call("maximum", (Symbol("inside_"), Symbol("minus_"))), Symbol("one_"))
            )
            text = to_text(substitute(from_sympy(form), {"place_": clip}))
            text = text.replace("inside_", inside).replace("minus_", "-1").replace("one_", "1")
            lo, hi = check.bounds(check.read(text), box)
            yield text, float(lo), float(hi)
    except (NeglogError, KeyError, TypeError, ValueError, ZeroDivisionError):
        return


def _sign(case: Case, scale: Any) -> bool:
    return any(low >= 0 for _, low, _ in _forms(case, scale))


def _scales(case: Case, pieces: Pieces) -> Iterator[Any]:
    """Yield positive factors: what all pieces share, one hyperparameter more, the largest value."""
    moving = (case.variable, *case.targets)
    shared: set[Any] | None = None
    for part in pieces.parts:
        if part != 0:
            factor, _ = sp.factor(part).as_independent(*moving, as_Add=False)
            factors = {f for f in sp.Mul.make_args(factor) if not f.is_number}
            shared = factors if shared is None else shared & factors
    common = sp.Mul(*(shared or ()))
    if not _sign(case, common):
        common = sp.Integer(1)
    yield from dict.fromkeys((common, sp.Integer(1)))
    for s in case.sample:
        if s.is_positive and any(part.has(s) for part in pieces.parts):
            yield from (common * s, common / s)
        elif s.is_nonnegative and any(part.has(s) for part in pieces.parts):
            yield from (1 + s, (1 + s) ** 2)
    if len(pieces.parts) == 1:
        largest = _largest(case, pieces.parts[0])
        if largest is not None and _sign(case, largest):
            yield largest


def _largest(case: Case, expr: Any) -> Any:
    """Return the largest absolute value of a rational function of the raw prediction, where SymPy finds it."""
    x = case.variable
    if not expr.is_rational_function(x) or sp.count_ops(expr) > _LARGEST:
        return None
    shift = case.targets[0] if len(case.targets) == 1 else 0
    moved = sp.factor(sp.simplify(expr.subs(x, x + shift)))
    try:
        roots = sp.solve(sp.numer(sp.together(sp.diff(moved, x))), x)
    except NotImplementedError:
        return None
    values = [sp.simplify(moved.subs(x, root)) for root in roots if root.is_real is not False]
    sizes = [(abs(complex(v.subs(case.sample))), v) for v in values if not v.has(x)]
    if not sizes:
        return None
    _, largest = max(sizes, key=lambda pair: pair[0])
    return largest if complex(largest.subs(case.sample)).real > 0 else -largest
