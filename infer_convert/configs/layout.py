"""channels_first models as channels_last ones inside, with the stored layout kept at the inputs and outputs.

Every layer with ``data_format: channels_first`` runs channels_last; what it reads is permuted before it, and lazily
back where a layer needs the stored layout (Flatten, Reshape, outputs). Permutations between two such layers vanish,
elementwise layers take the tensors as they come. Nothing is approximated: kernels stand (rows, cols, in, out) in both.

An arrangement is the permutation of the axes after the batch (numbered from 1) that leads from the stored layout to
the one held: ``()`` is the stored one, ``(2, 3, 1)`` an image with its channels moved last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from infer_convert.configs.context import Context
from infer_convert.configs.graph import Call, Graph, Item
from infer_convert.configs.wiring import ordered_calls
from infer_convert.plan import Ref

Arrangement = tuple[int, ...]

ELEMENTWISE = [
    "ReLU",
    "LeakyReLU",
    "ELU",
    "Dropout",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "GaussianNoise",
    "GaussianDropout",
    "AlphaDropout",
    "ActivityRegularization",
    "Identity",
    "Add",
    "Subtract",
    "Multiply",
    "Average",
    "Maximum",
    "Minimum",
]
ALONG_AN_AXIS = ("BatchNormalization", "Concatenate", "Softmax", "UnitNormalization")
WITHOUT_AXIS = ("softmax", "log_softmax", "sparsemax")
"""Activations along the last axis, so not elementwise."""


def channels_last(graph: Graph, context: Context) -> Graph:
    """The graph (and nested models) with no channels_first layer left."""
    items = tuple(
        replace(item, inner=channels_last(item.inner, context)) if item.inner is not None else item
        for item in graph.items
    )
    graph = replace(graph, items=items)
    if context.hints.data_format == "keep" or not any(_first(item) for item in graph.items):
        return graph
    return _Pass(graph, context).run()


def _inner_config(item: Item) -> Mapping[str, Any] | None:
    inner = item.config.get("layer")
    config = inner.get("config") if isinstance(inner, Mapping) else None
    return config if isinstance(config, Mapping) else None


def _first(item: Item) -> bool:
    if item.class_name == "Flatten":
        return False
    inner = _inner_config(item)
    if inner is not None:
        wrapped = item.config["layer"].get("class_name")
        return inner.get("data_format") == "channels_first" and wrapped != "Flatten"
    return item.config.get("data_format") == "channels_first"


def _axes(item: Item) -> tuple[Arrangement, Arrangement]:
    """The arrangements in which a layer reads and gives, once it is channels_last."""
    wrapped = item.config.get("layer")
    class_name = str(wrapped.get("class_name")) if isinstance(wrapped, Mapping) else item.class_name
    config = _inner_config(item) or item.config
    digits = [int(letter) for letter in class_name if letter.isdigit()]
    spatial = digits[0] if digits else 2
    moved = (*range(2, spatial + 2), 1)
    timed = (1, *range(3, spatial + 3), 2)
    if class_name.startswith("ConvLSTM"):
        return timed, timed if config.get("return_sequences") else moved
    reads = timed if item.class_name == "TimeDistributed" else moved
    gives = reads
    if class_name.startswith(("Global",)) and not config.get("keepdims"):
        gives = ()
    return reads, gives


@dataclass
class _Pass:
    graph: Graph
    context: Context
    held: dict[Ref, dict[Arrangement, Ref]] = field(default_factory=dict)
    rank: dict[Ref, int] = field(default_factory=dict)
    extra: list[tuple[str, Item]] = field(default_factory=list)
    calls: dict[tuple[str, int], Call] = field(default_factory=dict)
    changed: dict[str, Item] = field(default_factory=dict)
    chosen: dict[str, Arrangement] = field(default_factory=dict)

    def run(self) -> Graph:
        items = {item.name: item for item in self.graph.items}
        for name, call in ordered_calls(self.graph):
            self.visit(items[name], call)
        outputs = tuple(self.get(ref, (), ref.layer) for ref in self.graph.outputs)
        made: list[Item] = []
        for item in self.graph.items:
            new = self.changed.get(item.name, item)
            calls = tuple(self.calls.get((item.name, n), call) for n, call in enumerate(item.calls))
            made.append(replace(new, calls=calls))
            made += [each for after, each in self.extra if after == item.name]
        self.context.log.rewrite(
            self.graph.name or "model",
            "channels_first is computed channels_last inside; inputs and outputs keep their layout",
        )
        return replace(self.graph, items=tuple(made), outputs=outputs)

    def get(self, ref: Ref, wanted: Arrangement, near: str) -> Ref:
        """``ref`` in the wanted arrangement; a Permute is added the first time."""
        held = self.held.setdefault(ref, {(): ref})
        if wanted not in held:
            have, source = next(iter(held.items()))
            target = wanted or tuple(range(1, len(have) + 1))
            current = have or tuple(range(1, len(target) + 1))
            dims = [current.index(axis) + 1 for axis in target]
            name = f"{ref.layer}_{'first' if not wanted else 'last'}"
            taken = {item.name for item in self.graph.items} | {item.name for _, item in self.extra}
            while name in taken:
                name += "_"
            self.extra.append((ref.layer, Item(name, "Permute", {"dims": dims}, (Call((source,)),), hidden=True)))
            held[wanted] = Ref(name)
        return held[wanted]

    def visit(self, item: Item, number: int) -> None:
        own = Ref(item.name, number)
        if item.class_name == "InputLayer":
            shape = item.config.get("batch_shape")
            if shape:
                self.rank[own] = len(shape) - 1
            return
        call = item.calls[number]
        refs = call.refs()
        if _first(item):
            reads, gives = _axes(item)
            self.calls[item.name, number] = call.mapped(lambda ref: self.get(ref, reads, item.name))
            self.changed[item.name] = _turned(item)
            self.gives(own, gives, len(reads))
            if item.class_name == "Bidirectional" and item.config.get("merge_mode", "concat") == "concat":
                self.join(item, own, gives)
            if gives == () and len(reads):
                self.rank.pop(own, None)
            return
        wanted = self.elementwise(item, refs)
        self.chosen[item.name] = wanted
        if wanted:
            self.calls[item.name, number] = call.mapped(lambda ref: self.get(ref, wanted, item.name))
            self.changed[item.name] = _moved_axis(item, wanted)
            self.gives(own, wanted, len(wanted))
            return
        self.calls[item.name, number] = call.mapped(lambda ref: self.get(ref, (), item.name))
        if item.class_name in ELEMENTWISE or item.class_name in (*ALONG_AN_AXIS, "Activation"):
            ranks = {self.rank.get(ref) for ref in refs}
            if len(ranks) == 1 and (rank := ranks.pop()) is not None:
                self.rank[own] = rank

    def join(self, item: Item, own: Ref, gives: Arrangement) -> None:
        """Bidirectional joins its halves along the last stored axis, which is no longer last: join them apart."""
        self.changed[item.name] = replace(_turned(item), config={**_turned(item).config, "merge_mode": None})
        name = f"{item.name}_concat" + (f"_{own.call}" if own.call else "")
        config = {"axis": gives.index(len(gives)) + 1}
        halves = (own, replace(own, tensor=1))
        self.extra.append((item.name, Item(name, "Concatenate", config, (Call(halves),), hidden=True)))
        self.held[own] = {gives: Ref(name)}

    def gives(self, own: Ref, arrangement: Arrangement, rank: int) -> None:
        for tensor in range(4):  # more outputs than any layer with an image layout has
            ref = replace(own, tensor=tensor)
            self.held[ref] = {arrangement: ref}
            self.rank[ref] = len(arrangement) or rank

    def elementwise(self, item: Item, refs: tuple[Ref, ...]) -> Arrangement:
        """The arrangement in which a layer that does not care can run; ``()`` for one that cares."""
        activation = item.config.get("activation")
        cares = item.class_name not in (*ELEMENTWISE, *ALONG_AN_AXIS) and not (
            item.class_name == "Activation" and isinstance(activation, str) and activation not in WITHOUT_AXIS
        )
        if cares or isinstance(item.config.get("axis"), list) or not refs:
            return ()
        if len(item.calls) > 1 and item.name in self.chosen:
            wanted = self.chosen[item.name]
            return wanted
        if len(item.calls) > 1 and item.class_name in ALONG_AN_AXIS:
            return ()
        options = [arrangement for ref in refs for arrangement in self.held.get(ref, {}) if arrangement]
        for wanted in dict.fromkeys(options):
            if all(self.available(ref, wanted) for ref in refs):
                return wanted
        return ()

    def available(self, ref: Ref, wanted: Arrangement) -> bool:
        held = self.held.get(ref, {(): ref})
        return wanted in held or self.rank.get(ref) == len(wanted)


def _turned(item: Item) -> Item:
    inner = _inner_config(item)
    if inner is not None:
        config = dict(item.config)
        for key in ("layer", "backward_layer"):
            if isinstance(config.get(key), Mapping):
                own = {**config[key]["config"], "data_format": "channels_last"}
                config[key] = {**config[key], "config": own}
        return replace(item, config=config)
    return replace(item, config={**item.config, "data_format": "channels_last"})


def _moved_axis(item: Item, arrangement: Arrangement) -> Item:
    if item.class_name not in ALONG_AN_AXIS:
        return item
    axis = int(item.config.get("axis", -1))
    stored = axis if axis >= 0 else axis + len(arrangement) + 1
    moved = arrangement.index(stored) + 1 if stored > 0 else 0
    last = len(arrangement)
    return replace(item, config={**item.config, "axis": -1 if moved == last else moved})
