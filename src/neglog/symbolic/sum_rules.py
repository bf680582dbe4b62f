"""The derivative rule of sums and integrals, in SymPy.

    d logsum(t)          = mean(dt)
    d mean(g)            = mean(dg) + covariance(g, dt)
    d covariance(a, b)   = covariance(da, b) + covariance(a, db) + cumulant3(a, b, dt)

all under the weights exp(t). Where an end of an interval moves, the integrand there times the speed of the end is
added: of ``mean(g)``, ``(g(end) - mean(g)) exp(t(end) - logsum(t))``. One rule serves mixtures, normalisers that are
series, and every distribution function without a formula: the score of a tail is the expected score beyond the end.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import sympy as sp

__all__ = ["SUMS", "opaque_sums"]


class series(sp.Function):  # noqa: N801  # SymPy functions are lower case
    """Whole numbers from a start on; where the terms peak and how wide they spread only helps to find them."""

    nargs = (1, 3)


class interval(sp.Function):  # noqa: N801  # as series
    """From one number to another."""

    nargs = (2, 4)


class _Weighted(sp.Function):
    """A sum over an index, or a mean under its weights; the index is bound."""

    is_real = True

    @property
    def free_symbols(self) -> set[Any]:
        *inside, index, domain = self.args
        under: set[Any] = set().union(*(part.free_symbols for part in inside))
        found: set[Any] = (under - {index}) | domain.free_symbols
        return found

    def _eval_derivative(self, s: Any) -> Any:
        *functions, term, index, domain = self.args
        if s == index:
            return sp.Integer(0)
        change = _moment([*functions, sp.diff(term, s)], term, index, domain)
        for place, function in enumerate(functions):
            others = [*functions]
            others[place] = sp.diff(function, s)
            change += _moment(others, term, index, domain)
        if isinstance(domain, interval):
            low, high = domain.args[:2]
            for end, sign in ((high, 1), (low, -1)):
                speed = sp.diff(end, s) if end.free_symbols else sp.Integer(0)
                if speed != 0:
                    change += sign * speed * self._at(end)
        return change

    def _at(self, end: Any) -> Any:
        """Return what one unit of length more at an end of the interval adds."""
        *functions, term, index, domain = self.args
        density = sp.exp(term.subs(index, end) - logsum(term, index, domain))
        if not functions:
            return density
        centred = [
            function.subs(index, end) - _moment([function], term, index, domain)
            for function in functions
        ]
        return density * (sp.Mul(*centred) - (self if len(functions) > 1 else 0))


class logsum(_Weighted):  # noqa: N801  # as series
    """log of the sum (or integral) of exp(term)."""

    nargs = 3


class mean(_Weighted):  # noqa: N801  # as series
    """Mean of a function under the weights exp(term)."""

    nargs = 4


class covariance(_Weighted):  # noqa: N801  # as series
    """Covariance of two functions under the weights exp(term)."""

    nargs = 5


class cumulant3(_Weighted):  # noqa: N801  # as series
    """Third joint cumulant of three functions under the weights exp(term)."""

    nargs = 6

    def _eval_derivative(self, s: Any) -> Any:
        raise NotImplementedError("no loss needs a fourth derivative of a sum")


def _moment(functions: list[Any], term: Any, index: Any, domain: Any) -> Any:
    """Return a joint cumulant, with what does not depend on the index taken out of it."""
    factor, inside = sp.Integer(1), []
    for function in functions:
        outer, varying = function.as_independent(index, as_Add=True)
        if len(functions) == 1 and outer != 0:
            return outer + _moment([varying], term, index, domain)
        if varying == 0:
            return sp.Integer(0)
        constant, varying = sp.factor_terms(varying).as_independent(index, as_Add=False)
        factor *= constant
        inside.append(varying)
    kind = (logsum, mean, covariance, cumulant3)[len(inside)]
    return factor * kind(*sorted(inside, key=sp.default_sort_key), term, index, domain)


SUMS: dict[str, type[sp.Function]] = {
    cls.__name__: cls for cls in (logsum, mean, covariance, cumulant3, series, interval)
}


Forms = list[tuple[str, Any]]


def opaque_sums(propose: Callable[..., Iterator[Forms]]) -> Callable[..., Iterator[Forms]]:
    """Let rewriting rules see a sum as one symbol: what is rewritten inside it is no longer shared between outputs."""

    @functools.wraps(propose)
    def proposing(expr: Any, *args: Any, **options: Any) -> Iterator[Forms]:
        sums = sorted(_outermost(expr), key=sp.default_sort_key)
        hidden = {found: sp.Dummy(f"s{i}", real=True) for i, found in enumerate(sums)}
        shown = {dummy: found for found, dummy in hidden.items()}
        for batch in propose(expr.xreplace(hidden), *args, **options):
            yield [(name, form.xreplace(shown)) for name, form in batch] if sums else batch

    return proposing


def _outermost(expr: Any) -> set[Any]:
    if isinstance(expr, _Weighted):
        return {expr}
    return set().union(*map(_outermost, expr.args))
