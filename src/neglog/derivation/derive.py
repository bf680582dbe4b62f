"""`derive`: run the rules in order, check every step where it is made, and close with the card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from neglog.derivation.rules import RULES, RULES_OF_RISK
from neglog.derivation.step import Statement, Step, expression, verify
from neglog.derivation.workings import Prior, Workings
from neglog.losses import Loss
from neglog.symbolic.calculus import from_sympy
from neglog.symbolic.cutpoints import cutpoints_of, row_law
from neglog.symbolic.density import Density
from neglog.symbolic.expression import Call

if TYPE_CHECKING:
    from neglog.derivation.readings import Readings
    from neglog.derivation.verdicts import Verdict

__all__ = ["Card", "Derivation", "derive"]


@dataclass(frozen=True, slots=True)
class Card:
    """The derivation in one breath: if ..., and if ..., then minimise ....

    Attributes
    ----------
    assumptions : tuple of str
        What was assumed.
    conclusion : str
        What to minimise.
    gradient : str
        The gradient of one observation's loss.
    conclusion_latex, gradient_latex : str
        Both as LaTeX.
    """

    assumptions: tuple[str, ...]
    conclusion: str
    gradient: str
    conclusion_latex: str
    gradient_latex: str

    def __str__(self) -> str:
        lines = [
            ("If " if i == 0 else "and if ") + text + "," for i, text in enumerate(self.assumptions)
        ]
        return "\n".join(
            [
                *lines,
                f"then minimise {self.conclusion};",
                f"each observation pulls with {self.gradient}.",
            ]
        )


@dataclass(frozen=True)
class Derivation:
    """A loss with the way it was reached.

    Attributes
    ----------
    steps : tuple of Step
        Every step: rule, line before, line after, reason, what was dropped. Each was checked when it was made.
    loss : Loss
        What the derivation ends in: textbook and complete form, gradient, Hessian, certificates.
    card : Card
        The summary.
    prior : Prior or None
        The prior of the weights.
    """

    steps: tuple[Step, ...]
    loss: Loss
    card: Card
    prior: Prior | None = None

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What is proved, refuted or open of the loss: convexity, bounds of slope and curvature."""
        from neglog.derivation.verdicts import verdicts

        modelled = tuple(slot.parameter for slot in self.loss.slots)
        return verdicts(self.loss.density, modelled)

    @property
    def readings(self) -> Readings:
        """The objective read as maximum likelihood, maximum a posteriori and empirical risk."""
        from neglog.derivation.readings import readings

        return readings(self)

    def to_text(self) -> str:
        """Return the derivation as text."""
        from neglog.derivation.render import as_text

        return as_text(self)

    def to_latex(self, *, standalone: bool = False) -> str:
        """Return the derivation as LaTeX: an enumeration, or a document that compiles where `standalone` is true."""
        from neglog.derivation.render import as_latex

        return as_latex(self, standalone=standalone)

    def __str__(self) -> str:
        return self.to_text()


def derive(
    density: Density,
    *,
    modelled: Sequence[str] | None = None,
    prior: Prior | None = None,
    points: int = 96,
    remark: str = "",
) -> Derivation:
    """Derive the loss that follows from a density by maximum likelihood (or MAP, with a prior).

    Parameters
    ----------
    density : Density
        The law assumed of the target; of an ordinal one the loss is that of its row law.
    modelled : sequence of str, optional
        The parameters that receive a raw prediction; the first free one by default.
    prior : Prior, optional
        A law of the weights; flat by default.
    points : int
        Number of points at which equal forms are compared.
    remark : str
        Of a loss without a density: what it is instead, in a sentence.

    Returns
    -------
    Derivation
        The steps, the loss, the card.

    Raises
    ------
    DerivationError
        If a step fails its check; the error names the step.
    DensityError
        If the density does not integrate to 1, or uses what cannot be differentiated or compiled.
    """
    assumed, density = density, row_law(density)
    workings = Workings.begin(density, modelled, prior, points)
    workings.remark = remark
    if cutpoints_of(assumed) is not None:
        workings.assumed = assumed
    steps = []
    memory: dict[Any, Any] = {}
    for name, rule in (RULES if density.likelihood else RULES_OF_RISK).items():
        if (name == "penalty" and prior is None) or (name == "ends" and workings.assumed is None):
            continue
        step = rule(workings)
        verify(step, workings.sample, memory)
        steps.append(step)
    loss = Loss(
        density,
        workings.slots,
        workings.forms["complete"],
        workings.forms["textbook"],
        workings.dropped,
        workings.certificates["complete"],
    )
    return Derivation(tuple(steps), loss, _card(workings, steps), prior)


def _card(workings: Workings, steps: Sequence[Step]) -> Card:
    density = workings.assumed or workings.density
    by_rule = {step.rule: step for step in steps}
    named = f"{density.name}({', '.join(p.name for p in density.parameters)})"
    assumptions = [
        f"given x the target follows {named}"
        if density.likelihood
        else f"one observation costs {named}, a loss that was chosen and follows from no density"
    ]
    assumptions += [
        f"{slot.parameter} has a linear raw prediction through the {slot.link_name} link"
        for slot in workings.slots
    ]
    if density.likelihood:
        assumptions.append("the observations are independent")
    else:
        assumptions.append("a new observation is drawn like the old ones")
    shown, pull = by_rule["shorten"].after, by_rule["gradient"].after
    if workings.prior is None:
        assumptions.append("no weights are preferred beforehand")
        conclusion, latex = f"the sum of {shown.text}", rf"\sum_i {_bracketed(shown)}"
    else:
        assumptions.append(f"each slope follows {workings.prior}")
        # Against a prior the data term keeps its factor.
        data = expression(from_sympy(workings.factor * workings.shortest))
        ridge = by_rule["penalty"].after
        conclusion = f"the sum of {data.text} plus the sum of {ridge.text} over the slopes"
        latex = rf"\sum_i {_bracketed(data)} + \sum_w {_bracketed(ridge)}"
    return Card(tuple(assumptions), conclusion, pull.text, latex, pull.latex)


def _bracketed(statement: Statement) -> str:
    sums = isinstance(statement.instance[0], Call) and statement.instance[0].head in (
        "add",
        "sub",
        "neg",
    )
    return rf"\left({statement.latex}\right)" if sums else statement.latex
