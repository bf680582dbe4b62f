"""The decorator and its noun: a `Family` is its log-density.

A family is frozen. Two families are equal when their densities are; a model of a family stores the density's text, so
it loads where the Python function is absent. The function is traced when the density is first needed, and tracing needs
no SymPy.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec

from neglog.errors import DensityError, NeglogError, UsageError, nearest
from neglog.symbolic.density import Density, Parameter
from neglog.symbolic.expression import Symbol
from neglog.symbolic.links import Link, link_named
from neglog.symbolic.supports import Hyper, Support
from neglog.symbolic.tracing import Traced, node_of, traced_target

if TYPE_CHECKING:
    from neglog.families.distribution import Distribution
    from neglog.families.laws import ScipyLaw

__all__ = ["Family", "family"]

P = ParamSpec("P")


class Family(Generic[P]):
    """A law of a target: its log-density, where target and parameters live, and the default links.

    Call it with values for the parameters to get a `Distribution`.

    Attributes
    ----------
    name : str
        Name of the family.
    density : Density
        The traced log-density.
    law : ScipyLaw or None
        SciPy's name for it, where SciPy has it.
    aliases : tuple of str
        Other names under which it is found, losses included (``"mse"``).
    """

    def __init__(
        self,
        trace: Callable[[], Density],
        name: str,
        *,
        law: ScipyLaw | None = None,
        aliases: tuple[str, ...] = (),
        function: Callable[..., Any] | None = None,
    ) -> None:
        self._trace = trace
        self.name = self.__name__ = name
        self.law = law
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

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Distribution:
        """Return the distribution with these parameter values.

        Raises
        ------
        UsageError
            If a parameter is missing, unknown, or given twice.
        SupportError
            If a value lies outside the parameter's support.
        """
        from neglog.families.distribution import Distribution

        free = self._arguments
        if len(args) > len(free):
            raise UsageError(
                f"{self.name} takes {len(free)} parameter(s) ({', '.join(free)}), not {len(args)}."
            )
        values: dict[str, Any] = dict(zip(free, args, strict=False))
        for name, value in kwargs.items():
            if name not in free:
                raise UsageError(f"{self.name} has no parameter '{name}'. {nearest(name, free)}")
            if name in values:
                raise UsageError(f"{self.name} was given '{name}' twice.")
            values[name] = value
        fixed = {p.name: p.value for p in self.density.parameters if p.value is not None}
        if missing := [name for name in free if name not in values and name not in fixed]:
            pattern = ", ".join(f"{name}=..." for name in free)
            raise UsageError(
                f"{self.name} needs a value for {', '.join(missing)}: {self.name}({pattern})."
            )
        return Distribution(self, {**fixed, **values})

    def fix(self, **values: float) -> Family[...]:
        """Return the family with some parameters fixed at run-time scalars: ``StudentT.fix(nu=4)``.

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
            raise UsageError(
                f"Every parameter of {self.name} is fixed: that is a distribution, {self.name}(...)."
            )
        return self._derived(density)

    def link(self, **links: str | Link) -> Family[...]:
        """Return the family with other links: ``Poisson.link(mu="identity")``, or an `nl.Link` of one's own.

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
        return self._derived(density)

    def _derived(self, density: Density) -> Family[...]:
        return Family(lambda: density, self.name, law=self.law, aliases=self.aliases)

    @classmethod
    def from_density(cls, density: Density, law: ScipyLaw | None = None) -> Family[...]:
        """Return the family of a density that was read from text or from a file."""
        return Family(lambda: density, density.name, law=law)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Family) and self.density == other.density

    def __hash__(self) -> int:
        return hash(self.density.key)

    def __deepcopy__(self, memo: dict[int, Any]) -> Family[P]:
        return self  # frozen

    def __reduce__(self) -> Any:
        module = sys.modules.get(self.__module__)
        if self.__module__ != "__main__" and getattr(module, self.__qualname__, None) is self:
            return self.__qualname__  # importable: by reference
        return _rebuild, (self.density.to_json(), self.law)

    def __repr__(self) -> str:
        fixed = ", ".join(
            f"{p.name}={p.value:g}" for p in self.density.parameters if p.value is not None
        )
        return (
            f"<family {self.name}{f' with {fixed}' if fixed else ''}: log p = {self.density.text}>"
        )


def _rebuild(data: dict[str, object], law: ScipyLaw | None) -> Family[...]:
    return Family.from_density(Density.from_json(data), law)


def _check_value(family: str, parameter: Parameter, value: object) -> None:
    import numpy as np

    from neglog.errors import SupportError

    try:
        number = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError(
            f"{parameter.name} of {family} is {value!r}; a number is wanted."
        ) from None
    if not bool(np.all(parameter.support.contains(number))):
        raise SupportError(
            f"{parameter.name} of {family} must be {parameter.support.sentence}; it is {value}."
        )


def family(
    function: Any = None,
    /,
    *,
    y: Support | None = None,
    law: ScipyLaw | None = None,
    aliases: tuple[str, ...] = (),
    **parameters: Support | Hyper,
) -> Callable[[Callable[Concatenate[Any, P], Any]], Family[P]]:
    """Turn a log-density into a family.

    Parameters
    ----------
    y : Support
        Where the target lives: ``nl.Positive()``.
    law : ScipyLaw, optional
        SciPy's name for the law; without it, cdf and quantile are computed by integration.
    aliases : tuple of str, optional
        Other names for it.
    **parameters : Support
        Where each parameter lives, with its link: ``mu=nl.Positive(link="log")``. The first is the one that is modelled
        by default; ``tau=nl.Hyper(nl.UnitInterval())`` is neither modelled nor estimated.

    Returns
    -------
    callable
        A decorator of a function of the target and the parameters that returns the log-density, in nats, written with
        `neglog.math`.

    Raises
    ------
    DensityError
        When the density is first used: if it cannot be traced, or uses what it does not declare.

    Examples
    --------
    >>> import neglog as nl
    >>> from neglog.math import log
    >>> @nl.family(y=nl.Positive(), rate=nl.Positive(link="log"))
    ... def Exponential(y, rate):
    ...     return log(rate) - rate * y
    >>> nl.derive(Exponential).loss.textbook.value
    y*exp(eta) - eta
    """
    if function is not None or not isinstance(y, Support):
        bare = getattr(y, "__name__", "")
        said = f"y={bare} needs parentheses" if bare else "The target's support is missing"
        raise UsageError(
            f"{said}: write @nl.family(y=nl.Positive(), mu=nl.Positive(link='log'), ...)."
        )
    for name, support in parameters.items():
        if not isinstance(support, Support | Hyper):
            raise UsageError(
                f"The support of '{name}' must be one of nl.Real(), nl.Positive(), ...; it is {support!r}."
            )

    def decorate(function: Callable[Concatenate[Any, P], Any]) -> Family[P]:
        return Family(
            lambda: _trace(function, y, parameters),
            function.__name__,
            law=law,
            aliases=aliases,
            function=function,
        )

    return decorate


def _trace(
    function: Callable[..., Any], target: Support, parameters: Mapping[str, Support | Hyper]
) -> Density:
    """Run the function once on symbols."""
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
        raise DensityError(f"The density of {name} returns nothing: return the log-density.")
    declared = tuple(_declared(argument, parameters[argument]) for argument in arguments[1:])
    return Density(name, node_of(result), arguments[0], target, declared)


def _declared(name: str, where: Support | Hyper) -> Parameter:
    if isinstance(where, Hyper):
        default = None if where.default is None else float(where.default)
        return Parameter(name, where.support, default, hyper=True)
    return Parameter(name, where)
