"""Laws of formulas as LaTeX."""

from __future__ import annotations

import pytest
from hypothesis import given
from symbolic.latex import problems
from symbolic.register import DENSITIES, WITHOUT_NUMERICS
from symbolic.trees import trees

from neglog.reports.mathml import to_mathml
from neglog.symbolic.density import Density
from neglog.symbolic.expression import Node
from neglog.symbolic.heads import HEADS
from neglog.symbolic.latex import to_latex
from neglog.symbolic.numerics import NUMERICS
from neglog.symbolic.text import parse


@pytest.mark.parametrize("density", DENSITIES.values(), ids=DENSITIES)
def test_densities_compile(density: Density) -> None:
    """The formula of a density balances and uses commands of LaTeX and amsmath alone."""
    assert not problems(to_latex(density.expression))


@given(trees)
def test_trees_compile(node: Node) -> None:
    """So does the formula of any tree."""
    assert not problems(to_latex(node))


@pytest.mark.parametrize("name", sorted({*NUMERICS, *WITHOUT_NUMERICS}))
def test_every_head_has_a_formula(name: str) -> None:
    """Every function of the vocabulary is printed, also those that only a derivation names."""
    inside = ", ".join(("y", "mu")[: HEADS[name].arity])
    latex = to_latex(parse(f"{name}({inside})"))
    assert not problems(latex)
    _, _, drawn = to_mathml(latex).partition('">')  # behind the title, which keeps the LaTeX
    assert "\\" not in drawn


PRINTED = {
    "log_bessel_i0(kappa)": r"\log I_0\left(\kappa\right)",
    "bessel_ratio1(kappa)": r"\left(\frac{I_1}{I_0}\right)^{\prime}\left(\kappa\right)",
    "-(a + b)*c": r"-\left(a + b\right) \, c",
    "-a/b": r"-\frac{a}{b}",
    "a - -b/c": r"a - \left(-\frac{b}{c}\right)",
    "(1/2)**y": r"\left(\frac{1}{2}\right)^{y}",
    "exp(-eta_mu)**2": r"\left(e^{-\eta_{\mu}}\right)^{2}",
    "lam*2": r"\lambda \cdot 2",
    "eta_p[y]": r"(\eta_{p})_{y}",
    "sigmoid(μ2)": r"\operatorname{sigmoid}\left(\mu_{2}\right)",
    "where(y > 0, 1, 2)": r"\begin{cases} 1 & y > 0 \\ 2 & \text{otherwise} \end{cases}",
    "delta(j, y) - 1/size(eta)": r"[j = y] - \frac{1}{K}",
    "average_excess(eta)": r"\operatorname{logsumexp}(\eta) - \operatorname{mean}(\eta)",
    "epsilon*average(eta)": r"\epsilon \, \operatorname{mean}\left(\eta\right)",
    "mean_log(p)": r"\operatorname{mean}(\log p)",
    "softmax(eta, j) - delta(j, y)": r"\operatorname{softmax}(\eta)_{j} - [j = y]",
}


@pytest.mark.parametrize(("text", "latex"), PRINTED.items(), ids=PRINTED)
def test_formulas_read_as_written_by_hand(text: str, latex: str) -> None:
    """A formula is printed as a person would write it, with no bracket too many and none too few."""
    assert to_latex(parse(text)) == latex
