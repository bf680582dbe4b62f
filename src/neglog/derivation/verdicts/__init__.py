"""Verdicts on properties of a loss: ``proved``, ``refuted`` or ``open``, each with a certificate.

`verdict` holds the noun; `case` says what a question is about; `pieces` splits a loss at its kinks; `prove` looks for a
form of a derivative that shows its bounds, `refute` for a point where they fail; `judge` puts the questions; `shipped`
reads the answers for built-in families. `check` stands apart: it verifies a certificate and imports nothing of neglog,
so that nobody has to trust the prover.
"""

from neglog.derivation.verdicts.judge import judge, verdicts
from neglog.derivation.verdicts.verdict import Verdict

__all__ = ["Verdict", "judge", "verdicts"]
