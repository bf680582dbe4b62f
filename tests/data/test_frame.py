"""Target and rows of a model frame: nothing is dropped, and nothing changes, without a word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from neglog.data import model_frame, read
from neglog.errors import DataError, FormulaError, MissingValuesError, UsageError

DATA = {
    "y": [1.0, 2.0, None, 4.0, 5.0],
    "x": [0.1, None, 0.3, 0.4, 0.5],
    "g": ["a", "b", "a", None, "b"],
    "unused": [None] * 5,
}


def test_incomplete_rows_leave_x_and_y_alike() -> None:
    """A row that misses the target or a used column is dropped from both, counted and named."""
    frame = model_frame("y ~ x + g", read(DATA))
    assert frame.rows.tolist() == [0, 4]
    assert frame.target.tolist() == [1.0, 5.0]
    assert frame.X.tolist() == [[1, 0.1, 0], [1, 0.5, 1]]
    assert frame.n_dropped == 3
    assert frame.dropped_why == {"y": 1, "x": 1, "g": 1}
    assert "3 rows of 5 were left out" in frame.notes[0]
    assert "'x' (1)" in frame.notes[0]


def test_columns_that_are_not_used_have_no_say() -> None:
    """Missing values elsewhere drop no row."""
    assert model_frame("y ~ 1", read(DATA)).rows.tolist() == [0, 1, 3, 4]


def test_nothing_is_said_where_nothing_was_dropped() -> None:
    """Complete data give no note about rows, and every row in its order."""
    frame = model_frame("y ~ x", read({"y": [1, 2], "x": [3, 4]}))
    assert (frame.notes, frame.n_dropped, frame.rows.tolist()) == ((), 0, [0, 1])


def test_missing_values_can_be_an_error() -> None:
    """With missing="error" the message says which columns and which rows."""
    with pytest.raises(MissingValuesError) as caught:
        model_frame("y ~ x", read(DATA), missing="error")
    message = str(caught.value)
    assert "2 rows" in message
    assert "row 2 and row 3" in message
    assert "'x' (1)" in message


def test_no_complete_row_is_an_error() -> None:
    """When every row misses something the message says what."""
    with pytest.raises(DataError, match=r"No row.*'unused' \(5\)"):
        model_frame("y ~ unused", read(DATA))


def test_an_unknown_treatment_of_missing_values_is_an_error_of_use() -> None:
    """Only 'drop' and 'error' are known."""
    with pytest.raises(UsageError, match="'drop'"):
        model_frame("y ~ x", read(DATA), missing="dorp")  # type: ignore[arg-type]  # the mistake under test


def test_levels_of_dropped_rows_are_unknown() -> None:
    """A level that occurs only in incomplete rows has no coefficient."""
    data = {"y": [1, 2, None, 4], "g": ["a", "b", "c", "a"]}
    assert model_frame("y ~ g", read(data)).names == ("Intercept", "g[T.b]")


def test_an_infinite_value_of_a_dropped_row_does_not_matter() -> None:
    """Only rows that are used are checked, and the row that is named is the table's."""
    data = {"y": [None, 2.0, 3.0, 4.0], "x": [np.inf, 1.0, 2.0, 3.0]}
    assert model_frame("y ~ x", read(data)).X[:, 1].tolist() == [1, 2, 3]
    data["x"][3] = np.inf
    with pytest.raises(DataError, match="row 4"):
        model_frame("y ~ x", read(data))


@pytest.mark.parametrize(
    ("values", "kind", "levels"),
    [
        ([1, 2, None], "number", ()),
        (["no", "yes", None], "text", ("no", "yes")),
        ([True, False, None], "boolean", ()),
    ],
)
def test_targets_of_every_kind_keep_their_values(values: list, kind: str, levels: tuple) -> None:
    """A target of numbers, text or booleans comes out as it was, without the missing rows."""
    frame = model_frame("y ~ 1", read({"y": values}))
    assert frame.target.tolist() == values[:2]
    assert (frame.target_kind, frame.target_levels) == (kind, levels)


def test_reference_levels_are_said() -> None:
    """Each category that is compared with a level says which."""
    frame = model_frame("y ~ g", read({"y": [1, 2, 3], "g": ["b", "a", "b"]}))
    assert "reference level is 'a'" in frame.notes[0]
    full = model_frame("y ~ 0 + g", read({"y": [1, 2, 3], "g": ["b", "a", "b"]}))
    assert full.notes == ()


def test_a_learnt_design_makes_a_frame_of_other_rows() -> None:
    """With spec= nothing is learnt again: means are those of the first table."""
    first = model_frame("y ~ center(x)", read({"y": [1, 2, 3], "x": [1, 2, 3]}))
    second = model_frame("y ~ center(x)", read({"y": [5, 6], "x": [10, 12]}), spec=first.spec)
    assert second.X[:, 1].tolist() == [8, 10]
    assert second.target.tolist() == [5, 6]
    with pytest.raises(FormulaError, match="learnt for"):
        model_frame("y ~ x", read({"y": [5, 6], "x": [10, 12]}), spec=first.spec)


def test_the_callers_arrays_are_left_alone() -> None:
    """Nothing of the frame is a view of the caller's arrays."""
    y, x = np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0])
    frame = model_frame("y ~ x", read({"y": y, "x": x}))
    assert not np.shares_memory(frame.target, y)
    assert not np.shares_memory(frame.X, x)
    assert frame.X.flags.c_contiguous
    assert frame.target.flags.c_contiguous


LAYOUTS = {
    "strided": lambda x: np.repeat(x, 2)[::2],
    "reversed": lambda x: x[::-1].copy()[::-1],
    "big-endian": lambda x: x.astype(">f8"),
    "float32": lambda x: x.astype(np.float32),
    "float16": lambda x: x.astype(np.float16),
    "int8": lambda x: x.astype(np.int8),
    "uint64": lambda x: x.astype(np.uint64),
    "objects": lambda x: x.astype(object),
    "a list": lambda x: x.tolist(),
    "a tuple": lambda x: tuple(x.tolist()),
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_every_layout_of_an_array_is_read_the_same(layout: Callable[[np.ndarray], Any]) -> None:
    """Strides, byte order and width of the numbers make no difference."""
    x = np.array([1.0, 2.0, 5.0, 3.0])
    frame = model_frame("y ~ x", read({"y": x, "x": layout(x)}))
    assert frame.X[:, 1].tolist() == x.tolist()


def test_accents_are_found_in_either_spelling() -> None:
    """A name with combining accents and the composed one are the same column."""
    table = read({"y": [1, 2], "e\u0301te\u0301": [3, 4]})
    assert model_frame("y ~ \u00e9t\u00e9", table).X[:, 1].tolist() == [3, 4]


def test_a_dot_says_which_column_it_cannot_use() -> None:
    """Columns that `.` brings in are refused with the way to leave them out."""
    table = read({"y": [1, 2], "x": [1, 2], "when": np.array(["2020-01-01"] * 2, dtype="M8[D]")})
    with pytest.raises(DataError, match=r"`\.`.*'when'.*dates.*`\. - when`"):
        model_frame("y ~ .", table)
    assert model_frame("y ~ . - when", table).names == ("Intercept", "x")
