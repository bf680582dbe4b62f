"""Losses as fast functions of arrays.

The path of a loss through this folder: `lowering` makes a `plan` of it, plain data; `printer` (and
`class_schedule`) make Python source of a plan and a `variant`; `cache` has Numba compile it;
`numpy_engine` runs the same plan without a compiler. `kernel` holds the noun, `inputs`, `outputs`,
`limits`, `soft` and `response` its manners, `threads` the pool. The other Hessians: `information` (clipped, and
expected in closed form), `expectation` over the `nodes` of a law, `expected` for a fit.
"""

from __future__ import annotations

from neglog.kernels.evaluation import ClassHessian, Evaluation
from neglog.kernels.expectation import why_no_expectation
from neglog.kernels.expected import ExpectedKernel
from neglog.kernels.kernel import COMPILED_ROWS, Kernel

__all__ = [
    "COMPILED_ROWS",
    "ClassHessian",
    "Evaluation",
    "ExpectedKernel",
    "Kernel",
    "why_no_expectation",
]
