"""Training from matrices: the part that formulas and estimators share.

Order of calls: the kernel of the family with all its free parameters modelled; the score model (the first parameter
linear in X, the others constant); the prior as a penalty; a start; the solver; then the question whether there was a
maximum to find; last the covariance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from neglog._typing import Floats
from neglog.derivation.obtain import obtain
from neglog.errors import CollinearError, DataError, UsageError
from neglog.families.family import Family
from neglog.families.transformers.censored import for_rows
from neglog.inference import CoefficientTable, Covariance, Criteria, observed, sandwich, sparsity
from neglog.kernels import ExpectedKernel, Kernel, why_no_expectation
from neglog.losses.declared import Declared
from neglog.losses.kinks import may_have_kinks
from neglog.models.centring import centred_covariance
from neglog.models.endless import sentence
from neglog.models.priors import Prior, penalty
from neglog.models.scores import loose, score_model, slopes
from neglog.objectives import (
    KinkedObjective,
    LikelihoodObjective,
    Linear,
    LinearClasses,
    Recession,
    Rows,
    centres_of,
    collapse,
    dependences,
    separation,
    suspicious,
    unbounded,
)
from neglog.objectives.every_class import over_every_class
from neglog.objectives.pinned import Pinned
from neglog.solvers import (
    Callback,
    KinkedNewton,
    Newton,
    ProximalNewton,
    Solution,
    Solver,
    resolve,
)
from neglog.symbolic.cutpoints import cutpoints_of, row_law
from neglog.symbolic.expression import as_node

__all__ = ["Settings", "Trained", "train"]


NO_ERRORS_AT_KINKS = (
    "No standard errors: the prior has a kink, so the posterior is not close to a normal law near it; resample the "
    "rows (bootstrap) for intervals."
)

_DOUBTFUL = ("not_converged", "failed", "rank_deficient")


@dataclass(frozen=True)
class Settings:
    """How to solve: the solver by name, and its settings; None keeps the solver's default."""

    solver: str | Solver = "newton"
    tol: float | None = None
    max_iter: int | None = None
    seed: int | None = None
    step: float | None = None
    stop_loss: float | None = None

    def build(self) -> Solver:
        """Return the solver."""
        given = {
            name: getattr(self, name) for name in ("tol", "max_iter", "seed", "step", "stop_loss")
        }
        return resolve(self.solver, **given)


@dataclass(frozen=True, eq=False)
class Trained:
    """What training leaves: enough for a model or an estimator.

    Attributes
    ----------
    objective : LikelihoodObjective
        The function that was minimised.
    solution : Solution
        Where the solver stopped, and how.
    covariance : Covariance or None
        Of the estimates; None where the fit did not converge.
    table : CoefficientTable
        Estimates with standard errors (NaN where there are none).
    criteria : Criteria
        Log-likelihood, AIC, BIC.
    free_classes : bool
        Whether every class has coefficients of its own.
    notes : tuple of str
        What readers of the fit should know, such as why there are no standard errors.
    warnings : tuple of str
        Those of the notes that nobody should miss: constants that the data do not bound.
    """

    objective: LikelihoodObjective
    solution: Solution
    covariance: Covariance | None
    table: CoefficientTable
    criteria: Criteria
    free_classes: bool = False
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def train(
    family: Declared[...],
    X: Floats,
    names: tuple[str, ...],
    y: Floats,
    *,
    classes: tuple[str, ...] = (),
    weights: Floats | None = None,
    offset: Floats | None = None,
    prior: Prior = None,
    settings: Settings | None = None,
    callback: Callback | None = None,
    announce: Callable[[str], None] | None = None,
    information: str = "observed",
    check_rank: bool = True,
) -> Trained:
    """Fit a family to a design matrix.

    Parameters
    ----------
    family : Family or declared loss
        The law of the target; its first free parameter is modelled by X, the others are estimated as constants.
    X : ndarray of float64, shape (n, p)
        The design, an intercept included where one is wanted; of ordered classes it is left out.
    names : tuple of str
        The columns of X; ``"Intercept"`` is no slope.
    y : ndarray of float64, shape (n,), or (n, m) for a target with m fields
        The target, inside its support; class numbers for labels.
    classes : tuple of str
        The class names, for labels.
    weights, offset : ndarray of shape (n,), optional
        Frequency weights; a known part of the first raw prediction.
    prior : Distribution or mapping, optional
        See `neglog.models.priors.penalty`.
    settings : Settings, optional
        The solver and its settings.
    callback : callable, optional
        Called with a `Record` at every iteration.
    announce : callable, optional
        Called with a few words before a phase that may take a second.
    information : {"observed", "expected"}
        Which information the standard errors come from.
    check_rank : bool
        Whether collinear columns are an error under a flat prior.

    Returns
    -------
    Trained
        The solution with its statistics; whether it converged is for the caller to look at.

    Raises
    ------
    CollinearError
        If columns depend on one another and no prior decides between their coefficients.
    UsageError
        If there are no rows or no columns, or the loss has no expected information and it was asked for.
    """
    say = announce or (lambda _: None)
    if X.shape[0] == 0:
        raise UsageError("There are no rows to fit.")
    cuts = cutpoints_of(family.density)
    if cuts is not None:
        _require_ordered(family, y, classes, weights)
        # The cutpoints stand in the place of an intercept.
        slope = np.array([name != "Intercept" for name in names], dtype=np.bool_)
        X, names = np.ascontiguousarray(X[:, slope]), tuple(np.array(names)[slope].tolist())
    elif X.shape[1] == 0:
        raise UsageError("There are no columns to fit: not even an intercept.")
    if family.density.unset:
        (name, *_), law = family.density.unset, family.name
        raise UsageError(
            f"{law} needs a value for {name}, which is chosen and not estimated: {law}.fix({name}=...)."
        )
    say("deriving the loss")
    if isinstance(family, Family):
        family, y = for_rows(family, y)
    _require_slope(family)
    kernel = Kernel(obtain(family.density, row_law(family.density).free))
    kernel = kernel.with_engine(kernel.engine_for(len(y)))
    if information not in ("observed", "expected"):
        raise UsageError(f"information is {information!r}; it is 'observed' or 'expected'.")
    expected = information == "expected"
    if expected and cuts is None and (why := why_no_expectation(kernel.loss)):
        raise UsageError(f"{why} Take the observed information, which is the default.")
    if kernel.engine == "numba":
        say("compiling the kernel")
        kernel.compile(2, weighted=weights is not None)
    scores, designs, theta = score_model(family, kernel, X, names, y, classes, weights, prior)
    pull = penalty(prior, scores.names, slopes(scores, names))
    if check_rank:
        undecided = loose(scores, pull, len(names))
        if cuts is not None:
            shown = ("1 (the cutpoints)", *np.array(names)[undecided].tolist())
            beside = np.column_stack([np.ones(len(y)), X[:, undecided]])
            _require_full_rank(beside, shown, weights)
        elif bool(undecided.all()):
            _require_full_rank(X, names, weights)
        else:
            shown = tuple(np.array(names)[undecided].tolist())
            _require_full_rank(np.ascontiguousarray(X[:, undecided]), shown, weights)
    objective = LikelihoodObjective(Rows(designs, y, weights, offset), scores, kernel, pull)
    say("fitting")
    ruined = collapse(objective, _least_squares_start(objective, theta, X, weights))
    kinked = _kinked(objective, theta)
    solution = _solve(objective, kinked, theta, settings or Settings(), callback)
    if ruined is not None:
        solution = replace(solution, status="separated", message=ruined.message)
    elif kinked is not None and solution.converged and family.target.kind != "Binary":
        pass  # 0 is a subgradient: there is a minimum, and this is one
    elif solution.status in _DOUBTFUL or suspicious(
        objective, solution.theta, tails=family.density.likelihood
    ):
        recession = separation(objective, solution.theta)
        if recession is not None:
            message = recession.message if family.density.likelihood else _endless(recession)
            solution = replace(solution, status="separated", message=message)
    if solution.status != "separated":
        ruined = collapse(objective, solution.theta)
        if ruined is not None:
            solution = replace(solution, status="separated", message=ruined.message)
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    if solution.converged and objective.penalty.kinks(objective.size).any:
        # The curvature leaves the kinks out, and a coefficient at rest on one has no normal law.
        covariance, table = None, CoefficientTable.without_errors(objective.names, solution.theta)
        notes = (NO_ERRORS_AT_KINKS,)
    elif solution.converged and kinked is not None and not expected:
        covariance, table, notes = _kinked_statistics(kinked, solution.theta)
    else:
        whole, seen = objective, solution
        if expected and solution.converged:
            say("taking the expected information")
            seen = replace(solution, curvature=None)
            whole = (
                replace(objective, kernel=ExpectedKernel(kernel))
                if cuts is None
                else over_every_class(objective, solution.theta)
            )
        endless = unbounded(objective, solution.theta) if solution.converged else ()
        held = tuple(constant.index for constant in endless)
        solution, covariance, table = _statistics(whole, seen, family.density.likelihood, held)
        notes = warnings = tuple(
            sentence(family, constant, float(solution.theta[constant.index]))
            for constant in endless
        )
        if covariance is not None and expected:
            covariance = replace(covariance, kind="expected")
    if not family.density.likelihood:
        solution = replace(
            solution, message=solution.message.replace(" nats", "")
        )  # it has no unit
    loglik = objective.log_likelihood(solution.theta, solution.value)
    criteria = Criteria(loglik, len(scores.names), objective.weight, family.density.likelihood)
    model = scores.model if isinstance(scores, Pinned) else scores
    free = isinstance(model, LinearClasses) and model.reference is None
    return Trained(objective, solution, covariance, table, criteria, free, notes, warnings)


def _require_ordered(
    family: Declared[...], y: Floats, classes: tuple[str, ...], weights: Floats | None
) -> None:
    """Refuse classes that no row belongs to, and laws with more to estimate than one score and cutpoints."""
    others = [name for name in family.density.free[1:] if name != cutpoints_of(family.density)]
    if others or family.density.free[0] == cutpoints_of(family.density):
        told = f"fix the others, {family.name}.fix({others[0]}=...)" if others else "name it first"
        raise UsageError(
            f"A fit of ordered classes estimates one score and the cutpoints; {family.name} has the parameters "
            f"{', '.join(family.density.free)}: {told}."
        )
    counts = np.bincount(y.astype(np.int64), weights=weights, minlength=len(classes))
    if not counts.all():
        name = classes[int(np.argmin(counts > 0))]
        raise DataError(
            f"The class {name!r} has no row that counts (weights may be 0), so nothing determines the cutpoints beside "
            f"it. Leave those rows out, or put {name!r} together with a neighbour."
        )


def _endless(recession: Recession) -> str:
    """Say of a loss without a likelihood that its coefficients may run off."""
    shown = ", ".join(f"'{name}'" for name in recession.names[:6])
    more = ", ..." if len(recession.names) > 6 else ""
    return (
        f"The loss has no single finite minimum (separation): the coefficients of {shown}{more} may grow for ever, "
        "and no row's loss rises. Give the slopes a prior (such as a normal one with mean 0 and scale 1), or collect "
        "rows that contradict the rule."
    )


def _require_slope(family: Declared[...]) -> None:
    """Refuse a loss that is flat almost everywhere, such as 0-1 loss."""
    density = family.density
    if density.likelihood:
        return
    loss = obtain(density, density.free)
    zero = as_node(0)
    if all(slope == zero for slope in loss.complete.gradient):
        raise UsageError(
            f"{family.name} cannot be trained: its derivative is 0 almost everywhere, so no step of a solver lowers it "
            "a little. Train with a loss that has a slope (for two classes hinge or nl.Bernoulli, for numbers huber or "
            f"nl.Normal) and evaluate the predictions with {family.name}."
        )


def _solve(
    objective: LikelihoodObjective,
    kinked: KinkedObjective | None,
    theta: Floats,
    settings: Settings,
    callback: Callback | None,
) -> Solution:
    """Minimise the objective by the solver that was named, or by one that copes with its kinks."""
    solver = settings.build()
    kinks = objective.penalty.kinks(objective.size)
    if kinked is None and not kinks.any:
        return solver.solve(objective, theta, callback)
    if not isinstance(solver, Newton):
        what, instead = (
            ("loss", "a smooth family") if kinked else ("prior", "nl.Normal as the prior")
        )
        raise UsageError(
            f"This {what} has a kink, where it has no derivative; the solver 'newton' copes with that "
            f"and '{settings.solver}' does not. Leave the solver out, or take {instead}."
        )
    if kinked is not None:
        return KinkedNewton(solver.tol, solver.max_iter).solve(kinked, theta, callback)
    return ProximalNewton(kinks, solver.tol, solver.max_iter).solve(objective, theta, callback)


def _kinked(objective: LikelihoodObjective, theta: Floats) -> KinkedObjective | None:
    """Return the objective as one with kinks, if its loss has any."""
    kernel = objective.kernel
    if not isinstance(kernel, Kernel) or not isinstance(objective.scores, Linear):
        return None
    if not may_have_kinks(kernel.loss):
        return None
    from neglog.derivation.kinks import WIDTH, kinked

    found = kinked(kernel.loss)
    if found is None:
        return None
    rounded = Kernel(found.rounded, {**kernel.hyper, WIDTH: 1.0}, kernel.engine)
    whole = KinkedObjective(objective, rounded, WIDTH, found.places, dict(kernel.hyper))
    # An absolute value need not make a kink: the logistic law is smooth in |z|.
    return whole if whole.near(theta, np.inf).rows.size else None


def _kinked_statistics(
    kinked: KinkedObjective, theta: Floats
) -> tuple[Covariance | None, CoefficientTable, tuple[str, ...]]:
    """Return standard errors of a quantile fit; of other losses with kinks the reason why there are none."""
    found = sparsity(kinked, theta)
    if isinstance(found, str):
        return None, CoefficientTable.without_errors(kinked.objective.names, theta), (found,)
    note = (
        "Standard errors by the sparsity of the errors at the quantile (Epanechnikov kernel, bandwidth of Hall and "
        "Sheather)."
    )
    return found, CoefficientTable.of(theta, found), (note,)


def _require_full_rank(X: Floats, names: tuple[str, ...], weights: Floats | None) -> None:
    found = dependences(X, names, weights)
    if not found:
        return
    shown = "; ".join(str(dependence) for dependence in found[:3])
    more = f"; and {len(found) - 3} more" if len(found) > 3 else ""
    dropped = ", ".join(f"'{dependence.name}'" for dependence in found[:3])
    raise CollinearError(
        f"The columns are collinear: {shown}{more}. Any split of the effect between them fits "
        f"equally well, so the coefficients are not determined. Leave out {dropped}, or give the "
        "slopes a prior such as nl.Normal(mu=0, sigma=1)."
    )


def _least_squares_start(
    objective: LikelihoodObjective, theta: Floats, X: Floats, weights: Floats | None
) -> Floats:
    """Return theta with least squares in place of the first parameter's coefficients, to look for a perfect fit."""
    scores = objective.scores
    has_scale = isinstance(scores, Linear) and len(scores.parameter_names) > 1
    if not has_scale or X.shape[0] > 10 * X.shape[1] + 1000:
        return theta
    root = np.ones(X.shape[0]) if weights is None else np.sqrt(weights)
    start = theta.copy()
    wanted = centres_of(
        objective
    )  # on the scale of the raw prediction: a target of 1e5 has the logarithm 12
    start[: X.shape[1]] = np.linalg.lstsq(X * root[:, None], wanted * root, rcond=None)[0]
    return start


def _statistics(
    objective: LikelihoodObjective, solution: Solution, likelihood: bool, held: tuple[int, ...]
) -> tuple[Solution, Covariance | None, CoefficientTable]:
    without = CoefficientTable.without_errors(objective.names, solution.theta)
    if not solution.converged:
        return solution, None, without
    curvature = solution.curvature
    if curvature is None or not curvature.explicit:
        if len(objective.names) > objective.dense_limit:
            return solution, None, without
        curvature = objective.evaluate(solution.theta, 2).curvature
    assert curvature is not None
    try:
        covariance = centred_covariance(objective, solution.theta, robust=not likelihood, held=held)
        if covariance is None:
            covariance = observed(curvature, objective.names, held)
            if not likelihood:
                covariance = sandwich(covariance, objective.score_products(solution.theta))
    except CollinearError as error:
        # A fit without standard errors is not converged, whatever the solver's own test said.
        return replace(solution, status="rank_deficient", message=str(error)), None, without
    if not bool(np.isfinite(covariance.standard_errors).all()):
        message = (
            "The estimates have no finite standard errors: the target or a column is of a size that float64 cannot "
            "square. Measure it in another unit."
        )
        return replace(solution, status="failed", message=message), None, without
    if held:
        matrix = covariance.matrix.copy()
        matrix[list(held), :] = matrix[:, list(held)] = np.nan
        covariance = replace(covariance, matrix=matrix)
    return solution, covariance, CoefficientTable.of(solution.theta, covariance)
