"""A model on disk: a zip of one versioned JSON and arrays, no pickle.

The family is stored as the text of its density, so a model of a user's own family loads in a process that never saw its
function. No training row is stored.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import neglog._folders as folders
from neglog.data import DesignSpec
from neglog.errors import ModelFileError
from neglog.families.family import Family
from neglog.families.transformers.spelled import built_in
from neglog.inference import CoefficientTable, Covariance, Criteria
from neglog.losses.declared import Declared
from neglog.losses.surrogates.register import SURROGATES
from neglog.losses.surrogates.surrogate import Surrogate
from neglog.models.model import Model
from neglog.models.targets import TargetCoding
from neglog.solvers import STATUSES, Record
from neglog.symbolic.density import Density

__all__ = ["FORMAT", "load", "save"]

FORMAT = 1
_LARGEST = 512 * 2**20
_ARRAYS = ("estimates", "standard_errors", "covariance")
_CRITERIA = ("loglik", "n_parameters", "nobs")


def save(model: Model, path: str | os.PathLike[str]) -> None:
    """Write a model whole or not at all.

    Raises
    ------
    ModelFileError
        If the file cannot be written; what stood there before is untouched.
    """
    target = Path(path)
    criteria = model.criteria
    meta = {
        "format": FORMAT,
        "formula": model.formula,
        "family": model.family.density.to_json(),
        "design": model.design.to_json(),
        "coding": model.coding.to_json(),
        "names": list(model.names),
        "criteria": {name: getattr(criteria, name) for name in _CRITERIA},
        "status": model.status,
        "message": model.message,
        "prior": model.prior,
        "free_classes": model.free_classes,
        "source": model.source,
        "notes": list(model.notes),
        "solver": model.solver,
        "rows": list(model.rows),
        "covariance": None if model.covariance is None else model.covariance.kind,
        "trace": [list(astuple(record)) for record in model.trace],
    }
    arrays = {"estimates": model.table.estimates, "standard_errors": model.table.standard_errors}
    if model.covariance is not None:
        arrays["covariance"] = model.covariance.matrix
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.json", json.dumps(meta, ensure_ascii=False, indent=1))
        for name, array in arrays.items():
            data = io.BytesIO()
            np.save(data, np.asarray(array, dtype=np.float64), allow_pickle=False)
            archive.writestr(f"{name}.npy", data.getvalue())
    try:
        folders.write_atomically(target, buffer.getvalue())
    except OSError as error:
        raise ModelFileError(
            f"The model could not be written to {target} ({error.strerror or error}). Nothing was "
            "changed there; choose another place."
        ) from None


def load(path: str | os.PathLike[str]) -> Model:
    """Read a model that ``model.save`` wrote.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    Model
        As it was saved.

    Raises
    ------
    ModelFileError
        If the file is missing, damaged, no model, or written by a newer version. Nothing in it is
        ever executed.
    """
    file = Path(path)
    meta, arrays = _contents(file)
    if not isinstance(meta, dict) or not isinstance(meta.get("format"), int):
        raise _damaged(file)
    if meta["format"] > FORMAT:
        raise ModelFileError(
            f"{file} was written by a newer neglog (format {meta['format']}; this version reads up "
            f"to {FORMAT}). Upgrade with pip install --upgrade neglog."
        )
    try:
        return _model(meta, arrays)
    except ModelFileError as error:  # of the design, which knows no file
        raise ModelFileError(f"{file} cannot be used. {error}") from None
    except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(file, str(error)) from None


def _contents(file: Path) -> tuple[Any, dict[str, NDArray[Any]]]:
    """Return the JSON and the arrays of a file."""
    try:
        if file.stat().st_size > _LARGEST:
            raise ModelFileError(f"{file} is larger than any model neglog writes; it is not read.")
        with zipfile.ZipFile(file) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _LARGEST:
                raise ModelFileError(
                    f"{file} unpacks to more than any model neglog writes; it is not read."
                )
            present = set(archive.namelist())
            arrays = {
                name: np.load(io.BytesIO(archive.read(f"{name}.npy")), allow_pickle=False)
                for name in _ARRAYS
                if f"{name}.npy" in present
            }
            return json.loads(archive.read("model.json")), arrays
    except ModelFileError:
        raise
    except FileNotFoundError:
        raise ModelFileError(
            f"There is no model file {file}. Save one with model.save(path), or neglog fit --save."
        ) from None
    except IsADirectoryError:
        raise ModelFileError(f"{file} is a folder, not a model file.") from None
    except OSError as error:
        why = error.strerror or error
        raise ModelFileError(f"The model file {file} cannot be read ({why}).") from None
    except Exception:  # noqa: BLE001  # damaged data make zip, zlib, JSON and NumPy raise a dozen kinds
        raise _damaged(file) from None


def _damaged(file: Path, why: str = "") -> ModelFileError:
    told = f" ({' '.join(why.split())})" if why else ""  # on one line, whatever a parser had to say
    return ModelFileError(
        f"{file} is damaged or is not a neglog model{told}. Fit and save it again."
    )


def _model(meta: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Model:
    """Put a model together, checking that its parts belong together."""
    names = tuple(_text(name) for name in meta["names"])
    design, coding = DesignSpec.from_json(meta["design"]), TargetCoding.from_json(meta["coding"])
    covariance = None
    if meta["covariance"] is not None:
        matrix = _numbers(arrays, "covariance", (len(names), len(names)), finite=False)
        # A constant that the data do not bound has no standard error, and no covariance with the others.
        known = ~np.isnan(_numbers(arrays, "standard_errors", (len(names),), finite=False))
        if not bool((np.isfinite(matrix) == np.outer(known, known)).all()):
            raise ValueError("covariance holds something that is no finite number")
        covariance = Covariance(matrix, names, _text(meta["covariance"]))
    criteria, rows = meta["criteria"], meta["rows"]
    family = _family(Density.from_json(meta["family"]))
    if meta["status"] not in STATUSES:
        raise ValueError(f"there is no status {meta['status']!r}")
    model = Model(
        family=family,
        formula=_text(meta["formula"]),
        design=design,
        coding=coding,
        table=CoefficientTable(
            names,
            _numbers(arrays, "estimates", (len(names),)),
            _numbers(arrays, "standard_errors", (len(names),), finite=False),
        ),
        covariance=covariance,
        criteria=Criteria(
            float(criteria["loglik"]),
            int(criteria["n_parameters"]),
            float(criteria["nobs"]),
            family.density.likelihood,
        ),
        status=meta["status"],
        message=_text(meta["message"]),
        prior=_text(meta["prior"]),
        free_classes=bool(meta["free_classes"]),
        source=_text(meta["source"]),
        notes=tuple(_text(note) for note in meta["notes"]),
        trace=tuple(Record(int(record[0]), *map(_maybe, record[1:])) for record in meta["trace"]),
        solver=_text(meta["solver"]),
        rows=(int(rows[0]), int(rows[1])),
    )
    if len(names) != model.n_coefficients:
        raise ValueError(
            f"its formula and family need {model.n_coefficients} coefficients; it holds {len(names)}"
        )
    return model


def _family(density: Density) -> Declared[...]:
    """Return the built-in family or loss of a density where there is one, else one of the text."""
    if not density.likelihood:
        declared = SURROGATES.get(density.name)
        if declared is None or declared.density.text != density.text:
            return Surrogate.from_density(density)
        return declared if declared.density == density else declared.with_density(density)
    known = built_in(density.name)
    if known is None or known.density.text != density.text:
        return Family.from_density(density)
    return known if known.density == density else Family.from_density(density, known.law)


def _numbers(
    arrays: Mapping[str, NDArray[Any]], name: str, shape: tuple[int, ...], *, finite: bool = True
) -> NDArray[np.float64]:
    array = arrays[name]
    if array.dtype != np.float64 or array.shape != shape:
        raise ValueError(
            f"{name} has shape {array.shape} and type {array.dtype}, not {shape} float64"
        )
    if finite and not bool(np.isfinite(array).all()):
        raise ValueError(f"{name} holds something that is no finite number")
    return array


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} stands where there should be text")
    return value


def _maybe(value: Any) -> Any:
    return None if value is None else float(value)
