"""A net in the making: tensors that may become part of it, what makes them, and the draft that those make which did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from infer_convert.assemble.typed import Typed, full_config
from infer_convert.clues.numbers.flow import Flow
from infer_convert.clues.numbers.net import Node
from infer_convert.clues.numbers.signals import Signal
from infer_convert.draft import Draft, DraftLayer
from infer_convert.layers import CARD_OF
from infer_convert.layers.reshaping import INPUT

JOINS = ("add", "cat")
WORDS = {"act": "Activation", "add": "Add", "cat": "Concatenate", "gate": "Multiply"}
SQUEEZE = "GlobalAveragePooling{}D"


@dataclass(eq=False)
class Tensor:
    """A tensor of the net in the making. ``kind`` is ``input``, ``item``, ``act``, ``pool``, ``add``, ``cat``,
    ``squeeze`` (a global pooling) or ``gate`` (channels weighed by what became of it)."""

    kind: str
    signal: Signal
    channels: int | None
    parents: tuple[Tensor, ...] = ()
    entry: Typed | None = None
    taken: int = 0
    inner: bool = False
    layer: int | None = None
    placed: bool = False


@dataclass
class State:
    flow: Flow
    spatial: int
    pool: list[Tensor] = field(default_factory=list)
    made: dict[tuple[str, tuple[int, ...]], Tensor] = field(default_factory=dict)
    heard: int = 0
    sure: int = 0


def node_of(entry: Typed) -> Node:
    reading = entry.best
    uses = {use.variable: use for use in reading.fit.uses}
    return Node(entry.stored.name, reading.class_name, full_config(reading), (((0, 0),),), uses)


def widths(entry: Typed) -> tuple[int | None, int | None]:
    """Channels that a kernel takes and gives."""
    variant = entry.best.card.flow(full_config(entry.best))[0]
    gives = variant.channels_out if variant.channels == "fixed" else variant.channels_in
    return variant.channels_in, gives


def made_of(state: State, kind: str, parents: tuple[Tensor, ...]) -> Tensor:
    key = (kind, tuple(id(parent) for parent in parents))
    if key not in state.made:
        name = f"decoded/{kind}/{len(state.made)}"
        pool = f"MaxPooling{max(state.spatial, 1)}D"
        class_name = {**WORDS, "pool": pool, "squeeze": SQUEEZE.format(max(state.spatial, 1))}[kind]
        config = {"activation": "relu"} if kind == "act" else {"pool_size": 2} if kind == "pool" else {}
        node = Node(name, class_name, config, (((0, 0),),), {})
        signal = state.flow.result(node, [parent.signal for parent in parents])
        wide = sum(parent.channels or 0 for parent in parents) if kind == "cat" else parents[0].channels
        state.made[key] = Tensor(kind, signal, wide, parents)
    return state.made[key]


def item_of(entry: Typed, source: Tensor, state: State) -> Tensor:
    key = (entry.stored.name, (id(source),))
    if key not in state.made:
        signal = state.flow.result(node_of(entry), [source.signal])
        state.made[key] = Tensor("item", signal, widths(entry)[1], (source,), entry)
    return state.made[key]


def take(tensor: Tensor, state: State) -> None:
    """Count what a chosen tensor takes; what was made on the way becomes part of the net."""
    if tensor.placed:
        return
    tensor.placed = True
    for parent in tensor.parents:
        parent.taken += 1
        take(parent, state)
        if parent.kind in JOINS and parent not in state.pool:
            state.pool.append(parent)


def draft_of(last: Tensor, state: State, entries: Sequence[Typed]) -> Draft | None:
    """The chosen tensors as a draft; None when a stored layer has found no place."""
    layers = [DraftLayer("input", INPUT, {}, ())]
    taken = {entry.stored.name for entry in entries} | {"input"}
    mobile = any(entry.best.class_name == "DepthwiseConv2D" for entry in entries)
    pool, squeeze = f"MaxPooling{state.spatial}D", SQUEEZE.format(max(state.spatial, 1))
    words = {**WORDS, "act": "ReLU" if mobile else "Activation", "pool": pool, "squeeze": squeeze}

    def place(tensor: Tensor) -> int:
        if tensor.kind == "input":
            return 0
        if tensor.layer is None:
            operands = tuple((place(parent), 0) for parent in tensor.parents)
            if tensor.entry is not None:
                reading = tensor.entry.best
                operands = ((_vector(reading.class_name, reading.fit.config, tensor.parents[0], operands[0][0]), 0),)
                name = tensor.entry.stored.name
                made = DraftLayer(name, reading.card, full_config(reading), (operands,), reading.fit.uses, name)
            else:
                made = supposed(words[tensor.kind], operands)
                if tensor.kind == "squeeze":
                    made = replace(made, config={**made.config, "keepdims": True})
            layers.append(made)
            tensor.layer = len(layers) - 1
        return tensor.layer

    def supposed(class_name: str, operands: tuple[tuple[int, int], ...]) -> DraftLayer:
        card = CARD_OF[class_name]
        stem = name = class_name.lower()
        number = 0
        while name in taken:
            number += 1
            name = f"{stem}_{number}"
        taken.add(name)
        return DraftLayer(name, card, dict(card.assumed), (operands,))

    def _vector(class_name: str, config: object, parent: Tensor, front: int) -> int:
        """A pooling or Flatten in front of the first Dense behind maps."""
        behind = parent.kind == "squeeze" or (parent.entry and parent.entry.best.class_name == "Dense")
        if class_name != "Dense" or not state.spatial or behind:
            return front
        assert isinstance(config, dict)
        if config["_channels_in"] == parent.channels:
            made = supposed(f"GlobalAveragePooling{state.spatial}D", ((front, 0),))
            made = DraftLayer(made.name, made.card, {**made.config, "keepdims": False}, made.operands)
        else:
            made = supposed("Flatten", ((front, 0),))
        layers.append(made)
        return len(layers) - 1

    end = place(last)
    stored = {layer.stored for layer in layers if layer.stored is not None}
    if len(stored) < len(entries):
        return None
    return Draft(tuple(layers), ((end, 0),))
