"""Nets that play: policy and value of a board, the small net of an agent library's examples."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from benchmarks.library.classic import chain
from benchmarks.library.kit import Entry


def general(board: tuple[int, int], actions: int, channels: int, k: Any) -> Any:
    """``alpha-zero-general``'s plain net: four convolutions, the last two without borders, two Denses, two heads."""
    layers = k.layers

    def act(x: Any) -> Any:
        return layers.Activation("relu")(layers.BatchNormalization()(x))

    inputs = k.Input(board)
    x = layers.Reshape((*board, 1))(inputs)
    for padding in ("same", "same", "valid", "valid"):
        x = act(layers.Conv2D(channels, 3, padding=padding)(x))
    x = layers.Flatten()(x)
    for units in (1024, 512):
        x = layers.Dropout(0.3)(act(layers.Dense(units)(x)))
    return k.Model(inputs, [layers.Dense(actions, activation="softmax")(x), layers.Dense(1, activation="tanh")(x)])


def four_in_a_row(depth: int, channels: int, k: Any) -> Any:
    """``alpha-zero-general``'s residual net for Connect Four: functions for ReLUs, in blocks in front of the
    normalisation."""
    layers, relu = k.layers, k.activations.relu

    def conv(x: Any, filters: int, size: int = 3) -> Any:
        return layers.Conv2D(filters, size, padding="same")(x)

    inputs = k.Input((6, 7))
    x = layers.BatchNormalization()(layers.Reshape((6, 7, 1))(inputs))
    x = layers.BatchNormalization()(relu(conv(x, channels)))
    for _ in range(depth):
        y = layers.BatchNormalization()(relu(conv(x, channels)))
        y = layers.BatchNormalization()(conv(y, channels))
        x = relu(layers.Add()([x, y]))
    y = layers.Flatten()(relu(layers.BatchNormalization()(conv(x, 1, 2))))
    policy = layers.Dense(7, activation="softmax")(y)
    y = layers.Flatten()(relu(layers.BatchNormalization()(conv(x, 1, 1))))
    y = layers.Dense(256)(relu(layers.Dense(256)(y)))
    return k.Model(inputs, [policy, layers.Dense(1, activation="tanh")(y)])


def keras_rl(units: int, observed: int, actions: int, k: Any) -> Any:
    """keras-rl's examples: three Denses over one observation."""
    layers, model = k.layers, [k.layers.Flatten()]
    for _ in range(3):
        model += [layers.Dense(units), layers.Activation("relu")]
    return chain(k, (1, observed), *model, layers.Dense(actions), layers.Activation("linear"))


def players() -> Iterator[Entry]:
    """Boards."""
    source = "alpha-zero-general"
    yield Entry("Othello", partial(general, (8, 8), 65, 512), source)
    yield Entry("Gobang", partial(general, (15, 15), 226, 512), source)
    yield Entry("Connect Four", partial(general, (6, 7), 7, 512), source)
    yield Entry("Connect Four, residual", partial(four_in_a_row, 20, 128), source)


def learners() -> Iterator[Entry]:
    """Reinforcement learning."""
    yield Entry("cart and pole", partial(keras_rl, 16, 4, 2), "keras-rl")
