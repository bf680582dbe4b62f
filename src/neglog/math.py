"""Functions for writing densities: ``from neglog.math import log, pi``.

They record what is done to the target and the parameters; the loss, its derivatives and the kernel are made from the
record. `where` takes the place of ``if``.
"""

from __future__ import annotations

from typing import Any

from neglog.errors import DensityError
from neglog.symbolic.expression import Call, Symbol
from neglog.symbolic.tracing import Traced, apply, node_of

__all__ = [
    "LogSum", "atan", "bd0", "bessel_ratio", "binet", "cauchy_cdf", "classes", "cos", "digamma", "erfcx", "exp",
    "expm1", "exprel", "index", "inf", "interval", "inverse_mills", "lbeta", "lexprel", "lgd", "lgr", "log",
    "log1mexp", "log1p", "log1pmx", "log_bessel_i0", "log_cauchy_cdf", "log_ndtr", "log_ndtr_gap", "log_softplus",
    "loggamma", "logsumexp", "maximum", "mean_log", "minimum", "ndtr", "ndtri", "pi", "series", "sigmoid", "sin",
    "softplus", "sqrt", "tan", "tanh", "trigamma", "where", "xlogy",
]  # fmt: skip  # one screen of names reads better than a column

pi: Traced = apply("pi")

inf: Traced = apply("inf")


def exp(x: Any) -> Traced:
    """Exponential."""
    return apply("exp", x)


def log(x: Any) -> Traced:
    """Natural logarithm, x > 0."""
    return apply("log", x)


def sqrt(x: Any) -> Traced:
    """Square root, x >= 0."""
    return apply("sqrt", x)


def log1p(x: Any) -> Traced:
    """log(1 + x) without rounding 1 + x."""
    return apply("log1p", x)


def expm1(x: Any) -> Traced:
    """exp(x) - 1 without cancellation."""
    return apply("expm1", x)


def log1mexp(x: Any) -> Traced:
    """log(1 - exp(-x)), x > 0."""
    return apply("log1mexp", x)


def exprel(x: Any) -> Traced:
    """(exp(x) - 1)/x without cancellation, 1 at 0: the mean of exp(x t) over t in [0, 1]."""
    return apply("exprel", x)


def lexprel(x: Any) -> Traced:
    """log((exp(x) - 1)/x) without cancellation: log1mexp(x) = log(x) + lexprel(-x)."""
    return apply("lexprel", x)


def softplus(x: Any) -> Traced:
    """log(1 + exp(x))."""
    return apply("softplus", x)


def log_softplus(x: Any) -> Traced:
    """log(log(1 + exp(x))), also where log(1 + exp(x)) underflows."""
    return apply("log_softplus", x)


def sigmoid(x: Any) -> Traced:
    """The logistic function 1/(1 + exp(-x))."""
    return apply("sigmoid", x)


def tanh(x: Any) -> Traced:
    """Hyperbolic tangent."""
    return apply("tanh", x)


def atan(x: Any) -> Traced:
    """Inverse tangent."""
    return apply("atan", x)


def tan(x: Any) -> Traced:
    """Tangent."""
    return apply("tan", x)


def sin(x: Any) -> Traced:
    """Sine; beyond 2**53, where numbers are at least 2 apart, the sine of 2**53."""
    return apply("sin", x)


def cos(x: Any) -> Traced:
    """Cosine; beyond 2**53, as `sin`, the cosine of 2**53."""
    return apply("cos", x)


def ndtr(x: Any) -> Traced:
    """Return the standard normal distribution function."""
    return apply("ndtr", x)


def log_ndtr(x: Any) -> Traced:
    """Return its logarithm, also where ndtr underflows."""
    return apply("log_ndtr", x)


def log_ndtr_gap(x: Any, gap: Any) -> Traced:
    """Return log(ndtr(x) - ndtr(x - gap)), gap > 0, without the difference."""
    return apply("log_ndtr_gap", x, gap)


def cauchy_cdf(x: Any) -> Traced:
    """Return the distribution function of the standard Cauchy law, 1/2 + atan(x)/pi without cancellation."""
    return apply("cauchy_cdf", x)


def log_cauchy_cdf(x: Any) -> Traced:
    """Return its logarithm, without cancellation on either side."""
    return apply("log_cauchy_cdf", x)


def log1pmx(x: Any) -> Traced:
    """Return log(1 + x) - x without cancellation, x > -1."""
    return apply("log1pmx", x)


def bd0(x: Any, z: Any) -> Traced:
    """Return x log(x/z) - x + z, x >= 0 and z > 0: half the deviance of a Poisson count, Loader's name for it."""
    return apply("bd0", x, z)


def binet(x: Any) -> Traced:
    """Return what Stirling's formula leaves of loggamma, about 1/(12 x), x > 0."""
    return apply("binet", x)


def lgr(x: Any, z: Any) -> Traced:
    """Return loggamma(x + z) - loggamma(x), x > 0."""
    return apply("lgr", x, z)


def lgd(x: Any, z: Any) -> Traced:
    """Return lgr(x, z) - z log(x), what is left of it where x is large."""
    return apply("lgd", x, z)


def lbeta(x: Any, z: Any) -> Traced:
    """Return the logarithm of the beta function, x and z > 0."""
    return apply("lbeta", x, z)


def ndtri(x: Any) -> Traced:
    """Return the quantile of the standard normal law."""
    return apply("ndtri", x)


def inverse_mills(x: Any) -> Traced:
    """Return the standard normal density over the distribution function."""
    return apply("inverse_mills", x)


def erfcx(x: Any) -> Traced:
    """exp(x^2) erfc(x), the scaled complementary error function: about 1/(sqrt(pi) x) for large x."""
    return apply("erfcx", x)


def log_bessel_i0(x: Any) -> Traced:
    """Logarithm of the modified Bessel function I0: with log(2 pi) it normalises a von Mises density."""
    return apply("log_bessel_i0", x)


def bessel_ratio(x: Any) -> Traced:
    """I1(x)/I0(x), the derivative of `log_bessel_i0`: the mean resultant length of a von Mises law."""
    return apply("bessel_ratio", x)


def loggamma(x: Any) -> Traced:
    """Logarithm of the gamma function, x > 0; log n! is loggamma(n + 1)."""
    return apply("loggamma", x)


def digamma(x: Any) -> Traced:
    """Derivative of loggamma."""
    return apply("digamma", x)


def trigamma(x: Any) -> Traced:
    """Derivative of digamma."""
    return apply("trigamma", x)


def xlogy(x: Any, z: Any) -> Traced:
    """X log z, and 0 where x = 0."""
    return apply("xlogy", x, z)


def minimum(x: Any, z: Any) -> Traced:
    """Return the smaller of two values."""
    return apply("minimum", x, z)


def maximum(x: Any, z: Any) -> Traced:
    """Return the larger of two values."""
    return apply("maximum", x, z)


def where(condition: Any, a: Any, b: Any) -> Traced:
    """Return a where the condition holds, else b: what ``if`` is to a density."""
    return apply("where", condition, a, b)


def logsumexp(x: Any) -> Traced:
    """log(sum_k exp(x[k])) of a class vector."""
    return apply("logsumexp", x)


def mean_log(p: Any) -> Traced:
    """Return the mean of log(p[k]) over the classes k of a class vector."""
    return apply("mean_log", p)


# --- Sums and integrals ---


def index(name: str) -> Traced:
    """Return the index of a sum, or the variable of an integral, to be used in its term."""
    if not str(name).isidentifier():
        raise DensityError(f"The index of a sum needs a name such as 'j'; it is {name!r}.")
    return Traced(Symbol(name))


def series(start: Any, peak: Any = None, spread: Any = None) -> Traced:
    """Whole numbers start, start + 1, ...: a domain of `LogSum`.

    Parameters
    ----------
    start : int or traced
        The first.
    peak, spread : traced, optional
        Where the terms are largest and their standard deviation as weights, both or none: they are searched where they
        are not given, which takes twice the time.

    Returns
    -------
    traced
        The domain.
    """
    if (peak is None) != (spread is None):
        raise DensityError("A series needs both its peak and its spread, or neither.")
    return apply("series", start, *(() if peak is None else (peak, spread)))


def interval(lo: Any, hi: Any, centre: Any = None, scale: Any = None) -> Traced:
    """Numbers from lo to hi, either of which may be infinite: a domain of `LogSum`.

    Parameters
    ----------
    lo, hi : float or traced
        The ends; ``inf`` and ``-inf`` of this module where there is none.
    centre, scale : traced, optional
        On the whole line: where the mass is and how wide it is, both or none. They are searched where they are not
        given, which takes longer.

    Returns
    -------
    traced
        The domain.
    """
    if (centre is None) != (scale is None):
        raise DensityError(
            "An interval needs both the centre and the scale of its mass, or neither."
        )
    return apply("interval", lo, hi, *(() if centre is None else (centre, scale)))


def classes(name: str = "K") -> str:
    """Return the classes of a class vector: a domain of `LogSum`."""
    return name


def LogSum(term: Any, index: Any, domain: Any) -> Traced:  # noqa: N802  # a noun of the calculus
    """Logarithm of the sum (or integral) of exp(term) over a domain, with derivatives of its own.

    Parameters
    ----------
    term : traced
        Logarithm of what is added up, in the index.
    index : traced
        What `index` returned; it means nothing outside.
    domain : traced or str
        ``series(start)``, ``interval(lo, hi)`` or ``classes("K")``. The terms of a series and the integrand have one
        peak; a series whose bell is more than 126 terms wide needs a term that makes sense between whole numbers too.

    Returns
    -------
    traced
        Its derivative is the mean of the derivative of the term under the weights exp(term); the second derivative
        adds their covariance.

    Examples
    --------
    >>> from neglog.math import LogSum, index, log, loggamma, series
    >>> j = index("j")
    >>> LogSum(j * log(3) - loggamma(j + 1), j, series(0)).node  # = 3
    logsum(j*log(3) - loggamma(j + 1), j, series(0))
    """
    inside, at = node_of(term), node_of(index)
    if not isinstance(at, Symbol):
        raise DensityError("The second argument of LogSum is an index: j = neglog.math.index('j').")
    if isinstance(domain, str):
        if isinstance(inside, Call) and inside.head == "gather" and inside.args[1] == at:
            return apply("logsumexp", inside.args[0])
        raise DensityError(
            "Over classes LogSum takes the components of a class vector, LogSum(p[j], j, classes('K')); other terms "
            "have no kernel. Write a mixture of few components with logarithms and exponentials."
        )
    over = node_of(domain)
    if not (isinstance(over, Call) and over.head in ("series", "interval")):
        raise DensityError(
            "The third argument of LogSum is a domain: series(start), interval(lo, hi) or classes('K')."
        )
    return Traced(Call("logsum", (inside, at, over)))
