"""Check certificates of verdicts: ``python check.py FILE.json`` needs mpmath and nothing of neglog.

A certificate claims that the derivative of some order of a loss in one raw prediction lies between two numbers: a
convex loss has its second derivative in [0, inf), a Lipschitz one its first in [-L, L], a floor bounds the loss itself.

*Proved.* Each of `expressions` is a form of that derivative, divided by `scale`. Two things are checked. Interval
arithmetic over the *text* of the forms, over the whole domain, gives the bounds: a sum of squares is not negative
whatever is in them. And a form *is* the derivative: Taylor's formula with its remainder as an integral holds between
random points far apart, so that a jump or a kink that is not among `breaks` (place, jump of the slope) shows.

*Refuted.* At `point` the difference quotient with `step` is outside the bounds, computed anew with 60 digits.

`MEANING` says what a function of a certificate means and between which numbers its values lie: these ranges are the
axioms. ``total(term, u)`` is an integral over u, or the sum over the components where u counts those of class vectors.
A domain is [lowest, highest], with "integral", "vector", "index" or "label" behind where it is not a number's.

Of these lines `bounds` and `check` decide, in 40, and `is_derivative` tests, in 19; the rest is the table of what each
name means and a reader, and is trusted too: a wrong range in the table lets a false proof pass. Bounds are computed
with 30 digits, not rounded outwards; that a form is the derivative is tested at random points, not proved.
"""

import ast
import itertools
import json
import operator
import pathlib
import random
import sys
from typing import Any

import mpmath as mp

INF, CLASSES, POINTS, RANDOM = mp.inf, 4, 5, random.Random(1)
LINE = (-INF, INF)


def exp(x: Any) -> Any:
    """Return e to the x; beyond 1e9 what mpmath would take for ever to find."""
    return mp.exp(x) if abs(x) < 1e9 else mp.mpf(0) if x < 0 else INF


MEANING = {
    "Add": (operator.add, *LINE), "Sub": (operator.sub, *LINE), "USub": (operator.neg, *LINE),
    "Mult": (lambda a, b: a * b if a and b else mp.mpf(0), *LINE),
    "Div": (lambda a, b: a / b if b else (a * INF if a else mp.nan), *LINE), "Pow": (mp.power, *LINE),
    "Lt": (operator.lt, 0, 1), "LtE": (operator.le, 0, 1), "Gt": (operator.gt, 0, 1), "GtE": (operator.ge, 0, 1),
    "Eq": (operator.eq, 0, 1), "NotEq": (operator.ne, 0, 1), "where": (lambda c, a, b: a if c else b, *LINE),
    "Subscript": (lambda v, i: v[int(i)], *LINE), "minimum": (min, *LINE), "maximum": (max, *LINE),
    "abs": (abs, 0, INF), "exp": (exp, 0, INF), "log": (mp.log, *LINE), "sqrt": (mp.sqrt, 0, INF),
    "pi": (lambda: +mp.pi, 3, 4), "log1p": (mp.log1p, *LINE), "expm1mx": (lambda x: mp.expm1(x) - x, 0, INF),
    "expm1": (lambda x: exp(x) - 1 if abs(x) > 1 else mp.expm1(x), -1, INF),
    "log1mexp": (lambda x: mp.log1p(-exp(-x)) if abs(x) > 1 else mp.log(-mp.expm1(-x)), -INF, 0),
    "sigmoid": (lambda x: 1 / (1 + exp(-x)), 0, 1),
    "softplus": (lambda x: mp.log1p(exp(x)) if x < 0 else x + mp.log1p(exp(-x)), 0, INF),
    "hump": (lambda x: x * exp(-x) if x > 0 else mp.mpf(0), 0, mp.mpf("0.37")),  # its top is 1/e, at 1
    "tanh": (mp.tanh, -1, 1), "cosh": (mp.cosh, 1, INF), "atan": (mp.atan, -2, 2), "asinh": (mp.asinh, *LINE),
    "sin": (mp.sin, -1, 1), "cos": (mp.cos, -1, 1), "exprel": (lambda x: mp.expm1(x) / x if x else mp.mpf(1), 0, INF),
    "lexprel": (lambda x: max(x, 0) + mp.log(-mp.expm1(-abs(x)) / abs(x)) if x else mp.mpf(0), *LINE),
    "lexprel1": (lambda x: 1 / -mp.expm1(-x) - 1 / x if x else mp.mpf(1) / 2, 0, 1),
    "lexprel2": (lambda x: 1 / x**2 - 1 / (4 * mp.sinh(x / 2) ** 2) if x else mp.mpf(1) / 12, 0, mp.mpf(1) / 12),
    "erfcx": (lambda x: mp.exp(x * x) * mp.erfc(x), 0, INF),
    "log_bessel_i0": (lambda x: mp.log(mp.besseli(0, x)), 0, INF),
    "bessel_ratio": (lambda x: mp.besseli(1, x) / mp.besseli(0, x), -1, 1),
    "loggamma": (mp.loggamma, *LINE), "digamma": (mp.digamma, *LINE), "trigamma": (lambda x: mp.psi(1, x), 0, INF),
    "ndtr": (mp.ncdf, 0, 1), "log_ndtr": (lambda x: mp.log(mp.ncdf(x)), -INF, 0),
    "cauchy_cdf": (lambda x: mp.atan2(1, -x) / mp.pi, 0, 1),
    "log_cauchy_cdf": (lambda x: mp.log(mp.atan2(1, -x) / mp.pi), -INF, 0),
    "cauchy_mills": (lambda x: 1 / ((1 + x * x) * mp.atan2(1, -x)), 0, 1),
    "inverse_mills": (lambda x: mp.npdf(x) / mp.ncdf(x), 0, INF),
    "inverse_mills1": (lambda x: -mp.npdf(x) / mp.ncdf(x) * (x + mp.npdf(x) / mp.ncdf(x)), -1, 0),
}  # fmt: skip  # what every name means, in one place
SEPARATELY_MONOTONE = {
    "Add", "Sub", "USub", "Mult", "Div", "Pow", "minimum", "maximum", "exp", "log", "sqrt", "log1p", "expm1",
    "sigmoid", "softplus", "tanh", "atan", "asinh", "log_ndtr", "ndtr", "cauchy_cdf",
    "log_cauchy_cdf",
}  # fmt: skip  # their extremes over a box are at its corners; Div and Pow for a second, first argument >= 0


# The evaluator: an expression as nested tuples (head, arguments), and its value.
def read(text: str) -> Any:
    """Return the tree of an expression."""
    return tree(ast.parse(text, mode="eval").body)


def tree(node: Any) -> Any:
    """Return nested tuples: ("Add", "eta", ("exp", "eta"))."""
    if isinstance(node, ast.Constant):
        return mp.mpf(repr(node.value))
    if isinstance(node, ast.Name | ast.Attribute):
        return ("pi",) if ast.unparse(node) == "pi" else ast.unparse(node)
    parts = [tree(part) for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)]
    head = getattr(node, "op", getattr(node, "ops", [node])[0])
    return tuple(parts) if isinstance(node, ast.Call) else (type(head).__name__, *parts)


def value(t: Any, at: dict[str, Any]) -> Any:
    """Return the value of a tree; `at` holds that of every name, for an index of components None."""
    if not isinstance(t, tuple):
        return at[t] if isinstance(t, str) else t
    if t[0] == "total":
        term: Any = lambda u: value(t[1], at | {t[2]: mp.mpf(u)})  # noqa: E731  # used once only
        return mp.quad(term, at[t[2]]) if at[t[2]] else mp.fsum(map(term, range(CLASSES)))
    if t[0] == "where":  # the other side costs time, and may have no value
        return value(t[2] if value(t[1], at) else t[3], at)
    return MEANING[t[0]][0](*(value(arg, at) for arg in t[1:]))


# The checker.
def bounds(t: Any, box: dict[str, Any]) -> Any:
    """Return two numbers between which every value of a tree lies, by interval arithmetic over `box`."""
    if not isinstance(t, tuple):
        return box[t] if isinstance(t, str) else (t, t)
    head, ranges = t[0], [bounds(arg, box) for arg in t[1:]]
    if head == "where":
        return min(lo for lo, _ in ranges[1:]), max(hi for _, hi in ranges[1:])
    if head == "total":  # of a positive measure
        head, ranges = "Mult", [ranges[0], (0, INF)]
    if head == "Pow" and t[2] in range(2, 100, 2):
        (lo, hi) = ranges[0]
        ranges[0] = (max(0, lo, -hi), max(-lo, hi))
    negative = (head == "Div" and ranges[1][0] < 0) or (head == "Pow" and ranges[0][0] < 0)
    if negative or head not in SEPARATELY_MONOTONE:
        return MEANING[head][1:]
    corners = [MEANING[head][0](*corner) for corner in itertools.product(*ranges)]
    corners = [corner for corner in corners if not mp.isnan(corner)]
    return min(corners), max(corners)


def draw(low: Any, high: Any, kind: str = "number") -> Any:
    """Return a random value from a domain."""
    if kind in ("index", "integral"):
        return None if kind == "index" else (mp.mpf(low), mp.mpf(high))
    if kind in ("label", "vector"):
        return (
            mp.mpf(RANDOM.randrange(CLASSES))
            if kind == "label"
            else [draw(low, high) for _ in range(CLASSES)]
        )
    low, high, size = mp.mpf(low), mp.mpf(high), mp.mpf(RANDOM.gauss(0, 1))
    if low > -INF and high < INF:
        return low + (high - low) * mp.mpf(RANDOM.random())
    return (
        3 * size
        if (low, high) == LINE
        else low + mp.exp(size)
        if low > -INF
        else high - mp.exp(size)
    )


def is_derivative(c: Any, form: Any) -> bool:
    """Return whether scale*form is the derivative of the loss, by Taylor's formula between two random points."""
    at = {name: draw(*domain) for name, domain in c["domain"].items()}
    x, order, loss = c["variable"], c["order"], read(c["loss"])
    a, b = sorted((at[x], draw(*c["domain"][x])))
    f: Any = lambda t: value(loss, at | {x: t})  # noqa: E731  # a formula
    scaled = ("Mult", read(c["scale"]), form)
    g: Any = lambda t: value(scaled, at | {x: t})  # noqa: E731  # as f
    kinks = sorted((value(read(place), at), value(read(jump), at)) for place, jump in c["breaks"])
    if (mp.mpf(c["domain"][x][0]), mp.mpf(c["domain"][x][1])) == LINE:  # every listed kink counts
        a, b = min([a, *(t - 1 for t, _ in kinks)]), max([b, *(t + 1 for t, _ in kinks)])
    kinks = [(t, jump) for t, jump in kinks if a < t < b]
    if order == 0:
        known, rest = g(b), 0
    else:
        known = f(a) + (order - 1) * (b - a) * mp.diff(f, a)
        rest = mp.quad(lambda t: (b - t) ** (order - 1) * g(t), [a, *(t for t, _ in kinks), b])
        rest += (order - 1) * mp.fsum(jump * (b - t) for t, jump in kinks)
    return bool(abs(f(b) - known - rest) <= 1e-9 * (abs(f(b)) + abs(known) + abs(rest)))


def check(c: Any) -> bool:
    """Return whether a certificate holds."""
    with mp.workdps(60 if "point" in c else 30):
        RANDOM.seed(1)  # the same certificate, the same answer
        low, high = mp.mpf(c["low"]), mp.mpf(c["high"])
        box = {name: (mp.mpf(domain[0]), mp.mpf(domain[1])) for name, domain in c["domain"].items()}
        if "point" in c:
            at, h = {name: mp.mpf(v) for name, v in c["point"].items()}, mp.mpf(c["step"])
            moved = [at | {c["variable"]: at[c["variable"]] + k * h} for k in (-1, 0, 1)]
            f = [value(read(c["loss"]), place) for place in moved]
            found = (f[1], (f[2] - f[1]) / h, (f[0] - 2 * f[1] + f[2]) / h**2)[c["order"]]
            inside = all(box[name][0] <= at[name] <= box[name][1] for name in box)
            same = abs(found - mp.mpf(c["quotient"])) <= 1e-12 * abs(found)
            return bool(inside and same and not low <= found <= high)
        forms = [read(text) for text in c["expressions"]]
        jumps = [read(jump) for _, jump in c["breaks"]]
        limits = [bounds(form, box) for form in forms]
        between = max(lo for lo, _ in limits) >= low and min(hi for _, hi in limits) <= high
        signs = [bounds(read(c["scale"]), box)[0], *(bounds(jump, box)[0] for jump in jumps)]
        level = not any(jumps) or (c["order"] == 2 and high == INF)  # a jump: unbounded curvature
        fine = between and level and min(signs) >= 0
        return bool(fine and all(is_derivative(c, form) for form in forms * POINTS))


if __name__ == "__main__":
    with pathlib.Path(sys.argv[1]).open(encoding="utf-8") as file:
        stored = json.load(file)
    for item in stored if isinstance(stored, list) else [stored]:
        sys.stdout.write(f"{check(item)} {item['loss']}\n")
