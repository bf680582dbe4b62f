"""Which categories of a factor get a column, so that the columns determine the coefficients.

A category has as many indicator columns as levels, and they add up to the intercept. Coded in
*reduced* form, one level - the reference - has no column. The rule, as in patsy: a term is spanned
by all products of its factors, each either reduced or absent; what an earlier term spans is not
repeated; and

    (rest):(reduced) + (rest)  becomes  (rest):(full).

So ``g`` after an intercept is reduced; without one it is full; in ``x:g`` without ``x`` it is full.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from neglog.data.factors import Factor, Term

__all__ = ["Coded", "code_terms"]


@dataclass(frozen=True)
class Coded:
    """A factor of one group of columns: coded in full, or without its reference level."""

    factor: Factor
    full: bool


Product = tuple[Coded, ...]


def code_terms(terms: Sequence[Term], categorical: Callable[[Factor], bool]) -> list[Product]:
    """Return the products whose columns make the design, in their order.

    Parameters
    ----------
    terms : sequence of Term
        The terms of the formula in their order, the intercept among them if there is one.
    categorical : callable
        Whether a factor is a category in the data.
    """
    spanned: set[frozenset[Coded]] = set()
    products: list[Product] = []
    for term in terms:
        choices: list[tuple[Coded | None, ...]] = [
            (Coded(factor, False), None) if categorical(factor) else (Coded(factor, True),)
            for factor in term
        ]
        span = [
            tuple(coded for coded in choice if coded is not None)
            for choice in itertools.product(*choices)
        ]
        fresh = [product for product in span if frozenset(product) not in spanned]
        spanned.update(map(frozenset, fresh))
        products.extend(_merged(fresh))
    return products


def _merged(products: Sequence[Product]) -> list[Product]:
    """Return the fewest products that span the same columns, by the rule above."""
    merged: list[Product] = []
    for product in sorted(products, key=len):
        for index, smaller in enumerate(merged):
            extra = set(product) - set(smaller)
            if len(smaller) != len(product) - 1 or len(extra) != 1:
                continue
            (coded,) = extra
            if coded.full:
                continue
            whole = tuple(Coded(c.factor, True) if c == coded else c for c in product)
            # The wider product may now absorb, or be absorbed by, one that came before.
            merged = _merged([*merged[:index], *merged[index + 1 :], whole])
            break
        else:
            merged.append(product)
    return merged
