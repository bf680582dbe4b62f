"""The cache of compiled kernels: found again, and never believed when it is damaged."""

from __future__ import annotations

import inspect
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from kernels.register import BERNOULLI, NORMAL

from neglog.kernels import Kernel, cache
from neglog.kernels.printer import print_kernel
from neglog.kernels.variant import Variant

pytest.importorskip("numba")

# The smallest kernel there is: no head to compile.
SOURCE = print_kernel(Kernel(NORMAL, {"sigma": 1}).textbook, Variant(0, constant=False))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty cache folder, and forget what this process has loaded."""
    monkeypatch.setenv("NEGLOG_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(cache, "_loaded", {})
    return tmp_path / "kernels"


@pytest.fixture(scope="module")
def compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a cache folder with the kernel in it, to be copied."""
    root = tmp_path_factory.mktemp("compiled")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEGLOG_CACHE_DIR", str(root))
        patch.setattr(cache, "_loaded", {})
        cache.compiled_run(SOURCE)
    return root / "kernels"


@pytest.fixture
def filled(folder: Path, compiled_once: Path) -> Path:
    """Return a cache folder with the kernel in it."""
    shutil.copytree(compiled_once, folder)
    return folder


def works(run: Callable[..., None]) -> bool:
    """Return whether a kernel computes squared error."""
    value, sums = np.empty(2), np.empty(1)
    run(0, 2, np.array([1.0, 2.0]), np.array([4.0, 2.0]), 1.0, value, sums, np.empty(0, np.int64))
    return value.tolist() == [4.5, 0.0] and sums.tolist() == [4.5]


def loads() -> tuple[bool, int]:
    """Load as a new process would; return whether it works and how often Numba found its file."""
    cache._loaded.clear()
    run = cache.compiled_run(SOURCE)
    return works(run), sum(run.stats.cache_hits.values())  # type: ignore[attr-defined]  # set by Numba


def test_second_load_compiles_nothing(folder: Path) -> None:
    """A kernel that was compiled once is loaded from then on."""
    assert loads() == (True, 0)
    assert loads() == (True, 1)


def test_files_are_private(filled: Path) -> None:
    """The folder is open to its owner alone; one that others can write to is not used."""
    filled.chmod(0o755)
    assert loads() == (True, 1)
    assert stat.S_IMODE(filled.stat().st_mode) == 0o700
    filled.chmod(0o777)
    assert cache.cache_folder("kernels") is None
    assert loads() == (True, 0)


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "truncated": lambda contents: contents[: len(contents) // 2],
    "flipped": lambda contents: contents[:-20] + bytes([contents[-20] ^ 1]) + contents[-19:],
    "emptied": lambda contents: b"",
}


@pytest.mark.parametrize("suffix", ["nbi", "nbc", "py", "sha256"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_files_are_compiled_again(filled: Path, suffix: str, damage: str) -> None:
    """Whatever happened to a file, the kernel works, and the next load finds it sound."""
    (file,) = filled.rglob(f"*.{suffix}")
    file.write_bytes(DAMAGE[damage](file.read_bytes()))

    assert loads() == (True, 0)
    assert loads() == (True, 1)


def test_damage_with_a_matching_digest(filled: Path) -> None:
    """Files that Numba cannot load are deleted and made anew, even where their digest is right."""
    (index,) = filled.rglob("*.nbi")
    (source,) = filled.glob("*.py")
    index.write_bytes(b"")
    source.with_suffix(".sha256").write_bytes(cache._digest(source))

    assert loads() == (True, 0)
    assert loads() == (True, 1)


def test_edited_source_is_not_run(filled: Path) -> None:
    """A kernel is what its plan says, not what someone wrote into the folder."""
    (file,) = filled.glob("*.py")
    edited = SOURCE.replace("/ 2.0", "/ 4.0")
    assert edited != SOURCE
    file.write_text(edited)

    assert loads() == (True, 0)
    assert file.read_text() == SOURCE


@pytest.mark.parametrize("kind", ["file", "read-only", "dangling link", "foreign"])
def test_no_folder_no_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Where the folder cannot be used, a kernel is compiled in memory and can still be read."""
    place = tmp_path / "place"
    monkeypatch.setenv("NEGLOG_CACHE_DIR", str(place))
    monkeypatch.setattr(cache, "_loaded", {})
    match kind:
        case "file":
            place.write_text("")
        case "read-only":
            place.mkdir()
            monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
        case "dangling link":
            place.mkdir()
            (place / "kernels").symlink_to(tmp_path / "nowhere")
        case "foreign":
            monkeypatch.setattr(os, "getuid", lambda: 12345)

    assert cache.cache_folder("kernels") is None
    run = cache.compiled_run(SOURCE)
    assert works(run)
    assert inspect.getsource(run.py_func).splitlines()[-1] in SOURCE  # type: ignore[attr-defined]  # set by Numba


def test_a_disk_that_is_full(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be written leaves nothing half written and stops nobody."""

    def full(*_: object, **__: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(Path, "hardlink_to", full)
    monkeypatch.setattr(Path, "replace", full)
    assert loads() == (True, 0)
    assert not list(folder.glob("*.py"))
    assert not list(folder.glob(".*"))


def test_generated_source_can_be_read_and_stepped_through(folder: Path) -> None:
    """The source of a kernel is its file; as plain Python it computes the same."""
    run = cache.compiled_run(SOURCE)
    function = run.py_func  # type: ignore[attr-defined]  # set by Numba

    assert Path(inspect.getsourcefile(function) or "").read_text() == SOURCE
    assert inspect.getsource(function).startswith("@njit")
    assert works(function)


def test_names_from_users_stay_in_comments() -> None:
    """A name with line breaks and code in it adds no line of code to a kernel."""
    from dataclasses import replace

    evil = 'x"""\nimport os\r\x0c\u2028os.abort()\n#'
    plain = print_kernel(Kernel(BERNOULLI).plan, Variant(1))
    printed = print_kernel(replace(Kernel(BERNOULLI).plan, title=evil), Variant(1))

    def code(text: str) -> list[str]:
        return [line for line in text.splitlines() if not line.startswith("#")]

    assert code(printed) == code(plain)


def test_processes_with_a_cold_cache(tmp_path: Path) -> None:
    """Several processes that start together all get a working kernel, and leave a sound cache."""
    program = (
        "import numpy as np; from kernels.register import BERNOULLI; from neglog.kernels import Kernel;"
        "print(Kernel(BERNOULLI).total(np.ones(100), np.zeros(100), engine='numba'))"
    )
    env = {
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "NEGLOG_CACHE_DIR": str(tmp_path),
    }
    command = [sys.executable, "-c", program]
    started = [
        subprocess.Popen(
            command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    done = [process.communicate(timeout=60) for process in started]

    expected = f"{100 * np.log(2)}"
    for out, err in done:
        assert float(out) == pytest.approx(float(expected), rel=1e-14)
        assert err == ""
    assert len(list((tmp_path / "kernels").glob("*.py"))) == 1
    assert not list((tmp_path / "kernels").glob(".*"))


def test_without_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Numba the NumPy engine is used in silence, and the kernel says so."""
    monkeypatch.setattr(cache, "_numba_installed", lambda: False)
    kernel = Kernel(BERNOULLI)

    assert kernel.engine == "numpy"
    assert kernel.engine_for(10**9) == "numpy"
    assert kernel.value(1, 34.0, engine="numba") == pytest.approx(
        1.7139084315420115e-15, rel=1e-15, abs=0
    )


def test_with_a_numba_that_does_not_load(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Numba that refuses this NumPy counts as no Numba."""
    monkeypatch.setattr(cache, "_numba_broken", False)
    monkeypatch.setitem(sys.modules, "numba", None)
    kernel = Kernel(BERNOULLI)

    assert kernel.value(1, 34.0, engine="numba") == pytest.approx(
        1.7139084315420115e-15, rel=1e-15, abs=0
    )
    assert kernel.with_engine("auto").engine == "numpy"
