"""Run the reloaded SavedModel beside the Keras model on random inputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from infer_convert.build.assign import Array
from infer_convert.export.reload import reloaded
from infer_convert.export.savedmodel import consumers, flat, input_names, output_names
from infer_convert.plan import Plan

OPEN_SIZES: tuple[int, ...] = (32, 8, 64, 128, 224, 299, 16, 10, 5, 3, 1)
"""Sizes tried for open dimensions, first one that the model accepts."""

LARGEST = 2**28
"""Numbers in one intermediate tensor above which nothing is run (1 GiB of float32)."""

COUNTED: tuple[str, ...] = ("Embedding", "ReversibleEmbedding", "CategoryEncoding")
"""Layers whose inputs are indices."""


TOLERANCE = 1e-3
"""Largest difference that counts as rounding, relative to the largest output (at least 1): the SavedModel runs as one
graph, where TensorFlow may fuse and reorder sums."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """``largest``: the largest absolute difference, None when nothing could be run, for the ``reason``; ``scale``: the
    largest magnitude among the outputs, at least 1."""

    largest: float | None
    scale: float = 1.0
    reason: str | None = None

    @property
    def agrees(self) -> bool:
        """Whether the difference is rounding; True when nothing was compared."""
        return self.largest is None or self.largest <= TOLERANCE * self.scale


def savedmodel_difference(model: Any, plan: Plan, folder: Path, seed: int = 0) -> Comparison:
    """Compare the SavedModel in ``folder`` with the model it was written from.

    Equal infinities and NaNs in the same place count as equal; a NaN on one side only is an infinite difference, and
    so are files that were damaged since.
    """
    found = feasible_inputs(model, plan, seed)
    if isinstance(found, str):
        return Comparison(None, reason=found)
    arrays, expected = found
    try:
        signature = reloaded(model, folder).signatures["serving_default"]
    except tf.errors.OpError as error:  # other bytes than were summed, or fewer
        return Comparison(math.inf, largest(expected), f"it cannot be read back: {error.message}")
    result = signature(**{
        name: tf.constant(array) for name, array in zip(input_names(plan), arrays, strict=True)
    })  # fmt: skip
    ours = [np.asarray(result[name]) for name in output_names(plan)]
    gap = max(difference(one, other) for one, other in zip(ours, expected, strict=True))
    return Comparison(gap, largest(expected))


def feasible_inputs(model: Any, plan: Plan, seed: int = 0) -> tuple[list[Array], list[Array]] | str:
    """Random inputs and the Keras model's outputs for them, or the reason why there are none."""
    reason = "no input size was accepted"
    open_dimension = any(size is None for tensor in model.inputs for size in tensor.shape[1:])
    for size in OPEN_SIZES if open_dimension else OPEN_SIZES[:1]:
        if largest_tensor(model, size) > LARGEST:
            reason = "the model's intermediate tensors are too large to run here"
            continue
        rng = np.random.default_rng(seed)
        arrays = [
            random_input(tensor, size, index_limit(model, plan, slot), rng) for slot, tensor in enumerate(model.inputs)
        ]
        try:
            result = model(arrays[0] if len(arrays) == 1 else arrays, training=False)
        except Exception as error:  # any size may be infeasible, each layer says so in its own way
            reason = f"the model does not run on random inputs: {type(error).__name__}"
            continue
        return arrays, [np.asarray(item) for item in flat(result)]
    return reason


def index_limit(model: Any, plan: Plan, slot: int) -> int | None:
    """Exclusive upper bound when an input holds indices, else None."""
    if not set(consumers(plan, plan.inputs[slot])) & set(COUNTED):
        return None
    limits = [
        int(getattr(layer, "input_dim", None) or getattr(layer, "num_tokens", None) or 2)
        for layer in model._flatten_layers()
        if type(layer).__name__ in COUNTED
    ]
    return min(limits, default=2)


def random_input(tensor: Any, size: int, limit: int | None, rng: np.random.Generator) -> Array:
    """A random array for one model input: indices below ``limit``, small integers, words, or numbers in 0..1."""
    shape = tuple(
        (2 if axis == 0 else size) if dimension is None else int(dimension)
        for axis, dimension in enumerate(tensor.shape)
    )
    if tensor.dtype == "string":
        return rng.choice(np.array(["a", "b", "c"], dtype=object), shape)
    if limit is not None or "int" in tensor.dtype or tensor.dtype == "bool":
        return rng.integers(0, limit or 2, shape).astype(tensor.dtype)
    return rng.uniform(0, 1, shape).astype(tf.as_dtype(tensor.dtype).as_numpy_dtype)


def largest_tensor(model: Any, size: int) -> int:
    """Numbers in the model's largest tensor when open dimensions have ``size``."""
    outputs = [
        tensor for operation in model.operations for node in operation._inbound_nodes for tensor in node.output_tensors
    ]
    return max((math.prod(size if part is None else int(part) for part in t.shape) for t in outputs), default=0)


def difference(left: Array, right: Array) -> float:
    """Largest absolute difference; infinite when the shapes differ or one side alone is NaN."""
    if left.shape != right.shape:
        return math.inf
    if not np.issubdtype(left.dtype, np.number) and left.dtype.kind != "V":
        return 0.0 if np.array_equal(left, right) else math.inf
    one, other = left.astype("float64"), right.astype("float64")
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    with np.errstate(invalid="ignore"):
        gaps = np.where(same, 0.0, np.abs(one - other))
    gaps = np.where(np.isnan(gaps), math.inf, gaps)
    return float(gaps.max(initial=0.0))


def largest(arrays: Sequence[Array]) -> float:
    """Largest finite magnitude, at least 1: what an absolute difference is measured against."""
    numbers = [array.astype("float64") for array in arrays if array.dtype.kind in "biufV"]
    finite = [np.abs(array[np.isfinite(array)]).max(initial=0.0) for array in numbers]
    return max(1.0, *map(float, finite)) if finite else 1.0
