"""The last activation of a model without its top."""

from __future__ import annotations

from infer_convert.clues.activations.belief import ACTIVATIONS, NORMALISATIONS, is_output, width_of
from infer_convert.draft import Neighbourhood
from infer_convert.layers.regularization import INERT

ENDS = {"relu": 0.72, "linear": 0.2, "silu": 0.04, "elu": 0.02, "tanh": 0.02}
"""At the end of a chain of which only layers with weights are listed, behind its last normalised convolution: backbones
have an activation there (``chains``), single halves of residual blocks have none (set by hand)."""


def ends_block(near: Neighbourhood, index: int) -> bool:
    """Whether it is the last layer, right behind a normalised convolution."""
    norm = next(iter(near.before(index, ())), None)
    if norm is None or near.draft.layers[norm].class_name != "BatchNormalization" or not is_output(near, index):
        return False
    return any("Conv" in near.draft.layers[item].class_name for item in near.before(norm, ()))


MOST_MAPS = 200
"""Maps that a net may give as the classes of its pixels (ADE20K has 150): what ends in more is a backbone."""


def ends_backbone(near: Neighbourhood, index: int) -> bool:
    """Whether an activation at the end stands behind maps of more channels than a net gives as an answer: a model
    without its top, whose last activation is like those of its blocks."""
    layers = near.draft.layers
    joins = (*INERT, *NORMALISATIONS, *ACTIVATIONS, "Add", "Concatenate")
    front = [layers[i] for i in near.before(index, joins)]
    if not front or not all("Conv" in item.class_name or item.class_name.endswith("Pooling2D") for item in front):
        return False
    wide = [width_of(layers[i]) or 0 for i in near.before(index, INERT)]
    for i in near.before(index, (*INERT, "Add")):
        if layers[i].class_name in NORMALISATIONS and layers[i].uses:
            wide.append(layers[i].uses[0].shape[-1])
    return max(wide, default=0) > MOST_MAPS
