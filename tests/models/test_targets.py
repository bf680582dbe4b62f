"""Targets as people write them: labels of every kind, the mapping in words, and values that no family takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from models.tables import frame

import neglog as nl
from neglog.errors import DataError, NeglogError, SupportError, UsageError

N = 60
X = np.random.default_rng(0).normal(size=N)
CODES = (X + np.random.default_rng(1).normal(size=N) > 0).astype(int)
NAMES = np.where(CODES == 1, "pass", "fail")


def fit(y: Any, **options: Any) -> nl.Model:
    """Fit y ~ x."""
    return nl.fit("y ~ x", {"x": X, "y": y}, **options)


REFERENCE = fit(CODES, family=nl.Bernoulli)


@pytest.mark.parametrize(
    ("y", "positive", "sentence"),
    [
        (CODES, None, ""),
        (CODES.astype(float), None, ""),
        (CODES == 1, None, "y: False = 0, True = 1"),
        (NAMES, None, "y: fail = 0, pass = 1"),
        (NAMES, "pass", "y: fail = 0, pass = 1"),
        (np.where(CODES == 1, "a", "b"), "a", "y: b = 0, a = 1"),
        (CODES + 1, 2, "y: 1 = 0, 2 = 1"),
        (CODES + 1, "2", "y: 1 = 0, 2 = 1"),
        (1 - 2 * CODES, -1, "y: 1 = 0, -1 = 1"),
        (CODES == 0, False, "y: True = 0, False = 1"),
        (CODES == 0, "false", "y: True = 0, False = 1"),
        (CODES, 1, "y: 0 = 0, 1 = 1"),
    ],
    ids=str,
)
def test_two_classes(y: Any, positive: Any, sentence: str) -> None:
    """The same two classes in any writing give the same model, and its mapping is told."""
    model = fit(y, family=nl.Bernoulli, positive=positive)

    assert model.params == REFERENCE.params
    assert model.coding.sentence == sentence
    if sentence:
        assert sentence in str(model.summary())


def test_labels_come_back() -> None:
    """Numbers of classes become the labels of the data, in their kind."""
    text = fit(NAMES, family="categorical").coding
    assert text.decode(np.array([1, 0])).tolist() == ["pass", "fail"]
    numbers = fit(CODES * 7 + 3, family="categorical").coding
    assert numbers.decode(np.array([1, 0])).tolist() == [10, 3]
    truth = fit(CODES == 1, family="bernoulli").coding
    assert truth.decode(np.array([1, 0])).tolist() == [True, False]


def test_numbered_classes_are_called_by_their_numbers() -> None:
    """Class 10 of a column of whole numbers is called 10."""
    model = fit(CODES * 7 + 3, family=nl.Categorical)
    assert list(model.params) == ["10:Intercept", "10:x"]
    assert "reference class 3" in str(model.summary())


@pytest.mark.parametrize(
    ("y", "family"),
    [
        (CODES, "Bernoulli"),
        (CODES == 1, "Bernoulli"),
        (NAMES, "Bernoulli"),
        (np.where(np.arange(N) % 4 == 0, "other", NAMES), "Categorical"),
        (X * 1.5 + CODES, "Normal"),
    ],
    ids=["0-1", "boolean", "two words", "three words", "real"],
)
def test_auto(y: Any, family: str) -> None:
    """Where the values leave no choice the family is found."""
    assert fit(y).family.name == family


@pytest.mark.parametrize(
    ("y", "readings"),
    [
        (CODES * 7 + 3, ("nl.Poisson", "nl.Categorical", "nl.Normal")),
        (CODES * 7 - 3, ("nl.Categorical", "nl.Normal")),
    ],
    ids=["counts", "below zero"],
)
def test_auto_refuses_to_guess(y: Any, readings: tuple[str, ...]) -> None:
    """Whole numbers have several readings: each is named, and none taken."""
    with pytest.raises(UsageError, match="whole numbers") as caught:
        fit(y)
    assert all(reading in str(caught.value) for reading in readings)
    assert ("nl.Poisson" in str(caught.value)) == ("nl.Poisson" in readings)


def test_the_diabetes_target_is_not_taken_for_counts() -> None:
    """The target of scikit-learn's diabetes data is whole, and is not called Poisson in silence."""
    with pytest.raises(UsageError, match=r"measurements \(nl.Normal\)"):
        nl.fit("progression ~ bmi", frame("diabetes"))


def changed(values: Any, row: int, value: Any) -> Any:
    """Return the values with one of them replaced."""
    values = np.array(values, dtype=float)
    values[row] = value
    return values


@pytest.mark.parametrize(
    ("y", "family", "words"),
    [
        (changed(CODES, 4, -2), "poisson", ("Row 5", "'y'", "-2", "whole number")),
        (changed(CODES, 59, 1.5), "poisson", ("Row 60", "1.5")),
        (changed(CODES, 7, 3), "bernoulli", ("Row 8", "holds 3")),
        (CODES + 1, "bernoulli", ("positive=2", "--positive 2")),
        (changed(CODES, 2, 0.5), "categorical", ("Row 3", "0.5", "label")),
        (NAMES, "normal", ("text", "'fail', 'pass'", "nl.Bernoulli", "nl.Categorical")),
        (NAMES, "poisson", ("text", "whole number")),
        (
            np.where(np.arange(N) % 4 == 0, "other", NAMES),
            "bernoulli",
            ("3 classes", "nl.Categorical"),
        ),
        (["pass"] * N, "bernoulli", ("only one class", "pass")),
        ([1] * N, "bernoulli", ("only one class", "1")),
        ([4] * N, "categorical", ("only one class, 4:",)),
        ([True] * N, "bernoulli", ("only one class",)),
        (["pass"] * N, "auto", ("only one class",)),
    ],
    ids=str,
)
def test_outside_the_support(y: Any, family: str, words: tuple[str, ...]) -> None:
    """A target that the family does not take is refused in one paragraph with row and value."""
    with pytest.raises(DataError) as caught:
        fit(y, family=family)
    message = str(caught.value)
    assert all(word in message for word in words), message
    assert "\n" not in message


def test_the_place_in_a_file(tmp_path: Path) -> None:
    """For a file the message names it, the row as the file counts, and the column."""
    path = tmp_path / "visits.csv"
    path.write_text("age,visits\n30,1\n40,2\n50,-7\n60,3\n", encoding="utf-8")
    with pytest.raises(SupportError) as caught:
        nl.fit("visits ~ age", path, family=nl.Poisson)
    assert "visits.csv" in str(caught.value)
    assert "'visits'" in str(caught.value)
    assert "-7" in str(caught.value)


@pytest.mark.parametrize(
    ("y", "family", "positive", "words"),
    [
        (NAMES, "bernoulli", "passed", "Did you mean 'pass'?"),
        (CODES + 1, "bernoulli", 3, "positive=3"),
        (X, "normal", 1, "Normal has none"),
        (NAMES, "categorical", "pass", "Categorical has none"),
    ],
)
def test_wrong_positive(y: Any, family: str, positive: Any, words: str) -> None:
    """A positive class that is not in the data, or has no meaning, is refused."""
    with pytest.raises(UsageError, match="positive=") as caught:
        fit(y, family=family, positive=positive)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        (changed(np.ones(N), 3, -1), "row 4"),
        (changed(np.ones(N), 3, np.nan), "row 4"),
        (changed(np.ones(N), 3, np.inf), "row 4"),
        (np.zeros(N), "no row counts"),
    ],
    ids=["negative", "missing", "infinite", "all zero"],
)
def test_wrong_weights(weights: Any, words: str) -> None:
    """A weight is a finite number not below 0, in an array and in a column."""
    for given, table in [(weights, {}), ("w", {"w": weights})]:
        with pytest.raises(NeglogError) as caught:
            nl.fit("y ~ x", {"x": X, "y": CODES, **table}, family=nl.Bernoulli, sample_weight=given)
        assert words in str(caught.value)


def test_weights_of_a_wrong_kind() -> None:
    """A column of text holds no weights, and an unknown one is named with its nearest."""
    with pytest.raises(DataError, match="a weight is a number"):
        nl.fit("y ~ x", {"x": X, "y": CODES, "w": NAMES}, family="bernoulli", sample_weight="w")
    with pytest.raises(DataError, match="'ww'"):
        nl.fit("y ~ x", {"x": X, "y": CODES, "w": X}, family="bernoulli", sample_weight="ww")


def test_soft_labels() -> None:
    """A probability in place of a label weighs both classes by it."""
    shares = np.random.default_rng(4).uniform(size=N)
    soft = fit(shares, family=nl.Bernoulli)
    both = {
        "x": np.tile(X, 2),
        "y": np.repeat([1, 0], N),
        "w": np.concatenate([shares, 1 - shares]),
    }
    hard = nl.fit("y ~ x", both, family=nl.Bernoulli, sample_weight="w")

    assert soft.params["x"] == pytest.approx(hard.params["x"], rel=1e-9)
    assert soft.loglik == pytest.approx(hard.loglik, rel=1e-12)
