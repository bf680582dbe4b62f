"""Columns of text: distinct values, positions, and the traps worth a sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from neglog.data.table import Column
from neglog.data.words import count, quote

__all__ = ["NUMBER", "text_column"]

NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*", re.ASCII)


def text_column(
    name: str,
    codes: npt.NDArray[Any],
    values: Sequence[str],
    *,
    ordered: bool = False,
    notes: Sequence[str] = (),
) -> Column:
    """Return a column of text from the position of each row's value in a list of values.

    Parameters
    ----------
    name : str
        Name of the column.
    codes : ndarray of int
        Position of each row's value in `values`, -1 where missing.
    values : sequence of str
        The values; they may repeat.
    ordered : bool
        Keep the order of `values` (a categorical type declared it) instead of sorting.
    notes : sequence of str
        Sentences to keep with the column.
    """
    unique = tuple(dict.fromkeys(values)) if ordered else tuple(sorted(set(values)))
    position = {value: index for index, value in enumerate(unique)}
    # One slot more, so that the code -1 stays -1.
    renumber = np.full(len(values) + 1, -1, dtype=np.int32)
    renumber[: len(values)] = [position[value] for value in values]
    data = renumber[codes]
    return Column(
        name,
        "text",
        data,
        unique,
        notes=tuple(notes or _traps(name, data, unique)),
        ordered=ordered,
    )


def _traps(name: str, data: npt.NDArray[np.int32], levels: tuple[str, ...]) -> list[str]:
    """Return sentences about text that was probably meant to be numbers, or one field."""
    notes = []
    odd = [index for index, level in enumerate(levels) if not NUMBER.fullmatch(level)]
    commas = sum(1 for index in odd if _DECIMAL_COMMA.fullmatch(levels[index]))
    if commas and commas * 2 > len(levels):
        notes.append(
            f"Column {quote(name)} is read as text because its numbers are written with a decimal "
            "comma, so each distinct value is a category; write them with a point to use numbers."
        )
    elif odd and len(odd) * 2 < len(levels):
        row = int(np.argmax(np.isin(data, odd)))
        notes.append(
            f"Column {quote(name)} is read as text because row {row + 1} holds "
            f"{quote(levels[data[row]])}; {len(levels) - len(odd):,} of its "
            f"{count(len(levels), 'distinct value')} are numbers, and as text each of them is a "
            "category. Leave such cells empty to use the column as numbers."
        )
    broken = [index for index, level in enumerate(levels) if "\n" in level]
    if broken:
        row = int(np.argmax(np.isin(data, broken)))
        notes.append(
            f"Column {quote(name)} holds {count(len(broken), 'value')} with a line break, the "
            f"first in row {row + 1}; a quotation mark that is never closed would look like this."
        )
    return notes
