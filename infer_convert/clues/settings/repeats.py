"""How often a RepeatVector repeats weights of steps: once for every channel of what they weigh, behind a Permute (the
attention of many text classifiers, ``Multiply()([h, Permute([2, 1])(RepeatVector(units)(weights))])``)."""

from __future__ import annotations

from collections.abc import Iterator

from infer_convert.draft import Neighbourhood
from infer_convert.layers.card import Config
from infer_convert.layers.passed import SHAPE_KEEPING

MERGES = ("Multiply", "Dot")


def per_channel(near: Neighbourhood, index: int) -> tuple[Config, ...]:
    """The choices of a RepeatVector that the widths of what it weighs give."""
    if near.draft.layers[index].class_name != "RepeatVector":
        return ()
    return tuple({"n": width} for width in dict.fromkeys(_widths(near, index)))


def weighs_steps(near: Neighbourhood, index: int) -> bool:
    """Whether a layer's result is multiplied with such weights: then it has steps."""
    layers = near.draft.layers
    merges = [item for item in near.after(index, SHAPE_KEEPING) if layers[item].class_name in MERGES]
    front = {layers[item].class_name for merge in merges for item in near.before(merge, SHAPE_KEEPING)}
    return bool(front & {"Permute", "RepeatVector"})


def _widths(near: Neighbourhood, index: int) -> Iterator[int]:
    layers = near.draft.layers
    for merge in near.after(index, (*SHAPE_KEEPING, "Permute")):
        if layers[merge].class_name not in MERGES:
            continue
        for front in near.before(merge, (*SHAPE_KEEPING, "Permute")):
            (variant, *_) = layers[front].card.flow(layers[front].config)
            if front != index and variant.channels == "fixed" and variant.channels_out:
                yield variant.channels_out
