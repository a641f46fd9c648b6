"""DCGANs and autoencoders."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import Any

from benchmarks.library.classic import chain
from benchmarks.library.kit import Entry, leaky_layer


def tutorial_generator(k: Any) -> Any:
    """TensorFlow's DCGAN for MNIST."""
    layers = k.layers
    return chain(
        k,
        (100,),
        layers.Dense(7 * 7 * 256, use_bias=False),
        layers.BatchNormalization(),
        leaky_layer(k, 0.3),
        layers.Reshape((7, 7, 256)),
        layers.Conv2DTranspose(128, 5, strides=1, padding="same", use_bias=False),
        layers.BatchNormalization(),
        leaky_layer(k, 0.3),
        layers.Conv2DTranspose(64, 5, strides=2, padding="same", use_bias=False),
        layers.BatchNormalization(),
        leaky_layer(k, 0.3),
        layers.Conv2DTranspose(1, 5, strides=2, padding="same", use_bias=False, activation="tanh"),
    )


def tutorial_discriminator(k: Any) -> Any:
    """Its critic."""
    layers, model = k.layers, []
    for filters in (64, 128):
        model += [layers.Conv2D(filters, 5, strides=2, padding="same"), leaky_layer(k, 0.3), layers.Dropout(0.3)]
    return chain(k, (28, 28, 1), *model, layers.Flatten(), layers.Dense(1))


def keras_gan_generator(k: Any) -> Any:
    """Keras-GAN's DCGAN: upsampling and convolutions."""
    layers = k.layers
    model = [layers.Dense(128 * 7 * 7, activation="relu"), layers.Reshape((7, 7, 128))]
    for filters in (128, 64):
        model += [layers.UpSampling2D(), layers.Conv2D(filters, 3, padding="same")]
        model += [layers.BatchNormalization(momentum=0.8), layers.Activation("relu")]
    return chain(k, (100,), *model, layers.Conv2D(1, 3, padding="same"), layers.Activation("tanh"))


def keras_gan_discriminator(k: Any) -> Any:
    """Its critic."""
    layers = k.layers
    model = [layers.Conv2D(32, 3, strides=2, padding="same"), leaky_layer(k, 0.2), layers.Dropout(0.25)]
    model += [layers.Conv2D(64, 3, strides=2, padding="same"), layers.ZeroPadding2D(((0, 1), (0, 1)))]
    model += [layers.BatchNormalization(momentum=0.8), leaky_layer(k, 0.2), layers.Dropout(0.25)]
    for filters, strides in ((128, 2), (256, 1)):
        model += [layers.Conv2D(filters, 3, strides=strides, padding="same")]
        model += [layers.BatchNormalization(momentum=0.8), leaky_layer(k, 0.2), layers.Dropout(0.25)]
    return chain(k, (28, 28, 1), *model, layers.Flatten(), layers.Dense(1, activation="sigmoid"))


def keras_gan_dense(k: Any) -> Any:
    """Keras-GAN's plain generator."""
    layers, model = k.layers, []
    for units in (256, 512, 1024):
        model += [layers.Dense(units), leaky_layer(k, 0.2), layers.BatchNormalization(momentum=0.8)]
    return chain(k, (100,), *model, layers.Dense(784, activation="tanh"), layers.Reshape((28, 28, 1)))


def keras_gan_dense_critic(k: Any) -> Any:
    """Its critic."""
    layers, model = k.layers, []
    for units in (512, 256):
        model += [layers.Dense(units), leaky_layer(k, 0.2)]
    return chain(k, (28, 28, 1), layers.Flatten(), *model, layers.Dense(1, activation="sigmoid"))


def dcgan_64(kernel: int, slope: float | None, k: Any) -> Any:
    """Radford's generator of 64x64 images."""
    layers = k.layers
    act = (lambda: leaky_layer(k, slope)) if slope else (lambda: layers.Activation("relu"))
    model = [layers.Dense(4 * 4 * 512), layers.Reshape((4, 4, 512)), layers.BatchNormalization(), act()]
    for filters in (256, 128, 64):
        model += [layers.Conv2DTranspose(filters, kernel, strides=2, padding="same"), layers.BatchNormalization()]
        model.append(act())
    model += [layers.Conv2DTranspose(3, kernel, strides=2, padding="same"), layers.Activation("tanh")]
    return chain(k, (100,), *model)


def gans() -> Iterator[Entry]:
    """Generators and critics."""
    yield Entry("DCGAN generator", tutorial_generator, "TensorFlow tutorials")
    yield Entry("DCGAN discriminator", tutorial_discriminator, "TensorFlow tutorials")
    yield Entry("DCGAN generator", keras_gan_generator, "Keras-GAN")
    yield Entry("DCGAN discriminator", keras_gan_discriminator, "Keras-GAN")
    yield Entry("GAN generator", keras_gan_dense, "Keras-GAN")
    yield Entry("GAN discriminator", keras_gan_dense_critic, "Keras-GAN")
    for kernel, slope in product((4, 5), (None, 0.2)):
        yield Entry(f"DCGAN generator of 64x64, kernel {kernel}", partial(dcgan_64, kernel, slope))


def autoencoder(k: Any) -> Any:
    """The Keras blog's convolutional autoencoder."""
    layers, model = k.layers, []
    for filters in (16, 8, 8):
        model += [layers.Conv2D(filters, 3, padding="same", activation="relu"), layers.MaxPooling2D(padding="same")]
    for filters, padding in ((8, "same"), (8, "same"), (16, "valid")):
        model += [layers.Conv2D(filters, 3, padding=padding, activation="relu"), layers.UpSampling2D()]
    return chain(k, (28, 28, 1), *model, layers.Conv2D(1, 3, padding="same", activation="sigmoid"))


def denoiser(k: Any) -> Any:
    """The Keras blog's denoising autoencoder."""
    layers, model = k.layers, []
    for _ in range(2):
        model += [layers.Conv2D(32, 3, padding="same", activation="relu"), layers.MaxPooling2D(padding="same")]
    for _ in range(2):
        model += [layers.Conv2D(32, 3, padding="same", activation="relu"), layers.UpSampling2D()]
    return chain(k, (28, 28, 1), *model, layers.Conv2D(1, 3, padding="same", activation="sigmoid"))


def vae_encoder(k: Any) -> Any:
    """The example's encoder up to mean and variance."""
    layers = k.layers
    inputs = x = k.Input((28, 28, 1))
    for filters in (32, 64):
        x = layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Dense(16, activation="relu")(layers.Flatten()(x))
    return k.Model(inputs, [layers.Dense(2)(x), layers.Dense(2)(x)])


def vae_decoder(k: Any) -> Any:
    """The example's decoder."""
    layers = k.layers
    model = [layers.Dense(7 * 7 * 64, activation="relu"), layers.Reshape((7, 7, 64))]
    for filters in (64, 32):
        model.append(layers.Conv2DTranspose(filters, 3, strides=2, padding="same", activation="relu"))
    return chain(k, (2,), *model, layers.Conv2DTranspose(1, 3, padding="same", activation="sigmoid"))


def world_decoder(k: Any) -> Any:
    """World Models' decoder: valid transposed convolutions out of one point."""
    layers = k.layers
    model = [layers.Dense(1024), layers.Reshape((1, 1, 1024))]
    for filters, size in ((64, 5), (64, 5), (32, 6)):
        model.append(layers.Conv2DTranspose(filters, size, strides=2, activation="relu"))
    return chain(k, (32,), *model, layers.Conv2DTranspose(3, 6, strides=2, activation="sigmoid"))


def autoencoders() -> Iterator[Entry]:
    """Autoencoders."""
    yield Entry("convolutional autoencoder", autoencoder, "Keras blog")
    yield Entry("denoising autoencoder", denoiser, "Keras blog")
    yield Entry("VAE encoder", vae_encoder, "Keras examples")
    yield Entry("VAE decoder", vae_decoder, "Keras examples")
    yield Entry("World Models decoder", world_decoder)
