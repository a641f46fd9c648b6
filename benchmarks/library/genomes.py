"""Nets over DNA and molecules: SpliceAI, DanQ, DeepSEA, DeepCpG, the chemical autoencoder's encoder."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from benchmarks.library.classic import chain
from benchmarks.library.kit import Entry

SPANS = {80: ((11, 1),), 400: ((11, 1), (11, 4)), 2000: ((11, 1), (11, 4), (21, 10))}
SPANS[10000] = (*SPANS[2000], (41, 25))
"""Window and dilation of every four residual units, for so many bases of context (Jaganathan et al. 2019)."""


def splice_ai(context: int, k: Any) -> Any:
    """SpliceAI: dilated residual units over DNA, whose sums after every four are added and cut to the middle."""
    layers = k.layers

    def conv(x: Any, size: int, dilation: int) -> Any:
        x = layers.Activation("relu")(layers.BatchNormalization()(x))
        return layers.Conv1D(32, size, dilation_rate=dilation, padding="same")(x)

    inputs = k.Input((None, 4))
    x = layers.Conv1D(32, 1)(inputs)
    skip = layers.Conv1D(32, 1)(x)
    for size, dilation in SPANS[context]:
        for _ in range(4):
            x = layers.Add()([conv(conv(x, size, dilation), size, dilation), x])
        skip = layers.Add()([skip, layers.Conv1D(32, 1)(x)])
    skip = layers.Cropping1D(context // 2)(skip)
    return k.Model(inputs, layers.Conv1D(3, 1, activation="softmax")(skip))


def danq(filters: int, size: int, pool: int, k: Any) -> Any:
    """DanQ, Quang & Xie 2016: one convolution, an LSTM in both directions."""
    layers = k.layers
    model = [layers.Conv1D(filters, size, activation="relu"), layers.MaxPooling1D(pool, strides=pool)]
    model += [layers.Dropout(0.2), layers.Bidirectional(layers.LSTM(filters, return_sequences=True))]
    model += [layers.Dropout(0.5), layers.Flatten(), layers.Dense(925), layers.Activation("relu")]
    return chain(k, (1000, 4), *model, layers.Dense(919), layers.Activation("sigmoid"))


def deep_sea(k: Any) -> Any:
    """DeepSEA, Zhou & Troyanskaya 2015, in Keras' words."""
    layers, model = k.layers, []
    for filters in (320, 480, 960):
        model.append(layers.Conv1D(filters, 8, activation="relu"))
        if filters < 960:
            model += [layers.MaxPooling1D(4), layers.Dropout(0.2)]
    model += [layers.Dropout(0.5), layers.Flatten(), layers.Dense(925, activation="relu")]
    return chain(k, (1000, 4), *model, layers.Dense(919, activation="sigmoid"))


def _methylation(k: Any, inputs: Any, x: Any, outputs: int) -> Any:
    return k.Model(inputs, [k.layers.Dense(1, activation="sigmoid")(x) for _ in range(outputs)])


def deep_cpg(convolutions: tuple[tuple[int, int, int], ...], units: int, outputs: int, k: Any) -> Any:
    """DeepCpG's DNA models of plain convolutions, Angermueller et al. 2017; no units: a GRU in both directions."""
    layers = k.layers
    inputs = x = k.Input((1001, 4))
    for filters, size, window in convolutions:
        x = layers.MaxPooling1D(window)(layers.Activation("relu")(layers.Conv1D(filters, size)(x)))
    if units:
        x = layers.Activation("relu")(layers.Dense(units)(layers.Flatten()(x)))
    else:
        x = layers.Bidirectional(layers.GRU(256))(x)
    return _methylation(k, inputs, layers.Dropout(0.0)(x), outputs)


def deep_cpg_residual(blocks: int, dilated: bool, outputs: int, k: Any) -> Any:
    """DeepCpG's bottlenecked residual DNA models; ``dilated``: a dilation of 2, 4 within a stage."""
    layers = k.layers

    def conv(x: Any, filters: int, size: int = 1, strides: int = 1, dilation: int = 1) -> Any:
        x = layers.Activation("relu")(layers.BatchNormalization()(x))
        padding = "same" if size > 1 else "valid"
        return layers.Conv1D(filters, size, strides=strides, dilation_rate=dilation, padding=padding)(x)

    inputs = k.Input((1001, 4))
    x = layers.Conv1D(128, 11)(inputs)
    x = x if dilated else layers.BatchNormalization()(x)
    x = layers.MaxPooling1D(2)(layers.Activation("relu")(x))
    for filters, count in ((32, blocks), (64, blocks), (128, blocks), (256, 1)):
        for block in range(count):
            strides = 1 if block else 2
            y = conv(conv(x, filters, 1, strides), filters, 3, 1, 2**block if dilated else 1)
            y = conv(y, 4 * filters)
            if not block:
                x = layers.Conv1D(4 * filters, 1, strides=2)(x)
            x = layers.Add()([x, y])
    return _methylation(k, inputs, layers.Dropout(0.0)(layers.GlobalAveragePooling1D()(x)), outputs)


def molecule_encoder(k: Any) -> Any:
    """Gómez-Bombarelli et al. 2018: letters of a molecule to the mean of its place, and what is before it."""
    layers = k.layers
    inputs = x = k.Input((120, 35))
    for filters, size in ((9, 9), (9, 9), (10, 11)):
        x = layers.BatchNormalization()(layers.Conv1D(filters, size, activation="tanh")(x))
    x = layers.Dropout(0.083)(layers.Dense(196, activation="tanh")(layers.Flatten()(x)))
    x = layers.BatchNormalization()(x)
    return k.Model(inputs, [layers.Dense(196)(x), x])


def genomes() -> Iterator[Entry]:
    """All of them."""
    for context in SPANS:
        yield Entry(f"SpliceAI-{context}nt", partial(splice_ai, context), "Jaganathan et al. 2019")
    for filters, size, pool in ((320, 26, 13), (1024, 30, 15)):
        word = "DanQ" + ("-JASPAR" if filters > 320 else "")
        yield Entry(word, partial(danq, filters, size, pool), "Quang & Xie 2016")
    yield Entry("DeepSEA", deep_sea, "Zhou & Troyanskaya 2015")
    plain = ((128, 11, 4), (256, 3, 2), (512, 3, 2))
    for count in (1, 2, 3):
        yield Entry(f"DeepCpG CnnL{count}h128", partial(deep_cpg, plain[:count], 128, 1), "DeepCpG")
    yield Entry("DeepCpG CnnRnn01", partial(deep_cpg, ((128, 11, 4), (256, 7, 4)), 0, 1), "DeepCpG")
    for name, blocks, dilated in (("ResNet01", 2, False), ("ResNet02", 3, False), ("ResAtrous01", 3, True)):
        yield Entry(f"DeepCpG {name}", partial(deep_cpg_residual, blocks, dilated, 1), "DeepCpG")
    yield Entry("encoder of molecules", molecule_encoder, "Gómez-Bombarelli et al. 2018")
