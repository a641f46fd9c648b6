"""Small full models in the legacy layout, written with h5py, and what becomes of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from infer_convert.configs import plan_from_config
from infer_convert.hints import Hints
from infer_convert.inference import Inference
from infer_convert.readers import open_tensors, read

Weights = Mapping[str, Sequence[tuple[str, Any]]]


def legacy_file(
    path: Path, config: Any, weights: Weights, version: str = "2.2.4-tf", backend: str | None = "tensorflow"
) -> Path:
    """A full model; ``weights`` has every listed layer, weightless ones with ``[]``, in order."""
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = version
        file.attrs["model_config"] = json.dumps(config)
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = np.array([name.encode() for name in weights])
        for at in (file, group):
            if backend is not None:
                at.attrs["backend"] = backend
        for name, tensors in weights.items():
            layer = group.create_group(name)
            layer.attrs["weight_names"] = np.array([key.encode() for key, _ in tensors])
            for key, array in tensors:
                layer.create_dataset(key, data=np.asarray(array))
    return path


def inferred(path: Path, hints: Hints | None = None) -> Inference:
    """Facts and the stored config's plan."""
    return plan_from_config(read(path), hints or Hints())


def model_of(path: Path, hints: Hints | None = None) -> Any:
    """The rebuilt, verified Keras model."""
    from infer_convert.pipeline import build

    found = inferred(path, hints)
    with open_tensors(path) as store:
        return build(found.best, found.facts, store).model


def run(model: Any, *arrays: Any) -> Any:
    """One output as numpy."""
    given = [np.asarray(array) for array in arrays]
    return np.asarray(model(given[0] if len(given) == 1 else given, training=False))


def sequential(*layers: tuple[str, Mapping[str, Any]], **more: Any) -> dict[str, Any]:
    """Keras 1 and 2's Sequential: a bare list of layers."""
    return {
        "class_name": "Sequential",
        "config": [{"class_name": name, "config": dict(config)} for name, config in layers],
        **more,
    }


def random(*shape: int, seed: int = 0) -> Any:
    """float32 normal numbers."""
    return np.random.default_rng(seed).normal(size=shape).astype("float32")
