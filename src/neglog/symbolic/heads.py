"""The vocabulary: every head a density may use, its derivative, and its meaning in two arithmetics.

A head is one member of a *tower*: its derivative is written in the same vocabulary, so that the derivative too has
numerics of its own (``softplus' = sigmoid``, ``loggamma' = digamma``). mpmath says what a head means, NumPy computes it
without a compiler, `neglog.symbolic.numerics` computes it inside a generated kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import factorial
from typing import Any

from neglog.symbolic import sums
from neglog.symbolic.expression import BINDERS

__all__ = ["HEADS", "Head", "mpmath_meaning", "numpy_meaning", "numpy_number"]


@dataclass(frozen=True, slots=True)
class Head:
    """One function of the vocabulary.

    Attributes
    ----------
    name : str
        As written in density text.
    arity : int
        Number of arguments.
    doc : str
        What it is, with its domain.
    derivative : tuple of str
        Partial derivatives as text in ``x`` (and ``z`` for the second argument); empty where SymPy's own rule is used.
    gamma_like : bool
        Whether its numerics are of the gamma kind (a wider error bound: 16 rather than 4 eps).
    public : bool
        Whether `neglog.math` offers it and density text may name it.
    """

    name: str
    arity: int
    doc: str
    derivative: tuple[str, ...] = ()
    gamma_like: bool = False
    public: bool = True


HEADS: dict[str, Head] = {
    head.name: head
    for head in (
        Head("exp", 1, "Exponential."),
        Head("log", 1, "Natural logarithm, x > 0."),
        Head("sqrt", 1, "Square root, x >= 0."),
        Head("abs", 1, "Absolute value."),
        Head("sign", 1, "-1, 0 or 1: the derivative of abs away from 0."),
        Head("log1p", 1, "log(1 + x) without rounding 1 + x, x > -1.", ("1/(1 + x)",)),
        Head("expm1", 1, "exp(x) - 1 without cancellation.", ("exp(x)",)),
        Head("log1mexp", 1, "log(1 - exp(-x)), x > 0.", ("1/expm1(x)",)),
        Head("expm1mx", 1, "exp(x) - 1 - x without cancellation.", ("expm1(x)",), public=False),
        Head(
            "stirling",
            1,
            "loggamma(x + 1) - x log(x) + x of a count: what is left of log x! without its large terms.",
            ("digamma(x + 1) - log(x)",),
            gamma_like=True,
            public=False,
        ),
        Head("log1pmx", 1, "log(1 + x) - x without cancellation, x > -1.", ("-x/(1 + x)",)),
        Head(
            "bd0",
            2,
            "x log(x/z) - x + z without cancellation, x >= 0, z > 0: half the deviance of a Poisson count.",
            ("log(x) - log(z)", "1 - x/z"),
        ),
        *(
            Head(name, 1, doc, rule, gamma_like=True, public=name == "binet")
            for name, doc, rule in (
                ("binet", "What Stirling's formula leaves of loggamma, x > 0.", ("binet1(x)",)),
                ("binet1", "digamma(x) - log(x) + 1/(2 x).", ("binet2(x)",)),
                ("binet2", "trigamma(x) - 1/x - 1/(2 x^2).", ("binet3(x)",)),
                ("binet3", "Derivative of binet2; without numerics, as tetragamma.", ()),
            )
        ),
        *(
            Head(name, 2, doc, rules, gamma_like=True, public=name in ("lgr", "lgd", "lbeta"))
            for name, doc, rules in (
                ("lgr", "loggamma(x + z) - loggamma(x), x > 0.", ("lgr1(x, z)", "digamma(x + z)")),
                ("lgr1", "digamma(x + z) - digamma(x).", ("lgr2(x, z)", "trigamma(x + z)")),
                ("lgr2", "trigamma(x + z) - trigamma(x).", ("lgr3(x, z)", "tetragamma(x + z)")),
                ("lgr3", "Derivative of lgr2; without numerics, as tetragamma.", ()),
                ("lgd", "lgr(x, z) - z log(x).", ("lgd1(x, z)", "digamma(x + z) - log(x)")),
                ("lgd1", "Derivative of lgd for x.", ("lgd2(x, z)", "trigamma(x + z) - 1/x")),
                ("lgd2", "Derivative of lgd1 for x.", ("lgd3(x, z)", "tetragamma(x + z) + 1/x**2")),
                ("lgd3", "Derivative of lgd2; without numerics, as tetragamma.", ()),
                (
                    "lbeta",
                    "Logarithm of the beta function, x, z > 0.",
                    ("-lgr1(x, z)", "-lgr1(z, x)"),
                ),
            )
        ),
        Head("softplus", 1, "log(1 + exp(x)), the integral of sigmoid.", ("sigmoid(x)",)),
        Head("sigmoid", 1, "1/(1 + exp(-x)), the logistic function.", ("sigmoid(x)*sigmoid(-x)",)),
        *(
            Head(name, 1, doc, rule, public=name in ("exprel", "lexprel"))
            for name, doc, rule in (
                ("exprel", "(exp(x) - 1)/x without cancellation, 1 at 0.", ("exprel1(x)",)),
                ("exprel1", "Derivative of exprel.", ("exprel2(x)",)),
                ("exprel2", "Derivative of exprel1.", ("exprel3(x)",)),
                ("exprel3", "Derivative of exprel2; without numerics, as tetragamma.", ()),
                ("lexprel", "log((exp(x) - 1)/x), the logarithm of exprel.", ("lexprel1(x)",)),
                ("lexprel1", "Derivative of lexprel, between 0 and 1.", ("lexprel2(x)",)),
                ("lexprel2", "Derivative of lexprel1.", ("lexprel3(x)",)),
                ("lexprel3", "Derivative of lexprel2; without numerics, as tetragamma.", ()),
            )
        ),
        Head("tanh", 1, "Hyperbolic tangent."),
        Head("sin", 1, "Sine."),
        Head("cos", 1, "Cosine."),
        Head("atan", 1, "Inverse tangent."),
        # Without numerics, like all that only leads from a parameter to its raw prediction.
        Head("tan", 1, "Tangent."),
        Head(
            "ndtri", 1, "Quantiles of the standard normal law.", ("sqrt(2*pi)*exp(ndtri(x)**2/2)",)
        ),
        Head("ndtr", 1, "Standard normal distribution function.", ("exp(-x**2/2)/sqrt(2*pi)",)),
        Head("log_ndtr", 1, "log(ndtr(x)), also where ndtr underflows.", ("inverse_mills(x)",)),
        Head("inverse_mills", 1, "Normal density over ndtr.", ("inverse_mills1(x)",)),
        Head(
            "inverse_mills1",
            1,
            "Derivative of inverse_mills.",
            ("inverse_mills2(x)",),
            public=False,
        ),
        # As tetragamma.
        Head("inverse_mills2", 1, "Derivative of inverse_mills1.", public=False),
        # The probability of a normal variable between x - z and x, in a tower of four.
        *(
            Head(name, 2, doc, rules, public=name == "log_ndtr_gap")
            for name, doc, rules in (
                (
                    "log_ndtr_gap",
                    "log(ndtr(x) - ndtr(x - z)) without a difference, z > 0.",
                    ("ndtr_gap_slope(x, z)", "ndtr_gap_edge(x, z)"),
                ),
                (
                    "ndtr_gap_slope",
                    "Derivative of log_ndtr_gap for x: minus the mean within x - z and x.",
                    (
                        "-ndtr_gap_slope(x, z)*ndtr_gap_rest(x, z) - z*ndtr_gap_edge(x, z)",
                        "ndtr_gap_edge(x, z)*(z - ndtr_gap_rest(x, z))",
                    ),
                ),
                (
                    "ndtr_gap_edge",
                    "Derivative of log_ndtr_gap for z.",
                    (
                        "ndtr_gap_edge(x, z)*(z - ndtr_gap_rest(x, z))",
                        "-ndtr_gap_edge(x, z)*(ndtr_gap_edge(x, z) + z - x)",
                    ),
                ),
                (
                    "ndtr_gap_rest",
                    "x minus the mean within x - z and x.",
                    (
                        "1 - ndtr_gap_slope(x, z)*ndtr_gap_rest(x, z) - z*ndtr_gap_edge(x, z)",
                        "ndtr_gap_edge(x, z)*(z - ndtr_gap_rest(x, z))",
                    ),
                ),
            )
        ),
        *(
            Head(name, 1, doc, rule, public=name == "log_softplus")
            for name, doc, rule in (
                (
                    "log_softplus",
                    "log(softplus(x)), also where softplus underflows.",
                    ("log_softplus1(x)",),
                ),
                (
                    "log_softplus1",
                    "Derivative of log_softplus, sigmoid(x)/softplus(x).",
                    ("log_softplus2(x)",),
                ),
                ("log_softplus2", "Derivative of log_softplus1.", ("log_softplus3(x)",)),
                (
                    "log_softplus3",
                    "Derivative of log_softplus2; without numerics, as tetragamma.",
                    (),
                ),
            )
        ),
        *(
            Head(name, 1, doc, rule, public=name in ("cauchy_cdf", "log_cauchy_cdf"))
            for name, doc, rule in (
                (
                    "cauchy_cdf",
                    "Distribution function of the standard Cauchy law.",
                    ("1/(pi*(1 + x**2))",),
                ),
                (
                    "log_cauchy_cdf",
                    "log(cauchy_cdf(x)) without cancellation.",
                    ("cauchy_mills(x)",),
                ),
                ("cauchy_mills", "Cauchy density over cauchy_cdf.", ("cauchy_mills1(x)",)),
                ("cauchy_mills1", "Derivative of cauchy_mills.", ("cauchy_mills2(x)",)),
                (
                    "cauchy_mills2",
                    "Derivative of cauchy_mills1; without numerics, as tetragamma.",
                    (),
                ),
            )
        ),
        *(
            Head(name, 1, doc, rule, public=name == "erfcx")
            for name, doc, rule in (
                ("erfcx", "exp(x^2) erfc(x), also where erfc underflows.", ("erfcx1(x)",)),
                ("erfcx1", "Derivative of erfcx.", ("erfcx2(x)",)),
                ("erfcx2", "Derivative of erfcx1.", ("erfcx3(x)",)),
                ("erfcx3", "Derivative of erfcx2; without numerics, as tetragamma.", ()),
            )
        ),
        *(
            Head(
                name,
                1,
                doc,
                rule,
                gamma_like=True,
                public=name in ("log_bessel_i0", "bessel_ratio"),
            )
            for name, doc, rule in (
                (
                    "log_bessel_i0",
                    "Logarithm of the modified Bessel function I0.",
                    ("bessel_ratio(x)",),
                ),
                ("bessel_ratio", "I1(x)/I0(x), between -1 and 1.", ("bessel_ratio1(x)",)),
                ("bessel_ratio1", "Derivative of bessel_ratio.", ("bessel_ratio2(x)",)),
                (
                    "bessel_ratio2",
                    "Derivative of bessel_ratio1; without numerics, as tetragamma.",
                    (),
                ),
                (
                    "log_bessel_i0mx",
                    "log_bessel_i0(x) - x without cancellation.",
                    ("bessel_ratiom1(x)",),
                ),
                (
                    "bessel_ratiom1",
                    "bessel_ratio(x) - 1 without cancellation.",
                    ("bessel_ratio1(x)",),
                ),
            )
        ),
        Head(
            "loggamma",
            1,
            "Logarithm of the gamma function, x > 0; loggamma(n + 1) = log n!.",
            gamma_like=True,
        ),
        Head("digamma", 1, "Derivative of loggamma.", gamma_like=True),
        Head("trigamma", 1, "Derivative of digamma.", gamma_like=True),
        # Without numerics: only the conditioning of a Hessian needs it, in mpmath.
        Head("tetragamma", 1, "Derivative of trigamma.", gamma_like=True, public=False),
        Head("xlogy", 2, "x log z, and 0 where x = 0, so 0 log 0 = 0."),
        Head("minimum", 2, "The smaller of two values."),
        Head("maximum", 2, "The larger of two values."),
        Head("where", 3, "where(condition, a, b): a where the condition holds, else b."),
        Head("pi", 0, "The number pi."),
        Head("inf", 0, "Infinity: -inf is the log-density where there is none."),
        Head("logsumexp", 1, "log(sum_k exp(x[k])) of a class vector."),
        Head("softmax", 2, "softmax(x, j): exp(x[j]) / sum_k exp(x[k]).", public=False),
        Head("delta", 2, "delta(j, y): 1 where the class is y, else 0.", public=False),
        Head(
            "logsumexp_excess", 2, "logsumexp(x) - x[y], never through a difference.", public=False
        ),
        Head(
            "softmax_excess",
            3,
            "softmax(x, j) - delta(j, y); at j = y minus the sum of the others.",
            public=False,
        ),
        Head("mean_log", 1, "Mean of the logarithms of the components of a class vector."),
        Head("average", 1, "Mean of the components of a class vector.", public=False),
        Head("size", 1, "Number of components of a class vector.", public=False),
        Head(
            "average_excess",
            1,
            "logsumexp(x) - average(x), never through a difference.",
            public=False,
        ),
        # The last arguments of a sum are its term, the index that is bound in it, and a domain.
        *(
            Head(name, arity, doc, gamma_like=True, public=False)
            for name, arity, doc in (
                (
                    "logsum",
                    3,
                    "log of the sum of exp(term) over a series, or of the integral over an interval.",
                ),
                ("mean", 4, "Mean of a function under the weights exp(term)."),
                ("covariance", 5, "Covariance of two functions under the weights exp(term)."),
                # No kernel computes it: only the conditioning of a Hessian needs it.
                (
                    "cumulant3",
                    6,
                    "Third joint cumulant of three functions under the weights exp(term).",
                ),
            )
        ),
        Head(
            "series",
            1,
            "Whole numbers from a start; peak and spread of the terms may follow.",
            public=False,
        ),
        Head(
            "interval",
            2,
            "All from one number to another; centre and scale may follow.",
            public=False,
        ),
        *(
            Head(name, 2, f"Arithmetic: {name}.", public=False)
            for name in ("add", "sub", "mul", "div", "pow", "gather")
        ),
        *(
            Head(name, 2, f"Comparison: {name}.", public=False)
            for name in ("lt", "le", "gt", "ge", "eq", "ne")
        ),
        Head("neg", 1, "Minus x.", public=False),
        Head(
            "vector",
            3,
            "A class vector from its components; only the checks of a derivation build one.",
            public=False,
        ),
    )
}

_OPERATORS: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
}


def mpmath_meaning() -> dict[str, Callable[..., Any]]:
    """Return what every head means, in mpmath at its current precision; class vectors are lists."""
    import mpmath as mp

    from neglog.symbolic.towers import tower_meanings

    def exp(x: Any) -> Any:
        # mpmath raises e to a whole number by repeated squaring: slow at 1e5, endless at 1e308.
        if abs(x) < 16 or mp.isinf(x) or mp.isnan(x):
            return mp.exp(x)
        if mp.mag(x) > 2000:  # the exponent of the result alone would fill pages
            return mp.inf if x > 0 else mp.mpf(0)
        with mp.extraprec(mp.mag(x) + 5):
            twos = mp.floor(x / mp.ln2)
            rest = x - twos * mp.ln2
        return mp.ldexp(mp.exp(rest), int(twos))

    def power(a: Any, b: Any) -> Any:
        if a <= 0 or mp.isinf(a) or abs(b) < 64:
            return mp.power(a, b)
        with mp.extraprec(max(0, mp.mag(b)) + 10):  # whole powers too would be taken by squaring
            exponent = b * mp.log(a)
        return exp(exponent)

    def expm1(x: Any) -> Any:
        return mp.expm1(x) if abs(x) < 16 else exp(x) - 1

    def softplus(x: Any) -> Any:
        return mp.log1p(exp(x)) if x <= 0 else x + mp.log1p(exp(-x))

    def sigmoid(x: Any) -> Any:
        return 1 / (1 + exp(-x)) if x >= 0 else exp(x) / (1 + exp(x))

    def expm1mx(x: Any) -> Any:
        if x == 0 or not mp.isfinite(x):
            return mp.mpf(0) if x == 0 else mp.inf
        with mp.extraprec(max(0, -2 * mp.mag(x)) + 10):
            value = mp.expm1(x) - x
        return +value

    def bd0(x: Any, z: Any) -> Any:
        if x == 0 or x == z or not (mp.isfinite(x) and mp.isfinite(z)):
            return z if x == 0 else mp.mpf(0) if x == z else mp.inf
        with mp.extraprec(2 * max(0, mp.mag(x) - mp.mag(x - z)) + 30):
            value = x * mp.log(x / z) - x + z
        return +value

    def stirling(x: Any) -> Any:
        if x == 0:
            return mp.mpf(0)
        with mp.extraprec(max(0, mp.mag(x)) + 30):
            value = mp.loggamma(x + 1) - x * mp.log(x) + x
        return +value

    def ndtr(x: Any) -> Any:
        return exp(log_ndtr(x))

    def excess(y: Any) -> Any:
        """Return phi(y)/Phi(-y) - y for y >= 0."""
        if mp.isinf(y):
            return mp.mpf(0)
        if y > 3000:  # the continued fraction 1/(y + 2/(y + 3/(y + ...)))
            tail = mp.mpf(0)
            terms = 10 + int((mp.mp.prec / (2 * y)) ** 2 + mp.mp.prec / mp.log(y, 2))
            for k in range(terms, 0, -1):
                tail = k / (y + tail)
            return tail
        with mp.extraprec(2 * max(0, mp.mag(y)) + 60):
            found = exp(-y * y / 2) * mp.sqrt(2 / mp.pi) / mp.erfc(y / mp.sqrt(2)) - y
        return +found

    def log_ndtr(x: Any) -> Any:
        if x > 0:
            return mp.log1p(-ndtr(-x))
        with mp.extraprec(20):
            found = -x * x / 2 - mp.log(-x + excess(-x)) - mp.log(2 * mp.pi) / 2
        return +found

    def inverse_mills(x: Any) -> Any:
        if x < 0:
            return -x + excess(-x)
        density = exp(-x * x / 2) / mp.sqrt(2 * mp.pi)
        return density / (1 - density / (x + excess(x)))

    def cauchy_mills(x: Any) -> Any:
        return 1 / ((1 + x * x) * mp.atan2(1, -x))

    def cauchy_mills1(x: Any) -> Any:
        m = cauchy_mills(x)
        return -m * (m + 2 * x / (1 + x * x))

    def cauchy_mills2(x: Any) -> Any:
        m, slope, square = cauchy_mills(x), cauchy_mills1(x), 1 + x * x
        return -slope * (2 * m + 2 * x / square) - 2 * m * (1 - x * x) / (square * square)

    def ndtri(p: Any) -> Any:
        if p > 0.5:
            return -ndtri(1 - p)
        if p <= 0:
            return -mp.inf if p == 0 else mp.nan
        target = mp.log(p)
        x = -mp.sqrt(-2 * target) + mp.mpf(p > 0.01)
        for _ in range(60):  # Newton's steps on the concave log_ndtr
            step = (log_ndtr(x) - target) / inverse_mills(x)
            x -= step
            if abs(step) <= mp.eps * (1 + abs(x)):
                break
        return x

    def inverse_mills1(x: Any) -> Any:
        m = inverse_mills(x)
        return -m * (excess(-x) if x < 0 else x + m)

    def inverse_mills2(x: Any) -> Any:
        if x < -(
            mp.mpf(10) ** 120
        ):  # its series 2/y^3 (1 - 12/y^2 ...): digits for the difference would be too many
            return -2 / x**3
        with mp.extraprec(6 * max(0, mp.mag(x)) + 60 if x < 0 else 60):
            m = inverse_mills(x)
            over = excess(-x) if x < 0 else x + m
            found = m * over * over - m * (1 - m * over)
        return +found

    gaps: dict[Any, Any] = {}

    def normal_gap(which: int) -> Callable[..., Any]:
        def evaluated(x: Any, z: Any) -> Any:
            if not z > 0:
                return -mp.inf if z == 0 and which == 0 else mp.nan
            key = (x, z, mp.mp.prec)
            if key not in gaps:  # the four are asked for together
                gaps.clear()
                gaps[key] = all_of(x, z)
            return gaps[key][which]

        def all_of(x: Any, z: Any) -> Any:
            # Three differences of what is nearly equal over a short interval.
            size = 3 * max(0, -mp.mag(z)) + 4 * max(0, mp.mag(x) if x else 0, mp.mag(z))
            with mp.extraprec(min(size, 8000) + 80):
                mirrored = 2 * x > z
                near = z - x if mirrored else x
                lower, upper = inverse_mills(near - z), inverse_mills(near)
                ratio = exp(log_ndtr(near - z) - log_ndtr(near))
                steep, last = (upper - lower * ratio) / (1 - ratio), lower * ratio / (1 - ratio)
                inside = near + steep
                found = (
                    log_ndtr(near) + mp.log(1 - ratio),
                    -steep if mirrored else steep,
                    steep + last if mirrored else last,
                    z - inside if mirrored else inside,
                )
            return tuple(+value for value in found)

        return evaluated

    def remainder(formula: Callable[..., Any]) -> Callable[..., Any]:
        # What is left is smaller than the terms by up to the fourth power of an argument or its inverse.
        def evaluated(*arguments: Any) -> Any:
            size = sum(abs(int(mp.mag(x))) for x in arguments if x != 0 and mp.isfinite(x))
            with mp.extraprec(min(4 * size, 6000) + 60):
                value = formula(*arguments)
            return +value

        return evaluated

    def binet(x: Any) -> Any:
        return mp.loggamma(x) - (x - mp.mpf(0.5)) * mp.log(x) + x - mp.log(2 * mp.pi) / 2

    remainders: dict[str, Callable[..., Any]] = {
        "log1pmx": lambda x: mp.log1p(x) - x,
        "binet": binet,
        "binet1": lambda x: mp.psi(0, x) - mp.log(x) + 1 / (2 * x),
        "binet2": lambda x: mp.psi(1, x) - 1 / x - 1 / (2 * x * x),
        "binet3": lambda x: mp.psi(2, x) + 1 / x**2 + 1 / x**3,
        "lgr": lambda x, z: mp.loggamma(x + z) - mp.loggamma(x),
        "lgr1": lambda x, z: mp.psi(0, x + z) - mp.psi(0, x),
        "lgr2": lambda x, z: mp.psi(1, x + z) - mp.psi(1, x),
        "lgr3": lambda x, z: mp.psi(2, x + z) - mp.psi(2, x),
        "lgd": lambda x, z: mp.loggamma(x + z) - mp.loggamma(x) - z * mp.log(x),
        "lgd1": lambda x, z: mp.psi(0, x + z) - mp.psi(0, x) - z / x,
        "lgd2": lambda x, z: mp.psi(1, x + z) - mp.psi(1, x) + z / x**2,
        "lgd3": lambda x, z: mp.psi(2, x + z) - mp.psi(2, x) - 2 * z / x**3,
        "lbeta": lambda x, z: mp.loggamma(x) + mp.loggamma(z) - mp.loggamma(x + z),
    }

    def logsumexp(x: Any) -> Any:
        top = max(x)
        return top + mp.log(mp.fsum(exp(value - top) for value in x))

    def softmax(x: Any, j: Any) -> Any:
        return exp(x[int(j)] - logsumexp(x))

    def logsumexp_excess(x: Any, y: Any) -> Any:
        own = x[int(y)]
        return mp.log1p(mp.fsum(exp(value - own) for k, value in enumerate(x) if k != int(y)))

    def softmax_excess(x: Any, j: Any, y: Any) -> Any:
        if int(j) != int(y):
            return softmax(x, j)
        return -mp.fsum(softmax(x, k) for k in range(len(x)) if k != int(y))

    def average(x: Any) -> Any:
        return mp.fsum(x) / len(x)

    def average_excess(x: Any) -> Any:
        return mp.fsum(logsumexp_excess(x, k) for k in range(len(x))) / len(x)

    return (
        _OPERATORS
        | {name: remainder(formula) for name, formula in remainders.items()}
        | tower_meanings(excess)
        | {
            "pow": power,
            "exp": exp,
            "log": mp.log,
            "sqrt": mp.sqrt,
            "abs": abs,
            "sign": mp.sign,
            "log1p": mp.log1p,
            "expm1": expm1,
            "log1mexp": lambda x: mp.log(-mp.expm1(-x)) if x < 1 else mp.log1p(-exp(-x)),
            "expm1mx": expm1mx,
            "bd0": bd0,
            "stirling": stirling,
            "softplus": softplus,
            "sigmoid": sigmoid,
            "tanh": mp.tanh,
            "sin": mp.sin,
            "cos": mp.cos,
            "atan": mp.atan,
            "tan": mp.tan,
            "ndtri": ndtri,
            "ndtr": ndtr,
            "log_ndtr": log_ndtr,
            "inverse_mills": inverse_mills,
            "inverse_mills1": inverse_mills1,
            "inverse_mills2": inverse_mills2,
            "cauchy_cdf": lambda x: mp.atan2(1, -x) / mp.pi,
            "log_cauchy_cdf": lambda x: (
                mp.log1p(-mp.atan2(1, x) / mp.pi) if x > 0 else mp.log(mp.atan2(1, -x) / mp.pi)
            ),
            "cauchy_mills": cauchy_mills,
            "cauchy_mills1": cauchy_mills1,
            "cauchy_mills2": cauchy_mills2,
            "log_ndtr_gap": normal_gap(0),
            "ndtr_gap_slope": normal_gap(1),
            "ndtr_gap_edge": normal_gap(2),
            "ndtr_gap_rest": normal_gap(3),
            "loggamma": mp.loggamma,
            "digamma": lambda x: mp.psi(0, x),
            "trigamma": lambda x: mp.psi(1, x),
            "tetragamma": lambda x: mp.psi(2, x),
            "xlogy": lambda x, z: mp.mpf(0) if x == 0 else x * mp.log(z),
            "minimum": min,
            "maximum": max,
            "where": lambda condition, a, b: a if condition else b,
            "pi": lambda: +mp.pi,
            "inf": lambda: mp.inf,
            "gather": lambda x, y: x[int(y)],
            "vector": lambda *components: list(components),
            "logsumexp": logsumexp,
            "softmax": softmax,
            "delta": lambda j, y: mp.mpf(int(j) == int(y)),
            "logsumexp_excess": logsumexp_excess,
            "softmax_excess": softmax_excess,
            "mean_log": lambda x: average([mp.log(value) for value in x]),
            "average": average,
            "size": lambda x: mp.mpf(len(x)),
            "average_excess": average_excess,
            **dict.fromkeys(BINDERS, sums.in_mpmath),
            **sums.domain_heads(),
        }
    )


def numpy_number(value: Fraction) -> float:
    """Return the float64 nearest to an exact rational."""
    return value.numerator / value.denominator


# Heads whose NumPy meaning is made from the source of their numerics.
_FROM_NUMERICS = (
    "log1pmx", "bd0", "binet", "binet1", "binet2", "lgr", "lgr1", "lgr2", "lgd", "lgd1", "lgd2", "lbeta",
    "log_ndtr_gap", "ndtr_gap_slope", "ndtr_gap_edge", "ndtr_gap_rest",
    "exprel", "exprel1", "exprel2", "lexprel", "lexprel1", "lexprel2", "erfcx", "erfcx1", "erfcx2", "sin", "cos",
    "log_bessel_i0", "log_bessel_i0mx", "bessel_ratio", "bessel_ratiom1", "bessel_ratio1",
    "cauchy_cdf", "log_cauchy_cdf", "cauchy_mills", "cauchy_mills1",
    "log_softplus", "log_softplus1", "log_softplus2",
)  # fmt: skip


def numpy_meaning() -> dict[str, Callable[..., Any]]:
    """Return what every head of one observation computes, elementwise in NumPy.

    The gamma functions are taken from SciPy when first called, so that a loss without them loads no SciPy.
    """
    import numpy as np

    from neglog.symbolic.numerics import mills_excess

    def special(name: str, *extra: int) -> Callable[..., Any]:
        def apply(*args: Any) -> Any:
            import scipy.special

            return getattr(scipy.special, name)(*extra, *args)

        return apply

    def softplus(x: Any) -> Any:
        return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))

    def sigmoid(x: Any) -> Any:
        small = np.exp(-np.abs(x))
        return np.where(x >= 0, 1.0, small) / (1.0 + small)

    def power(a: Any, b: Any) -> Any:
        # A float exponent that is a whole number: keep NumPy's exact squaring.
        whole = isinstance(b, float) and b.is_integer() and abs(b) <= 8
        return np.power(a, int(b) if whole and b >= 0 else b)

    def xlogy(x: Any, z: Any) -> Any:
        return np.where(x == 0, 0.0, x * np.log(np.where(x == 0, 1.0, z)))

    def expm1mx(x: Any) -> Any:
        near = np.abs(x) < 1.0
        t = np.where(near, x, 0.0)
        series = np.zeros_like(t)
        for k in range(20, 1, -1):
            series = (series * t) + 1 / factorial(k)
        far = np.expm1(x) - x
        return np.where(near, t * t * series, np.where(np.isnan(far), np.abs(x), far))

    def stirling(x: Any) -> Any:
        small = x < 8.0
        y = np.where(small, x, 1.0)
        near = special("gammaln")(y + 1.0) - xlogy(y, y) + y
        w = np.where(small, 1.0, x) ** -2.0
        series = np.zeros_like(w)
        for coefficient in (
            -3617 / 122400,
            1 / 156,
            -691 / 360360,
            1 / 1188,
            -1 / 1680,
            1 / 1260,
            -1 / 360,
            1 / 12,
        ):
            series = series * w + coefficient
        far = 0.5 * np.log(2 * np.pi * np.where(small, 1.0, x)) + series * np.sqrt(w)
        return np.where(small, near, far)

    def inverse_mills(x: Any) -> Any:
        y = np.abs(x)
        ratio = y + mills_excess(y)
        density = np.exp(-0.5 * y * y) / np.sqrt(2 * np.pi)
        return np.where(x < 0, ratio, density / (1.0 - density / ratio))

    def inverse_mills1(x: Any) -> Any:
        y = np.abs(x)
        excess, m = mills_excess(np.minimum(y, 1e300)), inverse_mills(y)
        left = -(np.minimum(y, 1e300) + excess) * excess
        return np.where(np.isnan(x), x, np.where(x < 0, left, -m * (np.minimum(y, 1e300) + m)))

    def log1mexp(x: Any) -> Any:
        return np.where(x < 0.6931471805599453, np.log(-np.expm1(-x)), np.log1p(-np.exp(-x)))

    def arrays(name: str) -> Callable[..., Any]:
        def apply(*args: Any) -> Any:
            from neglog.symbolic.vectorised import vectorised

            return vectorised(name)(*args)

        return apply

    return (
        _OPERATORS
        | {name: arrays(name) for name in _FROM_NUMERICS}
        | {
            "pow": power,
            "exp": np.exp,
            "log": np.log,
            "sqrt": np.sqrt,
            "abs": np.abs,
            "sign": np.sign,
            "log1p": np.log1p,
            "expm1": np.expm1,
            "log1mexp": log1mexp,
            "expm1mx": expm1mx,
            "stirling": stirling,
            "softplus": softplus,
            "sigmoid": sigmoid,
            "tanh": np.tanh,
            "atan": np.arctan,
            "tan": np.tan,
            "ndtri": special("ndtri"),
            "ndtr": special("ndtr"),
            "log_ndtr": special("log_ndtr"),
            "inverse_mills": inverse_mills,
            "inverse_mills1": inverse_mills1,
            "loggamma": special("gammaln"),
            "digamma": special("psi"),
            "trigamma": special("polygamma", 1),
            "xlogy": xlogy,
            "minimum": np.minimum,
            "maximum": np.maximum,
            "where": np.where,
            "pi": lambda: np.pi,
            "inf": lambda: np.inf,
            "gather": lambda x, y: np.take_along_axis(
                x, np.asarray(y, dtype=np.int64)[:, None], axis=1
            )[:, 0],
            "mean_log": lambda x: np.mean(np.log(x), axis=-1),
            **dict.fromkeys(BINDERS, sums.in_numpy),
            **sums.domain_heads(),
        }
    )
