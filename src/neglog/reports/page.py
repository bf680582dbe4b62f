"""``write_report``: a model and its data as one HTML file."""

from __future__ import annotations

import os
from importlib import resources
from typing import TYPE_CHECKING, Any

from neglog.data.writing import write_text
from neglog.reports.contents import gather

if TYPE_CHECKING:
    from neglog.derivation.derive import Derivation
    from neglog.families.distribution import Distribution
    from neglog.models import Model
    from neglog.selection.auto import Choice

__all__ = ["render", "write_report"]


def write_report(
    model: Model,
    path: str | os.PathLike[str],
    *,
    data: Any = None,
    prior: Distribution | None = None,
    choice: Choice | None = None,
    command: str = "",
    derivation: Derivation | None = None,
) -> None:
    """Write a report of a fit: data, assumption, derivation, coefficients, convergence, diagnostics.

    Parameters
    ----------
    model : Model
        The fit.
    path : path
        Where to; the file appears whole or not at all, and needs nothing beside it: no network, no script.
    data : path, data frame, mapping or Table, optional
        The data it was fitted to, for the diagnostic figure.
    prior : Distribution, optional
        The prior it was fitted with, for the derivation.
    choice : Choice, optional
        Why this family, from `neglog.selection.auto.choose_family`.
    command : str
        The command line that made it.
    derivation : Derivation, optional
        The derivation of the family, if there is one already.

    Raises
    ------
    DataError
        If the file cannot be written.
    """
    write_text(path, render(gather(model, data, prior, choice, command, derivation)))


def render(contents: dict[str, Any]) -> str:
    """Return the page; every name and label in it is escaped."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = (resources.files("neglog.reports") / "page.html").read_text(encoding="utf-8")
    return environment.from_string(template).render(**contents)
