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
from neglog.symbolic.cutpoints import cutpoints_of, ends_of, row_law
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
    known : mapping of str to ndarray, optional
        The fields of the target that are no outcome, such as the number of trials; see `given`.

    Raises
    ------
    SupportError
        If a value lies outside its parameter's support.
    """

    def __init__(
        self,
        family: Family[...],
        values: Mapping[str, ArrayLike],
        known: Mapping[str, Floats] | None = None,
    ) -> None:
        self.family = family
        self.known: dict[str, Floats] = dict(known or {})
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
        vectors = ("ClassVector", "Ordered")
        shapes = [
            self.values[p.name].shape[:-1]
            if p.support.kind in vectors
            else self.values[p.name].shape
            for p in self.family.density.parameters
        ]
        return np.broadcast_shapes(*shapes, *(value.shape for value in self.known.values()))

    def given(self, *, n: ArrayLike) -> Distribution:
        """Return the law of the number of successes when the number of trials is known.

        Parameters
        ----------
        n : array_like
            Trials, a whole number from 1 on or one for each observation.

        Returns
        -------
        Distribution
            Its outcomes are numbers, where those of the law itself are pairs of k and n.

        Examples
        --------
        >>> import neglog as nl
        >>> nl.Binomial(p=0.5).given(n=10).mean
        5.0
        """
        if self.family.target.kind != "CountOf":
            raise UsageError(f"A target of {self.family.name} is no count out of n: there is no n.")
        trials = np.asarray(n, dtype=np.float64)
        if not bool(np.all((trials >= 1) & (np.floor(trials) == trials) & (trials < np.inf))):
            raise SupportError(f"n of {self.family.name} is a whole number from 1 on; it is {n!r}.")
        return Distribution(self.family, self.values, {"n": trials})

    @property
    def probabilities(self) -> Floats:
        """The probabilities of the classes, [K] or [n, K], for targets that are labels."""
        if not self._classes:
            raise UsageError(f"A target of {self.family.name} is no label; see log_prob.")
        cuts = cutpoints_of(self.family.density)
        if cuts is None:
            return next(iter(self.values.values()))
        codes = range(self.values[cuts].shape[-1] + 1)
        return np.stack([np.exp(self.log_prob(np.full(self.shape, k))) for k in codes], axis=-1)

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
        density = self.family.density
        columns = density.columns((y, self.known["n"]) if self.known else y)
        arrays = np.broadcast_arrays(*(np.asarray(v, np.float64) for v in columns.values()))
        columns = dict(zip(columns, arrays, strict=True))
        target = arrays[0] if len(arrays) == 1 else np.stack(arrays, axis=-1)
        inside = density.support.contains(target)
        if density.support.kind == "Binary":
            inside &= (target == 0) | (
                target == 1
            )  # a distribution gives probabilities to outcomes, not to soft labels
        with np.errstate(all="ignore"):
            cuts = cutpoints_of(density)
            if cuts is not None:
                inside = inside & (target <= self.values[cuts].shape[-1])
                codes = np.where(inside, target, 0).astype(np.int64)
                found = ends_of(self.values[cuts], codes)
                ends = {f"{cuts}_{end}": value for end, value in found.items()}
                value = evaluate(
                    row_law(density).expression,
                    {**columns, **self.values, **ends},
                    numpy_meaning(),
                    numpy_number,
                )
            elif self._classes:
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
                    {**columns, **self.values},
                    numpy_meaning(),
                    numpy_number,
                )
        result = np.where(inside, value, -np.inf)
        return float(result) if result.ndim == 0 else result

    @property
    def _of_a_number(self) -> bool:
        """Whether the target is one number that was not always seen exactly: an interval of it, or an event's time."""
        return self.family.target.kind in ("Interval", "Event")

    def _scipy(self) -> Any:
        if self.family.target.fields and not self.known and not self._of_a_number:
            how = "say how many trials, .given(n=...)"
            raise UsageError(
                f"The outcomes of {self.family.name} are no single numbers: "
                f"{how if self.family.target.kind == 'CountOf' else 'there are only log-densities of it'}."
            )
        if self.family.law is None:
            return None
        whole = {name: value.astype(np.int64) for name, value in self.known.items()}
        return self.family.law.frozen({**self.values, **whole})

    def numeric(self) -> list[NumericLaw]:
        """Return one numerical law for each parameter setting, in row order."""
        density, number = self.family.density, self._of_a_number
        expression, meaning = careful(density.expression), numpy_meaning()
        given = {**self.values, **self.known}
        settings = [np.broadcast_to(v, self.shape).ravel() for v in given.values()]
        laws = []
        for row in zip(*settings, strict=True):
            values = dict(zip(given, row, strict=True))

            def log_density(y: Floats, values: dict[str, Any] = values) -> Floats:
                fields = [y, *(np.full(y.shape, values[name]) for name in self.known)]
                if number:  # seen exactly
                    fields.append(y if density.support.kind == "Interval" else np.ones(y.shape))
                columns = density.columns(tuple(fields) if len(fields) > 1 else y)
                value = evaluate(expression, {**values, **columns}, meaning, numpy_number)
                if self.known:  # beyond n there is nothing
                    return np.where(density.support.contains(np.stack(fields, -1)), value, -np.inf)
                return np.asarray(value)

            support = density.support.inner if density.support.inner else density.support
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
        """Return P(Y <= y); of a target known up to an interval, or of an event's time, that of the number itself.

        Raises
        ------
        UsageError
            For labels, which have no order.
        """
        if self._classes:
            require_ordered(self.family.name)
        if self.family.target.kind == "CountOf" and not self.known:
            k, n = self.family.density.columns(y).values()
            return self.given(n=n).cdf(k)
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
            p = self.probabilities
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
