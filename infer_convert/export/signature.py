"""How a model is called by what is written: the names and shapes of its inputs and outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from infer_convert.build.names import keras_names
from infer_convert.export.opentime import folded_time
from infer_convert.export.silu import plain_silu
from infer_convert.plan import Plan, Ref


def serving(model: Any, plan: Plan) -> tuple[Any, list[Any]]:
    """The model as a ``tf.function`` that gives its outputs by name, and the specs of its inputs by name."""
    names = output_names(plan)

    def serve(*tensors: Any) -> dict[str, Any]:
        with folded_time(model), plain_silu():
            result = model(tensors[0] if len(tensors) == 1 else list(tensors), training=False)
        return dict(zip(names, flat(result), strict=True))

    return tf.function(serve, autograph=False), [_spec(tensor) for tensor in model.inputs]


def output_names(plan: Plan) -> tuple[str, ...]:
    """The output layers' names, numbered where one layer gives several outputs."""
    return _numbered([keras_names(plan)[ref.layer] for ref in plan.outputs])


def input_names(plan: Plan) -> tuple[str, ...]:
    """The input layers' names as the model and the signature have them."""
    names = keras_names(plan)
    return tuple(names[ref.layer] for ref in plan.inputs)


def _numbered(names: Sequence[str]) -> tuple[str, ...]:
    made: list[str] = []
    for name in names:
        candidate, number = name, 1
        while candidate in made:
            candidate, number = f"{name}_{number}", number + 1
        made.append(candidate)
    return tuple(made)


def _spec(tensor: Any) -> Any:
    return tf.TensorSpec(tensor.shape, tensor.dtype, name=tensor._keras_history.operation.name)


def flat(result: Any) -> list[Any]:
    """A model's result as a list."""
    return list(result) if isinstance(result, list | tuple) else [result]


def consumers(plan: Plan, ref: Ref) -> tuple[str, ...]:
    """Classes of the layers that read a tensor, looking into nested models."""
    found: list[str] = []
    for item in plan.layers:
        for operands in item.inbound:
            for slot, operand in enumerate(operands):
                if operand != ref:
                    continue
                found.append(item.class_name)
                if item.inner is not None and slot < len(item.inner.inputs):
                    found.extend(consumers(item.inner, item.inner.inputs[slot]))
    return tuple(found)
