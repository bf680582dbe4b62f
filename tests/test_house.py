"""Laws of the house: what is imported when, what is tracked, and that names and numbers agree."""

from __future__ import annotations

import ast
import importlib.metadata
import io
import re
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

import neglog

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
PYTHON = [*SOURCES, *sorted((ROOT / "tests").rglob("*.py"))]
HEAVY = {
    "numpy",
    "scipy",
    "sympy",
    "numba",
    "pandas",
    "pyarrow",
    "sklearn",
    "formulaic",
    "matplotlib",
}


def path(file: Path) -> str:
    """Name a file from the root of the repository, for test names and messages."""
    return file.relative_to(ROOT).as_posix()


def tracked() -> list[Path]:
    """List the files that git holds or would add; without git, all that a release would hold."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)
        names = [ROOT / name for name in listed.stdout.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        kept = ("src", "tests", "docs", "changelog.d", ".ci", "benchmarks")
        names = [*ROOT.glob("*"), *(file for folder in kept for file in (ROOT / folder).rglob("*"))]
    return [file for file in names if file.is_file() and "__pycache__" not in file.parts]


def loaded_by(code: str) -> set[str]:
    """Run code in a new process and return the top-level modules it left loaded."""
    report = "import sys; print('LOADED', *{name.partition('.')[0] for name in sys.modules})"
    script = f"try:\n    {code}\nexcept SystemExit:\n    pass\n{report}"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(run.stdout.rpartition("LOADED")[2].split())


def facade() -> set[str]:
    """Read from ``__init__.pyi`` the public names that type checkers and editors see."""
    tree = ast.parse((ROOT / "src/neglog/__init__.pyi").read_text("utf-8"))
    names: set[str] = set()
    for node in tree.body:
        match node:
            case ast.ImportFrom() | ast.Import():
                # In a stub only `X as X` is public; a plain import serves the annotations.
                names |= {alias.name for alias in node.names if alias.asname == alias.name}
            case ast.FunctionDef() | ast.ClassDef():
                names.add(node.name)
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
                names.add(name)
    return {name for name in names if not name.startswith("_")}


def test_import_is_light() -> None:
    """Importing neglog loads none of the libraries it stands on."""
    assert not loaded_by("import neglog") & HEAVY


def test_help_is_light() -> None:
    """The command line prints its help without loading any of them."""
    code = "import sys; sys.argv = ['neglog', '--help']; from neglog.cli import main; main()"
    assert not loaded_by(code) & HEAVY


@pytest.mark.parametrize("name", sorted(facade()))
def test_stub_names_exist(name: str) -> None:
    """Every name that the stub promises is there."""
    assert getattr(neglog, name) is not None


def test_names_are_in_the_stub() -> None:
    """Every name that the package offers is in the stub, so that editors can complete it."""
    code = "import neglog; print(*neglog.__dir__())"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    offered = {name for name in run.stdout.split() if not name.startswith("_")}
    assert offered == facade()


def test_package_says_it_is_typed() -> None:
    """Type checkers of other projects read our annotations only where this marker lies."""
    assert (ROOT / "src/neglog/py.typed").exists()


def test_unknown_name_is_an_attribute_error() -> None:
    """A name that neglog does not have raises what Python expects, and says the name."""
    with pytest.raises(AttributeError, match="no_such_name"):
        neglog.no_such_name  # type: ignore[attr-defined]  # that it is missing is the point


def test_versions_agree() -> None:
    """The installed metadata and the package name one version."""
    assert neglog.__version__ == importlib.metadata.version("neglog")


@pytest.mark.parametrize("file", PYTHON, ids=path)
def test_modules_say_what_they_are(file: Path) -> None:
    """Every Python file opens with a docstring."""
    text = file.read_text("utf-8")
    assert ast.get_docstring(ast.parse(text)), f"{path(file)} has no docstring"


@pytest.mark.parametrize("file", PYTHON, ids=path)
def test_exceptions_to_rules_have_reasons(file: Path) -> None:
    """Every ``noqa`` and ``type: ignore`` names its rule and gives a reason on the same line."""
    comments = tokenize.generate_tokens(io.StringIO(file.read_text("utf-8")).readline)
    for token in comments:
        if token.type == tokenize.COMMENT and re.search(r"#\s*(noqa|type:\s*ignore)", token.string):
            reasoned = (
                r"#\s*(noqa:\s*[A-Z]+\d+(,\s*[A-Z]+\d+)*|type:\s*ignore\[[\w, -]+\])\W+\w+ \w+"
            )
            assert re.search(reasoned, token.string), f"{path(file)}:{token.start[0]} {token.line}"


def test_files_name_no_machine() -> None:
    """No tracked file names a folder of somebody's machine or the address of a package registry."""
    # A class of one letter keeps these patterns from finding themselves.
    machine = re.compile(
        r"(?<![\w.])/(wor[k]|roo[t]|hom[e]|User[s])/\w"
        r"|/opt/(wheel[s]|pyp[i])"
        r"|\bpyp[i]\.org|pythonhoste[d]\.org|conda\.anacond[a]\.org"
    )
    found = []
    for file in tracked():
        try:
            lines = file.read_text("utf-8").splitlines()
        except UnicodeDecodeError:
            continue  # a picture or a table
        for number, line in enumerate(lines, 1):
            found += [f"{path(file)}:{number}: {match[0]}" for match in machine.finditer(line)]
    assert not found


def test_no_secret_lock_or_large_file() -> None:
    """The repository holds sources: no environment file, no lock file, nothing above 1 MB."""
    for file in tracked():
        assert file.name not in {".env", "uv.lock", "poetry.lock", "Pipfile.lock", ".pypirc"}
        assert file.stat().st_size < 1_000_000, path(file)


def test_changelog_fragments() -> None:
    """A change is told in ``changelog.d``, in a file ``words-about-it.kind.md`` with a text."""
    kinds = "added|changed|deprecated|removed|fixed"
    fragments = [file for file in (ROOT / "changelog.d").iterdir() if file.name != "README.md"]
    for file in fragments:
        assert re.fullmatch(rf"[a-z0-9]+(-[a-z0-9]+)*\.({kinds})\.md", file.name), file.name
        assert file.read_text("utf-8").strip(), f"{file.name} says nothing"
