"""Sample inputs of the user's own: which of several plans reproduces them?"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from infer_convert.build.assign import Array
from infer_convert.build.model import one_line
from infer_convert.build.names import keras_names
from infer_convert.errors import NoArchitecture, UsageError
from infer_convert.plan import Plan

MOST = 64
"""Samples that are run; more would cost time and decide nothing."""


@dataclass(frozen=True, slots=True)
class Examples:
    """``inputs`` by name (or ``x``, ``x_0`` …), ``outputs`` in order, class ``labels``."""

    inputs: Mapping[str, Array]
    outputs: tuple[Array, ...] = ()
    labels: Array | None = None


def load_examples(path: Path) -> Examples:
    """Read an NPZ file without pickles. Raises UsageError."""
    try:
        with np.load(path, allow_pickle=False) as data:
            if not hasattr(data, "files"):
                raise UsageError(f"examples {path}: expected an .npz archive")
            arrays = {name: data[name][:MOST] for name in data.files}
    except (OSError, ValueError, zipfile.BadZipFile, IndexError) as error:
        raise UsageError(f"examples {path}: {' '.join(str(error).split())}") from error
    outputs = {name: arrays.pop(name) for name in list(arrays) if name == "y" or name.removeprefix("y_").isdecimal()}
    labels = arrays.pop("labels", None)
    if not arrays:
        raise UsageError(f"examples {path}: no input array is there, only {sorted(outputs) or 'nothing'}")
    ordered = sorted(outputs, key=lambda name: int(name.removeprefix("y_")) if name != "y" else -1)
    return Examples(arrays, tuple(outputs[name] for name in ordered), labels)


def loss(model: Any, plan: Plan, examples: Examples) -> float:
    """How far the model is from the examples: largest mean absolute output error, or the share of wrong labels; when
    there are only inputs, how far the moments that they give every BatchNormalization are from the stored ones (0 in a
    model without any). Raises NoArchitecture when it does not run, UsageError when the examples name no input of the
    model."""
    names = keras_names(plan)
    arrays = [_input(examples, names[ref.layer], ref.layer, slot) for slot, ref in enumerate(plan.inputs)]
    try:
        result = model(arrays[0] if len(arrays) == 1 else arrays, training=False)
    except Exception as error:
        raise NoArchitecture(f"the model does not run on the examples: {one_line(error)}") from error
    found = [np.asarray(item) for item in (result if isinstance(result, list | tuple) else [result])]
    errors = [0.0]
    for ours, theirs in zip(found, examples.outputs, strict=False):
        if ours.shape != theirs.shape:
            raise NoArchitecture(f"the examples' outputs are {theirs.shape}, the model's {ours.shape}")
        errors.append(float(np.abs(ours.astype("float64") - theirs.astype("float64")).mean()))
    if examples.labels is not None and found:
        scores = found[0]
        guess = scores.argmax(-1) if scores.shape[-1] > 1 else (scores[..., 0] > 0.5).astype("int64")
        errors.append(float(np.mean(guess.reshape(-1) != examples.labels.reshape(-1))))
    if not examples.outputs and examples.labels is None:
        errors.append(moments(model, arrays))
    return max(error if np.isfinite(error) else float("inf") for error in errors)


def moments(model: Any, arrays: list[Array]) -> float:
    """Mean distance between the moments of what reaches each BatchNormalization and the stored ones: of the means in
    stored deviations, of the deviations as the log of their ratio, each capped at 3 so that one layer cannot outvote
    the rest. 0 for a model without BatchNormalization of its own (nested models are not looked into)."""
    import keras

    found = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    if not found:
        return 0.0
    fronts = keras.Model(model.inputs, [layer.input for layer in found])
    values = fronts(arrays[0] if len(arrays) == 1 else arrays, training=False)
    values = values if isinstance(values, list | tuple) else [values]
    distances = []
    for layer, value in zip(found, values, strict=True):
        axis = layer.axis if isinstance(layer.axis, int) else layer.axis[0]
        flat = np.moveaxis(np.asarray(value, dtype="float64"), axis, -1)
        flat = flat.reshape(-1, flat.shape[-1])
        mean, deviation = np.asarray(layer.moving_mean), np.sqrt(np.asarray(layer.moving_variance) + 1e-6)
        distances.append(np.minimum(np.abs(flat.mean(0) - mean) / deviation, 3).mean())
        distances.append(np.minimum(np.abs(np.log((flat.std(0) + 1e-3) / (deviation + 1e-3))), 3).mean())
    return float(np.mean(distances))


def _input(examples: Examples, name: str, original: str, slot: int) -> Array:
    for key in (original, name, f"x_{slot}", *(("x",) if slot == 0 else ())):
        if key in examples.inputs:
            return examples.inputs[key]
    raise UsageError(f"the examples hold no input {original!r} (nor x_{slot}); there are {sorted(examples.inputs)}")
