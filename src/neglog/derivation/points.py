"""The points at which equal forms are compared: the whole range, and the places where formulas break."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neglog.symbolic.cutpoints import FAR
from neglog.symbolic.density import Density
from neglog.symbolic.expression import Call, Number, Symbol, evaluate, free_symbols, walk
from neglog.symbolic.heads import HEADS, numpy_meaning, numpy_number
from neglog.symbolic.supports import Support

__all__ = ["Points", "draw", "inside_gamma"]

# Raw predictions where formulas are known to break: overflow, underflow, cancellation, zero.
_USUAL = {"Real": (-3.0, 0.5, 3.0)}
EXTREMES = (1e308, -1e308, 1e5, -1e5, 34.0, -34.0, 710.0, -745.0, 40.0, -1e-20, 0.0)


_ENDS = ("End", "Gap")

_CROSSED = (-300.0, -60.0, -37.0, -15.0, -5.0, -1.0, -1e-20, 1.0, 5.0, 15.0, 37.0)
_CROSSING = (*_CROSSED, 1e5, 1e308)

_USUAL_RAW, _USUAL_SIZE = 30.0, 1e6

# Raw predictions of what stands inside a gamma function go this far: beyond, the law is one point, or its limit.
REACH = 60.0
_SHAPES = (-60.0, 60.0, -40.0, 40.0, -34.0, 34.0, -15.0, 15.0, -5.0, 5.0, 0.0)


@dataclass(frozen=True, slots=True)
class Points:
    """Inputs at which forms are compared.

    Attributes
    ----------
    values : mapping of str to ndarray
        One array a symbol.
    raws : frozenset of str
        Which symbols are raw predictions.
    shapes : frozenset of str
        Which raw predictions go to 60 only: those whose parameter stands inside a gamma function.
    """

    values: Mapping[str, NDArray[np.float64]]
    raws: frozenset[str]
    shapes: frozenset[str] = frozenset()

    @property
    def size(self) -> int:
        """Number of points."""
        return len(next(iter(self.values.values())))

    @property
    def usual(self) -> NDArray[np.bool_]:
        """Which points are such as data and models have: nothing huge, and tiny only where it is 0."""
        found = np.ones(self.size, dtype=bool)
        for name, array in self.values.items():
            size = np.abs(array)
            found &= (
                size <= _USUAL_RAW
                if name in self.raws
                else (size <= _USUAL_SIZE) & ((size >= 1 / _USUAL_SIZE) | (size == 0))
                | np.isinf(size)
            )
        return found

    def at(self, where: NDArray[np.bool_]) -> Points:
        """Return those of the points where something holds."""
        values = {name: array[where] for name, array in self.values.items()}
        return Points(values, self.raws, self.shapes)


def draw(
    density: Density, raws: Mapping[str, str], hyper: Sequence[str], size: int, seed: int
) -> Points:
    """Draw points over the whole range, extremes of the raw predictions included.

    Parameters
    ----------
    density : Density
        Says where target and hyperparameters live.
    raws : mapping of str to str
        Raw prediction -> parameter.
    hyper : sequence of str
        The parameters that are not modelled.
    size, seed : int
        How many (and 22 more for every raw prediction but the first), and which.
    """
    random = np.random.default_rng(seed)
    # Ends of the class observed come with extremes of their own.
    bounding = [p.name for p in density.parameters if p.support.kind in _ENDS]
    others = [raw for raw in list(raws)[1:] if raws[raw] not in bounding]
    # Beside the points asked for: every other raw prediction at its extremes, with small and with large targets.
    tails, atom = density.support.kind in ("Event", "Interval"), _atom(density)
    # Where there are cases, for those that choose and for those that judge in each.
    turns = np.repeat(EXTREMES, 2 if atom is None and not tails else 8)
    # A probability of its own mixes two laws, and a tail is nearly 0 beside what is nearly infinite: there each raw
    # prediction meets every size of the other.
    times = 2 if tails else 1
    every = times * len(_CROSSING) * len(_CROSSED)
    crossed = every * len(others) if tails or atom is not None else 0
    size += len(turns) * len(others) + crossed
    inside = inside_gamma(density)
    shapes = frozenset(raw for raw, parameter in raws.items() if parameter in inside)
    values: dict[str, NDArray[np.float64]] = {}
    for name in raws:
        scale = random.choice([0.5, 3.0, 30.0, 300.0], size, p=[0.3, 0.4, 0.2, 0.1])
        values[name] = scale * random.normal(size=size)
        if name in shapes:
            far = np.abs(values[name]) > REACH
            values[name] = np.where(far, REACH * (2 * random.random(size) - 1), values[name])
    first = next(iter(raws))
    # Each meets several targets; splits near the end of the range are found by points there.
    each = 8 if shapes else 3
    extremes = np.repeat(_SHAPES if first in shapes else EXTREMES, each)[: size // 2]
    values[first][: len(extremes)] = extremes
    places = [slice(size - len(turns) * (i + 1), size - len(turns) * i) for i in range(len(others))]
    for name, place in zip(others, places, strict=True):
        values[name][place] = (
            np.resize(np.repeat(_SHAPES, 2), len(turns)) if name in shapes else turns
        )
    for name in hyper:
        values[name] = density.parameter(name).support.points(random, size)
    target = density.support.points(random, size)
    if target.ndim == 2:
        target = _with_close_ends(target, density, random)
    elif not density.support.discrete and _side_by_side(density, raws[first]):
        # A third of the targets lie close to their prediction: there differences cancel.
        near = random.random(size) < 1 / 3
        raw = values[first]
        inverse = density.parameter(raws[first]).link.inverse
        with np.errstate(all="ignore"):
            centre = evaluate(inverse(Symbol("raw")), {"raw": raw}, numpy_meaning(), numpy_number)
            close = centre * (1 + 1e-6 * random.normal(size=size))
        usable = (
            near
            & density.support.contains(close)
            & (np.abs(close) < 1e300)
            & (np.abs(close) > 1e-300)
        )
        target = np.where(usable, close, target)
    # At the extremes the target takes its smallest, a middle and its largest value.
    spread = target[_ranks(target)[[0, size // 2, size - 1]]]
    target[: len(extremes)] = spread[np.arange(len(extremes)) % 3]
    for place in places:
        ends = target[place][_ranks(target[place])[[0, -1]]]
        target[place] = ends[np.arange(len(turns)) % 2]
    if crossed:
        # Behind the extremes of the first raw prediction, before those of the others.
        end = size - len(turns) * len(others)
        start = end - crossed
        if atom is not None:
            target[start:end] = atom
        firsts = np.repeat(_CROSSING, len(_CROSSED))
        values[first][start:end] = np.tile(firsts, times * len(others))
        for i, name in enumerate(others):
            part = slice(start + i * every, start + (i + 1) * every)
            values[name][part] = np.tile(_CROSSED, times * len(_CROSSING))
        if atom is not None:
            # The other branch meets the largest raw predictions with a large target.
            beyond = np.flatnonzero(values[first][start:end] > REACH)[::2]
            target[start + beyond] = spread[2]
    values |= density.columns(target)
    # And so does every hyperparameter, in another order: a raw prediction of 1e308 is divided by 0.1 and by 10.
    for shift, name in enumerate(name for name in hyper if name not in bounding):
        usual = _usual(density.parameter(name).support)
        turn = np.arange(len(extremes)) % 3 + np.arange(len(extremes)) // 3 + shift
        values[name][: len(extremes)] = usual[turn % 3]
    if bounding:
        found = _interval(random, size)
        names = {parameter: raw for raw, parameter in raws.items()}
        values |= {names.get(name, name): found[name.rpartition("_")[2]] for name in bounding}
    # Mixed, so that neither those that choose nor those that judge meet one kind of point only.
    order = random.permutation(size)
    return Points({name: array[order] for name, array in values.items()}, frozenset(raws), shapes)


def _atom(density: Density) -> float | None:
    """Return the value whose probability is written apart, as in ``where(y == 0, ...)``; None where there is none."""
    for part in walk(density.expression):
        if isinstance(part, Call) and part.head == "eq" and part.args[0] == Symbol(density.target):
            value = part.args[1]
            if isinstance(value, Number):
                return float(value.value)
    return None


def _interval(random: np.random.Generator, size: int) -> dict[str, NDArray[np.float64]]:
    """Draw the ends of classes, narrow and wide, near and remote, first and last, and the gap between them."""
    lower, gap = Support("End").points(random, size), Support("Gap").points(random, size)
    lower = np.where(lower == FAR, -FAR, lower)
    upper = np.where(
        gap == FAR, FAR, np.nextafter(np.where(lower == -FAR, -gap, lower + gap), np.inf)
    )
    return {"lower": lower, "upper": upper, "gap": upper - lower}


def _side_by_side(density: Density, parameter: str) -> bool:
    """Whether the target lives where the parameter does: an angle beside an angle, one of them without bounds."""
    kinds = {density.parameter(parameter).support.kind, density.support.kind}
    return len(kinds) == 1 or kinds == {"Real", "Between"}


def inside_gamma(density: Density) -> frozenset[str]:
    """Return the parameters that stand inside a gamma function."""
    parts = walk(density.expression)
    heads = (part for part in parts if isinstance(part, Call) and HEADS[part.head].gamma_like)
    found: frozenset[str] = frozenset().union(*(free_symbols(head) for head in heads))
    return found & {parameter.name for parameter in density.parameters}


def _usual(support: Support) -> NDArray[np.float64]:
    """Return a small, a middle and a large value of a hyperparameter, all of them inside."""
    low, high = support.bounds
    if np.isfinite(low) and np.isfinite(high):
        return low + (high - low) * np.array([0.1, 0.5, 0.9])
    return np.array(_USUAL.get(support.kind, (0.1, 1.0, 10.0)))


def _ranks(target: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the order of targets by size; of those with fields, by the first."""
    return np.argsort(target if target.ndim == 1 else target[:, 0], kind="stable")


def _with_close_ends(
    target: NDArray[np.float64], density: Density, random: np.random.Generator
) -> NDArray[np.float64]:
    """Bring the ends of a third of the intervals close together: there their probabilities cancel."""
    if density.support.kind != "Interval":
        return target
    width = np.exp(-20 * random.random(len(target)))
    lower = target[:, 0]
    with np.errstate(invalid="ignore"):
        upper = lower + np.abs(lower) * width
    close = np.stack([lower, upper], axis=1)
    usable = (
        (random.random(len(target)) < 1 / 3) & density.support.contains(close) & (lower < upper)
    )
    return np.where(usable[:, None], close, target)
