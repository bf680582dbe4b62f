"""Kernels written by hand from the textbook formulas, and problems on real data made with them.

They are what the objectives and solvers are tested against: nothing here is generated, so a fault
in the derivation cannot hide a fault in the sums.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.special import expit, gammaln, log_softmax, softmax

from neglog.objectives import (
    DenseCurvature,
    Evaluation,
    LikelihoodObjective,
    Linear,
    LinearClasses,
    Penalty,
    Rows,
)
from neglog.objectives.penalty import Flat

Floats = npt.NDArray[np.float64]
Columns = tuple[Floats, Sequence[Floats], Sequence[Floats]]


def weighted(parts: Columns, w: Floats | None) -> Columns:
    """Multiply every column by the weights."""
    if w is None:
        return parts
    value, gradient, hessian = parts
    return value * w, [g * w for g in gradient], [h * w for h in hessian]


def total(terms: Floats, w: Floats | None) -> float:
    """Sum terms with weights."""
    return float(terms.sum() if w is None else (terms * w).sum())


@dataclass(frozen=True)
class MapKernel:
    """A kernel of shape "map" from a function of (y, *raws)."""

    names: tuple[str, ...]
    rows: Callable[..., Columns]
    constants: Callable[[Floats], Floats]
    shape: str = "map"

    def columns(self, y: Floats, raws: Sequence[Floats], w: Floats | None, order: int) -> Columns:
        """Return everything, whatever the order."""
        return weighted(self.rows(y, *raws), w)

    def classes(
        self, y: Floats, raw: Floats, w: Floats | None, order: int
    ) -> tuple[Floats, Floats, Floats]:
        """Not this shape."""
        raise NotImplementedError

    def constant(self, y: Floats, w: Floats | None) -> float:
        """Sum the constants."""
        return total(self.constants(y), w)


def bernoulli_rows(y: Floats, eta: Floats) -> Columns:
    """Return (1 - y) softplus(eta) + y softplus(-eta) and derivatives."""
    p, q = expit(eta), expit(-eta)
    value = (1 - y) * np.logaddexp(0, eta) + y * np.logaddexp(0, -eta)
    return value, [(1 - y) * p - y * q], [p * q]


def poisson_rows(y: Floats, eta: Floats) -> Columns:
    """Return exp(eta) - y eta and derivatives."""
    mu = np.exp(eta)
    return mu - y * eta, [mu - y], [mu]


def normal_rows(y: Floats, mu: Floats, log_sigma: Floats) -> Columns:
    """Return r^2 / (2 sigma^2) + log sigma and derivatives in mu and log sigma."""
    precision = np.exp(-2 * log_sigma)
    r = y - mu
    value = 0.5 * r * r * precision + log_sigma
    square = r * r * precision
    return value, [-r * precision, 1 - square], [precision, 2 * r * precision, 2 * square]


BERNOULLI = MapKernel(("p",), bernoulli_rows, np.zeros_like)
POISSON = MapKernel(("mu",), poisson_rows, lambda y: gammaln(y + 1))
NORMAL = MapKernel(
    ("mu", "sigma"), normal_rows, lambda y: np.full(y.shape, 0.5 * np.log(2 * np.pi))
)


@dataclass(frozen=True)
class SoftmaxKernel:
    """Logsumexp(eta) - eta_y."""

    names: tuple[str, ...] = ("p",)
    shape: str = "classes"

    def columns(self, y: Floats, raws: Sequence[Floats], w: Floats | None, order: int) -> Columns:
        """Not this shape."""
        raise NotImplementedError

    def classes(
        self, y: Floats, raw: Floats, w: Floats | None, order: int
    ) -> tuple[Floats, Floats, Floats]:
        """Return value, gradient and probabilities."""
        i, codes = np.arange(y.size), y.astype(np.intp)
        value = -log_softmax(raw, axis=1)[i, codes]
        probabilities = softmax(raw, axis=1)
        gradient = probabilities.copy()
        gradient[i, codes] -= 1.0
        if w is not None:
            value, gradient = value * w, gradient * w[:, None]
        return value, gradient, (probabilities,)

    def constant(self, y: Floats, w: Floats | None) -> float:
        """Return 0: nothing is left out."""
        return 0.0


SOFTMAX = SoftmaxKernel()


def names_of(p: int) -> tuple[str, ...]:
    """Name p columns, the first an intercept."""
    return ("Intercept", *(f"x{j}" for j in range(1, p)))


def one_parameter(
    kernel: MapKernel,
    X: Floats,
    y: Floats,
    weights: Floats | None = None,
    penalty: Penalty | None = None,
    offset: Floats | None = None,
    threads: int | None = None,
) -> LikelihoodObjective:
    """Make the objective of a kernel with one modelled parameter."""
    rows = Rows((X,), y, weights, offset, threads)
    return LikelihoodObjective(rows, Linear((names_of(X.shape[1]),)), kernel, penalty or Flat())


def normal(
    X: Floats,
    y: Floats,
    weights: Floats | None = None,
    penalty: Penalty | None = None,
    threads: int | None = None,
) -> LikelihoodObjective:
    """Make the objective of a normal with linear mean and constant sigma."""
    rows = Rows((X, None), y, weights, None, threads)
    scores = Linear((names_of(X.shape[1]), ("sigma",)))
    return LikelihoodObjective(rows, scores, NORMAL, penalty or Flat())


def classes(
    X: Floats,
    y: Floats,
    weights: Floats | None = None,
    penalty: Penalty | None = None,
    reference: int | None = 0,
    threads: int | None = None,
) -> LikelihoodObjective:
    """Make the objective of a softmax over the codes in y."""
    labels = tuple("abcdefghij"[: int(y.max()) + 1])
    scores = LinearClasses(labels, names_of(X.shape[1]), reference)
    return LikelihoodObjective(
        Rows((X,), y, weights, None, threads), scores, SOFTMAX, penalty or Flat()
    )


@cache
def real(name: str) -> tuple[Floats, Floats]:
    """Return design (with intercept) and target of a real data set."""
    import statsmodels.api as sm
    from sklearn import datasets

    match name:
        case "spector":
            data = sm.datasets.spector.load_pandas()
            X, y = data.exog.to_numpy(), data.endog.to_numpy()
        case "fair":
            frame = sm.datasets.fair.load_pandas().data
            X, y = frame.drop(columns="affairs").to_numpy(), (frame["affairs"] > 0).to_numpy()
        case "randhie":
            data = sm.datasets.randhie.load_pandas()
            X, y = data.exog.to_numpy(), data.endog.to_numpy()
        case "anes96":
            data = sm.datasets.anes96.load_pandas()
            X, y = data.exog.to_numpy(), data.endog.to_numpy()
        case "diabetes":
            X, y = datasets.load_diabetes(return_X_y=True, scaled=False)
        case "longley":
            data = sm.datasets.longley.load_pandas()
            X, y = data.exog.to_numpy(), data.endog.to_numpy()
        case "iris":
            X, y = datasets.load_iris(return_X_y=True)
    X = np.column_stack([np.ones(len(X)), X]).astype(np.float64)
    return X, np.asarray(y, dtype=np.float64)


def least_squares_start(X: Floats, y: Floats) -> Floats:
    """Return the maximum likelihood estimate of a normal: coefficients and log sigma."""
    beta = np.linalg.lstsq(X, y, rcond=None)[0]
    return np.append(beta, 0.5 * np.log(np.mean((y - X @ beta) ** 2)))


@dataclass(frozen=True, eq=False)
class Quadratic:
    """Half theta' A theta - b' theta: its minimum and its curvature are known."""

    A: Floats
    b: Floats
    weight: float = 1.0

    @property
    def names(self) -> tuple[str, ...]:
        """Name the coefficients."""
        return tuple(f"t{j}" for j in range(self.b.size))

    def evaluate(self, theta: Floats, order: int) -> Evaluation:
        """Return the quadratic and its derivatives."""
        with np.errstate(all="ignore"):
            value = float(0.5 * theta @ self.A @ theta - self.b @ theta)
            gradient = self.A @ theta - self.b if order else np.empty(0)
        return Evaluation(value, gradient, DenseCurvature(self.A) if order == 2 else None)

    def locate(self, theta: Floats) -> str:
        """Say that theta is too large."""
        return "theta is beyond the range of float64"


def by_products(objective: LikelihoodObjective) -> LikelihoodObjective:
    """Return the same objective with a curvature that is never formed."""
    return replace(objective, dense_limit=0)
