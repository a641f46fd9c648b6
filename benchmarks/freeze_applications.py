"""Freeze every keras.applications model as facts and a short config: ``python -m benchmarks freeze --applications``.

No weight is stored anywhere: the files that are read for the facts have datasets without contents.
"""

from __future__ import annotations

import gzip
import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py

from benchmarks.naming import snake
from benchmarks.sets.applications import FOLDER

DROPPED = re.compile(
    r".*(initializer|regularizer|constraint)$|^(dtype|trainable|build_config|module|registered_name|"
    r"momentum|synchronized|renorm.*|bias_|ragged|sparse|optional|noise_shape|seed|rate)$"
)
LIBRARIES = {"legacy": "tf_keras", "keras3": "keras"}


def constructors(library: str) -> Iterator[tuple[str, Any]]:
    """Name and constructor of every application of Keras 3, as a library has it."""
    import importlib

    import keras

    module = importlib.import_module(f"{library}.applications")
    for name in sorted(dir(keras.applications)):
        if name[0].isupper() and callable(getattr(module, name, None)):
            yield name, getattr(module, name)


def freeze(only: str = "") -> Iterator[str]:
    """Write what is missing; yields each name."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for form, library in LIBRARIES.items():
        _cheap(library)
        for name, make in constructors(library):
            for top in (True, False):
                target = FOLDER / f"{name}-{'top' if top else 'notop'}.{form}.json.gz"
                if only not in name or target.exists():
                    continue
                _clear(library)
                model = make(weights=None, include_top=top)
                data = {"facts": _facts(model, form).to_json(), "config": _short(json.loads(model.to_json()))}
                target.write_bytes(gzip.compress(json.dumps(data, separators=(",", ":")).encode(), 9, mtime=0))
                yield target.name


def _clear(library: str) -> None:
    import importlib

    importlib.import_module(library).backend.clear_session()


def _cheap(library: str) -> None:
    """Zeros instead of random numbers: nobody looks at them."""
    if library == "keras":
        from keras.src.layers.layer import Layer
    else:
        from tf_keras.src.engine.base_layer import Layer
    original = Layer.add_weight

    def add_weight(self: Any, *args: Any, **kwargs: Any) -> Any:
        kwargs["initializer"] = "zeros"
        if len(args) > (1 if library == "keras" else 3):
            args = args[:1] if library == "keras" else args[:3]
        return original(self, *args, **kwargs)

    Layer.add_weight = add_weight


def _facts(model: Any, form: str) -> Any:
    from dataclasses import replace

    from infer_convert.limits import DEFAULT
    from infer_convert.readers import read

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("model.h5" if form == "legacy" else "model.weights.h5")
        with h5py.File(path, "w") as file:
            if form == "legacy":
                _legacy(model, file)
            else:
                _tree(model, file)
        return read(path, limits=replace(DEFAULT, declared_ratio=10**9))


def _empty(group: h5py.Group, name: str, weight: Any) -> None:
    group.create_dataset(name, tuple(weight.shape), str(getattr(weight.dtype, "name", weight.dtype)))


def _legacy(model: Any, file: h5py.File) -> None:
    file.attrs["layer_names"] = [layer.name.encode() for layer in model.layers]
    file.attrs["backend"], file.attrs["keras_version"] = "tensorflow", "2.15.0"
    for layer in model.layers:
        group = file.require_group(layer.name)  # names may hold a slash: conv1 and conv1/bn
        weights = [*layer.trainable_weights, *layer.non_trainable_weights]
        group.attrs["weight_names"] = [weight.name.encode() for weight in weights]
        for weight in weights:
            _empty(group, weight.name, weight)


def _tree(model: Any, file: h5py.File | h5py.Group) -> None:
    counts: Counter[str] = Counter()
    file.create_group("vars").attrs["name"] = model.name
    layers = file.create_group("layers")
    for layer in model.layers:
        stem = snake(type(layer).__name__)
        key = f"{stem}_{counts[stem]}" if counts[stem] else stem
        counts[stem] += 1
        group = layers.create_group(key)
        if isinstance(getattr(layer, "layers", None), list):
            _tree(layer, group)
            continue
        inside = group.create_group("vars")
        inside.attrs["name"] = layer.name
        for index, weight in enumerate([*layer.trainable_variables, *layer.non_trainable_variables]):
            if "seed_generator" not in str(weight.path):
                _empty(inside, str(index), weight)


def _short(config: Any) -> Any:
    if isinstance(config, dict):
        return {key: _short(value) for key, value in config.items() if not DROPPED.match(key)}
    return [_short(item) for item in config] if isinstance(config, list) else config
