"""Adversarial networks and autoencoders."""

from __future__ import annotations

from typing import Any

from benchmarks.zoo.kit import Kit


def dcgan_generator(k: Kit) -> Any:
    """Noise, dense, reshape, transposed convolutions."""
    side, width = k.pick((7, 4)), k.pick((32, 16))
    layers = [
        k.Input((k.pick((100, 64), (128,)),)),
        k.Dense(side * side * 2 * width, use_bias=k.pick((True, False)), name=k.n("fc")),
    ]
    slope = k.pick((0.2, 0.3))
    layers += [k.BatchNormalization(momentum=0.8, name=k.n("bn")), k.leaky(slope), k.Reshape((side, side, 2 * width))]
    size = k.pick((5, 4), (3,))
    for filters, strides in ((width, 1 if side == 7 else 2), (width // 2, 2)):
        layers += [
            k.Conv2DTranspose(filters, size, strides=strides, padding="same", use_bias=False, name=k.n("up")),
            k.BatchNormalization(name=k.n("bn")),
            k.leaky(slope),
        ]
    layers.append(k.Conv2DTranspose(1, size, strides=2, padding="same", activation="tanh", name=k.n("out")))
    return k.Sequential(layers)


def upsampling_generator(k: Kit) -> Any:
    """The other common generator: up-sampling and plain convolutions."""
    layers = [k.Input((100,)), *k.plain(k.Dense, "relu", 7 * 7 * 32, name=k.n("fc")), k.Reshape((7, 7, 32))]
    for filters in (32, 16):
        layers += [
            k.UpSampling2D(name=k.n("up")),
            k.Conv2D(filters, k.pick((3,), (5,)), padding="same", name=k.n("conv")),
            k.BatchNormalization(momentum=0.8, name=k.n("bn")),
            k.act("relu"),
        ]
    layers += [k.Conv2D(k.pick((1, 3)), 3, padding="same", name=k.n("conv")), k.Activation("tanh")]
    return k.Sequential(layers)


def discriminator(k: Kit) -> Any:
    """Strided convolutions, leaky, dropout, one sigmoid; a zero padding in the middle."""
    layers = [k.Input((28, 28, 1))]
    for index, filters in enumerate((16, 32, 64)[: k.pick((3, 2))]):
        layers.append(k.Conv2D(filters, k.pick((3, 5), (4,)), strides=2, padding="same", name=k.n("conv")))
        if index == 1 and k.maybe():
            layers.append(k.ZeroPadding2D(padding=((0, 1), (0, 1))))
        if index and k.maybe():
            layers.append(k.BatchNormalization(momentum=0.8, name=k.n("bn")))
        layers += [k.leaky(0.2), k.Dropout(0.25)]
    return k.Sequential([*layers, k.Flatten(), k.Dense(1, activation=k.pick(("sigmoid", None)), name=k.n("out"))])


def gan_mlp(k: Kit) -> Any:
    """A dense generator with an image at the end."""
    layers = [k.Input((100,))]
    for units in (64, 128, 256):
        layers += [k.Dense(units, name=k.n("fc")), k.leaky(0.2), k.BatchNormalization(momentum=0.8, name=k.n("bn"))]
    return k.Sequential(
        [*layers, k.Dense(784, activation="tanh", name=k.n("out")), k.Reshape(k.pick(((28, 28, 1),), ((28, 28),)))]
    )


def gan_conditional(k: Kit) -> Any:
    """Noise times an embedded label; the generator is a nested model."""
    latent = 50
    inner = [k.Input((latent,))]
    for units in (64, 128):
        inner += [k.Dense(units, name=k.n("fc")), k.leaky(0.2), k.BatchNormalization(name=k.n("bn"))]
    generator = k.Sequential([*inner, k.Dense(28 * 28, activation="tanh", name=k.n("out")), k.Reshape((28, 28, 1))])
    noise, label = k.Input((latent,)), k.Input((1,), dtype="int32")
    embedded = k.Flatten()(k.Embedding(10, latent, name=k.n("embed"))(label))
    joined = k.multiply([noise, embedded]) if k.pick((True,), (False,)) else k.add([noise, embedded])
    return k.Model([noise, label], generator(joined))


def pix2pix(k: Kit) -> Any:
    """Image translation: leaky encoder, dropout decoder, skips after the activation."""
    x = image = k.Input((64, 64, 3))
    skips = []
    for index, width in enumerate((8, 16, 32, 32)):
        x = k.Conv2D(width, 4, strides=2, padding="same", name=k.n("conv"))(x)
        x = k.leaky(0.2)(x)
        if index:
            x = k.BatchNormalization(momentum=0.8, name=k.n("bn"))(x)
        skips.append(x)
    for width, skip in zip((32, 16, 8), skips[-2::-1], strict=True):
        x = k.UpSampling2D(size=2, name=k.n("up"))(x)
        x = k.Conv2D(width, 4, strides=1, padding="same", activation="relu", name=k.n("conv"))(x)
        if k.pick((True,), (False,)):
            x = k.Dropout(0.3)(x)
        x = k.Concatenate(name=k.n("cat"))([k.BatchNormalization(momentum=0.8, name=k.n("bn"))(x), skip])
    x = k.UpSampling2D(size=2, name=k.n("up"))(x)
    return k.Model(image, k.Conv2D(3, 4, padding="same", activation="tanh", name=k.n("out"))(x))


def autoencoder_conv(k: Kit) -> Any:
    """Convolutional autoencoder: pools down, up-sampling up; padding same and one valid."""
    x = image = k.Input((28, 28, 1))
    x = k.MaxPooling2D((2, 2), padding="same", name=k.n("pool"))(k.conv(x, 16, 3, padding="same"))
    x = k.MaxPooling2D((2, 2), padding="same", name=k.n("pool"))(k.conv(x, 8, 3, padding="same"))
    x = k.MaxPooling2D((2, 2), padding="same", name="encoder")(k.conv(x, 8, 3, padding="same"))
    x = k.UpSampling2D((2, 2), name=k.n("up"))(k.conv(x, 8, 3, padding="same"))
    x = k.UpSampling2D((2, 2), name=k.n("up"))(k.conv(x, 8, 3, padding="same"))
    x = k.UpSampling2D((2, 2), name=k.n("up"))(k.conv(x, 16, 3))
    return k.Model(image, k.Conv2D(1, (3, 3), activation="sigmoid", padding="same", name=k.n("out"))(x))


def autoencoder_strided(k: Kit) -> Any:
    """Autoencoder by strides and transposed convolutions, encoder and decoder as nested models."""
    widths = k.pick(((16, 32), (32, 64)), ((16, 24, 32),))
    side = 32
    encoder = [k.Input((side, side, 3))]
    for width in widths:
        encoder += k.plain(k.Conv2D, "relu", width, 3, strides=2, padding="same", name=k.n("conv"))
    small, latent = side // 2 ** len(widths), 24
    encoder += [k.Flatten(), k.Dense(latent, name=k.n("fc"))]
    decoder = [
        k.Input((latent,)),
        k.Dense(small * small * widths[-1], name=k.n("fc")),
        k.Reshape((small, small, widths[-1])),
    ]
    for width in widths[::-1]:
        decoder += k.plain(k.Conv2DTranspose, "relu", width, 3, strides=2, padding="same", name=k.n("up"))
    decoder.append(k.Conv2D(3, 3, padding="same", activation="sigmoid", name=k.n("out")))
    image = k.Input((side, side, 3))
    return k.Model(image, k.Sequential(decoder, name="decoder")(k.Sequential(encoder, name="encoder")(image)))


def autoencoder_dense(k: Kit) -> Any:
    """A dense hourglass."""
    widths = k.pick(((128, 64, 32), (64, 16)), ((100, 30, 10),))
    layers = [k.Input((784,))]
    for units in (*widths, *widths[-2::-1]):
        layers += k.plain(k.Dense, k.pick(("relu", "sigmoid")), units, name=k.n("fc"))
    return k.Sequential([*layers, k.Dense(784, activation="sigmoid", name=k.n("out"))])


def vae_encoder(k: Kit) -> Any:
    """Two heads of one width: mean and log-variance."""
    x = image = k.Input((28, 28, 1))
    for width in k.pick(((16, 32), (32, 64)), ((16, 32, 32),)):
        x = k.conv(x, width, 3, strides=2, padding="same")
    x = k.dense(k.Flatten()(x), 16)
    latent = k.pick((2, 8))
    return k.Model(image, [k.Dense(latent, name="z_mean")(x), k.Dense(latent, name="z_log_var")(x)])


def vae_decoder(k: Kit) -> Any:
    """Dense, reshape, transposed convolutions, sigmoid."""
    x = code = k.Input((k.pick((2, 8)),))
    x = k.Reshape((7, 7, 32))(k.dense(x, 7 * 7 * 32))
    for width in (32, 16):
        x = k.chain(
            x, k.plain(k.Conv2DTranspose, "relu", width, k.pick((3,), (4,)), strides=2, padding="same", name=k.n("up"))
        )
    return k.Model(code, k.Conv2DTranspose(1, 3, activation="sigmoid", padding="same", name=k.n("out"))(x))
