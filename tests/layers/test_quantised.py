"""Quantised weights without a config: the policy by the shapes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from infer_convert.facts import StoredLayer, Tensor
from infer_convert.infer import infer
from infer_convert.layers.recognise import recognise
from infer_convert.pipeline import build
from infer_convert.readers import open_tensors, read


def layer(text: str, name: str = "dense") -> StoredLayer:
    tensors = []
    for number, part in enumerate(text.split()):
        sizes, _, kind = part.partition("/")
        shape = tuple(int(size) for size in sizes.split("x") if size != "-")
        dtype = {"": "float32", "i": "int8"}[kind]
        tensors.append(Tensor(f"/d/{number}", str(number), str(number), shape, dtype))
    return StoredLayer(name, "/d", tuple(tensors))


@pytest.mark.parametrize(
    ("text", "policy", "units", "bias"),
    [
        ("64x32/i 32 32", "int8_from_float32", 32, True),
        ("64x32/i 32", "int8_from_float32", 32, False),
        ("64x32/i 32 1x1x32", "int8_from_float32", 32, True),
        ("64x16/i 32 32", "int4/-1_from_float32", 32, True),
        ("64x16/i 32 1x32 1x32/i 64", "int4/128_from_float32", 32, True),
        ("300x16/i 3x32 3x32/i 300", "int4/128_from_float32", 32, False),
        ("64x32 32 - 1024 - 1024 - 1024", "float8_from_float32", 32, True),
    ],
)
def test_shapes_tell_the_policy(text: str, policy: str, units: int, bias: bool) -> None:
    best = recognise(layer(text), "keras3")[0]
    said = best.fit.config
    assert (best.class_name, said["dtype"], said["units"], said["use_bias"]) == ("Dense", policy, units, bias)
    assert len(best.fit.uses) == len(text.split())


@pytest.mark.parametrize("text", ["64x32/i 31 7", "64x32/i 32 32 32 32"])
def test_other_integers_are_no_layer(text: str) -> None:
    assert not recognise(layer(text), "keras3")


@pytest.mark.parametrize("mode", ["int8", "int4"])
def test_the_rebuilt_net_computes_the_same(mode: Any, tmp_path: Path) -> None:
    words = keras.Input((7,), dtype="int32")
    hidden = keras.layers.Dense(12, activation="relu")(keras.layers.Embedding(20, 6)(words))
    result = keras.layers.Dense(3, activation="softmax")(keras.layers.GlobalAveragePooling1D()(hidden))
    model = keras.Model(words, result)
    model.quantize(mode)
    path = tmp_path / "q.weights.h5"
    model.save_weights(path)
    facts = read(path)
    with open_tensors(path) as store:
        built = build(infer(facts, tensors=store).best, facts, store)
    assert built.verification.bit_exact
    given = np.arange(14).reshape(2, 7)
    np.testing.assert_allclose(built.model(given), model(given), atol=1e-6)
