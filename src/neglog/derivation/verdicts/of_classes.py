"""Verdicts on a loss of classes: its curvature along a line is made of a variance and a square.

On the line eta + t v the loss is G(l) + c m, with l the excess of logsumexp over the score of the class observed and m
its mean over the classes (see `neglog.losses.class_parts`). Its second derivative is

    (G'(l) + c) Var(v) + G''(l) (E v - v_y)^2

under the probabilities there: where G is a multiple of l only the variance is left, which is never negative.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import sympy as sp

from neglog.derivation.classes import function_of_excess
from neglog.derivation.rewriting import open_logs
from neglog.derivation.verdicts.case import Case, cases
from neglog.derivation.verdicts.check import check
from neglog.derivation.verdicts.verdict import Verdict
from neglog.derivation.workings import Workings
from neglog.symbolic.calculus import FUNCTIONS, from_sympy, to_sympy
from neglog.symbolic.density import Density, Parameter
from neglog.symbolic.expression import minus
from neglog.symbolic.supports import Binary, Real
from neglog.symbolic.text import to_text

__all__ = ["class_verdicts"]


def class_verdicts(
    w: Workings, of_score: Callable[[Sequence[Case]], Verdict]
) -> tuple[Verdict, ...]:
    """Return whether the loss is convex in all scores together.

    Parameters
    ----------
    w : Workings
        The assumption.
    of_score : callable
        The verdict on a loss in one score: that of two classes, the other score being 0.
    """
    name = f"convex in {w.slots[0].raw} jointly"
    found = function_of_excess(w, open_logs(to_sympy(w.linked(), w.symbols)))
    if found is None:
        p, y = w.slots[0].parameter, w.density.target
        return (Verdict(name, "open", f"no function of {p}[{y}] and mean_log({p})"),)
    function, even, excess = found
    if not sp.diff(function, excess).has(excess):
        return (_of_multiple(w, name, sp.diff(function, excess), even),)
    two = of_score(list(_two_classes(w, function, even, excess)))
    if two.verdict == "refuted":
        told = f"of two classes already, with the scores 0 and {w.slots[0].raw}: "
        return (Verdict(name, "refuted", told + two.statement, two.certificates),)
    return (
        Verdict(
            name, "open", "of two classes no point speaks against it; of more it was not tested"
        ),
    )


def _of_multiple(w: Workings, name: str, share: Any, even: Any) -> Verdict:
    """Return the verdict where the loss is share*l + even*m."""
    e, y = w.slots[0].raw, w.density.target
    power = {i: f"exp({e}[{i}] + t*v[{i}])" for i in "jk"}
    mean = f"total({power['k']}*v[k], k)/total({power['k']}, k)"
    variance = f"total({power['j']}*(v[j] - {mean})**2, j)/total({power['j']}, j)"
    level = sp.expand(share + even)
    factor = "" if level == 1 else f"({_text(level)})*"
    loss = f"{factor}log(total({power['j']}, j))"
    if even == 0 and share == 1:
        loss += f" - {e}[{y}] - t*v[{y}]"
    else:
        loss += f" - ({_text(share)})*({e}[{y}] + t*v[{y}])"
        loss += f" - ({_text(even)})*total({e}[j] + t*v[j], j)/total(1, j)"
    certificate: dict[str, Any] = {
        "loss": loss, "variable": "t", "order": 2,
        "low": "0", "high": "inf", "scale": "1", "breaks": [],
        "expressions": [factor + (f"({variance})" if factor else variance)],
        "domain": {
            "t": ["-inf", "inf"], e: ["-inf", "inf", "vector"], "v": ["-inf", "inf", "vector"],
            "j": ["0", "inf", "index"], "k": ["0", "inf", "index"], y: ["0", "inf", "label"],
            **{n: [f"{v:.17g}" for v in w.density.parameter(n).support.bounds] for n in w.hyper},
        },
    }  # fmt: skip
    if not check(certificate):
        return Verdict(name, "open", "its certificate was not accepted")
    told = "along every line the second derivative is the variance of the direction"
    if level != 1:
        told = f"along every line the second derivative is {_text(level)} times the variance of the direction"
    return Verdict(name, "proved", told, (certificate,))


def _text(expr: Any) -> str:
    return to_text(from_sympy(expr))


def _two_classes(w: Workings, function: Any, even: Any, excess: Any) -> Iterator[Case]:
    """Yield the loss of two classes, y = 1 and y = 0, in the score of the first, that of the second being 0."""
    name = w.slots[0].parameter
    score, y = sp.Symbol(name, real=True), w.symbols[w.density.target]
    one, two = FUNCTIONS["softplus"](-score), FUNCTIONS["softplus"](score)
    loss = y * open_logs(function.subs(excess, one)) + (1 - y) * open_logs(
        function.subs(excess, two)
    )
    loss += even * (one + two) / 2
    hyper = (p for p in w.density.parameters if p.name in w.hyper)
    density = Density(
        w.density.name,
        minus(from_sympy(loss)),
        w.density.target,
        Binary(),
        (Parameter(name, Real()), *hyper),
        likelihood=False,
    )
    line = Workings.begin(density, (name,), None, 1)
    yield from cases(line, line.slots[0].raw)
