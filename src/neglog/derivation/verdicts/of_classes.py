"""The verdict on a law of classes: along every line the curvature of its loss is a variance."""

from __future__ import annotations

from typing import Any

from neglog.derivation.verdicts.check import check
from neglog.derivation.verdicts.verdict import Verdict
from neglog.derivation.workings import Workings
from neglog.symbolic.expression import Call, Symbol

__all__ = ["class_verdicts"]


def class_verdicts(w: Workings) -> tuple[Verdict, ...]:
    """Return whether the loss is convex in all scores together.

    On the line eta + t v the loss is log(sum_j exp(eta_j + t v_j)) - eta_y - t v_y, and its second derivative
    the variance of v under the probabilities there: a sum of squares with positive weights, for every direction v.
    """
    slot, y = w.slots[0], w.density.target
    name = f"convex in {slot.raw} jointly"
    if w.density.expression != Call("log", (Call("gather", (Symbol(slot.parameter), Symbol(y))),)):
        return (Verdict(name, "open", "a law of classes other than log(p[y])"),)
    e = slot.raw
    power = {i: f"exp({e}[{i}] + t*v[{i}])" for i in "jk"}
    mean = f"total({power['k']}*v[k], k)/total({power['k']}, k)"
    certificate: dict[str, Any] = {
        "loss": f"log(total({power['j']}, j)) - {e}[{y}] - t*v[{y}]", "variable": "t", "order": 2,
        "low": "0", "high": "inf", "scale": "1", "breaks": [],
        "expressions": [f"total({power['j']}*(v[j] - {mean})**2, j)/total({power['j']}, j)"],
        "domain": {
            "t": ["-inf", "inf"], e: ["-inf", "inf", "vector"], "v": ["-inf", "inf", "vector"],
            "j": ["0", "inf", "index"], "k": ["0", "inf", "index"], y: ["0", "inf", "label"],
        },
    }  # fmt: skip
    if not check(certificate):
        return (Verdict(name, "open", "its certificate was not accepted"),)
    told = "along every line the second derivative is the variance of the direction"
    return (Verdict(name, "proved", told, (certificate,)),)
