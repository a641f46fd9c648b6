"""A look at the channels alone: whether a draft's sizes need be tried at all."""

from __future__ import annotations

from infer_convert.draft import Draft
from infer_convert.solve.items import Call

CONVOLUTIONS = ("Conv1D", "Conv2D", "Conv3D")
KEEPING = (
    "Activation", "BatchNormalization", "Dropout", "ELU", "LeakyReLU", "ReLU", "SpatialDropout1D", "SpatialDropout2D",
    "AveragePooling1D", "AveragePooling2D", "MaxPooling1D", "MaxPooling2D", "ZeroPadding1D", "ZeroPadding2D",
)  # fmt: skip
"""Layers of one operand that give as many channels as they take, whatever their settings."""


def clash(draft: Draft) -> bool:
    """Whether some convolution takes other channels than those of the tensor that it is given, behind layers that no
    setting lets change them: then no sizes suit the draft."""
    known: dict[Call, int] = {}
    for index, layer in enumerate(draft.layers):
        for number, operands in enumerate(layer.operands):
            given = {known.get(operand) for operand in operands}
            channels = given.pop() if len(given) == 1 else None
            if layer.class_name in CONVOLUTIONS:
                (variant,) = layer.card.flow(layer.config)
                if channels is not None and variant.channels_in not in (None, channels):
                    return True
                channels = variant.channels_out
            elif layer.class_name not in KEEPING and not (layer.class_name == "Add" and len(operands) > 1):
                channels = None
            if channels is not None:
                known[index, number] = channels
    return False
