"""Counts: how often each came, against how often the law says it should."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from neglog._typing import Floats
from neglog.plots.style import ACCENT, COLOURS, axes_of, direction, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["counts"]


_MOST_BARS = 40


def observed_and_expected(
    y: Floats, cdf: Callable[[float], Floats]
) -> tuple[Floats, Floats, Floats]:
    """Return the upper ends of groups of counts, and the rows observed and expected in each.

    Single counts where there are few, ranges of equal width where there are many.
    """
    width = int(np.ceil((y.max() + 1) / _MOST_BARS))
    ends = np.arange(width - 1, y.max() + width, width, dtype=np.float64)
    below = np.array([float(np.sum(cdf(end))) for end in ends])
    expected = np.diff(below, prepend=0.0)
    observed = np.bincount((y // width).astype(np.int64), minlength=len(ends)).astype(np.float64)
    return ends, observed, expected


def counts(y: npt.ArrayLike, cdf: Callable[[float], Floats], *, ax: Axes | None = None) -> Axes:
    """Draw a rootogram: bars for what was observed, a line for what was expected.

    The scale is that of square roots, on which the same departure looks the same for rare and for frequent counts.

    Parameters
    ----------
    y : array_like, [n]
        Whole numbers from 0 on.
    cdf : callable
        Count -> P(Y <= count) of every row: ``distribution.cdf``.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        What was drawn on.
    """
    ends, observed, expected = observed_and_expected(np.asarray(y, dtype=np.float64), cdf)
    width = float(ends[1] - ends[0]) if len(ends) > 1 else 1.0
    middle = ends - (width - 1) / 2
    from matplotlib.ticker import MaxNLocator

    with styled():
        ax = axes_of(ax)
        direction(ax, "y")
        ax.bar(middle, observed, width=0.85 * width, color=ACCENT, alpha=0.35, label="observed")
        ax.plot(
            middle, expected, color=COLOURS[1], marker="o" if len(ends) <= 25 else None,
            markersize=4, label="expected",
        )  # fmt: skip  # one call
        ax.set_yscale("function", functions=(_root, np.square))
        top = max(float(observed.max()), float(expected.max()))
        ax.set_ylim(0, 1.12 * top)
        ax.set_yticks(_ticks(top))
        label = "count" if width == 1 else f"count, in ranges of {width:.0f}"
        beyond = np.size(y) - float(expected.sum())
        ax.set_xlabel(
            label
            if beyond < 0.5
            else f"{label}  ({beyond:.1f} rows expected beyond {ends[-1]:.0f})"
        )
        ax.set_ylabel("rows (square-root scale)")
        ax.set_title("Observed and expected counts")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, borderaxespad=0.1)
    return ax


def _root(values: Floats) -> Floats:
    return np.sqrt(np.maximum(values, 0.0))


def _ticks(top: float) -> Floats:
    """Return round numbers that are evenly spread on the scale of square roots."""
    wanted = np.square(np.linspace(0, np.sqrt(max(top, 1.0)), 6))
    size = 10.0 ** np.floor(np.log10(np.maximum(wanted, 1.0)))
    return np.unique(np.round(wanted / size) * size)
