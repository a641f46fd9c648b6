"""Encoder-decoder networks that answer with an image."""

from __future__ import annotations

from typing import Any

from benchmarks.zoo.kit import Kit


def unet_transposed(k: Kit) -> Any:
    """U-Net with transposed convolutions, two convolutions a level."""
    x = image = k.Input((k.pick((64, 48)), 64, k.pick((1, 3))))
    up_first = k.pick((True, False))
    levels, skips = k.pick(((8, 16, 32), (16, 32)), ((8, 16),)), []
    for width in levels:
        k.scope = f"down{width}"
        x = k.conv(k.conv(x, width, 3, padding="same"), width, 3, padding="same")
        skips.append(x)
        x = k.MaxPooling2D((2, 2), name=k.n("pool"))(x)
    x = k.conv(k.conv(x, 2 * levels[-1], 3, padding="same"), 2 * levels[-1], 3, padding="same")
    for width, skip in zip(levels[::-1], skips[::-1], strict=True):
        k.scope = f"up{width}"
        x = k.Conv2DTranspose(width, k.pick(((2, 2),), ((3, 3),)), strides=(2, 2), padding="same", name=k.n("up"))(x)
        x = k.Concatenate(axis=3, name=k.n("cat"))([x, skip] if up_first else [skip, x])
        x = k.conv(k.conv(x, width, 3, padding="same"), width, 3, padding="same")
    return k.Model(image, k.Conv2D(1, (1, 1), activation="sigmoid", name=k.n("out"))(x))


def unet_upsampling(k: Kit) -> Any:
    """The 2015 style: up-sampling followed by a 2x2 convolution, dropout at the bottom."""
    x = image = k.Input((64, 64, 1))
    skip_first, skips = k.pick((True, False)), []
    for width in (8, 16, 32):
        x = k.conv(k.conv(x, width, 3, padding="same"), width, 3, padding="same")
        if width == 32:
            x = k.Dropout(0.5)(x)
        skips.append(x)
        x = k.MaxPooling2D(pool_size=(2, 2), name=k.n("pool"))(x)
    x = k.Dropout(0.5)(k.conv(k.conv(x, 64, 3, padding="same"), 64, 3, padding="same"))
    for width, skip in zip((32, 16, 8), skips[::-1], strict=True):
        x = k.UpSampling2D(size=(2, 2), name=k.n("up"))(x)
        x = k.conv(x, width, k.pick((2,), (3,)), padding="same")
        x = k.concatenate([skip, x] if skip_first else [x, skip], axis=3)
        x = k.conv(k.conv(x, width, 3, padding="same"), width, 3, padding="same")
    x = k.conv(x, 2, 3, padding="same")
    return k.Model(image, k.Conv2D(1, 1, activation="sigmoid", name=k.n("out"))(x))


def unet_normalised(k: Kit) -> Any:
    """U-Net with BatchNormalization, upsampled map concatenated directly, several classes."""
    x = image = k.Input((48, 48, 3))
    skips = []
    for width in (12, 24):
        x = k.conv_bn(k.conv_bn(x, width, 3), width, 3)
        skips.append(x)
        x = k.conv_bn(x, width, 3, 2) if k.pick((False,), (True,)) else k.MaxPooling2D(2, name=k.n("pool"))(x)
    x = k.conv_bn(x, 48, 3)
    for width, skip in zip((24, 12), skips[::-1], strict=True):
        x = k.concatenate([k.UpSampling2D(2, name=k.n("up"))(x), skip])
        x = k.conv_bn(k.conv_bn(x, width, 3), width, 3)
    return k.Model(image, k.Conv2D(k.pick((3, 4)), 1, activation="softmax", name=k.n("out"))(x))


def linknet(k: Kit) -> Any:
    """Skips are added, not concatenated; strided encoder."""
    x = image = k.Input((64, 64, 3))
    x = k.conv_bn(x, 8, k.pick((7,), (3,)), 2)
    skips = []
    for width in (8, 16, 32):
        skips.append(x)
        x = k.conv_bn(k.conv_bn(x, width, 3, 2), width, 3)
    for skip in skips[::-1]:
        x = k.conv_bn(x, x.shape[-1] // 4, 1)
        x = k.Conv2DTranspose(x.shape[-1], 3, strides=2, padding="same", name=k.n("up"))(x)
        x = k.act("relu")(k.BatchNormalization(name=k.n("bn"))(x))
        x = k.conv_bn(x, skip.shape[-1], 1)
        x = k.Add(name=k.n("add"))([x, skip])
    x = k.Conv2DTranspose(8, 3, strides=2, padding="same", name=k.n("up"))(x)
    return k.Model(image, k.Conv2D(1, 1, activation="sigmoid", name=k.n("out"))(k.act("relu")(x)))


def segnet(k: Kit) -> Any:
    """A symmetric chain without skips."""
    layers = [k.Input((64, 64, 3))]

    def unit(width: int) -> list[Any]:
        return [
            k.Conv2D(width, 3, padding="same", name=k.n("conv")),
            k.BatchNormalization(name=k.n("bn")),
            k.Activation("relu", name=k.n("act")),
        ]

    widths = k.pick(((8, 16, 32), (16, 24)), ((8, 16),))
    for width in widths:
        layers += [*unit(width), k.MaxPooling2D(name=k.n("pool"))]
    for width in widths[::-1]:
        layers += [k.UpSampling2D(name=k.n("up")), *unit(width)]
    return k.Sequential([*layers, k.Conv2D(12, 1, padding="valid", name=k.n("out")), k.Activation("softmax")])


def unet_attention(k: Kit) -> Any:
    """Attention gates on the skips: a one-channel map multiplies."""
    x = image = k.Input((32, 32, 1))
    skips = []
    for width in (8, 16):
        x = k.conv(x, width, 3, padding="same")
        skips.append(x)
        x = k.MaxPooling2D(2, name=k.n("pool"))(x)
    x = k.conv(x, 32, 3, padding="same")
    for width, skip in zip((16, 8), skips[::-1], strict=True):
        x = k.UpSampling2D(2, name=k.n("up"))(x)
        gate = k.Add(name=k.n("add"))(
            [k.Conv2D(width, 1, name=k.n("theta"))(skip), k.Conv2D(width, 1, name=k.n("phi"))(x)]
        )
        gate = k.Conv2D(1, 1, activation="sigmoid", name=k.n("psi"))(k.Activation("relu")(gate))
        skip = k.Multiply(name=k.n("mul"))([skip, gate])
        x = k.conv(
            k.Concatenate(name=k.n("cat"))([x, skip] if k.pick((True,), (False,)) else [skip, x]),
            width,
            3,
            padding="same",
        )
    return k.Model(image, k.Conv2D(1, 1, activation="sigmoid", name=k.n("out"))(x))


def unet_1d(k: Kit) -> Any:
    """A signal U-Net."""
    x = series = k.Input((k.pick((128, 256)), 1))
    skips = []
    size = k.pick((3, 9), (5,))
    for width in (8, 16):
        x = k.Conv1D(width, size, padding="same", activation="relu", name=k.n("conv"))(x)
        skips.append(x)
        x = k.MaxPooling1D(2, name=k.n("pool"))(x)
    x = k.Conv1D(32, size, padding="same", activation="relu", name=k.n("conv"))(x)
    for width, skip in zip((16, 8), skips[::-1], strict=True):
        x = k.concatenate([k.UpSampling1D(2, name=k.n("up"))(x), skip])
        x = k.Conv1D(width, size, padding="same", activation="relu", name=k.n("conv"))(x)
    return k.Model(series, k.Conv1D(k.pick((1, 4)), 1, activation="sigmoid", name=k.n("out"))(x))


def super_resolution(k: Kit) -> Any:
    """SRCNN: three convolutions, 9-1-5 or 9-5-5."""
    x = image = k.Input((32, 32, k.pick((1, 3))))
    x = k.conv(x, 32, 9, padding="same")
    x = k.conv(x, 16, k.pick((1, 5), (3,)), padding="same")
    return k.Model(image, k.Conv2D(image.shape[-1], 5, padding="same", name=k.n("out"))(x))


def super_resolution_residual(k: Kit) -> Any:
    """SRResNet: PReLU with shared axes, one long skip, up-sampling at the end."""
    x = image = k.Input((24, 24, 3))
    x = first = k.PReLU(shared_axes=[1, 2], name=k.n("prelu"))(k.Conv2D(16, 9, padding="same", name=k.n("conv"))(x))
    for _ in range(k.pick((2, 3), (4,))):
        y = k.PReLU(shared_axes=[1, 2], name=k.n("prelu"))(k.conv_bn(x, 16, 3, function=None, use_bias=True))
        x = k.Add(name=k.n("add"))([x, k.conv_bn(y, 16, 3, function=None, use_bias=True)])
    x = k.Add(name=k.n("add"))([first, k.conv_bn(x, 16, 3, function=None)])
    x = k.UpSampling2D(k.pick((2,), (4,)), name=k.n("up"))(x)
    x = k.PReLU(shared_axes=[1, 2], name=k.n("prelu"))(k.Conv2D(32, 3, padding="same", name=k.n("conv"))(x))
    return k.Model(image, k.Conv2D(3, 9, padding="same", activation="tanh", name=k.n("out"))(x))


def denoiser(k: Kit) -> Any:
    """DnCNN: a normalised chain whose output is subtracted from its input."""
    x = image = k.Input((40, 40, 1))
    x = k.conv(x, 24, 3, padding="same")
    for _ in range(k.pick((3, 4), (6,))):
        x = k.conv_bn(x, 24, 3)
    x = k.Conv2D(1, 3, padding="same", name=k.n("out"))(x)
    return k.Model(image, k.Subtract(name=k.n("sub"))([image, x]))


def density_map(k: Kit) -> Any:
    """Crowd counting: a VGG front and a dilated back end."""
    x = image = k.Input((64, 64, 3))
    for width in (8, 16):
        x = k.MaxPooling2D(name=k.n("pool"))(k.conv(k.conv(x, width, 3, padding="same"), width, 3, padding="same"))
    for width in (24, 16, 8):
        x = k.conv(x, width, 3, padding="same", dilation_rate=k.pick((2,), (3,)))
    return k.Model(image, k.Conv2D(1, 1, name=k.n("out"))(x))
