"""Judge the losses of both registers, of families and of declared losses, anew and write the certificates that ship.

``python tools/ship_verdicts.py [NAME ...]`` prints one line a verdict and, at the end, how many questions are open.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import neglog.derivation.verdicts
from neglog.derivation.verdicts import judge
from neglog.derivation.verdicts.shipped import shipped_name
from neglog.families.register import FAMILIES, ORDERED
from neglog.losses.surrogates.register import SURROGATES
from neglog.symbolic.cutpoints import row_law

FOLDER = Path(neglog.derivation.verdicts.__file__).parent / "certificates"


def main(names: list[str]) -> None:
    """Write one file each, first parameter modelled."""
    FOLDER.mkdir(exist_ok=True)
    opened = 0
    for name, family in (FAMILIES | ORDERED | SURROGATES).items():
        if names and name not in names:
            continue
        density = row_law(family.density)
        modelled = density.free[:1]
        found = judge(density, modelled)
        opened += sum(verdict.verdict == "open" for verdict in found)
        for verdict in found:
            print(f"{name}: {verdict}", flush=True)
        data = {
            "density": density.key,
            "verdicts": [verdict.to_json() for verdict in found],
        }
        path = FOLDER / shipped_name(density, modelled)
        path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    print(f"open: {opened}")


if __name__ == "__main__":
    main(sys.argv[1:])
