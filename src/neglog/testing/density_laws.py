"""Laws of the density itself: text, mass, tails, quantiles, samples, SciPy."""

from __future__ import annotations

import json
import pickle

import numpy as np

from neglog.derivation.normalised import normalised
from neglog.symbolic.density import Density
from neglog.symbolic.text import parse, to_text
from neglog.testing.findings import Broken, DoesNotApply
from neglog.testing.subject import SETTINGS, Subject, at

__all__ = ["DENSITY_LAWS"]

_LEVELS = np.array([0.02, 0.2, 0.5, 0.7, 0.99])
_DRAWS = 400


def text(subject: Subject) -> str | None:
    """Its text is the density: printed, parsed and stored, it is the same."""
    density = subject.density
    names = (
        {p.name for p in density.parameters}
        | {name for name, _ in density.targets}
        | {density.target}
    )
    again = parse(to_text(density.expression), names)
    if again != density.expression:
        raise Broken(f"{to_text(density.expression)} is read back as {to_text(again)}.")
    stored = Density.from_json(json.loads(json.dumps(density.to_json())))
    if stored != density or stored.key != density.key:
        raise Broken("What to_json writes, from_json does not read back as the same density.")
    return None


def copies(subject: Subject) -> str | None:
    """A pickled copy is equal."""
    again = pickle.loads(pickle.dumps(subject.declared))  # noqa: S301  # written one call before
    if again != subject.declared or hash(again) != hash(subject.declared):
        raise Broken("The copy is not equal to what was pickled.")
    return None


def mass(subject: Subject) -> str:
    """The density integrates, or sums, to 1."""
    notes = normalised(subject.density)  # raises with the integral where it does not
    if not notes:
        raise DoesNotApply("The quadrature was not sure at any parameter point.")
    return "; ".join(notes)


def scipy(subject: Subject) -> str:
    """SciPy's law, where one is named, has the same density, cdf, quantiles, mean and variance."""
    law = getattr(subject.declared, "law", None)
    if law is None:
        raise DoesNotApply("No law of SciPy is named.")
    _ordered(subject)
    worst = 0.0
    for number in range(SETTINGS):
        setting = subject.setting(number)
        own = subject.on_a_line(setting)
        known = {name: value.astype(np.int64) for name, value in own.known.items()}
        theirs = law.frozen({**setting, **known})
        y = np.unique(theirs.ppf(_LEVELS))
        density = theirs.logpmf(y) if subject.density.support.discrete else theirs.logpdf(y)
        worst = max(
            worst,
            _compare("log-density", own.log_prob(y), density, 1e-9, setting),
            _compare("cdf", own.cdf(y), theirs.cdf(y), 1e-8, setting),
        )
        if np.isfinite(theirs.mean()):
            mean = own.numeric()[0].moment(lambda v: v)
            worst = max(worst, _compare("mean", mean, theirs.mean(), 1e-6, setting))
    return f"largest relative difference {worst:.1e}"


def inverse(subject: Subject) -> str:
    """The quantile function inverts the cdf, and the cdf rises from 0 to 1."""
    _ordered(subject)
    worst = 0.0
    for number in range(SETTINGS):
        law = subject.on_a_line(subject.setting(number))
        y = np.asarray(law.quantile(_LEVELS))
        below = np.asarray(law.cdf(y))
        if np.any(np.diff(below) < 0):
            raise Broken(f"The cdf falls between {y.tolist()} at {subject.setting(number)}.")
        if subject.density.support.discrete or subject.density.support.atoms:
            before = np.asarray(law.cdf(np.nextafter(y, -np.inf)))
            if np.any(below < _LEVELS - 1e-12) or np.any(before > _LEVELS + 1e-12):
                raise Broken(
                    f"The quantiles {y.tolist()} of {_LEVELS.tolist()} have cdf {below.tolist()}."
                )
        else:
            worst = max(
                worst,
                _compare("cdf of the quantile", below, _LEVELS, 1e-7, subject.setting(number)),
            )
    return f"largest difference {worst:.1e}"


def samples(subject: Subject) -> str:
    """Samples follow the cdf (a Kolmogorov-Smirnov distance that one sample in ten thousand exceeds)."""
    _ordered(subject)
    setting = subject.setting(0)
    law = subject.on_a_line(setting)
    drawn = np.sort(np.asarray(law.sample(_DRAWS, seed=subject.seed), dtype=np.float64))
    values = np.unique(drawn)
    empirical = np.searchsorted(drawn, values, side="right") / _DRAWS
    distance = float(np.max(np.abs(empirical - np.asarray(law.cdf(values)))))
    if distance > 2.23 / np.sqrt(_DRAWS):
        raise Broken(f"{_DRAWS} draws lie {distance:.3f} from the cdf at {setting}.")
    return f"distance {distance:.3f} of {_DRAWS} draws"


def tails(subject: Subject) -> str:
    """Declared tails are the logarithms of the cdf, of 1 - cdf, and of the difference of two cdfs."""
    declared = [
        (name, node, complement)
        for name, complement in (("log_cdf", False), ("log_sf", True))
        if (node := getattr(subject.declared, name, None)) is not None
    ]
    between = getattr(subject.declared, "log_between", None)
    if not declared and between is None:
        raise DoesNotApply("None of log_cdf, log_sf and log_between is declared.")
    worst = 0.0
    for number in range(SETTINGS):
        setting = subject.setting(number)
        numeric = subject.on_a_line(setting).numeric()[0]
        y = np.unique(numeric.quantile(_LEVELS))
        below = numeric.cdf(y)
        for name, node, complement in declared:
            found = np.exp(at(node, **{subject.density.target: y}, **setting))
            expected = 1 - below if complement else below
            worst = max(worst, _compare(name, found, expected, 1e-7, setting))
        if between is not None and len(y) > 1:
            ends = {
                f"{subject.density.target}.lower": y[:-1],
                f"{subject.density.target}.upper": y[1:],
            }
            found, expected = np.exp(at(between, **ends, **setting)), np.diff(below)
            worst = max(worst, _compare("log_between", found, expected, 1e-7, setting))
    return f"largest relative difference {worst:.1e}"


def _ordered(subject: Subject) -> None:
    support = subject.density.support
    if support.kind == "Label" or (support.fields and support.kind != "CountOf"):
        raise DoesNotApply("The target is not one number on a line.")


def _compare(what: str, found: object, expected: object, tolerance: float, where: object) -> float:
    a, b = (
        np.atleast_1d(np.asarray(found, dtype=float)),
        np.atleast_1d(np.asarray(expected, dtype=float)),
    )
    with np.errstate(all="ignore"):
        difference = np.where(a == b, 0.0, np.abs(a - b) / np.maximum(np.abs(b), 1e-3))
    worst = int(np.argmax(np.where(np.isnan(difference), np.inf, difference)))
    if not difference[worst] <= tolerance:
        raise Broken(
            f"The {what} is {a[worst]:.12g} where {b[worst]:.12g} is expected, at {where}."
        )
    return float(difference[worst])


DENSITY_LAWS = (text, copies, mass, scipy, inverse, samples, tails)
