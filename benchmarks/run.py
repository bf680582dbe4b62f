"""Run every benchmark and write ``RESULTS.md``."""

from __future__ import annotations

import datetime
from pathlib import Path

import fits
import kernels
import kinked
import start_up
from measure import machine


def main() -> None:
    """One table a script."""
    tables = [script.main().markdown() for script in (start_up, kernels, fits, kinked)]
    head = (
        "# Results\n\n"
        f"Measured on {datetime.date.today().isoformat()} on {machine()} How: see README.md beside this file. "
        "The machine is shared: look at ratios, not at single times.\n"
    )
    path = Path(__file__).parent / "RESULTS.md"
    path.write_text("\n".join([head, *tables]), encoding="utf-8")
    print(f"written to {path.name}")


if __name__ == "__main__":
    main()
