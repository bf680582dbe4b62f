"""The coefficients as a forest plot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from neglog.plots.style import ACCENT, INK, SOFT, axes_of, direction, shorten, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["coefficients"]


def coefficients(
    names: Sequence[str],
    estimates: npt.ArrayLike,
    intervals: npt.ArrayLike,
    *,
    ax: Axes | None = None,
    limit: int = 30,
    title: str = "Coefficients with 95% intervals",
) -> Axes:
    """Draw estimates with their intervals and a line at zero, in the order given.

    Parameters
    ----------
    names : sequence of str
        The coefficients.
    estimates : array_like, [p]
        Their values.
    intervals : array_like, [p, 2]
        Lower and upper ends; NaN where there is none.
    ax : Axes, optional
        Where to draw; a new figure by default.
    limit : int
        Most coefficients drawn. Of more, those farthest from zero in units of their interval are kept, and the title
        says so.
    title : str
        Title of the axes.

    Returns
    -------
    Axes
        What was drawn on; its figure is ``ax.figure``.
    """
    values = np.asarray(estimates, dtype=np.float64).ravel()
    ends = np.asarray(intervals, dtype=np.float64).reshape(-1, 2)
    kept = _kept(values, ends, limit)
    if len(kept) < len(values):
        title = f"{title}: {len(kept)} of {len(values):,}, those clearest from zero"
    values, ends = values[kept], ends[kept]
    labels = [shorten(names[index]) for index in kept]
    at = np.arange(len(values))[::-1]
    with styled():
        ax = axes_of(ax, 6.8, 1.1 + 0.27 * max(len(values), 2))
        direction(ax, "x")
        ax.axvline(0, color=SOFT, linewidth=1.2, zorder=1)
        known = np.isfinite(ends).all(axis=1)
        clear = ~known | (ends[:, 0] > 0) | (ends[:, 1] < 0)
        ax.hlines(at, ends[:, 0], ends[:, 1], color=ACCENT, linewidth=2, alpha=0.9)
        ax.scatter(values[clear], at[clear], color=ACCENT, s=30, zorder=3)
        # A hollow mark: the interval holds zero.
        ax.scatter(
            values[~clear], at[~clear], facecolor="white", edgecolor=ACCENT, s=30, linewidth=1.6, zorder=3
        )  # fmt: skip  # one call
        ax.set_yticks(at, labels, parse_math=False)  # a name may hold a dollar sign
        ax.tick_params(axis="y", length=0)
        ax.set_ylim(-0.7, len(values) - 0.3)
        ax.spines["left"].set_visible(False)
        remark = "" if clear.all() else "  (hollow: the interval holds 0)"
        ax.set_xlabel(f"estimate{remark if known.all() else '  (this fit has no intervals)'}")
        ax.set_title(title, color=INK)
        ax.margins(x=0.06)
    return ax


def _kept(
    values: npt.NDArray[np.float64], ends: npt.NDArray[np.float64], limit: int
) -> npt.NDArray[np.int64]:
    """Return the positions to draw, in their order."""
    if len(values) <= limit:
        return np.arange(len(values))
    width = ends[:, 1] - ends[:, 0]
    with np.errstate(all="ignore"):
        clearness = np.abs(values) / np.where(width > 0, width, np.nan)
    # Where there is no interval, size decides, after those that have one.
    order = np.lexsort((-np.abs(values), -np.nan_to_num(clearness, nan=-1.0)))
    return np.sort(order[:limit])
