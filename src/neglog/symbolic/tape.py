"""Several trees flattened for evaluation at many points: every part they share is computed once.

Looking a subtree up in a dictionary hashes all of it, at every node and every point; a tape has done so once and runs
over list positions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from neglog.symbolic.expression import BINDERS, Call, Node, Number, Symbol, free_symbols
from neglog.symbolic.sums import Sum

__all__ = ["Tape"]


class Tape:
    """Trees as a list of operations, arguments before what uses them.

    Parameters
    ----------
    nodes : sequence of Node
        What to evaluate.
    memory : dict, optional
        Keeps the values of sums from one evaluation to another, of this tape and of others that are given the same
        dictionary; for exact numbers.
    """

    def __init__(self, nodes: Sequence[Node], memory: dict[Any, Any] | None = None) -> None:
        self.memory = memory
        self._places: dict[Node, int] = {}
        self.operations: list[tuple[Node, tuple[int, ...]]] = []
        self.sums: dict[Node, _Weighted] = {}
        self._alike: dict[tuple[Node, ...], list[Call]] = {}
        for node in _sums(nodes, set()):
            self._alike.setdefault(node.args[-3:], []).append(node)
        self.results = tuple(self._add(node) for node in nodes)
        self._needed: dict[tuple[int, ...], tuple[int, ...]] = {}

    def _add(self, node: Node) -> int:
        place = self._places.get(node)
        if place is None:
            if isinstance(node, Call) and node.head in BINDERS:
                args = self._weighted(node).places
            elif isinstance(node, Call):
                args = tuple(self._add(arg) for arg in node.args)
            else:
                args = ()
            place = self._places[node] = len(self.operations)
            self.operations.append((node, args))
        return place

    def _weighted(self, node: Call) -> _Weighted:
        """Return the sum that `node` belongs to: all that is averaged under the same weights shares its nodes."""
        if node not in self.sums:
            alike = self._alike.get(node.args[-3:], [])
            alike = alike if node in alike else [node]
            self.sums |= dict.fromkeys(alike, _Weighted(alike, self._add))
        return self.sums[node]

    def run(
        self,
        values: Mapping[str, Any],
        meaning: Mapping[str, Callable[..., Any]],
        number: Callable[[Fraction], Any],
        failures: tuple[type[Exception], ...] = (),
    ) -> list[Any]:
        """Evaluate the trees.

        Parameters
        ----------
        values, meaning, number
            As for `expression.evaluate`.
        failures : tuple of exception types
            An operation that raises one of these has no value, and neither has what is computed from it; a branch of
            ``where`` that is not taken does not count.

        Returns
        -------
        list
            One value a tree; None where there is none.

        Notes
        -----
        Where the condition of a ``where`` is one truth value, only the branch that it chooses is evaluated: a sum in
        the other one may cost more than all the rest.
        """
        return _Run(self, values, meaning, number, failures).results(self.results)

    def needed(self, places: tuple[int, ...]) -> tuple[int, ...]:
        """Return what has to be evaluated for some places, in order; of a ``where`` only the condition."""
        if places not in self._needed:
            found: set[int] = set()
            open_places = list(places)
            while open_places:
                place = open_places.pop()
                if place not in found:
                    found.add(place)
                    node, arguments = self.operations[place]
                    chooses = isinstance(node, Call) and node.head == "where"
                    open_places += arguments[:1] if chooses else arguments
            self._needed[places] = tuple(sorted(found))
        return self._needed[places]


_UNKNOWN = object()


class _Run:
    """One evaluation of a tape."""

    def __init__(
        self,
        tape: Tape,
        values: Mapping[str, Any],
        meaning: Mapping[str, Callable[..., Any]],
        number: Callable[[Fraction], Any],
        failures: tuple[type[Exception], ...],
    ) -> None:
        self._tape = tape
        self._values, self._meaning, self._number, self._failures = (
            values,
            meaning,
            number,
            failures,
        )
        self._done: list[Any] = [_UNKNOWN] * len(tape.operations)
        self._moments: dict[int, list[Any] | None] = {}

    def results(self, places: tuple[int, ...]) -> list[Any]:
        """Return what stands at some places, evaluating what they need."""
        done, operations = self._done, self._tape.operations
        for place in self._tape.needed(places):
            if done[place] is not _UNKNOWN:
                continue
            node, arguments = operations[place]
            if isinstance(node, Number):
                done[place] = self._number(node.value)
            elif isinstance(node, Symbol):
                done[place] = self._values[node.name]
            else:
                assert isinstance(node, Call)
                if node.head == "where":
                    done[place] = self._chosen(arguments)
                else:
                    args = [done[argument] for argument in arguments]
                    missing = any(arg is None for arg in args)
                    done[place] = None if missing else self._called(node, args)
        return [done[place] for place in places]

    def _chosen(self, arguments: tuple[int, ...]) -> Any:
        condition = self._done[arguments[0]]
        if condition is None:
            return None
        if isinstance(condition, bool):
            return self.results((arguments[1 if condition else 2],))[0]
        return self._meaning["where"](condition, *self.results(arguments[1:]))

    def _called(self, node: Call, args: list[Any]) -> Any:
        try:
            if node.head not in BINDERS:
                return self._meaning[node.head](*args)
            weighted = self._tape.sums[node]
            if id(weighted) not in self._moments:
                self._moments[id(weighted)] = None
                self._moments[id(weighted)] = self._summed(weighted, args)
            moments = self._moments[id(weighted)]
            return None if moments is None else moments[weighted.number[node]]
        except self._failures:
            return None

    def _summed(self, weighted: _Weighted, args: list[Any]) -> list[Any]:
        memory = self._tape.memory
        if memory is None:
            return weighted.run(args, self._meaning, self._number)
        key = (weighted.nodes, *args)
        if key not in memory:
            memory[key] = weighted.run(args, self._meaning, self._number)
        found: list[Any] = memory[key]
        return found


class _Weighted:
    """A sum and what is averaged under its weights, as tapes of their own that run at every node.

    Whatever does not depend on the index stands outside, on the tape that holds the sum.
    """

    def __init__(self, nodes: Sequence[Call], add: Callable[[Node], int]) -> None:
        *_, term, index, domain = nodes[0].args
        assert isinstance(index, Symbol)
        self.nodes = tuple(nodes)
        self.index = index.name
        self._outside: dict[Node, str] = {}
        functions: dict[Node, int] = {}
        moments: dict[tuple[int, ...], int] = {}
        self.number: dict[Node, int] = {}
        for node in nodes:
            taken = tuple(functions.setdefault(g, len(functions)) for g in node.args[:-3])
            self.number[node] = moments.setdefault(taken, len(moments))
        self._moments = tuple(moments)
        inside = self._inside(term, {})
        self._term = Tape([inside])
        self._parts = Tape([inside, *(self._inside(g, {}) for g in functions)])
        self.places = (add(domain), *(add(node) for node in self._outside))

    def _inside(self, node: Node, known: dict[int, Node]) -> Node:
        """Return `node` with what does not depend on the index under a name."""
        if isinstance(node, Number):
            return node
        if id(node) not in known:
            if self.index not in free_symbols(node):
                name = node.name if isinstance(node, Symbol) else f"outside {len(self._outside)}"
                known[id(node)] = Symbol(self._outside.setdefault(node, name))
            elif isinstance(node, Call) and node.head not in BINDERS:
                args = tuple(self._inside(arg, known) for arg in node.args)
                known[id(node)] = Call(node.head, args)
            else:
                for name in sorted(free_symbols(node) - {self.index}):
                    self._outside.setdefault(Symbol(name), name)
                known[id(node)] = node
        return known[id(node)]

    def run(
        self,
        args: Sequence[Any],
        meaning: Mapping[str, Callable[..., Any]],
        number: Callable[[Fraction], Any],
    ) -> list[Any]:
        """Return the value of every moment."""
        domain, *outside = args
        captured = dict(zip(self._outside.values(), outside, strict=True))

        def term(values: Mapping[str, Any], x: Any) -> Any:
            return self._term.run({**values, self.index: x}, meaning, number)[0]

        def parts(values: Mapping[str, Any], x: Any) -> list[Any]:
            return self._parts.run({**values, self.index: x}, meaning, number)

        results: list[Any] = meaning["logsum"](Sum(term, parts, self._moments), domain, captured)
        return results


def _sums(nodes: Sequence[Node], seen: set[int]) -> Iterator[Call]:
    """Yield the sums in `nodes` that stand in no other sum, each object once."""
    for node in nodes:
        if isinstance(node, Call) and id(node) not in seen:
            seen.add(id(node))
            if node.head in BINDERS:
                yield node
                yield from _sums(node.args[-1:], seen)
            else:
                yield from _sums(node.args, seen)
