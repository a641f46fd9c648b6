"""Parallel branches: inception, fire, separable, and detection heads."""

from __future__ import annotations

from typing import Any

from benchmarks.zoo.kit import Kit


def inception(k: Kit) -> Any:
    """GoogLeNet cells with four branches."""
    x = image = k.Input((32, 32, 3))
    x = k.conv(x, 16, 3, padding="same")
    branch_order = k.pick(("usual", "pool first"))
    for cell in range(k.pick((2,), (3,))):
        k.scope = f"mixed{cell}"
        one = k.conv(x, 8, 1, padding="same")
        three = k.conv(k.conv(x, 12, 1, padding="same"), 16, 3, padding="same")
        five = k.conv(k.conv(x, 4, 1, padding="same"), 8, 5, padding="same")
        pool = k.MaxPooling2D(3, strides=1, padding="same", name=k.n("pool"))(x)
        pool = k.conv(pool, 8, 1, padding="same")
        branches = [one, three, five, pool] if branch_order == "usual" else [pool, one, three, five]
        x = k.Concatenate(axis=-1, name=k.n("cat"))(branches)
        if not cell:
            x = k.MaxPooling2D(3, strides=2, padding="same", name=k.n("pool"))(x)
    x = k.Dropout(0.4)(k.GlobalAveragePooling2D()(x))
    return k.Model(image, k.Dense(10, activation="softmax", name=k.n("out"))(x))


def inception_factorised(k: Kit) -> Any:
    """Inception v3's factorised kernels, normalised without scale."""

    def unit(x: Any, width: int, size: tuple[int, int], strides: int = 1, padding: str = "same") -> Any:
        x = k.Conv2D(width, size, strides=strides, padding=padding, use_bias=False, name=k.n("conv"))(x)
        return k.Activation("relu", name=k.n("act"))(k.BatchNormalization(scale=False, name=k.n("bn"))(x))

    x = image = k.Input((64, 64, 3))
    x = unit(x, 16, (3, 3), 2, "valid")
    x = k.MaxPooling2D((3, 3), strides=(2, 2), name=k.n("pool"))(unit(x, 24, (3, 3)))
    length = k.pick((7, 5), (3,))
    a = unit(x, 16, (1, 1))
    b = unit(unit(unit(x, 12, (1, 1)), 12, (1, length)), 16, (length, 1))
    c = unit(k.AveragePooling2D((3, 3), strides=(1, 1), padding="same", name=k.n("pool"))(x), 16, (1, 1))
    x = k.Concatenate(name=k.n("cat"))([a, b, c])
    a = unit(x, 24, (3, 3), 2, "valid")
    b = unit(unit(x, 16, (1, 1)), 24, (3, 3), 2, "valid")
    c = k.MaxPooling2D((3, 3), strides=(2, 2), name=k.n("pool"))(x)
    x = k.Concatenate(name=k.n("cat"))([a, b, c])
    return k.Model(image, k.Dense(12, activation="softmax", name=k.n("out"))(k.GlobalAveragePooling2D()(x)))


def squeezenet(k: Kit) -> Any:
    """Fire modules."""
    x = image = k.Input((64, 64, 3))
    x = k.MaxPooling2D(3, strides=2, name=k.n("pool"))(k.conv(x, 16, 3, strides=2, padding=k.pick(("valid", "same"))))
    for index, width in enumerate((4, 4, 8)):
        k.scope = f"fire{index + 2}"
        s = k.conv(x, width, 1, padding="valid")
        left, right = k.conv(s, 4 * width, 1, padding="valid"), k.conv(s, 4 * width, 3, padding="same")
        x = k.Concatenate(axis=3, name=k.n("cat"))([left, right])
        if index == 1:
            x = k.MaxPooling2D(3, strides=2, name=k.n("pool"))(x)
    x = k.conv(k.Dropout(0.5)(x), 10, 1)
    return k.Model(image, k.Activation("softmax")(k.GlobalAveragePooling2D()(x)))


def separable(k: Kit) -> Any:
    """Xception's separable blocks with a strided pool and a projected shortcut."""
    x = image = k.Input((k.pick((48, 64)), 48, 3))
    x = k.conv_bn(x, 16, 3, 2, padding=k.pick(("valid",), ("same",)))
    for width in (32, 48):
        skip = k.conv_bn(x, width, 1, 2, function=None)
        y = x
        for index in range(2):
            if index or width > 32:
                y = k.act("relu")(y)
            y = k.SeparableConv2D(width, 3, padding="same", use_bias=False, name=k.n("sep"))(y)
            y = k.BatchNormalization(name=k.n("bn"))(y)
        y = k.MaxPooling2D(3, strides=2, padding="same", name=k.n("pool"))(y)
        x = k.Add(name=k.n("add"))([y, skip])
    x = k.act("relu")(k.SeparableConv2D(64, 3, padding="same", name=k.n("sep"))(x))
    return k.Model(image, k.Dense(2, activation="softmax", name=k.n("out"))(k.GlobalMaxPooling2D()(x)))


def detector(k: Kit) -> Any:
    """A one-stage detector: leaky backbone, pass-through from an earlier stage, two heads."""
    x = image = k.Input((64, 64, 3))
    slope = k.pick((0.1,), (0.2,))

    def unit(x: Any, width: int, size: int) -> Any:
        return k.leaky(slope)(k.conv_bn(x, width, size, function=None))

    stages = []
    for width in (8, 16, 32):
        x = k.MaxPooling2D(2, name=k.n("pool"))(unit(x, width, 3))
        stages.append(x)
    x = unit(unit(x, 32, 3), 16, 1)
    coarse = k.Conv2D(k.pick((18, 21)), 1, name=k.n("head"))(unit(x, 32, 3))
    up = k.UpSampling2D(2, name=k.n("up"))(unit(x, 8, 1))
    x = k.Concatenate(name=k.n("cat"))([up, stages[1]] if k.maybe() else [stages[1], up])
    fine = k.Conv2D(coarse.shape[-1], 1, name=k.n("head"))(unit(x, 32, 3))
    return k.Model(image, [coarse, fine])


def pyramid(k: Kit) -> Any:
    """A feature pyramid: lateral 1x1 convolutions, additions, one head called on every level."""
    x = image = k.Input((64, 64, 3))
    levels = []
    for width in (8, 16, 24):
        x = k.conv(x, width, 3, strides=2, padding="same")
        levels.append(x)
    laterals = [k.Conv2D(16, 1, name=k.n("lat"))(level) for level in levels]
    merged = [laterals[-1]]
    for lateral in laterals[-2::-1]:
        up = k.UpSampling2D(2, interpolation=k.pick(("nearest", "bilinear")), name=k.n("up"))(merged[-1])
        merged.append(k.Add(name=k.n("add"))([up, lateral]))
    head = k.Conv2D(k.pick((4, 9)), 3, padding="same", name=k.n("head"))
    if k.pick((True,), (False,)):
        return k.Model(image, [head(level) for level in merged])
    return k.Model(image, [k.Conv2D(5, 3, padding="same", name=k.n("head"))(level) for level in merged])


def aspp(k: Kit) -> Any:
    """Dilated parallel branches with an image-level branch, DeepLab style."""
    x = image = k.Input((64, 64, 3))
    x = k.conv_bn(k.conv_bn(x, 16, 3, 2), 32, 3, 2)
    rates = k.pick(((2, 4, 6), (3, 6)), ((2, 3, 5),))
    branches = [k.conv_bn(x, 16, 1)] + [k.conv_bn(x, 16, 3, dilation_rate=rate) for rate in rates]
    pooled = k.GlobalAveragePooling2D(keepdims=True)(x)
    pooled = k.UpSampling2D(16, interpolation="bilinear", name=k.n("up"))(k.conv_bn(pooled, 16, 1))
    x = k.conv_bn(k.Concatenate(name=k.n("cat"))([*branches, pooled]), 24, 1)
    x = k.UpSampling2D(4, interpolation="bilinear", name=k.n("up"))(k.Conv2D(5, 1, name=k.n("out"))(x))
    return k.Model(image, k.act("softmax")(x))
