"""What every generator returns and a few words that many share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Build = Callable[[Any], Any]
"""Takes a Keras module (``keras`` or ``tf_keras``) and returns a model."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One reference: ``name`` and ``source`` are what a report shows, ``library`` is the module that builds it."""

    name: str
    build: Build
    source: str = "classical"
    library: str = "keras"


def conv_bn(
    k: Any,
    x: Any,
    filters: int,
    size: Any,
    strides: int = 1,
    padding: str = "same",
    bias: bool = False,
    activation: str | None = "relu",
    epsilon: float = 1e-3,
    scale: bool = True,
) -> Any:
    """Convolution, normalisation and, if wanted, an activation as a layer."""
    x = k.layers.Conv2D(filters, size, strides=strides, padding=padding, use_bias=bias)(x)
    x = k.layers.BatchNormalization(epsilon=epsilon, scale=scale)(x)
    return k.layers.Activation(activation)(x) if activation else x


def leaky(k: Any, x: Any, slope: float) -> Any:
    """A LeakyReLU in the words of either library."""
    word = "negative_slope" if k.__name__ == "keras" else "alpha"
    return k.layers.LeakyReLU(**{word: slope})(x)


def leaky_layer(k: Any, slope: float) -> Any:
    """The layer itself."""
    word = "negative_slope" if k.__name__ == "keras" else "alpha"
    return k.layers.LeakyReLU(**{word: slope})


def across_channels(k: Any, x: Any, radius: int, alpha: float, bias: float, beta: float = 0.75) -> Any:
    """Local response normalisation over the last axis as operators: a mean over ``2 * radius + 1`` channels of the
    squares, padded with zeros, for the sum."""
    ops = k.ops
    window = 2 * radius + 1
    squares = ops.transpose(ops.square(x), (0, 1, 3, 2))
    squares = ops.pad(squares, ((0, 0), (0, 0), (radius, radius), (0, 0)))
    mean = ops.transpose(ops.average_pool(squares, (1, window), strides=1), (0, 1, 3, 2))
    return x / (mean * (window * alpha) + bias) ** beta


def squeezed(k: Any, x: Any, ratio: int) -> Any:
    """Squeeze and excitation of Denses without biases, as its first ports wrote it: reshaped, then multiplied."""
    layers = k.layers
    filters = int(x.shape[-1])
    flat = len(x.shape) == 3
    y = (layers.GlobalAveragePooling1D if flat else layers.GlobalAveragePooling2D)()(x)
    y = layers.Reshape((1, filters) if flat else (1, 1, filters))(y)
    y = layers.Dense(filters // ratio, activation="relu", use_bias=False)(y)
    return layers.Multiply()([x, layers.Dense(filters, activation="sigmoid", use_bias=False)(y)])
