"""Verdicts on the losses of built-in families, as data: printing a derivation then needs no search."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import resources

from neglog.derivation.verdicts.verdict import Verdict
from neglog.symbolic.density import Density

__all__ = ["shipped_name", "shipped_verdicts"]


def shipped_name(density: Density, modelled: Sequence[str]) -> str:
    """Return the name of the file in which verdicts ship."""
    return f"{density.name.lower()}-{'-'.join(modelled)}.json"


def shipped_verdicts(density: Density, modelled: Sequence[str]) -> tuple[Verdict, ...] | None:
    """Return the verdicts that ship with the package; None where there are none for just this density."""
    folder = resources.files("neglog.derivation.verdicts") / "certificates"
    file = folder / shipped_name(density, modelled)
    if not file.is_file():
        return None
    data = json.loads(file.read_text(encoding="utf-8"))
    if data["density"] != density.key:
        return None
    return tuple(Verdict.from_json(verdict) for verdict in data["verdicts"])
