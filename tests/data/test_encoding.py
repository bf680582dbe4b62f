"""The matrix X: names and numbers as formulaic has them, state that is learnt once and kept."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from random import Random
from typing import Any

import formulaic
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neglog.data import DesignSpec, model_frame, read
from neglog.errors import DataError, FormulaError, ModelFileError

ATOMS = ["x", "z", "g", "h", "k", "C(k)", "log(z)", "center(x)", "scale(x)", "poly(x, 2)"]
PRODUCTS = [
    ":".join(product)
    for size in (1, 2, 3)
    for product in itertools.permutations(ATOMS[:9] if size == 2 else ATOMS[:5], size)
]


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    """Return a table in which every level of two texts and a small integer occurs."""
    n = draw(st.integers(12, 30))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    g, h = draw(st.integers(2, 4)), draw(st.integers(2, 3))
    return pd.DataFrame(
        {
            "y": rng.normal(size=n),
            "x": rng.normal(size=n) * 10.0 ** rng.integers(-3, 4) + rng.integers(-2, 3),
            "z": rng.uniform(0.1, 3, size=n),
            "g": rng.permutation([f"level {i % g}" for i in range(n)]),
            "h": rng.permutation(["vuw"[i % h] for i in range(n)]),
            "k": rng.permutation([i % 3 for i in range(n)]),
        }
    )


@st.composite
def formulas(draw: st.DrawFn) -> str:
    """Return a sum of products of factors, with or without an intercept."""
    terms = draw(st.lists(st.sampled_from(PRODUCTS + ATOMS), min_size=1, max_size=5, unique=True))
    return f"y ~ {draw(st.sampled_from(['1', '0']))} + " + " + ".join(terms)


def columnwise_close(actual: np.ndarray, expected: np.ndarray) -> bool:
    """Whether matrices agree to 1e-9 of the largest number of each column."""
    size = np.abs(expected).max(axis=0, initial=0) + 1e-300
    return bool((np.abs(actual - expected) <= 1e-9 * size).all())


@given(tables(), formulas())
@settings(max_examples=120)
def test_any_formula_is_encoded_as_formulaic_does(frame: pd.DataFrame, formula: str) -> None:
    """On complete data the names and columns of X are those of formulaic's model matrix."""
    theirs = formulaic.model_matrix(formula, frame).rhs
    ours = model_frame(formula, read(frame))
    assert list(ours.names) == list(theirs.columns)
    assert columnwise_close(ours.X, theirs.to_numpy(dtype=float))


@given(tables(), formulas())
@settings(max_examples=40)
def test_a_design_stored_as_json_encodes_the_same(frame: pd.DataFrame, formula: str) -> None:
    """A design that went through JSON text encodes the training table to the same bits of X."""
    table = read(frame)
    ours = model_frame(formula, table)
    again = DesignSpec.from_json(json.loads(json.dumps(ours.spec.to_json())))
    X, rows = again.encode(table)
    assert (X == ours.X).all()
    assert (rows == ours.rows).all()
    assert (again.names, again.intercept) == (ours.names, ours.spec.intercept)
    assert (again.formula, again.target_name) == (formula, "y")


@given(tables(), formulas(), st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_the_order_of_rows_does_not_matter(
    frame: pd.DataFrame, formula: str, random: Random
) -> None:
    """Rows in another order give the same X in that order, up to rounding in what is learnt."""
    order = list(range(len(frame)))
    random.shuffle(order)
    straight = model_frame(formula, read(frame))
    mixed = model_frame(formula, read(frame.iloc[order].reset_index(drop=True)))
    assert straight.names == mixed.names
    assert columnwise_close(mixed.X, straight.X[order])


@given(tables(), formulas())
@settings(max_examples=40)
def test_rows_are_encoded_one_by_one_as_together(frame: pd.DataFrame, formula: str) -> None:
    """What a row becomes depends on what was learnt, never on the rows beside it."""
    ours = model_frame(formula, read(frame))
    for row in (0, len(frame) - 1):
        X, _ = ours.spec.encode(read(frame.iloc[[row]].drop(columns="y")))
        assert np.allclose(X[0], ours.X[row], rtol=1e-13, atol=0)


def test_blocks_do_not_show() -> None:
    """A table of many blocks is encoded as formulaic encodes it whole, dropped rows and all."""
    n = 70_000
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"y": rng.normal(size=n), "x": rng.normal(size=n), "g": rng.choice(list("abc"), n)}
    )
    frame.loc[rng.integers(0, n, 100), "x"] = np.nan
    formula = "y ~ poly(x, 2)*g"
    ours = model_frame(formula, read(frame))
    theirs = formulaic.model_matrix(formula, frame.dropna().reset_index(drop=True)).rhs
    assert columnwise_close(ours.X, theirs.to_numpy(dtype=float))
    assert (ours.rows == np.flatnonzero(frame["x"].notna())).all()


SMALL = {
    "y": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
    "x": [1.0, 2.0, 3.0, 4.0, 5.0, 7.0],
    "g": ["b", "a", "c", "a", "b", "c"],
    "t": [True, False, True, False, False, True],
    "k": [2, 1, 3, 1, 2, 3],
    "half": [0.5, 1.0, 0.5, 1.0, 1.0, 0.5],
}

NAMES = {
    "y ~ g": "Intercept g[T.b] g[T.c]",
    "y ~ 0 + g": "g[a] g[b] g[c]",
    "y ~ t": "Intercept t[T.True]",
    "y ~ C(t, ref=True)": "Intercept C(t, ref=True)[T.False]",
    "y ~ C(k)": "Intercept C(k)[T.2] C(k)[T.3]",
    "y ~ C(k, ref=3)": "Intercept C(k, ref=3)[T.1] C(k, ref=3)[T.2]",
    "y ~ C(k, ref='3')": 'Intercept C(k, ref="3")[T.1] C(k, ref="3")[T.2]',
    "y ~ C(half)": "Intercept C(half)[T.1]",
    'y ~ C(g, ref="c")': 'Intercept C(g, ref="c")[T.a] C(g, ref="c")[T.b]',
    "y ~ log1p(x) + sqrt(x) + exp(x)": "Intercept log1p(x) sqrt(x) exp(x)",
    "y ~ x:t": "Intercept x:t[False] x:t[True]",
}


@pytest.mark.parametrize(("formula", "names"), NAMES.items())
def test_coefficients_are_named_after_what_they_multiply(formula: str, names: str) -> None:
    """Names say column, function and level: `T.` where a level is compared with the reference."""
    assert " ".join(model_frame(formula, read(SMALL)).names) == " ".join(names.split(" "))


def test_functions_are_what_they_are_called() -> None:
    """The functions of the language are NumPy's, and scale divides by the sample's deviation."""
    x = np.array(SMALL["x"])
    X = model_frame("y ~ log1p(x) + sqrt(x) + exp(x) + scale(x) + log(sqrt(x))", read(SMALL)).X
    scaled = (x - x.mean()) / x.std(ddof=1)
    expected = np.column_stack(
        [np.ones(6), np.log1p(x), np.sqrt(x), np.exp(x), scaled, np.log(x) / 2]
    )
    assert np.allclose(X, expected, rtol=1e-15, atol=1e-15)


def test_polynomials_are_orthonormal_far_from_zero() -> None:
    """Columns of poly are orthonormal and orthogonal to 1 also where powers of x would overflow."""
    for centre, spread in ((0, 1), (2000, 10), (1e80, 1e79), (1e-200, 1e-201)):
        x = centre + spread * np.random.default_rng(1).uniform(-1, 1, 200)
        frame = model_frame("y ~ 0 + poly(x, 5)", read({"y": x, "x": x}))
        P = np.column_stack([np.full(200, 200**-0.5), frame.X])
        assert np.abs(P.T @ P - np.eye(6)).max() < 1e-12


def test_a_declared_order_of_categories_is_kept() -> None:
    """An ordered categorical decides the reference level; other text is sorted."""
    order = pd.CategoricalDtype(["low", "high", "absent"], ordered=True)
    frame = pd.DataFrame({"y": [1, 2, 3], "g": pd.Series(["high", "low", "high"], dtype=order)})
    assert model_frame("y ~ g", read(frame)).names == ("Intercept", "g[T.high]")
    plain = frame.assign(g=frame["g"].astype(str))
    assert model_frame("y ~ g", read(plain)).names == ("Intercept", "g[T.low]")


UNUSABLE = {
    "y ~ C(g, ref='z')": ("'z'", "'a', 'b' and 'c'"),
    "y ~ log(g)": ("log(g)", "text", "'a'"),
    "y ~ sqrt(t)": ("sqrt(t)", "true and false"),
    "y ~ g + C(g)": ("'g'", "twice", ". - g + C(g)"),
    "y ~ log(zero)": ("row 2", "'zero'", "the value 0", "log1p"),
    "y ~ log(neg)": ("row 3", "'neg'", "-3"),
    "y ~ sqrt(neg)": ("row 3", "-3", "not negative"),
    "y ~ log1p(neg)": ("row 3", "-3"),
    "y ~ exp(big)": ("row 1", "1000", "overflow"),
    "y ~ log(log(half))": ("row 1", "0.5", "-0.693147"),
    "y ~ inf": ("row 4", "'inf'", "infinite"),
    "inf ~ x": ("row 4", "'inf'", "infinite"),
    "y ~ C(inf)": ("row 4", "'inf'", "infinite"),
    "y ~ huge:scale(huge):huge + huge:big": ("overflows", "row 1"),
    "y ~ scale(one)": ("scale(one)", "zero", "0.1"),
    "y ~ poly(k, 3)": ("poly(k, 3)", "3 distinct values"),
    "y ~ only": ("'only'", "'same'", "no effect"),
    "y ~ xx": ("'xx'", "'x'"),
    "yy ~ x": ("target", "'yy'", "'y'"),
    "y ~ x - xx": ("'xx'",),
}


@pytest.mark.parametrize(("formula", "pieces"), UNUSABLE.items())
def test_data_that_do_not_fit_are_named(formula: str, pieces: tuple[str, ...]) -> None:
    """A column a formula cannot use is refused in one paragraph: which, where, why, what to do."""
    data = SMALL | {
        "zero": [1, 0, 1, 2, 3, 4],
        "neg": [1, 2, -3, 4, 5, 6],
        "big": [1000, 1, 2, 3, 4, 5],
        "inf": [1.0, 2.0, 3.0, np.inf, 5.0, -np.inf],
        "huge": [1e306, 1e300, 1, 2, 3, 4],
        "one": [0.1] * 6,
        "only": ["same"] * 6,
    }
    with pytest.raises((DataError, FormulaError)) as caught:
        model_frame(formula, read(data))
    message = str(caught.value)
    assert "\n" not in message
    for piece in pieces:
        assert piece in message


def test_two_coefficients_never_share_a_name() -> None:
    """A column called like a product of others is refused, for names are keys of results."""
    data = {"y": [1, 2], "a": [1, 2], "b": [3, 5], "a:b": [0, 1]}
    with pytest.raises(FormulaError, match="two coefficients called 'a:b'"):
        model_frame("y ~ a*b + `a:b`", read(data))


def test_a_matrix_that_cannot_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A category of very many levels is refused by its size before memory is asked for."""
    monkeypatch.setattr("neglog.data.memory.physical", lambda: 100_000)
    data = {"y": range(500), "id": [f"id{i}" for i in range(500)]}
    with pytest.raises(DataError, match=r"500 columns.*identifier"):
        model_frame("y ~ id", read(data))


def spec() -> DesignSpec:
    """Return a design with a category of each kind and a learnt number."""
    return model_frame("y ~ g + C(k) + t + scale(x)", read(SMALL)).spec


CHANGES = {
    "unseen text": (
        {"g": ["b", "a", "q", "a", "b", "c"]},
        ("'q'", "row 3", "'g'", "'a', 'b' and 'c'"),
    ),
    "unseen number": ({"k": [1, 2, 3, 4, 1, 1]}, ("4", "row 4", "'k'")),
    "text for numbers": ({"x": list("abcdef")}, ("'x'", "text", "row 1", "numbers")),
    "numbers for text": ({"g": [1, 2, 3, 1, 2, 3]}, ("1", "row 1", "'g'")),
    "numbers for booleans": ({"t": [0, 1, 0, 1, 0, 1]}, ("'t'", "numbers", "true and false")),
}


@pytest.mark.parametrize(("change", "pieces"), CHANGES.values(), ids=CHANGES)
def test_new_data_of_another_kind_are_refused(
    change: dict[str, list], pieces: tuple[str, ...]
) -> None:
    """An unknown level or another kind of column is an error, never the reference level."""
    with pytest.raises(DataError) as caught:
        spec().encode(read(SMALL | change))
    assert all(piece in str(caught.value) for piece in pieces), str(caught.value)


def test_labels_that_look_like_numbers_stay_labels() -> None:
    """Labels 12 and 12b learnt as text are found again in a file that holds only 12."""
    learnt = model_frame("y ~ g", read({"y": [1, 2, 3], "g": ["12", "12b", "12"]})).spec
    X, _ = learnt.encode(read({"g": [12, None, 12]}))
    assert X.tolist() == [[1.0, 0.0], [1.0, 0.0]]


SPOILT = {
    "no dict": lambda data: [],
    "a missing key": lambda data: {k: v for k, v in data.items() if k != "groups"},
    "a newer version": lambda data: data | {"version": 99},
    "a number for text": lambda data: data | {"formula": 3},
    "an unknown function": lambda data: data["factors"][1]["calls"].append(["eval", "1"]) or data,
    "a position too far": lambda data: data["groups"][1].update(factors=[99]) or data,
    "a position below zero": lambda data: data["groups"][1].update(factors=[-1]) or data,
    "no levels": lambda data: data["factors"][0].update(levels=[]) or data,
    "levels of another kind": lambda data: data["factors"][0].update(levels=[1, 2]) or data,
    "a level twice": lambda data: data["factors"][0].update(levels=["a", "a"]) or data,
    "NaN": lambda data: data["factors"][3]["states"][0].update(center=float("nan")) or data,
    "a scale of zero": lambda data: data["factors"][3]["states"][0].update(scale=0) or data,
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_spoilt_design_is_not_read(spoil: Callable[[Any], Any]) -> None:
    """A stored design that was edited or cut is refused as a model file, never half understood."""
    with pytest.raises(ModelFileError):
        DesignSpec.from_json(spoil(spec().to_json()))
