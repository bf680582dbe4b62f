"""Laws of the kernel numerics: every head to its error bound, as plain Python and as SIMD code."""

from __future__ import annotations

import ast
import functools
import importlib.util
import inspect
import math
import platform
import re
import types
from collections.abc import Callable
from typing import Any, NamedTuple

import mpmath as mp
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from symbolic.register import arguments, domain
from symbolic.trees import meaning_of

from neglog.symbolic import numerics
from neglog.symbolic.calculus import differentiate
from neglog.symbolic.heads import HEADS, mpmath_meaning, numpy_meaning
from neglog.symbolic.numerics import NUMERICS, closure
from neglog.symbolic.text import parse

INF, NAN, LEAST, MOST = math.inf, math.nan, 5e-324, float(np.finfo(float).max)
EPS = float(np.finfo(float).eps)
ARITY = {name: function.__code__.co_argcount for name, function in NUMERICS.items()}
Loop = Callable[..., Any]


# --- Points and exact values --------------------------------------------------------------------


def uniform(low: float, high: float, n: int) -> np.ndarray:
    """Return n points between low and high, the same in every run."""
    return np.random.default_rng(n).uniform(low, high, n)


def powers(low: float, high: float, n: int) -> np.ndarray:
    """Return n points from 10**low to 10**high, even in their logarithm."""
    return 10.0 ** uniform(low, high, n)


def around(center: float, n: int) -> np.ndarray:
    """Return points that crowd at a center from both sides, down to the last digits."""
    steps = powers(-15.5, -0.5, n // 2)
    return np.concatenate([center - steps, center + steps])


def logistic_points() -> tuple[np.ndarray, ...]:
    """Return points where softplus and sigmoid are curved, and their left tail to its last bit."""
    return (uniform(-745.1, -37, 500), uniform(-40, 40, 700), uniform(-3, 3, 800))


def gamma_points(smallest: float) -> tuple[np.ndarray, ...]:
    """Return points over the whole range, and around the zeros of loggamma and of digamma."""
    whole = (powers(smallest, 300, 500), uniform(0, 5, 600), uniform(4, 20, 300))
    return (*whole, around(1.0, 200), around(2.0, 200), around(1.4616321449683623, 200))


class Law(NamedTuple):
    """What a head means, where it is tried, and by how many ulp it may be wrong."""

    exact: Callable[..., Any]
    points: tuple[np.ndarray, ...]
    ulp: float


TINY = powers(-323.3, -307, 200)  # subnormal numbers and the first normal ones
OVERFLOW = uniform(709.4, 709.782, 60)  # exp next to the largest number
UNDERFLOW = uniform(-745.1, -708, 100)  # exp subnormal
LAWS = {
    "exp": Law(
        mp.exp,
        (uniform(-745.1, 709.78, 900), uniform(-1, 1, 800), OVERFLOW, UNDERFLOW, -TINY, TINY),
        0.8,
    ),
    "expm1": Law(
        mp.expm1, (uniform(-40, 709.78, 800), uniform(-1, 1, 1000), OVERFLOW, -TINY, TINY), 1.1
    ),
    "log": Law(mp.log, (powers(-307, 308, 900), uniform(0.5, 2, 900), TINY), 0.85),
    "log1p": Law(
        mp.log1p,
        (powers(-20, 308, 500), -powers(-20, 0, 500), uniform(-0.9, 2, 800), TINY, -TINY),
        0.85,
    ),
    "log1mexp": Law(
        lambda x: mp.log(-mp.expm1(-x)) if x < 1 else mp.log1p(-mp.exp(-x)),
        (powers(-300, 0, 500), uniform(0, 3, 1000), uniform(3, 745, 400), TINY),
        1.3,
    ),
    "softplus": Law(lambda x: mp.log1p(mp.exp(x)), logistic_points(), 1.0),
    "sigmoid": Law(lambda x: 1 / (1 + mp.exp(-x)), logistic_points(), 1.2),
    "tanh": Law(mp.tanh, (uniform(-20, 20, 700), uniform(-1, 1, 1000), TINY), 2.5),
    "loggamma": Law(mp.loggamma, (*gamma_points(-307), TINY), 4.0),
    "digamma": Law(lambda x: mp.psi(0, x), gamma_points(-300), 5.0),
    "trigamma": Law(lambda x: mp.psi(1, x), gamma_points(-150), 4.0),
    "expm1mx": Law(
        mpmath_meaning()["expm1mx"],
        (powers(-150, 0, 400), -powers(-150, 0, 400), uniform(-3, 3, 900), uniform(-700, 709, 200)),
        3.5,
    ),
    "stirling": Law(
        mpmath_meaning()["stirling"],
        (np.arange(300.0), np.floor(powers(1, 15, 400))),  # counts
        16.0,
    ),
    # Where one rounding of x^2/2 does not yet show.
    "ndtr": Law(mpmath_meaning()["ndtr"], (uniform(-3, 8, 800), uniform(-0.1, 0.1, 200)), 8.0),
    "log_ndtr": Law(
        mpmath_meaning()["log_ndtr"], (uniform(-1000, -3, 500), uniform(-4, 3, 500)), 8.0
    ),
    "inverse_mills": Law(
        mpmath_meaning()["inverse_mills"], (-powers(0, 300, 400), uniform(-8, 3, 600)), 10.0
    ),
    "inverse_mills1": Law(
        mpmath_meaning()["inverse_mills1"], (-powers(0, 200, 400), uniform(-8, 3, 600)), 12.0
    ),
    **{
        head: Law(mpmath_meaning()[head], (*spread, -TINY, TINY), ulp)
        for head, spread, ulp in (
            ("exprel", (uniform(-40, 716, 300), uniform(-3, 3, 700)), 2.0),
            ("exprel1", (uniform(-40, 716, 300), uniform(-4, 4, 700)), 4.0),
            ("exprel2", (uniform(-40, 716, 300), uniform(-5, 5, 700)), 5.0),
            ("lexprel", (uniform(-900, 900, 300), uniform(-5, 5, 700)), 2.0),
            ("lexprel1", (uniform(-900, 900, 300), uniform(-5, 5, 700)), 2.0),
            ("lexprel2", (uniform(-700, 700, 300), uniform(-6, 6, 700)), 6.0),
            ("erfcx", (uniform(-26.6, 60, 500), uniform(-2, 2, 500), powers(2, 300, 100)), 3.0),
            ("erfcx1", (uniform(-26.5, 60, 500), uniform(-2, 2, 500), powers(2, 150, 100)), 5.0),
            ("erfcx2", (uniform(-26.4, 60, 500), uniform(-2, 2, 500), powers(2, 100, 100)), 10.0),
            *(
                (head, (uniform(-30, 30, 700), uniform(-2, 2, 200), powers(1, 100, 100)), ulp)
                for head, ulp in (
                    ("log_bessel_i0", 3.0),
                    ("log_bessel_i0mx", 5.0),
                    ("bessel_ratio", 6.0),
                    ("bessel_ratiom1", 5.0),
                    ("bessel_ratio1", 8.0),
                )
            ),
            ("cauchy_cdf", (uniform(-30, 30, 500), powers(0, 300, 200), -powers(0, 300, 300)), 2.0),
            (
                "log_cauchy_cdf",
                (uniform(-30, 30, 500), powers(0, 300, 200), -powers(0, 300, 300)),
                3.0,
            ),
            (
                "cauchy_mills",
                (uniform(-30, 30, 500), powers(0, 150, 200), -powers(0, 300, 300)),
                5.0,
            ),
            (
                "cauchy_mills1",
                (
                    uniform(-0.3, 30, 400),
                    uniform(-30, -0.6, 300),
                    powers(0, 100, 100),
                    -powers(0, 150, 200),
                ),
                12.0,
            ),
            (
                "log_softplus",
                (
                    uniform(-700, -5, 300),
                    uniform(-5, 0, 300),
                    uniform(2, 5, 300),
                    uniform(5, 700, 100),
                ),
                3.0,
            ),
            ("log_softplus1", (uniform(-700, 700, 400), uniform(-5, 5, 600)), 4.0),
            ("log_softplus2", (uniform(-700, 700, 400), uniform(-5, 5, 600)), 7.0),
            ("sin", (uniform(-10, 10, 500), uniform(-1e15, 1e15, 300), powers(-20, 15, 300)), 3.0),
            ("cos", (uniform(-10, 10, 500), uniform(-1e15, 1e15, 300), powers(-20, 15, 300)), 3.0),
        )
    },
    "atan": Law(mp.atan, (uniform(-5, 5, 800), powers(-300, 300, 400), -powers(-3, 3, 200)), 2.0),
}
ELEMENTARY = ("exp", "expm1", "log", "log1p", "softplus", "sigmoid")


@functools.cache
def points(head: str) -> np.ndarray:
    """Return the points at which a head is tried; a pair (x, y) as two columns."""
    if head in LAWS:
        return np.concatenate(LAWS[head].points)
    plain = np.concatenate([uniform(-50, 50, 500), powers(-300, 300, 500)])
    return plain if ARITY[head] == 1 else np.stack([plain, np.abs(plain[::-1])], axis=1)


@functools.cache
def exact(head: str) -> tuple[list[Any], np.ndarray]:
    """Return the true values at these points and the distance of two floats there."""
    with mp.workdps(45):
        values = [LAWS[head].exact(mp.mpf(float(x))) for x in points(head)]
    return values, np.array([np.spacing(abs(float(value))) for value in values])


@functools.cache
def interpreted(head: str) -> np.ndarray:
    """Return what the function gives at these points as plain Python."""
    rows = points(head).reshape(len(points(head)), -1)
    return np.array([NUMERICS[head](*map(float, row)) for row in rows])


def ulps(head: str, values: np.ndarray) -> np.ndarray:
    """Return the error of values in units of the last place of the true ones."""
    true, spacing = exact(head)
    with mp.workdps(45):
        errors = [abs(mp.mpf(float(v)) - t) for v, t in zip(values, true, strict=True)]
        return np.array([float(e / mp.mpf(float(s))) for e, s in zip(errors, spacing, strict=True)])


# --- Compiled loops -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Loop:
    """Return compiled(head, contract): the loop a kernel would hold, from copied source text."""
    numba = pytest.importorskip("numba")
    folder = tmp_path_factory.mktemp("numerics")

    @functools.cache
    def copied(jit: str) -> Any:
        lines = ["import math", "import numba", "import numpy as np", ""]
        for function in closure(NUMERICS):
            lines += [f'@numba.njit(inline="always", {jit})', inspect.getsource(function), ""]
        file = folder / f"copy_{len(jit)}.py"
        file.write_text("\n".join(lines), encoding="utf-8")
        spec = importlib.util.spec_from_file_location(file.stem, file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    @functools.cache
    def compile_loop(head: str, contract: bool) -> Any:
        fastmath = {"contract"} if contract else False
        module = copied(f'error_model="numpy", fastmath={fastmath}')
        function = getattr(module, NUMERICS[head].__name__)

        def one(x: np.ndarray, out: np.ndarray) -> None:
            for i in range(out.size):
                out[i] = function(x[i])

        def two(x: np.ndarray, y: np.ndarray, out: np.ndarray) -> None:
            for i in range(out.size):
                out[i] = function(x[i], y[i])

        signature = f"void({', '.join(['float64[::1]'] * (ARITY[head] + 1))})"
        jit = numba.njit(signature, error_model="numpy", fastmath=fastmath)
        return jit(one if ARITY[head] == 1 else two)

    return compile_loop


# Differences of gamma functions are long straight lines of code: Numba takes up to a minute for each.
SLOW = {
    "lbeta",
    "lgd",
    "lgd1",
    "lgd2",
    "lgr",
    "lgr1",
    "lgr2",
    "binet",
    "binet1",
    "binet2",
    "log_ndtr_gap",
    "ndtr_gap_slope",
    "ndtr_gap_edge",
    "ndtr_gap_rest",
}


# Compiled a second time, without fused multiply-adds, in `make laws` only.
TWICE = {
    "exprel", "exprel1", "exprel2", "lexprel", "lexprel1", "lexprel2", "erfcx", "erfcx1", "erfcx2", "stirling",
    "log_bessel_i0", "log_bessel_i0mx", "bessel_ratio", "bessel_ratiom1", "bessel_ratio1", "sin", "cos",
    "log_softplus", "log_softplus1", "log_softplus2",
}  # fmt: skip


def timed(head: str, *more: str) -> Any:
    """Leave the checks of what compiles slowly, or takes mpmath long, to `make laws`."""
    return pytest.param(head, marks=pytest.mark.laws) if head in {*SLOW, *more} else head


def run(loop: Loop, rows: np.ndarray) -> np.ndarray:
    """Apply a compiled loop to points, one column for each argument."""
    out = np.full(len(rows), 7.0)
    loop(*np.ascontiguousarray(rows.reshape(len(rows), -1).T), out)
    return out


# --- Accuracy -----------------------------------------------------------------------------------


@pytest.mark.parametrize("head", LAWS)
def test_accuracy_as_python(head: str) -> None:
    """Run as plain Python, a head errs by no more than its bound anywhere."""
    error = ulps(head, interpreted(head))
    worst = int(np.argmax(error))
    assert error[worst] <= LAWS[head].ulp, f"{head}({points(head)[worst]!r})"


@pytest.mark.parametrize("head", LAWS)
def test_accuracy_compiled(head: str, compiled: Loop) -> None:
    """Compiled with fused multiply-adds, a head errs by no more than its bound anywhere."""
    error = ulps(head, run(compiled(head, True), points(head)))
    worst = int(np.argmax(error))
    assert error[worst] <= LAWS[head].ulp, f"{head}({points(head)[worst]!r})"


# --- The whole range ----------------------------------------------------------------------------

SIZES = (
    -300.0,
    -100.0,
    -30.0,
    -8.0,
    -3.0,
    -1.0,
    -0.3,
    0.0,
    0.5,
    1.0,
    2.0,
    3.0,
    8.0,
    30.0,
    100.0,
    300.0,
)
SIZES_OF_TWO = (-100.0, -8.0, -0.3, -0.1, 0.5, 1.0, 3.0, 8.0, 100.0)
ELEMENTARY_BOUND, GAMMA_BOUND = 4.0, 16.0  # in eps, as everywhere (architecture)


def whole_range(head: str) -> list[tuple[float, ...]]:
    """Return arguments of a head from tiny to huge, of both signs where it takes them."""
    rows = arguments(head, SIZES if ARITY[head] == 1 else SIZES_OF_TWO)
    # Of counts; of others it is not asked.
    return (
        [(float(math.floor(row[0])),) for row in rows if row[0] >= 1]
        if head == "stirling"
        else rows
    )


def conditioned(head: str, row: tuple[float, ...]) -> tuple[Any, Any]:
    """Return the true value, and what one rounding of each argument and of the value could do to it."""
    names = ("x", "z")[: ARITY[head]]
    values = dict(zip(names, map(mp.mpf, row), strict=True))
    node = parse(f"{head}({', '.join(names)})")
    value = meaning_of(node, values)
    moved = (abs(values[name] * meaning_of(slope, values)) for name, slope in slopes(head).items())
    return value, abs(value) + mp.fsum(moved)


@functools.cache
def slopes(head: str) -> dict[str, Any]:
    """Return the derivative of a head for each of its arguments."""
    names = ("x", "z")[: ARITY[head]]
    node = parse(f"{head}({', '.join(names)})")
    symbols = {name: sympy.Symbol(name, real=True) for name in names}
    return {name: differentiate(node, name, symbols) for name in names}


def close(got: float, true: Any, bound: Any) -> bool:
    """Whether a result is the true one to a bound; overflow and underflow are those of the number."""
    number = type(got)
    largest, least = np.finfo(number).max, np.finfo(number).smallest_subnormal
    if not math.isfinite(got) or not mp.isfinite(true):
        return bool(got == number(true)) or bool(abs(true) + bound >= mp.mpf(float(largest)))
    return bool(abs(mp.mpf(float(got)) - true) <= bound + mp.mpf(float(least)))


@pytest.mark.parametrize("engine", ["kernels", "NumPy"])
@pytest.mark.parametrize("head", [timed(head) for head in NUMERICS])
def test_whole_range(head: str, engine: str) -> None:
    """Every head is right from 1e-300 to 1e300, of either sign, in float64 and in float32.

    Kernels widen float32 to float64 inside: only the store rounds.
    """
    compute = NUMERICS[head] if engine == "kernels" else numpy_meaning()[head]
    allowed = GAMMA_BOUND if HEADS[head].gamma_like else ELEMENTARY_BOUND
    allowed *= 2 if head == "inverse_mills1" else 1  # a product of three rounded factors
    for row in whole_range(head):
        with mp.workdps(40), np.errstate(all="ignore"):
            true, scale = conditioned(head, row)
            got = np.float64(compute(*map(np.float64 if engine == "NumPy" else float, row)))
            assert close(got, true, allowed * EPS * scale), (row, got)
            narrow = tuple(float(np.float32(x)) for x in row)
            if all(math.isfinite(x) and x != 0 for x in narrow):
                true, scale = conditioned(head, narrow)
                got32 = np.float32(
                    compute(*map(np.float64 if engine == "NumPy" else float, narrow))
                )
                half = mp.mpf(float(np.finfo(np.float32).eps)) / 2 * abs(true)
                assert close(got32, true, 1.001 * half + allowed * EPS * scale), (narrow, got32)


@pytest.mark.parametrize("head", NUMERICS)
def test_nan_gives_nan(head: str) -> None:
    """NaN in any argument gives NaN in both engines, one row of a column alone."""
    places = [[0.75] * ARITY[head] for _ in range(ARITY[head])]
    for i, row in enumerate(places):
        row[i] = NAN
        assert math.isnan(NUMERICS[head](*row))
    columns = np.array([[0.75] * ARITY[head], *places]).T
    with np.errstate(all="ignore"):
        found = numpy_meaning()[head](*columns)
    np.testing.assert_array_equal(np.isnan(found), [False, *[True] * len(places)])


@pytest.mark.parametrize("head", [timed(head, *TWICE) for head in NUMERICS])
def test_same_bits(head: str, compiled: Loop) -> None:
    """Without fused multiply-adds the compiled loop gives the bits of plain Python."""
    np.testing.assert_array_equal(run(compiled(head, False), points(head)), interpreted(head))


@pytest.mark.parametrize("head", ELEMENTARY)
def test_contraction_moves_one_bit(head: str, compiled: Loop) -> None:
    """Fused multiply-adds change an elementary head by at most the last bit."""
    fused = run(compiled(head, True), points(head))
    assert np.all(np.abs(fused - interpreted(head)) <= exact(head)[1])


def test_one_line_heads_agree_with_numpy() -> None:
    """Heads that are a single operation give what NumPy gives."""
    x = points("sqrt")
    np.testing.assert_array_equal(interpreted("sqrt"), np.sqrt(np.where(x < 0, np.nan, x)))
    np.testing.assert_array_equal(interpreted("abs"), np.abs(points("abs")))
    np.testing.assert_array_equal(interpreted("sign"), np.sign(points("sign")))
    np.testing.assert_array_equal(interpreted("minimum"), np.minimum(*points("minimum").T))
    np.testing.assert_array_equal(interpreted("maximum"), np.maximum(*points("maximum").T))


def test_xlogy_is_the_product() -> None:
    """Away from x = 0, xlogy is x times the log, to the rounding of both."""
    x, y = points("xlogy").T
    with mp.workdps(45):
        true = np.array([float(mp.mpf(a) * mp.log(mp.mpf(b))) for a, b in zip(x, y, strict=True)])
    np.testing.assert_allclose(interpreted("xlogy"), true, rtol=1.8 * np.finfo(float).eps)


def test_half_a_deviance_keeps_its_digits() -> None:
    """bd0 errs by a few roundings of its value and of its arguments, next to x = z and at sizes far apart."""
    x = np.concatenate([powers(-3, 12, 300), np.floor(powers(0, 12, 300)), powers(-300, 300, 200)])
    factor = np.concatenate(
        [1 + powers(-14, -1, 300), 10.0 ** uniform(-18, 18, 300), powers(-3, 3, 200)]
    )
    exact = mpmath_meaning()["bd0"]
    for a, b in zip(x, x * factor, strict=True):
        with mp.workdps(60):
            true = exact(mp.mpf(a), mp.mpf(b))
            moved = abs(mp.mpf(a) * mp.log(mp.mpf(a) / mp.mpf(b))) + abs(mp.mpf(b) - mp.mpf(a))
            assert abs(numerics.bd0(float(a), float(b)) - true) <= 2.0**-51 * (true + moved), (a, b)


# --- Special values -----------------------------------------------------------------------------

# fmt: off
SPECIALS: dict[str, list[tuple[float, ...]]] = {  # the arguments, then the value
    "exp": [(0, 1), (-0.0, 1), (LEAST, 1), (1000, INF), (709.79, INF), (INF, INF), (MOST, INF),
        (-1000, 0), (-745.2, 0), (-MOST, 0), (-INF, 0), (-745.1, LEAST), (NAN, NAN)],
    "expm1": [(0, 0), (LEAST, LEAST), (-1e-300, -1e-300), (1000, INF), (INF, INF), (MOST, INF),
        (-50, -1), (-MOST, -1), (-INF, -1), (NAN, NAN)],
    "log": [(1, 0), (0, -INF), (-0.0, -INF), (-LEAST, NAN), (-1, NAN), (-INF, NAN), (INF, INF),
        (LEAST, -744.4400719213812), (MOST, 709.782712893384), (NAN, NAN)],
    "log1p": [(0, 0), (LEAST, LEAST), (-1e-300, -1e-300), (1e-17, 1e-17), (-1, -INF), (INF, INF),
        (-1.0000000000000002, NAN), (-INF, NAN), (MOST, 709.782712893384), (NAN, NAN)],
    "log1mexp": [(0, -INF), (LEAST, -744.4400719213812), (INF, 0), (-1, NAN), (-INF, NAN),
        (100, -math.exp(-100)), (745.1, -LEAST), (NAN, NAN)],
    "softplus": [(1e308, 1e308), (-1e308, 0), (INF, INF), (-INF, 0), (NAN, NAN),
        (0, math.log(2)), (-745.1, LEAST), (-100, math.exp(-100)), (40, 40)],
    "sigmoid": [(0, 0.5), (INF, 1), (-INF, 0), (1e308, 1), (-1e308, 0), (NAN, NAN),
        (-745, LEAST), (40, 1)],
    "tanh": [(0, 0), (INF, 1), (-INF, -1), (1e308, 1), (LEAST, LEAST), (NAN, NAN)],
    "sqrt": [(0, 0), (-0.0, 0), (4, 2), (-LEAST, NAN), (-INF, NAN), (INF, INF), (NAN, NAN)],
    "abs": [(-0.0, 0), (-INF, INF), (INF, INF), (NAN, NAN)],
    "sign": [(0, 0), (LEAST, 1), (-LEAST, -1), (-INF, -1), (INF, 1), (NAN, NAN)],
    "minimum": [(1, 2, 1), (INF, -INF, -INF), (NAN, 1, NAN), (1, NAN, NAN), (NAN, NAN, NAN)],
    "maximum": [(1, 2, 2), (INF, -INF, INF), (NAN, 1, NAN), (1, NAN, NAN), (NAN, NAN, NAN)],
    "xlogy": [(0, 0, 0), (-0.0, 0, 0), (0, INF, 0), (0, -1, 0), (0, NAN, NAN), (NAN, 1, NAN),
        (2, 0, -INF), (1, -1, NAN), (2, 1, 0), (INF, 2, INF)],
    "loggamma": [(1, 0), (2, 0), (0, INF), (INF, INF), (-0.5, NAN), (-1.5, NAN), (-2, NAN),
        (LEAST, 744.4400719213812), (1e306, INF), (-INF, NAN), (NAN, NAN)],
    "digamma": [(0, -INF), (LEAST, -INF), (INF, INF), (-0.5, NAN), (-2, NAN), (-INF, NAN),
        (MOST, 709.782712893384), (NAN, NAN)],
    "expm1mx": [(0, 0), (LEAST, 0), (INF, INF), (-INF, INF), (1e308, INF), (-1e308, 1e308), (NAN, NAN)],
    "stirling": [(0, 0), (INF, INF), (1, 1), (1e308, 355.5170428542877), (-1, NAN), (NAN, NAN)],
    "ndtr": [(INF, 1), (-INF, 0), (1e308, 1), (-1e308, 0), (NAN, NAN)],
    "log_ndtr": [(INF, 0), (1e308, 0), (-INF, -INF), (-1e200, -INF), (NAN, NAN)],
    "inverse_mills": [(INF, 0), (1e308, 0), (-INF, INF), (-1e308, 1e308), (NAN, NAN)],
    "inverse_mills1": [(INF, 0), (-INF, -1), (1e308, 0), (NAN, NAN)],
    "log_ndtr_gap": [(1, 0, -INF), (1, -1, NAN), (1e100, 2e100, 0), (NAN, 1, NAN), (1, NAN, NAN)],
    "ndtr_gap_slope": [(1, -1, NAN), (1e100, 2e100, 0), (NAN, 1, NAN), (1, NAN, NAN)],
    "ndtr_gap_edge": [(1, -1, NAN), (1, 1e100, 0), (NAN, 1, NAN), (1, NAN, NAN)],
    "ndtr_gap_rest": [(1, -1, NAN), (1e100, 2e100, 1e100), (NAN, 1, NAN), (1, NAN, NAN)],
    "atan": [(0, 0), (INF, math.pi / 2), (-INF, -math.pi / 2), (-1e308, -math.pi / 2), (1e-300, 1e-300), (NAN, NAN)],
    "log1pmx": [(0, 0), (INF, -INF), (LEAST, 0), (-1, -INF), (1e308, -1e308), (-2, NAN), (NAN, NAN)],
    "exprel": [(0, 1), (-0.0, 1), (LEAST, 1), (720, INF), (MOST, INF), (INF, INF), (-INF, 0), (-1e300, 1e-300), (NAN, NAN)],
    "exprel1": [(0, 0.5), (LEAST, 0.5), (720, INF), (MOST, INF), (INF, INF), (-INF, 0), (-MOST, 0), (NAN, NAN)],
    "exprel2": [(0, 1 / 3), (-LEAST, 1 / 3), (720, INF), (MOST, INF), (INF, INF), (-INF, 0), (-MOST, 0), (NAN, NAN)],
    "lexprel": [(0, 0), (1e-300, 5e-301), (1e308, 1e308), (INF, INF), (-INF, -INF), (-MOST, -709.782712893384),
        (NAN, NAN)],
    "lexprel1": [(0, 0.5), (INF, 1), (MOST, 1), (-INF, 0), (-1e300, 1e-300), (NAN, NAN)],
    "lexprel2": [(0, 1 / 12), (INF, 0), (-INF, 0), (MOST, 0), (NAN, NAN)],
    "erfcx": [(0, 1), (LEAST, 1), (INF, 0), (-27, INF), (-MOST, INF), (-INF, INF),
        (NAN, NAN)],
    "erfcx1": [(0, -2 / math.sqrt(math.pi)), (INF, 0), (MOST, 0), (-27, -INF), (-MOST, -INF), (-INF, -INF), (NAN, NAN)],
    "erfcx2": [(0, 2), (INF, 0), (MOST, 0), (-27, INF), (-MOST, INF), (-INF, INF), (NAN, NAN)],
    "log_bessel_i0": [(0, 0), (LEAST, 0), (1e308, 1e308), (-1e308, 1e308), (INF, INF), (-INF, INF), (NAN, NAN)],
    "log_bessel_i0mx": [(0, 0), (-1e-300, 1e-300), (INF, -INF), (-8e307, 1.6e308),
        (-INF, INF), (NAN, NAN)],
    "bessel_ratio": [(0, 0), (1e-300, 5e-301), (INF, 1), (-INF, -1), (MOST, 1), (NAN, NAN)],
    "bessel_ratiom1": [(0, -1), (INF, 0), (-INF, -2), (1e300, -5e-301), (-MOST, -2), (NAN, NAN)],
    "bessel_ratio1": [(0, 0.5), (LEAST, 0.5), (INF, 0), (-INF, 0), (MOST, 0), (NAN, NAN)],
    "cauchy_cdf": [(0, 0.5), (INF, 1), (-INF, 0), (MOST, 1), (NAN, NAN)],
    "log_cauchy_cdf": [(0, -math.log(2)), (INF, 0), (-INF, -INF), (1e300, -3.183098861837907e-301), (NAN, NAN)],
    "cauchy_mills": [(0, 2 / math.pi), (INF, 0), (-INF, 0), (-1e300, 1e-300), (1e200, 0), (NAN, NAN)],
    "cauchy_mills1": [(INF, 0), (-INF, 0), (-1e300, 0), (MOST, 0), (NAN, NAN)],
    "log_softplus": [(0, math.log(math.log(2))), (-INF, -INF), (-1e308, -1e308), (INF, INF), (NAN, NAN)],
    "log_softplus1": [(-INF, 1), (-800, 1), (INF, 0), (1e300, 1e-300), (NAN, NAN)],
    "log_softplus2": [(-INF, 0), (-MOST, 0), (INF, 0), (1e150, -1e-300), (NAN, NAN)],
    "sin": [(0, 0), (LEAST, LEAST), (INF, NAN), (-INF, NAN), (NAN, NAN)],
    "cos": [(0, 1), (LEAST, 1), (INF, NAN), (-INF, NAN), (NAN, NAN)],
    "bd0": [(1, 1, 0), (0, 3, 3), (2, 0, INF), (0, 0, 0), (-1, 1, NAN), (1, -1, NAN), (NAN, 1, NAN), (1, NAN, NAN)],
    "binet": [(0, INF), (INF, 0), (1e308, 8.333333333333322e-310), (-1, NAN), (NAN, NAN)],
    "binet1": [(0, -INF), (INF, 0), (1e200, 0), (-1, NAN), (NAN, NAN)],
    "binet2": [(0, INF), (INF, 0), (1e200, 0), (-1, NAN), (NAN, NAN)],
    "lgr": [(1e300, 0, 0), (3, 0, 0), (NAN, 1, NAN), (1, NAN, NAN)],
    "lgr1": [(1, 0, 0), (INF, 1, 0), (1e300, 1, 1e-300), (NAN, 1, NAN), (1, NAN, NAN)],
    "lgr2": [(1, 0, 0), (INF, 1, 0), (NAN, 1, NAN), (1, NAN, NAN)],
    "lgd": [(1, 0, 0), (NAN, 1, NAN), (1, NAN, NAN)],
    "lgd1": [(1, 0, 0), (INF, 2, 0), (NAN, 1, NAN), (1, NAN, NAN)],
    "lgd2": [(1, 0, 0), (INF, 2, 0), (NAN, 1, NAN), (1, NAN, NAN)],
    "lbeta": [(NAN, 1, NAN), (1, NAN, NAN)],
    "trigamma": [(0, INF), (LEAST, INF), (INF, 0), (1e308, 1e-308), (-0.5, NAN), (-2, NAN),
        (-INF, NAN), (NAN, NAN)],
}
# fmt: on


def test_every_head_has_special_values() -> None:
    """No head is left without its row of special values: NaN, and the infinities of its domain."""
    assert SPECIALS.keys() == NUMERICS.keys()
    for head, rows in SPECIALS.items():
        first = {row[0] for row in rows}
        assert any(math.isnan(x) for x in first), head
        if ARITY[head] == 1:
            assert {end for (end, *_) in zip(domain(head)[0]) if math.isinf(end)} <= first, head


@pytest.mark.parametrize("head", [timed(head) for head in SPECIALS])
def test_special_values(head: str, compiled: Loop) -> None:
    """Zeros, infinities, NaN, the smallest and largest floats give the limits, both ways."""
    table = np.array(SPECIALS[head], dtype=float)
    arguments, expected = table[:, :-1], table[:, -1]
    plain = np.array([NUMERICS[head](*map(float, row)) for row in arguments])
    np.testing.assert_array_equal(plain, expected)
    np.testing.assert_array_equal(run(compiled(head, True), arguments), expected)


# --- Identities ---------------------------------------------------------------------------------

reals = st.floats(-700, 700)


@given(reals)
def test_softplus_of_both_signs(x: float) -> None:
    """softplus(x) - softplus(-x) = x."""
    difference = numerics.softplus(x) - numerics.softplus(-x)
    assert abs(difference - x) <= 2 * EPS * max(1.0, abs(x))


@given(reals)
def test_sigmoid_of_both_signs(x: float) -> None:
    """sigmoid(x) + sigmoid(-x) = 1."""
    assert abs(numerics.sigmoid(x) + numerics.sigmoid(-x) - 1.0) <= EPS


@given(reals)
def test_softplus_is_minus_log_sigmoid(x: float) -> None:
    """softplus(x) = -log sigmoid(-x) where that logarithm is well conditioned."""
    if x > -1:
        value = numerics.softplus(x)
        assert abs(value + numerics.log(numerics.sigmoid(-x))) <= 4 * EPS * max(1.0, value)


@given(st.floats(1e-300, 700))
def test_log1mexp_of_its_inverse(x: float) -> None:
    """exp(log1mexp(x)) = -expm1(-x)."""
    value = -numerics.expm1(-x)
    logarithm = numerics.log1mexp(x)
    back = numerics.exp(logarithm)
    assert abs(back - value) <= 3 * EPS * value * max(1.0, abs(logarithm))


@given(st.floats(1e-100, 1e100))
def test_log_of_exp(x: float) -> None:
    """exp(log(x)) = x, to the error that the logarithm's own rounding makes."""
    logarithm = numerics.log(x)
    assert abs(numerics.exp(logarithm) - x) <= 2 * EPS * x * max(1.0, abs(logarithm))


@given(st.floats(1e-3, 1e6))
def test_gamma_recurrences(x: float) -> None:
    """One step up adds log x to loggamma, 1/x to digamma, -1/x^2 to trigamma."""
    for function, step, slope in (
        (numerics.loggamma, numerics.log(x), numerics.digamma(x + 1.0)),
        (numerics.digamma, 1.0 / x, numerics.trigamma(x + 1.0)),
        (numerics.trigamma, -1.0 / (x * x), 2.5 / (x + 1.0)),
    ):
        here, above = function(x), function(x + 1.0)
        rounding = 5 * EPS * (abs(here) + abs(above) + abs(step))
        assert abs(above - here - step) <= rounding + EPS * (x + 1.0) * abs(slope)  # x + 1 rounded


# --- What the code generator relies on ----------------------------------------------------------


@pytest.mark.parametrize("head", NUMERICS)
def test_closure_is_complete_and_in_order(head: str) -> None:
    """The functions of a closure, defined one after the other and nothing else, run."""
    names: dict[str, Any] = {"np": np, "math": math}
    for function in closure([head]):
        names[function.__name__] = types.FunctionType(function.__code__, dict(names))
    arguments = [0.75] * ARITY[head]
    assert names[NUMERICS[head].__name__](*arguments) == NUMERICS[head](*arguments)


def test_closure_holds_no_more_than_needed() -> None:
    """A head brings its own helpers only, and each function once."""
    assert [f.__name__ for f in closure(["sqrt"])] == ["sqrt"]
    assert [f.__name__ for f in closure(["xlogy", "log"])] == [
        "_log_parts",
        "_log_positive",
        "log",
        "xlogy",
    ]


def test_no_libm() -> None:
    """No function calls anything that is not one instruction or another function here."""
    allowed = {f.__name__ for f in closure(NUMERICS)} | {"abs", "min", "max", "float", "int"}
    attributes = {"floor", "sqrt", "inf", "nan", "float64", "int64", "int32", "view"}
    for function in closure(NUMERICS):
        tree = ast.parse(inspect.getsource(function)).body[0]
        assert isinstance(tree, ast.FunctionDef)
        for node in ast.walk(tree):
            assert not isinstance(node, ast.If | ast.For | ast.While), function.__name__
            if isinstance(node, ast.Attribute):
                assert node.attr in attributes, function.__name__
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id in allowed, function.__name__


_ARITHMETIC = r"(?:add|sub|mul|div|sqrt|max|min|blendv|cmp\w*|fn?m(?:add|sub)\d+)pd"
_BITS = r"p?(?:and|andn|or|xor)(?:p[sd]|[dq])?"  # abs clears a bit, sign sets one
PACKED = re.compile(rf"\tv?(?:{_ARITHMETIC}|{_BITS})\t[^\n]*%[xyz]mm")


@pytest.mark.skipif(
    platform.machine() not in {"x86_64", "AMD64"}, reason="tried on x86 processors only"
)
@pytest.mark.parametrize("head", [timed(head) for head in NUMERICS])
def test_loops_are_vectorised(head: str, compiled: Loop) -> None:
    """The compiled loop of every head works on several numbers at a time, and calls nothing."""
    loop = compiled(head, True)
    (code,) = loop.inspect_llvm().values()
    _, _, after = code.partition("\nvector.body:")
    body, _, _ = after.partition("br i1")
    # Results may be stored one by one where the compiler does not see that their places follow one another.
    assert re.search(r"(store|extractelement) <\d+ x double>", body), head
    assert {name.partition(".")[0] for name in re.findall(r"call .*?@([\w.]+)", body)} <= {"llvm"}
    # What the processor runs: instructions on packed doubles.
    (assembly,) = loop.inspect_asm().values()
    assert PACKED.search(assembly), head
