"""What nobody writes on purpose, though Keras allows it."""

from __future__ import annotations

from infer_convert.draft import Draft, Neighbourhood
from infer_convert.layers.passed import SHAPE_KEEPING

POOLED_MAPS = -4.0
"""Nats for a Dense on pooled maps, set by hand: people flatten maps or pool them away (the Dense layers on maps of
ConvNeXt stand behind normalisations)."""
POOLS = ("MaxPooling2D", "AveragePooling2D", "MaxPooling3D", "AveragePooling3D")


def nats(draft: Draft) -> float:
    """How unlikely a draft is for what it would mean, in nats (0 or less)."""
    near = Neighbourhood.of(draft)
    found = 0.0
    for index, layer in enumerate(draft.layers):
        if layer.class_name == "Dense":
            before = [draft.layers[item].class_name for item in near.before(index, SHAPE_KEEPING)]
            found += POOLED_MAPS * any(name in POOLS for name in before)
    return found
