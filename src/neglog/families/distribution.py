"""A family with values for its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from neglog._typing import Floats
from neglog.errors import SupportError, UsageError
from neglog.families.laws import NumericLaw, require_ordered
from neglog.losses.loss import careful
from neglog.symbolic.expression import evaluate
from neglog.symbolic.heads import numpy_meaning, numpy_number

if TYPE_CHECKING:
    from neglog.families.family import Family

__all__ = ["Distribution"]


class Distribution:
    """A law with its parameters: densities, probabilities, quantiles, samples.

    Parameters
    ----------
    family : Family
        The law.
    values : mapping of str to array_like
        A value for every parameter: a number, or an array [n] with one for each observation. A class vector is [K] or
        [n, K].

    Raises
    ------
    SupportError
        If a value lies outside its parameter's support.
    """

    def __init__(self, family: Family[...], values: Mapping[str, ArrayLike]) -> None:
        self.family = family
        self.values: dict[str, Floats] = {}
        for parameter in family.density.parameters:
            value = values[parameter.name]
            try:
                array = np.asarray(value, dtype=np.float64)
            except (TypeError, ValueError):
                raise UsageError(
                    f"{parameter.name} of {family.name} is {value!r}; numbers are wanted."
                ) from None
            inside = parameter.support.contains(array)
            if not bool(np.all(inside)):
                where = np.argwhere(~np.atleast_1d(inside))[0]
                bad = float(np.atleast_1d(array)[tuple(where)])
                raise SupportError(
                    f"{parameter.name} of {family.name} must be {parameter.support.sentence}; it is {bad:g}."
                )
            if parameter.support.kind == "ClassVector" and not np.allclose(
                array.sum(axis=-1), 1.0, rtol=0, atol=1e-8
            ):
                total = float(np.ravel(array.sum(axis=-1))[0])
                raise SupportError(
                    f"{parameter.name} of {family.name} must sum to 1 over the classes; it sums to {total:g}."
                )
            self.values[parameter.name] = array

    @property
    def _classes(self) -> bool:
        return self.family.target.kind == "Label"

    @property
    def shape(self) -> tuple[int, ...]:
        """The common shape of the parameters: ``()`` for one law, ``(n,)`` for one a row."""
        shapes = [v.shape[:-1] if self._classes else v.shape for v in self.values.values()]
        return np.broadcast_shapes(*shapes)

    def log_prob(self, y: ArrayLike) -> Any:
        """Return the log-density (or log-probability) at `y`, in nats.

        Parameters
        ----------
        y : array_like
            Targets; broadcast against the parameters.

        Returns
        -------
        float or ndarray
            ``-inf`` outside the support.
        """
        target = np.asarray(y, dtype=np.float64)
        density = self.family.density
        inside = density.support.contains(target)
        if density.support.kind == "Binary":
            inside &= (target == 0) | (
                target == 1
            )  # a distribution gives probabilities to outcomes, not to soft labels
        with np.errstate(all="ignore"):
            if self._classes:
                p = next(iter(self.values.values()))
                inside = inside & (target < p.shape[-1])
                codes = np.where(inside, target, 0).astype(np.int64)
                shape = np.broadcast_shapes(p.shape[:-1], codes.shape)
                chosen = np.take_along_axis(
                    np.broadcast_to(p, (*shape, p.shape[-1])),
                    np.broadcast_to(codes, shape)[..., None],
                    axis=-1,
                )
                value = np.log(chosen[..., 0])
            else:
                value = evaluate(
                    careful(density.expression),
                    {density.target: target, **self.values},
                    numpy_meaning(),
                    numpy_number,
                )
        result = np.where(inside, value, -np.inf)
        return float(result) if result.ndim == 0 else result

    def _scipy(self) -> Any:
        return None if self.family.law is None else self.family.law.frozen(self.values)

    def numeric(self) -> list[NumericLaw]:
        """Return one numerical law for each parameter setting, in row order."""
        density = self.family.density
        expression, meaning = careful(density.expression), numpy_meaning()
        settings = [np.broadcast_to(v, self.shape).ravel() for v in self.values.values()]
        laws = []
        for row in zip(*settings, strict=True):
            values = dict(zip(self.values, row, strict=True))

            def log_density(y: Floats, values: dict[str, Any] = values) -> Floats:
                return np.asarray(
                    evaluate(expression, {**values, density.target: y}, meaning, numpy_number)
                )

            support = density.support
            atom = support.atoms[0] if support.atoms else None
            laws.append(NumericLaw(log_density, support.bounds, support.discrete, atom))
        return laws

    def _each(self, method: str, argument: ArrayLike) -> Any:
        """Apply a method of the numerical laws, broadcasting its argument against the parameters."""
        given = np.asarray(argument, dtype=np.float64)
        laws = self.numeric()
        if len(laws) == 1:
            result = getattr(laws[0], method)(given.ravel()).reshape(
                np.broadcast_shapes(self.shape, given.shape)
            )
        else:
            shape = np.broadcast_shapes(self.shape, given.shape)
            which = np.broadcast_to(np.arange(len(laws)).reshape(self.shape), shape).ravel()
            wanted, result = np.broadcast_to(given, shape).ravel(), np.empty(int(np.prod(shape)))
            for index, law in enumerate(laws):
                own = which == index
                result[own] = getattr(law, method)(wanted[own])
            result = result.reshape(shape)
        return _plain(result)

    def cdf(self, y: ArrayLike) -> Any:
        """Return P(Y <= y).

        Raises
        ------
        UsageError
            For labels, which have no order.
        """
        if self._classes:
            require_ordered(self.family.name)
        law = self._scipy()
        return _plain(law.cdf(y)) if law is not None else self._each("cdf", y)

    def quantile(self, q: ArrayLike) -> Any:
        """Return the smallest y with P(Y <= y) >= q.

        Raises
        ------
        UsageError
            For labels, which have no order, and for q outside [0, 1].
        """
        if self._classes:
            require_ordered(self.family.name)
        levels = np.asarray(q, dtype=np.float64)
        if not bool(np.all((levels >= 0) & (levels <= 1))):
            raise UsageError(f"A quantile level lies from 0 to 1; {q!r} does not.")
        law = self._scipy()
        return _plain(law.ppf(levels)) if law is not None else self._each("quantile", levels)

    def sample(self, size: int | tuple[int, ...] | None = None, seed: int | None = None) -> Any:
        """Draw from the law.

        Parameters
        ----------
        size : int or tuple of int, optional
            Shape of the result; the shape of the parameters by default.
        seed : int, optional
            For the same draw again.

        Returns
        -------
        float or ndarray
            Draws; class numbers for labels.
        """
        random = np.random.default_rng(seed)
        shape = self.shape if size is None else (size,) if isinstance(size, int) else tuple(size)
        if self._classes:
            p = next(iter(self.values.values()))
            cumulative = np.cumsum(np.broadcast_to(p, (*shape, p.shape[-1])), axis=-1)
            drawn = (random.random((*shape, 1)) > cumulative[..., :-1]).sum(axis=-1)
            return int(drawn) if drawn.ndim == 0 else drawn
        law = self._scipy()
        if law is not None:
            return _plain(law.rvs(size=shape or None, random_state=random))
        return self._each("quantile", random.random(shape))

    @property
    def mean(self) -> Any:
        """The expected value."""
        if self._classes:
            require_ordered(self.family.name)
        law = self._scipy()
        if law is not None:
            return _plain(np.broadcast_to(law.mean(), self.shape))
        result = np.array([law.moment(lambda y: y) for law in self.numeric()]).reshape(self.shape)
        return _plain(result)

    @property
    def variance(self) -> Any:
        """The expected squared distance from the mean."""
        if self._classes:
            require_ordered(self.family.name)
        law = self._scipy()
        if law is not None:
            return _plain(np.broadcast_to(law.var(), self.shape))
        values = []
        for numeric in self.numeric():
            centre = numeric.moment(lambda y: y)
            values.append(numeric.moment(partial(_squared_distance, centre)))
        return _plain(np.array(values).reshape(self.shape))

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{name}={np.array2string(value, precision=4, threshold=6)}"
            for name, value in self.values.items()
        )
        return f"{self.family.name}({shown})"


def _squared_distance(centre: float, y: Floats) -> Floats:
    return (y - centre) ** 2


def _plain(value: Any) -> Any:
    array = np.asarray(value)
    return array.item() if array.ndim == 0 else array
