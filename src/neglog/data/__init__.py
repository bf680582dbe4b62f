"""From a table on disk or in memory, and a formula, to the numbers a model is fitted to.

::

    read(source) -> Table
    model_frame(formula, table) -> ModelFrame: target, X, names, notes, spec
    spec.encode(new table) -> X

`read` takes files, data frames and dicts of arrays; `model_frame` learns what a formula needs from
the data (levels, means, polynomials) and encodes; the `DesignSpec` it leaves encodes new data in
the same way and is stored with a model as JSON. No row is dropped and no value changed without a
note.
"""

from __future__ import annotations

from neglog.data import examples
from neglog.data.design import DesignSpec
from neglog.data.formula import Formula, parse
from neglog.data.frame import ModelFrame, model_frame
from neglog.data.reading import read
from neglog.data.sides import Side
from neglog.data.table import Column, Table

__all__ = [
    "Column",
    "DesignSpec",
    "Formula",
    "ModelFrame",
    "Side",
    "Table",
    "examples",
    "model_frame",
    "parse",
    "read",
]
