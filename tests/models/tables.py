"""Real data for the tests of models, as pandas frames, and the matrices of an independent formula library."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd

from neglog.data import examples

__all__ = ["frame", "matrix", "relative"]


@functools.cache
def frame(name: str) -> pd.DataFrame:
    """Return an example as pandas holds it; not to be changed."""
    table = examples.load(name)
    return pd.DataFrame({column: np.asarray(table.column(column).values) for column in table.names})


def matrix(formula: str, data: pd.DataFrame) -> pd.DataFrame:
    """Return formulaic's design matrix of a right side."""
    import formulaic

    return pd.DataFrame(formulaic.model_matrix(formula, data))


def relative(found: object, expected: object) -> float:
    """Return the largest relative difference."""
    ours, theirs = np.asarray(found, dtype=float), np.asarray(expected, dtype=float)
    assert ours.shape == theirs.shape
    return float(np.max(np.abs(ours - theirs) / np.abs(theirs)))
