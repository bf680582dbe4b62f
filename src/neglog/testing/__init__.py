"""For authors: whether what they declared keeps every law.

- `check_family` runs the laws and says what fails, and where;
- `laws` is the register of them; `density_laws`, `number_laws`, `score_laws`, `fit_laws` hold them, a function a law;
- `subject` is what a law looks at, `findings` what it leaves.

The tests of neglog run the same laws over its own families and losses.
"""

from neglog.testing.check import check_family
from neglog.testing.findings import Finding, Report

__all__ = ["Finding", "Report", "check_family"]
