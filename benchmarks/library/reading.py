"""Nets that read lines of letters: convolutions, then recurrent layers in both directions, up to the letters' odds."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from benchmarks.library.kit import Entry


def _both_ways(k: Any, kind: str, x: Any, units: int) -> list[Any]:
    make = getattr(k.layers, kind)
    return [make(units, return_sequences=True, go_backwards=back)(x) for back in (False, True)]


def image_ocr(k: Any) -> Any:
    """The Keras example: two small convolutions, two GRUs each way, the second read backwards as it comes."""
    layers = k.layers
    inputs = x = k.Input((128, 64, 1))
    for _ in range(2):
        x = layers.MaxPooling2D(2)(layers.Conv2D(16, 3, padding="same", activation="relu")(x))
    x = layers.Dense(32, activation="relu")(layers.Reshape((32, 256))(x))
    x = layers.Add()(_both_ways(k, "GRU", x, 512))
    x = layers.Dense(28)(layers.Concatenate()(_both_ways(k, "GRU", x, 512)))
    return k.Model(inputs, layers.Activation("softmax")(x))


def crnn(turned: bool, k: Any) -> Any:
    """CRNN-Keras for number plates: seven normalised convolutions, two LSTMs each way; ``turned``: what ran backwards
    is put into order again, and normalised at the end."""
    layers = k.layers

    def conv(x: Any, filters: int, size: int = 3) -> Any:
        x = layers.BatchNormalization()(layers.Conv2D(filters, size, padding="same")(x))
        return layers.Activation("relu")(x)

    def twice(x: Any) -> list[Any]:
        forward, backward = _both_ways(k, "LSTM", x, 256)
        return [forward, k.ops.flip(backward, axis=1) if turned else backward]

    inputs = k.Input((128, 64, 1))
    x = layers.MaxPooling2D(2)(conv(inputs, 64))
    x = layers.MaxPooling2D(2)(conv(x, 128))
    x = layers.MaxPooling2D((1, 2))(conv(conv(x, 256), 256))
    x = layers.MaxPooling2D((1, 2))(conv(conv(x, 512), 512))
    x = layers.Reshape((32, 2048))(conv(x, 512, 2))
    x = layers.Dense(64, activation="relu")(x)
    x = layers.BatchNormalization()(layers.Add()(twice(x)))
    x = layers.Concatenate()(twice(x))
    x = layers.BatchNormalization()(x) if turned else x
    return k.Model(inputs, layers.Activation("softmax")(layers.Dense(80)(x)))


def captcha(recurrent: bool, k: Any) -> Any:
    """``captcha_break``: blocks of two convolutions, then a head per letter, or two GRUs each way."""
    layers = k.layers
    inputs = x = k.Input((170, 80, 3) if recurrent else (80, 170, 3))
    for filters in (32, 32, 32) if recurrent else (32, 64, 128, 256):
        for _ in range(2):
            x = layers.Conv2D(filters, 3, activation="relu")(x)
        x = layers.MaxPooling2D(2)(x)
    if not recurrent:
        x = layers.Dropout(0.25)(layers.Flatten()(x))
        return k.Model(inputs, [layers.Dense(36, activation="softmax")(x) for _ in range(4)])
    _, columns, rows, filters = x.shape
    x = layers.Dense(32, activation="relu")(layers.Reshape((columns, rows * filters))(x))
    x = layers.Add()(_both_ways(k, "GRU", x, 128))
    x = layers.Dropout(0.25)(layers.Concatenate()(_both_ways(k, "GRU", x, 128)))
    return k.Model(inputs, layers.Dense(37, activation="softmax")(x))


def readers() -> Iterator[Entry]:
    """All of them."""
    yield Entry("captcha of four letters", partial(captcha, False), "captcha_break")
    yield Entry("captcha by GRUs", partial(captcha, True), "captcha_break")
    yield Entry("image_ocr", image_ocr, "Keras examples")
    yield Entry("CRNN for plates", partial(crnn, False), "CRNN-Keras")
    yield Entry("CRNN for plates, turned back", partial(crnn, True), "CRNN-Keras")
