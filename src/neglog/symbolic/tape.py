"""Several trees flattened for evaluation at many points: every part they share is computed once.

Looking a subtree up in a dictionary hashes all of it, at every node and every point; a tape has done so once and runs
over list positions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from neglog.symbolic.expression import Call, Node, Number, Symbol

__all__ = ["Tape"]


class Tape:
    """Trees as a list of operations, arguments before what uses them.

    Parameters
    ----------
    nodes : sequence of Node
        What to evaluate.
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._places: dict[Node, int] = {}
        self._operations: list[tuple[Node, tuple[int, ...]]] = []
        self.results = [self._add(node) for node in nodes]

    def _add(self, node: Node) -> int:
        place = self._places.get(node)
        if place is None:
            args = tuple(self._add(arg) for arg in node.args) if isinstance(node, Call) else ()
            place = self._places[node] = len(self._operations)
            self._operations.append((node, args))
        return place

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
        """
        done: list[Any] = []
        for node, places in self._operations:
            if isinstance(node, Number):
                done.append(number(node.value))
            elif isinstance(node, Symbol):
                done.append(values[node.name])
            else:
                assert isinstance(node, Call)
                args = [done[place] for place in places]
                missing = args[:1] if node.head == "where" else args
                if any(arg is None for arg in missing):
                    done.append(None)
                    continue
                try:
                    done.append(meaning[node.head](*args))
                except failures:
                    done.append(None)
        return [done[place] for place in self.results]
