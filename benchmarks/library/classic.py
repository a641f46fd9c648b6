"""Small nets that everybody copies: LeNet, AlexNet, VGG-like nets, the libraries' example scripts, cars and games."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any

from benchmarks.library.kit import Entry


def chain(k: Any, shape: tuple[int, ...], *layers: Any) -> Any:
    """A Sequential model behind an input."""
    return k.Sequential([k.Input(shape), *layers])


def lenet(size: int, padding: str, average: bool, activation: str, k: Any) -> Any:
    """LeCun's five layers: 6 and 16 maps, 120, 84 and 10 units."""
    layers = k.layers
    pool = layers.AveragePooling2D if average else layers.MaxPooling2D
    return chain(
        k,
        (size, size, 1 if size == 28 else 3),
        layers.Conv2D(6, 5, padding=padding, activation=activation),
        pool(2),
        layers.Conv2D(16, 5, activation=activation),
        pool(2),
        layers.Flatten(),
        layers.Dense(120, activation=activation),
        layers.Dense(84, activation=activation),
        layers.Dense(10, activation="softmax"),
    )


def lenet_caffe(padding: str, k: Any) -> Any:
    """Caffe's LeNet: 20 and 50 maps, 500 units."""
    layers = k.layers
    return chain(
        k,
        (28, 28, 1),
        layers.Conv2D(20, 5, padding=padding),
        layers.Activation("relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(50, 5, padding=padding),
        layers.Activation("relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(500),
        layers.Activation("relu"),
        layers.Dense(10),
        layers.Activation("softmax"),
    )


def alexnet(padding: str, normalised: bool, size: int, k: Any) -> Any:
    """Krizhevsky's eight layers on one tower."""
    layers = k.layers
    model = [layers.Conv2D(96, 11, strides=4, padding=padding, activation="relu")]
    norm = (lambda: [layers.BatchNormalization()]) if normalised else (list)
    model += [*norm(), layers.MaxPooling2D(3, strides=2)]
    model += [layers.Conv2D(256, 5, padding="same", activation="relu"), *norm(), layers.MaxPooling2D(3, strides=2)]
    for filters in (384, 384, 256):
        model += [layers.Conv2D(filters, 3, padding="same", activation="relu"), *norm()]
    model += [layers.MaxPooling2D(3, strides=2), layers.Flatten()]
    for _ in range(2):
        model += [layers.Dense(4096, activation="relu"), layers.Dropout(0.5)]
    return chain(k, (size, size, 3), *model, layers.Dense(1000, activation="softmax"))


def vgg(blocks: tuple[tuple[int, int], ...], normalised: bool, units: tuple[int, ...], size: int, k: Any) -> Any:
    """Blocks of 3x3 convolutions and pools."""
    layers, model = k.layers, []
    for count, filters in blocks:
        for _ in range(count):
            model.append(layers.Conv2D(filters, 3, padding="same", activation=None if normalised else "relu"))
            if normalised:
                model += [layers.BatchNormalization(), layers.Activation("relu")]
        model.append(layers.MaxPooling2D())
    model.append(layers.Flatten())
    model += [layers.Dense(count, activation="relu") for count in units]
    return chain(k, (size, size, 3), *model, layers.Dense(1000, activation="softmax"))


def vgg_cifar(k: Any) -> Any:
    """The VGG16 for CIFAR with normalisation and dropout after every convolution."""
    layers, model = k.layers, []
    rates = ((64, (0.3, 0)), (128, (0.4, 0)), (256, (0.4, 0.4, 0)), (512, (0.4, 0.4, 0)), (512, (0.4, 0.4, 0)))
    for filters, drops in rates:
        for rate in drops:
            model += [layers.Conv2D(filters, 3, padding="same"), layers.Activation("relu")]
            model.append(layers.BatchNormalization())
            if rate:
                model.append(layers.Dropout(rate))
        model.append(layers.MaxPooling2D())
    model += [layers.Dropout(0.5), layers.Flatten(), layers.Dense(512), layers.Activation("relu")]
    model += [layers.BatchNormalization(), layers.Dropout(0.5), layers.Dense(10), layers.Activation("softmax")]
    return chain(k, (32, 32, 3), *model)


def mnist_cnn(fused: bool, k: Any) -> Any:
    """The libraries' MNIST example: two convolutions, a pool, 128 units."""
    layers = k.layers
    return chain(
        k,
        (28, 28, 1),
        layers.Conv2D(32, 3, activation="relu"),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Dropout(0.25),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dropout(0.5),
        layers.Dense(10, activation="softmax"),
    )


def mnist_convnet(k: Any) -> Any:
    """The later MNIST example: two convolutions with pools, one Dense."""
    layers = k.layers
    return chain(
        k,
        (28, 28, 1),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(10, activation="softmax"),
    )


def cifar_cnn(separate: bool, k: Any) -> Any:
    """The CIFAR example: two blocks of a padded and a valid convolution."""
    layers, model = k.layers, []

    def act(layer: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        if separate:
            model.extend([layer(*args, **kwargs), layers.Activation("relu")])
        else:
            model.append(layer(*args, activation="relu", **kwargs))

    for filters in (32, 64):
        act(layers.Conv2D, filters, 3, padding="same")
        act(layers.Conv2D, filters, 3)
        model.extend([layers.MaxPooling2D(), layers.Dropout(0.25)])
    model.append(layers.Flatten())
    act(layers.Dense, 512)
    model.append(layers.Dropout(0.5))
    model.extend(
        [layers.Dense(10), layers.Activation("softmax")] if separate else [layers.Dense(10, activation="softmax")]
    )
    return chain(k, (32, 32, 3), *model)


def tutorial_cnn(k: Any) -> Any:
    """TensorFlow's tutorial on CIFAR."""
    layers = k.layers
    return chain(
        k,
        (32, 32, 3),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dense(10),
    )


def cats_dogs(separate: bool, dropout: bool, filters: tuple[int, ...], units: int, k: Any) -> Any:
    """Valid convolutions, each with a pool: the cats-and-dogs tutorials."""
    layers, model = k.layers, []
    for count in filters:
        if separate:
            model += [layers.Conv2D(count, 3), layers.Activation("relu"), layers.MaxPooling2D()]
        else:
            model += [layers.Conv2D(count, 3, activation="relu"), layers.MaxPooling2D()]
    model.append(layers.Flatten())
    if separate:
        model += [layers.Dense(units), layers.Activation("relu"), layers.Dropout(0.5)]
        model += [layers.Dense(1), layers.Activation("sigmoid")]
    else:
        model += [layers.Dropout(0.5)] if dropout else []
        model += [layers.Dense(units, activation="relu"), layers.Dense(1, activation="sigmoid")]
    return chain(k, (150, 150, 3), *model)


def mlp_mnist(dropout: bool, k: Any) -> Any:
    """The example script with twice 512 units."""
    layers = k.layers
    drop = (lambda: [layers.Dropout(0.2)]) if dropout else (list)
    return chain(
        k,
        (784,),
        layers.Dense(512, activation="relu"),
        *drop(),
        layers.Dense(512, activation="relu"),
        *drop(),
        layers.Dense(10, activation="softmax"),
    )


def network_in_network(normalised: bool, k: Any) -> Any:
    """Lin's net for CIFAR: 1x1 convolutions between, global pooling at the end."""
    layers, model = k.layers, []

    def conv(filters: int, size: int) -> None:
        model.append(layers.Conv2D(filters, size, padding="same"))
        if normalised:
            model.append(layers.BatchNormalization())
        model.append(layers.Activation("relu"))

    for group in (((192, 5), (160, 1), (96, 1)), ((192, 5), (192, 1), (192, 1)), ((192, 3), (192, 1), (10, 1))):
        for filters, size in group:
            conv(filters, size)
        if group[-1][0] != 10:
            model += [layers.MaxPooling2D(3, strides=2, padding="same"), layers.Dropout(0.5)]
    return chain(k, (32, 32, 3), *model, layers.GlobalAveragePooling2D(), layers.Activation("softmax"))


def all_convolutional(k: Any) -> Any:
    """Springenberg's net: strides instead of pools."""
    layers, model = k.layers, []
    for filters, size, strides in (
        (96, 3, 1), (96, 3, 1), (96, 3, 2), (192, 3, 1), (192, 3, 1), (192, 3, 2), (192, 3, 1), (192, 1, 1), (10, 1, 1),
    ):  # fmt: skip
        model.append(layers.Conv2D(filters, size, strides=strides, padding="same", activation="relu"))
        if strides == 2:
            model.append(layers.Dropout(0.5))
    return chain(k, (32, 32, 3), *model, layers.GlobalAveragePooling2D(), layers.Activation("softmax"))


def classic() -> Iterator[Entry]:
    """LeNets, AlexNets and other firsts."""
    for size, padding, average, activation in product(
        (28, 32), ("valid", "same"), (True, False), ("tanh", "relu", "sigmoid")
    ):
        pool = "average" if average else "maximum"
        name = f"LeNet-5 ({size}x{size}, {padding}, {pool} pools, {activation})"
        yield Entry(name, partial(lenet, size, padding, average, activation))
    for padding in ("same", "valid"):
        yield Entry(f"LeNet of Caffe ({padding})", partial(lenet_caffe, padding))
    for padding, normalised, size in (
        ("valid", False, 227), ("valid", True, 227), ("same", True, 227), ("same", False, 227), ("valid", True, 224),
        ("valid", False, 224),
    ):  # fmt: skip
        norm = ", normalised" if normalised else ""
        yield Entry(f"AlexNet ({size}, {padding}{norm})", partial(alexnet, padding, normalised, size))
    yield Entry("Network in Network", partial(network_in_network, False))
    yield Entry("Network in Network, normalised", partial(network_in_network, True))
    yield Entry("All-convolutional net", all_convolutional)


_VGG = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}


def vgg_small() -> Iterator[Entry]:
    """VGGs with normalisation, on small images, shortened."""
    widths = (64, 128, 256, 512, 512)
    for depth, counts in _VGG.items():
        blocks = tuple(zip(counts, widths, strict=True))
        for normalised in (False, True):
            if depth in (11, 13) or normalised:
                word = f"VGG{depth}" + (" with normalisation" if normalised else "")
                yield Entry(word, partial(vgg, blocks, normalised, (4096, 4096), 224))
            word = f"VGG{depth} for CIFAR" + (" with normalisation" if normalised else "")
            yield Entry(word, partial(vgg, blocks, normalised, (512, 512), 32))
    yield Entry("VGG16 for CIFAR with dropout", vgg_cifar)
    for count, normalised in product((2, 3, 4), (False, True)):
        blocks = tuple((2, 32 * 2**place) for place in range(count))
        word = f"small VGG of {count} blocks" + (" with normalisation" if normalised else "")
        yield Entry(word, partial(vgg, blocks, normalised, (128,), 32))


def examples() -> Iterator[Entry]:
    """The libraries' example scripts and tutorials."""
    yield Entry("mnist_cnn", partial(mnist_cnn, True), "Keras examples")
    yield Entry("mnist_convnet", mnist_convnet, "Keras examples")
    yield Entry("cifar10_cnn", partial(cifar_cnn, True), "Keras examples")
    yield Entry("cifar10_cnn with fused activations", partial(cifar_cnn, False), "Keras examples")
    yield Entry("tutorial CNN for CIFAR", tutorial_cnn, "TensorFlow tutorials")
    yield Entry("cats and dogs, three convolutions", partial(cats_dogs, True, True, (32, 32, 64), 64), "Keras blog")
    for dropout in (False, True):
        word = "cats and dogs, four convolutions" + (" with dropout" if dropout else "")
        yield Entry(word, partial(cats_dogs, False, dropout, (32, 64, 128, 128), 512), "Keras tutorials")
    yield Entry(
        "cats and dogs, TensorFlow", partial(cats_dogs, False, False, (16, 32, 64), 512), "TensorFlow tutorials"
    )
    yield Entry("mnist_mlp", partial(mlp_mnist, True), "Keras examples")
    yield Entry("mnist_mlp without dropout", partial(mlp_mnist, False), "Keras examples")


def pilotnet(activation: str, dropout: str, pool: bool, k: Any) -> Any:
    """NVIDIA's net for steering: five convolutions, four Denses."""
    layers, model = k.layers, []
    for filters, size, strides in ((24, 5, 2), (36, 5, 2), (48, 5, 2), (64, 3, 1), (64, 3, 1)):
        model.append(layers.Conv2D(filters, size, strides=strides, activation=activation))
    if dropout == "before":
        model.append(layers.Dropout(0.5))
    model.append(layers.Flatten())
    if dropout == "after":
        model.append(layers.Dropout(0.5))
    for units in (100, 50, 10):
        model.append(layers.Dense(units, activation=activation))
    return chain(k, (66, 200, 3), *model, layers.Dense(1))


def pilotnet_wide(activation: str, k: Any) -> Any:
    """The same with 1164 units behind the Flatten, as the paper's drawing has it."""
    layers, model = k.layers, []
    for filters, size, strides in ((24, 5, 2), (36, 5, 2), (48, 5, 2), (64, 3, 1), (64, 3, 1)):
        model.append(layers.Conv2D(filters, size, strides=strides, activation=activation))
    model.append(layers.Flatten())
    for units in (1164, 100, 50, 10):
        model.append(layers.Dense(units, activation=activation))
    return chain(k, (66, 200, 3), *model, layers.Dense(1))


def comma(k: Any) -> Any:
    """comma.ai's steering model."""
    layers = k.layers
    return chain(
        k,
        (160, 320, 3),
        layers.Conv2D(16, 8, strides=4, padding="same"),
        layers.ELU(),
        layers.Conv2D(32, 5, strides=2, padding="same"),
        layers.ELU(),
        layers.Conv2D(64, 5, strides=2, padding="same"),
        layers.Flatten(),
        layers.Dropout(0.2),
        layers.ELU(),
        layers.Dense(512),
        layers.Dropout(0.5),
        layers.ELU(),
        layers.Dense(1),
    )


def donkey(k: Any) -> Any:
    """Donkeycar's linear pilot: five convolutions with dropout, two outputs."""
    layers = k.layers
    inputs = k.Input((120, 160, 3))
    x = inputs
    for filters, size, strides in ((24, 5, 2), (32, 5, 2), (64, 5, 2), (64, 3, 1), (64, 3, 1)):
        x = layers.Conv2D(filters, size, strides=strides, activation="relu")(x)
        x = layers.Dropout(0.2)(x)
    x = layers.Flatten()(x)
    for units in (100, 50):
        x = layers.Dropout(0.2)(layers.Dense(units, activation="relu")(x))
    return k.Model(inputs, [layers.Dense(1)(x), layers.Dense(1)(x)])


def driving() -> Iterator[Entry]:
    """Cars."""
    for activation, dropout in product(("relu", "elu"), ("", "before", "after")):
        where = f", dropout {dropout} Flatten" if dropout else ""
        yield Entry(f"PilotNet ({activation}{where})", partial(pilotnet, activation, dropout, False), "NVIDIA")
    for activation in ("relu", "elu"):
        yield Entry(f"PilotNet with 1164 units ({activation})", partial(pilotnet_wide, activation), "NVIDIA")
    yield Entry("comma.ai steering", comma)
    yield Entry("Donkeycar linear", donkey)


def dqn(filters: tuple[tuple[int, int, int], ...], units: int, k: Any) -> Any:
    """Convolutions over four stacked frames, a value per action."""
    layers = k.layers
    model = [layers.Conv2D(count, size, strides=strides, activation="relu") for count, size, strides in filters]
    return chain(k, (84, 84, 4), *model, layers.Flatten(), layers.Dense(units, activation="relu"), layers.Dense(6))


def dqn_separate(filters: tuple[tuple[int, int, int], ...], units: int, k: Any) -> Any:
    """The same with activations of their own, as keras-rl writes it."""
    layers, model = k.layers, []
    for count, size, strides in filters:
        model += [layers.Conv2D(count, size, strides=strides), layers.Activation("relu")]
    model += [layers.Flatten(), layers.Dense(units), layers.Activation("relu"), layers.Dense(6)]
    return chain(k, (84, 84, 4), *model, layers.Activation("linear"))


def flappy(k: Any) -> Any:
    """The net for Flappy Bird: 80x80, all padded."""
    layers, model = k.layers, []
    for count, size, strides in ((32, 8, 4), (64, 4, 2), (64, 3, 1)):
        model += [layers.Conv2D(count, size, strides=strides, padding="same"), layers.Activation("relu")]
    model += [layers.Flatten(), layers.Dense(512), layers.Activation("relu"), layers.Dense(2)]
    return chain(k, (80, 80, 4), *model)


def duelling(k: Any) -> Any:
    """The Nature net with a value and an advantage stream up to where they are joined."""
    layers = k.layers
    inputs = x = k.Input((84, 84, 4))
    for count, size, strides in ((32, 8, 4), (64, 4, 2), (64, 3, 1)):
        x = layers.Conv2D(count, size, strides=strides, activation="relu")(x)
    x = layers.Flatten()(x)
    value = layers.Dense(1)(layers.Dense(512, activation="relu")(x))
    advantage = layers.Dense(6)(layers.Dense(512, activation="relu")(x))
    return k.Model(inputs, [value, advantage])


def agents() -> Iterator[Entry]:
    """Games."""
    nature, nips = ((32, 8, 4), (64, 4, 2), (64, 3, 1)), ((16, 8, 4), (32, 4, 2))
    yield Entry("DQN of Nature 2015", partial(dqn, nature, 512), "DeepMind")
    yield Entry("DQN of NIPS 2013", partial(dqn, nips, 256), "DeepMind")
    yield Entry("DQN of Nature 2015, separate activations", partial(dqn_separate, nature, 512), "DeepMind")
    yield Entry("DQN of NIPS 2013, separate activations", partial(dqn_separate, nips, 256), "DeepMind")
    yield Entry("duelling DQN", duelling, "DeepMind")
    yield Entry("DQN for Flappy Bird", flappy)


def c3d(padded: bool, k: Any) -> Any:
    """Tran's net over clips of 16 frames."""
    layers, model = k.layers, []
    for place, (filters, count) in enumerate(((64, 1), (128, 1), (256, 2), (512, 2), (512, 2))):
        for _ in range(count):
            model.append(layers.Conv3D(filters, 3, padding="same", activation="relu"))
        if place == 4 and padded:
            model.append(layers.ZeroPadding3D(((0, 0), (0, 1), (0, 1))))
        window = (1, 2, 2) if place == 0 else (2, 2, 2)
        model.append(layers.MaxPooling3D(window, strides=window))
    model.append(layers.Flatten())
    for _ in range(2):
        model += [layers.Dense(4096, activation="relu"), layers.Dropout(0.5)]
    return chain(k, (16, 112, 112, 3), *model, layers.Dense(487, activation="softmax"))


def clips() -> Iterator[Entry]:
    """C3D and its shapes."""
    yield Entry("C3D", partial(c3d, True))
    yield Entry("C3D without padding", partial(c3d, False))


def vgg_face(padded: bool, k: Any) -> Any:
    """VGG-Face: VGG16 whose head is made of convolutions."""
    layers, model = k.layers, []
    for count, filters in zip((2, 2, 3, 3, 3), (64, 128, 256, 512, 512), strict=True):
        for _ in range(count):
            if padded:
                model += [layers.ZeroPadding2D(), layers.Conv2D(filters, 3, activation="relu")]
            else:
                model.append(layers.Conv2D(filters, 3, padding="same", activation="relu"))
        model.append(layers.MaxPooling2D())
    model += [layers.Conv2D(4096, 7, activation="relu"), layers.Dropout(0.5)]
    model += [layers.Conv2D(4096, 1, activation="relu"), layers.Dropout(0.5), layers.Conv2D(2622, 1)]
    return chain(k, (224, 224, 3), *model, layers.Flatten(), layers.Activation("softmax"))


def vgg_padded(depth: int, k: Any) -> Any:
    """A VGG whose borders are layers of their own, as the first conversions from Caffe were written."""
    layers, model = k.layers, []
    for count, filters in zip(_VGG[depth], (64, 128, 256, 512, 512), strict=True):
        for _ in range(count):
            model += [layers.ZeroPadding2D(), layers.Conv2D(filters, 3, activation="relu")]
        model.append(layers.MaxPooling2D())
    model.append(layers.Flatten())
    for _ in range(2):
        model += [layers.Dense(4096, activation="relu"), layers.Dropout(0.5)]
    return chain(k, (224, 224, 3), *model, layers.Dense(1000, activation="softmax"))


def emotion(k: Any) -> Any:
    """mini-XCEPTION for faces of 48x48 or 64x64."""
    layers = k.layers
    inputs = x = k.Input((64, 64, 1))
    for _ in range(2):
        x = layers.Conv2D(8, 3, use_bias=False)(x)
        x = layers.Activation("relu")(layers.BatchNormalization()(x))
    for filters in (16, 32, 64, 128):
        residual = layers.BatchNormalization()(layers.Conv2D(filters, 1, strides=2, padding="same", use_bias=False)(x))
        x = layers.SeparableConv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.Activation("relu")(layers.BatchNormalization()(x))
        x = layers.SeparableConv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.MaxPooling2D(3, strides=2, padding="same")(layers.BatchNormalization()(x))
        x = layers.Add()([x, residual])
    x = layers.Conv2D(7, 3, padding="same")(x)
    return k.Model(inputs, layers.Activation("softmax")(layers.GlobalAveragePooling2D()(x)))


def simple_face(k: Any) -> Any:
    """The fully convolutional net for genders and emotions, with average pools and dropout."""
    layers, model = k.layers, []
    for place, (filters, size) in enumerate(((16, 7), (32, 5), (64, 3), (128, 3))):
        model += [layers.Conv2D(filters, size, padding="same"), layers.BatchNormalization()]
        model += [layers.Conv2D(filters, size, padding="same"), layers.BatchNormalization()]
        model += [layers.Activation("relu"), layers.AveragePooling2D(2, padding="same"), layers.Dropout(0.5)]
        assert place < 4
    model += [layers.Conv2D(256, 3, padding="same"), layers.BatchNormalization()]
    model += [layers.Conv2D(7, 3, padding="same"), layers.GlobalAveragePooling2D(), layers.Activation("softmax")]
    return chain(k, (48, 48, 1), *model)


def faces() -> Iterator[Entry]:
    """Nets for faces."""
    yield Entry("VGG-Face", partial(vgg_face, False))
    yield Entry("VGG-Face with padding layers", partial(vgg_face, True))
    yield Entry("VGG16 with padding layers", partial(vgg_padded, 16))
    yield Entry("VGG19 with padding layers", partial(vgg_padded, 19))
    yield Entry("mini-XCEPTION", emotion)
    yield Entry("simple fully convolutional face net", simple_face)
