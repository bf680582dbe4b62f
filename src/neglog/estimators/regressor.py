"""`LikelihoodRegressor`: a target that is a number, of any family."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import (
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from neglog._typing import ArrayLike, Floats
from neglog.errors import NeglogError, SupportError, UsageError
from neglog.estimators.base import LikelihoodEstimator
from neglog.estimators.law import distribution, log_densities, response
from neglog.families.distribution import Distribution
from neglog.families.family import Family
from neglog.losses.declared import Declared
from neglog.losses.surrogates.surrogate import Surrogate
from neglog.models.priors import Prior
from neglog.models.targets import code_target
from neglog.models.training import Trained
from neglog.objectives import Linear
from neglog.solvers import Solver

__all__ = ["LikelihoodRegressor"]


class LikelihoodRegressor(RegressorMixin, LikelihoodEstimator):
    """Regression by the likelihood of any family, in scikit-learn's manners.

    The first free parameter of the family has a raw prediction that is linear in X; the others (the sigma of a Normal)
    are estimated as constants. For standard errors and a summary use `neglog.fit`.

    Parameters
    ----------
    family : Family or str
        The law assumed of the target: ``nl.Poisson``, ``"poisson"``, ``"mse"``.
    loss : Surrogate or str, optional
        In the place of a family, a loss that is no likelihood: ``"huber"``, ``nl.loss("quantile", tau=0.9)``. There is
        then no law to predict.
    prior : Distribution or mapping of str to Distribution, optional
        ``nl.Normal(mu=0, sigma=1)`` acts on every slope and not on the intercept: ridge. A mapping names columns
        (``x0``, ``x1``, ... where X has no names), ``"slopes"`` or ``"Intercept"``. Flat by default: maximum
        likelihood.
    fit_intercept : bool
        Whether there is an intercept.
    solver : {"newton", "lbfgs", "gradient"} or Solver
        Newton's method by default.
    tol : float, optional
        When the solver stops; for Newton and L-BFGS in nats.
    max_iter : int, optional
        Most iterations.

    Attributes
    ----------
    coef_ : ndarray of shape (p,)
        Slopes of the raw prediction.
    intercept_ : float
        Its intercept; 0.0 without one.
    constants_ : dict of str to float
        The parameters estimated as constants, on their own scale: ``{"sigma": 1.7}``.
    loglik_ : float or None
        Log-likelihood of the training rows, in nats: summed, every constant kept, without the prior.
    family_ : Family or Surrogate
        The law, or the loss.
    status_ : str
        How the fit ended: ``"converged"``, ``"rank_deficient"``, ``"separated"``, ...
    n_iter_ : int
        Iterations of the solver.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (p,)
        Their names, where X had names that are text.

    See Also
    --------
    LikelihoodClassifier : For labels.

    Notes
    -----
    *Score.* ``score`` is R^2 of the predicted mean, as of most of scikit-learn's regressors (its generalised linear
    models explain deviance instead, whose unit changes with the family): it means the same whatever the family, so a
    search may choose between families by it. It sees the mean alone; `log_likelihood` sees the whole law.

    *Collinear columns*, or more columns than rows, are no error: of the coefficients that fit equally well the shortest
    are taken, each column measured in its own standard deviation, as ``LinearRegression`` does after a
    ``StandardScaler``; ``status_`` is then ``"rank_deficient"``. A likelihood without a maximum gives a
    ``ConvergenceWarning`` and the point where the solver stopped.

    *Weights* are frequencies: weight 2 is the row twice, weight 0 the row left out.

    Examples
    --------
    >>> import numpy as np
    >>> import neglog as nl
    >>> X = np.arange(6.0).reshape(-1, 1)
    >>> y = [1, 1, 3, 4, 9, 14]
    >>> model = nl.LikelihoodRegressor(nl.Poisson).fit(X, y)
    >>> model.coef_.round(3)
    array([0.573])
    >>> model.predict([[6.0]]).round(1)
    array([25.6])
    >>> model.predict_distribution([[6.0]]).quantile(0.9)
    array([32.])
    """

    coef_: Floats
    intercept_: float

    def __init__(
        self,
        family: Family[...] | str = "normal",
        *,
        loss: Surrogate[...] | str | None = None,
        prior: Prior = None,
        fit_intercept: bool = True,
        solver: str | Solver = "newton",
        tol: float | None = None,
        max_iter: int | None = None,
    ) -> None:
        super().__init__(
            family,
            loss=loss,
            prior=prior,
            fit_intercept=fit_intercept,
            solver=solver,
            tol=tol,
            max_iter=max_iter,
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        with suppress(NeglogError):  # `fit` says what is wrong with the family
            support = self._declared("normal").target
            one = not support.fields
            tags.target_tags.positive_only = one and not support.contains(np.array([-1.0]))[0]
        return tags

    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : array_like or data frame of shape (n, p)
            Dense numbers without missing values.
        y : array_like of shape (n,), or (n, m) for a family whose target has m fields
            Targets, inside the support of the family: of ``nl.Binomial`` the columns k and n, of a censored family
            the lower and the upper end (inf where it was still running).
        sample_weight : array_like of shape (n,), optional
            How often each row counts.

        Returns
        -------
        LikelihoodRegressor
            Itself.

        Raises
        ------
        SupportError
            If a target lies outside the support: a ``ValueError`` that names row and value.

        Warns
        -----
        ConvergenceWarning
            If the solver stopped short of the maximum, or there is none.
        FitWarning
            If the data do not bound a parameter: the likelihood grows up to the end of its range.
        """
        family = self._declared("normal")
        if isinstance(family, Surrogate) and family.decides:
            raise UsageError(
                f"{family.name} scores labels, which have no value to predict: use LikelihoodClassifier(loss=...)."
            )
        if family.target.kind == "Label":
            raise UsageError(
                f"The targets of {family.name} are labels, which have no mean to predict: use LikelihoodClassifier."
            )
        if family.target.fields:
            X = validate_data(self, X, dtype=np.float64, order="C")
            check_consistent_length(X, y)
        else:
            X, y = validate_data(self, X, y, dtype=np.float64, order="C", y_numeric=True)
        weights = self._weights(X, sample_weight)
        coef, intercept = self._learn(family, X, self._target(family, y), weights)
        self.coef_, self.intercept_ = coef[0], float(intercept[0])
        return self

    def _coefficients(self, trained: Trained) -> tuple[Floats, Floats]:
        scores, theta = trained.objective.scores, trained.solution.theta
        assert isinstance(scores, Linear)
        beta, first = theta[scores.parts[0]], int(self.fit_intercept)
        return beta[None, first:].copy(), beta[:1].copy() if first else np.zeros(1)

    def _target(self, family: Declared[...], y: Any) -> Floats:
        """Return targets as float64, inside the support."""
        if family.target.fields:
            return self._fields(family, y)
        values = np.asarray(column_or_1d(y), dtype=np.float64)
        inside = family.target.contains(values)
        if bool(inside.all()):
            return np.ascontiguousarray(values)

        def where(row: int) -> str:
            return f"Row {row} of y (counted from 0)"

        return code_target(values, family.target, family.name, "y", where)[0]

    def _fields(self, family: Declared[...], y: Any) -> Floats:
        """Return targets of several columns, inside the support."""
        columns = family.density.columns(np.asarray(y, dtype=np.float64))
        values = np.asfortranarray(np.column_stack(list(columns.values())))
        inside = family.target.contains(values)
        if not bool(inside.all()):
            row = int(np.argmin(inside))
            held = ", ".join(f"{value:g}" for value in values[row])
            raise SupportError(
                f"Row {row} of y (counted from 0) holds {held}; a target of {family.name} is {family.target.sentence}."
            )
        return values

    def raw_prediction(self, X: Any) -> Floats:
        """Return the raw predictions, before the inverse link.

        Parameters
        ----------
        X : array_like or data frame of shape (n, p)
            Rows.

        Returns
        -------
        ndarray of shape (n,)
            ``X @ coef_ + intercept_``.
        """
        raw: Floats = self._rows(X) @ self.coef_ + self.intercept_
        return raw

    def predict(self, X: Any) -> Floats:
        """Return the mean of the predicted law of each row; of a loss without a likelihood the fitted value.

        Parameters
        ----------
        X : array_like or data frame of shape (n, p)
            Rows.

        Returns
        -------
        ndarray of shape (n,)
            Expected targets: of k successes in n trials the share k/n, of an interval or an event's time the number
            itself.
        """
        raw = self.raw_prediction(X)
        if isinstance(self.family_, Surrogate):
            return response(self.family_, self.family_.density.free[0], raw)
        law = self._distribution(raw)
        law = law.given(n=1) if self.family_.target.kind == "CountOf" else law
        return np.array(law.mean, dtype=np.float64)

    def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float:
        """Return R^2 of the predicted mean; of a target that was not always seen the mean log-likelihood.

        Parameters
        ----------
        X : array_like or data frame of shape (n, p)
            Rows.
        y : array_like of shape (n,), or (n, m) for a family whose target has m fields
            Their targets.
        sample_weight : array_like of shape (n,), optional
            How often each row counts.

        Returns
        -------
        float
            Of k successes in n trials the R^2 of the shares k/n, each counted n times; of intervals and events, of
            which no R^2 can be had, `log_likelihood`.
        """
        check_is_fitted(self)
        support = self.family_.target
        if not support.fields:
            return float(super().score(X, y, sample_weight))
        if support.kind != "CountOf":
            return self.log_likelihood(X, y, sample_weight)
        shares, trials = support.typical(self._target(self.family_, y))
        weights = trials if sample_weight is None else trials * np.asarray(sample_weight)
        return float(super().score(X, shares, weights))

    def predict_distribution(self, X: Any) -> Distribution:
        """Return the predicted law of the target for each row.

        ``.quantile(0.9)`` bounds nine targets of ten, were the estimates the truth; ``.sample(seed=0)`` draws targets.

        Parameters
        ----------
        X : array_like or data frame of shape (n, p)
            Rows.

        Returns
        -------
        Distribution
            One law a row.

        Raises
        ------
        UsageError
            If a loss without a likelihood was fitted.
        """
        return self._distribution(self.raw_prediction(X))

    def _distribution(self, raw: Floats) -> Distribution:
        family = self._law()
        first = response(family, family.density.free[0], raw)
        return distribution(family, first, self.constants_)

    def _log_densities(self, X: Any, y: Any) -> Floats:
        family, raw = self._law(), self.raw_prediction(X)
        check_consistent_length(raw, y)
        return log_densities(family, self._target(family, y), raw, self._raw_constants)
