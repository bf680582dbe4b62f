"""A loss declared by its formula.

Maximum likelihood gives a loss to every density; not every loss has a density. The hinge, for example, cannot be
``-log p(y | f)`` of any p: the two probabilities that it implies do not sum to the same number for every f. Such a
loss is still minimised (empirical risk), but there is no likelihood, no AIC, and standard errors are robust ones.
Where a loss *is* the negative log-density of some law up to a constant, `Bridge` says which and with what constant.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, Self

import numpy as np

from neglog.errors import UsageError
from neglog.losses.declared import Declared, checked_supports, traced_density
from neglog.symbolic.density import Density
from neglog.symbolic.expression import as_node, evaluate, free_symbols
from neglog.symbolic.heads import numpy_meaning, numpy_number
from neglog.symbolic.supports import Hyper, Support
from neglog.symbolic.text import parse

__all__ = ["Bridge", "Surrogate", "loss"]

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Bridge:
    """The law whose negative log-density a loss is, up to a constant.

    Attributes
    ----------
    law : str
        The law, in words.
    sentence : str
        With which constant, and what to heed.
    log_normaliser : str
        The constant as density text in the loss's hyperparameters: ``exp(-loss - log_normaliser)`` integrates to 1
        over the target. Empty where the law is a probability of labels.
    """

    law: str
    sentence: str
    log_normaliser: str = ""


class Surrogate(Declared[P]):
    """A loss of one observation that was declared as a formula, not derived from a density.

    Its `density` holds minus the loss in the place of a log-density, and says so (``density.likelihood`` is False).

    Attributes
    ----------
    name : str
        The name.
    density : Density
        Minus the loss.
    bridge : Bridge or None
        The law it comes from after all, where there is one.
    aliases : tuple of str
        Other names, in two languages.
    """

    _nothing_left = "there is nothing left to predict."
    _noun = "loss"

    def __init__(
        self,
        trace: Callable[[], Density],
        name: str,
        *,
        aliases: tuple[str, ...] = (),
        bridge: Bridge | None = None,
        function: Callable[..., Any] | None = None,
    ) -> None:
        super().__init__(trace, name, aliases=aliases, function=function)
        self.bridge = bridge

    def _extras(self) -> dict[str, Any]:
        return {"bridge": self.bridge}

    def fix(self, **values: float) -> Self:
        """Return it with some parameters fixed, as of any declared loss.

        Raises
        ------
        UsageError
            If a name is not a parameter, nothing is left to model, or the loss has no minimum at these values.
        SupportError
            If a value lies outside the parameter's support.
        """
        fixed = super().fix(**values)
        constant = parse(self.bridge.log_normaliser or "0") if self.bridge else as_node(0)
        given = {
            p.name: np.float64(p.value) for p in fixed.density.parameters if p.value is not None
        }
        if free_symbols(constant) <= given.keys():
            with np.errstate(all="ignore"):
                size = evaluate(constant, given, numpy_meaning(), numpy_number)
            if not np.isfinite(size):
                shown = ", ".join(f"{name}={value:g}" for name, value in given.items())
                raise UsageError(
                    f"{self.name} with {shown} pulls to one side only: it has no minimum. Choose a value inside, "
                    "such as 0.01 or 0.99 in place of 0 and 1."
                )
        return fixed

    @property
    def label(self) -> str:
        """What the loss is, in one sentence: a surrogate without a likelihood, or a law's by a bridge."""
        if self.bridge is None:
            return "No likelihood: a surrogate. No law of the target is known that has it as its negative log-density."
        return f"Up to a constant the negative log-density of {self.bridge.law}. {self.bridge.sentence}"

    @property
    def decides(self) -> bool:
        """Whether its prediction is a score whose sign decides between two classes."""
        first = self.density.parameters[0]
        return self.density.support.kind == "Binary" and first.support.kind == "Real"

    @classmethod
    def from_density(cls, density: Density) -> Surrogate[...]:
        """Return the loss that a file holds as minus its formula."""
        return cls(lambda: density, density.name)


def loss(
    *,
    y: Support,
    aliases: tuple[str, ...] = (),
    bridge: Bridge | None = None,
    **parameters: Support | Hyper,
) -> Callable[[Callable[Concatenate[Any, P], Any]], Surrogate[P]]:
    """Declare a loss: what ``@nl.loss(...)`` does where no name is looked up.

    Parameters
    ----------
    y : Support
        Where the target lives; ``nl.Binary()`` for yes or no.
    aliases : tuple of str, optional
        Other names.
    bridge : Bridge, optional
        The law whose negative log-density it is, up to a constant.
    **parameters : Support or Hyper
        The predictions, each with its support and link, and hyperparameters.

    Returns
    -------
    callable
        A decorator of a function that returns the loss of one observation, written with `neglog.math`.

    Raises
    ------
    UsageError
        If a support is missing, or no support.
    """
    target = checked_supports("loss", None, y, dict(parameters))

    def decorate(function: Callable[Concatenate[Any, P], Any]) -> Surrogate[P]:
        return Surrogate(
            lambda: traced_density(function, target, parameters, likelihood=False),
            function.__name__,
            aliases=aliases,
            bridge=bridge,
            function=function,
        )

    return decorate
