"""MobileNet and MobileNetV2 as keras_applications 1.0 and tf.keras up to 2.3 wrote them: every convolution with strides
has its border in front, the first one, too."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from benchmarks.library.applications import ALPHAS
from benchmarks.library.kit import Entry

SOURCE = "keras_applications 1.0"
SEPARABLE = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5, (1024, 2), (1024, 1))
"""Filters and strides of MobileNet's blocks (arXiv:1704.04861, table 1)."""
INVERTED = ((16, 1, 1), (24, 2, 2), (32, 3, 2), (64, 4, 2), (96, 3, 1), (160, 3, 2), (320, 1, 1))
"""Filters, blocks and the first block's strides of MobileNetV2's stages (arXiv:1801.04381, table 2); all but the first
stage widen six times."""
BORDER = ((0, 1), (0, 1))


def mobilenets() -> Iterator[Entry]:
    """Both, in every width that has published weights."""
    for name, build in (("MobileNet", mobilenet), ("MobileNetV2", mobilenet_v2)):
        for alpha in (1.0, *ALPHAS[name]):
            yield Entry(f"{name} alpha {alpha:g} with a border in front", partial(build, alpha), SOURCE)


def _normalised(k: Any, x: Any, epsilon: float = 1e-3) -> Any:
    return k.layers.ReLU(6.0)(k.layers.BatchNormalization(epsilon=epsilon)(x))


def _stem(k: Any, filters: int) -> tuple[Any, Any]:
    x = inputs = k.layers.Input((224, 224, 3))
    x = k.layers.ZeroPadding2D(BORDER)(x)
    x = k.layers.Conv2D(filters, 3, strides=2, padding="valid", use_bias=False)(x)
    return inputs, _normalised(k, x)


def _depthwise(k: Any, x: Any, strides: int) -> Any:
    if strides == 2:
        x = k.layers.ZeroPadding2D(BORDER)(x)
    padding = "same" if strides == 1 else "valid"
    return _normalised(k, k.layers.DepthwiseConv2D(3, strides=strides, padding=padding, use_bias=False)(x))


def mobilenet(alpha: float, k: Any) -> Any:
    """MobileNet of one width, whose head is a convolution."""
    inputs, x = _stem(k, int(32 * alpha))
    for filters, strides in SEPARABLE:
        x = _depthwise(k, x, strides)
        x = _normalised(k, k.layers.Conv2D(int(filters * alpha), 1, padding="same", use_bias=False)(x))
    x = k.layers.GlobalAveragePooling2D()(x)
    x = k.layers.Reshape((1, 1, int(1024 * alpha)))(x)
    x = k.layers.Dropout(1e-3)(x)
    x = k.layers.Conv2D(1000, 1, padding="same")(x)
    x = k.layers.Activation("softmax")(x)
    return k.Model(inputs, k.layers.Reshape((1000,))(x))


def _divisible(channels: float) -> int:
    """The nearest multiple of 8, at most a tenth smaller."""
    found = max(8, int(channels + 4) // 8 * 8)
    return found + 8 if found < 0.9 * channels else found


def mobilenet_v2(alpha: float, k: Any) -> Any:
    """MobileNetV2 of one width."""
    inputs, x = _stem(k, _divisible(32 * alpha))
    for filters, blocks, first in INVERTED:
        for number in range(blocks):
            x = _inverted(k, x, _divisible(int(filters * alpha)), first if number == 0 else 1, filters > 16)
    x = k.layers.Conv2D(_divisible(1280 * alpha) if alpha > 1 else 1280, 1, use_bias=False)(x)
    x = k.layers.GlobalAveragePooling2D()(_normalised(k, x))
    return k.Model(inputs, k.layers.Dense(1000, activation="softmax")(x))


def _inverted(k: Any, x: Any, filters: int, strides: int, widens: bool) -> Any:
    given, channels = x, int(x.shape[-1])
    if widens:
        x = _normalised(k, k.layers.Conv2D(6 * channels, 1, padding="same", use_bias=False)(x))
    x = _depthwise(k, x, strides)
    x = k.layers.BatchNormalization(epsilon=1e-3)(k.layers.Conv2D(filters, 1, padding="same", use_bias=False)(x))
    return k.layers.Add()([given, x]) if channels == filters and strides == 1 else x
