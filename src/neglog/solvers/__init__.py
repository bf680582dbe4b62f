"""Solvers: one algorithm a file; each sees an objective, never a family.

`solution` says what comes back, `line_search` and `step` are the parts the algorithms share. A new
solver is a frozen dataclass with ``solve(objective, theta0, callback)`` and one line in `SOLVERS`.
"""

from __future__ import annotations

from typing import Any

from neglog.errors import UsageError, nearest
from neglog.solvers.gradient_descent import GradientDescent
from neglog.solvers.kinked import KinkedNewton
from neglog.solvers.lbfgs import LBFGS
from neglog.solvers.newton import Newton
from neglog.solvers.proximal import ProximalNewton
from neglog.solvers.solution import STATUSES, Callback, Record, Solution, Solver

__all__ = [
    "LBFGS",
    "SOLVERS",
    "STATUSES",
    "Callback",
    "GradientDescent",
    "KinkedNewton",
    "Newton",
    "ProximalNewton",
    "Record",
    "Solution",
    "Solver",
    "resolve",
]

SOLVERS: dict[str, type[Newton] | type[LBFGS] | type[GradientDescent]] = {
    "newton": Newton,
    "lbfgs": LBFGS,
    "gradient": GradientDescent,
}


def resolve(solver: str | Solver, **settings: Any) -> Solver:
    """Return a solver by name, with settings; a solver passes through.

    Parameters
    ----------
    solver : str or Solver
        A key of `SOLVERS`, or a solver.
    **settings
        Fields of the solver; those that are None keep its default.

    Returns
    -------
    Solver
        Ready to solve.

    Raises
    ------
    UsageError
        For an unknown name, or a setting that this solver does not have.
    """
    given = {name: value for name, value in settings.items() if value is not None}
    if not isinstance(solver, str):
        if given:
            raise UsageError(
                f"{', '.join(given)} cannot be set on a solver object: set it where the solver is "
                "made, or name the solver by a string."
            )
        return solver
    if solver not in SOLVERS:
        raise UsageError(f"There is no solver '{solver}'. {nearest(solver, SOLVERS)}")
    kind = SOLVERS[solver]
    fields = kind.__dataclass_fields__
    for name in given:
        if name not in fields:
            others = [key for key, other in SOLVERS.items() if name in other.__dataclass_fields__]
            where = f" It is a setting of {' and '.join(others)}." if others else ""
            raise UsageError(
                f"The solver '{solver}' has no setting '{name}'.{where} Its settings: "
                f"{', '.join(fields)}."
            )
    return kind(**given)
