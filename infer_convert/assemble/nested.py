"""Models inside models: a stored layer that holds the tensors of several layers.

Keras 3 trees list the inner layers, legacy files only their weights (``conv2d_3/kernel``), all trainable ones first.
The inner model is inferred on its own; to the outer one it is a layer with the inner model's input and output shapes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from infer_convert.assemble.settle import Settled
from infer_convert.facts import StoredLayer, Tensor, WeightFile
from infer_convert.layers.card import Card, Config, Fit, Shape
from infer_convert.layers.recognise import Reading
from infer_convert.plan import Plan
from infer_convert.solve.items import Variant


@dataclass(frozen=True, slots=True)
class Way:
    """One plan of an inner model, its sizes, and its share among the inner model's candidates."""

    plan: Plan
    settled: Settled
    share: float


WAY = "_way"
"""The setting that chooses among ``_ways`` of a nested model."""

Infer = Callable[[WeightFile, str], tuple[Way, ...]]
"""Infers an inner model from its facts, likeliest first; the string is the outer name, for hints."""


def inner_facts(layer: StoredLayer, facts: WeightFile) -> WeightFile | None:
    """The facts of the model inside a stored layer; None when it holds none."""
    outside = replace(facts, model_name=layer.name, model_config=None, unread=(), optimizer=())
    if layer.children:
        return replace(outside, layers=layer.children)
    groups: dict[str, list[Tensor]] = {}
    for tensor in layer.tensors:
        head, slash, rest = tensor.role.partition("/")
        if not slash:
            return None
        groups.setdefault(head, []).append(replace(tensor, role=rest))
    if not groups:
        return None
    if len(groups) == 1:
        (head,) = groups
        return inner_facts(replace(layer, tensors=tuple(groups[head])), facts)
    layers = tuple(StoredLayer(name, layer.path, tuple(tensors)) for name, tensors in groups.items())
    return replace(outside, layers=layers, lists_weightless=False)


def nested_reading(layer: StoredLayer, facts: WeightFile, infer: Infer) -> Reading | None:
    """The stored layer as a nested model; None when it holds no layers. NoArchitecture passes through."""
    inner = inner_facts(layer, facts)
    if inner is None:
        return None
    ways = infer(inner, layer.name)
    plan = ways[0].plan
    config: dict[str, Any] = {"_plan": plan, "_input_shape": _input_shapes(plan)[0]}
    if len(ways) > 1:
        config["_ways"] = tuple((way.plan, math.log(max(way.share, 1e-12))) for way in ways)
    return Reading(card(ways), Fit(config, ()), 0.0, f"{layer.path} holds {len(inner.layers)} layers")


def _input_shapes(plan: Plan) -> list[Shape]:
    return [tuple(plan.layer(ref.layer).config["batch_shape"][1:]) for ref in plan.inputs]


def card(ways: Sequence[Way]) -> Card:
    """A card for one inner model; where several of its plans may be meant, the setting ``_way`` says which."""
    settled = ways[0].settled
    shapes = _input_shapes(ways[0].plan)
    outputs = [settled.shapes[item] for item in settled.draft.outputs]
    channels_in = shapes[0][-1] if len(shapes) == 1 else None

    def flow(config: Config) -> tuple[Variant, ...]:
        last = outputs[0][-1]
        return (
            Variant(
                label="Model",
                operands=(len(shapes), len(shapes)),
                ranks=frozenset((len(shape) + 1, len(outputs[0]) + 1) for shape in shapes),
                channels_in=channels_in,
                channels_out=last,
                channels="fixed" if last is not None else "any",
                scale=None,
            ),
        )

    def shape(config: Config, operands: tuple[Shape, ...]) -> Shape | None:
        if len(operands) != len(shapes) or any(not _agree(a, b) for a, b in zip(operands, shapes, strict=True)):
            return None
        return _propagate(ways[config.get(WAY, 0)].settled, operands)

    def choices(config: Config) -> tuple[Config, ...]:
        return tuple({WAY: number} for number in range(len(config["_ways"]))) if "_ways" in config else ({},)

    return Card("Functional", flow=flow, shape=shape, choices=choices)


def _agree(given: Shape, wanted: Shape) -> bool:
    return len(given) == len(wanted) and all(a == b or None in (a, b) for a, b in zip(given, wanted, strict=True))


def _propagate(settled: Settled, operands: Sequence[Shape]) -> Shape | None:
    """The shape of the inner model's first output for other input shapes."""
    shapes: dict[tuple[int, int], Shape] = {}
    rest = list(operands)
    for index, layer in enumerate(settled.draft.layers):
        if layer.class_name == "InputLayer":
            shapes[index, 0] = rest.pop(0)
            continue
        config = settled.config(index)
        for call, inbound in enumerate(layer.operands):
            if any(operand not in shapes for operand in inbound):
                return settled.shapes[settled.draft.outputs[0]]
            given = tuple(shapes[operand] for operand in inbound)
            if config.get("_absent"):
                result: Shape | None = given[0]
            elif layer.class_name == "Reshape":
                result = settled.shapes[index, call]
            else:
                result = layer.card.shape(config, given)
            if result is None:
                return None
            shapes[index, call] = result
    return shapes[settled.draft.outputs[0]]
