"""Where a target or a parameter lives: membership, words for it, the default link, points to test with.

``y=nl.Positive()`` declares a target, ``mu=nl.Positive(link="log")`` a parameter. A support is plain data; the checks
of a derivation draw their points from it, a fit validates the target with it, SymPy's assumptions come from it.

A target may have *fields*, one column each: ``nl.CountOf()`` has k and n, and a density of it is written with ``y.k``
and ``y.n``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from neglog.errors import DensityError, UsageError, nearest
from neglog.symbolic.links import Link, link_named

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "FAR",
    "SUPPORTS",
    "Between",
    "Binary",
    "ClassVector",
    "Count",
    "CountOf",
    "Counts",
    "Event",
    "Hyper",
    "Interval",
    "Label",
    "NonNegative",
    "Ordered",
    "Positive",
    "Real",
    "RealVector",
    "Support",
    "UnitInterval",
    "ZeroOrPositive",
]


@dataclass(frozen=True, slots=True)
class Support:
    """A set of values.

    Attributes
    ----------
    kind : str
        The name of the set, as in `SUPPORTS`.
    link : str
        Link of a parameter that lives here, by its text; a target ignores it.
    classes : str
        Name of the number of classes, for labels and class vectors; of cutpoints their number, ``"K-1"``.
    limits : tuple of float or None
        End points of a narrower set: those of `Between`, or what `within` was told.
    inner : Support or None
        Of an interval: where the quantity lives that is known only up to the interval; of an event, the time, where
        that is not positive.
    size : int
        Number of components of a vector.
    """

    kind: str
    link: str = "identity"
    classes: str = ""
    limits: tuple[float, float] | None = None
    inner: Support | None = None
    size: int = 0

    @property
    def sentence(self) -> str:
        """What belongs to the set, in words that end an error message."""
        text = _FACTS[self.kind].sentence
        if self.kind == "Between":
            return text.format(*self.bounds)
        if self.kind == "RealVector":
            return text.format(self.size)
        if self.kind in ("Interval", "Event") and self.inner is not None:
            return f"{text} (of {self.inner.sentence})"
        if self.limits is None:
            return text
        low, high = self.limits
        if high == _INF:
            return f"{text}, not below {low:g}"
        return f"{text}, " + (
            f"not above {high:g}" if low == -_INF else f"from {low:g} to {high:g}"
        )

    @property
    def discrete(self) -> bool:
        """Whether the density of a target that lives here sums, rather than integrates, to 1."""
        return _FACTS[self.kind].discrete

    @property
    def whole(self) -> bool:
        """Whether only whole numbers belong to the set."""
        return _FACTS[self.kind].whole

    @property
    def atoms(self) -> tuple[float, ...]:
        """The values that have a probability of their own beside a density."""
        return (0.0,) if self.kind == "ZeroOrPositive" else ()

    @property
    def bounds(self) -> tuple[float, float]:
        """The end points of the set on the real line."""
        low, high = _FACTS[self.kind].bounds
        if self.limits is None:
            return low, high
        return max(low, self.limits[0]), min(high, self.limits[1])

    @property
    def assumptions(self) -> dict[str, bool]:
        """What SymPy may assume of a symbol that lives here."""
        facts = dict(_FACTS[self.kind].assumptions)
        if self.limits is not None and self.limits[0] > 0:
            return {"positive": True}
        return facts

    @property
    def fields(self) -> tuple[tuple[str, Support], ...]:
        """The columns of a target that is more than one number, each with where it lives; else none."""
        if self.kind == "Interval":
            inner = self.inner or Support("Real")
            return (("lower", inner), ("upper", inner))
        if self.kind == "Event" and self.inner is not None:
            return (("time", self.inner), ("event", Support("Binary")))
        if self.kind == "RealVector":
            return tuple((str(i), Support("Real")) for i in range(self.size))
        return _FIELDS.get(self.kind, ())

    def contains(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        """Return elementwise whether `values` belong to the set (NaN does not).

        Binary and UnitInterval accept anything from 0 to 1: a soft label is a probability. The last axis of what is
        asked of a set with fields is the fields, of a vector the components.
        """
        if self.kind == "Interval":
            return _is_interval(values, self.inner or Support("Real"))
        if self.kind == "Event":
            return _is_event(values, self.inner or Support("Positive"))
        inside = _FACTS[self.kind].contains(values)
        if self.limits is None:
            return inside
        low, high = self.limits
        if self.kind == "Between":
            return inside & (values > low) & (values < high)
        return inside & (values >= low) & (values <= high)

    def points(self, random: np.random.Generator, size: int) -> NDArray[np.float64]:
        """Draw values over the whole set, small and large, for numerical checks; [size, m] where it has m fields."""
        if self.kind == "Interval":
            return _intervals(random, size, self.inner or Support("Real"))
        if self.kind == "Event" and self.inner is not None:
            return _columns(self.inner.points(random, size), random.integers(0, 2, size))
        if self.kind == "RealVector":
            return _wide_real(random, size * self.size).reshape(size, self.size)
        drawn = _FACTS[self.kind].points(random, size)
        return drawn if self.limits is None else _moved_inside(drawn, self, random)

    def typical(self, y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any] | None]:
        """Return a number of the target's scale for each row, and how much each counts.

        Parameters
        ----------
        y : ndarray of shape (n,), or (n, m) where the set has m fields
            Targets inside the set.

        Returns
        -------
        tuple of ndarray [n] and (ndarray [n] or None)
            The number itself; of an interval its middle or its finite end, of an event its time, of k of n the share
            k/n, which counts n times; of a vector its mean.
        """
        if y.ndim == 1:
            return y, None
        if self.kind == "CountOf":
            return y[:, 0] / y[:, 1], y[:, 1]
        if self.kind == "Event":
            return y[:, 0], None
        if self.kind == "Interval":
            return _middles(y, self.inner or Support("Real")), None
        return y.mean(axis=1), None

    def within(self, low: float = -float("inf"), high: float = float("inf")) -> Support:
        """Return the part of the set from `low` to `high`, both included: where a truncated target lives.

        Raises
        ------
        UsageError
            If the set is not one of numbers, or nothing is left of it.
        """
        if self.fields or self.kind in _NO_NUMBERS:
            raise UsageError(
                f"{self} is no set of numbers that could be cut off at {low} and {high}."
            )
        if self.limits is not None:
            low, high = max(low, self.limits[0]), min(high, self.limits[1])
        narrowed = replace(self, limits=(float(low), float(high)))
        least, most = narrowed.bounds
        if not least < most and not (self.whole and least == most):
            raise UsageError(f"Nothing of {self} lies from {low:g} to {high:g}.")
        return narrowed

    def to_json(self) -> dict[str, Any]:
        """Return the set as plain data; infinite end points are None."""
        data: dict[str, Any] = {"support": self.kind, "link": self.link, "classes": self.classes}
        if self.limits is not None:
            data["limits"] = [None if abs(end) == _INF else end for end in self.limits]
        if self.inner is not None:
            data["inner"] = self.inner.to_json()
        if self.size:
            data["size"] = self.size
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Support:
        """Read what `to_json` wrote.

        Raises
        ------
        DensityError
            If there is no such set.
        """
        kind = str(data["support"])
        if kind not in SUPPORTS:
            raise DensityError(f"There is no support called '{kind}'. {nearest(kind, SUPPORTS)}")
        limits = data.get("limits")
        inner = data.get("inner")
        return cls(
            kind,
            str(data.get("link", "identity")),
            str(data["classes"]),
            None
            if limits is None
            else (
                -_INF if limits[0] is None else float(limits[0]),
                _INF if limits[1] is None else float(limits[1]),
            ),
            None if inner is None else cls.from_json(inner),
            int(data.get("size", 0)),
        )

    def __str__(self) -> str:
        inside = [repr(self.classes)] if self.classes else []
        if self.kind == "Between":
            inside += [f"{end:g}" for end in self.bounds]
        if self.inner is not None and (self.inner.kind != "Real" or self.kind == "Event"):
            inside.append(str(self.inner))
        if self.size:
            inside.append(str(self.size))
        narrowed = ""
        if self.limits is not None and self.kind != "Between":
            narrowed = f".within({self.limits[0]:g}, {self.limits[1]:g})"
        return f"{self.kind}({', '.join(inside)}){narrowed}"


@dataclass(frozen=True, slots=True)
class Hyper:
    """A parameter that is neither modelled nor estimated: a number that whoever uses the loss chooses.

    The level of a quantile, the gamma of the focal loss: ``tau=nl.Hyper(nl.UnitInterval())``.

    Attributes
    ----------
    support : Support
        Where it lives.
    default : float or None
        Its value unless it is given one with ``.fix(tau=0.9)``.
    """

    support: Support
    default: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.support, Support):
            raise UsageError(
                f"nl.Hyper wants the set of its values, nl.Hyper(nl.Positive()), not {self.support!r}."
            )
        import numpy as np

        if self.default is not None and not bool(
            self.support.contains(np.asarray(float(self.default)))
        ):
            raise UsageError(
                f"The default {self.default} of nl.Hyper is not {self.support.sentence}."
            )


@dataclass(frozen=True, slots=True)
class _Facts:
    sentence: str
    discrete: bool
    bounds: tuple[float, float]
    assumptions: dict[str, bool]
    contains: Callable[[NDArray[Any]], NDArray[np.bool_]]
    points: Callable[[np.random.Generator, int], NDArray[np.float64]]
    whole: bool = False


_INF = float("inf")

FAR = 1e30
"""An end of a class that is not there: beyond it no law has a probability that float64 notices; float32 holds it."""


def _whole(values: NDArray[Any]) -> NDArray[np.bool_]:
    import numpy as np

    return np.asarray(np.isfinite(values) & (values >= 0) & (np.floor(values) == values))


def _finite(
    values: NDArray[Any], low: float, high: float, open_below: bool = False
) -> NDArray[np.bool_]:
    import numpy as np

    above = values > low if open_below else values >= low
    return np.asarray(np.isfinite(values) & above & (values <= high))


def _wide_positive(random: np.random.Generator, size: int) -> NDArray[np.float64]:
    import numpy as np

    return np.exp(random.choice([0.5, 3.0, 10.0], size) * random.normal(size=size))


def _with_zeros(random: np.random.Generator, size: int) -> NDArray[np.float64]:
    import numpy as np

    return np.where(random.random(size) < 0.2, 0.0, _wide_positive(random, size))


def _increasing(values: NDArray[Any]) -> NDArray[np.bool_]:
    import numpy as np

    finite = np.asarray(np.isfinite(values).all(axis=-1))
    with np.errstate(invalid="ignore"):
        return finite & np.asarray((np.diff(values, axis=-1) > 0).all(axis=-1))


def _is_interval(values: NDArray[Any], inner: Support) -> NDArray[np.bool_]:
    """Return which pairs are intervals: in order, each end in the inner set or a bound of it."""
    import numpy as np

    lower, upper = values[..., 0], values[..., 1]
    low, high = inner.bounds
    # An end point of the set, included or not, bounds an interval as well as a point of it.
    below = inner.contains(lower) | (lower == low) | (lower == -_INF)
    above = inner.contains(upper) | (upper == high) | (upper == _INF)
    exact = (lower == upper) & ~inner.contains(lower)
    return np.asarray(below & above & (lower <= upper) & ~exact)


def _intervals(random: np.random.Generator, size: int, inner: Support) -> NDArray[np.float64]:
    """Draw intervals: bounded, open on either side, and exact observations."""
    import numpy as np

    ends = np.sort(np.stack([inner.points(random, size) for _ in range(2)], axis=1), axis=1)
    kind = random.integers(0, 4, size)
    ends[kind == 1, 1] = _INF
    ends[kind == 2, 0] = inner.bounds[0]
    ends[kind == 3, 1] = ends[kind == 3, 0]
    return ends


def _middles(y: NDArray[Any], inner: Support) -> NDArray[np.float64]:
    """Return the middle of intervals with two ends, the end of those with one."""
    import numpy as np

    lower, upper = y.T
    low, high = inner.bounds
    from_below, from_above = np.isfinite(lower) & (lower > low), np.isfinite(upper) & (upper < high)
    with np.errstate(invalid="ignore"):
        middle = lower + (upper - lower) / 2
    return np.asarray(
        np.where(from_below & from_above, middle, np.where(from_above, upper, lower)), np.float64
    )


def _moved_inside(
    drawn: NDArray[np.float64], support: Support, random: np.random.Generator
) -> NDArray[np.float64]:
    """Keep the points of a narrower set and put others in their place."""
    import numpy as np

    low, high = support.bounds
    if np.isfinite(low) and np.isfinite(high):
        fresh = low + (high - low) * random.beta(0.7, 0.7, drawn.shape)
    elif np.isfinite(low):
        fresh = low + _wide_positive(random, drawn.size).reshape(drawn.shape)
    elif np.isfinite(high):
        fresh = high - _wide_positive(random, drawn.size).reshape(drawn.shape)
    else:
        fresh = drawn
    if support.whole:
        fresh = np.clip(np.round(np.clip(fresh, -1e6, 1e6)), low, high)
    return np.where(support.contains(drawn), drawn, fresh)


def _k_of_n(values: NDArray[Any]) -> NDArray[np.bool_]:
    import numpy as np

    k, n = values[..., 0], values[..., 1]
    return np.asarray(_whole(k) & _whole(n) & (n >= 1) & (k <= n))


def _is_event(values: NDArray[Any], of: Support) -> NDArray[np.bool_]:
    import numpy as np

    time, event = values[..., 0], values[..., 1]
    return np.asarray(of.contains(time) & ((event == 0) | (event == 1)))


def _are_counts(values: NDArray[Any]) -> NDArray[np.bool_]:
    import numpy as np

    return np.asarray(_whole(values).all(axis=-1) & (values > 0).any(axis=-1))


def _some_counts(random: np.random.Generator, size: int) -> NDArray[np.float64]:
    import numpy as np

    mean = random.choice([0.5, 20.0], (size, 1))
    return np.asarray(1.0 + random.poisson(mean, (size, 3)), dtype=np.float64)


def _all_finite(values: NDArray[Any]) -> NDArray[np.bool_]:
    import numpy as np

    return np.asarray(np.isfinite(values).all(axis=-1))


def _columns(*columns: NDArray[Any]) -> NDArray[np.float64]:
    import numpy as np

    return np.stack([np.asarray(column, dtype=np.float64) for column in columns], axis=1)


def _some_of(random: np.random.Generator, size: int) -> NDArray[np.float64]:
    import numpy as np

    n = random.choice([1.0, 2.0, 5.0, 40.0, 1e4], size)
    share = random.choice([0.0, 0.3, 0.9, 1.0], size)
    return _columns(np.floor(share * n), n)


def _wide_real(random: np.random.Generator, size: int) -> NDArray[np.float64]:
    return random.choice([0.3, 2.0, 30.0], size) * random.normal(size=size)


def _ends(random: np.random.Generator, size: int) -> NDArray[np.float64]:
    """Draw cutpoints, near and far, and ends that are not there."""
    import numpy as np

    drawn = _wide_real(random, size)
    return np.where(random.random(size) < 0.15, np.copysign(FAR, drawn), drawn)


def _gaps(random: np.random.Generator, size: int) -> NDArray[np.float64]:
    """Draw gaps from narrow to endless."""
    import numpy as np

    drawn = np.exp(random.choice([1.0, 3.0, 12.0], size) * random.normal(size=size))
    return np.where(random.random(size) < 0.15, FAR, drawn)


_FACTS: dict[str, _Facts] = {
    "Real": _Facts(
        "a finite real number", False, (-_INF, _INF), {"real": True},
        lambda v: _finite(v, -_INF, _INF), _wide_real,
    ),
    "Positive": _Facts(
        "a number greater than 0", False, (0.0, _INF), {"positive": True},
        lambda v: _finite(v, 0.0, _INF, open_below=True), _wide_positive,
    ),
    "NonNegative": _Facts(
        "a number not below 0", False, (0.0, _INF), {"nonnegative": True},
        lambda v: _finite(v, 0.0, _INF), _wide_positive,
    ),
    "UnitInterval": _Facts(
        "a number from 0 to 1", False, (0.0, 1.0), {"positive": True},
        lambda v: _finite(v, 0.0, 1.0), lambda random, size: random.beta(0.7, 0.7, size),
    ),
    "Binary": _Facts(
        "0 or 1 (or a probability between them)", True, (0.0, 1.0), {"nonnegative": True},
        lambda v: _finite(v, 0.0, 1.0), lambda random, size: random.integers(0, 2, size).astype(float),
    ),
    "Count": _Facts(
        "a whole number 0, 1, 2, ...", True, (0.0, _INF), {"nonnegative": True},
        _whole, lambda random, size: random.choice([0.0, 1.0, 2.0, 3.0, 10.0, 400.0, 1e6], size),
        whole=True,
    ),
    "Label": _Facts(
        "the number of a class, 0 to K-1", True, (0.0, _INF), {"nonnegative": True},
        _whole, lambda random, size: random.integers(0, 3, size).astype(float),
        whole=True,
    ),
    "ClassVector": _Facts(
        "K probabilities that sum to 1", False, (0.0, 1.0), {"positive": True},
        lambda v: _finite(v, 0.0, 1.0), lambda random, size: random.dirichlet([1.0, 1.0, 1.0], size),
    ),
    "ZeroOrPositive": _Facts(
        "0, which has a probability of its own, or a number greater than 0", False, (0.0, _INF),
        {"nonnegative": True}, lambda v: _finite(v, 0.0, _INF), _with_zeros,
    ),
    "Between": _Facts(
        "a number between {:g} and {:g}", False, (-_INF, _INF), {"real": True},
        lambda v: _finite(v, -_INF, _INF), _wide_real,
    ),
    "Ordered": _Facts(
        "increasing numbers", False, (-_INF, _INF), {"real": True},
        _increasing, lambda random, size: random.normal() + random.gamma(1.0, size=(size, 2)).cumsum(axis=1),
    ),
    # Of the row law of an ordinal density: an end of the class observed, far away where there is none, and their gap.
    "End": _Facts(
        "a finite real number, an end of the class observed", False, (-_INF, _INF), {"real": True},
        lambda v: _finite(v, -_INF, _INF), lambda random, size: _ends(random, size),
    ),
    "Gap": _Facts(
        "a number greater than 0, the gap between the ends of the class observed", False, (0.0, _INF),
        {"positive": True}, lambda v: _finite(v, 0.0, _INF, open_below=True), lambda random, size: _gaps(random, size),
    ),
    "Interval": _Facts(
        "a lower and an upper end in order, equal for an exact observation", False, (-_INF, _INF), {"real": True},
        lambda v: _is_interval(v, Support("Real")), lambda random, size: _intervals(random, size, Support("Real")),
    ),
    "Event": _Facts(
        "a time greater than 0, and 1 where the event was observed then or 0 where only no event until then", False,
        (0.0, _INF), {"nonnegative": True},
        lambda v: _is_event(v, Support("Positive")),
        lambda random, size: _columns(_wide_positive(random, size), random.integers(0, 2, size)),
    ),
    "CountOf": _Facts(
        "k successes in n trials, whole numbers with 0 <= k <= n and n >= 1", True, (0.0, _INF), {"nonnegative": True},
        _k_of_n, _some_of,
    ),
    "Counts": _Facts(
        "K counts, whole numbers 0, 1, 2, ... that are not all 0", True, (0.0, _INF), {"nonnegative": True},
        _are_counts, _some_counts,
    ),
    "RealVector": _Facts(
        "{} finite real numbers", False, (-_INF, _INF), {"real": True},
        _all_finite, _wide_real,
    ),
}  # fmt: skip  # one set an entry

SUPPORTS = tuple(_FACTS)

_FIELDS: dict[str, tuple[tuple[str, Support], ...]] = {
    "Event": (("time", Support("Positive")), ("event", Support("Binary"))),
    "CountOf": (("k", Support("Count")), ("n", Support("Count"))),
}
_NO_NUMBERS = ("Binary", "Label", "ClassVector", "Ordered", "Counts", "End", "Gap")


def Real(link: str | Link = "identity") -> Support:  # noqa: N802  # reads as a type where it is used: y=Real()
    """All real numbers; as a parameter with the identity link."""
    return Support("Real", link_named(link).text)


def Positive(link: str | Link = "log") -> Support:  # noqa: N802  # as Real
    """Numbers greater than 0; as a parameter with the log link."""
    return Support("Positive", link_named(link).text)


def NonNegative(link: str | Link = "log") -> Support:  # noqa: N802  # as Real
    """Numbers not below 0."""
    return Support("NonNegative", link_named(link).text)


def UnitInterval(link: str | Link = "logit") -> Support:  # noqa: N802  # as Real
    """Numbers from 0 to 1; as a parameter with the logit link."""
    return Support("UnitInterval", link_named(link).text)


def Binary() -> Support:  # noqa: N802  # as Real
    """The two values 0 and 1 of a target; probabilities between them are soft labels."""
    return Support("Binary")


def Count() -> Support:  # noqa: N802  # as Real
    """Whole numbers 0, 1, 2, ... of a target."""
    return Support("Count")


def Label(classes: str = "K") -> Support:  # noqa: N802  # as Real
    """One of K classes, numbered 0 to K-1."""
    return Support("Label", classes=classes)


def ClassVector(classes: str = "K", link: str | Link = "softmax") -> Support:  # noqa: N802  # as Real
    """One probability a class, summing to 1; as a parameter with the softmax link."""
    return Support("ClassVector", link_named(link).text, classes)


def ZeroOrPositive() -> Support:  # noqa: N802  # as Real
    """Numbers not below 0 of a target, where 0 itself has a probability: rain, claims."""
    return Support("ZeroOrPositive")


def Between(low: float, high: float, link: str | Link = "logit") -> Support:  # noqa: N802  # as Real
    """Numbers strictly between two; the link of a parameter acts on its place between them."""
    if not -_INF < low < high < _INF:
        raise UsageError(f"nl.Between wants two finite numbers in order, not {low} and {high}.")
    return Support("Between", link_named(link).text, limits=(float(low), float(high)))


def Ordered(classes: str = "K-1") -> Support:  # noqa: N802  # as Real
    """Increasing cutpoints, shared by all observations: ``c[y - 1]`` and ``c[y]`` bound class y, with infinite ends."""
    return Support("Ordered", "ordered", classes)


def Interval(inner: Support | None = None) -> Support:  # noqa: N802  # as Real
    """A target known to lie from y.lower to y.upper; equal ends are an exact observation, infinite ones open."""
    return Support("Interval", inner=replace(inner or Support("Real"), link="identity"))


def Event(inner: Support | None = None) -> Support:  # noqa: N802  # as Real
    """A time y.time (> 0 unless told otherwise), and y.event: 1 where the event was seen then, 0 where not yet."""
    return Support("Event", inner=None if inner is None else replace(inner, link="identity"))


def CountOf() -> Support:  # noqa: N802  # as Real
    """y.k successes in y.n trials."""
    return Support("CountOf")


def Counts(classes: str = "K") -> Support:  # noqa: N802  # as Real
    """One count a class."""
    return Support("Counts", classes=classes)


def RealVector(d: int) -> Support:  # noqa: N802  # as Real
    """Vectors of d real numbers: y[0], ..., y[d-1]."""
    if isinstance(d, bool) or not 1 <= d <= 20 or d != int(d):
        raise UsageError(f"nl.RealVector wants a number of components from 1 to 20, not {d!r}.")
    return Support("RealVector", size=int(d))
