"""Directions in which no row gets worse: inequalities over the rows, generated as they are needed.

Separation asks for a direction d such that moving along it raises the loss of no row and lowers
that of some row for ever. For linear scores that is a cone of inequalities a_i'd >= 0 and
equalities a_i'd = 0, one or more a row. A linear program over all rows would be slow, and needless:
at most a few hundred of them matter. The program is solved over some rows, the others are checked,
the most violated join, and so on; when the program over *some* rows allows no gain, neither does
the one over all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from neglog._typing import Floats

__all__ = ["ClassCone", "Cone", "RowCone", "recession_direction"]

Indices = npt.NDArray[np.intp]
Program = Callable[[tuple[Floats, Floats]], Floats | None]  # of inequalities and equalities

ROUNDS = 200
SLACK = 1e-9  # of a direction whose largest entry is 1, over columns whose largest entry is 1
GAIN = 1e-6


class Cone(Protocol):
    """The inequalities a_i'd >= 0 of a data set, and which of them are equalities."""

    @property
    def size(self) -> int:
        """Number of entries of a direction."""
        ...

    @property
    def equal(self) -> npt.NDArray[np.bool_]:
        """Which inequalities hold with equality."""
        ...

    def margins(self, direction: Floats) -> Floats:
        """Return a_i'd for every inequality."""
        ...

    def total(self) -> Floats:
        """Return the sum of the a_i over the inequalities that are no equalities."""
        ...

    def rows(self, which: Indices) -> Floats:
        """Return the a_i of some inequalities, as a matrix."""
        ...


@dataclass(frozen=True, eq=False)
class RowCone:
    """One raw prediction a row: sign 1 where it may rise, -1 where it may fall, 0 where neither."""

    X: Floats
    sign: Floats

    @property
    def size(self) -> int:
        """Number of coefficients."""
        return int(self.X.shape[1])

    @property
    def equal(self) -> npt.NDArray[np.bool_]:
        """Rows whose raw prediction must not move."""
        fixed: npt.NDArray[np.bool_] = self.sign == 0
        return fixed

    def margins(self, direction: Floats) -> Floats:
        """Return the moves, positive in the direction that helps."""
        moves: Floats = self.X @ direction
        return np.where(self.sign == 0, moves, self.sign * moves)

    def total(self) -> Floats:
        """Return the sum of the helpful rows of X."""
        total: Floats = self.sign @ self.X
        return total

    def rows(self, which: Indices) -> Floats:
        """Return rows of X with their signs."""
        sign = self.sign[which]
        rows: Floats = self.X[which] * np.where(sign == 0, 1.0, sign)[:, None]
        return rows


@dataclass(frozen=True, eq=False)
class ClassCone:
    """K scores a row: that of the observed class must rise at least as much as any other.

    The inequality of row i and class j has number ``i K + j``; the one with j = y_i says 0 >= 0.
    """

    X: Floats
    codes: Indices
    classes: int
    free: Indices

    @property
    def size(self) -> int:
        """Number of coefficients."""
        return int(self.free.size * self.X.shape[1])

    @property
    def equal(self) -> npt.NDArray[np.bool_]:
        """No inequality is an equality."""
        return np.zeros(self.X.shape[0] * self.classes, dtype=np.bool_)

    def margins(self, direction: Floats) -> Floats:
        """Return how much more the observed class rises than each class."""
        moves = np.zeros((self.X.shape[0], self.classes))
        moves[:, self.free] = self.X @ direction.reshape(self.free.size, -1).T
        observed = moves[np.arange(moves.shape[0]), self.codes]
        return (observed[:, None] - moves).ravel()

    def total(self) -> Floats:
        """Return the sum of all inequalities: K for the observed class, -1 for each class."""
        onehot = np.zeros((self.X.shape[0], self.classes))
        onehot[np.arange(self.X.shape[0]), self.codes] = self.classes
        return ((onehot - 1.0)[:, self.free].T @ self.X).ravel()

    def rows(self, which: Indices) -> Floats:
        """Return x_i at the observed class and -x_i at the other."""
        i, other = np.divmod(which, self.classes)
        factors = np.zeros((which.size, self.classes))
        factors[np.arange(which.size), self.codes[i]] += 1.0
        factors[np.arange(which.size), other] -= 1.0
        return (factors[:, self.free, None] * self.X[i][:, None, :]).reshape(which.size, self.size)


def recession_direction(cone: Cone, held: npt.NDArray[np.bool_]) -> Floats | None:
    """Find a direction of the cone that some inequality gains from, or show that there is none.

    Parameters
    ----------
    cone : Cone
        Its columns should be scaled to a largest entry of about 1.
    held : ndarray of bool, shape (size,)
        Entries of the direction that must be 0 (coefficients under a proper prior).

    Returns
    -------
    ndarray or None
        A direction with few entries that are not 0, the largest in size 1.
    """
    total = cone.total()
    peak = np.abs(total).max(initial=0.0)
    if peak == 0.0 or held.all():
        return None
    gain = total / peak
    count = cone.equal.size
    some = np.unique(np.linspace(0, count - 1, min(count, 4 * cone.size + 64)).astype(np.intp))
    widest, active = _generate(cone, held, some, lambda rows: _most_gain(rows, gain, held))
    if widest is None:
        return None
    # Many directions may do, and the widest uses every coefficient. The one to show uses few.
    least = 0.1 * float(gain @ widest)
    sparse, _ = _generate(cone, held, active, lambda rows: _fewest(rows, gain, held, least))
    shown = widest if sparse is None else sparse
    shown = np.where(np.abs(shown) > 1e-7 * np.abs(shown).max(), shown, 0.0)
    unit: Floats = shown / np.abs(shown).max()
    return unit


def _generate(
    cone: Cone, held: npt.NDArray[np.bool_], active: Indices, program: Program
) -> tuple[Floats | None, Indices]:
    """Solve a program over a growing set of inequalities until all of them hold.

    Returns the direction, or None when no row gains, and the inequalities that were used.
    """
    equal = cone.equal
    batch = 2 * cone.size + 50
    for _ in range(ROUNDS):
        fixed = equal[active]
        direction = program((cone.rows(active[~fixed]), cone.rows(active[fixed])))
        if direction is None:
            return None, active
        margins = cone.margins(direction)
        if margins[~equal].max(initial=0.0) <= GAIN:
            return None, active
        violation = np.where(equal, np.abs(margins), -margins)
        violation[active] = 0.0  # these hold as well as the program can make them hold
        worst = np.argsort(violation)[::-1][:batch] if violation.size > batch else None
        worst = np.arange(violation.size) if worst is None else worst
        worst = worst[violation[worst] > SLACK]
        if not worst.size:
            return direction, active
        active = np.union1d(active, worst)
    return None, active


def _most_gain(
    rows: tuple[Floats, Floats], gain: Floats, held: npt.NDArray[np.bool_]
) -> Floats | None:
    """Return the direction in the box [-1, 1] that gains most."""
    at_least, fixed = rows
    box = np.where(held, 0.0, 1.0)
    return _minimise(-gain, at_least, np.zeros(at_least.shape[0]), fixed, -box, box)


def _fewest(
    rows: tuple[Floats, Floats], gain: Floats, held: npt.NDArray[np.bool_], least: float
) -> Floats | None:
    """Return the direction of smallest absolute sum that still gains ``least``."""
    # d = u - v with u, v >= 0: then the sum of sizes is linear.
    at_least, fixed = (np.hstack([part, -part]) for part in rows)
    at_least = np.vstack([at_least, np.concatenate([gain, -gain])])
    bounds = np.append(np.zeros(at_least.shape[0] - 1), least)
    box = np.tile(np.where(held, 0.0, 1.0), 2)
    split = _minimise(np.ones(box.size), at_least, bounds, fixed, np.zeros(box.size), box)
    return None if split is None else split[: gain.size] - split[gain.size :]


def _minimise(
    cost: Floats, rows: Floats, bounds: Floats, fixed: Floats, lower: Floats, upper: Floats
) -> Floats | None:
    """Minimise cost'd where rows d >= bounds and fixed d = 0, between lower and upper."""
    import scipy.optimize

    linprog: Any = scipy.optimize.linprog  # its annotations leave arrays of bounds out
    result = linprog(
        cost,
        A_ub=-rows if rows.size else None,
        b_ub=-bounds if rows.size else None,
        A_eq=fixed if fixed.size else None,
        b_eq=np.zeros(fixed.shape[0]) if fixed.size else None,
        bounds=np.column_stack([lower, upper]),
        method="highs",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    return np.asarray(result.x, dtype=np.float64) if result.status == 0 else None
