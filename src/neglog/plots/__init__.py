"""Figures: each function takes numbers, draws on an axes (yours, with ``ax=``) and returns it.

- `coefficients`: estimates with their intervals;
- `convergence`: how a solver came down;
- `calibration`, `counts`, `residuals`: does the law fit? One kind of figure for each kind of target;
- `diagnostic`: the right one of these for a distribution;
- `style`: how they look. matplotlib is imported when the first figure is drawn.
"""

from neglog.plots.calibration import calibration
from neglog.plots.coefficients import coefficients
from neglog.plots.convergence import convergence
from neglog.plots.counts import counts
from neglog.plots.diagnostic import diagnostic
from neglog.plots.residuals import fitted_residuals, normal_quantiles, quantile_residuals
from neglog.plots.style import styled

__all__ = [
    "calibration",
    "coefficients",
    "convergence",
    "counts",
    "diagnostic",
    "fitted_residuals",
    "normal_quantiles",
    "quantile_residuals",
    "styled",
]
