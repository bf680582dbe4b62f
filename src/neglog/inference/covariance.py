"""The covariance of the estimates: the inverse of the information at the optimum.

The observed information is the curvature of the objective, so under a prior it includes the prior's and the
result is the covariance of the normal that approximates the posterior. The expected information is that of an objective
whose kernel answers with the mean of its second derivative.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neglog._typing import AnyArray, Floats
from neglog.errors import CollinearError
from neglog.objectives.objective import Curvature

__all__ = ["Covariance", "observed"]


@dataclass(frozen=True, eq=False)
class Covariance:
    """A covariance matrix whose rows have names.

    Attributes
    ----------
    matrix : ndarray of shape (p, p)
        Symmetric.
    names : tuple of str
        The coefficients.
    kind : str
        How it was estimated: "observed" and "expected" are the inverse information of that name.
    """

    matrix: Floats
    names: tuple[str, ...]
    kind: str = "observed"

    @property
    def standard_errors(self) -> Floats:
        """Square roots of the diagonal."""
        roots: Floats = np.sqrt(self.matrix.diagonal())
        return roots

    def correlation(self) -> Floats:
        """Return the correlations of the estimates."""
        errors = self.standard_errors
        correlation: Floats = self.matrix / np.outer(errors, errors)
        return correlation

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> AnyArray:
        return np.array(self.matrix, dtype=dtype, copy=copy)


def observed(
    curvature: Curvature, names: tuple[str, ...], held: tuple[int, ...] = ()
) -> Covariance:
    """Invert the observed information.

    Parameters
    ----------
    curvature : Curvature
        Of the objective at its minimum.
    names : tuple of str
        The coefficients.
    held : tuple of int
        Places of coefficients that are taken as known: they have variance 1 here and no covariance, and the others
        are as if they had been left out.

    Returns
    -------
    Covariance
        Of kind "observed".

    Raises
    ------
    CollinearError
        When the information is singular or not positive definite: then there are no standard
        errors, and a pseudo-inverse would invent them.
    """
    from scipy.linalg import LinAlgError, cho_factor, cho_solve

    information = curvature.dense()
    if held:
        known = list(held)
        information = information.copy()
        information[known, :] = information[:, known] = 0.0
        information[known, known] = 1.0
    diagonal = information.diagonal()
    size = diagonal.size
    message = (
        "The coefficients have no standard errors: the observed information is not positive "
        "definite at this point, so some combination of {} is not determined by the data or the "
        "point is no maximum. Drop a column, or give the slopes a prior."
    )
    if not np.isfinite(information).all() or not (diagonal > 0).all():
        bad = [name for name, d in zip(names, diagonal, strict=True) if not d > 0] or list(names)
        raise CollinearError(message.format(", ".join(f"'{name}'" for name in bad[:6])))
    # Units that give the information a unit diagonal, so that those of the columns do not matter.
    scale = 1.0 / np.sqrt(diagonal)
    try:
        factor = cho_factor(information * scale * scale[:, None], lower=True, check_finite=False)
    except LinAlgError:
        raise CollinearError(message.format("the coefficients")) from None
    if np.square(factor[0].diagonal()).min(initial=1.0) <= 4 * size * np.finfo(np.float64).eps:
        raise CollinearError(message.format("the coefficients"))
    inverse = cho_solve(factor, np.eye(size), check_finite=False)
    matrix = 0.5 * (inverse + inverse.T) * scale * scale[:, None]
    return Covariance(matrix, names)
