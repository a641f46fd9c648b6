"""Which activation a layer has, from its place in the net.

An activation that no shape and no name shows is a habit of people; the shares follow WIRING §6 (leave-one-family-out
accuracy 0.89-0.91) and are revised against the tune split of the recovery benchmark.
"""

from __future__ import annotations

from infer_convert.clues.activations.belief import (
    ACTIVATIONS,
    NORMALISATIONS,
    RECURRENT,
    ActivationBelief,
    Shares,
    is_output,
    joined_output,
    width_of,
)
from infer_convert.clues.activations.outputs import game, head, inner_end, output
from infer_convert.draft import DraftLayer, Neighbourhood
from infer_convert.layers.names import words
from infer_convert.layers.regularization import INERT
from infer_convert.plan import Evidence

__all__ = ["ActivationBelief", "activation"]

SPOKEN = (
    "relu6",
    "relu",
    "softmax",
    "sigmoid",
    "tanh",
    "swish",
    "silu",
    "gelu",
    "elu",
    "selu",
    "softplus",
    "softsign",
    "hard_sigmoid",
    "hard_swish",
    "linear",
    "exponential",
)
_WORD_FOR = {
    "hswish": "hard_swish",
    "sigm": "sigmoid",
    "prob": "softmax",
    "probs": "softmax",
    "probabilities": "softmax",
    "swish": "silu",
    "logits": "linear",
    "logit": "linear",
    "mu": "linear",
    "mean": "linear",
    "var": "linear",
    "sigma": "linear",
    "value": "linear",
    "q": "linear",
    "bbox": "linear",
}


def activation(near: Neighbourhood, index: int, heads: bool = True) -> ActivationBelief | None:
    """The belief about layer ``index``, or None when the layer has no activation to decide. ``heads`` is False for a
    nested model, whose last layer need not be an output of the whole."""
    layer = near.draft.layers[index]
    name = layer.class_name
    if name == "Activation":
        return _spoken(layer) or _standing(near, index, heads)
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


def _spoken(layer: DraftLayer) -> ActivationBelief | None:
    function = _spoken_function(layer)
    if function is not None:
        return ActivationBelief(_shares(function, 0.97), Evidence("names", 3.5, f"its name says {function}"))
    spoken = words(layer.name)
    for word, function in _WORD_FOR.items():
        if word in spoken:
            return ActivationBelief(_shares(function, 0.85), Evidence("names", 1.7, f"its name says {word}"))
    return None


def _spoken_function(layer: DraftLayer) -> str | None:
    """The activation that a layer's name spells; the longest, so that ``hard_sigmoid`` is not read as ``sigmoid``."""
    spoken, joined = words(layer.name), layer.name.lower()
    found = [name for name in SPOKEN if name in spoken or ("_" in name and name in joined)]
    return max(found, key=len) if found else None


def _shares(function: str, share: float) -> Shares:
    """One function and, for the rest, none at all (for ``linear`` itself: relu)."""
    return {function: share, ("relu" if function == "linear" else "linear"): 1 - share}


FOLLOWED = 0.997
"""Share of no activation where a layer that is one follows: 41 of 41 nets of the tune split; a second one would be a
mistake."""
ADDED = 0.93
"""Share of no activation in front of an Add: 10 of 10 nets of the tune split, drawn a little to the middle."""


ENDS = {"relu": 0.72, "linear": 0.2, "silu": 0.04, "elu": 0.02, "tanh": 0.02}
"""At the end of a chain of which only layers with weights are listed, behind its last normalised convolution: backbones
have an activation there (``chains``), single halves of residual blocks have none (set by hand)."""


def _standing(near: Neighbourhood, index: int, heads: bool) -> ActivationBelief:
    if near.draft.layers[index].stored is None and _ends_block(near, index):
        because = "backbones end like their blocks, halves of blocks do not"
        return ActivationBelief(ENDS, Evidence("habits", 1.3, because))
    if heads and is_output(near, index) and not _ends_backbone(near, index):
        source = next(
            (near.draft.layers[i] for i in near.before(index, (*INERT, "BatchNormalization", "Flatten", "Reshape"))),
            None,
        )
        width = width_of(source) if source is not None else None
        return output(near, width, source.class_name if source is not None else "", "the last layer is an activation")
    if _weighs_steps(near, index):
        return ActivationBelief({"softmax": 0.95, "sigmoid": 0.05}, Evidence("habits", 2.9, "it weighs time steps"))
    if _gates(near, index):
        return ActivationBelief(
            {"sigmoid": 0.9, "hard_sigmoid": 0.05, "softmax": 0.05}, Evidence("habits", 2.5, "it gates a Multiply")
        )
    if _normalises_layers(near):
        images = any("Conv2D" in item.class_name for item in near.draft.layers)
        return IN_MAPS if images else IN_SEQUENCES
    if _squeezes_depthwise(near):
        return SQUEEZED
    return ActivationBelief(
        {"relu": 0.93, "elu": 0.02, "tanh": 0.02, "silu": 0.02, "sigmoid": 0.01},
        Evidence("habits", 2.5, "most hidden activations are relu"),
    )


IN_MAPS = ActivationBelief(
    {"gelu": 0.75, "relu": 0.2, "silu": 0.05},
    Evidence("habits", 1.1, "nets for images that normalise layers instead of batches mostly use gelu"),
)
IN_SEQUENCES = ActivationBelief(
    {"relu": 0.6, "gelu": 0.35, "silu": 0.05},
    Evidence("habits", 0.4, "transformers over words and over time use relu or gelu"),
)
SQUEEZED = ActivationBelief(
    {"silu": 0.5, "relu": 0.35, "hard_swish": 0.15},
    Evidence("habits", 0.0, "nets that gate the channels of depthwise convolutions use swish, relu or hard-swish"),
)
"""Mobile nets with squeeze-and-excitation: MnasNet (arXiv:1807.11626) and GhostNet (arXiv:1911.11907) relu,
EfficientNet (arXiv:1905.11946) and what was made after it swish, MobileNetV3 (arXiv:1905.02244) hard-swish; set by
hand."""
SQUEEZES = ActivationBelief(
    {"relu": 0.6, "silu": 0.38, "linear": 0.02},
    Evidence("habits", 0.4, "what squeezes channels is a relu, or a swish as elsewhere in such nets"),
)
SQUEEZES_OPEN = ActivationBelief(
    {"silu": 0.5, "relu": 0.48, "linear": 0.02},
    Evidence("habits", 0.0, "what squeezes channels is a swish where the net's activations are, else a relu"),
)
"""What narrows the channels in front of a gate; with what ``SQUEEZED`` says of the rest, the likeliest net has swish in
both places."""
GATED_BLOCKS = 2
"""Gates behind depthwise convolutions that make a net one of these."""


def _squeezes_depthwise(near: Neighbourhood) -> bool:
    found = near.notes.get("squeezes depthwise")
    if found is None:
        found = near.notes["squeezes depthwise"] = _counted_gates(near) >= GATED_BLOCKS
    return bool(found)


def _counted_gates(near: Neighbourhood) -> int:
    """Multiplies that have a depthwise convolution's result, normalised and activated, as one of their operands."""
    count = 0
    between = (*NORMALISATIONS, *ACTIVATIONS)
    for index, layer in enumerate(near.draft.layers):
        if layer.class_name == "Multiply":
            before = {near.draft.layers[i].class_name for i in near.before(index, between)}
            count += any(name.startswith("DepthwiseConv") for name in before)
    return count


def _ends_block(near: Neighbourhood, index: int) -> bool:
    """Whether it is the last layer, right behind a normalised convolution."""
    norm = next(iter(near.before(index, ())), None)
    if norm is None or near.draft.layers[norm].class_name != "BatchNormalization" or not is_output(near, index):
        return False
    return any("Conv" in near.draft.layers[item].class_name for item in near.before(norm, ()))


MOST_MAPS = 200
"""Maps that a net may give as the classes of its pixels (ADE20K has 150): what ends in more is a backbone."""


def _ends_backbone(near: Neighbourhood, index: int) -> bool:
    """Whether an activation at the end stands behind maps of more channels than a net gives as an answer: a model
    without its top, whose last activation is like those of its blocks."""
    layers = near.draft.layers
    joins = (*INERT, *NORMALISATIONS, *ACTIVATIONS, "Add", "Concatenate")
    front = [layers[i] for i in near.before(index, joins)]
    if not front or not all("Conv" in item.class_name or item.class_name.endswith("Pooling2D") for item in front):
        return False
    wide = [width_of(layers[i]) or 0 for i in near.before(index, INERT)]
    for i in (*near.before(index, INERT), *near.before(index, (*INERT, "Add"))):
        if layers[i].class_name in NORMALISATIONS and layers[i].uses:
            wide.append(layers[i].uses[0].shape[-1])
    return max(wide, default=0) > MOST_MAPS


def _gates(near: Neighbourhood, index: int) -> bool:
    """The layer's result goes into a Multiply, and nowhere else if the other operand does not: what is gated is also
    what the gate is computed from (squeeze-and-excitation, attention gates)."""
    between = ("Reshape", "Permute", "RepeatVector", "UpSampling2D")
    products = [i for i in near.after(index, between) if near.draft.layers[i].class_name == "Multiply"]
    if not products or len(near.consumers[index]) == 1:
        return bool(products)
    others = [item for i in products for item, _ in near.draft.layers[i].operands[0] if item != index]
    return any(len(near.consumers[item]) > 1 for item in others)


def _weighs_steps(near: Neighbourhood, index: int) -> bool:
    """The layer's result is repeated over the channels before it multiplies: attention over time as people copy it,
    ``Dense(1, tanh)``, Flatten, softmax, RepeatVector, Permute, Multiply. Or its last axis is time, as no gate needs
    it: it stands between two Dots, or between two Permutes in front of a Multiply."""
    if any(near.draft.layers[i].class_name == "RepeatVector" for i in near.after(index, ("Flatten", "Reshape"))):
        return True
    before = {near.draft.layers[i].class_name for i in near.before(index, INERT)}
    after = {i: near.draft.layers[i].class_name for i in near.after(index, INERT)}
    if "Dot" in before and "Dot" in after.values():
        return True
    turned = [i for i, name in after.items() if name == "Permute"] if "Permute" in before else []
    return any(near.draft.layers[i].class_name == "Multiply" for place in turned for i in near.after(place, INERT))


def _scores_steps(near: Neighbourhood, index: int) -> bool:
    """A Dense of one unit whose scores weigh time steps behind an activation of their own."""
    return width_of(near.draft.layers[index]) == 1 and any(
        near.draft.layers[i].class_name in ("Activation", "Softmax") and _weighs_steps(near, i)
        for i in near.after(index, ("Flatten", "Reshape"))
    )


def _normalised_together(near: Neighbourhood, index: int) -> bool:
    """Whether a normalisation reads the layer and others that are joined to it."""
    joined = [i for i in near.after(index, INERT) if near.draft.layers[i].class_name == "Concatenate"]
    return any(near.draft.layers[i].class_name == "BatchNormalization" for place in joined for i in near.after(place))


def _half_of_gate(near: Neighbourhood, index: int) -> str | None:
    """``tanh`` or ``sigmoid`` for the two halves of a gated unit, ``tanh(f(x)) * sigmoid(g(x))`` as in WaveNet: two
    layers with weights that read one tensor and multiply, written in this order."""
    for consumer in near.consumers[index]:
        layer = near.draft.layers[consumer]
        if layer.class_name != "Multiply" or len(layer.operands[0]) != 2:
            continue
        first, second = (item for item, _ in layer.operands[0])
        pair = [near.draft.layers[item] for item in (first, second)]
        alike = all("activation" in item.card.assumed and item.operands == pair[0].operands for item in pair)
        if alike and first != second and width_of(pair[0]) == width_of(pair[1]):
            return "tanh" if index == first else "sigmoid"
    return None


def _fused(near: Neighbourhood, index: int, heads: bool) -> ActivationBelief:
    layer = near.draft.layers[index]
    function = _spoken_function(layer)
    if function is not None:
        return ActivationBelief(_shares(function, 0.9), Evidence("names", 2.2, f"its name says {function}"))
    if not heads and is_output(near, index):
        return inner_end(near, index)
    if is_output(near, index):
        if (played := game(near, index)) is not None:
            return played
        for word, function in _WORD_FOR.items():
            if word in words(layer.name):
                return ActivationBelief(
                    _shares(function, 0.8),
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
    if _scores_steps(near, index):
        return ActivationBelief({"tanh": 0.85, "linear": 0.15}, Evidence("habits", 1.7, "its scores weigh time steps"))
    half = _half_of_gate(near, index)
    if half is not None:
        other = "sigmoid" if half == "tanh" else "linear"
        return ActivationBelief({half: 0.8, other: 0.2}, Evidence("habits", 1.4, "half of a gated unit"))
    if _weighs_steps(near, index):
        return ActivationBelief({"softmax": 0.9, "sigmoid": 0.1}, Evidence("habits", 2.2, "it weighs time steps"))
    if _gates(near, index):
        return ActivationBelief(
            {"sigmoid": 0.93, "linear": 0.04, "softmax": 0.03}, Evidence("habits", 3.0, "it gates a Multiply")
        )
    if after & {"Maximum", "Minimum"}:
        return ActivationBelief({"linear": 0.8, "relu": 0.2}, Evidence("habits", 1.4, "a maximum follows (maxout)"))
    if _normalises_layers(near):
        return _in_transformer(near, index, "Add" in after)
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
    if _squeezes_depthwise(near):
        open_ones = any(item.class_name == "Activation" and _spoken(item) is None for item in near.draft.layers)
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


def _normalises_layers(near: Neighbourhood) -> bool:
    """Transformers, mixers and their kind."""
    found = near.notes.get("normalises layers")
    if found is None:
        found = near.notes["normalises layers"] = _counted_normalisations(near)
    return bool(found)


def _counted_normalisations(near: Neighbourhood) -> bool:
    names = [layer.class_name for layer in near.draft.layers]
    return names.count("LayerNormalization") > 1 and "BatchNormalization" not in names


def _in_transformer(near: Neighbourhood, index: int, added: bool) -> ActivationBelief:
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
