"""What the next item can do: feed some of the open operands, be an output, or be a layer called twice.

Moves depend on the frontier alone (the open operands, the current depth, the Concatenates' remainders), so that states
with one frontier share them.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

from infer_convert.solve.demand import Demand, meet
from infer_convert.solve.features import Key, Scene, Single
from infer_convert.solve.items import Variant
from infer_convert.solve.state import Slot, State, filled, opened, settled
from infer_convert.solve.supply import Supply

MOST_CANDIDATES = 14
"""Open operands considered at once for one item; the deepest and nearest are preferred."""
MOST_SUBSETS = 32
"""Sets of operands tried for one reading, the likeliest by the sum of single log-odds first."""
LESS_LIKELY = 12.0
"""Sets this many nats behind the best are not tried."""


class Move(NamedTuple):
    """One possibility. ``chosen`` are the operands filled (``calls`` of them by calls of their own when the layer is
    shared); ``slots`` and ``remainders`` are the frontier afterwards. ``cost`` is the reading's prior,
    ``score`` the sum of the features that depend on the frontier alone and, while learning, ``keys`` these features;
    ``evidence`` is what the caller says about the edges, a cost beside the move's probability."""

    number: int
    variant: Variant
    chosen: tuple[Slot, ...]
    fitting: tuple[Slot, ...]
    group: int
    slots: tuple[Slot, ...]
    remainders: tuple[tuple[int, int], ...]
    cost: float
    keys: tuple[Key, ...]
    score: float
    shared: bool = False
    evidence: float = 0.0


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for the whole search. ``outputs``: how many there are, when it is known; ``hidden``: sums that the
    list does not show are considered; ``all_subsets``: enumerate everything (for fitting)."""

    outputs: int | None = None
    hidden: bool = False
    may_share: bool = False
    all_subsets: bool = False


def moves(scene: Scene, rules: Rules, state: State, index: int, supply: Supply) -> list[Move]:
    """Every move of item ``index`` in the frontier of ``state``."""
    needed = [slot for slot in state.slots if slot.need and not supply.can_fill(slot)]
    remainders = dict(state.remainders)
    found: list[Move] = []
    missing = rules.outputs is not None and len(state.outputs) < rules.outputs
    for number, variant in enumerate(scene.items[index].variants):
        if state.depth == 0 and variant.operands[1] > 0 and not needed and (rules.outputs is None or missing):
            move = _output(scene, rules, state, index, number, variant)
            if _living(supply, move.slots):
                found.append(move)
        if missing:
            continue
        fitting = [slot for slot in _open(state, rules) if _fits(scene, remainders, index, variant, slot)]
        if not fitting or not all(slot in fitting for slot in needed):
            continue
        fitting = _nearest(fitting, needed)
        singles = scene.singles(index, variant, fitting, state.depth)
        gains = [single.odds - scene.affinity(index, slot.item) for single, slot in zip(singles, fitting, strict=True)]
        for chosen in _subsets(rules, fitting, gains, state.depth, needed):
            filling = _fill(scene, state, remainders, index, number, variant, chosen, tuple(fitting), singles)
            if filling is not None and _living(supply, filling.slots):
                found.append(filling)
        if rules.may_share and variant.operands == (1, 1):
            found.extend(
                move
                for move in _share(scene, state, index, number, variant, fitting)
                if _living(supply, move.slots) and all(slot in move.chosen for slot in needed)
            )
    return found


def _open(state: State, rules: Rules) -> Sequence[Slot]:
    if not rules.hidden:
        return state.slots
    return [*state.slots, *(slot.summing() for slot in state.slots if _may_sum(slot))]


def _may_sum(slot: Slot) -> bool:
    return not slot.merges and slot.room == 1 and slot.label.partition("/")[0] not in ("Input", "Embedding")


def _living(supply: Supply, slots: tuple[Slot, ...]) -> bool:
    return all(supply.can_fill(slot) for slot in slots if slot.need)


def _nearest(fitting: list[Slot], needed: Sequence[Slot]) -> list[Slot]:
    """The candidates: operands that must be filled first, sums that are complete already last."""
    fitting.sort(key=lambda slot: (slot not in needed, slot.elementwise and slot.need == 0, -slot.group, slot.item))
    return fitting[:MOST_CANDIDATES]


def _output(scene: Scene, rules: Rules, state: State, index: int, number: int, variant: Variant) -> Move:
    out = variant.channels_out or 0
    new, added = opened(index, 0, variant, 0, out, ())
    keys = scene.output_keys(index, variant, len(state.outputs), rules.outputs is not None)
    return Move(
        number, variant, (), (), 0, (*state.slots, *new), (*state.remainders, *added), -variant.log_prior, keys,
        scene.score(keys),
    )  # fmt: skip


def _fits(scene: Scene, remainders: dict[int, int], index: int, variant: Variant, slot: Slot) -> bool:
    if not math.isfinite(scene.affinity(index, slot.item)):
        return False
    out_ranks = scene.out_ranks(variant)
    if not out_ranks & slot.ranks and not (slot.broadcasts and out_ranks and min(out_ranks) < max(slot.ranks)):
        return False
    return meet(remainders, variant, (slot,)) is not None


def _subsets(
    rules: Rules, fitting: Sequence[Slot], gains: Sequence[float], depth: int, needed: Sequence[Slot]
) -> Iterator[tuple[Slot, ...]]:
    def allowed(chosen: tuple[Slot, ...]) -> bool:
        return max([slot.group for slot in chosen]) in (depth, depth - 1) and all(slot in chosen for slot in needed)

    if rules.all_subsets:
        for size, most in enumerate((14, 12, 9, 7, 6, 6, 6), 1):
            yield from filter(allowed, combinations(fitting[:most], size))
        return
    found = 0
    best: float | None = None
    for price, chosen in _best_first(fitting, gains):
        if best is not None and price > best + LESS_LIKELY:
            return
        if allowed(chosen):
            best = price if best is None else best
            found += 1
            yield chosen
            if found == MOST_SUBSETS:
                return


def _best_first(fitting: Sequence[Slot], gains: Sequence[float]) -> Iterator[tuple[float, tuple[Slot, ...]]]:
    """Subsets by falling sum of gains: start from all gains above 0, then flip the cheapest."""
    order = sorted(range(len(fitting)), key=lambda i: abs(gains[i]))
    prices = [abs(gains[i]) for i in order]
    start = [gain > 0 for gain in gains]
    heap: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    for _ in range(40 * MOST_SUBSETS):
        if not heap:
            return
        price, flipped = heapq.heappop(heap)
        taken = list(start)
        for position in flipped:
            taken[order[position]] = not taken[order[position]]
        chosen = tuple(slot for slot, yes in zip(fitting, taken, strict=True) if yes)
        if chosen:
            yield price, chosen
        following = flipped[-1] + 1 if flipped else 0
        if following < len(order):
            heapq.heappush(heap, (price + prices[following], (*flipped, following)))
            if flipped:
                moved = price - prices[flipped[-1]] + prices[following]
                heapq.heappush(heap, (moved, (*flipped[:-1], following)))


def _fill(
    scene: Scene,
    state: State,
    remainders: dict[int, int],
    index: int,
    number: int,
    variant: Variant,
    chosen: tuple[Slot, ...],
    fitting: tuple[Slot, ...],
    singles: tuple[Single, ...],
) -> Move | None:
    if len({slot.item for slot in chosen}) < len(chosen):
        return None
    out = meet(remainders, variant, chosen)
    if out is None:
        return None
    firm = [slot.ranks for slot in chosen if not slot.broadcasts]
    if len(firm) > 1 and not frozenset.intersection(*firm) & scene.out_ranks(variant):
        return None
    group = 1 + max(slot.group for slot in chosen)
    slots = state.slots
    if any(slot.hidden and not slot.filled for slot in chosen):
        sums = {(slot.item, slot.call): slot for slot in chosen if slot.hidden and not slot.filled}
        slots = tuple(sums.get((slot.item, slot.call), slot) for slot in slots)
    left, rest = filled(slots, state.remainders, chosen, out, variant)
    new, added = opened(index, 0, variant, group, out, chosen)
    left, rest = settled((*left, *new), (*rest, *added))
    score, keys = scene.fill(index, variant, chosen, fitting, singles, state.depth, out, remainders)
    evidence = math.fsum([scene.affinity(index, slot.item) for slot in chosen])
    return Move(
        number,
        variant,
        chosen,
        fitting,
        group,
        left,
        rest,
        -variant.log_prior,
        keys,
        score,
        False,
        evidence,
    )


def _share(
    scene: Scene, state: State, index: int, number: int, variant: Variant, fitting: Sequence[Slot]
) -> Iterator[Move]:
    """One layer called twice: for two operands of one merge, or for two calls of one consumer."""
    pairs = [
        (slot, slot) for slot in fitting if slot.merges and slot.filled == 0 and slot.need == 2 and not slot.hidden
    ]
    pairs += [(a, b) for a, b in combinations(fitting, 2) if a.item == b.item and a.call != b.call]
    for pair in pairs:
        group = 1 + max(slot.group for slot in pair)
        if group - 1 not in (state.depth, state.depth - 1):
            continue
        made = _called_twice(state, index, variant, pair, group)
        if made is None:
            continue
        same = pair[0] is pair[1]
        keys = scene.share_keys(index, variant, pair[0], same)
        slots, remainders = made
        yield Move(
            number, variant, pair, tuple(fitting), group, slots, remainders, -variant.log_prior, keys,
            scene.score(keys), True, scene.affinity(index, pair[0].item),
        )  # fmt: skip


def _called_twice(
    state: State, index: int, variant: Variant, pair: tuple[Slot, Slot], group: int
) -> tuple[tuple[Slot, ...], tuple[tuple[int, int], ...]] | None:
    slots, remainders = state.slots, state.remainders
    new: list[Slot] = []
    sums: list[tuple[int, int]] = []
    for call, slot in enumerate(pair):
        current = (
            slot
            if call == 0 or pair[0] is not pair[1]
            else next((s for s in slots if s.item == slot.item and s.call == slot.call and s.merges), None)
        )
        out: Demand | None = None if current is None else meet(dict(remainders), variant, (current,))
        if current is None or out is None:
            return None
        slots, remainders = filled(slots, remainders, (current,), out, variant)
        more, added = opened(index, call, variant, group, out, (current,))
        new.extend(more)
        sums.extend(added)
    return settled((*slots, *new), (*remainders, *sums))
