"""Shapes that may stand where: the lattice that a search over settings walks through, before habits are asked.

A state holds the shapes that later calls still read; a move is an option of the next call and the state behind it. What
leads nowhere (a size that no pool brings down to what a Dense takes) is found by one sweep without memories, forward
and back, and left out: a beam of states holds only what may come to an end. It knows nothing of Keras.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from operator import itemgetter

Shape = tuple[int | None, ...]
Results = Callable[[tuple[Shape, ...]], list[tuple[int, Shape]]]
"""Every option of an item that suits the operands, by number, and the shape that it gives."""
_Ids = tuple[int, ...]
"""Shapes by the numbers that a lattice gives them: hashed in a fraction of the time."""
_Maker = Callable[[_Ids], list[tuple[int, int]]]

MOST_MOVES = 250_000
"""Moves up to which the sweep looks ahead, one or two microseconds each; where there are more, the search finds out by
itself what leads nowhere. Four times as many took twice the time of nets of many branches, with the same plans; long
narrow inputs (one-hot sequences) may now take three times theirs and lose an unlikely plan."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """Two operands of a later ``call`` of ``item``: the result at hand and the shape at ``place`` of what is kept;
    ``first`` where the result is the earlier operand."""

    item: int
    call: int
    place: int
    first: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """What one call reads and keeps, as positions in the tuples of the states before and behind it, and what its result
    is going to meet: a result that does not suit there leads nowhere, however much is called before."""

    item: int
    operands: tuple[int, ...]
    kept: tuple[int, ...]
    keeps_result: bool
    meetings: tuple[Meeting, ...] = ()


@dataclass(slots=True)
class _Layer:
    """The states in front of one call, numbered as they are met, and their moves as far as they are known."""

    numbers: dict[_Ids, int] = field(default_factory=dict)
    moves: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    _shapes: list[_Ids] = field(default_factory=list)

    def shapes(self, state: int) -> _Ids:
        if state >= len(self._shapes):
            self._shapes.extend(islice(self.numbers, len(self._shapes), None))
        return self._shapes[state]


class Lattice:
    """The states behind ``calls`` of items with these ``results``; the first state is number 0. ``failed_at`` is the
    call that nothing suits, if there is one; ``blind`` tells that there were too many moves to look at all of them."""

    def __init__(self, results: Sequence[Results], calls: Sequence[Reading]) -> None:
        self._results, self._calls = results, calls
        self._ids: dict[Shape, int] = {}
        self._shapes: list[Shape] = []
        self._known: list[dict[_Ids, list[tuple[int, int]]]] = [{} for _ in results]
        self._layers = [_Layer() for _ in range(len(calls) + 1)]
        self._layers[0].numbers[()] = 0
        self._suits: dict[tuple[int, int, int], bool] = {}
        self._blamed: dict[int, int] = {}
        self._makers = [self._maker(index) for index in range(len(calls))]
        self.blind = False
        self.failed_at = self._sweep()

    def moves(self, index: int, state: int) -> list[tuple[int, int]]:
        """From a state in front of call ``index``: every option that suits and may lead to an end, with the number of
        the state behind it."""
        found = self._layers[index].moves.get(state)
        return self._made(index, state) if found is None else found

    def operands(self, index: int, state: int) -> tuple[Shape, ...]:
        """The shapes that call ``index`` takes from a state in front of it."""
        shapes = self._layers[index].shapes(state)
        return tuple([self._shapes[shapes[place]] for place in self._calls[index].operands])

    def _made(self, index: int, state: int) -> list[tuple[int, int]]:
        layer = self._layers[index]
        made = layer.moves[state] = self._makers[index](layer.shapes(state))
        return made

    def _maker(self, index: int) -> _Maker:
        """What gives the moves of a state in front of one call."""
        call = self._calls[index]
        memo, meetings = self._known[call.item], call.meetings
        operands_of, kept_of = _picker(call.operands), _picker(call.kept)
        numbers, keeps = self._layers[index + 1].numbers, call.keeps_result

        def make(shapes: _Ids) -> list[tuple[int, int]]:
            operands = operands_of(shapes)
            results = memo.get(operands)
            if results is None:
                results = memo[operands] = self._asked(call.item, operands)
            kept = kept_of(shapes)
            if meetings:
                results = [each for each in results if self._meets(index, kept, each[1])]
            if keeps:
                return [(number, numbers.setdefault((*kept, result), len(numbers))) for number, result in results]
            if not results:
                return []
            behind = numbers.setdefault(kept, len(numbers))
            return [(number, behind) for number, _ in results]

        return make

    def _asked(self, item: int, operands: _Ids) -> list[tuple[int, int]]:
        found = []
        for number, shape in self._results[item](tuple([self._shapes[operand] for operand in operands])):
            known = self._ids.setdefault(shape, len(self._ids))
            if known == len(self._shapes):
                self._shapes.append(shape)
            found.append((number, known))
        return found

    def _meets(self, index: int, kept: _Ids, result: int) -> bool:
        """Whether a result suits all that it is going to meet among the shapes kept."""
        for meeting in self._calls[index].meetings:
            pair = (result, kept[meeting.place]) if meeting.first else (kept[meeting.place], result)
            key = (meeting.item, *pair)
            suits = self._suits.get(key)
            if suits is None:
                suits = self._suits[key] = bool(self._results[meeting.item](tuple([self._shapes[i] for i in pair])))
            if not suits:
                self._blamed.setdefault(index, meeting.call)
                return False
        return True

    def blamed(self, index: int) -> int:
        """The call that nothing suits where no state is left behind call ``index``: it, or what its results should
        have met."""
        return self._blamed.get(index, index)

    def _sweep(self) -> int | None:
        """Forward as far as it is cheap, then back: moves that lead nowhere are taken out."""
        count, last = 0, len(self._calls)
        for index in range(last):
            make, moves = self._makers[index], self._layers[index].moves
            for state, shapes in enumerate(self._layers[index].numbers):
                made = moves[state] = make(shapes)
                count += 1 + len(made)
                if count > MOST_MOVES:
                    break
            if count > MOST_MOVES:
                last, self.blind = index, True
                break
            if not self._layers[index + 1].numbers:
                return self.blamed(index)
        alive: set[int] | None = None
        for index in reversed(range(last)):
            moves = self._layers[index].moves
            if alive is not None and len(alive) < len(self._layers[index + 1].numbers):
                for state, known in moves.items():
                    moves[state] = [move for move in known if move[1] in alive]
            alive = {state for state, known in moves.items() if known}
        return None


def _picker(positions: tuple[int, ...]) -> Callable[[_Ids], _Ids]:
    """What takes these positions out of a tuple of shapes; a lattice asks it once for every state."""
    if not positions:
        return lambda shapes: ()
    if len(positions) == 1:
        only = positions[0]
        return lambda shapes: (shapes[only],)
    return itemgetter(*positions)
