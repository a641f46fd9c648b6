"""Images made larger, cleaner or coloured."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import Any

from benchmarks.library.classic import chain
from benchmarks.library.kit import Entry, leaky

COLOURS = [0.4488 * 255, 0.4371 * 255, 0.4040 * 255]
"""The mean of DIV2K's images."""


def vdsr(channels: int, fused: bool, k: Any) -> Any:
    """Kim's twenty convolutions, https://arxiv.org/abs/1511.04587, their result added to what was given."""
    layers = k.layers
    inputs = x = k.Input((None, None, channels))
    for _ in range(19):
        x = layers.Conv2D(64, 3, padding="same", activation="relu" if fused else None)(x)
        x = x if fused else layers.Activation("relu")(x)
    x = layers.Conv2D(channels, 3, padding="same")(x)
    return k.Model(inputs, layers.Add()([x, inputs]))


def edsr(scale: int, filters: int, blocks: int, scaling: float, k: Any) -> Any:
    """EDSR, https://arxiv.org/abs/1707.02921, of the project super-resolution."""
    layers = k.layers

    def shuffled(x: Any, factor: int) -> Any:
        return k.ops.depth_to_space(layers.Conv2D(filters * factor**2, 3, padding="same")(x), factor)

    inputs = k.Input((None, None, 3))
    x = layers.Rescaling(1 / 127.5, offset=[-colour / 127.5 for colour in COLOURS])(inputs)
    x = start = layers.Conv2D(filters, 3, padding="same")(x)
    for _ in range(blocks):
        y = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        y = layers.Conv2D(filters, 3, padding="same")(y)
        y = layers.Rescaling(scaling)(y) if scaling != 1 else y
        x = layers.Add()([x, y])
    x = layers.Add()([start, layers.Conv2D(filters, 3, padding="same")(x)])
    for factor in {2: (2,), 3: (3,), 4: (2, 2)}[scale]:
        x = shuffled(x, factor)
    x = layers.Conv2D(3, 3, padding="same")(x)
    return k.Model(inputs, layers.Rescaling(127.5, offset=COLOURS)(x))


def keras_edsr(k: Any) -> Any:
    """Keras' example of EDSR, four times as large."""
    layers = k.layers
    inputs = k.Input((None, None, 3))
    x = start = layers.Conv2D(64, 3, padding="same")(layers.Rescaling(1.0 / 255)(inputs))
    for _ in range(16):
        y = layers.Conv2D(64, 3, padding="same", activation="relu")(x)
        x = layers.Add()([x, layers.Conv2D(64, 3, padding="same")(y)])
    x = layers.Add()([start, layers.Conv2D(64, 3, padding="same")(x)])
    for _ in range(2):
        x = k.ops.depth_to_space(layers.Conv2D(256, 3, padding="same")(x), 2)
    return k.Model(inputs, layers.Rescaling(255)(layers.Conv2D(3, 3, padding="same")(x)))


def espcn(factor: int, k: Any) -> Any:
    """Keras' example of ESPCN, https://arxiv.org/abs/1609.05158."""
    layers = k.layers
    inputs = x = k.Input((100, 100, 1))
    for filters, size in ((64, 5), (64, 3), (32, 3), (factor**2, 3)):
        x = layers.Conv2D(filters, size, padding="same", activation="relu")(x)
    return k.Model(inputs, k.ops.depth_to_space(x, factor))


def sr_resnet(k: Any) -> Any:
    """SRGAN's generator, https://arxiv.org/abs/1609.04802, of the project super-resolution."""
    layers = k.layers

    def act(x: Any) -> Any:
        return layers.PReLU(shared_axes=[1, 2])(x)

    def conv(x: Any) -> Any:
        return layers.BatchNormalization()(layers.Conv2D(64, 3, padding="same")(x))

    inputs = k.Input((None, None, 3))
    x = start = act(layers.Conv2D(64, 9, padding="same")(layers.Rescaling(1 / 255)(inputs)))
    for _ in range(16):
        x = layers.Add()([x, conv(act(conv(x)))])
    x = layers.Add()([start, conv(x)])
    for _ in range(2):
        x = act(k.ops.depth_to_space(layers.Conv2D(256, 3, padding="same")(x), 2))
    x = layers.Conv2D(3, 9, padding="same", activation="tanh")(x)
    return k.Model(inputs, layers.Rescaling(127.5, offset=127.5)(x))


def sr_critic(k: Any) -> Any:
    """Its critic: flattened, normalised in front of the leaky rectifiers."""
    layers = k.layers
    inputs = k.Input((96, 96, 3))
    x = layers.Rescaling(1 / 127.5, offset=-1.0)(inputs)
    for place, filters in enumerate((64, 64, 128, 128, 256, 256, 512, 512)):
        x = layers.Conv2D(filters, 3, strides=1 + place % 2, padding="same")(x)
        x = leaky(k, layers.BatchNormalization()(x) if place else x, 0.2)
    x = leaky(k, layers.Dense(1024)(layers.Flatten()(x)), 0.2)
    return k.Model(inputs, layers.Dense(1, activation="sigmoid")(x))


def keras_gan_critic(k: Any) -> Any:
    """Keras-GAN's: normalised behind, patch by patch."""
    layers = k.layers
    inputs = x = k.Input((256, 256, 3))
    for place, filters in enumerate((64, 64, 128, 128, 256, 256, 512, 512)):
        x = leaky(k, layers.Conv2D(filters, 3, strides=1 + place % 2, padding="same")(x), 0.2)
        x = layers.BatchNormalization()(x) if place else x
    return k.Model(inputs, layers.Dense(1, activation="sigmoid")(leaky(k, layers.Dense(1024)(x), 0.2)))


def keras_gan_resnet(k: Any) -> Any:
    """Keras-GAN's SRGAN generator: upsampled by repetition, normalised behind the rectifiers of its blocks."""
    layers = k.layers

    def conv(x: Any, filters: int = 64, size: int = 3) -> Any:
        return layers.Conv2D(filters, size, padding="same")(x)

    inputs = k.Input((64, 64, 3))
    x = start = layers.Activation("relu")(conv(inputs, 64, 9))
    for _ in range(16):
        y = layers.BatchNormalization()(layers.Activation("relu")(conv(x)))
        x = layers.Add()([layers.BatchNormalization()(conv(y)), x])
    x = layers.Add()([layers.BatchNormalization()(conv(x)), start])
    for _ in range(2):
        x = layers.Activation("relu")(conv(layers.UpSampling2D(2)(x), 256))
    return k.Model(inputs, layers.Conv2D(3, 9, padding="same", activation="tanh")(x))


def rdn(inner: int, blocks: int, growth: int, filters: int, scale: int, shuffled: bool, k: Any) -> Any:
    """Residual dense net, https://arxiv.org/abs/1802.08797, of the package ISR."""
    layers = k.layers

    def conv(x: Any, width: int, size: int = 3) -> Any:
        return layers.Conv2D(width, size, padding="same")(x)

    def act(x: Any) -> Any:
        return layers.Activation("relu")(x)

    inputs = k.Input((None, None, 3))
    start = conv(inputs, filters)
    x, found = conv(start, filters), []
    for _ in range(blocks):
        y = x
        for _ in range(inner):
            y = layers.Concatenate(axis=3)([y, act(conv(y, growth))])
        x = layers.Add()([layers.Conv2D(filters, 1)(y), x])
        found.append(x)
    x = conv(conv(layers.Concatenate(axis=3)(found), filters, 1), filters)
    x = act(conv(act(conv(layers.Add()([x, start]), 64, 5)), 32))
    x = conv(x, 3 * scale**2)
    x = k.ops.depth_to_space(x, scale) if shuffled else layers.UpSampling2D(scale)(x)
    return k.Model(inputs, conv(x, 3))


def rrdn(inner: int, middle: int, outer: int, filters: int, scale: int, k: Any) -> Any:
    """Residuals of residuals of dense blocks (ESRGAN, https://arxiv.org/abs/1809.00219), of the package ISR."""
    layers = k.layers

    def conv(x: Any, width: int) -> Any:
        return layers.Conv2D(width, 3, padding="same")(x)

    inputs = k.Input((None, None, 3))
    x = start = conv(inputs, filters)
    for _ in range(outer):
        before = x
        for _ in range(middle):
            y = x
            for _ in range(inner):
                y = layers.Concatenate(axis=3)([y, layers.Activation("relu")(conv(y, filters))])
            x = layers.Add()([x, layers.Rescaling(0.2)(conv(y, filters))])
        x = layers.Add()([before, layers.Rescaling(0.2)(x)])
    x = layers.Add()([conv(x, filters), start])
    return k.Model(inputs, conv(k.ops.depth_to_space(conv(x, 3 * scale**2), scale), 3))


def averaged(k: Any) -> Any:
    """Three windows side by side, averaged: the expanded SRCNN of Image-Super-Resolution."""
    layers = k.layers
    inputs = k.Input((32, 32, 3))
    x = layers.Conv2D(64, 9, padding="same", activation="relu")(inputs)
    found = [layers.Conv2D(32, size, padding="same", activation="relu")(x) for size in (1, 3, 5)]
    x = layers.Average()(found)
    return k.Model(inputs, layers.Conv2D(3, 5, padding="same", activation="relu")(x))


def denoiser(deep: bool, k: Any) -> Any:
    """Its denoising autoencoders: two levels of transposed convolutions, or (``deep``) of pools."""
    layers = k.layers
    conv = partial(layers.Conv2D, padding="same", activation="relu")
    turned = partial(layers.Conv2DTranspose, padding="same", activation="relu")
    inputs = k.Input((32, 32, 3))
    if deep:
        first = conv(64, 3)(conv(64, 3)(inputs))
        second = conv(128, 3)(conv(128, 3)(layers.MaxPooling2D(2)(first)))
        x = layers.UpSampling2D()(conv(256, 3)(layers.MaxPooling2D(2)(second)))
        x = layers.UpSampling2D()(layers.Add()([second, conv(128, 3)(conv(128, 3)(x))]))
        x = layers.Add()([first, conv(64, 3)(conv(64, 3)(x))])
    else:
        first = conv(64, 3)(inputs)
        second = conv(64, 3)(first)
        x = layers.Add()([second, turned(64, 3)(second)])
        x = layers.Add()([first, turned(64, 3)(x)])
    return k.Model(inputs, layers.Conv2D(3, 5, padding="same")(x))


def colours(classes: int, k: Any) -> Any:
    """Zhang's colours, https://arxiv.org/abs/1603.08511: blocks normalised at their ends, dilated in the middle."""
    layers, model = k.layers, []
    for filters, count, strides, rate in (
        (64, 2, 2, 1), (128, 2, 2, 1), (256, 3, 2, 1), (512, 3, 1, 1), (512, 3, 1, 2), (512, 3, 1, 2), (256, 3, 1, 1),
        (128, 3, 1, 1),
    ):  # fmt: skip
        if filters == 128 and count == 3:
            model.append(layers.UpSampling2D(2))
        for place in range(count):
            step = strides if place == count - 1 else 1
            model.append(layers.Conv2D(filters, 3, strides=step, dilation_rate=rate, padding="same", activation="relu"))
        model.append(layers.BatchNormalization())
    answer = layers.Conv2D(classes, 1, padding="same", activation="softmax")
    return chain(k, (256, 256, 1), *model, answer)


def few_colours(k: Any) -> Any:
    """Colours by convolutions alone, the much copied tutorial's."""
    layers, model = k.layers, []
    for filters, strides in ((64, 1), (64, 2), (128, 1), (128, 2), (256, 1), (256, 2), (512, 1), (256, 1), (128, 1)):
        model.append(layers.Conv2D(filters, 3, strides=strides, padding="same", activation="relu"))
    for filters in (64, 32):
        model += [layers.UpSampling2D(2), layers.Conv2D(filters, 3, padding="same", activation="relu")]
    model += [layers.Conv2D(2, 3, padding="same", activation="tanh"), layers.UpSampling2D(2)]
    return chain(k, (256, 256, 1), *model)


def fused_colours(k: Any) -> Any:
    """Colours with what another net sees repeated over the map: 1000 numbers of an Inception-ResNet."""
    layers = k.layers
    conv = partial(layers.Conv2D, padding="same", activation="relu")
    seen, inputs = k.Input((1000,)), k.Input((256, 256, 1))
    x = inputs
    for filters, strides in ((64, 2), (128, 1), (128, 2), (256, 1), (256, 2), (512, 1), (512, 1), (256, 1)):
        x = conv(filters, 3, strides=strides)(x)
    y = layers.Reshape((32, 32, 1000))(layers.RepeatVector(32 * 32)(seen))
    x = conv(256, 1)(layers.Concatenate(axis=3)([x, y]))
    x = layers.UpSampling2D(2)(conv(128, 3)(x))
    x = layers.UpSampling2D(2)(conv(64, 3)(x))
    x = layers.Conv2D(2, 3, padding="same", activation="tanh")(conv(16, 3)(conv(32, 3)(x)))
    return k.Model([inputs, seen], layers.UpSampling2D(2)(x))


def restored() -> Iterator[Entry]:
    """All of them."""
    for channels, fused in product((1, 3), (False, True)):
        words = f"VDSR, {channels} channels" + (", fused activations" if fused else "")
        yield Entry(words, partial(vdsr, channels, fused))
    for scale, blocks in product((2, 3, 4), (8, 16)):
        yield Entry(f"EDSR of {blocks} blocks, x{scale}", partial(edsr, scale, 64, blocks, 1.0), "super-resolution")
    yield Entry("EDSR of 32 wide blocks, x4", partial(edsr, 4, 256, 32, 0.1), "super-resolution")
    yield Entry("EDSR", keras_edsr, "Keras examples")
    yield Entry("ESPCN x3", partial(espcn, 3), "Keras examples")
    yield Entry("SRGAN generator, shuffled", sr_resnet, "super-resolution")
    yield Entry("SRGAN discriminator", sr_critic, "super-resolution")
    yield Entry("SRGAN generator", keras_gan_resnet, "Keras-GAN")
    yield Entry("SRGAN discriminator", keras_gan_critic, "Keras-GAN")
    for sizes, shuffled in product(((3, 10, 64, 64, 2), (6, 20, 64, 64, 2)), (False, True)):
        words = f"RDN C{sizes[0]} D{sizes[1]} G64 x2" + (", shuffled" if shuffled else "")
        yield Entry(words, partial(rdn, *sizes, shuffled), "ISR")
    yield Entry("RRDN C4 D3 G32 T10 x4", partial(rrdn, 4, 3, 10, 32, 4), "ISR")
    yield Entry("expanded SRCNN", averaged, "Image-Super-Resolution")
    yield Entry("denoiser", partial(denoiser, False), "Image-Super-Resolution")
    yield Entry("deep denoiser", partial(denoiser, True), "Image-Super-Resolution")
    yield Entry("colours of 313 classes", partial(colours, 313), "Zhang et al. 2016")
    yield Entry("colours by convolutions", few_colours, "Coloring-greyscale-images")
    yield Entry("colours with what is seen", fused_colours, "Coloring-greyscale-images")
