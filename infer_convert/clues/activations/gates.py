"""Activations around a Multiply: gates of channels, weights over time, gated units."""

from __future__ import annotations

from infer_convert.clues.activations.belief import ACTIVATIONS, NORMALISATIONS, ActivationBelief, width_of
from infer_convert.draft import Neighbourhood
from infer_convert.layers.regularization import INERT
from infer_convert.plan import Evidence

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


def squeezes_depthwise(near: Neighbourhood) -> bool:
    """Whether the net gates the channels of its depthwise convolutions, as mobile nets do."""
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


def gates(near: Neighbourhood, index: int) -> bool:
    """The layer's result goes into a Multiply, and nowhere else if the other operand does not: what is gated is also
    what the gate is computed from (squeeze-and-excitation, attention gates)."""
    between = ("Reshape", "Permute", "RepeatVector", "UpSampling2D")
    products = [i for i in near.after(index, between) if near.draft.layers[i].class_name == "Multiply"]
    if not products or len(near.consumers[index]) == 1:
        return bool(products)
    others = [item for i in products for item, _ in near.draft.layers[i].operands[0] if item != index]
    return any(len(near.consumers[item]) > 1 for item in others)


FUSED = ActivationBelief(
    {"tanh": 0.35, "relu": 0.3, "linear": 0.2, "sigmoid": 0.15},
    Evidence("habits", 0.2, "its result multiplies that of a Dense of another branch: a fusion, sometimes a gate"),
)
"""Both Denses of a product of two branches, as nets that answer questions about pictures have it (set by hand)."""


def fuses(near: Neighbourhood, index: int) -> bool:
    """Whether a Dense multiplies with Denses that read something else: branches that meet, where neither gates the
    other."""
    layers = near.draft.layers
    products = [i for i in near.consumers[index] if layers[i].class_name == "Multiply"]
    others = [layers[item] for i in products for item, _ in layers[i].operands[0] if item != index]
    mine = layers[index]
    return (
        mine.class_name == "Dense"
        and bool(others)
        and all(other.class_name == "Dense" and other.operands != mine.operands for other in others)
    )


def weighs_steps(near: Neighbourhood, index: int) -> bool:
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


def scores_steps(near: Neighbourhood, index: int) -> bool:
    """A Dense of one unit whose scores weigh time steps behind an activation of their own."""
    return width_of(near.draft.layers[index]) == 1 and any(
        near.draft.layers[i].class_name in ("Activation", "Softmax") and weighs_steps(near, i)
        for i in near.after(index, ("Flatten", "Reshape"))
    )


def half_of_gate(near: Neighbourhood, index: int) -> str | None:
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
