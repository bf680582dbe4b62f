"""Tables on disk, good and bad, made once a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from neglog.data import examples

TABLES = {
    "passed.csv": "passed,hours\nyes,2\nno,3\nyes,1\nno,5\nyes,2.5\nno,1.5\nyes,4\nno,2\nno,3.5\n",
    "holes.csv": "y,x\n1,2\n0,3\n1,1\n0,\n1,2.5\n,1\n1,4\n0,2\n",
    "negative.csv": "visits,age\n1,20\n2,30\n-1,40\n3,50\n",
    "separable.csv": "y,x\n0,1\n0,2\n0,3\n1,4\n1,5\n1,6\n",
    "collinear.csv": "y,x,z\n0,1,2\n1,2,4\n0,3,6\n1,4,8\n0,5,10\n1,6,12\n",
    "one.csv": "y,x\na,1\na,2\na,3\n",
    "times.csv": "time,dose\n1.5,1\n2.5,2\n0.3,3\n0.7,1.5\n2.2,2.2\n0.9,0.4\n",
    "visits.csv": "visits,age\n0,1\n1,2\n0,3\n2,4\n3,5\n1,6\n4,7\n2,8\n0,2\n5,9\n",
    "empty.csv": "",
    "garbage.neglog": "this is no model",
}


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of small tables, two real ones among them, and a folder that is called like one."""
    folder = tmp_path_factory.mktemp("tables")
    for name, text in TABLES.items():
        (folder / name).write_text(text, encoding="utf-8")
    for name in ("breast_cancer", "diabetes", "wine"):
        examples.export(name, folder / f"{name}.csv")
    (folder / "binary.csv").write_bytes(bytes(range(256)) * 4)
    (folder / "folder.csv").mkdir()
    return folder


@pytest.fixture
def here(tables: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Work in a new folder from which the tables are reached by name."""
    for file in tables.iterdir():
        (tmp_path / file.name).symlink_to(file)
    monkeypatch.chdir(tmp_path)
    return tmp_path
