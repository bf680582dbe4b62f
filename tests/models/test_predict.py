"""Predictions: every kind of table, rows that lack values, levels never seen, and whole laws instead of means."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.stats as st
from models.tables import frame

import neglog as nl
from neglog.errors import DataError, UsageError

FORMULA = 'diagnosis ~ mean_radius * C(size, ref="small") + log(mean_texture)'


def table() -> pd.DataFrame:
    """Return real data with a column of numbers, one of words, and a text target."""
    data = frame("breast_cancer").iloc[:300]
    data = data[["mean_radius", "mean_texture", "diagnosis"]].copy()
    texture = data["mean_texture"]
    data["size"] = np.array(["small", "middle", "large"])[np.digitize(texture, [17.0, 20.0])]
    return data


KINDS: dict[str, Callable[[pd.DataFrame, Path], Any]] = {
    "dict of lists": lambda data, _: {name: data[name].tolist() for name in data},
    "dict of arrays": lambda data, _: {name: data[name].to_numpy() for name in data},
    "pandas": lambda data, _: data,
    "polars": lambda data, _: pl.DataFrame({name: data[name].tolist() for name in data}),
    "pyarrow": lambda data, _: pa.table({name: data[name].tolist() for name in data}),
    "csv": lambda data, folder: to_csv(data, folder / "data.csv"),
    "csv as text path": lambda data, folder: str(to_csv(data, folder / "data.csv")),
    "tsv": lambda data, folder: to_csv(data, folder / "data.tsv", "\t"),
    "parquet": lambda data, folder: to_parquet(data, folder / "data.parquet"),
}


def to_csv(data: pd.DataFrame, path: Path, separator: str = ",") -> Path:
    """Write a file that holds every digit."""
    data.to_csv(path, index=False, sep=separator)
    return path


def to_parquet(data: pd.DataFrame, path: Path) -> Path:
    """Write a Parquet file."""
    pq.write_table(pa.table({name: data[name].tolist() for name in data}), path)
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_table(kind: str, tmp_path: Path) -> None:
    """The same rows give the same model and the same predictions in whatever they come."""
    data = table()
    given = KINDS[kind](data, tmp_path)
    model, expected = nl.fit(FORMULA, given), nl.fit(FORMULA, data)

    assert model.params == expected.params
    assert model.bse == expected.bse
    assert model.coding == expected.coding
    assert np.array_equal(model.predict(given), expected.predict(data))
    assert np.array_equal(expected.predict(given), expected.predict(data))


def test_rows_that_lack_values() -> None:
    """A row without a value it needs is predicted NaN, in its place; the target may be absent."""
    data = table()
    model = nl.fit(FORMULA, data)
    full = model.predict(data)
    holes = data.drop(columns="diagnosis").assign(useless=np.nan)
    holes.loc[holes.index[[0, 7]], "mean_radius"] = np.nan
    holes.loc[holes.index[[9]], "size"] = None
    found = model.predict(holes)

    assert found.shape == full.shape
    assert np.flatnonzero(np.isnan(found)).tolist() == [0, 7, 9]
    kept = ~np.isnan(found)
    assert np.array_equal(found[kept], full[kept])
    raw, rows = model.raw_prediction(holes)
    assert rows.tolist() == np.flatnonzero(kept).tolist()
    assert np.allclose(1 / (1 + np.exp(-raw)), found[kept], rtol=1e-14)


def test_classes_of_rows_that_lack_values() -> None:
    """Each row of a categorical prediction sums to 1 over the classes, or is NaN."""
    data = frame("iris")
    model = nl.fit("species ~ sepal_length", data)
    holes = data.assign(sepal_length=data["sepal_length"].where(np.arange(150) % 10 != 0))
    found = model.predict(holes)

    assert found.shape == (150, 3)
    assert np.isnan(found[::10]).all()
    assert np.allclose(np.delete(found, np.s_[::10], axis=0).sum(axis=1), 1.0, rtol=1e-14)


def test_rows_dropped_in_the_fit_are_counted() -> None:
    """Rows left out of a fit are counted, by column, in the notes and in the summary."""
    data = table()
    data.loc[data.index[:5], "mean_radius"] = np.nan
    model = nl.fit(FORMULA, data)

    assert model.rows == (300, 295)
    assert any("5 rows of 300" in note and "'mean_radius' (5)" in note for note in model.notes)
    assert "295 of 300" in str(model.summary())
    with pytest.raises(DataError, match="'mean_radius'"):
        nl.fit(FORMULA, data, missing="error")
    assert model.params == nl.fit(FORMULA, data.iloc[5:]).params


def test_weights_follow_their_rows() -> None:
    """A weight stays with its row when rows before it are dropped."""
    data = table()
    data.loc[data.index[:5], "mean_radius"] = np.nan
    w = np.random.default_rng(0).integers(1, 5, 300).astype(float)
    w[2] = -1.0  # of a row that is dropped: it says nothing
    model = nl.fit(FORMULA, data, sample_weight=w)
    assert model.params == nl.fit(FORMULA, data.iloc[5:], sample_weight=w[5:]).params


def test_a_level_never_seen() -> None:
    """A level that the fit never saw is refused with column, row and value, not taken for another."""
    model = nl.fit(FORMULA, table())
    new = table().drop(columns="diagnosis")
    new.loc[new.index[3], "size"] = "huge"
    with pytest.raises(DataError) as caught:
        model.predict(new)
    message = str(caught.value)
    assert all(word in message for word in ("'size'", "'huge'", "row 4")), message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda d: d.drop(columns="mean_radius"), "'mean_radius'"),
        (lambda d: d.assign(mean_radius="wide"), "'mean_radius'"),
        (lambda d: d.assign(mean_texture=-1.0), "mean_texture"),
    ],
    ids=["absent", "text", "outside log"],
)
def test_new_data_that_do_not_fit(
    spoil: Callable[[pd.DataFrame], pd.DataFrame], words: str
) -> None:
    """New rows with other columns are refused in one paragraph that names the column."""
    model = nl.fit(FORMULA, table())
    with pytest.raises(DataError) as caught:
        model.predict(spoil(table()))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_learnt_columns_are_not_learnt_again() -> None:
    """scale, center and poly use the numbers of the fit: one new row is predicted as it was among all."""
    data = frame("diabetes")
    model = nl.fit("progression ~ scale(bmi) + center(bp) + poly(s5, 3)", data, family=nl.Normal)
    full = model.predict(data)
    assert model.predict(data.iloc[[17]])[0] == pytest.approx(full[17], rel=1e-13)


def test_predicted_normal_laws() -> None:
    """A predicted law is the normal with the predicted mean and the estimated sigma."""
    data = frame("diabetes")
    model = nl.fit("progression ~ bmi + bp", data, family=nl.Normal)
    law = model.predict_distribution(data)
    theirs = st.norm(model.predict(data), model.constants["sigma"])
    y = data["progression"].to_numpy(float)

    assert np.allclose(law.quantile(0.9), theirs.ppf(0.9), rtol=1e-13)
    assert np.allclose(law.cdf(y), theirs.cdf(y), rtol=1e-12)
    assert np.allclose(law.variance, theirs.var(), rtol=1e-13)
    assert law.log_prob(y).sum() == pytest.approx(model.loglik, rel=1e-13)
    assert law.sample(seed=0).shape == (442,)


def test_predicted_counts() -> None:
    """Predicted laws of counts are SciPy's Poisson laws, and explain the data as the fit did."""
    data = frame("cpunish")
    model = nl.fit("executions ~ perblack + south", data, family=nl.Poisson)
    law = model.predict_distribution(data)
    theirs = st.poisson(model.predict(data))
    y = data["executions"].to_numpy(float)

    for level in (0.05, 0.5, 0.9, 0.999):
        assert np.array_equal(law.quantile(level), theirs.ppf(level))
    assert law.log_prob(y).sum() == pytest.approx(model.loglik, rel=1e-13)


def test_predicted_successes_of_the_trials_in_the_table() -> None:
    """Where new rows say how many trials there are, the law is SciPy's binomial; without them pairs of k and n."""
    data = {"k": [1, 2, 3, 9], "n": [5, 6, 7, 10], "x": [1.0, 2.0, 3.0, 5.0]}
    model = nl.fit("k | n ~ x", data)
    law = model.predict_distribution(data)
    theirs = st.binom(data["n"], model.predict(data))
    assert np.array_equal(law.quantile(0.9), theirs.ppf(0.9))
    assert law.mean == pytest.approx(theirs.mean(), rel=1e-13)
    assert law.log_prob(data["k"]).sum() == pytest.approx(model.loglik, rel=1e-12)
    for unknown in ({"x": [1.0]}, {"x": [1.0], "n": [0.0]}, {"x": [1.0], "n": [np.nan]}):
        with pytest.raises(UsageError, match="given"):
            _ = model.predict_distribution(unknown).mean


def test_predicted_classes() -> None:
    """A predicted law of classes gives the log-likelihood; it has no quantiles."""
    data = frame("iris")
    model = nl.fit("species ~ sepal_length", data)
    law = model.predict_distribution(data)
    codes = model.coding.encode(data["species"].to_numpy(object), str)

    assert law.log_prob(codes).sum() == pytest.approx(model.loglik, rel=1e-12)
    with pytest.raises(UsageError, match="no order"):
        law.quantile(0.5)
    with pytest.raises(DataError, match="none of the classes"):
        model.coding.encode(np.array(["tulip"], dtype=object), lambda row: f"Row {row + 1}")
