"""The fit again, as a few lines of Python."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from neglog.families.register import FAMILIES, ORDERED
from neglog.losses.surrogates.register import SURROGATES

if TYPE_CHECKING:
    from neglog.losses.declared import Declared
    from neglog.models import Model

__all__ = ["python_recipe"]


def python_recipe(model: Model) -> str:
    """Return code that fits the model again.

    A family that is not built in is declared from its stored density, so the code runs where its author's file is not.
    """
    known = (FAMILIES | ORDERED | SURROGATES).get(model.family.name)
    lines = ["import neglog as nl"]
    option = "family" if model.family.density.likelihood else "loss"
    if known is not None and known.density.text == model.family.density.text and option == "loss":
        hyper = [
            f"{p.name}={p.value!r}" for p in model.family.density.parameters if p.value is not None
        ]
        named = f"nl.loss({', '.join([repr(known.name), *hyper])})"
    elif known is not None and known == model.family:
        named = f"nl.{model.family.name}"
    else:
        named = "Law" if option == "family" else "Cost"
        lines += ["from neglog import math", "", *_declaration(model.family, option, named)]
    options = [f"{option}={named}"]
    if model.prior.startswith("Normal("):
        options.append(f"prior=nl.{model.prior.removesuffix(' on slopes')}")
    if model.coding.labels and model.family.target.kind == "Binary":
        options.append(f"positive={model.coding.labels[1]!r}")
    if model.coding.ordered:
        options.append(f"order={list(model.coding.labels)!r}")
    if model.covariance is not None and model.covariance.kind == "expected":
        options.append("information='expected'")
    if model.solver.casefold() != "newton":
        options.append(f"solver={model.solver.casefold()!r}")
    return "\n".join(
        [
            *lines,
            "",
            f"model = nl.fit({model.formula!r}, {model.source!r},",
            f"               {', '.join(options)})",
            "print(model.summary())",
        ]
    )


def _declaration(family: Declared[...], decorator: str, name: str) -> list[str]:
    density = family.density
    sign = "" if density.likelihood else "-"
    declared = [f"{density.target}=nl.{density.support.kind}()"]
    declared += [
        f"{p.name}=nl.Ordered()"
        if p.support.kind == "Ordered"
        else f'{p.name}=nl.{p.support.kind}(link="{p.support.link}")'
        for p in density.parameters
    ]
    names = [density.target, *(p.name for p in density.parameters)]
    fixed = ", ".join(f"{p.name}={p.value!r}" for p in density.parameters if p.value is not None)
    return [
        "",
        f"@nl.{decorator}({', '.join(declared)})",
        f"def {name}({', '.join(names)}):",
        f"    return {sign}({_qualified(density.text)})"
        if sign
        else f"    return {_qualified(density.text)}",
        *(["", f"{name} = {name}.fix({fixed})"] if fixed else []),
        "",
    ]


def _qualified(text: str) -> str:
    """Write the functions of a density as ``math.log``; the text is neglog's own print of a tree."""
    return re.sub(
        r"\b([a-z]\w*)(?=\()|\bpi\b",
        lambda found: found[0] if found[0] == "abs" else f"math.{found[0]}",
        text,
    )
