"""The noun everything above consumes: a log-density with its supports and links."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from keyword import iskeyword
from typing import Any

from neglog.errors import DensityError, UsageError, nearest
from neglog.symbolic.expression import Node, free_symbols
from neglog.symbolic.links import Link, link_named
from neglog.symbolic.supports import Support
from neglog.symbolic.text import LONGEST_DENSITY, parse, to_text

__all__ = ["Density", "Parameter"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a density: its name, where it lives, and its value where it was fixed.

    Attributes
    ----------
    name : str
        Name in the density.
    support : Support
        Where it lives, with its link.
    value : float or None
        Its value where it was fixed.
    hyper : bool
        Whether it is never modelled and never estimated, a number that the user of the loss chooses.
    """

    name: str
    support: Support
    value: float | None = None
    hyper: bool = False

    @property
    def link(self) -> Link:
        """The link through which a raw prediction reaches the parameter."""
        link = link_named(self.support.link)
        return link.onto_interval(*self.support.bounds) if self.support.kind == "Between" else link

    @property
    def misfit(self) -> str:
        """The sentence that says why the link does not suit the parameter; empty where it does."""
        why = self.link.misfit(self.support.kind, self.support.bounds)
        where = f"{self.name} ({self.support.sentence})"
        return f"the link '{self.link.name}' does not suit {where}: {why}." if why else ""


@dataclass(frozen=True, slots=True)
class Density:
    """The logarithm of a density (or probability) of a target, in nats, all constants kept.

    Attributes
    ----------
    name : str
        Name of the family.
    expression : Node
        The log-density, an expression of the target and the parameters.
    target : str
        Name of the target in `expression`.
    support : Support
        Where the target lives.
    parameters : tuple of Parameter
        In the order in which they were declared.
    likelihood : bool
        Whether this is the logarithm of a density. Else `expression` is minus a loss that follows from none (a hinge):
        it integrates to nothing in particular, and no likelihood, AIC or deviance is made of it.
    """

    name: str
    expression: Node
    target: str
    support: Support
    parameters: tuple[Parameter, ...]
    likelihood: bool = True

    def __post_init__(self) -> None:
        # A target has no link: densities that differ in nothing else are equal.
        object.__setattr__(self, "support", replace(self.support, link="identity"))
        names = [self.target, *(parameter.name for parameter in self.parameters)]
        for name in names:
            reserved = name in ("pi", "inf")
            if not name.isidentifier() or iskeyword(name) or reserved or names.count(name) > 1:
                raise DensityError(
                    f"The density of {self.name} cannot call something '{name}': the target and the parameters need "
                    "names of letters and digits, each its own, and none of them 'pi' or 'inf'."
                )
        columns = [name for name, _ in self.targets]
        known = {*columns, *names[1:]}
        used = free_symbols(self.expression)
        if unknown := sorted(used - known):
            raise DensityError(
                f"The density of {self.name} uses '{unknown[0]}', which it does not declare. "
                f"{nearest(unknown[0], known)}"
            )
        # A row law knows the class observed by its ends, which are parameters.
        if used.isdisjoint(columns) and all(p.support.kind != "End" for p in self.parameters):
            raise DensityError(
                f"The density of {self.name} does not depend on its target '{self.target}'."
            )
        for parameter in self.parameters:
            if misfit := parameter.misfit:
                raise DensityError(f"In the density of {self.name} {misfit}")
            if parameter.name not in used:
                raise DensityError(
                    f"The density of {self.name} declares '{parameter.name}' but does not use it."
                )

    @property
    def targets(self) -> tuple[tuple[str, Support], ...]:
        """The columns of the target and where each lives: ``y``, or ``y.k`` and ``y.n`` where it has fields."""
        fields = self.support.fields
        if not fields:
            return ((self.target, self.support),)
        return tuple((f"{self.target}.{field}", support) for field, support in fields)

    def columns(self, target: Any) -> dict[str, Any]:
        """Return the values of a target column by column.

        Parameters
        ----------
        target : array_like, tuple or mapping
            Where the target has fields: an array [n, m], a tuple of m columns, or a mapping from fields to columns.

        Raises
        ------
        UsageError
            If the fields of the target and those of `target` differ.
        """
        fields = [field for field, _ in self.support.fields]
        if not fields:
            return {self.target: target}
        wanted = f"{self.name} has a target with the fields {', '.join(fields)}"
        how = (
            f"pass an array [n, {len(fields)}], a tuple of {len(fields)} columns, or a mapping from the fields to "
            "columns"
        )
        if isinstance(target, Mapping):
            for field in target:
                if field not in fields:
                    raise UsageError(
                        f"{wanted}; '{field}' is none of them. {nearest(str(field), fields)}"
                    )
            if missing := [field for field in fields if field not in target]:
                raise UsageError(f"{wanted}; '{missing[0]}' is missing: {how}.")
            parts = [target[field] for field in fields]
        elif isinstance(target, tuple):
            parts = list(target)
        else:
            import numpy as np

            array = np.asarray(target)
            if array.ndim == 0 or array.shape[-1] != len(fields):
                raise UsageError(f"{wanted}, but this has shape {array.shape}: {how}.")
            parts = [array[..., i] for i in range(len(fields))]
        if len(parts) != len(fields):
            raise UsageError(f"{wanted}, but these are {len(parts)} columns: {how}.")
        return {f"{self.target}.{field}": part for field, part in zip(fields, parts, strict=True)}

    @property
    def text(self) -> str:
        """The log-density as text that `parse` reads back."""
        return to_text(self.expression)

    @property
    def free(self) -> tuple[str, ...]:
        """Names of the parameters that can be modelled or estimated: not fixed, and no `Hyper`."""
        return tuple(p.name for p in self.parameters if p.value is None and not p.hyper)

    @property
    def unset(self) -> tuple[str, ...]:
        """Names of the hyperparameters that have no value yet."""
        return tuple(p.name for p in self.parameters if p.value is None and p.hyper)

    @property
    def key(self) -> str:
        """A hash of all that a loss derived from this density depends on (fixed values are run-time scalars)."""
        parts = [self.text, self.target, str(self.support)]
        parts += [
            f"{p.name}:{p.support}:{p.support.link}:{'hyper' if p.hyper else p.value is not None}"
            for p in self.parameters
        ]
        if not self.likelihood:
            parts.append("no likelihood")
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]

    def parameter(self, name: str) -> Parameter:
        """Return the parameter called `name`, or say which there are."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        raise UsageError(
            f"{self.name} has no parameter '{name}'. {nearest(name, [p.name for p in self.parameters])}"
        )

    def with_parameter(self, changed: Parameter) -> Density:
        """Return the density with one parameter replaced."""
        self.parameter(changed.name)
        return replace(
            self,
            parameters=tuple(changed if p.name == changed.name else p for p in self.parameters),
        )

    def to_json(self) -> dict[str, object]:
        """Return the density as plain data; `from_json` reads it back in a process that never saw its function."""
        target = {name: v for name, v in self.support.to_json().items() if name != "link"}
        data: dict[str, object] = {
            "name": self.name,
            "log_density": self.text,
            "target": {"name": self.target, **target},
            "parameters": [
                {"name": p.name, **p.support.to_json(), "value": p.value}
                | ({"hyper": True} if p.hyper else {})
                for p in self.parameters
            ],
        }
        return data if self.likelihood else {**data, "likelihood": False}

    @classmethod
    def from_json(cls, data: dict[str, object]) -> Density:
        """Read what `to_json` wrote; the text goes through the allow-list parser.

        Raises
        ------
        DensityError
            If the data are not those of a density.
        """
        try:
            target, parameters = data["target"], data["parameters"]
            assert isinstance(target, dict)
            assert isinstance(parameters, list)
            support = Support.from_json(target)
            declared = tuple(
                Parameter(
                    str(p["name"]),
                    Support.from_json(p),
                    None if p["value"] is None else float(p["value"]),
                    bool(p.get("hyper", False)),
                )
                for p in parameters
            )
            name = str(target["name"])
            fields = [f"{name}.{field}" for field, _ in support.fields] or [name]
            return cls(
                name=str(data["name"]),
                expression=parse(
                    str(data["log_density"]),
                    {*fields, *(p.name for p in declared)},
                    longest=LONGEST_DENSITY,
                ),
                target=name,
                support=support,
                parameters=declared,
                likelihood=bool(data.get("likelihood", True)),
            )
        except (KeyError, TypeError, ValueError, AssertionError) as error:
            raise DensityError(f"The stored density is incomplete or damaged ({error}).") from None
