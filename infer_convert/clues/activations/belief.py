"""What is believed of an activation, and the classes that the rules speak of."""

from __future__ import annotations

from dataclasses import dataclass

from infer_convert.draft import DraftLayer, Neighbourhood
from infer_convert.layers.regularization import INERT
from infer_convert.plan import Evidence

ACTIVATIONS = ("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax", "ThresholdedReLU")
RECURRENT = ("LSTM", "GRU", "SimpleRNN", "Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
NORMALISATIONS = ("BatchNormalization", "LayerNormalization", "GroupNormalization")

Shares = dict[str, float]


@dataclass(frozen=True, slots=True)
class ActivationBelief:
    """Shares of each activation function, and why."""

    shares: Shares
    evidence: Evidence

    @property
    def best(self) -> str:
        """The likeliest function."""
        return max(self.shares, key=lambda name: self.shares[name])


RESHAPING = ("Reshape", "Flatten", "Permute", "Cropping1D", "Cropping2D", "Cropping3D", "UpSampling2D")
"""Layers behind which an output is still the same numbers."""


def is_output(near: Neighbourhood, index: int) -> bool:
    """Whether its result, perhaps through layers that change nothing, is all that the model gives there."""
    outputs = {producer for producer, _ in near.draft.outputs}
    seen, waiting = {index}, [index]
    while waiting:
        item = waiting.pop()
        if item in outputs:
            continue
        for consumer in near.consumers[item]:
            if near.draft.layers[consumer].class_name not in (*INERT, *RESHAPING):
                return False
            if consumer not in seen:
                seen.add(consumer)
                waiting.append(consumer)
    return True


def joined_output(near: Neighbourhood, index: int) -> bool:
    """Whether a Concatenate that is itself the output joins its result with others (the heads of a detector, the
    controls of a vehicle)."""
    behind = near.after(index, (*INERT, *RESHAPING))
    return bool(behind) and all(
        near.draft.layers[item].class_name == "Concatenate" and is_output(near, item) for item in behind
    )


def width_of(layer: DraftLayer) -> int | None:
    """How many units or filters a layer has; None where it has no such number."""
    config = layer.config.get("_inner", layer.config)
    width = config.get("units", config.get("filters"))
    return int(width) if width is not None else None
