"""Verdicts on properties of a loss: ``proved``, ``refuted`` or ``open``, each with a certificate.

`verdict` holds the noun; `pieces` splits a loss at its kinks; `prove` looks for a form of a derivative that shows its
bounds; `refute` for a point where they fail; `judge` puts the questions. `check` stands apart: it verifies a certificate
and imports nothing of neglog, so that nobody has to trust the prover.
"""

from neglog.derivation.verdicts.judge import verdicts
from neglog.derivation.verdicts.verdict import Verdict

__all__ = ["Verdict", "verdicts"]
