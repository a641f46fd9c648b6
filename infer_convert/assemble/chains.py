"""Models that are a chain: Sequential lists, and lists that only show the layers with weights.

In a stripped list the layers without weights have to be put back: where the numbers demand it (a Flatten in front of a
Dense, a Reshape in front of a convolution) and where people usually have one and the sizes may tell (a pool behind a
convolution, an activation behind a normalisation).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from infer_convert.assemble.typed import Typed, full_config
from infer_convert.draft import Draft, DraftLayer
from infer_convert.errors import NoArchitecture
from infer_convert.layers import CARD_OF
from infer_convert.layers.card import Card, Config, Shape
from infer_convert.layers.recognise import Reading
from infer_convert.layers.reshaping import INPUT
from infer_convert.plan import Basis, Decision, Evidence

ABSENT = "_absent"
"""A setting under which a supposed layer is not there."""
NO_LAYER = "none"
"""What the user is asked and answers where a supposed layer is not there."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a layer takes and gives: axes behind the batch and channels, None where it does not matter."""

    axes_in: tuple[int, ...]
    axes_out: dict[int, int]
    channels_in: int | None
    channels_out: int | None


def sequential(typed: Sequence[Typed]) -> Draft:
    """A Sequential model exactly as listed, behind an input where the list leaves it out."""
    if typed[0].is_input():
        first = DraftLayer(typed[0].stored.name, INPUT, {}, (), (), typed[0].stored.name)
        typed = typed[1:]
    else:
        first = DraftLayer("input", INPUT, {}, ())
    readings = readings_that_chain(typed, bridged=False)
    layers = [first]
    for place, (entry, reading) in enumerate(zip(typed, readings, strict=True)):
        if place and (half := _half(readings[place - 1], reading)):
            layers.append(_halving(half, layers))
        layers.append(listed_layer(entry, reading, len(layers) - 1))
    return Draft(tuple(layers), ((len(layers) - 1, 0),))


def stripped(typed: Sequence[Typed], head: Sequence[DraftLayer] = ()) -> Draft:
    """A chain of the listed layers with supposed layers between them, behind ``head`` (wired layers of a known net) if
    there is one."""
    readings = readings_that_chain(typed)
    layers = list(head) or [DraftLayer("input", INPUT, {}, ())]
    taken = {entry.stored.name for entry in typed} | {layer.name for layer in head}
    spatial: int | None = None
    last = len(typed) - _heads(readings)
    outputs: list[tuple[int, int]] = []
    for position, (entry, reading) in enumerate(zip(typed, readings, strict=True)):
        if outputs:
            layers.append(replace(listed_layer(entry, reading, 0), operands=layers[outputs[0][0]].operands))
            outputs.append((len(layers) - 1, 0))
            continue
        if position and (half := _half(readings[position - 1], reading)):
            layers.append(_halving(half, layers))
        elif position or head:
            for card, config, word in _between(layers, reading, readings[position + 1 :]):
                layers.append(_supposed(card, config, word, layers, taken))
        layers.append(listed_layer(entry, reading, len(layers) - 1))
        if position == last:
            if _ends_like_its_blocks(readings):
                layers.append(_supposed(CARD_OF["Activation"], {}, "activation", layers, taken))
            outputs.append((len(layers) - 1, 0))
            continue
        spatial = _spatial_axes(reading, spatial)
        following = readings[position + 1] if position + 1 < len(readings) else None
        if following is not None:
            for card, config, word in _behind(reading, following, spatial):
                layers.append(_supposed(card, config, word, layers, taken))
    return Draft(tuple(layers), tuple(outputs))


def _ends_like_its_blocks(readings: Sequence[Reading]) -> bool:
    """Whether the chain ends in a normalised convolution as it has them before (a backbone whose head is elsewhere):
    then what stands behind those stands behind the last one too, as in the backbones of keras.applications without
    their heads (ResNetV2, MobileNet, MobileNetV2, Xception, EfficientNet, InceptionResNetV2 end so, each with an
    activation). The activation is asked about like any other."""
    normalised = [
        place
        for place, (before, reading) in enumerate(pairwise(readings), 1)
        if "Conv" in before.class_name and reading.class_name == "BatchNormalization"
    ]
    return len(normalised) > 1 and normalised[-1] == len(readings) - 1


def _heads(readings: Sequence[Reading]) -> int:
    """How many Dense layers at the end stand beside each other: they take the same number of channels, and none gives
    as many as the next takes (two heads of an encoder, the outputs of an actor and a critic)."""
    count = 1
    for before, following in zip(reversed(readings[:-1]), reversed(readings), strict=False):
        one, other = link(before), link(following)
        if before.class_name != "Dense" or following.class_name != "Dense" or one.channels_in != other.channels_in:
            break
        if one.channels_out == other.channels_in:
            break
        count += 1
    return count if count < len(readings) else 1


HALF = 0.6
"""Confidence that the first half of what one model gives is what the next takes: a variational autoencoder of two
models, whose latent vector is its mean when nothing is sampled."""


def _half(before: Reading, reading: Reading) -> int | None:
    """How many channels a model takes that stands behind one that gives twice as many; None elsewhere."""
    if before.class_name != "Functional" or reading.class_name != "Functional":
        return None
    given, wanted = link(before).channels_out, link(reading).channels_in
    return wanted if wanted is not None and given == 2 * wanted else None


def _halving(count: int, layers: Sequence[DraftLayer]) -> DraftLayer:
    """``x[:, :count]``, the mean of a latent vector."""
    arguments = {"key": [None, [0, count, None]]}

    def shape(config: Config, shapes: tuple[Shape, ...]) -> Shape | None:
        return (count,) if shapes[0] in ((2 * count,), (None,)) else None

    card = Card("Operation", shape=shape)
    because = (
        f"the model in front gives {2 * count} numbers and the one behind takes {count}: mean and log variance of a"
        " latent vector, of which the mean goes on where nothing is sampled"
    )
    decision = Decision("arguments", arguments, HALF, Basis.ASSUMED, (), (Evidence("shapes", 0.0, because),))
    config = {"function": "getitem", "arguments": arguments}
    operands: tuple[tuple[int, int], ...] = ((len(layers) - 1, 0),)
    return DraftLayer("latent_mean", card, config, (operands,), decisions=(decision,))


def listed_layer(entry: Typed, reading: Reading, previous: int) -> DraftLayer:
    """A layer of the list behind the layer ``previous`` of the draft."""
    operands: tuple[tuple[int, int], ...] = ((previous, 0),)
    if reading.class_name in ("MultiHeadAttention", "GroupQueryAttention", "Attention"):
        operands = operands * 2
    return DraftLayer(
        entry.stored.name, reading.card, full_config(reading), (operands,), reading.fit.uses, entry.stored.name
    )


def _supposed(card: Card, config: Config, word: str, layers: Sequence[DraftLayer], taken: set[str]) -> DraftLayer:
    name, number = word, 0
    while name in taken:
        number += 1
        name = f"{word}_{number}"
    taken.add(name)
    return DraftLayer(name, card, {**card.assumed, **config}, (((len(layers) - 1, 0),),))


def link(reading: Reading) -> Link:
    """Axes and channels of a reading, from its card's flow."""
    variant = reading.card.flow(full_config(reading))[0]
    axes_out: dict[int, int] = {}
    for rank_in, rank_out in sorted(variant.ranks):
        axes_out.setdefault(rank_in - 1, rank_out - 1)
    out = variant.channels_out if variant.channels == "fixed" else None
    return Link(tuple(sorted(axes_out)), axes_out, variant.channels_in, out)


def _divide(one: int, other: int) -> bool:
    """Whether either is a multiple of the other; a damaged file may declare no channels at all."""
    return min(one, other) > 0 and max(one, other) % min(one, other) == 0


_KEEPING = ("BatchNormalization", "LayerNormalization", "GroupNormalization", "RMSNormalization", "PReLU", "Dropout",
            "Activation", "ReLU", "LeakyReLU", "ELU")  # fmt: skip


def _normalises_maps(reading: Reading, given: int | None) -> bool:
    """Whether a BatchNormalization takes fewer channels than a Dense in front of it gives, as maps have them into
    which that was reshaped."""
    taken = link(reading).channels_in
    return reading.class_name == "BatchNormalization" and bool(given and taken and given > taken and given % taken == 0)


def _may_bridge(before: Sequence[Reading], reading: Reading, given: int) -> bool:
    """Whether a Flatten or a Reshape can stand in front of ``reading``: between a Dense and anything else than a
    normalisation, unless that is one of maps."""
    last = next((item.class_name for item in reversed(before) if item.class_name not in _KEEPING), "")
    if before and before[-1].class_name == "Dense" and _normalises_maps(reading, given):
        return True
    return reading.class_name not in _KEEPING and not ("Conv" in last and "Conv" in reading.class_name)


OVER_WORDS = ("LSTM", "GRU", "SimpleRNN", "Bidirectional", "Conv1D", "SeparableConv1D")
WORDS = 4.0
"""Nats for a matrix in front of these, first in its chain, being an Embedding: sequences of vectors are not scaled or
projected without a bias before anything else (set by hand; a matrix alone weighs ``embedding.UNNAMED``)."""


def readings_that_chain(typed: Sequence[Typed], bridged: bool = True) -> tuple[Reading, ...]:
    """One reading per layer such that channels agree along the chain as far as they are known: a Viterbi pass.
    ``bridged``: layers without weights that the list leaves out may stand in between; else what takes maps does not
    stand behind what was flattened."""
    best: list[tuple[float, tuple[Reading, ...], int | None, bool]] = [(0.0, (), None, False)]
    for entry in typed:
        following: dict[tuple[str, int | None], tuple[float, tuple[Reading, ...], int | None, bool]] = {}
        for score, readings, channels, flat in best:
            for reading in entry.readings:
                made = link(reading)
                total = score + reading.log_prior
                if flat and not bridged and 1 not in made.axes_in:
                    total -= 6.0
                if made.channels_in is not None and channels is not None and made.channels_in != channels:
                    bridge = (
                        bridged and _may_bridge(readings, reading, channels) and _divide(made.channels_in, channels)
                    )
                    total -= 0.5 if bridge else 6.0
                if len(readings) == 1 and readings[0].class_name == "Embedding" and reading.class_name in OVER_WORDS:
                    total += WORDS
                out = made.channels_out if made.channels_out is not None else channels
                if reading.class_name in ("Flatten", "Reshape", "Permute", "RepeatVector", "Lambda"):
                    out = None
                key = (reading.class_name, out)
                if key not in following or following[key][0] < total:
                    keeps = flat and reading.class_name in (*_KEEPING, "Dense")
                    following[key] = (total, (*readings, reading), out, keeps or reading.class_name == "Flatten")
        best = sorted(following.values(), key=lambda item: -item[0])[:24]
    return best[0][1]


def _behind(reading: Reading, following: Reading, spatial: int | None) -> list[tuple[Card, dict[str, Any], str]]:
    """Layers that may stand right behind one whose list shows weights only. ``spatial`` counts the spatial axes that
    the chain has there."""
    supposed: list[tuple[Card, dict[str, Any], str]] = []
    if reading.class_name == "BatchNormalization" and following.class_name != "PReLU":
        supposed.append((CARD_OF["Activation"], {}, "activation"))
    if spatial is not None and following.class_name not in ("BatchNormalization", "PReLU", "LayerNormalization"):
        pool = CARD_OF[f"MaxPooling{spatial}D"]
        supposed.append((pool, {"_supposed": True}, f"max_pooling{spatial}d"))
    return supposed


def _spatial_axes(reading: Reading, before: int | None) -> int | None:
    """Spatial axes behind a layer along which a pool could stand; None behind anything but convolutions and what keeps
    their shape."""
    name, config = reading.class_name, reading.fit.config
    if name.startswith(("Conv1D", "Conv2D", "Conv3D", "Separable")) and not name.endswith("Transpose"):
        return len(config["kernel_size"])
    return before if name in ("BatchNormalization", "PReLU", "LayerNormalization") else None


def _between(
    layers: Sequence[DraftLayer], reading: Reading, following: Sequence[Reading]
) -> list[tuple[Card, dict[str, Any], str]]:
    """Layers that must stand in front of ``reading`` because its tensors want another rank than the chain has, or
    because it normalises fewer channels than a Dense gives, as the maps do that ``following`` takes."""
    before, channels = _result(layers)
    made = link(reading)
    if before == 1 and _normalises_maps(reading, channels):
        axes = next((link(item).axes_in[0] for item in following if link(item).axes_in[0] > 1), None)
        return [] if axes is None else [(CARD_OF["Reshape"], {"_axes": axes, "_channels": made.channels_in}, "reshape")]
    if before is None or (
        before in made.axes_in and reading.class_name not in ("Dense", "BatchNormalization", "LayerNormalization")
    ):
        return []
    if reading.class_name == "Dense" and before > 1:
        wanted = made.channels_in
        if channels is not None and wanted == channels and before == 2:
            return []
        if channels is not None and wanted == channels:
            return [
                (
                    CARD_OF[f"GlobalAveragePooling{before - 1}D"],
                    {"keepdims": False},
                    f"global_average_pooling{before - 1}d",
                )
            ]
        return [(CARD_OF["Flatten"], {}, "flatten")]
    if before not in made.axes_in:
        axes = made.axes_in[0]
        if axes > before:
            return [(CARD_OF["Reshape"], {"_axes": axes, "_channels": made.channels_in}, "reshape")]
        return [(CARD_OF["Flatten"], {}, "flatten")]
    return []


def _result(layers: Sequence[DraftLayer]) -> tuple[int | None, int | None]:
    """Axes behind the batch and channels at the end of the chain, as far as the cards fix them."""
    axes: int | None = None
    channels: int | None = None
    for layer in layers[1:]:
        if not layer.operands:
            continue
        if "_axes" in layer.config:
            axes, channels = layer.config["_axes"], layer.config["_channels"]
            continue
        variant = layer.card.flow(layer.config)[0]
        outs = {rank_out - 1 for rank_in, rank_out in variant.ranks if axes is None or rank_in - 1 == axes}
        if layer.class_name == "Dense" and axes is None:
            axes = 1
        elif layer.class_name in ("LSTM", "GRU", "SimpleRNN", "Bidirectional"):
            axes = 2
        elif len(outs) == 1:
            axes = next(iter(outs))
        if variant.channels == "fixed":
            channels = variant.channels_out
        elif variant.channels != "same":
            channels = None
    return axes, channels


def check_any(typed: Sequence[Typed]) -> None:
    """Raise NoArchitecture for an empty list."""
    if not typed:
        raise NoArchitecture("the file lists no layers with weights", ())
