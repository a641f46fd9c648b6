"""Nets that answer with maps of points: OpenPose's body, stacked hourglasses, and readers of scene text."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from benchmarks.library.kit import Entry
from benchmarks.library.residual import DEPTHS


def open_pose(k: Any) -> Any:
    """The body net of Cao et al. 2017, https://arxiv.org/abs/1611.08050: six stages of two branches."""
    layers = k.layers

    def conv(x: Any, filters: int, size: int = 3, active: bool = True) -> Any:
        x = layers.Conv2D(filters, size, padding="same")(x)
        return layers.Activation("relu")(x) if active else x

    inputs = k.Input((None, None, 3))
    x = layers.Rescaling(1 / 256, offset=-0.5)(inputs)
    for filters, count in ((64, 2), (128, 2), (256, 4)):
        for _ in range(count):
            x = conv(x, filters)
        x = layers.MaxPooling2D(2)(x)
    for filters in (512, 512, 256, 128):
        x = conv(x, filters)
    body, found = x, []
    for stage in range(6):
        found = []
        for answers in (38, 19):
            y = x
            for _ in range(5 if stage else 3):
                y = conv(y, 128, 7 if stage else 3)
            y = conv(y, 128 if stage else 512, 1)
            found.append(conv(y, answers, 1, active=False))
        x = layers.Concatenate()([*found, body]) if stage < 5 else x
    return k.Model(inputs, found)


def hourglass(stacks: int, points: int, channels: int, k: Any) -> Any:
    """Stacked hourglasses, https://arxiv.org/abs/1603.06937, normalised behind the rectifiers."""
    layers = k.layers
    conv = partial(layers.Conv2D, padding="same", activation="relu")

    def block(x: Any, filters: int) -> Any:
        skip = x if int(x.shape[-1]) == filters else conv(filters, 1)(x)
        for width, size in ((filters // 2, 1), (filters // 2, 3), (filters, 1)):
            x = layers.BatchNormalization()(conv(width, size)(x))
        return layers.Add()([skip, x])

    inputs = k.Input((256, 256, 3))
    x = layers.Conv2D(64, 7, strides=2, padding="same", activation="relu")(inputs)
    x = layers.MaxPooling2D(2)(layers.BatchNormalization()(x))
    for filters in (channels // 2, channels // 2, channels):
        x = block(x, filters)
    outputs = []
    for _ in range(stacks):
        before, lefts = x, []
        for level in range(4):
            x = block(layers.MaxPooling2D(2)(x) if level else x, channels)
            lefts.append(x)
        skip = block(x, channels)
        for _ in range(3):
            x = block(x, channels)
        x = layers.Add()([x, skip])
        for left in lefts[2::-1]:
            y = block(left, channels)
            x = layers.Add()([y, layers.UpSampling2D(2)(x)])
        x = layers.Conv2D(channels, 1, padding="same", activation="relu")(x)
        x = layers.BatchNormalization()(x)
        outputs.append(layers.Conv2D(points, 1, padding="same")(x))
        x = layers.Conv2D(channels, 1, padding="same")(x)
        y = layers.Conv2D(channels, 1, padding="same")(outputs[-1])
        x = layers.Add()([x, y, before])
    return k.Model(inputs, outputs if stacks > 1 else outputs[0])


def craft(k: Any) -> Any:
    """CRAFT, https://arxiv.org/abs/1904.01941, over VGG16, as keras-ocr reads scene text."""
    layers = k.layers

    def norm(x: Any) -> Any:
        return layers.Activation("relu")(layers.BatchNormalization(epsilon=1e-5)(x))

    def up(x: Any, filters: int) -> Any:
        x = norm(layers.Conv2D(filters, 1)(x))
        return norm(layers.Conv2D(filters // 2, 3, padding="same")(x))

    inputs = x = k.Input((512, 512, 3))
    found = []
    for filters, pooled in (
        (64, False), (64, True), (128, False), (128, True), (256, False), (256, False), (256, True), (512, False),
        (512, False), (512, True), (512, False), (512, False),
    ):  # fmt: skip
        x = layers.BatchNormalization(epsilon=1e-5)(layers.Conv2D(filters, 3, padding="same")(x))
        if len(found) < 11:
            x = layers.Activation("relu")(x)
        found.append(x)
        x = layers.MaxPooling2D(2)(x) if pooled else x
    skips = [found[3], found[5], found[8], found[11]]
    x = layers.MaxPooling2D(3, strides=1, padding="same")(skips[-1])
    x = layers.Conv2D(1024, 3, dilation_rate=6, padding="same")(x)
    x = layers.Conv2D(1024, 1, padding="same")(x)
    x = up(layers.Concatenate()([x, skips.pop()]), 512)
    for filters in (256, 128, 64):
        skip = skips.pop()
        x = layers.UpSampling2D(2, interpolation="bilinear")(x)
        x = up(layers.Concatenate()([x, skip]), filters)
    for filters, size in ((32, 3), (32, 3), (16, 3), (16, 1)):
        x = layers.Activation("relu")(layers.Conv2D(filters, size, padding="same")(x))
    return k.Model(inputs, layers.Conv2D(2, 1, padding="same")(x))


def east(size: int, k: Any) -> Any:
    """EAST, https://arxiv.org/abs/1704.03155, over the ResNet50 of 2016: a score, four distances and an angle.
    Its port resizes as TensorFlow 1 did, from the corners; the usual bilinear upsampling stands here."""
    layers = k.layers

    def norm(x: Any, active: bool = True, epsilon: float = 1e-3) -> Any:
        x = layers.BatchNormalization(epsilon=epsilon)(x)
        return layers.Activation("relu")(x) if active else x

    def unit(x: Any, filters: int, window: int) -> Any:
        return norm(layers.Conv2D(filters, window, padding="same")(x), epsilon=1e-5)

    inputs = k.Input((size, size, 3))
    x = norm(layers.Conv2D(64, 7, strides=2)(layers.ZeroPadding2D(3)(inputs)))
    x = layers.MaxPooling2D(3, strides=2)(x)
    found = []
    for stage, count in enumerate(DEPTHS[50]):
        filters = 64 * 2**stage
        for block in range(count):
            strides = 2 if stage and not block else 1
            y = norm(layers.Conv2D(filters, 1, strides=strides)(x))
            y = norm(layers.Conv2D(filters, 3, padding="same")(y))
            y = norm(layers.Conv2D(filters * 4, 1)(y), active=False)
            if not block:
                x = norm(layers.Conv2D(filters * 4, 1, strides=strides)(x), active=False)
            x = layers.Activation("relu")(layers.Add()([y, x]))
        found.append(x)
    found[0] = layers.ZeroPadding2D(((1, 0), (1, 0)))(found[0])
    x = found.pop()
    for filters in (128, 64, 32):
        x = layers.Concatenate()([layers.UpSampling2D(2, interpolation="bilinear")(x), found.pop()])
        x = unit(unit(x, filters, 1), filters, 3)
    x = unit(x, 32, 3)
    score = layers.Conv2D(1, 1, activation="sigmoid")(x)
    box = layers.Rescaling(float(size))(layers.Conv2D(4, 1, activation="sigmoid")(x))
    angle = layers.Conv2D(1, 1, activation="sigmoid")(x)
    angle = layers.Rescaling(3.141592653589793 / 2, offset=-3.141592653589793 / 4)(angle)
    return k.Model(inputs, [score, layers.Concatenate()([box, angle])])


def points() -> Iterator[Entry]:
    """All of them."""
    yield Entry("OpenPose's body", open_pose, "keras_Realtime_Multi-Person_Pose_Estimation")
    for stacks in (1, 2, 8):
        made = partial(hourglass, stacks, 16, 256)
        yield Entry(f"{stacks} stacked hourglasses", made, "Stacked_Hourglass_Network_Keras")
    yield Entry("CRAFT", craft, "keras-ocr")
    yield Entry("EAST", partial(east, 512), "EAST for Keras")
