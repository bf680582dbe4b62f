"""Derive the losses of the built-in families anew and write them where the package ships them.

Run after a change of the derivation: ``python tools/ship_losses.py``. A test fails while the shipped files differ from
what the derivation gives.
"""

from __future__ import annotations

import json
from pathlib import Path

from neglog.derivation.derive import derive
from neglog.derivation.obtain import shipped_name
from neglog.families.register import FAMILIES

FOLDER = Path(__file__).parent.parent / "src" / "neglog" / "losses" / "shipped"
POINTS = 240


def main() -> None:
    """Write one file for each family, with its first parameter modelled and with all of them."""
    FOLDER.mkdir(exist_ok=True)
    for family in FAMILIES.values():
        free = family.density.free
        for modelled in sorted({free[:1], free}):
            loss = derive(family.density, modelled=modelled, points=POINTS).loss
            path = FOLDER / shipped_name(family.density, modelled)
            path.write_text(
                json.dumps(loss.to_json(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
            )
            worst = max(certificate.error / certificate.bound for certificate in loss.certificates)
            print(f"{path.name}: largest error {worst:.2f} of what is allowed")


if __name__ == "__main__":
    main()
