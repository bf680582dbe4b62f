r"""A tree as LaTeX mathematics: the precedences of `text`, a fraction for a quotient, names of letters spelt out."""

from __future__ import annotations

import re
import unicodedata

from neglog.symbolic.expression import BINDERS, Call, Node, Number, Symbol, without_minus

__all__ = ["name_to_latex", "to_latex"]

_SUM, _PRODUCT, _POWER, _ATOM = 1, 2, 4, 5

_LETTERS = frozenset(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau "
    "upsilon phi chi psi omega".split()
)
_SPECIAL = {"lam": r"\lambda"}
_FUNCTIONS = {
    "exp": r"\exp",
    "log": r"\log",
    "log1p": r"\operatorname{log1p}",
    "expm1": r"\operatorname{expm1}",
    "log1mexp": r"\operatorname{log1mexp}",
    "ndtr": r"\operatorname{ndtr}",
    "log_ndtr": r"\operatorname{logndtr}",
    "ndtri": r"\operatorname{ndtri}",
    "inverse_mills": r"\operatorname{mills}",
    "inverse_mills1": r"\operatorname{mills1}",
    "inverse_mills2": r"\operatorname{mills2}",
    "atan": r"\operatorname{atan}",
    "tan": r"\operatorname{tan}",
    "sin": r"\sin",
    "cos": r"\cos",
    "log_bessel_i0": r"\log I_0",
    "log_bessel_i0mx": r"\operatorname{logI0mx}",
    "bessel_ratio": r"\frac{I_1}{I_0}",
    "bessel_ratiom1": r"\left(\frac{I_1}{I_0} - 1\right)",
    "bessel_ratio1": r"\left(\frac{I_1}{I_0}\right)^{\prime}",
    "bessel_ratio2": r"\left(\frac{I_1}{I_0}\right)^{\prime\prime}",
    "expm1mx": r"\operatorname{expm1mx}",
    "stirling": r"\operatorname{stirling}",
    "average": r"\operatorname{mean}",
    **{
        name: rf"\operatorname{{{name.replace('_', '')}}}"
        for name in (
            "log1pmx",
            "bd0",
            "binet",
            "binet1",
            "binet2",
            "binet3",
            "lgr",
            "lgr1",
            "lgr2",
            "lgr3",
            "lgd",
            "lgd1",
            "lgd2",
            "lgd3",
            "lbeta",
            "cauchy_cdf",
            "log_cauchy_cdf",
            *(f"cauchy_mills{order}" for order in ("", 1, 2)),
            *(f"log_softplus{order}" for order in ("", 1, 2, 3)),
            "log_ndtr_gap",
            "ndtr_gap_slope",
            "ndtr_gap_edge",
            "ndtr_gap_rest",
            *(
                f"{tower}{order}"
                for tower in ("exprel", "lexprel", "erfcx")
                for order in ("", 1, 2, 3)
            ),
        )
    },
    "softplus": r"\operatorname{softplus}",
    "sigmoid": r"\operatorname{sigmoid}",  # sigma is a parameter elsewhere
    "tanh": r"\tanh",
    "sign": r"\operatorname{sign}",
    "loggamma": r"\log\Gamma",
    "digamma": r"\psi",
    "trigamma": r"\psi_1",
    "tetragamma": r"\psi_2",
    "minimum": r"\min",
    "maximum": r"\max",
    "logsumexp": r"\operatorname{logsumexp}",
}
_COMPARISONS = {"lt": "<", "le": r"\le", "gt": ">", "ge": r"\ge", "eq": "=", "ne": r"\ne"}


def name_to_latex(name: str) -> str:
    """Return a symbol's name as LaTeX: ``eta_mu`` becomes an indexed Greek letter, a field ``y.k`` an index."""
    name = name.replace(".", "_")
    head, _, index = name.partition("_")
    match = re.fullmatch(r"([^\W\d_]+)(\d*)", head)
    letters, digits = match.groups() if match else (head, "")
    if len(letters) == 1 and unicodedata.name(letters).startswith("GREEK SMALL LETTER "):
        letters = unicodedata.name(letters).split()[-1].lower()
        letters = "lambda" if letters == "lamda" else letters  # as Unicode spells it
    if letters in _LETTERS:
        base = "\\" + letters
    else:
        base = _SPECIAL.get(letters) or (letters if len(letters) == 1 else rf"\mathrm{{{letters}}}")
    below = ", ".join(part for part in (digits, name_to_latex(index) if index else "") if part)
    return f"{base}_{{{below}}}" if below else base


def to_latex(node: Node) -> str:
    """Return `node` as LaTeX, without dollar signs."""
    return _print(node)[0]


def _bracket(node: Node, least: int) -> str:
    text, precedence = _print(node)
    return text if precedence >= least else rf"\left({text}\right)"


def _indexed(vector: Node, index: Node) -> str:
    text = _bracket(vector, _ATOM)
    # A name with an index of its own is bracketed: LaTeX refuses a second subscript.
    return rf"{text if '_' not in text else rf'({text})'}_{{{to_latex(index)}}}"


def _print(node: Node) -> tuple[str, int]:
    if isinstance(node, Symbol):
        return name_to_latex(node.name), _ATOM
    if isinstance(node, Number):
        value = node.value
        sign = "-" if value < 0 else ""
        text = (
            str(abs(value.numerator))
            if value.denominator == 1
            else rf"\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"
        )
        return sign + text, _SUM if sign else _ATOM if value.denominator == 1 else _PRODUCT
    assert isinstance(node, Call)
    head, args = node.head, node.args
    if head in ("add", "sub"):
        return (
            f"{_bracket(args[0], _SUM)} {'+' if head == 'add' else '-'} {_bracket(args[1], _PRODUCT)}",
            _SUM,
        )
    if head == "neg":
        return "-" + _bracket(args[0], _PRODUCT), _SUM
    if head in ("mul", "div"):
        # A leading minus stands in front of the whole: -a/b rather than (-a)/b.
        positive = without_minus(args[0])
        sign, precedence = ("", _PRODUCT) if positive is None else ("-", _SUM)
        first = args[0] if positive is None else positive
        if head == "div":
            return rf"{sign}\frac{{{to_latex(first)}}}{{{to_latex(args[1])}}}", precedence
        left, right = _bracket(first, _PRODUCT), _bracket(args[1], _PRODUCT)
        between = r"\cdot" if right[0].isdigit() else r"\,"
        return f"{sign}{left} {between} {right}", precedence
    if head == "pow":
        return f"{_bracket(args[0], _ATOM)}^{{{to_latex(args[1])}}}", _POWER
    if head == "sqrt":
        return rf"\sqrt{{{to_latex(args[0])}}}", _ATOM
    if head == "abs":
        return rf"\left|{to_latex(args[0])}\right|", _ATOM
    if head in ("pi", "inf"):
        return r"\pi" if head == "pi" else r"\infty", _ATOM
    if head == "gather":
        return _indexed(args[0], args[1]), _ATOM
    if head in ("softmax", "softmax_excess"):
        text = rf"\operatorname{{softmax}}({to_latex(args[0])})_{{{to_latex(args[1])}}}"
        return (
            (text, _ATOM)
            if head == "softmax"
            else (f"{text} - [{to_latex(args[1])} = {to_latex(args[2])}]", _SUM)
        )
    if head == "logsumexp_excess":
        return (
            rf"\operatorname{{logsumexp}}({to_latex(args[0])}) - {_indexed(*args)}",
            _SUM,
        )
    if head == "average_excess":
        text = to_latex(args[0])
        return rf"\operatorname{{logsumexp}}({text}) - \operatorname{{mean}}({text})", _SUM
    if head == "size":
        return "K", _ATOM
    if head == "mean_log":
        return rf"\operatorname{{mean}}(\log {_bracket(args[0], _ATOM)})", _ATOM
    if head == "delta":
        return f"[{to_latex(args[0])} = {to_latex(args[1])}]", _ATOM
    if head == "xlogy":
        return rf"{_bracket(args[0], _PRODUCT)} \log {_bracket(args[1], _ATOM)}", _PRODUCT
    if head == "where":
        condition, yes, no = map(to_latex, args)
        return (
            rf"\begin{{cases}} {yes} & {condition} \\ {no} & \text{{otherwise}} \end{{cases}}",
            _ATOM,
        )
    if head in _COMPARISONS:
        return f"{to_latex(args[0])} {_COMPARISONS[head]} {to_latex(args[1])}", 0
    if head == "exp":
        return f"e^{{{to_latex(args[0])}}}", _POWER
    if head in BINDERS:
        return _print_sum(node), _PRODUCT if head == "logsum" else _ATOM
    inner = ", ".join(map(to_latex, args))
    return rf"{_FUNCTIONS[head]}\left({inner}\right)", _ATOM


def _print_sum(node: Call) -> str:
    """Write the logarithm of a sum or an integral; of a mean the function alone, its weights in the index."""
    *functions, term, index, domain = node.args
    assert isinstance(domain, Call)
    name, (low, *_) = to_latex(index), domain.args
    if node.head == "logsum":
        exponential = f"e^{{{to_latex(term)}}}"
        if domain.head == "series":
            return rf"\log \sum_{{{name} = {to_latex(low)}}}^{{\infty}} {exponential}"
        bounds = rf"_{{{to_latex(low)}}}^{{{to_latex(domain.args[1])}}}"
        return rf"\log \int{bounds} {exponential} \, d{name}"
    operator = {"mean": "E", "covariance": r"\operatorname{Cov}"}.get(node.head, r"\kappa")
    inner = ", ".join(map(to_latex, functions))
    return rf"{operator}_{{{name}}}\left[{inner}\right]"
