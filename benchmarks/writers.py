"""A case's files: legacy ``.h5``, Keras 3 ``.weights.h5``, a flat dump, and what the original computes.

Everything goes to the cache folder and is made again only when the definition's digest changes.
"""

from __future__ import annotations

import json
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import h5py
import numpy as np

from benchmarks.paths import CACHE
from benchmarks.probe import class_of, logits, outputs, random_inputs
from benchmarks.zoo.training import seed_of, settle

FORMATS: tuple[str, ...] = ("legacy", "keras3", "flat")
FILES = {"legacy": "model.h5", "keras3": "model.weights.h5", "flat": "flat.h5"}
LIBRARY = {"legacy": "tf_keras", "keras3": "keras", "flat": "keras"}
PROBES = 3
VERSION = "2"
"""Raised when the writers change, so that cached files are made again."""


class Case(Protocol):
    """What a case of our own says about itself: zoo and gallery have such. ``group`` is its set, ``name`` seeds its
    weights, ``forms`` are the formats that it is written in."""

    @property
    def name(self) -> str: ...
    @property
    def group(self) -> str: ...
    @property
    def family(self) -> str: ...
    @property
    def split(self) -> str: ...
    @property
    def trained(self) -> bool: ...
    @property
    def forms(self) -> tuple[str, ...]: ...

    def build(self, library: Any) -> Any:
        """The model, its weights still those of the library's initialisers."""


def libraries(case: Case) -> list[str]:
    """Those that write its files, Keras 3 first."""
    return sorted({LIBRARY[form] for form in case.forms})


def folder(case: Case) -> Path:
    """Where the case's files are."""
    return CACHE / case.group / case.name


def ensure(case: Case, frozen: str) -> Path:
    """Write the case's files unless they are there; ``frozen`` is the definition's digest. They appear all at once:
    several workers may want the same case at the same time."""
    where, stamp = folder(case), f"{VERSION}:{frozen}"
    if _is_done(where, stamp):
        return where
    where.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=where.parent, prefix=f".{case.name}.") as made:
        here = Path(made) / "case"
        here.mkdir()
        _write(case, here)
        (here / "done").write_text(stamp)
        if not _is_done(where, stamp):
            rmtree(where, ignore_errors=True)
            try:
                here.rename(where)
            except OSError:
                if not _is_done(where, stamp):
                    raise
    return where


def _is_done(where: Path, stamp: str) -> bool:
    done = where / "done"
    return done.is_file() and done.read_text() == stamp


def _write(case: Case, where: Path) -> None:
    import keras
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(seed_of(case.name) % 2**31)
    model = case.build("keras")
    settle(model, case.name, case.trained)
    arrays = [random_inputs(model, seed_of(case.name) + probe) for probe in range(PROBES)]
    for item in ("model.weights.h5", "model.h5"):
        (where / item).unlink(missing_ok=True)
    model.save_weights(where / "model.weights.h5")
    if "flat" in case.forms:
        write_flat(model, where / "flat.h5")
    _record(model, "keras", arrays, where)
    if "legacy" in case.forms:
        twin = case.build("tf_keras")
        copy_weights(model, twin)
        twin.save_weights(where / "model.h5")
        _record(twin, "tf_keras", arrays, where)
    keras.backend.clear_session()


def _record(model: Any, library: str, arrays: list[list[Any]], where: Path) -> None:
    (where / f"{library}.config.json").write_text(model.to_json())
    found = {}
    for probe, inputs in enumerate(arrays):
        for kind, values in (("x", inputs), ("y", outputs(model, inputs)), ("z", logits(model, inputs))):
            found.update({f"{kind}{probe}_{index}": value for index, value in enumerate(values)})
    np.savez(where / f"{library}.io.npz", **found)


def copy_weights(source: Any, target: Any) -> None:
    """The weights of a Keras 3 model into its tf_keras twin, layer by layer in list order.

    Raises ``ValueError`` when the two are not the same layers.
    """
    pairs = [[layer for layer in model.layers if layer.weights] for model in (source, target)]
    for left, right in zip(*pairs, strict=True):
        if class_of(left) == "TimeDistributed":
            left, right = left.layer, right.layer
        if isinstance(getattr(left, "layers", None), list):
            copy_weights(left, right)
        else:
            right.set_weights(left.get_weights())


def write_flat(model: Any, path: Path) -> None:
    """``<layer>/<role>:0`` datasets and nothing else: weighted layers only, in list order."""
    with h5py.File(path, "w") as file:
        _flat(model, file)


def _flat(model: Any, file: h5py.File) -> None:
    for layer in model.layers:
        if isinstance(getattr(layer, "layers", None), list):
            _flat(layer, file)
        elif layer.weights:
            group = file.require_group(layer.name)
            for weight in layer.weights:
                group[f"{_role(layer, weight)}:0"] = np.asarray(weight)


def _role(layer: Any, weight: Any) -> str:
    parts = str(weight.path).split("/")
    inside = parts[parts.index(layer.name) + 1 :] if layer.name in parts else parts[-1:]
    return "/".join(inside) if class_of(layer) in ("Bidirectional", "MultiHeadAttention") else inside[-1]


def probes(where: Path, library: str) -> tuple[list[list[Any]], list[list[Any]], list[list[Any]]]:
    """Stored inputs, outputs and logits: one list per probe of one array per input or output."""
    stored = np.load(where / f"{library}.io.npz")
    kinds: list[list[list[Any]]] = []
    for kind in "xyz":
        count = len([name for name in stored.files if name.startswith(f"{kind}0_")])
        kinds.append([[stored[f"{kind}{probe}_{index}"] for index in range(count)] for probe in range(PROBES)])
    return kinds[0], kinds[1], kinds[2]


def config(where: Path, library: str) -> Any:
    """The stored architecture."""
    return json.loads((where / f"{library}.config.json").read_text())
