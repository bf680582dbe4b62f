"""Losses and priors with kinks, trained to their exact minimum, against the solvers people use for them."""

from __future__ import annotations

import warnings

import numpy as np
from measure import Table

import neglog as nl


def main() -> Table:
    """Hinge against LinearSVC, quantiles against QuantReg, a Laplace prior against saga."""
    import statsmodels.api as sm
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC

    warnings.simplefilter("ignore")
    random = np.random.default_rng(0)
    n, p = 20_000, 20
    X = random.normal(size=(n, p))
    beta = random.normal(size=p) * (random.random(p) < 0.5)
    score = X @ beta
    label = (random.random(n) < 1 / (1 + np.exp(-score))).astype(float)
    number = score + random.standard_t(3, n)
    names = [f"x{i}" for i in range(p)]
    columns = dict(zip(names, X.T, strict=True))
    right = " + ".join(names)
    table = Table("Losses and priors with kinks")
    table.note = (
        f"{n:,} rows, {p} columns; the agreement is the largest difference of a coefficient."
    )

    def hinge():
        data = {**columns, "y": label}
        return nl.fit(f"y ~ 0 + {right}", data, loss="hinge", prior=nl.Normal(mu=0, sigma=0.1))

    def linear_svc():
        peer = LinearSVC(loss="hinge", C=0.01, fit_intercept=False, tol=1e-8, max_iter=100_000)
        return peer.fit(X, label)

    def quantile():
        return nl.fit(f"y ~ {right}", {**columns, "y": number}, loss=nl.loss("quantile", tau=0.9))

    def quantreg():
        return sm.QuantReg(number, sm.add_constant(X)).fit(q=0.9, p_tol=1e-8, max_iter=5000)

    def lasso():
        data = {**columns, "y": label}
        return nl.fit(f"y ~ {right}", data, family="bernoulli", prior=nl.Laplace(mu=0, b=0.02))

    def saga():
        peer = LogisticRegression(penalty="l1", solver="saga", C=0.02, tol=1e-8, max_iter=10_000)
        return peer.fit(X, label)

    for name, peer, ours, theirs, read in (
        ("hinge, Normal prior", "scikit-learn LinearSVC", hinge, linear_svc, lambda m: m.coef_[0]),
        ("0.9-quantile", "statsmodels QuantReg", quantile, quantreg, lambda m: m.params[1:]),
        ("logistic, Laplace prior", "scikit-learn saga", lasso, saga, lambda m: m.coef_[0]),
    ):
        model, other = ours(), theirs()
        mine = np.array([model.params[each] for each in names])
        difference = float(np.max(np.abs(mine - read(other))))
        assert difference < 1e-2, (name, difference)
        table.race(name, peer, ours, theirs, agreement=f"{difference:.0e}")
    return table
