"""Nets that end in a row of classes for every pixel: a Reshape takes the maps' axes together, so that a softmax can be
taken of each row and a loss can weigh it (SegNet's and U-Net's ports, among them the ends of FCNs in
https://github.com/divamgupta/image-segmentation-keras)."""

from __future__ import annotations

from infer_convert.clues.activations.belief import NORMALISATIONS, ActivationBelief, width_of
from infer_convert.draft import Neighbourhood
from infer_convert.layers.regularization import INERT
from infer_convert.plan import Evidence

SHARES = {"softmax": 0.9, "sigmoid": 0.07, "linear": 0.03}
"""Of the activation behind the Reshape (set by hand; two files of strangers have softmax)."""


def of_pixels(near: Neighbourhood, index: int) -> ActivationBelief | None:
    """The belief about a last activation, if that is how the net ends."""
    layers = near.draft.layers
    shaped = list(near.before(index, (*INERT, "Permute")))
    if len(shaped) != 1 or layers[shaped[0]].class_name != "Reshape":
        return None
    drawn = list(near.before(shaped[0], (*INERT, *NORMALISATIONS, "Activation", "ReLU")))
    if len(drawn) != 1 or layers[drawn[0]].class_name not in ("Conv2D", "Conv2DTranspose"):
        return None
    width = width_of(layers[drawn[0]])
    if width is None or width < 2:
        return None
    because = f"a Reshape makes rows of {width} classes of the pixels, as for a softmax"
    return ActivationBelief(SHARES, Evidence("habits", 2.2, because))
