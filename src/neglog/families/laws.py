"""Where cdf, quantiles, samples and moments come from.

A `Peer` names another library's distribution and says, as text, how our parameters become its arguments. `ScipyLaw` is
the peer that computes for us. `NumericLaw` serves every other density: it integrates, inverts and sums the density
itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from neglog._typing import Floats
from neglog.errors import UsageError
from neglog.symbolic.expression import evaluate
from neglog.symbolic.heads import numpy_meaning, numpy_number
from neglog.symbolic.text import parse

__all__ = ["NumericLaw", "Peer", "ScipyLaw"]


@dataclass(frozen=True)
class Peer:
    """How another library writes a law, as data.

    Attributes
    ----------
    name : str
        Its name there: ``"torch.distributions.Gamma"``.
    arguments : mapping of str to str
        Its argument -> expression of our parameters: ``{"concentration": "shape", "rate": "shape/mu"}``.
    note : str
        What else differs, such as another default link.
    """

    name: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    @property
    def library(self) -> str:
        """The library: the part of the name before the first dot."""
        return self.name.split(".")[0]

    def convert(self, **values: Any) -> dict[str, Any]:
        """Return its arguments for values of our parameters: ``peer.convert(mu=2.0, shape=3.0)``."""
        return {
            name: evaluate(parse(text, set(values)), values, numpy_meaning(), numpy_number)
            for name, text in self.arguments.items()
        }


@dataclass(frozen=True)
class ScipyLaw(Peer):
    """A law of ``scipy.stats``: ``ScipyLaw("norm", {"loc": "mu", "scale": "sigma"})``."""

    @property
    def library(self) -> str:
        """SciPy."""
        return "scipy"

    def frozen(self, values: Mapping[str, Any]) -> Any:
        """Return SciPy's distribution for these parameter values."""
        import scipy.stats

        return getattr(scipy.stats, self.name)(**self.convert(**values))


class NumericLaw:
    """A law known by its log-density alone, for one setting of the parameters.

    The support is mapped to the whole line (log, logit), centred on the mode and stretched by sinh, so that panels of
    equal width resolve the peak and reach far into both tails. Gauss-Legendre nodes on the panels give probabilities,
    quantiles (Newton steps inside a panel) and moments from one table.

    Parameters
    ----------
    log_density : callable
        Targets [m] -> log-densities [m].
    bounds : tuple of float
        End points of the support.
    discrete : bool
        Whether the density is a probability of whole numbers.
    atom : float, optional
        The lower end point, where it has a probability of its own: there `log_density` gives that.
    """

    _PANELS, _NODES, _REACH = 320, 16, 32.0

    def __init__(
        self,
        log_density: Callable[[Floats], Floats],
        bounds: tuple[float, float],
        discrete: bool,
        atom: float | None = None,
    ) -> None:
        self.log_density = log_density
        self.bounds = bounds
        self.discrete = discrete
        self.atom = atom

    def _density(self, y: Floats) -> Floats:
        with np.errstate(all="ignore"):
            value = np.exp(np.asarray(self.log_density(y), dtype=np.float64))
        return np.where(np.isfinite(value), value, 0.0)

    @cached_property
    def _mass(self) -> float:
        """The probability of the atom."""
        return 0.0 if self.atom is None else float(self._density(np.array([self.atom]))[0])

    def _to_support(self, z: Floats) -> tuple[Floats, Floats]:
        """Return y(z) and dy/dz."""
        low, high = self.bounds
        with np.errstate(all="ignore"):
            if np.isinf(low) and np.isinf(high):
                return z, np.ones_like(z)
            if np.isinf(high):
                return low + np.exp(z), np.exp(z)
            if np.isinf(low):
                return high - np.exp(-z), np.exp(-z)
            share = 1 / (1 + np.exp(-z))
            return low + (high - low) * share, (high - low) * share * (1 - share)

    def _from_support(self, y: Floats) -> Floats:
        low, high = self.bounds
        with np.errstate(all="ignore"):
            if np.isinf(low) and np.isinf(high):
                return y
            if np.isinf(high):
                return np.log(y - low)
            if np.isinf(low):
                return -np.log(high - y)
            share = (y - low) / (high - low)
            return np.log(share) - np.log1p(-share)

    @cached_property
    def _peak(self) -> tuple[float, float]:
        """Centre and width, in z, of the bulk of the law."""
        side = np.sinh(np.linspace(0, 12 if np.isinf(self.bounds).all() else 7, 400)[1:])
        z = np.concatenate([-side[::-1], [0.0], side])
        for _ in range(6):
            height = self._height(z)
            best = int(np.argmax(height))
            centre = z[best]
            near = z[height > height[best] - 1.0]
            width = max(
                float(near.max() - near.min()),
                float(z[min(best + 1, len(z) - 1)] - z[max(best - 1, 0)]),
            )
            z = centre + width * np.linspace(-1.5, 1.5, 401)
        span = width / 100
        while span > 1e-15 * max(
            abs(centre), width
        ):  # a kink at the mode lies on the edge of a panel
            z = centre + span * np.linspace(-1, 1, 201)
            centre = z[int(np.argmax(self._height(z)))]
            span /= 50
        return float(centre), width / 2

    def _height(self, z: Floats) -> Floats:
        y, slope = self._to_support(z)
        with np.errstate(all="ignore"):
            height = np.asarray(self.log_density(y), dtype=np.float64) + np.log(slope)
        beyond = (y <= self.bounds[0]) | (
            y >= self.bounds[1]
        )  # rounded to an end point, or past it
        return np.where(np.isfinite(height) & ~beyond, height, -np.inf)

    def _at(self, t: Floats) -> tuple[Floats, Floats]:
        """Return y(t) and the density of t."""
        centre, width = self._peak
        y, slope = self._to_support(centre + width * np.sinh(t))
        with np.errstate(all="ignore"):
            mass = self._density(y) * slope * width * np.cosh(t)
        # Where y is rounded to the atom the density is that of the atom, and no density.
        atomic = False if self.atom is None else y == self.atom
        return y, np.where(np.isfinite(mass) & ~np.asarray(atomic), mass, 0.0)

    @cached_property
    def _rule(self) -> tuple[Floats, Floats]:
        nodes, weights = np.polynomial.legendre.leggauss(self._NODES)
        return (nodes + 1) / 2, weights / 2

    @cached_property
    def _table(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Panel edges, probability below each edge, and all nodes with their masses."""
        edges = np.linspace(-self._REACH, self._REACH, self._PANELS + 1)
        nodes, weights = self._rule
        width = edges[1] - edges[0]
        y, mass = self._at(edges[:-1, None] + width * nodes)
        masses = mass * weights * width
        below = self._mass + np.concatenate([[0.0], np.cumsum(masses.sum(axis=1))])
        return edges, below, y, masses

    @cached_property
    def _first(self) -> float:
        """The least whole number of a discrete law."""
        return float(np.ceil(max(self.bounds[0], 0.0)))

    @cached_property
    def _cumulative(self) -> Floats:
        """P(Y <= k) of a discrete law, k from the first, as far as it differs from 1."""
        size, most = 64, self.bounds[1] - self._first + 1
        while True:
            k = self._first + np.arange(min(size, most), dtype=np.float64)
            density = self._density(k)
            total = np.cumsum(density)
            # Rounding may keep the sum from 1: then what is left shows in the last term.
            gone = total[-1] > 0.99 and density[-1] * len(k) < 1e-16
            if gone or total[-1] > 1 - 1e-14 or size > min(10**7, most):
                return total
            size *= 4

    def _below(self, t: Floats) -> Floats:
        """Return the probability below y(t)."""
        edges, below, _, _ = self._table
        panel = np.clip(np.searchsorted(edges, t, side="right") - 1, 0, self._PANELS - 1)
        nodes, weights = self._rule
        span = t - edges[panel]
        _, mass = self._at(edges[panel][:, None] + span[:, None] * nodes)
        return np.asarray(below[panel] + (mass * weights).sum(axis=1) * span)

    def cdf(self, y: Floats) -> Floats:
        """Return P(Y <= y) of targets [m]."""
        low, high = self.bounds
        if self.discrete:
            place = np.clip(np.floor(y) - self._first, -1, len(self._cumulative) - 1)
            return np.where(place < 0, 0.0, self._cumulative[place.astype(np.int64)])
        centre, width = self._peak
        middle = 0.0 if np.isinf([low, high]).all() else self._to_support(np.array([0.0]))[0][0]
        inside = np.where((y > low) & (y < high), y, middle)
        t = np.clip(
            np.arcsinh((self._from_support(inside) - centre) / width), -self._REACH, self._REACH
        )
        beyond = np.where(y >= high, 1.0, np.minimum(self._below(t), 1.0))
        return np.where(y < low, 0.0, np.where(y == low, self._mass, beyond))

    def quantile(self, q: Floats) -> Floats:
        """Return the smallest y with P(Y <= y) >= q, of levels [m]."""
        if self.discrete:
            found = self._first + np.searchsorted(self._cumulative, q, side="left")
            return np.where(q >= 1, self.bounds[1], np.minimum(found, self.bounds[1]))
        edges, below, _, _ = self._table
        panel = np.clip(np.searchsorted(below, q, side="right") - 1, 0, self._PANELS - 1)
        left, right = edges[panel], edges[panel + 1]
        t = (left + right) / 2
        moving = np.flatnonzero(q > self._mass)  # only levels not yet found: a density may be slow
        for _ in range(60):
            at, level = t[moving], q[moving]
            excess = self._below(at) - level
            low_end = np.where(excess < 0, at, left[moving])
            high_end = np.where(excess < 0, right[moving], at)
            _, mass = self._at(at)
            with np.errstate(all="ignore"):
                newton = at - excess / mass
            middle = (low_end + high_end) / 2
            following = np.where((newton > low_end) & (newton < high_end), newton, middle)
            left[moving], right[moving], t[moving] = low_end, high_end, following
            moving = moving[np.abs(following - at) > 1e-15 * np.maximum(np.abs(at), 1)]
            if moving.size == 0:
                break
        y, _ = self._at(t)
        low, high = self.bounds
        return np.where(q <= self._mass, low, np.where(q >= 1, high, y))

    def moment(self, function: Callable[[Floats], Floats]) -> float:
        """Return E[function(Y)]."""
        if self.discrete:
            k = self._first + np.arange(len(self._cumulative), dtype=np.float64)
            return float(np.sum(self._density(k) * function(k)))
        _, _, y, masses = self._table
        with np.errstate(all="ignore"):
            terms = masses * function(y)
        atom = 0.0 if self.atom is None else self._mass * float(function(np.array([self.atom]))[0])
        return atom + float(np.sum(terms[masses > 0]))


def require_ordered(name: str) -> None:
    """Refuse what needs an order of the values, for labels."""
    raise UsageError(
        f"The classes of {name} have no order: there is no cdf, quantile, mean or variance; see .values['p']."
    )
