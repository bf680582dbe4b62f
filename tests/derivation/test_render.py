"""Laws of a derivation on paper: complete, narrow, compilable, and printed from its own statements."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from derivation.derived import derived
from symbolic.latex import problems
from symbolic.register import CASES

from neglog.derivation.render import as_latex, as_text
from neglog.symbolic.text import to_text

ALL = [
    (case, scale)
    for case in CASES
    for scale in ((None, 2.0) if case in ("Normal", "Categorical") else (None,))
]


@pytest.mark.parametrize(("case", "scale"), ALL)
def test_text_holds_everything(case: str, scale: float | None) -> None:
    """Every title, formula, reason, dropped term and check, the card and the certificates are in the text."""
    derivation = derived(case, scale)
    text = " ".join(as_text(derivation).split())
    wanted = [*str(derivation.card).splitlines()]
    for step in derivation.steps:
        wanted += [step.title, step.after.text, step.why, *step.notes]
        wanted += [
            f"Dropped: the {d.kind} {d.text or to_text(d.expression)}; {d.reason}."
            for d in step.dropped
        ]
        wanted += [step.computed.text] if step.computed else []
    for certificate in derivation.loss.certificates:
        wanted += [f"{certificate.output} {certificate.error:.2g} {certificate.bound:g}"]
        regions = certificate.regions
        wanted += [region.form for region in regions]
        if len(regions) > 1:
            wanted += [
                f"{region.error:.2g} where {region.condition} ({region.points} points)"
                for region in regions
            ]
    assert [part for part in wanted if " ".join(part.split()) not in text] == []


@pytest.mark.parametrize(("case", "scale"), ALL)
def test_text_is_narrow(case: str, scale: float | None) -> None:
    """No line is wider than 88 columns or ends in a blank, and steps are numbered in order."""
    lines = as_text(derived(case, scale)).splitlines()
    long = [line for line in lines if len(line) > 88]
    assert all(" " not in line.strip().lstrip("(") or "(" in line for line in long)
    assert len(long) <= (4 if case == "Gamma: mu and shape" else 0)
    assert not [line for line in lines if line != line.rstrip()]
    numbers = [int(match[1]) for line in lines if (match := re.match(r" ?(\d+)\. ", line))]
    assert numbers == list(range(1, len(derived(case, scale).steps) + 1))


def test_str_is_the_text() -> None:
    """Printing a derivation prints the lecture."""
    assert str(derived("Normal")) == derived("Normal").to_text() == as_text(derived("Normal"))


def test_text_of_the_normal() -> None:
    """The derivation of squared error reads as written here."""
    text = str(derived("Normal"))
    assert text.startswith(
        "From Normal(mu, sigma) to its loss\n"
        "==================================\n"
        "Modelled: mu, through the identity link. The prior is flat.\n"
        "\n"
        " 1. Bayes' theorem               maximise over W: p(D | W) p(W) / p(D)\n"
    )
    assert (
        "\n 7. The assumption: Normal\n"
        "        -log p(y | mu, sigma) = ((y - mu)/sigma)**2/2 + log(sigma) + log(2*pi)/2\n" in text
    )
    assert "    Check: it integrates to 1 at 4 parameter points.\n" in text
    assert (
        "textbook  (y - eta)**2/2\ncomplete  ((y - eta)/sigma)**2/2 + log(sigma) + log(2*pi)/2\n"
        in text
    )


@pytest.mark.parametrize(("case", "scale"), ALL)
@pytest.mark.parametrize("standalone", [False, True])
def test_latex_compiles(case: str, scale: float | None, standalone: bool) -> None:
    """The LaTeX balances, uses commands of LaTeX and amsmath alone, and is a document only where asked to be."""
    text = as_latex(derived(case, scale), standalone=standalone)
    assert problems(text) == []
    assert (r"\begin{document}" in text) == (r"\usepackage{amsmath}" in text) == standalone
    assert text.isascii()


@pytest.mark.parametrize("case", CASES)
def test_latex_holds_every_formula(case: str) -> None:
    """Every formula of every step is in the LaTeX, exactly as its statement gives it."""
    derivation = derived(case)
    text = as_latex(derivation)
    assert text.count(r"\item ") == len(derivation.steps)
    for step in derivation.steps:
        assert step.after.latex in text
        assert step.computed is None or step.computed.latex in text
    assert derivation.card.conclusion_latex in text
    assert derivation.to_latex(standalone=True) == as_latex(derivation, standalone=True)


def test_latex_outside_formulas_is_escaped() -> None:
    """Words with characters that mean something to LaTeX are printed, not obeyed."""
    words = re.sub(
        r"\\begin\{align\*\}.*?\\end\{align\*\}|\\\(.*?\\\)",
        "",
        as_latex(derived("InverseGaussian: mu and lam")),
        flags=re.S,
    )
    bare = re.sub(r"\\[_^#$%&{}]|\\\\", "", words)
    assert not re.search(r"[_^#$%|<>]", bare)
    assert r"eta\_mu" in words


def test_derivation_says_what_was_measured() -> None:
    """The step of the stable form names the number of forms, the error and what was asked for; a miss is said."""
    derivation = derived("Bernoulli")
    worse = tuple(replace(c, error=1e9) for c in derivation.loss.certificates)
    spoiled = replace(derivation, loss=replace(derivation.loss, certificates=worse))
    text, missed = (" ".join(str(made).split()) for made in (derivation, spoiled))
    assert "Formulas equal on paper differ in floating point." in text
    assert "(4 are allowed)" in text
    assert "loses digits" not in text
    assert "(misses its bound at extremes only)" in missed
