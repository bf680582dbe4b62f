"""Laws of kernels with a sum inside a row: a series, and Tweedie."""

from __future__ import annotations

import json
import warnings
from typing import Any

import mpmath as mp
import numpy as np
import pytest

import neglog as nl
from neglog.errors import AccuracyWarning
from neglog.families.tweedie import Tweedie
from neglog.kernels import Kernel
from neglog.kernels.plan import Plan
from neglog.math import LogSum, index, log, loggamma, series


@nl.family(y=nl.Count(), lam=nl.Positive(), nu=nl.Positive())
def ConwayMaxwell(y: Any, lam: Any, nu: Any) -> Any:
    """Poisson with another spread; its normaliser is a series."""
    j = index("j")
    terms = j * log(lam) - nu * loggamma(j + 1)
    return y * log(lam) - nu * loggamma(y + 1) - LogSum(terms, j, series(0))


KERNELS = {
    "series": (lambda: nl.compile(ConwayMaxwell, modelled=["lam", "nu"]), (1.0, 0.2)),
}


def _data(kernel: Kernel, centre: tuple[float, ...], n: int = 300) -> tuple[Any, Any]:
    random = np.random.default_rng(3)
    y = random.poisson(2.0, n).astype(float)
    raw = np.array(centre) + 0.3 * random.normal(size=(n, len(centre)))
    return y, raw if len(centre) > 1 else raw[:, 0]


@pytest.mark.parametrize(
    "name",
    [  # the endless sum takes twenty seconds to compile
        pytest.param(name, marks=pytest.mark.laws if name == "series" else ()) for name in KERNELS
    ],
)
def test_engines_agree(name: str) -> None:
    """NumPy and Numba compute a sum inside a row to the same digits, in value, gradient and Hessian."""
    make, centre = KERNELS[name]
    kernel = make()
    y, raw = _data(kernel, centre)
    plain, compiled = (kernel.evaluate(y, raw, order=2, engine=e) for e in ("numpy", "numba"))
    for a, b in zip(
        (plain.value, plain.gradient, plain.hessian),
        (compiled.value, compiled.gradient, compiled.hessian),
        strict=True,
    ):
        assert np.allclose(a, b, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", KERNELS)
def test_plan_is_plain_data(name: str) -> None:
    """A plan with a loop survives JSON."""
    plan = KERNELS[name][0]().plan
    assert plan.loops
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


def test_poisson_is_a_case() -> None:
    """With nu = 1 the series is exp(lam): the loss is Poisson's."""
    kernel = nl.compile(ConwayMaxwell, modelled=["lam"])
    y, raw = np.arange(12.0), np.linspace(-2, 4, 12)
    ours = kernel.evaluate(y, raw, hyper={"nu": 1.0}, order=2, engine="numpy")
    theirs = nl.compile(nl.Poisson).evaluate(y, raw, order=2, engine="numpy")
    assert np.allclose(ours.value, theirs.value, rtol=1e-13, atol=1e-13)
    assert np.allclose(ours.gradient, theirs.gradient, rtol=1e-12, atol=1e-12)
    assert np.allclose(ours.hessian, theirs.hessian, rtol=1e-12, atol=1e-12)


def _tweedie(y: Any, mu: Any, phi: Any, p: Any) -> Any:
    """Minus the log-density by a plain sum in mpmath."""
    none = mu ** (2 - p) / phi / (2 - p)
    if y == 0:
        return none
    a = (2 - p) / (p - 1)
    rate = a * mp.log(y) - a * mp.log(p - 1) - (1 + a) * mp.log(phi) - mp.log(2 - p)
    peak = y ** (2 - p) / phi / (2 - p)
    last = int(peak + 14 * mp.sqrt(peak) + 60)
    total = mp.fsum(
        mp.exp(j * rate - mp.loggamma(j + 1) - mp.loggamma(a * j)) for j in range(1, last)
    )
    return -mp.log(total) + mp.log(y) + y * mu ** (1 - p) / phi / (p - 1) + none


POINTS = ((0, 1.3, 1.2, 1.5), (1.3, 1, 1, 1.5), (5, 3, 0.4, 1.7), (0.2, 1, 2, 1.9), (4, 3, 2, 1.1))


def test_tweedie_is_its_sum() -> None:
    """The loss of Tweedie is that of the sum over the number of amounts; P(0) is exact."""
    from neglog.symbolic.expression import evaluate
    from neglog.symbolic.heads import numpy_meaning, numpy_number

    y, mu, phi, p = np.array(POINTS, dtype=float).T
    with np.errstate(all="ignore"):
        found = -evaluate(
            Tweedie.density.expression,
            {"y": y, "mu": mu, "phi": phi, "p": p},
            numpy_meaning(),
            numpy_number,
        )
    with mp.workdps(40):
        wanted = [float(_tweedie(*map(mp.mpf, point))) for point in POINTS]
    assert np.allclose(found, wanted, rtol=1e-13)


@pytest.mark.laws
def test_tweedie_with_all_modelled() -> None:
    """Value, gradient and Hessian in all three parameters are those of the plain sum."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AccuracyWarning)  # of the Hessian in p; judged below
        kernel = nl.compile(Tweedie, modelled=["mu", "phi", "p"])
    y, mu, phi, p = np.array(POINTS, dtype=float).T
    raw = np.column_stack([np.log(mu), np.log(phi), np.log((p - 1) / (2 - p))])
    got = kernel.evaluate(y, raw, order=2)
    orders = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]
    orders += [(2, 0, 0), (1, 1, 0), (1, 0, 1), (0, 2, 0), (0, 1, 1), (0, 0, 2)]
    for i, row in enumerate(raw):

        def loss(a: Any, b: Any, c: Any, target: float = y[i]) -> Any:
            return _tweedie(mp.mpf(target), mp.exp(a), mp.exp(b), 1 + 1 / (1 + mp.exp(-c)))

        at = tuple(map(mp.mpf, row))
        with mp.workdps(40):
            wanted = [mp.diff(loss, at, n, h=1e-12) if any(n) else loss(*at) for n in orders]
        found = [got.value[i], *got.gradient[i], *got.hessian[i]]
        assert np.allclose(found, np.array(wanted, dtype=float), rtol=1e-11, atol=1e-11)


@pytest.mark.laws
def test_tweedie_fit_agrees_with_statsmodels() -> None:
    """With p fixed the coefficients are those of a GLM; estimated, p and phi are those of the simulation."""
    sm = pytest.importorskip("statsmodels.api")
    pd = pytest.importorskip("pandas")
    random = np.random.default_rng(0)
    phi, p, n = 0.8, 1.5, 4000
    x = random.normal(size=n)
    mu = np.exp(0.5 + 0.3 * x)
    number = random.poisson(mu ** (2 - p) / phi / (2 - p))
    amount = random.gamma((2 - p) / (p - 1) * np.maximum(number, 1), phi * (p - 1) * mu ** (p - 1))
    data = pd.DataFrame({"y": np.where(number > 0, amount, 0.0), "x": x})
    fixed = nl.fit("y ~ x", data, family=Tweedie.fix(p=1.5))
    law = sm.families.Tweedie(var_power=1.5, link=sm.families.links.Log())
    theirs = sm.GLM(data["y"], sm.add_constant(x), family=law).fit(tol=1e-12).params
    assert np.allclose(fixed.table.estimates[:2], theirs, rtol=1e-6)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AccuracyWarning)  # far from these data
        free = nl.fit("y ~ x", data, family=Tweedie)
    logit, log_phi = free.table.estimates[3], free.table.estimates[2]
    assert abs(np.exp(log_phi) - phi) < 0.05
    assert abs(1 + 1 / (1 + np.exp(-logit)) - p) < 0.05
