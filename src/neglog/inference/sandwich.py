"""The robust covariance of estimates: curvature, scores, curvature.

Where no density is assumed the inverse curvature says nothing of the spread of the estimates. The sandwich

    H^-1 (sum_i w_i g_i g_i') H^-1

does, whatever the targets' law: H is the curvature of the objective, g_i the gradient of row i in the coefficients. A
weight counts how often a row occurred, so it stands once.
"""

from __future__ import annotations

from neglog._typing import Floats
from neglog.inference.covariance import Covariance

__all__ = ["sandwich"]


def sandwich(inverse: Covariance, products: Floats) -> Covariance:
    """Return the robust covariance.

    Parameters
    ----------
    inverse : Covariance
        The inverse curvature of the objective at its minimum.
    products : ndarray of shape (p, p)
        The sum over the rows of the products of their gradients.

    Returns
    -------
    Covariance
        Of kind "sandwich".
    """
    matrix = inverse.matrix @ products @ inverse.matrix
    return Covariance(0.5 * (matrix + matrix.T), inverse.names, "sandwich")
