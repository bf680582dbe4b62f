"""Solve for the expected information of the register's families anew and write the file that ships.

``python tools/ship_information.py [NAME ...]`` renews the families that are named, or all.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import neglog.derivation
from neglog.derivation.information import expected_information
from neglog.derivation.known_information import known_as, to_json
from neglog.families.register import FAMILIES

PATH = Path(neglog.derivation.__file__).parent / "information.json"


def main(names: list[str]) -> None:
    """Write one entry a family and choice of modelled parameters: the first one, and all."""
    found = json.loads(PATH.read_text(encoding="utf-8")) if PATH.is_file() else {}
    for name, family in FAMILIES.items():
        density = family.density
        for modelled in dict.fromkeys((density.free[:1], density.free)):
            if not names or name in names:
                entry = to_json(density, expected_information(density, modelled))
                found[known_as(density, modelled)] = entry
                print(
                    f"{name} in {', '.join(modelled)}: {entry['information'] or 'none'}", flush=True
                )
    PATH.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
