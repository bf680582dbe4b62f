"""``fit``: a formula, data and a family make a model."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neglog._typing import Floats
from neglog.data import ModelFrame, Side, Table, model_frame, read
from neglog.errors import DataError, FitWarning, UsageError
from neglog.families.family import Family
from neglog.families.named_losses import loss_named
from neglog.families.register import resolve
from neglog.losses.declared import Declared
from neglog.losses.surrogates.register import named
from neglog.losses.surrogates.surrogate import Surrogate
from neglog.models.model import Model
from neglog.models.ordered_targets import code_ordered
from neglog.models.priors import Prior, describe
from neglog.models.sides import code_side, require_side
from neglog.models.targets import TargetCoding, code_target
from neglog.models.training import Settings, train
from neglog.solvers import Callback, Solver
from neglog.symbolic.cutpoints import cutpoints_of

__all__ = ["coded", "declared_of", "fit", "unnamed_law"]


def fit(
    formula: str,
    data: Any,
    *,
    family: Family[...] | str = "auto",
    loss: Surrogate[...] | str | None = None,
    prior: Prior = None,
    sample_weight: Any = None,
    missing: str = "drop",
    positive: Any = None,
    order: Sequence[Any] | None = None,
    information: str = "observed",
    solver: str | Solver = "newton",
    tol: float | None = None,
    max_iter: int | None = None,
    seed: int | None = None,
    step: float | None = None,
    stop_loss: float | None = None,
    callback: Callback | None = None,
    announce: Callable[[str], None] | None = None,
) -> Model:
    """Fit the weights of a linear raw prediction by maximum likelihood, or MAP.

    The first free parameter of the family is modelled by the formula; the others are estimated as constants.

    Parameters
    ----------
    formula : str
        ``"passed ~ attendance + C(school)"``: ``+ - : * ^ 0 1 .``, ``C(x, ref="b")``, ``log log1p exp sqrt scale center
        poly``, back-ticked names. Targets of two columns are written ``k | n`` (k successes of n trials),
        ``Interval(lo, hi)`` (known up to its ends, -inf and inf allowed) and ``Event(time, died)`` (1 where the event
        was seen at that time, 0 where it had not happened yet).
    data : path, data frame or mapping
        A CSV or Parquet file; a pandas, polars or pyarrow table; a dict of arrays.
    family : Family or str
        The law assumed of the target: ``nl.Poisson``, ``"poisson"``. ``"auto"`` goes by the target's values and refuses
        where they leave a choice.
    loss : declared loss or str, optional
        In place of a family: a loss that follows from no density (``nl.loss("hinge")``, ``"huber"``). The mean loss is
        minimised; there is then no log-likelihood and no AIC, and standard errors are robust (sandwich) ones.
    prior : Distribution or mapping of str to Distribution, optional
        ``nl.Normal(mu=0, sigma=1)`` acts on every slope; a mapping names coefficients. Flat by default: maximum
        likelihood.
    sample_weight : str or array_like of shape (n,), optional
        Frequency weights (weight 2 is the row twice): a column's name, or one number a row of `data`.
    missing : {"drop", "error"}
        What to do with rows that lack a value the formula needs; dropped rows are counted in ``model.notes``.
    positive : str, bool or float, optional
        The label that counts as 1, for a target of two classes.
    order : sequence of str, bool or float, optional
        The classes from the lowest to the highest, for a family of ordered classes (``nl.Ordinal``). An ordered
        categorical, numbers and booleans have an order of their own.
    information : {"observed", "expected"}
        What the standard errors are taken from: the curvature of the log-likelihood at the data, or its mean over the
        targets that the fitted law predicts (Fisher information), as R's ``glm`` does. They are the same for canonical
        links. A law with kinks (Laplace) has expected information only.
    solver : {"newton", "lbfgs", "gradient"} or Solver
        Newton's method by default.
    tol, max_iter : optional
        When the solver stops.
    seed, step, stop_loss : optional
        For gradient descent: a random start, a constant step on the mean objective, a mean loss that is good enough.
    callback : callable, optional
        Called with a `Record` at every iteration.
    announce : callable, optional
        Called with a few words before each phase.

    Returns
    -------
    Model
        ``summary()``, ``params``, ``bse``, ``loglik``, ``aic``, ``predict``, ``save``.

    Raises
    ------
    FormulaError, UsageError
        If the call is wrong.
    DataError
        If the data do not fit the question: an unknown column, a target outside the support, one class, collinear
        columns. The message says file, row, column and value.

    Warns
    -----
    FitWarning
        If the fit did not converge, or the likelihood has no maximum; ``model.status`` says which,
        and there are then no standard errors. Also if the data do not bound a constant, such as the alpha of a
        negative binomial law for counts that vary less than Poisson's: it alone has no standard error then.

    Examples
    --------
    >>> import neglog as nl
    >>> data = {"x": [0, 1, 2, 3, 4, 5], "y": [1, 1, 3, 4, 9, 14]}
    >>> model = nl.fit("y ~ x", data, family=nl.Poisson)
    >>> round(model.params["x"], 3)
    0.573
    """
    say = announce or (lambda _: None)
    if missing not in ("drop", "error"):
        raise UsageError(f"missing is {missing!r}; it is 'drop' or 'error'.")
    settings = Settings(solver, tol, max_iter, seed, step, stop_loss)
    settings.build()  # a mistake in the settings is found before the data are read
    chosen = declared_of(family, loss)
    say("reading the data")
    table = data if isinstance(data, Table) else read(data)
    frame = model_frame(formula, table, missing="error" if missing == "error" else "drop")
    if frame.X.shape[0] == 0:
        raise DataError(
            f"No row of {table.source} is complete: {' '.join(frame.notes) or 'the table is empty.'}"
        )
    if chosen is None:
        chosen = family_of_support(frame)
    weights = _weights(sample_weight, table, frame)

    y, coding = coded(frame, table, chosen, positive, order)
    trained = train(
        chosen,
        frame.X,
        frame.names,
        y,
        classes=coding.class_names,
        weights=weights,
        prior=prior,
        settings=settings,
        information=information,
        callback=callback,
        announce=announce,
    )
    model = Model(
        family=chosen,
        formula=formula,
        design=frame.spec,
        coding=coding,
        table=trained.table,
        covariance=trained.covariance,
        criteria=trained.criteria,
        status=trained.solution.status,
        message=trained.solution.message,
        prior=describe(prior),
        free_classes=trained.free_classes,
        source=table.source,
        notes=(*frame.notes, *trained.notes),
        trace=trained.solution.trace,
        solver=solver if isinstance(solver, str) else type(solver).__name__,
        rows=(table.n_rows, len(y)),
    )
    if not model.converged and model.status != "stopped":
        warnings.warn(model.message, FitWarning, stacklevel=2)
    for note in trained.warnings:
        warnings.warn(note, FitWarning, stacklevel=2)
    return model


def declared_of(
    family: Family[...] | str, loss: Surrogate[...] | str | None
) -> Declared[...] | None:
    """Return the family or the loss that was named; None where the data are to decide.

    Raises
    ------
    UsageError
        If both were given, or one stands in the place of the other.
    """
    auto = isinstance(family, str) and family == "auto"
    if isinstance(family, Surrogate):
        raise UsageError(
            f"{family.name} is a loss without a density: pass it as loss=, not as family=."
        )
    if loss is None:
        if isinstance(family, str) and not auto and named(family) is not None:
            raise UsageError(
                f"'{family}' is a loss without a density, not a family: write loss='{family}'."
            )
        return None if auto else resolve(family)
    if not auto:
        raise UsageError(
            "family= and loss= were both given. A family brings its own loss; keep one of them."
        )
    if isinstance(loss, Family):
        raise UsageError(
            f"{loss.name} is a family, which brings its own loss: pass family=nl.{loss.name}."
        )
    if isinstance(loss, str):
        return loss_named(loss, "write family='{name}'")
    if not isinstance(loss, Surrogate):
        raise UsageError(
            f"loss= takes a loss (nl.loss('hinge')) or its name, not {type(loss).__name__}."
        )
    return loss


def coded(
    frame: ModelFrame,
    table: Table,
    declared: Declared[...],
    positive: Any = None,
    order: Sequence[Any] | None = None,
) -> tuple[Floats, TargetCoding]:
    """Return the target of a frame as numbers that the family or loss takes, and how they are to be read.

    Raises
    ------
    UsageError
        The formula's left side is not one of such a target.
    DataError
        A value is none of such a target; the message says where.
    """
    side = frame.side
    require_side(side, declared, frame.spec.formula)

    def where(row: int, column: str) -> str:
        text = table.where(int(frame.rows[row]), column)
        return text[:1].upper() + text[1:]

    ordered = cutpoints_of(declared.density) is not None
    if order is not None and not ordered:
        raise UsageError(
            f"order= is the order of classes; {declared.name} knows none. Leave it out, or fit nl.Ordinal."
        )
    if not side.fields:

        def here(row: int) -> str:
            return where(row, frame.target_name)

        if ordered and positive is None:
            return code_ordered(
                frame.target,
                declared.name,
                frame.target_name,
                here,
                declared=frame.target_order,
                order=order,
            )
        return code_target(
            frame.target, declared.target, declared.name, frame.target_name, here, positive
        )
    if positive is not None:
        raise UsageError(
            f"positive={positive!r} names a class of a two-class target; {side.name} is none."
        )
    return code_side(frame.target, side, declared, where)


def family_of_support(frame: ModelFrame) -> Family[...]:
    """Return the family that the target's values leave no choice about.

    Raises
    ------
    UsageError
        If the target is made of whole numbers, which may be counts, labels or measurements.
    """
    values = frame.target
    if frame.side.kind == "CountOf":
        return resolve("binomial")
    if frame.side.fields:
        raise UsageError(unnamed_law(frame.side))
    if frame.target_kind == "text":
        return resolve("bernoulli" if len(frame.target_levels) <= 2 else "categorical")
    if frame.target_kind == "boolean" or bool(np.all((values == 0) | (values == 1))):
        return resolve("bernoulli")
    if bool(np.all(np.floor(values) == values)):
        readings = "counts (nl.Poisson), labels (nl.Categorical) or measurements (nl.Normal)"
        if bool(np.any(values < 0)):
            readings = "labels (nl.Categorical) or measurements (nl.Normal)"
        raise UsageError(
            f"The target '{frame.target_name}' holds whole numbers: they may be {readings}. Say "
            "which with family=...; the command `neglog fit` compares the readings by their "
            "likelihood."
        )
    return resolve("normal")


def unnamed_law(side: Side) -> str:
    """Return the sentence that asks for the law of a time or an interval."""
    return (
        f"The target {side.name} does not say which law it follows. Say it: family=nl.Censored(nl.Weibull) or "
        "family=nl.Censored(nl.LogNormal) for times, family=nl.Censored(nl.Normal) for measurements."
    )


def _weights(given: Any, table: Table, frame: ModelFrame) -> NDArray[np.float64] | None:
    if given is None:
        return None
    name = given if isinstance(given, str) else "sample_weight"
    if isinstance(given, str):
        column = table.column(given)
        if column.kind != "number":
            raise DataError(f"The weights '{given}' are {column.kind}; a weight is a number.")
        weights = np.asarray(column.values, dtype=np.float64)
    else:
        try:
            weights = np.asarray(given, dtype=np.float64)
        except (TypeError, ValueError):
            raise DataError(
                "sample_weight holds something else than numbers; a weight says how often its row counts."
            ) from None
        if weights.shape != (table.n_rows,):
            raise UsageError(
                f"sample_weight has shape {weights.shape}; one number for each of the "
                f"{table.n_rows} rows is wanted."
            )
    kept = np.ascontiguousarray(weights[frame.rows])
    bad = ~(np.isfinite(kept) & (kept >= 0))
    if bool(bad.any()):
        row = int(np.argmax(bad))
        number = int(frame.rows[row])
        place = table.where(number, given) if isinstance(given, str) else f"row {number + 1}"
        raise DataError(
            f"The weight in {place} is {kept[row]:g}; a weight is a finite number not below 0."
        )
    if not bool(kept.any()):
        raise DataError(f"Every weight ('{name}') is 0: no row counts.")
    return kept
