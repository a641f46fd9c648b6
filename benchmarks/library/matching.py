"""Nets of several inputs: a word between its contexts, users and what they are recommended."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from benchmarks.library.kit import Entry


def contexts(k: Any) -> Any:
    """RCNN, Lai et al. 2015: a word between what was read before and after it, the largest of each number."""
    layers = k.layers
    inputs = [k.Input((None,), dtype="int32") for _ in range(3)]
    embedding = layers.Embedding(20000, 100)
    word, left, right = (embedding(x) for x in inputs)
    forward = layers.LSTM(200, return_sequences=True)(left)
    backward = layers.LSTM(200, return_sequences=True, go_backwards=True)(right)
    x = layers.Concatenate(axis=2)([forward, word, backward])
    x = layers.TimeDistributed(layers.Dense(100, activation="tanh"))(x)
    return k.Model(inputs, layers.Dense(10, activation="softmax")(layers.GlobalMaxPooling1D()(x)))


def collaborative(kind: str, k: Any) -> Any:
    """He et al. 2017, https://arxiv.org/abs/1708.05031: products of vectors (``GMF``), a Dense tower over them
    (``MLP``), both (``NeuMF``)."""
    layers = k.layers
    counts = (6040, 3706)
    inputs = [k.Input((1,), dtype="int32") for _ in counts]

    def vectors(width: int) -> list[Any]:
        made = [layers.Embedding(count, width) for count in counts]
        return [layers.Flatten()(layer(x)) for layer, x in zip(made, inputs, strict=True)]

    found = [layers.Multiply()(vectors(8))] if kind != "MLP" else []
    if kind != "GMF":
        x = layers.Concatenate()(vectors(32))
        for units in (32, 16, 8):
            x = layers.Dense(units, activation="relu")(x)
        found.append(x)
    x = layers.Concatenate()(found) if len(found) > 1 else found[0]
    return k.Model(inputs, layers.Dense(1, activation="sigmoid")(x))


def matchers() -> Iterator[Entry]:
    """All of them."""
    yield Entry("words between contexts", contexts, "Lai et al. 2015", "tf_keras")
    for kind in ("GMF", "MLP", "NeuMF"):
        yield Entry(f"collaborative filtering, {kind}", partial(collaborative, kind), "He et al. 2017")
