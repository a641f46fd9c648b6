"""Nets of TensorFlow's and Keras' tutorials, beyond the first example scripts: what people start from and keep."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import Any

from benchmarks.library.classic import chain
from benchmarks.library.kit import Entry, leaky_layer


def flowers(filters: tuple[int, ...], padding: str, units: int, scaled: bool, dropout: bool, k: Any) -> Any:
    """A few convolutions with pools over photographs, scaled within the model; the last layer gives logits."""
    layers = k.layers
    model = [layers.Rescaling(1.0 / 255)] if scaled else []
    for count in filters:
        model += [layers.Conv2D(count, 3, padding=padding, activation="relu"), layers.MaxPooling2D()]
    model += [layers.Dropout(0.2)] if dropout else []
    return chain(k, (180, 180, 3), *model, layers.Flatten(), layers.Dense(units, activation="relu"), layers.Dense(5))


def digits(logits: bool, k: Any) -> Any:
    """The tutorial "for experts": one convolution without a pool."""
    layers = k.layers
    model = [layers.Conv2D(32, 3, activation="relu"), layers.Flatten(), layers.Dense(128, activation="relu")]
    return chain(k, (28, 28, 1), *model, layers.Dense(10, activation=None if logits else "softmax"))


def pooled_digits(k: Any) -> Any:
    """The book's first convolutional net: three convolutions, two pools."""
    layers = k.layers
    model = [layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D()]
    model += [layers.Conv2D(64, 3, activation="relu"), layers.MaxPooling2D(), layers.Conv2D(64, 3, activation="relu")]
    model += [layers.Flatten(), layers.Dense(64, activation="relu"), layers.Dense(10, activation="softmax")]
    return chain(k, (28, 28, 1), *model)


def keywords(k: Any) -> Any:
    """Spoken keywords as small spectrograms."""
    layers = k.layers
    model = [layers.Resizing(32, 32), layers.Normalization(mean=0.0, variance=1.0)]
    model += [layers.Conv2D(32, 3, activation="relu"), layers.Conv2D(64, 3, activation="relu"), layers.MaxPooling2D()]
    model += [layers.Dropout(0.25), layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dropout(0.5)]
    return chain(k, (124, 129, 1), *model, layers.Dense(8))


def mini_xception(stem: tuple[tuple[int, int], ...], sizes: tuple[int, ...], logits: bool, k: Any) -> Any:
    """The classifier "from scratch": separable convolutions with strided shortcuts."""
    layers = k.layers
    inputs = k.Input((180, 180, 3))
    x = layers.Rescaling(1.0 / 255)(inputs)
    for filters, strides in stem:
        x = layers.Conv2D(filters, 3, strides=strides, padding="same")(x)
        x = layers.Activation("relu")(layers.BatchNormalization()(x))
    before = x
    for size in sizes:
        for _ in range(2):
            x = layers.SeparableConv2D(size, 3, padding="same")(layers.Activation("relu")(x))
            x = layers.BatchNormalization()(x)
        x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
        shortcut = layers.Conv2D(size, 1, strides=2, padding="same")(before)
        x = before = layers.add([x, shortcut])
    x = layers.SeparableConv2D(1024, 3, padding="same")(x)
    x = layers.Activation("relu")(layers.BatchNormalization()(x))
    x = layers.Dropout(0.5)(layers.GlobalAveragePooling2D()(x))
    return k.Model(inputs, layers.Dense(1, activation=None if logits else "sigmoid")(x))


def book_xception(k: Any) -> Any:
    """The book's small residual net of separable convolutions, normalised before each."""
    layers = k.layers
    inputs = k.Input((180, 180, 3))
    x = layers.Conv2D(32, 5, use_bias=False)(layers.Rescaling(1.0 / 255)(inputs))
    for size in (32, 64, 128, 256, 512):
        before = x
        for _ in range(2):
            x = layers.Activation("relu")(layers.BatchNormalization()(x))
            x = layers.SeparableConv2D(size, 3, padding="same", use_bias=False)(x)
        x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
        x = layers.add([x, layers.Conv2D(size, 1, strides=2, padding="same", use_bias=False)(before)])
    x = layers.Dropout(0.5)(layers.GlobalAveragePooling2D()(x))
    return k.Model(inputs, layers.Dense(1, activation="sigmoid")(x))


def pets(classes: int, k: Any) -> Any:
    """Segmentation of pets: strided separable blocks down, transposed convolutions up, shortcuts within the blocks."""
    layers = k.layers
    inputs = k.Input((160, 160, 3))
    x = layers.Conv2D(32, 3, strides=2, padding="same")(inputs)
    x = before = layers.Activation("relu")(layers.BatchNormalization()(x))
    for filters in (64, 128, 256):
        for _ in range(2):
            x = layers.SeparableConv2D(filters, 3, padding="same")(layers.Activation("relu")(x))
            x = layers.BatchNormalization()(x)
        x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
        x = before = layers.add([x, layers.Conv2D(filters, 1, strides=2, padding="same")(before)])
    for filters in (256, 128, 64, 32):
        for _ in range(2):
            x = layers.Conv2DTranspose(filters, 3, padding="same")(layers.Activation("relu")(x))
            x = layers.BatchNormalization()(x)
        shortcut = layers.Conv2D(filters, 1, padding="same")(layers.UpSampling2D(2)(before))
        x = before = layers.add([layers.UpSampling2D(2)(x), shortcut])
    return k.Model(inputs, layers.Conv2D(classes, 3, padding="same", activation="softmax")(x))


def book_pets(k: Any) -> Any:
    """The book's: strided convolutions down, transposed ones up, nothing across."""
    layers = k.layers
    model: list[Any] = [layers.Rescaling(1.0 / 255)]
    for filters in (64, 128, 256):
        model.append(layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu"))
        model.append(layers.Conv2D(filters, 3, padding="same", activation="relu"))
    for filters in (256, 128, 64):
        model.append(layers.Conv2DTranspose(filters, 3, padding="same", activation="relu"))
        model.append(layers.Conv2DTranspose(filters, 3, strides=2, padding="same", activation="relu"))
    return chain(k, (200, 200, 3), *model, layers.Conv2D(3, 3, padding="same", activation="softmax"))


def conv_mixer(depth: int, filters: int, k: Any) -> Any:
    """Depthwise and pointwise convolutions in turn (Trockman & Kolter 2022), GELU before the normalisation."""
    layers = k.layers

    def act(x: Any) -> Any:
        return layers.BatchNormalization()(layers.Activation("gelu")(x))

    inputs = k.Input((32, 32, 3))
    x = act(layers.Conv2D(filters, 2, strides=2)(layers.Rescaling(1.0 / 255)(inputs)))
    for _ in range(depth):
        x = layers.Add()([act(layers.DepthwiseConv2D(5, padding="same")(x)), x])
        x = act(layers.Conv2D(filters, 1)(x))
    return k.Model(inputs, layers.Dense(10, activation="softmax")(layers.GlobalAveragePooling2D()(x)))


def captcha(k: Any) -> Any:
    """Letters of a narrow image, read by two bidirectional LSTMs."""
    layers = k.layers
    model = [layers.Conv2D(32, 3, padding="same", activation="relu"), layers.MaxPooling2D()]
    model += [layers.Conv2D(64, 3, padding="same", activation="relu"), layers.MaxPooling2D()]
    model += [layers.Reshape((50, 12 * 64)), layers.Dense(64, activation="relu"), layers.Dropout(0.2)]
    for units in (128, 64):
        model.append(layers.Bidirectional(layers.LSTM(units, return_sequences=True, dropout=0.25)))
    return chain(k, (200, 50, 1), *model, layers.Dense(21, activation="softmax"))


def scans(k: Any) -> Any:
    """Computed tomographies: 3-D convolutions, pools before the normalisation."""
    layers, model = k.layers, []
    for filters in (64, 64, 128, 256):
        model += [layers.Conv3D(filters, 3, activation="relu"), layers.MaxPooling3D(2), layers.BatchNormalization()]
    model += [layers.GlobalAveragePooling3D(), layers.Dense(512, activation="relu"), layers.Dropout(0.3)]
    return chain(k, (128, 128, 64, 1), *model, layers.Dense(1, activation="sigmoid"))


def frames(k: Any) -> Any:
    """The next frame of a film: ConvLSTMs with normalisation, a 3-D convolution at the end."""
    layers, model = k.layers, []
    for _ in range(4):
        model.append(layers.ConvLSTM2D(40, 3, padding="same", return_sequences=True))
        model.append(layers.BatchNormalization())
    return chain(k, (15, 40, 40, 1), *model, layers.Conv3D(1, 3, padding="same", activation="sigmoid"))


def breakout(k: Any) -> Any:
    """Deep Q-learning of Breakout with relu and raw values."""
    layers, model = k.layers, []
    for filters, size, strides in ((32, 8, 4), (64, 4, 2), (64, 3, 1)):
        model.append(layers.Conv2D(filters, size, strides=strides, activation="relu"))
    return chain(k, (84, 84, 4), *model, layers.Flatten(), layers.Dense(512, activation="relu"), layers.Dense(4))


def ddpg_critic(k: Any) -> Any:
    """Values of a state with an action."""
    layers = k.layers
    state, action = k.Input((3,)), k.Input((1,))
    x = layers.Dense(32, activation="relu")(layers.Dense(16, activation="relu")(state))
    x = layers.Concatenate()([x, layers.Dense(32, activation="relu")(action)])
    for _ in range(2):
        x = layers.Dense(256, activation="relu")(x)
    return k.Model([state, action], layers.Dense(1)(x))


def anomalies(k: Any) -> Any:
    """A plain autoencoder of heartbeats."""
    layers = k.layers
    model = [layers.Dense(units, activation="relu") for units in (32, 16, 8, 16, 32)]
    return chain(k, (140,), *model, layers.Dense(140, activation="sigmoid"))


def anomalous_series(k: Any) -> Any:
    """Strided convolutions over a series and back."""
    layers = k.layers
    model = [layers.Conv1D(32, 7, strides=2, padding="same", activation="relu"), layers.Dropout(0.2)]
    model += [layers.Conv1D(16, 7, strides=2, padding="same", activation="relu")]
    model += [layers.Conv1DTranspose(16, 7, strides=2, padding="same", activation="relu"), layers.Dropout(0.2)]
    model += [layers.Conv1DTranspose(32, 7, strides=2, padding="same", activation="relu")]
    return chain(k, (288, 1), *model, layers.Conv1DTranspose(1, 7, padding="same"))


def denoising(k: Any) -> Any:
    """The tutorial's strided denoiser of digits."""
    layers, model = k.layers, []
    for filters in (16, 8):
        model.append(layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu"))
    for filters in (8, 16):
        model.append(layers.Conv2DTranspose(filters, 3, strides=2, padding="same", activation="relu"))
    return chain(k, (28, 28, 1), *model, layers.Conv2D(1, 3, padding="same", activation="sigmoid"))


def cvae_encoder(k: Any) -> Any:
    """Means and log variances side by side."""
    layers, model = k.layers, []
    for filters in (32, 64):
        model.append(layers.Conv2D(filters, 3, strides=2, activation="relu"))
    return chain(k, (28, 28, 1), *model, layers.Flatten(), layers.Dense(4))


def cvae_decoder(k: Any) -> Any:
    """Its decoder up to logits."""
    layers = k.layers
    model = [layers.Dense(7 * 7 * 32, activation="relu"), layers.Reshape((7, 7, 32))]
    for filters in (64, 32):
        model.append(layers.Conv2DTranspose(filters, 3, strides=2, padding="same", activation="relu"))
    return chain(k, (2,), *model, layers.Conv2DTranspose(1, 3, padding="same"))


def celebrities(k: Any) -> Any:
    """DCGAN for faces: transposed convolutions with LeakyReLU, sigmoid at the end."""
    layers = k.layers
    model = [layers.Dense(8 * 8 * 128), layers.Reshape((8, 8, 128))]
    for filters in (128, 256, 512):
        model += [layers.Conv2DTranspose(filters, 4, strides=2, padding="same"), leaky_layer(k, 0.2)]
    return chain(k, (128,), *model, layers.Conv2D(3, 5, padding="same", activation="sigmoid"))


def celebrities_critic(k: Any) -> Any:
    """Its critic."""
    layers, model = k.layers, []
    for filters in (64, 128, 128):
        model += [layers.Conv2D(filters, 4, strides=2, padding="same"), leaky_layer(k, 0.2)]
    return chain(
        k, (64, 64, 3), *model, layers.Flatten(), layers.Dropout(0.2), layers.Dense(1, activation="sigmoid")
    )


def conditional(k: Any) -> Any:
    """A generator of digits that is told the digit."""
    layers = k.layers
    model = [layers.Dense(7 * 7 * 138), leaky_layer(k, 0.2), layers.Reshape((7, 7, 138))]
    for _ in range(2):
        model += [layers.Conv2DTranspose(128, 4, strides=2, padding="same"), leaky_layer(k, 0.2)]
    return chain(k, (138,), *model, layers.Conv2D(1, 7, padding="same", activation="sigmoid"))


def conditional_critic(k: Any) -> Any:
    """Its critic."""
    layers, model = k.layers, []
    for filters in (64, 128):
        model += [layers.Conv2D(filters, 3, strides=2, padding="same"), leaky_layer(k, 0.2)]
    return chain(k, (28, 28, 11), *model, layers.GlobalMaxPooling2D(), layers.Dense(1))


def wgan_generator(k: Any) -> Any:
    """Upsampling and convolutions without biases, cut to size."""
    layers = k.layers
    model = [layers.Dense(4 * 4 * 256, use_bias=False), layers.BatchNormalization(), leaky_layer(k, 0.2)]
    model.append(layers.Reshape((4, 4, 256)))
    for filters in (128, 64, 1):
        model += [layers.UpSampling2D(), layers.Conv2D(filters, 3, padding="same", use_bias=False)]
        model.append(layers.BatchNormalization())
        model.append(layers.Activation("tanh") if filters == 1 else leaky_layer(k, 0.2))
    return chain(k, (128,), *model, layers.Cropping2D(2))


def wgan_critic(k: Any) -> Any:
    """Its critic, over a border of zeros."""
    layers, model = k.layers, [k.layers.ZeroPadding2D(2)]
    for filters, dropout in ((64, False), (128, True), (256, True), (512, False)):
        model += [layers.Conv2D(filters, 5, strides=2, padding="same"), leaky_layer(k, 0.2)]
        model += [layers.Dropout(0.3)] if dropout else []
    return chain(k, (28, 28, 1), *model, layers.Flatten(), layers.Dropout(0.2), layers.Dense(1))


def scratch_text(k: Any) -> Any:
    """Two strided convolutions over words."""
    layers = k.layers
    model = [layers.Embedding(20000, 128), layers.Dropout(0.5)]
    model += [layers.Conv1D(128, 7, strides=3, activation="relu") for _ in range(2)]
    model += [layers.GlobalMaxPooling1D(), layers.Dense(128, activation="relu"), layers.Dropout(0.5)]
    return chain(k, (500,), *model, layers.Dense(1, activation="sigmoid"))


def book_text(k: Any) -> Any:
    """The book's two convolutions over reviews."""
    layers = k.layers
    model = [layers.Embedding(10000, 128), layers.Conv1D(32, 7, activation="relu"), layers.MaxPooling1D(5)]
    model += [layers.Conv1D(32, 7, activation="relu"), layers.GlobalMaxPooling1D(), layers.Dense(1)]
    return chain(k, (500,), *model)


def two_directions(k: Any) -> Any:
    """TensorFlow's tutorial on text with two bidirectional LSTMs."""
    layers = k.layers
    model = [layers.Embedding(1000, 64), layers.Bidirectional(layers.LSTM(64, return_sequences=True))]
    model += [layers.Bidirectional(layers.LSTM(32)), layers.Dense(64, activation="relu"), layers.Dropout(0.5)]
    return chain(k, (None,), *model, layers.Dense(1))


def engines(k: Any) -> Any:
    """Series classified by three convolutions over time (Wang et al. 2017)."""
    layers, model = k.layers, []
    for _ in range(3):
        model += [layers.Conv1D(64, 3, padding="same"), layers.BatchNormalization(), layers.Activation("relu")]
    return chain(k, (500, 1), *model, layers.GlobalAveragePooling1D(), layers.Dense(2, activation="softmax"))


def series_transformer(first: bool, k: Any) -> Any:
    """Series classified by four encoder blocks, normalised before (``first``) or after attention."""
    layers = k.layers

    def norm(x: Any) -> Any:
        return layers.LayerNormalization(epsilon=1e-6)(x)

    inputs = k.Input((500, 1))
    x = inputs
    for _ in range(4):
        y = norm(x) if first else x
        y = layers.Dropout(0.25)(layers.MultiHeadAttention(num_heads=4, key_dim=256, dropout=0.25)(y, y))
        z = (y if first else norm(y)) + x
        y = layers.Conv1D(4, 1, activation="relu")(norm(z) if first else z)
        y = layers.Conv1D(1, 1)(layers.Dropout(0.25)(y))
        x = (y if first else norm(y)) + z
    x = layers.GlobalAveragePooling1D(data_format="channels_first" if first else "channels_last")(x)
    x = layers.Dropout(0.4)(layers.Dense(128, activation="relu")(x))
    return k.Model(inputs, layers.Dense(2, activation="softmax")(x))


def images() -> Iterator[Entry]:
    """Classifiers of images and spectrograms."""
    for scaled, dropout in product((True, False), (True, False)):
        words = f"{', scaled within' if scaled else ''}{', dropout' if dropout else ''}"
        made = partial(flowers, (16, 32, 64), "same", 128, scaled, dropout)
        yield Entry(f"flowers{words}", made, "TensorFlow tutorials")
    yield Entry("flowers, valid", partial(flowers, (32, 32, 32), "valid", 128, True, False), "TensorFlow tutorials")
    for logits in (True, False):
        word = ", logits" if logits else ""
        yield Entry(f"digits for experts{word}", partial(digits, logits), "TensorFlow tutorials")
    yield Entry("digits with two pools", pooled_digits, "Deep Learning with Python")
    yield Entry("spoken keywords", keywords, "TensorFlow tutorials")


def separable() -> Iterator[Entry]:
    """Small nets of separable convolutions."""
    for stem, sizes, word in (
        (((128, 2),), (256, 512, 728), "128 maps first"),
        (((32, 2), (64, 1)), (128, 256, 512, 728), "32 maps first"),
    ):
        for logits in (False, True):
            made = partial(mini_xception, stem, sizes, logits)
            yield Entry(f"images from scratch ({word}{', logits' if logits else ''})", made, "Keras examples")
    yield Entry("small residual net of separable convolutions", book_xception, "Deep Learning with Python")
    yield Entry("ConvMixer-256/8", partial(conv_mixer, 8, 256), "Keras examples")


def segmentations() -> Iterator[Entry]:
    """Masks of pets."""
    yield Entry("segmentation of pets", partial(pets, 3), "Keras examples")
    yield Entry("segmentation of pets without shortcuts", book_pets, "Deep Learning with Python")


def volumes() -> Iterator[Entry]:
    """Tomographies."""
    yield Entry("tomographies", scans, "Keras examples")


def generators() -> Iterator[Entry]:
    """Generators and critics."""
    yield Entry("DCGAN for faces", celebrities, "Keras examples")
    yield Entry("critic of DCGAN for faces", celebrities_critic, "Keras examples")
    yield Entry("conditional generator", conditional, "Keras examples")
    yield Entry("critic of the conditional GAN", conditional_critic, "Keras examples")
    yield Entry("WGAN-GP's generator", wgan_generator, "Keras examples")
    yield Entry("WGAN-GP's critic", wgan_critic, "Keras examples")


def autoencoders() -> Iterator[Entry]:
    """Of digits, heartbeats and series."""
    yield Entry("autoencoder of heartbeats", anomalies, "TensorFlow tutorials")
    yield Entry("convolutional autoencoder of series", anomalous_series, "Keras examples")
    yield Entry("denoiser of digits, strided", denoising, "TensorFlow tutorials")
    yield Entry("CVAE's encoder", cvae_encoder, "TensorFlow tutorials")
    yield Entry("CVAE's decoder", cvae_decoder, "TensorFlow tutorials")


def agents() -> Iterator[Entry]:
    """Games."""
    yield Entry("Breakout", breakout, "Keras examples")
    yield Entry("DDPG's critic", ddpg_critic, "Keras examples")


def texts() -> Iterator[Entry]:
    """Convolutions over words."""
    yield Entry("text from scratch", scratch_text, "Keras examples")
    yield Entry("two convolutions over reviews", book_text, "Deep Learning with Python")


def recurrents() -> Iterator[Entry]:
    """Recurrent nets."""
    yield Entry("text with two bidirectional LSTMs", two_directions, "TensorFlow tutorials", "tf_keras")
    yield Entry("captcha", captcha, "Keras examples", "tf_keras")
    yield Entry("next frame", frames, "Keras examples")


def series() -> Iterator[Entry]:
    """Series classified."""
    yield Entry("series classified by convolutions", engines, "Keras examples")
    for first in (True, False):
        word = "before" if first else "after"
        made = partial(series_transformer, first)
        yield Entry(f"series classified by a transformer, normalised {word}", made, "Keras examples")
