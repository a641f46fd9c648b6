"""What grew out of the U-Net: gates of attention, nested ones, residual ones, ones for volumes; ENet and Tiramisu."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import Any

from benchmarks.library.kit import Entry, conv_bn


def _act(k: Any, x: Any, word: str = "relu") -> Any:
    return k.layers.Activation(word)(k.layers.BatchNormalization()(x))


def gated(residual: bool, attention: bool, k: Any) -> Any:
    """Attention U-Net, https://arxiv.org/abs/1804.03999, as a much copied lecture has it; its answer is normalised."""
    layers = k.layers

    def block(x: Any, filters: int) -> Any:
        y = _act(k, layers.Conv2D(filters, 3, padding="same")(x))
        y = layers.BatchNormalization()(layers.Conv2D(filters, 3, padding="same")(y))
        if residual:
            x = layers.BatchNormalization()(layers.Conv2D(filters, 1, padding="same")(x))
            y = layers.Add()([x, y])
        return layers.Activation("relu")(y)

    def gate(x: Any, below: Any, filters: int) -> Any:
        below = _act(k, layers.Conv2D(filters, 1, padding="same")(below))
        theta = layers.Conv2D(filters, 2, strides=2, padding="same")(x)
        phi = layers.Conv2D(filters, 1, padding="same")(below)
        phi = layers.Conv2DTranspose(filters, 3, padding="same")(phi)
        y = layers.Activation("relu")(layers.Add()([phi, theta]))
        y = layers.Activation("sigmoid")(layers.Conv2D(1, 1, padding="same")(y))
        y = k.ops.repeat(layers.UpSampling2D(2)(y), filters, axis=3)
        y = layers.Conv2D(filters, 1, padding="same")(layers.Multiply()([y, x]))
        return layers.BatchNormalization()(y)

    inputs = x = k.Input((256, 256, 3))
    skips = []
    for filters in (64, 128, 256, 512):
        skips.append(block(x, filters))
        x = layers.MaxPooling2D()(skips[-1])
    x = block(x, 1024)
    for filters in (512, 256, 128, 64):
        skip = skips.pop()
        if attention:
            skip = gate(skip, x, filters)
        x = block(layers.Concatenate()([layers.UpSampling2D(2)(x), skip]), filters)
    return k.Model(inputs, _act(k, layers.Conv2D(1, 1)(x), "sigmoid"))


def nested(widths: tuple[int, ...], dense: bool, supervised: bool, k: Any) -> Any:
    """UNet++, https://arxiv.org/abs/1807.10165, as its authors wrote it, and (not ``dense``) the U-Net beside it."""
    layers = k.layers

    def unit(x: Any, filters: int) -> Any:
        for _ in range(2):
            x = layers.Dropout(0.5)(layers.Conv2D(filters, 3, padding="same", activation="relu")(x))
        return x

    inputs = k.Input((96, 96, 3))
    rows: list[list[Any]] = []
    for level, filters in enumerate(widths):
        x = inputs if level == 0 else layers.MaxPooling2D()(rows[-1][0])
        rows.append([unit(x, filters)])
        if not dense and level < len(widths) - 1:
            continue
        for row in reversed(range(level)):
            x = layers.Conv2DTranspose(widths[row], 2, strides=2, padding="same")(rows[row + 1][-1])
            rows[row].append(unit(layers.Concatenate()([x, *rows[row]]), widths[row]))
    answers = [layers.Conv2D(1, 1, padding="same", activation="sigmoid")(x) for x in rows[0][1:]]
    return k.Model(inputs, answers if supervised else answers[-1])


def residual_unet(k: Any) -> Any:
    """Deep residual U-Net, https://arxiv.org/abs/1711.10684, in the form that tutorials copy: five levels from 16."""
    layers = k.layers

    def block(x: Any, filters: int, strides: int = 1) -> Any:
        y = layers.Conv2D(filters, 3, strides=strides, padding="same")(_act(k, x))
        y = layers.Conv2D(filters, 3, padding="same")(_act(k, y))
        x = layers.Conv2D(filters, 1, strides=strides, padding="same")(x)
        return layers.Add()([layers.BatchNormalization()(x), y])

    inputs = k.Input((128, 128, 3))
    x = layers.Conv2D(16, 3, padding="same")(inputs)
    x = layers.Conv2D(16, 3, padding="same")(_act(k, x))
    shortcut = layers.BatchNormalization()(layers.Conv2D(16, 1, padding="same")(inputs))
    x = layers.Add()([x, shortcut])
    skips = []
    for filters in (32, 64, 128, 256):
        skips.append(x)
        x = block(x, filters, 2)
    for _ in range(2):
        x = layers.Conv2D(256, 3, padding="same")(_act(k, x))
    for filters in (256, 128, 64, 32):
        x = block(layers.Concatenate()([layers.UpSampling2D(2)(x), skips.pop()]), filters)
    return k.Model(inputs, layers.Conv2D(1, 1, padding="same", activation="sigmoid")(x))


def residual_plus(k: Any) -> Any:
    """ResUNet++, https://arxiv.org/abs/1911.07067, by its authors: squeezes, a pyramid of dilations, gates."""
    layers = k.layers

    def squeezed(x: Any) -> Any:
        filters = int(x.shape[-1])
        y = layers.Reshape((1, 1, filters))(layers.GlobalAveragePooling2D()(x))
        y = layers.Dense(filters // 8, activation="relu", use_bias=False)(y)
        y = layers.Dense(filters, activation="sigmoid", use_bias=False)(y)
        return layers.Multiply()([x, y])

    def block(x: Any, filters: int, strides: int = 1, first: bool = False) -> Any:
        y = x if first else _act(k, x)
        y = layers.Conv2D(filters, 3, strides=strides, padding="same")(y)
        y = layers.Conv2D(filters, 3, padding="same")(_act(k, y))
        x = layers.Conv2D(filters, 1, strides=strides, padding="same")(x)
        return squeezed(layers.Add()([y, layers.BatchNormalization()(x)]))

    def pyramid(x: Any, filters: int) -> Any:
        found = []
        for rate in (6, 12, 18, 1):
            y = layers.Conv2D(filters, 3, dilation_rate=rate, padding="same")(x)
            found.append(layers.BatchNormalization()(y))
        return layers.Conv2D(filters, 1, padding="same")(layers.Add()(found))

    def gate(skip: Any, x: Any) -> Any:
        filters = int(x.shape[-1])
        first = layers.MaxPooling2D()(layers.Conv2D(filters, 3, padding="same")(_act(k, skip)))
        second = layers.Conv2D(filters, 3, padding="same")(_act(k, x))
        y = layers.Add()([first, second])
        return layers.Multiply()([layers.Conv2D(filters, 3, padding="same")(_act(k, y)), x])

    inputs = k.Input((256, 256, 3))
    x = block(inputs, 16, first=True)
    skips = []
    for filters in (32, 64, 128):
        skips.append(x)
        x = block(x, filters, 2)
    x = pyramid(x, 256)
    for filters in (128, 64, 32):
        skip = skips.pop()
        x = layers.UpSampling2D(2)(gate(skip, x))
        x = block(layers.Concatenate()([x, skip]), filters)
    x = layers.Conv2D(1, 1, padding="same")(pyramid(x, 16))
    return k.Model(inputs, layers.Activation("sigmoid")(x))


def multi_res(k: Any) -> Any:
    """MultiResUNet, https://arxiv.org/abs/1902.04049, by its authors."""
    layers = k.layers

    def unit(x: Any, filters: int, size: int, word: str | None = "relu") -> Any:
        return conv_bn(k, x, filters, size, activation=word, scale=False)

    def block(x: Any, width: int) -> Any:
        sizes = [int(1.67 * width * part) for part in (0.167, 0.333, 0.5)]
        shortcut = unit(x, sum(sizes), 1, None)
        found = []
        for filters in sizes:
            x = unit(x, filters, 3)
            found.append(x)
        x = layers.BatchNormalization()(layers.Concatenate()(found))
        return joined(shortcut, x)

    def joined(shortcut: Any, x: Any) -> Any:
        x = layers.Activation("relu")(layers.Add()([shortcut, x]))
        return layers.BatchNormalization()(x)

    def path(x: Any, width: int, length: int) -> Any:
        for _ in range(length):
            shortcut = unit(x, width, 1, None)
            x = joined(shortcut, unit(x, width, 3))
        return x

    inputs = x = k.Input((192, 256, 3))
    skips = []
    for level, width in enumerate((32, 64, 128, 256)):
        y = block(x, width)
        x = layers.MaxPooling2D()(y)
        skips.append(path(y, width, 4 - level))
    x = block(x, 512)
    for width in (256, 128, 64, 32):
        x = layers.Conv2DTranspose(width, 2, strides=2, padding="same")(x)
        x = block(layers.Concatenate()([x, skips.pop()]), width)
    return k.Model(inputs, unit(x, 1, 1, "sigmoid"))


def package_unet(filters: int, transposed: bool, dropout: bool, k: Any) -> Any:
    """The package ``keras-unet``: normalised behind the rectifier, maps dropped on the way down."""
    layers = k.layers

    def block(x: Any, filters: int, drop: bool) -> Any:
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        if drop:
            x = layers.SpatialDropout2D(0.3)(x)
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", use_bias=False)(x)
        return layers.BatchNormalization()(x)

    inputs = x = k.Input((512, 512, 3))
    skips = []
    for level in range(4):
        skips.append(block(x, filters * 2**level, dropout))
        x = layers.MaxPooling2D()(skips[-1])
    x = block(x, filters * 16, dropout)
    for level in reversed(range(4)):
        if transposed:
            x = layers.Conv2DTranspose(filters * 2**level, 2, strides=2, padding="same")(x)
        else:
            x = layers.UpSampling2D(2)(x)
        x = block(layers.Concatenate()([x, skips.pop()]), filters * 2**level, False)
    return k.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(x))


def satellites(k: Any) -> Any:
    """The same package's net for satellite images: normalised in front of every convolution but the first."""
    layers = k.layers

    def unit(x: Any, filters: int = 64) -> Any:
        return layers.Conv2D(filters, 3, padding="same", activation="relu")(layers.BatchNormalization()(x))

    def up(x: Any) -> Any:
        made = layers.Conv2DTranspose(64, 3, strides=2, padding="same", output_padding=1, activation="relu")
        return made(layers.BatchNormalization()(x))

    inputs = k.Input((256, 256, 3))
    x = layers.Conv2D(64, 3, padding="same", activation="relu")(inputs)
    skips = [unit(x)]
    x = layers.MaxPooling2D()(unit(skips[0]))
    for _ in range(4):
        skips.append(unit(unit(x)))
        x = layers.MaxPooling2D()(unit(skips[-1]))
    x = unit(unit(x))
    while skips:
        x = layers.Concatenate()([up(x), skips.pop()])
        x = unit(unit(x, 96))
    return k.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(x))


def enet(classes: int, k: Any) -> Any:
    """ENet, https://arxiv.org/abs/1606.02147, the port that upsamples by repetition."""
    layers = k.layers

    def act(x: Any) -> Any:
        return layers.PReLU(shared_axes=[1, 2])(x)

    def down(x: Any, filters: int, kind: str = "", drop: float = 0.1, rate: int = 1) -> Any:
        narrow, step = filters // 4, 2 if kind == "halved" else 1
        y = layers.Conv2D(narrow, step, strides=step, use_bias=False)(x)
        y = act(layers.BatchNormalization()(y))
        if kind == "asymmetric":
            y = layers.Conv2D(narrow, (1, 5), padding="same", use_bias=False)(y)
            y = layers.Conv2D(narrow, (5, 1), padding="same")(y)
        else:
            y = layers.Conv2D(narrow, 3, dilation_rate=rate, padding="same")(y)
        y = layers.Conv2D(filters, 1, use_bias=False)(act(layers.BatchNormalization()(y)))
        y = layers.SpatialDropout2D(drop)(layers.BatchNormalization()(y))
        if kind == "halved":
            missing = filters - int(x.shape[-1])
            x = layers.Permute((1, 3, 2))(layers.MaxPooling2D()(x))
            x = layers.Permute((1, 3, 2))(layers.ZeroPadding2D(((0, 0), (0, missing)))(x))
        return act(layers.Add()([y, x]))

    def up(x: Any, filters: int, doubled: bool = False) -> Any:
        narrow = filters // 4
        y = _act(k, layers.Conv2D(narrow, 1, use_bias=False)(x))
        made = layers.Conv2DTranspose(narrow, 3, strides=2, padding="same")
        y = _act(k, (made if doubled else layers.Conv2D(narrow, 3, padding="same"))(y))
        y = layers.Conv2D(filters, 1, padding="same", use_bias=False)(y)
        if doubled:
            x = layers.BatchNormalization()(layers.Conv2D(filters, 1, padding="same", use_bias=False)(x))
            x = layers.UpSampling2D(2)(x)
        return layers.Activation("relu")(layers.Add()([layers.BatchNormalization()(y), x]))

    inputs = k.Input((512, 512, 3))
    x = layers.Conv2D(13, 3, strides=2, padding="same")(inputs)
    x = down(layers.Concatenate()([x, layers.MaxPooling2D()(inputs)]), 64, "halved", 0.01)
    for _ in range(4):
        x = down(x, 64, drop=0.01)
    x = down(x, 128, "halved")
    for rates in ((2, 4), (8, 16)) * 2:
        x = down(x, 128)
        x = down(x, 128, rate=rates[0])
        x = down(x, 128, "asymmetric")
        x = down(x, 128, rate=rates[1])
    for filters in (64, 16):
        x = up(x, filters, doubled=True)
        for _ in range(2 if filters == 64 else 1):
            x = up(x, filters)
    x = layers.Conv2DTranspose(classes, 2, strides=2, padding="same")(x)
    x = layers.Reshape((512 * 512, classes))(x)
    return k.Model(inputs, layers.Activation("softmax")(x))


def tiramisu(counts: tuple[int, ...], growth: int, classes: int, dropout: bool, k: Any) -> Any:
    """FC-DenseNet, https://arxiv.org/abs/1611.09326, as keras-contrib has it: pools of means, ``counts`` down to the
    middle."""
    layers = k.layers

    def conv(x: Any, filters: int, size: int) -> Any:
        x = layers.Conv2D(filters, size, padding="same", use_bias=False)(_act(k, x))
        return layers.Dropout(0.2)(x) if dropout else x

    def dense(x: Any, count: int) -> tuple[Any, list[Any]]:
        found = [x]
        for _ in range(count):
            found.append(conv(x, growth, 3))
            x = layers.Concatenate()(list(found))
        return x, found[1:]

    inputs = k.Input((224, 224, 3))
    x = layers.Conv2D(48, 3, padding="same", use_bias=False)(inputs)
    skips, channels = [], 48
    for count in counts[:-1]:
        x, _ = dense(x, count)
        skips.append(x)
        channels += count * growth
        x = layers.AveragePooling2D(2)(conv(x, channels, 1))
    x, found = dense(x, counts[-1])
    for count, above in zip(counts[-2::-1], counts[:0:-1], strict=True):
        x = layers.Concatenate()(found)
        x = layers.Conv2DTranspose(growth * above, 3, strides=2, padding="same", activation="relu")(x)
        x, found = dense(layers.Concatenate()([x, skips.pop()]), count)
    x = layers.Conv2D(classes, 1, padding="same", use_bias=False)(x)
    x = layers.Activation("softmax")(layers.Reshape((224 * 224, classes))(x))
    return k.Model(inputs, layers.Reshape((224, 224, classes))(x))


def grown() -> Iterator[Entry]:
    """All of them."""
    lecture = "python_for_microscopists"
    for residual, attention in ((False, False), (False, True), (True, True)):
        words = f"{'attention ' if attention else ''}{'residual ' if residual else ''}U-Net, answer normalised"
        yield Entry(words, partial(gated, residual, attention), lecture)
    usual, wide = (32, 64, 128, 256, 512), (35, 70, 140, 280, 560)
    for words, widths, dense, supervised in (
        ("U-Net", usual, False, False),
        ("wide U-Net", wide, False, False),
        ("UNet++", usual, True, False),
        ("UNet++ supervised deeply", usual, True, True),
    ):
        yield Entry(f"{words} with two dropouts per level", partial(nested, widths, dense, supervised), "UNetPlusPlus")
    yield Entry("ResUNet", residual_unet, "Deep-Residual-Unet")
    yield Entry("ResUNet++", residual_plus, "ResUNetPlusPlus")
    yield Entry("MultiResUNet", multi_res, "MultiResUNet")
    for filters, transposed, dropout in product((16, 32, 64), (True, False), (True, False)):
        words = f"U-Net from {filters}, {'transposed' if transposed else 'upsampled'}{', dropout' if dropout else ''}"
        yield Entry(words, partial(package_unet, filters, transposed, dropout), "keras-unet")
    yield Entry("U-Net for satellites", satellites, "keras-unet")
    for classes in (12, 19):
        yield Entry(f"ENet, {classes} classes", partial(enet, classes), "enet-keras")
    for (counts, growth), dropout in product((((4,) * 6, 16), ((4, 5, 7, 10, 12, 15), 16)), (False, True)):
        words = f"FC-DenseNet of {sum(counts) * 2 - counts[-1]} dense layers" + (", dropout" if dropout else "")
        yield Entry(words, partial(tiramisu, counts, growth, 12, dropout), "keras-contrib")
