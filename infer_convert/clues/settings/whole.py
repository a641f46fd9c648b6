"""Windows as large as the map: text nets pool each of their parallel convolutions over all its places, and write the
length that is left, ``MaxPooling1D(length - k + 1)`` or ``MaxPooling2D((length - k + 1, 1))`` (Kim 2014,
https://arxiv.org/abs/1408.5882, and the many copies of its Keras code). No list of usual windows holds these."""

from __future__ import annotations

import math
from dataclasses import replace

from infer_convert.clues.settings.choices import Setting
from infer_convert.clues.settings.windows import over_words
from infer_convert.draft import Neighbourhood
from infer_convert.layers.passed import SHAPE_KEEPING
from infer_convert.layers.pooling import WHOLE

OVER_WORDS = 0.6
"""Share behind a convolution whose kernel is as wide as an embedding: one place is left across, and no square window
fits."""
BESIDE = 0.35
"""Share behind parallel convolutions with other kernels that meet in a Concatenate."""
BEFORE_FLATTEN = 0.02
"""Share of a pool in front of a Flatten, or of a merge in front of one."""

def with_whole(near: Neighbourhood, index: int, tried: tuple[Setting, ...]) -> tuple[Setting, ...]:
    """The settings of a pool, and the window over everything where one may stand."""
    layer = near.draft.layers[index]
    share = _share(near, index) if layer.class_name.startswith(("MaxPooling", "AveragePooling")) else 0.0
    if not share or len(tried) < 2:
        return tried
    words = len(tried[0].config.get("pool_size", (0,))) > 1
    window = {"pool_size": WHOLE, "strides": [1, 1] if words else WHOLE, "padding": "valid"}
    rest = tuple(replace(setting, log_prior=setting.log_prior + math.log(1 - share)) for setting in tried)
    return (*rest, Setting(window, math.log(share)))


def _share(near: Neighbourhood, index: int) -> float:
    layers = near.draft.layers
    front = next((item for item in near.before(index, SHAPE_KEEPING)), None)
    if front is not None and "Conv" in layers[front].class_name:
        if over_words(layers[front].config):
            return OVER_WORDS
        if _beside(near, front):
            return BESIDE
    behind = [layers[item].class_name for item in near.after(index, (*SHAPE_KEEPING, "Concatenate"))]
    return BEFORE_FLATTEN if behind == ["Flatten"] else 0.0


def _beside(near: Neighbourhood, index: int) -> bool:
    """Whether convolutions over the same tensor have kernels of other sizes, and all meet again."""
    layers = near.draft.layers
    twins = [
        item
        for producer in near.before(index, SHAPE_KEEPING)
        for item in near.after(producer, SHAPE_KEEPING)
        if layers[item].class_name == layers[index].class_name
    ]
    kernels = {tuple(layers[item].config.get("kernel_size", ())) for item in twins}
    pools = {item for twin in twins for item in near.after(twin, SHAPE_KEEPING)}
    joins = {item for pool in pools for item in near.after(pool, (*SHAPE_KEEPING, "Flatten", "Reshape"))}
    return len(kernels) > 1 and len(joins) == 1 and layers[next(iter(joins))].class_name == "Concatenate"
