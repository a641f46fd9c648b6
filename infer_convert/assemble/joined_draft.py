"""The draft of a net that ``joined.py`` found: layers in Keras' order, with what people usually have between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from infer_convert.assemble.typed import Typed, full_config
from infer_convert.draft import Draft, DraftLayer
from infer_convert.layers import CARD_OF
from infer_convert.layers.card import Card, Config
from infer_convert.layers.recognise import Reading
from infer_convert.layers.reshaping import INPUT
from infer_convert.solve.order import keras_order

INPUT_KIND, ITEM, ADD, CAT, POOLED, LARGER, FOLDED = "input", "item", "add", "cat", "pooled", "larger", "folded"
WORDS = {ADD: "Add", CAT: "Concatenate"}
CONVOLUTIONS = ("Conv1D", "Conv2D", "Conv3D", "SeparableConv1D", "SeparableConv2D", "DepthwiseConv2D")
PASSING = ("BatchNormalization", "PReLU", "LayerNormalization")


@dataclass(frozen=True, slots=True)
class Step:
    """A tensor of the net: ``operands`` are earlier steps; ``place`` and ``reading`` tell the listed layer of an item;
    ``flat`` a Flatten in the place of a global pooling, ``large`` a convolution that enlarges its map,
    ``norm`` a normalisation, ``map`` the axes and channels that a vector is folded into."""

    kind: str
    operands: tuple[int, ...]
    place: int = -1
    reading: int = 0
    flat: bool = False
    large: bool = False
    norm: bool = False
    map: tuple[int, int] = (0, 0)


class _Maker:
    """Puts steps into a draft, with activations behind normalisations and pools where there may be some."""

    def __init__(self, steps: Sequence[Step], entries: Sequence[Typed]) -> None:
        self.steps, self.entries = steps, entries
        self.layers: list[DraftLayer] = []
        self.taken = {entry.stored.name for entry in entries}
        self.given: dict[int, int] = {}
        self.eased: dict[int, int] = {}
        self.axes: dict[int, int] = {}
        normed = {step.operands[0] for step in steps if self._class(step) in PASSING}
        self.bare = set(range(len(steps))) - normed
        self.late: set[int] = set()
        for number, step in enumerate(steps):
            if step.large or step.kind in (LARGER, FOLDED) or any(front in self.late for front in step.operands):
                self.late.add(number)
        self.first = {front: number for number, step in reversed(list(enumerate(steps))) for front in step.operands}

    def _class(self, step: Step) -> str:
        return self._reading(step).class_name if step.kind == ITEM else ""

    def _reading(self, step: Step) -> Reading:
        return self.entries[step.place].readings[step.reading]

    def supposed(self, card: Card, config: Config, word: str, operands: tuple[int, ...]) -> int:
        name, number = word, 0
        while name in self.taken:
            number += 1
            name = f"{word}_{number}"
        self.taken.add(name)
        calls = tuple((operand, 0) for operand in operands)
        self.layers.append(DraftLayer(name, card, {**card.assumed, **config}, (calls,) if calls else ()))
        return len(self.layers) - 1

    def add(self, number: int) -> None:
        step = self.steps[number]
        if step.kind == INPUT_KIND:
            self.given[number] = self.supposed(INPUT, {}, "input", ())
            return
        if step.kind == ITEM:
            self._item(number, step)
        elif step.kind == POOLED:
            self._pooled(number, step)
        elif step.kind == FOLDED:
            config = {"_axes": step.map[0], "_channels": step.map[1]}
            self.axes[number] = step.map[0] - 1
            front = self.given[step.operands[0]]
            self.given[number] = self.supposed(CARD_OF["Reshape"], config, "reshape", (front,))
        elif step.kind == LARGER:
            axes = self.axes[number] = self.axes.get(step.operands[0], 0) or 2
            word = f"UpSampling{axes}D"
            front = self.given[step.operands[0]]
            self.given[number] = self.supposed(CARD_OF[word], {}, f"up_sampling{axes}d", (front,))
        else:
            joined = tuple(self.given[operand] for operand in step.operands)
            card = CARD_OF[WORDS[step.kind]]
            self.axes[number] = self.axes.get(step.operands[0], 0)
            self.given[number] = self.supposed(card, {}, WORDS[step.kind].lower(), joined)

    def _item(self, number: int, step: Step) -> None:
        entry, reading = self.entries[step.place], self._reading(step)
        source = step.operands[0]
        front = self.given[source] if reading.class_name in PASSING else self._eased(source, number, reading)
        operands: tuple[tuple[int, int], ...] = ((front, 0),)
        if reading.class_name in ("MultiHeadAttention", "GroupQueryAttention", "Attention"):
            operands = operands * 2
        self.layers.append(
            DraftLayer(
                entry.stored.name, reading.card, full_config(reading), (operands,), reading.fit.uses, entry.stored.name
            )
        )
        made = len(self.layers) - 1
        if reading.class_name in CONVOLUTIONS or step.large:
            self.axes[number] = len(reading.fit.config.get("kernel_size") or (1, 1))
        elif reading.class_name in PASSING:
            self.axes[number] = self.axes.get(source, 0)
            if reading.class_name == "BatchNormalization":
                made = self.supposed(CARD_OF["Activation"], {}, "activation", (made,))
        self.given[number] = made

    def _eased(self, source: int, number: int, reading: Reading) -> int:
        """What a layer reads of a tensor: behind a pool where one may stand, the same for all that read it. Within
        branches there are few, and none where maps have grown again."""
        axes = self.axes.get(source, 0)
        if not axes or source not in self.bare or reading.class_name not in CONVOLUTIONS:
            return self.given[source]
        if source in self.late or (source not in self.eased and self._waiting(source, number)):
            return self.given[source]
        if source not in self.eased:
            card = CARD_OF[f"MaxPooling{axes}D"]
            self.eased[source] = self.supposed(
                card, {"_supposed": True}, f"max_pooling{axes}d", (self.given[source],)
            )
        return self.eased[source]

    def _waiting(self, source: int, number: int) -> bool:
        """Whether another tensor waits for its first reader while ``number`` reads ``source``."""
        return any(
            self.first.get(item, len(self.steps)) > number
            for item in range(number)
            if item != source and self.steps[item].kind != INPUT_KIND
        )

    def _pooled(self, number: int, step: Step) -> None:
        front = self.given[step.operands[0]]
        axes = self.axes.get(step.operands[0], 1) or 1
        if step.flat:
            self.given[number] = self.supposed(CARD_OF["Flatten"], {}, "flatten", (front,))
            return
        card, word = CARD_OF[f"GlobalAveragePooling{axes}D"], f"global_average_pooling{axes}d"
        self.given[number] = self.supposed(card, {"keepdims": False}, word, (front,))


def draft_of(steps: Sequence[Step], outputs: Sequence[int], entries: Sequence[Typed]) -> tuple[Draft, bool] | None:
    """The draft, and whether Keras would list its layers as the file does; None for a net without a way to some
    layer."""
    maker = _Maker(steps, entries)
    for number in range(len(steps)):
        maker.add(number)
    ends = [(maker.given[number], 0) for number in outputs]
    order = keras_order([layer.operands if layer.operands else ((),) for layer in maker.layers], ends)
    if len(order) < len(maker.layers):
        return None
    stored = [maker.layers[index].stored for index in order if maker.layers[index].stored is not None]
    listed = stored == [entry.stored.name for entry in entries]
    if not listed:
        order = list(range(len(maker.layers)))
    place = {index: position for position, index in enumerate(order)}
    layers = []
    for index in order:
        operands = (tuple((place[item], call) for item, call in calls) for calls in maker.layers[index].operands)
        layers.append(replace(maker.layers[index], operands=tuple(operands)))
    return Draft(tuple(layers), tuple((place[index], 0) for index, _ in ends)), listed
