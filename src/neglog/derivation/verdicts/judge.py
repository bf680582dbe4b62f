"""Put the questions: whether a loss is convex, Lipschitz, smooth in each raw prediction, and with which constants."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from typing import Any

import mpmath as mp
import sympy as sp

from neglog.derivation.verdicts.case import Case, cases
from neglog.derivation.verdicts.check import check
from neglog.derivation.verdicts.of_classes import class_verdicts
from neglog.derivation.verdicts.of_ordered import ordered_verdicts
from neglog.derivation.verdicts.pieces import KINKED, split
from neglog.derivation.verdicts.prove import Shown, show
from neglog.derivation.verdicts.refute import counterexample, least_curvature, search_work
from neglog.derivation.verdicts.shipped import shipped_verdicts
from neglog.derivation.verdicts.verdict import Verdict
from neglog.derivation.workings import Workings
from neglog.errors import NeglogError
from neglog.symbolic.calculus import from_sympy
from neglog.symbolic.cutpoints import row_law
from neglog.symbolic.density import Density
from neglog.symbolic.expression import Call, Node, Number, Symbol, call, walk
from neglog.symbolic.text import to_text

__all__ = ["judge", "verdicts"]

_INF = float("inf")
_MOST = 1000.0
_ENDLESS = 10**100
_MOST_WORK = 400_000  # operations of one pass of the search: some ten seconds
_TESTED = "no point from -1e8 to 1e8, with small and large targets, speaks against it"


def verdicts(density: Density, modelled: Sequence[str] | None = None) -> tuple[Verdict, ...]:
    """Return what can be decided of the loss of a density, from the package where it ships.

    Parameters
    ----------
    density : Density
        The law, or a loss that is no likelihood.
    modelled : sequence of str, optional
        The parameters that receive a raw prediction; the first free one by default.

    Returns
    -------
    tuple of Verdict
        For every raw prediction: convex, Lipschitz, smooth; of several, whether convex in all of them.
    """
    density = row_law(density)
    names = tuple(modelled) if modelled is not None else density.free[:1]
    return shipped_verdicts(density, names) or judge(density, names)


def judge(density: Density, modelled: Sequence[str] | None = None) -> tuple[Verdict, ...]:
    """Decide anew what `verdicts` returns."""
    density = row_law(density)
    expression, guards = _unguarded(density.expression)
    if guards:
        unguarded = judge(replace(density, expression=expression), modelled)
        told = f"; where {', '.join(guards)}: beyond stands what it tends to, against overflow"
        return tuple(replace(verdict, statement=verdict.statement + told) for verdict in unguarded)
    w = Workings.begin(density, modelled, None, 1)
    if w.classes:
        return class_verdicts(w, _convex)
    if ordered := ordered_verdicts(w):
        return ordered
    found: list[Verdict] = []
    for slot in w.slots:
        names = [f"{what} in {slot.raw}" for what in ("convex", "Lipschitz", "smooth")]
        try:
            each = [
                c
                for case in cases(w, slot.raw)
                for c in ((case.at_target(0), case.at_target(1)) if _by_value(case) else (case,))
            ]
            work = max(map(search_work, each))
            if work > _MOST_WORK:
                told = f"not tested: a search takes {work} operations, more than the {_MOST_WORK} allowed"
                found += [Verdict(name, "open", told) for name in names]
                continue
            found += [
                _convex(each),
                _bounded(each, names[1], 1, "slope"),
                _bounded(each, names[2], 2, "curvature"),
            ]
        except _UNKNOWN as error:
            told = f"not tested: the checker does not know its functions ({error})"
            found += [Verdict(name, "open", told) for name in names]
    if len(w.slots) > 1:
        found.append(_jointly(w))
    return tuple(found)


def _unguarded(node: Node) -> tuple[Node, list[str]]:
    """Return an expression without its guards against overflow, ``where(x < 1e150, a, b)``, and their conditions."""
    if not isinstance(node, Call):
        return node, []
    args, guards = [], []
    for part in node.args:
        arg, inner = _unguarded(part)
        args.append(arg)
        guards += inner
    if node.head == "where" and isinstance(args[0], Call) and args[0].head in ("lt", "le"):
        limit = args[0].args[1]
        if any(isinstance(p, Number) and abs(p.value) > _ENDLESS for p in walk(limit)):
            told = re.sub(r"\d{20,}", lambda digits: f"{float(digits[0]):g}", to_text(args[0]))
            return args[1], [*guards, told]
    return call(node.head, *args), guards


_DIRECTIONS = ((1, 1), (1, -1), (2, 1), (2, -1), (1, 2), (1, -2))


# What the search meets where a loss holds functions without a meaning in `check`.
_UNKNOWN = (NeglogError, KeyError, AttributeError, TypeError, ValueError, ZeroDivisionError)


def _jointly(w: Workings) -> Verdict:
    """Look along lines through the plane of two raw predictions at a time."""
    name = f"convex in {', '.join(slot.raw for slot in w.slots)} jointly"
    for a, b in combinations(w.slots, 2):
        for direction in _DIRECTIONS:
            line = {
                slot.raw: Number(Fraction(step)) * Symbol("t")
                for slot, step in zip((a, b), direction, strict=True)
            }
            for case in cases(w, "t", line):
                try:
                    if search_work(case) > _MOST_WORK:
                        continue
                    against = counterexample(case, 2, 0.0, _INF)
                except _UNKNOWN:
                    continue
                if against is not None:
                    along = ", ".join(f"{n} = {node}" for n, node in line.items())
                    told = f"along {along}: second difference {_point(against)}"
                    return Verdict(name, "refuted", told, (against,))
    return Verdict(name, "open", "no line through 0 in two raw predictions speaks against it")


def _by_value(case: Case) -> bool:
    """Return whether a loss of a binary target has to be taken value by value: the target is not just its weight."""
    if not case.binary or len(case.targets) != 1:
        return False
    return bool(case.loss.has(*KINKED) or sp.simplify(sp.diff(case.loss, case.targets[0], 2)) != 0)


def _shown(
    each: Sequence[Case], order: int, low: float, high: float
) -> list[tuple[Shown, dict[str, Any]]] | None:
    """Return bounds of a derivative for every case, and certificates for them that the checker accepts.

    Infinite bounds on both sides ask for any constant.
    """
    result = []
    for case in each:
        shown = show(case, order, scaled=low < 0)
        if shown is None:
            return None
        size = max(-shown.low, shown.high)
        if low == 0:
            good, ends = shown.low >= 0 and shown.jumps_up, (low, high)
        else:
            good, ends = size < _INF and (order < 2 or shown.smooth), (-size, size)
        if not good:
            return None
        certificate = shown.certificate(case, *ends)
        if not check(certificate):
            return None
        result.append((shown, certificate))
    return result


def _against(each: Sequence[Case], order: int, low: float, high: float) -> dict[str, object] | None:
    for case in each:
        pieces = split(case.loss, case.variable, case.sample)
        places = [to_text(from_sympy(at)) for at in pieces.breaks] if pieces else []
        found = counterexample(case, order, low, high, places)
        if found is not None:
            return found
    return None


def _convex(each: Sequence[Case]) -> Verdict:
    name = f"convex in {each[0].variable.name}"
    against = _against(each, 2, 0.0, _INF)
    if against is not None:
        told = f"second difference {_point(against)}"
        least = [found for case in each if (found := least_curvature(case)) is not None]
        if least and min(least)[0] < 0:
            value, at = min(least)
            told += f"; least second derivative found {value:.4f}, at {at:.3f}"
        return Verdict(name, "refuted", told, (against,))
    shown = _shown(each, 2, 0.0, _INF)
    if shown is None:
        return Verdict(name, "open", _TESTED)
    told = "; ".join(_told(case, one) for case, (one, _) in zip(each, shown, strict=True))
    return Verdict(name, "proved", told, tuple(certificate for _, certificate in shown))


def _point(certificate: Mapping[str, Any]) -> str:
    import mpmath as mp

    def short(text: str) -> str:
        return str(mp.nstr(mp.mpf(text), 4))

    where = ", ".join(f"{name} = {short(value)}" for name, value in certificate["point"].items())
    return f"{short(certificate['quotient'])} at {where}"


def _told(case: Case, shown: Shown) -> str:
    kinks = "" if shown.smooth else "; at the kink the slope jumps up"
    start = f"{case.note}: " if case.note else ""
    return f"{start}second derivative {shown.expressions[0]} >= 0{kinks}"


def _bounded(each: Sequence[Case], name: str, order: int, what: str) -> Verdict:
    against = _against(each, order, -_MOST, _MOST)
    if against is not None and _endless(each, order, against):
        told = f"no constant up to {_MOST:g}: {what} {_point(against)}"
        return Verdict(name, "refuted", told, (against,))
    found = _shown(each, order, -_INF, _INF)
    if found is None and any(case.binary and len(case.targets) == 1 for case in each):
        # Linear in its label: what holds at 0 and at 1 holds of every mean of the two.
        ends = [c.at_target(y) if c.targets else c for c in each for y in (0, 1)]
        found = _shown(ends, order, -_INF, _INF)
    if found is None and against is not None:
        told = f"no constant up to {_MOST:g}, and none above it was shown: {what} {_point(against)}"
        return Verdict(name, "open", told)
    if found is None:
        return Verdict(name, "open", f"the {what} stays below {_MOST:g} at every point tested")
    constants = {_constant(shown): max(-shown.low, shown.high) for shown, _ in found}
    told = f"constant {max(constants, key=lambda text: constants[text])}"
    return Verdict(name, "proved", told, tuple(certificate for _, certificate in found))


def _endless(each: Sequence[Case], order: int, against: Mapping[str, Any]) -> bool:
    """Whether a derivative that leaves the bounds is no large constant: a thousand times more, or remote numbers."""
    if _against(each, order, -(_MOST**2), _MOST**2) is not None:
        return True
    sizes = (abs(mp.mpf(value)) for value in against["point"].values())
    return any(size > 1e8 or 0 < size < 1e-8 for size in sizes)


def _constant(shown: Shown) -> str:
    size = max(-shown.low, shown.high)
    if shown.scale == "1":
        return f"{size:g}"
    return shown.scale if size == 1 else f"{size:g}*({shown.scale})"
