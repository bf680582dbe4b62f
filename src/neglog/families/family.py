"""The decorator and its noun: a `Family` is its log-density.

A family is frozen. Two families are equal when their densities are; a model of a family stores the density's text, so
it loads where the Python function is absent. The function is traced when the density is first needed, and tracing needs
no SymPy.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

from neglog.errors import DensityError, NeglogError, UsageError, nearest
from neglog.losses.declared import Declared, checked_supports, traced_density
from neglog.symbolic.density import Density
from neglog.symbolic.expression import Node, Symbol, free_symbols
from neglog.symbolic.supports import Hyper, Support
from neglog.symbolic.text import LONGEST_DENSITY, parse, to_text
from neglog.symbolic.tracing import Traced, node_of, traced_target

if TYPE_CHECKING:
    from neglog.families.distribution import Distribution
    from neglog.families.laws import Peer, ScipyLaw

__all__ = ["Family", "family"]

P = ParamSpec("P")


class Family(Declared[P]):
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

    _nothing_left = "that is a distribution, not a family."
    _noun = "family"

    def __init__(
        self,
        trace: Callable[[], Density],
        name: str,
        *,
        law: ScipyLaw | None = None,
        aliases: tuple[str, ...] = (),
        log_cdf: Callable[..., Any] | str | None = None,
        log_sf: Callable[..., Any] | str | None = None,
        log_between: Callable[..., Any] | str | None = None,
        peers: tuple[Peer, ...] = (),
        function: Callable[..., Any] | None = None,
    ) -> None:
        super().__init__(trace, name, aliases=aliases, function=function)
        self.law = law
        self._log_cdf, self._log_sf, self._log_between = log_cdf, log_sf, log_between
        self._peers = peers

    @cached_property
    def log_cdf(self) -> Node | None:
        """The logarithm of P(Y <= y) as an expression of the target and the parameters, where it was declared."""
        return self._tail("log_cdf", self._log_cdf)

    @cached_property
    def log_sf(self) -> Node | None:
        """The logarithm of P(Y > y) as an expression of the target and the parameters, where it was declared."""
        return self._tail("log_sf", self._log_sf)

    @cached_property
    def log_between(self) -> Node | None:
        """The logarithm of P(y.lower < Y <= y.upper) as an expression of both and the parameters, where declared."""
        target = self.density.target
        return self._tail("log_between", self._log_between, f"{target}.lower", f"{target}.upper")

    def _tail(self, what: str, given: Callable[..., Any] | str | None, *ends: str) -> Node | None:
        if given is None:
            return None
        density = self.density
        names = [p.name for p in density.parameters]
        columns = ends or tuple(name for name, _ in density.targets)
        if isinstance(given, str):
            return parse(given, {*columns, *names}, longest=LONGEST_DENSITY)
        try:
            of = [Traced(Symbol(end)) for end in ends] or [
                traced_target(density.target, density.support)
            ]
            node = node_of(given(*of, *(Traced(Symbol(name)) for name in names)))
        except (NeglogError, TypeError, AttributeError) as error:
            raise DensityError(
                f"{what} of {self.name} cannot be traced ({error}). It is a function of "
                f"{'lower end, upper end' if ends else 'the target'} and then of {', '.join(names)}, in this order, "
                "written with neglog.math."
            ) from error
        if not free_symbols(node) & set(ends or (density.target,)):
            raise DensityError(f"{what} of {self.name} does not depend on its target.")
        return node

    @property
    def peers(self) -> dict[str, Peer]:
        """How other libraries write this law, by the name of the library; SciPy's is `law`."""
        known = {peer.library: peer for peer in self._peers}
        return known if self.law is None else {"scipy": self.law, **known}

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

    def _extras(self) -> dict[str, Any]:
        tails = {
            name: node if node is None else to_text(node)
            for name, node in (
                ("log_cdf", self.log_cdf),
                ("log_sf", self.log_sf),
                ("log_between", self.log_between),
            )
        }
        return {"law": self.law, "peers": self._peers, **tails}

    @classmethod
    def from_density(cls, density: Density, law: ScipyLaw | None = None) -> Family[...]:
        """Return the family of a density that was read from text or from a file."""
        return Family(lambda: density, density.name, law=law)


def family(
    function: Any = None,
    /,
    *,
    y: Support | None = None,
    law: ScipyLaw | None = None,
    aliases: tuple[str, ...] = (),
    log_cdf: Callable[..., Any] | None = None,
    log_sf: Callable[..., Any] | None = None,
    log_between: Callable[..., Any] | None = None,
    peers: tuple[Peer, ...] = (),
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
    log_cdf, log_sf : callable, optional
        The logarithms of P(Y <= y) and of P(Y > y), of the same arguments as the density and written likewise, where
        they have a formula: censored and truncated targets use them.
    log_between : callable, optional
        The logarithm of P(lower < Y <= upper), of lower, upper and the parameters, where there is a formula that keeps
        its digits when the ends nearly meet, as the difference of two tails does not.
    peers : tuple of Peer, optional
        How other libraries write the law.
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
    target = checked_supports("family", function, y, parameters)

    def decorate(function: Callable[Concatenate[Any, P], Any]) -> Family[P]:
        return Family(
            lambda: traced_density(function, target, parameters),
            function.__name__,
            law=law,
            aliases=aliases,
            log_cdf=log_cdf,
            log_sf=log_sf,
            log_between=log_between,
            peers=peers,
            function=function,
        )

    return decorate
