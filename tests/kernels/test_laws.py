"""Laws that every kernel of the register keeps."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from kernels.register import CASES, Case

from neglog.kernels import ClassHessian, Evaluation, Kernel
from neglog.kernels.plan import Plan

every_kernel = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
EPS = np.finfo(float).eps

# Every variant takes Numba half a second or more: laws that do not depend on the loss run compiled
# for one kernel of each shape.
each_shape = pytest.mark.parametrize(
    ("case", "engine"),
    [*((case, "numpy") for case in CASES), (CASES[0], "numba"), (CASES[4], "numba")],
    ids=lambda value: value if isinstance(value, str) else value.name,
)


def arrays(evaluation: Evaluation) -> list[np.ndarray]:
    """Return the results as plain arrays."""
    hessian = evaluation.hessian
    if isinstance(hessian, ClassHessian):
        hessian = hessian.probabilities
    return [np.asarray(part) for part in (evaluation.value, evaluation.gradient, hessian)]


def same_bits(one: Evaluation, other: Evaluation) -> bool:
    """Return whether two evaluations agree in every bit."""
    return all(
        np.array_equal(a, b) and a.dtype == b.dtype
        for a, b in zip(arrays(one), arrays(other), strict=True)
    )


@every_kernel
def test_engines_agree(case: Case) -> None:
    """The compiled kernel and NumPy differ by a few roundings of the inputs."""
    y, raw = case.draw(5000)
    w = np.random.default_rng(1).random(5000)
    numpy = case.kernel.evaluate(y, raw, order=2, sample_weight=w, engine="numpy")
    numba = case.kernel.evaluate(y, raw, order=2, sample_weight=w, engine="numba")

    rows = [np.abs(a).reshape(5000, -1).max(axis=1) for a in (y, raw, *arrays(numpy))]
    size = (1 + np.maximum(rows[0], rows[1])) * np.max(rows[2:], axis=0)
    bound = 64 if case.name == "medley" else 8  # the medley has gamma functions
    for ours, theirs in zip(arrays(numba), arrays(numpy), strict=True):
        difference = np.abs(ours - theirs).reshape(5000, -1).max(axis=1)
        assert np.all(difference <= bound * EPS * size)


@each_shape
def test_total_is_the_sum(case: Case, engine: str) -> None:
    """The total is the sum of the values, weights multiplied in."""
    y, raw = case.draw(4999)
    w = np.random.default_rng(1).random(4999)
    value = case.kernel.value(y, raw, sample_weight=w, engine=engine)
    total = case.kernel.total(y, raw, sample_weight=w, engine=engine)

    assert total == pytest.approx(value.sum(), rel=1e-13)


@every_kernel
@pytest.mark.parametrize("engine", ["numpy", "numba"])
def test_threads_leave_the_bits_alone(
    case: Case, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One, two and four threads return the same bits, in every row and in the total."""
    y, raw = case.draw(70_001)
    compiled = case.name in ("bernoulli", "categorical")  # the variants that other tests have
    results = []
    for threads in ("1", "2", "4"):
        monkeypatch.setenv("NEGLOG_NUM_THREADS", threads)
        w = np.linspace(0, 2, y.size)
        evaluation = case.kernel.evaluate(y, raw, order=2, sample_weight=w, engine=engine)
        total = case.kernel.total(y, raw, sample_weight=w, engine=engine if compiled else "numpy")
        results.append((evaluation, total))

    for evaluation, total in results[1:]:
        assert same_bits(evaluation, results[0][0])
        assert total == results[0][1]


def layouts(array: np.ndarray) -> dict[str, np.ndarray]:
    """Return the same numbers in every layout."""
    n = array.shape[0]
    doubled = np.repeat(array, 2, axis=0)
    readonly = array.copy()
    readonly.flags.writeable = False
    shifted = np.frombuffer(b"\0" + array.tobytes(), dtype=np.uint8)[1:].view(array.dtype)
    return {
        "fortran": np.asfortranarray(array),
        "strided": doubled[::2],
        "backwards": np.ascontiguousarray(array[::-1])[::-1],
        "read-only": readonly,
        "big-endian": array.astype(array.dtype.newbyteorder(">")),
        "unaligned": shifted.reshape(array.shape),
        "inner": np.stack([array, array], axis=-1).reshape(n, -1, 2)[:, :, 0].reshape(array.shape),
    }


@every_kernel
@pytest.mark.parametrize("engine", ["numpy", "numba"])
def test_layout_does_not_matter(case: Case, engine: str) -> None:
    """Every stride, byte order and alignment gives the bits of a contiguous copy, inputs untouched."""
    y, raw = case.draw(300)
    w = np.ones(300)
    expected = case.kernel.evaluate(y, raw, sample_weight=w, order=2, engine=engine)

    for name, other_y in layouts(y).items():
        other_raw = layouts(raw)[name]
        before = other_y.tobytes(), other_raw.tobytes()
        found = case.kernel.evaluate(other_y, other_raw, sample_weight=w, order=2, engine=engine)
        assert same_bits(found, expected), name
        assert (other_y.tobytes(), other_raw.tobytes()) == before


@every_kernel
def test_kinds_of_numbers(case: Case) -> None:
    """Integers, booleans, half floats and lists are the numbers they stand for."""
    y, raw = case.draw(200)
    y, raw = np.round(np.abs(y)) + (case.name == "medley"), np.round(raw)
    expected = case.kernel.evaluate(y, raw, order=2)

    for kind in ("int8", "uint16", "int64", "float16", "longdouble", "object"):
        assert same_bits(case.kernel.evaluate(y.astype(kind), raw, order=2), expected), kind
    for kind in ("int8", "int64", "float16", "object"):
        assert same_bits(case.kernel.evaluate(y, raw.astype(kind), order=2), expected), kind
    assert same_bits(case.kernel.evaluate(y.tolist(), raw.tolist(), order=2), expected)
    if case.name == "bernoulli":
        assert same_bits(case.kernel.evaluate(y.astype(bool), raw, order=2), expected)


@each_shape
def test_float32(case: Case, engine: str) -> None:
    """float32 comes back as float32: the float64 answer to the same numbers, rounded once."""
    y, raw = case.draw(3000)
    y32, raw32 = y.astype("float32"), raw.astype("float32")
    y64, raw64 = y32.astype(float), raw32.astype(float)
    options = {"sample_weight": np.ones(3000), "order": 2, "engine": engine}
    found = case.kernel.evaluate(y32, raw32, **options)
    exact = case.kernel.evaluate(y64, raw64, **options)

    for ours, theirs in zip(arrays(found), arrays(exact), strict=True):
        assert ours.dtype == np.float32
        assert np.array_equal(ours, theirs.astype("float32"))
    assert case.kernel.total(y32, raw32) == case.kernel.total(y64, raw64)


@each_shape
def test_weights_multiply(case: Case, engine: str) -> None:
    """A weight multiplies value, gradient and Hessian; weight 0 removes the row, whatever it holds."""
    y, raw = case.draw(500)
    w = np.random.default_rng(2).integers(0, 4, 500).astype(float)
    plain = case.kernel.evaluate(y, raw, order=2, engine=engine)
    weighted = case.kernel.evaluate(y, raw, order=2, sample_weight=w, engine=engine)

    assert np.array_equal(weighted.value, w * plain.value)
    factor = w.reshape(-1, *[1] * (plain.gradient.ndim - 1))
    assert np.array_equal(weighted.gradient, factor * plain.gradient)
    ours, theirs = weighted.hessian, plain.hessian
    if isinstance(ours, ClassHessian):
        ours, theirs = ours.dense(), theirs.dense()
    factor = w.reshape(-1, *[1] * (theirs.ndim - 1))
    assert np.array_equal(ours, factor * theirs)


@every_kernel
def test_weight_two_is_the_row_twice(case: Case) -> None:
    """The total with weights 0, 1, 2 ... is the total of the rows repeated so often."""
    y, raw = case.draw(400)
    w = np.random.default_rng(3).integers(0, 4, 400)
    repeated = case.kernel.total(np.repeat(y, w), np.repeat(raw, w, axis=0))

    assert case.kernel.total(y, raw, sample_weight=w) == pytest.approx(repeated, rel=1e-13)


@every_kernel
def test_derivatives_are_differences(case: Case) -> None:
    """The gradient is the slope of the value, the Hessian that of the gradient."""
    y, raw = case.draw(40)
    flat = raw.reshape(40, -1)
    k = flat.shape[1]
    found = case.kernel.evaluate(y, raw, order=2)
    gradient = found.gradient.reshape(40, k)
    if isinstance(found.hessian, ClassHessian):
        matrices = found.hessian.dense()
    else:
        matrices = np.empty((40, k, k))
        packed = found.hessian.reshape(40, -1)
        for place, (row, column) in enumerate(zip(*np.triu_indices(k), strict=True)):
            matrices[:, row, column] = matrices[:, column, row] = packed[:, place]

    for i in range(k):
        step = np.zeros(k)
        step[i] = 1e-5
        up, down = [
            case.kernel.evaluate(y, moved.reshape(raw.shape))
            for moved in (flat + step, flat - step)
        ]
        slope = (up.value - down.value) / 2e-5
        np.testing.assert_allclose(gradient[:, i], slope, rtol=1e-6, atol=1e-6)
        bend = (up.gradient - down.gradient).reshape(40, k) / 2e-5
        np.testing.assert_allclose(matrices[:, i], bend, rtol=1e-6, atol=1e-6)


@each_shape
def test_entries_for_fitting(case: Case, engine: str) -> None:
    """Blocks of rows give what `evaluate` gives, and the constant is what they leave out."""
    y, raw = case.draw(3000)
    w = np.random.default_rng(4).random(3000)
    kernel = case.kernel.with_engine(engine)
    whole = kernel.evaluate(y, raw, order=2, sample_weight=w)
    if kernel.shape == "classes":
        value, gradient, (probabilities,) = kernel.classes(y, raw, w, 2)
        assert np.array_equal(gradient, whole.gradient)
        assert np.array_equal(probabilities, whole.hessian.probabilities)
    else:
        columns = [np.ascontiguousarray(c) for c in raw.reshape(3000, -1).T]
        value, gradients, hessians = kernel.columns(y, columns, w, 2)
        assert np.array_equal(np.stack(gradients, axis=1), whole.gradient.reshape(3000, -1))
        assert np.array_equal(np.stack(hessians, axis=1), whole.hessian.reshape(3000, -1))
    complete = kernel.total(y, raw, sample_weight=w)
    assert value.sum() + kernel.constant(y, w) == pytest.approx(complete, rel=1e-13)
    assert kernel.constant(y, None) == pytest.approx(kernel.constant(y, np.ones(3000)), rel=1e-13)


@every_kernel
def test_no_rows(case: Case) -> None:
    """No rows give empty arrays of the right shapes, and the total 0."""
    y, raw = case.draw(3)
    for engine in ("numpy", "numba"):
        options = {"sample_weight": y[:0], "engine": engine}
        found = case.kernel.evaluate(y[:0], raw[:0], order=2, **options)
        assert found.value.shape == (0,)
        assert found.gradient.shape == raw[:0].shape
    assert case.kernel.total(y[:0], raw[:0]) == 0.0


@every_kernel
def test_one_row_in_one_row_out(case: Case) -> None:
    """Numbers come back for numbers, and they are those of the array with that row."""
    y, raw = case.draw(1)
    one = case.kernel.evaluate(y[0], raw[0], order=1)
    many = case.kernel.evaluate(y, raw, order=1)

    assert type(one.value) is float
    assert one.value == many.value[0]
    assert np.array_equal(one.gradient, many.gradient[0])


@every_kernel
@pytest.mark.parametrize("order", ["C", "F"])
def test_out(case: Case, order: Any) -> None:
    """Results land in the caller's arrays, whatever their layout."""
    y, raw = case.draw(500)
    expected = case.kernel.evaluate(y, raw, order=2)
    out = [np.full(a.shape, np.nan, order=order) for a in arrays(expected)]
    found = case.kernel.evaluate(y, raw, order=2, out=out)

    assert found.value is out[0]
    assert found.gradient is out[1]
    assert same_bits(found, expected)


def test_out_may_be_an_input() -> None:
    """An output that overlaps an input gets the right numbers all the same."""
    case = CASES[0]
    y, raw = case.draw(5000)
    expected = case.kernel.evaluate(y, raw)
    found = case.kernel.evaluate(y, raw, out=(raw, y))

    assert same_bits(found, expected)
    assert found.value is raw


@every_kernel
def test_pickle_and_copy(case: Case) -> None:
    """A kernel survives pickle and deepcopy with its bits and its hyperparameters."""
    y, raw = case.draw(50)
    expected = case.kernel.evaluate(y, raw, order=2)

    pickled = pickle.loads(pickle.dumps(case.kernel))  # our own bytes
    for kernel in (pickled, copy.deepcopy(case.kernel)):
        assert kernel.hyper == case.kernel.hyper
        assert same_bits(kernel.evaluate(y, raw, order=2), expected)
        assert kernel == case.kernel
        assert hash(kernel) == hash(case.kernel)


@every_kernel
def test_plan_is_plain_data(case: Case) -> None:
    """A plan goes through JSON and comes back equal."""
    for plan in (case.kernel.plan, case.kernel.textbook):
        assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


def test_imports_are_light() -> None:
    """Importing the kernels and evaluating a few rows loads neither Numba nor SymPy nor SciPy."""
    program = (
        "import sys, kernels.register as r; r.CASES[0].kernel.evaluate([1], [0.5], order=2);"
        "print([m for m in ('numba', 'sympy', 'scipy', 'mpmath') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(path for path in sys.path if path)},
    )

    assert done.stdout.strip() == "[]"


def test_equal_subtrees_are_computed_once() -> None:
    """No two operations of a plan have the same head and arguments."""
    for case in CASES:
        plan = case.kernel.plan
        ops = [(op.head, op.args) for op in (*plan.call, *plan.once, *plan.row)]
        assert len(ops) == len(set(ops))


def test_small_data_never_wait_for_a_compiler() -> None:
    """`auto` compiles for 50,000 rows and more; a bound engine is used as bound."""
    kernel: Kernel = CASES[0].kernel

    assert [kernel.engine_for(n) for n in (300, 49_999, 50_000)] == ["numpy", "numpy", "numba"]
    assert kernel.with_engine("numba").engine_for(1) == "numba"
    assert kernel.with_engine("numpy").engine_for(10**9) == "numpy"
