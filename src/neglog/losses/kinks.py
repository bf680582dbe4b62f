"""Whether a loss may have a kink in a raw prediction: a look at the density it follows from."""

from __future__ import annotations

from neglog.losses.loss import Loss
from neglog.symbolic.expression import Call, free_symbols, walk

__all__ = ["may_have_kinks"]

_HEADS = ("abs", "maximum", "minimum", "where")


def may_have_kinks(loss: Loss) -> bool:
    """Say whether a loss may have a kink in a raw prediction; `neglog.derivation.kinks` finds out.

    Parameters
    ----------
    loss : Loss
        Any; only those of shape "map" are looked at.

    Returns
    -------
    bool
        False is certain.
    """
    moving = {slot.parameter for slot in loss.slots}

    def doubtful(part: Call) -> bool:
        # A `where` has its seam where its condition changes.
        within = part.args[0] if part.head == "where" else part
        return part.head in _HEADS and bool(moving & free_symbols(within))

    return loss.shape == "map" and any(
        isinstance(part, Call) and doubtful(part) for part in walk(loss.density.expression)
    )
