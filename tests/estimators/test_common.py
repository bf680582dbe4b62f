"""scikit-learn's own checks of its conventions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from neglog.estimators import LikelihoodClassifier, LikelihoodRegressor


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks([LikelihoodRegressor(), LikelihoodClassifier()])
def test_conventions(estimator: Any, check: Callable[[Any], None]) -> None:
    """Both estimators keep every convention of scikit-learn, with no expected failure."""
    check(estimator)
