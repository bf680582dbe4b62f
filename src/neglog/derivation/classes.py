"""The stable form of a law of classes: heads that never take the difference logsumexp(eta) - eta[y].

Where the observed class is all but certain that difference, and softmax minus one, are 0 in floating point; what the
other classes hold is not.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import sympy as sp

from neglog.derivation.exact import Exact
from neglog.derivation.workings import CLASSES, Workings
from neglog.errors import DensityError
from neglog.losses import Certificate, Form, Region
from neglog.symbolic.calculus import FUNCTIONS, from_sympy
from neglog.symbolic.expression import Call, Node, Symbol

__all__ = ["class_form"]


def class_form(w: Workings, core: Any, constant: Node) -> tuple[Form, tuple[Certificate, ...]]:
    """Name the loss of a law of classes and its derivatives by their heads."""
    symbols = w.symbols
    eta, y, j = symbols[w.slots[0].raw], symbols[w.density.target], symbols["j"]
    excess = FUNCTIONS["logsumexp"](eta) - eta[y]
    if sp.expand(core - excess) != 0:
        raise DensityError(
            f"{w.density.name} is a law of classes other than log(p[y]) with the softmax link; its loss cannot be "
            "compiled yet."
        )
    # As a tree: SymPy would order the factors by its own taste, and the kernel knows this one.
    names = (Symbol(w.slots[0].raw), Symbol("j"), Symbol("k"))
    covariance = Call("softmax", names[:2]) * (
        Call("delta", names[1:]) - Call("softmax", (names[0], names[2]))
    )
    form = Form(
        from_sympy(FUNCTIONS["logsumexp_excess"](eta, y)),
        constant,
        (from_sympy(FUNCTIONS["softmax_excess"](eta, j, y)),),
        (covariance,),
    )
    return form, _certificates(w)


def _certificates(w: Workings) -> tuple[Certificate, ...]:
    """Measure value and gradient on three classes, in the order of operations of the heads."""
    random = np.random.default_rng(7)
    raw = w.slots[0].raw
    exact: dict[str, list[tuple[float, float, float]]] = {"value": [], f"gradient {raw}": []}
    computed: dict[str, list[float]] = {name: [] for name in exact}
    for _ in range(w.points):
        eta = [float(v) for v in random.choice([1.0, 10.0, 300.0]) * random.normal(size=CLASSES)]
        y, j = (int(v) for v in random.integers(CLASSES, size=2))
        for name, truth, value in zip(exact, _exact(eta, y, j), _computed(eta, y, j), strict=True):
            exact[name].append(truth)
            computed[name].append(value)
    certificates = []
    for (name, truths), head in zip(
        exact.items(), ("logsumexp_excess", "softmax_excess"), strict=True
    ):
        errors = Exact(*np.array(truths).T).errors(np.array(computed[name]))
        error = float(np.max(errors))
        everywhere = (Region("everywhere", head, error, w.points),)
        certificates.append(Certificate(name, head, error, 4.0, w.points, 1, everywhere))
    return tuple(certificates)


def _exact(eta: list[float], y: int, j: int) -> list[tuple[float, float, float]]:
    """Return value, remainder and conditioning of the loss and of its derivative for class j."""
    import mpmath as mp

    with mp.workdps(400):
        own = [mp.exp(mp.mpf(v) - eta[y]) for v in eta]
        others = mp.fsum(v for i, v in enumerate(own) if i != y)
        p = [v / (1 + others) for v in own]
        value = mp.log1p(others)
        slope = p[j] if j != y else -others / (1 + others)
        # d loss / d eta_i = p_i - [i = y], d p_j / d eta_i = p_j ([i = j] - p_i)
        size = value + mp.fsum(abs((p[i] - (i == y)) * v) for i, v in enumerate(eta))
        bend = abs(slope) + mp.fsum(abs(p[j] * ((i == j) - p[i]) * v) for i, v in enumerate(eta))
        return [
            (float(f), float(f - float(f)), float(s)) for f, s in ((value, size), (slope, bend))
        ]


def _computed(eta: list[float], y: int, j: int) -> tuple[float, float]:
    """Return the loss and its derivative for class j as the heads compute them."""
    top = max(eta)
    first = eta.index(top)
    powers = [math.exp(v - top) for v in eta]
    total = math.fsum(powers)
    value = (top - eta[y]) + math.log1p(math.fsum(v for i, v in enumerate(powers) if i != first))
    if j != y:
        return value, powers[j] / total
    return value, -math.fsum(v for i, v in enumerate(powers) if i != y) / total
