"""A derivation as text and as LaTeX, to be read from top to bottom.

Every formula is printed from its statement; nothing is typed here. LaTeX needs amsmath and nothing else.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from neglog.derivation.step import Statement, Step, expression
from neglog.losses import Certificate, Form
from neglog.symbolic.expression import plus
from neglog.symbolic.latex import to_latex
from neglog.symbolic.text import to_text

if TYPE_CHECKING:
    from neglog.derivation.derive import Derivation

__all__ = ["as_latex", "as_text"]

_WIDTH = 88
_INDENT, _FORMULA = " " * 4, " " * 8
_GLUE = "\N{NO-BREAK SPACE}"
# These steps say the same of every law: one line for the formula, no formula of their own.
_STRUCTURAL = ("bayes", "prior", "iid", "condition", "logarithm", "negate", "risk")


def as_text(derivation: Derivation) -> str:
    """Return a derivation as text.

    Parameters
    ----------
    derivation : Derivation
        What `derive` returned.

    Returns
    -------
    str
        A heading, the numbered steps, the card, the two losses and their certificates.
    """
    title, opening = _heading(derivation)
    parts = [_titled(title, _wrapped(opening), "=")]
    structural = [step for step in derivation.steps if step.rule in _STRUCTURAL]
    widest = max((len(step.title) for step in structural), default=0)
    compact: list[str] = []
    for number, step in enumerate(derivation.steps, 1):
        if step.rule in _STRUCTURAL:
            compact.append(_compact(number, step, widest))
        else:
            parts.append(_full(number, step))
    parts[1:1] = ["\n".join(compact)] if compact else []
    card = "\n".join(_wrapped(line, "", "  ") for line in str(derivation.card).splitlines())
    parts.append(_titled("What is known of it", _verdicts(derivation)))
    parts.append(_titled("In one breath", card))
    parts.append(_titled("The loss of one observation", _losses(derivation)))
    return "\n\n".join(parts) + "\n"


def _heading(derivation: Derivation) -> tuple[str, str]:
    density, slots = derivation.loss.density, derivation.loss.slots
    modelled = " and ".join(slot.parameter for slot in slots)
    through = " and ".join(dict.fromkeys(slot.link_name for slot in slots))
    links = "link" if len({slot.link for slot in slots}) == 1 else "links"
    names = ", ".join(parameter.name for parameter in density.parameters)
    prior = (
        "The prior is flat"
        if derivation.prior is None
        else f"Prior of each slope: {derivation.prior}"
    )
    if not density.likelihood:
        return (
            f"{density.name}({names}): a loss without a density",
            f"Modelled: {modelled}, through the {through} {links}. {prior}.",
        )
    return (
        f"From {density.name}({names}) to its loss",
        f"Modelled: {modelled}, through the {through} {links}. {prior}.",
    )


def _scale(derivation: Derivation) -> str:
    if derivation.loss.density.likelihood:
        return (
            "The complete loss is in nats, every constant kept, and in the form that is computed."
        )
    return "The complete loss keeps every factor, and is in the form that is computed. It is in no unit of its own."


def _compact(number: int, step: Step, widest: int) -> str:
    first = f"{number:2d}. {step.title:<{widest}}  {step.after.text}"
    return "\n".join([first, *_reasons(step)])


def _full(number: int, step: Step) -> str:
    lines = [f"{number:2d}. {step.title}", _formula(_equation(step)), *_reasons(step)]
    if step.computed is not None:
        lines += [_INDENT + "Computed as", _formula(step.computed.text)]
    return "\n".join(lines)


def _equation(step: Step) -> str:
    """Return the line a step ends in, with what it says of the density where that is what the line is about."""
    return (
        f"{step.before.text} = {step.after.text}"
        if step.rule in ("density", "declared")
        else step.after.text
    )


def _reasons(step: Step) -> Iterator[str]:
    yield _wrapped(step.why, _INDENT, _INDENT)
    for dropped in step.dropped:
        shown = dropped.text or to_text(dropped.expression)
        yield _wrapped(f"Dropped: the {dropped.kind} {shown}; {dropped.reason}.", _INDENT)
    for note in step.notes:
        yield _wrapped(f"{step.note_label}: {note}.", _INDENT)


def _verdicts(derivation: Derivation) -> str:
    """List what is proved and refuted of the complete loss, and how much is open."""
    lines = [_wrapped(str(verdict), "", "  ") for verdict in derivation.verdicts]
    return "\n".join([*lines, _open(derivation)])


def _open(derivation: Derivation) -> str:
    undecided = sum(verdict.verdict == "open" for verdict in derivation.verdicts)
    return f"Open: {undecided}."


def _losses(derivation: Derivation) -> str:
    """Print the loss as lectures write it next to the one that is compiled, and how well that keeps its digits."""
    loss = derivation.loss
    textbook = _step(derivation, "shorten").after
    complete = _whole(loss.complete)
    lines = [
        _formula(textbook.text, "textbook  ", " " * 10),
        _formula(complete.text, "complete  ", " " * 10),
        "",
        _wrapped(
            _scale(derivation)
            + " Its largest errors, in units of what one rounding of each input does:"
        ),
        "",
    ]
    rows = _rows(loss.certificates)
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    for output, error, bound, form in rows:
        start = f"{output:<{widths[0]}}  {error:>{widths[1]}}  {bound:>{widths[2]}}  "
        lines.append(_wrapped(start + form, "", " " * len(start)))
    return "\n".join(lines)


_SPLIT = "by regions:"


def _rows(certificates: Sequence[Certificate]) -> list[tuple[str, str, str, str]]:
    rows = [("output", "error", "bound", "form")]
    for c in certificates:
        extremes = " at extremes only" if c.usual is not None and c.usual <= c.bound else ""
        missed = "" if c.error <= c.bound else f" (misses its bound{extremes})"
        rows.append(
            (
                c.output,
                f"{c.error:.2g}",
                f"{c.bound:g}",
                (_SPLIT if len(c.regions) > 1 else c.form) + missed,
            )
        )
        for region in c.regions if len(c.regions) > 1 else ():
            told = f"where {region.condition} ({region.points} points): {region.form}"
            rows.append(("", f"{region.error:.2g}", "", told))
    return rows


def _whole(form: Form) -> Statement:
    return expression(plus(form.value, form.constant))


def _step(derivation: Derivation, rule: str) -> Step:
    return next(step for step in derivation.steps if step.rule == rule)


def _titled(title: str, text: str, rule: str = "-") -> str:
    return f"{title}\n{rule * len(title)}\n{text}"


def _formula(text: str, first: str = _FORMULA, others: str = _FORMULA + "  ") -> str:
    """Break a long formula before a sign that stands in no bracket, and a vector and cases after their commas."""
    pieces: list[str] = []
    brackets: list[bool] = []  # those open, and whether a line may end inside
    for i, character in enumerate(text):
        if character in "([":
            brackets.append(text[:i].endswith("where") or (i == 0 and character == "("))
        elif character in ")]":
            brackets.pop()
        inside = all(brackets)
        vector = len(brackets) == 1 and brackets[0] and not text[:1].isalpha()
        sign = text[i - 1] in "+-"
        breaks = inside and (text[i - 1] == "," if vector else not sign)
        pieces.append(_GLUE if character == " " and not breaks else character)
    return _wrapped("".join(pieces), first, others).replace(_GLUE, " ")


def _wrapped(text: str, first: str = "", others: str | None = None) -> str:
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=first + "  " if others is None and first else others or "",
        break_long_words=False,
        break_on_hyphens=False,
    )


def as_latex(derivation: Derivation, *, standalone: bool = False) -> str:
    r"""Return a derivation as LaTeX.

    Parameters
    ----------
    derivation : Derivation
        What `derive` returned.
    standalone : bool
        Whether to return a document that compiles, rather than a fragment for a document that loads amsmath.

    Returns
    -------
    str
        A ``\section*`` with the steps as an ``enumerate``, then the card and the losses.
    """
    title, opening = _heading(derivation)
    lines = [rf"\section*{{{_escape(title)}}}", _escape(opening), r"\begin{enumerate}"]
    for step in derivation.steps:
        lines += _item(step)
    lines += [r"\end{enumerate}", *_known(derivation), *_card(derivation), *_both(derivation)]
    if standalone:
        preamble = [r"\documentclass{article}", r"\usepackage{amsmath}", r"\begin{document}"]
        lines = [*preamble, *lines, r"\end{document}"]
    return "\n".join(lines) + "\n"


def _item(step: Step) -> Iterator[str]:
    yield rf"\item \textbf{{{_escape(step.title)}}}"
    before = f"{step.before.latex} = " if step.rule in ("density", "declared") else ""
    yield from _display(before + step.after.latex)
    yield _escape(step.why)
    for dropped in step.dropped:
        shown = dropped.latex or to_latex(dropped.expression)
        yield rf"Dropped: the {dropped.kind} \({shown}\); {_escape(dropped.reason)}."
    for note in step.notes:
        yield f"{step.note_label}: {_escape(note)}."
    if step.computed is not None and step.computed.latex != step.after.latex:
        yield "Computed as"
        yield from _display(step.computed.latex)


def _known(derivation: Derivation) -> Iterator[str]:
    yield r"\subsection*{What is known of it}"
    for verdict in derivation.verdicts:
        yield _escape(str(verdict))
        yield ""
    yield _open(derivation)


def _card(derivation: Derivation) -> Iterator[str]:
    card = derivation.card
    yield r"\subsection*{In one breath}"
    joined = ", and if ".join(_escape(text) for text in card.assumptions)
    yield f"If {joined}, then minimise"
    yield from _display(card.conclusion_latex + ";")
    yield "each observation pulls with"
    yield from _display(card.gradient_latex + ".")


def _both(derivation: Derivation) -> Iterator[str]:
    loss = derivation.loss
    yield r"\subsection*{The loss of one observation}"
    yield from _display(
        rf"\ell_{{\text{{textbook}}}} &= {_step(derivation, 'shorten').after.latex}",
        rf"\ell_{{\text{{complete}}}} &= {_whole(loss.complete).latex}",
    )
    yield (
        _scale(derivation)
        + " Its largest errors, in units of what one rounding of each input does:"
    )
    yield r"\begin{center}"
    yield r"\begin{tabular}{lrrp{0.5\textwidth}}"
    for row in _rows(loss.certificates):
        yield " & ".join(map(_escape, row)) + r" \\"
    yield r"\end{tabular}"
    yield r"\end{center}"


def _display(*lines: str) -> Iterator[str]:
    yield r"\begin{align*}"
    yield " \\\\\n".join(lines)
    yield r"\end{align*}"


def _escape(text: str) -> str:
    return "".join(_ESCAPES.get(character, character) for character in text)


_ESCAPES = {character: f"\\{character}" for character in "{}$&#%_"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "|": r"\textbar{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}
