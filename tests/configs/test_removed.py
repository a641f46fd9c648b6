"""Layers that Keras 3 has no more, against what their old formulas give in numpy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.configs.files import legacy_file, model_of, random, run, sequential

pytest.importorskip("keras")


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def test_highway(tmp_path: Path) -> None:
    config = sequential(("Highway", {"name": "h", "batch_input_shape": [None, 4], "activation": "tanh", "bias": True}))
    w, c, b, d = random(4, 4), random(4, 4, seed=1), random(4, seed=2), random(4, seed=3)
    path = legacy_file(
        tmp_path / "m.h5", config, {"h": [("h_W", w), ("h_W_carry", c), ("h_b", b), ("h_b_carry", d)]}, "1.2.2", None
    )
    x = random(5, 4, seed=4)
    gate = sigmoid(x @ c + d)
    np.testing.assert_allclose(run(model_of(path), x), gate * np.tanh(x @ w + b) + (1 - gate) * x, atol=1e-5)


def test_maxout(tmp_path: Path) -> None:
    config = sequential(
        ("MaxoutDense", {"name": "m", "batch_input_shape": [None, 4], "output_dim": 3, "nb_feature": 2})
    )
    w, b = random(2, 4, 3), random(2, 3, seed=1)
    path = legacy_file(tmp_path / "m.h5", config, {"m": [("m_W", w), ("m_b", b)]}, "1.2.2", None)
    x = random(5, 4, seed=4)
    np.testing.assert_allclose(run(model_of(path), x), (np.einsum("ni,kio->nko", x, w) + b).max(axis=1), atol=1e-5)


def test_parametric_softplus(tmp_path: Path) -> None:
    config = sequential(("ParametricSoftplus", {"name": "p", "batch_input_shape": [None, 3, 4]}))
    a, b = random(3, 4), random(3, 4, seed=1)
    path = legacy_file(tmp_path / "m.h5", config, {"p": [("p_alphas", a), ("p_betas", b)]}, "1.2.2", None)
    x = random(5, 3, 4, seed=4)
    np.testing.assert_allclose(run(model_of(path), x), a * np.log1p(np.exp(b * x)), atol=1e-5)


@pytest.mark.parametrize("first", [False, True])
def test_locally_connected_2d(tmp_path: Path, first: bool) -> None:
    local = {
        "name": "l", "batch_input_shape": [None, 2, 5, 6] if first else [None, 5, 6, 2], "filters": 3,
        "kernel_size": [2, 3], "strides": [2, 1], "padding": "valid", "activation": "linear", "use_bias": True,
        "data_format": "channels_first" if first else "channels_last",
    }  # fmt: skip
    kernel, bias = random(2 * 4, 2 * 3 * 2, 3), random(2, 4, 3, seed=1)
    path = legacy_file(
        tmp_path / "m.h5",
        sequential(("LocallyConnected2D", local)),
        {"l": [("l/kernel:0", kernel), ("l/bias:0", bias)]},
    )
    x = random(2, 5, 6, 2, seed=2)
    wanted = np.zeros((2, 2, 4, 3), "float32")
    for row in range(2):
        for column in range(4):
            patch = x[:, 2 * row : 2 * row + 2, column : column + 3]
            flat = patch.transpose(0, 3, 1, 2).reshape(2, -1) if first else patch.reshape(2, -1)
            wanted[:, row, column] = flat @ kernel[row * 4 + column]
    wanted += bias.reshape(3, 2, 4).transpose(1, 2, 0) if first else bias
    model = model_of(path)
    found = run(model, x.transpose(0, 3, 1, 2)).transpose(0, 2, 3, 1) if first else run(model, x)
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_thresholded_relu(tmp_path: Path) -> None:
    config = sequential(("ThresholdedReLU", {"name": "t", "batch_input_shape": [None, 4], "theta": 0.5}))
    path = legacy_file(tmp_path / "m.h5", config, {"t": []})
    x = random(5, 4)
    np.testing.assert_allclose(run(model_of(path), x), x * (x > 0.5), atol=1e-6)


def test_cudnn_lstm(tmp_path: Path) -> None:
    config = sequential(("CuDNNLSTM", {"name": "l", "batch_input_shape": [None, 3, 2], "units": 4}))
    kernel, recurrent, bias = random(2, 16), random(4, 16, seed=1), random(32, seed=2)
    weights = [("l/kernel:0", kernel), ("l/recurrent_kernel:0", recurrent), ("l/bias:0", bias)]
    path = legacy_file(tmp_path / "m.h5", config, {"l": weights}, "2.2.4")
    turn = lambda array: np.hstack([part.T.reshape(part.shape, order="F") for part in np.hsplit(array, 4)])  # noqa: E731
    k, r, b = turn(kernel), turn(recurrent), bias[:16] + bias[16:]
    x = random(2, 3, 2, seed=3)
    h = c = np.zeros((2, 4))
    for t in range(3):
        i, f, g, o = np.split(x[:, t] @ k + h @ r + b, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
    np.testing.assert_allclose(run(model_of(path), x), h, atol=1e-5)


@pytest.mark.parametrize(("mode", "wanted"), [("sum", lambda a, b: a + b), ("mul", lambda a, b: a * b),
                                              ("concat", lambda a, b: np.concatenate([a, b], -1)),
                                              ("ave", lambda a, b: (a + b) / 2), ("max", np.maximum)])  # fmt: skip
def test_merge_modes(tmp_path: Path, mode: str, wanted: Any) -> None:
    def branch(name: str) -> dict[str, Any]:
        return sequential(("Activation", {"name": name, "batch_input_shape": [None, 3], "activation": "linear"}))

    merge = {
        "name": "merge_1",
        "mode": mode,
        "mode_type": "raw",
        "concat_axis": -1,
        "layers": [branch("a"), branch("b")],
    }
    path = legacy_file(tmp_path / "m.h5", sequential(("Merge", merge)), {"a": [], "b": []}, "1.2.2", None)
    a, b = random(2, 3), random(2, 3, seed=1)
    np.testing.assert_allclose(run(model_of(path), a, b), wanted(a, b), atol=1e-6)


def test_keras_1_lstm_gates_are_put_in_order(tmp_path: Path) -> None:
    lstm = {"name": "l", "batch_input_shape": [None, 3, 2], "output_dim": 4, "activation": "tanh",
            "inner_activation": "hard_sigmoid", "inner_init": "orthogonal", "consume_less": "cpu"}  # fmt: skip
    named = {f"{part}_{gate}": random(*shape, seed=seed) for seed, (part, gate, shape) in enumerate(
        (part, gate, shape) for gate in "icfo" for part, shape in (("W", (2, 4)), ("U", (4, 4)), ("b",
        (4,))))}  # fmt: skip
    path = legacy_file(
        tmp_path / "m.h5",
        sequential(("LSTM", lstm)),
        {"l": [(f"l_{key}", v) for key, v in named.items()]},
        "1.1.0",
        None,
    )
    x = random(2, 3, 2, seed=50)
    h = c = np.zeros((2, 4))
    for t in range(3):
        z = {gate: x[:, t] @ named[f"W_{gate}"] + h @ named[f"U_{gate}"] + named[f"b_{gate}"] for gate in "icfo"}
        i, f, o = (np.clip(0.2 * z[gate] + 0.5, 0, 1) for gate in "ifo")
        c = f * c + i * np.tanh(z["c"])
        h = o * np.tanh(c)
    np.testing.assert_allclose(run(model_of(path), x), h, atol=1e-5)


def test_batch_normalization_of_mode_2(tmp_path: Path) -> None:
    given = {"name": "n", "batch_input_shape": [None, 3, 4], "mode": 2, "axis": -1, "epsilon": 0.1}
    gamma, beta = random(4, seed=1), random(4, seed=2)
    stored = [("n_gamma", gamma), ("n_beta", beta), ("n_running_mean", random(4)), ("n_running_std", random(4) ** 2)]
    path = legacy_file(tmp_path / "m.h5", sequential(("BatchNormalization", given)), {"n": stored}, "1.2.2", None)
    x = random(5, 3, 4, seed=4)
    mean, variance = x.mean(axis=(0, 1)), x.var(axis=(0, 1))
    np.testing.assert_allclose(run(model_of(path), x), (x - mean) / np.sqrt(variance + 0.1) * gamma + beta, atol=1e-5)


def test_srelu(tmp_path: Path) -> None:
    names = ("t_left", "a_left", "t_right", "a_right")
    tl, al, tr, ar = (random(3, 4, seed=number) for number in range(4))
    config = sequential(("SReLU", {"name": "s", "batch_input_shape": [None, 3, 4]}))
    stored = [(f"s_{name}", array) for name, array in zip(names, (tl, al, tr, ar), strict=True)]
    path = legacy_file(tmp_path / "m.h5", config, {"s": stored}, "1.2.2", None)
    x = 3 * random(5, 3, 4, seed=9)
    right = tl + np.abs(tr)
    inside = np.where(x < tl, tl + al * (x - tl), x)
    wanted = np.where(x > right, right + ar * (x - right), inside)
    np.testing.assert_allclose(run(model_of(path), x), wanted, atol=1e-4)


def test_time_major(tmp_path: Path) -> None:
    from tf_keras import Input, Model, layers

    inputs = Input((5, 3))
    lstm = layers.LSTM(2, return_sequences=True, time_major=True)
    plain = layers.LSTM(2, return_sequences=True)
    import tensorflow as tf

    model = Model(inputs, tf.transpose(lstm(tf.transpose(inputs, [1, 0, 2])), [1, 0, 2]))
    wanted_model = Model(inputs, plain(inputs))
    plain.set_weights(lstm.get_weights())
    model.save(tmp_path / "m.h5")
    x = random(2, 5, 3)
    np.testing.assert_allclose(run(model_of(tmp_path / "m.h5"), x), wanted_model(x), atol=1e-5)
