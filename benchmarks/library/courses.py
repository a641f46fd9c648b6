"""Nets that courses on computer vision hand out and projects keep: small VGGs with normalisation behind the activation,
a small GoogLeNet, nets without pools, of separable convolutions, for faces and for traffic signs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from benchmarks.library.classic import chain
from benchmarks.library.kit import Entry

Block = tuple[tuple[int, ...], int]
"""Filters of a block's convolutions and the side of the pool behind it."""


def normalised_vgg(
    blocks: Sequence[Block], units: Sequence[int], size: int, head: str, k: Any, act: str = "relu", kernel: int = 3
) -> Any:
    """Blocks of convolution, activation, normalisation; the first convolution has ``kernel``; Denses are normalised
    too. ``head`` is the last activation."""
    layers, model = k.layers, []

    def active() -> Any:
        return layers.ELU() if act == "elu" else layers.Activation(act)

    for place, (filters, pool) in enumerate(blocks):
        for number, count in enumerate(filters):
            first = place == 0 and number == 0
            model.append(layers.Conv2D(count, kernel if first else 3, padding="same"))
            model += [active(), layers.BatchNormalization()]
        model += [layers.MaxPooling2D(pool), layers.Dropout(0.25)]
    model.append(layers.Flatten())
    for count in units:
        model += [layers.Dense(count), active(), layers.BatchNormalization(), layers.Dropout(0.5)]
    return chain(k, (size, size, 3), *model, layers.Dense(10), layers.Activation(head))


def strided(k: Any) -> Any:
    """Strides in place of pools: every second convolution of a block has one."""
    layers = k.layers
    model = [layers.Conv2D(16, 7, strides=2)]
    for filters in (32, 64, 128):
        for strides in (1, 2):
            model.append(layers.Conv2D(filters, 3, strides=strides, padding="same"))
            model += [layers.Activation("relu"), layers.BatchNormalization()]
        model.append(layers.Dropout(0.25))
    model += [layers.Flatten(), layers.Dense(512), layers.Activation("relu"), layers.BatchNormalization()]
    return chain(k, (96, 96, 3), *model, layers.Dropout(0.5), layers.Dense(10), layers.Activation("softmax"))


def separable_vgg(
    blocks: Sequence[tuple[int, ...]], kernel: int, units: Sequence[int], size: int, head: str, k: Any
) -> Any:
    """The same of separable convolutions."""
    layers, model = k.layers, []
    for place, filters in enumerate(blocks):
        for number, count in enumerate(filters):
            model.append(layers.SeparableConv2D(count, 3 if place or number else kernel, padding="same"))
            model += [layers.Activation("relu"), layers.BatchNormalization()]
        model += [layers.MaxPooling2D(), layers.Dropout(0.25)]
    model.append(layers.Flatten())
    for count in units:
        model += [layers.Dense(count), layers.Activation("relu"), layers.BatchNormalization(), layers.Dropout(0.5)]
    return chain(k, (size, size, 3), *model, layers.Dense(2), layers.Activation(head))


def mini_googlenet(k: Any) -> Any:
    """Zhang et al. 2017, https://arxiv.org/abs/1611.03530: inception of two branches, pools beside strided
    convolutions."""
    layers = k.layers

    def conv(x: Any, filters: int, size: int, strides: int = 1, padding: str = "same") -> Any:
        x = layers.Conv2D(filters, size, strides=strides, padding=padding)(x)
        return layers.Activation("relu")(layers.BatchNormalization()(x))

    def mixed(x: Any, one: int, three: int) -> Any:
        return layers.Concatenate()([conv(x, one, 1), conv(x, three, 3)])

    def down(x: Any, filters: int) -> Any:
        return layers.Concatenate()([conv(x, filters, 3, 2, "valid"), layers.MaxPooling2D(3, strides=2)(x)])

    inputs = k.Input((32, 32, 3))
    x = conv(inputs, 96, 3)
    x = down(mixed(mixed(x, 32, 32), 32, 48), 80)
    for one, three in ((112, 48), (96, 64), (80, 80), (48, 96)):
        x = mixed(x, one, three)
    x = mixed(mixed(down(x, 96), 176, 160), 176, 160)
    x = layers.Flatten()(layers.Dropout(0.5)(layers.AveragePooling2D(7)(x)))
    return k.Model(inputs, layers.Activation("softmax")(layers.Dense(10)(x)))


def shallow(k: Any) -> Any:
    """One convolution, one Dense."""
    layers = k.layers
    model = [layers.Conv2D(32, 3, padding="same"), layers.Activation("relu"), layers.Flatten()]
    return chain(k, (32, 32, 3), *model, layers.Dense(10), layers.Activation("softmax"))


def courses() -> Iterator[Entry]:
    """All of them."""
    two = (((32, 32), 2), ((64, 64), 2))
    yield Entry("MiniVGGNet", partial(normalised_vgg, two, (512,), 32, "softmax"))
    for head in ("softmax", "sigmoid"):
        blocks = (((32,), 3), ((64, 64), 2), ((128, 128), 2))
        yield Entry(f"SmallerVGGNet, {head}", partial(normalised_vgg, blocks, (1024,), 96, head))
    blocks = (((16, 16), 2), ((32, 32), 2))
    yield Entry("LivenessNet", partial(normalised_vgg, blocks, (64,), 32, "softmax"))
    signs = (((8,), 2), ((16, 16), 2), ((32, 32), 2))
    yield Entry("TrafficSignNet", partial(normalised_vgg, signs, (128, 128), 32, "softmax", kernel=5))
    faces = (((32, 32), 2), ((64, 64), 2), ((128, 128), 2))
    yield Entry("EmotionVGGNet", partial(normalised_vgg, faces, (64, 64), 48, "softmax", act="elu"))
    yield Entry("StridedNet", strided)
    cancer = ((32,), (64, 64), (128, 128, 128))
    for head in ("sigmoid", "softmax"):
        yield Entry(f"CancerNet, {head}", partial(separable_vgg, cancer, 3, (256,), 48, head))
    yield Entry("FireDetectionNet", partial(separable_vgg, ((16,), (32,), (64, 64)), 7, (128, 128), 128, "softmax"))
    yield Entry("MiniGoogLeNet", mini_googlenet, "Zhang et al. 2017")
    yield Entry("ShallowNet", shallow)
