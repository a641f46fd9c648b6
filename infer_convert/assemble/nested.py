"""Models inside models: a stored layer that holds the tensors of several layers.

Keras 3 trees list the inner layers, legacy files only their weights (``conv2d_3/kernel``), all trainable ones first.
The inner model is inferred on its own; to the outer one it is a layer with the inner model's input and output shapes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from infer_convert.assemble.regroup import cut
from infer_convert.assemble.settle import Settled
from infer_convert.errors import NoArchitecture
from infer_convert.facts import Order, StoredLayer, Tensor, WeightFile
from infer_convert.layers.card import Card, Config, Fit, Shape
from infer_convert.layers.names import as_created, stem
from infer_convert.layers.recognise import Reading
from infer_convert.plan import Plan
from infer_convert.solve.items import SAME_RANKS, Variant


@dataclass(frozen=True, slots=True)
class Way:
    """One plan of an inner model, its sizes, and its share among the inner model's candidates."""

    plan: Plan
    settled: Settled
    share: float


Ways = tuple[Way, ...]
Infer = Callable[[WeightFile, str, tuple[Shape, ...]], tuple[Way, ...]]
"""Infers an inner model from its facts, best first; the string is the outer name, for hints, the shapes are those of
the inputs where the outer model fixes them."""
WAY = "_way"
"""The setting that chooses among ``_ways`` of a nested model."""
MOST_ASKED = 12
"""Input shapes for which an inner model is inferred anew."""


def inner_facts(layer: StoredLayer, facts: WeightFile) -> WeightFile | None:
    """The facts of the model inside a stored layer; None when it holds none."""
    outside = replace(facts, model_name=layer.name, model_config=None, unread=(), optimizer=())
    if layer.children:
        own = _by_attribute(layer)
        if len(own) == 1 and not layer.tensors and _timed(layer):
            return inner_facts(own[0], facts) or replace(outside, layers=own)
        return replace(outside, layers=own, order=_inner_order(layer, own, facts))
    if facts.generation == "flat" and layer.tensors and all(tensor.role.isdigit() for tensor in layer.tensors):
        own = cut(sorted(layer.tensors, key=lambda tensor: int(tensor.role)))
        return replace(outside, layers=own, lists_weightless=False, order="recovered") if len(own) > 1 else None
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
    order: Order = "lost" if facts.generation == "keras3" else facts.order  # attributes, by their names
    return replace(outside, layers=layers, lists_weightless=False, order=order)


def _timed(layer: StoredLayer) -> bool:
    """Whether a stored layer is a TimeDistributed, by its class or its automatic name."""
    return (layer.stem or layer.name).startswith("time_distributed")


def _inner_order(layer: StoredLayer, own: Sequence[StoredLayer], facts: WeightFile) -> Order:
    """What the order of a Keras 3 tree's inner layers is worth: a class of one's own lists attributes by name; the
    models inside of one keep their order unless that is by name too."""
    usual = facts.order != "lost" and facts.layout != "v3-subclassed"
    if usual and (layer.stem or stem(layer.name)) in ("sequential", "functional", "model"):
        return facts.order
    if all(child.path.rsplit("/", 1)[0] == layer.path for child in own):
        return "lost"
    keys = [child.key or child.name for child in own]
    return "recovered" if facts.layout == "v3-subclassed" and keys != sorted(keys) else facts.order


def _by_attribute(layer: StoredLayer) -> tuple[StoredLayer, ...]:
    """The children and, as layers of their own, the tensors that a layer of one's own class keeps by attribute beside
    them (``att/query_dense/0``, ``ln1/0``)."""
    groups: dict[str, list[Tensor]] = {}
    for tensor in layer.tensors:
        head, slash, rest = tensor.role.partition("/")
        if slash:
            groups.setdefault(head, []).append(replace(tensor, role=rest))
    kept = tuple(StoredLayer(head, f"{layer.path}/{head}", tuple(tensors)) for head, tensors in groups.items())
    return (*kept, *layer.children)


@dataclass(frozen=True, slots=True)
class Behind:
    """The layer of the outer list that takes what a nested model gives, and whether a Flatten stands between."""

    layer: StoredLayer
    flattened: bool = False


def following(layer: StoredLayer, layers: Sequence[StoredLayer]) -> Behind | None:
    """The layer behind a nested model: the next one of the list with tensors, if it begins with one matrix and nothing
    but a Flatten stands between that could change a shape."""
    rest = layers[next(place for place, each in enumerate(layers) if each is layer) + 1 :]
    flattened = False
    for each in rest:
        if each.tensors or each.children:
            taking = _recurrent(each) if _timed(layer) else None
            taking = taking or (each if _plain(each) else None)
            return None if taking is None else Behind(taking, flattened)
        flattened = flattened or stem(each.name) == "flatten"
        if stem(each.name) not in _HARMLESS:
            return None
    return None


def _plain(layer: StoredLayer) -> bool:
    """Whether it has one matrix and perhaps a vector."""
    first = layer.tensors[0] if layer.tensors and not layer.children else None
    plain = first is not None and len(first.shape) == 2 and len(layer.tensors) <= 2
    return plain and all("/" not in tensor.role for tensor in layer.tensors)


def _recurrent(layer: StoredLayer) -> StoredLayer | None:
    """A recurrent layer as the Dense that takes its input at every step; None for any other."""
    kinds = [tensor.role.rpartition("/")[2] for tensor in layer.all_tensors()]
    kernel = next((t for t, kind in zip(layer.all_tensors(), kinds, strict=True) if kind == "kernel"), None)
    if kernel is None or "recurrent_kernel" not in kinds or len(kernel.shape) != 2:
        return None
    return StoredLayer(layer.name, layer.path, (replace(kernel, role="kernel"),))


_HARMLESS = ("dropout", "activation", "relu", "leakyrelu", "elu", "gaussiannoise", "gaussiandropout", "alphadropout",
             "flatten")  # fmt: skip
END = "_behind"
"""The name under which the outer model's next layer stands at the end of a nested one while that is inferred."""
GIVES_AS_IT_IS, FLATTENED = 0.35, 0.8
"""Share of the nested models that give maps of features where the next layer is a Dense of as many channels, and where
a Flatten stands before it."""


def _ways(inner: WeightFile, name: str, shapes: tuple[Shape, ...], behind: Behind | None, infer: Infer) -> Ways:
    """The architectures of an inner model. Where only its layers with weights are known, it may end in layers that the
    file does not show (Flatten, global pooling): then it is inferred together with the Dense ``behind`` it, too."""
    if behind is None or inner.lists_weightless or inner.order == "lost":
        return infer(inner, name, shapes)
    channels = behind.layer.tensors[0].shape[0]
    pooled = "Global" if behind.flattened else ("Global", "Flatten")
    together: list[Way] = []
    with suppress(NoArchitecture):
        end = replace(behind.layer, name=END)
        made = infer(replace(inner, layers=(*inner.layers, end)), name, shapes)
        together = [way for way in map(_without_end, made) if way is not None and _end(way).startswith(pooled)]
    if not together:
        return infer(inner, name, shapes)
    plain: list[Way] = []
    with suppress(NoArchitecture):
        made = infer(inner, name, shapes)
        plain = [way for way in made if behind.flattened or _outputs(way.settled)[0][-1] == channels]
    share = (FLATTENED if behind.flattened else GIVES_AS_IT_IS) if plain else 0.0
    found = [replace(way, share=way.share * (1 - share)) for way in together]
    found += [replace(way, share=way.share * share) for way in plain]
    return tuple(sorted(found, key=lambda way: -way.share))


def _open_end(way: Way) -> bool:
    """Whether the model flattens maps of open size, so that what it gives follows from what goes in."""
    return _end(way) == "Flatten" and any(None in shape for shape in _input_shapes(way.plan))


def _end(way: Way) -> str:
    return way.plan.layer(way.plan.outputs[0].layer).class_name


def _without_end(way: Way) -> Way | None:
    """The way without its last layer, the outer model's own; None where that is not its only end."""
    draft = way.settled.draft
    *rest, last = draft.layers
    if last.stored != END or way.plan.layers[-1].stored != END or len(way.plan.outputs) != 1:
        return None
    outputs = way.plan.layers[-1].inbound[0]
    plan = replace(way.plan, layers=way.plan.layers[:-1], outputs=outputs)
    shorter = replace(draft, layers=tuple(rest), outputs=last.operands[0])
    return Way(plan, replace(way.settled, draft=shorter), way.share)


def nested_reading(layer: StoredLayer, facts: WeightFile, infer: Infer, behind: Behind | None = None) -> Reading | None:
    """The stored layer as a nested model; None when it holds no layers. ``behind`` is the layer that takes what it
    gives, where the list tells. NoArchitecture passes through."""
    inner = inner_facts(layer, facts)
    if inner is None:
        return None
    weightless = not any(True for _ in layer.all_tensors())
    ways = _ways(inner, layer.name, (), behind, infer)
    choice = _Choice(ways, lambda shapes: _ways(inner, layer.name, shapes, behind, infer), weightless)
    plan = choice.ways[0].plan
    config: dict[str, Any] = {
        "_plan": plan,
        "_choice": choice,
    }
    if not weightless:
        config["_input_shape"] = _input_shapes(plan)[0]
        config["_indices"] = plan.layer(plan.inputs[0].layer).config.get("dtype") == "int32"
        config["_input_shapes"] = [(_input_shapes(each.plan)[0], each.share) for each in ways]
    if any(_open_end(way) for way in ways):
        config["_flat"] = True
    if len(ways) > 1 and not weightless:
        config["_ways"] = tuple((way.plan, math.log(max(way.share, 1e-12))) for way in ways)
    made = card(choice)
    if _timed(layer) and not weightless:
        made = over_time(made)
        config["_timed"] = True
    return Reading(made, Fit(config), 0.0, f"{layer.path} holds {len(inner.layers)} layers")


def over_time(inner: Card) -> Card:
    """The card of a TimeDistributed around a model with the card ``inner``."""

    def flow(config: Config) -> tuple[Variant, ...]:
        return tuple(
            replace(variant, ranks=frozenset((a + 1, b + 1) for a, b in variant.ranks))
            for variant in inner.flow(config)
        )

    def shape(config: Config, operands: tuple[Shape, ...]) -> Shape | None:
        if len(operands) != 1 or len(operands[0]) < 2:
            return None
        result = inner.shape(config, (operands[0][1:],))
        return None if result is None else (operands[0][0], *result)

    return replace(inner, class_name="TimeDistributed", flow=flow, shape=shape)


def _outputs(settled: Settled) -> list[Shape]:
    return [settled.shapes[item] for item in settled.draft.outputs]


@dataclass(slots=True, eq=False)
class _Choice:
    """The architectures of one inner model, and those that other input shapes ask for."""

    ways: tuple[Way, ...]
    infer: Callable[[tuple[Shape, ...]], tuple[Way, ...]]
    weightless: bool = False
    asked: dict[tuple[Shape, ...], Way | None] = field(default_factory=dict)

    def shape(self, number: int, operands: tuple[Shape, ...]) -> Shape | None:
        """The first output's shape for these inputs; None where they do not suit."""
        if self.weightless:  # augmentation and scaling, which keep shapes
            return operands[0] if len(operands) == 1 else None
        way = self.ways[number]
        shapes = _input_shapes(way.plan)
        if len(operands) == len(shapes) and all(_agree(a, b) for a, b in zip(operands, shapes, strict=True)):
            return _propagate(way.settled, operands)
        if number or any(self.agreeing(operands)):
            return None
        other = self._other(operands)
        return None if other is None else _outputs(other.settled)[0]

    def agreeing(self, operands: tuple[Shape, ...]) -> list[bool]:
        """Which answers take these inputs."""
        return [
            len(operands) == len(shapes) and all(_agree(a, b) for a, b in zip(operands, shapes, strict=True))
            for shapes in (_input_shapes(way.plan) for way in self.ways)
        ]

    def plan(self, number: int, operands: tuple[Shape, ...]) -> Plan:
        """The chosen architecture."""
        if self.weightless:
            return self.infer(operands)[0].plan
        other = self.asked.get(operands)
        return other.plan if other is not None and not self.agreeing(operands)[number] else self.ways[number].plan

    def _other(self, operands: tuple[Shape, ...]) -> Way | None:
        wanted = _input_shapes(self.ways[0].plan)
        same = [len(shape) for shape in operands] == [len(shape) for shape in wanted]
        if len(operands) != len(wanted) or (same and any(None in shape for shape in operands)):
            return None
        if operands not in self.asked:
            if len(self.asked) >= MOST_ASKED:
                return None
            try:
                self.asked[operands] = self.infer(operands)[0]
            except NoArchitecture:
                self.asked[operands] = None
        return self.asked[operands]


def _input_shapes(plan: Plan) -> list[Shape]:
    return [tuple(plan.layer(ref.layer).config["batch_shape"][1:]) for ref in plan.inputs]


def chosen(config: Config, operands: tuple[Shape, ...]) -> Plan | None:
    """The plan inside a nested layer with settled ``config``; None for a layer that is none."""
    choice = config.get("_choice")
    if choice is None:
        plan: Plan | None = config.get("_plan")
        return plan
    within = tuple(shape[1:] for shape in operands) if config.get("_timed") else operands
    found: Plan = choice.plan(config.get(WAY, 0), within)
    return found


def card(choice: _Choice) -> Card:
    """A card for one inner model."""
    best = choice.ways[0]
    shapes = _input_shapes(best.plan)
    outputs = _outputs(best.settled)
    ranks = {(len(a) + 1, len(_outputs(way.settled)[0]) + 1) for way in choice.ways
             for a in _input_shapes(way.plan)}  # fmt: skip

    def flow(config: Config) -> tuple[Variant, ...]:
        if choice.weightless:
            return (Variant(label="Model"),)
        last = {_outputs(way.settled)[0][-1] for way in choice.ways}
        first = {_input_shapes(way.plan)[0][-1] for way in choice.ways}
        fixed = len(last) == 1 and outputs[0][-1] is not None and not any(map(_open_end, choice.ways))
        return (
            Variant(
                label="Model",
                operands=(len(shapes), len(shapes)),
                ranks=SAME_RANKS if _anywhere(best.plan) else frozenset(ranks),
                channels_in=shapes[0][-1] if len(shapes) == 1 and len(first) == 1 else None,
                channels_out=outputs[0][-1] if fixed else None,
                channels="fixed" if fixed else "any",
                scale=None,
            ),
        )

    def shape(config: Config, operands: tuple[Shape, ...]) -> Shape | None:
        return choice.shape(config.get(WAY, 0), operands)

    def choices(config: Config) -> tuple[Config, ...]:
        return tuple({WAY: number} for number in range(len(config["_ways"]))) if "_ways" in config else ({},)

    return Card("Functional", flow=flow, shape=shape, choices=choices)


_ANYWHERE = ("InputLayer", "Dense", "Activation", "Dropout", "LayerNormalization", "ReLU", "LeakyReLU")


def _anywhere(plan: Plan) -> bool:
    """Whether an inner model works on the last axis alone, behind any number of axes."""
    return all(item.class_name in _ANYWHERE for item in plan.layers)


def _agree(given: Shape, wanted: Shape) -> bool:
    return len(given) == len(wanted) and all(a == b or None in (a, b) for a, b in zip(given, wanted, strict=True))


def _propagate(settled: Settled, operands: Sequence[Shape]) -> Shape | None:
    """The shape of the inner model's first output for other input shapes."""
    shapes: dict[tuple[int, int], Shape] = {}
    given = [layer.name for layer in settled.draft.layers if layer.class_name == "InputLayer"]
    taken = dict(zip(as_created(given), operands, strict=True))
    for index, layer in enumerate(settled.draft.layers):
        if layer.class_name == "InputLayer":
            shapes[index, 0] = taken[layer.name]
            continue
        config = settled.config(index)
        for call, inbound in enumerate(layer.operands):
            if any(operand not in shapes for operand in inbound):
                return settled.shapes[settled.draft.outputs[0]]
            before = tuple(shapes[operand] for operand in inbound)
            if config.get("_absent"):
                result: Shape | None = before[0]
            elif layer.class_name == "Reshape":
                result = settled.shapes[index, call]
            else:
                result = layer.card.shape(config, before)
            if result is None:
                return None
            shapes[index, call] = result
    return shapes[settled.draft.outputs[0]]
