"""Whole processes: how long until a user sees something."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import Table, medians

COMMAND = [sys.executable, "-m", "neglog"]


def _run(*command: str, cache: str) -> None:
    subprocess.run(
        command, check=True, capture_output=True, env={**os.environ, "NEGLOG_CACHE_DIR": cache}
    )


def main() -> Table:
    """Time imports and the command line on 300 rows."""
    table = Table("Start-up: whole processes, Python itself included")
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "rows.csv"
        _run(*COMMAND, "example", "breast_cancer", "-o", str(data), cache=folder)
        lines = data.read_text(encoding="utf-8").splitlines()[:301]
        data.write_text("\n".join(lines) + "\n", encoding="utf-8")
        fit = [*COMMAND, "fit", str(data), "diagnosis ~ mean_radius + mean_texture"]
        for work, command, limit in (
            ("python -c pass", [sys.executable, "-c", "pass"], "Python alone"),
            ("import neglog", [sys.executable, "-c", "import neglog"], "50 ms more"),
            ("neglog --help", [*COMMAND, "--help"], "0.2 s"),
            ("neglog fit, 300 rows, warm", fit, "2.5 s"),
        ):
            table.single(work, medians(lambda c=command: _run(*c, cache=folder))[0], limit)
        report = [*fit, "--report", str(Path(folder) / "report.html")]
        table.single(
            "the same with the HTML report", medians(lambda: _run(*report, cache=folder))[0], "-"
        )

        def cold() -> None:
            with tempfile.TemporaryDirectory() as empty:
                _run(*fit, cache=empty)

        table.single("neglog fit, 300 rows, empty cache", medians(cold)[0], "6 s")
    return table


if __name__ == "__main__":
    print(main().markdown())
