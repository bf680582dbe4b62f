"""Expected (Fisher) information in the raw predictions, in closed form where the scores themselves give it.

The Hessian of a loss is a sum of statistics of the target, with coefficients free of it. Their expectations need no
integral: every score has mean 0, and products of scores have the mean of the Hessian; these are linear equations for
them. From E[mu - y] = 0 follows E[y] = mu, and the information of a Gamma law in its shape holds no E[log y] any more.
What comes out is compared with quadrature (or a sum) at two points before anything is claimed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations_with_replacement
from typing import Any

import mpmath as mp
import sympy as sp

from neglog.derivation.verdicts.case import tidy
from neglog.derivation.workings import Workings
from neglog.errors import NeglogError
from neglog.symbolic.calculus import FUNCTIONS, from_sympy, to_sympy
from neglog.symbolic.density import Density
from neglog.symbolic.expression import Node
from neglog.symbolic.heads import mpmath_meaning
from neglog.symbolic.tape import Tape

__all__ = ["expected_information"]

_KINKS = (sp.Abs, sp.sign, sp.Max, sp.Min, sp.Piecewise, sp.Heaviside)


@lru_cache(maxsize=64)
def expected_information(density: Density, modelled: Sequence[str]) -> tuple[Node, ...]:
    """Return the expected Hessian of the complete loss in the raw predictions.

    Parameters
    ----------
    density : Density
        The law, of one target.
    modelled : tuple of str
        The parameters that receive a raw prediction.

    Returns
    -------
    tuple of Node
        The packed upper triangle, expressions of raw predictions and hyperparameters; empty where this method finds no
        closed form, or quadrature does not confirm it.
    """
    w = Workings.begin(density, modelled, None, 1)
    if w.classes or len(density.targets) > 1 or not density.likelihood:
        return ()
    symbols = w.symbols
    y = symbols[density.target]
    loss = to_sympy(tidy(w.linked()), symbols)
    means = _from_scores(w, loss, y)
    try:
        nodes = tuple(from_sympy(_steady(mean)) for mean in means)
    except NeglogError:
        return ()
    return nodes if nodes and _confirmed(w, loss, nodes) else ()


def _hessian(loss: Any, raws: Sequence[Any]) -> list[Any]:
    return [sp.diff(loss, a, b) for a, b in combinations_with_replacement(raws, 2)]


def _from_scores(w: Workings, loss: Any, y: Any) -> list[Any]:
    """Solve the linear equations that scores give for the statistics in the Hessian."""
    if loss.has(*_KINKS):
        return []
    symbols = w.symbols
    others = [symbols[p.name] for p in w.density.parameters if p.name in w.hyper]
    hyper = [s for s in others if not w.density.parameter(s.name).hyper]
    places = (*w.raws, *hyper)
    scores = [sp.diff(loss, at) for at in places]
    products = [
        sp.diff(loss, a, b) - sp.diff(loss, a) * sp.diff(loss, b)
        for a, b in combinations_with_replacement(places, 2)
    ]
    centre = w.raws[0] if w.slots[0].link == "identity" else sp.Integer(0)
    statistics: dict[Any, Any] = {}

    def linear(expr: Any) -> Any:
        return _linear(expr, y, centre, statistics)

    wanted = [linear(h) for h in _hessian(loss, w.raws)]
    equations = [linear(score) for score in scores]
    for further in ([], products):
        equations += [linear(product) for product in further]
        needed = {s for h in wanted for s in h.free_symbols & set(statistics.values())}
        if not needed:
            return [sp.simplify(h) for h in wanted]
        unknown = list(statistics.values())
        for solution in sp.solve(equations, unknown, dict=True):
            free = set(unknown) - set(solution)
            means = [sp.simplify(h.subs(solution)) for h in wanted]
            if not any(mean.free_symbols & (free | needed) for mean in means):
                return means
    return []


def _linear(expr: Any, y: Any, centre: Any, statistics: dict[Any, Any]) -> Any:
    """Write an expression with a symbol for every statistic of the target in it."""
    log1p = FUNCTIONS["log1p"]
    r = sp.Symbol("r_", real=True)
    moved = expr.subs(y, r + centre) if centre != 0 else expr
    variable = r if centre != 0 else y
    if moved.is_rational_function(variable):
        moved = sp.apart(sp.together(moved), variable)
    result = sp.Integer(0)
    for term in sp.Add.make_args(sp.expand(moved)):
        coefficient, statistic = term.as_independent(variable, as_Add=False)
        if statistic.has(variable) and not statistic.has(log1p) and centre == 0:
            coefficient, statistic = sp.powsimp(coefficient), sp.powsimp(statistic)
        if not statistic.has(variable):
            result += term
            continue
        name = statistics.setdefault(statistic, sp.Symbol(f"mean_{len(statistics)}_", real=True))
        result += coefficient * name
    return result


def _steady(mean: Any) -> Any:
    """Write trigamma by what Stirling's formula leaves of it, where its leading terms would cancel."""
    terms = sp.Add.make_args(sp.expand(mean))
    if not mean.has(sp.polygamma) or not any(t.could_extract_minus_sign() for t in terms):
        return mean
    rest, sigmoid = FUNCTIONS["binet2"], FUNCTIONS["sigmoid"]
    opened = sp.expand(
        mean.replace(
            sp.polygamma, lambda n, x: rest(x) + 1 / x + 1 / (2 * x * x) if n == 1 else sp.nan
        )
    )
    if opened.has(sp.nan):
        return mean
    bounded, leading = opened.as_independent(rest, as_Add=True)[::-1]
    # A probability and its complement add up to 1, which is what lets the leading terms cancel.
    for part in leading.atoms(sigmoid):
        if part.args[0].could_extract_minus_sign():
            leading = leading.subs(part, 1 - sigmoid(-part.args[0]))
    return bounded + sp.expand(leading)


def _confirmed(w: Workings, loss: Any, nodes: tuple[Node, ...]) -> bool:
    """Compare with the expectation by quadrature, or by a sum, at two points."""
    hessian = _hessian(loss, w.raws)
    try:
        tape = Tape([from_sympy(loss), *(from_sympy(h) for h in hessian)])
    except NeglogError:
        return False
    claimed, meaning, y = Tape(nodes), mpmath_meaning(), w.density.target

    def number(v: Any) -> Any:
        return mp.mpf(v.numerator) / v.denominator

    low, high = w.density.support.bounds
    with mp.workdps(40 if high == 1 else 20):
        for point in (0, 1):
            values = w.sample(point)
            values |= {slot.raw: values[slot.raw] / 2 for slot in w.slots}
            if high == 1:  # a bell: mass at the ends is hard to integrate
                values |= {slot.raw: mp.mpf(2 + point) for slot in w.slots[1:]}
            values |= {name: mp.mpf(13 + 4 * point) / 10 for name in w.hyper}

            def weighted(t: Any, k: int, values: Any = values) -> Any:
                found = tape.run({**values, y: t}, meaning, number)
                return mp.exp(-found[0]) * found[k + 1]

            for k, mean in enumerate(claimed.run(values, meaning, number)):
                if w.density.support.discrete:
                    last = 1 if high == 1 else 150
                    truth = mp.fsum(weighted(mp.mpf(t), k) for t in range(last + 1))
                elif high == 1:

                    def moved(u: Any, k: int = k) -> Any:
                        t = 1 / (1 + mp.exp(-u))
                        return weighted(t, k) * t * (1 - t)

                    truth = mp.quad(moved, [-60, -20, -6, -2, 0, 2, 6, 20, 60])
                elif low == 0:
                    truth = mp.quad(
                        lambda u, k=k: weighted(mp.exp(u), k) * mp.exp(u),
                        [-60, -15, -6, -3, -1, 0, 1, 3, 6, 12],
                    )
                else:
                    truth = mp.quad(lambda t, k=k: weighted(t, k), [-mp.inf, -3, 0, 3, mp.inf])
                if abs(truth - mean) > 1e-6 * (1 + abs(truth)):
                    return False
    return True
