"""Everything that the documentation shows is run here, in the order in which it is read.

In Markdown three kinds of fenced blocks count; blocks of one file share names and a new folder:

``python``   is run. If an ``output`` block follows, it is what was printed.
``console``  holds lines ``$ neglog ...`` with what they print (both streams, as on a screen);
             ``console fails`` says that the last command ends with an exit code other than 0.
``sh``       and all others are for the reader only.

``...`` stands for any text, and runs of blanks are equal, as in doctest.
"""

from __future__ import annotations

import contextlib
import doctest
import importlib
import io
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
MODULES = [
    file for file in sorted((ROOT / "src").rglob("*.py")) if ">>> " in file.read_text("utf-8")
]
FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
LIKE_DOCTEST = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass(frozen=True)
class Block:
    """One fenced block: its words after the fence, its text and where it starts."""

    info: str
    text: str
    where: str
    line: int


def blocks(page: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a page in order."""
    source = page.read_text("utf-8")
    for match in FENCE.finditer(source):
        line = source.count("\n", 0, match.start("text")) + 1
        where = f"{page.relative_to(ROOT)}:{line}"
        yield Block(match["info"].strip(), match["text"], where, line)


def same(want: str, got: str, where: str) -> None:
    """Compare what is shown with what was printed."""
    if not doctest.OutputChecker().check_output(want.strip(), got.strip(), LIKE_DOCTEST):
        pytest.fail(f"{where} shows\n{want}\nbut this was printed:\n{got}", pytrace=False)


def run_python(block: Block, names: dict[str, object]) -> str:
    """Run a block in the names of its page; line numbers in a traceback are those of the page."""
    printed = io.StringIO()
    code = compile("\n" * (block.line - 1) + block.text, block.where.partition(":")[0], "exec")
    with contextlib.redirect_stdout(printed):
        exec(code, names)  # noqa: S102 - the documentation is ours, and running it is the test
    return printed.getvalue()


def run_console(block: Block) -> None:
    """Run each ``$ neglog`` line of a block as a user would and compare what it prints."""
    program = shutil.which("neglog", path=str(Path(sys.executable).parent))
    assert program, "neglog is not installed in the environment that runs the tests"
    first, *exchanges = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
    assert not first.strip(), f"{block.where}: a console block starts with a command"
    for number, exchange in enumerate(exchanges, 1):
        command, _, want = exchange.partition("\n")
        name, *arguments = shlex.split(command, comments=True)
        assert name == "neglog", f"{block.where}: '{name}' belongs in a `sh` block"
        run = subprocess.run(
            [program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        may_fail = "fails" in block.info.split() and number == len(exchanges)
        assert (run.returncode != 0) == may_fail, f"{block.where}: {command}\n{run.stdout}"
        # On a busy machine the program says what takes it so long, a line of its own.
        told = re.sub(r"^[a-z].* \.{3,}\n", "", run.stdout, flags=re.MULTILINE)
        if want.strip():
            same(want, told, f"{block.where}: {command}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_page(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page does what it shows."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "__main__"}
    printed = ""
    for block in blocks(page):
        match block.info.split():
            case ["python", *_]:
                printed = run_python(block, names)
            case ["output", *_]:
                same(block.text, printed, block.where)
            case ["console", *_]:
                run_console(block)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links(page: Path) -> None:
    """A link from a page to a file of the repository leads to a file."""
    for target in re.findall(r"(?:\]\(|src=\")([^)\"#\s]+)", page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("file", MODULES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_docstrings(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The examples in the docstrings of a module give what they show."""
    monkeypatch.chdir(tmp_path)
    parts = file.relative_to(ROOT / "src").with_suffix("").parts
    module = importlib.import_module(".".join(parts).removesuffix(".__init__"))
    failed, _ = doctest.testmod(module, optionflags=LIKE_DOCTEST)
    assert failed == 0, "doctest says above what differs"
