"""Residual nets beside keras.applications: CIFAR's, the thin ones, wide ones, older and foreign ResNet50s."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any

from benchmarks.library.kit import Entry, conv_bn

Weigh = Callable[[Any], Any]


def cifar_v1(depth: int, k: Any) -> Any:
    """The Keras example's version 1, of depth 6n+2."""
    layers = k.layers

    def unit(x: Any, filters: int, size: int = 3, strides: int = 1, whole: bool = True, active: bool = True) -> Any:
        x = layers.Conv2D(filters, size, strides=strides, padding="same")(x)
        if whole:
            x = layers.BatchNormalization()(x)
        return layers.Activation("relu")(x) if active else x

    inputs = k.Input((32, 32, 3))
    x, filters = unit(inputs, 16), 16
    for stack in range(3):
        for block in range((depth - 2) // 6):
            strides = 2 if stack and not block else 1
            y = unit(unit(x, filters, strides=strides), filters, active=False)
            if strides == 2:
                x = unit(x, filters, 1, strides, whole=False, active=False)
            x = layers.Activation("relu")(layers.Add()([x, y]))
        filters *= 2
    x = layers.Flatten()(layers.AveragePooling2D(8)(x))
    return k.Model(inputs, layers.Dense(10, activation="softmax")(x))


def cifar_v2(depth: int, k: Any) -> Any:
    """The Keras example's version 2, of depth 9n+2."""
    layers = k.layers

    def unit(x: Any, filters: int, size: int = 3, strides: int = 1, norm: bool = True, active: bool = True) -> Any:
        if norm:
            x = layers.BatchNormalization()(x)
        if active:
            x = layers.Activation("relu")(x)
        return layers.Conv2D(filters, size, strides=strides, padding="same")(x)

    inputs = k.Input((32, 32, 3))
    x = layers.Conv2D(16, 3, padding="same")(inputs)
    x = layers.Activation("relu")(layers.BatchNormalization()(x))
    narrow = broad = 16
    for stage in range(3):
        for block in range((depth - 2) // 9):
            first = stage == 0 and block == 0
            broad = narrow * (4 if stage == 0 else 2) if block == 0 else broad
            strides = 2 if stage and not block else 1
            y = unit(x, narrow, 1, strides, norm=not first, active=not first)
            y = unit(unit(y, narrow), broad, 1)
            if block == 0:
                x = unit(x, broad, 1, strides, norm=False, active=False)
            x = layers.Add()([x, y])
        narrow = broad
    x = layers.Activation("relu")(layers.BatchNormalization()(x))
    x = layers.Flatten()(layers.AveragePooling2D(8)(x))
    return k.Model(inputs, layers.Dense(10, activation="softmax")(x))


def wide(depth: int, factor: int, drop: bool, k: Any) -> Any:
    """A wide residual net, of depth 6n+4."""
    inputs, x = _wide_body(depth, factor, drop, 32, k)
    x = k.layers.GlobalAveragePooling2D()(x)
    return k.Model(inputs, k.layers.Dense(10, activation="softmax")(x))


def age_and_gender(k: Any) -> Any:
    """A wide residual net of depth 16 with two heads over faces; its average pool keeps the map's size."""
    layers = k.layers
    inputs, x = _wide_body(16, 8, False, 64, k)
    x = layers.Flatten()(layers.AveragePooling2D(8, strides=1, padding="same")(x))
    heads = [layers.Dense(units, use_bias=False, activation="softmax")(x) for units in (2, 101)]
    return k.Model(inputs, heads)


def _wide_body(depth: int, factor: int, drop: bool, size: int, k: Any) -> tuple[Any, Any]:
    layers = k.layers

    def act(x: Any) -> Any:
        return layers.Activation("relu")(layers.BatchNormalization()(x))

    inputs = k.Input((size, size, 3))
    x = layers.Conv2D(16, 3, padding="same", use_bias=False)(inputs)
    for stage, filters in enumerate((16 * factor, 32 * factor, 64 * factor)):
        for block in range((depth - 4) // 6):
            strides = 2 if stage and not block else 1
            start = act(x)
            y = layers.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False)(start)
            y = act(y)
            if drop:
                y = layers.Dropout(0.3)(y)
            y = layers.Conv2D(filters, 3, padding="same", use_bias=False)(y)
            if not block:
                x = layers.Conv2D(filters, 1, strides=strides, padding="same", use_bias=False)(start)
            x = layers.Add()([x, y])
    return inputs, act(x)


DEPTHS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}


def thin(depth: int, bias: bool, stem: str, projected_first: bool, epsilon: float, normalised: bool, k: Any) -> Any:
    """ResNet18 and 34: two 3x3 convolutions per block."""
    layers = k.layers

    def conv(x: Any, filters: int, size: int = 3, strides: int = 1, active: bool = True) -> Any:
        x = layers.Conv2D(filters, size, strides=strides, padding="same", use_bias=bias)(x)
        x = layers.BatchNormalization(epsilon=epsilon)(x)
        return layers.Activation("relu")(x) if active else x

    inputs = k.Input((224, 224, 3))
    if stem == "padded":
        x = layers.Conv2D(64, 7, strides=2, use_bias=bias)(layers.ZeroPadding2D(3)(inputs))
        x = layers.Activation("relu")(layers.BatchNormalization(epsilon=epsilon)(x))
        x = layers.MaxPooling2D(3, strides=2)(layers.ZeroPadding2D(1)(x))
    elif stem == "same":
        x = layers.MaxPooling2D(3, strides=2, padding="same")(conv(inputs, 64, 7, 2))
    else:
        x = conv(inputs, 64)
    for stage, count in enumerate(DEPTHS[depth]):
        filters = 64 * 2**stage
        for block in range(count):
            strides = 2 if stage and not block else 1
            y = conv(conv(x, filters, strides=strides), filters, active=False)
            if strides == 2 or (projected_first and not block):
                x = (
                    conv(x, filters, 1, strides, active=False)
                    if normalised
                    else layers.Conv2D(filters, 1, strides=strides, padding="same", use_bias=bias)(x)
                )
            x = layers.Activation("relu")(layers.Add()([y, x]))
    x = layers.GlobalAveragePooling2D()(x)
    return k.Model(inputs, layers.Dense(1000, activation="softmax")(x))


def classification_models(depth: int, k: Any, weigh: Weigh | None = None) -> Any:
    """The pre-activated nets of the package ``classification_models``: input normalised, explicit borders; ``weigh``
    is applied to what a block adds."""
    layers = k.layers
    inputs, _, x = pre_activated(depth, k, weigh=weigh)
    x = layers.Dense(1000)(layers.GlobalAveragePooling2D()(x))
    return k.Model(inputs, layers.Activation("softmax")(x))


def segmentation_models(depth: int, classes: int, k: Any) -> Any:
    """The U-Net of the package ``segmentation_models`` over one of these: the upsampled map first, then the skip."""
    layers = k.layers
    inputs, skips, x = pre_activated(depth, k)
    for filters in (256, 128, 64, 32, 16):
        x = layers.UpSampling2D(2)(x)
        if skips:
            x = layers.Concatenate()([x, skips.pop()])
        for _ in range(2):
            x = conv_bn(k, x, filters, 3)
    x = layers.Conv2D(classes, 3, padding="same")(x)
    return k.Model(inputs, layers.Activation("sigmoid" if classes == 1 else "softmax")(x))


def pre_activated(depth: int, k: Any, size: int = 224, weigh: Weigh | None = None) -> tuple[Any, list[Any], Any]:
    """Input, the activated maps in front of every halving but the first, and the last map."""
    layers = k.layers
    deep = depth >= 50

    def norm(x: Any, scale: bool = True) -> Any:
        return layers.BatchNormalization(epsilon=2e-5, scale=scale)(x)

    def conv(x: Any, filters: int, size: int, strides: int = 1) -> Any:
        if size == 3:
            x = layers.ZeroPadding2D(1)(x)
        return layers.Conv2D(filters, size, strides=strides, use_bias=False)(x)

    inputs = k.Input((size, size, 3))
    x = layers.ZeroPadding2D(3)(norm(inputs, scale=False))
    x = layers.Activation("relu")(norm(layers.Conv2D(64, 7, strides=2, use_bias=False)(x)))
    skips = [x]
    x = layers.MaxPooling2D(3, strides=2)(layers.ZeroPadding2D(1)(x))
    for stage, count in enumerate(DEPTHS[depth]):
        filters = 64 * 2**stage
        for block in range(count):
            strides = 2 if stage and not block else 1
            y = layers.Activation("relu")(norm(x))
            skips += [y] if strides == 2 else []
            shortcut = x if block else conv(y, filters * (4 if deep else 1), 1, strides)
            if deep:
                y = layers.Activation("relu")(norm(conv(y, filters, 1)))
                y = layers.Activation("relu")(norm(conv(y, filters, 3, strides)))
                y = conv(y, filters * 4, 1)
            else:
                y = layers.Activation("relu")(norm(conv(y, filters, 3, strides)))
                y = conv(y, filters, 3)
            x = layers.Add()([weigh(y) if weigh else y, shortcut])
    return inputs, skips, layers.Activation("relu")(norm(x))


def bottleneck(depth: int, bias: bool, strided: str, stem: str, epsilon: float, k: Any) -> Any:
    """ResNet50 and deeper as written before and beside keras.applications: the stride in the first 1x1 (Caffe) or in
    the 3x3 (Torch) convolution."""
    layers = k.layers

    def norm(x: Any, active: bool = True) -> Any:
        x = layers.BatchNormalization(epsilon=epsilon)(x)
        return layers.Activation("relu")(x) if active else x

    def conv(x: Any, filters: int, size: int, strides: int = 1) -> Any:
        padding = "same" if size == 3 else "valid"
        return layers.Conv2D(filters, size, strides=strides, padding=padding, use_bias=bias)(x)

    inputs = k.Input((224, 224, 3))
    if stem == "same":
        x = norm(layers.Conv2D(64, 7, strides=2, padding="same", use_bias=bias)(inputs))
    else:
        x = norm(layers.Conv2D(64, 7, strides=2, use_bias=bias)(layers.ZeroPadding2D(3)(inputs)))
    if stem == "padded twice":
        x = layers.MaxPooling2D(3, strides=2)(layers.ZeroPadding2D(1)(x))
    else:
        x = layers.MaxPooling2D(3, strides=2, padding="valid" if stem == "old" else "same")(x)
    for stage, count in enumerate(DEPTHS[depth]):
        filters = 64 * 2**stage
        for block in range(count):
            strides = 2 if stage and not block else 1
            y = norm(conv(x, filters, 1, strides if strided == "first" else 1))
            y = norm(conv(y, filters, 3, 1 if strided == "first" else strides))
            y = norm(conv(y, filters * 4, 1), active=False)
            if not block:
                x = norm(conv(x, filters * 4, 1, strides), active=False)
            x = layers.Activation("relu")(layers.Add()([y, x]))
    x = layers.GlobalAveragePooling2D()(x) if stem != "old" else layers.Flatten()(layers.AveragePooling2D(7)(x))
    return k.Model(inputs, layers.Dense(1000, activation="softmax")(x))


def entries() -> Iterator[Entry]:
    """All of them."""
    for depth in (20, 32, 44, 56, 110):
        yield Entry(f"ResNet{depth} v1 for CIFAR", partial(cifar_v1, depth), "Keras examples")
    for depth in (20, 29, 56, 110):
        yield Entry(f"ResNet{depth} v2 for CIFAR", partial(cifar_v2, depth), "Keras examples")
    for depth, factor, drop in product((16, 22, 28, 40), (4, 8, 10), (False, True)):
        word = f"wide ResNet {depth}-{factor}" + (" with dropout" if drop else "")
        yield Entry(word, partial(wide, depth, factor, drop))
    yield Entry("age and gender", age_and_gender)
    for depth, bias, stem, first in product((18, 34), (True, False), ("same", "padded", "small"), (False, True)):
        parts = f"{stem} stem{', bias' if bias else ''}{', first block projected' if first else ''}"
        yield Entry(f"ResNet{depth} ({parts})", partial(thin, depth, bias, stem, first, 1e-3, True))
    for depth in (18, 34, 50, 101, 152):
        yield Entry(f"ResNet{depth} pre-activated", partial(classification_models, depth), "classification_models")
    for depth, classes in product((18, 34, 50, 101), (1, 3)):
        made = partial(segmentation_models, depth, classes)
        yield Entry(f"U-Net over ResNet{depth}, {classes} classes", made, "segmentation_models")
    for depth, (bias, strided, stem, epsilon) in product(
        (50, 101, 152),
        (
            (True, "first", "old", 1e-3),
            (True, "first", "same", 1e-3),
            (True, "first", "padded twice", 1e-3),
            (True, "first", "padded", 1e-3),
            (False, "first", "padded twice", 1e-5),
            (False, "second", "padded twice", 1e-5),
            (False, "second", "same", 1e-3),
            (True, "second", "padded twice", 1e-3),
            (True, "second", "same", 1e-3),
        ),
    ):
        words = f"stride in the {strided} convolution, {stem} stem{', bias' if bias else ''}, epsilon {epsilon}"
        yield Entry(f"ResNet{depth} ({words})", partial(bottleneck, depth, bias, strided, stem, epsilon))
