"""Laws of collinearity: every dependent column is found, with its combination in words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from objectives.hand_kernels import real

from neglog.objectives import dependences


def design(n: int = 100, seed: int = 0) -> np.ndarray:
    """Return an intercept and two columns of different size."""
    rng = np.random.default_rng(seed)
    return np.column_stack([np.ones(n), rng.normal(size=n), 1e6 * rng.normal(size=n) + 1e7])


def test_combination_is_named() -> None:
    """A column made of others is named with its factors."""
    X = design()
    full = np.column_stack([X, 2 * X[:, 1] + X[:, 2], 5 - X[:, 1]])
    found = dependences(full, ("Intercept", "x1", "x2", "x3", "x4"))
    assert [str(d) for d in found] == ["x3 = 2*x1 + x2", "x4 = 5 - x1"]


def test_zero_and_constant_columns_are_named() -> None:
    """A column of zeros and a constant column beside an intercept are dependences too."""
    X = np.column_stack([design(), np.zeros(100), np.full(100, 3.0)])
    found = dependences(X, ("Intercept", "x1", "x2", "nothing", "three"))
    assert [str(d) for d in found] == ["nothing = 0", "three = 3"]


@pytest.mark.parametrize("name", ["longley", "diabetes", "spector", "randhie", "anes96"])
def test_real_designs_are_full(name: str) -> None:
    """Real designs, Longley's famous one among them, are not called collinear."""
    X, _ = real(name)
    assert dependences(X, tuple(map(str, range(X.shape[1])))) == ()


def test_rows_of_weight_zero_do_not_count() -> None:
    """A column that differs from another only in rows of weight 0 depends on it."""
    X = design()
    copy = X[:, 1].copy()
    copy[:3] = 7.0
    X = np.column_stack([X, copy])
    names = ("Intercept", "x1", "x2", "copy")
    assert dependences(X, names) == ()
    weights = np.ones(100)
    weights[:3] = 0.0
    assert [str(d) for d in dependences(X, names, weights)] == ["copy = x1"]


def test_many_rows_in_chunks() -> None:
    """The triangular factor of many chunks shows what that of the whole would."""
    X = design(20_000)
    X = np.column_stack([X, X[:, 1] - X[:, 2]])
    assert [str(d) for d in dependences(X, ("Intercept", "a", "b", "c"))] == ["c = a - b"]


@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.integers(2, 12))
def test_count_is_the_rank_defect(seed: int, p: int, n: int) -> None:
    """The number of dependences is p minus the rank of the matrix."""
    X = np.random.default_rng(seed).integers(-2, 3, size=(n, p)).astype(float)
    found = dependences(X, tuple("abcdef"[:p]))
    assert len(found) == p - np.linalg.matrix_rank(X)
    for dependence in found:
        made = sum((f * X[:, "abcdef".index(k)] for k, f in dependence.combination), np.zeros(n))
        np.testing.assert_allclose(made, X[:, dependence.index], atol=1e-9)
