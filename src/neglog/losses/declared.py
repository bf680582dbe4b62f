"""What a decorated function becomes: a frozen noun that is its density, with parameters to fix and links to choose.

Families and losses that follow from no density are declared alike. The function is traced when the density is first
needed, and tracing needs no SymPy. Two nouns are equal when their densities are; one that cannot be imported is pickled
as the text of its density.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, Generic, ParamSpec, Self

from neglog.errors import DensityError, NeglogError, UsageError
from neglog.symbolic.density import Density, Parameter
from neglog.symbolic.expression import Symbol, minus
from neglog.symbolic.links import Link, link_named
from neglog.symbolic.supports import Hyper, Support
from neglog.symbolic.tracing import Traced, node_of, traced_target

__all__ = ["Declared", "checked_supports", "traced_density"]

P = ParamSpec("P")


class Declared(Generic[P]):
    """A density under a name.

    Parameters
    ----------
    trace : callable
        Returns the density; called once, when it is first needed.
    name : str
        The name.
    aliases : tuple of str
        Other names under which it is found.
    function : callable, optional
        The decorated function: it lends its docstring and its place.
    """

    # How the message ends that refuses to fix every parameter; what `repr` calls the noun.
    _nothing_left = "there is nothing left to model."
    _noun = "declared"

    def __init__(
        self,
        trace: Callable[[], Density],
        name: str,
        *,
        aliases: tuple[str, ...] = (),
        function: Callable[..., Any] | None = None,
    ) -> None:
        self._trace = trace
        self.name = self.__name__ = name
        self.aliases = aliases
        if function is not None:
            self.__wrapped__ = function
            self.__module__ = function.__module__
            self.__qualname__ = function.__qualname__
            self.__doc__ = function.__doc__
        else:
            self.__qualname__ = name

    @cached_property
    def density(self) -> Density:
        """The log-density, traced when first asked for."""
        return self._trace()

    @property
    def target(self) -> Support:
        """Where the target lives."""
        return self.density.support

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters in the order of their declaration."""
        return self.density.parameters

    @property
    def __signature__(self) -> inspect.Signature:
        # Without the target: a distribution is made from values of the parameters alone.
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        return inspect.Signature([inspect.Parameter(name, kind) for name in self._arguments])

    @property
    def _arguments(self) -> tuple[str, ...]:
        """What a distribution needs or may be given: a hyperparameter has a value to begin with, or none."""
        return tuple(p.name for p in self.density.parameters if p.hyper or p.value is None)

    def fix(self, **values: float) -> Self:
        """Return it with some parameters fixed at run-time scalars: ``StudentT.fix(nu=4)``.

        Raises
        ------
        UsageError
            If a name is not a parameter, or nothing is left to model.
        SupportError
            If a value lies outside the parameter's support.
        """
        density = self.density
        for name, value in values.items():
            parameter = density.parameter(name)
            _check_value(self.name, parameter, value)
            density = density.with_parameter(replace(parameter, value=float(value)))
        if not density.free:
            raise UsageError(f"Every parameter of {self.name} is fixed: {self._nothing_left}")
        return self.with_density(density)

    def link(self, **links: str | Link) -> Self:
        """Return it with other links: ``Poisson.link(mu="identity")``, or an `nl.Link` of one's own.

        Raises
        ------
        UsageError
            If a name is not a parameter, or the link is not known or does not suit it.
        """
        density = self.density
        for name, link in links.items():
            parameter = density.parameter(name)
            text = link_named(link).text
            changed = replace(parameter, support=replace(parameter.support, link=text))
            if misfit := changed.misfit:
                raise UsageError(f"Of {self.name} {misfit}")
            density = density.with_parameter(changed)
        return self.with_density(density)

    def with_density(self, density: Density) -> Self:
        """Return the same noun with another density of the same name."""
        return type(self)(lambda: density, self.name, aliases=self.aliases, **self._extras())

    def _extras(self) -> dict[str, Any]:
        """Return what the constructor of a subclass takes beside the density, as data."""
        return {}

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.density == other.density

    def __hash__(self) -> int:
        return hash(self.density.key)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self  # frozen

    def __reduce__(self) -> Any:
        module = sys.modules.get(self.__module__)
        if self.__module__ != "__main__" and getattr(module, self.__qualname__, None) is self:
            return self.__qualname__  # importable: by reference
        return _rebuild, (type(self), self.density.to_json(), self.aliases, self._extras())

    def __repr__(self) -> str:
        fixed = ", ".join(
            f"{p.name}={p.value:g}" for p in self.density.parameters if p.value is not None
        )
        sign = "log p" if self.density.likelihood else "minus the loss"
        return f"<{self._noun} {self.name}{f' with {fixed}' if fixed else ''}: {sign} = {self.density.text}>"


def _rebuild(
    kind: type[Declared[...]],
    data: dict[str, object],
    aliases: tuple[str, ...],
    extras: Mapping[str, Any],
) -> Declared[...]:
    density = Density.from_json(data)
    return kind(lambda: density, density.name, aliases=aliases, **extras)


def _check_value(family: str, parameter: Parameter, value: object) -> None:
    import numpy as np

    from neglog.errors import SupportError

    try:
        number = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        number = np.empty(0)
    if number.ndim or value is None or isinstance(value, str):
        raise UsageError(f"{parameter.name} of {family} is {value!r}; a number is wanted.")
    if not bool(np.all(parameter.support.contains(number))):
        raise SupportError(
            f"{parameter.name} of {family} must be {parameter.support.sentence}; it is {value}."
        )


def checked_supports(
    decorator: str, function: Any, y: Support | None, parameters: Mapping[str, Support | Hyper]
) -> Support:
    """Refuse a decorator without its target, or with parameters that have no support; return the target's.

    Raises
    ------
    UsageError
        With the line that was meant.
    """
    if function is not None or not isinstance(y, Support):
        bare = getattr(y, "__name__", "")
        said = f"y={bare} needs parentheses" if bare else "The target's support is missing"
        raise UsageError(
            f"{said}: write @nl.{decorator}(y=nl.Positive(), mu=nl.Positive(link='log'), ...)."
        )
    for name, support in parameters.items():
        if not isinstance(support, Support | Hyper):
            raise UsageError(
                f"The support of '{name}' must be one of nl.Real(), nl.Positive(), ...; it is {support!r}."
            )
    return y


def traced_density(
    function: Callable[..., Any],
    target: Support,
    parameters: Mapping[str, Support | Hyper],
    *,
    likelihood: bool = True,
) -> Density:
    """Run a decorated function once on symbols.

    Parameters
    ----------
    function : callable
        Of the target and the parameters.
    target : Support
        Where the target lives.
    parameters : mapping of str to Support or Hyper
        Where each parameter lives.
    likelihood : bool
        Whether the function returns a log-density; else a loss, of which the density is minus.

    Returns
    -------
    Density
        What the function recorded.

    Raises
    ------
    DensityError
        If it cannot be traced.
    """
    name = function.__name__
    arguments = list(inspect.signature(function).parameters)
    if not arguments or set(arguments[1:]) != set(parameters):
        raise DensityError(
            f"{name} must take its target and then the parameters it declares "
            f"({', '.join(parameters) or 'none declared'}); it takes {', '.join(arguments) or 'nothing'}."
        )
    try:
        symbols = [Traced(Symbol(argument)) for argument in arguments[1:]]
        result = function(traced_target(arguments[0], target), *symbols)
    except NeglogError as error:
        raise DensityError(f"The density of {name} cannot be traced. {error}") from None
    except (TypeError, AttributeError) as error:
        raise DensityError(
            f"The density of {name} cannot be traced ({error}). "
            "Use the functions of neglog.math on the target and the parameters."
        ) from error
    if result is None:
        wanted = "log-density" if likelihood else "loss"
        raise DensityError(f"The density of {name} returns nothing: return the {wanted}.")
    declared = tuple(_declared(argument, parameters[argument]) for argument in arguments[1:])
    expression = node_of(result) if likelihood else minus(node_of(result))
    return Density(name, expression, arguments[0], target, declared, likelihood)


def _declared(name: str, where: Support | Hyper) -> Parameter:
    if isinstance(where, Hyper):
        default = None if where.default is None else float(where.default)
        return Parameter(name, where.support, default, hyper=True)
    return Parameter(name, where)
