"""The loss of a density without deriving it again: shipped with the package, or cached, or derived now.

A loss is found by the hash of its density, so a user's own family that happens to be called Normal is not mistaken for
ours. Only a density never seen before loads SymPy.
"""

from __future__ import annotations

import contextlib
import json
import re
import warnings
from collections.abc import Sequence
from dataclasses import replace
from importlib import resources

from neglog._folders import cache_folder, write_atomically
from neglog.errors import AccuracyWarning
from neglog.losses import Certificate, Loss
from neglog.symbolic.cutpoints import row_law
from neglog.symbolic.density import Density

__all__ = ["obtain", "shipped_name"]

# Raised when rules or choice change what they give: older cached losses are then derived anew.
_EDITION = 19
_HALF = 1e8  # roundings; what loses fewer digits is in the certificate and stops no fit


def shipped_name(density: Density, modelled: Sequence[str]) -> str:
    """Return the name of the file a loss ships in."""
    law = re.sub(r"[^a-z0-9]+", "-", density.name.lower()).strip("-")
    # A censored law is called the same whether it knows rows between two ends or not.
    kind = "-event" if density.support.kind == "Event" else ""
    return f"{law}{kind}-{'-'.join(modelled)}.json"


def obtain(density: Density, modelled: Sequence[str] | None = None) -> Loss:
    """Return the loss of `density`.

    Parameters
    ----------
    density : Density
        The law assumed of the target; of an ordinal one the loss is that of its row law.
    modelled : sequence of str, optional
        The parameters that receive a raw prediction; the first free one by default.

    Returns
    -------
    Loss
        From the package, from the cache, or newly derived (and then cached).

    Warns
    -----
    AccuracyWarning
        If the best form of an output loses half of its digits at raw predictions and data as they usually are; smaller
        losses, and corners of the range, are left to the certificates.
    """
    assumed, density = density, row_law(density)
    names = tuple(modelled) if modelled is not None else density.free[:1]
    ours = resources.files("neglog.losses") / "shipped" / shipped_name(density, names)
    loss = (
        _read(ours.read_text(encoding="utf-8"), _unfixed(density), names)
        if ours.is_file()
        else None
    )
    if loss is not None:
        loss = replace(loss, density=density)
        _warn(loss)
        return loss
    folder = cache_folder("losses")
    path = (
        folder / f"{_EDITION}-{density.key}-{'-'.join(names)}.json" if folder is not None else None
    )
    if path is not None and path.is_file():
        with contextlib.suppress(
            OSError, UnicodeDecodeError
        ):  # damaged: derived anew and written over
            loss = _read(path.read_text(encoding="utf-8"), density, names)
        if loss is not None:
            _warn(loss)
            return loss
    from neglog.derivation.derive import derive

    loss = derive(assumed, modelled=names).loss
    _warn(loss)
    if path is not None:
        write_atomically(path, json.dumps(loss.to_json(), indent=1).encode())
    return loss


def _unfixed(density: Density) -> Density:
    """Return the density with no parameter fixed: the loss is the same, the value a number at run time."""
    parameters = (p if p.hyper else replace(p, value=None) for p in density.parameters)
    return replace(density, parameters=tuple(parameters))


def _read(text: str, density: Density, names: Sequence[str]) -> Loss | None:
    """Read a stored loss; None where it is damaged or belongs to another density."""
    try:
        loss = Loss.from_json(json.loads(text))
    except (
        ValueError,
        RecursionError,
    ):  # DensityError is a ValueError; a damaged file may nest without end
        return None
    if loss.density.key != density.key or tuple(slot.parameter for slot in loss.slots) != tuple(
        names
    ):
        return None
    return replace(loss, density=density)


def _warn(loss: Loss) -> None:
    """Say once, in one paragraph, which outputs lose most of their digits where data and models usually are."""
    missed = {c.output: (usual, c) for c in loss.certificates if (usual := _usual(c)) > _HALF}
    if not missed:
        return
    error, worst = max(missed.values(), key=lambda pair: pair[0])
    region = max(worst.regions, key=lambda r: r.usual or 0.0).condition if worst.regions else ""
    where = f" where {region}" if region not in ("", "everywhere") else ""
    digits = "all" if error > 1e15 else str(len(str(int(error))))
    warnings.warn(
        f"{loss.name}: no form was found that keeps half of its digits at all usual raw predictions (up to 30 in size) "
        f"and data, for {', '.join(missed)}; at worst {digits} digits are lost (the {worst.output}{where}, error "
        f"{error:.1e} roundings, {worst.bound:g} wanted). Writing the density with log1p, softplus or logarithms in "
        "place of powers may help.",
        AccuracyWarning,
        stacklevel=4,
    )


def _usual(certificate: Certificate) -> float:
    """Return the error at usual points, and where none was met the largest of all."""
    usual = certificate.usual
    return certificate.error if usual is None else usual
