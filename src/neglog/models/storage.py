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
from pathlib import Path
from typing import Any

import numpy as np

import neglog._folders as folders
from neglog.data import DesignSpec
from neglog.errors import DataError, ModelFileError, UsageError
from neglog.families.family import Family
from neglog.families.register import FAMILIES
from neglog.inference import CoefficientTable, Covariance, Criteria
from neglog.models.model import Model
from neglog.models.targets import TargetCoding
from neglog.solvers import Record
from neglog.symbolic.density import Density

__all__ = ["FORMAT", "load", "save"]

FORMAT = 1
_LARGEST = 512 * 2**20


def save(model: Model, path: str | os.PathLike[str]) -> None:
    """Write a model whole or not at all.

    Raises
    ------
    ModelFileError
        If the file cannot be written; what stood there before is untouched.
    """
    target = Path(path)
    meta = {
        "format": FORMAT,
        "formula": model.formula,
        "family": model.family.density.to_json(),
        "design": model.design.to_json(),
        "coding": model.coding.to_json(),
        "names": list(model.names),
        "criteria": {
            "loglik": model.criteria.loglik,
            "n_parameters": model.criteria.n_parameters,
            "nobs": model.criteria.nobs,
        },
        "status": model.status,
        "message": model.message,
        "prior": model.prior,
        "free_classes": model.free_classes,
        "source": model.source,
        "notes": list(model.notes),
        "solver": model.solver,
        "rows": list(model.rows),
        "trace": [[r.iteration, r.objective, r.mean_objective, r.gradient_norm, r.step] for r in model.trace],
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
            f"The model could not be written to {target} ({error.strerror or error}). Nothing was changed there; choose "
            "another place."
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
        If the file is missing, damaged, no model, or written by a newer version. Nothing in it is ever executed.
    """
    file = Path(path)
    try:
        if file.stat().st_size > _LARGEST:
            raise ModelFileError(f"{file} is larger than any model neglog writes; it is not read.")
        with zipfile.ZipFile(file) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _LARGEST:
                raise ModelFileError(f"{file} unpacks to more than any model neglog writes; it is not read.")
            meta = json.loads(archive.read("model.json"))
            arrays = {
                name[:-4]: np.load(io.BytesIO(archive.read(name)), allow_pickle=False)
                for name in archive.namelist()
                if name.endswith(".npy")
            }
    except FileNotFoundError:
        raise ModelFileError(f"There is no model file {file}. Save one with model.save(path), or neglog fit --save.") from None
    except IsADirectoryError:
        raise ModelFileError(f"{file} is a folder, not a model file.") from None
    except OSError as error:
        raise ModelFileError(f"The model file {file} cannot be read ({error.strerror or error}).") from None
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError, NotImplementedError, zipfile.LargeZipFile):
        raise _damaged(file) from None
    except Exception as error:  # noqa: BLE001  # zlib raises an error of its own on damaged data
        raise _damaged(file) from error
    if not isinstance(meta, dict) or not isinstance(meta.get("format"), int):
        raise _damaged(file)
    if meta["format"] > FORMAT:
        raise ModelFileError(
            f"{file} was written by a newer neglog (format {meta['format']}; this version reads up to {FORMAT}). Upgrade with "
            "pip install --upgrade neglog."
        )
    try:
        return _model(meta, arrays)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, AssertionError, DataError, UsageError) as error:
        raise _damaged(file, f" ({error})") from None


def _damaged(file: Path, why: str = "") -> ModelFileError:
    return ModelFileError(f"{file} is damaged or is not a neglog model{why}. Fit and save it again.")


def _model(meta: Mapping[str, Any], arrays: Mapping[str, Any]) -> Model:
    density = Density.from_json(meta["family"])
    known = FAMILIES.get(density.name)
    same = known is not None and known.density.text == density.text
    family = Family.from_density(density, known.law if same and known is not None else None)
    if same and known is not None and known.density == density:
        family = known
    names = tuple(str(name) for name in meta["names"])
    estimates, errors = arrays["estimates"], arrays["standard_errors"]
    design = DesignSpec.from_json(meta["design"])
    coding = TargetCoding.from_json(meta["coding"])
    if estimates.shape != (len(names),) or errors.shape != (len(names),) or not np.isfinite(estimates).all():
        raise ValueError("the coefficients do not match their names")
    covariance = None
    if "covariance" in arrays:
        matrix = arrays["covariance"]
        if matrix.shape != (len(names), len(names)):
            raise ValueError("the covariance does not match the coefficients")
        covariance = Covariance(matrix, names)
    criteria = meta["criteria"]
    return Model(
        family=family,
        formula=str(meta["formula"]),
        design=design,
        coding=coding,
        table=CoefficientTable(names, estimates, errors),
        covariance=covariance,
        criteria=Criteria(float(criteria["loglik"]), int(criteria["n_parameters"]), float(criteria["nobs"])),
        status=str(meta["status"]),
        message=str(meta["message"]),
        prior=str(meta["prior"]),
        free_classes=bool(meta["free_classes"]),
        source=str(meta["source"]),
        notes=tuple(str(note) for note in meta["notes"]),
        trace=tuple(Record(int(r[0]), float(r[1]), float(r[2]), float(r[3]), float(r[4])) for r in meta["trace"]),
        solver=str(meta["solver"]),
        rows=(int(meta["rows"][0]), int(meta["rows"][1])),
    )
