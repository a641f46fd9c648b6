"""What the next item can do: feed some of the open operands, be an output, or be a layer called twice.

Moves depend on the frontier alone (the open operands, the current depth, the Concatenates' remainders), so that states
with one frontier share them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations

from infer_convert.solve.demand import Demand, meet
from infer_convert.solve.features import Key, Scene, Single
from infer_convert.solve.items import Variant
from infer_convert.solve.state import STATE, Slot, State, filled, opened, overdrawn, settled
from infer_convert.solve.subsets import MOST_SUBSETS, best_first, last_of_runs, of_one_width
from infer_convert.solve.supply import Supply

MOST_CANDIDATES = 14
"""Open operands considered at once for one item; the deepest and nearest are preferred."""
OUTPUTS = 2.0
"""Nats against one layer whose calls are all the outputs."""
MOST_BESIDES = 5
"""Operands that a layer called twice is tried for besides a pair."""
LESS_LIKELY = 8.0
"""Sets this many nats behind the best are not tried."""
HARDLY_LIKELY = 14.0
"""The same where sums that the list does not show are looked for: they stand where listed ones rarely do, too."""
UNLISTED = 4.0
"""Nats against every sum that the list does not show."""


Opened = tuple[tuple[Slot, ...], tuple[tuple[int, int], ...]]
"""Open operands and the Concatenates' remainders."""
Frontier = tuple[int, tuple[Slot, ...], tuple[tuple[int, int], ...]]
"""Depth, open operands, the Concatenates' remainders: what the rest of the search depends on."""


@dataclass(slots=True, eq=False)
class Move:
    """One possibility. ``chosen`` are the operands filled, by the ``calls`` of the layer when it is shared. ``cost`` is
    the reading's prior, ``score`` the sum of the features that depend on the frontier alone and, while learning,
    ``keys`` these features; ``evidence`` is what the caller says about the edges, a cost beside the move's probability.
    ``result`` makes the frontier afterwards: few moves are taken, so it is made when asked for; ``motifs`` too, and
    both are kept, for states with one frontier share their moves."""

    number: int
    variant: Variant
    chosen: tuple[Slot, ...]
    fitting: tuple[Slot, ...]
    group: int
    cost: float
    keys: tuple[Key, ...]
    score: float
    result: Callable[[], Opened]
    shared: bool = False
    evidence: float = 0.0
    motifs: tuple[tuple[int, int], ...] | None = None
    calls: tuple[int, ...] = ()
    _frontier: Frontier | None = None

    def frontier(self) -> Frontier:
        """The frontier afterwards."""
        found = self._frontier
        if found is None:
            found = self._frontier = (self.group, *self.result())
        return found


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for the whole search. ``outputs``: how many there are, when it is known; ``hidden``: sums that the
    list does not show are considered; ``calls``: how often a layer may be called; ``all_subsets``: enumerate everything
    (for fitting); ``farthest``: depths behind which a sum or product that has its operands takes no further one."""

    outputs: int | None = None
    hidden: bool = False
    calls: tuple[int, ...] = ()
    all_subsets: bool = False
    farthest: float = math.inf


def moves(scene: Scene, rules: Rules, state: State, index: int, supply: Supply) -> list[Move]:
    """Every move of item ``index`` in the frontier of ``state``."""
    needed = [slot for slot in state.slots if slot.need and not supply.can_fill(slot)]
    remainders = dict(state.remainders)
    found: list[Move] = []
    missing = rules.outputs is not None and len(state.outputs) < rules.outputs
    for number, variant in enumerate(scene.items[index].variants):
        if state.depth == 0 and variant.operands[1] > 0 and not needed and (rules.outputs is None or missing):
            move = _output(scene, rules, state, index, number, variant, supply)
            if move is not None:
                found.append(move)
            if not state.outputs and variant.operands == (1, 1):
                found.extend(_shared_output(scene, rules, index, number, variant, supply))
        if missing:
            continue
        fitting = [slot for slot in _open(state, rules) if _fits(scene, remainders, index, variant, slot)]
        if not fitting or not all(slot in fitting for slot in needed):
            continue
        near = _nearest(fitting, needed)
        chances = _chances(scene, state, index, number, variant, _unlike(near), remainders, supply)
        for chosen in _subsets(rules, chances, state.depth, needed):
            filling = _fill(scene, rules, state, chances, chosen)
            if filling is not None:
                found.append(filling)
        if rules.calls and variant.operands == (1, 1):
            found.extend(
                move
                for move in _share(scene, rules, state, index, number, variant, near)
                if _living(supply, move.frontier()[1]) and all(slot in move.chosen for slot in needed)
            )
    return found


Sets = Callable[[Sequence[Slot]], Iterable[Sequence[Slot]]]
"""Some sets of operands."""


def feeding(scene: Scene, rules: Rules, state: State, index: int, supply: Supply, sets: Sets) -> Iterator[Move]:
    """The moves of item ``index``, in its first reading, that feed one of the ``sets`` of what it could feed."""
    variant, remainders = scene.items[index].variants[0], dict(state.remainders)
    fitting = [slot for slot in state.slots if _fits(scene, remainders, index, variant, slot)]
    if not fitting:
        return
    chances = _chances(scene, state, index, 0, variant, fitting, remainders, supply)
    for chosen in sets(fitting):
        if max([slot.group for slot in chosen]) >= state.depth - 1:
            filling = _fill(scene, rules, state, chances, tuple(chosen))
            if filling is not None:
                yield filling


def unweighed(
    scene: Scene, rules: Rules, state: State, index: int, number: int, supply: Supply, chosen: Sequence[Slot]
) -> Move | None:
    """The move that feeds just ``chosen``, for free; None when there is none."""
    variant, remainders = scene.items[index].variants[number], dict(state.remainders)
    if max([slot.group for slot in chosen]) < state.depth - 1:
        return None
    if not all(_fits(scene, remainders, index, variant, slot) for slot in chosen):
        return None
    made = _made(scene, rules, state, index, variant, remainders, supply, tuple(chosen))
    if made is None:
        return None
    evidence = math.fsum([scene.affinity(index, slot.item) for slot in chosen])
    return Move(number, variant, tuple(chosen), tuple(chosen), made[0], 0.0, (), 0.0, made[2], False, evidence)


def fitting(scene: Scene, state: State, index: int, number: int) -> list[Slot]:
    """The open operands that an item could feed by itself in its reading ``number``."""
    variant, remainders = scene.items[index].variants[number], dict(state.remainders)
    return [slot for slot in state.slots if _fits(scene, remainders, index, variant, slot)]


@dataclass(frozen=True, slots=True)
class _Chances:
    """One reading of an item before the open operands that it could feed."""

    index: int
    number: int
    variant: Variant
    fitting: tuple[Slot, ...]
    singles: tuple[Single, ...]
    evidence: tuple[float, ...]
    remainders: Mapping[int, int]
    supply: Supply

    def gains(self) -> list[float]:
        """Log-odds of feeding each operand."""
        return [single.odds - cost for single, cost in zip(self.singles, self.evidence, strict=True)]


def _chances(
    scene: Scene,
    state: State,
    index: int,
    number: int,
    variant: Variant,
    fitting: list[Slot],
    remainders: Mapping[int, int],
    supply: Supply,
) -> _Chances:
    evidence = tuple([scene.affinity(index, slot.item) for slot in fitting])
    singles = scene.singles(index, variant, fitting, state.depth)
    return _Chances(index, number, variant, tuple(fitting), singles, evidence, remainders, supply)


def _open(state: State, rules: Rules) -> Sequence[Slot]:
    if not rules.hidden:
        return state.slots
    return [*state.slots, *(slot.summing() for slot in state.slots if _may_sum(slot))]


def _may_sum(slot: Slot) -> bool:
    return not slot.merges and slot.room == 1 and slot.label.partition("/")[0] not in ("Input", "Embedding", "State")


def _living(supply: Supply, slots: tuple[Slot, ...]) -> bool:
    return all(supply.can_fill(slot) for slot in slots if slot.need)


def _nearest(fitting: list[Slot], needed: Sequence[Slot]) -> list[Slot]:
    """The candidates: operands that must be filled first, sums that are complete already last."""
    fitting.sort(key=lambda slot: (slot not in needed, slot.elementwise and slot.need == 0, -slot.group, slot.item))
    return fitting[:MOST_CANDIDATES]


def _unlike(fitting: list[Slot]) -> list[Slot]:
    """Of three and more calls of one item only the last: which is which is a matter of names, and the list's order
    gives the last call the last operand."""
    last: dict[int, int] = {}
    for slot in fitting:
        last[slot.item] = max(slot.call, last.get(slot.item, 0))
    return [slot for slot in fitting if last[slot.item] < 2 or slot.call == last[slot.item]]


def _output(
    scene: Scene, rules: Rules, state: State, index: int, number: int, variant: Variant, supply: Supply
) -> Move | None:
    out = variant.channels_out or 0
    new, added = opened(index, 0, variant, 0, out, ())
    if not _living(supply, new):
        return None
    keys = scene.output_keys(index, variant, len(state.outputs), rules.outputs is not None)
    slots, remainders = (*state.slots, *new), (*state.remainders, *added)
    return Move(
        number, variant, (), (), 0, -variant.log_prior, keys, scene.score(keys), lambda: (slots, remainders)
    )  # fmt: skip


def _shared_output(
    scene: Scene, rules: Rules, index: int, number: int, variant: Variant, supply: Supply
) -> Iterator[Move]:
    """One layer whose calls are all the outputs there are."""
    out = variant.channels_out or 0
    for count in [count for count in rules.calls if rules.outputs in (None, count)]:
        new: list[Slot] = []
        sums: list[tuple[int, int]] = []
        for call in range(count):
            more, added = opened(index, call, variant, 0, out, ())
            new.extend(more)
            sums.extend(added)
        if not _living(supply, tuple(new)):
            continue
        keys = scene.share_keys(index, variant, None, True, 0, out, {})
        yield Move(
            number, variant, (), (), 0, OUTPUTS - variant.log_prior, keys, scene.score(keys),
            partial(_unchanged, (tuple(new), tuple(sums))), True, calls=tuple(range(count)),
        )  # fmt: skip


def _fits(scene: Scene, remainders: Mapping[int, int], index: int, variant: Variant, slot: Slot) -> bool:
    if not math.isfinite(scene.affinity(index, slot.item)):
        return False
    if slot.is_state() and slot.label != STATE + variant.state:
        return False
    if variant.channels == "fixed" and slot.label == "Embedding":
        return False  # it looks up whole numbers, and layers with weights give others
    out_ranks = scene.out_ranks(variant)
    if not out_ranks & slot.ranks and not (slot.broadcasts and out_ranks and min(out_ranks) < max(slot.ranks)):
        return False
    return meet(remainders, variant, (slot,)) is not None


def _subsets(
    rules: Rules, chances: _Chances, depth: int, needed: Sequence[Slot]
) -> Iterator[tuple[Slot, ...]]:
    """Sets of operands that hold all the needed ones and at least one of the depth group just placed or being placed,
    the likeliest first."""
    fitting = chances.fitting
    forced = [slot in needed for slot in fitting]
    deep = [slot.group >= depth - 1 for slot in fitting]
    if rules.all_subsets:
        places = range(len(fitting))
        for size, most in enumerate((14, 12, 9, 7, 6, 6, 6), 1):
            for taken in combinations(places[:most], size):
                if any(deep[i] for i in taken) and all(i in taken for i in places if forced[i]):
                    yield tuple([fitting[i] for i in taken])
        return
    best: float | None = None
    tried: set[int] = set()
    for price, mask in best_first(chances.gains(), forced, deep):
        if best is not None and price > best + (HARDLY_LIKELY if rules.hidden else LESS_LIKELY):
            break
        best = price if best is None else best
        tried.add(mask)
        yield tuple([slot for i, slot in enumerate(fitting) if mask >> i & 1])
        if len(tried) == MOST_SUBSETS:
            break
    must = sum(1 << i for i, yes in enumerate(forced) if yes)
    for mask in dict.fromkeys((*of_one_width(fitting), *last_of_runs(fitting))):
        if mask not in tried and mask & must == must and any(yes and mask >> i & 1 for i, yes in enumerate(deep)):
            tried.add(mask)
            yield tuple([slot for i, slot in enumerate(fitting) if mask >> i & 1])
    for i, slot in enumerate(fitting):
        # Single operands are weighed one by one, so that each may look likely where only one of them can be fed.
        if deep[i] and must in (0, 1 << i) and 1 << i not in tried:
            yield (slot,)


def _fill(
    scene: Scene, rules: Rules, state: State, chances: _Chances, chosen: tuple[Slot, ...]
) -> Move | None:
    variant, index = chances.variant, chances.index
    made = _made(scene, rules, state, index, variant, chances.remainders, chances.supply, chosen)
    if made is None:
        return None
    group, out, result = made
    score, keys = scene.fill(
        index, variant, chosen, chances.fitting, chances.singles, state.depth, out, chances.remainders
    )
    evidence = [scene.affinity(index, slot.item) for slot in chosen] if any(chances.evidence) else ()
    cost = UNLISTED * sum(slot.hidden and not slot.filled for slot in chosen) - variant.log_prior
    return Move(
        chances.number, variant, chosen, chances.fitting, group, cost, keys, score, result, False, math.fsum(evidence)
    )  # fmt: skip


def _made(
    scene: Scene,
    rules: Rules,
    state: State,
    index: int,
    variant: Variant,
    remainders: Mapping[int, int],
    supply: Supply,
    chosen: tuple[Slot, ...],
) -> tuple[int, Demand, Callable[[], Opened]] | None:
    """The depth of an item that feeds ``chosen``, what is demanded of it, and what makes the frontier afterwards."""
    if len(chosen) > 1 and len({slot.item for slot in chosen}) < len(chosen):
        return None
    out = meet(remainders, variant, chosen)
    if out is None:
        return None
    if len(chosen) > 1:
        firm = [slot.ranks for slot in chosen if not slot.broadcasts]
        if len(firm) > 1 and not frozenset.intersection(*firm) & scene.out_ranks(variant):
            return None
    group = 1 + max([slot.group for slot in chosen])
    new, added = opened(index, 0, variant, group, out, chosen)
    if not _living(supply, new):
        return None

    result: Callable[[], Opened] = partial(
        _filled, state, variant, chosen, out, (new, added), group - rules.farthest
    )
    if any(slot.link >= 0 or (slot.room > 1 and slot.need > 1) or isinstance(slot.demand, tuple) for slot in chosen):
        made = result()
        if not _living(supply, made[0]) or overdrawn(*made):
            return None
        result = partial(_unchanged, made)
    return group, out, result


def _filled(
    state: State, variant: Variant, chosen: tuple[Slot, ...], out: Demand, added: Opened, nearest: float
) -> Opened:
    """The frontier once ``chosen`` are filled. Sums and products nearer to the outputs than ``nearest`` are closed."""
    slots = state.slots
    if any(slot.hidden and not slot.filled for slot in chosen):
        sums = {(slot.item, slot.call): slot for slot in chosen if slot.hidden and not slot.filled}
        slots = tuple(sums.get((slot.item, slot.call), slot) for slot in slots)
    left, rest = filled(slots, state.remainders, chosen, out, variant)
    left = tuple([slot for slot in left if slot.group >= nearest or not slot.elementwise or slot.need])
    return settled((*left, *added[0]), (*rest, *added[1]))


def _share(
    scene: Scene, rules: Rules, state: State, index: int, number: int, variant: Variant, fitting: Sequence[Slot]
) -> Iterator[Move]:
    """One layer called several times: for as many operands of one merge, or for as many calls of one consumer; called
    twice, perhaps for one operand more, or for two of another merge."""
    for count in rules.calls:
        for taken_together in _together(fitting, count):
            first = taken_together[0][0]
            for more in _besides(first, fitting) if count == 2 else ((),):
                taken = (*taken_together, *more)
                group = 1 + max([slot.group for slot, _ in taken])
                if group - 1 not in (state.depth, state.depth - 1):
                    continue
                made = _called_often(state, index, variant, taken, group, count)
                if made is None:
                    continue
                keys = scene.share_keys(
                    index, variant, first, first is taken_together[1][0], len(more), variant.channels_out or 0,
                    dict(state.remainders),
                )  # fmt: skip
                yield Move(
                    number, variant, tuple([slot for slot, _ in taken]), tuple(fitting), group, -variant.log_prior,
                    keys, scene.score(keys), partial(_unchanged, made), True, scene.affinity(index, first.item),
                    calls=tuple([call for _, call in taken]),
                )  # fmt: skip


def _together(fitting: Sequence[Slot], count: int) -> Iterator[tuple[tuple[Slot, int], ...]]:
    """Operands that ``count`` calls of one layer may fill, with the numbers of the calls."""
    for slot in fitting:
        if _takes_all(slot, count):
            yield tuple([(slot, call) for call in range(count)])
    calls: dict[int, list[Slot]] = {}
    for slot in fitting:
        calls.setdefault(slot.item, []).append(slot)
    for slots in calls.values():
        if len({slot.call for slot in slots}) == len(slots) == count:
            yield tuple([(slot, call) for call, slot in enumerate(sorted(slots, key=lambda slot: slot.call))])


def _takes_all(slot: Slot, count: int) -> bool:
    """Whether all calls of one layer may be operands of a merge: the first ones, or some of a Concatenate's
    (``[a, b, a * b]``)."""
    if not slot.merges or slot.hidden or slot.room < count:
        return False
    return 1 < slot.need <= count if slot.filled == 0 else not slot.elementwise and slot.need <= count


def _besides(first: Slot, fitting: Sequence[Slot]) -> Iterator[tuple[tuple[Slot, int], ...]]:
    """What a layer called twice may feed besides a pair: nothing, one operand, two of a merge, or two of every merge
    that waits for two (``[a, b, a - b, a * b]``)."""
    yield ()
    pairs: list[tuple[Slot, int]] = []
    for slot in [slot for slot in fitting if slot.item != first.item and not slot.hidden][:MOST_BESIDES]:
        if _takes_all(slot, 2):
            yield (slot, 0), (slot, 1)
            pairs += [(slot, 0), (slot, 1)]
        else:
            yield ((slot, 0),)
            yield ((slot, 1),)
    if len(pairs) > 2:
        yield tuple(pairs)


def _unchanged(made: Opened) -> Opened:
    return made


def _called_often(
    state: State, index: int, variant: Variant, taken: Sequence[tuple[Slot, int]], group: int, count: int
) -> Opened | None:
    slots, remainders = state.slots, state.remainders
    outs: list[Demand] = [0] * count
    firsts: list[Slot | None] = [None] * count
    for slot, call in taken:
        current = next((s for s in slots if (s.item, s.call, s.merges) == (slot.item, slot.call, slot.merges)), None)
        out: Demand | None = None if current is None else meet(dict(remainders), variant, (current,))
        if current is None or out is None:
            return None
        slots, remainders = filled(slots, remainders, (current,), out, variant)
        if firsts[call] is None or not outs[call]:
            outs[call] = out
        firsts[call] = firsts[call] or current
    new: list[Slot] = []
    sums: list[tuple[int, int]] = []
    for call, first in enumerate(firsts):
        assert first is not None
        more, added = opened(index, call, variant, group, outs[call], (first,))
        new.extend(more)
        sums.extend(added)
    return settled((*slots, *new), (*remainders, *sums))
