"""Sums that only the user knows of: ``conv.inbound=["a", "b"]`` where a convolution takes one tensor means ``a + b``,
written as an operator that no list shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from infer_convert.assemble.calls import Orders, layer_of
from infer_convert.draft import Draft, DraftLayer
from infer_convert.layers import CARD_OF
from infer_convert.solve.items import Call
from infer_convert.solve.order import reproduces

SUM = "_sum"
"""Ends the name of a sum that no list shows; the name of the layer that takes it stands in front."""


def with_told_sums(draft: Draft, told: Mapping[str, Orders]) -> Draft:
    """The draft with an Add in front of every layer that takes one operand and was told several, where these come
    before it and the list's order allows it; else as it is."""
    layers: list[DraftLayer] = []
    moved: dict[int, int] = {}
    place: dict[str, int] = {}
    for index, layer in enumerate(draft.layers):
        operands = tuple(tuple((moved[item], call) for item, call in each) for each in layer.operands)
        names = _summands(layer, told, place)
        if names is not None:
            summed: tuple[Call, ...] = tuple((place[name], 0) for name in names)
            place[f"{layer.name}{SUM}"] = len(layers)
            operands = (((len(layers), 0),),)
            layers.append(DraftLayer(f"{layer.name}{SUM}", CARD_OF["Add"], {}, (summed,)))
        moved[index] = place[layer.name] = len(layers)
        layers.append(replace(layer, operands=operands))
    if len(layers) == len(draft.layers):
        return draft
    outputs = tuple((moved[item], call) for item, call in draft.outputs)
    if not reproduces([layer.operands or ((),) for layer in layers], outputs):
        return draft
    preferred = {moved[index]: known for index, known in draft.preferred.items()}
    return replace(draft, layers=tuple(layers), outputs=outputs, preferred=preferred)


def _summands(layer: DraftLayer, told: Mapping[str, Orders], known: Mapping[str, int]) -> list[str] | None:
    """The layers that were told as the operands of a layer that takes one and is called once; ``known`` are those that
    come before it, sums included."""
    calls = told.get(layer.name, ())
    takes = max((variant.operands[1] for variant in layer.card.flow(layer.config)), default=0)
    if takes > 1 or len(layer.operands) != 1 or len(layer.operands[0]) != 1 or len(calls) != 1:
        return None
    names = [layer_of(name, known) for name in calls[0]]
    return names if len(names) > 1 and set(names) <= set(known) else None
