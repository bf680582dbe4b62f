"""The noun everything above consumes: a log-density with its supports and links."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from keyword import iskeyword

from neglog.errors import DensityError, UsageError, nearest
from neglog.symbolic.expression import Node, free_symbols
from neglog.symbolic.links import Link, link_named
from neglog.symbolic.supports import SUPPORTS, Support
from neglog.symbolic.text import parse, to_text

__all__ = ["Density", "Parameter"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a density: its name, where it lives, and its value where it was fixed."""

    name: str
    support: Support
    value: float | None = None

    @property
    def link(self) -> Link:
        """The link through which a raw prediction reaches the parameter."""
        return link_named(self.support.link)


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
    """

    name: str
    expression: Node
    target: str
    support: Support
    parameters: tuple[Parameter, ...]

    def __post_init__(self) -> None:
        # A target has no link: densities that differ in nothing else are equal.
        object.__setattr__(self, "support", replace(self.support, link="identity"))
        names = [self.target, *(parameter.name for parameter in self.parameters)]
        for name in names:
            if not name.isidentifier() or iskeyword(name) or name == "pi" or names.count(name) > 1:
                raise DensityError(
                    f"The density of {self.name} cannot call something '{name}': the target and the parameters need "
                    "names of letters and digits, each its own, and none of them 'pi'."
                )
        known = set(names)
        used = free_symbols(self.expression)
        if unknown := sorted(used - known):
            raise DensityError(
                f"The density of {self.name} uses '{unknown[0]}', which it does not declare. "
                f"{nearest(unknown[0], known)}"
            )
        if self.target not in used:
            raise DensityError(
                f"The density of {self.name} does not depend on its target '{self.target}'."
            )
        for parameter in self.parameters:
            link_named(parameter.support.link)
            if parameter.name not in used:
                raise DensityError(
                    f"The density of {self.name} declares '{parameter.name}' but does not use it."
                )

    @property
    def text(self) -> str:
        """The log-density as text that `parse` reads back."""
        return to_text(self.expression)

    @property
    def free(self) -> tuple[str, ...]:
        """Names of the parameters that were not fixed."""
        return tuple(parameter.name for parameter in self.parameters if parameter.value is None)

    @property
    def key(self) -> str:
        """A hash of all that a loss derived from this density depends on (fixed values are run-time scalars)."""
        parts = [self.text, self.target, str(self.support)]
        parts += [
            f"{p.name}:{p.support}:{p.support.link}:{p.value is not None}" for p in self.parameters
        ]
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
        return {
            "name": self.name,
            "log_density": self.text,
            "target": {
                "name": self.target,
                "support": self.support.kind,
                "classes": self.support.classes,
            },
            "parameters": [
                {
                    "name": p.name,
                    "support": p.support.kind,
                    "link": p.support.link,
                    "classes": p.support.classes,
                    "value": p.value,
                }
                for p in self.parameters
            ],
        }

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
            for declared in (target, *parameters):
                if declared["support"] not in SUPPORTS:
                    raise DensityError(
                        f"There is no support called '{declared['support']}'. "
                        f"{nearest(str(declared['support']), SUPPORTS)}"
                    )
            names = {target["name"], *(p["name"] for p in parameters)}
            return cls(
                name=str(data["name"]),
                expression=parse(str(data["log_density"]), names),
                target=str(target["name"]),
                support=Support(target["support"], classes=target["classes"]),
                parameters=tuple(
                    Parameter(
                        str(p["name"]),
                        Support(p["support"], p["link"], p["classes"]),
                        None if p["value"] is None else float(p["value"]),
                    )
                    for p in parameters
                ),
            )
        except (KeyError, TypeError, AssertionError) as error:
            raise DensityError(f"The stored density is incomplete or damaged ({error}).") from None
