"""A reader of LaTeX for tests: what balances, which commands occur."""

from __future__ import annotations

import re

__all__ = ["ALLOWED", "problems"]

# Of plain LaTeX and amsmath.
ALLOWED = frozenset(
    r"""
    \\ \, \; \( \) \{ \} \_ \# \$ \% \& \left \right \bigl \bigr \frac \sqrt \log \exp \sin \cos \tanh \prime \min \max \sum \prod \int
    \operatorname \operatorname* \mathrm \text \textbf \textbackslash \textbar \textless \textgreater
    \textasciitilde \textasciicircum \begin \end \item \section \subsection \documentclass \usepackage \textwidth
    \cdot \mid \top \nabla \ell \le \ge \ne \Gamma \psi \pi \alpha \beta \gamma \delta \epsilon \zeta \eta \theta
    \iota \infty \kappa \lambda \mu \nu \xi \rho \sigma \tau \upsilon \phi \chi \omega
    """.split()
)


def problems(text: str) -> list[str]:
    """Return what a LaTeX with amsmath would not compile: unbalanced pairs, unknown commands, double subscripts."""
    found = [f"unknown {c}" for c in re.findall(r"\\(?:[A-Za-z]+\*?|.)", text) if c not in ALLOWED]
    found = [f for f in found if f.rstrip("*").removeprefix("unknown ") not in ALLOWED]
    bare = re.sub(r"\\[{}_]", "", text)
    if bare.count("{") != bare.count("}"):
        found.append("unbalanced braces")
    depth = 0
    for match in re.finditer(r"\\(left|right)(?![A-Za-z])", text):
        depth += 1 if match[1] == "left" else -1
        if depth < 0:
            found.append("right before left")
    if depth:
        found.append("unbalanced left and right")
    environments: list[str] = []
    for match in re.finditer(r"\\(begin|end)\{([^}]*)\}", text):
        if match[1] == "begin":
            environments.append(match[2])
        elif not environments or environments.pop() != match[2]:
            found.append(f"unexpected end of {match[2]}")
    found += [f"no end of {name}" for name in environments]
    if re.search(r"_(\{[^{}]*\}|\w)_", bare) or re.search(r"\^(\{[^{}]*\}|\w)\^", bare):
        found.append("double subscript or exponent")
    return found
