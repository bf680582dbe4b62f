"""Losses whose properties are known from books, written as density text."""

from neglog.symbolic.density import Density, Parameter
from neglog.symbolic.supports import Binary, NonNegative, Positive, Real, Support, UnitInterval
from neglog.symbolic.text import parse

__all__ = ["DECIDED", "loss"]

_S = "(2*y - 1)"  # the label -1 or 1


def loss(name: str, text: str, y: Support, **hyper: Support) -> Density:
    """Return a loss of a prediction f as minus a log-density."""
    parameters = (Parameter("f", Real()), *(Parameter(n, s) for n, s in hyper.items()))
    return Density(name, -parse(text, {"y", "f", *hyper}), "y", y, parameters)


# The loss; whether it is convex; its Lipschitz and its smoothness constant, None where there is none.
DECIDED = [
    (loss("hinge", f"maximum(0, 1 - {_S}*f)", Binary()), True, "1", None),
    (loss("squared_hinge", f"maximum(0, 1 - {_S}*f)**2", Binary()), True, None, "2"),
    (loss("perceptron", f"maximum(0, -{_S}*f)", Binary()), True, "1", None),
    (loss("logistic", f"softplus(-{_S}*f)", Binary()), True, "1", "0.25"),
    (loss("exponential", f"exp(-{_S}*f)", Binary()), True, None, None),
    (
        loss("modified_huber", f"where({_S}*f < -1, -4*{_S}*f, maximum(0, 1 - {_S}*f)**2)", Binary()),
        True, "4", "2",
    ),
    (
        loss("huber", "where(abs(y - f) < d, (y - f)**2/2, d*(abs(y - f) - d/2))", Real(), d=Positive()),
        True, "d", "1",
    ),
    (loss("pseudo_huber", "d**2*(sqrt(1 + ((y - f)/d)**2) - 1)", Real(), d=Positive()), True, "d", "1"),
    (loss("quantile", "maximum(tau*(y - f), (tau - 1)*(y - f))", Real(), tau=UnitInterval()), True, "1", None),
    (loss("expectile", "where(y > f, tau, 1 - tau)*(y - f)**2", Real(), tau=UnitInterval()), True, None, "2"),
    (loss("eps_insensitive", "maximum(0, abs(y - f) - e)", Real(), e=Positive()), True, "1", None),
    (loss("mape", "abs((y - f)/y)", Positive()), True, None, None),
    (loss("msle", "(log1p(y) - f)**2/2", NonNegative()), True, None, "1"),
    (loss("squared_sigmoid", "(y - sigmoid(f))**2/2", Binary()), False, "1", "2"),
    (loss("zero_one", f"where({_S}*f > 0, 0, 1)", Binary()), False, None, None),
    (loss("cauchy", "log1p((y - f)**2)", Real()), False, "1", "2"),
    (loss("gumbel", "(y - f)/b + exp(-(y - f)/b)", Real(), b=Positive()), True, None, None),
    (
        loss("cloglog", "-y*log(-expm1(-exp(f))) - (1 - y)*log(1 + expm1(-exp(f)))", Binary()),
        True, None, None,
    ),
    (loss("von_mises", "log_bessel_i0(k) - k*cos(y - f)", Real(), k=Positive()), False, "k", "k"),
    (loss("continuous_bernoulli", "lexprel(f) - y*f", UnitInterval()), True, "1", "0.0833333"),
]  # fmt: skip  # one loss an entry
