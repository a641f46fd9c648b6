"""Sample inputs of the user's own: which of several plans reproduces them?"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np

from infer_convert.build.assign import Array
from infer_convert.build.model import one_line
from infer_convert.build.names import keras_names
from infer_convert.build.unlabelled import finite, hear
from infer_convert.errors import NoArchitecture, UsageError
from infer_convert.hints import Hints
from infer_convert.plan import Plan

MOST = 64
"""Samples that are run; more would cost time and decide nothing."""
MOST_TURNED = 5
"""Inputs whose order is tried."""


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


@dataclass(frozen=True, slots=True, order=True)
class Judged:
    """What the examples say of a model; the least is the best. ``error`` is what is told about it: the largest mean
    absolute output error, or the share of wrong labels; where there are only inputs, how far the moments that they give
    every BatchNormalization are from the stored ones (0 in a model without any)."""

    key: float
    error: float


def judge(model: Any, plan: Plan, examples: Examples) -> Judged:
    """A model against the examples. Outputs and labels speak alone; inputs alone are weighed together with the plan's
    confidence. Raises NoArchitecture when it does not run, UsageError when the examples name no input of the model."""
    arrays = _arrays(plan, examples, [tuple(tensor.shape) for tensor in model.inputs])
    try:
        result = model(arrays[0] if len(arrays) == 1 else arrays, training=False)
    except Exception as error:
        raise NoArchitecture(f"the model does not run on the examples: {one_line(error)}") from error
    found = [np.asarray(item) for item in (result if isinstance(result, list | tuple) else [result])]
    if not examples.outputs and examples.labels is None:
        heard = hear(model, plan, arrays, found)
        return Judged(-heard.nats - math.log(max(plan.confidence, 1e-9)), heard.distance)
    largest = finite(max(_errors(found, examples)))
    return Judged(largest, largest)


def _errors(found: Sequence[Array], examples: Examples) -> Iterator[float]:
    yield 0.0
    for ours, theirs in zip(found, examples.outputs, strict=False):
        if ours.shape != theirs.shape:
            raise NoArchitecture(f"the examples' outputs are {theirs.shape}, the model's {ours.shape}")
        yield finite(float(np.abs(ours.astype("float64") - theirs.astype("float64")).mean()))
    if examples.labels is not None and found:
        scores = found[0]
        guess = scores.argmax(-1) if scores.shape[-1] > 1 else (scores[..., 0] > 0.5).astype("int64")
        yield float(np.mean(guess.reshape(-1) != examples.labels.reshape(-1)))


def shaped(plan: Plan, examples: Examples, hints: Hints) -> Hints | None:
    """The hints with the examples' shapes as those of the inputs, when the user has told none and the plan, which was
    inferred without them, takes others; None when there is nothing to tell. Raises UsageError when the examples name
    no input of the plan."""
    wanted = [plan.layer(ref.layer).config.get("batch_shape") for ref in plan.inputs]
    if hints.input_shapes or any(shape is None for shape in wanted):
        return None
    arrays = _arrays(plan, examples, wanted)
    if all(_fits(array, shape) for array, shape in zip(arrays, wanted, strict=True)):
        return None
    return replace(hints, input_shapes={"": tuple(tuple(map(int, array.shape[1:])) for array in arrays)})


def _arrays(plan: Plan, examples: Examples, shapes: Sequence[Any]) -> list[Array]:
    """The examples of each input, ``shapes`` with the batch in front: by name; those that are only numbered in the
    order that suits the shapes, in which inputs without real names may have been recovered differently."""
    names = keras_names(plan)
    arrays = [_input(examples, names[ref.layer], ref.layer, slot) for slot, ref in enumerate(plan.inputs)]
    named = any(name in examples.inputs for ref in plan.inputs for name in (ref.layer, names[ref.layer]))
    if named or len(arrays) > MOST_TURNED:
        return arrays
    for order in permutations(arrays):
        if all(_fits(array, shape) for array, shape in zip(order, shapes, strict=True)):
            return list(order)
    return arrays


def _fits(array: Array, shape: Any) -> bool:
    return len(shape) == array.ndim and all(
        size in (None, given) for size, given in zip(shape[1:], array.shape[1:], strict=True)
    )


def _input(examples: Examples, name: str, original: str, slot: int) -> Array:
    for key in (original, name, f"x_{slot}", *(("x",) if slot == 0 else ())):
        if key in examples.inputs:
            return examples.inputs[key]
    raise UsageError(f"the examples hold no input {original!r} (nor x_{slot}); there are {sorted(examples.inputs)}")
