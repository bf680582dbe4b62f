"""The verdicts on the probit of ordered classes: its curvature is 1 less the variance of a normal variable in a class.

The loss is -log of a normal variable's probability to fall between the ends a and b = a + gap of the class. With u from
0 to 1 in place of the variable, p(u) = exp(-(a + gap u)^2/2) and the integrals of it, its second derivative is
(p(1) int (1 - u) p + p(0) int u p)/(int p)^2, all of which is positive. The first and the last class are limits of such
classes, and limits of convex functions are convex.
"""

from __future__ import annotations

from typing import Any

import mpmath as mp

from neglog.derivation.verdicts import check
from neglog.derivation.verdicts.verdict import Verdict
from neglog.derivation.workings import Workings
from neglog.symbolic.expression import Call, Node, Symbol, call

__all__ = ["ordered_verdicts"]

_STEEP = "1e8"


def ordered_verdicts(w: Workings) -> tuple[Verdict, ...]:
    """Return whether the loss is convex, Lipschitz and smooth in the score; empty for any other law than this one."""
    if len(w.slots) != 1 or w.slots[0].link != "identity":
        return ()
    slot = w.slots[0]
    ends = {p.name.rpartition("_")[2]: p.name for p in w.density.parameters if p.name in w.hyper}
    if set(ends) != {"lower", "upper", "gap"} or w.density.expression != _probit(
        slot.parameter, ends
    ):
        return ()
    x, lower, gap = slot.raw, ends["lower"], ends["gap"]
    loss = f"-log(ndtr({lower} + {gap} - {x}) - ndtr({lower} - {x}))"
    at = {u: f"exp(-({lower} + {gap}*{u} - {x})**2/2)" for u in "01u"}

    def integral(part: str) -> str:
        return f"total({at['u']}*({part}), u)"

    domain = {x: ["-inf", "inf"], lower: ["-inf", "inf"], gap: ["0", "inf"]}
    curves: dict[str, Any] = {
        "loss": loss, "variable": x, "order": 2, "low": "0", "high": "inf", "scale": "1", "breaks": [],
        "expressions": [
            f"({at['1']}*{integral('1 - u')} + {at['0']}*{integral('u')})/{integral('1')}**2"
        ],
        "domain": {**domain, "u": ["0", "1", "integral"]},
    }  # fmt: skip
    steep = _steep(
        {"loss": loss, "variable": x, "domain": domain}, {lower: "0.5", gap: "1.25", x: _STEEP}
    )
    found = [
        (f"convex in {x}", "proved", "the curvature is a ratio of integrals of positive functions", curves),
        (f"Lipschitz in {x}", "refuted", f"no constant up to 1000: slope 1e8 at {x} = {_STEEP}", steep),
    ]  # fmt: skip
    decided = [
        Verdict(name, verdict, told, (certificate,))
        if check.check(certificate)
        else Verdict(name, "open", "its certificate was not accepted")
        for name, verdict, told, certificate in found
    ]
    told = "the curvature, 1 less the variance within the class, stays below 1000 at every point tested"
    return (*decided, Verdict(f"smooth in {x}", "open", told))


def _probit(score: str, ends: dict[str, str]) -> Node:
    """Return the row law of nl.OrdinalProbit under the names of another."""
    m, lower, upper, gap = map(Symbol, (score, ends["lower"], ends["upper"], ends["gap"]))
    b, minus_a = call("sub", upper, m), call("sub", m, lower)
    return Call(
        "where",
        (
            Call("lt", (b, minus_a)),
            Call("log_ndtr_gap", (b, gap)),
            Call("log_ndtr_gap", (minus_a, gap)),
        ),
    )


def _steep(certificate: dict[str, Any], point: dict[str, str]) -> dict[str, Any]:
    """Return the certificate of a difference quotient beyond 1000."""
    loss, name = check.read(certificate["loss"]), certificate["variable"]
    with mp.workdps(30):
        values = {n: mp.mpf(v) for n, v in point.items()}
        here, above = (check.value(loss, values | {name: values[name] + h}) for h in (0, 1))
        return {
            **certificate, "order": 1, "low": "-1000", "high": "1000", "point": point, "step": "1",
            "quotient": mp.nstr(above - here, 25),
        }  # fmt: skip
