"""The family is chosen by the target's support, and by likelihood where the support is ambiguous."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import neglog as nl
from neglog.data import examples, read
from neglog.errors import CollinearError
from neglog.selection.auto import choose_family, discretised

X = np.random.default_rng(7).normal(size=400)


def chosen(y: object, formula: str = "y ~ x") -> str:
    """Return the name of the family chosen for a target."""
    return choose_family(formula, read({"y": y, "x": X[: len(y)]})).family.name  # type: ignore[arg-type]  # targets have a length


@pytest.mark.parametrize(
    ("y", "family"),
    [
        (["a", "b"] * 20, "Bernoulli"),
        (["a", "b", "c", "a"] * 10, "Categorical"),
        ([True, False] * 20, "Bernoulli"),
        ([0, 1] * 20, "Bernoulli"),
        ([0.5, 1.25] * 20, "Normal"),
        ([-3, 4, 5, 0] * 10, "Normal"),
    ],
    ids=["two words", "three words", "booleans", "zeros and ones", "fractions", "below zero"],
)
def test_support_settles(y: list[object], family: str) -> None:
    """Text, booleans, 0 and 1, fractions and negative numbers leave no choice, and nothing is fitted."""
    choice = choose_family("y ~ x", read({"y": y, "x": X[:40]}))
    assert choice.family.name == family
    assert [reading.score for reading in choice.readings] == [None]


def test_two_other_numbers_are_labels() -> None:
    """Of the two values 1 and 2 the larger counts as 1, and the sentence says so."""
    choice = choose_family("y ~ x", read({"y": [1, 2] * 20, "x": X[:40]}))
    assert (choice.family.name, choice.positive) == ("Bernoulli", 2.0)
    assert "2 is taken as the positive one" in choice.why


def test_diabetes_is_measured_not_counted() -> None:
    """The whole-numbered progression of scikit-learn's diabetes is a measurement: as counts it costs twice as much."""
    choice = choose_family("progression ~ .", examples.load("diabetes"))
    assert choice.family.name == "Normal"
    scores = {reading.reading: reading.score for reading in choice.readings}
    assert scores["counts"] > 2 * scores["measurements"]


@pytest.mark.parametrize("formula", ["target ~ alcohol", "target ~ ash", "target ~ ."])
def test_wine_classes_are_labels(formula: str) -> None:
    """scikit-learn's wine has classes 0, 1, 2: labels, be they told apart well, badly or without error."""
    datasets = pytest.importorskip("sklearn.datasets")
    bunch = datasets.load_wine()
    names = [name.replace("/", "_") for name in bunch.feature_names]
    table = read(
        {**{name: bunch.data[:, i] for i, name in enumerate(names)}, "target": bunch.target}
    )
    assert choose_family(formula, table).family.name == "Categorical"


@pytest.mark.parametrize("name", ["linnerud", "cancer", "cpunish"])
def test_real_counts_are_counts(name: str) -> None:
    """Chin-ups, cancers in counties and executions are counts, although they vary more than Poisson allows."""
    if name not in examples.names():
        pytest.skip("statsmodels is not installed")
    example = examples.describe(name)
    assert choose_family(example.formula, examples.load(name)).family.name == "Poisson"


@pytest.mark.parametrize("seed", range(5))
def test_drawn_targets_are_recognised(seed: int) -> None:
    """Counts, labels and rounded measurements that were drawn as such are read as such."""
    random = np.random.default_rng(seed)
    assert chosen(random.poisson(np.exp(0.5 + 0.4 * X))) == "Poisson"
    assert chosen(random.poisson(np.exp(3 + 0.4 * X))) == "Poisson"
    assert chosen(random.integers(0, 4, 400)) == "Categorical"
    assert chosen((40 + 3 * X + random.normal(0, 12, 400)).round().clip(0)) == "Normal"


def test_scores_are_mean_negative_log_likelihoods() -> None:
    """The score of a reading is its fit's complete loss per row, in nats."""
    data = {"y": np.random.default_rng(1).poisson(np.exp(1 + 0.3 * X)), "x": X}
    scores = {
        reading.reading: reading.score for reading in choose_family("y ~ x", read(data)).readings
    }
    assert scores["counts"] == nl.fit("y ~ x", data, family=nl.Poisson).criteria.mean_loss


def test_discretised_score_is_a_probability_of_whole_numbers() -> None:
    """What a Normal model pays for whole numbers is -log P(y - 1/2 < Y <= y + 1/2), as SciPy has it."""
    from scipy.stats import norm

    table = read({"y": np.random.default_rng(2).integers(0, 30, 400), "x": X})
    model = nl.fit("y ~ x", table, family=nl.Normal)
    score, below = discretised(model, table, table.column("y"))
    law = model.predict_distribution(table)
    y, mu, sigma = table.column("y").values, law.values["mu"], law.values["sigma"]
    assert score == pytest.approx(
        -np.log(norm.cdf(y + 0.5, mu, sigma) - norm.cdf(y - 0.5, mu, sigma)).mean()
    )
    assert below == pytest.approx(norm.cdf(-0.5, mu, sigma).mean())


def test_discretised_score_keeps_its_digits_in_the_tails() -> None:
    """A target 60 standard deviations off costs what mpmath says, not infinity."""
    mp = pytest.importorskip("mpmath")
    table = read({"y": [0.0] * 2000 + [1.0] * 2000 + [300.0], "x": np.zeros(4001)})
    model = nl.fit("y ~ 1", table, family=nl.Normal)
    score, _ = discretised(model, table, table.column("y"))
    law = model.predict_distribution(table)
    mu, sigma = float(law.values["mu"][0]), float(law.values["sigma"])
    with mp.workdps(60):
        # In the upper tail, where 1 - cdf has digits.
        above = {k: mp.ncdf((mu - mp.mpf(k)) / sigma) for k in (-0.5, 0.5, 1.5, 299.5, 300.5)}
        costs = [-mp.log(above[k - 0.5] - above[k + 0.5]) for k in (0, 1, 300)]
        exact = (2000 * costs[0] + 2000 * costs[1] + costs[2]) / 4001
    assert score == pytest.approx(float(exact), rel=1e-12)
    assert math.isfinite(score)


def test_columns_that_no_reading_can_use_are_an_error() -> None:
    """Where no reading can be fitted the reason is raised, not a family chosen."""
    with pytest.raises(CollinearError):
        choose_family("y ~ x + z", read({"y": np.arange(40) % 7, "x": X[:40], "z": 2 * X[:40]}))


def test_missing_values_do_not_change_the_choice(tmp_path: Path) -> None:
    """A missing target is no label of its own."""
    y = [0.0, 1.0, np.nan] * 20
    assert chosen(y) == "Bernoulli"
