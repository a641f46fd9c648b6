"""From a name in a plan to a variable of the model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import keras

from infer_convert.build.names import keras_names
from infer_convert.errors import NoArchitecture, WeightMismatch
from infer_convert.plan import Plan, PlanLayer

ALIASES: dict[str, tuple[str, ...]] = {
    "mean": ("adapt_mean",),
    "variance": ("adapt_variance",),
    "depthwise_kernel": ("kernel",),
    "query": ("_query_dense",),
    "key": ("_key_dense",),
    "value": ("_value_dense",),
    "attention_output": ("_output_dense",),
}
"""Attributes that Keras 3.15.1 calls otherwise than its variables: Normalization, DepthwiseConv, MultiHeadAttention."""


def resolve(layer: Any, path: str) -> Any:
    """The ``keras.Variable`` at an attribute path such as ``cell.recurrent_kernel`` or ``query_dense.kernel``.

    Every step tries ``_name`` before ``name`` (``Dense.kernel`` is a property that may compute), then the aliases;
    a number picks from a list (``cell.cells.0.kernel``). Raises LookupError with the attribute that is missing.
    """
    steps = path.split(".")
    if steps[0] == "ordered":  # as legacy files list a layer's weights
        weights = [*layer.trainable_weights, *layer.non_trainable_weights]
        if int(steps[1]) >= len(weights):
            raise LookupError(f"{type(layer).__name__} has {len(weights)} variables, none with the number {steps[1]}")
        return weights[int(steps[1])]
    found = layer
    for number, step in enumerate(steps):
        wanted = keras.Variable if number == len(steps) - 1 else (keras.layers.Layer, list, tuple)
        found = _step(found, step, wanted)
        if found is None:
            raise LookupError(f"{type(layer).__name__} has no variable {path!r} (at {step!r})")
    return found


def _step(owner: Any, step: str, wanted: Any) -> Any:
    if isinstance(owner, list | tuple):
        return _member(owner, step)
    if step.isdigit():  # as Keras 3 numbers a layer's own variables (``Layer.save_own_variables``)
        return _member([*owner._trainable_variables, *owner._non_trainable_variables], step)
    for name in (f"_{step}", step, *ALIASES.get(step, ())):
        candidate = getattr(owner, name, None)
        if isinstance(candidate, wanted):
            return candidate
    return None


def _member(owner: Sequence[Any], step: str) -> Any:
    """An element of a list by its number, or as Keras 3 trees call it: ``dense``, ``dense_1`` (its class, counted)."""
    if step.isdigit():
        return owner[int(step)] if int(step) < len(owner) else None
    counts: dict[str, int] = {}
    for element in owner:
        stem = re.sub(r"\W+|(?<=[a-z0-9])(?=[A-Z])", "_", type(element).__name__).lower()
        number = counts.get(stem, 0)
        counts[stem] = number + 1
        if step == (f"{stem}_{number}" if number else stem):
            return element
    return None


def layers_of(model: Any, plan: Plan, prefix: str = "") -> Iterator[tuple[str, PlanLayer, Any]]:
    """``(full name, plan layer, Keras layer)`` for every layer but Operations, nested ones as ``outer/inner``."""
    names = keras_names(plan)
    for item in plan.layers:
        if item.class_name == "Operation":
            continue
        try:
            layer = model.get_layer(names[item.name])
        except ValueError as error:
            raise NoArchitecture(f"layer {prefix}{item.name} has no part in the model's outputs") from error
        yield prefix + item.name, item, layer
        if item.inner is not None:
            inner = layer.layer if item.class_name == "TimeDistributed" else layer
            yield from layers_of(inner, item.inner, f"{prefix}{item.name}/")


def variable_of(name: str, layer: Any, path: str) -> Any:
    """``resolve`` with the errors of a conversion: WeightMismatch names the layer."""
    try:
        return resolve(layer, path)
    except LookupError as error:
        owned = ", ".join(weight.path for weight in layer.weights) or "none"
        raise WeightMismatch(f"{name}: {error}; its variables are: {owned}") from error
