"""Partial wirings that cannot be completed, seen some items ahead.

What a tie (``bundles.py``) says about the items between its ends: none of them feeds another, so each must find an
open operand behind the tie's end. And what Concatenates can still bring: widths that no layer has are made by them
alone, each makes one, and none joins more than the list's own layers ask for.
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Collection, Mapping, Sequence

from infer_convert.solve.items import Item, Variant
from infer_convert.solve.moves import Frontier
from infer_convert.solve.state import Slot
from infer_convert.solve.supply import MOST_IMAGE_CHANNELS, Supply

_MAPS = 4
"""Rank of pictures: tensors of fewer axes may come from an input of any width."""


class Ahead:
    """What is known about a list beforehand: ``ties``, and what its items can still give."""

    def __init__(self, items: Sequence[Item], supply: Sequence[Supply], ties: Mapping[int, int]) -> None:
        self._items, self._supply = items, supply
        self._producers = {consumer: producer for producer, consumer in ties.items()}
        self._tied = frozenset(ties)
        self._widest = _widest(items, self._tied)

    def is_dead(self, index: int, frontier: Frontier) -> bool:
        """Whether nothing completes the wiring that has this frontier once ``index`` is placed."""
        depth, slots, _ = frontier
        return self._lacks_width(index, slots) or any(
            self._is_crowded(index, depth, slots, slot) for slot in slots if self._waits(slot, index)
        )

    def _waits(self, slot: Slot, index: int) -> bool:
        """Whether an operand waits for its tie's other end."""
        return self._producers.get(slot.item, index) < index

    def _lacks_width(self, index: int, slots: Sequence[Slot]) -> bool:
        supply, widest = self._supply[index], self._widest[index]
        rare = {
            slot.demand
            for slot in slots
            if slot.need
            and isinstance(slot.demand, int)
            and slot.demand > MOST_IMAGE_CHANNELS
            and slot.demand not in supply.channels
            and not slot.broadcasts
            and min(slot.ranks) >= _MAPS
        }
        wanted = sorted([width for width in rare if isinstance(width, int)], reverse=True)
        return len(wanted) > len(widest) or any(
            width > -most for width, most in zip(wanted, widest, strict=False)
        )

    def _is_crowded(self, index: int, depth: int, slots: Sequence[Slot], tied: Slot) -> bool:
        """Whether the items that stand between ``index`` and what feeds ``tied`` find too few operands. They are of the
        depth of ``tied`` or one deeper, the latter once ``index`` is."""
        between = [item for item in range(self._producers[tied.item] + 1, index) if item not in self._tied]
        if not between:
            return False
        shallowest = tied.group if depth > tied.group else tied.group - 1
        behind = [
            slot
            for slot in slots
            if slot.item > tied.item and slot.group >= shallowest and not self._waits(slot, index)
        ]
        room = sum([math.inf if slot.merges and not (slot.elementwise and slot.need) else slot.need for slot in behind])
        return room < len(between) or not all(
            any(_suits(v, slot) for v in self._items[item].variants for slot in behind) for item in between
        )


def _suits(variant: Variant, slot: Slot) -> bool:
    """Whether an operand's width does not speak against a reading."""
    if variant.channels != "fixed" or not isinstance(slot.demand, int) or not slot.demand or slot.broadcasts:
        return True
    return variant.channels_out in (None, slot.demand)


def _widest(items: Sequence[Item], tied: Collection[int]) -> list[tuple[float, ...]]:
    """For every place in the list the most channels that each item in front of it can make that makes new widths, as
    negative numbers, the most first. What is tied to another makes what that takes."""
    width, joined, before = 0, 0.0, []
    for item in items:
        variant = item.variants[0]
        before.append(width)
        if variant.channels_in and width:
            joined = max(joined, variant.channels_in / width)
        if variant.channels == "fixed":
            width = max(width, variant.channels_out or 0)
    found: list[tuple[float, ...]] = []
    makers: list[float] = []
    for index, (item, most) in enumerate(zip(items, before, strict=True)):
        found.append(tuple(makers))
        kinds = {variant.channels for variant in item.variants if variant.operands[1] and index not in tied}
        if kinds & {"multiple", "halved", "doubled", "any"}:
            insort(makers, -math.inf)
        elif "sum" in kinds:
            insort(makers, -joined * most)
    return found
