"""Where a target or a parameter lives: membership, words for it, the default link, points to test with.

``y=nl.Positive()`` declares a target, ``mu=nl.Positive(link="log")`` a parameter. A support is plain data; the checks
of a derivation draw their points from it, a fit validates the target with it, SymPy's assumptions come from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "SUPPORTS",
    "Binary",
    "ClassVector",
    "Count",
    "Label",
    "NonNegative",
    "Positive",
    "Real",
    "Support",
    "UnitInterval",
]


@dataclass(frozen=True, slots=True)
class Support:
    """A set of values.

    Attributes
    ----------
    kind : str
        The name of the set, as in `SUPPORTS`.
    link : str
        Link of a parameter that lives here; a target ignores it.
    classes : str
        Name of the number of classes, for labels and class vectors.
    """

    kind: str
    link: str = "identity"
    classes: str = ""

    @property
    def sentence(self) -> str:
        """What belongs to the set, in words that end an error message."""
        return _FACTS[self.kind].sentence

    @property
    def discrete(self) -> bool:
        """Whether the density of a target that lives here sums, rather than integrates, to 1."""
        return _FACTS[self.kind].discrete

    @property
    def bounds(self) -> tuple[float, float]:
        """The end points of the set on the real line."""
        return _FACTS[self.kind].bounds

    @property
    def assumptions(self) -> dict[str, bool]:
        """What SymPy may assume of a symbol that lives here."""
        return dict(_FACTS[self.kind].assumptions)

    def contains(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        """Return elementwise whether `values` belong to the set (NaN does not).

        Binary and UnitInterval accept anything from 0 to 1: a soft label is a probability.
        """
        return _FACTS[self.kind].contains(values)

    def points(self, random: np.random.Generator, size: int) -> NDArray[np.float64]:
        """Draw values over the whole set, small and large, for numerical checks."""
        return _FACTS[self.kind].points(random, size)

    def __str__(self) -> str:
        return f"{self.kind}({self.classes!r})" if self.classes else f"{self.kind}()"


@dataclass(frozen=True, slots=True)
class _Facts:
    sentence: str
    discrete: bool
    bounds: tuple[float, float]
    assumptions: dict[str, bool]
    contains: Callable[[NDArray[Any]], NDArray[np.bool_]]
    points: Callable[[np.random.Generator, int], NDArray[np.float64]]


_INF = float("inf")


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


def _wide_real(random: np.random.Generator, size: int) -> NDArray[np.float64]:
    return random.choice([0.3, 2.0, 30.0], size) * random.normal(size=size)


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
    ),
    "Label": _Facts(
        "the number of a class, 0 to K-1", True, (0.0, _INF), {"nonnegative": True},
        _whole, lambda random, size: random.integers(0, 3, size).astype(float),
    ),
    "ClassVector": _Facts(
        "K probabilities that sum to 1", False, (0.0, 1.0), {"positive": True},
        lambda v: _finite(v, 0.0, 1.0), lambda random, size: random.dirichlet([1.0, 1.0, 1.0], size),
    ),
}  # fmt: skip  # one set an entry

SUPPORTS = tuple(_FACTS)


def Real(link: str = "identity") -> Support:  # noqa: N802  # reads as a type where it is used: y=Real()
    """All real numbers; as a parameter with the identity link."""
    return Support("Real", link)


def Positive(link: str = "log") -> Support:  # noqa: N802  # as Real
    """Numbers greater than 0; as a parameter with the log link."""
    return Support("Positive", link)


def NonNegative(link: str = "log") -> Support:  # noqa: N802  # as Real
    """Numbers not below 0."""
    return Support("NonNegative", link)


def UnitInterval(link: str = "logit") -> Support:  # noqa: N802  # as Real
    """Numbers from 0 to 1; as a parameter with the logit link."""
    return Support("UnitInterval", link)


def Binary() -> Support:  # noqa: N802  # as Real
    """The two values 0 and 1 of a target; probabilities between them are soft labels."""
    return Support("Binary")


def Count() -> Support:  # noqa: N802  # as Real
    """Whole numbers 0, 1, 2, ... of a target."""
    return Support("Count")


def Label(classes: str = "K") -> Support:  # noqa: N802  # as Real
    """One of K classes, numbered 0 to K-1."""
    return Support("Label", classes=classes)


def ClassVector(classes: str = "K", link: str = "softmax") -> Support:  # noqa: N802  # as Real
    """One probability a class, summing to 1; as a parameter with the softmax link."""
    return Support("ClassVector", link, classes)
