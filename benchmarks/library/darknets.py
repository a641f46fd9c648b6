"""The second YOLO in full and the fourth ones."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from benchmarks.library.detection import dark
from benchmarks.library.kit import Entry


def yolo_v2(boxes: int, classes: int, wide: bool, k: Any) -> Any:
    """Redmon's second YOLO, https://arxiv.org/abs/1612.08242, with its rearranged map; ``wide``: without the narrow
    convolution in front of that, as its first version."""
    layers = k.layers
    inputs = x = k.Input((416, 416, 3))
    skip = x
    for place, filters in enumerate((32, 64, 128, 256, 512, 1024)):
        if place:
            x = layers.MaxPooling2D(2)(x)
        x = dark(k, x, filters, 3)
        for _ in range(0 if place < 2 else 1 if place < 4 else 2):
            x = dark(k, dark(k, x, filters // 2, 1), filters, 3)
        skip = x if place == 4 else skip
    x = dark(k, dark(k, x, 1024, 3), 1024, 3)
    if not wide:
        skip = dark(k, skip, 64, 1)
    x = layers.Concatenate()([k.ops.space_to_depth(skip, 2), x])
    x = dark(k, x, 1024, 3)
    return k.Model(inputs, layers.Conv2D(boxes * (classes + 5), 1, padding="same")(x))


def _crossed(k: Any, x: Any, filters: int, blocks: int) -> Any:
    """One stage of CSPDarknet-53: halved, split, joined; the first stage does not narrow its halves."""
    narrow = filters if filters == 64 else filters // 2
    x = dark(k, x, filters, 3, 2, "mish")
    shortcut = dark(k, x, narrow, 1, word="mish")
    x = dark(k, x, narrow, 1, word="mish")
    for _ in range(blocks):
        y = dark(k, dark(k, x, filters // 2, 1, word="mish"), narrow, 3, word="mish")
        x = k.layers.Add()([x, y])
    x = dark(k, x, narrow, 1, word="mish")
    return dark(k, k.layers.Concatenate()([x, shortcut]), filters, 1, word="mish")


def _five(k: Any, x: Any, filters: int) -> Any:
    for _ in range(2):
        x = dark(k, dark(k, x, filters, 1), filters * 2, 3)
    return dark(k, x, filters, 1)


def yolo_v4(classes: int, k: Any) -> Any:
    """The fourth YOLO, https://arxiv.org/abs/2004.10934: CSPDarknet-53, pools of three sizes, ways up and down."""
    layers = k.layers
    inputs = k.Input((416, 416, 3))
    x = dark(k, inputs, 32, 3, word="mish")
    found = []
    for filters, blocks in ((64, 1), (128, 2), (256, 8), (512, 8), (1024, 4)):
        x = _crossed(k, x, filters, blocks)
        found.append(x)
    _, _, small, middle, x = found
    x = dark(k, dark(k, dark(k, x, 512, 1), 1024, 3), 512, 1)
    pools = [layers.MaxPooling2D(size, strides=1, padding="same")(x) for size in (13, 9, 5)]
    x = layers.Concatenate()([*pools, x])
    coarse = dark(k, dark(k, dark(k, x, 512, 1), 1024, 3), 512, 1)
    x = layers.UpSampling2D(2)(dark(k, coarse, 256, 1))
    middle = _five(k, layers.Concatenate()([dark(k, middle, 256, 1), x]), 256)
    x = layers.UpSampling2D(2)(dark(k, middle, 128, 1))
    x = _five(k, layers.Concatenate()([dark(k, small, 128, 1), x]), 128)
    outputs = []
    for filters, below in ((256, middle), (512, coarse), (1024, None)):
        y = dark(k, x, filters, 3)
        outputs.insert(0, layers.Conv2D(3 * (classes + 5), 1, padding="same")(y))
        if below is not None:
            x = dark(k, x, filters, 3, 2)
            x = _five(k, layers.Concatenate()([x, below]), filters)
    return k.Model(inputs, outputs)


def yolo_v4_tiny(classes: int, k: Any) -> Any:
    """The tiny fourth YOLO: the second half of the channels goes on, all of them join again."""
    layers = k.layers
    inputs = k.Input((416, 416, 3))
    x = dark(k, dark(k, inputs, 32, 3, 2), 64, 3, 2)
    skip = x
    for filters in (64, 128, 256):
        whole = dark(k, x, filters, 3)
        first = dark(k, whole[:, :, :, filters // 2 :], filters // 2, 3)
        second = dark(k, first, filters // 2, 3)
        skip = dark(k, layers.Concatenate()([second, first]), filters, 1)
        x = layers.MaxPooling2D(2)(layers.Concatenate()([whole, skip]))
    x = dark(k, dark(k, x, 512, 3), 256, 1)
    coarse = layers.Conv2D(3 * (classes + 5), 1, padding="same")(dark(k, x, 512, 3))
    x = layers.UpSampling2D(2)(dark(k, x, 128, 1))
    x = dark(k, layers.Concatenate()([skip, x]), 256, 3)
    return k.Model(inputs, [coarse, layers.Conv2D(3 * (classes + 5), 1, padding="same")(x)])


def darknets() -> Iterator[Entry]:
    """All of them."""
    yield Entry("YOLOv2, 80 classes", partial(yolo_v2, 5, 80, False))
    yield Entry("YOLOv2, 20 classes", partial(yolo_v2, 5, 20, False))
    yield Entry("YOLOv2 of 2016, 80 classes", partial(yolo_v2, 5, 80, True), "YAD2K")
    for classes in (80, 20):
        yield Entry(f"YOLOv4, {classes} classes", partial(yolo_v4, classes))
        yield Entry(f"tiny YOLOv4, {classes} classes", partial(yolo_v4_tiny, classes))
