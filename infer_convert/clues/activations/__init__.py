"""Which activation a layer has, from its place in the net.

An activation that no shape and no name shows is a habit of people; the shares follow WIRING §6 (leave-one-family-out
accuracy 0.89-0.91) and are revised against the tune split of the recovery benchmark.
"""

from __future__ import annotations

from infer_convert.clues.activations.backbones import ENDS, ends_backbone, ends_block
from infer_convert.clues.activations.belief import (
    ACTIVATIONS,
    NORMALISATIONS,
    RECURRENT,
    ActivationBelief,
    is_output,
    joined_output,
    width_of,
)
from infer_convert.clues.activations.gates import (
    FUSED,
    SQUEEZED,
    SQUEEZES,
    SQUEEZES_OPEN,
    fuses,
    gates,
    half_of_gate,
    scores_steps,
    squeezes_depthwise,
    weighs_steps,
)
from infer_convert.clues.activations.outputs import game, generates, head, inner_end, output
from infer_convert.clues.activations.pixels import of_pixels
from infer_convert.clues.activations.spoken import WORD_FOR, shares, spoken, spoken_function
from infer_convert.clues.activations.transformers import IN_MAPS, IN_SEQUENCES, in_transformer, normalises_layers
from infer_convert.draft import Neighbourhood
from infer_convert.layers.names import words
from infer_convert.layers.regularization import INERT
from infer_convert.plan import Evidence

__all__ = ["ActivationBelief", "activation"]


def activation(near: Neighbourhood, index: int, heads: bool = True) -> ActivationBelief | None:
    """The belief about layer ``index``, or None when the layer has no activation to decide. ``heads`` is False for a
    nested model, whose last layer need not be an output of the whole."""
    layer = near.draft.layers[index]
    name = layer.class_name
    if name == "Activation":
        return spoken(layer) or _standing(near, index, heads)
    if name in RECURRENT:
        return ActivationBelief(
            {"tanh": 0.95, "relu": 0.04, "sigmoid": 0.01},
            Evidence("habits", 3.0, "recurrent layers keep their default tanh"),
        )
    if name == "TimeDistributed" and layer.config.get("_class") not in ("Dense", "Conv1D", "Conv2D", "Conv3D"):
        return None
    if "activation" not in layer.card.assumed and name != "TimeDistributed":
        return None
    return _fused(near, index, heads)


FOLLOWED = 0.997
"""Share of no activation where a layer that is one follows: 41 of 41 nets of the tune split; a second one would be a
mistake."""
ADDED = 0.93
"""Share of no activation in front of an Add: 10 of 10 nets of the tune split, drawn a little to the middle."""


def _standing(near: Neighbourhood, index: int, heads: bool) -> ActivationBelief:
    if near.draft.layers[index].stored is None and ends_block(near, index):
        because = "backbones end like their blocks, halves of blocks do not"
        return ActivationBelief(ENDS, Evidence("habits", 1.3, because))
    if heads and is_output(near, index) and (pixels := of_pixels(near, index)) is not None:
        return pixels
    if heads and is_output(near, index) and not ends_backbone(near, index):
        source = next(
            (near.draft.layers[i] for i in near.before(index, (*INERT, "BatchNormalization", "Flatten", "Reshape"))),
            None,
        )
        width = width_of(source) if source is not None else None
        return output(near, width, source.class_name if source is not None else "", "the last layer is an activation")
    if not heads and is_output(near, index):
        front = next(iter(near.before(index, (*INERT, *NORMALISATIONS, "Flatten", "Reshape"))), None)
        if front is not None and generates(near):
            return inner_end(near, front)
    if weighs_steps(near, index):
        return ActivationBelief({"softmax": 0.95, "sigmoid": 0.05}, Evidence("habits", 2.9, "it weighs time steps"))
    if gates(near, index):
        return ActivationBelief(
            {"sigmoid": 0.9, "hard_sigmoid": 0.05, "softmax": 0.05}, Evidence("habits", 2.5, "it gates a Multiply")
        )
    if normalises_layers(near):
        images = any("Conv2D" in item.class_name for item in near.draft.layers)
        return IN_MAPS if images else IN_SEQUENCES
    if squeezes_depthwise(near):
        return SQUEEZED
    return ActivationBelief(
        {"relu": 0.93, "elu": 0.02, "tanh": 0.02, "silu": 0.02, "sigmoid": 0.01},
        Evidence("habits", 2.5, "most hidden activations are relu"),
    )


def _normalised_together(near: Neighbourhood, index: int) -> bool:
    """Whether a normalisation reads the layer and others that are joined to it."""
    joined = [i for i in near.after(index, INERT) if near.draft.layers[i].class_name == "Concatenate"]
    return any(near.draft.layers[i].class_name == "BatchNormalization" for place in joined for i in near.after(place))


def _fused(near: Neighbourhood, index: int, heads: bool) -> ActivationBelief:
    layer = near.draft.layers[index]
    function = spoken_function(layer)
    if function is not None:
        return ActivationBelief(shares(function, 0.9), Evidence("names", 2.2, f"its name says {function}"))
    if not heads and is_output(near, index):
        return inner_end(near, index)
    if is_output(near, index):
        if (played := game(near, index)) is not None:
            return played
        for word, function in WORD_FOR.items():
            if word in words(layer.name):
                return ActivationBelief(
                    shares(function, 0.8),
                    Evidence("names", 1.7, f"an output whose name says {word}"),
                )
        return head(near, index, layer) or output(near, width_of(layer), layer.class_name, "it is an output")
    if heads and joined_output(near, index):
        return ActivationBelief(
            {"linear": 0.45, "tanh": 0.15, "sigmoid": 0.15, "softmax": 0.15, "relu": 0.1},
            Evidence("habits", 0.5, "one of several outputs that the last layer joins"),
        )
    after = {near.draft.layers[i].class_name for i in near.after(index, (*INERT, "ZeroPadding2D"))}
    direct = {near.draft.layers[i].class_name for i in near.consumers[index]}
    if after & set(ACTIVATIONS) and len(near.consumers[index]) == 1:
        return ActivationBelief(
            {"linear": FOLLOWED, "relu": 1 - FOLLOWED}, Evidence("habits", 4.0, "an activation layer follows")
        )
    if direct & {"BatchNormalization", "GroupNormalization"}:
        return _before_normalisation(near, index)
    if "LayerNormalization" in direct:
        because = Evidence("habits", 1.5, "it feeds a LayerNormalization")
        return ActivationBelief({"linear": 0.82, "relu": 0.18}, because)
    if layer.config.get("use_bias") is False and _normalised_together(near, index):
        said = Evidence("habits", 2.9, "without a bias; a normalisation behind the Concatenate has one")
        return ActivationBelief({"linear": 0.95, "relu": 0.05}, said)
    if scores_steps(near, index):
        return ActivationBelief({"tanh": 0.85, "linear": 0.15}, Evidence("habits", 1.7, "its scores weigh time steps"))
    half = half_of_gate(near, index)
    if half is not None:
        other = "sigmoid" if half == "tanh" else "linear"
        return ActivationBelief({half: 0.8, other: 0.2}, Evidence("habits", 1.4, "half of a gated unit"))
    if weighs_steps(near, index):
        return ActivationBelief({"softmax": 0.9, "sigmoid": 0.1}, Evidence("habits", 2.2, "it weighs time steps"))
    if fuses(near, index):
        return FUSED
    if gates(near, index):
        return ActivationBelief(
            {"sigmoid": 0.93, "linear": 0.04, "softmax": 0.03}, Evidence("habits", 3.0, "it gates a Multiply")
        )
    if after & {"Maximum", "Minimum"}:
        return ActivationBelief({"linear": 0.8, "relu": 0.2}, Evidence("habits", 1.4, "a maximum follows (maxout)"))
    if normalises_layers(near):
        return in_transformer(near, index, "Add" in after)
    if "Add" in after and len(direct - set(INERT)) == 1:
        return ActivationBelief({"linear": ADDED, "relu": 1 - ADDED}, Evidence("habits", 2.6, "it feeds an Add"))
    if _scores_classes(near, index):
        said = Evidence("habits", 1.4, "a map for every class, as the net ends in, which is enlarged or summed up")
        return ActivationBelief({"linear": 0.8, "relu": 0.2}, said)
    if layer.class_name.endswith("Transpose") and "Concatenate" in after:
        return ActivationBelief(
            {"linear": 0.85, "relu": 0.15},
            Evidence("habits", 1.7, "U-Nets upsample linearly before they join the skip"),
        )
    if "Dot" in after or _samples(near, index):
        return ActivationBelief(
            {"linear": 0.8, "relu": 0.2}, Evidence("habits", 1.4, "it feeds a layer of unknown kind")
        )
    if layer.class_name.startswith("Depthwise"):
        return ActivationBelief(
            {"linear": 0.75, "relu": 0.25}, Evidence("habits", 1.0, "depthwise kernels are mostly linear")
        )
    kind = "Conv" if "Conv" in layer.class_name else "Dense"
    if _explicit(near, kind) or (_activated(near, index) and _explicit(near, kind, "around")):
        return ActivationBelief(
            {"linear": 0.75, "relu": 0.25},
            Evidence("habits", 1.1, "this net writes its activations as layers of their own"),
        )
    if squeezes_depthwise(near):
        open_ones = any(item.class_name == "Activation" and spoken(item) is None for item in near.draft.layers)
        return SQUEEZES_OPEN if open_ones else SQUEEZES
    return ActivationBelief(
        {"relu": 0.93, "linear": 0.03, "tanh": 0.02, "elu": 0.01, "sigmoid": 0.01},
        Evidence("habits", 2.5, "hidden layers are mostly relu"),
    )


def _scores_classes(near: Neighbourhood, index: int) -> bool:
    """A convolution of one place that gives as many maps as the net's output, several, in front of what enlarges them:
    the scores of fully convolutional nets (https://arxiv.org/abs/1411.4038)."""
    layer, width = near.draft.layers[index], width_of(near.draft.layers[index])
    if "Conv" not in layer.class_name or max(layer.config.get("kernel_size", (2,))) > 1 or (width or 0) < 2:
        return False
    behind = [near.draft.layers[item].class_name for item in near.consumers[index]]
    enlarged = bool(behind) and all(name.endswith("Transpose") or name.startswith("UpSampling") for name in behind)
    return enlarged and width in _widths_out(near)


ENDINGS = (*ACTIVATIONS, "UpSampling2D", "Reshape")
"""Classes behind the layer that gives a net's classes."""


def _widths_out(near: Neighbourhood) -> set[int | None]:
    found = set()
    for index, _ in near.draft.outputs:
        passes = near.draft.layers[index].class_name in ENDINGS
        front = next(iter(near.before(index, ENDINGS)), index) if passes else index
        found.add(width_of(near.draft.layers[front]))
    return found


POOLS = tuple(f"{kind}Pooling{axes}D" for kind in ("Max", "Average") for axes in (1, 2, 3))
"""What stands between a block's last normalisation and its Add where the block halves its maps (Xception)."""


def _before_normalisation(near: Neighbourhood, index: int) -> ActivationBelief:
    passed = ("BatchNormalization", "LayerNormalization", "GroupNormalization", *INERT)
    after_norm = {near.draft.layers[i].class_name for i in near.after(index, passed)}
    if after_norm & set(ACTIVATIONS):
        return ActivationBelief(
            {"linear": 0.97, "relu": 0.03}, Evidence("habits", 3.4, "normalisation and activation follow")
        )
    pooled = {near.draft.layers[i].class_name for i in near.after(index, (*passed, *POOLS))}
    if "Add" in after_norm or pooled == {"Add"}:
        return ActivationBelief(
            {"linear": 0.95, "relu": 0.05}, Evidence("habits", 2.9, "normalisation and an Add follow")
        )
    layer = near.draft.layers[index]
    if _explicit(near, "Conv" if "Conv" in layer.class_name else "Dense", "normalised"):
        if max(layer.config.get("kernel_size", (1,))) > 1 and not layer.class_name.startswith("Depthwise"):
            because = "the net writes activations as layers, but none follows here"
            return ActivationBelief({"relu": 0.55, "linear": 0.45}, Evidence("habits", 0.2, because))
        return ActivationBelief(
            {"linear": 0.9, "relu": 0.1}, Evidence("habits", 2.2, "the net writes activations as layers")
        )
    return ActivationBelief(
        {"relu": 0.88, "elu": 0.04, "linear": 0.03, "silu": 0.025, "tanh": 0.025},
        Evidence("habits", 2.0, "nothing activates behind the normalisation, so the layer itself must"),
    )


def _explicit(near: Neighbourhood, kind: str, where: str = "") -> bool:
    """Whether most hidden layers of this kind (``Conv`` or ``Dense``) are followed by an activation layer. ``where`` is
    ``normalised`` for those in front of a normalisation alone, as what squeezes and gates channels has neither, or
    ``around`` where one in front counts, too."""
    found = near.notes.get(("explicit", kind, where))
    if found is None:
        found = near.notes["explicit", kind, where] = _counted_explicit(near, kind, where)
    return bool(found)


def _counted_explicit(near: Neighbourhood, kind: str, where: str) -> bool:
    followed = total = 0
    for index, layer in enumerate(near.draft.layers):
        if kind in layer.class_name and "activation" in layer.card.assumed and not is_output(near, index):
            direct = {near.draft.layers[i].class_name for i in near.consumers[index]}
            if where == "normalised" and not direct & set(NORMALISATIONS):
                continue
            total += 1
            beside = {near.draft.layers[i].class_name for i in near.after(index, (*INERT, *NORMALISATIONS))}
            followed += bool(beside & set(ACTIVATIONS)) or (where == "around" and _activated(near, index))
    return followed >= 2 and followed >= 0.5 * total


def _activated(near: Neighbourhood, index: int) -> bool:
    """Whether a layer reads an activation layer."""
    return any(near.draft.layers[i].class_name in ACTIVATIONS for i in near.draft.producers(index))


def _samples(near: Neighbourhood, index: int) -> bool:
    return any(near.draft.layers[i].class_name in ("Lambda", "Subtract") for i in near.consumers[index])
