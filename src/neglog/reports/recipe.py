"""The fit again, as a few lines of Python."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from neglog.families.family import Family
from neglog.families.transformers.spelled import python_of
from neglog.losses.surrogates.register import SURROGATES

if TYPE_CHECKING:
    from neglog.losses.declared import Declared
    from neglog.models import Model
    from neglog.symbolic.supports import Support

__all__ = ["python_recipe"]


def python_recipe(model: Model) -> str:
    """Return code that fits the model again.

    A family that is not built in is declared from its stored density, so the code runs where its author's file is not.
    """
    known = SURROGATES.get(model.family.name)
    built_in = python_of(model.family) if isinstance(model.family, Family) else None
    lines = ["import neglog as nl"]
    option = "family" if model.family.density.likelihood else "loss"
    if known is not None and known.density.text == model.family.density.text and option == "loss":
        hyper = [
            f"{p.name}={p.value!r}" for p in model.family.density.parameters if p.value is not None
        ]
        named = f"nl.loss({', '.join([repr(known.name), *hyper])})"
    elif built_in is not None:
        named = built_in
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
    declared = [f"{density.target}={_support(density.support)}"]
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


def _support(support: Support) -> str:
    """Write where a target lives."""
    inside = [repr(support.classes)] if support.kind in ("Label", "Counts") else []
    if support.kind == "Between":
        inside += [repr(end) for end in support.bounds]
    if support.inner is not None:
        inside.append(_support(support.inner))
    if support.size:
        inside.append(str(support.size))
    text = f"nl.{support.kind}({', '.join(inside)})"
    if support.limits is None or support.kind == "Between":
        return text
    ends = [
        f"{name}={end!r}"
        for name, end in zip(("low", "high"), support.limits, strict=True)
        if abs(end) < float("inf")
    ]
    return f"{text}.within({', '.join(ends)})"


def _qualified(text: str) -> str:
    """Write the functions of a density as ``math.log``; the text is neglog's own print of a tree."""
    return re.sub(
        r"\b([a-z]\w*)(?=\()|\b(pi|inf)\b",
        lambda found: found[0] if found[0] == "abs" else f"math.{found[0]}",
        text,
    )
