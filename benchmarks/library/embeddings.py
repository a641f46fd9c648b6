"""Deep nets whose last layer is a face: VGGFace2's ResNet50 and SENet50, ArcFace's ResNet34, GhostFaceNet."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from benchmarks.library.kit import Entry
from benchmarks.library.residual import DEPTHS


def vggface2(excited: bool, top: bool, k: Any) -> Any:
    """``keras-vggface``'s ResNet50 and SENet50: padded first convolution, a pool without border, the stride in the
    first 1x1 convolution."""
    layers = k.layers

    def norm(x: Any, active: bool = True) -> Any:
        x = layers.BatchNormalization(epsilon=1e-4 if excited else 1e-3)(x)
        return layers.Activation("relu")(x) if active else x

    def conv(x: Any, filters: int, size: int = 1, strides: int = 1) -> Any:
        padding = "same" if size > 1 else "valid"
        return layers.Conv2D(filters, size, strides=strides, padding=padding, use_bias=False)(x)

    def weighed(x: Any, filters: int) -> Any:
        y = layers.Reshape((1, 1, filters))(layers.GlobalAveragePooling2D()(x))
        y = layers.Activation("relu")(layers.Conv2D(filters // 16, 1)(y))
        return layers.Multiply()([x, layers.Activation("sigmoid")(layers.Conv2D(filters, 1)(y))])

    inputs = k.Input((224, 224, 3))
    x = layers.MaxPooling2D(3, strides=2)(norm(conv(inputs, 64, 7, 2)))
    for stage, count in enumerate(DEPTHS[50]):
        filters = 64 * 2**stage
        for block in range(count):
            strides = 2 if stage and not block else 1
            y = norm(conv(norm(conv(x, filters, 1, strides)), filters, 3))
            y = norm(conv(y, filters * 4), False)
            y = weighed(y, filters * 4) if excited else y
            x = x if block else norm(conv(x, filters * 4, 1, strides), False)
            x = layers.Activation("relu")(layers.Add()([y, x]))
    x = layers.AveragePooling2D(7)(x)
    return k.Model(inputs, layers.Dense(8631, activation="softmax")(layers.Flatten()(x)) if top else x)


def arc_face(k: Any) -> Any:
    """ArcFace, Deng et al. 2018, on deepface's ResNet34: PReLUs, borders of their own, normalised in front."""
    layers = k.layers

    def norm(x: Any) -> Any:
        return layers.BatchNormalization(epsilon=2e-5)(x)

    def conv(x: Any, filters: int, strides: int = 1) -> Any:
        return layers.Conv2D(filters, 3, strides=strides, use_bias=False)(layers.ZeroPadding2D(1)(x))

    def act(x: Any) -> Any:
        return layers.PReLU(shared_axes=[1, 2])(norm(x))

    inputs = k.Input((112, 112, 3))
    x = act(conv(inputs, 64))
    for stage, count in enumerate(DEPTHS[34]):
        filters = 64 * 2**stage
        for block in range(count):
            given, strides = x, 1 if block else 2
            if not block:
                given = norm(layers.Conv2D(filters, 1, strides=2, use_bias=False)(x))
            x = norm(conv(act(conv(norm(x), filters)), filters, strides))
            x = layers.Add()([given, x])
    x = layers.Flatten()(layers.Dropout(0.4)(norm(x)))
    return k.Model(inputs, norm(layers.Dense(512)(x)))


GHOSTS = (
    (3, 20, 20, 1, 0), (3, 64, 32, 2, 0), (3, 92, 32, 1, 0), (5, 92, 52, 2, 24), (5, 156, 52, 1, 40),
    (3, 312, 104, 2, 0), (3, 260, 104, 1, 0), (3, 240, 104, 1, 0), (3, 240, 104, 1, 0), (3, 624, 144, 1, 156),
    (3, 872, 144, 1, 220), (5, 872, 208, 2, 220), (5, 1248, 208, 1, 0), (5, 1248, 208, 1, 312), (5, 1248, 208, 1, 0),
    (5, 664, 208, 1, 168),
)  # fmt: skip
"""Window, channels within, channels, strides, squeezed channels of GhostFaceNetV1 at width 1.3."""


def ghost_face(k: Any) -> Any:
    """GhostFaceNetV1, Alansari et al. 2023: its ReLUs replaced by PReLUs, a depthwise convolution over the last map."""
    layers = k.layers

    def act(x: Any) -> Any:
        return layers.PReLU(shared_axes=[1, 2])(x)

    def conv(x: Any, filters: int, size: int = 1, padding: str = "same") -> Any:
        x = layers.Conv2D(filters, size, padding=padding, use_bias=False)(x)
        return layers.BatchNormalization()(x)

    def depthwise(x: Any, size: int, strides: int = 1) -> Any:
        x = layers.DepthwiseConv2D(size, strides=strides, padding="same", use_bias=False)(x)
        return layers.BatchNormalization()(x)

    def ghost(x: Any, filters: int, active: bool) -> Any:
        x = conv(x, filters // 2)
        x = act(x) if active else x
        y = depthwise(x, 3)
        return layers.Concatenate()([x, act(y) if active else y])

    def weighed(x: Any, squeezed: int) -> Any:
        filters = int(x.shape[-1])
        y = layers.Reshape((1, 1, filters))(layers.GlobalAveragePooling2D()(x))
        y = layers.Conv2D(filters, 1)(act(layers.Conv2D(squeezed, 1)(y)))
        return layers.Multiply()([x, layers.Activation("hard_sigmoid")(y)])

    inputs = k.Input((112, 112, 3))
    x = act(conv(inputs, 20, 3))
    for size, within, filters, strides, squeezed in GHOSTS:
        y = ghost(x, within, True)
        y = depthwise(y, size, strides) if strides > 1 else y
        y = weighed(y, squeezed) if squeezed else y
        y = ghost(y, filters, False)
        if strides > 1 or int(x.shape[-1]) != filters:
            x = conv(depthwise(x, size, strides), filters, 1, "valid")
        x = layers.Add()([x, y])
    x = act(conv(x, 664, 1, "valid"))
    x = layers.BatchNormalization()(layers.DepthwiseConv2D(int(x.shape[1]), use_bias=False)(x))
    x = layers.BatchNormalization()(layers.Flatten()(layers.Conv2D(512, 1)(x)))
    return k.Model(inputs, layers.Activation("linear")(x))


def residual_faces() -> Iterator[Entry]:
    """The residual ones."""
    for excited in (False, True):
        for top in (True, False):
            words = f"{'SENet50' if excited else 'ResNet50'} for faces" + ("" if top else " without top")
            yield Entry(words, partial(vggface2, excited, top), "keras-vggface")
    yield Entry("ResNet34 of ArcFace", arc_face, "deepface")


def ghost_faces() -> Iterator[Entry]:
    """The light one."""
    yield Entry("GhostFaceNetV1", ghost_face, "deepface")
