"""Functions for writing densities: ``from neglog.math import log, pi``.

They record what is done to the target and the parameters; the loss, its derivatives and the kernel are made from the
record. `where` takes the place of ``if``.
"""

from __future__ import annotations

from typing import Any

from neglog.symbolic.tracing import Traced, apply

__all__ = [
    "digamma", "exp", "expm1", "inf", "log", "log1mexp", "log1p", "loggamma", "logsumexp", "maximum", "minimum", "pi",
    "sigmoid", "softplus", "sqrt", "tanh", "trigamma", "where", "xlogy",
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


def softplus(x: Any) -> Traced:
    """log(1 + exp(x))."""
    return apply("softplus", x)


def sigmoid(x: Any) -> Traced:
    """The logistic function 1/(1 + exp(-x))."""
    return apply("sigmoid", x)


def tanh(x: Any) -> Traced:
    """Hyperbolic tangent."""
    return apply("tanh", x)


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
