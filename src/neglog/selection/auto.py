"""Choose a family: by the target's support, and by likelihood where the support is ambiguous.

Text and booleans are labels, fractions are measurements. Whole numbers may be labels (0, 1, 2 for three cultivars),
counts (0, 1, 2 visits) or measurements (a score of 151): each reading is fitted to the same columns and scored.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neglog.data import Column, Table, parse
from neglog.errors import NeglogError, UsageError
from neglog.families.family import Family
from neglog.families.register import resolve
from neglog.models import Model, fit
from neglog.models.fitting import unnamed_law
from neglog.models.priors import Prior

__all__ = ["Choice", "Reading", "choose_family", "discretised"]


# In nats per row. Labels and counts give whole numbers, and nothing else, their probability; a law of all real numbers
# wins when it wins clearly, and by far when it also expects what cannot be.
_CLEARLY, _FAR = 0.25, 1.0
_LABELS_PAY = 0.05
_MOST_LABELS = 20
_BELOW_ZERO = 0.05


@dataclass(frozen=True)
class Reading:
    """One way of reading a target.

    Attributes
    ----------
    reading : str
        ``"labels"``, ``"counts"``, ``"measurements"`` or ``"k of n"``.
    family : str
        The law that goes with it.
    score : float or None
        Mean negative log-likelihood in nats per row, complete; of a continuous law that of
        P(y - 1/2 < Y <= y + 1/2), so that it compares with probabilities of whole numbers. None where it was not
        scored.
    penalised : float or None
        The same plus k log(n)/(2n) for its k parameters: what decides.
    remark : str
        What else there is to say.
    """

    reading: str
    family: str
    score: float | None = None
    penalised: float | None = None
    remark: str = ""


@dataclass(frozen=True)
class Choice:
    """A family, and why.

    Attributes
    ----------
    family : Family
        What was chosen.
    why : str
        The reason, as a sentence.
    readings : tuple of Reading
        What was considered; the chosen one first.
    positive : float or None
        The value that counts as 1 where two numbers other than 0 and 1 are labels.
    """

    family: Family[...]
    why: str
    readings: tuple[Reading, ...]
    positive: float | None = None


def choose_family(
    formula: str,
    table: Table,
    *,
    prior: Prior = None,
    sample_weight: Any = None,
    missing: str = "drop",
    announce: Callable[[str], None] | None = None,
) -> Choice:
    """Choose the family of a formula's target.

    Parameters
    ----------
    formula : str
        The formula; its columns take part, for it is the law given the columns that is assumed.
    table : Table
        The data.
    prior, sample_weight, missing
        As for `neglog.fit`.
    announce : callable, optional
        Called with a few words before a fit.

    Returns
    -------
    Choice
        The family, the reason, and the readings with their scores.

    Raises
    ------
    NeglogError
        If no reading can be fitted: the reason why the first cannot.
    """
    side = parse(formula, table.names).side
    if side.kind == "CountOf":
        return _only("k of n", "Binomial", f"The target '{side.name}' is successes of trials")
    if side.fields:
        raise UsageError(unnamed_law(side))
    target = table.column(side.name)
    settled = _by_support(target)
    if settled is not None:
        return settled
    values = _distinct(target)
    names = ["counts", "measurements"]
    if len(values) <= _MOST_LABELS and values[0] in (0, 1) and bool(np.all(np.diff(values) == 1)):
        names.insert(0, "labels")
    options = {"prior": prior, "sample_weight": sample_weight, "missing": missing}
    scored: list[Reading] = []
    errors: list[NeglogError] = []
    for name in names:
        if announce is not None:
            announce(f"trying the target as {name}")
        try:
            scored.append(_score(name, formula, table, target, options))
        except NeglogError as error:
            errors.append(error)
            scored.append(Reading(name, _FAMILIES[name], remark=f"cannot be fitted: {error}"))
    if all(each.penalised is None for each in scored):
        raise (
            errors[0]
            if errors
            else UsageError(
                f"No reading of the target '{target.name}' gives it a probability. Say what it is: family=nl.Normal."
            )
        )
    return _decide(target.name, scored)


def _by_support(target: Column) -> Choice | None:
    """Return the choice where the values leave none."""
    if target.kind != "number":
        labels = len(_distinct(target))
        name = "Categorical" if labels > 2 else "Bernoulli"
        many = f"text with {labels} distinct value{'' if labels == 1 else 's'}"
        what = "true or false" if target.kind == "boolean" else many
        return _only("labels", name, f"The target '{target.name}' is {what}")
    if not target.integer:
        return _only(
            "measurements", "Normal", f"The target '{target.name}' holds numbers that are not whole"
        )
    values = _distinct(target)
    if len(values) <= 2 and bool(np.isin(values, (0, 1)).all()):
        return _only("labels", "Bernoulli", f"The target '{target.name}' holds 0 and 1 only")
    if len(values) == 2:
        choice = _only(
            "labels",
            "Bernoulli",
            f"The target '{target.name}' holds the two values {values[0]:g} and {values[1]:g}; "
            f"{values[1]:g} is taken as the positive one (--positive says otherwise)",
        )
        return Choice(choice.family, choice.why, choice.readings, float(values[1]))
    if values[0] < 0:
        return _only(
            "measurements", "Normal",
            f"The target '{target.name}' holds whole numbers below 0, which neither counts nor class numbers are",
        )  # fmt: skip  # one call
    return None


def _distinct(column: Column) -> npt.NDArray[Any]:
    values = column.data if column.kind == "text" else column.values
    return np.unique(values[~column.missing])


def _only(reading: str, family: str, why: str) -> Choice:
    return Choice(resolve(family), f"{why}: {family}.", (Reading(reading, family),))


_FAMILIES = {"labels": "Categorical", "counts": "Poisson", "measurements": "Normal"}


def _score(
    reading: str, formula: str, table: Table, target: Column, options: dict[str, Any]
) -> Reading:
    """Fit one reading."""
    family = _FAMILIES[reading]
    remark = ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the fit that is kept will say it again
        model = fit(formula, table, family=family, **options)
    score = model.criteria.mean_loss
    if reading == "measurements":
        score, below = discretised(model, table, target)
        if below > _BELOW_ZERO:
            remark = f"puts {below:.0%} of its probability below 0, where no target lies"
    if model.status == "separated":
        remark = "tells the rows apart without error"
    elif not model.converged:
        remark = f"its fit ended as {model.status.replace('_', ' ')}"
    if not math.isfinite(score):
        return Reading(reading, family, remark="gives some rows no probability at all")
    penalty = model.df_model * math.log(max(model.nobs, 1.0)) / (2 * model.nobs)
    return Reading(reading, family, score, score + penalty, remark)


def discretised(model: Model, table: Table, target: Column) -> tuple[float, float]:
    """Return what a Normal model of whole numbers costs, and how much it expects below 0.

    Parameters
    ----------
    model : Model
        A fit of the Normal family.
    table : Table
        The rows to score.
    target : Column
        Their targets, whole numbers.

    Returns
    -------
    tuple of float
        The mean of -log P(y - 1/2 < Y <= y + 1/2), in nats, and the mean of P(Y <= -1/2).
    """
    from scipy.special import log_ndtr, ndtr

    raw, rows = model.raw_prediction(table)
    law = model.distribution_of_raw(raw)
    y = np.asarray(target.values, dtype=np.float64)[rows]
    keep = ~np.isnan(y)
    y, mu, sigma = y[keep], law.values["mu"][keep], law.values["sigma"]
    low, high = (y - 0.5 - mu) / sigma, (y + 0.5 - mu) / sigma
    # In the upper tail by symmetry: the differences of a cdf near 1 have no digits.
    upper = low > 0
    low, high = np.where(upper, -high, low), np.where(upper, -low, high)
    with np.errstate(divide="ignore"):
        inside = log_ndtr(high) + np.log1p(-np.exp(log_ndtr(low) - log_ndtr(high)))
    return float(-inside.mean()), float(ndtr((-0.5 - mu) / sigma).mean())


def _decide(name: str, scored: list[Reading]) -> Choice:
    """Take the best reading; one whose law was not made for whole numbers has to be clearly the best."""
    fitted = [each for each in scored if each.penalised is not None]
    exact = [each for each in fitted if each.reading != "measurements"]
    best = min(exact, key=_handicapped, default=fitted[-1])
    other = fitted[-1]
    if exact and other.reading == "measurements":
        # A law that is half beside the target has to be better by far.
        wanted = _FAR if other.remark.startswith("puts") else _CLEARLY
        if _handicapped(best) - _handicapped(other) > wanted:
            best = other
    ordered = [best, *(each for each in scored if each is not best)]
    others = [each for each in ordered[1:] if each.score is not None]
    against = ", ".join(f"{each.score:.4g} as {each.reading}" for each in others)
    why = (
        f"The target '{name}' holds whole numbers. Read as {best.reading} it costs {best.score:.4g} nats per row"
        + (f", against {against}" if against else "")
    )
    if (
        best.reading != "measurements"
        and other.score is not None
        and best.score is not None
        and other.score < best.score
    ):
        why += f"; {other.reading} would have to gain more than that to be believed"
    return Choice(resolve(best.family), f"{why}: {best.family}.", tuple(ordered))


def _handicapped(reading: Reading) -> float:
    """Return the score that decides; K classes can imitate any law of small counts, so labels pay a little more."""
    assert reading.penalised is not None
    return reading.penalised + (_LABELS_PAY if reading.reading == "labels" else 0.0)
