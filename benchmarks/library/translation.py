"""Images translated into images: pix2pix and CycleGAN."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from benchmarks.library.kit import Entry, leaky, leaky_layer

NARROW = (64, 128, 256, 512, 512, 512, 512)


def _halved(k: Any, filters: int, normalised: bool = True) -> Any:
    """A nested stack, as TensorFlow's tutorial makes one for every step down."""
    made = [k.layers.Conv2D(filters, 4, strides=2, padding="same", use_bias=False)]
    made += [k.layers.BatchNormalization()] if normalised else []
    return k.Sequential([*made, leaky_layer(k, 0.3)])


def tutorial_generator(k: Any) -> Any:
    """pix2pix, https://arxiv.org/abs/1611.07004, of TensorFlow's tutorial."""
    layers = k.layers
    inputs = x = k.Input((256, 256, 3))
    skips = []
    for place, filters in enumerate((*NARROW, 512)):
        x = _halved(k, filters, place > 0)(x)
        skips.append(x)
    skips.pop()
    for place, filters in enumerate((512, 512, 512, 512, 256, 128, 64)):
        made = [layers.Conv2DTranspose(filters, 4, strides=2, padding="same", use_bias=False)]
        made += [layers.BatchNormalization(), *([layers.Dropout(0.5)] if place < 3 else []), layers.ReLU()]
        x = layers.Concatenate()([k.Sequential(made)(x), skips.pop()])
    return k.Model(inputs, layers.Conv2DTranspose(3, 4, strides=2, padding="same", activation="tanh")(x))


def tutorial_critic(k: Any) -> Any:
    """Its critic of patches."""
    layers = k.layers
    given, made = k.Input((256, 256, 3)), k.Input((256, 256, 3))
    x = layers.Concatenate()([given, made])
    for place, filters in enumerate((64, 128, 256)):
        x = _halved(k, filters, place > 0)(x)
    x = layers.Conv2D(512, 4, use_bias=False)(layers.ZeroPadding2D()(x))
    x = leaky(k, layers.BatchNormalization()(x), 0.3)
    return k.Model([given, made], layers.Conv2D(1, 4)(layers.ZeroPadding2D()(x)))


def keras_gan_generator(k: Any) -> Any:
    """Keras-GAN's pix2pix: upsampled by repetition, normalised behind the activations."""
    layers = k.layers
    inputs = x = k.Input((256, 256, 3))
    skips = []
    for place, filters in enumerate(NARROW):
        x = leaky(k, layers.Conv2D(filters, 4, strides=2, padding="same")(x), 0.2)
        x = layers.BatchNormalization()(x) if place else x
        skips.append(x)
    skips.pop()
    while skips:
        skip = skips.pop()
        x = layers.UpSampling2D(2)(x)
        x = layers.Conv2D(int(skip.shape[-1]), 4, padding="same", activation="relu")(x)
        x = layers.Concatenate()([layers.BatchNormalization()(x), skip])
    return k.Model(inputs, layers.Conv2D(3, 4, padding="same", activation="tanh")(layers.UpSampling2D(2)(x)))


def keras_gan_critic(k: Any) -> Any:
    """Its critic."""
    layers = k.layers
    given, made = k.Input((256, 256, 3)), k.Input((256, 256, 3))
    x = layers.Concatenate()([given, made])
    for place, filters in enumerate((64, 128, 256, 512)):
        x = leaky(k, layers.Conv2D(filters, 4, strides=2, padding="same")(x), 0.2)
        x = layers.BatchNormalization()(x) if place else x
    return k.Model([given, made], layers.Conv2D(1, 4, padding="same")(x))


def mastery_critic(k: Any) -> Any:
    """The critic of the much copied course on pix2pix: five convolutions, the last but one without strides."""
    layers = k.layers
    given, made = k.Input((256, 256, 3)), k.Input((256, 256, 3))
    x = layers.Concatenate()([given, made])
    for place, filters in enumerate((64, 128, 256, 512, 512)):
        x = layers.Conv2D(filters, 4, strides=2 if place < 4 else 1, padding="same")(x)
        x = leaky(k, layers.BatchNormalization()(x) if place else x, 0.2)
    return k.Model([given, made], layers.Activation("sigmoid")(layers.Conv2D(1, 4, padding="same")(x)))


def _norm(k: Any, x: Any, groups: int) -> Any:
    return k.layers.GroupNormalization(groups=groups)(x)


def cycle_generator(groups: int, k: Any) -> Any:
    """CycleGAN's residual generator, https://arxiv.org/abs/1703.10593, of Keras' example: mirrored borders, maps
    normalised one by one (-1) or, since Keras 3, all together (1)."""
    layers = k.layers

    def mirrored(x: Any, width: int) -> Any:
        return k.ops.pad(x, [[0, 0], [width, width], [width, width], [0, 0]], mode="reflect")

    def act(x: Any) -> Any:
        return layers.Activation("relu")(_norm(k, x, groups))

    inputs = k.Input((256, 256, 3))
    x = act(layers.Conv2D(64, 7, use_bias=False)(mirrored(inputs, 3)))
    for filters in (128, 256):
        x = act(layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False)(x))
    for _ in range(9):
        y = act(layers.Conv2D(256, 3, use_bias=False)(mirrored(x, 1)))
        y = _norm(k, layers.Conv2D(256, 3, use_bias=False)(mirrored(y, 1)), groups)
        x = layers.Add()([x, y])
    for filters in (128, 64):
        x = act(layers.Conv2DTranspose(filters, 3, strides=2, padding="same", use_bias=False)(x))
    return k.Model(inputs, layers.Activation("tanh")(layers.Conv2D(3, 7)(mirrored(x, 3))))


def cycle_critic(groups: int, k: Any) -> Any:
    """Its critic."""
    layers = k.layers
    inputs = k.Input((256, 256, 3))
    x = leaky(k, layers.Conv2D(64, 4, strides=2, padding="same")(inputs), 0.2)
    for filters, strides in ((128, 2), (256, 2), (512, 1)):
        x = layers.Conv2D(filters, 4, strides=strides, padding="same", use_bias=False)(x)
        x = leaky(k, _norm(k, x, groups), 0.2)
    return k.Model(inputs, layers.Conv2D(1, 4, padding="same")(x))


def translations() -> Iterator[Entry]:
    """All of them."""
    yield Entry("pix2pix generator", tutorial_generator, "TensorFlow tutorials")
    yield Entry("pix2pix discriminator", tutorial_critic, "TensorFlow tutorials")
    yield Entry("pix2pix generator", keras_gan_generator, "Keras-GAN")
    yield Entry("pix2pix discriminator", keras_gan_critic, "Keras-GAN")
    yield Entry("pix2pix discriminator of five convolutions", mastery_critic)
    for groups, words in ((-1, "maps normalised one by one"), (1, "maps normalised together")):
        yield Entry(f"CycleGAN generator, {words}", partial(cycle_generator, groups), "Keras examples")
        yield Entry(f"CycleGAN discriminator, {words}", partial(cycle_critic, groups), "Keras examples")
