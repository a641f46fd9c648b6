"""Texts and series."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import Any

from benchmarks.library.classic import chain
from benchmarks.library.kit import Entry


def kim(rows: bool, k: Any) -> Any:
    """Kim's CNN for sentences, over images of words (``rows``) or sequences."""
    layers = k.layers
    inputs = k.Input((56,), dtype="int32")
    x = layers.Embedding(20000, 256)(inputs)
    found = []
    if rows:
        x = layers.Reshape((56, 256, 1))(x)
        for size in (3, 4, 5):
            y = layers.Conv2D(512, (size, 256), activation="relu")(x)
            found.append(layers.MaxPooling2D((56 - size + 1, 1), strides=(1, 1))(y))
        x = layers.Flatten()(layers.Concatenate(axis=1)(found))
    else:
        for size in (3, 4, 5):
            found.append(layers.GlobalMaxPooling1D()(layers.Conv1D(128, size, activation="relu")(x)))
        x = layers.Concatenate()(found)
    return k.Model(inputs, layers.Dense(2, activation="softmax")(layers.Dropout(0.5)(x)))


def imdb_cnn(k: Any) -> Any:
    """The example script over 400 words."""
    layers = k.layers
    model = [layers.Embedding(5000, 50), layers.Dropout(0.2), layers.Conv1D(250, 3, activation="relu")]
    model += [layers.GlobalMaxPooling1D(), layers.Dense(250), layers.Dropout(0.2), layers.Activation("relu")]
    return chain(k, (400,), *model, layers.Dense(1), layers.Activation("sigmoid"))


def newsgroups(k: Any) -> Any:
    """The blog's CNN over pretrained embeddings."""
    layers = k.layers
    model: list[Any] = [layers.Embedding(20001, 100)]
    for place in range(3):
        model.append(layers.Conv1D(128, 5, activation="relu"))
        model.append(layers.MaxPooling1D(5) if place < 2 else layers.GlobalMaxPooling1D())
    return chain(k, (1000,), *model, layers.Dense(128, activation="relu"), layers.Dense(20, activation="softmax"))


def imdb_cnn_lstm(k: Any) -> Any:
    """The example script with both."""
    layers = k.layers
    model = [layers.Embedding(20000, 128), layers.Dropout(0.25), layers.Conv1D(64, 5, activation="relu")]
    model += [layers.MaxPooling1D(4), layers.LSTM(70), layers.Dense(1), layers.Activation("sigmoid")]
    return chain(k, (100,), *model)


def texts() -> Iterator[Entry]:
    """CNNs over words."""
    yield Entry("CNN for sentences", partial(kim, True), "Kim 2014")
    yield Entry("CNN for sentences, one axis", partial(kim, False), "Kim 2014")
    yield Entry("imdb_cnn", imdb_cnn, "Keras examples")
    yield Entry("pretrained_word_embeddings", newsgroups, "Keras examples")
    yield Entry("imdb_cnn_lstm", imdb_cnn_lstm, "Keras examples")


def classifier(kind: str, both: bool, layers_: int, head: str, k: Any) -> Any:
    """Embedding, recurrent layers, one sigmoid."""
    layers = k.layers
    make = getattr(layers, kind)
    model: list[Any] = [layers.Embedding(20000, 128)]
    if head == "spatial":
        model.append(layers.SpatialDropout1D(0.2))
    for place in range(layers_):
        layer = make(64, return_sequences=place < layers_ - 1)
        model.append(layers.Bidirectional(layer) if both else layer)
    if head == "dense":
        model.append(layers.Dense(64, activation="relu"))
    if head == "dropout":
        model.append(layers.Dropout(0.5))
    return chain(k, (80,), *model, layers.Dense(1, activation="sigmoid"))


def addition(k: Any) -> Any:
    """The example that adds numbers letter by letter."""
    layers = k.layers
    model = [layers.LSTM(128), layers.RepeatVector(4), layers.LSTM(128, return_sequences=True)]
    return chain(k, (7, 12), *model, layers.TimeDistributed(layers.Dense(12, activation="softmax")))


def characters(count: int, k: Any) -> Any:
    """The example that writes text."""
    layers, model = k.layers, []
    for place in range(count):
        model.append(layers.LSTM(128 * count, return_sequences=place < count - 1))
        if count > 1:
            model.append(layers.Dropout(0.2))
    return chain(k, (40, 57), *model, layers.Dense(57, activation="softmax"))


def prices(count: int, k: Any) -> Any:
    """Stacked LSTMs with dropout over one series, as tutorials on stock prices write them."""
    layers, model = k.layers, []
    for place in range(count):
        model += [layers.LSTM(50, return_sequences=place < count - 1), layers.Dropout(0.2)]
    return chain(k, (60, 1), *model, layers.Dense(1))


def recurrents() -> Iterator[Entry]:
    """Recurrent nets."""
    for kind, both, count, head in product(("LSTM", "GRU"), (False, True), (1, 2), ("", "dense", "dropout", "spatial")):
        words = f"{count} {'bidirectional ' if both else ''}{kind}{', ' + head if head else ''}"
        yield Entry(
            f"text classifier ({words})", partial(classifier, kind, both, count, head), "Keras examples", "tf_keras"
        )
    yield Entry("addition_rnn", addition, "Keras examples", "tf_keras")
    for count in (1, 2):
        yield Entry(f"text generation, {count} LSTM", partial(characters, count), "Keras examples", "tf_keras")
    for count in (2, 3, 4):
        yield Entry(f"series of prices, {count} LSTM", partial(prices, count), "tutorials", "tf_keras")
