"""Maximum likelihood, maximum a posteriori, empirical risk: three readings of one objective.

All three minimise the same data term. They differ in what stands beside it (nothing, the prior), in whether it is a sum
or a mean, and in what they say the minimiser is; not in the arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from neglog.symbolic.text import to_text

if TYPE_CHECKING:
    from neglog.derivation.derive import Derivation

__all__ = ["Reading", "Readings", "readings"]


@dataclass(frozen=True)
class Reading:
    """One way of reading the objective.

    Attributes
    ----------
    name : str
        "MLE", "MAP" or "ERM".
    objective : str
        What is minimised, with the loss of this derivation.
    minimiser : str
        What the minimiser is called, and what it is.
    difference : str
        How it differs from the other two.
    """

    name: str
    objective: str
    minimiser: str
    difference: str

    def __str__(self) -> str:
        return f"{self.name}: minimise {self.objective}.\n     {self.minimiser} {self.difference}"


@dataclass(frozen=True)
class Readings:
    """The three readings of one objective; ``print`` them, or iterate."""

    mle: Reading
    map: Reading
    erm: Reading

    def __iter__(self) -> Iterator[Reading]:
        return iter((self.mle, self.map, self.erm))

    def __str__(self) -> str:
        return "\n".join(str(reading) for reading in self)


def readings(derivation: Derivation) -> Readings:
    """Return the three readings of a derivation's objective.

    Parameters
    ----------
    derivation : Derivation
        With or without a prior.

    Returns
    -------
    Readings
        ``mle``, ``map``, ``erm``.
    """
    loss = derivation.loss
    data = to_text(loss.complete.value)
    constant = to_text(loss.complete.constant)
    if constant != "0":
        data += f" + {constant}"
    penalty = next((step.after.text for step in derivation.steps if step.rule == "penalty"), None)
    likelihood = loss.density.likelihood
    mle = Reading(
        "MLE",
        f"sum_i [{data}]",
        "The weights under which the data are most probable."
        if likelihood
        else "No likelihood: this loss follows from no density, so this reading is empty.",
        "No prior; a sum, because independent rows multiply; constants in it compare families and move no minimum.",
    )
    if penalty is None:
        beside, of_mean = "", ""
        difference = "The prior is flat, so these are the weights of MLE."
    else:
        beside, of_mean = f" + sum_w [{penalty}]", f" + (1/n) sum_w [{penalty}]"
        difference = f"The prior, {derivation.prior}, is added to the sum as it is: with more rows it weighs less."
    posterior = "The weights most probable given the data." if likelihood else "A penalised fit."
    erm = Reading(
        "ERM",
        f"(1/n) sum_i [{data}]{of_mean}",
        "The weights of least mean loss on these rows, which estimates the expected loss of a new row.",
        "A mean, so a penalty beside it is divided by n: the minimum is that of "
        f"{'MLE' if penalty is None else 'MAP'}. The loss needs no density; a factor of it scales the penalty too.",
    )
    return Readings(mle, Reading("MAP", f"sum_i [{data}]{beside}", posterior, difference), erm)
