"""How wide the blocks around convolutions of single channels are: these have no filters of their own to tell."""

from __future__ import annotations

from infer_convert.clues.settings.windows import kernel
from infer_convert.draft import DraftLayer, Neighbourhood
from infer_convert.layers.passed import SHAPE_KEEPING

IN_FRONT = (*SHAPE_KEEPING, "ZeroPadding1D", "ZeroPadding2D")
BEHIND = (*SHAPE_KEEPING, "Multiply")
"""Passed on the way to the convolution that mixes the channels: gates multiply."""


def block_widths(near: Neighbourhood, index: int) -> tuple[int, int] | None:
    """Channels in front of and behind the block of a depthwise convolution: of an inverted bottleneck
    (https://arxiv.org/abs/1801.04381) those that are expanded and those that are projected to, else those of the
    convolution itself and of the convolution of one place behind it. None where none stands behind.
    """
    layer = near.draft.layers[index]
    mine = layer.config.get("_channels_in")
    behind = (near.draft.layers[item] for item in near.after(index, BEHIND))
    made = next((item.config.get("filters") for item in behind if _mixes(item)), None)
    if not layer.class_name.startswith("Depthwise") or not mine or not made:
        return None
    front = (near.draft.layers[item] for item in near.before(index, IN_FRONT))
    read = next((item.config.get("_channels_in") for item in front if _mixes(item)), None)
    return (read if read and max(read, made) < mine else mine), made


def _mixes(layer: DraftLayer) -> bool:
    """Whether it is a convolution of one place."""
    return layer.class_name.startswith("Conv") and kernel(layer.config) == 1
