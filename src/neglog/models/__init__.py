"""From a formula and a table to a fitted model.

- `fitting`: the verb ``fit``, for tables and formulas; `training`: the same from matrices, which the estimators share;
- `targets`: how labels become numbers and numbers labels; `priors`: a distribution as a penalty; `scores`: the score
  model that family, design and prior ask for; `start`: where a solver begins;
- `model`: the noun, with ``summary``, ``predict``, ``save``; `summary`: its page of text; `storage`: its file.
"""

from neglog.models.fitting import fit
from neglog.models.model import Model
from neglog.models.storage import load

__all__ = ["Model", "fit", "load"]
