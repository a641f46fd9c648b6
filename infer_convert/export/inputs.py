"""Random inputs that a model accepts, and what it answers to them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import tensorflow as tf

from infer_convert.build.assign import Array
from infer_convert.export.signature import consumers, flat
from infer_convert.plan import Plan

Answers = tuple[list[Array], list[Array]] | str
"""Random inputs and the Keras model's outputs for them, or the reason why there are none."""

OPEN_SIZES: tuple[int, ...] = (32, 8, 64, 128, 224, 299, 16, 10, 5, 3, 1)
"""Sizes tried for open dimensions, first one that the model accepts."""

LARGEST = 2**28
"""Numbers in one intermediate tensor above which nothing is run (1 GiB of float32)."""

COUNTED: tuple[str, ...] = ("Embedding", "ReversibleEmbedding", "CategoryEncoding")
"""Layers whose inputs are indices."""


def feasible_inputs(model: Any, plan: Plan, seed: int = 0) -> Answers:
    """Inputs of the first size that the model accepts, with its outputs."""
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
