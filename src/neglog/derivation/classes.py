"""The stable form of a loss of classes: heads that never take the difference logsumexp(eta) - eta[y].

Where the observed class is all but certain that difference, and softmax minus one, are 0 in floating point; what the
other classes hold is not. A loss of classes is a function of that difference, the excess, and a multiple of its mean
over the classes (see `neglog.losses.class_parts`): the function and its two derivatives are chosen by measurement, like
the forms of any loss.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from neglog.derivation.exact import Exact
from neglog.derivation.points import Points
from neglog.derivation.rewriting import open_logs
from neglog.derivation.stabilise import chosen_outputs
from neglog.derivation.workings import CLASSES, Workings
from neglog.errors import DensityError
from neglog.losses import Certificate, Form, Region
from neglog.losses.class_parts import EXCESS, ClassParts
from neglog.symbolic.calculus import FUNCTIONS, from_sympy
from neglog.symbolic.expression import Node, evaluate
from neglog.symbolic.heads import mpmath_meaning, numpy_meaning, numpy_number
from neglog.symbolic.tape import Tape

__all__ = ["class_form", "function_of_excess", "shortest_of_classes"]

_EXCESSES = (1e-280, 1e-100, 1e-20, 1e-8, 0.5, 34.0, 40.0, 700.0, 746.0, 1e5, 1e308)


def function_of_excess(w: Workings, core: Any) -> tuple[Any, Any, Any] | None:
    """Return G, c and the symbol l where a loss of classes is G(l) + c*(mean excess); None where it is not."""
    symbols = w.symbols
    eta, y = symbols[w.slots[0].raw], symbols[w.density.target]
    excess, mean, whole = (sp.Symbol(name, positive=True) for name in (EXCESS, "mean", "whole"))
    names = {
        FUNCTIONS["logsumexp"](eta): whole,
        FUNCTIONS["softmax"](eta, y): sp.exp(-excess),
        eta[y]: whole - excess,
        FUNCTIONS["average"](eta): whole - mean,
    }
    expr = sp.expand_mul(core.xreplace(names))
    even = sp.factor_terms(sp.diff(expr, mean))
    function = _collected(open_logs(sp.expand_mul(expr - even * mean)), excess)
    if function.has(eta, whole, mean) or even.has(eta, whole, mean, excess):
        return None
    return function, even, excess


def _collected(expr: Any, excess: Any) -> Any:
    """Write l - epsilon*l as (1 - epsilon)*l."""
    linear = sp.diff(expr, excess)
    return linear * excess if not linear.has(excess) and expr.subs(excess, 0) == 0 else expr


def shortest_of_classes(expr: Any, hyper: Sequence[Any]) -> Any:
    """Return a loss of classes as a lecture writes it: powers of probabilities, every term once."""
    spread = sp.collect(sp.expand_mul(expr), hyper)
    powers = expr.replace(sp.exp, _power)
    return min((expr, spread, powers), key=sp.count_ops)


def _power(argument: Any) -> Any:
    """Return exp(argument), as (1 + b)**a where it is a*log1p(b)."""
    for factor in sp.Mul.make_args(argument):
        if isinstance(factor, FUNCTIONS["log1p"]):
            return (1 + factor.args[0]) ** (argument / factor)
    return sp.exp(argument)


def class_form(w: Workings, core: Any, constant: Node) -> tuple[Form, tuple[Certificate, ...]]:
    """Name the loss of a law of classes, or a declared one, and its derivatives by their heads."""
    found = function_of_excess(w, core)
    if found is None:
        p, y = w.slots[0].parameter, w.density.target
        raise DensityError(
            f"{w.density.name} is no function of {p}[{y}], the probability of the class observed, plus a multiple of "
            f"mean_log({p}); another loss of classes cannot be compiled yet."
        )
    function, even, excess = found
    parts, curve = _parts(w, function, even, excess)
    form = parts.form(w.slots[0], w.density.target, constant)
    return form, (*_certificates(w, form, parts), *curve)


def _parts(
    w: Workings, function: Any, even: Any, excess: Any
) -> tuple[ClassParts, tuple[Certificate, ...]]:
    """Choose forms of the function of the excess, with certificates where there is anything to choose."""
    if function == excess and even == 0:
        return ClassParts(), ()
    symbols = {**w.symbols, EXCESS: excess}
    points = _points(w, function)
    names = [EXCESS, *w.hyper]
    (value, *_), (told, *_) = chosen_outputs(function, (excess,), symbols, points, names, names)
    # The mean excess is l and what does not depend on the class observed: its slope is that of l.
    (_, slope, bend), (_, *more) = chosen_outputs(
        sp.expand_mul(function + even * excess), (excess,), symbols, points, names, names
    )
    names = ["function of the excess", "its slope", "its bend"]
    told_of = (replace(c, output=name) for c, name in zip((told, *more), names, strict=True))
    return ClassParts(value, slope, bend, from_sympy(even)), tuple(told_of)


def _points(w: Workings, function: Any) -> Points:
    """Return excesses of every size, and hyperparameters.

    Where the loss itself is beyond float64, its derivatives are of no use: all of them are multiplied by something as
    small as the excess. Between 700 and 746 exp(l) overflows while exp(-l) has not vanished: there a derivative may.
    """
    random = np.random.default_rng(7)
    size = 4 * w.points
    excess = np.exp(random.choice([0.5, 2.0, 10.0, 200.0], size) * random.normal(size=size))
    excess = np.where(random.random(size) < 0.25, random.choice(_EXCESSES, size), excess)
    values = {EXCESS: np.clip(excess, 1e-300, 1e308)}
    for name in w.hyper:
        values[name] = w.density.parameter(name).support.points(random, size)
    with np.errstate(all="ignore"):
        loss = np.abs(evaluate(from_sympy(function), values, numpy_meaning(), numpy_number))
    usable = (loss > 1e-290) & (loss < 1e308) & ~((excess > 700) & (excess < 746))
    return Points(
        {name: array[usable][: w.points] for name, array in values.items()}, frozenset((EXCESS,))
    )


def _certificates(w: Workings, form: Form, parts: ClassParts) -> tuple[Certificate, ...]:
    """Measure value, gradient and Hessian on three classes, in the order of operations of a kernel."""
    random = np.random.default_rng(7)
    raw, y = w.slots[0].raw, w.density.target
    outputs = {
        "value": (form.value, _head("logsumexp_excess", parts)),
        f"gradient {raw}": (form.gradient[0], _head("softmax_excess", parts)),
        f"hessian {raw} {raw}": (form.hessian[0], _head("softmax", parts)),
    }
    tape, meaning = Tape([node for node, _ in outputs.values()]), mpmath_meaning()
    rows, found = [], []
    for _ in range(w.points):
        size = random.choice([1.0, 10.0, 300.0])
        eta = [float(v) for v in size * random.normal(size=CLASSES)]
        own, j, k = (int(v) for v in random.integers(CLASSES, size=3))
        hyper = {
            name: float(w.density.parameter(name).support.points(random, 1)[0]) for name in w.hyper
        }
        rows.append(_exact(tape, meaning, raw, eta, {y: own, "j": j, "k": k}, hyper))
        found.append(_computed(parts, np.array(eta), own, j, k, hyper))
    exact = np.array(rows)  # [points, outputs, 3]
    computed = np.array(found)
    certificates = []
    for place, (name, (_, head)) in enumerate(outputs.items()):
        errors = Exact(*exact[:, place].T).errors(computed[:, place])
        error = float(np.max(errors))
        everywhere = (Region("everywhere", head, error, w.points),)
        certificates.append(Certificate(name, head, error, 4.0, w.points, 1, everywhere))
    return tuple(certificates)


def _head(head: str, parts: ClassParts) -> str:
    return head if parts == ClassParts() else f"{head} and the function of the excess"


def _exact(
    tape: Tape,
    meaning: Mapping[str, Callable[..., Any]],
    raw: str,
    eta: list[float],
    labels: dict[str, int],
    hyper: dict[str, float],
) -> list[tuple[float, float, float]]:
    """Return value, remainder and conditioning of each output: what a relative change of each input does to it."""
    import mpmath as mp

    # 1 - softmax has as many zeros in front as the leading score is ahead.
    ahead = min(max(eta) - min(eta), 800.0)
    with mp.workdps(110 + int(ahead / 2.3)):
        change = mp.mpf(10) ** -40

        def at(scores: list[Any], given: Mapping[str, Any]) -> list[Any]:
            return tape.run(
                {raw: scores, **labels, **given},
                meaning,
                lambda v: mp.mpf(v.numerator) / v.denominator,
            )

        scores, given = list(map(mp.mpf, eta)), {name: mp.mpf(v) for name, v in hyper.items()}
        here = at(scores, given)
        moved = [
            at([v * (1 + change * (i == k)) for i, v in enumerate(scores)], given)
            for k in range(len(scores))
        ]
        moved += [at(scores, {**given, name: v * (1 + change)}) for name, v in given.items()]
        result = []
        for place, f in enumerate(here):
            size = abs(f) + mp.fsum(abs(row[place] - f) for row in moved) / change
            result.append((float(f), float(f - float(f)), float(size)))
        return result


def _computed(
    parts: ClassParts,
    eta: NDArray[np.float64],
    y: int,
    j: int,
    k: int,
    hyper: Mapping[str, float],
) -> tuple[float, float, float]:
    """Return value, slope for class j and curvature for classes j and k as a kernel computes them."""
    top, first = float(eta.max()), int(eta.argmax())
    powers = [math.exp(v - top) for v in eta]
    total = math.fsum(powers)
    logarithm = math.log1p(math.fsum(v for i, v in enumerate(powers) if i != first))

    def others(index: int) -> float:
        return math.fsum(v for i, v in enumerate(powers) if i != index) / total

    def pull(index: int) -> float:
        return -others(y) if index == y else powers[index] / total

    values = {EXCESS: np.float64((top - eta[y]) + logarithm), **hyper}
    with np.errstate(all="ignore"):
        value, slope, bend, even = (
            float(evaluate(part, values, numpy_meaning(), numpy_number))
            for part in (parts.value, parts.slope, parts.bend, parts.even)
        )
    mean = math.fsum(top - v for v in eta) / len(eta) + logarithm
    spread = powers[j] / total * (others(j) if j == k else -powers[k] / total)
    return (
        value + even * mean,
        slope * pull(j) + even * ((j == y) - 1 / len(eta)),
        slope * spread + bend * pull(j) * pull(k),
    )
