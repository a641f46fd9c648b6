"""The package ``segmentation_models``: U-Net, LinkNet, FPN and PSPNet over encoders of ``classification_models`` and
``efficientnet``. U-Nets over pre-activated ResNets are among those (``residual.py``)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import Any

from benchmarks.library.kit import Entry, conv_bn
from benchmarks.library.mobile import BORDER, INVERTED, SEPARABLE
from benchmarks.library.residual import pre_activated

SOURCE = "segmentation_models"
ENCODED = tuple[Any, list[Any], Any]
"""The input, the maps that go across (the largest first) and the last map."""


def _vgg(name: str, size: int, k: Any) -> ENCODED:
    """The package puts two convolutions behind an encoder that ends in a pool, ``_centred``."""
    inputs = k.Input((size, size, 3))
    body = getattr(k.applications, name)(weights=None, include_top=False, input_tensor=inputs)
    last = 3 if name == "VGG16" else 4
    names = ["block2_conv2", *(f"block{block}_conv{last}" for block in (3, 4, 5))]
    return inputs, [body.get_layer(word).output for word in names], body.output


def _resnet(depth: int, size: int, k: Any) -> ENCODED:
    return pre_activated(depth, k, size)


def _relu6(k: Any, x: Any) -> Any:
    return k.layers.ReLU(6.0)(k.layers.BatchNormalization()(x))


def _depthwise(k: Any, x: Any, strides: int) -> Any:
    if strides == 2:
        x = k.layers.ZeroPadding2D(BORDER)(x)
    padding = "same" if strides == 1 else "valid"
    return _relu6(k, k.layers.DepthwiseConv2D(3, strides=strides, padding=padding, use_bias=False)(x))


def _mobile_stem(size: int, k: Any) -> tuple[Any, Any]:
    inputs = k.Input((size, size, 3))
    x = k.layers.Conv2D(32, 3, strides=2, use_bias=False)(k.layers.ZeroPadding2D(BORDER)(inputs))
    return inputs, _relu6(k, x)


def _mobilenet(size: int, k: Any) -> ENCODED:
    inputs, x = _mobile_stem(size, k)
    skips = []
    for filters, strides in SEPARABLE:
        skips += [x] if strides == 2 else []
        x = _depthwise(k, x, strides)
        x = _relu6(k, k.layers.Conv2D(filters, 1, padding="same", use_bias=False)(x))
    return inputs, skips, x


def _mobilenet_v2(size: int, k: Any) -> ENCODED:
    """Across go the widened maps in front of the strided windows."""
    layers = k.layers
    inputs, x = _mobile_stem(size, k)
    skips = []
    for filters, blocks, first in INVERTED:
        for number in range(blocks):
            strides = first if number == 0 else 1
            y = x
            if filters > 16:
                y = _relu6(k, layers.Conv2D(6 * int(x.shape[-1]), 1, padding="same", use_bias=False)(x))
            skips += [y] if strides == 2 else []
            y = layers.Conv2D(filters, 1, padding="same", use_bias=False)(_depthwise(k, y, strides))
            y = layers.BatchNormalization()(y)
            x = layers.Add()([x, y]) if number else y
    return inputs, skips, _relu6(k, layers.Conv2D(1280, 1, use_bias=False)(x))


STAGES = (
    (3, 1, 1, 1, 16), (3, 2, 6, 2, 24), (5, 2, 6, 2, 40), (3, 3, 6, 2, 80), (5, 3, 6, 1, 112), (5, 4, 6, 2, 192),
    (3, 1, 6, 1, 320),
)  # fmt: skip
"""Window, blocks, widening, strides and filters of EfficientNetB0's stages (arXiv:1905.11946, table 1)."""
SCALES = {"B0": (1.0, 1.0), "B1": (1.0, 1.1), "B2": (1.1, 1.2), "B3": (1.2, 1.4), "B4": (1.4, 1.8)}
"""Factors of widths and depths."""


def _scaled(filters: float, factor: float) -> int:
    filters *= factor
    found = max(8, int(filters + 4) // 8 * 8)
    return found + 8 if found < 0.9 * filters else found


def efficientnet(kind: str, size: int, k: Any) -> ENCODED:
    """EfficientNet as the package of that name writes it: no preprocessing within, borders by "same" throughout."""
    layers = k.layers

    def swish(x: Any) -> Any:
        return layers.Activation("silu")(layers.BatchNormalization()(x))

    width, depth = SCALES[kind]
    inputs = k.Input((size, size, 3))
    before = _scaled(32, width)
    x = swish(layers.Conv2D(before, 3, strides=2, padding="same", use_bias=False)(inputs))
    total = sum(math.ceil(depth * blocks) for _, blocks, *_ in STAGES)
    skips, place = [], 0
    for window, blocks, widening, first, filters in STAGES:
        filters = _scaled(filters, width)
        for number in range(math.ceil(depth * blocks)):
            strides, wide, y = (1 if number else first), before * widening, x
            if widening > 1:
                y = swish(layers.Conv2D(wide, 1, padding="same", use_bias=False)(x))
            skips += [y] if strides == 2 else []
            y = swish(layers.DepthwiseConv2D(window, strides=strides, padding="same", use_bias=False)(y))
            gate = layers.Reshape((1, 1, wide))(layers.GlobalAveragePooling2D()(y))
            gate = layers.Conv2D(max(1, before // 4), 1, padding="same", activation="silu")(gate)
            y = layers.Multiply()([y, layers.Conv2D(wide, 1, padding="same", activation="sigmoid")(gate)])
            y = layers.BatchNormalization()(layers.Conv2D(filters, 1, padding="same", use_bias=False)(y))
            dropout = layers.Dropout(0.2 * place / total, noise_shape=(None, 1, 1, 1))
            x = layers.Add()([dropout(y), x]) if number else y
            place, before = place + 1, filters
    return inputs, skips, swish(layers.Conv2D(_scaled(1280, width), 1, padding="same", use_bias=False)(x))


ENCODERS: dict[str, Any] = {
    "VGG16": partial(_vgg, "VGG16"),
    "VGG19": partial(_vgg, "VGG19"),
    **{f"ResNet{depth}": partial(_resnet, depth) for depth in (18, 34, 50)},
    "MobileNet": _mobilenet,
    "MobileNetV2": _mobilenet_v2,
    **{f"EfficientNet{kind}": partial(efficientnet, kind) for kind in SCALES},
}


def _centred(encoder: str, k: Any, size: int = 224) -> ENCODED:
    inputs, skips, x = ENCODERS[encoder](size, k)
    if encoder.startswith("VGG"):
        x = conv_bn(k, conv_bn(k, x, 512, 3), 512, 3)
    return inputs, skips, x


def _answered(inputs: Any, x: Any, classes: int, k: Any) -> Any:
    x = k.layers.Conv2D(classes, 3, padding="same")(x)
    return k.Model(inputs, k.layers.Activation("sigmoid" if classes == 1 else "softmax")(x))


def unet(encoder: str, classes: int, transposed: bool, k: Any) -> Any:
    """U-Net: upsampled or transposed, the skip last."""
    layers = k.layers
    inputs, skips, x = _centred(encoder, k)
    for filters in (256, 128, 64, 32, 16):
        if transposed:
            x = layers.Conv2DTranspose(filters, 4, strides=2, padding="same", use_bias=False)(x)
            x = layers.Activation("relu")(layers.BatchNormalization()(x))
        else:
            x = layers.UpSampling2D(2)(x)
        if skips:
            x = layers.Concatenate()([x, skips.pop()])
        for _ in range(1 if transposed else 2):
            x = conv_bn(k, x, filters, 3)
    return _answered(inputs, x, classes, k)


def linknet(encoder: str, classes: int, transposed: bool, k: Any) -> Any:
    """LinkNet, https://arxiv.org/abs/1707.03718, with four additions across."""
    layers = k.layers
    inputs, skips, x = _centred(encoder, k)
    for _ in range(5):
        narrow = int(x.shape[-1]) // 4
        filters = int(skips[-1].shape[-1]) if skips else 16
        x = conv_bn(k, x, narrow, 1)
        if transposed:
            x = layers.Conv2DTranspose(narrow, 4, strides=2, padding="same", use_bias=False)(x)
            x = layers.Activation("relu")(layers.BatchNormalization()(x))
        else:
            x = conv_bn(k, layers.UpSampling2D(2)(x), narrow, 3)
        x = conv_bn(k, x, filters, 1)
        if skips:
            x = layers.Add()([x, skips.pop()])
    return _answered(inputs, x, classes, k)


def fpn(encoder: str, classes: int, k: Any) -> Any:
    """A feature pyramid, https://arxiv.org/abs/1612.03144, its levels joined for segmentation."""
    layers = k.layers
    inputs, skips, x = ENCODERS[encoder](224, k)
    levels = []
    while skips:
        if int(x.shape[-1]) != 256:
            x = layers.Conv2D(256, 1)(x)
        skip = layers.Conv2D(256, 1)(skips.pop())
        x = layers.Add()([layers.UpSampling2D(2)(x), skip])
        levels.append(x)
    found = [conv_bn(k, conv_bn(k, level, 128, 3), 128, 3) for level in levels]
    found[:3] = [layers.UpSampling2D(factor)(level) for factor, level in zip((8, 4, 2), found, strict=False)]
    x = conv_bn(k, layers.Concatenate()(found[::-1]), 128, 3)
    return _answered(inputs, layers.UpSampling2D(2, interpolation="bilinear")(x), classes, k)


def pspnet(encoder: str, classes: int, k: Any) -> Any:
    """PSPNet, https://arxiv.org/abs/1612.01105, over the map of an eighth."""
    layers = k.layers
    inputs, skips, _ = ENCODERS[encoder](384, k)
    x = skips[2]
    found = [x]
    for parts in (1, 2, 3, 6):
        size = int(x.shape[1]) // parts
        y = conv_bn(k, layers.AveragePooling2D(size, strides=size, padding="same")(x), 512, 1)
        found.append(layers.UpSampling2D(size, interpolation="bilinear")(y))
    x = conv_bn(k, layers.Concatenate()(found), 512, 1)
    x = layers.UpSampling2D(8, interpolation="bilinear")(layers.Conv2D(classes, 3, padding="same")(x))
    return k.Model(inputs, layers.Activation("sigmoid" if classes == 1 else "softmax")(x))


def decoders() -> Iterator[Entry]:
    """All but the U-Nets over ResNets with upsampling."""
    for encoder in ENCODERS:
        for transposed in (False, True):
            word = ", transposed" if transposed else ""
            if transposed or not encoder.startswith("ResNet"):
                yield Entry(f"U-Net over {encoder}{word}", partial(unet, encoder, 1, transposed), SOURCE)
            yield Entry(f"LinkNet over {encoder}{word}", partial(linknet, encoder, 1, transposed), SOURCE)
        for (name, made), classes in product((("FPN", fpn), ("PSPNet", pspnet)), (1, 21)):
            yield Entry(f"{name} over {encoder}, {classes} classes", partial(made, encoder, classes), SOURCE)
