"""The register of laws, by name, in the order in which a report shows them."""

from __future__ import annotations

from neglog.testing import loss_laws
from neglog.testing.density_laws import DENSITY_LAWS, copies, text
from neglog.testing.findings import Law
from neglog.testing.fit_laws import FIT_LAWS
from neglog.testing.number_laws import NUMBER_LAWS
from neglog.testing.score_laws import SCORE_LAWS

__all__ = ["FAMILY_LAWS", "LOSS_LAWS"]

FAMILY_LAWS: dict[str, Law] = {
    law.__name__: law for law in (*DENSITY_LAWS, *NUMBER_LAWS, *SCORE_LAWS, *FIT_LAWS)
}

LOSS_LAWS: dict[str, Law] = {
    law.__name__: law for law in (text, copies, *loss_laws.LOSS_LAWS, *NUMBER_LAWS)
}
