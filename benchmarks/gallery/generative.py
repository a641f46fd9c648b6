"""Generators, encoders and a denoiser."""

from __future__ import annotations

from typing import Any


def wgan_generator(keras: Any) -> Any:
    """Enlarging blocks with normalisation; the last rows and columns are cropped."""
    layers = keras.layers
    leaky = {"negative_slope" if keras.__name__ == "keras" else "alpha": 0.2}

    def upsample_block(x: Any, filters: int, activation: Any, use_bn: bool) -> Any:
        x = layers.UpSampling2D((2, 2))(x)
        x = layers.Conv2D(filters, (3, 3), strides=(1, 1), padding="same", use_bias=False)(x)
        if use_bn:
            x = layers.BatchNormalization()(x)
        return activation(x)

    noise = layers.Input(shape=(128,))
    x = layers.Dense(4 * 4 * 64, use_bias=False)(noise)
    x = layers.BatchNormalization()(x)
    x = layers.LeakyReLU(**leaky)(x)
    x = layers.Reshape((4, 4, 64))(x)
    x = upsample_block(x, 48, layers.LeakyReLU(**leaky), use_bn=True)
    x = upsample_block(x, 32, layers.LeakyReLU(**leaky), use_bn=True)
    x = upsample_block(x, 1, layers.Activation("tanh"), use_bn=True)
    x = layers.Cropping2D((2, 2))(x)
    return keras.Model(noise, x, name="generator")


def cyclegan_generator(keras: Any) -> Any:
    """A residual generator with instance normalisation."""
    layers = keras.layers

    def norm(x: Any) -> Any:
        return layers.GroupNormalization(groups=-1)(x)

    def residual_block(x: Any) -> Any:
        dim = x.shape[-1]
        input_tensor = x
        x = layers.Conv2D(dim, (3, 3), strides=(1, 1), padding="same", use_bias=False)(x)
        x = layers.Activation("relu")(norm(x))
        x = layers.Conv2D(dim, (3, 3), strides=(1, 1), padding="same", use_bias=False)(x)
        return layers.add([input_tensor, norm(x)])

    img_input = layers.Input(shape=(64, 64, 3), name="generator_G_img_input")
    x = layers.Conv2D(16, (7, 7), padding="same", use_bias=False)(img_input)
    x = layers.Activation("relu")(norm(x))
    for filters in (32, 64):
        x = layers.Conv2D(filters, (3, 3), strides=(2, 2), padding="same", use_bias=False)(x)
        x = layers.Activation("relu")(norm(x))
    for _ in range(4):
        x = residual_block(x)
    for filters in (32, 16):
        x = layers.Conv2DTranspose(filters, (3, 3), strides=(2, 2), padding="same", use_bias=False)(x)
        x = layers.Activation("relu")(norm(x))
    x = layers.Conv2D(3, (7, 7), padding="same")(x)
    x = layers.Activation("tanh")(x)
    return keras.Model(img_input, x, name="generator_G")


def digits_encoder(keras: Any) -> Any:
    """Mean and variance of a picture's place, without the sampling."""
    layers = keras.layers
    encoder_inputs = keras.Input(shape=(28, 28, 1))
    x = layers.Conv2D(32, 3, activation="relu", strides=2, padding="same")(encoder_inputs)
    x = layers.Conv2D(64, 3, activation="relu", strides=2, padding="same")(x)
    x = layers.Flatten()(x)
    x = layers.Dense(16, activation="relu")(x)
    z_mean = layers.Dense(2, name="z_mean")(x)
    z_log_var = layers.Dense(2, name="z_log_var")(x)
    return keras.Model(encoder_inputs, [z_mean, z_log_var], name="encoder")


def diffusion(keras: Any) -> Any:
    """The U-Net of a diffusion model: the noise's level as a map, normalisation without gain and offset."""
    layers = keras.layers

    def residual_block(x: Any, width: int) -> Any:
        input_width = x.shape[3]
        residual = x if input_width == width else layers.Conv2D(width, kernel_size=1)(x)
        x = layers.BatchNormalization(center=False, scale=False)(x)
        x = layers.Conv2D(width, kernel_size=3, padding="same", activation="swish")(x)
        x = layers.Conv2D(width, kernel_size=3, padding="same")(x)
        return layers.Add()([x, residual])

    def down_block(x: Any, width: int, block_depth: int, skips: list[Any]) -> Any:
        for _ in range(block_depth):
            x = residual_block(x, width)
            skips.append(x)
        return layers.AveragePooling2D(pool_size=2)(x)

    def up_block(x: Any, width: int, block_depth: int, skips: list[Any]) -> Any:
        x = layers.UpSampling2D(size=2, interpolation="bilinear")(x)
        for _ in range(block_depth):
            x = layers.Concatenate()([x, skips.pop()])
            x = residual_block(x, width)
        return x

    noisy_images = keras.Input(shape=(64, 64, 3))
    noise_embedding = keras.Input(shape=(1, 1, 32))
    e = layers.UpSampling2D(size=64, interpolation="nearest")(noise_embedding)
    x = layers.Conv2D(24, kernel_size=1)(noisy_images)
    x = layers.Concatenate()([x, e])
    skips: list[Any] = []
    for width in (24, 48, 64):
        x = down_block(x, width, 2, skips)
    for _ in range(2):
        x = residual_block(x, 96)
    for width in (64, 48, 24):
        x = up_block(x, width, 2, skips)
    x = layers.Conv2D(3, kernel_size=1, kernel_initializer="zeros")(x)
    return keras.Model([noisy_images, noise_embedding], x, name="residual_unet")
