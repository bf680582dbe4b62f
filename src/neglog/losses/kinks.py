"""Whether a loss may have a kink in a raw prediction: a look at its expression."""

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
    raws = {slot.raw for slot in loss.slots}
    return loss.shape == "map" and any(
        isinstance(part, Call) and part.head in _HEADS and bool(raws & free_symbols(part))
        for part in walk(loss.complete.value)
    )
