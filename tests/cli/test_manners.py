"""The manners of the program: streams, colours, speed, interruption."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli.program import command, neglog

from neglog import __version__
from neglog.cli import talk as talk_module
from neglog.cli.app import COMMANDS

posix = pytest.mark.skipif(os.name != "posix", reason="signals and pipes are those of POSIX")


def test_version() -> None:
    """The version is printed as name and number."""
    assert neglog("--version").out == f"neglog {__version__}\n"


def test_help_is_on_standard_output() -> None:
    """Without a command the program prints its help, which names every command."""
    assert neglog().out == neglog("--help").out
    for name in COMMANDS:
        assert f"  {name} " in neglog("--help").out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_helps_with_an_example(name: str) -> None:
    """The help of a command ends in lines that can be copied."""
    ran = neglog(name, "--help")
    assert ran.code == 0
    assert f"    neglog {name}" in ran.out.partition("Examples:")[2]


def test_help_of_every_command_is_light() -> None:
    """Help loads none of the libraries that do the work."""
    script = (
        "import sys; from neglog.cli.app import app\n"
        f"for name in {COMMANDS}: app.main([name, '--help'], standalone_mode=False)\n"
        "print('LOADED', *{name.partition('.')[0] for name in sys.modules})"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.rpartition("LOADED")[2].split())
    assert not loaded & {
        "numpy",
        "scipy",
        "sympy",
        "pandas",
        "matplotlib",
        "pyarrow",
        "sklearn",
        "rich",
    }


def test_fit_loads_no_more_than_it_needs(tables: Path) -> None:
    """A fit of a built-in family loads neither SymPy nor scikit-learn nor matplotlib."""
    script = (
        "import sys; from neglog.cli.app import app\n"
        "app.main(['fit', sys.argv[1], 'passed ~ hours'], standalone_mode=False)\n"
        "print('LOADED', *{name.partition('.')[0] for name in sys.modules})"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, str(tables / "passed.csv")],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(run.stdout.rpartition("LOADED")[2].split())
    assert not loaded & {"sympy", "sklearn", "matplotlib", "pandas", "jinja2"}


def test_streams_are_separate(tables: Path) -> None:
    """In a process of its own the data go to standard output and parse, the talk goes to standard error."""
    run = command("fit", tables / "passed.csv", "passed ~ hours", "--json")
    assert run.returncode == 0
    assert json.loads(run.stdout)["family"] == "Bernoulli"
    assert "Bernoulli" in run.stderr
    assert command("fit", tables / "passed.csv", "passed ~ hours", "--json", "--quiet").stderr == ""


def test_no_colour_without_a_terminal(tables: Path) -> None:
    """Nothing that is written to a file or a pipe holds an escape sequence."""
    env = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    for args in (["fit", "nope.csv", "y ~ x"], ["fit", tables / "passed.csv", "passed ~ hours"]):
        run = command(*args, env=env)
        assert "\x1b" not in run.stdout + run.stderr


def test_no_color_is_obeyed_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR takes the colours away where they would be shown."""
    talk = talk_module.Talk()
    monkeypatch.setattr(talk_module.Talk, "terminal", property(lambda self: True))
    monkeypatch.setenv("NO_COLOR", "1")
    assert not talk.colour
    monkeypatch.delenv("NO_COLOR")
    assert talk.colour


def test_a_phase_that_lasts_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """In a log a phase is named before a second has passed and shows signs of life; a quick one is silent."""
    talk = talk_module.Talk()
    with talk.phase("counting sheep"):
        time.sleep(0.05)
    assert capsys.readouterr().err == ""
    with talk.phase("counting sheep"):
        time.sleep(2.0)
    talk.say("Done.")
    talk.close()
    assert capsys.readouterr().err in (
        "counting sheep ....\nDone.\n",
        "counting sheep ...\nDone.\n",
    )


def test_quiet_says_only_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    """Quiet keeps warnings and errors, and nothing else."""
    talk = talk_module.Talk()
    talk.quiet = True
    talk.say("chatter")
    talk.show("a table")
    talk.warn("mind the gap")
    assert capsys.readouterr().err == "neglog: warning: mind the gap\n"


def test_unexpected_errors_have_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of ours is one paragraph, unless NEGLOG_DEBUG asks for more."""

    def broken(*args: object, **options: object) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr("neglog.families.verbs.derive", broken)
    ran = neglog("derive", "poisson")
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert "RuntimeError: a fault" in ran.err
    monkeypatch.setenv("NEGLOG_DEBUG", "1")
    assert "Traceback" in neglog("derive", "poisson").err


def test_warnings_of_neglog_are_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    """A warning of ours is one sentence on standard error; those of libraries are for developers."""
    import warnings

    from neglog.errors import AccuracyWarning

    def warned(*args: object, **options: object) -> None:
        warnings.warn("digits are lost", AccuracyWarning, stacklevel=1)
        warnings.warn("internal", DeprecationWarning, stacklevel=1)
        raise KeyboardInterrupt

    monkeypatch.setattr("neglog.families.verbs.derive", warned)
    ran = neglog("derive", "poisson")
    assert ran.code == 130
    assert ran.err.splitlines()[0] == "neglog: warning: digits are lost"
    assert "internal" not in ran.err


@posix
def test_interruption(tables: Path, tmp_path: Path) -> None:
    """Ctrl-C ends a fit with 130, one line, and no file."""
    files = [tmp_path / "m.neglog", tmp_path / "m.html"]
    args = [
        "fit",
        tables / "diabetes.csv",
        "progression ~ .",
        "--family",
        "normal",
        "--solver",
        "gradient",
    ]
    args += ["--step", "1e-9", "--max-iter", "100000000", "--save", files[0], "--report", files[1]]
    process = subprocess.Popen(
        [sys.executable, "-m", "neglog", *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    said = ""
    while (
        "fitting" not in said
    ):  # it says within seconds that it is fitting; before, that it starts and reads
        said += process.stderr.read(1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err.endswith("neglog: Interrupted; nothing was half written.\n")
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


@posix
def test_a_closed_pipe_is_no_fault() -> None:
    """A reader that has had enough (`head`) is no reason to complain."""
    process = subprocess.Popen(
        [sys.executable, "-m", "neglog", "example", "digits"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    err = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(timeout=60) == 0
    assert "Traceback" not in err
    assert "Broken" not in err


@posix
def test_a_failed_write_leaves_the_old_file(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a report cannot be finished, the one that was there stays as it was."""
    Path("m.html").write_text("the old one", encoding="utf-8")

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    ran = neglog("fit", "passed.csv", "passed ~ hours", "--report", "m.html")
    assert ran.code == 3
    assert Path("m.html").read_text("utf-8") == "the old one"
    assert [path.name for path in here.iterdir() if path.name.startswith(".")] == []


def test_help_is_quick() -> None:
    """Help takes the time of starting Python and little more (0.2 s on a machine with nothing else to do)."""
    command("--help")
    start = time.perf_counter()
    command("--help")
    ours = time.perf_counter() - start
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import click"], check=True)
    assert ours < 0.2 + 3 * (time.perf_counter() - start)
