"""`Model`: a fitted law of the target, given the columns."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neglog._typing import Floats
from neglog.data import DesignSpec, Table, read
from neglog.errors import FitError
from neglog.families.distribution import Distribution
from neglog.families.family import Family
from neglog.inference import CoefficientTable, Covariance, Criteria
from neglog.losses.declared import Declared
from neglog.losses.surrogates.surrogate import Surrogate
from neglog.models.targets import TargetCoding
from neglog.solvers import Record
from neglog.symbolic.cutpoints import cutpoints_of
from neglog.symbolic.expression import Symbol, evaluate
from neglog.symbolic.heads import numpy_meaning, numpy_number

__all__ = ["Model"]


@dataclass(frozen=True, eq=False)
class Model:
    """What `fit` returns. Names follow statsmodels; `params` and `bse` are mappings from coefficient names.

    Attributes
    ----------
    family : Family or declared loss
        The law assumed of the target.
    formula : str
        As given.
    design : DesignSpec
        How columns of new data become the columns of X.
    coding : TargetCoding
        How the target's labels are numbered.
    table : CoefficientTable
        Estimates and standard errors, on the raw scale.
    covariance : Covariance or None
        Of the estimates; None where the fit did not converge.
    criteria : Criteria
        Log-likelihood (nats, complete), number of parameters, number of observations.
    status, message : str
        How the fit ended, in a word and in a sentence with a remedy.
    prior : str
        The prior in words.
    free_classes : bool
        Whether every class has coefficients of its own (else the first class is the reference).
    source : str
        Where the data came from.
    notes : tuple of str
        What the reader of the data wants to be known: dropped rows, reference levels.
    trace : tuple of Record
        Every iteration of the solver.
    solver : str
        Its name.
    rows : tuple of int
        Rows read and rows used.
    """

    family: Declared[...]
    formula: str
    design: DesignSpec
    coding: TargetCoding
    table: CoefficientTable
    covariance: Covariance | None
    criteria: Criteria
    status: str
    message: str
    prior: str = "flat"
    free_classes: bool = False
    source: str = ""
    notes: tuple[str, ...] = ()
    trace: tuple[Record, ...] = ()
    solver: str = "newton"
    rows: tuple[int, int] = (0, 0)

    @property
    def converged(self) -> bool:
        """Whether the solver's test holds and the likelihood has a maximum."""
        return self.status == "converged"

    @property
    def names(self) -> tuple[str, ...]:
        """The coefficients."""
        return self.table.names

    @property
    def n_coefficients(self) -> int:
        """How many coefficients the formula and the family ask for."""
        p = len(self.design.names)
        if self.family.target.kind != "Label":
            return p + len(self.family.density.free) - 1
        classes = len(self.coding.labels)
        if self._ordered:
            return p - self.design.intercept + classes - 1
        if not self.free_classes:
            return p * (classes - 1)
        return p * classes - self._first_intercept_held

    @property
    def _ordered(self) -> bool:
        """Whether the classes have an order, and cutpoints between them."""
        return cutpoints_of(self.family.density) is not None

    @property
    def cutpoints(self) -> Mapping[str, float]:
        """The cutpoints between ordered classes, by name (``"low|high"``); none for other families."""
        if not self._ordered:
            return MappingProxyType({})
        count = len(self.coding.labels) - 1
        values = map(float, self.table.estimates[-count:])
        return MappingProxyType(dict(zip(self.names[-count:], values, strict=True)))

    @property
    def _first_intercept_held(self) -> bool:
        """Whether K free classes have K - 1 intercepts, because no prior decides between K."""
        first = f"{self.coding.class_names[0]}:Intercept"
        return self.design.intercept and first not in self.names

    @cached_property
    def params(self) -> Mapping[str, float]:
        """Estimates by coefficient name, on the raw scale (``log(sigma)`` for a constant sigma)."""
        return self._by_name(self.table.estimates)

    @cached_property
    def bse(self) -> Mapping[str, float]:
        """Standard errors by coefficient name, from the observed information; NaN where there are none."""
        return self._by_name(self.table.standard_errors)

    @cached_property
    def tvalues(self) -> Mapping[str, float]:
        """Estimates divided by their standard errors."""
        return self._by_name(self.table.z_values)

    @cached_property
    def pvalues(self) -> Mapping[str, float]:
        """Two-sided p-values, from the normal law."""
        return self._by_name(self.table.p_values)

    def _by_name(self, values: Floats) -> Mapping[str, float]:
        return MappingProxyType(dict(zip(self.names, map(float, values), strict=True)))

    @property
    def loss(self) -> Surrogate[...] | None:
        """The loss that was minimised, where it follows from no density; else None."""
        return self.family if isinstance(self.family, Surrogate) else None

    @property
    def loglik(self) -> float | None:
        """Log-likelihood in nats, constants kept, without the prior; None where the loss follows from no density."""
        return self.criteria.loglik if self.criteria.likelihood else None

    @property
    def llf(self) -> float | None:
        """The same under statsmodels' short name."""
        return self.loglik

    @property
    def aic(self) -> float | None:
        """2 k - 2 loglik, None without a likelihood; k counts every estimated parameter, sigma too."""
        return self.criteria.aic

    @property
    def bic(self) -> float | None:
        """log(n) k - 2 loglik; None without a likelihood."""
        return self.criteria.bic

    @property
    def nobs(self) -> float:
        """Number of observations: the sum of the weights."""
        return self.criteria.nobs

    @property
    def df_model(self) -> int:
        """Number of estimated parameters."""
        return self.criteria.n_parameters

    def conf_int(self, alpha: float = 0.05) -> Mapping[str, tuple[float, float]]:
        """Return an interval for each coefficient that covers with probability 1 - alpha."""
        intervals = self.table.conf_int(alpha)
        return MappingProxyType(
            {n: (float(a), float(b)) for n, (a, b) in zip(self.names, intervals, strict=True)}
        )

    def cov_params(self) -> Covariance:
        """Return the covariance of the estimates; ``numpy.asarray`` of it is the matrix, in the order of `names`.

        Raises
        ------
        FitError
            If the fit did not converge: there is none then.
        """
        if self.covariance is None:
            raise FitError(
                f"There is no covariance. {self.notes[-1]}"
                if self.converged and self.notes
                else f"There is no covariance: the fit ended as '{self.status}'. {self.message}"
            )
        return self.covariance

    @property
    def constants(self) -> Mapping[str, float]:
        """The parameters that were estimated as constants, on their own scale: ``{"sigma": 1.7}``."""
        density = self.family.density
        if self._ordered:
            return MappingProxyType({})
        start = len(self.names) - (len(density.free) - 1)
        raws = self.table.estimates[start:]
        values = {
            name: _inverse(self.family, name, raw)
            for name, raw in zip(density.free[1:], raws, strict=True)
        }
        return MappingProxyType({name: float(value) for name, value in values.items()})

    def raw_prediction(self, data: Any) -> tuple[Floats, NDArray[np.int64]]:
        """Return the raw predictions of new data, before the inverse link.

        Parameters
        ----------
        data : path, data frame or mapping
            New rows; the target may be absent.

        Returns
        -------
        raw : ndarray of shape (m,) or (m, K)
            One row for each complete row of the data.
        rows : ndarray of shape (m,)
            Which rows of the data they are, from 0.
        """
        table = data if isinstance(data, Table) else read(data)
        X, rows = self.design.encode(table)
        return self.raw_of_design(X), rows

    def raw_of_design(self, X: Floats) -> Floats:
        """Return the raw predictions of a design matrix with the columns of ``design.names``."""
        if self._ordered:
            slopes = [j for j, name in enumerate(self.design.names) if name != "Intercept"]
            return np.asarray(X[:, slopes] @ self.table.estimates[: len(slopes)])
        p = X.shape[1]
        if self.family.target.kind != "Label":
            return np.asarray(X @ self.table.estimates[:p])
        return np.asarray(X @ self.class_coefficients.T)

    @property
    def class_coefficients(self) -> Floats:
        """Coefficients of every class, shape (K, p); zeros for the reference."""
        p, classes = len(self.design.names), len(self.coding.labels)
        estimates = self.table.estimates
        if self.free_classes:
            if self._first_intercept_held:
                estimates = np.insert(estimates, self.design.names.index("Intercept"), 0.0)
            return estimates.reshape(classes, p)
        return np.vstack([np.zeros((1, p)), estimates.reshape(classes - 1, p)])

    def distribution_of_raw(self, raw: Floats) -> Distribution:
        """Return the law that raw predictions stand for.

        Raises
        ------
        FitError
            If the model was trained with a loss that follows from no density.
        """
        family, density = self.family, self.family.density
        if not isinstance(family, Family):
            raise FitError(
                f"{family.name} assumes no law of the target, so there is no distribution to predict. predict() and "
                "raw_prediction() work; for a law fit a family."
            )
        first = density.free[0]
        values: dict[str, Any] = {
            p.name: p.value for p in density.parameters if p.value is not None
        }
        if self._ordered:
            values[first] = _inverse(self.family, first, raw)
            values[cutpoints_of(density) or ""] = np.array(list(self.cutpoints.values()))
        elif density.support.kind == "Label":
            values[first] = _softmax(raw)
        else:
            values[first] = _inverse(self.family, first, raw)
            values |= self.constants
        return Distribution(family, values)

    def predict_distribution(self, data: Any) -> Distribution:
        """Return the predicted law of the target for each complete row of new data.

        ``model.predict_distribution(new).quantile(0.9)`` bounds nine targets of ten, were the estimates the truth.

        Parameters
        ----------
        data : path, data frame or mapping
            New rows.

        Returns
        -------
        Distribution
            One law a row; for ``k | n`` that of k where the table holds a number of trials for every row, else that of
            pairs (see `Distribution.given`).
        """
        table = data if isinstance(data, Table) else read(data)
        raw, rows = self.raw_prediction(table)
        law = self.distribution_of_raw(raw)
        trials = self._trials(table, rows)
        return law if trials is None else law.given(n=trials)

    def _trials(self, table: Table, rows: NDArray[np.int64]) -> Floats | None:
        """Return the trials that a table says of its rows; None where it does not, or the target has none."""
        side = self.design.side
        if side.kind != "CountOf" or side.columns[1] not in table.names:
            return None
        column = table.column(side.columns[1])
        if column.kind != "number" or bool(column.missing[rows].any()):
            return None
        trials = column.data[rows].astype(np.float64)
        usable = (trials >= 1) & (trials < np.inf) & (np.floor(trials) == trials)
        return trials if bool(usable.all()) else None

    def predict(self, data: Any) -> NDArray[Any]:
        """Return the mean of the target for each row of new data.

        A loss without a density predicts its fitted value (of classes a share for each); where that is a score, the
        label that its sign decides for (NaN, or None among text labels, in rows that lack a value).

        Parameters
        ----------
        data : path, data frame or mapping
            New rows; the target may be absent.

        Returns
        -------
        ndarray of shape (n,) or (n, K)
            The expected value (for two classes the probability of the positive one, for labels the probability of every
            class, in the order of ``coding.labels``; for ``k | n`` the expected share k/n, for ``Event(time, died)``
            and ``Interval(lo, hi)`` the mean of the time or number itself); NaN in rows that lack a value.
        """
        table = data if isinstance(data, Table) else read(data)
        raw, rows = self.raw_prediction(table)
        if isinstance(self.family, Surrogate):
            return self._decided(raw, rows, table.n_rows)
        law = self.distribution_of_raw(raw)
        if self.family.target.kind == "Label":
            values = law.probabilities
        elif self.family.target.kind == "CountOf":
            values = np.asarray(law.given(n=1).mean)
        else:
            values = np.asarray(law.mean)
        result = np.full((table.n_rows, *values.shape[1:]), np.nan)
        result[rows] = values
        return result

    def _decided(self, raw: Floats, rows: NDArray[np.int64], size: int) -> NDArray[Any]:
        """Return the fitted values of a declared loss; of a score the label that its sign decides for."""
        assert isinstance(self.family, Surrogate)
        if self.family.decides:
            values = self.coding.decode((raw > 0).astype(np.int64))
        elif self.family.target.kind == "Label":
            values = _softmax(raw)
        else:
            values = np.asarray(_inverse(self.family, self.family.density.free[0], raw))
        if len(rows) == size:
            return values
        text = values.dtype == object
        shape = (size, *values.shape[1:])
        result = np.full(shape, None if text else np.nan, dtype=object if text else np.float64)
        result[rows] = values
        return result

    def summary(self, alpha: float = 0.05) -> Any:
        """Return the page of statistics that print() shows; notebooks show it as a table."""
        from neglog.models.summary import Summary

        return Summary(self, alpha)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to a file that `neglog.load` reads: versioned JSON and arrays, no pickle, no training rows.

        The file is written whole or not at all.

        Parameters
        ----------
        path : path
            Where to; an existing file is replaced.
        """
        from neglog.models.storage import save

        save(self, path)

    def __repr__(self) -> str:
        loglik, mean = self.loglik, self.criteria.mean_loss
        how = f"mean loss {mean:.4f}" if loglik is None else f"loglik {loglik:.4f}"
        return f"<Model {self.family.name}: {self.formula}, {self.status}, {how}>"


def _softmax(raw: Floats) -> Floats:
    """Return the probabilities of the classes of raw scores, [n, K]."""
    shifted = np.exp(raw - raw.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


def _inverse(family: Declared[...], name: str, raw: Any) -> Any:
    inverse = family.density.parameter(name).link.inverse(Symbol("raw"))
    values = {"raw": np.asarray(raw, dtype=np.float64)}
    with np.errstate(all="ignore"):
        return evaluate(inverse, values, numpy_meaning(), numpy_number)
