"""A prior as the strengths of an L1 and an L2 penalty, and what other libraries call them.

The penalty that a prior adds to the *sum* of the complete losses is ``l1 |w - centre| + l2 (w - centre)^2``, where it
has that form at all. The same fit is written with other numbers where the data term is a mean, half a sum of squares or
multiplied by a C; every conversion stands here once, as a function of l1 and l2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import sympy as sp

from neglog.derivation.workings import Prior
from neglog.symbolic.calculus import to_sympy
from neglog.symbolic.expression import Call, Node, free_symbols, terms

__all__ = ["Strengths", "strengths"]


@dataclass(frozen=True)
class Strengths:
    """The penalty ``l1 |w - centre| + l2 (w - centre)^2`` beside the sum of the complete losses.

    Attributes
    ----------
    l1, l2 : float
        The strengths.
    centre : float
        Where the penalty is least.
    l1_text, l2_text : str
        Both as formulas of the prior's parameters, derived from its density.
    """

    l1: float = 0.0
    l2: float = 0.0
    centre: float = 0.0
    l1_text: str = ""
    l2_text: str = ""

    @property
    def total(self) -> float:
        """The strength of the slope at distance 1: l1 + 2 l2."""
        return self.l1 + 2.0 * self.l2

    @property
    def l1_ratio(self) -> float:
        """The share of L1 as scikit-learn and glmnet (alpha) count it: l1/(l1 + 2 l2)."""
        return self.l1 / self.total

    def of_mean(self, n: float) -> tuple[float, float]:
        """Return both strengths beside the mean of n losses."""
        return self.l1 / n, self.l2 / n

    def logistic(self, n: float) -> dict[str, float]:
        """Return what gives the same fit of classes or counts.

        Parameters
        ----------
        n : float
            Number of rows (sum of the weights).

        Returns
        -------
        dict
            C and l1_ratio of scikit-learn's LogisticRegression (the sum of the losses times C), alpha of its
            PoissonRegressor and other GLMs with an L2 penalty (half the deviance, a mean), lambda and alpha of glmnet
            (a mean), and the weight decay of a network trained by SGD on the mean loss.
        """
        return {
            "C": 1.0 / self.total,
            "l1_ratio": self.l1_ratio,
            "glm_alpha": 2.0 * self.l2 / n,
            "glmnet_lambda": self.total / n,
            "glmnet_alpha": self.l1_ratio,
            "weight_decay": 2.0 * self.l2 / n,
        }

    def squared_error(self, n: float, sigma: float) -> dict[str, float]:
        """Return what gives the same fit of a normal target.

        Parameters
        ----------
        n : float
            Number of rows.
        sigma : float
            Standard deviation of the target given x: the complete loss is the squared error over 2 sigma^2.

        Returns
        -------
        dict
            alpha of scikit-learn's Ridge (sum of squares), Lasso and ElasticNet (half the mean of squares), with
            l1_ratio; lambda and alpha of glmnet (half the mean of squares).
        """
        scaled = sigma * sigma * self.total / n
        return {
            "ridge_alpha": 2.0 * sigma * sigma * self.l2,
            "lasso_alpha": sigma * sigma * self.l1 / n,
            "elastic_net_alpha": scaled,
            "l1_ratio": self.l1_ratio,
            "glmnet_lambda": scaled,
            "glmnet_alpha": self.l1_ratio,
        }

    def lines(self) -> tuple[str, ...]:
        """Return the scaling in sentences."""
        named = [
            f"{name} = {text + ' = ' * bool(text)}{value:g}"
            for name, text, value in (
                ("l1", self.l1_text, self.l1),
                ("l2", self.l2_text, self.l2),
            )
            if value > 0
        ]
        w = "w" if self.centre == 0 else f"w - {self.centre:g}"
        terms_ = [f"l1 |{w}|"] * (self.l1 > 0) + [f"l2 ({w})^2".replace("(w)", "w")] * (self.l2 > 0)
        lines = [
            f"beside the sum of the losses: {' + '.join(terms_)} a slope, {', '.join(named)}",
            "beside their mean over n rows: the same divided by n, at the same minimum",
        ]
        if self.centre:
            return tuple(lines)
        share = f", l1_ratio = {self.l1_ratio:g}" * (self.l1 > 0)
        total = " + ".join(["l1"] * (self.l1 > 0) + ["2 l2"] * (self.l2 > 0))
        bracketed = f"({total})" if self.l2 > 0 else total
        lines.append(
            f"classes in scikit-learn: C = 1/{bracketed} = {1 / self.total:g}{share}; in glmnet, "
            f"columns as they are: lambda = {bracketed}/n = {self.total:g}/n, alpha = {self.l1_ratio:g}"
        )
        normal = "a normal target of standard deviation s in scikit-learn: "
        if self.l1 == 0:
            lines.append(f"{normal}Ridge(alpha = 2 s^2 l2 = {2 * self.l2:g} s^2)")
        else:
            name = "Lasso" if self.l2 == 0 else "ElasticNet"
            lines.append(
                f"{normal}{name}(alpha = s^2 {bracketed}/n = {self.total:g} "
                f"s^2/n{share if self.l2 else ''})"
            )
        return tuple(lines)


def strengths(prior: Prior) -> Strengths | None:
    """Read the strengths off a prior's density.

    Parameters
    ----------
    prior : Prior
        A law of a weight.

    Returns
    -------
    Strengths or None
        None where minus the log-density is not of the form ``l1 |w - c| + l2 (w - c)^2`` (Student's t).
    """
    density = prior.density
    node: Node = Call("neg", (density.expression,))
    moving = [(sign, term) for sign, term in terms(node) if density.target in free_symbols(term)]
    names = {p.name for p in density.parameters}
    symbols: dict[str, Any] = {
        p.name: sp.Symbol(p.name, **p.support.assumptions) for p in density.parameters
    }
    symbols[density.target] = sp.Symbol("w", real=True)
    if any(free_symbols(term) - {density.target, *names} for _, term in moving):
        return None
    expr = sp.Add(*(sign * to_sympy(term, symbols) for sign, term in moving))
    step = sp.Symbol("step", positive=True)
    for centre in (sp.S.Zero, *(s for n, s in symbols.items() if n in names)):
        sides = [
            sp.expand(sp.expand_log(expr.subs(symbols[density.target], centre + side)))
            for side in (step, -step)
        ]
        sides = [sp.expand(side - side.subs(step, 0)) for side in sides]
        if sp.simplify(sides[0] - sides[1]) != 0 or not sides[0].is_polynomial(step):
            continue
        found = sp.Poly(sides[0], step)
        if found.degree() > 2:
            return None
        l1, l2 = found.coeff_monomial(step), found.coeff_monomial(step**2)
        at = {symbols[name]: value for name, value in prior.values.items()}
        values = [float(part.subs(at)) for part in (l1, l2, centre)]
        if not all(map(math.isfinite, values)) or min(values[:2]) < 0:
            return None
        # A strength that is a parameter of the law itself needs no formula.
        texts = [str(part) if part.free_symbols else "" for part in (l1, l2)]
        texts = [
            "" if text == name else text for text, name in zip(texts, ("l1", "l2"), strict=True)
        ]
        return Strengths(values[0], values[1], values[2], texts[0], texts[1])
    return None
