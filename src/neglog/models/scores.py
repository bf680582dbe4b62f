"""Which score model a family, a design and a prior ask for, where it starts, and what a prior decides in it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neglog._typing import Floats
from neglog.kernels import Kernel
from neglog.losses.declared import Declared
from neglog.models.priors import Prior, penalty
from neglog.models.start import starting_cutpoints, starting_raws, starting_scores
from neglog.objectives import Linear, LinearClasses, OrderedClasses, Penalty
from neglog.objectives.linear import ScoreModel
from neglog.objectives.pinned import Pinned
from neglog.symbolic.cutpoints import has_ends

__all__ = ["constant_name", "loose", "score_model", "slopes"]


def constant_name(link: str, parameter: str) -> str:
    """Return the name of the coefficient of a parameter that is constant over the rows: ``log(sigma)``."""
    return parameter if link == "identity" else f"{link}({parameter})"


def score_model(
    family: Declared[...],
    kernel: Kernel,
    X: Floats,
    names: tuple[str, ...],
    y: Floats,
    classes: tuple[str, ...],
    weights: Floats | None,
    prior: Prior,
) -> tuple[ScoreModel, tuple[Floats | None, ...], Floats]:
    """Return the score model, its designs and a starting point."""
    place = names.index("Intercept") if "Intercept" in names else None
    if kernel.shape == "classes":
        model, pinned = _class_model(classes, names, prior)
        start = np.zeros((len(model.free), len(names)))
        if place is not None:
            shares = starting_scores(y, weights, len(classes))
            start[:, place] = (shares - shares[0])[model.free]
        if pinned is None:
            return model, (X,), start.ravel()
        return Pinned(model, pinned), (X,), np.delete(start.ravel(), pinned)
    if has_ends(kernel.loss.density):
        return _ordered_model(kernel, X, names, y, classes, weights)
    density = family.density
    constants = [
        constant_name(density.parameter(name).link.name, name) for name in kernel.names[1:]
    ]
    raws = starting_raws(family, kernel, y, weights)
    theta = np.zeros(len(names) + len(constants))
    if place is not None:
        theta[place] = raws[0]
    theta[len(names) :] = raws[1:]
    model_map = Linear((names, *((constant,) for constant in constants)))
    return model_map, (X, *(None for _ in constants)), theta


def _ordered_model(
    kernel: Kernel,
    X: Floats,
    names: tuple[str, ...],
    y: Floats,
    classes: tuple[str, ...],
    weights: Floats | None,
) -> tuple[ScoreModel, tuple[Floats | None, ...], Floats]:
    """Return the scores of ordered classes, starting where the columns say nothing."""
    ends = tuple(name.rpartition("_")[2] for name in kernel.names[1:])
    model = OrderedClasses(classes, names, ends)
    cuts = starting_cutpoints(kernel, ends, y, weights, len(classes))
    return model, (X,), np.concatenate([np.zeros(len(names)), cuts])


def _class_model(
    classes: tuple[str, ...], names: tuple[str, ...], prior: Prior
) -> tuple[LinearClasses, int | None]:
    """Return the scores of classes, and the place of an intercept to hold at 0.

    All classes are free where a prior decides between equal shifts of all their coefficients, else the first is the
    reference. Where it says nothing of the intercepts alone, that of the first class is held.
    """
    free = LinearClasses(classes, names, None)
    own = [name != "Intercept" for name in names]
    if prior is None or not any(own):
        return LinearClasses(classes, names, 0), None
    covered = penalty(prior, free.names, slopes(free, names)).covered(len(free.names))
    decided = np.asarray(covered.reshape(len(classes), -1).any(axis=0), dtype=np.bool_)
    if not bool(decided[own].all()):
        return LinearClasses(classes, names, 0), None
    return free, None if bool(decided.all()) else names.index("Intercept")


def loose(scores: ScoreModel, pull: Penalty, p: int) -> NDArray[np.bool_]:
    """Say of each of the p columns of X whether some coefficient of it has no proper prior."""
    covered = pull.covered(len(scores.names)) > 0
    if isinstance(scores, Pinned):
        covered = np.insert(covered, scores.index, True)
        scores = scores.model
    own = covered.reshape(-1, p) if isinstance(scores, LinearClasses) else covered[None, :p]
    return np.asarray(~own.all(axis=0))


def slopes(scores: ScoreModel, names: tuple[str, ...]) -> list[bool]:
    """Say of every coefficient whether a bare prior acts on it."""
    own = [name != "Intercept" for name in names]
    if isinstance(scores, Pinned):
        full = slopes(scores.model, names)
        return full[: scores.index] + full[scores.index + 1 :]
    # By place, not by name: a class may be called "a:b".
    if isinstance(scores, LinearClasses):
        return own * scores.free.size
    return own + [False] * (len(scores.names) - len(names))
