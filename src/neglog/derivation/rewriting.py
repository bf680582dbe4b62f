"""Rewriting rules: equal forms of one expression, of which a measurement picks the best.

Rounding is what the rules are about. ``softplus(eta) - y*eta`` and ``(1 - y)*softplus(eta) + y*softplus(-eta)`` are
equal on paper; at eta = 34 and y = 1 the first is 0 and the second 1.7e-15, which is right. No rule is trusted to
improve anything: each only proposes, `choice` measures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from itertools import product
from typing import Any

import sympy as sp

from neglog.derivation.expansion import check_expansion, check_fractions
from neglog.derivation.normal_form import normal_form
from neglog.derivation.remainders import exposed, log_of_product
from neglog.derivation.saturation import by_logarithms, capped, joined, saturated, scaled
from neglog.symbolic.calculus import FUNCTIONS, from_sympy
from neglog.symbolic.expression import Node
from neglog.symbolic.sum_rules import opaque_sums

__all__ = ["finished", "forms", "open_logs", "textbook"]

_softplus, _sigmoid, _log1p = FUNCTIONS["softplus"], FUNCTIONS["sigmoid"], FUNCTIONS["log1p"]
_expm1 = FUNCTIONS["expm1"]

# Heads kept whole while the rational part around them is brought to a normal form.
_ATOMS = (
    sp.tanh,
    sp.log,
    sp.loggamma,
    sp.polygamma,
    sp.Abs,
    sp.sign,
    *(function for name, function in FUNCTIONS.items() if name not in ("sigmoid", "softmax")),
)


def open_logs(expr: Any) -> Any:
    """Expand logarithms of products, powers and exponentials; name log sigmoid and log(1 + exp) by their heads."""
    previous = None
    while expr != previous:
        previous = expr
        expr = expr.replace(_is_general_power, lambda power: sp.exp(power.exp * sp.log(power.base)))
        expr = expr.replace(sp.log, _log_of_complement)
        expr = _one_minus_sigmoid(sp.expand_log(expr, force=True))
        expr = expr.replace(sp.log, _log_of).replace(_log1p, _log1p_of)
    return _numbers_together(expr)


def _log_of_complement(argument: Any) -> Any:
    """Write log(1 - exp(u)), and of a(1 - exp(u)) too, by its head before the sign is taken for a factor."""
    factors = sp.Mul.make_args(-argument)
    complements = [factor for factor in factors if isinstance(factor, FUNCTIONS["expm1"])]
    if len(complements) != 1 or not argument.could_extract_minus_sign():
        return sp.log(argument)
    rest = sp.Mul(*(factor for factor in factors if factor is not complements[0]))
    return FUNCTIONS["log1mexp"](-complements[0].args[0]) + sp.log(rest)


def _is_general_power(expr: Any) -> bool:
    """Whether an expression is (y/lam)**k: its logarithm is a product, and no intermediate result overflows."""
    return bool(expr.is_Pow and not expr.exp.is_number and expr.base is not sp.E)


def _numbers_together(expr: Any) -> Any:
    """Write log(2)/2 + log(pi)/2 as log(2*pi)/2 again."""
    rest: list[Any] = []
    inside: dict[Any, Any] = {}
    for term in sp.Add.make_args(expr):
        coefficient, factor = term.as_coeff_Mul()
        if isinstance(factor, sp.log) and factor.args[0].is_number:
            inside[coefficient] = inside.get(coefficient, sp.Integer(1)) * factor.args[0]
        else:
            rest.append(term)
    return sp.Add(*rest, *(coefficient * sp.log(number) for coefficient, number in inside.items()))


def _one_minus_sigmoid(expr: Any) -> Any:
    return expr.replace(
        lambda e: e.is_Add and len(e.args) == 2 and 1 in e.args and isinstance(1 - e, _sigmoid),
        lambda e: _sigmoid(-(1 - e).args[0]),
    )


# Distribution functions of laws symmetric about 0, each with its logarithm.
_CDFS = {
    FUNCTIONS["ndtr"]: FUNCTIONS["log_ndtr"],
    FUNCTIONS["cauchy_cdf"]: FUNCTIONS["log_cauchy_cdf"],
}


def _log_of(argument: Any) -> Any:
    for cdf, log_cdf in _CDFS.items():
        if isinstance(argument, cdf):
            return log_cdf(argument.args[0])
        if isinstance(1 - argument, cdf):
            return log_cdf(-(1 - argument).args[0])
    if isinstance(argument, _softplus):
        return FUNCTIONS["log_softplus"](argument.args[0])
    if isinstance(argument, _sigmoid):
        return -_softplus(-argument.args[0])
    if isinstance(argument, FUNCTIONS["softmax"]):
        vector, index = argument.args
        return vector[index] - FUNCTIONS["logsumexp"](vector)
    if argument.is_Add and 1 in argument.args:
        return _log1p_of(argument - 1)
    return sp.log(argument)


def _log1p_of(argument: Any) -> Any:
    for cdf, log_cdf in _CDFS.items():
        if isinstance(-argument, cdf):
            return log_cdf(-(-argument).args[0])
    exponent = log_of_product(argument)
    if exponent is not None and not argument.has(_sigmoid):
        return _softplus(exponent)
    if isinstance(-argument, _sigmoid):
        return -_softplus((-argument).args[0])
    if isinstance(argument, FUNCTIONS["expm1"]):
        return argument.args[0]
    if isinstance(-argument, sp.exp):
        return FUNCTIONS["log1mexp"](-(-argument).args[0])
    return _log1p(argument)


def textbook(expr: Any) -> Any:
    """Return the shortest of the equal forms: the one a lecture writes."""
    options = [expr, _one_softplus(expr)]
    return min(options, key=lambda option: (sp.count_ops(option), options.index(option)))


def _one_softplus(expr: Any) -> Any:
    """Write softplus(-u) as softplus(u) - u, so that one softplus is left."""
    merged = expr.replace(
        lambda e: isinstance(e, _softplus) and e.args[0].could_extract_minus_sign(),
        lambda e: _softplus(-e.args[0]) + e.args[0],
    )
    return _spread(merged) if merged != expr else expr


def _spread(expr: Any) -> Any:
    """Multiply out the terms of a sum, but not what stands inside a function."""
    return sp.Add(*(sp.expand_mul(term, deep=False) for term in sp.Add.make_args(expr)))


def _mirrored(expr: Any, raws: tuple[Any, ...]) -> Any:
    """Write c softplus(u) + d u as (c + d) softplus(u) - d softplus(-u): no difference of large numbers is left."""
    for atom in sorted(expr.atoms(_softplus), key=str):
        # A u that is a product, such as (y - mu)/s, is multiplied out or flattened elsewhere: give it a name first.
        u, name = atom.args[0], sp.Dummy("u", real=True)
        hidden = _one_softplus(expr.subs({u: name, -u: -name}))
        spread = _spread(hidden)
        c = spread.coeff(_softplus(name))
        rest = spread - c * _softplus(name)
        d = rest.coeff(name)
        if d != 0 and not (rest - d * name).has(name) and not d.has(*raws, _softplus):
            expr = (rest - d * name + (c + d) * _softplus(name) - d * _softplus(-name)).subs(
                name, u
            )
            continue
        expr = _one_softplus(expr)
        spread = _spread(expr)
        c = spread.coeff(atom)
        rest = _spread(spread - c * atom)
        d = _linear_coefficient(rest, u, raws)
        if d is not None and not c.has(_softplus):
            expr = sp.expand(rest - d * u) + (c + d) * atom - d * _softplus(-u)
    return expr


def _linear_coefficient(expr: Any, u: Any, raws: tuple[Any, ...]) -> Any:
    """Return d where `expr` contains d*raw, and u the same raw prediction, d free of all of them; or None."""
    for raw in raws:
        if u.has(raw):
            d = sp.diff(expr, raw) / sp.diff(u, raw)
            if d != 0 and not d.has(*raws):
                return d
    return None


@lru_cache(maxsize=2048)  # the terms of one derivative come up in the next
def _rational(expr: Any, raws: tuple[Any, ...], signs: tuple[int, ...]) -> Any:
    """Bring the coefficient of every transcendental atom to a factored normal form in exp(sign * raw), a sign a raw."""
    bases = {raw: sp.Dummy(f"t{i}", positive=True) for i, raw in enumerate(raws)}
    expr = sp.expand_power_exp(expr)
    for (raw, base), sign in zip(bases.items(), signs, strict=True):
        expr = expr.replace(
            lambda e, raw=raw: isinstance(e, sp.exp) and (e.args[0] / raw).is_Integer,
            lambda e, raw=raw, base=base, sign=sign: base ** (sign * int(e.args[0] / raw)),
        )
    atoms = {
        atom: sp.Dummy(f"a{i}", real=True)
        for i, atom in enumerate(sorted(_outermost(expr, (*_ATOMS, _sigmoid)), key=str))
    }
    hidden = expr.xreplace(atoms)
    kept = [dummy for atom, dummy in atoms.items() if not isinstance(atom, _sigmoid)]
    check_expansion(hidden)
    if kept:
        hidden = sp.expand(hidden)
        check_fractions(hidden, tuple(kept))
    total = sp.Integer(0)
    for monomial, coefficient in sp.Poly(hidden, *kept).terms() if kept else [((), hidden)]:
        term = sp.factor(sp.cancel(coefficient))
        for dummy, exponent in zip(kept, monomial, strict=False):
            term *= dummy**exponent
        total += term
    back = {dummy: atom for atom, dummy in atoms.items()}
    inside = {
        base: sp.exp(sign * raw) for (raw, base), sign in zip(bases.items(), signs, strict=True)
    }
    # Atoms first: they hold exponentials of their own.
    return total.xreplace(back).xreplace(inside)


def _rational_terms(expr: Any, raws: tuple[Any, ...], signs: tuple[int, ...]) -> Any:
    """Bring each term of a sum to its own normal form."""
    if not expr.is_Add:
        return expr
    return sp.Add(*(_rational(term, raws, signs) for term in expr.args))


def _outermost(expr: Any, kinds: tuple[Any, ...]) -> set[Any]:
    if isinstance(expr, kinds):
        return {expr}
    return set().union(*(_outermost(arg, kinds) for arg in expr.args)) if expr.args else set()


@opaque_sums
def forms(expr: Any, raws: tuple[Any, ...], *, rounds: int = 1) -> Iterator[list[tuple[str, Any]]]:
    """Yield forms equal to `expr`, each once, with the names of the rules that made them: a list a round.

    Parameters
    ----------
    expr : sympy.Expr
        A value or a derivative.
    raws : tuple of sympy.Symbol
        The raw predictions.
    rounds : int
        How often rules are applied to the results of rules.

    Yields
    ------
    list of (str, sympy.Expr)
        First the expression as it is together with what one rule makes of it, then what two make, and so on.
    """
    rules = _rules(raws)
    seen = {expr}
    frontier = [("as derived", expr)]
    first = frontier
    for _ in range(rounds):
        found = []
        for name, form in frontier:
            for rule, rewrite in rules.items():
                try:
                    new = _in_branches(rewrite, form)
                except (sp.PolynomialError, NotImplementedError, ZeroDivisionError):
                    continue  # the rule does not apply to this expression
                if new not in seen:
                    seen.add(new)
                    found.append((rule if name == "as derived" else f"{name}, {rule}", new))
        yield first + found
        first, frontier = [], found


def _in_branches(rewrite: Callable[[Any], Any], expr: Any) -> Any:
    """Apply a rule to each branch of a decision: it sees sums and products there, and only an atom from outside."""
    if isinstance(expr, sp.Mul) and len(expr.args) == 2:  # minus a decision is a decision
        sign, decision = expr.args
        if sign.is_Number and isinstance(decision, sp.Piecewise):
            expr = sp.Piecewise(
                *((sign * branch, condition) for branch, condition in decision.args)
            )
    if not isinstance(expr, sp.Piecewise):
        return rewrite(expr)
    return sp.Piecewise(*((rewrite(branch), condition) for branch, condition in expr.args))


def _rules(raws: tuple[Any, ...]) -> dict[str, Callable[[Any], Any]]:
    rules: dict[str, Callable[[Any], Any]] = {
        "one softplus": _one_softplus,
        "mirrored softplus": partial(_mirrored, raws=raws),
        "differences named": _differences,
        "factored": sp.factor_terms,
        "differences named, factored": _differences_factored,
        "factored, differences named": lambda e: _differences(sp.factor_terms(e)),
        "joined exponentials": lambda e: sp.powsimp(e, combine="exp"),
        "factored, joined exponentials": lambda e: sp.powsimp(sp.factor_terms(e), combine="exp"),
        "sigmoids in the exponent": _sigmoids_joined,
        "means of exponentials": _means_of_exponentials,
        "collected exponentials": _collected_exponentials,
        "differences of exponentials": _differences_over,
    }
    for style, options in _STYLES.items():
        rules[f"normal form{style}"] = partial(normal_form, raws=raws, **options)
        if "log1pmx" in FUNCTIONS:
            rules[f"exposed normal form{style}"] = partial(
                _exposed_normal_form, raws=raws, **options
            )
    for signs in _signs(len(raws)):
        generators = ", ".join(
            f"exp({'-' if sign < 0 else ''}{raw})" for sign, raw in zip(signs, raws, strict=True)
        )
        rules[f"rational in {generators}"] = partial(_rational, raws=raws, signs=signs)
        rules[f"terms rational in {generators}"] = partial(_rational_terms, raws=raws, signs=signs)
    return rules


def _signs(number: int) -> list[tuple[int, ...]]:
    """Return which of exp(raw) and exp(-raw) to write with: of three and more not all mixtures."""
    if number < 3:
        return list(product((1, -1), repeat=number))
    return [(1,) * number, (-1,) * number]


def _exposed_normal_form(expr: Any, raws: tuple[Any, ...], **options: bool) -> Any:
    """Let the rational part of logarithms cancel against what is rational already."""
    return normal_form(exposed(expr), raws, **options)


_STYLES: dict[str, dict[str, bool]] = {
    "": {"spread": False},
    ", multiplied out": {"spread": True},
    ", under the bar": {"spread": False, "under": True},
    ", multiplied out under the bar": {"spread": True, "under": True},
}


def _sigmoids_joined(expr: Any) -> Any:
    """Write exp(u) sigmoid(v) as exp(u - softplus(-v)): neither overflows where the product does not."""

    def joined(product: Any) -> Any:
        inside = product.replace(_sigmoid, lambda v: sp.exp(-_softplus(-v)))
        return sp.powsimp(inside, combine="exp")

    return expr.replace(lambda e: e.is_Mul and any(f.has(sp.exp) for f in e.args), joined)


def _differences_over(expr: Any) -> Any:
    """Write exp(u)/expm1(u), which overflows, as -1/expm1(-u)."""
    below = {
        e.base.args[0]
        for e in expr.atoms(sp.Pow)
        if isinstance(e.base, _expm1) and e.exp.is_negative
    }
    quotients = {sp.exp(u): -_expm1(u) / _expm1(-u) for u in below}
    return sp.factor_terms(expr.xreplace(quotients)) if quotients else expr


def _means_of_exponentials(expr: Any) -> Any:
    """Write u/expm1(u) as exp(-lexprel(u)), which is 0 where expm1(u) overflows and u with it."""
    lexprel = FUNCTIONS["lexprel"]
    named = expr.replace(
        lambda e: e.is_Pow and isinstance(e.base, _expm1) and e.exp.is_negative,
        lambda e: (sp.exp(-lexprel(e.base.args[0])) / e.base.args[0]) ** -e.exp,
    )
    return sp.powsimp(named, combine="exp") if named != expr else expr


def _collected_exponentials(expr: Any) -> Any:
    """Collect what multiplies an exponential that may be infinite: some of it alone may be 0."""
    powers = [e for e in expr.atoms(sp.exp) if e.has(FUNCTIONS["log_softplus"])]
    return sp.collect(sp.expand_mul(expr), powers) if powers else expr


def _differences_factored(expr: Any) -> Any:
    """Name differences, then take common factors out: a factor that overflows multiplies a sum, not its terms."""
    return sp.factor_terms(_differences(expr))


def _differences(expr: Any) -> Any:
    """Name differences of nearly equal numbers by heads that do not take them.

    c exp(u) - c is c expm1(u); 2c sigmoid(u) - c and c sigmoid(u) - c sigmoid(-u) are c tanh(u/2).
    """

    def named(total: Any) -> Any:
        terms = list(total.args)
        for term in total.args:
            for factor in sp.Mul.make_args(term):
                rest = term / factor
                if isinstance(factor, sp.exp):
                    partners = {-rest: rest * _expm1(factor.args[0])}
                elif isinstance(factor, _sigmoid):
                    u = factor.args[0]
                    partners = {
                        -rest / 2: rest * sp.tanh(u / 2) / 2,
                        -rest * _sigmoid(-u): rest * sp.tanh(u / 2),
                    }
                else:
                    continue
                for partner, name in partners.items():
                    if term in terms and partner in terms:
                        terms.remove(term)
                        terms.remove(partner)
                        terms.append(name)
        return sp.Add(*terms)

    return expr.replace(lambda e: e.is_Add, named)


def finished(expr: Any) -> Iterator[tuple[str, Node]]:
    """Yield the trees an expression is lowered to: plain, scaled before squaring, and stopped where exp overflows."""
    plain = from_sympy(expr)
    forms = {plain: ""}
    for word, finish in _FINISHES.items():
        for node, own in list(forms.items()):
            forms.setdefault(finish(node), ", ".join(filter(None, (own, word))))
    yield from ((word, node) for node, word in forms.items())


_FINISHES = {
    "scaled before squaring": scaled,
    "large squares by their logarithm": by_logarithms,
    "factors in the exponent": joined,
    "saturated": saturated,
    "capped": capped,
}
