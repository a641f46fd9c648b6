"""Shapes that may stand where: the lattice that a search over settings walks through, before habits are asked.

A state holds the shapes that later calls still read; a move is an option of the next call and the state behind it. What
leads nowhere (a size that no pool brings down to what a Dense takes) is found by one sweep without memories, forward
and back, and left out: a beam of states holds only what may come to an end. It knows nothing of Keras.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice

Shape = tuple[int | None, ...]
Results = Callable[[tuple[Shape, ...]], list[tuple[int, Shape]]]
"""Every option of an item that suits the operands, by number, and the shape that it gives."""

MOST_MOVES = 1_000_000
"""Moves up to which the sweep looks ahead, one or two microseconds each; where there are more, the search finds out by
itself what leads nowhere."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one call reads and keeps, as positions in the tuples of the states before and behind it."""

    item: int
    operands: tuple[int, ...]
    kept: tuple[int, ...]
    keeps_result: bool


@dataclass(slots=True)
class _Layer:
    """The states in front of one call, numbered as they are met, and their moves as far as they are known."""

    numbers: dict[tuple[Shape, ...], int] = field(default_factory=dict)
    moves: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    _shapes: list[tuple[Shape, ...]] = field(default_factory=list)

    def shapes(self, state: int) -> tuple[Shape, ...]:
        if state >= len(self._shapes):
            self._shapes.extend(islice(self.numbers, len(self._shapes), None))
        return self._shapes[state]


class Lattice:
    """The states behind ``calls`` of items with these ``results``; the first state is number 0. ``failed_at`` is the
    call behind which there is none, if there is one."""

    def __init__(self, results: Sequence[Results], calls: Sequence[Reading]) -> None:
        self._results, self._calls = results, calls
        self._known: list[dict[tuple[Shape, ...], list[tuple[int, Shape]]]] = [{} for _ in results]
        self._layers = [_Layer() for _ in range(len(calls) + 1)]
        self._layers[0].numbers[()] = 0
        self.failed_at = self._sweep()

    def moves(self, index: int, state: int) -> list[tuple[int, int]]:
        """From a state in front of call ``index``: every option that suits and may lead to an end, with the number of
        the state behind it."""
        found = self._layers[index].moves.get(state)
        return self._made(index, state) if found is None else found

    def _made(self, index: int, state: int) -> list[tuple[int, int]]:
        call, layer, behind = self._calls[index], self._layers[index], self._layers[index + 1]
        shapes, numbers = layer.shapes(state), behind.numbers
        operands = tuple([shapes[position] for position in call.operands])
        memo = self._known[call.item]
        results = memo.get(operands)
        if results is None:
            results = memo[operands] = self._results[call.item](operands)
        kept = tuple([shapes[position] for position in call.kept])
        if call.keeps_result:
            made = [(number, numbers.setdefault((*kept, result), len(numbers))) for number, result in results]
        else:
            made = [(number, numbers.setdefault(kept, len(numbers))) for number, _ in results]
        layer.moves[state] = made
        return made

    def _sweep(self) -> int | None:
        """Forward as far as it is cheap, then back: moves that lead nowhere are taken out."""
        count, last = 0, len(self._calls)
        for index in range(last):
            for state in range(len(self._layers[index].numbers)):
                count += 1 + len(self._made(index, state))
                if count > MOST_MOVES:
                    break
            if count > MOST_MOVES:
                last = index
                break
            if not self._layers[index + 1].numbers:
                return index
        alive: set[int] | None = None
        for index in reversed(range(last)):
            moves = self._layers[index].moves
            if alive is not None and len(alive) < len(self._layers[index + 1].numbers):
                for state, known in moves.items():
                    moves[state] = [move for move in known if move[1] in alive]
            alive = {state for state, known in moves.items() if known}
        return None
