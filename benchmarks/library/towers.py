"""Older classifiers of parallel or dense branches: GoogLeNet, Inception-v4, AlexNet on two towers, small DenseNets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from benchmarks.library.kit import Entry, across_channels, conv_bn

MIXED = (
    (64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64), (192, 96, 208, 16, 48, 64), (160, 112, 224, 24, 64, 64),
    (128, 128, 256, 24, 64, 64), (112, 144, 288, 32, 64, 64), (256, 160, 320, 32, 128, 128),
    (256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128),
)  # fmt: skip
"""1x1, 3x3's reduction, 3x3, 5x5's reduction, 5x5, the pool's projection (arXiv:1409.4842, table 1)."""


def googlenet(auxiliary: bool, k: Any) -> Any:
    """GoogLeNet as the widely copied port from Caffe has it: a border around each pool, whose first row and column are
    cut off again; two more heads if ``auxiliary``."""
    layers = k.layers

    def conv(x: Any, filters: int, size: int = 1, strides: int = 1) -> Any:
        return layers.Conv2D(filters, size, strides=strides, padding="same", activation="relu")(x)

    def norm(x: Any) -> Any:
        return across_channels(k, x, 2, 1e-4 / 5, 1.0)

    def pool(x: Any) -> Any:
        x = layers.Cropping2D(((1, 0), (1, 0)))(layers.ZeroPadding2D(1)(x))
        return layers.MaxPooling2D(3, strides=2)(x)

    def head(x: Any) -> Any:
        x = layers.Flatten()(conv(layers.AveragePooling2D(5, strides=3)(x), 128))
        x = layers.Dropout(0.7)(layers.Dense(1024, activation="relu")(x))
        return layers.Activation("softmax")(layers.Dense(1000)(x))

    inputs = k.Input((224, 224, 3))
    x = norm(pool(conv(inputs, 64, 7, 2)))
    x = pool(norm(conv(conv(x, 64), 192, 3)))
    heads = []
    for place, (one, less3, three, less5, five, last) in enumerate(MIXED):
        found = [conv(x, one), conv(conv(x, less3), three, 3), conv(conv(x, less5), five, 5)]
        found.append(conv(layers.MaxPooling2D(3, strides=1, padding="same")(x), last))
        x = layers.Concatenate()(found)
        if auxiliary and place in (2, 5):
            heads.append(head(x))
        if place in (1, 6):
            x = pool(x)
    x = layers.Dropout(0.4)(layers.Flatten()(layers.AveragePooling2D(7, strides=1)(x)))
    heads.append(layers.Activation("softmax")(layers.Dense(1000)(x)))
    return k.Model(inputs, heads)


Step = tuple[int, Any]


def inception_v4(top: bool, k: Any) -> Any:
    """Inception-v4, Szegedy et al. 2016, as ``keras-inceptionV4`` writes it."""
    layers = k.layers

    def conv(x: Any, filters: int, size: Any, strides: int = 1, padding: str = "same") -> Any:
        return conv_bn(k, x, filters, size, strides, padding, scale=False)

    def chain(x: Any, steps: Sequence[Step], strides: int = 1, padding: str = "same") -> Any:
        """``strides`` and ``padding`` are the last step's."""
        for filters, size in steps[:-1]:
            x = conv(x, filters, size)
        return conv(x, *steps[-1], strides, padding)

    def joined(*found: Any) -> Any:
        return layers.Concatenate()(list(found))

    def pooled(x: Any) -> Any:
        return layers.MaxPooling2D(3, strides=2)(x)

    def mean(x: Any, filters: int) -> Any:
        return conv(layers.AveragePooling2D(3, strides=1, padding="same")(x), filters, 1)

    def forked(x: Any) -> Any:
        return joined(conv(x, 256, (1, 3)), conv(x, 256, (3, 1)))

    row, column = (1, 7), (7, 1)
    inputs = k.Input((299, 299, 3))
    x = conv(conv(conv(inputs, 32, 3, 2, "valid"), 32, 3, 1, "valid"), 64, 3)
    x = joined(pooled(x), conv(x, 96, 3, 2, "valid"))
    first = chain(x, ((64, 1), (96, 3)), 1, "valid")
    x = joined(first, chain(x, ((64, 1), (64, row), (64, column), (96, 3)), 1, "valid"))
    x = joined(conv(x, 192, 3, 2, "valid"), pooled(x))
    for _ in range(4):
        found = [conv(x, 96, 1), chain(x, ((64, 1), (96, 3))), chain(x, ((64, 1), (96, 3), (96, 3)))]
        x = joined(*found, mean(x, 96))
    x = joined(conv(x, 384, 3, 2, "valid"), chain(x, ((192, 1), (224, 3), (256, 3)), 2, "valid"), pooled(x))
    for _ in range(7):
        found = [conv(x, 384, 1), chain(x, ((192, 1), (224, row), (256, column)))]
        found.append(chain(x, ((192, 1), (192, column), (224, row), (224, column), (256, row))))
        x = joined(*found, mean(x, 128))
    first = chain(x, ((192, 1), (192, 3)), 2, "valid")
    x = joined(first, chain(x, ((256, 1), (256, row), (320, column), (320, 3)), 2, "valid"), pooled(x))
    for _ in range(3):
        found = [conv(x, 256, 1), forked(conv(x, 384, 1))]
        found.append(forked(chain(x, ((384, 1), (448, (3, 1)), (512, (1, 3))))))
        x = joined(*found, mean(x, 256))
    if not top:
        return k.Model(inputs, x)
    x = layers.Flatten()(layers.Dropout(0.2)(layers.AveragePooling2D(8)(x)))
    return k.Model(inputs, layers.Dense(1001, activation="softmax")(x))


def two_towers(k: Any) -> Any:
    """AlexNet of Caffe on its two towers, as ``convnets-keras`` writes it, channels last."""
    layers = k.layers

    def halves(x: Any, filters: int, size: int) -> Any:
        half, found = int(x.shape[-1]) // 2, []
        for place in range(2):
            part = x[:, :, :, place * half : (place + 1) * half]
            found.append(layers.Conv2D(filters, size, activation="relu")(part))
        return layers.Concatenate()(found)

    def pool(x: Any) -> Any:
        return layers.MaxPooling2D(3, strides=2)(x)

    inputs = k.Input((227, 227, 3))
    x = layers.Conv2D(96, 11, strides=4, activation="relu")(inputs)
    x = layers.ZeroPadding2D(2)(across_channels(k, pool(x), 2, 1e-4, 2.0))
    x = across_channels(k, pool(halves(x, 128, 5)), 2, 1e-4, 2.0)
    x = layers.Conv2D(384, 3, activation="relu")(layers.ZeroPadding2D(1)(x))
    x = halves(layers.ZeroPadding2D(1)(x), 192, 3)
    x = layers.Flatten()(pool(halves(layers.ZeroPadding2D(1)(x), 128, 3)))
    for _ in range(2):
        x = layers.Dropout(0.5)(layers.Dense(4096, activation="relu")(x))
    return k.Model(inputs, layers.Activation("softmax")(layers.Dense(1000)(x)))


def dense_net(depth: int, growth: int, filters: int, compact: bool, whole: bool, drop: float, k: Any) -> Any:
    """DenseNet for CIFAR as the package ``DenseNet`` writes it: ``compact`` with bottlenecks and half the maps in
    transitions; ``whole``: every concatenation names all maps before it."""
    layers = k.layers
    count = (depth - 4) // 3 // (2 if compact else 1)

    def act(x: Any) -> Any:
        return layers.Activation("relu")(layers.BatchNormalization(epsilon=1e-3 if whole else 1.1e-5)(x))

    def conv(x: Any, filters: int, size: int) -> Any:
        x = layers.Conv2D(filters, size, padding="same", use_bias=False)(x)
        return layers.Dropout(drop)(x) if drop else x

    inputs = k.Input((32, 32, 3))
    x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(inputs)
    for block in range(3):
        found = [x]
        for _ in range(count):
            y = act(x)
            y = act(conv(y, 4 * growth, 1)) if compact else y
            found.append(conv(y, growth, 3))
            x = layers.Concatenate()(found if whole else [x, found[-1]])
            filters += growth
        if block < 2:
            filters = filters // 2 if compact else filters
            x = layers.AveragePooling2D(2, strides=2)(conv(act(x), filters, 1))
    x = layers.GlobalAveragePooling2D()(act(x))
    return k.Model(inputs, layers.Dense(10, activation="softmax")(x))


def inceptions() -> Iterator[Entry]:
    """Parallel branches."""
    for auxiliary in (True, False):
        word = "GoogLeNet" + (" with its auxiliary heads" if auxiliary else "")
        yield Entry(word, partial(googlenet, auxiliary), "Szegedy et al. 2014")
    yield Entry("Inception-v4", partial(inception_v4, True), "keras-inceptionV4")
    yield Entry("AlexNet of two towers", two_towers, "convnets-keras")


def dense_nets() -> Iterator[Entry]:
    """Dense blocks for small images."""
    for depth, growth, filters, compact in ((40, 12, 16, False), (40, 12, 24, True), (100, 12, 24, True)):
        for whole in (True, False):
            words = f"DenseNet{'-BC' if compact else ''}-{depth}-{growth} for CIFAR" + (", all named" if whole else "")
            yield Entry(words, partial(dense_net, depth, growth, filters, compact, whole, 0.0), "titu1994/DenseNet")
