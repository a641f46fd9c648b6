"""Nets of repeated cells: a cell is wired once and copied.

A cell of many parallel branches, each of which may read any of two tensors, has more wirings than a beam holds, and all
but a few lead nowhere some hundred items further on. Here items that stand in a repeated stretch of the list do what
their twins did (``copies.py``); only what is new is searched for. There kinds of choices that the net has made already
are the likelier (a Chinese restaurant's tables, as in ``roles.py``, where the fitted weights tell what is new), states
with fewer open operands come first, sums have two operands, convolutions feed their normalisations (``norms.py``), and
what cannot be completed is dropped early (``ahead.py``). Where all states are lost the search goes back and keeps more.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations

from infer_convert.solve import patience
from infer_convert.solve.ahead import Ahead
from infer_convert.solve.copies import Twin
from infer_convert.solve.elsewhere import Elsewhere
from infer_convert.solve.features import Scene
from infer_convert.solve.follow import after
from infer_convert.solve.moves import Move, Rules, feeding, fitting, moves, unweighed
from infer_convert.solve.state import Precedence, Slot, State, contradictory
from infer_convert.solve.steps import Step, steps
from infer_convert.solve.supply import Supply

BEAM = 16
"""States kept after each item that is copied."""
NEW_BEAM = 48
"""States kept after each other item."""
UNLIKE = 4.0
"""Nats against doing anything but what the twin did."""
FURTHER = 0.5
"""Nats against feeding an operand more than the twin, which had no such operand open."""
CALMED = 0.5
"""Exponent of the fitted shares: they were fitted on nets in which no two rows of parallel branches are alike."""
OPEN = 2.0
"""Nats by which a state comes later for every open operand."""
WORST = 40.0
"""States this much behind the first are dropped."""
PER_WAITING = 2
"""States with the same number of open operands take at most this part of the beam."""
PAIRED = 10
"""Open operands of which all pairs are tried where nothing is copied, those opened last."""
BACK = 12
"""Items that the search goes back when all states are lost; twice as many every time."""
WIDER = 8
"""How much wider the beam becomes at most."""
MOST_STATES = 16
"""States per item that are looked at in one search."""

RIGHT = 0.8
"""How likely an edge of a wiring found like this is right: of NASNet's, the one family known that needs this, four
fifths were."""

Kind = tuple[str, ...]


def completed(
    scene: Scene, rules: Rules, supply: Sequence[Supply], ties: Mapping[int, int], found: Sequence[Twin | None]
) -> list[State]:
    """States in which every item is placed; none when the search finds none with its work. ``ties`` are convolutions
    with their normalisations, ``found`` the items' twins."""
    search = _Search(scene, rules, supply, ties, found)
    last = len(scene.items) - 1
    levels: dict[int, list[State]] = {last + 1: [State(last)]}
    index, lost, until, wider, back = last, last + 1, 0, 1, BACK
    while index >= 0:
        beam = BEAM if found[index] is not None else NEW_BEAM
        kept = search.advanced(levels[index + 1], index, beam * (wider if index <= until else 1))
        if kept:
            levels[index] = kept
            if index < lost - BACK // 2:
                wider, back = 1, BACK
            index -= 1
            continue
        lost = min(lost, index)
        until = index = min(last, index + back)
        wider, back = min(2 * wider, WIDER), 2 * back
        if search.looked_at > MOST_STATES * len(found) or back > 2 * len(found):
            return []
    return levels[0]


class _Search:
    """What is known before a search, and the kinds of choices that it has met."""

    def __init__(
        self,
        scene: Scene,
        rules: Rules,
        supply: Sequence[Supply],
        ties: Mapping[int, int],
        found: Sequence[Twin | None],
    ) -> None:
        self._scene, self._rules, self._supply = scene, rules, supply
        self._last = len(scene.items) - 1
        self._twins = found
        self._ahead = Ahead(scene.items, supply, ties)
        self._elsewhere = Elsewhere(scene.items, self._twins)
        self._seen: dict[str, dict[Kind, None]] = {}
        self.looked_at = 0

    def advanced(self, states: Sequence[State], index: int, beam: int) -> list[State]:
        """The states after one more item."""
        patience.check()
        self.looked_at += len(states)
        known: dict[object, list[Move]] = {}
        candidates: list[tuple[float, int, State, Step]] = []
        for state in states:
            for step in self._steps(state, index, known):
                order = state.cost + step.cost + OPEN * _waiting(state, step.move)
                candidates.append((order, len(candidates), state, step))
        heapq.heapify(candidates)
        worst = candidates[0][0] + WORST if candidates else 0.0
        kept: list[State] = []
        seen: set[object] = set()
        waiting: Counter[int] = Counter()
        while candidates and len(kept) < beam:
            order, _, state, step = heapq.heappop(candidates)
            if order > worst:
                break
            frontier = step.move.frontier()
            open_operands = sum([slot.need for slot in frontier[1]])
            if index and (frontier in seen or waiting[open_operands] >= beam // PER_WAITING):
                continue
            consumers = [slot.item for slot in step.move.chosen]
            if consumers and not self._elsewhere.suits(state.past, self._last, index, consumers):
                continue
            followed = _followed(state, index, step)
            if followed is not None:
                kept.append(followed)
                seen.add(frontier)
                waiting[open_operands] += 1
                self._seen.setdefault(step.move.variant.label, {})[_kind(step.move)] = None
        return kept

    def _steps(self, state: State, index: int, known: dict[object, list[Move]]) -> list[Step]:
        copied = self._copied(state, index)
        if copied:
            return copied
        key = (state.frontier(), len(state.outputs) if state.depth == 0 else 0)
        found = known.get(key)
        if found is None:
            found = known[key] = list(self._moves(state, index))
        odd = UNLIKE if self._twins[index] is not None else 0.0
        told = self._told(state, steps(self._scene, state, index, found))
        return [step._replace(cost=step.cost + odd) for step in told]

    def _copied(self, state: State, index: int) -> list[Step]:
        """What the item's twin did, and the same with one open operand more."""
        twin = self._twins[index]
        if twin is None:
            return []
        _, consumers, _ = state.past.row(self._last - index - twin.offset)
        if not consumers or max(consumers) >= index + twin.offset + twin.reach:
            return []
        at = {slot.item: slot for slot in state.slots}
        chosen = [at[item - twin.offset] for item in consumers if item - twin.offset in at]
        if len(chosen) < len(consumers):
            return []
        first = self._copy(state, index, chosen)
        if first is None:
            return []
        deepest = max([slot.group for slot in chosen])
        found = [first]
        for slot in fitting(self._scene, state, index, 0):
            if slot.need and slot.group <= deepest and slot not in chosen:
                further = self._copy(state, index, [*chosen, slot])
                if further is not None:
                    odd = self._was_open(state, index + twin.offset, slot.item + twin.offset)
                    found.append(further._replace(cost=further.cost + (UNLIKE if odd else FURTHER)))
        return found

    def _was_open(self, state: State, index: int, consumer: int) -> bool:
        """Whether an operand of a later item was still open when ``index`` was placed."""
        rows = [state.past.row(self._last - item) for item in range(index + 1, min(consumer, self._last + 1))]
        return consumer <= self._last and not any(consumer in consumers for _, consumers, _ in rows)

    def _copy(self, state: State, index: int, chosen: Sequence[Slot]) -> Step | None:
        move = unweighed(self._scene, self._rules, state, index, 0, self._supply[index], chosen)
        if move is None or self._ahead.is_dead(index, move.frontier()):
            return None
        allowed = state.visited_before(move.chosen) if move.group == state.depth else None
        if allowed is False:
            return None
        return Step(move, move.evidence, self._numbers(move), allowed if isinstance(allowed, tuple) else None)

    def _moves(self, state: State, index: int) -> Iterator[Move]:
        """Moves of the usual search, those of kinds that the net has made already, and pairs of operands."""
        usual = moves(self._scene, self._rules, state, index, self._supply[index])
        known = {frozenset([slot.item for slot in move.chosen]) for move in usual}
        kinds = self._seen.get(self._scene.labels[index], {})

        def further(slots: Sequence[Slot]) -> Iterator[Sequence[Slot]]:
            for chosen in (*_like(slots, kinds), *combinations(slots[-PAIRED:], 2)):
                items = frozenset([slot.item for slot in chosen])
                if items not in known and len(items) == len(chosen):
                    known.add(items)
                    yield chosen

        new = feeding(self._scene, self._rules, state, index, self._supply[index], further)
        for move in (*usual, *new):
            if not move.chosen or not self._ahead.is_dead(index, move.frontier()):
                yield move

    def _told(self, state: State, found: Sequence[Step]) -> list[Step]:
        """Steps whose shares the net's own choices so far have changed."""
        costs = [step.cost - step.move.evidence for step in found]
        least = min(costs, default=0.0)
        shares = [math.exp(CALMED * (least - cost)) for cost in costs]
        total = math.fsum(shares)
        shares = [share / total for share in shares]
        of_kind: Counter[Kind] = Counter()
        for step, share in zip(found, shares, strict=True):
            of_kind[_kind(step.move)] += share  # type: ignore[assignment]
        told: list[Step] = []
        for step, share in zip(found, shares, strict=True):
            numbers = self._numbers(step.move)
            often, all_told = [(state.memory.get(number) or (0, 0))[1] for number, _ in numbers]
            again = often * share / of_kind[_kind(step.move)] if often else 0.0
            likely = max((again + share) / (all_told + 1), 1e-30)
            cost = step.move.evidence - math.log(likely)
            told.append(step._replace(cost=cost, motifs=(*step.motifs, *numbers)))
        return told

    def _numbers(self, move: Move) -> tuple[tuple[int, int], ...]:
        """How motifs remember the kind of a choice, and that there was one."""
        label = move.variant.label
        kind = self._scene.number(("kind", label, _kind(move)))
        any_kind = self._scene.number(("kind", label))
        return (kind, kind), (any_kind, any_kind)


def _like(slots: Sequence[Slot], kinds: Iterable[Kind]) -> Iterator[Sequence[Slot]]:
    """Sets of operands of certain kinds, of like ones the first or the last in the list."""
    labelled: dict[str, list[Slot]] = {}
    for slot in sorted(slots, key=lambda slot: slot.item):
        labelled.setdefault(slot.label, []).append(slot)
    for kind in kinds:
        wanted = Counter(kind)
        if kind and all(len(labelled.get(name, ())) >= count for name, count in wanted.items()):
            yield [slot for name, count in wanted.items() for slot in labelled[name][:count]]
            yield [slot for name, count in wanted.items() for slot in labelled[name][-count:]]


def _kind(move: Move) -> Kind:
    return tuple(sorted([slot.label for slot in move.chosen]))


def _waiting(state: State, move: Move) -> int:
    """Open operands and unfinished Concatenates after a move, about."""
    rest = dict(state.remainders)
    full = [slot for slot in move.chosen if not slot.need and rest.get(slot.item) == move.variant.channels_out]
    fed = sum([slot.need > 0 for slot in move.chosen]) + len(full)
    return sum([slot.need for slot in state.slots]) + len(rest) - fed + move.variant.operands[0]


def _followed(state: State, index: int, step: Step) -> State | None:
    """The state that a step leads to. Where it depends on the order of two operands from which of its consumers Keras'
    walk meets the item, the item itself comes first if that is possible; None when neither is."""
    consumers = tuple(dict.fromkeys([slot.item for slot in step.move.chosen]))
    for precedence in _decided(state, index, consumers):
        decided, order = state, step.order
        if precedence != state.precedence:
            decided = state._replace(precedence=precedence)
            if step.move.group == state.depth:
                allowed = decided.visited_before(step.move.chosen)
                if allowed is False:
                    continue
                order = allowed if isinstance(allowed, tuple) else None
        if order is None or not contradictory(decided.precedence | {order}, order):
            return after(decided, index, step._replace(order=order), state.cost + step.cost)
    return None


def _decided(state: State, index: int, consumers: Sequence[int]) -> Iterator[frozenset[Precedence]]:
    """Precedences under which it is settled from which of its consumers Keras' walk meets an item."""
    found = state.first_or_open(index, consumers) if len(consumers) > 1 else None
    if not isinstance(found, tuple):
        yield state.precedence
        return
    merge, first, last = found
    ways = [(merge, first, last), (merge, last, first)]
    for latest in ways if first == index else ways[::-1]:
        precedence = state.precedence | {latest}
        if not contradictory(precedence, latest):
            yield from _decided(state._replace(precedence=precedence), index, consumers)
