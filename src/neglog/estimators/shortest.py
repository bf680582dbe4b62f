"""Coefficients where the columns do not determine them: the shortest of all that predict the same.

Dummy columns of every level beside an intercept, or more columns than rows, leave a family of coefficients with equal
likelihood. A formula is refused then, because its coefficients are to be read; an estimator is asked to predict, so it
takes the member that `sklearn.linear_model.LinearRegression` takes.
"""

from __future__ import annotations

import numpy as np

from neglog._typing import Floats

__all__ = ["shortest"]

_EPS = float(np.finfo(np.float64).eps)


def shortest(
    X: Floats, coef: Floats, intercept: Floats, *, fit_intercept: bool
) -> tuple[Floats, Floats]:
    """Return the coefficients of least length with the same raw predictions on all rows.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        The rows that count, without a column for the intercept.
    coef : ndarray of shape (k, p)
        Coefficients of k raw predictions.
    intercept : ndarray of shape (k,)
        Their intercepts.
    fit_intercept : bool
        Whether the intercept may take up what the coefficients give away; it does not count towards the length.

    Returns
    -------
    coef : ndarray of shape (k, p)
        In the space that the (centred) rows span.
    intercept : ndarray of shape (k,)
        To match.
    """
    centre = X.mean(axis=0) if fit_intercept else np.zeros(X.shape[1])
    rows = X - centre
    factor = np.linalg.qr(rows, mode="r") if rows.shape[0] > rows.shape[1] else rows
    _, sizes, directions = np.linalg.svd(factor, full_matrices=False)
    basis = directions[sizes > max(X.shape) * _EPS * sizes.max(initial=0.0)]
    projected = coef @ basis.T @ basis
    # Columns whose sizes differ by more than float64 has digits for would lose the small ones here.
    change = np.abs(rows @ (coef - projected).T)
    if bool((change > 1e-9 * (np.abs(rows) @ np.abs(coef).T).max(initial=0.0)).any()):
        return coef, intercept
    return projected, intercept + (coef - projected) @ centre
