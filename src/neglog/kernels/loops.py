"""`Loop`: a sum over an index, or an integral, as operations that run once a node inside a row.

    row    r4 = logsum(s0, r0, y)            s0: n0 = mul(j0, r0); n1 = ...; the term is n5
           r5 = mean(s0, n2, r0, y)          n2 is averaged under the weights exp(n5)

An output names its loop, then what it averages, then what the loop uses from outside. All outputs of one loop are
computed together: the nodes are laid once, terms and functions evaluated once a node. The NumPy engine hands the
operations to `neglog.symbolic.sums`; here is also what the printer writes for one row. Its loops over the nodes hold no
branch and no call, so that they become SIMD code.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from neglog.symbolic import nodes, sums
from neglog.symbolic.expression import BINDERS

__all__ = ["Loop", "evaluated_loop", "library", "loop_groups", "printed_loop"]

_SIZE = nodes.MOST + nodes.NODES


@dataclass(frozen=True, slots=True)
class Loop:
    """A sum or an integral.

    Attributes
    ----------
    name : str
        As outputs call it, ``s0``.
    kind : str
        ``"series"`` or ``"interval"``.
    index : str
        The index in `ops`.
    ends : tuple of str or float
        The numbers that describe the domain.
    ops : tuple of (str, str, tuple)
        Name, head and arguments of what runs once a node.
    term : str or float
        Logarithm of what is added up.
    """

    name: str
    kind: str
    index: str
    ends: tuple[Any, ...]
    ops: tuple[tuple[str, str, tuple[Any, ...]], ...]
    term: Any

    def needed(self, wanted: Sequence[Any]) -> list[tuple[str, str, tuple[Any, ...]]]:
        """Return the operations that some of the results of a node depend on."""
        names = {operand for operand in wanted if isinstance(operand, str)}
        kept = []
        for op in reversed(self.ops):
            if op[0] in names:
                names.update(arg for arg in op[2] if isinstance(arg, str))
                kept.append(op)
        return kept[::-1]

    def outside(self, wanted: Sequence[Any]) -> tuple[str, ...]:
        """Return the names from outside that the results of a node use, in order."""
        ops = self.needed(wanted)
        inside = {self.index, *(op[0] for op in ops)}
        used = [*(arg for op in ops for arg in op[2]), *wanted]
        return tuple(
            dict.fromkeys(arg for arg in used if isinstance(arg, str) and arg not in inside)
        )


def loop_groups(ops: Sequence[Any]) -> Iterator[tuple[str, list[Any]]]:
    """Yield runs of operations: those of one loop under its name, others under none."""
    done: set[str] = set()
    plain: list[Any] = []
    for op in ops:
        if op.head not in BINDERS:
            plain.append(op)
        elif op.args[0] not in done:
            if plain:
                yield "", plain
                plain = []
            done.add(op.args[0])
            yield op.args[0], [o for o in ops if o.head in BINDERS and o.args[0] == op.args[0]]
    if plain:
        yield "", plain


def _asked(outputs: Sequence[Any]) -> tuple[list[Any], list[tuple[int, ...]]]:
    """Return the functions that the outputs of a loop average, and which each output takes."""
    places: dict[Any, int] = {}
    moments = [
        tuple(places.setdefault(g, len(places)) for g in op.args[1 : 1 + BINDERS[op.head]])
        for op in outputs
    ]
    return list(places), moments


# --- NumPy ---


def evaluated_loop(
    loop: Loop,
    outputs: Sequence[Any],
    known: Mapping[str, Any],
    meaning: Mapping[str, Callable[..., Any]],
) -> dict[str, Any]:
    """Return the values of the outputs of a loop, for a block of rows."""
    functions, moments = _asked(outputs)
    wanted = [loop.term, *functions]

    def run(values: Mapping[str, Any], x: Any, results: list[Any]) -> list[Any]:
        here = {**values, loop.index: x}
        for name, head, args in loop.needed(results):
            here[name] = meaning[head](*(here[a] if isinstance(a, str) else a for a in args))
        return [here[r] if isinstance(r, str) else r for r in results]

    asked = sums.Sum(
        lambda values, x: run(values, x, [loop.term])[0],
        lambda values, x: run(values, x, wanted),
        moments,
    )
    captured = {name: known[name] for name in loop.outside(wanted)}
    ends = tuple(known[end] if isinstance(end, str) else end for end in loop.ends)
    results = sums.in_numpy(asked, (loop.kind, ends), captured)
    return {op.name: result for op, result in zip(outputs, results, strict=True)}


# --- Printing ---


def library() -> str:
    """Return the text of the functions that lay the nodes."""
    texts = (inspect.getsource(function) for function in nodes.FUNCTIONS)
    plain = (text.replace(": Any", "").replace(" -> Any", "") for text in texts)
    return "\n\n".join(f"@inline\n{text}" for text in plain)


def buffers(outputs: Sequence[Any]) -> list[str]:
    """Return the names of the arrays of nodes that a loop needs."""
    return ["at_", "weight_", *(f"part{i}_" for i in range(len(_asked(outputs)[0])))]


def allocation(names: Sequence[str]) -> list[str]:
    """Return the lines that make the arrays of nodes, once a call."""
    return [f"{name} = np.empty({_SIZE})" for name in names]


def printed_loop(
    loop: Loop,
    outputs: Sequence[Any],
    statement: Callable[[tuple[str, str, tuple[Any, ...]]], str],
    operand: Callable[[Any], str],
) -> tuple[str, str]:
    """Return the functions of a loop, and the line of a row that calls them.

    Parameters
    ----------
    loop : Loop
        What runs once a node.
    outputs : sequence of Op
        What is asked of it.
    statement, operand : callable
        How the printer writes an operation and an operand.

    Returns
    -------
    tuple of str
        Module text, statement.
    """
    functions, moments = _asked(outputs)
    wanted = [loop.term, *functions]
    own = loop.outside([loop.term])
    captured = tuple(dict.fromkeys((*own, *loop.outside(wanted))))
    ends = [operand(end) for end in loop.ends]
    outside = tuple(dict.fromkeys((*captured, *(e for e in loop.ends if isinstance(e, str)))))
    given = "".join(f", {name}" for name in own)
    arrays = buffers(outputs)
    term, total = f"term_{loop.name}", f"sum_{loop.name}"

    def indented(lines: Sequence[str], by: int) -> str:
        return "\n".join(" " * by + line for line in lines)

    inside = [statement(op) for op in loop.needed([loop.term])]
    every = [statement(op) for op in loop.needed(wanted)]
    stores = [f"part{i}_[q] = {operand(g)}" for i, g in enumerate(functions)]
    results = [_result(moment) for moment in moments]
    middle = [
        line
        for i in range(len(functions))
        for line in (f"mean{i} = average(weight_, part{i}_, size)",)
    ]
    pairs = sorted({moment for moment in moments if len(moment) == 2})
    middle += [
        f"cov{a}_{b} = joint(weight_, part{a}_, mean{a}, part{b}_, mean{b}, size)" for a, b in pairs
    ]
    text = f"""\
@inline
def {term}({", ".join((loop.index, *own))}):
{indented([*inside, f"return {operand(loop.term)}"], 4)}


@inline
def {total}({", ".join((*outside, *arrays))}):
{indented(_laid(loop, ends, term, given), 4)}
    for q in range(size):
        {loop.index} = at_[q]
{indented([*every, f"height = weight_[q] + {operand(loop.term)}"], 8)}
        weight_[q] = height if height < math.inf else -math.inf
{indented(stores, 8)}
    top, rest = weigh(weight_, size, joined)
{indented(middle, 4)}
    return {", ".join(results)}{"," if len(results) == 1 else ""}
"""
    text = "\n".join(line for line in text.split("\n") if line.strip() or not line)
    names = ", ".join(op.name for op in outputs) + ("," if len(outputs) == 1 else "")
    return text, f"{names} = {total}({', '.join((*outside, *arrays))})"


def _result(moment: tuple[int, ...]) -> str:
    if not moment:
        return "top + log1p(rest)"
    return f"mean{moment[0]}" if len(moment) == 1 else f"cov{moment[0]}_{moment[1]}"


def _laid(loop: Loop, ends: list[str], term: str, given: str) -> list[str]:
    """Return the lines that fill in the nodes and the logarithms of their shares."""
    fall = repr(nodes.FALL)
    if loop.kind == "series":
        found = (
            f"series_known({', '.join(ends)})"
            if len(ends) == 3
            else f"series_found({term}, {fall}, {ends[0]}{given})"
        )
        return [
            f"first, step, count, joined = {found}",
            f"size = int(min(max(count if count < {nodes.MOST}.0 else {nodes.MOST}.0, 2.0), {nodes.MOST}.0))",
            "lay_steps(at_, weight_, first, step, size)",
            "if joined:",
            f"    bounds = ({ends[0]} + 63.0, math.inf, 0.0, 1.0)",
            f"    shape = interval_found({term}, {fall}, *bounds{given})",
            "    lay_interval(at_, weight_, 64, shape, bounds)",
            f"    size = 64 + {nodes.NODES}",
        ]
    lines = []
    centre, scale = ends[2:] if len(ends) == 4 else ("0.0", "1.0")
    infinite = (-float("inf"), float("inf"))
    if len(ends) == 2 and tuple(loop.ends) == infinite:
        lines = [f"centre, scale = line_found({term}, 0.0{given})"]
        centre, scale = "centre", "scale"
    return [
        *lines,
        f"bounds = ({ends[0]}, {ends[1]}, {centre}, {scale})",
        f"shape = interval_found({term}, {fall}, *bounds{given})",
        "lay_interval(at_, weight_, 0, shape, bounds)",
        f"size, joined = {nodes.NODES}, False",
    ]


def weighing() -> str:
    """Return the text of the functions every loop of a row uses."""
    join = ", ".join(map(repr, nodes.JOIN))
    return f'''\
@inline
def lay_steps(at_, weight_, first, step, size):
    share = log(step)
    for q in range(size):
        at_[q] = first + step * q
        weight_[q] = share


@inline
def lay_interval(at_, weight_, begin, shape, bounds):
    middle, width, bend, left, right = shape
    lo, hi, centre, scale = bounds
    du = (right - left) / {nodes.NODES - 1}.0
    share = log(du)
    for q in range({nodes.NODES}):
        x, slope = interval_node(left + du * q, middle, width, bend, lo, hi, centre, scale)
        at_[begin + q] = x
        weight_[begin + q] = slope + share


@inline
def weigh(weight_, size, joined):
    """Make weights that sum to 1 of logarithms; return the highest, and the sum of the others against it."""
    top = -math.inf
    place = 0
    for q in range(size):
        if weight_[q] > top:
            top = weight_[q]
            place = q
    shift = top if top > -math.inf else 0.0
    for q in range(size):
        weight_[q] = exp(weight_[q] - shift)
    if joined:
        backwards = ({join})
        for q in range({len(nodes.JOIN)}):
            weight_[63 - q] *= backwards[q]
    own = weight_[place]
    weight_[place] = 0.0
    rest = add_lanes(weight_, size) + (own - 1.0)
    weight_[place] = own
    for q in range(size):
        weight_[q] /= 1.0 + rest
    return top, rest


@inline
def average(weight_, part, size):
    total = 0.0
    for q in range(size):
        total += weight_[q] * part[q] if weight_[q] != 0.0 else 0.0
    return total


@inline
def joint(weight_, a, mean_a, b, mean_b, size):
    total = 0.0
    for q in range(size):
        total += weight_[q] * ((a[q] - mean_a) * (b[q] - mean_b)) if weight_[q] != 0.0 else 0.0
    return total
'''
