"""Values, gradients and Hessians of every family against mpmath, by the one measure of error.

    |error| <= K eps (|f| + sum_i |x_i df/dx_i|)

over raw predictions x_i, hyperparameters, and the target unless it is an exact label: K roundings of each input and of
the result. K is 4, and 16 for a value with a gamma-like head in it. The references are written by hand in `reference`
and share nothing with the library; each is computed once for both engines.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pytest
from families.written import WRITTEN
from laws.points import CLASSES, draw, draw_classes
from laws.reference import BITS, REFERENCES, Exact, categorical
from mpmath import mp, mpf

import neglog as nl
from neglog.derivation.obtain import obtain
from neglog.errors import AccuracyWarning
from neglog.families.register import FAMILIES
from neglog.kernels import Kernel

SIZE = 1000
KNOWN_SCALE = "Normal, sigma given"
MAPS = [name for name in REFERENCES if name != "Categorical"]
GAMMA_LIKE = {("Poisson", 0)}

every_family = pytest.mark.parametrize("name", MAPS)
ENGINES = ("numpy", "numba")
both_engines = pytest.mark.parametrize("engine", ENGINES)


@functools.cache
def kernel(name: str) -> Kernel:
    """Return the kernel of a family with all its parameters modelled, or of the normal mean alone."""
    density = (FAMILIES | WRITTEN)[name.partition(",")[0]].density
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AccuracyWarning)  # the laws here decide
        return Kernel(obtain(density, density.free[:1] if name == KNOWN_SCALE else density.free))


@functools.cache
def points(name: str, kind: str) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return the points of a family; for float32 fewer, of numbers that float32 holds."""
    if kind == "float64":
        return draw(name, SIZE)
    y, raws = draw(name, SIZE // 4, seed=1)
    largest, smallest = float(np.finfo(kind).max), float(np.finfo(kind).tiny)
    raws = [np.clip(raw, -largest, largest).astype(kind) for raw in raws]
    if name == KNOWN_SCALE:
        raws[1] = np.clip(raws[1], 1e-18, 1e18)  # its square is inside float32
    whole = name in ("Poisson", "Geometric", "Bernoulli")
    y = np.clip(y, -largest, 2.0**24 if whole else largest)
    if name in ("Exponential", "InverseGaussian"):
        y = np.maximum(y, smallest)
    return y.astype(kind), raws


@functools.cache
def references(name: str, kind: str) -> list[list[Exact]]:
    """Return the exact outputs at the points of a family."""
    y, raws = points(name, kind)
    with mp.workprec(BITS):
        return [
            REFERENCES[name](mpf(float(target)), [mpf(float(x)) for x in row])
            for target, *row in zip(y, *raws, strict=True)
        ]


def computed(name: str, kind: str, engine: str) -> np.ndarray:
    """Return what the kernel gives at the points: one column an output."""
    y, raws = points(name, kind)
    if name == KNOWN_SCALE:
        one = (
            kernel(name).evaluate(t, a, hyper={"sigma": float(c)}, order=2, engine=engine)
            for t, a, c in zip(y, *raws, strict=True)
        )
        return np.array([tuple(evaluation) for evaluation in one])
    raw = raws[0] if len(raws) == 1 else np.column_stack(raws)
    found = kernel(name).evaluate(y, raw, order=2, engine=engine)
    parts = (found.value, found.gradient, found.hessian)
    return np.column_stack([np.reshape(part, (len(y), -1)) for part in parts])


def error(found: float, exact: Exact, kind: str) -> float:
    """Return an error in units of eps (|f| + sum |x df/dx|); infinite for NaN, a wrong infinity or a wrong sign."""
    facts = np.finfo(kind)
    largest = mpf(float(facts.max))
    # Below the smallest normal number there are fewer digits, whatever the formula.
    unit = mpf(float(facts.eps)) * (abs(exact.value) + exact.moved) + mpf(float(facts.tiny))
    if np.isnan(found):
        return np.inf
    if np.isinf(found):
        # A square is halved last: in the last binades it may be infinite already.
        reaches = 4 * (abs(exact.value) + 4 * unit) >= largest
        return 0.0 if reaches and (exact.value > 0) == (found > 0) else np.inf
    return float(min(abs(mpf(float(found)) - exact.value) / unit, mpf(10) ** 300))


class Worst(NamedTuple):
    """The largest error of one output, and where it is."""

    error: float
    told: str


def measure(
    found: np.ndarray, expected: Sequence[Sequence[Exact]], kind: str, where: Sequence[object]
) -> list[Worst]:
    """Return the largest error of each output."""
    worst = []
    with mp.workprec(BITS):
        for j, column in enumerate(found.T):
            exacts = [row[j] for row in expected]
            errors = [
                error(value, exact, kind) for value, exact in zip(column, exacts, strict=True)
            ]
            i = int(np.argmax(errors))
            told = f"output {j} at {where[i]} is {column[i]!r}, not {mp.nstr(exacts[i].value, 17)}"
            worst.append(Worst(errors[i], told))
    return worst


@every_family
def test_float64(name: str) -> None:
    """At 1,000 points, the ends of float64 included, every output of every family keeps its digits."""
    y, raws = points(name, "float64")
    where, exact = list(zip(y, *raws, strict=True)), references(name, "float64")
    for engine in ENGINES:
        worst = measure(computed(name, "float64", engine), exact, "float64", where)
        for column, largest in enumerate(worst):
            bound = 16 if (name, column) in GAMMA_LIKE else 4
            assert largest.error <= bound, (engine, largest)


@every_family
def test_float32(name: str) -> None:
    """float32 numbers in, float32 out: every output within one rounding of float32."""
    y, raws = points(name, "float32")
    found = computed(name, "float32", "numpy")
    worst = measure(found, references(name, "float32"), "float32", list(zip(y, *raws, strict=True)))
    assert max(worst).error <= 1, max(worst)
    if name == "Bernoulli":  # a variant of the compiled code, measured once
        compiled = computed(name, "float32", "numba")
        assert compiled.dtype == np.float32
        worst = measure(compiled, references(name, "float32"), "float32", range(len(y)))
        assert max(worst).error <= 1, max(worst)


@functools.cache
def class_points(K: int) -> tuple[np.ndarray, np.ndarray]:
    """Return class numbers and scores; of many classes fewer points, each has many outputs."""
    return draw_classes(K, SIZE if K < 4 else SIZE // 4)


def class_references(K: int) -> list[list[Exact]]:
    """Return the exact outputs of K classes."""
    y, scores = class_points(K)
    with mp.workprec(BITS):
        return [
            categorical(int(label), [mpf(float(score)) for score in row])
            for label, row in zip(y, scores, strict=True)
        ]


@pytest.mark.parametrize("K", CLASSES)
def test_classes(K: int) -> None:
    """Value, gradient and Hessian of K classes keep their digits, at ties and extremes too."""
    y, scores = class_points(K)
    exact = class_references(K)
    for engine in ENGINES:
        found = kernel("Categorical").evaluate(y, scores, order=2, engine=engine)
        upper = found.hessian.dense()[:, *np.triu_indices(K)]
        columns = np.column_stack([found.value, found.gradient, upper])
        worst = measure(columns, exact, "float64", list(zip(y, scores, strict=True)))
        assert max(worst).error <= 4, (engine, max(worst))
        assert (found.value >= 0).all()
        assert (found.hessian.diagonal() >= 0).all()


def ulp(values: np.ndarray) -> np.ndarray:
    """Return the distance to the next float64."""
    return np.spacing(np.minimum(np.abs(values), 1e308))


@both_engines
def test_the_tail_of_cross_entropy(engine: str) -> None:
    """y = 1 at raw prediction 34 costs log(1 + exp(-34)) nats, to the last digit, where the textbook form says 0."""
    with mp.workprec(BITS):
        expected = float(mp.log1p(mp.exp(-34)))
    assert expected == 1.7139084315420114e-15
    for y, raw in [(1.0, 34.0), (0.0, -34.0)]:
        assert abs(kernel("Bernoulli").value(y, raw, engine=engine) - expected) <= np.spacing(
            expected
        )
    scores = np.array([[0.0, 34.0], [34.0, 0.0], [-34.0, 0.0]])
    found = kernel("Categorical").value(np.array([1, 0, 1]), scores, engine=engine)
    assert (np.abs(found - expected) <= np.spacing(expected)).all()


@both_engines
def test_the_labels_are_symmetric(engine: str) -> None:
    """Naming the classes the other way round changes nothing but signs: L(s, 1) = L(-s, 0)."""
    s = points("Bernoulli", "float64")[1][0]
    one = kernel("Bernoulli").evaluate(np.ones(SIZE), s, order=2, engine=engine)
    other = kernel("Bernoulli").evaluate(np.zeros(SIZE), -s, order=2, engine=engine)

    for ours, theirs in [
        (one.value, other.value),
        (one.gradient, -other.gradient),
        (one.hessian, other.hessian),
    ]:
        assert (np.abs(ours - theirs) <= ulp(theirs)).all()
    assert (one.value >= 0).all()
    assert (one.gradient <= 0).all()
    assert (one.hessian >= 0).all()


@both_engines
def test_bernoulli_is_two_classes(engine: str) -> None:
    """Cross-entropy of a logit is softmax cross-entropy of the scores 0 and s."""
    y, (s,) = points("Bernoulli", "float64")
    y = np.round(y)
    one = kernel("Bernoulli").evaluate(y, s, order=2, engine=engine)
    scores = np.column_stack([np.zeros(SIZE), s])
    two = kernel("Categorical").evaluate(y, scores, order=2, engine=engine)

    tiny = np.finfo(float).tiny
    for ours, theirs, ulps in [
        (one.value, two.value, 2),
        (one.gradient, two.gradient[:, 1], 2),
        (one.hessian, two.hessian.diagonal()[:, 1], 4),
    ]:
        assert (np.abs(ours - theirs) <= ulps * ulp(ours) + tiny).all()


@both_engines
def test_classes_in_another_order(engine: str) -> None:
    """Renumbering the classes renumbers the gradient, to the rounding of a sum in another order."""
    y, scores = draw_classes(7, SIZE)
    order = np.random.default_rng(0).permutation(7)
    place = np.argsort(order).astype(float)
    one = kernel("Categorical").evaluate(y, scores, engine=engine)
    other = kernel("Categorical").evaluate(place[y.astype(int)], scores[:, order], engine=engine)

    assert np.allclose(other.value, one.value, rtol=1e-15, atol=1e-300)
    assert np.allclose(other.gradient, one.gradient[:, order], rtol=2e-15, atol=1e-300)


@both_engines
def test_counts_near_their_mean(engine: str) -> None:
    """Near its mean a large count keeps its digits: the complete loss is a few nats made of parts of the size of log y!."""
    random = np.random.default_rng(0)
    y = np.floor(np.exp(random.uniform(0, 33, 300)))
    s = np.log(np.maximum(y, 0.5)) + random.choice([0.0, 1e-9, 1e-3], 300) * random.normal(size=300)
    plain = kernel("Poisson").evaluate(y, s, order=2, constants=False, engine=engine)
    full = kernel("Poisson").value(y, s, engine=engine)
    for i in range(300):
        with mp.workprec(BITS):
            raw, count = mpf(float(s[i])), mpf(float(y[i]))
            e = mp.exp(raw)
            exacts = [
                Exact(e - count * raw, abs(raw * (e - count)) + abs(count * raw)),
                Exact(e - count, abs(raw * e) + count),
                Exact(e, abs(raw * e)),
            ]
            found = (plain.value[i], plain.gradient[i], plain.hessian[i])
            assert max(map(error, found, exacts, ["float64"] * 3)) <= 4, (y[i], s[i])
            value = e - count * raw + mp.loggamma(count + 1)
            size = abs(value) + abs(raw * (e - count)) + abs(count * (mp.psi(0, count + 1) - raw))
            assert error(full[i], Exact(value, size), "float64") <= 16, (y[i], s[i])


def test_a_measure_that_can_fail() -> None:
    """The measure sees the textbook forms fail: cross-entropy at 34, a softmax minus one, a count at its overflow."""
    with mp.workprec(BITS):
        tail = REFERENCES["Bernoulli"](mpf(1), [mpf(34)])
        naive = np.logaddexp(0, 34.0) - 34.0
        assert error(naive, tail[0], "float64") > 4
        assert error(1 / (1 + np.exp(-34.0)) - 1, tail[1], "float64") > 4
        assert error(float(tail[0].value), tail[0], "float64") <= 0.5
        count = REFERENCES["Poisson"](mpf(10), [mpf("1e308")])
        assert error(np.nan, count[0], "float64") == np.inf
        assert error(-np.inf, count[0], "float64") == np.inf
        assert error(np.inf, count[0], "float64") == 0
    assert nl.Bernoulli.name in REFERENCES
