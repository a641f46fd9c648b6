"""What Keras 3's own loader gets silently wrong: each case fails with it and passes with us."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.configs.files import legacy_file, model_of, random, run, sequential

keras = pytest.importorskip("keras")


def keras_output(path: Path, array: Any) -> Any:
    """What Keras' loader computes, or None when it refuses the file."""
    try:
        return np.asarray(keras.models.load_model(path, compile=False)(array))
    except Exception:
        return None


def convolved(images: Any, kernel: Any) -> Any:
    """A true convolution (kernel turned round), valid, of (n, rows, columns, in) with (kh, kw, in, out)."""
    turned = kernel[::-1, ::-1]
    kh, kw = kernel.shape[:2]
    rows, columns = images.shape[1] - kh + 1, images.shape[2] - kw + 1
    out = np.zeros((len(images), rows, columns, kernel.shape[-1]), "float64")
    for i in range(kh):
        for j in range(kw):
            out += images[:, i : i + rows, j : j + columns] @ turned[i, j].astype("float64")
    return out


@pytest.mark.parametrize("class_name", ["Softmax", "UnitNormalization"])
def test_an_axis_list_keeps_all_its_axes(tmp_path: Path, class_name: str) -> None:
    entry = {"name": "in", "batch_input_shape": [None, 3, 4], "dtype": "float32"}
    layers = [
        {"class_name": "InputLayer", "config": entry},
        {"class_name": class_name, "config": {"name": "norm", "dtype": "float32", "axis": [1, 2]}},
    ]
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": layers}}
    path = legacy_file(tmp_path / "m.h5", config, {"norm": []}, "2.11.0")
    x = random(2, 3, 4)
    if class_name == "Softmax":
        e = np.exp(x)
        wanted = e / e.sum(axis=(1, 2), keepdims=True)
    else:
        wanted = x / np.sqrt((x**2).sum(axis=(1, 2), keepdims=True))
    np.testing.assert_allclose(run(model_of(path), x), wanted, atol=1e-5)
    theirs = keras_output(path, x)
    assert theirs is not None
    assert not np.allclose(theirs, wanted, atol=1e-3)


def test_a_dense_first_sequential_keeps_its_rank(tmp_path: Path) -> None:
    dense = {"name": "dense_1", "batch_input_shape": [None, 8], "units": 2, "activation": "linear"}
    layers = [{"class_name": "Dense", "config": dense}]
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": layers}}
    kernel = random(8, 2)
    path = legacy_file(
        tmp_path / "m.h5",
        config,
        {"dense_1": [("dense_1/kernel:0", kernel), ("dense_1/bias:0", np.zeros(2, "float32"))]},
    )
    model = model_of(path)
    assert model.input_shape == (None, 8)
    np.testing.assert_allclose(run(model, random(3, 8)), random(3, 8) @ kernel, atol=1e-5)
    theirs = keras.models.load_model(path, compile=False)
    assert theirs.input_shape == (None, None, 8)


def test_square_theano_kernels_of_keras_1_are_transposed(tmp_path: Path) -> None:
    config = sequential(
        (
            "Convolution2D",
            {"name": "c", "batch_input_shape": [None, 3, 6, 6], "nb_filter": 3, "nb_row": 3, "nb_col": 3,
             "border_mode": "valid", "subsample": [1, 1], "dim_ordering": "th", "activation": "linear", "bias": True},
        )
    )  # fmt: skip
    stored = random(3, 3, 3, 3)
    path = legacy_file(
        tmp_path / "m.h5", config, {"c": [("c_W", stored), ("c_b", np.zeros(3, "float32"))]}, "1.2.2", None
    )
    x = random(2, 3, 6, 6)
    wanted = convolved(x.transpose(0, 2, 3, 1), stored.transpose(2, 3, 1, 0)).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(run(model_of(path), x), wanted, atol=1e-4)
    twin = keras.Sequential([keras.Input((6, 6, 3)), keras.layers.Conv2D(3, 3, name="c")])
    twin.load_weights(path)  # the config it refuses, the weights it takes as they are
    np.testing.assert_array_equal(np.asarray(twin.layers[0].kernel), stored)
    theirs = np.asarray(twin(x.transpose(0, 2, 3, 1))).transpose(0, 3, 1, 2)
    assert not np.allclose(theirs, wanted, atol=1e-1)


def test_theano_kernels_of_keras_2_are_turned_round(tmp_path: Path) -> None:
    conv = {
        "name": "c", "filters": 3, "kernel_size": [3, 3], "strides": [1, 1], "padding": "valid",
        "data_format": "channels_last", "activation": "linear", "use_bias": True,
    }  # fmt: skip
    entry = {"name": "in", "batch_input_shape": [None, 6, 6, 2], "dtype": "float32"}
    layers = [{"class_name": "InputLayer", "config": entry}, {"class_name": "Conv2D", "config": conv}]
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": layers}}
    kernel = random(3, 3, 2, 3)
    path = legacy_file(
        tmp_path / "m.h5", config, {"c": [("c/kernel", kernel), ("c/bias", np.zeros(3, "float32"))]}, "2.2.4", "theano"
    )
    x = random(2, 6, 6, 2)
    np.testing.assert_allclose(run(model_of(path), x), convolved(x, kernel), atol=1e-4)
    theirs = keras_output(path, x)
    assert theirs is not None
    assert not np.allclose(theirs, convolved(x, kernel), atol=1e-4)


def test_hard_sigmoid_keeps_the_old_slope(tmp_path: Path) -> None:
    layers = [
        {"class_name": "InputLayer", "config": {"name": "in", "batch_input_shape": [None, 4], "dtype": "float32"}},
        {"class_name": "Activation", "config": {"name": "a", "activation": "hard_sigmoid", "dtype": "float32"}},
    ]
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": layers}}
    path = legacy_file(tmp_path / "m.h5", config, {"a": []}, "2.4.0")
    x = 2 * random(3, 4)
    wanted = np.clip(0.2 * x + 0.5, 0, 1)
    np.testing.assert_allclose(run(model_of(path), x), wanted, atol=1e-6)
    theirs = keras_output(path, x)
    assert theirs is not None
    assert not np.allclose(theirs, wanted, atol=1e-3)
