"""`Verdict`: what is known of one property of a loss, and the certificate that says why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from neglog.errors import UsageError

__all__ = ["Verdict"]


@dataclass(frozen=True)
class Verdict:
    """Whether a loss has a property.

    Attributes
    ----------
    property : str
        ``"convex in eta"``, ``"Lipschitz in eta"``, ``"smooth in eta"``, ``"bounded influence"``.
    verdict : str
        ``"proved"``, ``"refuted"`` or ``"open"``.
    statement : str
        What exactly was decided, or where an open question was tested.
    certificates : tuple of mapping
        Plain data for `neglog.derivation.verdicts.check`: one certificate a case of the target; none where the verdict
        is open.
    """

    property: str
    verdict: str
    statement: str
    certificates: tuple[Mapping[str, Any], ...] = ()

    def __str__(self) -> str:
        return f"{self.property}: {self.verdict} ({self.statement})"

    def check(self) -> bool:
        """Return whether the independent checker accepts every certificate; an open verdict claims nothing.

        Raises
        ------
        UsageError
            If a verdict other than open has no certificate.
        """
        from neglog.derivation.verdicts.check import check

        if self.verdict != "open" and not self.certificates:
            raise UsageError(f"The verdict '{self}' has no certificate.")
        return all(check(certificate) for certificate in self.certificates)

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as plain data."""
        return {
            "property": self.property,
            "verdict": self.verdict,
            "statement": self.statement,
            "certificates": [dict(certificate) for certificate in self.certificates],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Verdict:
        """Read what `to_json` wrote."""
        return cls(
            data["property"], data["verdict"], data["statement"], tuple(data["certificates"])
        )
