"""Nets that read letters, compare two inputs or recommend: character CNN, RCNN, siamese nets, matrix factorisation."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from benchmarks.library.classic import chain
from benchmarks.library.kit import Entry


def characters(filters: int, units: int, k: Any) -> Any:
    """Zhang et al. 2015: six convolutions over 1,014 characters, cut off below a threshold near zero."""
    layers = k.layers
    model: list[Any] = [layers.Embedding(70, 128)]
    for size, window in ((7, 3), (7, 3), (3, 0), (3, 0), (3, 0), (3, 3)):
        model += [layers.Conv1D(filters, size), layers.ThresholdedReLU(1e-6)]
        model += [layers.MaxPooling1D(window)] if window else []
    model.append(layers.Flatten())
    for _ in range(2):
        model += [layers.Dense(units), layers.ThresholdedReLU(1e-6), layers.Dropout(0.5)]
    return chain(k, (1014,), *model, layers.Dense(4, activation="softmax"))


def fasttext(k: Any) -> Any:
    """The Keras example: the mean of a text's word vectors."""
    layers = k.layers
    return chain(
        k, (400,), layers.Embedding(20000, 50), layers.GlobalAveragePooling1D(), layers.Dense(1, activation="sigmoid")
    )


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


def ma_lstm(k: Any) -> Any:
    """MaLSTM, Mueller & Thyagarajan 2016: one LSTM for both sentences, similarity as exp of minus the distance."""
    layers, ops = k.layers, k.ops
    inputs = [k.Input((213,), dtype="int32") for _ in range(2)]
    embedding, recurrent = layers.Embedding(100000, 300), layers.LSTM(50)
    embedded = [embedding(x) for x in inputs]
    left, right = (recurrent(x) for x in embedded)
    return k.Model(inputs, ops.exp(-ops.sum(ops.abs(left - right), axis=1, keepdims=True)))


def siamese_digits(k: Any) -> Any:
    """The Keras example: one net for both digits, the distance of their vectors."""
    layers, ops = k.layers, k.ops
    inputs = k.Input((28, 28))
    x = layers.Flatten()(inputs)
    for place in range(3):
        x = layers.Dense(128, activation="relu")(x)
        x = layers.Dropout(0.1)(x) if place < 2 else x
    net = k.Model(inputs, x)
    pair = [k.Input((28, 28)) for _ in range(2)]
    left, right = (net(x) for x in pair)
    squares = ops.sum(ops.square(left - right), axis=1, keepdims=True)
    return k.Model(pair, ops.sqrt(ops.maximum(squares, 1e-7)))


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
    for filters, units in ((256, 1024), (1024, 2048)):
        made = partial(characters, filters, units)
        yield Entry(f"CNN over characters, {filters} filters", made, "Zhang et al. 2015", "tf_keras")
    yield Entry("imdb_fasttext", fasttext, "Keras examples")
    yield Entry("words between contexts", contexts, "Lai et al. 2015", "tf_keras")
    yield Entry("MaLSTM", ma_lstm, "Mueller & Thyagarajan 2016")
    yield Entry("mnist_siamese", siamese_digits, "Keras examples")
    for kind in ("GMF", "MLP", "NeuMF"):
        yield Entry(f"collaborative filtering, {kind}", partial(collaborative, kind), "He et al. 2017")
