"""Losses by their names: those without a density, and a pointer to the law where a name means the loss of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, overload

from neglog.errors import UsageError
from neglog.families.register import law_named
from neglog.losses.declared import checked_supports
from neglog.losses.surrogates import surrogate
from neglog.losses.surrogates.register import find, named
from neglog.losses.surrogates.surrogate import Bridge, Surrogate
from neglog.symbolic.supports import Hyper, Support

__all__ = ["loss", "loss_named"]

P = ParamSpec("P")


@overload
def loss(name: str, /, **hyper: float) -> Surrogate[...]: ...
@overload
def loss(
    *,
    y: Support,
    aliases: tuple[str, ...] = (),
    bridge: Bridge | None = None,
    **parameters: Support | Hyper,
) -> Callable[[Callable[Concatenate[Any, P], Any]], Surrogate[P]]: ...
def loss(name: Any = None, /, **declared: Any) -> Any:
    """Find a loss by its name, or declare one.

    Parameters
    ----------
    name : str, optional
        ``"hinge"``, ``"huber"``, ``"合页损失"``; then the other arguments are values of its hyperparameters.
    y : Support
        For a declaration: where the target lives; ``nl.Binary()`` for yes or no.
    aliases : tuple of str, optional
        For a declaration: other names.
    bridge : Bridge, optional
        For a declaration: the law whose negative log-density it is, up to a constant.
    **declared : Support or Hyper, or float
        For a declaration the predictions, each with its support and link, and hyperparameters
        (``delta=nl.Hyper(nl.Positive(), default=1.35)``); for a name values of hyperparameters.

    Returns
    -------
    Surrogate, or callable
        The loss; or a decorator of a function that returns the loss of one observation, written with `neglog.math`.

    Raises
    ------
    UsageError
        If there is no such loss or hyperparameter, or the name means the loss of a law.

    Examples
    --------
    >>> import neglog as nl
    >>> from neglog.math import maximum
    >>> @nl.loss(y=nl.Binary(), f=nl.Real())
    ... def Margin(y, f):
    ...     return maximum(1 - (2 * y - 1) * f, 0)
    >>> nl.compile(Margin).value(1, 0.25)
    0.75
    >>> nl.compile(nl.loss("huber", delta=2.0)).value(5.0, 0.0)
    8.0
    """
    if isinstance(name, str):
        found = loss_named(
            name, "take nl.{law}, as in nl.derive(nl.{law}) or nl.fit(..., family=nl.{law})"
        )
        return found.fix(**declared) if declared else found
    if name is not None:
        raise UsageError(f"nl.loss wants the name of a loss, such as 'hinge', not {name!r}.")
    target = declared.pop("y", None)
    options = {key: declared.pop(key) for key in ("aliases", "bridge") if key in declared}
    checked_supports("loss", name, target, declared)
    return surrogate.loss(y=target, **options, **declared)


def loss_named(name: str, instead: str) -> Surrogate[...]:
    """Return the loss without a density of that name or alias.

    Parameters
    ----------
    name : str
        The name.
    instead : str
        What to do where the loss follows from a law, with ``{name}`` and ``{law}`` for the names.

    Raises
    ------
    UsageError
        If it is the loss of a law, or there is none.
    """
    law = law_named(name) if named(name) is None else None
    if law is not None:
        advice = instead.format(name=name, law=law.name)
        raise UsageError(
            f"'{name}' is the loss that follows from {law.name}: {advice}, which keeps the likelihood."
        )
    return find(name)
