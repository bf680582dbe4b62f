"""Calibration: whether of the rows that were given a probability of 30%, 30% came true."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from neglog._typing import Floats
from neglog.plots.style import COLOURS, SOFT, axes_of, plain_text, shorten, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["calibration"]


_MOST_CLASSES = len(COLOURS)


class Bins(NamedTuple):
    """Groups of rows with similar probabilities."""

    predicted: Floats
    observed: Floats
    low: Floats
    high: Floats
    sizes: npt.NDArray[np.int64]


def reliability(outcome: Floats, probability: Floats, bins: int = 10) -> Bins:
    """Group rows by predicted probability and compare with how often the outcome came.

    Parameters
    ----------
    outcome : ndarray, [n]
        1 where it came, 0 elsewhere (or a probability, for soft labels).
    probability : ndarray, [n]
        What was predicted.
    bins : int
        Most groups; each has about the same number of rows, at least five where there are so many.

    Returns
    -------
    Bins
        Mean prediction, observed share with its 95% interval (Wilson's), and number of rows.
    """
    n = len(outcome)
    groups = max(1, min(bins, n // 5))
    # Equal predictions stay in one group, whatever the order of the rows.
    edges = np.quantile(probability, np.linspace(0, 1, groups + 1)[1:-1])
    member = np.searchsorted(np.unique(edges), probability, side="right")
    count = np.bincount(member)
    kept = count > 0
    predicted = np.bincount(member, probability)[kept] / count[kept]
    observed = np.bincount(member, outcome)[kept] / count[kept]
    size, z = count[kept], 1.959963984540054
    centre = (observed + z**2 / (2 * size)) / (1 + z**2 / size)
    reach = z / (1 + z**2 / size) * np.sqrt(observed * (1 - observed) / size + z**2 / (4 * size**2))
    low, high = np.minimum(centre - reach, observed), np.maximum(centre + reach, observed)
    return Bins(predicted, observed, low, high, size)


def calibration(
    y: npt.ArrayLike,
    probability: npt.ArrayLike,
    *,
    labels: Sequence[str] = (),
    ax: Axes | None = None,
    bins: int = 10,
) -> Axes:
    """Draw observed shares against predicted probabilities.

    Parameters
    ----------
    y : array_like, [n]
        0 and 1, or the numbers of classes.
    probability : array_like, [n] or [n, K]
        Predicted probability of 1, or of each class. Of more than six classes all are drawn as one line.
    labels : sequence of str
        Names: of the positive outcome (the last one), or of the classes.
    ax : Axes, optional
        Where to draw; a new figure by default.
    bins : int
        Most groups of rows.

    Returns
    -------
    Axes
        What was drawn on.
    """
    target, p = np.asarray(y, dtype=np.float64), np.asarray(probability, dtype=np.float64)
    lines: list[tuple[str, Bins]]
    if p.ndim == 1:
        name = labels[-1] if labels else "1"
        lines = [(shorten(name, 24), reliability(target, p, bins))]
    else:
        hits = (target[:, None] == np.arange(p.shape[1])).astype(np.float64)
        if p.shape[1] > _MOST_CLASSES:
            lines = [(f"all {p.shape[1]} classes", reliability(hits.ravel(), p.ravel(), 2 * bins))]
        else:
            names = labels or [str(k) for k in range(p.shape[1])]
            lines = [
                (shorten(names[k], 24), reliability(hits[:, k], p[:, k], bins))
                for k in range(p.shape[1])
            ]
    with styled():
        ax = axes_of(ax, 5.2, 4.4)
        ax.plot([0, 1], [0, 1], color=SOFT, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
        for (name, points), colour in zip(lines, COLOURS, strict=False):
            ax.vlines(
                points.predicted, points.low, points.high, color=colour, alpha=0.35, linewidth=2
            )
            ax.plot(points.predicted, points.observed, color=colour, marker="o", label=name)
        if len(lines) == 1:
            _counts_below(ax, lines[0][1])
        ax.set_xlim(-0.02, 1.02)
        ax.set_ylim(-0.02 if len(lines) > 1 else -0.1, 1.02)
        ax.set_yticks(np.linspace(0, 1, 6))
        ax.set_xlabel("predicted probability")
        ax.set_ylabel("observed share")
        ax.set_title("Calibration" + (f" of {lines[0][0]}" if len(lines) == 1 else ""))
        if len(lines) > 1:
            ax.legend(loc="upper left", title="class", title_fontsize=9)
        plain_text(ax)
    return ax


def _counts_below(ax: Axes, points: Bins) -> None:
    """Write under the points how many rows each stands for, leaving out what would overlap."""
    last = -1.0
    for predicted, count in zip(points.predicted, points.sizes, strict=True):
        if predicted - last > 0.062:
            ax.text(
                predicted, -0.055, f"{count:,}", ha="center", va="center", fontsize=8, color=SOFT
            )
            last = float(predicted)
