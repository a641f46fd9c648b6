"""Nets for signals: brain waves, hearts, movements, sounds, programs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import Any

from benchmarks.library.classic import chain
from benchmarks.library.kit import Entry


def eegnet(channels: int, samples: int, first: int, length: int, k: Any) -> Any:
    """EEGNet-(F1, 2), Lawhern et al. 2018, https://arxiv.org/abs/1611.08024."""
    layers = k.layers
    inputs = k.Input((channels, samples, 1))
    x = layers.Conv2D(first, (1, length), padding="same", use_bias=False)(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.DepthwiseConv2D((channels, 1), use_bias=False, depth_multiplier=2)(x)
    x = layers.Activation("elu")(layers.BatchNormalization()(x))
    x = layers.Dropout(0.5)(layers.AveragePooling2D((1, 4))(x))
    x = layers.SeparableConv2D(2 * first, (1, 16), padding="same", use_bias=False)(x)
    x = layers.Activation("elu")(layers.BatchNormalization()(x))
    x = layers.Flatten()(layers.Dropout(0.5)(layers.AveragePooling2D((1, 8))(x)))
    return k.Model(inputs, layers.Activation("softmax")(layers.Dense(4)(x)))


def deep_conv_net(channels: int, samples: int, k: Any) -> Any:
    """DeepConvNet, Schirrmeister et al. 2017, https://arxiv.org/abs/1703.05051, as EEGNet's authors rebuilt it."""
    layers = k.layers
    inputs = k.Input((channels, samples, 1))
    x = layers.Conv2D(25, (1, 5))(inputs)
    for place, filters in enumerate((25, 50, 100, 200)):
        x = layers.Conv2D(filters, (1, 5) if place else (channels, 1))(x)
        x = layers.Activation("elu")(layers.BatchNormalization(epsilon=1e-5)(x))
        x = layers.Dropout(0.5)(layers.MaxPooling2D((1, 2), strides=(1, 2))(x))
    return k.Model(inputs, layers.Activation("softmax")(layers.Dense(4)(layers.Flatten()(x))))


def heartbeats(k: Any) -> Any:
    """Kachuee et al. 2018, https://arxiv.org/abs/1805.00794: five residual blocks, pools of five behind each."""
    layers = k.layers
    inputs = k.Input((187, 1))
    x = layers.Conv1D(32, 5)(inputs)
    for _ in range(5):
        y = layers.Activation("relu")(layers.Conv1D(32, 5, padding="same")(x))
        y = layers.Conv1D(32, 5, padding="same")(y)
        x = layers.MaxPooling1D(5, strides=2)(layers.Activation("relu")(layers.Add()([y, x])))
    x = layers.Activation("relu")(layers.Dense(32)(layers.Flatten()(x)))
    return k.Model(inputs, layers.Activation("softmax")(layers.Dense(5)(layers.Dense(32)(x))))


def activities(kind: str, k: Any) -> Any:
    """Movements of telephones: two convolutions, or one LSTM."""
    layers = k.layers
    if kind == "LSTM":
        model = [layers.LSTM(100), layers.Dropout(0.5)]
    else:
        model = [layers.Conv1D(64, 3, activation="relu") for _ in range(2)]
        model += [layers.Dropout(0.5), layers.MaxPooling1D(2), layers.Flatten()]
    return chain(k, (128, 9), *model, layers.Dense(100, activation="relu"), layers.Dense(6, activation="softmax"))


def spoken_emotions(filters: tuple[int, ...], k: Any) -> Any:
    """One-dimensional convolutions over coefficients of speech, a pool of eight after the second."""
    layers, model = k.layers, []
    for place, count in enumerate(filters):
        model += [layers.Conv1D(count, 5, padding="same"), layers.Activation("relu")]
        if place == 1:
            model += [layers.Dropout(0.1), layers.MaxPooling1D(8)]
    return chain(k, (216, 1), *model, layers.Flatten(), layers.Dense(10), layers.Activation("softmax"))


def urban_sounds(k: Any) -> Any:
    """Convolutions of two by two over spectra, pooled over all at the end."""
    layers, model = k.layers, []
    for filters in (16, 32, 64, 128):
        model += [layers.Conv2D(filters, 2, activation="relu"), layers.MaxPooling2D(2), layers.Dropout(0.2)]
    return chain(k, (40, 174, 1), *model, layers.GlobalAveragePooling2D(), layers.Dense(10, activation="softmax"))


def speakers(k: Any) -> Any:
    """Speakers told by a residual net over spectra, pooled within."""
    layers = k.layers
    inputs = k.Input((8000, 1))
    x = inputs
    for filters, count in ((16, 2), (32, 2), (64, 3), (128, 3), (128, 3)):
        shortcut = layers.Conv1D(filters, 1, padding="same")(x)
        for _ in range(count - 1):
            x = layers.Activation("relu")(layers.Conv1D(filters, 3, padding="same")(x))
        x = layers.Add()([layers.Conv1D(filters, 3, padding="same")(x), shortcut])
        x = layers.MaxPooling1D(2, strides=2)(layers.Activation("relu")(x))
    x = layers.Flatten()(layers.AveragePooling1D(3, strides=3)(x))
    x = layers.Dense(128, activation="relu")(layers.Dense(256, activation="relu")(x))
    return k.Model(inputs, layers.Dense(5, activation="softmax")(x))


def malconv(k: Any) -> Any:
    """Programs byte by byte, gated: Raff et al. 2017, https://arxiv.org/abs/1710.09435."""
    layers = k.layers
    inputs = k.Input((2**20,))
    x = layers.Embedding(257, 8)(inputs)
    found = layers.Conv1D(128, 500, strides=500, activation="relu")(x)
    gate = layers.Conv1D(128, 500, strides=500, activation="sigmoid")(x)
    x = layers.GlobalMaxPooling1D()(layers.Multiply()([found, gate]))
    return k.Model(inputs, layers.Dense(1, activation="sigmoid")(layers.Dense(128, activation="relu")(x)))


def signals() -> Iterator[Entry]:
    """All of them."""
    for (channels, samples), (first, length) in product(((64, 128), (22, 256), (8, 250)), ((8, 64), (4, 64), (8, 32))):
        made = partial(eegnet, channels, samples, first, length)
        yield Entry(f"EEGNet-{first},2 ({channels} channels, kernel of {length})", made, "Lawhern et al. 2018")
    for channels, samples in ((64, 256), (22, 256)):
        yield Entry(f"DeepConvNet ({channels} channels)", partial(deep_conv_net, channels, samples))
    yield Entry("heartbeats", heartbeats, "Kachuee et al. 2018")
    for kind in ("convolutions", "LSTM"):
        yield Entry(f"activities by {kind}", partial(activities, kind), "tutorials", "tf_keras")
    for filters in ((256, 128, 128, 128, 128), (128, 128), (256, 128, 128, 128, 128, 128)):
        yield Entry(f"spoken emotions, {len(filters)} convolutions", partial(spoken_emotions, filters))
    yield Entry("sounds of cities", urban_sounds)
    yield Entry("speakers", speakers, "Keras examples")
    yield Entry("MalConv", malconv, "Raff et al. 2017")
