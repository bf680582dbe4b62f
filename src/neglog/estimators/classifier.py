"""`LikelihoodClassifier`: a target that is one of two or more classes."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, column_or_1d, validate_data

from neglog._typing import AnyArray, ArrayLike, Floats, Integers
from neglog.errors import DataError, NeglogError, UsageError
from neglog.estimators.base import LikelihoodEstimator
from neglog.estimators.law import distribution, even_score, log_densities, log_softmax, response
from neglog.families.bernoulli import Bernoulli
from neglog.families.categorical import Categorical
from neglog.families.distribution import Distribution
from neglog.families.family import Family
from neglog.losses.declared import Declared
from neglog.losses.surrogates.surrogate import Surrogate
from neglog.models.priors import Prior
from neglog.models.training import Trained
from neglog.objectives import Linear, LinearClasses, OrderedClasses
from neglog.objectives.pinned import Pinned
from neglog.solvers import Solver
from neglog.symbolic.cutpoints import cutpoints_of

__all__ = ["LikelihoodClassifier"]


def _has_law(estimator: LikelihoodClassifier) -> bool:
    """Say that there are probabilities, or raise the reason why there are none."""
    if estimator.loss is None:
        return True
    raise AttributeError(
        f"There are no probabilities: loss={estimator.loss!r} is no likelihood. decision_function gives the scores; "
        "for probabilities name a family, or calibrate the scores with sklearn.calibration.CalibratedClassifierCV."
    )


class LikelihoodClassifier(ClassifierMixin, LikelihoodEstimator):
    """Classification by likelihood: logistic and softmax regression, in scikit-learn's manners.

    For standard errors and a summary use `neglog.fit`.

    Parameters
    ----------
    family : Family or str
        The law assumed of the label: Bernoulli for two classes, Categorical for any number, Ordinal or OrdinalProbit
        for labels that have an order. ``"auto"`` takes Bernoulli where there are two classes and Categorical where
        there are more.
    loss : Surrogate or str, optional
        In the place of a family, a loss that is no likelihood: ``"hinge"``, with a Normal prior the support
        vector machine. There is then no law to predict and no
        ``predict_proba``.
    prior : Distribution or mapping of str to Distribution, optional
        ``nl.Normal(mu=0, sigma=s)`` acts on every slope and not on the intercepts, as the penalty of
        ``LogisticRegression(C=s**2)``. A mapping names columns (``x0``, ``x1``, ... where X has no names), ``"slopes"``
        or ``"Intercept"``. Flat by default: maximum likelihood.
    fit_intercept : bool
        Whether there are intercepts.
    solver : {"newton", "lbfgs", "gradient"} or Solver
        Newton's method by default.
    tol : float, optional
        When the solver stops; for Newton and L-BFGS in nats.
    max_iter : int, optional
        Most iterations.

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
        The labels, sorted; of two the second is the positive one.
    coef_ : ndarray of shape (1, p) or (K, p)
        Slopes of the raw prediction, one row for two classes and K rows for more (see Notes).
    intercept_ : ndarray of shape (1,) or (K,)
        Intercepts; zeros without them.
    cutpoints_ : ndarray of shape (K - 1,)
        Of ordered classes only: the cutpoints between neighbours. ``coef_`` has one row then and ``intercept_`` is 0,
        with or without `fit_intercept`.
    constants_ : dict of str to float
        The parameters estimated as constants; empty for the families that are built in.
    loglik_ : float or None
        Log-likelihood of the training rows, in nats: summed, without the prior.
    family_ : Family or Surrogate
        The law, or the loss, ``"auto"`` resolved.
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
    LikelihoodRegressor : For numbers.

    Notes
    -----
    *K rows.* Adding one vector to the rows of all classes changes no probability, so likelihood determines differences
    of rows only. Without a prior the rows are given centred: they sum to 0. The coefficients of `neglog.fit`,
    differences to the first class, are ``coef_ - coef_[0]``. Under a prior all slopes are determined, and given as they
    are; the intercepts are centred.

    *Separable classes* have no maximum of the likelihood: ``fit`` gives a ``ConvergenceWarning`` that names the
    columns, and keeps the finite coefficients at which the solver stopped. They predict the training labels; their
    probabilities are too sure of themselves. A prior helps.

    *Ordered classes* are numbers or booleans, whose order is plain: text is refused, because sorted text (high, low,
    mid) is not in order. `neglog.fit` takes an ordered categorical, or ``order=``.

    *Collinear columns* are no error: of the coefficients that fit equally well the shortest are taken, each column
    measured in its own standard deviation, and ``status_`` is ``"rank_deficient"``.

    *Weights* are frequencies: weight 2 is the row twice, weight 0 the row left out.

    Examples
    --------
    >>> import neglog as nl
    >>> X = [[0.0], [1.0], [2.0], [3.0], [4.0], [5.0]]
    >>> y = ["no", "no", "yes", "no", "yes", "yes"]
    >>> model = nl.LikelihoodClassifier(prior=nl.Normal(mu=0, sigma=1)).fit(X, y)
    >>> model.predict([[0.5], [4.5]])
    array(['no', 'yes'], dtype='<U3')
    >>> model.predict_proba([[4.5]]).round(3)
    array([[0.177, 0.823]])
    """

    classes_: AnyArray
    coef_: Floats
    intercept_: Floats
    cutpoints_: Floats

    def __init__(
        self,
        family: Family[...] | str = "auto",
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
            tags.classifier_tags.multi_class = self._resolved(3).target.kind == "Label"
        return tags

    def _resolved(self, classes: int) -> Declared[...]:
        """Return the family for so many classes."""
        if self.loss is None and isinstance(self.family, str) and self.family == "auto":
            return Bernoulli if classes == 2 else Categorical
        family = self._declared("auto")
        if family.target.kind not in ("Binary", "Label"):
            raise UsageError(
                f"A target of {family.name} is {family.target.sentence}, which is no label. Use nl.Bernoulli or "
                "nl.Categorical here, or LikelihoodRegressor for numbers."
            )
        return family

    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : array_like or data frame of shape (n, p)
            Dense numbers without missing values.
        y : array_like of shape (n,)
            Labels: text, booleans or whole numbers.
        sample_weight : array_like of shape (n,), optional
            How often each row counts.

        Returns
        -------
        LikelihoodClassifier
            Itself.

        Raises
        ------
        DataError
            If there is one class only, or more than two for a family of two: a ``ValueError``.

        Warns
        -----
        ConvergenceWarning
            If the solver stopped short of the maximum, or there is none because the classes are separable.
        """
        self._resolved(2)  # a mistake in the family is found before the data are read
        X, y = validate_data(self, X, y, dtype=np.float64, order="C")
        check_classification_targets(y)
        weights = self._weights(X, sample_weight)
        self.classes_, codes = np.unique(y, return_inverse=True)
        names = tuple(str(label) for label in self.classes_.tolist())
        family = self._resolved(len(names))
        counts = np.bincount(codes, weights=weights, minlength=len(names))
        if np.count_nonzero(counts) == 1:
            rest = " left by the weights" if len(names) > 1 else ""
            raise DataError(
                f"There is only one class{rest}, {names[int(counts.argmax())]!r}: nothing for {family.name} to tell "
                "apart. Check the labels, or the filter that made the rows."
            )
        if family.target.kind == "Binary" and len(names) > 2:
            shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
            raise DataError(
                f"y has {len(names)} classes ({shown}), but {family.name} is a binary classifier: Only binary "
                "classification is supported by it. Use family=nl.Categorical or 'auto'."
            )
        if cutpoints_of(family.density) is not None and self.classes_.dtype.kind not in "biuf":
            raise UsageError(
                f"The labels of y are {self.classes_.dtype} ({', '.join(names[:3])}, ...), and {family.name} needs "
                "their order: number the classes 0, 1, 2, ... from the lowest to the highest."
            )
        numbers = codes.astype(np.float64)
        self.coef_, self.intercept_ = self._learn(family, X, numbers, weights, names)
        return self

    def _coefficients(self, trained: Trained) -> tuple[Floats, Floats]:
        """Return a row for each class, or one row for two classes."""
        scores, theta = trained.objective.scores, trained.solution.theta
        first = int(self.fit_intercept)
        if isinstance(scores, Pinned):
            theta = scores.full(theta)
            scores = scores.model
        if isinstance(scores, OrderedClasses):
            return theta[None, scores.slopes].copy(), np.zeros(1)
        if not isinstance(scores, LinearClasses):
            assert isinstance(scores, Linear)
            table = theta[None, scores.parts[0]].copy()
        else:
            table = np.zeros((len(scores.class_names), len(scores.coefficient_names)))
            table[scores.free] = theta.reshape(len(scores.free), -1)
            if len(table) == 2:
                table = table[1:] - table[:1]
            else:
                # Columns without a prior are determined up to a common number.
                loose = slice(None) if scores.reference is not None else slice(first)
                table[:, loose] -= table[:, loose].mean(axis=0)
        return table[:, first:].copy(), table[:, 0].copy() if first else np.zeros(len(table))

    def _raw(self, X: Any) -> Floats:
        """Return the raw predictions (n, 1) or (n, K)."""
        raw: Floats = self._rows(X) @ self.coef_.T + self.intercept_
        return raw

    @property
    def _ordered(self) -> bool:
        return cutpoints_of(self.family_.density) is not None

    def _law_of_classes(self, raw: Floats) -> Distribution:
        """Return the law of ordered classes of each row."""
        first, cuts = self.family_.density.free
        values = {first: response(self.family_, first, raw[:, 0]), cuts: self.cutpoints_}
        fixed = {p.name: p.value for p in self.family_.density.parameters if p.value is not None}
        return Distribution(self._law(), {**fixed, **values})

    def _log_proba(self, raw: Floats) -> Floats:
        if self._ordered:
            law = self._law_of_classes(raw)
            codes = range(len(self.classes_))
            return np.column_stack([law.log_prob(np.full(len(raw), code)) for code in codes])
        if self.family_.target.kind == "Label":
            scores = np.column_stack([np.zeros(len(raw)), raw]) if raw.shape[1] == 1 else raw
            return log_softmax(scores)
        columns = [
            log_densities(self._law(), np.full(len(raw), code), raw[:, 0], self._raw_constants)
            for code in (0.0, 1.0)
        ]
        return np.column_stack(columns)

    def decision_function(self, X: Any) -> Floats:
        """Return the raw predictions.

        Parameters
        ----------
        X : array_like or data frame of shape (n, p)
            Rows.

        Returns
        -------
        ndarray of shape (n,) or (n, K)
            For two classes the log odds of ``classes_[1]``, else a score for each class; of ordered classes the
            logarithms of their probabilities. Of a loss without a likelihood the score, positive where it decides for
            ``classes_[1]``.
        """
        raw = self._raw(X)
        if self._ordered:
            scores = self._log_proba(raw)
            return scores if scores.shape[1] > 2 else scores[:, 1] - scores[:, 0]
        if raw.shape[1] > 1:
            return raw
        if isinstance(self.family_, Surrogate):
            return raw[:, 0] - even_score(self.family_)
        if self.family_.target.kind == "Label" or self.family_ == Bernoulli:
            return raw[:, 0]
        # With another link the raw prediction is not where the odds are even at 0.
        log_proba = self._log_proba(raw)
        odds: Floats = log_proba[:, 1] - log_proba[:, 0]
        return odds

    def predict(self, X: Any) -> AnyArray:
        """Return the most probable label of each row.

        Parameters
        ----------
        X : array_like or data frame of shape (n, p)
            Rows.

        Returns
        -------
        ndarray of shape (n,)
            Of the type of ``classes_``.
        """
        decision = self.decision_function(X)
        codes = (decision > 0).astype(np.intp) if decision.ndim == 1 else decision.argmax(axis=1)
        return np.asarray(self.classes_[codes])

    @available_if(_has_law)  # type: ignore[untyped-decorator]  # no types in scikit-learn
    def predict_log_proba(self, X: Any) -> Floats:
        """Return the logarithm of the probability of each class, with all its digits where it is nearly 0.

        Parameters
        ----------
        X : array_like or data frame of shape (n, p)
            Rows.

        Returns
        -------
        ndarray of shape (n, K)
            In the order of ``classes_``.
        """
        return self._log_proba(self._raw(X))

    @available_if(_has_law)  # type: ignore[untyped-decorator]  # no types in scikit-learn
    def predict_proba(self, X: Any) -> Floats:
        """Return the probability of each class.

        Parameters
        ----------
        X : array_like or data frame of shape (n, p)
            Rows.

        Returns
        -------
        ndarray of shape (n, K)
            In the order of ``classes_``.
        """
        return np.exp(self._log_proba(self._raw(X)))

    def predict_distribution(self, X: Any) -> Distribution:
        """Return the predicted law of the class number of each row.

        Parameters
        ----------
        X : array_like or data frame of shape (n, p)
            Rows.

        Returns
        -------
        Distribution
            One law a row, of the place of the label in ``classes_``.

        Raises
        ------
        UsageError
            If a loss without a likelihood was fitted.
        """
        raw, family = self._raw(X), self._law()
        if self._ordered:
            return self._law_of_classes(raw)
        if family.target.kind == "Label":
            first = np.exp(self._log_proba(raw))
        else:
            first = response(family, family.density.free[0], raw[:, 0])
        return distribution(family, first, self.constants_)

    def _codes(self, y: Any) -> Integers:
        """Return the places of labels in ``classes_``."""
        labels = np.asarray(column_or_1d(y))
        codes = np.minimum(np.searchsorted(self.classes_, labels), len(self.classes_) - 1)
        unknown = self.classes_[codes] != labels
        if bool(np.any(unknown)):
            row = int(np.argmax(unknown))
            raise DataError(
                f"Row {row} of y (counted from 0) holds {labels[row]!r}, which is none of the classes the model knows "
                f"({', '.join(map(str, self.classes_.tolist()[:8]))})."
            )
        return codes.astype(np.int64)

    def _log_densities(self, X: Any, y: Any) -> Floats:
        self._law()
        log_proba = self._log_proba(self._raw(X))
        check_consistent_length(log_proba, y)
        return np.take_along_axis(log_proba, self._codes(y)[:, None], axis=1)[:, 0]
