"""A match as a draft: the reference's wiring and settings under the file's names, then what is the file's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from infer_convert.assemble.chains import stripped
from infer_convert.assemble.informed import within
from infer_convert.assemble.operated import LISTS, OPERATION
from infer_convert.assemble.typed import Typed, full_config
from infer_convert.clues.settings.blocks import PADDING
from infer_convert.draft import Draft, DraftLayer, Preferred
from infer_convert.layers import CARD_OF
from infer_convert.layers.card import Card
from infer_convert.layers.recognise import Reading
from infer_convert.layers.wrappers import unwrapped
from infer_convert.library.match import SAME_FUNCTION, Match
from infer_convert.library.references import KnownLayer
from infer_convert.plan import WeightUse
from infer_convert.solve.order import keras_order

GOES_ON = (
    "Activation",
    "ReLU",
    "LeakyReLU",
    "ELU",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "Add",
    "Concatenate",
    "Multiply",
    "Operation",
)
"""Layers behind the last one that matches which a bare list of weights has left out all the same."""
ZEROS = frozenset({"padding"})
"""What hangs on a layer of zeros in front: a copy that does not list one sets another padding."""
STATED = ("filters", "units", "kernel_size", "use_bias", "input_dim", "output_dim")
"""Arguments that the tensors state."""
UNWRITTEN = {"activation": "linear", "keepdims": False}
"""Defaults that the stored configs leave out and that would be open questions otherwise (the identities at the end of
ConvNeXt's blocks are such Activations)."""
KEEPS_OPEN = ("InputLayer", "Reshape")
MERGES = {"add": "Add", "multiply": "Multiply"}
"""What computes the same as an operator of two operands, whatever a name sounds like (``custom_scale_layer``)."""
PLAIN_FUNCTIONS = ("add", "subtract", "multiply", "divide", "maximum", "minimum")


class _Foreign(Exception):
    """The match makes no draft."""


def transplant(match: Match, typed: Sequence[Typed], listed: bool, trust: float, soft: bool = False) -> Draft | None:
    """The draft of a match; None when the paired layers are not the reference's beginning, a layer reads as another
    class, or what the file has behind it is no chain. ``soft`` leaves settings open, with the reference's as priors."""
    if not match.prefix:
        return None
    try:
        return _Work(match, typed, listed, trust, soft).draft()
    except _Foreign:
        return None


class _Work:
    def __init__(self, match: Match, typed: Sequence[Typed], listed: bool, trust: float, soft: bool) -> None:
        self.match, self.typed, self.listed, self.trust, self.soft = match, typed, listed, trust, soft
        self.known = match.reference if listed else match.reference.flat()
        self.item = {theirs: ours for ours, theirs in match.pairs} | self._input()
        self.layers: list[DraftLayer] = []
        self.preferred: dict[int, Preferred] = {}
        self.place: dict[int, int] = {}
        self.taken = {entry.stored.name for entry in typed}
        self.used: set[int] = set()

    def _input(self) -> dict[int, int]:
        """The file's input as the reference's, which a Sequential reference does not list."""
        if not self.listed:
            return {}
        paired = {theirs for _, theirs in self.match.pairs}
        theirs = [
            number
            for number, layer in enumerate(self.known.layers)
            if layer.class_name == "InputLayer" and not layer.listed and number not in paired
        ]
        front = self.typed[: self.match.first]
        ours = [index for index, entry in enumerate(front) if entry.best.class_name == "InputLayer"]
        return {theirs[0]: ours[0]} if len(theirs) == len(ours) == 1 else {}

    def draft(self) -> Draft:
        kept = self._kept()
        paired = set(self.item.values())
        for number in kept:
            layer = self.known.layers[number]
            ours = self.item.get(number)
            if ours is None and self.listed and layer.listed and layer.class_name != "InputLayer":
                self._skip(number, layer)
                continue
            if ours is not None:
                self._foreign_before(ours, paired)
            self.place[number] = self._add(number, layer, ours)
            if ours is not None:
                self.used.add(ours)
                self._own_behind(ours, number, paired)
        rest = [index for index in range(len(self.typed)) if index not in self.used]
        ends = self._ends(kept)
        if rest and min(rest) < self.match.last:
            raise _Foreign
        if not rest:
            return self._checked(Draft(tuple(self.layers), tuple((end, 0) for end in ends), 0.0, self.preferred))
        if len(ends) != 1:
            raise _Foreign
        if ends[0] != len(self.layers) - 1:
            raise _Foreign
        tail = [self.typed[index] for index in rest]
        if not self.listed:
            whole = stripped(tail, self.layers)
            return replace(whole, preferred=self.preferred)
        for entry in tail:
            self._chain(entry)
        return self._checked(Draft(tuple(self.layers), ((len(self.layers) - 1, 0),), 0.0, self.preferred))

    def _kept(self) -> list[int]:
        """The reference's layers up to where the file leaves it."""
        known = self.known
        if self.match.whole:
            return list(range(len(known.layers)))
        wanted = set(self.item)
        front = list(wanted)
        while front:
            layer = known.layers[front.pop()]
            for item in {item for call in layer.operands for item, _ in call} - wanted:
                wanted.add(item)
                front.append(item)
        weighted = set(known.weighted)
        if (wanted & weighted) - set(self.item):
            raise _Foreign
        for number, layer in enumerate(known.layers):
            if number in wanted or number in weighted or (self.listed and layer.listed):
                continue
            producers = [item for call in layer.operands for item, _ in call]
            if layer.class_name in GOES_ON and producers and all(item in wanted for item in producers):
                wanted.add(number)
        return sorted(wanted)

    def _skip(self, number: int, layer: KnownLayer) -> None:
        """A layer that the file does not list: its result is its operand's."""
        producers = {item for call in layer.operands for item in call}
        if len(producers) != 1 or len(layer.operands) != 1:
            raise _Foreign
        ((producer, call),) = producers
        if call:
            raise _Foreign
        self.place[number] = self.place[producer]
        function = "softmax" if layer.class_name == "Softmax" else layer.config.get("activation")
        if layer.class_name in ("Activation", "Softmax") and function:
            index = self.place[producer]
            old = self.preferred.get(index)
            if old is not None and "activation" in self.layers[index].card.assumed:
                self.preferred[index] = replace(old, config={**old.config, "activation": function})

    def _add(self, number: int, layer: KnownLayer, ours: int | None) -> int:
        operands = tuple(tuple((self.place[item], call) for item, call in inbound) for inbound in layer.operands)
        name = self.typed[ours].stored.name if ours is not None else self._name(layer)
        stored = self.typed[ours].stored.name if ours is not None else None
        card, fixed, uses, known = self._reading(number, layer, ours)
        config = {key: value for key, value in known.items() if key not in fixed and key not in STATED}
        for field, value in UNWRITTEN.items():
            if known is layer.config and (
                field in card.assumed
                or (field == "keepdims" and "Global" in card.class_name)
                or (field == "activation" and card.class_name == "Activation")
            ):
                config.setdefault(field, value)
        if layer.config.get("groups", 1) > 1 and "filters" in fixed:
            config["groups"] = self._groups(layer, fixed)
        lacks = self.listed and any(self._lacks_zeros(item) for call in layer.operands for item, _ in call)
        untold = ZEROS if lacks else frozenset()
        config = {key: value for key, value in config.items() if key not in untold}
        last = number in self.known.outputs
        if last and (layer.uses or ours is None) and not self._exact(number, ours):
            config.pop("activation", None)
        merged = {**card.assumed, **fixed}
        if not self.soft and layer.class_name not in KEEPS_OPEN:
            merged |= config
        if layer.class_name == "Normalization" and not layer.uses:
            merged["_channels_in"] = None
        if layer.class_name == "Operation":
            if (
                layer.config["function"] not in (*PLAIN_FUNCTIONS, *LISTS)
                and card is OPERATION
                and len(operands[0]) > 2
            ):
                raise _Foreign
            merged |= layer.config if card is OPERATION else {}
        self.layers.append(DraftLayer(name, card, merged, operands, uses, stored))
        because = self.match.because
        self.preferred[len(self.layers) - 1] = Preferred(config, self.trust, because, untold=untold)
        return len(self.layers) - 1

    def _lacks_zeros(self, number: int) -> bool:
        return self.known.layers[number].class_name in PADDING and number not in self.item

    def _exact(self, number: int, ours: int | None) -> bool:
        layer = self.known.layers[number]
        if ours is None or not layer.uses:
            return False
        return tuple(sorted(use.shape for use in self.typed[ours].best.fit.uses)) == layer.shapes()

    def _groups(self, layer: KnownLayer, fixed: Mapping[str, Any]) -> int:
        if layer.config["groups"] == layer.config["filters"]:
            return int(fixed["filters"])
        return int(layer.config["groups"])

    def _name(self, layer: KnownLayer) -> str:
        word = layer.class_name.lower() if layer.class_name != "InputLayer" else "input"
        if layer.class_name == "Operation":
            word = str(layer.config["function"])
        name, number = word, 0
        while name in self.taken:
            number += 1
            name = f"{word}_{number}"
        self.taken.add(name)
        return name

    def _reading(
        self, number: int, layer: KnownLayer, ours: int | None
    ) -> tuple[Card, Mapping[str, Any], tuple[WeightUse, ...], Mapping[str, Any]]:
        """Card, arguments that the tensors state, variables, and the known arguments."""
        if ours is None:
            if layer.uses:
                raise _Foreign
            return self._card(layer.class_name), {}, (), layer.config
        entry = self.typed[ours]
        if layer.inner:
            return self._nested(entry.best, layer)
        for reading in entry.readings:
            if reading.class_name == layer.class_name:
                config = unwrapped(layer.class_name, layer.config)
                return reading.card, reading.fit.config, reading.fit.uses, config
        if layer.uses:
            return self._template(layer, entry)
        for group in SAME_FUNCTION:
            if layer.class_name not in group or (layer.class_name == "Operation" and len(layer.operands[0]) < 2):
                continue
            for reading in entry.readings:
                if layer.class_name == "Operation" and reading.class_name != MERGES.get(layer.config["function"]):
                    continue
                if reading.class_name in group and not entry.stored.tensors:
                    relu = {layer.class_name, reading.class_name} == {"Activation", "ReLU"}
                    config = {"activation": "relu"} if relu and reading.class_name == "Activation" else {}
                    if layer.config.get("max_value"):
                        config = {"activation": "relu6"} if layer.config["max_value"] == 6 else {}
                    return reading.card, reading.fit.config, (), config
        return self._card(layer.class_name), {}, (), layer.config

    def _card(self, class_name: str) -> Card:
        card = OPERATION if class_name == "Operation" else CARD_OF.get(class_name)
        if card is None:
            raise _Foreign
        return card

    def _nested(
        self, best: Reading, layer: KnownLayer
    ) -> tuple[Card, Mapping[str, Any], tuple[WeightUse, ...], Mapping[str, Any]]:
        plan = best.fit.config.get("_plan")
        if plan is None:
            raise _Foreign
        plan = within(plan, layer, self.trust, self.match.because)
        fixed = {key: value for key, value in best.fit.config.items() if key not in ("_ways", "_choice")}
        return best.card, {**fixed, "_plan": plan}, best.fit.uses, {}

    def _template(
        self, layer: KnownLayer, entry: Typed
    ) -> tuple[Card, Mapping[str, Any], tuple[WeightUse, ...], Mapping[str, Any]]:
        """A layer that only the reference knows how to read: its tensors must have the very shapes."""
        tensors = list(entry.stored.tensors)
        uses = []
        for use in layer.uses:
            found = []
            for shape in use.sources:
                tensor = next((item for item in tensors if item.shape == shape), None)
                if tensor is None:
                    raise _Foreign
                tensors.remove(tensor)
                found.append(tensor)
            role = use.variable.rpartition(".")[2]
            paths = tuple(tensor.path for tensor in found)
            uses.append(WeightUse(use.variable, paths, use.shape, found[0].dtype, role, use.transforms))
        if tensors:
            raise _Foreign
        fixed = {key: value for key, value in layer.config.items() if key in STATED}
        if layer.class_name == "DepthwiseConv2D":
            fixed |= {"_channels_in": layer.uses[0].shape[2], "depth_multiplier": layer.uses[0].shape[3]}
        elif layer.class_name not in ("Dense", "Conv2D"):
            raise _Foreign
        else:
            fixed["_channels_in"] = layer.uses[0].shape[-2]
        return self._card(layer.class_name), fixed, tuple(uses), layer.config

    def _foreign_before(self, ours: int, paired: set[int]) -> None:
        """The file's own layers in front of the first one that matches."""
        if self.used or (not self.listed and ours):
            if not self.listed and ours and not self.used:
                raise _Foreign
            return
        for index in range(ours):
            if index not in paired:
                self._chain(self.typed[index])
                self.used.add(index)
                for number, at in self.place.items():
                    if at == len(self.layers) - 2:
                        self.place[number] = len(self.layers) - 1

    def _own_behind(self, ours: int, number: int, paired: set[int]) -> None:
        """Layers without weights that the file has beyond the reference, right behind a paired one."""
        index = ours + 1
        while index < self.match.last and index not in paired and index not in self.used:
            entry = self.typed[index]
            reading = self._unary(entry)
            at = self.place[number]
            self.layers.append(
                DraftLayer(
                    entry.stored.name, reading.card, full_config(reading), (((at, 0),),), reading.fit.uses,
                    entry.stored.name,
                )
            )  # fmt: skip
            self.place[number] = len(self.layers) - 1
            self.used.add(index)
            index += 1

    def _chain(self, entry: Typed) -> None:
        reading = self._unary(entry)
        operands = (((len(self.layers) - 1, 0),),) if self.layers else ()
        if not operands:
            raise _Foreign
        self.layers.append(
            DraftLayer(
                entry.stored.name, reading.card, full_config(reading), operands, reading.fit.uses, entry.stored.name
            )
        )

    def _unary(self, entry: Typed) -> Reading:
        """The likeliest reading that takes one tensor."""
        for reading in entry.readings:
            if reading.card.flow(full_config(reading))[0].operands == (1, 1):
                return reading
        raise _Foreign

    def _ends(self, kept: Sequence[int]) -> list[int]:
        if self.match.whole:
            return [self.place[item] for item in self.known.outputs]
        taken = {item for layer in self.layers for call in layer.operands for item, _ in call}
        return [index for index in range(len(self.layers)) if index not in taken]

    def _checked(self, draft: Draft) -> Draft:
        """The draft, if Keras would list its layers as the file does; outputs may stand in another order than the
        reference's."""
        if not self.listed or self._lists(draft):
            return draft
        other = replace(draft, outputs=tuple(sorted(draft.outputs)))
        if other.outputs == draft.outputs or not self._lists(other):
            raise _Foreign
        return other

    def _lists(self, draft: Draft) -> bool:
        operands = [layer.operands if layer.operands else ((),) for layer in draft.layers]
        place = {entry.stored.name: index for index, entry in enumerate(self.typed)}
        listed = [draft.layers[item] for item in keras_order(operands, draft.outputs)]
        order = [place[layer.name] for layer in listed if layer.stored]
        return order == list(range(len(self.typed)))
