"""A loss declared by its formula.

Maximum likelihood gives a loss to every density; not every loss has a density. The hinge, for example, cannot be
``-log p(y | f)`` of any p: the two probabilities that it implies do not sum to the same number for every f. Such a
loss is still minimised (empirical risk), but there is no likelihood, no AIC, and standard errors are robust ones.
Where a loss *is* the negative log-density of some law up to a constant, `Bridge` says which and with what constant.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec

from neglog.losses.declared import Declared, checked_supports, traced_density
from neglog.symbolic.density import Density
from neglog.symbolic.supports import Hyper, Support

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
