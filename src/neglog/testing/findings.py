"""What the laws found: a `Report` of one `Finding` a law."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from neglog.errors import LawError, NeglogError
from neglog.testing.subject import Subject

__all__ = ["Broken", "DoesNotApply", "Finding", "Law", "Report", "run"]

Verdict = Literal["holds", "fails", "does not apply"]


class Broken(Exception):  # noqa: N818  # not an error of the program: what a law found
    """A law does not hold; the message says where, what was found and what was expected."""


class DoesNotApply(Exception):  # noqa: N818  # as Broken
    """A law says nothing about this subject; the message says why."""


Law = Callable[[Subject], str | None]
"""Takes a subject; returns what it measured in a few words, or raises `Broken` or `DoesNotApply`."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one law found.

    Attributes
    ----------
    law : str
        The law in one sentence.
    verdict : {"holds", "fails", "does not apply"}
        What became of it.
    detail : str
        What was measured; where it fails; why it does not apply.
    """

    law: str
    verdict: Verdict
    detail: str = ""

    def __str__(self) -> str:
        mark = {"holds": "ok  ", "fails": "FAIL", "does not apply": "-   "}[self.verdict]
        detail = textwrap.fill(self.detail, 96, initial_indent="     ", subsequent_indent="     ")
        return f"{mark} {self.law}" + (f"\n{detail}" if self.detail else "")


@dataclass(frozen=True)
class Report:
    """Every law with what it found; ``print(report)`` shows it.

    Attributes
    ----------
    subject : str
        Name of the family or loss.
    findings : tuple of Finding
        One a law, in order.
    """

    subject: str
    findings: tuple[Finding, ...]

    @property
    def failures(self) -> tuple[Finding, ...]:
        """The findings of laws that do not hold."""
        return tuple(finding for finding in self.findings if finding.verdict == "fails")

    @property
    def passed(self) -> bool:
        """Whether no law fails."""
        return not self.failures

    def __str__(self) -> str:
        held = sum(finding.verdict == "holds" for finding in self.findings)
        title = f"{self.subject}: {held} laws hold, {len(self.failures)} fail"
        return "\n".join([title, *map(str, self.findings)])


def run(subject: Subject, laws: Mapping[str, Law], on_fail: str) -> Report:
    """Run laws over a subject.

    Parameters
    ----------
    subject : Subject
        The family or loss.
    laws : mapping of str to callable
        The laws by name.
    on_fail : {"raise", "report"}
        Whether a law that fails is an error.

    Returns
    -------
    Report
        One finding a law.

    Raises
    ------
    LawError
        If a law fails and `on_fail` is ``"raise"``; the message is the report.
    """
    report = Report(subject.name, tuple(_finding(subject, law) for law in laws.values()))
    if on_fail == "raise" and not report.passed:
        shown = "\n".join(map(str, report.failures))
        raise LawError(f"{subject.name} breaks {len(report.failures)} law(s):\n{shown}")
    return report


def _finding(subject: Subject, law: Law) -> Finding:
    sentence = (law.__doc__ or law.__name__).strip().partition("\n")[0]
    try:
        return Finding(sentence, "holds", law(subject) or "")
    except DoesNotApply as reason:
        return Finding(sentence, "does not apply", str(reason))
    except Broken as failure:
        return Finding(sentence, "fails", str(failure))
    except NeglogError as error:
        return Finding(sentence, "fails", f"{type(error).__name__}: {error}")
    except Exception as error:  # noqa: BLE001  # whatever a law runs into is what it found
        return Finding(sentence, "fails", f"it stops with {type(error).__name__}: {error}")
