"""Build layers without drawing random numbers and without allocating more than the plan accounts for."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras

from infer_convert.build.buffers import zeros
from infer_convert.errors import NoArchitecture
from infer_convert.plan import Plan

SLACK = 1_000_000
"""Numbers a plan may need beyond twice its stored ones (a plan with a hole must fail later with a better message)."""


@contextmanager
def cheap_variables(limit: int) -> Iterator[None]:
    """Inside, every new weight starts as zeros, whatever its layer's initializer; the layer's config is untouched.
    Weights of one shape share the zeros until they are assigned (a TensorFlow variable keeps the tensor it is given),
    and nobody touches them.

    ``limit`` is the number of elements that may be created in all; more raises NoArchitecture before any of it is
    allocated (a hostile config must not take the machine's memory). Wraps ``Layer.add_weight``, through which every
    built-in layer creates its weights (Keras 3.15.1 ``src/layers/layer.py``); not thread-safe.
    """
    original = keras.layers.Layer.add_weight
    created = 0
    blank: dict[tuple[tuple[int, ...], str], Any] = {}

    def nothing(shape: Any, dtype: Any = None) -> Any:
        key = (tuple(shape), keras.backend.standardize_dtype(dtype))
        if key not in blank:
            blank[key] = zeros(*key)
        return blank[key]

    def add_weight(self: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal created
        shape = kwargs.pop("shape", None)
        positional = list(args)
        if shape is None:
            shape = positional.pop(0) if positional else ()
        elif positional:
            positional = positional[1:] if positional[0] is None else positional
        size = math.prod(int(size) for size in shape)
        created += size
        if created > limit:
            raise NoArchitecture(
                f"{self.name}: a weight of shape {tuple(shape)} was asked for; the file's tensors account for far fewer"
                f" numbers than the {created} of the model so far"
            )
        kwargs["initializer"] = nothing
        if len(positional) > 1:
            kwargs.setdefault("dtype", positional[1])
        return original(self, shape=shape, **kwargs)

    keras.layers.Layer.add_weight = add_weight
    try:
        yield
    finally:
        keras.layers.Layer.add_weight = original


def allowance(plan: Plan) -> int:
    """How many numbers the model of this plan may hold."""
    stored = sum(math.prod(use.shape) for _, layer in plan.walk() for use in layer.weights)
    return 2 * stored + SLACK
