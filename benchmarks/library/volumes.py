"""U-Nets for volumes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import Any

from benchmarks.library.kit import Entry, leaky


def unet_3d(channels: int, transposed: bool, normalised: bool, k: Any) -> Any:
    """The 3D U-Net, https://arxiv.org/abs/1606.06650, of the project 3DUnetCNN: four levels, the second convolution of
    a level doubles. Its files are written with the channels first, which their tensors do not show."""
    layers = k.layers

    def conv(x: Any, filters: int) -> Any:
        x = layers.Conv3D(filters, 3, padding="same")(x)
        if normalised:
            x = layers.BatchNormalization()(x)
        return layers.Activation("relu")(x)

    inputs = x = k.Input((128, 128, 128, channels))
    skips = []
    for level in range(4):
        x = conv(conv(x, 32 * 2**level), 64 * 2**level)
        if level < 3:
            skips.append(x)
            x = layers.MaxPooling3D()(x)
    while skips:
        skip = skips.pop()
        filters = int(x.shape[-1])
        x = layers.Conv3DTranspose(filters, 2, strides=2)(x) if transposed else layers.UpSampling3D(2)(x)
        x = layers.Concatenate()([x, skip])
        x = conv(conv(x, int(skip.shape[-1])), int(skip.shape[-1]))
    return k.Model(inputs, layers.Activation("sigmoid")(layers.Conv3D(1, 1)(x)))


def isensee(channels: int, classes: int, k: Any) -> Any:
    """Isensee et al. 2017, https://arxiv.org/abs/1802.10508, of the same project, normalised map by map. There the
    epsilon is added behind the root; its square stands here."""
    layers = k.layers

    def conv(x: Any, filters: int, size: int = 3, strides: int = 1) -> Any:
        x = layers.Conv3D(filters, size, strides=strides, padding="same")(x)
        return leaky(k, layers.GroupNormalization(groups=-1, epsilon=1e-6)(x), 0.3)

    inputs = x = k.Input((128, 128, 128, channels))
    levels: list[Any] = []
    for level in range(5):
        filters = 16 * 2**level
        x = conv(x, filters, strides=2 if level else 1)
        y = conv(layers.SpatialDropout3D(0.3)(conv(x, filters)), filters)
        x = layers.Add()([x, y])
        levels.append(x)
    answers = []
    for level in (3, 2, 1, 0):
        filters = 16 * 2**level
        y = conv(layers.UpSampling3D(2)(x), filters)
        x = conv(conv(layers.Concatenate()([levels[level], y]), filters), filters, 1)
        if level < 3:
            answers.append(layers.Conv3D(classes, 1)(x))
    x = answers[0]
    for answer in answers[1:]:
        x = layers.Add()([layers.UpSampling3D(2)(x), answer])
    return k.Model(inputs, layers.Activation("sigmoid")(x))


def volumes() -> Iterator[Entry]:
    """All of them."""
    for channels, transposed, normalised in product((1, 4), (False, True), (False, True)):
        words = f"3D U-Net, {channels} channels, {'transposed' if transposed else 'upsampled'}"
        words += ", normalised" if normalised else ""
        yield Entry(words, partial(unet_3d, channels, transposed, normalised), "3DUnetCNN")
    for channels, classes in ((4, 3), (4, 4), (1, 1)):
        words = f"Isensee 2017, {channels} channels, {classes} classes"
        yield Entry(words, partial(isensee, channels, classes), "3DUnetCNN")
