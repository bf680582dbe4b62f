"""From raw predictions to the law they stand for, and to the loss of a target under it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neglog._typing import Floats
from neglog.derivation.obtain import obtain
from neglog.families.distribution import Distribution
from neglog.families.family import Family
from neglog.families.transformers.censored import for_rows
from neglog.kernels import Kernel
from neglog.losses.declared import Declared
from neglog.losses.surrogates.surrogate import Surrogate
from neglog.symbolic.expression import Symbol, evaluate
from neglog.symbolic.heads import numpy_meaning, numpy_number

__all__ = ["distribution", "even_score", "log_densities", "log_softmax", "response"]

_LIMITS = np.finfo(np.float64)


def response(family: Declared[...], name: str, raw: Any) -> Floats:
    """Return a parameter on its own scale.

    A positive parameter whose raw prediction overflows the exponential, or vanishes in it, is the largest or the
    smallest normal number: a prediction far outside the data is then a wild number, but it is in the support.

    Parameters
    ----------
    family : Family
        Whose link is inverted.
    name : str
        The parameter.
    raw : array_like
        Raw predictions.

    Returns
    -------
    ndarray
        Of the shape of `raw`.
    """
    parameter = family.density.parameter(name)
    with np.errstate(all="ignore"):
        value = evaluate(
            parameter.link.inverse(Symbol("raw")),
            {"raw": np.asarray(raw, dtype=np.float64)},
            numpy_meaning(),
            numpy_number,
        )
    if parameter.support.kind == "Positive" and parameter.link.name == "log":
        value = np.clip(value, _LIMITS.tiny, _LIMITS.max)
    return np.asarray(value, dtype=np.float64)


def even_score(loss: Surrogate[...]) -> float:
    """Return the raw prediction at which a loss of two classes decides for neither: 0, or that of one half."""
    if loss.decides or loss.target.kind == "Label":
        return 0.0
    link = loss.density.parameter(loss.density.free[0]).link
    at = evaluate(link.forward(Symbol("p")), {"p": np.float64(0.5)}, numpy_meaning(), numpy_number)
    return float(at)


def distribution(
    family: Family[...], first: Floats, constants: Mapping[str, float]
) -> Distribution:
    """Return the laws of rows.

    Parameters
    ----------
    family : Family
        The law.
    first : ndarray of shape (n,) or (n, K)
        The modelled parameter, on its own scale.
    constants : mapping of str to float
        The parameters that were estimated as constants.

    Returns
    -------
    Distribution
        One law a row.
    """
    density = family.density
    fixed = {p.name: p.value for p in density.parameters if p.value is not None}
    return Distribution(family, {**fixed, density.free[0]: first, **constants})


def log_densities(family: Family[...], y: Floats, raw: Floats, constants: Floats) -> Floats:
    """Return the log-likelihood of each row, from the stable form of the loss.

    Parameters
    ----------
    family : Family
        The law; not one of labels.
    y : ndarray of shape (n,), or (n, m) for a target with m fields
        Targets.
    raw : ndarray of shape (n,)
        Raw predictions of the first parameter.
    constants : ndarray of shape (k - 1,)
        Raw values of the other parameters.

    Returns
    -------
    ndarray of shape (n,)
        Nats, every constant kept.
    """
    family, y = for_rows(family, y)
    kernel = Kernel(obtain(family.density, family.density.free))
    raws = raw
    if constants.size:
        raws = np.column_stack([raw, np.broadcast_to(constants, (raw.size, constants.size))])
    return -np.asarray(kernel.value(y, raws), dtype=np.float64)


def log_softmax(raw: Floats) -> Floats:
    """Return the logarithms of softmax over the last axis.

    The largest entry comes from the others alone, so that it keeps its digits where it is nearly 0.

    Parameters
    ----------
    raw : ndarray of shape (n, K)
        Scores.

    Returns
    -------
    ndarray of shape (n, K)
        Log-probabilities.
    """
    top = raw.argmax(axis=1)[:, None]
    shifted = raw - np.take_along_axis(raw, top, axis=1)
    others = np.exp(shifted)
    np.put_along_axis(others, top, 0.0, axis=1)
    result: Floats = shifted - np.log1p(others.sum(axis=1, keepdims=True))
    return result
