"""The ways that lead from a fork to a merge, and which layers a sum goes around."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from infer_convert.draft import Neighbourhood
from infer_convert.layers.passed import SHAPE_KEEPING

MOST_STEPS = 24
GATE_STEPS = 10
"""Layers of a gate at most (pool, squeeze, excite and what stands between)."""


def sides_of(near: Neighbourhood, producers: Sequence[int]) -> list[list[int]] | None:
    """The layers of every way to a merge, from the last, behind where all of them fork; None where they do not."""
    ways = [_way(near, producer) for producer in producers]
    fork = next((item for item in ways[0] if all(item in way for way in ways)), None)
    return None if fork is None else [way[: way.index(fork)] for way in ways]


def _way(near: Neighbourhood, index: int) -> list[int]:
    """The layers that lead to ``index`` one behind the other, from the last; gates are left aside."""
    way = [index]
    while len(way) < MOST_STEPS:
        before = _before(near, way[-1])
        if before is None:
            break
        way.append(before)
    return way


def _before(near: Neighbourhood, index: int) -> int | None:
    """The producer of a layer; of a Multiply the one that the other is made from."""
    producers = list(dict.fromkeys(near.draft.producers(index)))
    if len(producers) == 2 and near.draft.layers[index].class_name == "Multiply":
        return next((one for one, gate in (producers, producers[::-1]) if _made_from(near, gate, one)), None)
    return producers[0] if len(producers) == 1 else None


def _made_from(near: Neighbourhood, gate: int, source: int) -> bool:
    for _ in range(GATE_STEPS):
        producers = set(near.draft.producers(gate))
        if len(producers) != 1:
            return False
        (gate,) = producers
        if gate == source:
            return True
    return False


def bypasses(near: Neighbourhood) -> Mapping[int, str]:
    """Of the layers that a sum goes around: ``same`` where it adds what was in front, unchanged, ``other`` where the
    shortcut changes it too. What is bypassed unchanged has no strides, so that only the rest tells of habits."""
    found: dict[int, str] | None = near.notes.get("bypasses")
    if found is None:
        found = near.notes["bypasses"] = {}
        for index, layer in enumerate(near.draft.layers):
            producers = near.draft.producers(index)
            sides = sides_of(near, producers) if layer.class_name == "Add" and len(producers) > 1 else None
            if sides is None:
                continue
            plain = any(all(near.draft.layers[i].class_name in SHAPE_KEEPING for i in side) for side in sides)
            for item in (item for side in sides for item in side):
                found[item] = "same" if plain else "other"
    return found
