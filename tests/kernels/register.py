"""Losses built by hand from text, so that kernels are tested without a derivation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neglog.kernels import Kernel
from neglog.losses import Dropped, Form, Loss, Slot
from neglog.symbolic import supports
from neglog.symbolic.density import Density, Parameter
from neglog.symbolic.supports import Support
from neglog.symbolic.text import parse


def form(value: str, gradient: list[str], hessian: list[str], constant: str = "0") -> Form:
    """Read the expressions of a form."""
    return Form(
        parse(value),
        parse(constant),
        tuple(parse(text) for text in gradient),
        tuple(parse(text) for text in hessian),
    )


def loss(
    name: str,
    density: str,
    target: Support,
    parameters: dict[str, Support],
    slots: tuple[Slot, ...],
    complete: Form,
    textbook: Form | None = None,
    dropped: tuple[Dropped, ...] = (),
) -> Loss:
    """Put a loss together."""
    declared = tuple(Parameter(parameter, support) for parameter, support in parameters.items())
    law = Density(name, parse(density), "y", target, declared)
    return Loss(law, slots, complete, textbook or complete, dropped)


BERNOULLI = loss(
    "Bernoulli",
    "y*log(p) + (1 - y)*log(1 - p)",
    supports.Binary(),
    {"p": supports.UnitInterval()},
    (Slot("p", "eta", "logit"),),
    form(
        "(1 - y)*softplus(eta) + y*softplus(-eta)",
        ["(1 - y)*sigmoid(eta) - y*sigmoid(-eta)"],
        ["sigmoid(eta)*sigmoid(-eta)"],
    ),
)

NORMAL = loss(
    "Normal",
    "-log(sigma) - log(2*pi)/2 - ((y - mu)/sigma)**2/2",
    supports.Real(),
    {"mu": supports.Real(), "sigma": supports.Positive()},
    (Slot("mu", "eta", "identity"),),
    form(
        "((y - eta)/sigma)**2/2",
        ["(eta - y)/sigma**2"],
        ["1/sigma**2"],
        "log(sigma) + log(2*pi)/2",
    ),
    form("(y - eta)**2/2", ["eta - y"], ["1"]),
    (
        Dropped("term", parse("log(sigma) + log(2*pi)/2"), "it does not depend on mu"),
        Dropped("factor", parse("1/sigma**2"), "it does not move the minimum"),
    ),
)

NORMAL_2 = loss(
    "Normal",
    "-log(sigma) - log(2*pi)/2 - ((y - mu)/sigma)**2/2",
    supports.Real(),
    {"mu": supports.Real(), "sigma": supports.Positive()},
    (Slot("mu", "eta_mu", "identity"), Slot("sigma", "eta_sigma", "log")),
    form(
        "((y - eta_mu)*exp(-eta_sigma))**2/2 + eta_sigma",
        [
            "(eta_mu - y)*exp(-eta_sigma)*exp(-eta_sigma)",
            "1 - ((y - eta_mu)*exp(-eta_sigma))**2",
        ],
        [
            "exp(-2*eta_sigma)",
            "2*(y - eta_mu)*exp(-eta_sigma)*exp(-eta_sigma)",
            "2*((y - eta_mu)*exp(-eta_sigma))**2",
        ],
        "log(2*pi)/2",
    ),
)

POISSON = loss(
    "Poisson",
    "y*log(mu) - mu - loggamma(y + 1)",
    supports.Count(),
    {"mu": supports.Positive()},
    (Slot("mu", "eta", "log"),),
    form("exp(eta) - y*minimum(eta, 746)", ["exp(eta) - y"], ["exp(eta)"], "loggamma(y + 1)"),
    form("exp(eta) - y*minimum(eta, 746)", ["exp(eta) - y"], ["exp(eta)"]),
)

CATEGORICAL = loss(
    "Categorical",
    "log(p[y])",
    supports.Label(),
    {"p": supports.ClassVector()},
    (Slot("p", "eta", "softmax", "classes"),),
    form(
        "logsumexp_excess(eta, y)",
        ["softmax_excess(eta, j, y)"],
        ["softmax(eta, j)*(delta(j, k) - softmax(eta, k))"],
    ),
)

# Exercises powers, roots, conditions and the gamma function in a modelled parameter.
MEDLEY = loss(
    "Medley",
    "-(y - mu)**2 - s",
    supports.Positive(link="identity"),
    {"mu": supports.Real(), "s": supports.Positive()},
    (Slot("mu", "a", "identity"), Slot("s", "b", "log")),
    form(
        "where(y > 1, (1 + a**2)**(3/2), sqrt(1 + a**2)) + loggamma(exp(b)) + y**-3*tanh(a)",
        [
            "where(y > 1, 3*a*(1 + a**2)**(1/2), a*(1 + a**2)**(-1/2)) + y**-3*(1 - tanh(a)**2)",
            "exp(b)*digamma(exp(b))",
        ],
        [
            "where(y > 1, 3 + 6*a**2, (1 + a**2)**-1)/sqrt(1 + a**2) - 2*y**-3*tanh(a)*(1 - tanh(a)**2)",
            "0",
            "exp(b)*digamma(exp(b)) + exp(b)**2*trigamma(exp(b))",
        ],
        "y**0.3 + abs(y - 2)",
    ),
)


@dataclass(frozen=True)
class Case:
    """A kernel with a way to draw data for it."""

    name: str
    kernel: Kernel

    def draw(self, n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Draw a target and raw predictions of moderate size."""
        random = np.random.default_rng(seed)
        columns = len(self.kernel.names)
        raw = 2 * random.normal(size=n) if columns == 1 else random.normal(size=(n, columns))
        match self.name:
            case "bernoulli":
                return random.integers(0, 2, n).astype(float), raw
            case "poisson":
                return random.poisson(3, n).astype(float), raw
            case "categorical":
                return random.integers(0, 4, n).astype(float), 2 * random.normal(size=(n, 4))
            case "medley":
                return np.exp(random.normal(size=n)), raw
        return random.normal(size=n), raw


CASES = [
    Case("bernoulli", Kernel(BERNOULLI)),
    Case("normal", Kernel(NORMAL, {"sigma": 0.7})),
    Case("normal_2", Kernel(NORMAL_2)),
    Case("poisson", Kernel(POISSON)),
    Case("categorical", Kernel(CATEGORICAL)),
    Case("medley", Kernel(MEDLEY)),
]
