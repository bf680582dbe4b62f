"""Rules that name what is left of large terms that cancel: differences of loggamma, mixtures, log(1 + small).

``loggamma(r + y) - loggamma(r)`` is the difference of two numbers of size r log r; at r = 1e20 nothing of it is left.
``lgr(r, y)`` is that difference, ``lgd(r, y)`` what remains of it after its first term y log r. Each rule proposes one
such name, wherever its pattern stands; none is trusted, `choice` measures.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, permutations
from typing import Any

import sympy as sp

from neglog.symbolic.calculus import FUNCTIONS

__all__ = ["exposed", "log_of_product", "named_remainders"]

_softplus, _sigmoid, _log1p = FUNCTIONS["softplus"], FUNCTIONS["sigmoid"], FUNCTIONS["log1p"]
_expm1, _log1mexp = FUNCTIONS["expm1"], FUNCTIONS["log1mexp"]


def _head(name: str) -> Any:
    return FUNCTIONS[name]


def _gammas(expr: Any) -> tuple[Any, dict[Any, Any]]:
    """Return the terms without loggamma, and the coefficient of each argument of loggamma."""
    spread = _multiplied_out(expr)
    rest = sp.Integer(0)
    coefficients: dict[Any, Any] = {}
    for term in sp.Add.make_args(spread):
        factor = next((f for f in sp.Mul.make_args(term) if isinstance(f, sp.loggamma)), None)
        if factor is None:
            rest += term
        else:
            (argument,) = factor.args
            coefficients[argument] = coefficients.get(argument, sp.Integer(0)) + term / factor
    return rest, coefficients


def _ratios(expr: Any, name: Callable[[Any, Any], Any]) -> Any:
    """Name c loggamma(r + z) - c loggamma(r), z of one sign for sure."""
    rest, gammas = _gammas(expr)
    number, found = len(gammas), True
    while found:
        found = False
        for upper, lower in permutations(gammas, 2):
            step = sp.expand(upper - lower)
            if step.is_nonnegative and gammas[upper] == -gammas[lower]:
                rest += gammas.pop(upper) * name(lower, step)
                del gammas[lower]
                found = True
                break
    if len(gammas) == number:
        return expr
    return rest + sp.Add(*(c * sp.loggamma(argument) for argument, c in gammas.items()))


def _ratio(r: Any, z: Any) -> Any:
    return _head("lgr")(r, z)


def _ratio_beyond_power(r: Any, z: Any) -> Any:
    return _head("lgd")(r, z) + z * sp.expand_log(sp.log(r), force=True)


def _shifted(expr: Any) -> Any:
    """Move arguments of the gamma function away from 0: log Gamma(x) = log Gamma(x + 1) - log x."""
    expr = expr.replace(
        _head("lgr"),
        lambda r, z: (
            _head("lgr")(r + 1, z) - _log1p(sp.expand(z / r))
            if z.free_symbols or z.is_positive
            else _head("lgr")(r, z)
        ),
    )
    return expr.replace(
        lambda e: (
            isinstance(e, sp.loggamma)
            and e.args[0].could_extract_minus_sign() is False
            and not e.args[0].is_Add
        ),
        lambda e: sp.loggamma(e.args[0] + 1) - sp.expand_log(sp.log(e.args[0]), force=True),
    )


def _binet(expr: Any) -> Any:
    """Write log Gamma(x) as Stirling's formula and Binet's function, which is what it leaves: about 1/(12 x)."""

    def named(x: Any) -> Any:
        power = (x - sp.Rational(1, 2)) * sp.expand_log(sp.log(x), force=True)
        return _head("binet")(x) + sp.expand(power) - x + sp.log(2 * sp.pi) / 2

    if not all(e.args[0].is_number or _modelled_gamma(e) for e in expr.atoms(sp.loggamma)):
        return expr
    return _multiplied_out(expr.replace(_modelled_gamma, lambda e: named(e.args[0])))


def _multiplied_out(expr: Any) -> Any:
    """Multiply out the terms of a sum, but not what stands inside a function."""
    return sp.Add(*(sp.expand_mul(term, deep=False) for term in sp.Add.make_args(expr)))


def _modelled_gamma(expr: Any) -> bool:
    """Whether an expression is loggamma of a product: of what is modelled, not of a count and one."""
    return isinstance(expr, sp.loggamma) and not expr.args[0].is_Add


def _beyond_tangent(expr: Any) -> Any:
    """Write c e as c (expm1mx(log e) + 1 + log e) where the linear terms then cancel."""
    spread = _multiplied_out(expr)
    for term in sp.Add.make_args(spread):
        for coefficient, product in _exponential_parts(term):
            exponent = sp.expand_log(sp.log(product), force=True)
            rest = spread - term + sp.expand_mul(coefficient * (1 + exponent), deep=False)
            if len(sp.Add.make_args(rest)) < len(sp.Add.make_args(spread)) - 2:
                spread = rest + coefficient * _head("expm1mx")(exponent)
                break
    return spread


def _exponential_parts(term: Any) -> Any:
    """Yield the ways to write a term as c times a product of exponentials and positive symbols, or as a quotient."""
    factors = sp.Mul.make_args(term)
    powers = [f for f in factors if isinstance(f, sp.exp)]
    symbols = [f for f in factors if f.is_Symbol and f.is_positive]
    for power in powers:
        for extra in ((), *((symbol,) for symbol in symbols)):
            product = sp.Mul(power, *extra)
            yield term / product, product
    bases = [
        f for f in factors if f.is_Symbol or (f.is_Pow and f.base.is_Symbol and f.exp.is_Integer)
    ]
    for pair in combinations(bases, 2):
        product = sp.Mul(*pair)
        yield term / product, product


def _betas(expr: Any) -> Any:
    """Name c loggamma(a) + c loggamma(b) - c loggamma(a + b)."""
    rest, gammas = _gammas(expr)
    number = len(gammas)
    for a, b in combinations(list(gammas), 2):
        for whole in list(gammas):
            if (
                len({a, b, whole} & gammas.keys()) == 3
                and gammas[a] == gammas[b] == -gammas[whole]
                and _mirrored_sum(a + b - whole) == 0
            ):
                rest += gammas[a] * _head("lbeta")(a, b)
                for argument in (a, b, whole):
                    del gammas[argument]
    if len(gammas) == number:
        return expr
    return rest + sp.Add(*(c * sp.loggamma(argument) for argument, c in gammas.items()))


def _mirrored_sum(expr: Any) -> Any:
    """Expand with sigmoid(-u) written as 1 - sigmoid(u)."""
    return sp.expand(
        expr.replace(
            lambda e: isinstance(e, _sigmoid) and e.args[0].could_extract_minus_sign(),
            lambda e: 1 - _sigmoid(-e.args[0]),
        )
    )


def log_of_product(expr: Any) -> Any:
    """Return the logarithm of a product of exponentials, sigmoids and their powers; None of anything else."""
    if expr == 1:
        return sp.Integer(0)
    if isinstance(expr, sp.exp):
        return expr.args[0]
    if isinstance(expr, _sigmoid):
        return -_softplus(-expr.args[0])
    if expr.is_Mul:
        parts = [log_of_product(factor) for factor in expr.args]
        return None if any(part is None for part in parts) else sp.Add(*parts)
    return None


def _mixtures(expr: Any) -> Any:
    """Write log(w + (1 - w) e) as log1p((1 - w) (e - 1)): where e is near 1, that is small."""

    def named(argument: Any) -> Any:
        if argument.is_Add and len(argument.args) == 2:
            for own, other in permutations(argument.args):
                if isinstance(own, _sigmoid):
                    weight = _sigmoid(-own.args[0])
                elif own.is_Symbol and own.is_positive:
                    weight = 1 - own
                else:
                    continue
                if isinstance(other / weight, _sigmoid):
                    (raw,) = (other / weight).args
                    return _log1p(-weight * _sigmoid(-raw))
                exponent = log_of_product(other / weight)
                if exponent is not None:
                    if isinstance(-exponent, _softplus):
                        return _log1p(-weight * _sigmoid((-exponent).args[0]))
                    return _log1p(weight * _expm1(exponent))
        return sp.log(argument)

    return expr.replace(sp.log, named)


def _mixtures_by_parts(expr: Any) -> Any:
    """Write log(w + e), w a sigmoid, as the larger of the two logarithms and the softplus of minus their distance."""

    def named(argument: Any) -> Any:
        if argument.is_Add and len(argument.args) == 2:
            for own, other in permutations(argument.args):
                a, b = (log_of_product(part) for part in (own, other))
                if isinstance(own, _sigmoid) and a is not None and b is not None:
                    larger, smaller = a + _softplus(b - a), b + _softplus(a - b)
                    return sp.Piecewise((larger, sp.Gt(a, b)), (smaller, True))
        return sp.log(argument)

    return expr.replace(sp.log, named)


def _sums_of_logs(expr: Any) -> Any:
    """Write log(a + b) as log a + softplus(log b - log a)."""

    def named(argument: Any) -> Any:
        if argument.is_Add and len(argument.args) == 2:
            first, second = map(log_of_product, argument.args)
            if first is not None and second is not None:
                return first + _softplus(second - first)
        return sp.log(argument)

    def with_symbols(argument: Any) -> Any:
        symbols, rest = [], sp.Integer(1)
        for factor in sp.Mul.make_args(argument):
            if factor.is_Symbol and factor.is_positive:
                symbols.append(sp.log(factor))
            else:
                rest *= factor
        exponent = log_of_product(rest)
        return _log1p(argument) if exponent is None else _softplus(sp.Add(exponent, *symbols))

    return expr.replace(sp.log, named).replace(_log1p, with_symbols)


def _differences_of_sigmoids(expr: Any) -> Any:
    """Write log(sigmoid(a) - sigmoid(b)) as log1mexp(a - b) - softplus(-a) - softplus(b)."""

    def named(argument: Any) -> Any:
        if argument.is_Add and len(argument.args) == 2:
            for upper, lower in permutations(argument.args):
                if isinstance(upper, _sigmoid) and isinstance(-lower, _sigmoid):
                    a, b = upper.args[0], (-lower).args[0]
                    return _log1mexp(sp.expand(a - b)) - _softplus(-a) - _softplus(b)
        return sp.log(argument)

    return expr.replace(sp.log, named)


def _small_gaps(expr: Any) -> Any:
    """Write log1mexp(x) as log x + lexprel(-x): a small x keeps its digits, and its logarithm may be known."""
    return expr.replace(
        _log1mexp, lambda x: sp.expand_log(sp.log(x), force=True) + _head("lexprel")(-x)
    )


def _concentrated(expr: Any) -> Any:
    """Write log I0(x) as x + log_bessel_i0mx(x), cos(u) as 1 - 2 sin(u/2)^2: of x cos(u) - log I0(x) the x are gone."""
    if not expr.has(_head("log_bessel_i0")):
        return expr
    expr = expr.replace(sp.cos, lambda u: 1 - 2 * sp.sin(u / 2) ** 2)
    return _multiplied_out(
        expr.replace(_head("log_bessel_i0"), lambda x: x + _head("log_bessel_i0mx")(x))
    )


def _softplus_below(expr: Any) -> Any:
    """Write 1/softplus(x) as exp(-log_softplus(x)): softplus underflows where its logarithm is x."""
    return expr.replace(
        lambda e: e.is_Pow and isinstance(e.base, _softplus) and e.exp.is_negative,
        lambda e: sp.exp(e.exp * _head("log_softplus")(e.base.args[0])),
    )


def exposed(expr: Any) -> Any:
    """Write log1p(x) as x + log1pmx(x), softplus(u) as exp(u) + log1pmx(exp(u)): what is rational can then cancel."""
    expr = expr.replace(_softplus, lambda u: sp.exp(u) + _head("log1pmx")(sp.exp(u)))
    return expr.replace(_log1p, lambda x: x + _head("log1pmx")(x))


# Each with the heads it writes.
_RULES: dict[str, tuple[Callable[[Any], Any], tuple[str, ...]]] = {
    "loggamma ratios": (lambda e: _ratios(e, _ratio), ("lgr",)),
    "loggamma ratios beyond their power": (lambda e: _ratios(e, _ratio_beyond_power), ("lgd",)),
    "beta function": (_betas, ("lbeta",)),
    "arguments of gamma shifted by one": (_shifted, ("lgr",)),
    "Stirling and Binet": (_binet, ("binet",)),
    "exponentials beyond their tangent": (_beyond_tangent, ("expm1mx",)),
    "mixture by expm1": (_mixtures, ()),
    "mixture by its larger part": (_mixtures_by_parts, ()),
    "log of a sum by softplus": (_sums_of_logs, ()),
    "difference of sigmoids": (_differences_of_sigmoids, ()),
    "small gaps": (_small_gaps, ("lexprel",)),
    "softplus by its logarithm": (_softplus_below, ("log_softplus",)),
    "Bessel function beyond its exponential": (_concentrated, ("log_bessel_i0mx",)),
}


def named_remainders(expr: Any) -> list[tuple[str, Any]]:
    """Return the forms of a value that the rules lead to, each with the names of its rules, the plain one first."""
    found = {expr: "as derived"}
    frontier = [expr]
    while frontier:
        form = frontier.pop(0)
        for rule, (rewrite, heads) in _RULES.items():
            if rule in found[form] or not FUNCTIONS.keys() >= set(heads):
                continue
            new = rewrite(form)
            if new not in found:
                own = found[form]
                found[new] = rule if own == "as derived" else f"{own}, {rule}"
                frontier.append(new)
    return [(name, form) for form, name in found.items()]
