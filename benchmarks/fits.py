"""Fits of a linear model, against scikit-learn and statsmodels on the same matrix."""

from __future__ import annotations

import warnings

import numpy as np
from measure import Table

import neglog as nl
from neglog.models.training import train


def main() -> Table:
    """Race logistic and Poisson regression on a million rows, and small fits."""
    import statsmodels.api as sm
    from sklearn.linear_model import LogisticRegression, PoissonRegressor

    warnings.simplefilter("ignore")
    random = np.random.default_rng(0)
    n, p = 1_000_000, 50
    X = random.normal(size=(n, p))
    weights = random.normal(size=p) / np.sqrt(p)
    names = ("Intercept", *(f"x{j}" for j in range(p)))
    with_ones = np.column_stack([np.ones(n), X])
    table = Table(
        "Fits: coefficients by maximum likelihood",
        "1,000,000 rows, 50 columns, no penalty; neglog's time includes standard errors and the check for collinear "
        "columns. The agreement is the largest difference of a coefficient.",
    )

    y = (random.random(n) < 1 / (1 + np.exp(-(2 * X @ weights - 0.5)))).astype(float)
    ours = train(nl.Bernoulli, with_ones, names, y).solution.theta

    def logistic() -> object:
        return train(nl.Bernoulli, with_ones, names, y)

    for solver, tol in (("newton-cholesky", 1e-8), ("lbfgs", 1e-8)):
        model = LogisticRegression(C=np.inf, solver=solver, tol=tol, max_iter=500)
        error = float(np.max(np.abs(model.fit(X, y).coef_[0] - ours[1:])))
        table.race(
            "logistic, 1M x 50",
            f"scikit-learn {solver}",
            logistic,
            lambda m=model: m.fit(X, y),
            agreement=f"{error:.0e}",
        )
    statsmodels = sm.Logit(y, with_ones)
    error = float(np.max(np.abs(statsmodels.fit(disp=0).params - ours)))
    table.race(
        "logistic, 1M x 50",
        "statsmodels Logit",
        logistic,
        lambda: statsmodels.fit(disp=0),
        agreement=f"{error:.0e}",
        runs=3,
    )

    counts = random.poisson(np.exp(0.5 * X @ weights)).astype(float)
    ours = train(nl.Poisson, with_ones, names, counts).solution.theta
    poisson = PoissonRegressor(alpha=0, solver="newton-cholesky", tol=1e-8)
    error = float(np.max(np.abs(poisson.fit(X, counts).coef_ - ours[1:])))
    table.race(
        "Poisson, 1M x 50",
        "scikit-learn newton-cholesky",
        lambda: train(nl.Poisson, with_ones, names, counts),
        lambda: poisson.fit(X, counts),
        agreement=f"{error:.0e}",
    )

    labels = np.argmax(X[:200_000, :3] + random.gumbel(size=(200_000, 3)), axis=1).astype(float)
    small, few = np.ascontiguousarray(with_ones[:200_000, :21]), names[:21]
    ours = train(
        nl.Categorical, small, few, labels, classes=("a", "b", "c")
    ).solution.theta.reshape(2, 21)
    softmax = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-8)
    softmax.fit(small[:, 1:], labels)
    error = float(np.max(np.abs((softmax.coef_ - softmax.coef_[0])[1:] - ours[:, 1:])))
    table.race(
        "softmax, 3 classes, 200k x 20",
        "scikit-learn newton-cholesky",
        lambda: train(nl.Categorical, small, few, labels, classes=("a", "b", "c")),
        lambda: softmax.fit(small[:, 1:], labels),
        agreement=f"{error:.0e}",
    )
    return table


if __name__ == "__main__":
    print(main().markdown())
