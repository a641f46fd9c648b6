"""Plain convolutional classifiers and multi-layer perceptrons."""

from __future__ import annotations

from typing import Any

from benchmarks.zoo.kit import Kit


def lenet(k: Kit) -> Any:
    """LeNet-5 with tanh or relu, average or max pooling."""
    function, pool = k.pick(("tanh", "relu")), k.pick((k.AveragePooling2D, k.MaxPooling2D))
    size = k.pick((28, 32))
    return k.Sequential(
        [
            k.Input((size, size, 1)),
            *k.plain(k.Conv2D, function, 6, 5, padding=k.pick(("same", "valid")), name=k.n("conv")),
            pool(name=k.n("pool")),
            *k.plain(k.Conv2D, function, 16, 5, name=k.n("conv")),
            pool(name=k.n("pool")),
            k.Flatten(),
            *k.plain(k.Dense, function, 120, name=k.n("fc")),
            *k.plain(k.Dense, function, 84, name=k.n("fc")),
            k.Dense(10, activation="softmax", name=k.n("out")),
        ]
    )


def mnist_cnn(k: Kit) -> Any:
    """The tutorial network: two convolutions, one pool, dropout, dense."""
    width = k.pick((32, 16), (24,))
    return k.Sequential(
        [
            k.Input((28, 28, 1)),
            *k.plain(k.Conv2D, "relu", width, k.pick((3, 5)), name=k.n("conv")),
            *k.plain(k.Conv2D, "relu", 2 * width, (3, 3), name=k.n("conv")),
            k.MaxPooling2D(pool_size=k.pick(((2, 2), (3, 3))), name=k.n("pool")),
            k.Dropout(0.25),
            k.Flatten(),
            *k.plain(k.Dense, "relu", 128, name=k.n("fc")),
            k.Dropout(0.5),
            k.Dense(10, activation="softmax", name=k.n("out")),
        ]
    )


def cifar_cnn(k: Kit) -> Any:
    """Keras' cifar10 example: same and valid padding alternate."""
    model = k.Sequential()
    model.add(k.Input((32, 32, 3)))
    for width in k.pick(((32, 64), (16, 32, 64)), ((48, 96),)):
        for padding in ("same", "valid"):
            for layer in k.plain(k.Conv2D, "relu", width, (3, 3), padding=padding, name=k.n("conv")):
                model.add(layer)
        model.add(k.MaxPooling2D(pool_size=(2, 2), name=k.n("pool")))
        model.add(k.Dropout(0.25))
    model.add(k.Flatten())
    for layer in k.plain(k.Dense, "relu", k.pick((512, 256)), name=k.n("fc")):
        model.add(layer)
    model.add(k.Dropout(0.5))
    model.add(k.Dense(10))
    model.add(k.Activation("softmax"))
    return model


def cats_dogs(k: Kit) -> Any:
    """A binary image classifier with sigmoid output and valid padding."""
    size = k.pick((64, 75), (50, 90))
    layers = [k.Input((size, size, 3))]
    for width in k.pick(((32, 32, 64), (16, 32, 64, 64)), ((32, 64, 128),)):
        layers += [*k.plain(k.Conv2D, "relu", width, 3, name=k.n("conv")), k.MaxPooling2D(2, name=k.n("pool"))]
    layers += [
        k.Flatten(),
        *k.plain(k.Dense, "relu", 64, name=k.n("fc")),
        k.Dropout(0.5),
        k.Dense(1, activation="sigmoid", name=k.n("out")),
    ]
    return k.Sequential(layers)


def alexnet(k: Kit) -> Any:
    """AlexNet's shape at an eighth of its width: big strided kernel, overlapping pools."""
    x = image = k.Input((k.pick((115, 127)), 115, 3))
    x = k.conv(x, 12, 11, strides=4, padding=k.pick(("valid", "same")))
    if k.maybe():
        x = k.BatchNormalization(name=k.n("bn"))(x)
    x = k.MaxPooling2D(3, strides=2, name=k.n("pool"))(x)
    x = k.conv(x, 32, 5, padding="same")
    x = k.MaxPooling2D(3, strides=2, name=k.n("pool"))(x)
    for width in (48, 48, 32):
        x = k.conv(x, width, 3, padding="same")
    x = k.Flatten()(k.MaxPooling2D(3, strides=2, name=k.n("pool"))(x))
    for _ in range(2):
        x = k.Dropout(0.5)(k.dense(x, 128))
    return k.Model(image, k.Dense(k.pick((100, 17)), activation="softmax", name=k.n("out"))(x))


def vgg(k: Kit) -> Any:
    """VGG blocks of two or three convolutions."""
    x = image = k.Input((32, 32, 3))
    normalised = k.pick((False, True))
    for block, (width, depth) in enumerate(
        zip((16, 32, 64), k.pick(((2, 2, 3), (1, 1, 2)), ((2, 2, 2),)), strict=True)
    ):
        k.scope = f"block{block + 1}"
        for _ in range(depth):
            x = k.conv_bn(x, width, 3, use_bias=True) if normalised else k.conv(x, width, 3, padding="same")
        x = k.MaxPooling2D((2, 2), strides=(2, 2), name=k.n("pool"))(x)
    x = k.dense(k.Flatten(name=k.n("flatten"))(x), 128)
    if k.maybe():
        x = k.dense(x, 128)
    return k.Model(image, k.Dense(10, activation="softmax", name=k.n("out"))(x))


def all_convolutional(k: Kit) -> Any:
    """Strided convolutions instead of pooling, global average at the end."""
    x = image = k.Input((32, 32, 3))
    for width in (24, 48):
        for strides in (1, 1, 2):
            x = k.conv(x, width, 3, strides=strides, padding="same")
        x = k.Dropout(0.5)(x)
    x = k.conv(x, 48, 3, padding=k.pick(("valid",), ("same",)))
    x = k.conv(k.conv(x, 48, 1), 10, 1)
    return k.Model(image, k.act("softmax")(k.GlobalAveragePooling2D()(x)))


def network_in_network(k: Kit) -> Any:
    """1x1 convolutions behind every large one."""
    model = [k.Input((32, 32, 3))]
    for size, width in ((5, 48), (5, 48), (3, 48)):
        for kernel in (size, 1, 1):
            model += k.plain(
                k.Conv2D, "relu", width if kernel > 1 else width - 8, kernel, padding="same", name=k.n("conv")
            )
        if size == 5:
            pool = k.pick((k.MaxPooling2D, k.AveragePooling2D))
            model += [pool(3, strides=2, padding="same", name=k.n("pool")), k.Dropout(0.5)]
    return k.Sequential([*model, k.GlobalAveragePooling2D(), k.Dense(10, activation="softmax", name=k.n("out"))])


def mlp(k: Kit) -> Any:
    """Dense layers with dropout."""
    layers = [k.Input((k.pick((784, 64), (100, 13)),))]
    for _ in range(k.pick((2, 3), (4,))):
        layers += [*k.plain(k.Dense, k.pick(("relu", "tanh")), k.pick((128, 64, 100)), name=k.n("fc"))]
        if k.maybe():
            layers.append(k.Dropout(0.2))
    return k.Sequential([*layers, k.Dense(10, activation="softmax", name=k.n("out"))])


def mlp_normalised(k: Kit) -> Any:
    """Tabular regression: BatchNormalization before or after the activation, elu or selu, one linear output."""
    x = table = k.Input((k.pick((30, 12)),))
    function = k.pick(("elu", "selu"), ("swish",))
    first = k.pick((True, False))
    for units in k.pick(((64, 32), (128, 64, 32)), ((50, 50, 50),)):
        x = k.Dense(units, name=k.n("fc"))(x)
        pair = [k.BatchNormalization(name=k.n("bn")), k.Activation(function, name=k.n("act"))]
        x = k.chain(x, pair if first else pair[::-1])
    return k.Model(table, k.Dense(1, name=k.n("out"))(x))


def fashion_bn(k: Kit) -> Any:
    """Convolution, BatchNormalization after the fused activation, PReLU in the head."""
    x = image = k.Input((28, 28, 1))
    for width in (16, 32):
        x = k.Conv2D(width, 3, activation="relu", padding=k.pick(("same", "valid")), name=k.n("conv"))(x)
        x = k.BatchNormalization(epsilon=k.pick((1e-3, 1e-5)), name=k.n("bn"))(x)
        x = k.Conv2D(width, k.pick((5, 3)), activation="relu", strides=2, padding="same", name=k.n("conv"))(x)
        x = k.BatchNormalization(name=k.n("bn"))(x)
    x = k.Dense(64, name=k.n("fc"))(k.Flatten()(x))
    x = k.PReLU(name=k.n("prelu"))(x)
    return k.Model(image, k.Dense(10, activation="softmax", name=k.n("out"))(x))


def driving(k: Kit) -> Any:
    """NVIDIA's steering network: rescaling, 5x5 strides, elu, a regression output."""
    return k.Sequential(
        [
            k.Input((66, 200, 3)),
            k.Rescaling(1 / 127.5, offset=-1),
            *[k.Conv2D(width, 5, strides=(2, 2), activation="elu", name=k.n("conv")) for width in (24, 36, 48)],
            *[k.Conv2D(64, 3, activation="elu", name=k.n("conv")) for _ in range(2)],
            k.Dropout(0.5),
            k.Flatten(),
            *[k.Dense(units, activation="elu", name=k.n("fc")) for units in (100, 50, 10)],
            k.Dense(1, name=k.n("out")),
        ]
    )
