"""scikit-learn's own checks of its conventions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

import neglog as nl

ESTIMATORS = [
    nl.LikelihoodRegressor(),
    nl.LikelihoodClassifier(),
    # The default has no maximum on some of the data of the checks; with a prior there is always one.
    nl.LikelihoodClassifier("softmax", prior=nl.Normal(mu=0, sigma=1)),
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(ESTIMATORS)
def test_conventions(estimator: Any, check: Callable[[Any], None]) -> None:
    """The estimators keep every convention of scikit-learn, with no expected failure."""
    check(estimator)
