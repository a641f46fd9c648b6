"""Recurrent and causal networks on text, signals and videos."""

from __future__ import annotations

from typing import Any

from benchmarks.zoo.kit import Kit


def lstm_text(k: Kit) -> Any:
    """The imdb tutorial."""
    layers = [
        k.Input((k.pick((80, 100)),), dtype="int32"),
        k.Embedding(k.pick((2000, 500)), k.pick((64, 32)), name=k.n("embed")),
    ]
    if k.pick((False, True)):
        layers.append(k.SpatialDropout1D(0.2))
    layers.append(k.pick((k.LSTM, k.GRU), (k.SimpleRNN,))(48, dropout=0.2, recurrent_dropout=0.2, name=k.n("rnn")))
    return k.Sequential([*layers, k.Dense(1, activation="sigmoid", name=k.n("out"))])


def stacked_lstm(k: Kit) -> Any:
    """Forecasting: recurrent layers on top of each other."""
    cell = k.pick((k.LSTM, k.GRU))
    layers = [k.Input((k.pick((60, 24)), k.pick((1, 5))))]
    for units in k.pick(((50, 50), (32, 32, 32)), ((64, 32),)):
        layers += [cell(units, return_sequences=True, name=k.n("rnn")), k.Dropout(0.2)]
    return k.Sequential([*layers, cell(24, name=k.n("rnn")), k.Dense(1, name=k.n("out"))])


def tagger(k: Kit) -> Any:
    """Sequence labelling: bidirectional, a dense layer at every step."""
    x = tokens = k.Input((40,), dtype="int32")
    x = k.Embedding(300, 32, mask_zero=k.pick((False, True)), name=k.n("embed"))(x)
    x = k.Bidirectional(k.LSTM(24, return_sequences=True), merge_mode=k.pick(("concat",), ("sum",)))(x)
    if k.pick((True,), (False,)):
        x = k.TimeDistributed(k.Dense(16, activation="relu"))(x)
    return k.Model(tokens, k.TimeDistributed(k.Dense(9, activation="softmax"))(x))


def bigru_pooled(k: Kit) -> Any:
    """Toxic-comment style: bidirectional GRU, average and maximum over time side by side."""
    x = tokens = k.Input((50,), dtype="int32")
    x = k.SpatialDropout1D(0.2)(k.Embedding(400, 40, name=k.n("embed"))(x))
    x = k.Bidirectional(k.GRU(20, return_sequences=True))(x)
    if k.pick((False, True)):
        x = k.Conv1D(16, 3, padding="valid", name=k.n("conv"))(x)
    pools = [k.GlobalAveragePooling1D()(x), k.GlobalMaxPooling1D()(x)]
    x = k.concatenate(pools if k.pick((True,), (False,)) else pools[::-1])
    return k.Model(tokens, k.Dense(6, activation="sigmoid", name=k.n("out"))(x))


def char_rnn(k: Kit) -> Any:
    """Text generation from one-hot characters."""
    vocabulary = k.pick((57, 40))
    layers = [k.Input((40, vocabulary)), k.LSTM(64, return_sequences=k.pick((True,), (False,)), name=k.n("rnn"))]
    if k.split == "tune":
        layers.append(k.LSTM(64, name=k.n("rnn")))
    return k.Sequential([*layers, k.Dropout(0.2), k.Dense(vocabulary, name=k.n("out")), k.Activation("softmax")])


def cnn_lstm(k: Kit) -> Any:
    """Frames through a time-distributed network, then a recurrent layer."""
    layers = [k.Input((6, 24, 24, 1))]
    for width in (8, 16):
        layers += [
            k.TimeDistributed(k.Conv2D(width, 3, padding=k.pick(("same",), ("valid",)), activation="relu")),
            k.TimeDistributed(k.MaxPooling2D(2)),
        ]
    return k.Sequential(
        [
            *layers,
            k.TimeDistributed(k.Flatten()),
            k.LSTM(32, name=k.n("rnn")),
            k.Dense(5, activation="softmax", name=k.n("out")),
        ]
    )


def conv_lstm(k: Kit) -> Any:
    """Next-frame prediction."""
    layers = [k.Input((5, 20, 20, 1))]
    for _ in range(k.pick((2,), (3,))):
        layers += [
            k.ConvLSTM2D(8, 3, padding="same", return_sequences=True, name=k.n("rnn")),
            k.BatchNormalization(name=k.n("bn")),
        ]
    return k.Sequential([*layers, k.Conv3D(1, 3, activation="sigmoid", padding="same", name=k.n("out"))])


def activity_cnn(k: Kit) -> Any:
    """Human activity recognition: one-dimensional convolutions."""
    layers = [k.Input((k.pick((128, 90)), k.pick((9, 3))))]
    layers += [
        *k.plain(k.Conv1D, "relu", 32, k.pick((3, 10), (7,)), name=k.n("conv")),
        *k.plain(k.Conv1D, "relu", 32, 3, strides=k.pick((1, 2)), name=k.n("conv")),
        k.Dropout(0.5),
        k.MaxPooling1D(k.pick((2, 3)), name=k.n("pool")),
        k.Flatten(),
        *k.plain(k.Dense, "relu", 50, name=k.n("fc")),
    ]
    return k.Sequential([*layers, k.Dense(6, activation="softmax", name=k.n("out"))])


def wavenet(k: Kit) -> Any:
    """Gated dilated causal convolutions, residual and skip sums."""
    x = series = k.Input((k.pick((128, 64)), 1))
    x = k.Conv1D(16, 2, padding="causal", name=k.n("conv"))(x)
    skips = []
    for rate in k.pick(((1, 2, 4), (1, 2, 4, 8)), ((1, 3, 9),)):
        gated = k.Multiply(name=k.n("mul"))(
            [
                k.Conv1D(16, 2, padding="causal", dilation_rate=rate, activation="tanh", name=k.n("filter"))(x),
                k.Conv1D(16, 2, padding="causal", dilation_rate=rate, activation="sigmoid", name=k.n("gate"))(x),
            ]
        )
        skips.append(k.Conv1D(16, 1, name=k.n("skip"))(gated))
        x = k.Add(name=k.n("add"))([x, k.Conv1D(16, 1, name=k.n("res"))(gated)])
    x = k.Activation("relu")(k.Add(name=k.n("add"))(skips))
    x = k.Conv1D(16, 1, activation="relu", name=k.n("conv"))(x)
    return k.Model(series, k.Conv1D(k.pick((32, 1)), 1, name=k.n("out"))(x))


def tcn(k: Kit) -> Any:
    """Temporal residual blocks with growing dilation; the last step decides."""
    x = series = k.Input((64, k.pick((1, 4))))
    for rate in (1, 2, 4):
        y = x
        for _ in range(2):
            y = k.Conv1D(24, k.pick((3,), (2,)), padding="causal", dilation_rate=rate, name=k.n("conv"))(y)
            y = k.SpatialDropout1D(0.1)(k.Activation("relu")(y))
        skip = x if x.shape[-1] == 24 else k.Conv1D(24, 1, padding="same", name=k.n("match"))(x)
        x = k.Activation("relu")(k.add([skip, y]))
    return k.Model(series, k.Dense(k.pick((10, 1)), name=k.n("out"))(k.GlobalAveragePooling1D()(x)))


def seq2seq(k: Kit) -> Any:
    """Teacher-forced translation: the encoder's states start the decoder."""
    units, cell = 32, k.pick(("LSTM",), ("GRU",))
    source, target = k.Input((None, 30), name="encoder_in"), k.Input((None, 28), name="decoder_in")
    make = getattr(k, cell)
    _, *states = make(units, return_state=True, name=k.n("rnn"))(source)
    x, *_ = make(units, return_sequences=True, return_state=True, name=k.n("rnn"))(target, initial_state=states)
    return k.Model([source, target], k.Dense(28, activation="softmax", name=k.n("out"))(x))


def repeat_autoencoder(k: Kit) -> Any:
    """LSTM autoencoder: encode, repeat, decode every step."""
    steps, features = k.pick((10, 30)), k.pick((1, 4))
    return k.Sequential(
        [
            k.Input((steps, features)),
            k.LSTM(32, name=k.n("rnn")),
            k.RepeatVector(steps),
            k.pick((k.LSTM,), (k.GRU,))(32, return_sequences=True, name=k.n("rnn")),
            k.TimeDistributed(k.Dense(features)),
        ]
    )


def text_cnn(k: Kit) -> Any:
    """Kim's sentence network: parallel kernel lengths, global maximum."""
    x = tokens = k.Input((k.pick((60, 40)),), dtype="int32")
    x = k.Embedding(500, 50, name=k.n("embed"))(x)
    pools = []
    for size in k.pick(((3, 4, 5),), ((2, 3, 5, 7),)):
        y = k.Conv1D(24, size, activation="relu", padding=k.pick(("valid", "same")), name=k.n("conv"))(x)
        pools.append(k.GlobalMaxPooling1D()(y))
    x = k.Dropout(0.5)(k.Concatenate(name=k.n("cat"))(pools))
    return k.Model(tokens, k.Dense(k.pick((2, 5)), activation="softmax", name=k.n("out"))(x))


def text_cnn_2d(k: Kit) -> Any:
    """The older spelling: a reshaped embedding under Conv2D over its whole width."""
    steps, width = 40, k.pick((50, 32))
    x = tokens = k.Input((steps,), dtype="int32")
    x = k.Reshape((steps, width, 1))(k.Embedding(500, width, name=k.n("embed"))(x))
    pools = []
    for size in (3, 4, 5):
        y = k.Conv2D(16, (size, width), padding="valid", activation="relu", name=k.n("conv"))(x)
        pools.append(k.MaxPooling2D((steps - size + 1, 1), strides=(1, 1), padding="valid", name=k.n("pool"))(y))
    x = k.Dropout(0.5)(k.Flatten()(k.Concatenate(axis=1, name=k.n("cat"))(pools)))
    return k.Model(tokens, k.Dense(2, activation="softmax", name=k.n("out"))(x))


def crnn(k: Kit) -> Any:
    """Text recognition: convolutions, columns as time steps, two bidirectional layers."""
    x = image = k.Input((64, 32, 1))
    x = k.MaxPooling2D((2, 2), name=k.n("pool"))(k.conv(x, 8, 3, padding="same"))
    x = k.MaxPooling2D((2, 2), name=k.n("pool"))(k.conv(x, 16, 3, padding="same"))
    x = k.dense(k.Reshape((16, 8 * 16))(x), 32)
    if k.pick((True,), (False,)):
        x = k.Bidirectional(k.LSTM(24, return_sequences=True))(x)
        x = k.Bidirectional(k.LSTM(24, return_sequences=True))(x)
    else:
        left = k.GRU(24, return_sequences=True, name=k.n("rnn"))(x)
        right = k.GRU(24, return_sequences=True, name=k.n("rnn"))(x)
        x = k.concatenate([left, right])
    return k.Model(image, k.Dense(38, activation="softmax", name=k.n("out"))(x))


def volume_cnn(k: Kit) -> Any:
    """Three-dimensional convolutions on short clips."""
    layers = [k.Input((8, 24, 24, k.pick((1, 3))))]
    layers += [
        *k.plain(k.Conv3D, "relu", 8, 3, padding="same", name=k.n("conv")),
        k.MaxPooling3D(pool_size=(1, 2, 2), name=k.n("pool")),
        *k.plain(k.Conv3D, "relu", 16, k.pick((3,), ((1, 3, 3),)), padding="same", name=k.n("conv")),
        k.MaxPooling3D(pool_size=(2, 2, 2), name=k.n("pool")),
        *k.plain(k.Conv3D, "relu", 16, 3, name=k.n("conv")),
        k.Flatten(),
    ]
    return k.Sequential(
        [*layers, *k.plain(k.Dense, "relu", 32, name=k.n("fc")), k.Dense(5, activation="softmax", name=k.n("out"))]
    )


def volume_residual(k: Kit) -> Any:
    """A residual network over volumes, strided."""
    x = volume = k.Input((16, 16, 16, 1))
    x = k.Conv3D(8, 3, padding="same", activation="relu", name=k.n("conv"))(x)
    for width, strides in ((8, 1), (16, 2)):
        y = k.Conv3D(width, 3, strides=strides, padding="same", name=k.n("conv"))(x)
        y = k.Activation("relu")(k.BatchNormalization(name=k.n("bn"))(y))
        y = k.Conv3D(width, 3, padding="same", name=k.n("conv"))(y)
        skip = x if strides == 1 else k.Conv3D(width, 1, strides=strides, name=k.n("conv"))(x)
        x = k.Activation(k.pick(("relu",), ("elu",)))(k.Add(name=k.n("add"))([skip, y]))
    return k.Model(volume, k.Dense(3, activation="softmax", name=k.n("out"))(k.GlobalAveragePooling3D()(x)))
