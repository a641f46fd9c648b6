"""On which side of a Concatenate the enlarged map of a decoder stands: ``[up, skip]`` or ``[skip, up]``, where the list
leaves it open. People write one of them throughout."""

from __future__ import annotations

from dataclasses import replace

from infer_convert.draft import Draft
from infer_convert.layers.passed import SHAPE_KEEPING
from infer_convert.solve.order import reproduces

OTHER_WAY_ROUND = 0.36
"""Share of nets whose free Concatenates have their operands in the less usual order."""
AS_ELSEWHERE = 0.95
"""Share of nets that keep the side which the list tells of some of their Concatenates (set by hand)."""


def turned_round(draft: Draft, ordered: frozenset[str]) -> Draft | None:
    """The draft with every Concatenate of two operands the other way round, but for those whose order the list tells.
    None when there is no such Concatenate."""
    free = [
        index
        for index, layer in enumerate(draft.layers)
        if layer.class_name == "Concatenate"
        and layer.name not in ordered
        and all(len(call) == 2 for call in layer.operands)
    ]
    if not free:
        return None
    layers = list(draft.layers)
    for index in free:
        layers[index] = replace(layers[index], operands=tuple(tuple(reversed(call)) for call in layers[index].operands))
    operands = [layer.operands if layer.operands else ((),) for layer in layers]
    if not reproduces(operands, draft.outputs):
        return None
    return replace(draft, layers=tuple(layers))


def share_turned(draft: Draft, ordered: frozenset[str]) -> float:
    """How likely the free Concatenates, which have the enlarged map first, have it last: as those whose order the list
    tells have it."""
    told: list[int] = []
    for layer in draft.layers:
        if layer.class_name == "Concatenate" and layer.name in ordered:
            enlarged = [_is_enlarged(draft, item) for item, _ in layer.operands[0]]
            if sum(enlarged) == 1 and (enlarged[0] or enlarged[-1]):
                told.append(1 if enlarged[-1] else -1)
    return OTHER_WAY_ROUND if not sum(told) else AS_ELSEWHERE if sum(told) > 0 else 1 - AS_ELSEWHERE


def _is_enlarged(draft: Draft, index: int) -> bool:
    """Whether a layer's result was just made larger."""
    for _ in range(len(draft.layers)):
        layer = draft.layers[index]
        if layer.class_name.startswith("UpSampling") or layer.class_name.endswith("Transpose"):
            return True
        producers = draft.producers(index)
        if layer.class_name not in SHAPE_KEEPING or len(producers) != 1:
            return False
        (index,) = producers
    return False
