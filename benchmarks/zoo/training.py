"""Numbers that carry evidence: a short training on scikit-learn's digits, or consistent random statistics.

A model's task follows from its shapes: images are digits brought to the input's size, series are their pixels in
order, tokens are drawn from a distribution that depends on the class; targets are classes, pictures, series or one
number, by the shape of each output.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.probe import class_of, leaves

Array = NDArray[Any]
SAMPLES, BATCH, EPOCHS = 768, 32, 3


def seed_of(name: str) -> int:
    """A number from a name, the same on every machine."""
    return zlib.crc32(name.encode())


def settle(
    model: Any, name: str, trained: bool, epochs: int = EPOCHS, after: Callable[[int], None] | None = None
) -> None:
    """Give a Keras 3 model non-trivial weights; the library's seed must be set before the model is built. ``after`` is
    told when an epoch of the training is over."""
    rng = np.random.default_rng(seed_of(name))
    _disturb(model, rng)
    images, labels = _digits(rng)
    inputs = [_input(tensor, images, labels, rng, model) for tensor in model.inputs]
    momenta = [(layer, layer.momentum) for layer in leaves(model) if class_of(layer) == "BatchNormalization"]
    for layer, _ in momenta:
        layer.momentum = 0.9 if trained else 0.5
    if trained:
        _train(model, inputs, images, labels, rng, epochs, after)
    elif momenta:
        for start in range(0, 8 * BATCH, BATCH):
            part = [item[start : start + BATCH] for item in inputs]
            model(part if len(part) > 1 else part[0], training=True)
    for layer, momentum in momenta:
        layer.momentum = momentum


def _disturb(model: Any, rng: np.random.Generator) -> None:
    for weight in model.weights:
        value, kind = np.asarray(weight), weight.path.rsplit("/", 1)[-1]
        if kind in ("bias", "beta"):
            value = value + rng.normal(0, 0.05, value.shape)
        elif kind == "gamma":
            value = value * rng.uniform(0.7, 1.3, value.shape)
        elif kind == "alpha":
            value = value + rng.uniform(0.05, 0.35, value.shape)
        else:
            continue
        weight.assign(value.astype("float32"))


def _digits(rng: np.random.Generator) -> tuple[Array, Array]:
    from sklearn.datasets import load_digits

    data = load_digits()
    chosen = rng.permutation(len(data.target))[:SAMPLES]
    return (data.images[chosen] / 16.0).astype("float32"), data.target[chosen].astype("int64")


def unseen(rng: np.random.Generator) -> tuple[Array, Array]:
    """The digits that ``_digits`` does not choose when it is given the generator in the same state."""
    from sklearn.datasets import load_digits

    data = load_digits()
    rest = rng.permutation(len(data.target))[SAMPLES:]
    return (data.images[rest] / 16.0).astype("float32"), data.target[rest].astype("int64")


def _resized(images: Array, height: int, width: int) -> Array:
    rows, columns = np.arange(height) * 8 // height, np.arange(width) * 8 // width
    return images[:, rows][:, :, columns]


def _sizes(tensor: Any) -> tuple[int, ...]:
    return tuple(12 if size is None else int(size) for size in tensor.shape[1:])


def _input(tensor: Any, images: Array, labels: Array, rng: np.random.Generator, model: Any) -> Array:
    shape = _sizes(tensor)
    if "int" in str(tensor.dtype):
        words = min((layer.input_dim for layer in leaves(model) if class_of(layer) == "Embedding"), default=10)
        peak = (labels[:, None] * words) // 10 + rng.integers(0, max(1, words // 10), (len(labels), *shape))
        noise = rng.integers(0, words, peak.shape)
        return np.where(rng.random(peak.shape) < 0.5, peak, noise).astype("int32")
    return _shaped(shape, images, rng)


def _shaped(shape: tuple[int, ...], images: Array, rng: np.random.Generator) -> Array:
    """The digits as an array of any shape, with a little noise."""
    if len(shape) in (1, 2):
        flat = images.reshape(len(images), -1)
        columns = (
            np.arange(int(np.prod(shape))) * 64 // int(np.prod(shape))
            if np.prod(shape) <= 64
            else (np.arange(int(np.prod(shape))) % 64)
        )
        found = flat[:, columns].reshape(-1, *shape) * 2 - 1
    else:
        picture = _resized(images, shape[-3], shape[-2])[..., None]
        channels = rng.uniform(0.5, 1.0, shape[-1]).astype("float32")
        found = picture * channels
        for size in shape[:-3][::-1]:
            found = np.stack([np.roll(found, step, axis=-2) for step in range(size)], axis=1)
    return (found + rng.normal(0, 0.05, found.shape)).astype("float32")


def _target(tensor: Any, images: Array, labels: Array, rng: np.random.Generator, probabilities: bool) -> Array:
    shape = _sizes(tensor)
    if (len(shape) <= 2 and shape[-1] > 1 and shape[-1] < 100) or len(shape) == 1:
        classes = np.eye(max(shape[-1], 2), dtype="float32")[labels % max(shape[-1], 2)][:, : shape[-1]]
        return np.broadcast_to(classes[:, None, :], (len(labels), *shape)).copy() if len(shape) == 2 else classes
    found = _shaped(shape, images, rng)
    return (
        np.eye(shape[-1], dtype="float32")[(found[..., 0] > 0.5).astype(int)]
        if probabilities and shape[-1] > 1
        else found
    )


def _train(
    model: Any,
    inputs: list[Array],
    images: Array,
    labels: Array,
    rng: np.random.Generator,
    epochs: int,
    after: Callable[[int], None] | None,
) -> None:
    import keras

    targets, losses = [], []
    for tensor in model.outputs:
        activation = getattr(getattr(tensor._keras_history[0], "activation", None), "__name__", "")
        targets.append(_target(tensor, images, labels, rng, activation == "softmax"))
        losses.append("categorical_crossentropy" if activation == "softmax" else "mse")
    model.compile(optimizer=keras.optimizers.Adam(2e-3), loss=losses if len(losses) > 1 else losses[0])
    model.fit(
        inputs if len(inputs) > 1 else inputs[0],
        targets if len(targets) > 1 else targets[0],
        batch_size=BATCH,
        epochs=epochs,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, _: after(epoch))] if after else None,
        verbose=0,
        shuffle=False,
    )
