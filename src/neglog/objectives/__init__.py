"""Objectives: the function of theta that a data set, a loss and a prior make together.

`objective` is what a solver sees; `likelihood` puts it together from `rows` (data, in chunks and
blocks), `linear`, `classes` or `ordered` (how raw predictions depend on theta), a kernel (`kernel` says what
is asked of it) and `penalty`. `every_class` makes the rows whose information is the expected one of ordered classes.
`rank`, `recession` and `unbounded` explain why an optimum may not exist.
"""

from neglog.objectives.classes import LinearClasses
from neglog.objectives.kernel import RowKernel
from neglog.objectives.kinked import KinkedObjective, Resting
from neglog.objectives.likelihood import LikelihoodObjective
from neglog.objectives.linear import Linear
from neglog.objectives.objective import Curvature, DenseCurvature, Evaluation, Objective
from neglog.objectives.ordered import OrderedClasses
from neglog.objectives.penalty import (
    DensityPenalty,
    Flat,
    Kinks,
    Law,
    NormalPrior,
    Penalty,
    RoundedPenalty,
)
from neglog.objectives.rank import Dependence, dependences
from neglog.objectives.recession import Recession, centres_of, collapse, separation, suspicious
from neglog.objectives.rows import Rows
from neglog.objectives.unbounded import Unbounded, unbounded

__all__ = [
    "Curvature",
    "DenseCurvature",
    "DensityPenalty",
    "Dependence",
    "Evaluation",
    "Flat",
    "KinkedObjective",
    "Kinks",
    "Law",
    "LikelihoodObjective",
    "Linear",
    "LinearClasses",
    "NormalPrior",
    "Objective",
    "OrderedClasses",
    "Penalty",
    "Recession",
    "Resting",
    "RoundedPenalty",
    "RowKernel",
    "Rows",
    "Unbounded",
    "centres_of",
    "collapse",
    "dependences",
    "separation",
    "suspicious",
    "unbounded",
]
