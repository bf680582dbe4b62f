r"""LaTeX as MathML, which browsers draw by themselves: no script, no font, no network.

It reads the mathematics that neglog prints (letters, fractions, powers, indices, sums, cases, operators), not all of
LaTeX. What it does not know stands as it is written, so that nothing is lost.
"""

from __future__ import annotations

import re
from html import escape

__all__ = ["to_mathml"]

_TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|[0-9]+(?:\.[0-9]+)?|[A-Za-z]|\s+|.", re.DOTALL)

_LETTERS = dict(
    zip(
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau "
        "upsilon phi chi psi omega Gamma Delta Theta Lambda Sigma Phi Psi Omega ell".split(),
        "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΣΦΨΩℓ",
        strict=True,
    )
)
_OPERATORS = {
    "cdot": "⋅", "times": "×", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "ne": "≠", "neq": "≠", "mid": "∣",
    "nabla": "∇", "partial": "∂", "top": "⊤", "in": "∈", "infty": "∞", "to": "→", "sim": "∼", "propto": "∝",
    "approx": "≈", "pm": "±", "ldots": "…", "cdots": "⋯", "dots": "…", "quad": "\u2003", "qquad": "\u2003\u2003",
    "lvert": "|", "rvert": "|", "equiv": "≡", "Rightarrow": "⇒", "longrightarrow": "⟶", "prime": "′",
}  # fmt: skip  # a table
_FUNCTIONS = frozenset("log exp min max sin cos tanh arg det Pr sup inf".split())
_LARGE = {"sum": "∑", "prod": "∏", "int": "∫"}
_SPACES = {",": "0.17em", ";": "0.28em", ":": "0.22em", " ": "0.25em", "!": "-0.17em"}
_OPENING = frozenset(["", "(", "[", "{", "=", "+", "-", ",", "&", "\\\\"])
_ACCENTS = {"hat": "^", "bar": "¯", "tilde": "~"}


def to_mathml(latex: str, *, display: bool = False) -> str:
    """Return a ``<math>`` element.

    Parameters
    ----------
    latex : str
        Mathematics without dollar signs, as `neglog.symbolic.latex` and derivations print it.
    display : bool
        Whether it has room: fractions and the limits of sums are then drawn large.

    Returns
    -------
    str
        HTML; every name in it is escaped. The LaTeX is kept in the title for copying.
    """
    body = _Reader(latex).row()
    style = ' displaystyle="true"' if display else ""
    return f'<math{style} title="{escape(latex)}">{body}</math>'


class _Reader:
    """A recursive descent over tokens; every method returns finished elements."""

    def __init__(self, latex: str) -> None:
        self.tokens = _TOKEN.findall(latex)
        self.at = 0
        self.before = ""

    def peek(self) -> str:
        # Spaces mean something between words only, and `words` reads those.
        while self.at < len(self.tokens) and self.tokens[self.at].isspace():
            self.at += 1
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.at += 1
        if token:
            self.before = token
        return token

    def left(self) -> bool:
        """Whether there is anything left to read."""
        return bool(self.peek())

    def row(self, *ends: str) -> str:
        """Read up to one of `ends`, which is taken."""
        parts = []
        while self.left():
            if self.peek() in ends:
                self.take()
                break
            parts.append(self.scripted())
        return "<mrow>" + "".join(parts) + "</mrow>"

    def group(self) -> str:
        """Read an argument: what braces hold, or one atom."""
        if self.peek() == "{":
            self.take()
            return self.row("}")
        return self.atom()

    def scripted(self) -> str:
        large = self.peek()[1:] in (*_LARGE, "operatorname*")
        base = self.atom()
        below = above = ""
        while self.peek() in ("_", "^"):
            if self.take() == "_":
                below = self.group()
            else:
                above = self.group()
        if not below and not above:
            return base
        kind = ("munder", "mover", "munderover") if large else ("msub", "msup", "msubsup")
        if below and above:
            return f"<{kind[2]}>{base}{below}{above}</{kind[2]}>"
        if below:
            return f"<{kind[0]}>{base}{below}</{kind[0]}>"
        return f"<{kind[1]}>{base}{above}</{kind[1]}>"

    def words(self) -> str:
        """Read the text between braces, spaces and all."""
        if self.peek() != "{":
            return self.take()
        self.take()
        depth, parts = 1, []
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            depth += (token == "{") - (token == "}")
            if not depth:
                break
            if token[1:] in _SPACES and token.startswith("\\"):
                parts.append(" ")
            else:
                parts.append(token.removeprefix("\\"))
        return "".join(parts)

    def atom(self) -> str:
        sign = self.at == 0 or self.before in _OPENING
        token = self.take()
        if not token:
            return "<mrow></mrow>"
        if token == "{":
            return self.row("}")
        if token[0].isdigit():
            return f"<mn>{token}</mn>"
        if token.isalpha():
            return f"<mi>{escape(token)}</mi>"
        if not token.startswith("\\"):
            if token == "-":
                # A sign stands close to its number, a difference does not.
                return f'<mo form="{"prefix" if sign else "infix"}">−</mo>'
            return f"<mo{_stretch(token)}>{escape(token)}</mo>"
        return self.command(token[1:])

    def command(self, name: str) -> str:
        if name in _LETTERS:
            return f"<mi>{_LETTERS[name]}</mi>"
        if name in _OPERATORS:
            return f"<mo>{_OPERATORS[name]}</mo>"
        if name in _LARGE:
            return f"<mo>{_LARGE[name]}</mo>"
        if name in _FUNCTIONS:
            return f"<mi>{name}</mi>{self.apply()}"
        if name in _SPACES:
            return f'<mspace width="{_SPACES[name]}"></mspace>'
        if name in _ACCENTS:
            return f'<mover accent="true">{self.group()}<mo>{_ACCENTS[name]}</mo></mover>'
        match name:
            case "frac" | "tfrac" | "dfrac":
                above = self.group()
                return f"<mfrac>{above}{self.group()}</mfrac>"
            case "sqrt":
                return f"<msqrt>{self.group()}</msqrt>"
            case "operatorname" | "operatorname*":
                return f"<mi>{escape(self.words())}</mi>{self.apply()}"
            case "mathrm" | "mathit" | "mathbf" | "text" | "textrm" | "textit" | "mathcal":
                return self.text(name)
            case "left" | "right" | "bigl" | "bigr" | "Bigl" | "Bigr" | "big" | "Big":
                return self.delimiter(name)
            case "begin":
                return self.environment(self.words())
        return f"<mtext>{escape(name)}</mtext>"

    def text(self, name: str) -> str:
        words = escape(self.words())
        if name.startswith("text"):
            # A space at an end of an element is not drawn, unless it may not break.
            return f"<mtext>{words.replace(' ', chr(0xA0))}</mtext>"
        return f'<mi mathvariant="normal">{words}</mi>'

    def apply(self) -> str:
        """Return the thin space between a function and an argument without brackets."""
        return (
            ""
            if self.peek() in ("(", "\\left", "_", "^", "")
            else '<mspace width="0.17em"></mspace>'
        )

    def delimiter(self, name: str) -> str:
        """Read a bracket; one that grows is read up to its partner, for it grows with what it holds."""
        if name != "left":
            return self.bracket(grows=False)
        opening = self.bracket(grows=True)
        inside = self.row("\\right")
        return f"<mrow>{opening}{inside}{self.bracket(grows=True)}</mrow>"

    def bracket(self, *, grows: bool) -> str:
        mark = self.take()
        if mark in (".", ""):
            return ""
        mark = mark.removeprefix("\\")
        mark = _OPERATORS.get(mark, mark)
        self.before = mark
        return f'<mo stretchy="{str(grows).lower()}">{escape(mark)}</mo>'

    def environment(self, name: str) -> str:
        rows: list[list[str]] = []
        cells: list[str] = []
        parts: list[str] = []
        while self.left():
            token = self.peek()
            if token == "\\end":
                self.take()
                self.words()
                break
            if token in ("&", "\\\\"):
                self.take()
                cells.append("".join(parts))
                parts = []
                if token == "\\\\":
                    rows.append(cells)
                    cells = []
                continue
            parts.append(self.scripted())
        cells.append("".join(parts))
        if any(cells):
            rows.append(cells)
        align = "left" if name == "cases" else "right left"
        body = "".join(
            "<mtr>" + "".join(f"<mtd>{cell}</mtd>" for cell in row) + "</mtr>" for row in rows
        )
        table = f'<mtable columnalign="{align}">{body}</mtable>'
        return f'<mrow><mo stretchy="true">{{</mo>{table}</mrow>' if name == "cases" else table


def _stretch(token: str) -> str:
    # A bracket that LaTeX did not ask to grow stays small.
    return ' stretchy="false"' if token in "()[]|" else ""
