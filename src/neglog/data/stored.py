"""A `DesignSpec` as JSON data and back; what comes back is checked, for a file can be edited."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from neglog.data.categories import CategoryEncoder
from neglog.data.encoders import Encoder, NumberEncoder, Shift
from neglog.data.factors import ELEMENTWISE, FUNCTIONS, Call, Factor
from neglog.data.polynomial import Polynomial
from neglog.data.sides import Side
from neglog.errors import ModelFileError

if TYPE_CHECKING:
    from neglog.data.design import DesignSpec

__all__ = ["from_json", "to_json"]

_VERSION = 1


def to_json(spec: DesignSpec) -> dict[str, Any]:
    """Return a design as JSON data."""
    return {
        "version": _VERSION,
        "formula": spec.formula,
        "target": spec.target_name,
        **(
            {"side": {"kind": spec.side.kind, "columns": list(spec.side.columns)}}
            if spec.side.fields
            else {}
        ),
        "factors": [
            {
                "column": encoder.factor.column,
                "calls": [[call.function, call.option] for call in encoder.factor.calls],
                **encoder.to_json(),
            }
            for encoder in spec.encoders
        ],
        "groups": [{"factors": list(g.factors), "full": list(g.full)} for g in spec.groups],
    }


def from_json(data: Any) -> DesignSpec:
    """Return the design that JSON data describe."""
    from neglog.data.design import DesignSpec, Group

    try:
        if data["version"] != _VERSION:
            raise ModelFileError(
                f"The design in this model has version {data['version']!r}, and this neglog reads "
                f"version {_VERSION}. Update neglog, or fit the model again."
            )
        encoders = tuple(_encoder(item) for item in _list(data["factors"]))
        groups = []
        for item in _list(data["groups"]):
            factors = tuple(_whole(index, len(encoders)) for index in _list(item["factors"]))
            full = tuple(_of(bool, value) for value in _list(item["full"]))
            if len(full) != len(factors):
                raise ValueError("a group has flags for other factors than it has")
            groups.append(Group(factors, full))
        return DesignSpec(_of(str, data["formula"]), _side(data), encoders, tuple(groups))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        reason = (
            f"{type(error).__name__}: {error}" if not isinstance(error, ValueError) else str(error)
        )
        raise ModelFileError(
            f"The design in this model cannot be read ({reason}). The file is damaged or was "
            "edited; fit the model again."
        ) from None


def _side(data: Any) -> Side:
    """Return the target; a side of several columns has an entry of its own."""
    target = _of(str, data["target"])
    if "side" not in data:
        return Side("column", (target,))
    columns = tuple(_of(str, name) for name in _list(data["side"]["columns"]))
    side = Side(_of(str, data["side"]["kind"]), columns)
    if not side.fields or len(columns) != len(side.roles) or side.name != target:
        raise ValueError(f"its target {target!r} is none")
    return side


def _encoder(item: Any) -> Encoder:
    calls = []
    for function, option in _list(item["calls"]):
        if function not in FUNCTIONS:
            raise ValueError(f"unknown function {function!r}")
        if not (option is None or isinstance(option, (str, int, float, bool))):
            raise ValueError(f"unknown option of {function}")
        calls.append(Call(function, option))
    factor = Factor(_of(str, item["column"]), tuple(calls))
    if item.get("category"):
        return _category(factor, item)
    states = _list(item["states"])
    if len(states) != len(calls):
        raise ValueError(f"{factor.name} has {len(states)} states for {len(calls)} functions")
    return NumberEncoder(factor, tuple(map(_state, calls, states)))


def _category(factor: Factor, item: Any) -> CategoryEncoder:
    kinds: dict[str, type] = {"text": str, "number": float, "boolean": bool}
    kind = kinds[item["kind"]]
    levels = tuple(
        _finite(level) if kind is float else _of(kind, level) for level in _list(item["levels"])
    )
    if not levels or len(set(levels)) < len(levels):
        raise ValueError(f"{factor.name} has no levels, or the same one twice")
    return CategoryEncoder(factor, item["kind"], levels, _whole(item["base"], len(levels)))


def _state(call: Call, data: Any) -> Shift | Polynomial | None:
    if call.function in ELEMENTWISE:
        return None
    if call.function in ("scale", "center"):
        return Shift(_finite(data["center"]), _positive(data["scale"]))
    if call.function != "poly":
        raise ValueError(f"{call.function} makes no numbers")
    shifts = tuple(map(_finite, _list(data["shifts"])))
    norms = tuple(map(_positive, _list(data["norms"])))
    if len(norms) != len(shifts) + 1 or len(shifts) != call.option:
        raise ValueError("a polynomial has the wrong number of coefficients")
    return Polynomial(_finite(data["center"]), _positive(data["scale"]), shifts, norms)


def _list(value: Any) -> list[Any]:
    return list(_of(list, value))


def _of(kind: type, value: Any) -> Any:
    if not isinstance(value, kind):
        raise ValueError(f"{value!r} where {kind.__name__} is expected")
    return value


def _whole(value: Any, below: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < below:
        raise ValueError(f"{value!r} where a position below {below} is expected")
    return value


def _finite(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"{value!r} where a finite number is expected")
    return float(value)


def _positive(value: Any) -> float:
    number = _finite(value)
    if number <= 0:
        raise ValueError(f"{number!r} where a positive number is expected")
    return number
