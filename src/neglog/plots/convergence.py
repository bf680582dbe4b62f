"""How a solver came down: distance to the end and gradient, by iteration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from neglog.plots.style import COLOURS, SOFT, axes_of, direction, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["convergence"]


class _Record(Protocol):
    @property
    def iteration(self) -> int: ...
    @property
    def mean_objective(self) -> float: ...
    @property
    def gradient_norm(self) -> float: ...


def convergence(trace: Sequence[_Record], *, ax: Axes | None = None) -> Axes:
    """Draw the trace of a fit on a logarithmic scale.

    Two lines: how far the mean objective was above its lowest value, and the length of its gradient.

    Parameters
    ----------
    trace : sequence of Record
        ``model.trace``.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        What was drawn on.
    """
    steps = np.array([record.iteration for record in trace])
    objective = np.array([record.mean_objective for record in trace], dtype=np.float64)
    gradient = np.array([record.gradient_norm for record in trace], dtype=np.float64)
    finite = np.isfinite(objective)
    lowest = objective[finite].min() if finite.any() else np.nan
    lines = (
        (objective - lowest, "mean objective above its lowest", "o"),
        (gradient, "length of its gradient", "s"),
    )
    from matplotlib.ticker import MaxNLocator

    with styled():
        ax = axes_of(ax)
        direction(ax, "y")
        ax.set_yscale("log")
        for (values, label, marker), colour in zip(lines, COLOURS, strict=False):
            shown = np.isfinite(values) & (values > 0)  # the last excess is 0: nothing to draw
            ax.plot(
                steps[shown], values[shown], color=colour, label=label, linewidth=1.8,
                marker=marker if len(steps) <= 40 else None,
            )  # fmt: skip  # one call
        ax.set_xlabel("iteration")
        ax.set_title("Convergence")
        if len(steps):
            ax.set_xlim(-0.3, max(float(steps[-1]), 1.0) + 0.3)
            ax.xaxis.set_major_locator(MaxNLocator(integer=True))
            ax.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, borderaxespad=0.1)
            if np.isfinite(objective[-1]):
                ax.text(
                    0.01, 0.02, f"{steps[-1]} iterations; mean objective at the end: {objective[-1]:.6g} nats",
                    transform=ax.transAxes, color=SOFT, fontsize=9,
                )  # fmt: skip  # one call
    return ax
