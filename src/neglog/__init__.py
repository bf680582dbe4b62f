"""Say how your target is distributed; get the loss: derived, checked, compiled, trained.

Four verbs: `derive` (why is this the right loss?), `compile` (a stable, fast loss with gradient and Hessian), `fit`
(train it, with standard errors), and the estimators, which speak scikit-learn. Families are capitalised (`Normal`,
`Bernoulli`, `Categorical`, `Poisson`); `family` makes new ones from a log-density written with `neglog.math`.

Everything is loaded when first used, so that importing neglog costs nothing; ``__init__.pyi`` lists what there is.
"""

from __future__ import annotations

from typing import Any

from neglog._version import __version__ as __version__

# Public name: module that holds it.
_HOMES = {
    "AsymmetricLaplace": "neglog.families.asymmetric_laplace",
    "Bernoulli": "neglog.families.bernoulli",
    "Beta": "neglog.families.beta",
    "Between": "neglog.symbolic.supports",
    "Binary": "neglog.symbolic.supports",
    "Binomial": "neglog.families.binomial",
    "Categorical": "neglog.families.categorical",
    "Censored": "neglog.families.transformers",
    "ClassVector": "neglog.symbolic.supports",
    "Count": "neglog.symbolic.supports",
    "CountOf": "neglog.symbolic.supports",
    "Counts": "neglog.symbolic.supports",
    "ElasticNet": "neglog.families.elastic_net",
    "Event": "neglog.symbolic.supports",
    "Gamma": "neglog.families.gamma",
    "Hurdle": "neglog.families.transformers",
    "Hyper": "neglog.symbolic.supports",
    "Interval": "neglog.symbolic.supports",
    "InverseGaussian": "neglog.families.inverse_gaussian",
    "Label": "neglog.symbolic.supports",
    "Laplace": "neglog.families.laplace",
    "LikelihoodClassifier": "neglog.estimators",
    "LikelihoodRegressor": "neglog.estimators",
    "Link": "neglog.symbolic.links",
    "LogNormal": "neglog.families.log_normal",
    "Multinoulli": "neglog.families.categorical",
    "NegativeBinomial": "neglog.families.negative_binomial",
    "NonNegative": "neglog.symbolic.supports",
    "Normal": "neglog.families.normal",
    "Ordered": "neglog.symbolic.supports",
    "Ordinal": "neglog.families.ordinal",
    "OrdinalProbit": "neglog.families.ordinal_probit",
    "Poisson": "neglog.families.poisson",
    "Positive": "neglog.symbolic.supports",
    "Real": "neglog.symbolic.supports",
    "RealVector": "neglog.symbolic.supports",
    "StudentT": "neglog.families.student_t",
    "Truncated": "neglog.families.transformers",
    "Tweedie": "neglog.families.tweedie",
    "UnitInterval": "neglog.symbolic.supports",
    "Weibull": "neglog.families.weibull",
    "ZeroInflated": "neglog.families.transformers",
    "ZeroOrPositive": "neglog.symbolic.supports",
    "compile": "neglog.families.verbs",
    "derive": "neglog.families.verbs",
    "family": "neglog.families.family",
    "fit": "neglog.models",
    "load": "neglog.models",
    "loss": "neglog.families.named_losses",
}

_MODULES = ("errors", "math", "testing")

# `compile` is left to be named in full: `from neglog import *` must not shadow the builtin.
__all__ = ["__version__", *(name for name in _HOMES if name != "compile")]  # noqa: PLE0604  # names of a lazy module


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _MODULES:
        return import_module(f"neglog.{name}")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'neglog' has no attribute '{name}'")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(["__version__", *_HOMES, *_MODULES])
