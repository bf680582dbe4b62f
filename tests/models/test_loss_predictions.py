"""What a model predicts that was fitted by a loss without a likelihood, and how it counts weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neglog as nl
from neglog.errors import FitWarning, UsageError
from neglog.losses.surrogates.register import SURROGATES

TRAINABLE = [name for name in SURROGATES if not name.startswith("ZeroOne")]


@pytest.mark.parametrize("name", TRAINABLE)
def test_weight_two_is_the_row_twice(name: str) -> None:
    """A frequency weight and a repeated row give the same estimates, standard errors and mean loss."""
    loss = SURROGATES[name]
    rng = np.random.default_rng(3)
    x = rng.normal(size=60)
    y = 0.5 * x + rng.normal(size=60)
    if loss.target.kind == "Binary":
        y = (y > 0).astype(float)
    elif loss.target.kind == "Label":
        y = np.digitize(y, [-0.5, 0.5])
    elif loss.target.kind != "Real":
        y = np.exp(y)
    w = rng.integers(1, 4, size=60)
    prior = nl.Normal(mu=0, sigma=1)
    once = nl.fit("y ~ x", {"x": x, "y": y, "w": w}, loss=loss, prior=prior, sample_weight="w")
    twice = nl.fit("y ~ x", {"x": np.repeat(x, w), "y": np.repeat(y, w)}, loss=loss, prior=prior)
    assert once.status == twice.status == "converged"
    assert once.criteria.mean_loss == pytest.approx(twice.criteria.mean_loss, rel=1e-9)
    assert list(once.bse.values()) == pytest.approx(list(twice.bse.values()), rel=1e-4, nan_ok=True)
    if name != "Perceptron":  # whose minimum need not be one point
        assert list(once.params.values()) == pytest.approx(list(twice.params.values()), abs=1e-5)


def test_a_margin_decides_for_a_label() -> None:
    """The prediction of a hinge is the label of the sign of its score; a row without a value has None."""
    data = {"x": [-2.0, -1, 0.5, 1, 2, -0.5], "y": ["a", "a", "b", "b", "b", "a"]}
    model = nl.fit("y ~ x", data, loss="hinge", prior=nl.Normal(mu=0, sigma=3))
    assert model.predict({"x": [-3.0, 3.0]}).tolist() == ["a", "b"]
    assert model.predict({"x": [-3.0, float("nan"), 3.0]}).tolist() == ["a", None, "b"]


def test_a_far_column_keeps_its_robust_errors() -> None:
    """A column measured far from 0 has the standard error that it has near 0."""
    rng = np.random.default_rng(8)
    x = rng.normal(size=200)
    y = x + rng.standard_t(2, size=200)
    near = nl.fit("y ~ x", {"x": x, "y": y}, loss="pseudo huber")
    far = nl.fit("y ~ x", {"x": x + 1e7, "y": y}, loss="pseudo huber")
    assert far.converged
    assert far.bse["x"] == pytest.approx(near.bse["x"], rel=1e-5)


def test_a_loss_named_as_a_family_is_pointed_out() -> None:
    """family='hinge' says what to write."""
    with pytest.raises(UsageError, match="write loss='hinge'"):
        nl.fit("y ~ x", {"x": [0.0, 1, 2, 3], "y": [0.0, 1, 0, 1]}, family="hinge")


@pytest.mark.parametrize("name", ["exponential", "hinge", "squared hinge", "perceptron", "focal"])
def test_separable_rows_claim_no_likelihood(name: str) -> None:
    """Where the classes are separable the fit is not called converged, and the message speaks of the loss alone."""
    x = np.linspace(-2, 2, 30)
    with pytest.warns(FitWarning, match="no single finite minimum"):
        model = nl.fit("y ~ x", {"x": x, "y": (x > 0) * 1.0}, loss=name)
    assert model.status == "separated"
    assert "likelihood" not in model.message
    assert all(np.isnan(error) for error in model.bse.values())


def test_the_summary_names_hyperparameters() -> None:
    """The page shows the loss with the values it was fitted with, and the loss is an attribute."""
    loss = nl.loss("huber", delta=2.0)
    model = nl.fit("y ~ x", {"x": [0.0, 1, 2, 3, 4], "y": [0.0, 1, 0, 9, 1]}, loss=loss)
    assert model.loss == loss
    assert "Huber(delta=2)" in str(model.summary())
    assert "nats" not in str(model.summary())
    assert nl.fit("y ~ x", {"x": [0.0, 1, 2], "y": [0.0, 1.5, 1]}, family="normal").loss is None


def test_the_name_of_a_law_is_no_loss_without_one() -> None:
    """loss='mse' points to the family, which keeps the likelihood."""
    with pytest.raises(UsageError, match="write family='mse'"):
        nl.fit("y ~ x", {"x": [0.0, 1, 2, 3], "y": [0.0, 1, 0, 1]}, loss="mse")


def test_a_report_speaks_of_a_loss(tmp_path: Path) -> None:
    """The report of a loss claims no law of the target."""
    from neglog.reports import write_report

    data = {"x": [0.0, 1, 2, 3, 4], "y": [0.0, 1, 0, 9, 1]}
    write_report(nl.fit("y ~ x", data, loss="huber"), tmp_path / "r.html", data=data)
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "No law of <b>y</b> is assumed" in page
    assert "Huber loss of <b>y</b>" in " ".join(page.split())
    assert "maximum likelihood" not in page
    assert "law (" not in page
