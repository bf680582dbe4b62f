"""The only door to SymPy: trees in, SymPy expressions out, and back.

Heads that SymPy lacks become SymPy functions whose derivative is the text of `HEADS`. Coming back, products of powers
with a common exponent are gathered: ``((y - mu)/sigma)**2``, where SymPy's automatic evaluation writes
``(y - mu)**2/sigma**2`` and overflows at half the exponent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import sympy as sp

from neglog.errors import DensityError
from neglog.symbolic.expression import BINDERS, Call, Node, Number, Symbol, call, summed, terms
from neglog.symbolic.heads import HEADS
from neglog.symbolic.sum_rules import SUMS
from neglog.symbolic.text import parse

__all__ = ["FUNCTIONS", "derivative", "differentiate", "from_sympy", "to_sympy"]


def _function(name: str) -> type[sp.Function]:
    """Return a SymPy function whose derivative is the head's rule."""
    rules = [parse(text, {"x", "z"}) for text in HEADS[name].derivative]

    def fdiff(self: Any, argindex: int = 1) -> sp.Expr:
        values = dict(zip(("x", "z"), self.args, strict=False))
        return to_sympy(rules[argindex - 1], values)

    return type(name, (sp.Function,), {"nargs": HEADS[name].arity, "fdiff": fdiff, "is_real": True})


class logsumexp(sp.Function):  # noqa: N801  # SymPy functions are lower case
    """log(sum_k exp(x[k])); its derivative for x[j] is the softmax."""

    nargs = 1

    def _eval_derivative(self, s: Any) -> sp.Expr:
        vector = self.args[0]
        if isinstance(s, sp.Indexed) and s.base == vector:
            return softmax(vector, s.indices[0])
        return sp.Integer(0)


class softmax(sp.Function):  # noqa: N801  # as logsumexp
    """exp(x[j] - logsumexp(x)); its derivative for x[k] is softmax_j (delta_jk - softmax_k)."""

    nargs = 2

    def _eval_derivative(self, s: Any) -> sp.Expr:
        vector, j = self.args
        if isinstance(s, sp.Indexed) and s.base == vector:
            k = s.indices[0]
            return softmax(vector, j) * (sp.KroneckerDelta(j, k) - softmax(vector, k))
        return sp.Integer(0)


class average(sp.Function):  # noqa: N801  # as logsumexp
    """The mean of the components; its derivative for each is one over their number."""

    nargs = 1

    def _eval_derivative(self, s: Any) -> sp.Expr:
        vector = self.args[0]
        if isinstance(s, sp.Indexed) and s.base == vector:
            return 1 / size(vector)
        return sp.Integer(0)


class size(sp.Function):  # noqa: N801  # as logsumexp
    """The number of components."""

    nargs = 1
    is_positive = True

    def _eval_derivative(self, s: Any) -> sp.Expr:
        return sp.Integer(0)


class where(sp.Function):  # noqa: N801  # as logsumexp
    """The second where the first holds, else the third: a decision that SymPy leaves where it is."""

    nargs = 3
    is_real = True

    @classmethod
    def eval(cls, condition: Any, a: Any, b: Any) -> Any:
        if condition in (sp.true, sp.false):
            return a if condition == sp.true else b
        return a if a == b else None

    def _eval_derivative(self, s: Any) -> Any:
        condition, a, b = self.args
        return where(condition, sp.diff(a, s), sp.diff(b, s))


REMAINDERS = (
    "log1pmx",
    "bd0",
    *(f"{tower}{order}" for tower in ("binet", "lgr", "lgd") for order in ("", 1, 2, 3)),
    "lbeta",
)
_OURS = (
    "log1p",
    "expm1",
    "expm1mx",
    "log1mexp",
    "softplus",
    "sigmoid",
    "stirling",
    "ndtri",
    "ndtr",
    "log_ndtr",
    "inverse_mills",
    "inverse_mills1",
    "inverse_mills2",
    "cauchy_cdf",
    "log_cauchy_cdf",
    *(f"cauchy_mills{order}" for order in ("", 1, 2)),
    *(f"log_softplus{order}" for order in ("", 1, 2, 3)),
    "log_ndtr_gap",
    "ndtr_gap_slope",
    "ndtr_gap_edge",
    "ndtr_gap_rest",
    *(f"{tower}{order}" for tower in ("exprel", "lexprel", "erfcx") for order in ("", 1, 2, 3)),
    "log_bessel_i0",
    "log_bessel_i0mx",
    "bessel_ratiom1",
    *(f"bessel_ratio{order}" for order in ("", 1, 2)),
    *REMAINDERS,
)

# Functions of the vocabulary without a SymPy namesake.
FUNCTIONS: dict[str, type[sp.Function]] = {
    **{name: _function(name) for name in _OURS},
    "logsumexp": logsumexp,
    "softmax": softmax,
    "logsumexp_excess": type("logsumexp_excess", (sp.Function,), {"nargs": 2}),
    "softmax_excess": type("softmax_excess", (sp.Function,), {"nargs": 3}),
    "average": average,
    "size": size,
    **{name: type(name, (sp.Function,), {"nargs": 1}) for name in ("mean_log", "average_excess")},
}

_TO: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "pow": lambda a, b: a**b,
    "lt": lambda a, b: sp.Lt(a, b),
    "le": lambda a, b: sp.Le(a, b),
    "gt": lambda a, b: sp.Gt(a, b),
    "ge": lambda a, b: sp.Ge(a, b),
    "eq": lambda a, b: sp.Eq(a, b),
    "ne": lambda a, b: sp.Ne(a, b),
    "exp": sp.exp,
    "log": sp.log,
    "sqrt": sp.sqrt,
    "abs": sp.Abs,
    "sign": sp.sign,
    "tanh": sp.tanh,
    "atan": sp.atan,
    "tan": sp.tan,
    "sin": sp.sin,
    "cos": sp.cos,
    "loggamma": sp.loggamma,
    "digamma": lambda a: sp.polygamma(0, a),
    "trigamma": lambda a: sp.polygamma(1, a),
    "tetragamma": lambda a: sp.polygamma(2, a),
    "xlogy": lambda a, b: a * sp.log(b),
    "minimum": sp.Min,
    "maximum": sp.Max,
    "where": lambda c, a, b: sp.Piecewise((a, c), (b, True)),
    "pi": lambda: sp.pi,
    "inf": lambda: sp.oo,
    "gather": lambda x, y: x[y],
    "delta": sp.KroneckerDelta,
    **FUNCTIONS,
}


def to_sympy(node: Node, symbols: Mapping[str, Any]) -> Any:
    """Return `node` in SymPy, its symbols replaced by those given."""
    if isinstance(node, Number):
        return sp.Rational(node.value.numerator, node.value.denominator)
    if isinstance(node, Symbol):
        return symbols[node.name]
    assert isinstance(node, Call)
    if node.head in BINDERS:
        return _sum_to_sympy(node, symbols)
    return _TO[node.head](*(to_sympy(arg, symbols) for arg in node.args))


def _sum_to_sympy(node: Call, symbols: Mapping[str, Any]) -> Any:
    *inside, index, domain = node.args
    assert isinstance(index, Symbol)
    assert isinstance(domain, Call)
    low = domain.args[0]
    positive = isinstance(low, Number) and low.value >= (0 if domain.head == "interval" else 1)
    assumed = {"positive": True} if positive else {"real": True}
    under = {**symbols, index.name: sp.Symbol(index.name, **assumed)}
    return SUMS[node.head](
        *(_under_sum(part, under) for part in inside),
        under[index.name],
        SUMS[domain.head](*(to_sympy(end, symbols) for end in domain.args)),
    )


def _under_sum(node: Node, symbols: Mapping[str, Any]) -> Any:
    """Return what stands under a sum: no Piecewise, which SymPy would lift out of it together with the index."""
    if isinstance(node, Call) and node.head not in BINDERS:
        args = [_under_sum(arg, symbols) for arg in node.args]
        return where(*args) if node.head == "where" else _TO[node.head](*args)
    return to_sympy(node, symbols)


_FROM: dict[str, str] = {
    "where": "where",
    "exp": "exp",
    "log": "log",
    "Abs": "abs",
    "sign": "sign",
    "tanh": "tanh",
    "atan": "atan",
    "tan": "tan",
    "sin": "sin",
    "cos": "cos",
    "loggamma": "loggamma",
    "KroneckerDelta": "delta",
    "StrictLessThan": "lt",
    "LessThan": "le",
    "StrictGreaterThan": "gt",
    "GreaterThan": "ge",
    "Equality": "eq",
    "Unequality": "ne",
    **{name: name for name in FUNCTIONS},
    **{name: name for name in SUMS},
}


_POLYGAMMA = ("digamma", "trigamma", "tetragamma")


def from_sympy(expr: Any) -> Node:
    """Return a SymPy expression as a tree of the vocabulary.

    Raises
    ------
    DensityError
        If it holds something the vocabulary lacks; the message names it.
    """
    if isinstance(expr, sp.Rational):
        return Number(Fraction(int(expr.p), int(expr.q)))
    if expr is sp.pi:
        return Call("pi", ())
    if expr is sp.oo or expr is sp.S.NegativeInfinity:
        return Call("inf", ()) if expr is sp.oo else call("neg", Call("inf", ()))
    if expr is sp.E:
        return Call("exp", (Number(Fraction(1)),))
    if isinstance(expr, sp.Symbol):
        return Symbol(expr.name)
    if isinstance(expr, sp.IndexedBase):
        return Symbol(str(expr.label))
    if isinstance(expr, sp.Indexed):
        return Call("gather", (Symbol(str(expr.base.label)), from_sympy(expr.indices[0])))
    if expr.is_Add:
        return summed(
            signed for term in expr.as_ordered_terms() for signed in terms(from_sympy(term))
        )
    if expr.is_Mul:
        return _product(expr)
    if isinstance(expr, sp.Pow):
        return _power(from_sympy(expr.base), expr.exp)
    if isinstance(expr, sp.polygamma) and expr.args[0] in (0, 1, 2):
        return Call(_POLYGAMMA[int(expr.args[0])], (from_sympy(expr.args[1]),))
    if isinstance(expr, sp.Piecewise) and expr.args[-1][1] == sp.true:
        node = from_sympy(expr.args[-1][0])
        for value, condition in reversed(expr.args[:-1]):
            node = Call("where", (from_sympy(condition), from_sympy(value), node))
        return node
    if isinstance(expr, sp.Min | sp.Max):
        node = from_sympy(expr.args[0])
        for arg in expr.args[1:]:
            node = Call(
                "minimum" if isinstance(expr, sp.Min) else "maximum", (node, from_sympy(arg))
            )
        return node
    if isinstance(
        expr, sp.Heaviside
    ):  # the derivative of a minimum; which side it takes at 0 is free
        zero, one = Number(Fraction(0)), Number(Fraction(1))
        return Call("where", (Call("ge", (from_sympy(expr.args[0]), zero)), one, zero))
    if isinstance(expr, sp.ITE | sp.And | sp.Or | sp.Not):
        return Call("gt", (_truth(expr), Number(Fraction(0))))
    name = type(expr).__name__
    if name in _FROM:
        return Call(_FROM[name], tuple(from_sympy(arg) for arg in expr.args))
    raise DensityError(
        f"{name} arises from this density and has no head in the vocabulary, so its loss cannot be compiled. Write the "
        "density with the functions of neglog.math, or model fewer parameters."
    )


def _truth(condition: Any) -> Node:
    """Return 1 where a condition holds and 0 elsewhere: SymPy joins conditions that the vocabulary keeps apart."""
    one, zero = Number(Fraction(1)), Number(Fraction(0))
    if condition in (sp.true, sp.false):
        return one if condition == sp.true else zero
    if isinstance(condition, sp.Not):
        return call("sub", one, _truth(condition.args[0]))
    if isinstance(condition, sp.ITE):
        test, a, b = condition.args
        return _chosen(test, _truth(a), _truth(b))
    if isinstance(condition, sp.And | sp.Or):
        result = _truth(condition.args[-1])
        for part in reversed(condition.args[:-1]):
            both = isinstance(condition, sp.And)
            result = _chosen(part, result, zero) if both else _chosen(part, one, result)
        return result
    return Call("where", (from_sympy(condition), one, zero))


def _chosen(test: Any, a: Node, b: Node) -> Node:
    return Call("where", (from_sympy(test), a, b))


def _power(base: Node, exponent: Any) -> Node:
    if exponent == 1:
        return base
    if exponent == sp.Rational(1, 2):
        return Call("sqrt", (base,))
    if exponent.is_Rational and exponent.is_negative:
        return call("div", Number(Fraction(1)), _power(base, -exponent))
    if exponent.is_Rational and exponent.q == 2:
        return (
            _power(base, sp.Integer(exponent.p // 2)) * Call("sqrt", (base,))
            if exponent.p > 1
            else Call("sqrt", (base,))
        )
    return call("pow", base, from_sympy(exponent))


def _product(expr: Any) -> Node:
    """Gather factors by the size of their exponent, so that squares are taken last."""
    coefficient, rest = expr.as_coeff_Mul()
    groups: dict[Any, tuple[list[Node], list[Node]]] = {}
    for factor in sp.Mul.make_args(rest):
        base, exponent = factor.as_base_exp()
        if isinstance(factor, sp.exp):
            # exp(2u) = exp(u)**2: the square joins the other squares before it is taken.
            scale, inner = factor.args[0].as_coeff_Mul()
            shared = scale.is_Integer and abs(scale) > 1 and not inner.is_number
            base, exponent = (
                (sp.exp(inner if scale > 0 else -inner), abs(scale))
                if shared
                else (factor, sp.Integer(1))
            )
        if not exponent.is_Rational:
            base, exponent = factor, sp.Integer(1)
        over, under = groups.setdefault(abs(exponent), ([], []))
        (under if exponent.is_negative else over).append(from_sympy(base))
    top, bottom = Fraction(int(coefficient.p), int(coefficient.q)).as_integer_ratio()
    result: Node | None = Number(Fraction(abs(top))) if abs(top) != 1 else None
    quotient: list[Node] = []
    for size, (over, under) in sorted(groups.items(), key=lambda item: -item[0]):
        if size == 1:
            quotient = under
            factors = over
        else:
            inner = _times(over) if over else Number(Fraction(1))
            factors = [_power(inner / _times(under) if under else inner, size)]
        for factor in sorted(factors, key=_reading_order):
            result = factor if result is None else result * factor
    if result is None:
        result = Number(Fraction(1))
    if top < 0:
        result = summed([(-1, result)])
    if bottom != 1:
        quotient = [Number(Fraction(bottom)), *quotient]
    return result / _times(quotient) if quotient else result


def _times(factors: list[Node]) -> Node:
    result, *rest = sorted(factors, key=_reading_order)
    for factor in rest:
        result = result * factor
    return result


def _reading_order(node: Node) -> int:
    """Order factors as they are read aloud: y before eta, letters before functions."""
    if isinstance(node, Number):
        return -1
    if isinstance(node, Symbol):
        return 1 if node.name.startswith("eta") else 0
    return 2


def derivative(expr: Any, *wrt: Any) -> Any:
    """Return a derivative almost everywhere: where a kink makes SymPy write a delta function, there is none."""
    for symbol in wrt:
        expr = sp.diff(expr, symbol).replace(sp.DiracDelta, lambda *_: sp.Integer(0))
    return expr


def differentiate(node: Node, name: str, symbols: Mapping[str, Any]) -> Node:
    """Return the derivative of `node` with respect to the symbol called `name`."""
    return from_sympy(derivative(to_sympy(node, symbols), symbols[name]))
