"""Laws at the ends of others: what a family becomes as one of its parameters goes to the end of its range."""

from __future__ import annotations

__all__ = ["LIMITS", "limit_law"]

LIMITS: dict[tuple[str, str, str], str] = {
    ("NegativeBinomial", "alpha", "0"): "Poisson",
    ("StudentT", "nu", "infinity"): "Normal",
}
"""Family, parameter and end to the family that it becomes, whose parameters have the same names."""


def limit_law(family: str, parameter: str, end: str) -> str | None:
    """Return the name of the law at the end of a parameter's range.

    Parameters
    ----------
    family, parameter : str
        The names, such as ``"NegativeBinomial"`` and ``"alpha"``.
    end : str
        Where the parameter goes: ``"0"`` or ``"infinity"``.

    Returns
    -------
    str or None
        None where there is no such law, or it has no name here.

    Examples
    --------
    >>> limit_law("ZeroInflated(Poisson)", "excess", "0")
    'Poisson'
    """
    wrapper, _, inner = family.partition("(")
    if wrapper == "ZeroInflated" and inner.endswith(")"):
        if (parameter, end) == ("excess", "0"):
            return inner[:-1]
        law = limit_law(inner[:-1], parameter, end)
        return None if law is None else f"ZeroInflated({law})"
    return LIMITS.get((family, parameter, end))
