"""Losses that ship with the package are what the derivation gives, and are found without it; others are cached."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from importlib import resources
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
from families.written import Exponential

import neglog as nl
from neglog.derivation.derive import derive
from neglog.derivation.obtain import obtain, shipped_name
from neglog.derivation.workings import Workings
from neglog.errors import AccuracyWarning
from neglog.families.register import FAMILIES, ORDERED
from neglog.families.transformers.common import COMMON
from neglog.kernels import Kernel
from neglog.losses import Form, Loss
from neglog.losses.surrogates.register import SURROGATES
from neglog.symbolic.cutpoints import row_law
from neglog.symbolic.density import Density, Parameter
from neglog.symbolic.heads import mpmath_meaning
from neglog.symbolic.tape import Tape
from neglog.symbolic.text import parse, to_text

FOLDER = resources.files("neglog.losses") / "shipped"
SHIPPED = {
    shipped_name(each.density, modelled): (each.density, modelled)
    for each in (*FAMILIES.values(), *ORDERED.values(), *COMMON, *SURROGATES.values())
    for free in (row_law(each.density).free,)
    for modelled in (free[:1], free)
}


def read(name: str) -> Loss:
    """Return a loss as it is shipped."""
    return Loss.from_json(json.loads((FOLDER / name).read_text(encoding="utf-8")))


def test_one_file_for_each() -> None:
    """There is one file for each family and declared loss, the first parameter modelled and all, and no other."""
    assert {file.name for file in FOLDER.iterdir() if file.name.endswith(".json")} == set(SHIPPED)


# Exact values of gamma functions, and of normal probabilities, take their time: these are derived anew in `make laws`.
SLOW = (
    "beta", "censored", "gamma", "hurdle-negativebinomial", "negativebinomial", "ordinalprobit", "studentt",
    "truncated-normal", "tweedie", "zeroinflated",
)  # fmt: skip  # one screen
DERIVED = [
    pytest.param(name, marks=pytest.mark.laws) if name.startswith(SLOW) else name
    for name in SHIPPED
]


@pytest.mark.parametrize("name", DERIVED)
def test_shipped_is_derived(name: str) -> None:
    """Each shipped loss equals, expression by expression, what the derivation gives now.

    Which of several good forms is the shortest that keeps its digits may be up to a rounding of the processor's
    exponential: another form than the shipped one has to be the same number to 40 digits.
    """
    density, modelled = SHIPPED[name]
    shipped = read(name)
    points = 480 if name.startswith(("hurdle", "zeroinflated")) else 240
    derived = derive(density, modelled=modelled, points=points).loss

    assert shipped.density == row_law(density)
    assert shipped.slots == derived.slots
    same_form(shipped, shipped.complete, derived.complete)
    same_form(shipped, shipped.textbook, derived.textbook)
    assert [(d.kind, d.expression, d.reason) for d in shipped.dropped] == [
        (d.kind, d.expression, d.reason) for d in derived.dropped
    ]
    assert [c.output for c in shipped.certificates] == [c.output for c in derived.certificates]
    assert all(
        c.error <= c.bound or (name, c.output) in BEYOND or c.output in CORNERS.get(name, {})
        for c in derived.certificates
    )


def same_form(loss: Loss, ours: Form, theirs: Form) -> None:
    """Two forms are the same trees, or the same numbers."""
    if ours == theirs:
        return
    pairs = [
        (ours.value + ours.constant, theirs.value + theirs.constant),
        *zip(ours.gradient, theirs.gradient, strict=True),
        *zip(ours.hessian, theirs.hessian, strict=True),
    ]
    different = [pair for pair in pairs if pair[0] != pair[1]]
    workings = Workings.begin(loss.density, [slot.parameter for slot in loss.slots], None, 0)
    tape = Tape([node for pair in different for node in pair])
    with mp.workdps(60):
        for number in range(12):
            found = tape.run(
                workings.sample(number),
                mpmath_meaning(),
                lambda v: mp.mpf(v.numerator) / v.denominator,
            )
            for a, b in zip(found[::2], found[1::2], strict=True):
                assert abs(a - b) <= mp.mpf(10) ** -40 * (abs(a) + abs(b))


# Where the shape phi mu of a Beta law nears 0, and y with it, curvature in phi of size y is left of terms of size 1.
BEYOND = {("beta-mu-phi.json", "hessian eta_phi eta_phi"): 5e3}

# Transformed laws lose digits, and all of them, where the raw predictions are huge: by how much where they are usual.
# Two ends that nearly meet, beside a large sigma: curvature in sigma is what is left of terms of size 1. A count of 1
# that is almost certain, and a zero that is: the value is near 0, of two logarithms. A truncated normal law far in its
# tail: its variance is what is left of 1.
CORNERS: dict[str, dict[str, float]] = {
    "censored-lognormal-mu-sigma.json": {
        "gradient eta_sigma": 4, "hessian eta_mu eta_mu": 4, "hessian eta_mu eta_sigma": 4,
        "hessian eta_sigma eta_sigma": 1e15
    },
    "censored-normal-mu-sigma.json": {
        "value": 4, "gradient eta_mu": 4, "gradient eta_sigma": 4, "hessian eta_mu eta_mu": 4,
        "hessian eta_mu eta_sigma": 4, "hessian eta_sigma eta_sigma": 1e16
    },
    "censored-weibull-mu-shape.json": {"hessian eta_mu eta_shape": 4, "hessian eta_shape eta_shape": 1e11},
    "hurdle-negativebinomial-mu-alpha-zero.json": {
        "value": 1e8, "gradient eta_mu": 1e7, "gradient eta_alpha": 1e11, "hessian eta_mu eta_mu": 1e11,
        "hessian eta_mu eta_alpha": 1e16, "hessian eta_alpha eta_alpha": 1e12
    },
    "hurdle-negativebinomial-mu.json": {"value": 1e7, "gradient eta": 1e7, "hessian eta eta": 1e11},
    "truncated-normal-lower-0-mu-sigma.json": {
        "value": 1e3, "gradient eta_mu": 1e2, "gradient eta_sigma": 1e3, "hessian eta_mu eta_mu": 1e14,
        "hessian eta_mu eta_sigma": 1e5, "hessian eta_sigma eta_sigma": 1e5
    },
    "truncated-normal-lower-0-mu.json": {"value": 4, "gradient eta": 1e2, "hessian eta eta": 1e7},
    "zeroinflated-negativebinomial-mu-alpha-excess.json": {
        "value": 1e7, "gradient eta_alpha": 16, "hessian eta_mu eta_mu": 1e6,
        "hessian eta_alpha eta_alpha": 1e5, "hessian eta_alpha eta_excess": 64, "hessian eta_excess eta_excess": 64
    },
    "zeroinflated-negativebinomial-mu.json": {"value": 1e7},
}  # fmt: skip  # one screen


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_certificates_hold(name: str) -> None:
    """Every output of a shipped loss has a certificate, and its measured error is within its bound.

    Where corners of the range are lost, the error at usual raw predictions and data is as it is known.
    """
    loss = read(name)
    # Exact values of a sum cost too much for many points.
    least = 3 if "logsum(" in to_text(loss.complete.value) else 48
    certified = {certificate.output.split()[0] for certificate in loss.certificates}
    assert certified >= {"value", "gradient", "hessian"}
    for certificate in loss.certificates:
        assert certificate.bound <= 64
        known = CORNERS.get(name, {}).get(certificate.output)
        if known is None:
            allowed = BEYOND.get((name, certificate.output), certificate.bound)
            assert 0 <= certificate.error <= allowed
        else:
            assert certificate.usual is not None
            assert 0 <= certificate.usual <= known
        assert certificate.points >= least
        # The worst against its own bound: a case with gamma functions is allowed more than one without.
        assert certificate.error in {region.error for region in certificate.regions}
        assert certificate.points == sum(region.points for region in certificate.regions)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_survives_json(name: str) -> None:
    """A shipped loss written and read again is itself, and it compiles."""
    loss = read(name)
    assert Loss.from_json(json.loads(json.dumps(loss.to_json()))) == loss
    assert "def " in Kernel(loss).source


def python(code: str, cache: Path) -> dict[str, object]:
    """Run code in another process with a cache folder of its own; return the JSON it prints."""
    import os

    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
        env={**os.environ, "NEGLOG_CACHE_DIR": str(cache)},
    )
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


BUILT_IN = """
import json, sys
from neglog.derivation.obtain import obtain
from neglog.families.register import FAMILIES
for family in FAMILIES.values():
    obtain(family.density), obtain(family.density, family.density.free)
print(json.dumps({"sympy": "sympy" in sys.modules}))
"""

WRITTEN = """
import json, sys
from neglog.derivation.obtain import obtain
from neglog.symbolic.density import Density
density = Density.from_json(json.loads({density!r}))
loss = obtain(density)
print(json.dumps({{"sympy": "sympy" in sys.modules, "loss": loss.to_json()}}))
"""


def test_built_in_families_need_no_derivation(tmp_path: Path) -> None:
    """The loss of a built-in family is read, without SymPy."""
    assert python(BUILT_IN, tmp_path / "cache") == {"sympy": False}


def test_a_written_density_is_derived_once(tmp_path: Path) -> None:
    """The first process derives a user's density, the next reads the same loss from the cache without SymPy."""
    code = WRITTEN.format(density=json.dumps(Exponential.density.to_json()))
    cache = tmp_path / "cache"
    first, second = python(code, cache), python(code, cache)

    assert first["sympy"]
    assert not second["sympy"]
    assert first["loss"] == second["loss"]
    (entry,) = (cache / "losses").iterdir()
    assert json.loads(entry.read_text(encoding="utf-8")) == first["loss"]
    assert cache.stat().st_mode & 0o077 == 0 or (cache / "losses").stat().st_mode & 0o077 == 0


@pytest.fixture
def entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the cache entry of a user's density, in a cache of its own."""
    monkeypatch.setenv("NEGLOG_CACHE_DIR", str(tmp_path))
    obtain(Exponential.density)
    (path,) = (tmp_path / "losses").iterdir()
    return path


DAMAGE = {
    "empty": lambda content: b"",
    "cut": lambda content: content[: len(content) // 2],
    "no text": lambda content: b"\xff\xfe\x00" + content,
    "another shape": lambda content: b"[1, 2, 3]",
    "null": lambda content: b"null",
    "code": lambda content: content.replace(b"exp(-eta)", b"__import__('os')"),
    "an unknown name": lambda content: content.replace(b"exp(-eta)", b"exp(-zeta)"),
    "a slot less": lambda content: json.dumps({**json.loads(content), "slots": []}).encode(),
    "no certificates": lambda content: json.dumps(
        {k: v for k, v in json.loads(content).items() if k != "certificates"}
    ).encode(),
    "forms of another shape": lambda content: json.dumps(
        {**json.loads(content), "complete": {"value": 3}}
    ).encode(),
    "deep": lambda content: b"[" * 100_000,
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_entry_is_derived_anew(entry: Path, name: str) -> None:
    """Whatever became of a cache entry, the loss is right, and the entry is mended."""
    content = entry.read_bytes()
    expected = Loss.from_json(json.loads(content))
    damaged = DAMAGE[name](content)
    assert damaged != content
    entry.write_bytes(damaged)

    assert obtain(Exponential.density) == expected
    assert entry.read_bytes() == content


def test_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a cache folder a loss is derived every time, and nothing fails."""
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    monkeypatch.setenv("NEGLOG_CACHE_DIR", str(blocked))
    assert obtain(Exponential.density).name == "Exponential"
    assert blocked.read_text(encoding="utf-8") == ""


def test_a_namesake_has_a_loss_of_its_own() -> None:
    """A user's family called Poisson, with another density, is not given the shipped loss."""
    parameter = Parameter("mu", nl.Positive(link="log"))
    own = Density("Poisson", parse("-log(mu) - y/mu"), "y", nl.Positive(), (parameter,))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AccuracyWarning)
        loss = obtain(own)
    assert loss.density == own
    assert Kernel(loss).value(2.0, 0.0) == pytest.approx(2.0, rel=1e-15)
    shipped = Kernel(obtain(nl.Poisson.density)).value(np.array([2.0]), np.array([0.0]))
    assert shipped[0] == pytest.approx(1.0 + np.log(2.0), rel=1e-15)
