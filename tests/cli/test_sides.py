"""Targets of two columns on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import statsmodels.api as sm
from cli.program import neglog

FAMILY = ("--family", "Censored(weibull)")


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with statsmodels' heart and star98 data, and one with a hole."""
    folder = tmp_path_factory.mktemp("sides")
    heart = sm.datasets.heart.load_pandas().data
    heart = heart.rename(columns={"survival": "time", "censors": "status"})
    heart.to_csv(folder / "heart.csv", index=False)
    heart.assign(time=heart.time.where(heart.index != 3)).to_csv(folder / "hole.csv", index=False)
    schools = sm.datasets.star98.load_pandas().data
    schools.assign(total=schools.NABOVE + schools.NBELOW).to_csv(folder / "star.csv", index=False)
    return folder


def test_events_are_fitted_kept_and_predicted(tables: Path, tmp_path: Path) -> None:
    """Fit, report and predict name the side; the coefficients are those of Python."""
    data, model, page = tables / "heart.csv", tmp_path / "m.neglog", tmp_path / "m.html"
    formula = "Event(time, status) ~ age"
    ran = neglog("fit", data, formula, *FAMILY, "--save", model, "--report", page, "--json")
    assert ran.code == 0, ran.err
    said = json.loads(ran.out)
    assert said["target"] == "Event(time, status)"
    assert said["family"] == "Censored(Weibull)"
    assert said["coefficients"]["age"]["estimate"] == pytest.approx(-0.103657, abs=1e-6)
    text = page.read_text(encoding="utf-8")
    assert "Event(time, status)" in text
    assert "nl.Censored(nl.Weibull)" in text
    predicted = neglog("predict", model, data, "--interval", "0.8")
    assert predicted.out.splitlines()[0] == "mean,low,high"
    assert len(predicted.out.splitlines()) == 70


def test_k_of_n_finds_its_family(tables: Path, tmp_path: Path) -> None:
    """Without --family the law of successes of trials is Binomial; what is predicted is their share."""
    model, page = tmp_path / "m.neglog", tmp_path / "m.html"
    ran = neglog(
        "fit", tables / "star.csv", "NABOVE | total ~ LOWINC", "--save", model, "--report", page
    )
    assert ran.code == 0, ran.err
    assert "Binomial" in ran.err
    assert "<figure>" in page.read_text(encoding="utf-8")
    assert neglog("predict", model, tables / "star.csv").out.splitlines()[0] == "share"
    refused = neglog("predict", model, tables / "star.csv", "--interval", "0.9")
    assert refused.code == 2
    assert "how many trials" in refused.err


REFUSED = [
    (2, "Write 'Interval(time, hi) ~ age' or 'Event(time, died) ~ age'", "heart.csv", "time ~ age", FAMILY),
    (2, "--family 'Censored(weibull)'", "heart.csv", "Event(time, status) ~ age", ("--family", "weibull")),
    (2, "--family 'Censored(weibull)'", "heart.csv", "Event(time, status) ~ age", ()),
    (2, "not closed", "heart.csv", "Event(time, status) ~ age", ("--family", "Censored(weibull")),
    (2, "no transformer", "heart.csv", "time ~ age", ("--family", "__import__('os').system('touch PWNED')")),
    (2, "Event(time, died)", "heart.csv", "Surv(time, status) ~ age", ()),
    (3, "row 4 (line 5), column 'time' of", "hole.csv", "Event(time, status) ~ age", FAMILY),
    (3, "counts the failures", "star.csv", "NABOVE | NBELOW ~ LOWINC", ()),
    (3, "column 'age' of", "heart.csv", "Event(time, age) ~ 1", FAMILY),
]  # fmt: skip  # one case a line


@pytest.mark.parametrize(("code", "words", "table", "formula", "options"), REFUSED)
def test_a_wrong_side_is_answered(
    code: int, words: str, table: str, formula: str, options: tuple[str, ...], tables: Path
) -> None:
    """Each mistake has its exit code and a paragraph with the remedy."""
    ran = neglog("fit", tables / table, formula, *options)
    assert (ran.code, ran.out) == (code, ""), ran.err
    message = ran.err[ran.err.index("neglog: ") :]
    assert words in message
    assert message.count("\n") == 1
