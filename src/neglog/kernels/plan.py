"""`Plan`: a loss as straight-line operations, plain data that any backend can print.

The Bernoulli loss, complete form:

    once   t0 = sub(1, y)
    row    r0 = softplus(x0)
           r1 = mul(t0, r0)
           r2 = neg(x0)
           r3 = softplus(r2)
           r4 = mul(y, r3)
           r5 = add(r1, r4)          value = r5

Names are our own (``y`` the target, ``x0 x1 ...`` the raw predictions, ``p0 p1 ...`` the
hyperparameters): the names that a user chose stand only in comments, so no text of theirs is ever
compiled. Operations are sorted by how often they run: ``call`` (hyperparameters only), ``once``
(the target, a data set at a time), ``row`` (raw predictions).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from neglog.errors import UsageError
from neglog.kernels.loops import Loop

__all__ = ["SCHEMA", "Domain", "Field", "Op", "Operand", "Plan"]

SCHEMA = 3

Operand: TypeAlias = str | float
"""The name of a field or of an earlier operation, or a number."""


@dataclass(frozen=True, slots=True)
class Op:
    """``name = head(*args)``."""

    name: str
    head: str
    args: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """An input of a kernel.

    Attributes
    ----------
    name : str
        In the operations: ``y`` (``y0``, ``y1`` where the target has fields), ``x0``, ``p0``.
    role : str
        ``"target"``, ``"raw"`` or ``"hyper"``; of classes also ``"excess"``, what operations work on.
    public : str
        What its owner calls it: the target, the modelled parameter, the hyperparameter.
    """

    name: str
    role: str
    public: str


@dataclass(frozen=True, slots=True)
class Domain:
    """Where a column of the target lives, as numbers that a loop can compare with.

    Attributes
    ----------
    low, high : float
        End points; an infinite one that is left out says that the target is finite.
    open_low, open_high : bool
        Whether the end point is left out.
    whole : bool
        Whether only whole numbers belong.
    """

    low: float
    high: float
    open_low: bool
    open_high: bool
    whole: bool


@dataclass(frozen=True)
class Plan:
    """One form of a loss, lowered.

    Attributes
    ----------
    title : str
        Name of the family, for people.
    form : str
        ``"complete"`` or ``"textbook"``.
    shape : str
        ``"map"``: a fixed number of raw predictions a row; ``"classes"``: one a class.
    domains : tuple of Domain
        Where each column of the target lives.
    ordered : bool
        Whether the first column of the target is never above the second.
    fields : tuple of Field
        The target, the raw predictions, the hyperparameters.
    call, once, row : tuple of Op
        The operations; an operation uses only fields and operations before it.
    value, constant : Operand
        The part that depends on a raw prediction, and the rest.
    gradient, hessian : tuple of Operand
        One entry a raw prediction; packed upper triangle (0,0), (0,1), ..., (1,1), ...
    texts : tuple of (str, str)
        The expressions that were lowered, for the comments of a printed kernel.
    loops : tuple of Loop
        Sums over nodes that operations call for.
    even : Operand
        Of classes only: the coefficient of the mean excess.

    Notes
    -----
    Of classes the operations work on one number a row, the excess l of logsumexp over the score of the class observed
    (field ``l``): `value`, `gradient` and `hessian` are the functions G, A and B of `neglog.losses.class_parts`, from
    which a schedule makes the outputs of all classes.
    """

    title: str
    form: str
    shape: str
    domains: tuple[Domain, ...]
    ordered: bool
    fields: tuple[Field, ...]
    call: tuple[Op, ...]
    once: tuple[Op, ...]
    row: tuple[Op, ...]
    value: Operand
    constant: Operand
    gradient: tuple[Operand, ...]
    hessian: tuple[Operand, ...]
    texts: tuple[tuple[str, str], ...] = ()
    loops: tuple[Loop, ...] = ()
    even: Operand = 0.0

    @cached_property
    def targets(self) -> tuple[str, ...]:
        """Names of the columns of the target."""
        return tuple(field.name for field in self.fields if field.role == "target")

    @cached_property
    def raws(self) -> tuple[str, ...]:
        """Names of the raw predictions."""
        return tuple(field.name for field in self.fields if field.role == "raw")

    @cached_property
    def hyper(self) -> tuple[str, ...]:
        """Names of the hyperparameters."""
        return tuple(field.name for field in self.fields if field.role == "hyper")

    @cached_property
    def curved(self) -> bool:
        """Of classes: whether the loss is another one than cross-entropy, the excess itself."""
        return (self.value, *self.gradient, self.even) != ("l", 1.0, 0.0)

    @cached_property
    def bent(self) -> bool:
        """Of classes: whether the Hessian of a row is another one than diag(p) - p p'."""
        return (*self.gradient, *self.hessian) != (1.0, 0.0)

    @cached_property
    def has_constant(self) -> bool:
        """Whether there is anything besides the value."""
        return self.constant != 0.0

    @cached_property
    def constant_is_scalar(self) -> bool:
        """Whether the constant is the same in every row."""
        return not isinstance(self.constant, str) or self.constant in {
            *self.hyper,
            *(op.name for op in self.call),
        }

    def loop(self, name: str) -> Loop:
        """Return the loop called `name`."""
        return next(loop for loop in self.loops if loop.name == name)

    def derivatives(self, order: int) -> tuple[Operand, ...]:
        """Return the outputs of order 1 and 2, up to `order`."""
        return (self.gradient if order >= 1 else ()) + (self.hessian if order >= 2 else ())

    def needed(
        self, outputs: Iterable[Operand]
    ) -> tuple[tuple[Op, ...], tuple[Op, ...], tuple[Op, ...]]:
        """Return the operations of each part that `outputs` depend on."""
        wanted = {output for output in outputs if isinstance(output, str)}
        for op in reversed((*self.call, *self.once, *self.row)):
            if op.name in wanted:
                wanted.update(arg for arg in op.args if isinstance(arg, str))

        def keep(part: tuple[Op, ...]) -> tuple[Op, ...]:
            return tuple(op for op in part if op.name in wanted)

        return keep(self.call), keep(self.once), keep(self.row)

    def to_json(self) -> dict[str, Any]:
        """Return the plan as plain data."""

        def part(ops: tuple[Op, ...]) -> list[Any]:
            return [[op.name, op.head, list(map(_plain, op.args))] for op in ops]

        return {
            "schema": SCHEMA,
            "title": self.title,
            "form": self.form,
            "shape": self.shape,
            "domains": [
                [_plain(getattr(domain, name)) for name in Domain.__slots__]
                for domain in self.domains
            ],
            "ordered": self.ordered,
            "fields": [[field.name, field.role, field.public] for field in self.fields],
            "call": part(self.call),
            "once": part(self.once),
            "row": part(self.row),
            "value": _plain(self.value),
            "constant": _plain(self.constant),
            "gradient": list(map(_plain, self.gradient)),
            "hessian": list(map(_plain, self.hessian)),
            "texts": [list(pair) for pair in self.texts],
            "loops": [
                [
                    *(loop.name, loop.kind, loop.index, list(map(_plain, loop.ends))),
                    [[name, head, list(map(_plain, args))] for name, head, args in loop.ops],
                    _plain(loop.term),
                ]
                for loop in self.loops
            ],
            "even": _plain(self.even),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Plan:
        """Read what `to_json` wrote.

        Parameters
        ----------
        data : mapping
            Plain data.

        Returns
        -------
        Plan
            Equal to the one written.

        Raises
        ------
        UsageError
            If the data were written by another version.
        """
        if data.get("schema") != SCHEMA:
            raise UsageError(
                f"The plan has schema {data.get('schema')}, this version reads {SCHEMA}. "
                "Lower the loss again."
            )

        def part(ops: list[Any]) -> tuple[Op, ...]:
            return tuple(Op(name, head, tuple(map(_read, args))) for name, head, args in ops)

        return cls(
            data["title"],
            data["form"],
            data["shape"],
            tuple(Domain(*map(_read, domain)) for domain in data["domains"]),
            data["ordered"],
            tuple(Field(*field) for field in data["fields"]),
            part(data["call"]),
            part(data["once"]),
            part(data["row"]),
            _read(data["value"]),
            _read(data["constant"]),
            tuple(map(_read, data["gradient"])),
            tuple(map(_read, data["hessian"])),
            tuple((what, text) for what, text in data["texts"]),
            tuple(
                Loop(
                    *(name, kind, index, tuple(map(_read, ends))),
                    tuple((op, head, tuple(map(_read, args))) for op, head, args in ops),
                    _read(term),
                )
                for name, kind, index, ends, ops, term in data.get("loops", ())
            ),
            _read(data["even"]),
        )


_ENDLESS = {"inf": float("inf"), "-inf": -float("inf")}


def _plain(operand: Any) -> Any:
    """Return an operand as JSON knows it: infinity as a word, which is no operation's name."""
    return next((word for word, value in _ENDLESS.items() if operand == value), operand)


def _read(operand: Any) -> Any:
    return _ENDLESS.get(operand, operand) if isinstance(operand, str) else operand
