"""A normal form of derivatives: rational functions of exponentials, with sigmoids put back.

Differentiating leaves sums of products of exp and sigmoid in which large terms cancel: ``mu*sigmoid(-u) - y*...``. Over
one denominator they cancel exactly, as polynomials do; but ``exp(u)/(1 + exp(u))`` overflows where sigmoid(u) does not.
So the coefficient of every transcendental head is brought over one denominator, its common factors are removed, and
each factor 1/(a + b) becomes 1/a times ``1/(1 + b/a)``: a sigmoid where a and b are exponentials, and a number from 0
to 1 in any case.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import sympy as sp

from neglog.derivation.expansion import check_expansion, check_fractions
from neglog.symbolic.calculus import FUNCTIONS

__all__ = ["normal_form"]

_sigmoid = FUNCTIONS["sigmoid"]


def normal_form(expr: Any, raws: tuple[Any, ...], *, spread: bool, under: bool = False) -> Any:
    """Return the normal form.

    Parameters
    ----------
    expr : sympy.Expr
        What to bring to it.
    raws : tuple of sympy.Symbol
        The raw predictions.
    spread : bool
        Whether numerators are multiplied out: no factor then overflows where its term does not; or kept as factors.
    under : bool
        Whether m/(a + b) becomes 1/(a/m + b/m), which no large or small m harms.
    """
    names, terms = _coefficients(expr, raws)
    total = sp.Integer(0)
    for atoms, coefficient in terms:
        total += _named(coefficient, names, spread, under) * atoms
    return names.show(total)


@lru_cache(maxsize=64)
def _coefficients(expr: Any, raws: tuple[Any, ...]) -> tuple[_Names, list[tuple[Any, Any]]]:
    """Return the products of transcendental heads in an expression, each with its factored coefficient."""
    names = _Names(raws)
    hidden = names.hide(expr)
    atoms = [dummy for dummy in names.atoms.values() if hidden.has(dummy)]
    check_expansion(hidden)
    if atoms:
        hidden = sp.expand(hidden)
        check_fractions(hidden, tuple(atoms))
    terms = sp.Poly(hidden, *atoms).terms() if atoms else [((), hidden)]
    return names, [
        (
            sp.Mul(*(dummy**exponent for dummy, exponent in zip(atoms, monomial, strict=False))),
            sp.factor(sp.cancel(sp.together(coefficient))),
        )
        for monomial, coefficient in terms
    ]


class _Names:
    """Dummies for what the algebra of rational functions need not look into."""

    def __init__(self, raws: tuple[Any, ...]) -> None:
        self.raws = raws
        self.bases = {raw: sp.Dummy(f"t{i}", positive=True) for i, raw in enumerate(raws)}
        self.atoms: dict[Any, Any] = {}  # transcendental heads
        self.lengths: dict[
            Any, Any
        ] = {}  # differences such as y - mu, and exponentials of hyperparameters

    @property
    def divisors(self) -> tuple[Any, ...]:
        """The dummies that may stand below a fraction bar."""
        return (*self.bases.values(), *self.lengths.values())

    def hide(self, expr: Any) -> Any:
        """Write an expression in the dummies."""
        if isinstance(expr, _sigmoid):
            power = self._exponential(expr.args[0])
            return power / (1 + power)
        if isinstance(expr, sp.exp):
            return self._exponential(expr.args[0])
        if expr.is_Function or isinstance(expr, sp.Piecewise):
            return self.atoms.setdefault(expr, sp.Dummy(f"a{len(self.atoms)}", real=True))
        if (
            expr.is_Add
            and expr.has(*self.raws)
            and all(term.as_coeff_Mul()[1].is_Symbol for term in expr.args)
        ):
            content, primitive = expr.as_content_primitive()
            if primitive.could_extract_minus_sign():
                content, primitive = -content, -primitive
            return content * self.lengths.setdefault(
                primitive, sp.Dummy(f"d{len(self.lengths)}", real=True)
            )
        return expr.func(*map(self.hide, expr.args)) if expr.args else expr

    def _exponential(self, exponent: Any) -> Any:
        result, rest = sp.Integer(1), sp.Integer(0)
        for term in sp.Add.make_args(sp.expand(exponent)):
            factor, raw = term.as_coeff_Mul()
            if raw in self.bases and (2 * factor).is_Integer:
                # Bases are exp(raw/2): their square roots are rational too.
                result *= self.bases[raw] ** (2 * factor)
            else:
                rest += term
        if rest == 0:
            return result
        sign = -1 if rest.could_extract_minus_sign() else 1
        name = self.lengths.setdefault(
            sp.exp(sign * rest), sp.Dummy(f"e{len(self.lengths)}", positive=True)
        )
        return result * name**sign

    def show(self, expr: Any) -> Any:
        """Write an expression without the dummies."""
        back = {dummy: atom for atom, dummy in self.atoms.items()}
        back |= {dummy: length for length, dummy in self.lengths.items()}
        return expr.xreplace({base: sp.exp(raw / 2) for raw, base in self.bases.items()}).xreplace(
            back
        )

    def logarithm(self, monomial: Any) -> Any:
        """Return the logarithm of a product of exponentials; None of anything else."""
        powers = monomial.as_powers_dict()
        if not set(powers) <= {*self.bases.values(), sp.S.One}:
            return None
        return sp.Add(*(powers[base] * raw / 2 for raw, base in self.bases.items()))


def _named(expr: Any, names: _Names, spread: bool, under: bool) -> Any:
    """Put sigmoids back into a factored rational function."""
    top, bottom = sp.fraction(expr)
    pairs: list[tuple[Any, Any]] = []
    single = sp.Integer(1)
    for factor in sp.Mul.make_args(bottom):
        base, exponent = factor.as_base_exp()
        if base.is_Add and len(base.args) == 2 and exponent.is_Integer:
            pairs += [base.args] * int(exponent)
        else:
            single *= factor
    if not pairs:
        return sp.expand(top) / single if spread else expr
    if spread:
        monomials = sp.Add.make_args(sp.expand(top))
        return sp.Add(*(_paired(m / single, pairs, names, under) for m in monomials))
    sums = [f for f in sp.Mul.make_args(top) if f.as_base_exp()[0].is_Add]
    alone = sp.Mul(*(f for f in sp.Mul.make_args(top) if not f.as_base_exp()[0].is_Add))
    return sp.Mul(*sums) * _paired(alone / single, pairs, names, under)


def _paired(monomial: Any, pairs: list[tuple[Any, Any]], names: _Names, under: bool) -> Any:
    """Divide a monomial by the sums a + b: by a, or by b, and by what is then left between 1 and infinity."""
    shares = sp.Integer(1)
    for number, (a, b) in enumerate(pairs):
        if under and number == len(pairs) - 1 and not monomial.is_number:
            # A count may be 0: it stays above the bar.
            factor, monomial = monomial.as_independent(*names.divisors, as_Add=False)
            return factor * shares / (a / monomial + b / monomial)
        by_a, by_b = monomial / a, monomial / b
        if _size(by_b) < _size(by_a):
            a, b, by_a = b, a, by_b
        monomial = by_a
        exponent = names.logarithm(b / a)
        shares *= 1 / (1 + b / a) if exponent is None else _sigmoid(-exponent)
    return monomial * shares


def _size(monomial: Any) -> Any:
    powers = monomial.as_powers_dict()
    return sum(abs(exponent) for base, exponent in powers.items() if not base.is_number)
