"""Published frequencies of spatial settings: what the fitted model of ``habits`` starts from.

They follow WIRING §6 (41 families, 1,366 convolutions) and are rounded. All are log shares of one option, not
normalised over the options.
"""

from __future__ import annotations

import math

from infer_convert.clues.settings.places import Style, block_widening, widening
from infer_convert.clues.settings.ways import bypasses
from infer_convert.clues.settings.windows import border, first, kernel, pool
from infer_convert.draft import DraftLayer, Neighbourhood
from infer_convert.layers.card import Config
from infer_convert.layers.passed import SHAPE_KEEPING

_POOLS = ("MaxPooling", "AveragePooling")


def frequency(near: Neighbourhood, style: Style, index: int, choice: Config) -> float:
    """The log share of one setting of a layer with windows."""
    layer = near.draft.layers[index]
    name = layer.class_name
    if name.endswith("Transpose"):
        return _transposed(layer, choice)
    if name.startswith(_POOLS):
        return _pool(near, style, index, layer, choice)
    if name.startswith("ZeroPadding"):
        return _zero_padding(near, style, index, layer, choice)
    return _convolution(near, style, index, layer, choice)


def _convolution(near: Neighbourhood, style: Style, index: int, layer: DraftLayer, choice: Config) -> float:
    size, padding = kernel(layer.config), choice["padding"]
    stride = first(choice["strides"])
    padded = any(near.draft.layers[i].class_name.startswith("ZeroPadding") for i in near.before(index))
    strided = _stride_prior(near, style, index, layer, size, padded)
    score = math.log(strided.get(stride, 0.001))
    if size == 1:
        return score
    if padded:
        return score + (-0.02 if padding == "valid" else -5.0)
    if len(layer.config.get("_inner", layer.config)["kernel_size"]) == 1:
        gated, summed = style.words["gates"] == "yes", style.words["sums"] == "yes" and not style.pools
        share = {"same": 0.5, "valid": 0.42, "causal": 0.08}
        if gated:
            share = {"same": 0.2, "valid": 0.05, "causal": 0.75}
        elif summed:
            share = {"same": 0.5, "valid": 0.1, "causal": 0.4}
        if "causal" in layer.name.lower():
            share = {"same": 0.02, "valid": 0.02, "causal": 0.96}
    elif style.merges or style.upsamples:
        share = {"same": 0.93, "valid": 0.07}
    else:
        share = {"same": 0.45, "valid": 0.55} if style.flattens else {"same": 0.8, "valid": 0.2}
    return score + math.log(share[padding])


def _stride_prior(
    near: Neighbourhood, style: Style, index: int, layer: DraftLayer, size: int, padded: bool
) -> dict[int, float]:
    depthwise = layer.class_name.startswith("Depthwise")
    widens = {widening(layer.config), block_widening(near, index)} & {"double", "more"}
    if size == 1:
        if _projects(near, index):
            return {1: 0.3, 2: 0.7} if widens and not style.pools > 2 else {1: 0.85, 2: 0.15}
        return {1: 0.99, 2: 0.01}
    if _is_upsampled(near, index):
        return {1: 0.995, 2: 0.005}
    if _answers(near, index, layer):
        return {1: 0.97, 2: 0.03}
    if padded:
        return {1: 0.02, 2: 0.98} if depthwise else {1: 0.3, 2: 0.7}
    if depthwise and style.words["bordered"] == "channels":
        return {1: 0.98, 2: 0.02}
    if stride_is_patch := _cuts_patches(near, style, size):
        return {1: 1 - stride_is_patch, size: stride_is_patch}
    first = not any(_is_convolution(near.draft.layers[i]) for i in _ancestors(near, index))
    if size >= 8 and not first:
        return {1: 0.8, 2: 0.15, 4: 0.05}
    if size in (8, 11) and first and len(layer.config.get("_inner", layer.config)["kernel_size"]) > 1:
        return {1: 0.25, 2: 0.1, 4: 0.65}
    if size == 7 and first:
        return {1: 0.3, 2: 0.65, 4: 0.05}
    if size == 4 and style.pools == 0:
        return {1: 0.2, 2: 0.8}
    if first:
        if size <= 3 and style.pools and style.flattens:
            return {1: 0.96, 2: 0.04}  # small plain nets leave the halving to their pools
        deep = style.convolutions > 30
        return (
            {1: 0.45, 2: 0.54, 4: 0.01} if deep else {1: 0.85, 2: 0.15} if style.pools else {1: 0.6, 2: 0.38, 4: 0.02}
        )
    if style.pools > 1:
        return {1: 0.965, 2: 0.033, 3: 0.001, 4: 0.001}
    if size == 4:
        return {1: 0.25, 2: 0.75}
    if widens:
        return {1: 0.45, 2: 0.54, 3: 0.005, 4: 0.005}
    return {1: 0.93, 2: 0.07}


def _cuts_patches(near: Neighbourhood, style: Style, size: int) -> float:
    """Probability that a convolution cuts the image into patches (stride = kernel size), as in vision transformers,
    mixers and ConvNeXt: nets with layer normalisation and large even kernels."""
    if size < 2 or size % 2 or not style.layer_norms:
        return 0.0
    return 0.9


def _projects(near: Neighbourhood, index: int) -> bool:
    """A 1×1 convolution whose result goes (through a normalisation at most) into an Add beside another way. Where its
    result is only what the Add of a later block goes around with, it is no shortcut, nor where it reads what nothing
    else reads, behind other convolutions of its way."""
    if not _reads_fork(near, index):
        return False
    into = any(near.draft.layers[i].class_name == "Add" for i in near.after(index, ("BatchNormalization", "Dropout")))
    return into and bypasses(near).get(index) == "other"


def _reads_fork(near: Neighbourhood, index: int) -> bool:
    """Whether something else reads what a layer reads, too, activations and the like looked through."""
    front = index
    for _ in range(len(near.draft.layers)):
        producers = near.draft.producers(front)
        if len(producers) != 1 or len(near.consumers[producers[0]]) > 1:
            return True
        front = producers[0]
        if near.draft.layers[front].class_name not in SHAPE_KEEPING:
            return False
    return False


def _answers(near: Neighbourhood, index: int, layer: DraftLayer) -> bool:
    """Whether a convolution narrows what it reads to the net's answer: a map of scores (PatchGAN), a picture. Of the
    output convolutions with kernels wider than one place of the reference library and the zoo's tune nets, 9.5 of 9.5
    have no strides (``python -m benchmarks count-ends``); the last of a backbone may, but that one widens."""
    outputs = {item for item, _ in near.draft.outputs}
    narrows = layer.config.get("filters", 0) < (layer.config.get("_channels_in") or 0)
    ends = index in outputs or any(item in outputs for item in _behind(near, index))
    return narrows and ends


def _behind(near: Neighbourhood, index: int) -> list[int]:
    """The layers that only change the values of a layer's result, one behind the other."""
    found: list[int] = []
    while len(near.consumers[index]) == 1 and near.draft.layers[near.consumers[index][0]].class_name in SHAPE_KEEPING:
        index = near.consumers[index][0]
        found.append(index)
    return found


def _is_upsampled(near: Neighbourhood, index: int) -> bool:
    """Whether the map was just made larger: nobody makes it smaller again at once."""
    return any(near.draft.layers[i].class_name.startswith("UpSampling") for i in near.before(index, SHAPE_KEEPING))


def _is_convolution(layer: DraftLayer) -> bool:
    return "Conv" in layer.class_name


def _ancestors(near: Neighbourhood, index: int, most: int = 12) -> set[int]:
    """The layers in front, a few steps back: enough to see whether a convolution is the first."""
    found: set[int] = set()
    front = [index]
    for _ in range(most):
        front = [p for i in front for p in near.draft.producers(i) if p not in found]
        found.update(front)
    return found


BILINEAR = 8
"""Transposed kernels of so many rows are those of fully convolutional nets: they enlarge by half as many, as bilinear
interpolation does, or put one tile beside the other (set by hand)."""


def _transposed(layer: DraftLayer, choice: Config) -> float:
    size, stride = kernel(layer.config), first(choice["strides"])
    share = {2: {1: 0.05, 2: 0.95}, 3: {1: 0.25, 2: 0.74, 4: 0.01}, 4: {1: 0.12, 2: 0.8, 4: 0.08}}.get(
        size, {1: 0.33, 2: 0.57, 3: 0.05, 4: 0.05}
    )
    if size >= BILINEAR and size % 2 == 0:
        share = {1: 0.1, 2: 0.3, size // 2: 0.4, size: 0.2}
    return math.log(share.get(stride, 0.002)) + (-0.2 if choice["padding"] == "same" else -1.7)


_POOL_SHARES = {
    (2, 2, "valid"): 0.68,
    (2, 2, "same"): 0.08,
    (3, 2, "same"): 0.06,
    (3, 2, "valid"): 0.05,
    (3, 3, "valid"): 0.03,
    (3, 1, "same"): 0.02,
    (2, 1, "same"): 0.004,
    (4, 4, "valid"): 0.02,
    (2, 1, "valid"): 0.004,
    (5, 5, "valid"): 0.006,
}
_SHORTCUT_SHARES = {
    (2, 2, "valid"): 0.3,
    (3, 2, "same"): 0.3,
    (1, 2, "valid"): 0.15,
    (2, 2, "same"): 0.12,
    (3, 2, "valid"): 0.03,
    (3, 1, "same"): 0.02,
}
"""Pools in front of a sum: they bring one way of a residual block down to what the strides of the other way leave
(Xception, ResNet V2, ECG nets); set by hand, corrected by the fit of ``habits``."""


def _pool(near: Neighbourhood, style: Style, index: int, layer: DraftLayer, choice: Config) -> float:
    key = pool(choice)
    share = _POOL_SHARES.get(key, 0.002)
    padded = any(near.draft.layers[i].class_name.startswith("ZeroPadding") for i in near.before(index))
    joined = any(
        near.draft.layers[i].class_name == "Concatenate"
        for i in near.after(index, ("Conv2D", "Activation", "BatchNormalization"))
    )
    if padded:
        share = {(3, 2, "valid"): 0.9, (2, 2, "valid"): 0.08}.get(key, 0.002)
    elif layer.class_name.startswith("Average") and any(
        near.draft.layers[i].class_name in ("Flatten", "Dense") for i in near.after(index, ("Dropout",))
    ):
        share = {(2, 2, "valid"): 0.3, (8, 8, "valid"): 0.2, (7, 7, "valid"): 0.2, (4, 4, "valid"): 0.1}.get(key, 0.01)
    elif joined and key == (3, 1, "same"):
        share = 0.3
    elif any(near.draft.layers[i].class_name == "Add" for i in near.after(index, SHAPE_KEEPING)):
        share = _SHORTCUT_SHARES.get(key, 0.002)
    return math.log(share)


LOPSIDED = 0.65
"""Share of the border that "same" would add at even sizes, in front of a convolution of a net that writes out the
borders of its convolutions of single channels: who does so has one helper for all (``correct_pad`` of
keras_applications, whose MobileNetV2 and EfficientNet use it for their stems). Set by hand, with EfficientNet in
sight."""


def _zero_padding(near: Neighbourhood, style: Style, index: int, layer: DraftLayer, choice: Config) -> float:
    pair = border(choice)
    following = next((near.draft.layers[i] for i in near.after(index)), None)
    if following is not None and "kernel_size" in following.config:
        half = kernel(following.config) // 2
        if following.class_name.startswith("Depthwise"):
            shares = {(half - 1, half): 0.8, (half, half): 0.18}
        elif style.words["bordered"] == "channels":
            shares = {(half - 1, half): LOPSIDED, (half, half): 0.95 - LOPSIDED}
        else:
            shares = {(half, half): 0.9, (half - 1, half): 0.05}
        return math.log(shares.get(pair, 0.004))
    return math.log({(1, 1): 0.9, (0, 1): 0.04}.get(pair, 0.006))
