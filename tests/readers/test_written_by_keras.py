"""Small models written by the installed Keras 3 and tf_keras: names, order, roles and numbers as Keras has them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from infer_convert.facts import WeightFile
from infer_convert.readers import open_tensors, read

from .conformance import check_accounting, check_numbers

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keras")


def build(keras):
    """Branches (so that model.layers is not creation order), a nested model, a shared layer, wrappers."""
    layers = keras.layers
    source = keras.Input((8, 8, 2), name="image")
    left = layers.Conv2D(3, 3, padding="same", name="b_left")(source)
    right = layers.Conv2D(3, 1, name="a_right")(source)
    right = layers.BatchNormalization(name="z_norm")(right)
    inner = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(3, 1, name="only")], name="tower")
    joined = layers.Add(name="join")([inner(left), inner(right)])
    steps = layers.Reshape((8, 24), name="steps")(joined)
    steps = layers.Bidirectional(layers.LSTM(2, return_sequences=True, name="memory"), name="both")(steps)
    steps = layers.TimeDistributed(layers.Dense(3, name="each"), name="every")(steps)
    out = layers.Dense(1, name="answer")(layers.Flatten(name="flat")(steps))
    model = keras.Model(source, out, name="small")
    model.compile(optimizer="adam", loss="mse")
    model.fit(np.zeros((2, 8, 8, 2), "float32"), np.ones((2, 1), "float32"), verbose=0)
    return model


@pytest.fixture(scope="module")
def keras3(folder: Path):
    keras = pytest.importorskip("keras")
    model = build(keras)
    model.save(folder / "k3.keras")
    model.save(folder / "k3.full.h5")
    model.save_weights(folder / "k3.weights.h5")
    model.save_weights(folder / "k3.weights.json", max_shard_size=1e-6)
    return model


@pytest.fixture(scope="module")
def keras2(folder: Path):
    keras = pytest.importorskip("tf_keras")
    model = build(keras)
    model.save(folder / "k2.keras")
    model.save(folder / "k2.full.h5")
    model.save_weights(folder / "k2.h5")
    model.save_weights(folder / "k2.weights.h5")
    return model


def check(path: Path, model) -> WeightFile:
    facts = read(path)
    assert facts.order != "lost"
    if facts.names_are_real:
        assert [layer.name for layer in facts.layers] == [layer.name for layer in model.layers]
    check_numbers(path, facts)
    with open_tensors(path) as store:
        for layer, stored in zip(model.layers, facts.layers, strict=True):
            have = sorted(store.read(tensor.path).tobytes() for tensor in stored.all_tensors())
            assert have == sorted(np.asarray(weight).tobytes() for weight in layer.get_weights())
    return facts


@pytest.mark.parametrize("name", ["k3.keras", "k3.full.h5", "k3.weights.h5"])
def test_keras3(folder: Path, keras3, name: str) -> None:
    facts = check(folder / name, keras3)
    check_accounting(folder / name, facts)
    assert facts.generation == "keras3" and facts.names_are_real
    assert len(facts.optimizer) == 2 + 2 * len(keras3.trainable_variables) or name == "k3.weights.h5"


def test_keras3_shards(folder: Path, keras3) -> None:
    assert len(list(folder.glob("k3_*.weights.h5"))) > 3
    check(folder / "k3.weights.json", keras3)


@pytest.mark.parametrize("name", ["k2.keras", "k2.full.h5", "k2.h5", "k2.weights.h5"])
def test_tf_keras(folder: Path, keras2, name: str) -> None:
    facts = check(folder / name, keras2)
    check_accounting(folder / name, facts)
    assert facts.names_are_real == (not facts.layout.startswith("v3"))


def test_reading_imports_neither_keras_nor_tensorflow(folder: Path, keras3) -> None:
    code = (
        "import sys; from infer_convert.readers import read; read(sys.argv[1]); "
        "assert not {'keras', 'tensorflow', 'tf_keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(folder / "k3.keras")], check=True)
