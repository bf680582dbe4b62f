"""Put the questions: is a loss convex, Lipschitz, smooth in each raw prediction, and how far can one observation pull?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sympy as sp

from neglog.derivation.verdicts.case import Case, cases
from neglog.derivation.verdicts.check import check
from neglog.derivation.verdicts.pieces import KINKED, split
from neglog.derivation.verdicts.prove import Shown, show
from neglog.derivation.verdicts.refute import counterexample, least_curvature
from neglog.derivation.verdicts.verdict import Verdict
from neglog.derivation.workings import Workings
from neglog.symbolic.calculus import from_sympy
from neglog.symbolic.density import Density
from neglog.symbolic.text import to_text

__all__ = ["verdicts"]

_INF = float("inf")
_MOST = 1000.0
_TESTED = "no point from -1e8 to 1e8, with small and large targets, speaks against it"


def verdicts(density: Density, modelled: Sequence[str] | None = None) -> tuple[Verdict, ...]:
    """Return what can be decided of the loss of a density.

    Parameters
    ----------
    density : Density
        The law, or a loss that is no likelihood.
    modelled : sequence of str, optional
        The parameters that receive a raw prediction; the first free one by default.

    Returns
    -------
    tuple of Verdict
        For every raw prediction: convex, Lipschitz, smooth.
    """
    w = Workings.begin(density, modelled, None, 1)
    if w.classes:
        from neglog.derivation.verdicts.of_classes import class_verdicts

        return class_verdicts(w)
    found: list[Verdict] = []
    for slot in w.slots:
        each = [
            c
            for case in cases(w, slot.raw)
            for c in ((case.at_target(0), case.at_target(1)) if _by_value(case) else (case,))
        ]
        found += [
            _convex(each),
            _bounded(each, f"Lipschitz in {slot.raw}", 1, "slope"),
            _bounded(each, f"smooth in {slot.raw}", 2, "curvature"),
        ]
    return tuple(found)


def _by_value(case: Case) -> bool:
    """Return whether a loss of a binary target has to be taken value by value: the target is not just its weight."""
    if not case.binary or len(case.targets) != 1:
        return False
    return bool(case.loss.has(*KINKED) or sp.simplify(sp.diff(case.loss, case.targets[0], 2)) != 0)


def _shown(
    each: Sequence[Case], order: int, low: float, high: float
) -> list[tuple[Shown, dict[str, Any]]] | None:
    """Return bounds for every case, and certificates that the checker accepts, of a derivative between `low` and `high`.

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
    found = _shown(each, 2, 0.0, _INF)
    if found is None:
        return Verdict(name, "open", _TESTED)
    told = "; ".join(_told(case, shown) for case, (shown, _) in zip(each, found, strict=True))
    return Verdict(name, "proved", told, tuple(certificate for _, certificate in found))


def _point(certificate: Mapping[str, Any]) -> str:
    import mpmath as mp

    def short(text: str) -> str:
        return mp.nstr(mp.mpf(text), 4)

    where = ", ".join(f"{name} = {short(value)}" for name, value in certificate["point"].items())
    return f"{short(certificate['quotient'])} at {where}"


def _told(case: Case, shown: Shown) -> str:
    kinks = "" if shown.smooth else "; at the kink the slope jumps up"
    start = f"{case.note}: " if case.note else ""
    return f"{start}second derivative {shown.expressions[0]} >= 0{kinks}"


def _bounded(each: Sequence[Case], name: str, order: int, what: str) -> Verdict:
    against = _against(each, order, -_MOST, _MOST)
    if against is not None:
        told = f"no constant up to {_MOST:g}: {what} {_point(against)}"
        return Verdict(name, "refuted", told, (against,))
    found = _shown(each, order, -_INF, _INF)
    if found is None:
        return Verdict(name, "open", f"the {what} stays below {_MOST:g} at every point tested")
    constants = {_constant(shown): max(-shown.low, shown.high) for shown, _ in found}
    told = f"constant {max(constants, key=lambda text: constants[text])}"
    return Verdict(name, "proved", told, tuple(certificate for _, certificate in found))


def _constant(shown: Shown) -> str:
    size = max(-shown.low, shown.high)
    if shown.scale == "1":
        return f"{size:g}"
    return shown.scale if size == 1 else f"{size:g}*({shown.scale})"
