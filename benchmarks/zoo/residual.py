"""Residual families, dense blocks, depthwise networks."""

from __future__ import annotations

from typing import Any

from benchmarks.zoo.kit import Kit


def _head(k: Kit, image: Any, x: Any, classes: int = 10) -> Any:
    x = k.GlobalAveragePooling2D(name=k.n("gap"))(x)
    return k.Model(image, k.Dense(classes, activation="softmax", name=k.n("out"))(x))


def resnet_post(k: Kit) -> Any:
    """ResNet v1 for small images: addition, then activation."""
    x = image = k.Input((32, 32, 3))
    x = k.conv_bn(x, 16, 3)
    projected_first = k.pick((True, False))
    for stage, width in enumerate(k.pick(((16, 32, 64), (16, 32)), ((16, 48),))):
        for block in range(k.pick((2, 1), (3,))):
            k.scope = f"s{stage}b{block}"
            strides = 2 if stage and not block else 1
            skip = x
            if strides > 1 and projected_first:
                skip = k.conv_bn(x, width, 1, strides, function=None)
            y = k.conv_bn(x, width, 3, strides)
            y = k.conv_bn(y, width, 3, function=None)
            if strides > 1 and not projected_first:
                skip = k.Conv2D(width, 1, strides=strides, padding="same", name=k.n("short"))(x)
            x = k.act("relu")(k.Add(name=k.n("add"))([skip, y] if k.maybe() else [y, skip]))
    return _head(k, image, x)


def resnet_pre(k: Kit) -> Any:
    """ResNet v2: normalisation and activation before each convolution."""
    x = image = k.Input((32, 32, 3))
    x = k.Conv2D(16, 3, padding="same", name=k.n("conv"))(x)
    for stage, width in enumerate((16, 32, 64)[: k.pick((2, 3))]):
        for block in range(2):
            strides = 2 if stage and not block else 1
            y = k.act("relu")(k.BatchNormalization(name=k.n("bn"))(x))
            skip = x
            if strides > 1:
                skip = k.Conv2D(width, 1, strides=strides, name=k.n("conv"))(y if k.pick((True,), (False,)) else x)
            y = k.Conv2D(width, 3, strides=strides, padding="same", name=k.n("conv"))(y)
            y = k.act("relu")(k.BatchNormalization(name=k.n("bn"))(y))
            y = k.Conv2D(width, 3, padding="same", name=k.n("conv"))(y)
            x = k.Add(name=k.n("add"))([skip, y])
    return _head(k, image, k.act("relu")(k.BatchNormalization(name=k.n("bn"))(x)))


def resnet_bottleneck(k: Kit) -> Any:
    """1x1, 3x3, 1x1 with a four times wider end; padded 7x7 stem."""
    x = image = k.Input((64, 64, 3))
    if k.pick((True,), (False,)):
        x = k.conv_bn(k.ZeroPadding2D(3, name=k.n("pad"))(x), 16, 7, 2, padding="valid", use_bias=True)
        x = k.MaxPooling2D(3, strides=2, name=k.n("pool"))(k.ZeroPadding2D(1, name=k.n("pad"))(x))
    else:
        x = k.MaxPooling2D(3, strides=2, padding="same", name=k.n("pool"))(k.conv_bn(x, 16, 7, 2))
    first = k.pick((True, False))
    for stage, width in enumerate((8, 16, 32)):
        for block in range(2):
            strides = 2 if stage and not block else 1
            skip = k.conv_bn(x, 4 * width, 1, strides, function=None) if not block else x
            y = k.conv_bn(x, width, 1, strides if first else 1)
            y = k.conv_bn(y, width, 3, 1 if first else strides)
            y = k.conv_bn(y, 4 * width, 1, function=None)
            x = k.act("relu")(k.Add(name=k.n("add"))([skip, y]))
    return _head(k, image, x, 100)


def wide_resnet(k: Kit) -> Any:
    """WRN: pre-activation shared with the projection, dropout between the convolutions."""
    x = image = k.Input((32, 32, 3))
    x = k.Conv2D(16, 3, padding="same", use_bias=False, name=k.n("conv"))(x)
    widen = k.pick((2, 4), (3,))
    for stage in range(3):
        for block in range(k.pick((1, 2))):
            width, strides = 16 * widen * 2**stage // 2, 2 if stage and not block else 1
            y = k.act("relu")(k.BatchNormalization(name=k.n("bn"))(x))
            skip = (
                x if block else k.Conv2D(width, 1, strides=strides, padding="same", use_bias=False, name=k.n("conv"))(y)
            )
            y = k.Conv2D(width, 3, strides=strides, padding="same", use_bias=False, name=k.n("conv"))(y)
            y = k.Dropout(0.3)(k.act("relu")(k.BatchNormalization(name=k.n("bn"))(y)))
            y = k.Conv2D(width, 3, padding="same", use_bias=False, name=k.n("conv"))(y)
            x = k.Add(name=k.n("add"))([y, skip])
    x = k.act("relu")(k.BatchNormalization(name=k.n("bn"))(x))
    x = k.Flatten()(k.AveragePooling2D(8, name=k.n("pool"))(x))
    return k.Model(image, k.Dense(10, activation="softmax", name=k.n("out"))(x))


def resnet_operator(k: Kit) -> Any:
    """Additions written ``x + y``: Keras 3 lists no layer for them."""
    x = image = k.Input((28, 28, 1))
    x = k.conv(x, 16, 3, padding="same")
    for _ in range(k.pick((2,), (3,))):
        y = k.conv_bn(x, 16, 3)
        y = k.conv_bn(y, 16, 3, function=None)
        x = k.act("relu")(x + y)
    x = k.conv(x, 32, 3, strides=2, padding="same")
    return _head(k, image, x)


def se_resnet(k: Kit) -> Any:
    """Squeeze and excite on the residual branch."""
    x = image = k.Input((32, 32, 3))
    x = k.conv_bn(x, 16, 3)
    ratio = k.pick((4, 8), (2,))
    for stage, width in enumerate((16, 32)):
        for block in range(2):
            strides = 2 if stage and not block else 1
            skip = k.conv_bn(x, width, 1, strides, function=None) if strides > 1 else x
            y = k.conv_bn(k.conv_bn(x, width, 3, strides), width, 3, function=None)
            gate = k.Reshape((1, 1, width))(k.GlobalAveragePooling2D()(y))
            if k.pick((True,), (False,)):
                gate = k.Dense(width // ratio, activation="relu", name=k.n("se"))(gate)
                gate = k.Dense(width, activation="sigmoid", name=k.n("se"))(gate)
            else:
                gate = k.Conv2D(width // ratio, 1, activation="relu", name=k.n("se"))(gate)
                gate = k.Conv2D(width, 1, activation="hard_sigmoid", name=k.n("se"))(gate)
            y = k.Multiply(name=k.n("scale"))([y, gate])
            x = k.act("relu")(k.Add(name=k.n("add"))([y, skip]))
    return _head(k, image, x)


def inverted_residual(k: Kit) -> Any:
    """MobileNetV2's blocks: expand, depthwise, project; relu6."""
    x = image = k.Input((k.pick((64, 48)), 64, 3))
    x = k.ReLU(6.0)(k.conv_bn(x, 16, 3, 2, function=None))
    expand = k.pick((6, 4), (3,))
    for width, strides, repeats in ((16, 1, 1), (24, 2, 2), (32, 2, 2)):
        for block in range(repeats):
            y = k.ReLU(6.0)(k.conv_bn(x, expand * x.shape[-1], 1, function=None))
            step = strides if not block else 1
            y = k.DepthwiseConv2D(k.pick((3,), (5,)), strides=step, padding="same", use_bias=False, name=k.n("dw"))(y)
            y = k.ReLU(6.0)(k.BatchNormalization(name=k.n("bn"))(y))
            y = k.conv_bn(y, width, 1, function=None)
            x = k.Add(name=k.n("add"))([x, y]) if step == 1 and x.shape[-1] == width else y
    return _head(k, image, k.ReLU(6.0)(k.conv_bn(x, 64, 1, function=None)))


def mobilenet(k: Kit) -> Any:
    """Depthwise separable convolutions as two layers each."""
    x = image = k.Input((64, 64, 3))
    x = k.conv_bn(x, 8, 3, 2)
    padded = k.pick((True, False))
    for width, strides in ((16, 1), (32, 2), (32, 1), (64, 2))[: k.pick((4,), (3,))]:
        y = k.ZeroPadding2D(((0, 1), (0, 1)))(x) if padded and strides > 1 else x
        y = k.DepthwiseConv2D(
            3, strides=strides, padding="valid" if padded and strides > 1 else "same", use_bias=False, name=k.n("dw")
        )(y)
        y = k.act("relu")(k.BatchNormalization(name=k.n("bn"))(y))
        x = k.conv_bn(y, width, 1)
    x = k.Dropout(1e-3)(k.GlobalAveragePooling2D()(x))
    return k.Model(image, k.Dense(20, activation="softmax", name=k.n("out"))(x))


def dense_blocks(k: Kit) -> Any:
    """DenseNet: every layer sees all before it."""
    x = image = k.Input((32, 32, 3))
    growth, first = k.pick((12, 8), (16,)), k.pick(("old", "new"))
    x = k.Conv2D(2 * growth, 3, padding="same", use_bias=False, name=k.n("conv"))(x)
    for stage in range(2):
        for _ in range(k.pick((3, 2), (4,))):
            y = k.act("relu")(k.BatchNormalization(epsilon=1.001e-5, name=k.n("bn"))(x))
            if k.pick((True,), (False,)):
                y = k.Conv2D(4 * growth, 1, use_bias=False, name=k.n("conv"))(y)
                y = k.act("relu")(k.BatchNormalization(epsilon=1.001e-5, name=k.n("bn"))(y))
            y = k.Conv2D(growth, 3, padding="same", use_bias=False, name=k.n("conv"))(y)
            x = k.Concatenate(name=k.n("cat"))([x, y] if first == "old" else [y, x])
        if not stage:
            x = k.act("relu")(k.BatchNormalization(epsilon=1.001e-5, name=k.n("bn"))(x))
            x = k.Conv2D(x.shape[-1] // 2, 1, use_bias=False, name=k.n("conv"))(x)
            x = k.AveragePooling2D(2, strides=2, name=k.n("pool"))(x)
    return _head(k, image, k.act("relu")(k.BatchNormalization(name=k.n("bn"))(x)))


def grouped(k: Kit) -> Any:
    """ResNeXt: grouped convolutions in the bottleneck."""
    x = image = k.Input((32, 32, 3))
    x = k.conv_bn(x, 32, 3)
    for width, strides in ((32, 1), (64, 2)):
        skip = k.conv_bn(x, 2 * width, 1, strides, function=None)
        y = k.conv_bn(x, width, 1)
        y = k.conv_bn(y, width, 3, strides, groups=k.pick((4, 8), (16,)))
        y = k.conv_bn(y, 2 * width, 1, function=None)
        x = k.act("relu")(k.Add(name=k.n("add"))([y, skip]))
    return _head(k, image, x)


def convnext(k: Kit) -> Any:
    """Large depthwise kernel, LayerNormalization, gelu; patch stem."""
    x = image = k.Input((64, 64, 3))
    x = k.LayerNormalization(epsilon=1e-6, name=k.n("ln"))(k.Conv2D(24, 4, strides=4, name=k.n("stem"))(x))
    for stage, width in enumerate((24, 48)):
        if stage:
            x = k.LayerNormalization(epsilon=1e-6, name=k.n("ln"))(x)
            x = k.Conv2D(width, 2, strides=2, name=k.n("down"))(x)
        for _ in range(k.pick((2,), (1,))):
            y = k.DepthwiseConv2D(k.pick((7,), (5,)), padding="same", name=k.n("dw"))(x)
            y = k.LayerNormalization(epsilon=1e-6, name=k.n("ln"))(y)
            y = k.Dense(4 * width, activation="gelu", name=k.n("fc"))(y)
            x = k.Add(name=k.n("add"))([x, k.Dense(width, name=k.n("fc"))(y)])
    x = k.LayerNormalization(epsilon=1e-6, name=k.n("ln"))(k.GlobalAveragePooling2D()(x))
    return k.Model(image, k.Dense(10, name=k.n("out"))(x))


def resnet_1d(k: Kit) -> Any:
    """Time series ResNet with three kernel lengths a block."""
    x = series = k.Input((k.pick((96, 128)), k.pick((1, 3))))
    for width in (32, 64):
        y = x
        for size in k.pick(((8, 5, 3),), ((9, 7, 5),)):
            y = k.BatchNormalization(name=k.n("bn"))(k.Conv1D(width, size, padding="same", name=k.n("conv"))(y))
            if size not in (3,) or size == 7:
                y = k.act("relu")(y)
        skip = k.BatchNormalization(name=k.n("bn"))(k.Conv1D(width, 1, padding="same", name=k.n("conv"))(x))
        x = k.act("relu")(k.Add(name=k.n("add"))([skip, y]))
    x = k.GlobalAveragePooling1D()(x)
    return k.Model(series, k.Dense(k.pick((5, 2)), activation="softmax", name=k.n("out"))(x))
