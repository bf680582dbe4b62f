"""Everything neglog raises on purpose, drawn before the code.

::

    NeglogError                      anything below; catch this to catch all of ours
    ├── UsageError                   the call itself is wrong: a name, an argument, an option
    │   ├── DensityError             a density cannot be traced, parsed, or is no density
    │   └── FormulaError             a formula cannot be parsed or asks for what is not allowed
    ├── DataError                    the data do not fit the question: file, column, row, value
    │   ├── SupportError             a target (or a prediction) lies outside its support
    │   ├── MissingValuesError       values are missing and the caller asked to be told
    │   └── CollinearError           the columns do not determine the coefficients
    ├── ModelFileError               a model on disk cannot be read, or not by this version
    ├── DerivationError              a step of a derivation failed its check; it names the step
    ├── LawError                     a declared family or loss breaks a law that all of them keep
    └── FitError                     a fit did not end where it should
        ├── ConvergenceError         the solver stopped before the optimum
        └── SeparationError          the likelihood has no maximum: it grows without end

    FitWarning (UserWarning)         a fit ended otherwise than "converged", or has a constant
                                     that the data do not bound; the model says how
    AccuracyWarning (UserWarning)    a derived form loses many digits where data usually are

Every message is one paragraph: what happened, where (file, column, row), why, and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = [
    "AccuracyWarning",
    "CollinearError",
    "ConvergenceError",
    "DataError",
    "DensityError",
    "DerivationError",
    "FitError",
    "FitWarning",
    "FormulaError",
    "LawError",
    "MissingValuesError",
    "ModelFileError",
    "NeglogError",
    "SeparationError",
    "SupportError",
    "UsageError",
    "nearest",
]


class NeglogError(Exception):
    """Base of every exception neglog raises on purpose."""


class UsageError(NeglogError, ValueError):
    """The call is wrong: an unknown name, an argument of the wrong kind, options that contradict."""


class DensityError(UsageError):
    """A density cannot be traced or parsed, or is not a density (it does not integrate to 1)."""


class FormulaError(UsageError):
    """A formula cannot be parsed, or asks for something outside the allow-list."""


class DataError(NeglogError, ValueError):
    """The data do not fit the question; the message says file, column, row and value."""


class SupportError(DataError):
    """A target or a prediction lies outside the set on which the family is defined."""


class MissingValuesError(DataError):
    """Values are missing and the caller asked for an error rather than for dropped rows."""


class CollinearError(DataError):
    """Columns of the design depend on one another, so their coefficients are not determined."""


class ModelFileError(NeglogError):
    """A model file is damaged, is not a model, or was written by a newer version."""


class DerivationError(NeglogError):
    """A step of a derivation failed its check.

    Parameters
    ----------
    step : str
        Name of the rule that failed.
    message : str
        What was claimed and where it fails.
    """

    def __init__(self, step: str, message: str) -> None:
        super().__init__(f"The step '{step}' of the derivation does not hold: {message}")
        self.step = step


class LawError(NeglogError):
    """A declared family or loss breaks a law; the message lists what fails, and where."""


class FitError(NeglogError):
    """A fit did not end where it should."""


class ConvergenceError(FitError):
    """The solver stopped before the optimum; the message names the remedy."""


class SeparationError(FitError):
    """The likelihood has no maximum: it grows for ever along a direction the message names."""


class FitWarning(UserWarning):
    """A fit ended, but not as ``converged``, or with a constant that the data do not bound.

    ``model.status``, ``model.notes`` and the summary say how.
    """


class AccuracyWarning(UserWarning):
    """The best form found of a derived quantity loses half of its digits where raw predictions and data usually are.

    The message names the outputs. Smaller losses, and corners of the range, stand in the certificates.
    """


def nearest(name: str, candidates: Iterable[str]) -> str:
    """Return the sentence that offers the closest known name, or the list of known names.

    Parameters
    ----------
    name : str
        What the caller wrote.
    candidates : iterable of str
        What would have been understood.

    Returns
    -------
    str
        ``"Did you mean 'x'?"`` or ``"Known: a, b, c."``, ready to end a message.
    """
    import difflib

    known = list(candidates)
    folded = {candidate.casefold(): candidate for candidate in known}
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    if close:
        return f"Did you mean '{folded[close[0]]}'?"
    shown = ", ".join(known[:24]) + (", ..." if len(known) > 24 else "")
    return f"Known: {shown}."
