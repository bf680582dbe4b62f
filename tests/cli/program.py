"""How the tests run the program: in this process, or in one of its own as a user does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from click.testing import CliRunner

from neglog.cli.app import app

__all__ = ["Ran", "command", "neglog"]


class Ran(NamedTuple):
    """What a run left."""

    code: int
    out: str
    err: str


def neglog(*args: object) -> Ran:
    """Run the program in this process."""
    result = CliRunner().invoke(app, [str(arg) for arg in args])
    return Ran(result.exit_code, result.stdout, result.stderr)


def command(
    *args: object, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the program in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "neglog", *map(str, args)],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )
