"""Expected (Fisher) information by quadrature: the mean of the products of scores over the law that the rows predict.

    I_ij = E[s_i s_j],   s_i the derivative of the loss in raw prediction i

The law is known by its kernel alone, and a law with kinks (Laplace) has this information too, although its second
derivative does not show it. That the masses of the nodes add up to 1 is what is tested before anything is answered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations_with_replacement

import numpy as np

from neglog._typing import Floats
from neglog.errors import UsageError
from neglog.kernels.nodes import on_a_line, over_counts
from neglog.losses import Loss

__all__ = ["expected_products", "require_expectation", "why_no_expectation"]

Scores = Callable[[Floats, Sequence[Floats]], tuple[Floats, Sequence[Floats]]]
"""Targets [n] or [n, m] and raw predictions -> complete loss [n] and its gradient, a column a raw prediction."""

_ROWS = 128  # laws at once
_FINER = (1.0, 4.0, 16.0)
_MASS = 1e-7  # how far the masses may be from 1: rounded targets of a narrow law far from 0 cost as much


def why_no_expectation(loss: Loss) -> str:
    """Return why a loss has no expected Hessian, or none that is an integral over one number; empty where it has."""
    density = loss.density
    if not density.likelihood:
        return f"{loss.name} has no expected Hessian: it follows from no density over which a mean could be taken."
    if density.support.kind == "Label" and loss.shape != "classes":
        return (
            f"The expected information of {loss.name} is not known: a row holds the ends of its own class only, and "
            "the mean runs over all classes."
        )
    if density.support.fields and density.support.kind != "CountOf":
        return (
            f"The expected information of {loss.name} is no integral over one number: its target has the fields "
            f"{', '.join(field for field, _ in density.support.fields)}."
        )
    return ""


def require_expectation(loss: Loss) -> None:
    """Refuse losses whose expected Hessian does not exist or is no integral over one number.

    Raises
    ------
    UsageError
        If the loss has no likelihood, or the target has fields other than k of n.
    """
    why = why_no_expectation(loss)
    if why:
        others = "'observed'" if loss.density.likelihood else "'observed' or 'clipped'"
        raise UsageError(f"{why} Use hessian={others}.")


def expected_products(
    loss: Loss, scores: Scores, y: Floats, raws: Sequence[Floats]
) -> list[Floats]:
    """Return the expected Hessian of every row.

    Parameters
    ----------
    loss : Loss
        Names the law and its support.
    scores : callable
        Complete loss and gradient at targets and raw predictions.
    y : ndarray of shape (n,) or (n, m)
        The targets; only the number of trials of k out of n is looked at.
    raws : sequence of ndarray of shape (n,)
        A column a modelled parameter.

    Returns
    -------
    list of ndarray of shape (n,)
        The packed upper triangle, in nats, without weights.

    Raises
    ------
    UsageError
        If there is no such mean, or the masses of a law do not add up to 1.
    """
    require_expectation(loss)
    trials = y[:, 1] if loss.density.support.fields else np.zeros(y.shape[0])
    laws, place = np.unique(np.column_stack([*raws, trials]), axis=0, return_inverse=True)
    k = len(raws)
    out = np.empty((len(laws), k * (k + 1) // 2))
    for start in range(0, len(laws), _ROWS):
        rows = np.arange(start, min(start + _ROWS, len(laws)))
        off = np.full(len(laws), np.nan)
        for finer in _FINER:
            out[rows], off[rows] = _means(loss, scores, laws[rows], finer)
            rows = rows[~(np.abs(off[rows]) <= _MASS)]
            if not rows.size:
                break
        else:
            row = rows[0]
            shown = ", ".join(
                f"{slot.raw} = {raw:.6g}" for slot, raw in zip(loss.slots, laws[row], strict=False)
            )
            raise UsageError(
                f"The expected information of {loss.name} could not be computed at {shown}: the masses of the nodes of "
                f"the quadrature add up to {1 + off[row]:.9g}, not to 1. Use hessian='observed'."
            )
    return list(out[place.ravel()].T)


def _means(loss: Loss, scores: Scores, laws: Floats, finer: float) -> tuple[Floats, Floats]:
    """Return the means of the products of scores [n, pairs], and how much the masses of each law exceed 1."""
    support, n, k = loss.density.support, len(laws), laws.shape[1] - 1
    raws, trials = laws[:, :k], laws[:, k]

    def at(targets: Floats) -> tuple[Floats, list[Floats]]:
        flat = targets.ravel()
        repeated = [np.repeat(raw, targets.shape[1]) for raw in raws.T]
        columns = flat
        if support.fields:
            columns = np.asfortranarray(
                np.column_stack([flat, np.repeat(trials, targets.shape[1])])
            )
        value, gradient = scores(columns, repeated)
        return value.reshape(targets.shape), [part.reshape(targets.shape) for part in gradient]

    def log_density(targets: Floats) -> Floats:
        return -at(targets)[0]

    with np.errstate(all="ignore"):
        if support.discrete:
            low, high = support.bounds
            first = np.full(n, low)
            last = trials if support.fields else np.full(n, high)
            nodes, masses = over_counts(log_density, first, last, 0.5 / finer)
        else:
            nodes, masses = on_a_line(log_density, support.bounds, n, round(4 * finer))
        for atom in support.atoms:
            here = np.full((n, 1), atom)
            nodes = np.concatenate([nodes, here], axis=1)
            masses = np.concatenate([masses, np.exp(log_density(here))], axis=1)
        _, gradient = at(nodes)
        gradient = [np.where(masses > 0, part, 0.0) for part in gradient]
        means = [
            np.sum(masses * gradient[i] * gradient[j], axis=1)
            for i, j in combinations_with_replacement(range(k), 2)
        ]
    return np.column_stack(means), masses.sum(axis=1) - 1
