"""Calls of shared layers: which of them is called first nobody can see, so one numbering stands for all.

A net whose branches both run through one layer is found once with either branch as the first call; told apart, one
model would stand against itself.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from infer_convert.draft import Draft, DraftLayer
from infer_convert.solve.items import Call

Orders = tuple[tuple[str, ...], ...]
"""Names of the operands of every call."""


def layer_of(operand: str, names: Collection[str]) -> str:
    """The layer that ``layer``, ``layer:call`` or ``layer:call:tensor`` names; a name may hold colons itself."""
    return operand if operand in names else re.sub(r"(:\d+){1,2}\Z", "", operand)


def renumbered(draft: Draft, told: Mapping[str, Orders]) -> Draft:
    """The draft with the calls of shared layers in the order told, else in that of what they read. A layer that reads
    what comes of itself keeps its own order."""
    if all(len(layer.operands) < 2 for layer in draft.layers):
        return draft
    names = {layer.name for layer in draft.layers}
    moved: dict[Call, Call] = {}
    layers: list[DraftLayer] = []
    for index, layer in enumerate(draft.layers):
        operands = [tuple(moved.get(call, call) for call in each) for each in layer.operands]
        places = list(range(len(operands)))
        if len(places) > 1 and all(item < index for each in operands for item, _ in each):
            wanted = [sorted(layer_of(name, names) for name in each) for each in told.get(layer.name, ())]
            read = [sorted(draft.layers[item].name for item, _ in each) for each in operands]
            known = sorted(wanted) == sorted(read) and len({*map(tuple, wanted)}) == len(wanted)
            places.sort(key=lambda place: (wanted.index(read[place]) if known else 0, operands[place]))
        moved |= {(index, old): (index, new) for new, old in enumerate(places)}
        layers.append(replace(layer, operands=tuple(operands[place] for place in places)))
    return replace(draft, layers=tuple(layers), outputs=tuple(moved.get(call, call) for call in draft.outputs))


def merged(drafts: Sequence[tuple[Draft, float]]) -> list[tuple[Draft, float]]:
    """Equal drafts once, with the share of all of them, in the order in which they first come."""
    if all(len(layer.operands) < 2 for draft, _ in drafts for layer in draft.layers):
        return list(drafts)
    found: list[tuple[Draft, float]] = []
    for draft, share in drafts:
        place = next((place for place, (twin, _) in enumerate(found) if _same(twin, draft)), None)
        if place is None:
            found.append((draft, share))
        else:
            found[place] = (found[place][0], found[place][1] + share)
    return found


def _same(one: Draft, other: Draft) -> bool:
    return (one.layers, one.outputs) == (other.layers, other.outputs)
