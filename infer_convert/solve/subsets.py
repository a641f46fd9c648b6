"""Sets of open operands that one item could feed at once, as bit masks over those that it fits."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence

from infer_convert.solve.state import Slot

MOST_SUBSETS = 32
"""Sets of operands tried for one reading, the likeliest by the sum of single log-odds first."""


def of_one_width(fitting: Sequence[Slot]) -> Iterator[int]:
    """Sets, as bit masks, of all operands that wait for one known width: where no other item gives it, as behind the
    levels of a detector, all of them are fed at once, however far apart they stand."""
    masks: dict[int, int] = {}
    for i, slot in enumerate(fitting):
        if isinstance(slot.demand, int) and slot.demand > 0 and slot.need and not slot.merges:
            masks[slot.demand] = masks.get(slot.demand, 0) | 1 << i
    for mask in masks.values():
        if mask.bit_count() > 1:
            yield mask


def last_of_runs(fitting: Sequence[Slot]) -> Iterator[int]:
    """Sets, as bit masks, of the last operand of every run of like layers that stand side by side in the list: read
    backward, the last of several inputs feeds the last of each row of layers behind them."""
    places = {slot.item: i for i, slot in enumerate(fitting) if slot.need and not slot.merges}
    last: dict[str, list[int]] = {}
    for item, i in places.items():
        following = places.get(item + 1)
        if following is None or fitting[following].label != fitting[i].label:
            last.setdefault(fitting[i].label, []).append(i)
    for found in last.values():
        if len(found) > 1:
            yield sum(1 << i for i in found)


def best_first(gains: Sequence[float], forced: Sequence[bool], deep: Sequence[bool]) -> Iterator[tuple[float, int]]:
    """Sets as bit masks by falling sum of gains: from all gains above 0 and all forced, flip the cheapest.

    Every set holds a forced member or a deep one. Where the start has none, sets are told apart by their cheapest deep
    member, so that none without one is looked at.
    """
    free = sorted((i for i, must in enumerate(forced) if not must), key=lambda i: abs(gains[i]))
    start = sum(1 << i for i, gain in enumerate(gains) if gain > 0 or forced[i])
    deeps = sum(1 << i for i, yes in enumerate(deep) if yes)
    heap: list[tuple[float, int, int, int, list[int]]] = []
    if start & deeps:
        heap.append((0.0, 0, -1, start, free))
    else:
        passed: set[int] = set()
        for i in free:
            if deep[i]:
                passed.add(i)
                rest = [j for j in free if j not in passed]
                heapq.heappush(heap, (abs(gains[i]), len(heap), -1, start | 1 << i, rest))
    count = len(heap)
    for _ in range(40 * MOST_SUBSETS):
        if not heap:
            return
        price, _, last, mask, order = heapq.heappop(heap)
        if mask & deeps:
            yield price, mask
        following = last + 1
        if following < len(order):
            place = order[following]
            more = abs(gains[place])
            heapq.heappush(heap, (price + more, count, following, mask ^ 1 << place, order))
            if last >= 0:
                moved = price - abs(gains[order[last]]) + more
                heapq.heappush(heap, (moved, count + 1, following, mask ^ 1 << place ^ 1 << order[last], order))
            count += 2
