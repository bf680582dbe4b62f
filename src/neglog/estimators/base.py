"""What both estimators share: validated arrays in, a trained model out, with scikit-learn's warnings."""

from __future__ import annotations

import warnings
from numbers import Real
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import (
    check_array,
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from neglog._typing import ArrayLike, Floats
from neglog.errors import DataError, FitWarning, UsageError
from neglog.estimators.axes import Axes
from neglog.estimators.law import response
from neglog.families.distribution import Distribution
from neglog.families.family import Family
from neglog.families.register import resolve
from neglog.losses.declared import Declared
from neglog.losses.surrogates.surrogate import Surrogate
from neglog.models.fitting import declared_of
from neglog.models.priors import Prior
from neglog.models.training import Settings, Trained, train
from neglog.objectives import OrderedClasses
from neglog.solvers import Solver
from neglog.symbolic.cutpoints import cutpoints_of

__all__ = ["LikelihoodEstimator"]


class LikelihoodEstimator(BaseEstimator):
    """Linear raw predictions, fitted by maximum likelihood or MAP, or by a loss without a likelihood.

    The estimators derive from it; their docstrings explain the parameters.
    """

    family_: Declared[...]
    constants_: dict[str, float]
    loglik_: float | None
    n_iter_: int
    status_: str
    n_features_in_: int
    _raw_constants: Floats

    def __init__(
        self,
        family: Family[...] | str,
        *,
        loss: Surrogate[...] | str | None = None,
        prior: Prior = None,
        fit_intercept: bool = True,
        solver: str | Solver = "newton",
        tol: float | None = None,
        max_iter: int | None = None,
    ) -> None:
        self.family = family
        self.loss = loss
        self.prior = prior
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter

    def _declared(self, default: str) -> Declared[...]:
        """Return the family or the loss that was named; `default` is what `family` is where it was not named."""
        unnamed = self.loss is not None and isinstance(self.family, str) and self.family == default
        given = "auto" if unnamed else self.family
        return declared_of(given, self.loss) or resolve(given)

    def _law(self) -> Family[...]:
        """Return the law that was fitted.

        Raises
        ------
        UsageError
            If it was a loss without a likelihood.
        """
        if isinstance(self.family_, Family):
            return self.family_
        raise UsageError(
            f"{self.family_.name} is a loss without a likelihood: there is no law of the target, so no distribution, "
            "probability or log-likelihood. predict works; for a law name a family."
        )

    def _rows(self, X: Any) -> Floats:
        """Validate new rows."""
        check_is_fitted(self)
        rows: Floats = validate_data(self, X, dtype=np.float64, reset=False)
        return rows

    def _weights(self, X: Floats, sample_weight: ArrayLike | None) -> Floats | None:
        """Validate weights: one finite number a row, not below 0, some of them above."""
        if sample_weight is None:
            return None
        if isinstance(sample_weight, Real):
            sample_weight = np.full(X.shape[0], sample_weight)
        weights: Floats = check_array(
            sample_weight, dtype=np.float64, ensure_2d=False, order="C", input_name="sample_weight"
        )
        if weights.ndim != 1:
            raise DataError(
                f"sample_weight has shape {weights.shape}; one number for each of the {X.shape[0]} rows is wanted."
            )
        check_consistent_length(X, weights)
        if bool((weights < 0).any()):
            row = int(np.argmax(weights < 0))
            raise DataError(
                f"The weight of row {row} (counted from 0) is {weights[row]:g}; a weight counts how often a row was "
                "seen, so it is not below 0."
            )
        if not bool(weights.any()):
            raise DataError("Every sample_weight is zero: no row counts.")
        return weights

    def _learn(
        self,
        family: Declared[...],
        X: Floats,
        y: Floats,
        weights: Floats | None,
        classes: tuple[str, ...] = (),
    ) -> tuple[Floats, Floats]:
        """Fit, store what is not a coefficient, and warn where there is something to say.

        Returns
        -------
        coef : ndarray of shape (k, p)
            Slopes of the k raw predictions.
        intercept : ndarray of shape (k,)
            Intercepts, 0 without them.
        """

        def run(columns: Floats, names: list[str]) -> Trained:
            return train(
                family,
                np.column_stack([np.ones(len(y)), columns]) if self.fit_intercept else columns,
                ("Intercept", *names) if self.fit_intercept else tuple(names),
                y,
                classes=classes,
                weights=weights,
                prior=self.prior,
                settings=Settings(self.solver, self.tol, self.max_iter),
                check_rank=False,
            )

        trained = run(X, self._column_names())
        status, message = trained.solution.status, trained.solution.message
        coef, intercept = self._coefficients(trained)
        silent = status in ("converged", "stopped")
        lost = status in ("rank_deficient", "failed")
        ordered = cutpoints_of(family.density) is not None
        perfect = status == "separated" and len(family.density.free) > 1 and not ordered
        # A prior decides between coefficients, and speaks of the columns as they are.
        if self.prior is None and (lost or perfect):
            axes = Axes.of(X, weights, centred=self.fit_intercept)
            if axes.rank or self.fit_intercept:
                again = run(axes.rows(X), [f"axis {j}" for j in range(axes.rank)])
                if perfect or _no_worse(again, trained):
                    coef, intercept = axes.back(*self._coefficients(again))
                    trained = again
                if lost and trained is again:
                    silent, message = again.solution.converged, again.solution.message
                    status = "rank_deficient" if silent else again.solution.status
            else:
                silent = lost  # every column is 0, and so are the slopes
        self._store(family, trained, status)
        if not silent:
            warnings.warn(message, ConvergenceWarning, stacklevel=3)
        for note in trained.warnings:
            warnings.warn(note, FitWarning, stacklevel=3)
        return coef, intercept

    def _store(self, family: Declared[...], trained: Trained, status: str) -> None:
        """Set the fitted attributes that are no coefficients of columns."""
        solution, names = trained.solution, family.density.free[1:]
        self.family_ = family
        self.status_ = status
        self.loglik_ = trained.criteria.loglik if trained.criteria.likelihood else None
        self.n_iter_ = max(1, solution.iterations)
        if isinstance(trained.objective.scores, OrderedClasses):
            self.cutpoints_ = trained.objective.scores.cutpoints(solution.theta).copy()
            self._raw_constants, self.constants_ = np.empty(0), {}
            return
        self._raw_constants = solution.theta[len(solution.theta) - len(names) :].copy()
        self.constants_ = {
            name: float(response(family, name, raw))
            for name, raw in zip(names, self._raw_constants, strict=True)
        }

    def _coefficients(self, trained: Trained) -> tuple[Floats, Floats]:
        """Return slopes [k, p] and intercepts [k] of the k raw predictions of a fit."""
        raise NotImplementedError

    def _column_names(self) -> list[str]:
        """Name the columns for priors and messages."""
        numbered = [f"x{column}" for column in range(self.n_features_in_)]
        names = list(getattr(self, "feature_names_in_", numbered))
        if not self.fit_intercept:
            return names
        # A column of that name is an ordinary column here, with a slope.
        return [
            number if n == "Intercept" else n for n, number in zip(names, numbered, strict=True)
        ]

    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the model; see the estimators."""
        raise NotImplementedError

    def predict_distribution(self, X: Any) -> Distribution:
        """Return the predicted law of the target for each row; see the estimators."""
        raise NotImplementedError

    def _log_densities(self, X: Any, y: Any) -> Floats:
        """Return the log-likelihood of each row."""
        raise NotImplementedError

    def log_likelihood(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float:
        """Return the mean log-likelihood of held-out rows: the score that compares families.

        Every constant is kept, so that a Normal and a Poisson, or two priors, may be compared by it. Scikit-learn takes
        the unbound method as a scorer: ``GridSearchCV(..., scoring=LikelihoodRegressor.log_likelihood)``.

        Parameters
        ----------
        X : array_like or data frame of shape (n, p)
            Rows.
        y : array_like of shape (n,)
            Their targets.
        sample_weight : array_like of shape (n,), optional
            How often each row counts.

        Returns
        -------
        float
            Nats per observation; higher is better.
        """
        values = self._log_densities(X, y)
        weights = self._weights(values, sample_weight)
        return float(np.average(values, weights=weights))


def _no_worse(again: Trained, before: Trained) -> bool:
    """Say whether a fit is as good as another, to the digits that likelihoods are compared with."""
    difference = again.criteria.loglik - before.criteria.loglik
    return difference >= -1e-6 * max(1.0, abs(before.criteria.loglik))
