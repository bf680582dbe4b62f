"""Numbers: known values, extremes, limits, and mpmath."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from kernels.register import BERNOULLI, CASES, CATEGORICAL, NORMAL, NORMAL_2, POISSON, Case

from neglog.errors import DataError, DensityError, SupportError, UsageError
from neglog.kernels import Kernel
from neglog.symbolic.expression import evaluate
from neglog.symbolic.heads import mpmath_meaning
from neglog.symbolic.text import parse

EPS = np.finfo(float).eps
INF = math.inf
both_engines = pytest.mark.parametrize("engine", ["numpy", "numba"])


# --- Against mpmath -------------------------------------------------------------------------------


def exactly(node: Any, values: dict[str, Any]) -> mp.mpf:
    """Evaluate an expression in 60 digits."""
    with mp.workdps(60):
        number = lambda q: mp.mpf(q.numerator) / q.denominator  # noqa: E731  # one line, used once
        return evaluate(node, values, mpmath_meaning(), number)


def wide(case: Case, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw a target and raw predictions from small to large."""
    y, raw = case.draw(n, seed=7)
    random = np.random.default_rng(8)
    scale = np.array([1e-3, 1.0, 30.0, 300.0])[random.integers(0, 4, n)]
    return y, raw * scale.reshape(-1, *[1] * (raw.ndim - 1))


@both_engines
@pytest.mark.parametrize("name", ["bernoulli", "normal", "normal_2", "poisson"])
def test_values_and_derivatives_agree_with_mpmath(name: str, engine: str) -> None:
    """Every output is within 4 eps of |f| plus what one rounding of each input may do to it."""
    case = next(case for case in CASES if case.name == name)
    loss, kernel = case.kernel.loss, case.kernel
    y, raw = wide(case, 150)
    if name == "normal_2":
        raw = np.clip(raw, -300, 300)  # exp(-2 eta) stays in range
    found = kernel.evaluate(y, raw, sample_weight=np.ones(150), order=2, engine=engine)
    k = len(loss.slots)
    outputs = [found.value, *found.gradient.reshape(-1, k).T, *found.hessian.reshape(y.size, -1).T]
    form = loss.complete
    value = form.value + form.constant
    bound = 16 if name == "poisson" else 4  # loggamma in the constant
    names = [loss.density.target, *(slot.raw for slot in loss.slots)]
    for node, output in zip([value, *form.gradient, *form.hessian], outputs, strict=True):
        for row in range(y.size):
            point = [mp.mpf(float(y[row])), *(mp.mpf(float(x)) for x in np.ravel(raw[row]))]
            values = dict(zip(names, point, strict=True)) | kernel.hyper
            truth = exactly(node, values)
            if abs(truth) > mp.mpf(np.finfo(float).max):
                assert np.isinf(output[row])
                continue
            size = abs(truth)
            with mp.workdps(60):
                for name_, x in zip(names, point, strict=True):
                    step = abs(x) * mp.mpf(10) ** -25
                    if step:
                        moved = exactly(node, values | {name_: x + step})
                        size += abs(moved - truth) * mp.mpf(10) ** 25
            assert abs(mp.mpf(float(output[row])) - truth) <= bound * EPS * size + 5e-324


@both_engines
def test_classes_agree_with_mpmath(engine: str) -> None:
    """The categorical loss and its gradient keep their relative accuracy, sure or unsure."""
    kernel = Kernel(CATEGORICAL)
    y, raw = wide(CASES[4], 200)
    found = kernel.evaluate(y, raw, order=2, engine=engine)
    meaning = mpmath_meaning()
    with mp.workdps(60):
        for row in range(200):
            x = [mp.mpf(float(v)) for v in raw[row]]
            size = 1 + max(abs(v) for v in x)
            value = meaning["logsumexp_excess"](x, y[row])
            assert abs(mp.mpf(float(found.value[row])) - value) <= 4 * EPS * size * value + 5e-324
            for j in range(4):
                slope = meaning["softmax_excess"](x, j, y[row])
                error = abs(mp.mpf(float(found.gradient[row, j])) - slope)
                assert error <= 4 * EPS * size * abs(slope) + 5e-324


# --- Known values, extremes, limits --------------------------------------------------------------


@both_engines
def test_tail_of_the_sure_prediction(engine: str) -> None:
    """At raw 34 and y = 1 the loss is 1.7139...e-15, not 0; its gradient is minus that."""
    found = Kernel(BERNOULLI).evaluate([1.0], [34.0], engine=engine)

    assert found.value[0] == pytest.approx(1.7139084315420115e-15, rel=1e-15, abs=0)
    assert found.gradient[0] == pytest.approx(-1.71390843154201e-15, rel=1e-14, abs=0)


@both_engines
def test_two_classes_are_bernoulli(engine: str) -> None:
    """Two classes with scores 0 and s have the Bernoulli loss of s, in the tails too."""
    s = np.array([-800.0, -40.0, -1.0, 0.0, 1e-9, 3.0, 34.0, 700.0, 1e308])
    raw = np.stack([np.zeros(9), s], axis=1)
    for y in (0.0, 1.0):
        two = Kernel(CATEGORICAL).evaluate(np.full(9, y), raw, engine=engine)
        one = Kernel(BERNOULLI).evaluate(np.full(9, y), s, engine=engine)
        np.testing.assert_allclose(two.value, one.value, rtol=4 * EPS)
        np.testing.assert_allclose(two.gradient[:, 1], one.gradient, rtol=8 * EPS)


@both_engines
def test_extreme_raw_predictions(engine: str) -> None:
    """At raw +-1e308 and +-inf every output is the limit: no NaN, no wrong sign."""
    raw = np.array([-INF, -1e308, 1e308, INF])

    def at(kernel: Kernel, y: float) -> list[list[float]]:
        w = np.ones(4)
        found = kernel.evaluate(np.full(4, y), raw, sample_weight=w, order=2, engine=engine)
        return [part.tolist() for part in found]

    bernoulli = Kernel(BERNOULLI)
    assert at(bernoulli, 1.0) == [[INF, 1e308, 0, 0], [-1, -1, 0, 0], [0] * 4]
    assert at(bernoulli, 0.0) == [[0, 0, 1e308, INF], [0, 0, 1, 1], [0] * 4]
    poisson = Kernel(POISSON)
    assert at(poisson, 10.0)[1:] == [[-10, -10, INF, INF], [0, 0, INF, INF]]
    assert at(poisson, 10.0)[0] == [INF, INF, INF, INF]
    assert at(poisson, 0.0)[0] == [0, 0, INF, INF]
    normal = Kernel(NORMAL, {"sigma": 1})
    assert at(normal, 0.0) == [[INF] * 4, [-INF, -1e308, 1e308, INF], [1] * 4]
    assert poisson.total([0, 1], [-INF, 0.0], sample_weight=[3, 1], engine=engine) == 1.0
    assert poisson.total([0, 1], [INF, 0.0], sample_weight=[0, 1], engine=engine) == 1.0


@both_engines
def test_infinite_scores_of_classes(engine: str) -> None:
    """An infinite score is a sure class, or an impossible one; equal ones share."""
    raw = [[INF, 0.0, 1.0], [-INF, 0.0, 0.0], [-INF, -INF, -INF], [1e308, -1e308, 0.0]]
    found = Kernel(CATEGORICAL).evaluate([0, 1, 2, 1], raw, order=2, engine=engine)
    third = 1 / 3

    np.testing.assert_allclose(found.value, [0, math.log(2), math.log(3), INF], rtol=4 * EPS)
    probabilities = [[1, 0, 0], [0, 0.5, 0.5], [third] * 3, [1, 0, 0]]
    np.testing.assert_allclose(found.hessian.probabilities, probabilities, rtol=4 * EPS)
    gradient = [[0, 0, 0], [0, -0.5, 0.5], [third, third, -2 * third], [1, -1, 0]]
    np.testing.assert_allclose(found.gradient, gradient, rtol=4 * EPS)


@both_engines
def test_soft_targets(engine: str) -> None:
    """A soft target is the mean of the losses of the classes, a one-hot target the class."""
    kernel = Kernel(CATEGORICAL)
    random = np.random.default_rng(0)
    raw, soft = 3 * random.normal(size=(600, 4)), random.dirichlet(np.ones(4), 600)
    w = random.random(600)
    found = kernel.evaluate(soft, raw, sample_weight=w, order=2, engine=engine)
    parts = [
        kernel.evaluate(np.full(600, k), raw, sample_weight=w, order=2, engine=engine)
        for k in range(4)
    ]
    value = sum(soft[:, k] * parts[k].value for k in range(4))
    gradient = sum(soft[:, [k]] * parts[k].gradient for k in range(4))

    np.testing.assert_allclose(found.value, value, rtol=1e-14)
    np.testing.assert_allclose(found.gradient, gradient, rtol=0, atol=1e-15)
    np.testing.assert_allclose(found.hessian.dense(), parts[0].hessian.dense(), rtol=1e-14)
    assert kernel.total(soft, raw, sample_weight=w) == pytest.approx(value.sum(), rel=1e-14)
    codes = random.integers(0, 4, 600)
    hot = kernel.evaluate(np.eye(4)[codes], raw, engine=engine)
    assert np.array_equal(hot.value, kernel.value(codes, raw, engine=engine))
    assert kernel.value([0.0, 0.25, 0.75], [-INF, 0.0, 0.0]) == pytest.approx(math.log(2))


def test_class_hessian() -> None:
    """The factors stand for w (diag(p) - p p'), whichever way they are used."""
    kernel = Kernel(CATEGORICAL)
    y, raw = CASES[4].draw(50)
    w = np.random.default_rng(1).random(50)
    factors = kernel.hessian(y, raw, sample_weight=w)
    p = factors.probabilities
    dense = w[:, None, None] * (np.eye(4) * p[:, :, None] - p[:, :, None] * p[:, None, :])
    v = np.random.default_rng(2).normal(size=(50, 4))

    np.testing.assert_allclose(factors.dense(), dense, atol=1e-15)
    np.testing.assert_allclose(factors.diagonal(), np.diagonal(dense, axis1=1, axis2=2), atol=1e-15)
    np.testing.assert_allclose(factors.matvec(v), np.einsum("njk,nk->nj", dense, v), atol=1e-14)


def test_only_the_softmax_law_has_classes() -> None:
    """The Hessian of classes may be written in either order; another law of classes is refused."""
    form = CATEGORICAL.complete
    turned = parse("(delta(j, k) - softmax(eta, k))*softmax(eta, j)")
    loss = replace(CATEGORICAL, complete=replace(form, hessian=(turned,)))
    assert Kernel(loss).plan.hessian == Kernel(CATEGORICAL).plan.hessian
    other = replace(CATEGORICAL, complete=replace(form, value=parse("2*softmax_excess(eta, 0, y)")))
    with pytest.raises(DensityError, match="other than log"):
        Kernel(other).value(0, [0.0, 1.0])


def test_soft_labels_of_two_classes() -> None:
    """A probability as Bernoulli target gives the mean of both losses."""
    kernel = Kernel(BERNOULLI)

    expected = 0.3 * kernel.value(1, 0.7) + 0.7 * kernel.value(0, 0.7)
    assert kernel.value(0.3, 0.7) == pytest.approx(expected, rel=1e-15)


# --- Scales and constants ------------------------------------------------------------------------


def test_response_scale() -> None:
    """Predictions as people write them: probabilities, also 0 and 1, and means."""
    bernoulli = Kernel(BERNOULLI)
    assert bernoulli.value(1, 0.6, scale="response") == pytest.approx(-math.log(0.6), rel=1e-15)
    assert bernoulli.value([1, 0, 1, 0], [1, 0, 0, 1], scale="response").tolist() == [
        0,
        0,
        INF,
        INF,
    ]
    assert bernoulli.total([1, 0], [0.5, 0.5], scale="response") == pytest.approx(2 * math.log(2))
    poisson = Kernel(POISSON)
    assert poisson.value(3, 2.0, scale="response") == pytest.approx(
        poisson.value(3, math.log(2.0)), rel=1e-14
    )
    normal = Kernel(NORMAL_2)
    assert normal.value(1.0, [0.5, 2.0], scale="response") == pytest.approx(
        normal.value(1.0, [0.5, math.log(2.0)]), rel=1e-14
    )
    classes = Kernel(CATEGORICAL)
    p = [[0.2, 0.5, 0.3], [1.0, 0.0, 0.0]]
    assert classes.value([1, 0], p, scale="response") == pytest.approx([math.log(2), 0])
    soft = classes.value([[0.5, 0.5, 0], [1, 0, 0]], p, scale="response", sample_weight=[2, 1])
    assert soft == pytest.approx([-math.log(0.2) - math.log(0.5), 0])
    assert classes.value(1, np.float32([0.1, 0.2, 0.7]), scale="response") == pytest.approx(
        -math.log(0.2), rel=1e-6
    )


def test_constants_may_be_left_out() -> None:
    """Without constants the normal loss is squared error and the Poisson loss has no log y!."""
    normal = Kernel(NORMAL, {"sigma": 2.0})
    assert normal.value(3.0, 1.0, constants=False) == 2.0
    response = normal.value(3.0, 1.0, scale="response", constants=False)
    assert response == pytest.approx(2.0, rel=1e-14)
    assert normal.value(3.0, 1.0) == pytest.approx(0.5 + math.log(2 * math.sqrt(2 * math.pi)))
    poisson = Kernel(POISSON)
    missing = poisson.value(4, 0.3) - poisson.value(4, 0.3, constants=False)
    assert missing == pytest.approx(math.log(24))


def test_hyperparameters() -> None:
    """A hyperparameter comes from the call, else from the kernel; a missing one is named."""
    kernel = Kernel(NORMAL)
    assert kernel.value(1.0, 0.0, hyper={"sigma": 2}) == kernel.with_hyper({"sigma": 2}).value(1, 0)
    with pytest.raises(UsageError, match="needs a value of 'sigma'"):
        kernel.value(1.0, 0.0)
    with pytest.raises(UsageError, match="bind it with"):
        kernel.columns(np.ones(1), [np.ones(1)], None, 0)
    with pytest.raises(SupportError, match=r"sigma of Normal is -1\.0, but it must be"):
        kernel.value(1.0, 0.0, hyper={"sigma": -1})
    with pytest.raises(UsageError, match="Did you mean 'sigma'"):
        kernel.value(1.0, 0.0, hyper={"sigmo": 1})
    with pytest.raises(UsageError, match="It is modelled"):
        Kernel(NORMAL, {"mu": 1})
    with pytest.raises(UsageError, match="not a number"):
        Kernel(NORMAL, {"sigma": "wide"})


def test_a_number_stands_for_a_column() -> None:
    """A single target meets a grid of predictions, and the other way round."""
    kernel = Kernel(BERNOULLI)
    grid = np.linspace(-3, 3, 5)

    assert kernel.value(1, grid).tolist() == kernel.value(np.ones(5), grid).tolist()
    assert kernel.value([0, 1], 0.5).tolist() == kernel.value([0, 1], [0.5, 0.5]).tolist()


# --- What is refused, and how --------------------------------------------------------------------

REFUSED = [
    (
        BERNOULLI,
        ([0, 1, 2], [0.0, 0, 0]),
        {},
        SupportError,
        r"y_true is 2\.0 in row 2 .*from 0 to 1",
    ),
    (BERNOULLI, ([0, math.nan], [0.0, 0]), {}, SupportError, r"y_true is nan in row 1"),
    (POISSON, ([0, 1.5], [0.0, 0]), {}, SupportError, r"1\.5 in row 1 .*whole number 0, 1, 2"),
    (POISSON, ([0, -1], [0.0, 0]), {}, SupportError, r"-1\.0 in row 1 .*1 of 2 rows"),
    (NORMAL_2, ([INF], [[0.0, 0.0]]), {}, SupportError, "must be a finite number"),
    (CATEGORICAL, ([0, 3], np.zeros((2, 3))), {}, SupportError, "3.0 in row 1 .*0 to 2.*3 columns"),
    (CATEGORICAL, ([0, 0.5], np.zeros((2, 3))), {}, SupportError, "0.5 in row 1"),
    (BERNOULLI, ([0, 1], [0.0, math.nan]), {}, DataError, r"raw_prediction is NaN in row 1"),
    (CATEGORICAL, ([0], [[0.0, math.nan]]), {}, DataError, r"NaN in row 0"),
    (NORMAL_2, ([0, 1], [[0.0, 0], [0, math.nan]]), {}, DataError, r"row 1 .*column 1"),
    (BERNOULLI, ([0], [0.0]), {"sample_weight": [-1]}, DataError, "sample_weight is -1 in row 0"),
    (BERNOULLI, ([0], [0.0]), {"sample_weight": [INF]}, DataError, "sample_weight is inf"),
    (CATEGORICAL, ([0], [[0.0, 1]]), {"sample_weight": [math.nan]}, DataError, "weight is nan"),
    (BERNOULLI, ([0], [0.0]), {"sample_weight": [1, 2]}, UsageError, "there are 1 rows"),
    (BERNOULLI, ([0, 1], [0.0]), {}, UsageError, "y_true has 2 rows but raw_prediction has 1"),
    (BERNOULLI, ([0], [[0.0, 1.0]]), {}, UsageError, r"shape \(1, 2\); Bernoulli wants \[n\]"),
    (BERNOULLI, ([[0]], [0.0]), {}, UsageError, r"y_true has shape \(1, 1\)"),
    (NORMAL_2, ([0.0], [0.0]), {}, UsageError, r"wants \[n, 2\], the columns mu, sigma"),
    (CATEGORICAL, ([0], 0.0), {}, UsageError, "one column a class"),
    (CATEGORICAL, ([[0.5, 0.6]], [[0.0, 0]]), {}, SupportError, "which sums to 1.1; soft targets"),
    (BERNOULLI, (["a"], [0.0]), {}, DataError, "Encode labels"),
    (BERNOULLI, ([None, "x"], [0.0, 1]), {}, DataError, "something other than numbers"),
    (BERNOULLI, ([0], [1j]), {}, DataError, "complex128"),
    (BERNOULLI, ([[0], [0, 1]], [0.0, 1]), {}, UsageError, "different lengths"),
    (
        BERNOULLI,
        (np.ma.array([0, 1], mask=[0, 1]), [0.0, 1]),
        {},
        DataError,
        "masked at position 1",
    ),
    (POISSON, ([2**24 + 2], np.float32([1])), {}, DataError, "16777216 are not exact in float32"),
    (POISSON, ([2**53 + 2], [1.0]), {}, DataError, "not exact in float64"),
    (
        BERNOULLI,
        ([1], [1.6]),
        {"scale": "response"},
        SupportError,
        r"prediction of p is 1\.6 in row 0",
    ),
    (BERNOULLI, ([1], [math.nan]), {"scale": "response"}, SupportError, "is nan in row 0"),
    (BERNOULLI, ([2], [0.6]), {"scale": "response"}, SupportError, r"y_true is 2\.0"),
    (CATEGORICAL, ([0], [[0.5, 0.6]]), {"scale": "response"}, SupportError, "sums to 1.1"),
    (CATEGORICAL, ([2], [[0.5, 0.5]]), {"scale": "response"}, SupportError, "0 to 1, as"),
    (CATEGORICAL, ([0], [[1.5, -0.5]]), {"scale": "response"}, SupportError, "leaves the interval"),
    (BERNOULLI, ([1], [0.6]), {"scale": "odds"}, UsageError, "'raw' or 'response'"),
    (BERNOULLI, ([1], [0.6]), {"engine": "numbo"}, UsageError, "Did you mean 'numba'"),
    (BERNOULLI, ([1], [0.6]), {"out": [np.empty(2)]}, UsageError, r"out.value has shape \(2,\)"),
    (BERNOULLI, ([1], [0.6]), {"out": [np.empty(1, "f4")]}, UsageError, "dtype float64"),
    (BERNOULLI, ([1], [0.6]), {"out": [[0.0]]}, UsageError, "type list"),
]


@pytest.mark.parametrize(("loss", "arguments", "options", "error", "message"), REFUSED)
def test_refused(
    loss: Any, arguments: Any, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    """What makes no sense is refused with the row, the value and the reason."""
    with pytest.raises(error, match=message):
        Kernel(loss).value(*arguments, **options)


@both_engines
def test_faults_are_found_in_any_block(engine: str) -> None:
    """A bad target in the last of many rows is found, and named."""
    y, raw = CASES[0].draw(10_000)
    y[9_999] = 1.5
    with pytest.raises(SupportError, match=r"1\.5 in row 9999"):
        Kernel(BERNOULLI).evaluate(y, raw, order=1, engine=engine)
    codes, scores = CASES[4].draw(3_000)
    codes[2_999] = 1e300
    with pytest.raises(SupportError, match=r"1e\+300 in row 2999"):
        Kernel(CATEGORICAL).evaluate(codes, scores, order=2, engine=engine)


def test_derivatives_have_no_response_scale() -> None:
    """A derivative on the response scale is refused with the reason."""
    with pytest.raises(UsageError, match="where training happens"):
        Kernel(BERNOULLI).evaluate(1, 0.6, scale="response", order=1)
    with pytest.raises(UsageError, match="order is 3"):
        Kernel(BERNOULLI).evaluate(1, 0.6, order=3)


def test_dense_hessians_are_limited() -> None:
    """Class Hessians that would fill the memory are refused; their factors are small."""
    factors = Kernel(CATEGORICAL).hessian(np.zeros(100), np.zeros((100, 1000)))
    with pytest.raises(UsageError, match="Use matvec"):
        factors.dense()


def test_squared_error_needs_no_sigma() -> None:
    """The textbook loss asks for no hyperparameter that it does not hold; the complete loss does."""
    found = Kernel(NORMAL).evaluate([1.0], [3.0], constants=False)
    assert (found.value[0], found.gradient[0]) == (2.0, 2.0)
    with pytest.raises(UsageError, match="'sigma'"):
        Kernel(NORMAL).evaluate([1.0], [3.0])


def test_the_response_scale_gives_values_by_default() -> None:
    """On the response scale `evaluate` returns the value alone, without being told."""
    found = Kernel(BERNOULLI).evaluate(1, 0.6, scale="response")
    assert found.gradient is None
    assert found.value == pytest.approx(-math.log(0.6), rel=1e-15)
