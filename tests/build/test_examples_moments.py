"""Unlabelled examples: the moments that they give the normalisations, against the stored ones."""

from __future__ import annotations

import numpy as np
import pytest

from infer_convert.build.examples import moments

keras = pytest.importorskip("keras")


def model(activation: str) -> object:
    keras.utils.set_random_seed(3)
    inputs = keras.Input((8,))
    hidden = keras.layers.Dense(16, activation=activation)(inputs)
    hidden = keras.layers.Dense(12)(keras.layers.BatchNormalization(momentum=0.0)(hidden))
    return keras.Model(inputs, keras.layers.BatchNormalization(momentum=0.0)(hidden))


def test_the_true_function_gives_the_stored_moments() -> None:
    rng = np.random.default_rng(0)
    data = rng.normal(size=(512, 8)).astype("float32")
    true, other = model("relu"), model("tanh")
    for _ in range(3):
        true(data, training=True)  # type: ignore[operator]
    other.set_weights(true.get_weights())  # type: ignore[attr-defined]
    sample = data[:10]
    assert moments(true, [sample]) < 0.8 * moments(other, [sample])


def test_a_model_without_normalisation_cannot_tell() -> None:
    inputs = keras.Input((8,))
    assert moments(keras.Model(inputs, keras.layers.Dense(2)(inputs)), [np.zeros((4, 8), "float32")]) == 0.0
