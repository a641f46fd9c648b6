"""Segmentation as the package ``keras_segmentation`` (image-segmentation-keras) builds it: four encoders, and decoders
after FCN, U-Net, SegNet and PSPNet over them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import Any

from benchmarks.library.kit import Entry
from benchmarks.library.residual import DEPTHS

SOURCE = "keras_segmentation"
LEVELS = tuple[Any, list[Any]]
"""The input and the maps at a half, a quarter, ... of its size."""


def _plain(size: tuple[int, int], k: Any) -> LEVELS:
    """Five convolutions with their borders in front."""
    layers = k.layers
    inputs = x = k.Input((*size, 3))
    found = []
    for filters in (64, 128, 256, 256, 256):
        x = layers.Conv2D(filters, 3)(layers.ZeroPadding2D(1)(x))
        x = layers.MaxPooling2D()(layers.Activation("relu")(layers.BatchNormalization()(x)))
        found.append(x)
    return inputs, found


def _vgg(size: tuple[int, int], k: Any) -> LEVELS:
    inputs = k.Input((*size, 3))
    body = k.applications.VGG16(weights=None, include_top=False, input_tensor=inputs)
    return inputs, [body.get_layer(f"block{number}_pool").output for number in range(1, 6)]


def _resnet(size: tuple[int, int], k: Any) -> LEVELS:
    """The ResNet50 of 2016: its first map is not normalised yet, its second gets a border on the left and the top."""
    layers = k.layers

    def norm(x: Any, active: bool = True) -> Any:
        x = layers.BatchNormalization()(x)
        return layers.Activation("relu")(x) if active else x

    inputs = k.Input((*size, 3))
    x = layers.Conv2D(64, 7, strides=2)(layers.ZeroPadding2D(3)(inputs))
    found = [x]
    x = layers.MaxPooling2D(3, strides=2)(norm(x))
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
        found.append(x if stage else layers.ZeroPadding2D(1)(x)[:, :-1, :-1, :])
    return inputs, found


def _mobilenet(size: tuple[int, int], k: Any) -> LEVELS:
    """MobileNet with a border on all sides in front of every window."""
    layers = k.layers

    def norm(x: Any) -> Any:
        return layers.Activation("relu6")(layers.BatchNormalization()(x))

    inputs = k.Input((*size, 3))
    x = norm(layers.Conv2D(32, 3, strides=2, use_bias=False)(layers.ZeroPadding2D(1)(inputs)))
    found = []
    for stage in ((64,), (128, 128), (256, 256), (512,) * 6, (1024, 1024)):
        for number, filters in enumerate(stage):
            strides = 2 if found and number == 0 else 1
            x = layers.DepthwiseConv2D(3, strides=strides, use_bias=False)(layers.ZeroPadding2D(1)(x))
            x = norm(layers.Conv2D(filters, 1, padding="same", use_bias=False)(norm(x)))
        found.append(x)
    return inputs, found


ENCODERS = {"": _plain, "VGG16": _vgg, "ResNet50": _resnet, "MobileNet": _mobilenet}


def _encoded(encoder: str, k: Any, pyramid: bool = False) -> LEVELS:
    """At the package's sizes; a pyramid of pools needs one that has many divisors."""
    size = (384, 576) if pyramid else (224, 224) if encoder == "MobileNet" else (416, 608)
    return ENCODERS[encoder](size, k)


def _answered(inputs: Any, x: Any, k: Any) -> Any:
    """Pixels in one row, a softmax over the classes."""
    x = k.layers.Reshape((x.shape[1] * x.shape[2], -1))(x)
    return k.Model(inputs, k.layers.Activation("softmax")(x))


def _cropped(first: Any, second: Any, k: Any) -> tuple[Any, Any]:
    """The larger one without its last columns, then without its last rows."""
    for axis, cut in ((2, lambda n: ((0, 0), (0, n))), (1, lambda n: ((0, n), (0, 0)))):
        over = first.shape[axis] - second.shape[axis]
        crop = k.layers.Cropping2D(cut(abs(over)))
        first, second = (crop(first), second) if over > 0 else (first, crop(second))
    return first, second


def fcn(strides: int, encoder: str, classes: int, k: Any) -> Any:
    """Long's FCN-32s and FCN-8s, https://arxiv.org/abs/1411.4038."""
    layers = k.layers
    inputs, (_, _, third, fourth, x) = _encoded(encoder, k)
    for size in (7, 1):
        x = layers.Dropout(0.5)(layers.Conv2D(4096, size, padding="same", activation="relu")(x))
    x = layers.Conv2D(classes, 1)(x)
    if strides == 8:
        x = layers.Conv2DTranspose(classes, 4, strides=2, use_bias=False)(x)
        x, skip = _cropped(x, layers.Conv2D(classes, 1)(fourth), k)
        x = layers.Add()([x, skip])
        x = layers.Conv2DTranspose(classes, 4, strides=2, use_bias=False)(x)
        skip, x = _cropped(layers.Conv2D(classes, 1)(third), x, k)
        x = layers.Add()([skip, x])
    x = layers.Conv2DTranspose(classes, 2 * strides, strides=strides, use_bias=False)(x)
    return _answered(inputs, x, k)


def unet(encoder: str, classes: int, active: bool, k: Any) -> Any:
    """The package's U-Net; ``active``: with the rectifiers that its later versions have."""
    layers = k.layers
    inputs, (*skips, x, _) = _encoded(encoder, k)
    for filters in (512, 256, 128, 64):
        x = layers.ZeroPadding2D(1)(x)
        x = layers.Conv2D(filters, 3, activation="relu" if active else None)(x)
        x = layers.BatchNormalization()(x)
        if skips:
            x = layers.Concatenate()([layers.UpSampling2D()(x), skips.pop()])
    return _answered(inputs, layers.Conv2D(classes, 3, padding="same")(x), k)


def segnet(encoder: str, classes: int, k: Any) -> Any:
    """The package's SegNet: nothing across, nothing rectified on the way up."""
    layers = k.layers
    inputs, (*_, x, _) = _encoded(encoder, k)
    for filters in (512, 256, 128, 64):
        if filters < 512:
            x = layers.UpSampling2D()(x)
        x = layers.BatchNormalization()(layers.Conv2D(filters, 3)(layers.ZeroPadding2D(1)(x)))
    return _answered(inputs, layers.Conv2D(classes, 3, padding="same")(x), k)


def pspnet(encoder: str, classes: int, k: Any) -> Any:
    """The package's own PSPNet, https://arxiv.org/abs/1612.01105, over the last level."""
    layers = k.layers
    inputs, (*_, last) = _encoded(encoder, k, pyramid=True)
    found = [last]
    for parts in (1, 2, 3, 6):
        size = (last.shape[1] // parts, last.shape[2] // parts)
        x = layers.AveragePooling2D(size, strides=size, padding="same")(last)
        x = layers.BatchNormalization()(layers.Conv2D(512, 1, padding="same", use_bias=False)(x))
        found.append(layers.UpSampling2D(size, interpolation="bilinear")(layers.Activation("relu")(x)))
    x = layers.Conv2D(512, 1, use_bias=False)(layers.Concatenate()(found))
    x = layers.Activation("relu")(layers.BatchNormalization()(x))
    x = layers.Conv2D(classes, 3, padding="same")(x)
    return _answered(inputs, layers.UpSampling2D(8, interpolation="bilinear")(x), k)


def pspnet_caffe(depth: int, classes: int, size: int, k: Any) -> Any:
    """PSPNet as ported from its authors' Caffe model: a dilated ResNet, pools of the sixth first."""
    layers = k.layers

    def norm(x: Any, active: bool = True) -> Any:
        x = layers.BatchNormalization(epsilon=1e-5)(x)
        return layers.Activation("relu")(x) if active else x

    inputs = x = k.Input((size, size, 3))
    for filters, strides in ((64, 2), (64, 1), (128, 1)):
        x = norm(layers.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False)(x))
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    for stage, (count, rate) in enumerate(zip(DEPTHS[depth], (1, 1, 2, 4), strict=True)):
        filters = 64 * 2**stage
        for block in range(count):
            strides = 2 if stage == 1 and not block else 1
            x = layers.Activation("relu")(x)
            y = norm(layers.Conv2D(filters, 1, strides=strides, use_bias=False)(x))
            y = layers.ZeroPadding2D(rate)(y)
            y = norm(layers.Conv2D(filters, 3, dilation_rate=rate, use_bias=False)(y))
            y = norm(layers.Conv2D(filters * 4, 1, use_bias=False)(y), active=False)
            if not block:
                x = norm(layers.Conv2D(filters * 4, 1, strides=strides, use_bias=False)(x), active=False)
            x = layers.Add()([y, x])
    x = layers.Activation("relu")(x)
    side = x.shape[1]
    pools = []
    for parts in (1, 2, 3, 6):
        y = layers.AveragePooling2D(side // parts, strides=side // parts)(x)
        pools.append(layers.Resizing(side, side)(norm(layers.Conv2D(512, 1, use_bias=False)(y))))
    x = layers.Concatenate()([x, *reversed(pools)])
    x = norm(layers.Conv2D(512, 3, padding="same", use_bias=False)(x))
    x = layers.Conv2D(classes, 1)(layers.Dropout(0.1)(x))
    return _answered(inputs, layers.Resizing(size, size)(x), k)


def keras_fcn(encoder: str, dilated: bool, classes: int, k: Any) -> Any:
    """The project Keras-FCN: one answer, resized 32 times or, with the last stage ``dilated``, 16 times. It resizes as
    TensorFlow 1 did, from the corners; the usual bilinear upsampling stands here."""
    layers = k.layers

    def norm(x: Any, active: bool = True) -> Any:
        x = layers.BatchNormalization()(x)
        return layers.Activation("relu")(x) if active else x

    inputs = x = k.Input((320, 320, 3))
    if encoder == "VGG16":
        for place, (filters, count) in enumerate(((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))):
            for _ in range(count):
                x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
            if place < 4 or not dilated:
                x = layers.MaxPooling2D(2)(x)
        for size in (7, 1):
            rate = 2 if size == 7 and dilated else 1
            x = layers.Conv2D(4096, size, dilation_rate=rate, padding="same", activation="relu")(x)
            x = layers.Dropout(0.5)(x)
    else:
        x = layers.MaxPooling2D(3, strides=2)(norm(layers.Conv2D(64, 7, strides=2, padding="same")(x)))
        for stage, count in enumerate(DEPTHS[50]):
            filters, last = 64 * 2**stage, stage == 3 and dilated
            for block in range(count):
                strides = 2 if stage and not block and not last else 1
                y = norm(layers.Conv2D(filters, 1, strides=strides)(x))
                y = norm(layers.Conv2D(filters, 3, dilation_rate=2 if last else 1, padding="same")(y))
                y = norm(layers.Conv2D(filters * 4, 1)(y), active=False)
                if not block:
                    x = norm(layers.Conv2D(filters * 4, 1, strides=strides)(x), active=False)
                x = layers.Activation("relu")(layers.Add()([y, x]))
    x = layers.Conv2D(classes, 1, padding="same" if encoder != "VGG16" and dilated else "valid")(x)
    return k.Model(inputs, layers.UpSampling2D(16 if dilated else 32, interpolation="bilinear")(x))


def segmentations() -> Iterator[Entry]:
    """All of them."""
    for encoder in ENCODERS:
        over = f" over {encoder}" if encoder else ""
        for strides in (8, 32):
            yield Entry(f"FCN-{strides}s{over}", partial(fcn, strides, encoder, 21), SOURCE)
        for active in (True, False):
            words = f"U-Net{over}" + ("" if active else " without rectifiers")
            yield Entry(words, partial(unet, encoder, 21, active), SOURCE)
        yield Entry(f"SegNet{over}", partial(segnet, encoder, 21), SOURCE)
        if encoder != "MobileNet":
            yield Entry(f"PSPNet{over}", partial(pspnet, encoder, 21), SOURCE)
    for encoder, dilated in product(("VGG16", "ResNet50"), (False, True)):
        words = f"FCN-{16 if dilated else 32}s over {encoder}{', dilated' if dilated else ''}"
        yield Entry(words, partial(keras_fcn, encoder, dilated, 21), "Keras-FCN")
    for depth, classes, size in ((50, 150, 473), (101, 19, 713), (101, 21, 473)):
        yield Entry(f"PSPNet-{depth}, {classes} classes", partial(pspnet_caffe, depth, classes, size), SOURCE)
