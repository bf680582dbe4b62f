"""The program with losses that are no likelihood, and with priors of every kind."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli.program import neglog

import neglog as nl


@pytest.fixture
def table(tmp_path: Path) -> str:
    """A file with a yes-or-no target, a number and a hole."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=60)
    label = np.where(x + rng.normal(size=60) > 0, "yes", "no")
    z = x + rng.standard_t(3, size=60)
    lines = [f"{a},{b},{c}" for a, b, c in zip(x, label, z, strict=True)]
    (tmp_path / "d.csv").write_text("\n".join(["x,label,z", *lines, ",yes,1.0"]) + "\n")
    return str(tmp_path / "d.csv")


def test_a_margin_from_fit_to_predict(table: str, tmp_path: Path) -> None:
    """JSON has nulls where a likelihood would stand; predict prints the score and the label it decides for."""
    saved = str(tmp_path / "h.neglog")
    fitted = neglog(
        "fit", table, "label ~ x", "--loss", "hinge", "--prior", "normal:1", "--save", saved, "--json"
    )  # fmt: skip  # one call
    said = json.loads(fitted.out)
    assert [said[key] for key in ("loglik", "aic", "bic")] == [None] * 3
    assert said["mean_loss"] > 0
    rows = list(csv.DictReader(io.StringIO(neglog("predict", saved, table).out)))
    assert len(rows) == 61
    assert rows[-1] == {"score": "", "predicted_label": ""}
    for row, label in zip(rows[:-1], nl.load(saved).predict(table)[:-1], strict=True):
        assert row["predicted_label"] == label == ("yes" if float(row["score"]) > 0 else "no")


def test_a_residual_from_fit_to_predict(table: str, tmp_path: Path) -> None:
    """The fitted value is printed; an interval, which only a law has, is refused with the reason."""
    saved = str(tmp_path / "h.neglog")
    assert (
        "Huber(delta=1.35)" in neglog("fit", table, "z ~ x", "--loss", "huber", "--save", saved).out
    )
    rows = json.loads(neglog("predict", saved, table, "--json").out)
    assert rows[0]["fitted"] == nl.load(saved).predict(table)[0]
    ran = neglog("predict", saved, table, "--interval", "0.9")
    assert ran.code == 2
    assert "loss without a likelihood" in ran.err


@pytest.mark.parametrize(
    ("named", "law"),
    [
        ("--family asymmetric_laplace --param tau=0.9", {"family": nl.AsymmetricLaplace.fix(tau=0.9)}),
        ("--loss quantile --param tau=0.9", {"loss": nl.loss("quantile", tau=0.9)}),
        (
            "--density -(y-m)**2/2/s**2-log(s)-log(2*pi)/2 --param m=real --param s=positive --param s=2",
            {"family": nl.Normal.fix(sigma=2)},
        ),
    ],
)  # fmt: skip  # a table
def test_a_parameter_is_fixed_at_a_number(table: str, named: str, law: dict[str, Any]) -> None:
    """--param NAME=NUMBER is fix() of Python, of a law, of a loss and of a density that is typed."""
    ran = neglog("fit", table, "z ~ x", *named.split(), "--json")
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)["coefficients"]
    model = nl.fit("z ~ x", table, **law)
    for name, value in model.params.items():
        assert found[name]["estimate"] == pytest.approx(value, rel=1e-9), name


@pytest.mark.parametrize(
    ("text", "prior"),
    [
        ("normal:2", nl.Normal(mu=0, sigma=2)),
        ("laplace:0.1", nl.Laplace(mu=0, b=0.1)),
        ("elasticnet:3,2", nl.ElasticNet(l1=3, l2=2)),
    ],
)
def test_priors_are_those_of_the_library(table: str, text: str, prior: nl.Distribution) -> None:
    """Each prior gives the coefficients that `nl.fit` gives with it."""
    said = json.loads(
        neglog("fit", table, "z ~ x", "--loss", "huber", "--prior", text, "--json").out
    )
    model = nl.fit("z ~ x", table, loss="huber", prior=prior)
    assert {k: v["estimate"] for k, v in said["coefficients"].items()} == dict(model.params)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--loss", "mse"), "--family 'mse'"),
        (("--loss", "huber", "--family", "normal"), "Keep one"),
        (("--family", "huber"), "pass it as --loss"),
        (("--loss", "huber", "--prior", "elasticnet:1"), "needs 2 positive numbers"),
        (("--loss", "huber", "--prior", "laplace:-1"), "needs a positive scale"),
        (("--loss", "zero one threshold"), "derivative is 0 almost everywhere"),
    ],
)
def test_what_is_refused(table: str, options: tuple[str, ...], says: str) -> None:
    """A contradiction or a mistake is an error of use that says what to write."""
    ran = neglog("fit", table, "z ~ x", *options)
    assert ran.code == 2
    assert says in ran.err
