"""Timing two sides in turn, and the table they make."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

RUNS = 5


@dataclass
class Table:
    """One table of results: rows of work, peer, both medians, and their ratio."""

    title: str
    note: str = ""
    rows: list[tuple[str, str, float, float, str]] = field(default_factory=list)

    def race(
        self,
        work: str,
        peer: str,
        ours: Callable[[], object],
        theirs: Callable[[], object],
        *,
        agreement: str,
        runs: int = RUNS,
    ) -> None:
        """Time both sides in turn and add a row; `agreement` says how far apart their results were."""
        a, b = medians(ours, theirs, runs=runs)
        self.rows.append((work, peer, a, b, agreement))
        print(
            f"{work}: {a:.4g} s against {peer} {b:.4g} s, ratio {b / a:.2f} ({agreement})",
            flush=True,
        )

    def single(self, work: str, seconds: float, limit: str) -> None:
        """Add a row without a peer."""
        self.rows.append((work, limit, seconds, float("nan"), ""))
        print(f"{work}: {seconds:.3g} s ({limit})", flush=True)

    def markdown(self) -> str:
        """Return the table as Markdown."""
        lines = [f"## {self.title}", ""]
        if self.note:
            lines += [self.note, ""]
        if all(b != b for *_, b, _ in self.rows):
            lines += ["| work | target | median |", "|---|---|---|"]
            lines += [f"| {work} | {limit} | {_seconds(a)} |" for work, limit, a, _, _ in self.rows]
        else:
            lines += [
                "| work | peer | neglog | peer's time | ratio | agreement |",
                "|---|---|---|---|---|---|",
            ]
            lines += [
                f"| {work} | {peer} | {_seconds(a)} | {_seconds(b)} | {b / a:.2f} | {agreement} |"
                for work, peer, a, b, agreement in self.rows
            ]
        return "\n".join(lines) + "\n"


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 1 else f"{1000 * value:.1f} ms"


def medians(*sides: Callable[[], object], runs: int = RUNS) -> list[float]:
    """Return the median time of each side; they take turns, after one warm-up each."""
    for side in sides:
        side()
    times: list[list[float]] = [[] for _ in sides]
    for _ in range(runs):
        for taken, side in zip(times, sides, strict=True):
            start = time.perf_counter()
            side()
            taken.append(time.perf_counter() - start)
    return [statistics.median(taken) for taken in times]


def machine() -> str:
    """Say what was measured on."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text().splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        model = names[0] if names else model
    packages = ("numpy", "scipy", "numba", "scikit-learn", "statsmodels")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    cores = len(os.sched_getaffinity(0))
    return f"{model}, {cores} cores, {platform.system()}, Python {platform.python_version()}; {versions}."
