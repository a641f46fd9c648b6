"""Dark images brightened, as Keras' examples do it: MIRNet and Zero-DCE."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from benchmarks.library.kit import Entry


def zero_dce(k: Any) -> Any:
    """Zero-DCE, https://arxiv.org/abs/2001.06826: seven convolutions, joined from both ends; its answer are curves."""
    layers = k.layers
    conv = partial(layers.Conv2D, 32, 3, padding="same", activation="relu")
    inputs = x = k.Input((None, None, 3))
    found = []
    for _ in range(4):
        x = conv()(x)
        found.append(x)
    for before in found[2::-1]:
        last = before is found[0]
        x = layers.Concatenate(axis=-1)([x, before])
        x = layers.Conv2D(24, 3, padding="same", activation="tanh")(x) if last else conv()(x)
    return k.Model(inputs, x)


def _seen(k: Any, x: Any, narrow: int) -> Any:
    """The mean of every map, narrowed."""
    channels = int(x.shape[-1])
    x = k.ops.reshape(k.layers.GlobalAveragePooling2D()(x), (-1, 1, 1, channels))
    return k.layers.Conv2D(channels // narrow, 1, activation="relu")(x)


def _fused(k: Any, maps: list[Any]) -> Any:
    """Maps weighed against each other, channel by channel, and added."""
    layers, channels = k.layers, int(maps[0].shape[-1])
    seen = _seen(k, layers.Add()(maps), 8)
    weights = [layers.Conv2D(channels, 1, activation="softmax")(seen) for _ in maps]
    return layers.Add()([x * weight for x, weight in zip(maps, weights, strict=True)])


def _attended(k: Any, x: Any) -> Any:
    """Channels and pixels gated side by side."""
    layers, channels = k.layers, int(x.shape[-1])
    y = layers.Conv2D(channels, 3, padding="same", activation="relu")(x)
    y = layers.Conv2D(channels, 3, padding="same")(y)
    first = y * layers.Conv2D(channels, 1, activation="sigmoid")(_seen(k, y, 8))
    most = k.ops.expand_dims(k.ops.max(y, axis=-1), axis=-1)
    mean = k.ops.expand_dims(k.ops.mean(y, axis=-1), axis=-1)
    gate = layers.Conv2D(1, 1)(layers.Concatenate(axis=-1)([most, mean]))
    second = y * k.ops.sigmoid(gate)
    y = layers.Conv2D(channels, 1)(layers.Concatenate(axis=-1)([first, second]))
    return layers.Add()([x, y])


def _resized(k: Any, x: Any, down: bool) -> Any:
    """Half or twice as large, in two branches that add up."""
    layers, channels = k.layers, int(x.shape[-1])
    filters = channels * 2 if down else channels // 2
    y = layers.Conv2D(channels, 1, activation="relu")(x)
    y = layers.Conv2D(channels, 3, padding="same", activation="relu")(y)
    y = layers.MaxPooling2D()(y) if down else layers.UpSampling2D()(y)
    y = layers.Conv2D(filters, 1)(y)
    x = layers.MaxPooling2D()(x) if down else layers.UpSampling2D()(x)
    return layers.Add()([layers.Conv2D(filters, 1)(x), y])


def _scales(k: Any, x: Any) -> Any:
    """Three sizes that exchange what they see. The last exchange gives the smallest size twice and the middle one
    nowhere, as the example has it."""
    layers, down, up = k.layers, partial(_resized, k, down=True), partial(_resized, k, down=False)
    second = down(x)
    third = down(second)
    first, second, third = (_attended(k, y) for y in (x, second, third))
    found = [
        _fused(k, [first, up(second), up(up(third))]),
        _fused(k, [down(first), second, up(third)]),
        _fused(k, [down(down(first)), down(second), third]),
    ]
    first, third = _attended(k, found[0]), up(up(_attended(k, found[2])))
    y = layers.Conv2D(64, 3, padding="same")(_fused(k, [first, third, third]))
    return layers.Add()([x, y])


def mirnet(k: Any) -> Any:
    """MIRNet, https://arxiv.org/abs/2003.06792: three groups of two blocks."""
    layers = k.layers
    inputs = k.Input((None, None, 3))
    x = layers.Conv2D(64, 3, padding="same")(inputs)
    for _ in range(3):
        y = layers.Conv2D(64, 3, padding="same")(x)
        for _ in range(2):
            y = _scales(k, y)
        x = layers.Add()([layers.Conv2D(64, 3, padding="same")(y), x])
    return k.Model(inputs, layers.Add()([inputs, layers.Conv2D(3, 3, padding="same")(x)]))


def low_lights() -> Iterator[Entry]:
    """Both."""
    yield Entry("Zero-DCE", zero_dce, "Keras examples")
    yield Entry("MIRNet", mirnet, "Keras examples")
