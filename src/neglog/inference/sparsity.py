"""The covariance of a quantile fit: a sandwich whose curvature is the density of the errors at the quantile.

The loss curves nowhere, but its mean over many rows does: by the jump of the slope at the kink times the density f of
the errors there (1/f is called the sparsity). As statsmodels' QuantReg does it, f is a kernel estimate (Epanechnikov)
with the bandwidth of Hall and Sheather:

    (J f X'X)^-1  [ sum g_i^2 x_i x_i' ]  (J f X'X)^-1
"""

from __future__ import annotations

import math

import numpy as np

from neglog._typing import Floats
from neglog.inference.covariance import Covariance
from neglog.objectives import KinkedObjective, Linear

__all__ = ["sparsity"]

KINK_AT_TARGET = 1e-9


def sparsity(kinked: KinkedObjective, theta: Floats) -> Covariance | str:
    """Estimate the covariance of a quantile fit.

    Parameters
    ----------
    kinked : KinkedObjective
        What was minimised.
    theta : ndarray of shape (size,)
        The minimum.

    Returns
    -------
    Covariance or str
        Of kind "sparsity"; or why there is none: the loss is no quantile loss, there is a prior or there are weights,
        or too few rows lie near the quantile.
    """
    objective = kinked.objective
    rows, scores = objective.rows, objective.scores
    design = rows.designs[0]
    assert isinstance(scores, Linear)
    assert design is not None
    everywhere = kinked.near(theta, np.inf)
    y = rows.y
    at_target = (
        y.ndim == 1
        and everywhere.rows.size == rows.n
        and bool((np.abs(everywhere.raws - y) <= KINK_AT_TARGET * (1 + np.abs(y))).all())
    )
    jumps = everywhere.high - everywhere.low
    if not at_target or np.ptp(jumps[: rows.n]) > 1e-6 * jumps.max():
        return (
            "No standard errors: the loss has kinks, so it has no curvature that they could come from, and its kinks "
            "are not at the target as those of a quantile are; resample the rows (bootstrap) for intervals."
        )
    if rows.weights is not None or not kinked.flat:
        why = "weights" if rows.weights is not None else "a prior"
        return f"No standard errors: the sparsity estimate of a quantile fit does not know {why}."
    level = float(np.median(-everywhere.low[: rows.n] / jumps[: rows.n]))
    raws = objective.raw_predictions(theta)
    errors = y - raws[0]
    errors[np.abs(errors) <= 1e-10 * (np.abs(y) + np.abs(raws[0]))] = 0.0
    density = _density_at_quantile(errors, y, level)
    gradient = objective.kernel.columns(y, raws, None, 2)
    # A row on its kink counts as one below its quantile.
    first = np.where(errors > 0, everywhere.low[: rows.n], everywhere.high[: rows.n])
    matrix = np.zeros((theta.size, theta.size))
    pulls = np.zeros((rows.n, theta.size))
    pulls[:, scores.parts[0]] = design * first[:, None]
    matrix[scores.parts[0], scores.parts[0]] = density * jumps[0] * (design.T @ design)
    count = len(scores.parameter_names)
    packed = [(i, j) for i in range(count) for j in range(i, count)]
    for (i, j), h in zip(packed, gradient[2], strict=True):
        if i == 0:
            continue  # at the minimum these sums vanish
        matrix[scores.parts[i], scores.parts[j]] = matrix[scores.parts[j], scores.parts[i]] = (
            h.sum()
        )
    for i in range(1, count):
        pulls[:, scores.parts[i]] = gradient[1][i][:, None]
    try:
        inverse = np.linalg.inv(matrix)
    except np.linalg.LinAlgError:
        return "No standard errors: no error lies near the quantile, so its density there is 0."
    whole = inverse @ (pulls.T @ pulls) @ inverse
    if not np.isfinite(whole).all():
        return "No standard errors: no error lies near the quantile, so its density there is 0."
    return Covariance(0.5 * (whole + whole.T), objective.names, "sparsity")


def _density_at_quantile(errors: Floats, y: Floats, level: float) -> float:
    """Estimate the density of the errors at 0."""
    from scipy.special import ndtri

    n = errors.size
    z = float(ndtri(level))
    phi = math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    share = (
        n ** (-1 / 3) * float(ndtri(0.975)) ** (2 / 3) * (1.5 * phi**2 / (2 * z * z + 1)) ** (1 / 3)
    )
    quartiles = np.percentile(errors, [25, 75])
    spread = min(float(np.std(y)), float(quartiles[1] - quartiles[0]) / 1.34)
    low, high = max(level - share, 1e-12), min(level + share, 1 - 1e-12)
    width = spread * float(ndtri(high) - ndtri(low))
    if not width > 0:
        return 0.0
    u = errors / width
    return float(np.where(np.abs(u) <= 1, 0.75 * (1 - u * u), 0.0).sum() / (n * width))
