"""The smallest pieces of a formula: a column, and what is done to it."""

from __future__ import annotations

import json
from dataclasses import dataclass

__all__ = ["ALLOWED", "ELEMENTWISE", "FUNCTIONS", "STATEFUL", "Call", "Factor", "Term", "is_plain"]

Option = str | int | float | bool | None

ELEMENTWISE = ("log", "log1p", "exp", "sqrt")
"""Functions of one number each; nothing has to be learnt from the data."""

STATEFUL = ("scale", "center", "poly")
"""Functions whose mean, scale or polynomials are learnt from the rows a model is fitted to."""

FUNCTIONS = ("C", *ELEMENTWISE, *STATEFUL)

ALLOWED = (
    "A formula takes column names (in `back-ticks` if they are not one word), + - : * ^ ** ( ) 0 1 "
    'and `.`, C(x), C(x, ref="b"), log, log1p, exp, sqrt, scale, center and poly(x, degree).'
)


@dataclass(frozen=True)
class Call:
    """A function of the formula language, with its option: a reference level or a degree."""

    function: str
    option: Option = None


@dataclass(frozen=True)
class Factor:
    """A column with the functions applied to it, the innermost first.

    Examples
    --------
    >>> Factor("income", (Call("log"), Call("poly", 2))).name
    'poly(log(income), 2)'
    """

    column: str
    calls: tuple[Call, ...] = ()

    @property
    def name(self) -> str:
        """The factor as coefficient names show it."""
        if not self.calls:
            return self.column
        text = self.column if is_plain(self.column) else f"`{self.column}`"
        for call in self.calls:
            option = ""
            if call.option is not None:
                shown = json.dumps(call.option, ensure_ascii=False)
                if isinstance(call.option, bool):
                    shown = str(call.option)
                option = f", ref={shown}" if call.function == "C" else f", {shown}"
            text = f"{call.function}({text}{option})"
        return text

    @property
    def categorical(self) -> bool:
        """Whether the formula asks for categories; text and booleans are so by themselves."""
        return bool(self.calls) and self.calls[-1].function == "C"


Term = tuple[Factor, ...]
"""A product of factors; none for the intercept."""


def is_plain(name: str) -> bool:
    """Whether a name can stand in a formula without back-ticks."""
    # A dot belongs to a name, as in R, but alone it means all other columns.
    parts = name.replace(".", "_")
    return parts.isidentifier() and name.strip(".") != ""
