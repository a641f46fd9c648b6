"""Activations of nets that normalise layers: transformers, mixers and their kind."""

from __future__ import annotations

from infer_convert.clues.activations.belief import ActivationBelief, width_of
from infer_convert.draft import Neighbourhood
from infer_convert.layers.regularization import INERT
from infer_convert.plan import Evidence

IN_MAPS = ActivationBelief(
    {"gelu": 0.75, "relu": 0.2, "silu": 0.05},
    Evidence("habits", 1.1, "nets for images that normalise layers instead of batches mostly use gelu"),
)

IN_SEQUENCES = ActivationBelief(
    {"relu": 0.6, "gelu": 0.35, "silu": 0.05},
    Evidence("habits", 0.4, "transformers over words and over time use relu or gelu"),
)


def normalises_layers(near: Neighbourhood) -> bool:
    """Transformers, mixers and their kind."""
    found = near.notes.get("normalises layers")
    if found is None:
        found = near.notes["normalises layers"] = _counted_normalisations(near)
    return bool(found)


def _counted_normalisations(near: Neighbourhood) -> bool:
    names = [layer.class_name for layer in near.draft.layers]
    return names.count("LayerNormalization") > 1 and "BatchNormalization" not in names


def in_transformer(near: Neighbourhood, index: int, added: bool) -> ActivationBelief:
    """Feed-forward pairs activate where they widen; projections and what is added are linear. Vision transformers,
    mixers and ConvNeXt write gelu; Keras' own examples over words and over time relu, and there 1x1 convolutions are
    the feed-forward pair."""
    layer = near.draft.layers[index]
    config = layer.config.get("_inner", layer.config)
    width, given = width_of(layer), config.get("_channels_in")
    if "Conv" in layer.class_name and max(config.get("kernel_size", (1,))) > 1:
        return ActivationBelief({"linear": 0.85, "relu": 0.15}, Evidence("habits", 1.7, "patches are cut linearly"))
    if added and _dropped_throughout(near, index):
        because = Evidence("habits", 0.4, "a dense layer between two dropouts: written in one loop, both may use gelu")
        return ActivationBelief({"linear": 0.6, "gelu": 0.4}, because)
    if added:
        return ActivationBelief({"linear": 0.95, "relu": 0.05}, Evidence("habits", 2.9, "it feeds a residual Add"))
    if width is not None and given and width > given:
        if any("Conv2D" in item.class_name for item in near.draft.layers):
            because = Evidence("habits", 1.3, "feed-forward layers over patches of images use gelu")
            return ActivationBelief({"gelu": 0.8, "relu": 0.15, "linear": 0.05}, because)
        because = Evidence("habits", 0.9, "feed-forward layers over words and time use relu, some gelu")
        return ActivationBelief({"relu": 0.7, "gelu": 0.25, "linear": 0.05}, because)
    behind = {near.draft.layers[i].class_name for i in near.after(index, INERT)}
    if behind & {"MultiHeadAttention", "Reshape", "Permute"}:
        return ActivationBelief({"linear": 0.8, "relu": 0.2}, Evidence("habits", 1.4, "a projection of tokens"))
    because = Evidence("habits", 0.9, "a dense layer of a net with attention")
    return ActivationBelief({"relu": 0.6, "linear": 0.25, "gelu": 0.15}, because)


def _dropped_throughout(near: Neighbourhood, index: int) -> bool:
    """A Dense between two Dropouts in a net with convolutions over pictures: Keras' own example writes both layers of
    a feed-forward pair in one loop, ``Dense(units, gelu)`` and ``Dropout``; the paper leaves the second linear."""
    layers = near.draft.layers
    around = [*near.draft.producers(index), *near.consumers[index]]
    between = layers[index].class_name == "Dense" and {layers[item].class_name for item in around} == {"Dropout"}
    return between and any("Conv2D" in item.class_name for item in layers)
