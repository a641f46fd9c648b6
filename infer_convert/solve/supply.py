"""Which channel numbers earlier items can still give: a partial wiring that waits for another is dead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from infer_convert.solve.items import Item
from infer_convert.solve.state import STATE, Slot

MOST_IMAGE_CHANNELS = 16
"""An input of rank 4 or 5 has few channels; board games and spectra are the exceptions that reach this."""


@dataclass(frozen=True, slots=True)
class Supply:
    """What the items before a position give. ``flexible`` are result ranks of items with unknown channels,
    ``states`` the kinds and widths of recurrent items, ``ranks`` all ranks that there are."""

    channels: frozenset[int]
    flexible: frozenset[int]
    inputs: bool
    states: frozenset[tuple[str, int]] = frozenset()
    ranks: frozenset[int] = frozenset()

    def can_fill(self, slot: Slot) -> bool:
        """Whether some earlier item could still fill ``slot``."""
        if slot.is_state():
            return (slot.label[len(STATE) :], slot.demand) in self.states
        if not self.ranks or not (slot.broadcasts or self.ranks & slot.ranks):
            return False
        if not isinstance(slot.demand, int) or slot.demand == 0 or slot.broadcasts:
            return True
        if slot.demand in self.channels or self.flexible & slot.ranks:
            return True
        return self.inputs and (slot.demand <= MOST_IMAGE_CHANNELS or min(slot.ranks) <= 3)


def supplies(items: Sequence[Item]) -> tuple[Supply, ...]:
    """``result[i]`` is the supply of items 0 … i-1."""
    channels: set[int] = set()
    flexible: set[int] = set()
    states: set[tuple[str, int]] = set()
    ranks: set[int] = set()
    inputs = False
    result = [Supply(frozenset(), frozenset(), False)]
    for item in items:
        for variant in item.variants:
            ranks |= {rank for _, rank in variant.ranks}
            if variant.operands[1] == 0:
                inputs = True
            elif variant.channels == "fixed" and variant.channels_out:
                channels.add(variant.channels_out)
                if variant.state:
                    states.add((variant.state, variant.channels_out))
            elif variant.channels == "halved":
                channels |= {width // 2 for width in channels if width % 2 == 0}
            elif variant.channels == "doubled":
                channels |= {2 * width for width in channels}
            elif variant.channels in ("sum", "multiple", "any"):
                flexible |= {rank for _, rank in variant.ranks}
        result.append(Supply(frozenset(channels), frozenset(flexible), inputs, frozenset(states), frozenset(ranks)))
    return tuple(result)
