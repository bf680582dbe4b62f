"""What went wrong, as an exit code: one table, read from the top."""

from __future__ import annotations

from neglog.errors import (
    DataError,
    FitError,
    ModelFileError,
    NeglogError,
    UsageError,
)

__all__ = ["DATA", "FAILURE", "INTERRUPTED", "NOT_CONVERGED", "OK", "USAGE", "exit_code"]

OK, FAILURE, USAGE, DATA, NOT_CONVERGED, INTERRUPTED = 0, 1, 2, 3, 4, 130

# The first class that an error belongs to decides, so a class stands before its bases.
_CODES: dict[type[BaseException], int] = {
    UsageError: USAGE,  # with DensityError and FormulaError
    DataError: DATA,  # with SupportError, MissingValuesError and CollinearError
    ModelFileError: DATA,
    FitError: NOT_CONVERGED,  # with ConvergenceError and SeparationError
    NeglogError: FAILURE,  # DerivationError, and what is yet to come
    KeyboardInterrupt: INTERRUPTED,
}


def exit_code(error: BaseException) -> int:
    """Return the exit code for an error; 1 for one that is not ours."""
    for kind, code in _CODES.items():
        if isinstance(error, kind):
            return code
    return FAILURE
