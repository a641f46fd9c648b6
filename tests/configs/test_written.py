"""Models as people build them today, saved by the real libraries, and what the rebuilt ones compute."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from infer_convert.errors import NoArchitecture
from infer_convert.plan import Plan
from tests.configs.files import inferred, model_of, run

keras = pytest.importorskip("keras")
tf_keras = pytest.importorskip("tf_keras")


def attention_mask(k: Any) -> Any:
    x, mask = k.Input((4, 6)), k.Input((4, 4))
    return k.Model([x, mask], k.layers.MultiHeadAttention(2, 3)(x, x, attention_mask=mask))


def causal(k: Any) -> Any:
    x = k.Input((4, 6))
    return k.Model(x, k.layers.MultiHeadAttention(2, 3)(query=x, value=x, use_causal_mask=True))


def scores(k: Any) -> Any:
    x, y = k.Input((4, 6)), k.Input((3, 6))
    made, weights = k.layers.MultiHeadAttention(2, 3)(x, y, return_attention_scores=True)
    return k.Model([x, y], [made, weights])


def own_mask(k: Any) -> Any:
    x, mask = k.Input((4, 6)), k.Input((4,), dtype="bool")
    return k.Model([x, mask], k.layers.LSTM(3)(x, mask=mask))


def spectral(k: Any) -> Any:
    sn = k.layers.SpectralNormalization
    return k.Sequential([k.Input((8, 8, 3)), sn(k.layers.Conv2D(4, 3)), k.layers.Flatten(), sn(k.layers.Dense(2))])


def operations(k: Any) -> Any:
    ops = k.ops
    x = k.Input((4, 6))
    y = ops.where(x > 0.1, x, ops.zeros_like(x))
    y = ops.einsum("bij,bkj->bik", y, y)[:, None]
    y = ops.concatenate([y, 1 - y], axis=1)[..., 0]
    y = ops.pad(y, [[0, 0], [1, 1], [0, 0]]) - np.array([0.1, 0.2, 0.3, 0.4], "float32")
    y = ops.take(y, [0, 1, 2], axis=1) + ops.cast(ops.norm(y, axis=-1, keepdims=True)[:, :3] > 1.0, "float32")
    return k.Model(x, ops.average_pool(ops.reshape(y, (-1, 4, 3)), 2))


def positions(k: Any) -> Any:
    x = k.Input((5,), dtype="int32")
    places = k.layers.Embedding(5, 4)(k.ops.arange(5))
    return k.Model(x, k.layers.Embedding(9, 4)(x) + places)


def tensorflow_operations(k: Any) -> Any:
    import tensorflow as tf

    x = k.Input((4, 6))
    y = tf.where(x > 0.1, x, tf.zeros_like(x))
    y = tf.gather(y, [0, 2], axis=1) * tf.sign(x[:, :2]) + tf.math.sin(x)[:, 1:3]
    y = tf.concat([y, tf.cumsum(y, axis=1)], 1)[:, :, tf.newaxis]
    return k.Model(x, tf.norm(y, axis=-1) - tf.constant([0.5, 1.0, 1.5, 2.0])[:, None])


BOTH = (attention_mask, causal, scores, own_mask)
KERAS_3 = (spectral, operations, positions)
CASES = [
    *((made, keras, suffix) for made in (*BOTH, *KERAS_3) for suffix in (".h5", ".keras")),
    *((made, tf_keras, ".h5") for made in (*BOTH, tensorflow_operations)),
]


@pytest.mark.parametrize(
    ("made", "library", "suffix"), CASES, ids=[f"{made.__name__}-{k.__name__}{suffix}" for made, k, suffix in CASES]
)
def test_the_rebuilt_model_computes_the_same(
    made: Callable[[Any], Any], library: Any, suffix: str, tmp_path: Path
) -> None:
    model = made(library)
    path = tmp_path / f"m{suffix}"
    model.save(path)
    rng = np.random.default_rng(0)
    given = []
    for tensor in model.inputs:
        shape, kind = (2, *tensor.shape[1:]), str(getattr(tensor.dtype, "name", tensor.dtype))
        binary = kind == "bool" or (made is attention_mask and len(given) == 1)
        array = rng.integers(0, 2 if binary else 4, size=shape) if binary or "int" in kind else rng.normal(size=shape)
        given.append(array.astype(kind))
    ours, theirs = model_of(path), model
    found = ours(given if len(given) > 1 else given[0], training=False)
    wanted = theirs(given if len(given) > 1 else given[0], training=False)
    for left, right in zip(_flat(found), _flat(wanted), strict=True):
        np.testing.assert_allclose(np.asarray(left), np.asarray(right), atol=1e-5)


def _flat(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


@pytest.mark.parametrize("mode", ["int8", "int4", "float8"])
def test_a_quantised_model_stays_quantised(tmp_path: Path, mode: str) -> None:
    layers = keras.layers
    model = keras.Sequential([keras.Input((8,)), layers.Dense(6, activation="relu"), layers.Dense(2)])
    model.quantize(mode)
    x = np.random.default_rng(0).normal(size=(3, 8)).astype("float32")
    for suffix in (".h5", ".keras"):
        path = tmp_path / f"m{suffix}"
        model.save(path)
        np.testing.assert_allclose(run(model_of(path), x), np.asarray(model(x, training=False)), atol=1e-6)


def test_words_that_were_learnt_come_from_the_archive(tmp_path: Path) -> None:
    lookup = keras.layers.TextVectorization(output_sequence_length=3)
    lookup.adapt(["the cat sat", "a dog sat"])
    inputs = keras.Input((1,), dtype="string")
    model = keras.Model(inputs, lookup(inputs))
    model.save(tmp_path / "m.keras")
    words = np.array([["a cat"], ["the zebra sat"]])
    import tensorflow as tf

    given = tf.constant(words)
    np.testing.assert_array_equal(np.asarray(model_of(tmp_path / "m.keras")(given)), np.asarray(model(given)))
    model.save(tmp_path / "m.h5")
    with pytest.raises(NoArchitecture, match="the vocabulary of this TextVectorization is not in the file"):
        model_of(tmp_path / "m.h5")


def test_a_wrapped_model_and_training_only_layers_keep_the_order(tmp_path: Path) -> None:
    from infer_convert.pipeline import build
    from infer_convert.readers import open_tensors

    layers = keras.layers
    inner = keras.Sequential([keras.Input((6, 6, 3)), layers.RandomFlip(), layers.Conv2D(2, 3), layers.Flatten()])
    model = keras.Sequential([keras.Input((4, 6, 6, 3)), layers.TimeDistributed(inner), layers.LSTM(3)])
    model.save(tmp_path / "m.keras")
    found = inferred(tmp_path / "m.keras")
    assert isinstance(found.best, Plan)
    with open_tensors(tmp_path / "m.keras") as store:
        assert build(found.best, found.facts, store).verification.order_reproduced is True
