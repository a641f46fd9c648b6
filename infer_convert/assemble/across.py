"""Pools and upsamplings that take rows and channels (``layers/across.py``): read so where nothing else suits, and built
with the channels in the columns' place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from infer_convert.assemble.inserted import permute
from infer_convert.assemble.typed import Typed
from infer_convert.layers.across import CLASSES, FIELD, FIRST, SWAPPED, is_across
from infer_convert.layers.recognise import Reading
from infer_convert.plan import Plan, PlanLayer, Ref

BECAUSE = "only so do the channels behind it suit: it took channels and rows for its two axes"


def read_across(typed: Sequence[Typed]) -> tuple[Typed, ...]:
    """Every pool and upsampling over two axes as one over rows and channels: what is written at the convolutions is
    missing at all of these. As it is where there is none."""
    if not any(entry.best.class_name in CLASSES for entry in typed):
        return tuple(typed)
    return tuple(replace(entry, readings=tuple([_turned(reading) for reading in entry.readings])) for entry in typed)


def _turned(reading: Reading) -> Reading:
    if reading.class_name not in CLASSES:
        return reading
    fit = replace(reading.fit, config={**reading.fit.config, FIELD: FIRST})
    return replace(reading, fit=fit, because=BECAUSE)


def with_swaps(plan: Plan) -> Plan:
    """The plan with a Permute in front of every such layer and one behind it."""
    if not any(_is_turned(layer) for layer in plan.layers):
        return plan
    taken = {layer.name for layer in plan.layers}
    moved: dict[Ref, Ref] = {}
    made: list[PlanLayer] = []

    def swapped(ref: Ref, word: str) -> Ref:
        made.append(permute(ref, SWAPPED, word, taken))
        return Ref(made[-1].name)

    for layer in plan.layers:
        inbound = tuple(tuple(moved.get(ref, ref) for ref in operands) for operands in layer.inbound)
        if not _is_turned(layer):
            made.append(replace(layer, inbound=inbound))
            continue
        inbound = tuple((swapped(ref, "swapped"),) for (ref,) in inbound)
        config = {key: value for key, value in layer.config.items() if key != FIELD}
        made.append(replace(layer, config=config, inbound=inbound))
        for call in range(len(inbound)):
            moved[Ref(layer.name, call)] = swapped(Ref(layer.name, call), "back")
    return replace(plan, layers=tuple(made), outputs=tuple(moved.get(ref, ref) for ref in plan.outputs))


def _is_turned(layer: PlanLayer) -> bool:
    return layer.class_name in CLASSES and is_across(layer.config)
