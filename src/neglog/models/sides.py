"""Targets of several columns: what a formula's left side says, and what a family takes.

A family whose target is an interval takes ``Event(time, died)`` as well: a time that was seen is an exact observation,
one that was not an interval without an upper end.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from neglog._typing import Bools, Floats
from neglog.data import Side
from neglog.errors import DataError, SupportError, UsageError
from neglog.losses.declared import Declared
from neglog.models.targets import TargetCoding
from neglog.symbolic.supports import Support

__all__ = ["code_side", "require_side"]

Where = Callable[[int, str], str]

_TAKEN = {"CountOf": ("CountOf",), "Interval": ("Interval", "Event"), "Event": ("Event",)}
"""The sides that each support takes, the usual one first."""


def require_side(side: Side, declared: Declared[...], formula: str) -> None:
    """Refuse a formula whose left side and family do not go together, and show one that does.

    Raises
    ------
    UsageError
        The target of the family is of other columns than the formula names.
    """
    support, name = declared.target, declared.name
    if not support.fields and not side.fields and support.kind != "Counts":
        return
    if side.kind in _TAKEN.get(support.kind, ()):
        return
    right = formula.rpartition("~")[2].strip() or "1"
    if support.fields or support.kind == "Counts":
        if support.kind not in _TAKEN:
            raise UsageError(
                f"A target of {name} is {support.sentence}: a formula has no left side for that. Its loss works on "
                f"arrays: nl.compile({name})."
            )
        shown = " or ".join(f"'{_written(kind, side)} ~ {right}'" for kind in _TAKEN[support.kind])
        raise UsageError(
            f"A target of {name} is {support.sentence}; the formula's is {_said(side)}. Write {shown}, with your "
            "columns' names."
        )
    instead = {
        "CountOf": "family=nl.Binomial",
        "Interval": f"family=nl.Censored(nl.{name})",
        "Event": f"family=nl.Censored(nl.{name})",
    }[side.kind]
    if not declared.density.likelihood or (
        support.kind in ("Label", "Binary") and side.kind != "CountOf"
    ):
        instead = "a family with such a target (family=nl.Binomial, family=nl.Censored(nl.Weibull))"
    raise UsageError(
        f"The formula's target is {_said(side)}, but a target of {name} is one value, {support.sentence}. Take "
        f"{instead}, or write '{_plain(side)} ~ {right}'."
    )


def _said(side: Side) -> str:
    if not side.fields:
        return f"the one column '{side.name}'"
    return f"{side.name} (" + " and ".join(side.roles) + ")"


def _plain(side: Side) -> str:
    return Side("column", side.columns[:1]).name


def _written(kind: str, side: Side) -> str:
    """Return the left side of that kind with the columns that are known; words stand for the others."""
    words = {"CountOf": ("k", "n"), "Interval": ("lo", "hi"), "Event": ("time", "died")}[kind]
    first = side.columns[0] if kind != "Interval" or side.kind == "column" else words[0]
    return Side(kind, (first, words[1])).name


def code_side(
    values: Floats, side: Side, declared: Declared[...], where: Where
) -> tuple[Floats, TargetCoding]:
    """Check the columns of a target, and return them as the family's fields.

    Parameters
    ----------
    values : ndarray of float64, [n, 2]
        The columns of the left side; no value is missing.
    side : Side
        What they are.
    declared : Family
        Says where its target lives; `require_side` has accepted the pair.
    where : callable
        Row and column -> words that say where a value is, as the beginning of a sentence.

    Returns
    -------
    tuple of ndarray and TargetCoding
        float64 [n, 2] in Fortran order, the fields of the support; and the target in words.

    Raises
    ------
    SupportError
        A row holds what no such target is; the message names row, column and value, and the remedy.
    DataError
        All rows say the same, so that there is nothing to estimate.
    """
    support = declared.target
    inner = support.inner or Support("Positive")
    first, second = values.T
    if side.kind == "CountOf":
        _refuse(_bad_counts(first, second), values, side, where)
        told = _told_counts(first, second, declared.name, side)
    elif side.kind == "Event":
        _refuse(_bad_events(first, second, inner), values, side, where)
        told = _told_events(second, declared.name, side)
    else:
        _refuse(_bad_intervals(first, second, support), values, side, where)
        told = _told_intervals(first, second, inner, declared, side)
    fields = [first, second]
    if side.kind == "Event" and support.kind == "Interval":
        fields[1] = np.where(second == 1, first, np.inf)
    y = np.asfortranarray(np.column_stack(fields))
    return y, TargetCoding(side.name, told=told)


# What is wrong, where, in which of the columns, and what to do.
_Fault = tuple[Bools, int, str]


def _bad_counts(k: Floats, n: Floats) -> list[_Fault]:
    return [
        (
            ~_whole(k),
            0,
            (
                "successes are counted: whole numbers 0, 1, 2, ... For shares, multiply by the trials; weights go into "
                "sample_weight"
            ),
        ),
        (
            ~(_whole(n) & (n >= 1)),
            1,
            "a row has a whole number of trials, 1 or more. Leave out rows without a trial",
        ),
        (
            k > n,
            0,
            (
                "there are not more successes than trials. In k | n the second column counts all trials; if yours "
                "counts the failures, add the two and name the sum"
            ),
        ),
    ]


def _bad_events(time: Floats, event: Floats, inner: Support) -> list[_Fault]:
    coded = " If 1 is censored and 2 the event, as R has it, subtract 1" if 2.0 in event else ""
    return [
        (
            ~inner.contains(time),
            0,
            (
                f"a time is {inner.sentence}. Measure from the start of the observation, and leave out rows that "
                "have no time"
            ),
        ),
        (
            ~((event == 0) | (event == 1)),
            1,
            (
                "the second column of Event is 1 (or true) where the event was seen at that time, 0 (or false) where "
                f"it had not happened yet.{coded or ' Make it so in the data'}"
            ),
        ),
    ]


def _bad_intervals(lower: Floats, upper: Floats, support: Support) -> list[_Fault]:
    inner = support.inner or Support("Real")
    low, high = inner.bounds
    return [
        (
            lower > upper,
            0,
            "the lower end is not above the upper one. Exchange the two, or correct the row",
        ),
        (
            (lower == upper) & np.isfinite(lower) & ~inner.contains(lower),
            0,
            (
                f"equal ends are an exact observation, and the target is {inner.sentence}. Correct the row, or "
                "leave it out"
            ),
        ),
        (
            ~(inner.contains(lower) | (lower == low) | (lower == -np.inf)),
            0,
            f"the target is {inner.sentence}, and so are its ends; an interval without a lower end has -inf there",
        ),
        (
            ~(inner.contains(upper) | (upper == high) | (upper == np.inf)),
            1,
            f"the target is {inner.sentence}, and so are its ends; an interval without an upper end has inf there",
        ),
        (
            (lower <= low) & (upper >= high),
            0,
            "the interval is all there is, so the row says nothing about its target. Leave it out",
        ),
    ]


def _refuse(faults: list[_Fault], values: Floats, side: Side, where: Where) -> None:
    for bad, place, why in faults:
        if not bool(bad.any()):
            continue
        row = int(np.argmax(bad))
        other = 1 - place
        others = int(np.count_nonzero(bad)) - 1
        more = (
            f" {others:,} other row{' is' if others == 1 else 's are'} like that." if others else ""
        )
        raise SupportError(
            f"{where(row, side.columns[place])} holds {values[row, place]:g} ('{side.columns[other]}' holds "
            f"{values[row, other]:g}), and in {side.name} {why}.{more}"
        )


def _told_counts(k: Floats, n: Floats, family: str, side: Side) -> str:
    successes, trials = int(k.sum()), int(n.sum())
    if successes in (0, trials):
        which = "no trial succeeded" if not successes else "every trial succeeded"
        raise DataError(
            f"In the target {side.name} {which}, in any row: there is nothing for {family} to tell apart. Check the "
            "columns, or the filter that made the file."
        )
    return f"{side.columns[0]} successes of {side.columns[1]} trials, in all {successes:,} of {trials:,}"


def _told_events(event: Floats, family: str, side: Side) -> str:
    seen = int(event.sum())
    if not seen:
        raise DataError(
            f"In the target {side.name} no event was seen: every time is one until which nothing happened, so nothing "
            f"says how long it takes and the likelihood of {family} has no maximum. Check that '{side.columns[1]}' is "
            "1 where the event was seen."
        )
    return f"{seen:,} events were seen, {len(event) - seen:,} times are censored (still running)"


def _told_intervals(
    lower: Floats, upper: Floats, inner: Support, declared: Declared[...], side: Side
) -> str:
    family, free = declared.name, declared.density.free
    low, high = inner.bounds
    exact = lower == upper
    above, below = upper >= high, lower <= low
    for open_side, end, far in ((above, "an upper", "large"), (below, "a lower", "small")):
        if bool(open_side.all()):
            raise DataError(
                f"In the target {side.name} no row has {end} end, so nothing says how {far} it may be and the "
                f"likelihood of {family} has no maximum. Check the columns."
            )
    counts = {
        "exact": exact,
        "without an upper end": above & ~exact,
        "without a lower end": below & ~exact,
        "between two ends": ~(exact | above | below),
    }
    ends = np.where(below, upper, lower)
    if len(free) > 1 and not (exact | counts["between two ends"]).any() and np.ptp(ends) == 0:
        raise DataError(
            f"In the target {side.name} every row says only on which side of {ends[0]:g} it lies. That determines how "
            f"many {free[-1]} away from it {free[0]} is, and not the two of {family}. Fix {free[-1]} "
            f"(family.fix({free[-1]}=1)), or make a column of the side and fit nl.Bernoulli."
        )
    told = [f"{int(rows.sum()):,} {words}" for words, rows in counts.items() if rows.any()]
    return f"{len(lower):,} rows: {', '.join(told)}"


def _whole(values: Floats) -> Bools:
    return Support("Count").contains(values)
