"""Inference: frozen tables of what a fit says, made from a solution and its curvature."""

from neglog.inference.coefficients import CoefficientTable
from neglog.inference.covariance import Covariance, observed
from neglog.inference.criteria import Criteria
from neglog.inference.sandwich import sandwich
from neglog.inference.sparsity import sparsity

__all__ = ["CoefficientTable", "Covariance", "Criteria", "observed", "sandwich", "sparsity"]
