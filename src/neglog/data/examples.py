"""Real data to start with: sets that scikit-learn and statsmodels ship, with clean names.

Nothing is downloaded; statsmodels' sets are there if it is installed.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
from typing import Any

from neglog.data.arrays import column_from_array
from neglog.data.catalogue import EXAMPLES, Example
from neglog.data.table import Column, Table
from neglog.data.writing import csv_text, write_text
from neglog.errors import DataError, UsageError, nearest

__all__ = ["Example", "describe", "export", "load", "names"]

_MODULES = {"scikit-learn": "sklearn", "statsmodels": "statsmodels"}
_TARGETS = {
    "breast_cancer": "diagnosis",
    "diabetes": "progression",
    "digits": "digit",
    "iris": "species",
    "wine": "cultivar",
}


def names() -> tuple[str, ...]:
    """Return the names of the examples whose package is installed."""
    return tuple(name for name, example in EXAMPLES.items() if _installed(example))


def _installed(example: Example) -> bool:
    return importlib.util.find_spec(_MODULES[example.package]) is not None


def describe(name: str) -> Example:
    """Return what an example is: a sentence, its target, a formula and a family to fit.

    Raises
    ------
    UsageError
        There is no such example.
    """
    if name not in EXAMPLES:
        raise UsageError(f"There is no example '{name}'. {nearest(str(name), EXAMPLES)}")
    return EXAMPLES[name]


def load(name: str) -> Table:
    """Return an example as a table: clean column names, the target last, classes by name.

    Parameters
    ----------
    name : str
        One of `names`.

    Raises
    ------
    UsageError
        There is no such example.
    DataError
        The package that ships it is not installed.

    Examples
    --------
    >>> table = load("iris")
    >>> table.names[-1], table.n_rows
    ('species', 150)
    """
    example = describe(name)
    if not _installed(example):
        raise DataError(
            f"The example '{name}' comes with {example.package}, which is not installed. Install "
            f"it with `pip install {example.package}`, or choose one of "
            f"{', '.join(names()) or 'none'}."
        )
    columns = (
        _from_statsmodels(example) if example.package == "statsmodels" else _from_sklearn(example)
    )
    columns.sort(key=lambda column: column.name == example.target)
    return Table.of(f"example {name}", columns)


def export(name: str, path: str | os.PathLike[str] | None = None) -> str:
    """Return an example as CSV text, or write it to a file and return the file's path.

    Parameters
    ----------
    name : str
        One of `names`.
    path : path, optional
        Where to write; the file appears whole or not at all.
    """
    text = csv_text(load(name))
    if path is None:
        return text
    write_text(path, text)
    return os.fspath(path)


def _identifier(name: str) -> str:
    return re.sub(r"\W+", "_", name.lower()).strip("_")


def _from_sklearn(example: Example) -> list[Column]:
    datasets = importlib.import_module("sklearn.datasets")
    bunch = getattr(datasets, f"load_{example.name}")()
    # A bracket holds a unit, the same for all columns.
    features = [_identifier(re.sub(r"\(.*\)", "", str(feature))) for feature in bunch.feature_names]
    columns = {name: bunch.data[:, index] for index, name in enumerate(features)}
    if example.name == "linnerud":
        columns |= {_identifier(n): bunch.target[:, i] for i, n in enumerate(bunch.target_names)}
    else:
        target = bunch.target
        if target.dtype.kind in "iu":
            target = [str(bunch.target_names[code]) for code in target]
        columns[_TARGETS[example.name]] = target
    return [column_from_array(name, data, example.name) for name, data in columns.items()]


def _from_statsmodels(example: Example) -> list[Column]:
    module = importlib.import_module(f"statsmodels.datasets.{example.name}")
    frame: Any = module.load_pandas().data
    columns = []
    taken = set(example.positive.values())
    for original in frame.columns:
        if original in example.left_out or original in taken:
            continue
        data = frame[original].to_numpy()
        if original in example.labels:
            data = [example.labels[original][int(code)] for code in data]
        name = example.renamed.get(original, _identifier(original))
        columns.append(column_from_array(name, data, example.name))
    for name, original in example.positive.items():
        columns.append(column_from_array(name, frame[original].to_numpy() > 0, example.name))
    return columns
