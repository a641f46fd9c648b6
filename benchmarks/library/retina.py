"""RetinaNet, https://arxiv.org/abs/1708.02002, as the package ``keras_retinanet`` builds it, without its anchors."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from benchmarks.library.kit import Entry
from benchmarks.library.residual import DEPTHS


def _body(depth: int, size: int, padded: bool, k: Any) -> tuple[Any, list[Any]]:
    """``keras_resnet``: strides in the first convolution of a block, a border in front of the second and, ``padded``,
    of the very first."""
    layers = k.layers

    def norm(x: Any, active: bool = True) -> Any:
        x = layers.BatchNormalization(epsilon=1e-5)(x)
        return layers.Activation("relu")(x) if active else x

    inputs = k.Input((size, size, 3))
    x = layers.ZeroPadding2D(3)(inputs) if padded else inputs
    x = norm(layers.Conv2D(64, 7, strides=2, padding="valid" if padded else "same", use_bias=False)(x))
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    found = []
    for stage, count in enumerate(DEPTHS[depth]):
        filters = 64 * 2**stage
        for block in range(count):
            strides = 2 if stage and not block else 1
            y = norm(layers.Conv2D(filters, 1, strides=strides, use_bias=False)(x))
            y = norm(layers.Conv2D(filters, 3, use_bias=False)(layers.ZeroPadding2D(1)(y)))
            y = norm(layers.Conv2D(filters * 4, 1, use_bias=False)(y), active=False)
            if not block:
                x = norm(layers.Conv2D(filters * 4, 1, strides=strides, use_bias=False)(x), active=False)
            x = layers.Activation("relu")(layers.Add()([y, x]))
        found.append(x)
    return inputs, found[1:]


def _head(k: Any, answers: int, width: int, word: str | None) -> Any:
    """Four convolutions and an answer per box, in a model of its own that every level goes through."""
    layers = k.layers
    inputs = x = k.Input((None, None, 256))
    for _ in range(4):
        x = layers.Conv2D(256, 3, padding="same", activation="relu")(x)
    x = layers.Reshape((-1, width))(layers.Conv2D(answers, 3, padding="same")(x))
    return k.Model(inputs, layers.Activation(word)(x) if word else x)


def retinanet(depth: int, classes: int, smoothed: bool, padded: bool, k: Any) -> Any:
    """Over a residual net; ``smoothed``: levels convolved once more, as all but the first versions have them."""
    layers = k.layers
    inputs, (third, fourth, fifth) = _body(depth, 512, padded, k)

    def smooth(x: Any) -> Any:
        return layers.Conv2D(256, 3, padding="same")(x) if smoothed else x

    x = layers.Conv2D(256, 1, padding="same")(fifth)
    up = layers.UpSampling2D(2)(x)
    levels = [smooth(x)]
    for place, skip in enumerate((fourth, third)):
        x = layers.Add()([up, layers.Conv2D(256, 1, padding="same")(skip)])
        up = layers.UpSampling2D(2)(x) if place == 0 else up
        levels.insert(0, smooth(x))
    x = layers.Conv2D(256, 3, strides=2, padding="same")(fifth)
    levels.append(x)
    levels.append(layers.Conv2D(256, 3, strides=2, padding="same")(layers.Activation("relu")(x)))
    heads = [_head(k, 9 * 4, 4, None), _head(k, 9 * classes, classes, "sigmoid")]
    return k.Model(inputs, [layers.Concatenate(axis=1)([head(level) for level in levels]) for head in heads])


def retinas() -> Iterator[Entry]:
    """All of them."""
    for depth, smoothed, padded in (
        (50, True, False), (50, True, True), (50, False, True), (101, True, False), (152, True, False),
    ):  # fmt: skip
        words = f"RetinaNet over ResNet{depth}, 80 classes" + ("" if smoothed else ", first version")
        words += ", border in front" if padded else ""
        yield Entry(words, partial(retinanet, depth, 80, smoothed, padded), "keras_retinanet")
