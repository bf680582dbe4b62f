"""Data that the laws of the estimators run over."""

from __future__ import annotations

from typing import Any

import numpy as np

import neglog as nl

FAMILIES = ["normal", "poisson", "bernoulli", "categorical"]


def sample(family: str, n: int = 80, p: int = 3, seed: int = 0) -> tuple[Any, Any]:
    """Draw columns of different sizes and a target of the family."""
    random = np.random.default_rng(seed)
    Z = random.normal(size=(n, p))
    X, score = 1 + Z * np.geomspace(0.1, 10, p), Z @ np.linspace(0.8, -0.5, p)
    if family == "normal":
        return X, 3 + score + random.normal(size=n)
    if family == "poisson":
        return X, random.poisson(np.exp(0.4 * score)).astype(float)
    noisy = score + random.logistic(size=n)
    if family == "bernoulli":
        return X, (noisy > 0).astype(int)
    return X, np.digitize(noisy, [-1.5, 1.0])


def estimator(family: str, **settings: Any) -> Any:
    """Return the estimator for targets of the family."""
    if family in ("bernoulli", "categorical"):
        return nl.LikelihoodClassifier(family, **settings)
    return nl.LikelihoodRegressor(family, **settings)
