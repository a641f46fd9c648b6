"""Everyday families in five random variants each, written weights-only by tf_keras and by Keras 3, through the
whole command and back: does the converted model compute what the original did?

``python -m benchmarks families`` prints and writes ``benchmarks/results/families.tsv``. ``outputs`` is 1 when the
converted model's outputs equal the original's to 1e-4 (channels of a softmax included), ``alternative`` when one of the
next four plans does; ``given`` is the same with the input shapes given.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import probe

VARIANTS = 5
TOLERANCE = 1e-4
COLUMNS = ("family", "variant", "library", "layers", "converted", "bit_exact", "outputs", "given", "confidence", "note")


def residual(keras: Any, rng: random.Random) -> Any:
    """Post-activation blocks; some widen through a strided projection."""
    layers, size = keras.layers, rng.choice((28, 32, 48, 64))
    width, kernel, named = rng.choice((8, 12, 16, 24)), rng.choice((3, 3, 5)), rng.random() < 0.5
    count = iter(range(1000))

    def name(word: str) -> dict[str, str]:
        return {"name": f"{word}{next(count)}"} if named else {}

    def conv(x: Any, filters: int, size: int = kernel, strides: int = 1) -> Any:
        x = layers.Conv2D(filters, size, strides=strides, padding="same", use_bias=rng.random() < 0.7, **name("conv"))(
            x
        )
        return layers.BatchNormalization(**name("bn"))(x)

    inputs = keras.Input((size, size, rng.choice((1, 3))))
    x = layers.Activation("relu", **name("relu"))(conv(inputs, width))
    for stage in range(rng.choice((1, 2, 3))):
        for block in range(rng.choice((1, 2, 3))):
            widen = stage > 0 and block == 0
            filters = width * 2**stage
            y = layers.Activation("relu", **name("relu"))(conv(x, filters, strides=2 if widen else 1))
            y = conv(y, filters)
            shortcut = conv(x, filters, 1, 2) if widen else x
            x = layers.Activation("relu", **name("relu"))(layers.Add(**name("add"))([shortcut, y]))
    x = layers.GlobalAveragePooling2D(**name("pool"))(x)
    return keras.Model(inputs, layers.Dense(rng.choice((5, 10)), activation="softmax", **name("fc"))(x))


def unet(keras: Any, rng: random.Random) -> Any:
    """Contracting and expanding paths with concatenated skips."""
    layers, size = keras.layers, rng.choice((32, 48, 64, 96))
    width, depth, twice = rng.choice((4, 8, 12)), rng.choice((2, 3)), rng.random() < 0.7
    transposed, kernel, named = rng.random() < 0.5, rng.choice((3, 3, 5)), rng.random() < 0.4
    count = iter(range(1000))

    def name(word: str) -> dict[str, str]:
        return {"name": f"{word}_{next(count)}"} if named else {}

    def block(x: Any, filters: int) -> Any:
        for _ in range(2 if twice else 1):
            x = layers.Conv2D(filters, kernel, activation="relu", padding="same", **name("conv"))(x)
        return x

    inputs = x = keras.Input((size, size, rng.choice((1, 3))))
    skips = []
    for level in range(depth):
        x = block(x, width * 2**level)
        skips.append(x)
        x = layers.MaxPooling2D(**name("pool"))(x)
    x = block(x, width * 2**depth)
    for level in reversed(range(depth)):
        if transposed:
            x = layers.Conv2DTranspose(width * 2**level, 2, strides=2, padding="same", **name("up"))(x)
        else:
            x = layers.UpSampling2D(**name("up"))(x)
        x = block(layers.Concatenate(**name("concat"))([x, skips[level]]), width * 2**level)
    return keras.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid", **name("mask"))(x))


def two_input(keras: Any, rng: random.Random) -> Any:
    """An image and a vector, joined; one padding throughout, heads as people write them."""
    return _two_inputs(keras, rng, mixed=False)


def two_input_mixed(keras: Any, rng: random.Random) -> Any:
    """The same with a padding drawn for every convolution and sigmoids over several outputs: what no file can tell."""
    return _two_inputs(keras, rng, mixed=True)


def _two_inputs(keras: Any, rng: random.Random, mixed: bool) -> Any:
    layers, size = keras.layers, rng.choice((28, 32, 64))
    kernel, habit, named = rng.choice((3, 3, 5)), rng.choice(("same", "valid")), rng.random() < 0.4
    count = iter(range(1000))

    def name(word: str) -> dict[str, str]:
        return {"name": f"{word}_{next(count)}"} if named else {}

    image, vector = keras.Input((size, size, rng.choice((1, 3)))), keras.Input((rng.choice((5, 12, 20)),))
    x = image
    for stage in range(rng.choice((1, 2))):
        padding = rng.choice(("same", "valid")) if mixed else habit
        x = layers.Conv2D(8 * (stage + 1), kernel, activation="relu", padding=padding, **name("conv"))(x)
        x = layers.MaxPooling2D(**name("pool"))(x)
    x = layers.Dense(rng.choice((16, 32)), activation="relu", **name("fc"))(layers.Flatten(**name("flatten"))(x))
    y = vector
    for stage in range(rng.choice((1, 2))):
        y = layers.Dense(8 + 4 * stage, activation="relu", **name("fc"))(y)
    z = layers.Concatenate(**name("concat"))([x, y] if rng.random() < 0.7 else [y, x])
    z = layers.Dense(16, activation="relu", **name("fc"))(z)
    units = rng.choice((1, 4, 5))
    activation = "sigmoid" if units == 1 or (mixed and rng.random() < 0.5) else "softmax"
    return keras.Model([image, vector], layers.Dense(units, activation=activation, **name("out"))(z))


def lstm_text(keras: Any, rng: random.Random) -> Any:
    """Embedding, one or two recurrent layers, a dense head."""
    layers, named = keras.layers, rng.random() < 0.4
    both = rng.random() < 0.4
    inputs = keras.Input((rng.choice((40, 80, 100)),))
    x = layers.Embedding(rng.choice((500, 1000)), rng.choice((16, 32)), **({"name": "emb"} if named else {}))(inputs)
    if rng.random() < 0.4:
        x = layers.Dropout(0.2)(x)
    units = rng.choice((16, 24, 32))
    if rng.random() < 0.5:
        x = layers.LSTM(units, return_sequences=True)(x)
    last = layers.LSTM(units // 2, **({"name": "encoder_lstm"} if named else {}))
    x = layers.Bidirectional(layers.LSTM(units // 2))(x) if both else last(x)
    if rng.random() < 0.5:
        x = layers.Dense(16, activation="relu")(x)
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid", **({"name": "output"} if named else {}))(x))


FAMILIES: tuple[Callable[[Any, random.Random], Any], ...] = (residual, unet, two_input, two_input_mixed, lstm_text)


def run(variants: int = VARIANTS) -> Iterator[dict[str, str]]:
    """One line per family, variant and library."""
    import keras
    import tf_keras

    for family in FAMILIES:
        for variant in range(variants):
            for library, module, suffix in (("tf_keras", tf_keras, ".h5"), ("keras3", keras, ".weights.h5")):
                module.backend.clear_session()
                model = family(module, random.Random(f"{family.__name__}/{variant}"))
                _unsettle(model, variant)
                line = {
                    "family": family.__name__,
                    "variant": str(variant),
                    "library": library,
                    "layers": str(len(model.layers)),
                }
                yield line | _convert(model, suffix)


def _unsettle(model: Any, seed: int) -> None:
    """Biases and BatchNormalization statistics away from their initial values."""
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        arrays = [
            array
            if array.ndim > 1
            else (0.5 + rng.random(array.shape)).astype("float32")
            if "norm" in type(layer).__name__.lower()
            else rng.normal(0, 0.1, array.shape).astype("float32")
            for array in layer.get_weights()
        ]
        if arrays:
            layer.set_weights(arrays)


def _convert(model: Any, suffix: str) -> dict[str, str]:
    from infer_convert.hints import Hints

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"weights{suffix}"
        model.save_weights(str(path))
        line = _infer(model, path, Hints())
        shapes = {"": tuple(probe.shapes(model))}
        given = (
            line["outputs"] if line["outputs"] == "1" else _infer(model, path, Hints(input_shapes=shapes))["outputs"]
        )
        return line | {"given": given}


def _infer(model: Any, path: Path, hints: Any) -> dict[str, str]:
    from infer_convert.errors import InferConvertError
    from infer_convert.infer import infer
    from infer_convert.pipeline import build
    from infer_convert.readers import open_tensors, read

    try:
        facts = read(path)
        with open_tensors(path) as store:
            inference = infer(facts, hints, store)
            outcomes = []
            for rank, plan in enumerate(inference.plans[:5], 1):
                built = build(plan, facts, store, {}, rank)
                outcomes.append(_same(model, built.model))
                if rank == 1:
                    exact, confidence = built.verification.bit_exact, plan.confidence
                if outcomes[-1]:
                    break
    except InferConvertError as error:
        note = " ".join(str(error).split())[:200]
        return {"converted": "0", "bit_exact": "0", "outputs": "0", "confidence": "", "note": note}
    verdict = "1" if outcomes[0] else f"alternative {len(outcomes)}" if outcomes[-1] else "0"
    return {
        "converted": "1",
        "bit_exact": str(int(exact)),
        "outputs": verdict,
        "confidence": f"{confidence:.3f}",
        "note": "",
    }


def _same(original: Any, converted: Any) -> bool:
    for seed in range(3):
        arrays = probe.random_inputs(original, seed)
        arrays = _tokens(original, arrays, seed)
        try:
            found = probe.outputs(converted, arrays)
        except Exception:
            return False
        wanted = probe.outputs(original, arrays)
        if len(found) != len(wanted) or any(
            a.shape != b.shape or float(np.abs(a - b).max()) > TOLERANCE for a, b in zip(found, wanted, strict=True)
        ):
            return False
    return True


def _tokens(model: Any, arrays: list[Any], seed: int) -> list[Any]:
    """Whole numbers where an Embedding reads: tf_keras calls those inputs float32."""
    words = [layer.input_dim for layer in model.layers if type(layer).__name__ == "Embedding"]
    if not words:
        return arrays
    return [np.random.default_rng(seed).integers(0, words[0], array.shape).astype("int32") for array in arrays]
