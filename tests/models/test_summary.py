"""The page of statistics: what is on it, in columns that line up, never wider than a terminal, never with NaN."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest
from models.tables import frame

import neglog as nl
from neglog.errors import FitWarning, UsageError

MODELS = {
    "normal": ("progression ~ age + bmi", "diabetes", {}),
    "interactions with long names": (
        "affair ~ C(occupation) + rate_marriage:yrs_married:religious:C(occupation_husb)",
        "fair",
        {"prior": nl.Normal(0, 1)},
    ),
    "classes": ("species ~ sepal_length", "iris", {}),
    "classes with a prior": ("species ~ sepal_length", "iris", {"prior": nl.Normal(0, 1)}),
    "counts": ("executions ~ income + south", "cpunish", {"family": "poisson"}),
}


def fit(name: str) -> nl.Model:
    """Fit one of the models."""
    formula, data, options = MODELS[name]
    family = {"normal": "normal"}.get(name, "auto")
    return nl.fit(formula, frame(data), **{"family": family, **options})


@pytest.mark.parametrize("name", MODELS)
def test_lines(name: str) -> None:
    """Lines end without blanks, fit on a terminal, and numbers line up in columns under their headings."""
    model = fit(name)
    lines = str(model.summary()).splitlines()

    assert max(map(len, lines)) <= 80
    assert all(line == line.rstrip() for line in lines)
    head = next(i for i, line in enumerate(lines) if "estimate" in line)
    ends = [match.end() for match in re.finditer(r"\S+( err)?", lines[head])]
    table = lines[head + 2 : lines.index("=" * 80, head)]
    rows = [line for line in table if re.search(r"\d\.\d+ +-?\d", line)]
    assert len(rows) == len(model.names)
    for line in rows:
        assert [match.end() for match in re.finditer(r"\S+", line)][-len(ends) :] == ends
    together = "".join("".join(table).split())
    assert all(coefficient in together for coefficient in model.names)


@pytest.mark.parametrize("name", MODELS)
def test_contents(name: str) -> None:
    """Family, target, prior, rows, status, likelihood, criteria and every coefficient are on the page."""
    model = fit(name)
    text = str(model.summary())

    for word in (model.family.name, model.coding.name, "Prior", "converged", "AIC", "BIC", "nats"):
        assert word in text
    assert f"{model.loglik:.6g}" in text
    assert f"{model.aic:.6g}" in text
    assert f"{int(model.nobs):,}" in text
    assert not re.search(r"\bnan\b", text.lower())
    for name_, value in model.constants.items():
        assert f"{name_} = {value:.6g}" in text


def test_intervals_follow_alpha() -> None:
    """The headings and the numbers of the intervals follow alpha."""
    model = fit("normal")
    narrow = str(model.summary(alpha=0.5))
    assert "25%" in narrow
    assert "75%" in narrow
    low, high = model.conf_int(0.5)["bmi"]
    assert f"{low:.4f}" in narrow
    assert f"{high:.4f}" in narrow
    with pytest.raises(UsageError, match="alpha"):
        str(model.summary(alpha=2.0))


@pytest.mark.parametrize("unit", [1e-9, 1e9])
def test_numbers_of_any_size(unit: float) -> None:
    """Numbers that are very small or very large are written with their digits, not as zeros."""
    data = frame("diabetes").assign(bmi=frame("diabetes")["bmi"] * unit)
    model = nl.fit("progression ~ bmi", data, family="normal")
    text = str(model.summary())
    assert f"{model.params['bmi']:.3e}" in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_fit_that_did_not_converge() -> None:
    """The warning is on the page, with its remedy, and the columns of errors are empty."""
    x = np.arange(20.0)
    with pytest.warns(FitWarning):
        model = nl.fit("y ~ x", {"x": x, "y": x > 9.5})
    text = str(model.summary())

    assert "separated" in text
    assert "No standard errors" in text
    assert " ".join(model.message.split()[:12]) in " ".join(text.split())
    assert not re.search(r"\bnan\b", text.lower())
    row = next(line for line in text.splitlines() if line.startswith("x "))
    assert len(row.split()) == 2


def test_html() -> None:
    """A notebook shows the same numbers in a well-formed table, with every name escaped."""
    data = {"a<b>": [0.0, 1, 2, 3, 4], "y&": [1.0, 3, 2, 5, 4]}
    model = nl.fit("`y&` ~ `a<b>`", data, family=nl.Normal)
    html = model.summary()._repr_html_()

    assert "<b>" not in html
    assert "a&lt;b&gt;" in html
    assert f"{model.params['a<b>']:.4f}" in html

    class Balance(HTMLParser):
        open_tags: list[str] = []  # noqa: RUF012  # one parser, one test

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.open_tags.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert self.open_tags.pop() == tag

    parser = Balance()
    parser.feed(html)
    assert parser.open_tags == []


def test_a_model_in_one_line() -> None:
    """The repr of a model says family, formula, status and likelihood."""
    assert repr(fit("normal")).startswith(
        "<Model Normal: progression ~ age + bmi, converged, loglik"
    )


def test_mappings_are_read_only() -> None:
    """What a model says cannot be overwritten by accident."""
    model = fit("normal")
    for mapping in (model.params, model.bse, model.tvalues, model.pvalues, model.conf_int()):
        with pytest.raises(TypeError):
            mapping["age"] = 0  # the law under test
