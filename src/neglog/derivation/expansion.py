"""How much there is to write down when an expression is multiplied out: counted, so that it need not be tried.

SymPy's expansions and common denominators have no limit of their own. What exceeds this one would take minutes, and be
no form that anybody computes with.
"""

from __future__ import annotations

from collections import defaultdict
from math import comb
from typing import Any

import sympy as sp

__all__ = ["check_expansion", "check_fractions"]

_MOST = 20_000  # monomials


def check_expansion(expr: Any) -> None:
    """Refuse an expression that is too long when it is multiplied out.

    Raises
    ------
    sympy.PolynomialError
        As of anything that is no polynomial: the rule does not apply.
    """
    if _monomials(expr) > _MOST:
        raise sp.PolynomialError("too many monomials to multiply out")


def check_fractions(total: Any, generators: tuple[Any, ...]) -> None:
    """Refuse an expanded sum whose coefficients, as polynomials in `generators`, are too long over one denominator.

    Raises
    ------
    sympy.PolynomialError
        As `check_expansion`.
    """
    above: dict[Any, dict[Any, int]] = defaultdict(lambda: defaultdict(int))
    for term in sp.Add.make_args(total):
        coefficient, monomial = term.as_independent(*generators, as_Add=False)
        top, bottom = sp.fraction(coefficient)
        above[monomial][bottom] += _monomials(top)
    for numerators in above.values():
        common = 1
        for bottom in numerators:
            common *= _monomials(bottom)
        if sum(number * common // _monomials(b) for b, number in numerators.items()) > _MOST:
            raise sp.PolynomialError("too many monomials over one denominator")


def _monomials(expr: Any) -> int:
    """Return how many monomials the product of all sums in an expression has, before equal ones are joined."""
    if expr.is_Add:
        return sum(map(_monomials, expr.args))
    if expr.is_Mul:
        result = 1
        for factor in expr.args:
            result *= _monomials(factor)
        return result
    if expr.is_Pow and expr.exp.is_Integer:
        power, number = abs(int(expr.exp)), _monomials(expr.base)
        return comb(number + power - 1, power)
    return 1
