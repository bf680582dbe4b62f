"""Label smoothing and softmax focal loss, and losses of classes that a user writes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mpmath import mp, mpf
from scipy.special import softmax

import neglog as nl
from neglog.errors import DensityError, UsageError
from neglog.losses.class_parts import ClassParts
from neglog.math import log, mean_log
from neglog.testing import check_loss
from neglog.testing.class_laws import exact_classes
from neglog.testing.subject import Subject

EPS = np.finfo(float).eps
both_engines = pytest.mark.parametrize("engine", ["numpy", "numba"])
LOSSES = {
    "label_smoothing": ({"epsilon": 0.1}, {"epsilon": 0.6}, {"epsilon": 1.0}),
    "softmax_focal": ({"gamma": 2.0}, {"gamma": 0.5}, {"gamma": 5.0}),
}
SETTINGS = [(name, hyper) for name, settings in LOSSES.items() for hyper in settings]


def drawn(K: int, n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return class numbers and scores."""
    random = np.random.default_rng(seed + K)
    return random.integers(K, size=n), 3 * random.normal(size=(n, K))


# --- Against others ---

# epsilon: the loss of class 2 and its gradient, torch 2.13 in float64.
TORCH = {
    0.1: (
        1.7189200476375937,
        [0.6561858874233429, 0.0875992698633134, -0.7393551887110513, -0.004429968575605032],
    ),
    0.3: (
        1.7889200476375935,
        [0.6061858874233429, 0.0375992698633134, -0.5893551887110512, -0.05442996857560503],
    ),
}


@both_engines
def test_numbers_of_pytorch(engine: str) -> None:
    """The loss and its gradient as torch.nn.functional.cross_entropy(label_smoothing=) gives them."""
    scores = [[1.5, -0.3, 0.2, -2.0]]
    for epsilon, (value, gradient) in TORCH.items():
        found = nl.compile(nl.loss("label_smoothing", epsilon=epsilon)).evaluate(
            [2], scores, engine=engine
        )
        assert found.value[0] == pytest.approx(value, rel=1e-15)
        np.testing.assert_allclose(found.gradient[0], gradient, rtol=1e-14)


def test_pytorch_where_it_is_installed() -> None:
    """Values and gradients are PyTorch's, of classes and of soft targets, from 2 classes to 20."""
    torch = pytest.importorskip("torch")
    cross_entropy = torch.nn.functional.cross_entropy
    for K in range(2, 21):
        y, x = drawn(K, 30)
        soft = np.random.default_rng(K).dirichlet(np.ones(K), 30)
        for epsilon in (0.0, 0.1, 0.37, 1.0):
            kernel = nl.compile(nl.loss("label_smoothing", epsilon=epsilon))
            for target in (y, soft):
                theirs = torch.tensor(x, requires_grad=True)
                losses = cross_entropy(
                    theirs, torch.tensor(target), label_smoothing=epsilon, reduction="none"
                )
                losses.sum().backward()
                found = kernel.evaluate(target, x)
                np.testing.assert_allclose(
                    found.value, losses.detach().numpy(), rtol=1e-13, atol=1e-14
                )
                np.testing.assert_allclose(found.gradient, theirs.grad.numpy(), atol=1e-14)
        for gamma in (0.0, 0.5, 2.0):
            theirs = torch.tensor(x, requires_grad=True)
            plain = cross_entropy(theirs, torch.tensor(y), reduction="none")
            losses = (1 - torch.exp(-plain)) ** gamma * plain
            losses.sum().backward()
            found = nl.compile(nl.loss("softmax_focal", gamma=gamma)).evaluate(y, x)
            np.testing.assert_allclose(found.value, losses.detach().numpy(), rtol=1e-10, atol=1e-14)
            np.testing.assert_allclose(found.gradient, theirs.grad.numpy(), atol=1e-12)


@both_engines
@pytest.mark.parametrize("plain", [{"gamma": 0.0}, {"epsilon": 0.0}], ids=["focal", "smoothing"])
def test_without_their_parameter_they_are_cross_entropy(
    plain: dict[str, float], engine: str
) -> None:
    """Gamma 0 and epsilon 0 give the numbers of Categorical, bit by bit, sure or not."""
    name = "softmax_focal" if "gamma" in plain else "label_smoothing"
    kernel, law = nl.compile(nl.loss(name, **plain)), nl.compile(nl.Categorical)
    y, x = drawn(4, 300)
    x[::3] *= 200
    x[0], x[1] = 0.0, [1e308, 0, 0, 0]
    ours, theirs = (k.evaluate(y, x, order=2, engine=engine) for k in (kernel, law))
    assert np.array_equal(ours.value, theirs.value)
    assert np.array_equal(ours.gradient, theirs.gradient)
    assert np.array_equal(ours.hessian.dense(), theirs.hessian.dense())


@both_engines
def test_two_classes_are_the_sigmoid_focal_loss(engine: str) -> None:
    """Of two classes it is the focal loss of the difference of the scores, alpha left out."""
    random = np.random.default_rng(2)
    s = np.concatenate([10 * random.normal(size=80), [0, 40.0, -40.0, 300.0, -300.0]])
    y = random.integers(2, size=s.size)
    scores = np.column_stack([np.full(s.size, 0.25), s + 0.25])
    for gamma in (0.5, 2.0, 3.7):
        two = nl.compile(nl.loss("softmax_focal", gamma=gamma)).evaluate(
            y, scores, order=2, engine=engine
        )
        one = nl.compile(nl.loss("focal", gamma=gamma, alpha=0.5)).evaluate(
            y, scores[:, 1] - scores[:, 0], order=2, engine=engine
        )
        np.testing.assert_allclose(two.value, 2 * one.value, rtol=1e-13)
        np.testing.assert_allclose(two.gradient[:, 1], 2 * one.gradient, rtol=2e-12, atol=1e-300)
        np.testing.assert_allclose(two.gradient[:, 0], -2 * one.gradient, rtol=2e-12, atol=1e-300)
        bend = two.hessian.dense()
        np.testing.assert_allclose(bend[:, 1, 1], 2 * one.hessian, rtol=1e-11, atol=1e-14)
        np.testing.assert_allclose(bend[:, 0, 1], -2 * one.hessian, rtol=1e-11, atol=1e-14)


# --- Digits ---


@pytest.mark.parametrize("K", [2, 20])
@pytest.mark.parametrize(("name", "hyper"), SETTINGS[:2] + SETTINGS[3:5])
def test_digits_over_the_whole_range(name: str, hyper: dict[str, float], K: int) -> None:
    """Ties, 1e-300, 700 and mixtures keep their digits against the declared formula, in both engines and precisions."""
    subject = Subject(nl.loss(name))
    random = np.random.default_rng(K)
    rows = [
        np.zeros(K), np.full(K, 700.0), np.full(K, -700.0),
        1e-300 * random.normal(size=K), np.eye(K)[0] * 700.0, np.eye(K)[K - 1] * 40.0 - 3.0,
        3 * random.normal(size=K), 150 * random.normal(size=K), 1e6 + random.normal(size=K),
    ]  # fmt: skip  # one screen
    kernel = nl.compile(nl.loss(name, **hyper))
    for row, scores in enumerate(rows):
        for y in (0, K - 1)[row % 2 * (K > 5) :][:2]:
            j, k = (y, y) if row % 3 else (y, (y + 1) % K)
            truth = exact_classes(subject, y, scores.tolist(), (j, k), hyper)
            for engine in ("numpy", "numba"):
                found = kernel.evaluate(
                    [y], scores[None], order=2, engine=engine, sample_weight=[0.5]
                )
                computed = (found.value[0], found.gradient[0, j], found.hessian.dense()[0, j, k])
                for value, (exact, rest, size) in zip(computed, truth, strict=True):
                    with mp.workdps(40):
                        error = abs(mpf(float(2 * value)) - mpf(exact) - mpf(rest))
                    assert error <= 4 * EPS * size + 4e-308, (scores, y, value, exact)
                single = scores.astype(np.float32)
                if np.array_equal(single, scores):
                    answer = kernel.evaluate([y], single[None], order=2, engine=engine)
                    assert answer.value.dtype == answer.gradient.dtype == np.float32
                    assert answer.value[0] == np.float32(2 * computed[0])
                    assert answer.gradient[0, j] == np.float32(2 * computed[1])


@both_engines
def test_ends_of_the_range(engine: str) -> None:
    """Where a class is sure or impossible the loss is 0 or infinite and its derivatives are limits, never NaN."""
    inf = np.inf
    scores = [[inf, 0.0, 1.0], [-inf, 0.0, 0.0], [1e308, -1e308, 0.0], [800.0, 0.0, 0.0]]
    focal = nl.compile(nl.loss("softmax_focal", gamma=2)).evaluate(
        [0, 0, 1, 0], scores, order=2, engine=engine
    )
    assert focal.value.tolist() == [0.0, inf, inf, 0.0]
    np.testing.assert_array_equal(
        focal.gradient, [[0, 0, 0], [-1, 0.5, 0.5], [1, -1, 0], [0, 0, 0]]
    )
    assert np.isfinite(focal.hessian.dense()).all()
    smooth = nl.compile(nl.loss("label_smoothing", epsilon=0.3)).evaluate(
        [0, 0, 1, 0], scores, order=2, engine=engine
    )
    assert smooth.value[:3].tolist() == [inf, inf, inf]
    assert smooth.value[3] == pytest.approx(0.3 * 800 * 2 / 3, rel=1e-15)
    assert np.isfinite(smooth.gradient).all()


# --- Hessians and soft targets ---


@both_engines
@pytest.mark.parametrize(("name", "hyper"), SETTINGS)
def test_soft_targets_are_means(name: str, hyper: dict[str, float], engine: str) -> None:
    """The loss of a soft target is the mean of the losses of the classes, and so are its derivatives."""
    kernel = nl.compile(nl.loss(name, **hyper))
    random = np.random.default_rng(4)
    _, x = drawn(4, 300)
    soft, w = random.dirichlet(np.ones(4), 300), random.random(300)
    found = kernel.evaluate(soft, x, sample_weight=w, order=2, engine=engine)
    parts = [
        kernel.evaluate(np.full(300, k), x, sample_weight=w, order=2, engine=engine)
        for k in range(4)
    ]
    mean = [sum(soft[:, k] * part.value for k, part in enumerate(parts))]
    mean += [sum(soft[:, [k]] * part.gradient for k, part in enumerate(parts))]
    mean += [sum(soft[:, [k], None] * part.hessian.dense() for k, part in enumerate(parts))]
    np.testing.assert_allclose(found.value, mean[0], rtol=1e-13)
    np.testing.assert_allclose(found.gradient, mean[1], atol=1e-14)
    np.testing.assert_allclose(found.hessian.dense(), mean[2], atol=1e-14)


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize(("name", "hyper"), SETTINGS)
def test_factors_of_the_hessian(name: str, hyper: dict[str, float], soft: bool) -> None:
    """Diagonal and products are those of the matrices, whether a target is a class or a mixture of them."""
    random = np.random.default_rng(5)
    y: Any
    y, x = drawn(5, 60)
    if soft:
        y = random.dirichlet(np.ones(5), 60)
    factors = nl.compile(nl.loss(name, **hyper)).hessian(y, x, sample_weight=random.random(60))
    dense, v = factors.dense(), random.normal(size=(60, 5))
    np.testing.assert_allclose(factors.diagonal(), np.diagonal(dense, axis1=1, axis2=2), atol=1e-15)
    np.testing.assert_allclose(factors.matvec(v), np.einsum("njk,nk->nj", dense, v), atol=1e-14)
    np.testing.assert_allclose(dense.sum(axis=2), 0, atol=1e-14)  # a common shift changes nothing


def test_curvature_of_another_kind() -> None:
    """Smoothing has the curvature of cross-entropy, which depends on no class; of focal loss only the observed is known."""
    y, x = drawn(3, 20)
    for which in ("expected", "clipped"):
        smooth = nl.compile("label_smoothing").hessian(y, x, hessian=which)
        plain = nl.compile(nl.Categorical).hessian(y, x)
        assert np.array_equal(smooth.probabilities, plain.probabilities)
        with pytest.raises(UsageError, match="hessian='observed'"):
            nl.compile("softmax_focal").hessian(y, x, hessian=which)


def test_places_for_results() -> None:
    """Results are written where a caller says, and blocks for fitting hold the same numbers."""
    kernel = nl.compile("softmax_focal")
    y, x = drawn(3, 700)
    whole = kernel.evaluate(y, x, order=2)
    out = [np.empty(700), np.empty((700, 3)), np.empty((700, 3))]
    again = kernel.evaluate(y, x, order=2, out=out)
    assert again.value is out[0]
    assert np.array_equal(again.hessian.dense(), whole.hessian.dense())
    value, gradient, (probabilities, slope, bend) = kernel.classes(y.astype(float), x, None, 2)
    assert np.array_equal(value, whole.value)
    assert np.array_equal(gradient, whole.gradient)
    assert np.array_equal(probabilities, whole.hessian.probabilities)
    assert np.array_equal(slope, whole.hessian.slope)
    assert np.array_equal(bend, whole.hessian.bend[np.arange(700), y])


# --- Users' own ---


@nl.loss(y=nl.Label("K"), p=nl.ClassVector("K"), q=nl.Hyper(nl.Positive(), default=0.7))
def GeneralisedCrossEntropy(y: Any, p: Any, q: Any) -> Any:
    """(1 - p[y]^q)/q: between cross-entropy (q near 0) and the absolute error of the probability (q = 1)."""
    return (1 - p[y] ** q) / q


@nl.loss(y=nl.Label("K"), p=nl.ClassVector("K"), c=nl.Hyper(nl.NonNegative(), default=1.0))
def Poly(y: Any, p: Any, c: Any) -> Any:
    """Cross-entropy and c (1 - p[y])."""
    return -log(p[y]) + c * (1 - p[y])


@pytest.mark.parametrize("declared", [GeneralisedCrossEntropy, Poly], ids=lambda loss: loss.name)
def test_a_users_own_loss_of_classes(declared: Any) -> None:
    """Any function of the probability of the class observed meets every law, and is trained."""
    report = check_loss(declared, points=24)
    assert report.passed
    x = np.random.default_rng(1).normal(size=120)
    y = np.digitize(x + np.random.default_rng(2).normal(size=120), [-0.5, 0.5])
    model = nl.fit("y ~ x", {"x": x, "y": y}, loss=declared, prior=nl.Normal(mu=0, sigma=1))
    assert model.converged
    assert model.params["2:x"] > model.params["0:x"]


def test_what_is_no_function_of_the_class_observed() -> None:
    """A loss that looks at another class has no kernel, and is told what one may look at."""

    @nl.loss(y=nl.Label("K"), p=nl.ClassVector("K"))
    def Second(y: Any, p: Any) -> Any:
        return -log(p[y]) * mean_log(p)

    with pytest.raises(DensityError, match=r"plus a multiple of mean_log\(p\)"):
        nl.compile(Second)


@pytest.mark.parametrize("name", LOSSES)
def test_parts_make_the_form_again(name: str) -> None:
    """What a form is made of makes it again; another form is made of nothing known."""
    loss = nl.compile(name).loss
    parts = ClassParts.of(loss.complete, loss.slots[0], "y")
    assert parts is not None
    assert parts.form(loss.slots[0], "y", loss.complete.constant) == loss.complete
    assert ClassParts.of(loss.complete, loss.slots[0], "z") is None


def test_probabilities_as_they_are_written() -> None:
    """On the response scale a class without a share costs nothing where nothing is smoothed."""
    sure = [0.0, 1.0, 0.0]
    assert nl.compile("softmax_focal").value(1, sure, scale="response") == 0.0
    assert nl.compile(nl.loss("label_smoothing", epsilon=0)).value(1, sure, scale="response") == 0
    assert nl.compile("label_smoothing").value(1, sure, scale="response") == np.inf
    p = softmax([0.2, -1.0, 0.7])
    assert nl.compile("label_smoothing").value(2, p, scale="response") == pytest.approx(
        -0.9 * np.log(p[2]) - 0.1 * np.log(p).mean(), rel=1e-14
    )
