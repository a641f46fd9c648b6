"""Nets of projects and competitions that are copied as they are: feelings, digits, signs, comments, captions, tunes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from benchmarks.library.classic import chain
from benchmarks.library.kit import Entry


def feelings(k: Any) -> Any:
    """Seven feelings of faces of 48x48: four convolutions, a Dense of 1,024."""
    layers = k.layers
    model = [layers.Conv2D(32, 3, activation="relu"), layers.Conv2D(64, 3, activation="relu")]
    model += [layers.MaxPooling2D(), layers.Dropout(0.25)]
    for _ in range(2):
        model += [layers.Conv2D(128, 3, activation="relu"), layers.MaxPooling2D()]
    model += [layers.Dropout(0.25), layers.Flatten(), layers.Dense(1024, activation="relu"), layers.Dropout(0.5)]
    return chain(k, (48, 48, 1), *model, layers.Dense(7, activation="softmax"))


def pairs(shape: tuple[int, int, int], padding: str, classes: int, k: Any) -> Any:
    """Two convolutions of five by five, two of three by three: digits (``same``) and traffic signs (``valid``)."""
    layers, model = k.layers, []
    for filters, size in ((32, 5), (64, 3)):
        model += [layers.Conv2D(filters, size, padding=padding, activation="relu") for _ in range(2)]
        model += [layers.MaxPooling2D(), layers.Dropout(0.25)]
    model += [layers.Flatten(), layers.Dense(256, activation="relu"), layers.Dropout(0.5)]
    return chain(k, shape, *model, layers.Dense(classes, activation="softmax"))


def eyes(k: Any) -> Any:
    """Open and closed eyes of 24x24: pools of one by one, which change nothing."""
    layers, model = k.layers, []
    for filters in (32, 32, 64):
        model += [layers.Conv2D(filters, 3, activation="relu"), layers.MaxPooling2D(1)]
    model += [layers.Dropout(0.25), layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dropout(0.5)]
    return chain(k, (24, 24, 1), *model, layers.Dense(2, activation="softmax"))


def handwriting(k: Any) -> Any:
    """Letters of 28x28: three convolutions, the middle one padded, Denses of 64 and 128."""
    layers, model = k.layers, []
    for filters, padding in ((32, "valid"), (64, "same"), (128, "valid")):
        model += [layers.Conv2D(filters, 3, padding=padding, activation="relu"), layers.MaxPooling2D(2, strides=2)]
    model += [layers.Flatten(), layers.Dense(64, activation="relu"), layers.Dense(128, activation="relu")]
    return chain(k, (28, 28, 1), *model, layers.Dense(26, activation="softmax"))


def cats_and_dogs(k: Any) -> Any:
    """A notebook's three normalised convolutions over 128x128, dropout behind each pool."""
    layers, model = k.layers, []
    for filters in (32, 64, 128):
        model += [layers.Conv2D(filters, 3, activation="relu"), layers.BatchNormalization()]
        model += [layers.MaxPooling2D(), layers.Dropout(0.25)]
    model += [layers.Flatten(), layers.Dense(512, activation="relu"), layers.BatchNormalization(), layers.Dropout(0.5)]
    return chain(k, (128, 128, 3), *model, layers.Dense(2, activation="softmax"))


def comments(kind: str, k: Any) -> Any:
    """Toxic comments: one recurrent layer, pooled over all words."""
    layers = k.layers
    inputs = k.Input((100,))
    if kind == "GRU":
        x = layers.SpatialDropout1D(0.2)(layers.Embedding(30000, 300)(inputs))
        x = layers.Bidirectional(layers.GRU(80, return_sequences=True))(x)
        x = layers.Concatenate()([layers.GlobalAveragePooling1D()(x), layers.GlobalMaxPooling1D()(x)])
        return k.Model(inputs, layers.Dense(6, activation="sigmoid")(x))
    if kind == "LSTM":
        x = layers.LSTM(60, return_sequences=True)(layers.Embedding(20000, 128)(inputs))
        x = layers.Dropout(0.1)(layers.GlobalMaxPooling1D()(x))
    else:
        x = layers.Embedding(20000, 50)(inputs)
        x = layers.Bidirectional(layers.LSTM(50, return_sequences=True, dropout=0.1, recurrent_dropout=0.1))(x)
        x = layers.GlobalMaxPooling1D()(x)
    x = layers.Dropout(0.1)(layers.Dense(50, activation="relu")(x))
    return k.Model(inputs, layers.Dense(6, activation="sigmoid")(x))


def names(k: Any) -> Any:
    """Named entities: one LSTM in both directions, a tag per word."""
    layers = k.layers
    model = [layers.Embedding(20000, 50), layers.Dropout(0.1)]
    model.append(layers.Bidirectional(layers.LSTM(100, return_sequences=True, recurrent_dropout=0.1)))
    return chain(k, (75,), *model, layers.TimeDistributed(layers.Dense(17, activation="softmax")))


def captions(features: int, k: Any) -> Any:
    """Captions of pictures: what a classifier saw is added to what an LSTM read."""
    layers = k.layers
    seen, read = k.Input((features,)), k.Input((34,))
    x = layers.Dense(256, activation="relu")(layers.Dropout(0.5)(seen))
    y = layers.Dropout(0.5)(layers.Embedding(7579, 256, mask_zero=True)(read))
    x = layers.Dense(256, activation="relu")(layers.Add()([x, layers.LSTM(256)(y)]))
    return k.Model([seen, read], layers.Dense(7579, activation="softmax")(x))


def tunes(normalised: bool, k: Any) -> Any:
    """Notes of a piano one by one: three LSTMs of 512, dropout between or, later, within and normalised."""
    layers, model = k.layers, []
    for place in range(3):
        rate = 0.3 if normalised and place < 2 else 0.0
        model.append(layers.LSTM(512, return_sequences=place < 2, recurrent_dropout=rate))
        model += [layers.Dropout(0.3)] if place < 2 and not normalised else []
    if normalised:
        model += [layers.BatchNormalization(), layers.Dropout(0.3), layers.Dense(256), layers.Activation("relu")]
        model += [layers.BatchNormalization(), layers.Dropout(0.3)]
    else:
        model += [layers.Dense(256), layers.Dropout(0.3)]
    return chain(k, (100, 1), *model, layers.Dense(358), layers.Activation("softmax"))


def pictures() -> Iterator[Entry]:
    """Of pictures."""
    yield Entry("seven feelings", feelings, "projects")
    yield Entry("digits by two windows", partial(pairs, (28, 28, 1), "same", 10), "Kaggle notebooks")
    yield Entry("traffic signs by two windows", partial(pairs, (30, 30, 3), "valid", 43), "projects")
    yield Entry("open and closed eyes", eyes, "projects")
    yield Entry("handwritten letters", handwriting, "projects")
    yield Entry("cats and dogs, normalised", cats_and_dogs, "Kaggle notebooks")


def words() -> Iterator[Entry]:
    """Of words and notes."""
    for kind in ("GRU", "LSTM", "two directions"):
        yield Entry(f"toxic comments by {kind}", partial(comments, kind), "Kaggle notebooks", "tf_keras")
    yield Entry("named entities", names, "projects", "tf_keras")
    for features in (4096, 2048):
        yield Entry(f"captions from {features} features", partial(captions, features), "tutorials", "tf_keras")
    for normalised in (False, True):
        word = "tunes of a piano" + (", normalised" if normalised else "")
        yield Entry(word, partial(tunes, normalised), "Classical-Piano-Composer", "tf_keras")
