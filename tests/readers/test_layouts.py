"""Particular layouts: names, nesting, chunks, hand-made dumps."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from infer_convert.errors import UnreadableFile
from infer_convert.readers import open_tensors, read
from infer_convert.readers.names import flat_split, keras1_role
from infer_convert.readers.names import roles as legacy_roles

from . import samples
from .conformance import check_accounting, check_numbers, roles


@pytest.mark.parametrize(
    ("layer", "name", "role"),
    [
        ("dense_1", "dense_1_W", "kernel"),
        ("dense_1", "dense_1_b:0", "bias"),
        ("dense_1", "dense_1_W_1:0", "kernel"),
        ("lstm_1", "lstm_1_U_f", "recurrent_kernel_f"),
        ("bidirectional_1", "forward_gru_1_W_z", "forward_gru_1/kernel_z"),
        ("backbone", "batchnormalization_41_running_std", "batchnormalization_41/moving_variance"),
        ("bn", "bn_running_mean", "moving_mean"),
        ("prelu_1", "prelu_1_alphas", "alpha"),
        ("highway_1", "highway_1_W_carry", "kernel_carry"),
        ("custom", "param_3", "3"),
        ("attention", "attention_v", "v"),
    ],
)
def test_keras1_roles(layer: str, name: str, role: str) -> None:
    assert keras1_role(layer, name) == role


@pytest.mark.parametrize(
    ("layer", "names", "expected"),
    [
        ("dense", ["sequential/dense/kernel", "sequential/dense/bias"], ["kernel", "bias"]),
        ("dense_1", ["dense_1_1/kernel:0", "dense_1_1/bias:0"], ["kernel", "bias"]),
        ("conv1/conv", ["conv1/conv/kernel:0"], ["kernel"]),
        ("model_1", ["conv2d_3/kernel:0", "dense/bias:0"], ["conv2d_3/kernel", "dense/bias"]),
        ("lstm", ["lstm/lstm_cell/kernel:0"], ["lstm_cell/kernel"]),
        ("normalization", ["mean:0", "count:0"], ["mean", "count"]),
        ("depthwise", ["depthwise/depthwise_kernel:0"], ["depthwise_kernel"]),
    ],
)
def test_legacy_roles(layer: str, names: list[str], expected: list[str]) -> None:
    assert legacy_roles(layer, names) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dense_1_kernel", ("dense_1", "kernel")),
        ("dense_1_recurrent_kernel:0", ("dense_1", "recurrent_kernel")),
        ("conv1.weight", ("conv1", "weight")),
        ("lstm_1_W_i", ("lstm_1", "kernel_i")),
        ("W3", ("3", "kernel")),
        ("temperature", None),
    ],
)
def test_one_name_spells_layer_and_role(name: str, expected: tuple[str, str] | None) -> None:
    assert flat_split(name) == expected


def test_keras1_weights_without_a_version(tmp_path: Path) -> None:
    layers = {"dense_2": [("dense_2_W", (4, 3)), ("dense_2_b", (3,))], "flatten_1": [], "p": [("param_0", (2,))]}
    facts = read(samples.legacy(tmp_path / "w.h5", layers, version=None))
    assert (facts.generation, facts.keras_version) == ("keras1", None)
    assert [roles(layer) for layer in facts.layers] == [["kernel", "bias"], [], ["0"]]


def test_graph_of_keras0_is_one_layer(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "g.h5", "w") as file:
        group = file.create_group("graph")
        group.attrs["nb_params"] = np.int64(11)
        for i in range(11):
            group[f"param_{i}"] = samples.numbers((i + 1,))
    facts = read(tmp_path / "g.h5")
    assert (facts.layout, len(facts.layers), facts.names_are_real) == ("graph", 1, False)
    assert [tensor.shape for tensor in facts.layers[0].tensors] == [(i + 1,) for i in range(11)]


def test_chunked_names(tmp_path: Path) -> None:
    """Keras 2.1.6 on splits lists longer than 64512 bytes."""
    path = samples.legacy(tmp_path / "w.h5")
    with h5py.File(path, "a") as file:
        names = file.attrs["layer_names"]
        del file.attrs["layer_names"]
        file.attrs["layer_names0"], file.attrs["layer_names1"] = names[:2], names[2:]
        kernel = file["dense_2"].attrs["weight_names"]
        del file["dense_2"].attrs["weight_names"]
        file["dense_2"].attrs["weight_names0"], file["dense_2"].attrs["weight_names1"] = kernel[:1], kernel[1:]
    assert read(path).layers == read(samples.legacy(tmp_path / "v.h5")).layers


def test_unlisted_and_top_level_datasets_are_unread(tmp_path: Path) -> None:
    path = samples.legacy(tmp_path / "w.h5")
    with h5py.File(path, "a") as file:
        file["stray"] = samples.numbers((2,))
        top = file.create_group("top_level_model_weights")
        top.attrs["weight_names"] = samples.fixed(["cls:0"])
        top["cls:0"] = samples.numbers((2,))
    facts = read(path)
    check_accounting(path, facts)
    assert {p for p, _ in facts.unread} == {"/stray", "/top_level_model_weights/cls:0"}


NESTED = {
    "layers/functional": (),
    "layers/functional/layers/conv2d": (("0", (3, 3, 1, 2)), ("1", (2,))),
    "layers/functional/layers/flatten": (),
    "layers/time_distributed": (),
    "layers/time_distributed/layer": (),
    "layers/time_distributed/layer/layers/dense": (("0", (2, 2)),),
    "layers/dense": (("0", (4, 2)), ("1", (2,))),
}


def test_nested_models_become_children(tmp_path: Path) -> None:
    path = samples.v3(tmp_path / "w.weights.h5", NESTED, {"layers/functional": "backbone"})
    facts = read(path)
    backbone, wrapper, dense = facts.layers
    assert (backbone.name, backbone.stem, backbone.tensors) == ("backbone", "functional", ())
    assert [child.name for child in backbone.children] == ["conv2d", "flatten"]
    assert [child.key for child in wrapper.children] == ["layer"] and not wrapper.tensors
    assert roles(wrapper.children[0].children[0]) == ["0"]
    assert dense.children == () and facts.names_are_real
    check_accounting(path, facts)


def test_subclassed_models_have_attribute_names_and_no_order(tmp_path: Path) -> None:
    tree = {
        "a_last": (("0", (2, 2)),),
        "blocks/dense": (("0", (3, 3)),),
        "body": (),
        "body/layers/dense": (("0", (4, 4)),),
        "layers/dense": (("0", (5, 5)),),
    }
    path = samples.v3(tmp_path / "w.weights.h5", tree)
    with h5py.File(path, "a") as file:
        file["vars/0"] = samples.numbers((1, 4))
        file["metrics/mean/vars/0"] = np.float32(1)
    facts = read(path)
    assert (facts.layout, facts.order) == ("v3-subclassed", "lost")
    assert [layer.path for layer in facts.layers] == ["/a_last", "/blocks/dense", "/body", "/layers/dense"]
    assert [child.path for child in facts.layers[2].children] == ["/body/layers/dense"]
    assert [p for p, _ in facts.unread] == ["/vars/0", "/metrics/mean/vars/0"]
    check_accounting(path, facts)


def test_backslashes_of_windows_are_separators(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "w.weights.h5", "w") as file:
        for key in ("vars", "enc/vars", "enc\\_layer_checkpoint_dependencies\\dense/vars"):
            file.create_group(key)
        file["enc\\_layer_checkpoint_dependencies\\dense/vars/0"] = samples.numbers((2, 2))
    facts = read(tmp_path / "w.weights.h5")
    assert facts.layout == "v3-dependencies-subclassed"
    assert [(layer.name, [child.name for child in layer.children]) for layer in facts.layers] == [("enc", ["dense"])]
    check_numbers(tmp_path / "w.weights.h5", facts)


def test_bfloat16_and_odd_dtypes(tmp_path: Path) -> None:
    """Keras stores bfloat16 as two opaque bytes (legacy files without any hint)."""
    from ml_dtypes import bfloat16

    want = np.array([[1.5, -2.0], [0.25, 3.0]], dtype=bfloat16)
    path = tmp_path / "w.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = samples.fixed(["d"])
        group = file.create_group("d")
        group.attrs["weight_names"] = samples.fixed(["d/kernel:0", "d/scalar:0", "d/big:0", "d/packed:0"])
        group["d/kernel:0"] = want.view("V2")
        group["d/scalar:0"] = want.view("V2")[1, 1]
        group["d/big:0"] = np.arange(3, dtype=">f8")
        group["d/packed:0"] = np.arange(3, dtype="int8")
    facts = read(path)
    assert [t.dtype for t in facts.all_tensors()] == ["bfloat16", "bfloat16", "float64", "int8"]
    check_numbers(path, facts)
    with open_tensors(path) as store:
        assert np.array_equal(store.read("/d/d/kernel:0"), want)
        assert store.read("/d/d/scalar:0").astype("float32") == 3.0
        assert store.read("/d/d/big:0").tolist() == [0, 1, 2]
        with pytest.raises(UnreadableFile, match="/d/nothing"):
            store.read("/d/nothing")


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["dense_1_kernel", "dense_1_bias"], {"dense_1": ["kernel", "bias"]}),
        (["conv1/W", "conv1/b", "fc/W"], {"conv1": ["kernel", "bias"], "fc": ["kernel"]}),
        (["d/d/kernel:0", "d/d/bias:0"], {"d": ["kernel", "bias"]}),
        (["enc/block1/conv/kernel", "enc/head/w"], {"enc/block1/conv": ["kernel"], "enc/head": ["w"]}),
        (["lstm/lstm_cell/kernel"], {"lstm": ["lstm_cell/kernel"]}),
        (["mha/query/kernel", "mha/key/kernel"], {"mha": ["query/kernel", "key/kernel"]}),
        (["arr"], {"arr": ["0"]}),
    ],
)
def test_flat_dumps(tmp_path: Path, paths: list[str], expected: dict[str, list[str]]) -> None:
    with h5py.File(tmp_path / "w.h5", "w") as file:
        for path in paths:
            file[path] = samples.numbers((2, 3))
        file["note"] = "text is not a weight"
    facts = read(tmp_path / "w.h5")
    assert {layer.name: roles(layer) for layer in facts.layers} == expected
    assert facts.generation == "flat" and facts.unread == (("/note", "holds text"),)


def test_two_shards_with_the_same_path(tmp_path: Path) -> None:
    path = samples.shards(tmp_path / "m.weights.json")
    with h5py.File(tmp_path / "m_00001.weights.h5", "a") as file:
        file["layers/dense/vars/1"] = samples.numbers((9,))
    with open_tensors(path) as store:
        twins = [tensor for tensor in read(path).all_tensors() if tensor.path.endswith("/layers/dense/vars/1")]
        assert [store.read(tensor.path).shape for tensor in twins] == [(3,), (9,)]


@pytest.mark.parametrize("word", ["weight_{}", "param{}", "w{}", "arr_{}", "Variable_{}"])
def test_tensors_of_a_layer_by_number(tmp_path: Path, word: str) -> None:
    with h5py.File(tmp_path / "w.h5", "w") as file:
        for layer, shapes in enumerate([[], [(3, 3, 1, 4), (4,)], [], [(8, 2), (2,)]]):
            group = file.create_group(f"layer_{layer}")
            for number, shape in enumerate(shapes):
                group[word.format(number)] = np.zeros(shape, "f4")
    facts = read(tmp_path / "w.h5")
    found = {layer.name: roles(layer) for layer in facts.layers}
    assert found == {"layer_0": [], "layer_1": ["0", "1"], "layer_2": [], "layer_3": ["0", "1"]}


def test_a_counter_among_numbered_tensors_is_one_of_them(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "w.h5", "w") as file:
        for number in range(2):
            file[f"arr_{number}"] = np.zeros(3, "f4")
        file["arr_2"], file["arr_3"] = np.int64(5), np.zeros((3, 4), "f4")
        file["epoch"], file["step_7"] = np.int64(3), np.int64(9)
    facts = read(tmp_path / "w.h5")
    assert [layer.tensors[0].shape for layer in facts.layers] == [(3,), (3,), (), (3, 4)]
    assert {path for path, _ in facts.unread} == {"/epoch", "/step_7"}
