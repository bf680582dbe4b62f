"""A model file is whole or absent, is read back to the bit, and runs nothing, whatever is in it."""

from __future__ import annotations

import io
import json
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models.tables import frame

import neglog as nl
from neglog.errors import FitWarning, ModelFileError
from neglog.models import storage


@pytest.fixture(scope="module")
def model() -> nl.Model:
    """Return a fitted model."""
    return nl.fit("affair ~ C(religious, ref=2) + scale(age)", frame("fair").iloc[::7])


@pytest.fixture
def path(model: nl.Model, tmp_path: Path) -> Path:
    """Return the model's file."""
    model.save(tmp_path / "m.neglog")
    return tmp_path / "m.neglog"


def parts(path: Path) -> dict[str, bytes]:
    """Return what a model file holds."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(path: Path, held: dict[str, bytes]) -> Path:
    """Write a model file of these parts."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in held.items():
            archive.writestr(name, data)
    return path


def refused(path: Path) -> str:
    """Return the message with which a file is refused: one paragraph that names it."""
    with pytest.raises(ModelFileError) as caught:
        nl.load(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


def test_read_back(model: nl.Model, path: Path) -> None:
    """Everything a model says it says again after loading, and saving again gives the same contents."""
    loaded = nl.load(path)

    assert loaded.params == model.params
    assert loaded.bse == model.bse
    assert loaded.trace == model.trace
    assert loaded.coding == model.coding
    assert loaded.family is nl.Bernoulli
    assert np.array_equal(loaded.cov_params().matrix, model.cov_params().matrix)
    assert str(loaded.summary()) == str(model.summary())
    assert loaded.cov_params().kind == model.cov_params().kind
    data = frame("fair").iloc[1:400:7]
    assert np.array_equal(loaded.predict(data), model.predict(data))
    loaded.save(path.with_name("again"))
    assert parts(path.with_name("again")) == parts(path)


def test_classes_and_priors(tmp_path: Path) -> None:
    """Labels of every kind, free classes and priors survive."""
    data = frame("iris")
    for y, kind in [(data["species"], "text"), (np.arange(150) % 3 + 5, "number")]:
        table = {"x": data["sepal_length"], "y": np.asarray(y)}
        model = nl.fit("y ~ x", table, family="categorical", prior=nl.Normal(0, 2))
        model.save(tmp_path / "m")
        loaded = nl.load(tmp_path / "m")
        assert loaded.coding == model.coding
        assert loaded.coding.kind == kind
        assert loaded.prior == model.prior
        assert np.array_equal(loaded.predict(table), model.predict(table))
        assert np.array_equal(loaded.coding.decode(np.arange(3)), model.coding.decode(np.arange(3)))
    flags = {"x": np.arange(9.0), "y": np.array([True, False, True] * 3)}
    nl.fit("y ~ x", flags).save(tmp_path / "m")
    assert nl.load(tmp_path / "m").coding.decode(np.array([0, 1])).tolist() == [False, True]


def test_a_fit_that_did_not_converge_is_kept_as_that(tmp_path: Path) -> None:
    """A separated fit is loaded as separated, without standard errors."""
    with pytest.warns(FitWarning):
        model = nl.fit("y ~ x", {"x": [0, 1, 2, 3, 4, 5], "y": [0, 0, 0, 1, 1, 1]})
    model.save(tmp_path / "m")
    loaded = nl.load(tmp_path / "m")

    assert loaded.status == "separated"
    assert loaded.message == model.message
    assert loaded.covariance is None
    assert np.isnan([*loaded.bse.values()]).all()


def test_no_row_is_stored(model: nl.Model, path: Path) -> None:
    """The file holds coefficients and what columns became, and no training row; nothing is a pickle."""
    held = parts(path)
    assert sorted(held) == ["covariance.npy", "estimates.npy", "model.json", "standard_errors.npy"]
    assert sum(map(len, held.values())) < 100_000
    meta = json.loads(held["model.json"])
    assert meta["format"] == storage.FORMAT
    lengths = [len(value) for value in walk(meta) if isinstance(value, list)]
    assert max(lengths) < 50 < model.nobs


def walk(value: Any) -> list[Any]:
    """Return a JSON value with everything inside it."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value, *(deeper for item in inside for deeper in walk(item))]


@pytest.mark.parametrize("tenth", range(10))
def test_cut_short(path: Path, tenth: int) -> None:
    """A file cut at each tenth of its length is called damaged."""
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * tenth // 10])
    assert "damaged" in refused(path)


@settings(max_examples=150)
@given(data=st.data())
def test_changed_bytes(model: nl.Model, data: st.DataObject, tmp_path_factory: Any) -> None:
    """Whatever bytes are changed, a file is refused in one sentence or read as what it was."""
    path = tmp_path_factory.mktemp("models") / "m"
    model.save(path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(content))
    try:
        loaded = nl.load(path)
    except ModelFileError as error:
        assert "\n" not in str(error)
    else:
        assert loaded.params == model.params


@given(content=st.binary(max_size=300))
def test_any_bytes(content: bytes, tmp_path_factory: Any) -> None:
    """A file of any bytes is no model."""
    path = tmp_path_factory.mktemp("bytes") / "m"
    path.write_bytes(content)
    refused(path)


def test_json_of_another_shape(path: Path) -> None:
    """Each entry of the JSON left out, or made another thing, is refused or does not matter."""
    held = parts(path)
    meta = json.loads(held["model.json"])
    for key in meta:
        for wrong in (None, 3, "x", [], {}, [[]], {"a": 1}, -1e308):
            spoilt = {**meta, key: wrong}
            if wrong == meta[key]:
                continue
            write(path, {**held, "model.json": json.dumps(spoilt).encode()})
            try:
                loaded = nl.load(path)
                str(loaded.summary())
                loaded.predict(frame("fair").iloc[:3])
            except ModelFileError as error:
                assert "\n" not in str(error)
        missing = {name: value for name, value in meta.items() if name != key}
        write(path, {**held, "model.json": json.dumps(missing).encode()})
        refused(path)


def array_bytes(array: np.ndarray, allow_pickle: bool = False) -> bytes:
    """Return an array as a .npy file."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=allow_pickle)
    return buffer.getvalue()


class Trap:
    """Something whose unpickling leaves a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


SPOILT: dict[str, Callable[[dict[str, bytes], Path], dict[str, bytes]]] = {
    "no model.json": lambda held, _: {k: v for k, v in held.items() if k != "model.json"},
    "no estimates": lambda held, _: {k: v for k, v in held.items() if k != "estimates.npy"},
    "no errors": lambda held, _: {k: v for k, v in held.items() if k != "standard_errors.npy"},
    "NaN estimates": lambda held, _: {**held, "estimates.npy": array_bytes(np.full(5, np.nan))},
    "infinite covariance": lambda held, _: {
        **held,
        "covariance.npy": array_bytes(np.full((5, 5), np.inf)),
    },
    "NaN covariance": lambda held, _: {
        **held,
        "covariance.npy": array_bytes(np.full((5, 5), np.nan)),
    },
    "wrong length": lambda held, _: {**held, "estimates.npy": array_bytes(np.zeros(4))},
    "wrong covariance": lambda held, _: {**held, "covariance.npy": array_bytes(np.eye(2))},
    "text in place of numbers": lambda held, _: {
        **held,
        "estimates.npy": array_bytes(np.array(list("abcde"))),
    },
    "complex": lambda held, _: {**held, "estimates.npy": array_bytes(np.ones(5) * 1j)},
    "pickled array": lambda held, mark: {
        **held,
        "estimates.npy": array_bytes(np.array([Trap(mark)] * 5, dtype=object), True),
    },
    "pickle": lambda held, mark: {**held, "estimates.npy": pickle.dumps(Trap(mark))},
    "code as density": lambda held, mark: {
        **held,
        "model.json": held["model.json"].replace(
            b"y*log(p)", f"__import__('os').mkdir('{mark}')*y*log(p)".encode()
        ),
    },
    "density that is deep": lambda held, _: {
        **held,
        "model.json": held["model.json"].replace(b"y*log(p)", b"(" * 5000 + b"y" + b")" * 5000),
    },
    "deep JSON": lambda held, _: {**held, "model.json": b"[" * 100_000 + b"]" * 100_000},
    "JSON of no object": lambda held, _: {**held, "model.json": b"[1, 2]"},
    "no JSON": lambda held, _: {**held, "model.json": b"\xff\xfe"},
}


@pytest.mark.parametrize("name", SPOILT)
def test_spoilt_parts(path: Path, tmp_path: Path, name: str) -> None:
    """A file with parts missing, of a wrong shape, not numbers or pickled is refused, and nothing runs."""
    mark = tmp_path / "mark"
    refused(write(path, SPOILT[name](parts(path), mark)))
    assert not mark.exists()


def test_newer_format(path: Path) -> None:
    """A file of a newer format asks for an upgrade."""
    held = parts(path)
    meta = json.loads(held["model.json"]) | {"format": storage.FORMAT + 1}
    write(path, {**held, "model.json": json.dumps(meta).encode()})
    assert "newer neglog" in refused(path)


def test_newer_design(path: Path) -> None:
    """A design of a version that is not known is refused in words that name the file."""
    held = parts(path)
    meta = json.loads(held["model.json"])
    meta["design"]["version"] = 99
    write(path, {**held, "model.json": json.dumps(meta).encode()})
    refused(path)


def test_unpacking_too_much(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that unpacks to more than any model is not unpacked."""
    monkeypatch.setattr(storage, "_LARGEST", 2000)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.json", b" " * 100_000)
    assert "not read" in refused(path)


def test_no_file(tmp_path: Path) -> None:
    """A missing file and a folder are called what they are."""
    assert "no model file" in refused(tmp_path / "absent")
    assert "folder" in refused(tmp_path)


def test_an_old_file_outlives_a_failed_save(model: nl.Model, path: Path, monkeypatch: Any) -> None:
    """If a model cannot be written, what stood there before stands there still, and nothing beside it."""
    before = path.read_bytes()

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    for name in ("replace", "fsync"):
        monkeypatch.setattr(os, name, full)
        with pytest.raises(ModelFileError, match="No space left"):
            model.save(path)
        monkeypatch.undo()
        assert path.read_bytes() == before
        assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("where", ["no/such/folder/m.neglog", "file/m.neglog", "."])
def test_unwritable_places(model: nl.Model, tmp_path: Path, where: str) -> None:
    """A place that cannot be written to is named in one paragraph."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ModelFileError, match="could not be written") as caught:
        model.save(tmp_path / where)
    assert "\n" not in str(caught.value)
