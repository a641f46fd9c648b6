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
