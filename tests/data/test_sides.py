"""The left side of a formula: what it means, how it is refused, and what becomes of it in a frame and in a file."""

from __future__ import annotations

import numpy as np
import pytest

from neglog.data import DesignSpec, model_frame, parse, read
from neglog.errors import DataError, FormulaError, MissingValuesError, ModelFileError

SIDES = {
    "k | n ~ x": ("CountOf", ("k", "n"), "k | n"),
    "k|n~x": ("CountOf", ("k", "n"), "k | n"),
    "`my k` | n ~ x": ("CountOf", ("my k", "n"), "`my k` | n"),
    "Interval(lo, hi) ~ x": ("Interval", ("lo", "hi"), "Interval(lo, hi)"),
    "Interval( lo ,`h i`) ~ x": ("Interval", ("lo", "h i"), "Interval(lo, `h i`)"),
    "Event(time, died) ~ 1": ("Event", ("time", "died"), "Event(time, died)"),
    "Event(时间, 死亡) ~ x": ("Event", ("时间", "死亡"), "Event(时间, 死亡)"),
    "Event ~ x": ("column", ("Event",), "Event"),
    "`a | b` ~ x": ("column", ("a | b",), "a | b"),
}


@pytest.mark.parametrize(("text", "meaning"), SIDES.items())
def test_a_side_means_its_columns(text: str, meaning: tuple[str, tuple[str, ...], str]) -> None:
    """A side has a kind, columns in the order of the fields, and a name that is read as the same side."""
    side = parse(text).side
    assert (side.kind, side.columns, side.name) == meaning
    if side.fields:
        assert parse(f"{side.name} ~ x").side == side


REFUSED = {
    "k | n | m ~ x": "between two columns",
    "k | ~ x": "between two columns",
    "k + n ~ x": "Interval(lo, hi)",
    "log(k) | n ~ x": "Jacobian",
    "k | k ~ x": "twice",
    "k | n ~ k": "predict itself",
    "Interval(lo) ~ x": "two columns",
    "Interval(lo, hi, w) ~ x": "two columns",
    "Interval(log(lo), hi) ~ x": "added to the data first",
    "Interval(lo, 3) ~ x": "by name",
    "Interval(lo, .) ~ x": "by name",
    "Interval(lo, hi": "two columns",
    "Event(t, d) ~ t": "predict itself",
    "Event(t, d) ~ x + d": "predict itself",
    "Event(t, d) + y ~ x": "left side",
    "y ~ Event(t, d)": "before the ~",
    "y ~ x | g": "group effects",
    "Surv(t, d) ~ x": "Event(time, died)",
    "cbind(a, b) ~ x": "k | n",
}


@pytest.mark.parametrize(("text", "piece"), REFUSED.items())
def test_a_wrong_side_is_told(text: str, piece: str) -> None:
    """A left side outside the language is refused in one paragraph that names what is wrong."""
    with pytest.raises(FormulaError) as caught:
        parse(text)
    assert piece in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_dot_leaves_the_columns_of_the_target_out() -> None:
    """`.` is every column that is not of the target; the trials may explain, named."""
    columns = ("x", "k", "z", "n")
    terms = parse("k | n ~ .", columns).terms
    assert [term[0].column for term in terms[1:]] == ["x", "z"]
    assert parse("k | n ~ log(n)", columns).mentioned == ("n",)


TABLE = {
    "k": [1, 2, 0, 3],
    "n": [2, 2, 5, 4],
    "x": [0.5, None, 1, 2],
    "seen": [True, False, True, False],
}


def test_a_frame_holds_the_columns() -> None:
    """A target of several columns is a matrix of the kept rows, booleans as 0 and 1."""
    frame = model_frame("k | n ~ x", read(TABLE))
    assert frame.target.tolist() == [[1, 2], [0, 5], [3, 4]]
    assert frame.target_name == "k | n"
    assert model_frame("Event(n, seen) ~ 1", read(TABLE)).target[:, 1].tolist() == [1, 0, 1, 0]


def test_infinite_ends_are_values() -> None:
    """An end may be infinite, where a single number may not."""
    table = read({"lo": [-np.inf, 1.0], "hi": [2.0, np.inf]})
    assert model_frame("Interval(lo, hi) ~ 1", table).target.tolist() == [[-np.inf, 2], [1, np.inf]]
    with pytest.raises(DataError, match="infinite"):
        model_frame("lo ~ 1", table)


@pytest.mark.parametrize("missing", ["drop", "error"])
def test_a_missing_end_is_no_open_end(missing: str) -> None:
    """A missing value of such a target is never dropped in silence: the message says what to write."""
    table = read({"lo": [1.0, 2.0, 3.0], "hi": [2.0, None, None], "x": [1.0, 2.0, 3.0]})
    with pytest.raises(MissingValuesError) as caught:
        model_frame("Interval(lo, hi) ~ x", table, missing=missing)
    for words in ("upper end is missing in row 2", "'hi'", "1 other row", "Write inf"):
        assert words in str(caught.value)


def test_what_is_no_number_is_told() -> None:
    """Text, and true and false where numbers are meant, are refused with the column and a value."""
    table = read({"t": [1.0, 2.0], "d": ["dead", "alive"], "b": [True, False]})
    with pytest.raises(DataError, match=r"'d' .*text \('dead' in row 1\)"):
        model_frame("Event(t, d) ~ 1", table)
    with pytest.raises(DataError, match="true and false"):
        model_frame("Interval(b, t) ~ 1", table)
    with pytest.raises(DataError, match="the trials, 'm'"):
        model_frame("t | m ~ 1", table)


def test_a_design_keeps_its_side() -> None:
    """A design read back makes the same frame; a file that was edited is refused."""
    frame = model_frame("k | n ~ x", read(TABLE))
    data = frame.spec.to_json()
    again = DesignSpec.from_json(data)
    assert again.side == frame.side
    np.testing.assert_array_equal(
        model_frame("k | n ~ x", read(TABLE), spec=again).target, frame.target
    )
    for side in (
        {"kind": "column", "columns": ["k", "n"]},
        {"kind": "CountOf", "columns": ["k"]},
        {},
        3,
    ):
        with pytest.raises(ModelFileError):
            DesignSpec.from_json({**data, "side": side})
