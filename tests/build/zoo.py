"""Small models of every kind of wiring."""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import layers


def mlp() -> keras.Model:
    x = inputs = keras.Input((4,), name="features")
    x = layers.Dense(5, activation="relu", name="hidden")(x)
    x = layers.Dropout(0.3, name="drop")(x)
    return keras.Model(inputs, layers.Dense(3, activation="softmax", name="classes")(x), name="mlp")


def cnn() -> keras.Model:
    x = inputs = keras.Input((8, 8, 3), name="image")
    x = layers.Conv2D(4, 3, strides=2, padding="same", use_bias=False, name="conv")(x)
    x = layers.BatchNormalization(epsilon=1e-5, name="bn")(x)
    x = layers.ReLU(name="relu")(x)
    x = layers.SeparableConv2D(5, 3, name="sep")(x)
    x = layers.DepthwiseConv2D(2, name="dw")(x)
    x = layers.PReLU(shared_axes=[1, 2], name="prelu")(x)
    x = layers.GlobalAveragePooling2D(name="gap")(x)
    return keras.Model(inputs, layers.Dense(2, name="fc")(x), name="cnn")


def residual() -> keras.Model:
    x = inputs = keras.Input((None, None, 3), name="image")
    x = layers.Conv2D(4, 3, padding="same", name="stem")(x)
    for block in range(3):
        y = layers.Conv2D(4, 3, padding="same", activation="relu", name=f"block{block}_conv")(x)
        y = layers.BatchNormalization(name=f"block{block}_bn")(y)
        x = layers.Add(name=f"block{block}_add")([x, y])
    x = layers.GlobalMaxPooling2D(name="pool")(x)
    return keras.Model(inputs, layers.Dense(2, name="fc")(x), name="residual")


def two_inputs() -> keras.Model:
    left, right = keras.Input((4,), name="left"), keras.Input((3,), name="right")
    x = layers.Concatenate(name="both")([layers.Dense(2, name="dense_left")(left), right])
    a = layers.Dense(1, name="score")(x)
    b = layers.Dense(2, activation="softmax", name="kind")(x)
    return keras.Model([left, right], [a, b], name="two_inputs")


def nested() -> keras.Model:
    inner_in = keras.Input((4,), name="inner_in")
    inner_out = layers.Dense(4, activation="tanh", name="dense")(inner_in)
    tower = keras.Model(inner_in, layers.BatchNormalization(name="bn")(inner_out), name="tower")
    x = inputs = keras.Input((4,), name="outer_in")
    x = tower(x)
    x = layers.Add(name="add")([x, tower(x)])
    return keras.Model(inputs, layers.Dense(2, name="dense")(x), name="nested")


def shared() -> keras.Model:
    left, right = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    encoder = layers.Dense(3, activation="relu", name="encoder")
    x = layers.Subtract(name="difference")([encoder(left), encoder(right)])
    return keras.Model([left, right], layers.Dense(1, name="same")(x), name="shared")


def recurrent() -> keras.Model:
    x = inputs = keras.Input((6,), dtype="int32", name="words")
    x = layers.Embedding(11, 4, mask_zero=True, name="embedding")(x)
    x = layers.Bidirectional(layers.LSTM(3, return_sequences=True, name="lstm"), name="bi")(x)
    x = layers.TimeDistributed(layers.Dense(4, activation="relu", name="inner"), name="td")(x)
    x = layers.GRU(3, name="gru")(x)
    return keras.Model(inputs, layers.Dense(2, name="fc")(x), name="recurrent")


def stateful_outputs() -> keras.Model:
    a, b = keras.Input((5, 2), name="source"), keras.Input((4, 2), name="target")
    _, h, c = layers.LSTM(3, return_state=True, name="encode")(a)
    x = layers.LSTM(3, return_sequences=True, name="decode")(b, initial_state=[h, c])
    return keras.Model([a, b], layers.Dense(2, name="fc")(x), name="seq2seq")


def attention() -> keras.Model:
    x = inputs = keras.Input((6, 8), name="tokens")
    y = layers.MultiHeadAttention(2, 4, name="mha")(x, x)
    x = layers.LayerNormalization(name="norm")(layers.Add(name="add")([x, y]))
    x = layers.RNN([layers.LSTMCell(3, name="one"), layers.LSTMCell(2, name="two")], name="rnn")(x)
    return keras.Model(inputs, layers.EinsumDense("ab,bc->ac", 3, bias_axes="c", name="ein")(x), name="attention")


def normalized() -> keras.Model:
    x = inputs = keras.Input((4,), name="features")
    x = layers.Normalization(name="norm")(x)
    x = layers.SpectralNormalization(layers.Dense(3, name="inner"), name="sn")(x)
    return keras.Model(inputs, x, name="normalized")


ZOO: tuple[Callable[[], keras.Model], ...] = (
    mlp, cnn, residual, two_inputs, nested, shared, recurrent, stateful_outputs, attention, normalized,
)  # fmt: skip
