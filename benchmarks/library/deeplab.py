"""DeepLabV3+, https://arxiv.org/abs/1802.02611: the port with Xception or MobileNetV2 in front, and Keras' example."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import Any

from benchmarks.library.kit import Entry

SIZE = 512


def _norm(k: Any, x: Any, word: str | None = "relu", epsilon: float = 1e-3) -> Any:
    x = k.layers.BatchNormalization(epsilon=epsilon)(x)
    return k.layers.Activation(word)(x) if word else x


def _separable(
    k: Any, x: Any, filters: int, rate: int = 1, strides: int = 1, within: bool = False, epsilon: float = 1e-3
) -> Any:
    """A separable convolution, normalised twice; rectified in front, or behind both halves (``within``)."""
    layers = k.layers
    if strides > 1:
        x = layers.ZeroPadding2D(rate)(x)
    if not within:
        x = layers.Activation("relu")(x)
    padding = "valid" if strides > 1 else "same"
    x = layers.DepthwiseConv2D(3, strides=strides, dilation_rate=rate, padding=padding, use_bias=False)(x)
    x = _norm(k, x, "relu" if within else None, epsilon)
    x = layers.Conv2D(filters, 1, padding="same", use_bias=False)(x)
    return _norm(k, x, "relu" if within else None, epsilon)


def _block(
    k: Any, x: Any, sizes: tuple[int, ...], shortcut: str, strides: int = 1, rate: int = 1, within: bool = False
) -> tuple[Any, Any]:
    """Three separable convolutions, the last with the strides; the second one's map, too."""
    layers, y, second = k.layers, x, x
    for place, filters in enumerate(sizes):
        y = _separable(k, y, filters, rate, strides if place == 2 else 1, within)
        second = y if place == 1 else second
    if shortcut == "convolved":
        if strides > 1:
            x = layers.ZeroPadding2D(0)(x)
        padding = "valid" if strides > 1 else "same"
        x = layers.Conv2D(sizes[-1], 1, strides=strides, padding=padding, use_bias=False)(x)
        x = layers.BatchNormalization()(x)
    return (layers.Add()([y, x]) if shortcut else y), second


def _xception(k: Any) -> tuple[Any, Any, Any]:
    layers = k.layers
    inputs = k.Input((SIZE, SIZE, 3))
    x = _norm(k, layers.Conv2D(32, 3, strides=2, padding="same", use_bias=False)(inputs))
    x = _norm(k, layers.Conv2D(64, 3, padding="same", use_bias=False)(x))
    x, _ = _block(k, x, (128, 128, 128), "convolved", 2)
    x, skip = _block(k, x, (256, 256, 256), "convolved", 2)
    x, _ = _block(k, x, (728, 728, 728), "convolved", 2)
    for _ in range(16):
        x, _ = _block(k, x, (728, 728, 728), "plain")
    x, _ = _block(k, x, (728, 1024, 1024), "convolved")
    x, _ = _block(k, x, (1536, 1536, 2048), "", rate=2, within=True)
    return inputs, skip, x


INVERTED = (
    (16, 1, 1), (24, 2, 1), (24, 1, 1), (32, 2, 1), (32, 1, 1), (32, 1, 1), (64, 1, 1), *((64, 1, 2),) * 3,
    *((96, 1, 2),) * 3, (160, 1, 2), (160, 1, 4), (160, 1, 4), (320, 1, 4),
)  # fmt: skip
"""Filters, strides and dilations of the blocks; one that changes neither width nor size has a shortcut."""


def _mobilenet(k: Any) -> tuple[Any, Any, Any]:
    layers = k.layers
    inputs = k.Input((SIZE, SIZE, 3))
    x = _norm(k, layers.Conv2D(32, 3, strides=2, padding="same", use_bias=False)(inputs), "relu6")
    before = 0
    for filters, strides, rate in INVERTED:
        y = x
        if before:
            y = _norm(k, layers.Conv2D(6 * before, 1, padding="same", use_bias=False)(x), "relu6")
        y = layers.DepthwiseConv2D(3, strides=strides, dilation_rate=rate, padding="same", use_bias=False)(y)
        y = layers.Conv2D(filters, 1, padding="same", use_bias=False)(_norm(k, y, "relu6"))
        y = _norm(k, y, None)
        x = layers.Add()([x, y]) if filters == before else y
        before = filters
    return inputs, None, x


def deeplab(backbone: str, classes: int, pooled: bool, activation: str | None, k: Any) -> Any:
    """The port. Its maps are resized with their corners aligned, for which Keras has no layer: the usual bilinear
    upsampling stands here. ``pooled``: the image's mean by one pool, as older versions have it."""
    layers = k.layers

    def up(x: Any, factor: int) -> Any:
        return layers.UpSampling2D(factor, interpolation="bilinear")(x)

    inputs, skip, x = (_xception if backbone == "Xception" else _mobilenet)(k)
    side, channels = int(x.shape[1]), int(x.shape[-1])
    if pooled:
        image = layers.AveragePooling2D(side)(x)
    else:
        image = layers.GlobalAveragePooling2D()(x)
        image = layers.Reshape((1, 1, channels))(layers.Reshape((1, channels))(image))
    image = _norm(k, layers.Conv2D(256, 1, padding="same", use_bias=False)(image), epsilon=1e-5)
    found = [up(image, side)]
    found.append(_norm(k, layers.Conv2D(256, 1, padding="same", use_bias=False)(x), epsilon=1e-5))
    if skip is not None:
        found += [_separable(k, x, 256, rate, within=True, epsilon=1e-5) for rate in (6, 12, 18)]
    x = layers.Concatenate()(found)
    x = _norm(k, layers.Conv2D(256, 1, padding="same", use_bias=False)(x), epsilon=1e-5)
    x = layers.Dropout(0.1)(x)
    if skip is not None:
        x = up(x, 4)
        skip = _norm(k, layers.Conv2D(48, 1, padding="same", use_bias=False)(skip), epsilon=1e-5)
        x = layers.Concatenate()([x, skip])
        for _ in range(2):
            x = _separable(k, x, 256, within=True, epsilon=1e-5)
    x = up(layers.Conv2D(classes, 1, padding="same")(x), 8 if skip is None else 4)
    return k.Model(inputs, layers.Activation(activation)(x) if activation else x)


def keras_example(classes: int, k: Any) -> Any:
    """Keras' example: ResNet50 in front, its colours turned and centred, rectifiers that no list shows."""
    layers = k.layers

    def unit(x: Any, filters: int = 256, size: int = 3, rate: int = 1, bias: bool = False) -> Any:
        x = layers.Conv2D(filters, size, dilation_rate=rate, padding="same", use_bias=bias)(x)
        return k.ops.relu(layers.BatchNormalization()(x))

    def up(x: Any, factor: int) -> Any:
        return layers.UpSampling2D(factor, interpolation="bilinear")(x)

    inputs = k.Input((SIZE, SIZE, 3))
    body = k.applications.ResNet50(
        weights=None, include_top=False, input_tensor=k.applications.resnet50.preprocess_input(inputs)
    )
    x = body.get_layer("conv4_block6_2_relu").output
    side = int(x.shape[1])
    found = [up(unit(layers.AveragePooling2D(side)(x), size=1, bias=True), side)]
    found += [unit(x, size=3 if rate > 1 else 1, rate=rate) for rate in (1, 6, 12, 18)]
    x = up(unit(layers.Concatenate()(found), size=1), SIZE // 4 // side)
    skip = unit(body.get_layer("conv2_block3_2_relu").output, 48, 1)
    x = up(unit(unit(layers.Concatenate()([x, skip]))), 4)
    return k.Model(inputs, layers.Conv2D(classes, 1, padding="same")(x))


def deeplabs() -> Iterator[Entry]:
    """All of them."""
    for backbone, classes, pooled in product(("Xception", "MobileNetV2"), (21, 19), (False, True)):
        words = f"DeepLabV3+ over {backbone}, {classes} classes" + (", older" if pooled else "")
        yield Entry(words, partial(deeplab, backbone, classes, pooled, None), "keras-deeplab-v3-plus")
    yield Entry("DeepLabV3+ over ResNet50, 20 classes", partial(keras_example, 20), "Keras examples")
