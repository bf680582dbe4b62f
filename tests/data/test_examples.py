"""The examples: real sets, clean names, and formulas that can be encoded."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from neglog.data import examples, model_frame, read
from neglog.errors import DataError, UsageError


@pytest.mark.parametrize("name", examples.names())
def test_an_example_is_clean(name: str, tmp_path: Path) -> None:
    """Names are identifiers, the target is last, and the suggested formula has full rank."""
    table, about = examples.load(name), examples.describe(name)
    assert all(column.isidentifier() and column == column.lower() for column in table.names)
    assert table.names[-1] == about.target
    assert about.description.endswith(".")
    frame = model_frame(about.formula, table)
    assert frame.target_name == about.target
    assert frame.n_dropped == 0
    assert np.linalg.matrix_rank(frame.X / np.abs(frame.X).max(axis=0)) == frame.X.shape[1]


@pytest.mark.parametrize("name", examples.names())
def test_an_exported_example_reads_back(name: str, tmp_path: Path) -> None:
    """The CSV file of an example holds its values to the last bit, but digits become numbers."""
    table = examples.load(name)
    path = tmp_path / f"{name}.csv"
    assert examples.export(name, path) == str(path)
    again = read(path)
    assert again.names == table.names
    for column in table.names:
        before, after = table.column(column), again.column(column)
        if (name, column) == ("digits", "digit"):
            assert [str(int(value)) for value in after.values] == before.values.tolist()
        else:
            assert (before.kind, before.values.tolist()) == (after.kind, after.values.tolist())


def test_an_example_without_a_path_is_text() -> None:
    """Export returns the CSV text where no path is given."""
    assert examples.export("iris").splitlines()[:2] == [
        "sepal_length,sepal_width,petal_length,petal_width,species",
        "5.1,3.5,1.4,0.2,setosa",
    ]


def test_classes_and_codes_have_their_names() -> None:
    """Targets and categories are written as their documentation names them."""
    assert examples.load("breast_cancer").column("diagnosis").levels == ("benign", "malignant")
    assert examples.load("wine").column("cultivar").levels == ("class_0", "class_1", "class_2")
    assert examples.load("digits").column("digit").levels == tuple("0123456789")
    if "fair" in examples.names():
        fair = examples.load("fair")
        assert fair.column("affair").kind == "boolean"
        assert "student" in fair.column("occupation").levels
        assert examples.load("spector").column("grade").integer
        assert "strong_democrat" in examples.load("anes96").column("pid").levels


def test_an_unknown_example_is_answered_with_the_nearest() -> None:
    """A misspelt name is an error of use that offers the right one."""
    with pytest.raises(UsageError, match="'iris'"):
        examples.load("irsi")


def test_an_example_of_a_package_that_is_absent_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without statsmodels its sets are not listed, and asking for one gives the line to type."""
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "statsmodels" else find(name)
    )
    assert "fair" not in examples.names()
    assert "iris" in examples.names()
    with pytest.raises(DataError, match="pip install statsmodels"):
        examples.load("fair")
