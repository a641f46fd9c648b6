"""Damage that leaves a readable file: reported, never guessed away."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from infer_convert.errors import InferConvertError, RefusedForSafety, UnreadableFile
from infer_convert.infer import infer
from infer_convert.limits import DEFAULT
from infer_convert.pipeline import build
from infer_convert.readers import open_tensors, read
from infer_convert.readers.unique import with_unique_names
from tests.hostile import files
from tests.readers import samples


def stack(path: Path, kernels: dict[str, np.ndarray]) -> Path:
    """Weights-only Dense layers without biases."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = np.array([name.encode("utf-8", "surrogateescape") for name in kernels])
        for name, kernel in kernels.items():
            raw = name.encode("utf-8", "surrogateescape")
            group = file.create_group(raw)
            group.attrs["weight_names"] = np.array([b"kernel:0"])
            group["kernel:0"] = kernel
    return path


def test_nan_and_infinity_are_reported_and_kept(tmp_path: Path) -> None:
    kernel = np.ones((4, 3), "float32")
    kernel[0] = np.nan, np.inf, -np.inf
    path = stack(tmp_path / "w.h5", {"dense": kernel})
    facts = read(path)
    with open_tensors(path) as store:
        found = build(infer(facts).best, facts, store)
    assert found.verification.bit_exact
    np.testing.assert_array_equal(np.asarray(found.model.weights[0].value), kernel)
    (warning,) = found.verification.warnings
    assert "dense" in warning and "3 numbers" in warning


def test_a_cast_that_overflows_is_reported(tmp_path: Path) -> None:
    path = stack(tmp_path / "w.h5", {"dense": np.full((4, 3), 1e300)})
    facts = read(path)
    plan = infer(facts).best
    layers = tuple(
        dataclasses.replace(
            layer,
            config={**layer.config, "dtype": "float32"},
            weights=tuple(dataclasses.replace(use, transforms=("cast:float64→float32",)) for use in layer.weights),
        )
        for layer in plan.layers
    )
    with open_tensors(path) as store, np.errstate(over="ignore"):
        found = build(plan.with_layers(layers), facts, store)
    assert any("12 numbers" in warning for warning in found.verification.warnings)


def test_layers_of_one_name_in_a_tree(tmp_path: Path) -> None:
    tree = {"layers/dense": (("0", (4, 3)), ("1", (3,))), "layers/dense_1": (("0", (3, 2)), ("1", (2,)))}
    path = samples.v3(tmp_path / "w.h5", tree, {"layers/dense": "same", "layers/dense_1": "same"})
    facts = read(path)
    assert [layer.name for layer in facts.layers] == ["same", "same#2"]
    assert any("same" in warning and "numbered" in warning for warning in facts.warnings)
    found = infer(facts)
    assert not found.left_over
    again = dataclasses.replace(facts, layers=(*facts.layers, facts.layers[1], facts.layers[0]))
    assert [layer.name for layer in with_unique_names(again).layers] == ["same", "same#2", "same#2#2", "same#3"]


def test_one_layer_listed_twice_is_refused(tmp_path: Path) -> None:
    path = samples.legacy(tmp_path / "w.h5")
    with h5py.File(path, "a") as file:
        file.attrs["layer_names"] = samples.fixed(["dense_2", "dense_2"])
    with pytest.raises(UnreadableFile, match="dense_2"):
        read(path)


def test_names_that_are_no_utf8(tmp_path: Path) -> None:
    kernels = {"d\udcff\udcfense": np.ones((4, 3), "float32"), "dense": np.ones((3, 2), "float32")}
    path = stack(tmp_path / "w.h5", kernels)
    try:
        facts = read(path)
    except UnreadableFile as problem:
        assert str(problem).isprintable()
    else:
        assert len(facts.layers) == 2


def test_names_with_slashes(tmp_path: Path) -> None:
    path = stack(tmp_path / "w.h5", {"a/b/dense": np.ones((4, 3), "float32"), "a/c": np.ones((3, 2), "float32")})
    facts = read(path)
    assert [layer.name for layer in facts.layers] == ["a/b/dense", "a/c"]
    with open_tensors(path) as store:
        assert build(infer(facts).best, facts, store).verification.passed


def test_shards(tmp_path: Path) -> None:
    """Named out of order they mean the same; one that is missing is named."""
    path = samples.shards(tmp_path / "m.weights.json")
    whole = read(path)
    index = json.loads(path.read_text())
    index["weight_map"] = dict(reversed(index["weight_map"].items()))
    path.write_text(json.dumps(index))
    assert list(read(path).all_tensors()) == list(whole.all_tensors())
    (tmp_path / "m_00001.weights.h5").unlink()
    with pytest.raises(UnreadableFile, match=r"m_00001\.weights\.h5"):
        read(path)


def test_what_no_reader_places_is_listed(tmp_path: Path) -> None:
    path = stack(tmp_path / "w.h5", {"dense": np.ones((4, 3), "float32")})
    with h5py.File(path, "a") as file:
        file["stray/tensor"] = np.ones(5, "float32")
    found = infer(read(path))
    assert [item.path for item in found.left_over] == ["/stray/tensor"]


def test_a_name_or_attribute_never_moves_a_tensor_to_another_shape(tmp_path: Path) -> None:
    """The plan says for every variable the shape of the tensor it is given."""
    path = files.legacy(tmp_path / "w.h5", stored=None)
    with h5py.File(path, "a") as file:
        file.move("/dense/dense/kernel:0", "/aside")
        file.move("/dense_1/dense_1/kernel:0", "/dense/dense/kernel:0")
        file.move("/aside", "/dense_1/dense_1/kernel:0")
    try:
        facts = read(path)
        found = infer(facts)
    except InferConvertError as problem:
        assert problem.exit_code in (3, 4)
        return
    shapes = {tensor.path: tensor.shape for tensor in facts.all_tensors()}
    for _, layer in found.best.walk():
        for use in layer.weights:
            assert use.transforms or shapes[use.sources[0]] == use.shape


def test_too_many_layers(tmp_path: Path) -> None:
    path = samples.legacy(tmp_path / "w.h5")
    with pytest.raises(RefusedForSafety, match=r"limit layers.*--allow-large"):
        read(path, limits=dataclasses.replace(DEFAULT, layers=4))


def test_one_array_under_many_names_counts_once_in_the_file_and_often_in_the_model(tmp_path: Path) -> None:
    path = files.shared_layers(tmp_path / "w.h5")
    facts = read(path)
    assert len(facts.layers) == 2000
    with open_tensors(path) as store, pytest.raises(RefusedForSafety, match=r"the model: .*limit declared_ratio"):
        infer(facts, None, store)
    path = stack(tmp_path / "twice.h5", {"dense": np.ones((64, 64), "float32")})
    with h5py.File(path, "a") as file:
        for number in range(300):
            file[f"stray_{number}"] = file["dense/kernel:0"]
    limits = dataclasses.replace(DEFAULT, ratio_floor=1, declared_ratio=1, declared_bytes=2 * 64 * 64 * 4)
    assert len(read(path, limits=limits).unread) == 300
