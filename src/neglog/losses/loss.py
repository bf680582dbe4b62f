"""`Loss`: the negative log-density of one observation as a function of its raw predictions.

A loss has two forms. The *complete* one is the negative log-likelihood in nats, every constant kept, so that families
compare. The *textbook* one has lost the terms and factors that do not move the minimum: squared error, cross-entropy.
Each form holds its value, its gradient and its Hessian, all expressions of the target, the raw predictions and the
hyperparameters, and all in the stable form that a measurement chose.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from neglog.errors import DensityError
from neglog.symbolic.density import Density
from neglog.symbolic.expression import Call, Node, Number, Symbol, call
from neglog.symbolic.links import link_named
from neglog.symbolic.text import LONGEST_STORED, parse, to_text

__all__ = ["Certificate", "Dropped", "Form", "Loss", "Region", "Slot", "careful"]


@dataclass(frozen=True, slots=True)
class Slot:
    """A modelled parameter: it receives a raw prediction for every observation.

    Attributes
    ----------
    parameter : str
        Name in the density, ``"mu"``.
    raw : str
        Name of its raw prediction in the forms, ``"eta"`` (or ``"eta_mu"`` where several parameters are modelled).
    link : str
        The link between the two: its text.
    kind : str
        ``"row"``: one number an observation; ``"classes"``: K numbers an observation.
    """

    parameter: str
    raw: str
    link: str
    kind: str = "row"

    @property
    def link_name(self) -> str:
        """The name of the link, for sentences."""
        return link_named(self.link).name


@dataclass(frozen=True, slots=True)
class Form:
    """Value, gradient and Hessian of a loss as expressions.

    Attributes
    ----------
    value : Node
        The part that depends on a raw prediction.
    constant : Node
        The rest: it depends on the target and the hyperparameters alone. The loss is ``value + constant``.
    gradient : tuple of Node
        One derivative a slot; for classes the derivative for component ``j``.
    hessian : tuple of Node
        Packed upper triangle (0,0), (0,1), ..., (1,1), ...; for classes the entry for components ``j`` and ``k``.
    """

    value: Node
    constant: Node
    gradient: tuple[Node, ...]
    hessian: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Dropped:
    """A term or factor of the complete loss that the textbook loss does without.

    Attributes
    ----------
    kind : str
        ``"term"`` or ``"factor"``.
    expression : Node
        What was dropped.
    reason : str
        Why that leaves the minimum where it is, and when it would not.
    text, latex : str
        What readers are shown where `expression` is only its value on a small instance: ``prod_i p(x_i)``.
    """

    kind: str
    expression: Node
    reason: str
    text: str = ""
    latex: str = ""


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the range with a form of its own.

    Attributes
    ----------
    condition : str
        ``"everywhere"``, or the condition as text: ``"eta_alpha < 3"``.
    form : str
        Name of the rewriting that is computed there.
    error : float
        Largest error there at the points held out from the choice.
    points : int
        How many of these there are.
    usual : float or None
        Largest error there at those of these points that data and models usually have: raw predictions up to 30 and
        numbers between 1e-6 and 1e6 in size. None where there is no such point.
    """

    condition: str
    form: str
    error: float
    points: int
    usual: float | None = None


@dataclass(frozen=True, slots=True)
class Certificate:
    """How the stable form of one output was chosen, and how well it does.

    Attributes
    ----------
    output : str
        ``"value"``, ``"gradient eta"``, ``"hessian eta eta"``.
    form : str
        Name of the rewriting that won.
    error : float
        Largest error at points held out from the choice, in units of ``eps (|f| + sum_i |x_i df/dx_i|)``.
    bound : float
        The error the project asks for: 4, or 16 and 64 with gamma-like heads.
    points : int
        Number of held-out points.
    candidates : int
        Number of forms that were compared.
    regions : tuple of Region
        One, or the two of a split ``where(condition, A, B)``, with the error in each.
    """

    output: str
    form: str
    error: float
    bound: float
    points: int
    candidates: int
    regions: tuple[Region, ...] = ()

    @property
    def usual(self) -> float | None:
        """Largest error where raw predictions and data are as they usually are; None where no such point was met."""
        return max((r.usual for r in self.regions if r.usual is not None), default=None)

    def to_json(self) -> dict[str, Any]:
        """Return the certificate as plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Certificate:
        """Read what `to_json` wrote."""
        regions = tuple(Region(**region) for region in data.get("regions", ()))
        return cls(**{**data, "regions": regions})


@dataclass(frozen=True, slots=True)
class Loss:
    """The loss of one observation that follows from a density.

    Attributes
    ----------
    density : Density
        The assumption it follows from.
    slots : tuple of Slot
        The modelled parameters, in order.
    complete, textbook : Form
        With every constant, and without.
    dropped : tuple of Dropped
        What the textbook form lacks: ``complete = factors * textbook + terms``.
    certificates : tuple of Certificate
        One for each output of the complete form.
    """

    density: Density
    slots: tuple[Slot, ...]
    complete: Form
    textbook: Form
    dropped: tuple[Dropped, ...] = ()
    certificates: tuple[Certificate, ...] = ()

    def __str__(self) -> str:
        """Write the textbook loss with its derivatives, and the complete loss."""
        k = len(self.slots)
        raws = [slot.raw for slot in self.slots]
        pairs = [(raws[i], raws[j]) for i in range(k) for j in range(i, k)]
        lines = [("loss", self.textbook.value)]
        lines += [
            (f"d/d{raw}", node) for raw, node in zip(raws, self.textbook.gradient, strict=True)
        ]
        lines += [
            (f"d2/d{a} d{b}", node)
            for (a, b), node in zip(pairs, self.textbook.hessian, strict=True)
        ]
        lines += [("complete", self.complete.value), ("plus", self.complete.constant)]
        width = max(len(label) for label, _ in lines)
        return "\n".join(f"{label:<{width}}  {to_text(node)}" for label, node in lines)

    @property
    def name(self) -> str:
        """Name of the family."""
        return self.density.name

    @property
    def shape(self) -> str:
        """``"map"``: a fixed number of raw predictions; ``"classes"``: one a class."""
        return "classes" if any(slot.kind == "classes" for slot in self.slots) else "map"

    @property
    def hyper(self) -> tuple[str, ...]:
        """Names of the parameters that are not modelled: run-time scalars."""
        modelled = {slot.parameter for slot in self.slots}
        return tuple(p.name for p in self.density.parameters if p.name not in modelled)

    @property
    def hyper_defaults(self) -> dict[str, float]:
        """Values of the hyperparameters that were fixed."""
        return {
            p.name: p.value
            for p in self.density.parameters
            if p.name in self.hyper and p.value is not None
        }

    @property
    def response(self) -> Node:
        """The complete loss as an expression of the parameters themselves, with 0 log 0 = 0."""
        return careful(-self.density.expression)

    def inverse_links(self) -> dict[str, Node]:
        """Return every modelled parameter as an expression of its raw prediction."""
        return {
            s.parameter: self.density.parameter(s.parameter).link.inverse(Symbol(s.raw))
            for s in self.slots
        }

    def to_json(self) -> dict[str, Any]:
        """Return the loss as plain data: every expression as density text."""

        def form(form: Form) -> dict[str, Any]:
            return {
                "value": to_text(form.value),
                "constant": to_text(form.constant),
                "gradient": [to_text(node) for node in form.gradient],
                "hessian": [to_text(node) for node in form.hessian],
            }

        return {
            "density": self.density.to_json(),
            "slots": [
                {"parameter": s.parameter, "raw": s.raw, "link": s.link, "kind": s.kind}
                for s in self.slots
            ],
            "complete": form(self.complete),
            "textbook": form(self.textbook),
            "dropped": [
                {"kind": d.kind, "expression": to_text(d.expression), "reason": d.reason}
                for d in self.dropped
            ],
            "certificates": [certificate.to_json() for certificate in self.certificates],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Loss:
        """Read what `to_json` wrote.

        Raises
        ------
        DensityError
            If the data are incomplete or hold anything but expressions of the vocabulary.
        """
        try:
            density = Density.from_json(data["density"])
            slots = tuple(Slot(**slot) for slot in data["slots"])
            names = {
                *(name for name, _ in density.targets),
                "j",
                "k",
                *(s.raw for s in slots),
                *(p.name for p in density.parameters),
            }

            def read(text: str) -> Node:
                return parse(text, names, longest=LONGEST_STORED)

            def form(data: Mapping[str, Any]) -> Form:
                return Form(
                    read(data["value"]),
                    read(data["constant"]),
                    tuple(map(read, data["gradient"])),
                    tuple(map(read, data["hessian"])),
                )

            return cls(
                density,
                slots,
                form(data["complete"]),
                form(data["textbook"]),
                tuple(
                    Dropped(d["kind"], read(d["expression"]), d["reason"]) for d in data["dropped"]
                ),
                tuple(map(Certificate.from_json, data["certificates"])),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise DensityError(f"The stored loss is incomplete or damaged ({error}).") from None


def careful(node: Node) -> Node:
    """Write what a formula on paper leaves to the reader: 0 log 0 is 0, and differences of loggamma have few digits.

    ``a*log(b)`` becomes ``xlogy(a, b)`` and ``log(1 - b)`` ``log1p(-b)``, because probabilities may be exactly 0 or 1;
    ``loggamma(a + r) - loggamma(r)`` becomes ``lgr(r, a)``, because r may be huge.
    """
    if not isinstance(node, Call):
        return node
    args = tuple(careful(arg) for arg in node.args)
    if (
        node.head == "log"
        and isinstance(args[0], Call)
        and args[0].head == "sub"
        and args[0].args[0] == Number(Fraction(1))
    ):
        return Call("log1p", (-args[0].args[1],))
    if node.head == "mul":
        for factor, other in (args, args[::-1]):
            if isinstance(other, Call) and other.head == "log":
                return Call("xlogy", (factor, other.args[0]))
            if isinstance(other, Call) and other.head in ("log1p", "mean_log"):
                none = Call("eq", (factor, Number(Fraction(0))))
                return Call("where", (none, Number(Fraction(0)), factor * other))
    if node.head == "sub" and (ratio := _ratio_of_gammas(*args)) is not None:
        return ratio
    return call(node.head, *args)


def _ratio_of_gammas(upper: Node, lower: Node) -> Node | None:
    """Return ``loggamma(a + r) - loggamma(r)`` and ``loggamma((a + r)/c) - loggamma(r/c)`` by one function."""
    if not (isinstance(upper, Call) and isinstance(lower, Call)):
        return None
    if upper.head != "loggamma" or lower.head != "loggamma":
        return None
    (whole,), (r,) = upper.args, lower.args
    divisor: Node = Number(Fraction(1))
    top: Node = r
    if isinstance(whole, Call) and isinstance(r, Call) and whole.head == r.head == "div":
        (whole, below), (top, divisor) = whole.args, r.args
        if below != divisor:
            return None
    if not isinstance(whole, Call) or whole.head != "add" or top not in whole.args:
        return None
    a = whole.args[1] if whole.args[0] == top else whole.args[0]
    return Call("lgr", (r, a if divisor == Number(Fraction(1)) else call("div", a, divisor)))
