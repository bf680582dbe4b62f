"""Quantile residuals: what would be standard Normal, whatever the law, if the law were right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from neglog._typing import Floats
from neglog.plots.style import ACCENT, SOFT, axes_of, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["fitted_residuals", "normal_quantiles", "quantile_residuals"]


_MOST_POINTS = 5000  # a figure with more is a blot, and a large file


def _size(points: npt.NDArray[np.int64]) -> float:
    """Return the area of a mark: few points are drawn larger."""
    return float(np.clip(3000 / max(len(points), 1), 8, 32))


def quantile_residuals(y: npt.ArrayLike, distribution: Any) -> Floats:
    """Return the Normal quantile of each row's fitted cdf.

    Parameters
    ----------
    y : array_like, [n]
        Targets.
    distribution : Distribution
        The fitted law of each row, of a continuous target.

    Returns
    -------
    ndarray, [n]
        Cut at 8.2 standard deviations, where the cdf has no digits left.
    """
    from scipy.special import ndtri

    levels = np.asarray(distribution.cdf(np.asarray(y, dtype=np.float64)), dtype=np.float64)
    residuals: Floats = ndtri(np.clip(levels, 1.2e-16, 1 - 1.2e-16))
    return residuals


def normal_quantiles(residuals: npt.ArrayLike, *, ax: Axes | None = None) -> Axes:
    """Draw sorted residuals against Normal quantiles: on the diagonal if the law is right.

    Parameters
    ----------
    residuals : array_like, [n]
        From `quantile_residuals`.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        What was drawn on.
    """
    from scipy.special import betaincinv, ndtri

    values = np.sort(np.asarray(residuals, dtype=np.float64).ravel())
    n = len(values)
    rank = np.arange(1, n + 1)
    expected = ndtri((rank - 0.5) / n)
    # The k-th smallest of n uniform numbers follows a Beta law: where 95% of such points lie.
    low, high = (ndtri(betaincinv(rank, n + 1 - rank, level)) for level in (0.025, 0.975))
    shown = np.unique(np.linspace(0, n - 1, min(n, _MOST_POINTS)).astype(np.int64))
    with styled():
        ax = axes_of(ax, 4.2, 4.0)
        ax.fill_between(expected, low, high, color=SOFT, alpha=0.16, linewidth=0)
        ends = np.array([expected[0], expected[-1]]) if n > 1 else np.array([-1.0, 1.0])
        ax.plot(ends, ends, color=SOFT, linewidth=1, linestyle=(0, (4, 3)))
        ax.scatter(
            expected[shown], values[shown], s=_size(shown), color=ACCENT, alpha=0.7, linewidth=0
        )
        ax.set_xlabel("Normal quantile")
        ax.set_ylabel("quantile residual")
        ax.set_title("Residuals against the law")
    return ax


def fitted_residuals(
    fitted: npt.ArrayLike, residuals: npt.ArrayLike, *, ax: Axes | None = None
) -> Axes:
    """Draw residuals against fitted values: an even band around zero if the mean is right.

    Parameters
    ----------
    fitted : array_like, [n]
        Fitted means.
    residuals : array_like, [n]
        From `quantile_residuals`.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        What was drawn on.
    """
    x = np.asarray(fitted, dtype=np.float64).ravel()
    y = np.asarray(residuals, dtype=np.float64).ravel()
    x = np.broadcast_to(x, y.shape)
    shown = np.unique(np.linspace(0, len(x) - 1, min(len(x), _MOST_POINTS)).astype(np.int64))
    with styled():
        ax = axes_of(ax, 4.2, 4.0)
        ax.axhline(0, color=SOFT, linewidth=1, linestyle=(0, (4, 3)))
        ax.scatter(x[shown], y[shown], s=_size(shown), color=ACCENT, alpha=0.6, linewidth=0)
        ax.set_xlabel("fitted mean")
        ax.set_ylabel("quantile residual")
        ax.set_title("Residuals against the fit")
    return ax
