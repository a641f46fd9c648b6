"""Small weight files in every layout, written by hand with h5py the way each generation's writer does it."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np

Weights = Sequence[tuple[str, tuple[int, ...]]]

MLP: Mapping[str, Weights] = {
    "dense_2": (("dense_2/kernel:0", (4, 3)), ("dense_2/bias:0", (3,))),
    "dropout_1": (),
    "dense_10": (("dense_10/kernel:0", (3, 2)), ("dense_10/bias:0", (2,))),
    "bn_1": tuple((f"bn_1/{part}:0", (2,)) for part in ("gamma", "beta", "moving_mean", "moving_variance")),
    "activation_1": (),
}
"""Not in alphabetical order, with weightless layers."""

CONFIG = {"class_name": "Sequential", "config": {"name": "mlp", "layers": []}}


def numbers(shape: tuple[int, ...]) -> np.ndarray:
    """Distinct float32 numbers, so that a swapped tensor shows."""
    return np.arange(1, 1 + int(np.prod(shape)), dtype="float32").reshape(shape)


def fixed(names: Sequence[str]) -> np.ndarray:
    """How h5py 2 stored lists of names; an empty list came out as float64."""
    return np.array([name.encode() for name in names]) if names else np.array([], dtype="float64")


def vlen(names: Sequence[str]) -> np.ndarray:
    """How h5py 3 stores lists of names."""
    return np.array(list(names), dtype=h5py.string_dtype("ascii")) if names else np.array([], dtype="float64")


def write_layers(group: h5py.Group, layers: Mapping[str, Weights], listed=fixed) -> None:
    """``layer_names``, ``weight_names`` and the datasets, in the order given."""
    group.attrs["layer_names"] = listed(list(layers))
    for layer, weights in layers.items():
        inner = group.create_group(layer)
        inner.attrs["weight_names"] = listed([name for name, _ in weights])
        for name, shape in weights:
            inner[name] = numbers(shape)


def legacy(path: Path, layers: Mapping[str, Weights] = MLP, version: str | None = "2.2.4", listed=fixed) -> Path:
    """Weights only."""
    with h5py.File(path, "w") as file:
        if version:
            file.attrs["keras_version"] = version.encode()
            file.attrs["backend"] = b"tensorflow"
        write_layers(file, layers, listed)
    return path


def enclosed(path: Path) -> Path:
    """A legacy file's content as one group of somebody's file, beside a history and a smaller second model."""
    with h5py.File(path, "w") as file:
        file["history/loss"] = numbers((5,))
        write_layers(file.create_group("models/best"), MLP)
        write_layers(file.create_group("models/first"), {"dense": (("dense/kernel:0", (3, 2)),)})
    return path


def full(path: Path, layers: Mapping[str, Weights] = MLP, **attributes: str) -> Path:
    """A full model with optimizer slots."""
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = "2.2.4"
        file.attrs["backend"] = "tensorflow"
        file.attrs["model_config"] = json.dumps(CONFIG)
        file.attrs["training_config"] = json.dumps({"loss": "mse"})
        for name, value in attributes.items():
            file.attrs[name] = value
        write_layers(file.create_group("model_weights"), layers)
        slots = file.create_group("optimizer_weights")
        slots.attrs["weight_names"] = fixed(["Adam/iterations:0", "training/Adam/Variable:0"])
        slots["Adam/iterations:0"] = np.int64(7)
        slots["training/Adam/Variable:0"] = numbers((4, 3))
    return path


def keras0(path: Path, counts: Sequence[Sequence[tuple[int, ...]]] = (((4, 3), (3,)), (), ((3, 2), (2,)))) -> Path:
    """``nb_layers``, ``layer_i/param_j``."""
    with h5py.File(path, "w") as file:
        file.attrs["nb_layers"] = np.int64(len(counts))
        for index, shapes in enumerate(counts):
            group = file.create_group(f"layer_{index}")
            group.attrs["nb_params"] = np.int64(len(shapes))
            for number, shape in enumerate(shapes):
                group[f"param_{number}"] = numbers(shape)
    return path


V3: Mapping[str, Weights] = {
    "layers/input_layer": (),
    "layers/dense": (("0", (4, 3)), ("1", (3,))),
    "layers/batch_normalization": tuple((str(i), (3,)) for i in range(4)),
    "layers/bidirectional": (),
    "layers/bidirectional/backward_layer/cell": (("0", (3, 8)), ("1", (2, 8)), ("2", (8,))),
    "layers/bidirectional/forward_layer/cell": (("0", (3, 8)), ("1", (2, 8)), ("2", (8,))),
    "layers/dense_1": (("0", (4, 2)), ("1", (2,))),
}


def write_tree(file: h5py.Group, tree: Mapping[str, Weights], names: Mapping[str, str] | None = None) -> None:
    """The model's own ``vars``, then every ``<key>/vars`` in the order given."""
    root = file.create_group("vars")
    if names is not None:
        root.attrs["name"] = "model"
    for key, weights in tree.items():
        group = file.create_group(f"{key}/vars")
        if names is not None:
            group.attrs["name"] = names.get(key, key.rsplit("/", 1)[-1])
        for name, shape in weights:
            group[name] = numbers(shape)


def v3(path: Path, tree: Mapping[str, Weights] = V3, names: Mapping[str, str] | None = None) -> Path:
    """A ``.weights.h5`` file."""
    with h5py.File(path, "w") as file:
        write_tree(file, tree, names)
    return path


def dependencies(path: Path) -> Path:
    """TF 2.12: another container's name, numbers that advance by two."""
    keys = {"layers/dense_1": "layers/dense_2"}
    tree = {keys.get(key, key).replace("layers", "_layer_checkpoint_dependencies"): w for key, w in V3.items()}
    return v3(path, tree)


def archive(path: Path, compression: int = zipfile.ZIP_STORED) -> Path:
    """A ``.keras`` archive around a Keras 3 tree with names."""
    inner = v3(path.with_suffix(".inner.h5"), names={"layers/dense_1": "logits"})
    with zipfile.ZipFile(path, "w", compression) as file:
        file.writestr("metadata.json", json.dumps({"keras_version": "3.15.1", "date_saved": "2026-01-01"}))
        file.writestr("config.json", json.dumps({**CONFIG, "compile_config": {"loss": "mse"}}))
        file.write(inner, "model.weights.h5")
    inner.unlink()
    return path


def shards(path: Path) -> Path:
    """An index and two shards; an empty ``vars`` of the second shard's layer already stands in the first."""
    first = {key: V3[key] for key in ("layers/input_layer", "layers/dense", "layers/batch_normalization")}
    second = {key: V3[key] for key in V3 if key not in first}
    v3(path.with_name("m_00000.weights.h5"), {**first, "layers/bidirectional": ()}, {})
    with h5py.File(path.with_name("m_00001.weights.h5"), "w") as file:
        for key, weights in second.items():
            for name, shape in weights:
                file[f"{key}/vars/{name}"] = numbers(shape)
    where = {f"/{key}/vars": "m_00000.weights.h5" for key in first if V3[key]}
    where |= {f"/{key}/vars": ["m_00001.weights.h5"] for key in second if V3[key]}
    path.write_text(json.dumps({"metadata": {"total_size": 1.0}, "weight_map": where}))
    return path


def flat(path: Path) -> Path:
    """Groups with kernels, no attributes."""
    with h5py.File(path, "w") as file:
        for layer in ("stem", "conv2", "conv10", "body", "fc"):
            file[f"{layer}/kernel:0"] = numbers((3, 2))
            file[f"{layer}/bias:0"] = numbers((2,))
    return path


def rewritten(source: Path, path: Path, **options: object) -> Path:
    """The same contents copied name by name in alphabetical order, as h5repack and h5py's ``copy`` do."""
    with h5py.File(source, "r") as old, h5py.File(path, "w", **options) as new:
        _copy(old, new)
    return path


def _copy(old: h5py.Group, new: h5py.Group) -> None:
    for name, value in old.attrs.items():
        new.attrs[name] = value
    for key, child in old.items():
        if isinstance(child, h5py.Group):
            _copy(child, new.create_group(key))
        else:
            new[key] = child[()]
