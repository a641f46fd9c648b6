"""SSD, https://arxiv.org/abs/1512.02325, as the project ssd_keras builds it. Anchor boxes are left out: they come from
no weights; the answers are classes and offsets side by side."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import Any

from benchmarks.library.kit import Entry

MEAN = (123.0, 117.0, 104.0)


def _unit_length(k: Any, x: Any) -> Any:
    """Length 1 over the channels, times a weight per channel: the root mean square's normalisation but for the root of
    the number of channels."""
    made = k.layers.RMSNormalization(epsilon=1e-12)(x)
    return k.ops.multiply(made, float(x.shape[-1]) ** -0.5)


def _answers(k: Any, maps: list[Any], boxes: tuple[int, ...], classes: int) -> Any:
    """Windows of three for the classes of every map, then those for the offsets."""
    layers = k.layers

    def read(width: int) -> list[Any]:
        return [layers.Conv2D(count * width, 3, padding="same")(x) for x, count in zip(maps, boxes, strict=True)]

    scores, offsets = read(classes), read(4)
    scores = [layers.Reshape((-1, classes))(x) for x in scores]
    offsets = [layers.Reshape((-1, 4))(x) for x in offsets]
    found = layers.Concatenate(axis=1)(scores)
    offset = layers.Concatenate(axis=1)(offsets)
    return layers.Concatenate(axis=2)([layers.Activation("softmax")(found), offset])


def ssd(size: int, classes: int, k: Any) -> Any:
    """SSD300 and SSD512 over VGG16; ``classes`` counts the background."""
    layers = k.layers

    def conv(x: Any, filters: int, window: int = 3, strides: int = 1, padding: str = "same", rate: int = 1) -> Any:
        made = layers.Conv2D(filters, window, strides=strides, padding=padding, dilation_rate=rate, activation="relu")
        return made(x)

    inputs = k.Input((size, size, 3))
    x = layers.Rescaling(1.0, offset=[-value for value in MEAN])(inputs)
    x = x[..., ::-1]
    blocks = []
    for place, (filters, count) in enumerate(((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))):
        for _ in range(count):
            x = conv(x, filters)
        blocks.append(x)
        x = layers.MaxPooling2D(2 if place < 4 else 3, strides=2 if place < 4 else 1, padding="same")(x)
    x = conv(conv(x, 1024, rate=6), 1024, 1)
    maps = [x]
    plan = ((256, 512, 2), (128, 256, 2), (128, 256, 1), (128, 256, 1))
    if size == 512:
        plan = ((256, 512, 2), (128, 256, 2), (128, 256, 2), (128, 256, 2), (128, 256, 1))
    for place, (narrow, filters, strides) in enumerate(plan):
        x = conv(x, narrow, 1)
        last = size == 512 and place == len(plan) - 1
        if strides == 2 or last:
            x = layers.ZeroPadding2D(1)(x)
        x = conv(x, filters, 4 if last else 3, strides, "valid")
        maps.append(x)
    boxes = (4, 6, 6, 6, 4, 4) if size == 300 else (4, 6, 6, 6, 6, 4, 4)
    return k.Model(inputs, _answers(k, [_unit_length(k, blocks[3]), *maps], boxes, classes))


def ssd7(classes: int, k: Any) -> Any:
    """The project's small one, of seven convolutions."""
    layers = k.layers
    inputs = k.Input((300, 480, 3))
    x = layers.Rescaling(1 / 127.5, offset=-1.0)(inputs)
    maps = []
    for place, filters in enumerate((32, 48, 64, 64, 48, 48, 32)):
        if place:
            x = layers.MaxPooling2D()(x)
        x = layers.Conv2D(filters, 3 if place else 5, padding="same")(x)
        x = layers.ELU()(layers.BatchNormalization()(x))
        maps.append(x)
    return k.Model(inputs, _answers(k, maps[3:], (4, 4, 4, 4), classes))


def ssds() -> Iterator[Entry]:
    """All of them."""
    for size, classes in product((300, 512), (21, 81)):
        yield Entry(f"SSD{size}, {classes} classes", partial(ssd, size, classes), "ssd_keras")
    yield Entry("SSD7, 6 classes", partial(ssd7, 6), "ssd_keras")
