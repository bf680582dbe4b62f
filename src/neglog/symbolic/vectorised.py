"""Numerics for NumPy arrays, made from the source of those for one float64: a formula stands in one place.

What a kernel computes for one row is a function of conditional expressions and arithmetic; with `numpy.where` for the
conditional expression it computes a whole column.
"""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

__all__ = ["vectorised"]


class _Columns(ast.NodeTransformer):
    """Write ``a if c else b`` as ``where(c, a, b)`` and ``c and d`` as ``logical_and(c, d)``."""

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        self.generic_visit(node)
        return _call("where", node.test, node.body, node.orelse)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        name = "logical_and" if isinstance(node.op, ast.And) else "logical_or"
        result = node.values[0]
        for value in node.values[1:]:
            result = _call(name, result, value)
        return result


def _call(name: str, *args: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), list(args), [])


@functools.cache
def vectorised(name: str) -> Callable[..., Any]:
    """Return the head `name` for arrays: exponentials and logarithms are NumPy's, the rest is the kernels'."""
    import math

    import numpy as np

    from neglog.symbolic.numerics import NUMERICS, closure

    known: dict[str, Any] = {
        "math": math, "np": np, "where": np.where, "logical_and": np.logical_and, "logical_or": np.logical_or,
        "abs": np.abs, "float": np.asarray, "int": lambda k: np.asarray(k, dtype=np.int64),
        # As Python's, also of NaN: the first argument unless the second is smaller (larger).
        "min": lambda a, b: np.where(b < a, b, a), "max": lambda a, b: np.where(b > a, b, a),
    }  # fmt: skip
    own = {"exp": np.exp, "log": np.log, "log1p": np.log1p, "expm1": np.expm1}
    for function in closure([name]):
        if function.__name__ in own:
            known[function.__name__] = own[function.__name__]
            continue
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
        for part in ast.walk(tree):
            if isinstance(part, ast.FunctionDef):
                part.returns = None
                for argument in part.args.args:
                    argument.annotation = None
        tree = ast.fix_missing_locations(_Columns().visit(tree))
        exec(compile(tree, f"<{function.__name__} for arrays>", "exec"), known)  # noqa: S102  # our own source
    result: Callable[..., Any] = known[NUMERICS[name].__name__]
    return result
