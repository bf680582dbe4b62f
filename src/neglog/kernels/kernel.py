"""`Kernel`: a loss that computes.

    kernel.evaluate(y_true, raw_prediction)      value and gradient of each row
    kernel.value(1, 0.6, scale="response")       0.5108...
    kernel.columns(y, [raw], None, 2)            blocks of rows, for a fit

Two engines run the same plan: compiled code for many rows, NumPy where a compiler would take longer
than the work. The results differ by the last bits of elementary functions only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from neglog._typing import AnyArray, Floats
from neglog.errors import SupportError, UsageError, nearest
from neglog.kernels import numpy_engine, outputs
from neglog.kernels.cache import compiled_available, compiled_run, numba_works
from neglog.kernels.evaluation import Evaluation
from neglog.kernels.expectation import expected_products
from neglog.kernels.information import clip, closed_form
from neglog.kernels.inputs import Batch, prepare, refuse
from neglog.kernels.limits import take_limits
from neglog.kernels.lowering import lower
from neglog.kernels.plan import Plan
from neglog.kernels.printer import print_kernel
from neglog.kernels.response import response_value
from neglog.kernels.soft import soft_targets
from neglog.kernels.threads import over_ranges
from neglog.kernels.variant import BLOCK, ODD_RAW, Run, Variant
from neglog.losses import Loss
from neglog.symbolic.expression import Node, free_symbols

__all__ = ["COMPILED_ROWS", "Kernel"]

COMPILED_ROWS = 50_000
"""From here on a fit or a call repays the second that a first compilation takes."""

ENGINES = ("auto", "numpy", "numba")
_UNCHECKED = np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Kernel:
    """A loss as a fast function of arrays.

    Attributes
    ----------
    loss : Loss
        What is computed.
    hyper : mapping of str to float
        Values of the parameters that are not modelled, as far as they are known.
    engine : {"auto", "numpy", "numba"}
        ``"auto"`` compiles for 50,000 rows and more. Without Numba it is ``"numpy"``.
    """

    loss: Loss
    hyper: Mapping[str, float] = field(default_factory=dict)
    engine: str = "auto"

    def __post_init__(self) -> None:
        object.__setattr__(self, "hyper", self._checked({**self.loss.hyper_defaults, **self.hyper}))
        object.__setattr__(self, "engine", _usable(self.engine))

    def __hash__(self) -> int:
        return hash((self.loss.density.key, tuple(self.names), tuple(sorted(self.hyper.items()))))

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.loss.to_json(), dict(self.hyper), self.engine)

    @property
    def names(self) -> tuple[str, ...]:
        """The modelled parameters, in the order of the raw predictions."""
        return tuple(slot.parameter for slot in self.loss.slots)

    @property
    def shape(self) -> str:
        """``"map"``: a fixed number of raw predictions a row; ``"classes"``: one a class."""
        return self.loss.shape

    @cached_property
    def plan(self) -> Plan:
        """The complete form as operations."""
        return lower(self.loss, "complete")

    @cached_property
    def textbook(self) -> Plan:
        """The textbook form as operations."""
        return lower(self.loss, "textbook")

    @property
    def source(self) -> str:
        """The text of the compiled module for value and gradient, complete form, float64."""
        return self.source_of()

    def source_of(
        self,
        order: int = 1,
        *,
        weighted: bool = False,
        constants: bool = True,
        dtype: str = "float64",
    ) -> str:
        """Return the text of a compiled module.

        Parameters
        ----------
        order : {0, 1, 2}
            How many derivatives.
        weighted : bool
            Whether there are sample weights.
        constants : bool
            The complete loss, or the textbook one.
        dtype : {"float64", "float32"}
            What is loaded and stored.

        Returns
        -------
        str
            Python source.
        """
        plan = self.plan if constants else self.textbook
        return print_kernel(plan, Variant(order, weighted, plan.has_constant, dtype))

    def with_hyper(self, values: Mapping[str, float]) -> Kernel:
        """Return the kernel with these hyperparameters bound."""
        return self._with(hyper={**self.hyper, **values})

    def with_engine(self, engine: str) -> Kernel:
        """Return the kernel that always uses `engine`; ``"auto"`` lets the number of rows decide."""
        return self._with(engine=engine)

    def _with(self, **changes: Any) -> Kernel:
        """Return a copy that shares what does not depend on the changes: plans, compiled kernels."""
        other = replace(self, **changes)
        shared = ("plan", "textbook", "_runs")
        other.__dict__.update((name, getattr(self, name)) for name in shared)
        return other

    def engine_for(self, n_rows: int) -> str:
        """Return the engine that a data set of `n_rows` rows deserves: ``"numpy"`` or ``"numba"``."""
        if self.engine != "auto":
            return self.engine
        return "numba" if n_rows >= COMPILED_ROWS else "numpy"

    def compile(
        self,
        order: int = 1,
        engine: str = "numba",
        *,
        weighted: bool = False,
        constants: bool = False,
        dtype: str = "float64",
    ) -> None:
        """Make a kernel ready ahead of its first use, which may take a second.

        Parameters
        ----------
        order : {0, 1, 2}
            How many derivatives.
        engine : {"numba", "numpy", "auto"}
            Only ``"numba"`` has anything to compile.
        weighted, constants, dtype
            Which variant; by default the one that ``columns`` and ``classes`` call.
        """
        plan = self.plan
        self._run(plan, Variant(order, weighted, constants and plan.has_constant, dtype), engine)

    def evaluate(
        self,
        y_true: Any,
        raw_prediction: Any,
        *,
        sample_weight: Any = None,
        hyper: Mapping[str, float] | None = None,
        order: int | None = None,
        constants: bool = True,
        scale: str = "raw",
        out: Evaluation | Sequence[Any] | None = None,
        engine: str = "auto",
        hessian: str = "observed",
    ) -> Evaluation:
        """Return the loss of every row, with derivatives in the raw predictions.

        Parameters
        ----------
        y_true : array_like of shape (n,)
            The target. For classes the numbers of the classes, or soft targets [n, K]; for a target with m fields an
            array [n, m], a tuple of m columns, or a mapping from fields to columns.
        raw_prediction : array_like of shape (n,), (n, k) or (n, K)
            What a model returns before the inverse link, in the order of `names`. Any dtype,
            stride and byte order; never modified. float32 is answered in float32.
        sample_weight : array_like of shape (n,), optional
            Multiplies value, gradient and Hessian.
        hyper : mapping of str to float, optional
            Values of parameters that are not modelled.
        order : {0, 1, 2}, optional
            How many derivatives: by default 1 on the raw scale, 0 on the response scale.
        constants : bool
            Whether terms that do not depend on the predictions are kept.
        scale : {"raw", "response"}
            With ``"response"`` predictions are the parameters themselves, such as probabilities.
        out : Evaluation or sequence of ndarray, optional
            Arrays to write to, of the right shape and dtype.
        engine : {"auto", "numpy", "numba"}
            What computes.
        hessian : {"observed", "expected", "clipped"}
            The second derivative; its mean over the targets that the predictions expect (Fisher information); or the
            nearest matrix without negative eigenvalues (of more than two raw predictions: the expected one). Of
            cross-entropy of classes, and with label smoothing, all three are the same.

        Returns
        -------
        Evaluation
            Value, gradient, Hessian; floats where numbers came in.

        Raises
        ------
        UsageError
            If shapes or options do not fit.
        SupportError
            If a target, or a prediction on the response scale, is outside its support.
        DataError
            If a raw prediction is NaN or a weight negative.
        """
        order = (0 if scale == "response" else 1) if order is None else order
        batch, values = self._prepared(
            y_true, raw_prediction, sample_weight, hyper, scale, order, constants
        )
        plan = self.plan if constants else self.textbook
        if scale == "response":
            self._refuse_response(plan, batch)
            loss = response_value(self.loss, batch, values, constants=constants)
            places = outputs.allocate(batch, len(self.names), 0, out)
            places.value[:] = loss
            return places.result(batch, 0)
        bent = plan.shape == "classes" and plan.bent
        places = outputs.allocate(batch, len(self.names), order, out, bent=bent)
        self._fill(plan, batch, values, order, engine, places.value, places.parts)
        if hessian != "observed":
            self._curve(hessian, batch, values, places.parts[len(self.names) :], order, constants)
        return places.result(batch, order)

    @cached_property
    def information(self) -> tuple[Node, ...]:
        """The expected Hessian, packed, as expressions of the raw predictions; empty where no closed form is known."""
        from neglog.derivation.known_information import information_of

        return information_of(self.loss.density, self.names)

    def _curve(
        self,
        which: str,
        batch: Batch,
        values: Mapping[str, float],
        parts: Sequence[AnyArray],
        order: int,
        constants: bool,
    ) -> None:
        """Replace the observed Hessian in `parts` by the expected or the clipped one."""
        if which not in ("expected", "clipped"):
            raise UsageError(
                f"hessian is {which!r}; it must be 'observed', 'expected' or 'clipped'."
            )
        if order < 2:
            raise UsageError(f"hessian='{which}' asks for second derivatives: pass order=2.")
        if self.shape == "classes":
            if not self.plan.bent:
                return
            raise UsageError(
                f"The Hessian of {self.loss.name} depends on the class observed and may have a negative eigenvalue; "
                f"{which} curvature is known of cross-entropy and label smoothing alone. Use hessian='observed'."
            )
        if which == "clipped" and len(self.names) <= 2:
            clip(parts)
            return
        if not constants:
            raise UsageError(
                "Expected information belongs to the complete loss: leave out constants=False."
            )
        raws = [np.asarray(raw, dtype=np.float64) for raw in batch.raws]
        y = np.asarray(batch.y, dtype=np.float64)
        for part, mean in zip(parts, self.with_hyper(values).expected(y, raws), strict=True):
            part[:] = mean
            if batch.weight is not None:
                part[:] = np.where(batch.weight == 0, 0.0, part * batch.weight)

    def value(self, y_true: Any, raw_prediction: Any, **options: Any) -> Any:
        """Return the loss of every row; `evaluate` explains the options."""
        return self.evaluate(y_true, raw_prediction, order=0, **options).value

    def gradient(self, y_true: Any, raw_prediction: Any, **options: Any) -> Any:
        """Return the gradient of every row; `evaluate` explains the options."""
        return self.evaluate(y_true, raw_prediction, order=1, **options).gradient

    def hessian(self, y_true: Any, raw_prediction: Any, **options: Any) -> Any:
        """Return the Hessian of every row; `evaluate` explains the options."""
        return self.evaluate(y_true, raw_prediction, order=2, **options).hessian

    def total(
        self,
        y_true: Any,
        raw_prediction: Any,
        *,
        sample_weight: Any = None,
        hyper: Mapping[str, float] | None = None,
        constants: bool = True,
        scale: str = "raw",
        engine: str = "auto",
    ) -> float:
        """Return the weighted sum of the losses: the same bits for any number of threads.

        Parameters
        ----------
        y_true, raw_prediction, sample_weight, hyper, constants, scale, engine
            As for `evaluate`.

        Returns
        -------
        float
            Nats.
        """
        batch, values = self._prepared(
            y_true, raw_prediction, sample_weight, hyper, scale, 0, constants
        )
        plan = self.plan if constants else self.textbook
        if scale == "response":
            self._refuse_response(plan, batch)
            return _total(response_value(self.loss, batch, values, constants=constants))
        return self._fill(plan, batch, values, 0, engine, np.empty(0, batch.dtype), [])

    # --- For fitting: no validation, contiguous float64, without the constant ---------------------

    def columns(
        self,
        y: Floats,
        raws: Sequence[Floats],
        w: Floats | None,
        order: int,
        *,
        engine: str = "auto",
    ) -> tuple[Floats, list[Floats], list[Floats]]:
        """Return value, gradient columns and packed Hessian columns of a block of rows.

        Parameters
        ----------
        y : ndarray of shape (b,), or (b, m) in Fortran order
            The target.
        raws : sequence of ndarray of shape (b,)
            One column a modelled parameter.
        w : ndarray of shape (b,), optional
            Weights.
        order : {0, 1, 2}
            How many derivatives.
        engine : {"auto", "numpy", "numba"}
            By default that of the kernel; see `with_engine`.

        Returns
        -------
        tuple
            Value [b], gradient columns, Hessian columns (0,0), (0,1), ..., (1,1), ...
        """
        plan, n, k = self.plan, y.shape[0], len(raws)
        run = self._run(plan, Variant(order, w is not None, False), self._engine(engine, n))
        results = np.empty((1 + len(plan.derivatives(order)), n))
        weight = () if w is None else (w,)
        sums = np.empty(-(-n // BLOCK["map"]))
        ys = numpy_engine.target_columns(y)
        run(0, n, *ys, *raws, *weight, *self._scalars(plan, self.hyper), *results, sums, _UNCHECKED)
        value, *parts = results
        return value, parts[:k], parts[k:]

    def expected(self, y: Floats, raws: Sequence[Floats]) -> list[Floats]:
        """Return the expected Hessian (Fisher information) of a block of rows: in closed form, or by quadrature.

        Parameters
        ----------
        y : ndarray of shape (b,), or (b, m)
            The target, of which only a number of trials is looked at.
        raws : sequence of ndarray of shape (b,)
            One column a modelled parameter.

        Returns
        -------
        list of ndarray of shape (b,)
            Packed columns (0,0), (0,1), ..., (1,1), ..., in nats, without weights.

        Raises
        ------
        UsageError
            If the loss follows from no density, its target has fields that no sum runs over, or the quadrature does not
            find the whole mass of a law.
        """
        if self.information:
            return closed_form(self.loss, self.information, raws, self.hyper)
        plan = self.plan
        scalars = dict(zip(plan.hyper, self._scalars(plan, self.hyper), strict=True))
        engine = "numpy" if self.engine == "auto" else self.engine

        def scores(y: Floats, raws: Sequence[Floats]) -> tuple[Floats, list[Floats]]:
            value, gradient, _ = self.columns(y, raws, None, 1, engine=engine)
            if plan.has_constant:
                value = value + numpy_engine.constants(plan, y, scalars)
            return value, gradient

        return expected_products(self.loss, scores, y, raws)

    def classes(
        self, y: Floats, raw: Floats, w: Floats | None, order: int, *, engine: str = "auto"
    ) -> tuple[Floats, Floats, tuple[Floats, ...]]:
        """Return value [b], gradient [b, K] and the factors of the Hessian of a block of rows.

        Parameters
        ----------
        y : ndarray of shape (b,)
            Numbers of the classes, as float64.
        raw : ndarray of shape (b, K)
            Scores, C order.
        w : ndarray of shape (b,), optional
            Weights; not multiplied into the factors of the Hessian.
        order : {0, 1, 2}
            How many derivatives; what was not asked for is empty.
        engine : {"auto", "numpy", "numba"}
            By default that of the kernel; see `with_engine`.

        Returns
        -------
        tuple
            Value, gradient, and a tuple: the probabilities [b, K] and, where the Hessian is not ``diag(p) - p p'``,
            its slope [b] and bend [b], see `ClassHessian`.
        """
        plan, (n, K) = self.plan, raw.shape
        run = self._run(plan, Variant(order, w is not None, False), self._engine(engine, n))
        shapes: list[tuple[int, ...]] = [(n, K)] * order
        if plan.bent and order == 2:
            shapes += [(n,), (n,)]
        value, parts = np.empty(n), [np.empty(shape) for shape in shapes]
        weight = () if w is None else (w,)
        sums = np.empty(-(-n // BLOCK["classes"]))
        scalars = self._scalars(plan, self.hyper)
        run(0, n, y, raw, *weight, *scalars, value, *parts, sums, _UNCHECKED)
        gradient = parts[0] if parts else np.empty((0, K))
        return value, gradient, tuple(parts[1:]) or (np.empty((0, K)),)

    def constant(self, y: Floats, w: Floats | None) -> float:
        """Return the weighted total of what depends on the target and hyperparameters alone.

        Parameters
        ----------
        y : ndarray of shape (n,) or (n, m)
            The target.
        w : ndarray of shape (n,), optional
            Weights.

        Returns
        -------
        float
            The complete loss is the total of the values plus this.
        """
        plan = self.plan
        if not plan.has_constant:
            return 0.0
        scalars = dict(zip(plan.hyper, self._scalars(plan, self.hyper), strict=True))
        y = np.asarray(y, dtype=np.float64)
        if plan.constant_is_scalar:
            each = float(numpy_engine.constants(plan, y[:0], scalars))
            return each * (y.shape[0] if w is None else math.fsum(w))
        totals = []
        for start in range(0, y.shape[0], BLOCK["map"]):
            rows = slice(start, start + BLOCK["map"])
            part = np.asarray(numpy_engine.constants(plan, y[rows], scalars))
            if w is not None:
                part = np.where(w[rows] == 0.0, 0.0, w[rows] * part)
            totals.append(numpy_engine.add_lanes(part))
        return numpy_engine.ordered_sum(totals)

    # --- Parts of the above ----------------------------------------------------------------------

    def _prepared(
        self,
        y_true: Any,
        raw_prediction: Any,
        sample_weight: Any,
        hyper: Mapping[str, float] | None,
        scale: str,
        order: int,
        constants: bool,
    ) -> tuple[Batch, dict[str, float]]:
        if order not in (0, 1, 2):
            raise UsageError(
                f"order is {order!r}; it must be 0 (value), 1 (gradient) or 2 (Hessian)."
            )
        if scale not in ("raw", "response"):
            raise UsageError(f"scale is {scale!r}; it must be 'raw' or 'response'.")
        if scale == "response" and order > 0:
            raise UsageError(
                f"On the response scale a kernel returns values, not derivatives: order is {order}. "
                "A gradient is taken in the raw prediction, where training happens. Pass order=0, "
                "or raw predictions."
            )
        values = self._checked({**self.hyper, **(hyper or {})})
        for name in self.loss.hyper:
            if name not in values and not (constants or self._uses(name)):
                # Squared error holds no sigma: any value does, and this one lies in every support.
                values[name] = 0.5
            if name not in values:
                raise UsageError(
                    f"The loss of {self.loss.name} needs a value of '{name}', which is not modelled: "
                    f"pass hyper={{'{name}': ...}}, or model it."
                )
        what = "raw_prediction" if scale == "raw" else "the prediction"
        return prepare(self.loss, y_true, raw_prediction, sample_weight, what), values

    def _uses(self, name: str) -> bool:
        """Whether the textbook loss holds a hyperparameter."""
        form = self.loss.textbook
        return any(
            name in free_symbols(node) for node in (form.value, *form.gradient, *form.hessian)
        )

    def _fill(
        self,
        plan: Plan,
        batch: Batch,
        values: Mapping[str, float],
        order: int,
        engine: str,
        value: AnyArray,
        parts: Sequence[AnyArray],
    ) -> float:
        """Compute all rows into `value` (unless it is empty) and `parts`; return the total."""
        if batch.soft is not None:
            return soft_targets(plan, batch, self._scalars(plan, values), value, parts)
        block = BLOCK[plan.shape]
        variant = Variant(order, batch.weight is not None, plan.has_constant, batch.dtype)
        run = self._run(plan, variant, self._engine(engine, batch.n))
        scalars = self._scalars(plan, values)
        weight = () if batch.weight is None else (batch.weight,)
        blocks = -(-batch.n // block)
        sums, flags = np.empty(blocks), np.zeros(blocks, dtype=np.int64)
        args = (*batch.targets, *batch.raws, *weight, *scalars, value, *parts, sums, flags)
        over_ranges(lambda lo, hi: run(lo, hi, *args), batch.n, block)
        flag = int(np.bitwise_or.reduce(flags, initial=0))
        if flag:
            refuse(plan, batch, flag, "raw_prediction")
        if flag & ODD_RAW:  # infinite: the formula may say NaN where a limit exists
            if not value.size:
                value = np.empty(batch.n)
                args = (*batch.targets, *batch.raws, *weight, *scalars, value, *parts, sums, flags)
                numpy_engine.numpy_run(plan, variant)(0, batch.n, *args)
            take_limits(plan, variant, batch, scalars, value, parts)
            return _total(value)
        return numpy_engine.ordered_sum(sums.tolist())

    def _refuse_response(self, plan: Plan, batch: Batch) -> None:
        """Refuse bad targets and weights, which no kernel looks at on this scale."""
        flag = (
            0 if batch.soft is not None else numpy_engine.flag_of(plan, batch.targets, batch.weight)
        )
        if batch.soft is None and plan.shape == "classes":
            flag |= int(bool((batch.y >= batch.raws[0].shape[1]).any()))
        if flag:
            refuse(plan, batch, flag, "the prediction")

    def _checked(self, values: Mapping[str, Any]) -> dict[str, float]:
        checked = {}
        for name, value in values.items():
            if name not in self.loss.hyper:
                modelled = " It is modelled: it gets raw predictions." if name in self.names else ""
                known = nearest(name, self.loss.hyper) if self.loss.hyper else "It has none."
                raise UsageError(
                    f"'{name}' is no hyperparameter of the loss of {self.loss.name}."
                    + (modelled or f" {known}")
                )
            support = self.loss.density.parameter(name).support
            try:
                number = float(value)
            except (TypeError, ValueError):
                raise UsageError(
                    f"{name} of {self.loss.name} is {value!r}, not a number."
                ) from None
            if not bool(support.contains(np.array([number]))[0]):
                raise SupportError(
                    f"{name} of {self.loss.name} is {number!r}, but it must be {support.sentence}."
                )
            checked[name] = number
        return checked

    def _scalars(self, plan: Plan, values: Mapping[str, float]) -> tuple[float, ...]:
        public = [field.public for field in plan.fields if field.role == "hyper"]
        missing = [name for name in public if name not in values]
        if missing:
            raise UsageError(
                f"The loss of {self.loss.name} needs a value of '{missing[0]}': bind it with "
                f"with_hyper({{'{missing[0]}': ...}})."
            )
        return tuple(values[name] for name in public)

    def _engine(self, asked: str, n: int) -> str:
        return self.engine_for(n) if asked == "auto" else _usable(asked)

    @cached_property
    def _runs(self) -> dict[tuple[str, Variant, str], Run]:
        return {}

    def _run(self, plan: Plan, variant: Variant, engine: str) -> Run:
        key = (plan.form, variant, engine)
        run = self._runs.get(key)
        if run is None:
            if engine == "numba" and numba_works():
                run = compiled_run(print_kernel(plan, variant))
            else:
                run = numpy_engine.numpy_run(plan, variant)
            self._runs[key] = run
        return run


def _restored(loss: dict[str, Any], hyper: dict[str, float], engine: str) -> Kernel:
    return Kernel(Loss.from_json(loss), hyper, engine)


def _usable(engine: str) -> str:
    if engine not in ENGINES:
        raise UsageError(f"There is no engine called '{engine}'. {nearest(str(engine), ENGINES)}")
    return engine if engine == "numpy" or compiled_available() else "numpy"


def _total(losses: AnyArray) -> float:
    losses = np.asarray(losses, dtype=np.float64)
    block = BLOCK["map"]
    parts = [losses[start : start + block] for start in range(0, losses.size, block)]
    with np.errstate(all="ignore"):
        return numpy_engine.ordered_sum([numpy_engine.add_lanes(part) for part in parts])
