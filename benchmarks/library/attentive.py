"""Classifiers that weigh or group their channels: squeeze-and-excitation nets, ResNeXt, ShuffleNet, GhostNet."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from typing import Any

from benchmarks.library.kit import Entry, squeezed
from benchmarks.library.residual import DEPTHS, classification_models

EXACT_EPSILON = 9.999999747378752e-06
"""What the package writes for 1e-5."""


def excited(k: Any, x: Any, ratio: int = 16) -> Any:
    """Squeeze and excitation of 1x1 convolutions with biases over a mean that keeps its axes."""
    layers = k.layers
    filters = int(x.shape[-1])
    y = k.ops.mean(x, axis=(1, 2), keepdims=True)
    y = layers.Activation("relu")(layers.Conv2D(filters // ratio, 1)(y))
    y = layers.Activation("sigmoid")(layers.Conv2D(filters, 1)(y))
    return layers.Multiply()([x, y])


def grouped(k: Any, x: Any, filters: int, size: int, strides: int, groups: int, padding: str = "valid") -> Any:
    """A grouped convolution as slices, convolutions and a concatenation."""
    given, found = int(x.shape[-1]) // groups, []
    for place in range(groups):
        part = x[:, :, :, place * given : (place + 1) * given]
        conv = k.layers.Conv2D(filters // groups, size, strides=strides, padding=padding, use_bias=False)
        found.append(conv(part))
    return k.layers.Concatenate()(found)


def _start(k: Any, x: Any, filters: int, epsilon: float, threefold: bool = False) -> Any:
    layers = k.layers
    for size, count, strides in ((3, 1, 2), (3, 1, 1), (3, 2, 1)) if threefold else ((7, 1, 2),):
        x = layers.ZeroPadding2D(size // 2)(x)
        x = layers.Conv2D(filters * count, size, strides=strides, use_bias=False)(x)
        x = layers.Activation("relu")(layers.BatchNormalization(epsilon=epsilon)(x))
    return layers.MaxPooling2D(3, strides=2)(layers.ZeroPadding2D(1)(x))


def _end(k: Any, inputs: Any, x: Any, dropout: float = 0.0) -> Any:
    layers = k.layers
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(dropout)(x) if dropout else x
    return k.Model(inputs, layers.Activation("softmax")(layers.Dense(1000)(x)))


def senet(kind: str, depth: int, k: Any) -> Any:
    """SE-ResNet, SE-ResNeXt and SENet-154 of the package ``classification_models``."""
    layers = k.layers

    def norm(x: Any) -> Any:
        return layers.BatchNormalization(epsilon=EXACT_EPSILON)(x)

    def conv(x: Any, filters: int, strides: int = 1) -> Any:
        return layers.Conv2D(filters, 1, strides=strides, use_bias=False)(x)

    def unit(x: Any, filters: int, strides: int, first: bool) -> Any:
        given = x
        width = filters // 2 if kind == "SENet" or kind == "SE-ResNeXt" else filters // 4
        x = layers.Activation("relu")(norm(conv(x, width, strides if kind == "SE-ResNet" else 1)))
        x = layers.ZeroPadding2D(1)(x)
        if kind == "SE-ResNet":
            x = layers.Conv2D(width, 3, use_bias=False)(x)
        else:
            x = grouped(k, x, filters if kind == "SENet" else width, 3, strides, 64 if kind == "SENet" else 32)
        x = norm(conv(layers.Activation("relu")(norm(x)), filters))
        if strides != 1 or int(given.shape[-1]) != filters:
            if kind == "SENet" and not first:
                given = layers.Conv2D(filters, 3, strides=strides, use_bias=False)(layers.ZeroPadding2D(1)(given))
            else:
                given = conv(given, filters, strides)
            given = norm(given)
        return layers.Activation("relu")(layers.Add()([excited(k, x), given]))

    inputs = k.Input((224, 224, 3))
    x = _start(k, inputs, 64, EXACT_EPSILON, kind == "SENet")
    for stage, count in enumerate(DEPTHS[depth]):
        for block in range(count):
            x = unit(x, 256 * 2**stage, 2 if stage and not block else 1, not stage and not block)
    return _end(k, inputs, x, 0.2 if kind == "SENet" else 0.0)


def resnext(depth: int, k: Any) -> Any:
    """ResNeXt of the package ``classification_models``: the input normalised, 32 slices."""
    layers = k.layers

    def norm(x: Any, active: bool = True) -> Any:
        x = layers.BatchNormalization(epsilon=2e-5)(x)
        return layers.Activation("relu")(x) if active else x

    inputs = k.Input((224, 224, 3))
    x = _start(k, layers.BatchNormalization(epsilon=2e-5, scale=False)(inputs), 64, 2e-5)
    for stage, count in enumerate(DEPTHS[depth]):
        filters = 128 * 2**stage
        for block in range(count):
            strides = 2 if stage and not block else 1
            y = norm(layers.Conv2D(filters, 1, use_bias=False)(x))
            y = norm(grouped(k, layers.ZeroPadding2D(1)(y), filters, 3, strides, 32))
            y = norm(layers.Conv2D(filters * 2, 1, use_bias=False)(y), False)
            if not block:
                x = norm(layers.Conv2D(filters * 2, 1, strides=strides, use_bias=False)(x), False)
            x = layers.Activation("relu")(layers.Add()([y, x]))
    return _end(k, inputs, x)


def resnext_depthwise(depth: int, k: Any) -> Any:
    """ResNeXt of keras_applications 1.0.8: groups as a depthwise convolution of many maps per channel, summed."""
    layers = k.layers

    def norm(x: Any, active: bool = True) -> Any:
        x = layers.BatchNormalization(epsilon=1.001e-5)(x)
        return layers.Activation("relu")(x) if active else x

    inputs = k.Input((224, 224, 3))
    x = norm(layers.Conv2D(64, 7, strides=2, use_bias=False)(layers.ZeroPadding2D(3)(inputs)))
    x = layers.MaxPooling2D(3, strides=2)(layers.ZeroPadding2D(1)(x))
    for stage, count in enumerate(DEPTHS[depth]):
        filters = 128 * 2**stage
        each = filters // 32
        for block in range(count):
            strides = 2 if stage and not block else 1
            given = x
            if not block:
                given = norm(layers.Conv2D(filters * 2, 1, strides=strides, use_bias=False)(x), False)
            x = layers.ZeroPadding2D(1)(norm(layers.Conv2D(filters, 1, use_bias=False)(x)))
            x = layers.DepthwiseConv2D(3, strides=strides, depth_multiplier=each, use_bias=False)(x)
            sides = tuple(int(side) for side in x.shape[1:3])
            x = k.ops.sum(layers.Reshape((*sides, 32, each, each))(x), axis=4)
            x = norm(layers.Reshape((*sides, filters))(x))
            x = norm(layers.Conv2D(filters * 2, 1, use_bias=False)(x), False)
            x = layers.Activation("relu")(layers.Add()([given, x]))
    x = layers.GlobalAveragePooling2D()(x)
    return k.Model(inputs, layers.Dense(1000, activation="softmax")(x))


def se_resnet(depths: tuple[int, ...], deep: bool, k: Any) -> Any:
    """The package ``keras-squeeze-excite-network``'s: pre-activated, nothing normalised behind the first convolution,
    Denses without biases."""
    layers = k.layers

    def act(x: Any) -> Any:
        return layers.Activation("relu")(layers.BatchNormalization()(x))

    def conv(x: Any, filters: int, size: int, strides: int = 1) -> Any:
        return layers.Conv2D(filters, size, strides=strides, padding="same", use_bias=False)(x)

    inputs = k.Input((224, 224, 3))
    x = layers.MaxPooling2D(3, strides=2, padding="same")(conv(inputs, 64, 7, 2))
    for stage, count in enumerate(depths):
        filters = 64 * 2**stage
        for block in range(count):
            strides = 2 if stage and not block else 1
            given, y = x, act(x)
            wide = filters * (4 if deep else 1)
            if strides != 1 or int(x.shape[-1]) != wide:
                given = conv(y, wide, 1, strides)
            y = act(conv(y, filters, 1)) if deep else y
            y = conv(act(conv(y, filters, 3, strides)), wide, 1 if deep else 3)
            x = layers.Add()([squeezed(k, y, 16), given])
    x = layers.GlobalAveragePooling2D()(act(x))
    return k.Model(inputs, layers.Dense(1000, use_bias=False, activation="softmax")(x))


def shuffled(k: Any, x: Any, groups: int) -> Any:
    """Channels of ``groups`` dealt in turn."""
    _, rows, columns, channels = x.shape
    x = k.ops.reshape(x, (-1, rows, columns, groups, channels // groups))
    return k.ops.reshape(k.ops.transpose(x, (0, 1, 2, 4, 3)), (-1, rows, columns, channels))


def _shuffle_net(k: Any, widths: tuple[int, ...], unit: Callable[..., Any], last: int, pool: str) -> Any:
    layers = k.layers
    inputs = k.Input((224, 224, 3))
    x = layers.Conv2D(widths[0], 3, strides=2, padding="same", use_bias=False, activation="relu")(inputs)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    for stage, (given, wide) in enumerate(pairwise(widths)):
        x = unit(x, given, wide, 2, not stage)
        for _ in range((3, 7, 3)[stage]):
            x = unit(x, wide, wide, 1, False)
    x = layers.Conv2D(last, 1, padding="same", activation="relu")(x) if last else x
    x = (layers.GlobalMaxPooling2D if pool == "max" else layers.GlobalAveragePooling2D)()(x)
    return k.Model(inputs, layers.Activation("softmax")(layers.Dense(1000)(x)))


def shuffle_net(groups: int, pool: str, k: Any) -> Any:
    """ShuffleNet, Zhang et al. 2017, as ``keras-shufflenet`` writes it."""
    layers = k.layers

    def conv(x: Any, filters: int, groups: int) -> Any:
        if groups == 1:
            return layers.Conv2D(filters, 1, padding="same", use_bias=False)(x)
        given, found = int(x.shape[-1]) // groups, []
        for place in range(groups):
            part = x[:, :, :, place * given : (place + 1) * given]
            found.append(layers.Conv2D(int(0.5 + filters / groups), 1, padding="same", use_bias=False)(part))
        return layers.Concatenate()(found)

    def unit(x: Any, given: int, wide: int, strides: int, first: bool) -> Any:
        wide = wide - given if strides == 2 else wide
        parts = 1 if first else groups
        y = conv(x, int(wide * 0.25), parts)
        y = layers.Activation("relu")(layers.BatchNormalization()(y))
        y = shuffled(k, y, parts)
        y = layers.DepthwiseConv2D(3, strides=strides, padding="same", use_bias=False)(y)
        y = layers.BatchNormalization()(conv(layers.BatchNormalization()(y), wide, parts))
        if strides == 1:
            return layers.Activation("relu")(layers.Add()([y, x]))
        x = layers.AveragePooling2D(3, strides=2, padding="same")(x)
        return layers.Activation("relu")(layers.Concatenate()([y, x]))

    wide = {1: 144, 2: 200, 3: 240, 4: 272, 8: 384}[groups]
    return _shuffle_net(k, (24, wide, wide * 2, wide * 4), unit, 0, pool)


def shuffle_net_v2(scale: float, pool: str, k: Any) -> Any:
    """ShuffleNetV2, Ma et al. 2018, as ``keras-shufflenetV2`` writes it, with biases."""
    layers = k.layers

    def norm(x: Any, active: bool = True) -> Any:
        x = layers.BatchNormalization()(x)
        return layers.Activation("relu")(x) if active else x

    def unit(x: Any, given: int, wide: int, strides: int, first: bool) -> Any:
        half, kept = int(x.shape[-1]) // 2, None
        if strides == 1:
            kept, x = x[:, :, :, 0:half], x[:, :, :, half:]
        y = norm(layers.Conv2D(wide, 1, padding="same")(x))
        y = norm(layers.DepthwiseConv2D(3, strides=strides, padding="same")(y), False)
        y = norm(layers.Conv2D(wide, 1, padding="same")(y))
        if strides == 2:
            kept = norm(layers.DepthwiseConv2D(3, strides=2, padding="same")(x), False)
            kept = norm(layers.Conv2D(wide, 1, padding="same")(kept))
        return shuffled(k, layers.Concatenate()([y, kept]), 2)

    widths = tuple(int(width * scale) for width in (24, 116, 232, 464))
    return _shuffle_net(k, widths, unit, 1024, pool)


GHOSTS = (
    (16, 3, 16, 1, False), (24, 3, 48, 2, False), (24, 3, 72, 1, False), (40, 5, 72, 2, True), (40, 5, 120, 1, True),
    (80, 3, 240, 2, False), (80, 3, 200, 1, False), (80, 3, 184, 1, False), (80, 3, 184, 1, False),
    (112, 3, 480, 1, True), (112, 5, 672, 1, True), (160, 5, 672, 2, True), (160, 5, 960, 1, False),
    (160, 5, 960, 1, True), (160, 5, 960, 1, False), (160, 5, 960, 1, True),
)  # fmt: skip
"""Channels, the shortcut's window, channels within, strides, squeezed (arXiv:1911.11907, table 1)."""


def ghost_net(k: Any) -> Any:
    """GhostNet as ``GhostNet-Keras`` writes it."""
    layers = k.layers

    def conv(x: Any, filters: int, size: int = 1, strides: int = 1, padding: str = "same", active: bool = True) -> Any:
        x = layers.Conv2D(filters, size, strides=strides, padding=padding, use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        return layers.Activation("relu")(x) if active else x

    def depthwise(x: Any, size: int, strides: int = 1) -> Any:
        return layers.DepthwiseConv2D(size, strides=strides, padding="same", use_bias=False)(x)

    def ghost(x: Any, filters: int) -> Any:
        plain = math.ceil(filters / 2)
        x = layers.Conv2D(plain, 1, padding="same", use_bias=False)(x)
        return layers.Concatenate()([x, depthwise(x, 3)[:, :, :, : filters - plain]])

    def weighed(x: Any, filters: int) -> Any:
        y = layers.Reshape((1, 1, filters))(layers.GlobalAveragePooling2D()(x))
        y = layers.Conv2D(math.ceil(filters / 4), 1, padding="same", use_bias=False)(y)
        y = layers.Conv2D(filters, 1, padding="same", use_bias=False)(layers.Activation("relu")(y))
        return layers.Multiply()([x, layers.Activation("hard_sigmoid")(y)])

    inputs = k.Input((224, 224, 3))
    x = conv(inputs, 16, 3, 2)
    for filters, size, within, strides, squeezes in GHOSTS:
        given = x
        if strides != 1 or int(x.shape[-1]) != filters:
            given = layers.BatchNormalization()(depthwise(x, size, strides))
            given = conv(given, filters, padding="valid", active=False)
        x = layers.Activation("relu")(layers.BatchNormalization()(ghost(x, within)))
        if strides > 1:
            x = layers.Activation("relu")(layers.BatchNormalization()(depthwise(x, 3, strides)))
        x = weighed(x, within) if squeezes else x
        x = layers.Add()([given, layers.BatchNormalization()(ghost(x, filters))])
    x = layers.GlobalAveragePooling2D()(conv(x, 960))
    x = layers.Dropout(0.05)(conv(layers.Reshape((1, 1, 960))(x), 1280))
    x = layers.Conv2D(1000, 1, padding="same", activation="softmax", use_bias=False)(x)
    return k.Model(inputs, layers.Reshape((1000,))(x))


def pre_activated(depth: int, k: Any) -> Any:
    """The package's pre-activated nets with squeeze and excitation."""
    return classification_models(depth, k, partial(excited, k))


def excitations() -> Iterator[Entry]:
    """Squeezed and excited."""
    source = "classification_models"
    for depth in (18, 34):
        yield Entry(f"SE-ResNet{depth} pre-activated", partial(pre_activated, depth), source)
    for depth in (50, 101, 152):
        yield Entry(f"SE-ResNet{depth}", partial(senet, "SE-ResNet", depth), source)
    yield Entry("SE-ResNeXt50", partial(senet, "SE-ResNeXt", 50), source)
    for depth, counts in ((18, (2, 2, 2, 2)), (34, (3, 4, 6, 3)), (50, (3, 4, 6, 3)), (101, (3, 6, 23, 3))):
        made = partial(se_resnet, counts, depth >= 50)
        yield Entry(f"SE-ResNet{depth}", made, "keras-squeeze-excite-network")


def groups() -> Iterator[Entry]:
    """Residual nets of grouped channels."""
    yield Entry("ResNeXt50", partial(resnext, 50), "classification_models")
    for depth in (50, 101):
        yield Entry(f"ResNeXt{depth}", partial(resnext_depthwise, depth), "keras_applications 1.0.8")


def shuffles() -> Iterator[Entry]:
    """Small nets of cheap convolutions."""
    for count in (1, 2, 3, 4, 8):
        yield Entry(f"ShuffleNet of {count} groups", partial(shuffle_net, count, "max"), "keras-shufflenet")
    for scale in (0.5, 1.0, 1.5, 2.0):
        yield Entry(f"ShuffleNetV2 x{scale:g}", partial(shuffle_net_v2, scale, "max"), "keras-shufflenetV2")
    yield Entry("GhostNet", ghost_net, "GhostNet-Keras")
