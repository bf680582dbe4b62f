"""For authors: whether what they declared keeps every law.

- `check_family` and `check_loss` run the laws and say what fails, and where;
- `laws` is the register of them; `density_laws`, `number_laws`, `score_laws`, `loss_laws`, `fit_laws` hold them;
- `subject` is what a law looks at, `findings` what it leaves.

The tests of neglog run the same laws over its own families and losses.
"""

from neglog.testing.check import check_family, check_loss
from neglog.testing.findings import Finding, Report

__all__ = ["Finding", "Report", "check_family", "check_loss"]
