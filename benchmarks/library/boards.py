"""Nets that play: policy and value of a board, residual towers, small nets of reinforcement learning."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from benchmarks.library.classic import chain
from benchmarks.library.kit import Entry, leaky

FIRST = {"data_format": "channels_first"}


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


def tower(
    shape: tuple[int, int, int], depth: int, filters: int, first: int, bias: bool, planes: int, actions: int, k: Any
) -> Any:
    """The residual towers of ``reversi-alpha-zero`` and its kin, channels first: policy, then value of ``planes``."""
    layers = k.layers

    def conv(x: Any, filters: int, size: int, active: bool = True) -> Any:
        x = layers.Conv2D(filters, size, padding="same" if size > 1 else "valid", use_bias=bias, **FIRST)(x)
        x = layers.BatchNormalization(axis=1)(x)
        return layers.Activation("relu")(x) if active else x

    inputs = k.Input(shape)
    x = conv(inputs, filters, first)
    for _ in range(depth):
        y = conv(conv(x, filters, 3), filters, 3, False)
        x = layers.Activation("relu")(layers.Add()([x, y]))
    policy = layers.Dense(actions, activation="softmax")(layers.Flatten()(conv(x, 2, 1)))
    value = layers.Dense(256, activation="relu")(layers.Flatten()(conv(x, planes, 1)))
    return k.Model(inputs, [policy, layers.Dense(1, activation="tanh")(value)])


def leaky_tower(depth: int, k: Any) -> Any:
    """``DeepReinforcementLearning``'s residual net, channels first: value, then policy, no biases at all."""
    layers = k.layers

    def conv(x: Any, filters: int, size: int, active: bool = True) -> Any:
        x = layers.Conv2D(filters, size, padding="same", use_bias=False, **FIRST)(x)
        x = layers.BatchNormalization(axis=1)(x)
        return leaky(k, x, 0.3) if active else x

    inputs = k.Input((2, 6, 7))
    x = conv(inputs, 75, 4)
    for _ in range(depth):
        y = conv(conv(x, 75, 4), 75, 4, False)
        x = leaky(k, layers.Add()([x, y]), 0.3)
    y = leaky(k, layers.Dense(20, use_bias=False)(layers.Flatten()(conv(x, 1, 1))), 0.3)
    value = layers.Dense(1, use_bias=False, activation="tanh")(y)
    policy = layers.Dense(42, use_bias=False)(layers.Flatten()(conv(x, 2, 1)))
    return k.Model(inputs, [value, policy])


def go_large(k: Any) -> Any:
    """The large net of the book on Go: seven convolutions behind borders of their own, channels first."""
    layers, model = k.layers, []
    for filters, size in ((64, 7), (64, 5), (64, 5), (48, 5), (48, 5), (32, 5), (32, 5)):
        model += [layers.ZeroPadding2D(size // 2, **FIRST), layers.Conv2D(filters, size, **FIRST)]
        model.append(layers.Activation("relu"))
    model += [layers.Flatten(), layers.Dense(1024), layers.Activation("relu")]
    return chain(k, (11, 19, 19), *model, layers.Dense(361, activation="softmax"))


def keras_rl(units: int, observed: int, actions: int, k: Any) -> Any:
    """keras-rl's examples: three Denses over one observation; also the actor of its DDPG."""
    layers, model = k.layers, [k.layers.Flatten()]
    for _ in range(3):
        model += [layers.Dense(units), layers.Activation("relu")]
    return chain(k, (1, observed), *model, layers.Dense(actions), layers.Activation("linear"))


def keras_rl_critic(k: Any) -> Any:
    """The critic of keras-rl's DDPG: the action and the flattened observation side by side."""
    layers = k.layers
    action, observed = k.Input((1,)), k.Input((1, 3))
    x = layers.Concatenate()([action, layers.Flatten()(observed)])
    for _ in range(3):
        x = layers.Activation("relu")(layers.Dense(32)(x))
    return k.Model([action, observed], layers.Activation("linear")(layers.Dense(1)(x)))


def players() -> Iterator[Entry]:
    """Boards."""
    source = "alpha-zero-general"
    yield Entry("Othello", partial(general, (8, 8), 65, 512), source)
    yield Entry("Gobang", partial(general, (15, 15), 226, 512), source)
    yield Entry("Connect Four", partial(general, (6, 7), 7, 512), source)
    yield Entry("Connect Four, residual", partial(four_in_a_row, 20, 128), source)
    yield Entry("reversi, ten blocks", partial(tower, (2, 8, 8), 10, 256, 3, True, 1, 64), "reversi-alpha-zero")
    yield Entry("Connect Four, seven blocks", partial(tower, (2, 6, 7), 7, 256, 3, True, 1, 7), "connect4-alpha-zero")
    yield Entry("chess, seven blocks", partial(tower, (18, 8, 8), 7, 256, 5, False, 4, 1968), "chess-alpha-zero")
    yield Entry("Connect Four, leaky", partial(leaky_tower, 5), "DeepReinforcementLearning")
    yield Entry("Go, large", go_large, "Deep Learning and the Game of Go")


def learners() -> Iterator[Entry]:
    """Reinforcement learning."""
    yield Entry("cart and pole", partial(keras_rl, 16, 4, 2), "keras-rl")
    yield Entry("pendulum's actor", partial(keras_rl, 16, 3, 1), "keras-rl")
    yield Entry("pendulum's critic", keras_rl_critic, "keras-rl")
