"""Every command does its work on real data, and says on which stream what belongs there."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path

import numpy as np
import pytest
from cli.program import neglog

import neglog as nl

CANCER = "diagnosis ~ mean_radius + mean_texture"


@pytest.mark.parametrize(
    ("args", "printed"),
    [
        (["cross_entropy", "--y", "1", "--p", "0.6"], "0.5108"),
        (["cross_entropy", "--y", "1", "--p", "0.2,0.5,0.3"], "0.6931"),
        (["cross_entropy", "--y", "0,1,0", "--p", "0.2,0.5,0.3"], "0.6931"),
        (["交叉熵", "--y", "1", "--p", "0.6"], "0.5108"),
        (["mse", "--y", "1", "--raw", "3"], "2.0000"),
        (["normal", "--y", "1", "--p", "3", "--param", "sigma=2"], "2.1121"),
        (["poisson", "--y", "2", "--param", "mu=3"], "1.4959"),
        (["bernoulli", "--y", "1", "--raw", "34"], "1.714e-15"),
        (["bernoulli", "--y", "0,1", "--p", "0.5,0.25"], "0.6931\n1.3863"),
        (["binomial", "--y", "3 | 10", "--p", "0.5"], "2.1440"),
        (["binomial", "--y", "3,10", "--p", "0.5"], "2.1440"),
        ("--density y*log(p)+log(1-p) --target count --param p=unitinterval --y 1 --p 0.5".split(), "1.3863"),
    ],
)  # fmt: skip  # one case a line
def test_loss_prints_the_number(args: list[str], printed: str) -> None:
    """The loss of one observation is printed with four decimals, and nothing else on standard output."""
    ran = neglog("loss", *args)
    assert (ran.code, ran.out.strip()) == (0, printed)


def test_loss_as_json_has_the_derivatives() -> None:
    """With a raw prediction the JSON holds value, gradient and Hessian in full precision."""
    result = json.loads(neglog("loss", "softmax", "--y", "1", "--raw", "1,2,3", "--json").out)
    p = np.exp([1, 2, 3]) / np.exp([1, 2, 3]).sum()
    assert result["value"] == pytest.approx(-math.log(p[1]), rel=1e-15)
    assert result["gradient"] == pytest.approx(p - [0, 1, 0], rel=1e-14)
    assert np.array(result["hessian"]) == pytest.approx(np.diag(p) - np.outer(p, p), rel=1e-13)


def test_textbook_loss_says_what_was_dropped() -> None:
    """Without sigma the textbook loss is printed, and standard error says that constants are gone."""
    ran = neglog("loss", "normal", "--y", "1", "--raw", "3")
    assert "textbook" in ran.err
    assert "textbook" not in ran.out


@pytest.mark.parametrize("form", ["text", "latex"])
def test_derive_prints_the_steps(form: str) -> None:
    """A derivation is data on standard output, in both formats."""
    ran = neglog("derive", "mse", "--prior", "normal:2", "--format", form)
    assert ran.code == 0
    assert "Normal" in ran.out
    assert (r"\documentclass" in ran.out) == (form == "latex")


def test_derive_as_json() -> None:
    """The steps of a derivation are JSON, each with its lines and its reason."""
    result = json.loads(neglog("derive", "poisson", "--json").out)
    assert {"rule", "before", "after", "why"} <= set(result["steps"][0])
    assert result["loss"]["density"]["name"] == "Poisson"


def test_example_lists_and_exports(here: Path) -> None:
    """Examples are listed with a sentence each, printed as CSV, or written to a file whole."""
    assert "breast_cancer" in neglog("example").out
    names = {each["name"] for each in json.loads(neglog("example", "--json").out)}
    assert {"breast_cancer", "diabetes", "wine"} <= names
    printed = neglog("example", "iris").out
    ran = neglog("example", "iris", "-o", "iris.csv")
    assert ran.out == ""
    assert Path("iris.csv").read_text("utf-8") == printed
    assert printed.splitlines()[0].endswith("species")


def test_fit_prints_saves_and_reports(here: Path) -> None:
    """The main job: the table on standard output, the talk beside it, a model and a report on disk."""
    ran = neglog("fit", "breast_cancer.csv", CANCER, "--save", "m.neglog", "--report", "m.html")
    assert ran.code == 0
    assert "mean_radius" in ran.out
    assert "Bernoulli" in ran.err
    assert "Wrote" not in ran.out
    model = nl.fit(CANCER, "breast_cancer.csv", family=nl.Bernoulli)
    assert dict(nl.load("m.neglog").params) == dict(model.params)
    assert Path("m.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    assert not list(here.glob(".*"))


def test_fit_as_json_is_the_model(here: Path) -> None:
    """The JSON of a fit holds the numbers of the model, unrounded."""
    result = json.loads(neglog("fit", "breast_cancer.csv", CANCER, "--json").out)
    model = nl.fit(CANCER, "breast_cancer.csv", family=nl.Bernoulli)
    assert result["loglik"] == model.loglik
    assert {k: v["std_err"] for k, v in result["coefficients"].items()} == dict(model.bse)
    assert result["classes"] == ["benign", "malignant"]
    assert result["choice"]["readings"][0]["family"] == "Bernoulli"


def test_positive_label_turns_the_signs(here: Path) -> None:
    """Which of two labels counts as 1 is the user's choice."""
    one, other = (
        json.loads(
            neglog("fit", "passed.csv", "passed ~ hours", "--positive", label, "--json").out
        )["coefficients"]
        for label in ("yes", "no")
    )
    assert one["hours"]["estimate"] == pytest.approx(-other["hours"]["estimate"], rel=1e-9)


def test_missing_values_are_counted(here: Path) -> None:
    """Rows that lack a value are left out, and their number is printed."""
    ran = neglog("fit", "holes.csv", "y ~ x", "--json")
    result = json.loads(ran.out)
    assert (result["rows_read"], result["rows_used"]) == (8, 6)
    assert "2 rows of 8 were left out" in " ".join(result["notes"])
    assert "2 rows of 8 were left out" in " ".join(neglog("fit", "holes.csv", "y ~ x").out.split())


def test_typed_density_equals_the_exponential_law(here: Path) -> None:
    """A typed density is fitted, saved and loaded: with an intercept alone lam is one over the mean."""
    ran = neglog(
        "fit", "times.csv", "time ~ 1", "--density", "log(lam) - lam*y", "--target", "positive",
        "--param", "lam=positive", "--save", "t.neglog", "--json",
    )  # fmt: skip  # one call
    estimate = json.loads(ran.out)["coefficients"]["Intercept"]["estimate"]
    times = [1.5, 2.5, 0.3, 0.7, 2.2, 0.9]
    assert math.exp(-estimate) == pytest.approx(np.mean(times), rel=1e-9)
    predicted = neglog("predict", "t.neglog", "times.csv", "--interval", "0.5", "--json")
    row = json.loads(predicted.out)[0]
    assert row["mean"] == pytest.approx(np.mean(times), rel=1e-7)
    assert row["low"] == pytest.approx(-math.log(0.75) * np.mean(times), rel=1e-7)


def test_family_from_a_file(here: Path) -> None:
    """A family declared in a file of the user's is fitted like a built-in one."""
    Path("mine.py").write_text(
        "import neglog as nl\nfrom neglog.math import log\n\n\n"
        "@nl.family(y=nl.Positive(), rate=nl.Positive(link='log'))\n"
        "def Waiting(y, rate):\n    return log(rate) - rate*y\n",
        encoding="utf-8",
    )
    ran = neglog(
        "fit",
        "times.csv",
        "time ~ dose",
        "--family",
        "mine.py:Waiting",
        "--report",
        "w.html",
        "--json",
    )
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["family"] == "Waiting"
    assert "@nl.family(y=nl.Positive()" in Path("w.html").read_text("utf-8")


def test_predictions_align_with_the_rows(here: Path) -> None:
    """Every row of the table has its line; one that lacks a value has empty cells and is counted."""
    neglog("fit", "holes.csv", "y ~ x", "--save", "m.neglog")
    ran = neglog("predict", "m.neglog", "holes.csv")
    lines = list(csv.DictReader(io.StringIO(ran.out)))
    assert len(lines) == 8
    assert [i for i, line in enumerate(lines) if not line["p_1"]] == [3]
    assert "1 of 8 rows have no prediction" in ran.err
    table = nl.load("m.neglog").predict("holes.csv")
    assert float(lines[0]["p_1"]) == table[0]


def test_predictions_name_the_classes(here: Path) -> None:
    """Of classes every probability has a column with the label, and the likeliest label is given."""
    neglog("fit", "wine.csv", "cultivar ~ alcohol + ash", "--save", "m.neglog")
    assert neglog("predict", "m.neglog", "wine.csv", "-o", "p.csv").out == ""
    lines = list(csv.DictReader(io.StringIO(Path("p.csv").read_text("utf-8"))))
    shares = [[float(line[f"p_class_{k}"]) for k in range(3)] for line in lines]
    assert np.sum(shares, axis=1) == pytest.approx(np.ones(178))
    assert [line["predicted_cultivar"] for line in lines] == [
        f"class_{np.argmax(share)}" for share in shares
    ]


def test_demo_fits_on_one_screen(here: Path) -> None:
    """The demo ends in one screen: assumption, loss, gradient, coefficients, the cost, the report."""
    ran = neglog("demo")
    assert ran.code == 0, ran.err
    lines = ran.out.splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 100
    for words in (
        "Bernoulli",
        "softplus(eta) - y*eta",
        "sigmoid(eta) - y",
        "mean_radius",
        "nats per row",
        "report.html",
    ):
        assert words in ran.out
    assert Path("neglog-demo/report.html").exists()


def test_costs_of_the_demo_are_what_they_say(here: Path) -> None:
    """The demo's costs are mean negative log-probabilities, recomputed here by statsmodels and SciPy."""
    sm = pytest.importorskip("statsmodels.api")
    pandas = pytest.importorskip("pandas")
    from scipy.stats import norm

    lines = [line.split() for line in neglog("demo").out.splitlines()]
    table = pandas.read_csv("breast_cancer.csv")
    y = (table["diagnosis"] == "malignant").to_numpy(float)
    X = sm.add_constant(table[["mean_radius", "mean_texture", "mean_smoothness"]].to_numpy())
    derived = -sm.Logit(y, X).fit(disp=0).llf / len(y)
    line = sm.OLS(y, X).fit()
    sigma = math.sqrt(line.ssr / len(y))
    inside = norm.cdf(y + 0.5, line.fittedvalues, sigma) - norm.cdf(
        y - 0.5, line.fittedvalues, sigma
    )
    ours = next(words for words in lines if words[:1] == ["cross-entropy,"])
    theirs = next(words for words in lines if words[:3] == ["squared", "error,", "which"])
    assert float(ours[-1]) == pytest.approx(derived, abs=1e-4)
    assert float(theirs[-3]) == pytest.approx(-np.log(inside).mean(), abs=1e-4)
