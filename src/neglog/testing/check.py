"""`check_family` and `check_loss`: every law, and what fails where."""

from __future__ import annotations

from typing import Any

from neglog.errors import UsageError
from neglog.families.family import Family
from neglog.families.named_losses import loss_named
from neglog.families.register import resolve
from neglog.losses.surrogates.surrogate import Surrogate
from neglog.testing.findings import Report, run
from neglog.testing.laws import FAMILY_LAWS, LOSS_LAWS
from neglog.testing.subject import Subject

__all__ = ["check_family", "check_loss"]


def check_family(
    family: Family[...] | str, *, points: int = 60, seed: int = 0, on_fail: str = "raise"
) -> Report:
    """Run every law that a family has to keep.

    The density must be one (integrate or sum to 1) and agree with its declared tails and with SciPy where it names
    SciPy's law; value, gradient and Hessian must keep their digits against mpmath over the whole range; the score must
    have mean 0 and the expected information be the mean of its square; a fit of data drawn from it must find the
    parameters again; and so on. The built-in families pass the same laws.

    Parameters
    ----------
    family : Family or str
        Yours, or a built-in one by name.
    points : int
        At how many points numbers are compared; more find more and take longer.
    seed : int
        Which points.
    on_fail : {"raise", "report"}
        Whether a law that fails is an error, or only stands in the report.

    Returns
    -------
    Report
        One finding a law: it holds, fails (and where), or does not apply (and why).

    Raises
    ------
    LawError
        If a law fails and `on_fail` is ``"raise"``.
    UsageError
        If `family` is no family.

    Examples
    --------
    >>> import neglog as nl
    >>> from neglog.testing import check_family
    >>> check_family(nl.Poisson).passed
    True
    """
    return run(Subject(resolve(family), points, seed), FAMILY_LAWS, _checked(on_fail))


def check_loss(
    loss: Surrogate[...] | str, *, points: int = 60, seed: int = 0, on_fail: str = "raise"
) -> Report:
    """Run every law that a loss without a density has to keep.

    Parameters
    ----------
    loss : declared loss or str
        Yours, declared with ``@nl.loss(...)``, or a built-in one by name.
    points : int
        At how many points numbers are compared.
    seed : int
        Which points.
    on_fail : {"raise", "report"}
        Whether a law that fails is an error, or only stands in the report.

    Returns
    -------
    Report
        One finding a law.

    Raises
    ------
    LawError
        If a law fails and `on_fail` is ``"raise"``.
    UsageError
        If `loss` is no declared loss.

    Examples
    --------
    >>> from neglog.testing import check_loss
    >>> check_loss("hinge").passed
    True
    """
    declared = loss_named(loss, "check_family('{name}')") if isinstance(loss, str) else loss
    if not isinstance(declared, Surrogate):
        raise UsageError(
            f"check_loss takes a loss declared with @nl.loss(...), not {type(loss).__name__}; a family is for "
            "check_family."
        )
    return run(Subject(declared, points, seed), LOSS_LAWS, _checked(on_fail))


def _checked(on_fail: Any) -> str:
    if on_fail not in ("raise", "report"):
        raise UsageError(f"on_fail is {on_fail!r}; it is 'raise' or 'report'.")
    return str(on_fail)
