"""Values of the parameters, and of what is known of the target, at which families are checked."""

from __future__ import annotations

__all__ = ["SETTINGS"]

SETTINGS: dict[str, list[dict[str, float]]] = {
    "Normal": [{"mu": -1.5, "sigma": 2.0}, {"mu": 1e3, "sigma": 1e-2}],
    "StudentT": [{"mu": 1.0, "sigma": 2.0, "nu": 4.5}, {"mu": -3.0, "sigma": 0.1, "nu": 30.0}],
    "Laplace": [{"mu": 0.5, "b": 2.0}, {"mu": -20.0, "b": 0.03}],
    "AsymmetricLaplace": [{"mu": 0.5, "b": 2.0, "tau": 0.9}, {"mu": -1.0, "b": 0.1, "tau": 0.25}],
    "Bernoulli": [{"p": 0.3}, {"p": 0.999}],
    "Binomial": [{"p": 0.3, "n": 1}, {"p": 0.3, "n": 12}, {"p": 0.999, "n": 4000}],
    "Poisson": [{"mu": 3.7}, {"mu": 0.01}, {"mu": 400.0}],
    "NegativeBinomial": [{"mu": 3.7, "alpha": 0.5}, {"mu": 50.0, "alpha": 1e-3}],
    "Gamma": [{"mu": 2.0, "shape": 3.0}, {"mu": 0.1, "shape": 0.7}, {"mu": 30.0, "shape": 200.0}],
    "InverseGaussian": [{"mu": 1.7, "lam": 2.5}, {"mu": 0.2, "lam": 9.0}],
    "LogNormal": [{"mu": 0.4, "sigma": 0.8}, {"mu": -3.0, "sigma": 0.05}],
    "Weibull": [{"mu": 2.0, "shape": 1.5}, {"mu": 0.3, "shape": 0.8}, {"mu": 40.0, "shape": 9.0}],
    "Beta": [{"mu": 0.3, "phi": 5.0}, {"mu": 0.9, "phi": 40.0}],
    "Tweedie": [
        {"mu": 1.3, "phi": 0.8, "p": 1.5}, {"mu": 0.2, "phi": 0.5, "p": 1.2}, {"mu": 2.0, "phi": 0.3, "p": 1.99},
    ],
}  # fmt: skip  # one family an entry
