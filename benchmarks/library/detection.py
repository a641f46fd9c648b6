"""YOLO, SqueezeNet, MTCNN, DeepLab, FaceNet."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from benchmarks.library.kit import Entry, leaky


def dark(k: Any, x: Any, filters: int, size: int, strides: int = 1, word: str = "") -> Any:
    """Darknet's unit; strides come with a border on the left and the top. ``word`` names another activation than the
    leaky rectifier."""
    if strides == 2:
        x = k.layers.ZeroPadding2D(((1, 0), (1, 0)))(x)
    padding = "valid" if strides == 2 else "same"
    x = k.layers.Conv2D(filters, size, strides=strides, padding=padding, use_bias=False)(x)
    x = k.layers.BatchNormalization()(x)
    return k.layers.Activation(word)(x) if word else leaky(k, x, 0.1)


def _darknet(k: Any, x: Any) -> list[Any]:
    found = []
    x = dark(k, x, 32, 3)
    for filters, blocks in ((64, 1), (128, 2), (256, 8), (512, 8), (1024, 4)):
        x = dark(k, x, filters, 3, 2)
        for _ in range(blocks):
            y = dark(k, dark(k, x, filters // 2, 1), filters, 3)
            x = k.layers.Add()([x, y])
        found.append(x)
    return found


def yolo_v3(classes: int, k: Any) -> Any:
    """Redmon's third YOLO as keras-yolo3 writes it: three outputs of raw numbers."""
    layers = k.layers
    inputs = k.Input((None, None, 3))
    _, _, small, middle, x = _darknet(k, inputs)
    outputs = []
    for place, (filters, skip) in enumerate(((512, middle), (256, small), (128, None))):
        for _ in range(2):
            x = dark(k, dark(k, x, filters, 1), filters * 2, 3)
        x = dark(k, x, filters, 1)
        y = dark(k, x, filters * 2, 3)
        outputs.append(layers.Conv2D(3 * (classes + 5), 1, padding="same")(y))
        if skip is not None:
            x = layers.UpSampling2D()(dark(k, x, filters // 2, 1))
            x = layers.Concatenate()([x, skip])
        assert place < 3
    return k.Model(inputs, outputs)


def darknet53(k: Any) -> Any:
    """YOLOv3's body as a classifier."""
    inputs = k.Input((416, 416, 3))
    x = k.layers.GlobalAveragePooling2D()(_darknet(k, inputs)[-1])
    return k.Model(inputs, k.layers.Dense(1000, activation="softmax")(x))


def yolo_v3_tiny(k: Any) -> Any:
    """The tiny third YOLO."""
    layers = k.layers
    inputs = x = k.Input((None, None, 3))
    for filters in (16, 32, 64, 128):
        x = layers.MaxPooling2D(2, strides=2, padding="same")(dark(k, x, filters, 3))
    x = skip = dark(k, x, 256, 3)
    x = layers.MaxPooling2D(2, strides=2, padding="same")(x)
    x = layers.MaxPooling2D(2, strides=1, padding="same")(dark(k, x, 512, 3))
    x = dark(k, dark(k, x, 1024, 3), 256, 1)
    first = layers.Conv2D(255, 1, padding="same")(dark(k, x, 512, 3))
    x = layers.Concatenate()([layers.UpSampling2D()(dark(k, x, 128, 1)), skip])
    return k.Model(inputs, [first, layers.Conv2D(255, 1, padding="same")(dark(k, x, 256, 3))])


def yolo_v2_tiny(k: Any) -> Any:
    """The tiny second YOLO up to its raw output."""
    layers = k.layers
    inputs = x = k.Input((416, 416, 3))
    for filters in (16, 32, 64, 128, 256, 512):
        x = dark(k, x, filters, 3)
        x = layers.MaxPooling2D(2, strides=1 if filters == 512 else 2, padding="same" if filters == 512 else "valid")(x)
    x = dark(k, dark(k, x, 1024, 3), 1024, 3)
    return k.Model(inputs, layers.Conv2D(425, 1, padding="same")(x))


def yolos() -> Iterator[Entry]:
    """YOLO."""
    yield Entry("YOLOv3", partial(yolo_v3, 80))
    yield Entry("Darknet-53", darknet53)
    yield Entry("tiny YOLOv3", yolo_v3_tiny)
    yield Entry("tiny YOLOv2", yolo_v2_tiny)


def _fire(k: Any, x: Any, squeeze: int, expand: int, separate: bool) -> Any:
    layers = k.layers

    def conv(x: Any, filters: int, size: int) -> Any:
        padding = "same" if size == 3 else "valid"
        if separate:
            return layers.Activation("relu")(layers.Conv2D(filters, size, padding=padding)(x))
        return layers.Conv2D(filters, size, padding=padding, activation="relu")(x)

    x = conv(x, squeeze, 1)
    return layers.Concatenate()([conv(x, expand, 1), conv(x, expand, 3)])


def squeezenet(first: bool, separate: bool, k: Any) -> Any:
    """Iandola's net, version 1.0 (``first``) or 1.1."""
    layers = k.layers
    inputs = k.Input((227, 227, 3))
    x = layers.Conv2D(96 if first else 64, 7 if first else 3, strides=2)(inputs)
    x = layers.Activation("relu")(x)
    x = layers.MaxPooling2D(3, strides=2)(x)
    plan = ((16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256))
    pools = (2, 6) if first else (1, 3)
    for place, (squeeze, expand) in enumerate(plan):
        x = _fire(k, x, squeeze, expand, separate)
        if place in pools:
            x = layers.MaxPooling2D(3, strides=2)(x)
    x = layers.Activation("relu")(layers.Conv2D(1000, 1)(layers.Dropout(0.5)(x)))
    x = layers.GlobalAveragePooling2D()(x)
    return k.Model(inputs, layers.Activation("softmax")(x))


def squeezenets() -> Iterator[Entry]:
    """SqueezeNet."""
    for first in (True, False):
        for separate in (True, False):
            words = f"SqueezeNet {'1.0' if first else '1.1'}" + ("" if separate else " with fused activations")
            yield Entry(words, partial(squeezenet, first, separate))


def mtcnn(kind: str, fused: bool, k: Any) -> Any:
    """The three nets that find faces; ``fused``: softmax within the layer, faces as the first output, and a transposed
    map before the Denses, as the port of the Caffe model has it."""
    layers = k.layers
    size = {"P": None, "R": 24, "O": 48}[kind]

    def conv(x: Any, filters: int, window: int) -> Any:
        return layers.PReLU(shared_axes=[1, 2])(layers.Conv2D(filters, window)(x))

    inputs = x = k.Input((size, size, 3))
    if kind == "P":
        x = layers.MaxPooling2D(padding="same")(conv(x, 10, 3))
        x = conv(conv(x, 16, 3), 32, 3)
        if fused:
            return k.Model(inputs, [layers.Conv2D(2, 1, activation="softmax")(x), layers.Conv2D(4, 1)(x)])
        faces = layers.Conv2D(2, 1)(x)
        return k.Model(inputs, [layers.Conv2D(4, 1)(x), layers.Softmax(axis=3)(faces)])
    if kind == "R":
        x = layers.MaxPooling2D(3, strides=2, padding="same")(conv(x, 28, 3))
        x = layers.MaxPooling2D(3, strides=2)(conv(x, 48, 3))
        x = conv(x, 64, 2)
        units, heads = 128, (2, 4)
    else:
        x = layers.MaxPooling2D(3, strides=2, padding="same")(conv(x, 32, 3))
        x = layers.MaxPooling2D(3, strides=2)(conv(x, 64, 3))
        x = layers.MaxPooling2D(2, strides=2, padding="same")(conv(x, 64, 3))
        x = conv(x, 128, 2)
        units, heads = 256, (2, 4, 10)
    if fused:
        x = layers.Permute((3, 2, 1))(x)
    x = layers.PReLU()(layers.Dense(units)(layers.Flatten()(x)))
    if fused:
        first = layers.Dense(2, activation="softmax")(x)
        return k.Model(inputs, [first, *(layers.Dense(count)(x) for count in heads[1:])])
    faces, *rest = [layers.Dense(count)(x) for count in heads]
    return k.Model(inputs, [*rest, layers.Softmax()(faces)])


def mtcnns() -> Iterator[Entry]:
    """P, R and O."""
    for kind in "PRO":
        for fused in (False, True):
            yield Entry(f"MTCNN {kind}-Net" + (", from Caffe" if fused else ""), partial(mtcnn, kind, fused))


def _residual_inception(k: Any, x: Any, branches: Any, channels: int, scale: float, active: bool = True) -> Any:
    from keras.src.applications.inception_resnet_v2 import CustomScaleLayer

    found = []
    for branch in branches:
        y = x
        for filters, size in branch:
            y = _face_conv(k, y, filters, size)
        found.append(y)
    y = k.layers.Concatenate()(found)
    y = k.layers.Conv2D(channels, 1, padding="same")(y)
    x = CustomScaleLayer(scale)([x, y])
    return k.layers.Activation("relu")(x) if active else x


def _face_conv(k: Any, x: Any, filters: int, size: Any, strides: int = 1, padding: str = "same") -> Any:
    x = k.layers.Conv2D(filters, size, strides=strides, padding=padding, use_bias=False)(x)
    return k.layers.Activation("relu")(k.layers.BatchNormalization(scale=False)(x))


def facenet(units: int, k: Any) -> Any:
    """Inception-ResNet-v1 as FaceNet's ports write it."""
    layers = k.layers
    inputs = k.Input((160, 160, 3))
    x = _face_conv(k, inputs, 32, 3, 2, "valid")
    x = _face_conv(k, x, 32, 3, 1, "valid")
    x = layers.MaxPooling2D(3, strides=2)(_face_conv(k, x, 64, 3))
    x = _face_conv(k, x, 80, 1, 1, "valid")
    x = _face_conv(k, x, 192, 3, 1, "valid")
    x = _face_conv(k, x, 256, 3, 2, "valid")
    for _ in range(5):
        x = _residual_inception(k, x, (((32, 1),), ((32, 1), (32, 3)), ((32, 1), (32, 3), (32, 3))), 256, 0.17)
    first = _face_conv(k, x, 384, 3, 2, "valid")
    second = _face_conv(k, _face_conv(k, _face_conv(k, x, 192, 1), 192, 3), 256, 3, 2, "valid")
    x = layers.Concatenate()([first, second, layers.MaxPooling2D(3, strides=2)(x)])
    for _ in range(10):
        x = _residual_inception(k, x, (((128, 1),), ((128, 1), (128, (1, 7)), (128, (7, 1)))), 896, 0.1)
    first = _face_conv(k, _face_conv(k, x, 256, 1), 384, 3, 2, "valid")
    second = _face_conv(k, _face_conv(k, x, 256, 1), 256, 3, 2, "valid")
    third = _face_conv(k, _face_conv(k, _face_conv(k, x, 256, 1), 256, 3), 256, 3, 2, "valid")
    x = layers.Concatenate()([first, second, third, layers.MaxPooling2D(3, strides=2)(x)])
    for place in range(6):
        branches = (((192, 1),), ((192, 1), (192, (1, 3)), (192, (3, 1))))
        x = _residual_inception(k, x, branches, 1792, 0.2 if place < 5 else 1.0, place < 5)
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(x))
    x = layers.BatchNormalization(scale=False)(layers.Dense(units, use_bias=False)(x))
    return k.Model(inputs, x)


def facenets() -> Iterator[Entry]:
    """FaceNet."""
    yield Entry("Inception-ResNet-v1 of 128", partial(facenet, 128), "FaceNet")
    yield Entry("Inception-ResNet-v1 of 512", partial(facenet, 512), "FaceNet")
