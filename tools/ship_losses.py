"""Derive the losses of built-in, common transformed and declared laws anew and write them into the package.

Run after a change of the derivation: ``python tools/ship_losses.py``; names after it ship these alone.
A test fails while the shipped files differ from what the derivation gives.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from neglog.derivation.derive import derive
from neglog.derivation.obtain import shipped_name
from neglog.families.register import FAMILIES, ORDERED
from neglog.families.transformers.common import COMMON
from neglog.losses.surrogates.register import SURROGATES
from neglog.symbolic.cutpoints import row_law

FOLDER = Path(__file__).parent.parent / "src" / "neglog" / "losses" / "shipped"
POINTS = 240


def main(names: Sequence[str]) -> None:
    """Write one file for each, with its first parameter modelled and, where there are more, with all of them."""
    FOLDER.mkdir(exist_ok=True)
    every = (*FAMILIES.values(), *ORDERED.values(), *COMMON, *SURROGATES.values())
    if unknown := set(names) - {family.name for family in every}:
        sys.exit(f"Nothing ships under the name {', '.join(sorted(unknown))}.")
    for family in every:
        if names and family.name not in names:
            continue
        density = row_law(family.density)
        free = density.free
        for modelled in sorted({free[:1], free}):
            start = time.perf_counter()
            # Zeros and what is beyond them choose apart, and share the points.
            points = POINTS * (2 if family.name.startswith(("Hurdle", "ZeroInflated")) else 1)
            loss = derive(family.density, modelled=modelled, points=points).loss
            path = FOLDER / shipped_name(density, modelled)
            path.write_text(
                json.dumps(loss.to_json(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
            )
            errors = ", ".join(
                f"{c.error:.2g}{'!' if c.error > c.bound else ''}" for c in loss.certificates
            )
            print(f"{path.name}: errors {errors}; {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
