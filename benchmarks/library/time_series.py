"""Classifiers and forecasters of series: ``dl-4-tsc``, LSTM-FCN, two nets for hearts, N-BEATS, TCN, WaveNet."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from benchmarks.library.kit import Entry, squeezed


def _conv(k: Any, x: Any, filters: int, size: int, active: bool = True) -> Any:
    layers = k.layers
    x = layers.BatchNormalization()(layers.Conv1D(filters, size, padding="same")(x))
    return layers.Activation("relu")(x) if active else x


def _end(k: Any, inputs: Any, x: Any, classes: int = 10) -> Any:
    layers = k.layers
    return k.Model(inputs, layers.Dense(classes, activation="softmax")(layers.GlobalAveragePooling1D()(x)))


def mlp(k: Any) -> Any:
    """Three Denses of 500 with dropout in front of each."""
    layers = k.layers
    inputs = k.Input((128, 1))
    x = layers.Flatten()(inputs)
    for rate in (0.1, 0.2, 0.2):
        x = layers.Dense(500, activation="relu")(layers.Dropout(rate)(x))
    return k.Model(inputs, layers.Dense(10, activation="softmax")(layers.Dropout(0.3)(x)))


def fcn(k: Any) -> Any:
    """Wang et al. 2017: three convolutions, windows of 8, 5 and 3."""
    inputs = x = k.Input((128, 1))
    for filters, size in ((128, 8), (256, 5), (128, 3)):
        x = _conv(k, x, filters, size)
    return _end(k, inputs, x)


def resnet(k: Any) -> Any:
    """Wang et al. 2017: three residual blocks; the last shortcut is normalised alone."""
    layers = k.layers
    inputs = x = k.Input((128, 1))
    for place, filters in enumerate((64, 128, 128)):
        y = _conv(k, _conv(k, _conv(k, x, filters, 8), filters, 5), filters, 3, False)
        x = _conv(k, x, filters, 1, False) if place < 2 else layers.BatchNormalization()(x)
        x = layers.Activation("relu")(layers.Add()([x, y]))
    return _end(k, inputs, x)


def inception_time(filters: int, depth: int, k: Any) -> Any:
    """InceptionTime, Ismail Fawaz et al. 2020: windows of 40, 20 and 10 beside a pool, a shortcut around three."""
    layers = k.layers

    def conv(x: Any, size: int, count: int = filters) -> Any:
        return layers.Conv1D(count, size, padding="same", use_bias=False)(x)

    inputs = x = given = k.Input((128, 1))
    for place in range(depth):
        narrow = conv(x, 1, 32) if int(x.shape[-1]) > 32 else x
        found = [conv(narrow, size) for size in (40, 20, 10)]
        found.append(conv(layers.MaxPooling1D(3, strides=1, padding="same")(x), 1))
        x = layers.Activation("relu")(layers.BatchNormalization()(layers.Concatenate()(found)))
        if place % 3 == 2:
            given = layers.BatchNormalization()(conv(given, 1, 4 * filters))
            x = given = layers.Activation("relu")(layers.Add()([given, x]))
    return _end(k, inputs, x)


def small(kind: str, k: Any) -> Any:
    """Two convolutions with pools: Zhao et al. 2017 (``Time-CNN``) and Le Guennec et al. 2016 (``t-LeNet``)."""
    layers = k.layers
    inputs = x = k.Input((128, 1))
    if kind == "Time-CNN":
        for filters in (6, 12):
            x = layers.AveragePooling1D(3)(layers.Conv1D(filters, 7, activation="sigmoid")(x))
        return k.Model(inputs, layers.Dense(10, activation="sigmoid")(layers.Flatten()(x)))
    for filters, window in ((5, 2), (20, 4)):
        x = layers.MaxPooling1D(window)(layers.Conv1D(filters, 5, padding="same", activation="relu")(x))
    x = layers.Dense(500, activation="relu")(layers.Flatten()(x))
    return k.Model(inputs, layers.Dense(10, activation="softmax")(x))


def channel_wise(count: int, k: Any) -> Any:
    """MCDCNN, Zheng et al. 2014: every variable an input with convolutions of its own."""
    layers = k.layers
    inputs, found = [], []
    for _ in range(count):
        x = k.Input((128, 1))
        inputs.append(x)
        for _ in range(2):
            x = layers.MaxPooling1D(2)(layers.Conv1D(8, 5, activation="relu")(x))
        found.append(layers.Flatten()(x))
    x = layers.Dense(732, activation="relu")(layers.Concatenate()(found) if count > 1 else found[0])
    return k.Model(inputs, layers.Dense(10, activation="softmax")(x))


def encoder(k: Any) -> Any:
    """Serra et al. 2018: half of the last maps weighs the other half; normalised per series and map."""
    layers = k.layers
    inputs = x = k.Input((128, 1))
    for filters, size in ((128, 5), (256, 11), (512, 21)):
        x = layers.GroupNormalization(groups=-1)(layers.Conv1D(filters, size, padding="same")(x))
        x = layers.Dropout(0.2)(layers.PReLU(shared_axes=[1])(x))
        x = layers.MaxPooling1D(2)(x) if filters < 512 else x
    data, weights = x[:, :, :256], x[:, :, 256:]
    x = layers.Multiply()([layers.Softmax()(weights), data])
    x = layers.GroupNormalization(groups=-1)(layers.Dense(256, activation="sigmoid")(x))
    return k.Model(inputs, layers.Dense(10, activation="softmax")(layers.Flatten()(x)))


def lstm_fcn(kind: str, cells: int, k: Any) -> Any:
    """LSTM-FCN, Karim et al. 2018: a recurrent layer over the series as one step beside convolutions over time."""
    layers = k.layers
    inputs = k.Input((1, 128))
    x = layers.Dropout(0.8)(getattr(layers, kind)(cells)(inputs))
    y = layers.Permute((2, 1))(inputs)
    for filters, size in ((128, 8), (256, 5), (128, 3)):
        y = _conv(k, y, filters, size)
    x = layers.Concatenate()([x, layers.GlobalAveragePooling1D()(y)])
    return k.Model(inputs, layers.Dense(10, activation="softmax")(x))


def mlstm_fcn(cells: int, k: Any) -> Any:
    """MLSTM-FCN, Karim et al. 2019: several variables, masked, with squeeze and excitation."""
    layers = k.layers
    inputs = k.Input((12, 128))
    x = layers.Dropout(0.8)(layers.LSTM(cells)(layers.Masking()(inputs)))
    y = layers.Permute((2, 1))(inputs)
    for filters, size in ((128, 8), (256, 5), (128, 3)):
        y = _conv(k, y, filters, size)
        y = squeezed(k, y, 16) if size > 3 else y
    x = layers.Concatenate()([x, layers.GlobalAveragePooling1D()(y)])
    return k.Model(inputs, layers.Dense(10, activation="softmax")(x))


def arrhythmias(k: Any) -> Any:
    """Hannun et al. 2019: 33 convolutions over a heart's signal, pools and zeros for more maps in the shortcuts."""
    layers = k.layers

    def act(x: Any, drop: bool = False) -> Any:
        x = layers.Activation("relu")(layers.BatchNormalization()(x))
        return layers.Dropout(0.2)(x) if drop else x

    def conv(x: Any, filters: int, strides: int = 1) -> Any:
        return layers.Conv1D(filters, 16, strides=strides, padding="same")(x)

    inputs = k.Input((None, 1))
    x = act(conv(inputs, 32))
    for place in range(16):
        strides, filters = 1 + place % 2, 32 * 2 ** (place // 4)
        given = layers.MaxPooling1D(strides)(x)
        if place and place % 4 == 0:
            given = k.ops.concatenate([given, k.ops.zeros_like(given)], axis=2)
        x = conv(act(x) if place else x, filters, strides)
        x = layers.Add()([given, conv(act(x, True), filters)])
    x = layers.TimeDistributed(layers.Dense(4))(act(x))
    return k.Model(inputs, layers.Activation("softmax")(x))


def twelve_leads(k: Any) -> Any:
    """Ribeiro et al. 2020: four residual units over twelve leads, pools and narrow convolutions in the shortcuts."""
    layers = k.layers

    def conv(x: Any, filters: int, strides: int = 1) -> Any:
        return layers.Conv1D(filters, 16, strides=strides, padding="same", use_bias=False)(x)

    def act(x: Any) -> Any:
        return layers.Activation("relu")(layers.BatchNormalization()(x))

    inputs = k.Input((4096, 12))
    x = y = act(conv(inputs, 64))
    for filters in (128, 196, 256, 320):
        y = layers.MaxPooling1D(4, strides=4, padding="same")(y)
        y = layers.Conv1D(filters, 1, padding="same", use_bias=False)(y)
        x = layers.Dropout(0.8)(act(conv(x, filters)))
        y = layers.Add()([conv(x, filters, 4), y])
        x = layers.Dropout(0.8)(act(y))
    return k.Model(inputs, layers.Dense(6, activation="sigmoid")(layers.Flatten()(x)))


def sleep(k: Any) -> Any:
    """DeepSleepNet's feature net, Supratak et al. 2017: small and large windows over half a minute, side by side."""
    layers = k.layers

    def act(x: Any) -> Any:
        return layers.Activation("relu")(layers.BatchNormalization()(x))

    inputs, found = k.Input((3000, 1)), []
    for size, strides, first, inner, last in ((50, 6, 8, 8, 4), (400, 50, 4, 6, 2)):
        x = act(layers.Conv1D(64, size, strides=strides)(inputs))
        x = layers.Dropout(0.5)(layers.MaxPooling1D(first, strides=first)(x))
        for _ in range(3):
            x = act(layers.Conv1D(128, inner, padding="same")(x))
        x = layers.MaxPooling1D(last, strides=last)(x)
        found.append(layers.Reshape((int(x.shape[1]) * 128,))(x))
    x = layers.Dense(1024)(layers.Concatenate()(found))
    x = layers.Dense(5)(layers.Dropout(0.5)(x))
    return k.Model(inputs, layers.Activation("softmax")(x))


def n_beats(stacks: int, k: Any) -> Any:
    """N-BEATS of generic blocks, Oreshkin et al. 2019: the forecasting model, a Flatten for its slice."""
    layers = k.layers
    inputs = k.Input((10, 1))
    x, y = layers.Flatten()(inputs), None
    for stack in range(stacks):
        for block in range(3):
            z = x
            for _ in range(4):
                z = layers.Dense(256, activation="relu")(z)
            theta = 4 * 2**stack
            back, ahead = (layers.Dense(theta, use_bias=False) for _ in range(2))
            backcast, forecast = layers.Dense(10), layers.Dense(2)
            ahead_of = forecast(ahead(z))
            if (stack, block) != (stacks - 1, 2):
                x = layers.Subtract()([x, backcast(back(z))])
            y = ahead_of if y is None else layers.Add()([y, ahead_of])
    return k.Model(inputs, layers.Reshape((2, 1))(y))


def tcn(filters: int, size: int, k: Any) -> Any:
    """The package ``keras-tcn`` 2 in layers: causal convolutions with growing dilations, all blocks added."""
    layers = k.layers
    inputs = k.Input((128, 1))
    x, found = layers.Conv1D(filters, 1, padding="causal")(inputs), []
    for dilation in (1, 2, 4, 8, 16, 32):
        y = x
        for _ in range(2):
            y = layers.Conv1D(filters, size, dilation_rate=dilation, padding="causal")(y)
            y = layers.SpatialDropout1D(0.05)(layers.Activation("relu")(y))
        found.append(y)
        x = layers.Add()([layers.Conv1D(filters, 1, padding="same")(x), y])
    x = layers.Add()(found)[:, -1, :]
    return k.Model(inputs, layers.Activation("softmax")(layers.Dense(10)(x)))


def wavenet(filters: int, depth: int, stacks: int, k: Any) -> Any:
    """WaveNet, van den Oord et al. 2016, as ``basveeling/wavenet`` writes it: gates without biases, skips added."""
    layers = k.layers

    def causal(x: Any, dilation: int, activation: str | None, bias: bool = False) -> Any:
        made = layers.Conv1D(filters, 2, dilation_rate=dilation, padding="causal", activation=activation, use_bias=bias)
        return made(x)

    inputs = k.Input((1152, 256))
    x, skips = causal(inputs, 1, None, True), []
    for _ in range(stacks):
        for place in range(depth + 1):
            y = layers.Multiply()([causal(x, 2**place, "tanh"), causal(x, 2**place, "sigmoid")])
            y = layers.Conv1D(filters, 1, padding="same", use_bias=False)(y)
            skips.append(y)
            x = layers.Add()([x, y])
    x = layers.Add()(skips)
    for _ in range(2):
        x = layers.Conv1D(256, 1, padding="same")(layers.Activation("relu")(x))
    return k.Model(inputs, layers.Activation("softmax")(x))


def series() -> Iterator[Entry]:
    """All of them."""
    source = "dl-4-tsc"
    yield Entry("MLP for series", mlp, source)
    yield Entry("FCN for series", fcn, source)
    yield Entry("ResNet for series", resnet, source)
    yield Entry("InceptionTime", partial(inception_time, 32, 6), source)
    for kind in ("Time-CNN", "t-LeNet"):
        yield Entry(kind, partial(small, kind), source)
    for count in (3, 6):
        yield Entry(f"MCDCNN of {count} variables", partial(channel_wise, count), source)
    yield Entry("Encoder for series", encoder, source)
    for kind in ("LSTM", "GRU"):
        yield Entry(f"{kind}-FCN", partial(lstm_fcn, kind, 8), "LSTM-FCN")
    yield Entry("MLSTM-FCN", partial(mlstm_fcn, 8), "MLSTM-FCN")
    yield Entry("arrhythmias, 34 layers", arrhythmias, "Hannun et al. 2019")
    yield Entry("twelve leads", twelve_leads, "Ribeiro et al. 2020")
    yield Entry("stages of sleep", sleep, "DeepSleepNet_Implementation_in_Keras")
    yield Entry("N-BEATS, two generic stacks", partial(n_beats, 2), "philipperemy/n-beats")
    for size in (2, 3, 6):
        yield Entry(f"TCN, windows of {size}", partial(tcn, 64, size), "keras-tcn 2")
    for filters, depth, stacks in ((256, 9, 1), (32, 7, 4)):
        made = partial(wavenet, filters, depth, stacks)
        yield Entry(f"WaveNet, {stacks} stacks of {depth + 1}", made, "basveeling/wavenet")
