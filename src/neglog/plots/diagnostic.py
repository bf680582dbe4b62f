"""The figure that shows whether a law fits, for each kind of target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from neglog.plots.calibration import calibration
from neglog.plots.counts import counts
from neglog.plots.residuals import fitted_residuals, normal_quantiles, quantile_residuals
from neglog.plots.style import new_figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["diagnostic"]


def diagnostic(y: npt.ArrayLike, distribution: Any, *, labels: Sequence[str] = ()) -> Figure:
    """Draw calibration for classes, a rootogram for counts, residuals for measurements.

    Parameters
    ----------
    y : array_like, [n]
        Targets as the law counts them: 0 and 1, class numbers, counts (of k of n the k), numbers.
    distribution : Distribution
        The fitted law of each row; of k of n with the trials given.
    labels : sequence of str
        Names of the classes.

    Returns
    -------
    Figure
        With one or two axes.
    """
    target = np.asarray(y, dtype=np.float64)
    kind = distribution.family.target.kind
    with styled():
        if kind in ("Binary", "Label"):
            figure = new_figure(5.2, 4.4)
            probability = (
                np.asarray(distribution.mean) if kind == "Binary" else distribution.probabilities
            )
            wanted = target.shape if kind == "Binary" else (len(target), probability.shape[-1])
            probability = np.broadcast_to(probability, wanted)
            calibration(target, probability, labels=labels, ax=figure.add_subplot())
        elif kind in ("Count", "CountOf"):
            figure = new_figure()
            counts(target, distribution.cdf, ax=figure.add_subplot())
        else:
            figure = new_figure(8.0, 3.8)
            left, right = figure.subplots(1, 2)
            residuals = quantile_residuals(target, distribution)
            normal_quantiles(residuals, ax=left)
            fitted_residuals(distribution.mean, residuals, ax=right)
    return figure
