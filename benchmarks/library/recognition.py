"""Faces told apart, judged and unmasked: MesoNet, OpenFace, DeepID, SSR-Net and a net for emotions."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from benchmarks.library.classic import chain
from benchmarks.library.kit import Entry, across_channels, leaky


def meso1(dilation: int, k: Any) -> Any:
    """The smallest MesoNet: two convolutions, one pool."""
    layers = k.layers
    inputs = k.Input((256, 256, 3))
    x = layers.Conv2D(16, 3, dilation_rate=dilation, padding="same", activation="relu")(inputs)
    x = layers.Conv2D(4, 1, padding="same", activation="relu")(x)
    x = layers.MaxPooling2D(8, padding="same")(layers.BatchNormalization()(x))
    return k.Model(inputs, layers.Dense(1, activation="sigmoid")(layers.Dropout(0.5)(layers.Flatten()(x))))


def meso4(inception: bool, k: Any) -> Any:
    """MesoNet's four blocks; ``inception``: the first two of parallel, dilated convolutions."""
    layers = k.layers

    def conv(x: Any, filters: int, size: int, dilation: int = 1) -> Any:
        return layers.Conv2D(filters, size, padding="same", dilation_rate=dilation, activation="relu")(x)

    def mixed(x: Any, widths: tuple[int, int, int, int]) -> Any:
        found = [conv(x, widths[0], 1)]
        for dilation, filters in enumerate(widths[1:], 1):
            found.append(conv(conv(x, filters, 1), filters, 3, dilation))
        return layers.Concatenate()(found)

    inputs = x = k.Input((256, 256, 3))
    for place, (filters, size) in enumerate(((8, 3), (8, 5), (16, 5), (16, 5))):
        x = mixed(x, (1 + place, 4, 4, 2)) if inception and place < 2 else conv(x, filters, size)
        x = layers.MaxPooling2D(4 if place == 3 else 2, padding="same")(layers.BatchNormalization()(x))
    x = layers.Dense(16)(layers.Dropout(0.5)(layers.Flatten()(x)))
    x = layers.Dropout(0.5)(leaky(k, x, 0.1))
    return k.Model(inputs, layers.Dense(1, activation="sigmoid")(x))


def _unit(k: Any, x: Any, filters: int, size: int = 1, strides: int = 1, border: int = 0) -> Any:
    layers = k.layers
    x = layers.ZeroPadding2D(border)(x) if border else x
    x = layers.Conv2D(filters, size, strides=strides)(x)
    return layers.Activation("relu")(layers.BatchNormalization(epsilon=1e-5)(x))


def _joined(k: Any, x: Any, three: Any, five: Any, pool: Any, one: int, strides: int = 1) -> Any:
    """OpenFace's inception: 3x3, 5x5, pool and 1x1, in this order. ``pool`` is (kind, filters, border behind)."""
    layers, ops = k.layers, k.ops
    found = [_unit(k, _unit(k, x, three[0]), three[1], 3, strides, 1)]
    if five:
        found.append(_unit(k, _unit(k, x, five[0]), five[1], 5, strides, 2))
    kind, filters, border = pool
    if kind == "max":
        y = layers.MaxPooling2D(3, strides=2)(x)
    else:
        y = layers.AveragePooling2D(3, strides=3)(ops.square(x))
        y = ops.sqrt(y * 9)
    y = _unit(k, y, filters) if filters else y
    found.append(layers.ZeroPadding2D(border)(y))
    if one:
        found.append(_unit(k, x, one))
    return layers.Concatenate(axis=3)(found)


def openface(k: Any) -> Any:
    """OpenFace's nn4.small2, Amos et al. 2016, as Keras-OpenFace and deepface port it."""
    layers = k.layers
    inputs = k.Input((96, 96, 3))
    x = _unit(k, inputs, 64, 7, 2, 3)
    x = layers.MaxPooling2D(3, strides=2)(layers.ZeroPadding2D(1)(x))
    x = _unit(k, across_channels(k, x, 5, 1e-4, 1.0), 64)
    x = across_channels(k, _unit(k, x, 192, 3, 1, 1), 5, 1e-4, 1.0)
    x = layers.MaxPooling2D(3, strides=2)(layers.ZeroPadding2D(1)(x))
    x = _joined(k, x, (96, 128), (16, 32), ("max", 32, ((3, 4), (3, 4))), 64)
    x = _joined(k, x, (96, 128), (32, 64), ("norm", 64, 4), 64)
    x = _joined(k, x, (128, 256), (32, 64), ("max", 0, ((0, 1), (0, 1))), 0, 2)
    x = _joined(k, x, (96, 192), (32, 64), ("norm", 128, 2), 256)
    x = _joined(k, x, (160, 256), (64, 128), ("max", 0, ((0, 1), (0, 1))), 0, 2)
    x = _joined(k, x, (96, 384), None, ("norm", 96, 1), 256)
    x = _joined(k, x, (96, 384), None, ("max", 96, 1), 256)
    x = layers.Flatten()(layers.AveragePooling2D(3, strides=1)(x))
    return k.Model(inputs, k.ops.normalize(layers.Dense(128)(x), axis=1))


def deep_id(k: Any) -> Any:
    """DeepID, Sun et al. 2014: two Denses, of the third and of the fourth convolution's maps, are added."""
    layers = k.layers
    inputs = x = k.Input((55, 47, 3))
    for filters, size in ((20, 4), (40, 3), (60, 3)):
        x = layers.Conv2D(filters, size, activation="relu")(x)
        x = layers.Dropout(0.99)(layers.MaxPooling2D(2, strides=2)(x))
    first = layers.Dense(160)(layers.Flatten()(x))
    y = layers.Conv2D(80, 2, activation="relu")(x)
    second = layers.Dense(160)(layers.Flatten()(y))
    return k.Model(inputs, layers.Activation("relu")(layers.Add()([first, second])))


def expression(k: Any) -> Any:
    """deepface's net for seven expressions: a wide pool, then two blocks with average pools."""
    layers = k.layers
    model = [layers.Conv2D(64, 5, activation="relu"), layers.MaxPooling2D(5, strides=2)]
    for filters in (64, 128):
        model += [layers.Conv2D(filters, 3, activation="relu") for _ in range(2)]
        model.append(layers.AveragePooling2D(3, strides=2))
    model.append(layers.Flatten())
    for _ in range(2):
        model += [layers.Dense(1024, activation="relu"), layers.Dropout(0.2)]
    return chain(k, (48, 48, 1), *model, layers.Dense(7, activation="softmax"))


def ssr_net(span: int, k: Any) -> Any:
    """SSR-Net, Yang et al. 2018: two streams joined at three stages, whose classes are refined step by step. The age
    is in ``span`` years."""
    layers, ops = k.layers, k.ops

    def stream(x: Any, filters: int, activation: str, pool: Any) -> list[Any]:
        found = []
        for place in range(4):
            x = layers.BatchNormalization()(layers.Conv2D(filters, 3)(x))
            x = layers.Activation(activation)(x)
            x = pool(2, 2)(x) if place < 3 else x
            found.append(x)
        return found

    def flat(x: Any, pool: Any, size: int) -> tuple[Any, Any]:
        x = layers.Conv2D(10, 1, activation="relu")(x)
        x = layers.Flatten()(pool(size, size)(x) if size else x)
        return x, layers.Dense(3, activation="relu")(layers.Dropout(0.2)(x))

    inputs = k.Input((64, 64, 3))
    means = stream(inputs, 32, "relu", layers.AveragePooling2D)
    peaks = stream(inputs, 16, "tanh", layers.MaxPooling2D)
    stages = []
    for place, size in ((3, 0), (1, 4), (0, 8)):
        peak, peak_mixed = flat(peaks[place], layers.MaxPooling2D, size)
        mean, mean_mixed = flat(means[place], layers.AveragePooling2D, size)
        delta = layers.Dense(1, activation="tanh")(layers.Multiply()([peak, mean]))
        x = layers.Dense(6, activation="relu")(layers.Multiply()([peak_mixed, mean_mixed]))
        stages.append((layers.Dense(3, activation="relu")(x), delta, layers.Dense(3, activation="tanh")(x)))
    total, width = None, 1.0
    for classes, delta, shift in stages:
        value = ops.sum(shift * classes, axis=1) + classes[:, 1] + classes[:, 2] * 2
        width = (delta[:, 0] + 1) * 3 * width
        value = value / width
        total = value if total is None else total + value
    return k.Model(inputs, total * span if span != 1 else total)


def openfaces() -> Iterator[Entry]:
    """The one of inceptions."""
    yield Entry("OpenFace nn4.small2", openface, "Keras-OpenFace")


def recognised() -> Iterator[Entry]:
    """The others."""
    for dilation in (1, 2):
        words = "Meso1" + (f", dilated by {dilation}" if dilation > 1 else "")
        yield Entry(words, partial(meso1, dilation), "MesoNet")
    yield Entry("Meso4", partial(meso4, False), "MesoNet")
    yield Entry("MesoInception4", partial(meso4, True), "MesoNet")
    yield Entry("DeepID", deep_id, "deepface")
    yield Entry("seven expressions", expression, "deepface")
    for span, word in ((101, "age"), (1, "gender")):
        yield Entry(f"SSR-Net for {word}", partial(ssr_net, span), "Yang et al. 2018")
