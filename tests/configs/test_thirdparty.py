"""Layers that are not Keras': well-known ones are rebuilt, others proposed by what their tensors fit, or holes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from infer_convert.configs.thirdparty import THIRD_PARTY
from infer_convert.errors import NoArchitecture
from infer_convert.hints import Hints
from infer_convert.plan import Basis
from tests.configs.files import inferred, legacy_file, model_of, random, run, sequential


def one_layer(path: Path, class_name: str, shape: list[int], tensors: dict[str, Any], **config: Any) -> Path:
    given = {"name": "own", "batch_input_shape": [None, *shape], **config}
    weights = [(f"own/{role}:0", array) for role, array in tensors.items()]
    return legacy_file(path, sequential((class_name, given)), {"own": weights}, "2.2.4")


def softmax(x: Any, axis: int) -> Any:
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def test_attention_over_time(tmp_path: Path) -> None:
    x, w, b = random(2, 5, 4), random(4, 1, seed=1), random(5, 1, seed=2)
    path = one_layer(tmp_path / "m.h5", "Attention", [5, 4], {"att_wt": w, "att_b": b})
    wanted = (x * softmax(np.tanh(x @ w + b), 1)).sum(axis=1)
    np.testing.assert_allclose(run(model_of(path), x), wanted, atol=1e-5)
    path = one_layer(tmp_path / "k.h5", "AttLayer", [5, 4], {"W": w[:, 0], "b": b[:, 0]})
    e = np.exp(np.tanh(x @ w + b))
    np.testing.assert_allclose(
        run(model_of(path), x), (x * e / (e.sum(axis=1, keepdims=True) + 1e-7)).sum(1), atol=1e-5
    )


def test_attention_with_context(tmp_path: Path) -> None:
    x, w, b, u = random(2, 5, 4), random(4, 4, seed=1), random(4, seed=2), random(4, seed=3)
    path = one_layer(tmp_path / "m.h5", "AttentionWithContext", [5, 4], {"W": w, "b": b, "u": u})
    weights = softmax(np.tanh(x @ w + b) @ u[:, None], 1)
    np.testing.assert_allclose(run(model_of(path), x), (x * weights).sum(axis=1), atol=1e-5)


@pytest.mark.parametrize("addons", [True, False])
def test_instance_normalization(tmp_path: Path, addons: bool) -> None:
    x, gamma, beta = random(2, 4, 5, 3), random(3, seed=1), random(3, seed=2)
    more = {"groups": -1, "axis": -1} if addons else {"axis": -1}
    path = one_layer(
        tmp_path / "m.h5", "InstanceNormalization", [4, 5, 3], {"gamma": gamma, "beta": beta}, epsilon=0.1, **more
    )
    mean, std = x.mean(axis=(1, 2), keepdims=True), x.std(axis=(1, 2), keepdims=True)
    below = np.sqrt(std**2 + 0.1) if addons else std + 0.1
    np.testing.assert_allclose(run(model_of(path), x), (x - mean) / below * gamma + beta, atol=1e-5)


def test_scale_reflection_and_unit_length(tmp_path: Path) -> None:
    x, gamma, beta = random(2, 4, 5, 3), random(3, seed=1), random(3, seed=2)
    path = one_layer(tmp_path / "s.h5", "Scale", [4, 5, 3], {"gamma": gamma, "beta": beta}, axis=-1)
    np.testing.assert_allclose(run(model_of(path), x), x * gamma + beta, atol=1e-6)
    path = one_layer(tmp_path / "r.h5", "ReflectionPadding2D", [4, 5, 3], {}, padding=[1, 2])
    wanted = np.pad(x, [[0, 0], [1, 1], [2, 2], [0, 0]], mode="reflect")
    np.testing.assert_allclose(run(model_of(path), x), wanted, atol=1e-6)
    path = one_layer(tmp_path / "l.h5", "L2Normalization", [4, 5, 3], {"gamma": gamma})
    wanted = x / np.sqrt((x**2).sum(axis=-1, keepdims=True)) * gamma
    np.testing.assert_allclose(run(model_of(path), x), wanted, atol=1e-5)


def test_kapre_melspectrogram(tmp_path: Path) -> None:
    x, real, imaginary = random(2, 1, 40), random(8, 1, 1, 5, seed=1), random(8, 1, 1, 5, seed=2)
    mel = np.abs(random(5, 3, seed=3))
    config = {"n_dft": 8, "n_hop": 4, "padding": "valid", "power_spectrogram": 2.0, "power_melgram": 1.0,
              "return_decibel_melgram": True, "image_data_format": "channels_last"}  # fmt: skip
    tensors = {"real_kernels": real, "imag_kernels": imaginary, "Variable": mel}
    path = one_layer(tmp_path / "m.h5", "Melspectrogram", [1, 40], tensors, **config)
    frames = np.stack([x[:, 0, 4 * n : 4 * n + 8] for n in range(9)], axis=1)
    power = (frames @ real[:, 0, 0]) ** 2 + (frames @ imaginary[:, 0, 0]) ** 2
    bands = np.sqrt(power @ mel)
    decibels = 10 * np.log10(np.maximum(bands, 1e-10))
    decibels = np.maximum(decibels - decibels.max(axis=(1, 2), keepdims=True), -80)
    np.testing.assert_allclose(run(model_of(path), x), decibels.transpose(0, 2, 1)[..., None], atol=1e-3)


def test_token_and_position_embedding(tmp_path: Path) -> None:
    tokens, places = random(9, 3, seed=1), random(5, 3, seed=2)
    tensors = {"embedding/embeddings": tokens, "embedding_1/embeddings": places}
    path = one_layer(tmp_path / "m.h5", "TokenAndPositionEmbedding", [5], tensors, maxlen=5, vocab_size=9, embed_dim=3)
    x = np.array([[1, 2, 3, 4, 8], [0, 0, 1, 1, 2]])
    np.testing.assert_allclose(run(model_of(path), x.astype("float32")), tokens[x] + places[None], atol=1e-6)


def test_what_acts_in_training_only_is_nothing(tmp_path: Path) -> None:
    path = one_layer(tmp_path / "m.h5", "FixedDropout", [4], {}, rate=0.5)
    np.testing.assert_allclose(run(model_of(path), random(2, 4)), random(2, 4))
    decision = inferred(path).best.layer("own").decision("class_name")
    assert decision is not None and decision.basis is Basis.INFERRED and decision.confidence < 0.9


def test_an_unknown_class_is_proposed_by_its_tensors(tmp_path: Path) -> None:
    kernel = random(4, 3)
    tensors = {"kernel": kernel, "bias": np.ones(3, "float32")}
    path = one_layer(tmp_path / "m.h5", "MyDense", [4], tensors, units=3)
    np.testing.assert_allclose(run(model_of(path), random(2, 4)), random(2, 4) @ kernel + 1, atol=1e-5)
    decision = inferred(path).best.layer("own").decision("class_name")
    assert decision is not None and (decision.value, decision.confidence) == ("Dense", 0.7)
    assert decision.alternatives[0].value == "MyDense"


def test_what_fits_nothing_is_a_hole_and_the_rest_is_reported(tmp_path: Path) -> None:
    dense = {"name": "d", "units": 3, "activation": "linear"}
    config = sequential(("Weird", {"name": "own", "batch_input_shape": [None, 4]}), ("Dense", dense))
    weights = {"own": [("own/a:0", random(4, 3, 2)), ("own/b:0", random(7))],
               "d": [("d/kernel:0", random(4, 3)), ("d/bias:0", random(3))]}  # fmt: skip
    path = legacy_file(tmp_path / "m.h5", config, weights)
    assert [layer.class_name for layer in inferred(path).best.layers] == ["InputLayer", "Weird", "Dense"]
    with pytest.raises(NoArchitecture, match=r"own: Weird is no class of Keras.*a \(4, 3, 2\).*--custom-objects"):
        model_of(path)


def test_the_users_class_comes_first(tmp_path: Path) -> None:
    path = one_layer(tmp_path / "m.h5", "Sampling", [4], {}, rate=1)
    hints = Hints(customs=frozenset({"Sampling"}))
    assert inferred(path, hints).best.layer("own").class_name == "Sampling"


def test_every_recipe_has_a_source() -> None:
    assert all(source for _, source in THIRD_PARTY.values())
