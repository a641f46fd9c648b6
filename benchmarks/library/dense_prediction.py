"""Nets that answer with an image: U-Nets, SegNets, super-resolution, denoising."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import Any

from benchmarks.library.classic import chain
from benchmarks.library.kit import Entry


def unet(depth: int, up: str, norm: str, drop: str, skip_first: bool, k: Any, twice: bool = True) -> Any:
    """Ronneberger's shape. ``up``: transposed, upsampled with or without a convolution behind; ``norm``: nothing,
    before or behind the activation; ``drop``: nothing, the middle alone, the last two levels, or every block."""
    layers = k.layers

    def conv(x: Any, filters: int) -> Any:
        if not norm:
            return layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.Conv2D(filters, 3, padding="same")(x)
        if norm == "before":
            return layers.Activation("relu")(layers.BatchNormalization()(x))
        return layers.BatchNormalization()(layers.Activation("relu")(x))

    def block(x: Any, filters: int, within: bool) -> Any:
        x = conv(x, filters)
        if within:
            x = layers.Dropout(0.2)(x)
        return conv(x, filters) if twice else x

    inputs = x = k.Input((256, 256, 1))
    skips = []
    for level in range(depth):
        x = block(x, 64 * 2**level, drop == "within")
        if drop == "ends" and level == depth - 1:
            x = layers.Dropout(0.5)(x)
        skips.append(x)
        x = layers.MaxPooling2D()(x)
        if drop == "pools":
            x = layers.Dropout(0.25)(x)
    x = block(x, 64 * 2**depth, drop == "within")
    if drop in ("ends", "middle"):
        x = layers.Dropout(0.5)(x)
    for level in reversed(range(depth)):
        filters = 64 * 2**level
        if up == "transposed":
            x = layers.Conv2DTranspose(filters, 2, strides=2, padding="same")(x)
        elif up == "transposed 3x3":
            x = layers.Conv2DTranspose(filters, 3, strides=2, padding="same")(x)
        else:
            x = layers.UpSampling2D()(x)
            if up == "upsampled and convolved":
                x = layers.Conv2D(filters, 2, padding="same", activation="relu")(x)
        x = layers.Concatenate()([skips[level], x] if skip_first else [x, skips[level]])
        if drop == "pools":
            x = layers.Dropout(0.25)(x)
        x = block(x, filters, drop == "within")
    return k.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(x))


def unet_membrane(k: Any) -> Any:
    """The much copied U-Net for cell membranes, with a layer of two maps at the end."""
    layers = k.layers

    def conv(x: Any, filters: int, size: int = 3) -> Any:
        return layers.Conv2D(filters, size, padding="same", activation="relu")(x)

    inputs = x = k.Input((256, 256, 1))
    skips = []
    for filters in (64, 128, 256, 512):
        x = conv(conv(x, filters), filters)
        if filters == 512:
            x = layers.Dropout(0.5)(x)
        skips.append(x)
        x = layers.MaxPooling2D()(x)
    x = layers.Dropout(0.5)(conv(conv(x, 1024), 1024))
    for filters, skip in zip((512, 256, 128, 64), reversed(skips), strict=True):
        x = conv(layers.UpSampling2D()(x), filters, 2)
        x = conv(conv(layers.Concatenate()([skip, x]), filters), filters)
    x = conv(x, 2)
    return k.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(x))


def unet_nuclei(k: Any) -> Any:
    """The net that the Data Science Bowl of 2018 made known: elu, and dropout between the convolutions of a block."""
    layers = k.layers

    def block(x: Any, filters: int, dropped: float) -> Any:
        x = layers.Conv2D(filters, 3, padding="same", activation="elu")(x)
        return layers.Conv2D(filters, 3, padding="same", activation="elu")(layers.Dropout(dropped)(x))

    x = inputs = layers.Input((128, 128, 3))
    skips = []
    for filters, dropped in ((16, 0.1), (32, 0.1), (64, 0.2), (128, 0.2)):
        skips.append(block(x, filters, dropped))
        x = layers.MaxPooling2D()(skips[-1])
    x = block(x, 256, 0.3)
    for filters, dropped in ((128, 0.2), (64, 0.2), (32, 0.1), (16, 0.1)):
        x = layers.Conv2DTranspose(filters, 2, strides=2, padding="same")(x)
        x = block(layers.Concatenate()([x, skips.pop()]), filters, dropped)
    return k.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(x))


def unets() -> Iterator[Entry]:
    """The family."""
    for depth, up, norm in product(
        (2, 3, 4, 5), ("transposed", "transposed 3x3", "upsampled", "upsampled and convolved"), ("", "before", "behind")
    ):
        for drop, first in product(("", "within", "ends", "pools"), (True, False)):
            if drop and (depth == 5 or (norm and drop == "ends")):
                continue
            words = [f"{depth} levels", up]
            words += [f"normalised {norm} the activation"] if norm else []
            words += (
                [{"within": "dropout in blocks", "ends": "dropout at the bottom", "pools": "dropout at pools"}[drop]]
                if drop
                else []
            )
            words.append("skip first" if first else "skip last")
            yield Entry(f"U-Net ({', '.join(words)})", partial(unet, depth, up, norm, drop, first))
    for depth, up, first in product((2, 3), ("transposed", "upsampled"), (True, False)):
        words = f"{depth} levels of one convolution, {up}, {'skip first' if first else 'skip last'}"
        yield Entry(f"U-Net ({words})", partial(unet, depth, up, "", "", first, twice=False))
    yield Entry("U-Net for membranes", unet_membrane)
    yield Entry("U-Net for nuclei", unet_nuclei)


def segnet(basic: bool, k: Any) -> Any:
    """Encoder and decoder without skips, upsampling by repetition."""
    layers = k.layers

    def conv(filters: int) -> list[Any]:
        return [layers.Conv2D(filters, 3, padding="same"), layers.BatchNormalization(), layers.Activation("relu")]

    plan = ((64, 1), (128, 1), (256, 1), (512, 1)) if basic else ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
    model: list[Any] = []
    for filters, count in plan:
        for _ in range(count):
            model += conv(filters)
        model.append(layers.MaxPooling2D())
    for place in reversed(range(len(plan))):
        filters, count = plan[place]
        model.append(layers.UpSampling2D())
        for number in range(count):
            last = number == count - 1 and place > 0
            model += conv(plan[place - 1][0] if last else filters)
    return chain(k, (224, 224, 3), *model, layers.Conv2D(12, 1), layers.Activation("softmax"))


def srcnn(sizes: tuple[int, int, int], padding: str, k: Any) -> Any:
    """Dong's three layers."""
    layers = k.layers
    return chain(
        k,
        (33, 33, 1),
        layers.Conv2D(128 if padding == "valid" else 64, sizes[0], padding=padding, activation="relu"),
        layers.Conv2D(64 if padding == "valid" else 32, sizes[1], padding="same", activation="relu"),
        layers.Conv2D(1, sizes[2], padding=padding),
    )


def dncnn(k: Any) -> Any:
    """Zhang's denoiser of 17 layers with the residual at the end."""
    layers = k.layers
    inputs = k.Input((None, None, 1))
    x = layers.Activation("relu")(layers.Conv2D(64, 3, padding="same")(inputs))
    for _ in range(15):
        x = layers.Conv2D(64, 3, padding="same")(x)
        x = layers.Activation("relu")(layers.BatchNormalization()(x))
    x = layers.Conv2D(1, 3, padding="same")(x)
    return k.Model(inputs, layers.Subtract()([inputs, x]))


def srresnet(blocks: int, prelu: bool, k: Any) -> Any:
    """The generator of SRGAN."""
    layers = k.layers

    def act(x: Any) -> Any:
        return layers.PReLU(shared_axes=[1, 2])(x) if prelu else layers.Activation("relu")(x)

    inputs = k.Input((None, None, 3))
    x = start = act(layers.Conv2D(64, 9, padding="same")(inputs))
    for _ in range(blocks):
        y = act(layers.BatchNormalization()(layers.Conv2D(64, 3, padding="same")(x)))
        y = layers.BatchNormalization()(layers.Conv2D(64, 3, padding="same")(y))
        x = layers.Add()([x, y])
    x = layers.BatchNormalization()(layers.Conv2D(64, 3, padding="same")(x))
    x = layers.Add()([start, x])
    for _ in range(2):
        x = act(layers.UpSampling2D()(layers.Conv2D(256, 3, padding="same")(x)))
    return k.Model(inputs, layers.Conv2D(3, 9, padding="same", activation="tanh")(x))


def segnets() -> Iterator[Entry]:
    """SegNets, super-resolution, denoising."""
    yield Entry("SegNet", partial(segnet, False))
    yield Entry("SegNet basic", partial(segnet, True))
    yield Entry("SRCNN 9-1-5", partial(srcnn, (9, 1, 5), "same"))
    yield Entry("SRCNN 9-3-5 valid", partial(srcnn, (9, 3, 5), "valid"))
    yield Entry("SRCNN 9-1-5 valid", partial(srcnn, (9, 1, 5), "valid"))
    yield Entry("DnCNN", dncnn)
    for prelu in (True, False):
        yield Entry("SRGAN generator" + (" with PReLU" if prelu else ""), partial(srresnet, 16, prelu))
