"""Series, sounds, films and lines of text in pictures."""

from __future__ import annotations

from typing import Any


def engine_noise(keras: Any) -> Any:
    """Time series from scratch: three convolutions with normalisation."""
    layers = keras.layers
    input_layer = layers.Input((500, 1))
    x = input_layer
    for _ in range(3):
        x = layers.Conv1D(filters=64, kernel_size=3, padding="same")(x)
        x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x)
    gap = layers.GlobalAveragePooling1D()(x)
    output_layer = layers.Dense(2, activation="softmax")(gap)
    return keras.Model(inputs=input_layer, outputs=output_layer)


def series_transformer(keras: Any) -> Any:
    """Time series with transformer blocks on one feature; the mean goes over the features."""
    layers = keras.layers

    def transformer_encoder(inputs: Any, head_size: int, num_heads: int, ff_dim: int, dropout: float) -> Any:
        x = layers.MultiHeadAttention(key_dim=head_size, num_heads=num_heads, dropout=dropout)(inputs, inputs)
        x = layers.Dropout(dropout)(x)
        x = layers.LayerNormalization(epsilon=1e-6)(x)
        res = x + inputs
        x = layers.Conv1D(filters=ff_dim, kernel_size=1, activation="relu")(res)
        x = layers.Dropout(dropout)(x)
        x = layers.Conv1D(filters=inputs.shape[-1], kernel_size=1)(x)
        x = layers.LayerNormalization(epsilon=1e-6)(x)
        return x + res

    inputs = keras.Input(shape=(200, 1))
    x = inputs
    for _ in range(4):
        x = transformer_encoder(x, 64, 4, 4, 0.25)
    x = layers.GlobalAveragePooling1D(data_format="channels_first")(x)
    x = layers.Dense(128, activation="relu")(x)
    x = layers.Dropout(0.4)(x)
    outputs = layers.Dense(2, activation="softmax")(x)
    return keras.Model(inputs, outputs)


def anomalies(keras: Any) -> Any:
    """An autoencoder of series: strided convolutions and back."""
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input(shape=(288, 1)),
            layers.Conv1D(filters=32, kernel_size=7, padding="same", strides=2, activation="relu"),
            layers.Dropout(rate=0.2),
            layers.Conv1D(filters=16, kernel_size=7, padding="same", strides=2, activation="relu"),
            layers.Conv1DTranspose(filters=16, kernel_size=7, padding="same", strides=2, activation="relu"),
            layers.Dropout(rate=0.2),
            layers.Conv1DTranspose(filters=32, kernel_size=7, padding="same", strides=2, activation="relu"),
            layers.Conv1DTranspose(filters=1, kernel_size=7, padding="same"),
        ]
    )


def raw_audio(keras: Any) -> Any:
    """Gated dilated causal convolutions with residual and skip paths, over quantised samples."""
    layers = keras.layers
    inputs = keras.Input(shape=(1024, 64), name="input_part")
    out = layers.Conv1D(32, 2, dilation_rate=1, padding="causal", name="initial_causal_conv")(inputs)
    skip_connections = []
    for stack in range(2):
        for i in range(5):
            original_x = out
            tanh_out = layers.Conv1D(
                32, 2, dilation_rate=2**i, padding="causal", activation="tanh",
                name=f"dilated_conv_{2**i}_tanh_s{stack}",
            )(out)  # fmt: skip
            sigm_out = layers.Conv1D(
                32, 2, dilation_rate=2**i, padding="causal", activation="sigmoid",
                name=f"dilated_conv_{2**i}_sigm_s{stack}",
            )(out)  # fmt: skip
            x = layers.Multiply(name=f"gated_activation_{i}_s{stack}")([tanh_out, sigm_out])
            res_x = layers.Conv1D(32, 1, padding="same")(x)
            skip_connections.append(layers.Conv1D(32, 1, padding="same")(x))
            out = layers.Add()([original_x, res_x])
    out = layers.Add()(skip_connections)
    out = layers.Activation("relu")(out)
    out = layers.Conv1D(64, 1, padding="same")(out)
    out = layers.Activation("relu")(out)
    out = layers.Conv1D(64, 1, padding="same")(out)
    out = layers.Activation("softmax", name="output_softmax")(out)
    return keras.Model(inputs, out)


def speakers(keras: Any) -> Any:
    """Speaker recognition: residual blocks over spectra of one second."""
    layers = keras.layers

    def residual_block(x: Any, filters: int, conv_num: int = 3, activation: str = "relu") -> Any:
        s = layers.Conv1D(filters, 1, padding="same")(x)
        for _ in range(conv_num - 1):
            x = layers.Conv1D(filters, 3, padding="same")(x)
            x = layers.Activation(activation)(x)
        x = layers.Conv1D(filters, 3, padding="same")(x)
        x = layers.Add()([x, s])
        x = layers.Activation(activation)(x)
        return layers.MaxPool1D(pool_size=2, strides=2)(x)

    inputs = layers.Input(shape=(1000, 1), name="input")
    x = residual_block(inputs, 16, 2)
    x = residual_block(x, 32, 2)
    x = residual_block(x, 64, 3)
    x = residual_block(x, 64, 3)
    x = residual_block(x, 64, 3)
    x = layers.AveragePooling1D(pool_size=3, strides=3)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(128, activation="relu")(x)
    x = layers.Dense(64, activation="relu")(x)
    outputs = layers.Dense(5, activation="softmax", name="output")(x)
    return keras.Model(inputs=inputs, outputs=outputs)


def deep_speech(keras: Any) -> Any:
    """Speech to letters: two convolutions over a spectrogram, bidirectional GRUs."""
    layers = keras.layers
    rnn_units = 64
    input_spectrogram = layers.Input((None, 97), name="input")
    x = layers.Reshape((-1, 97, 1), name="expand_dim")(input_spectrogram)
    x = layers.Conv2D(16, kernel_size=[11, 41], strides=[2, 2], padding="same", use_bias=False, name="conv_1")(x)
    x = layers.BatchNormalization(name="conv_1_bn")(x)
    x = layers.ReLU(name="conv_1_relu")(x)
    x = layers.Conv2D(16, kernel_size=[11, 21], strides=[1, 2], padding="same", use_bias=False, name="conv_2")(x)
    x = layers.BatchNormalization(name="conv_2_bn")(x)
    x = layers.ReLU(name="conv_2_relu")(x)
    x = layers.Reshape((-1, x.shape[-2] * x.shape[-1]))(x)
    for i in range(1, 4):
        recurrent = layers.GRU(units=rnn_units, return_sequences=True, reset_after=True, name=f"gru_{i}")
        x = layers.Bidirectional(recurrent, name=f"bidirectional_{i}", merge_mode="concat")(x)
        if i < 3:
            x = layers.Dropout(rate=0.5)(x)
    x = layers.Dense(units=rnn_units * 2, name="dense_1")(x)
    x = layers.ReLU(name="dense_1_relu")(x)
    x = layers.Dropout(rate=0.5)(x)
    output = layers.Dense(units=32, activation="softmax")(x)
    return keras.Model(input_spectrogram, output, name="DeepSpeech_2")


def ocr_captcha(keras: Any) -> Any:
    """Letters of a narrow picture, read by two bidirectional LSTMs; lines run along the first axis."""
    layers = keras.layers
    input_img = layers.Input(shape=(200, 50, 1), name="image")
    x = layers.Conv2D(32, (3, 3), activation="relu", kernel_initializer="he_normal", padding="same", name="Conv1")(
        input_img
    )
    x = layers.MaxPooling2D((2, 2), name="pool1")(x)
    x = layers.Conv2D(64, (3, 3), activation="relu", kernel_initializer="he_normal", padding="same", name="Conv2")(x)
    x = layers.MaxPooling2D((2, 2), name="pool2")(x)
    x = layers.Reshape(target_shape=(50, 12 * 64), name="reshape")(x)
    x = layers.Dense(64, activation="relu", name="dense1")(x)
    x = layers.Dropout(0.2)(x)
    x = layers.Bidirectional(layers.LSTM(128, return_sequences=True, dropout=0.25))(x)
    x = layers.Bidirectional(layers.LSTM(64, return_sequences=True, dropout=0.25))(x)
    x = layers.Dense(21, activation="softmax", name="dense2")(x)
    return keras.Model(inputs=input_img, outputs=x, name="ocr_model_v1")


def next_frame(keras: Any) -> Any:
    """The next picture of a film: three ConvLSTMs of shrinking kernels."""
    layers = keras.layers
    inp = layers.Input(shape=(None, 32, 32, 1))
    x = layers.ConvLSTM2D(16, kernel_size=(5, 5), padding="same", return_sequences=True, activation="relu")(inp)
    x = layers.BatchNormalization()(x)
    x = layers.ConvLSTM2D(16, kernel_size=(3, 3), padding="same", return_sequences=True, activation="relu")(x)
    x = layers.BatchNormalization()(x)
    x = layers.ConvLSTM2D(16, kernel_size=(1, 1), padding="same", return_sequences=True, activation="relu")(x)
    x = layers.Conv3D(filters=1, kernel_size=(3, 3, 3), activation="sigmoid", padding="same")(x)
    return keras.Model(inp, x)


def film(keras: Any) -> Any:
    """Action in a film: one convolutional network for every frame, a GRU over them."""
    layers = keras.layers
    convnet = keras.Sequential(
        [
            keras.Input((48, 48, 3)),
            layers.Conv2D(16, (3, 3), padding="same", activation="relu"),
            layers.Conv2D(16, (3, 3), padding="same", activation="relu"),
            layers.BatchNormalization(momentum=0.9),
            layers.MaxPool2D(),
            layers.Conv2D(32, (3, 3), padding="same", activation="relu"),
            layers.Conv2D(32, (3, 3), padding="same", activation="relu"),
            layers.BatchNormalization(momentum=0.9),
            layers.MaxPool2D(),
            layers.GlobalMaxPool2D(),
        ]
    )
    model = keras.Sequential()
    model.add(keras.Input((5, 48, 48, 3)))
    model.add(layers.TimeDistributed(convnet))
    model.add(layers.GRU(64))
    model.add(layers.Dense(128, activation="relu"))
    model.add(layers.Dropout(0.5))
    model.add(layers.Dense(64, activation="relu"))
    model.add(layers.Dense(3, activation="softmax"))
    return model


def sound_events(keras: Any) -> Any:
    """Events in a sound: pools over frequencies alone, bidirectional GRUs multiplied, a dense layer per frame."""
    layers = keras.layers
    spec_start = layers.Input(shape=(128, 40, 2))
    spec_x = spec_start
    for pool in (5, 2, 2):
        spec_x = layers.Conv2D(filters=32, kernel_size=(3, 3), padding="same")(spec_x)
        spec_x = layers.BatchNormalization()(spec_x)
        spec_x = layers.Activation("relu")(spec_x)
        spec_x = layers.MaxPooling2D(pool_size=(1, pool))(spec_x)
        spec_x = layers.Dropout(0.5)(spec_x)
    spec_x = layers.Reshape((128, -1))(spec_x)
    for units in (32, 32):
        recurrent = layers.GRU(units, activation="tanh", dropout=0.5, recurrent_dropout=0.5, return_sequences=True)
        spec_x = layers.Bidirectional(recurrent, merge_mode="mul")(spec_x)
    spec_x = layers.TimeDistributed(layers.Dense(32))(spec_x)
    spec_x = layers.Dropout(0.5)(spec_x)
    spec_x = layers.TimeDistributed(layers.Dense(6))(spec_x)
    out = layers.Activation("sigmoid", name="strong_out")(spec_x)
    return keras.Model(inputs=spec_start, outputs=out)


def eegnet(keras: Any) -> Any:
    """Brain waves: a temporal, a spatial and a separable convolution."""
    layers = keras.layers
    input1 = layers.Input(shape=(32, 128, 1))
    block1 = layers.Conv2D(8, (1, 64), padding="same", use_bias=False)(input1)
    block1 = layers.BatchNormalization()(block1)
    block1 = layers.DepthwiseConv2D((32, 1), use_bias=False, depth_multiplier=2)(block1)
    block1 = layers.BatchNormalization()(block1)
    block1 = layers.Activation("elu")(block1)
    block1 = layers.AveragePooling2D((1, 4))(block1)
    block1 = layers.Dropout(0.5)(block1)
    block2 = layers.SeparableConv2D(16, (1, 16), use_bias=False, padding="same")(block1)
    block2 = layers.BatchNormalization()(block2)
    block2 = layers.Activation("elu")(block2)
    block2 = layers.AveragePooling2D((1, 8))(block2)
    block2 = layers.Dropout(0.5)(block2)
    flatten = layers.Flatten(name="flatten")(block2)
    dense = layers.Dense(4, name="dense")(flatten)
    softmax = layers.Activation("softmax", name="softmax")(dense)
    return keras.Model(inputs=input1, outputs=softmax)
