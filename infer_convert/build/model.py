"""Plan -> functional Keras 3 model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import keras

from infer_convert.build.classes import LAYER_CLASSES, construct
from infer_convert.build.names import keras_names, safe_name
from infer_convert.build.operations import call_operation, operation
from infer_convert.build.order import ordered_calls
from infer_convert.build.scope import allowance, cheap_variables
from infer_convert.errors import InferConvertError, NoArchitecture
from infer_convert.plan import Plan, PlanLayer, Ref

LISTED: tuple[str, ...] = (
    "Add", "AdditiveAttention", "Attention", "Average", "Concatenate", "Dot", "HashedCrossing", "Maximum", "Minimum",
    "Multiply", "Subtract",
)  # fmt: skip
"""Layers whose operands go in as one list."""

SPREAD: tuple[str, ...] = ("MultiHeadAttention", "GroupQueryAttention")
"""Layers whose operands are positional arguments: query, value, key."""

RECURRENT: tuple[str, ...] = (
    "Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "GRU", "LSTM", "RNN", "SimpleRNN",
)  # fmt: skip
"""Layers whose operands after the first are the initial state."""


def build_model(plan: Plan, custom_objects: Mapping[str, type] | None = None) -> keras.Model:
    """A functional model of the plan, all weights zero until ``assign``.

    Nested plans become nested functional models, shared layers are called several times. Raises NoArchitecture that
    names the layer and the cause, RefusedForSafety for Lambda and the like.
    """
    if keras.backend.backend() != "tensorflow":
        raise NoArchitecture(f"Keras runs on {keras.backend.backend()}; set KERAS_BACKEND=tensorflow")
    with cheap_variables(allowance(plan)):
        return _model(plan, custom_objects or {}, plan.name or "recovered")


def _model(plan: Plan, customs: Mapping[str, type], name: str) -> Any:
    names = keras_names(plan)
    taken = frozenset(names.values())
    layers: dict[str, Any] = {}
    results: dict[tuple[str, int], list[Any]] = {}
    for item, call in ordered_calls(plan):
        try:
            results[item.name, call] = _call(item, call, names[item.name], layers, results, customs, taken)
        except NoArchitecture as error:
            raise NoArchitecture(_naming(item, str(error)), error.causes) from error
        except InferConvertError as error:
            raise type(error)(_naming(item, str(error))) from error
        except Exception as error:
            raise NoArchitecture(_naming(item, one_line(error)), (one_line(error),)) from error
    try:
        inputs = [_tensor(results, ref) for ref in plan.inputs]
        outputs = [_tensor(results, ref) for ref in plan.outputs]
        return keras.Model(_alone(inputs), _alone(outputs), name=safe_name(name))
    except Exception as error:
        raise NoArchitecture(f"the layers do not make a model: {one_line(error)}") from error


def _naming(item: PlanLayer, cause: str) -> str:
    head = f"layer {item.name} ({item.class_name})"
    return cause if cause.startswith("layer ") else f"{head} cannot be built: {cause}"


def _call(
    item: PlanLayer,
    call: int,
    name: str,
    layers: dict[str, Any],
    results: Mapping[tuple[str, int], list[Any]],
    customs: Mapping[str, type],
    taken: frozenset[str],
) -> list[Any]:
    if item.class_name == "InputLayer":
        return [_input(item, name)]
    operands = [_tensor(results, ref) for ref in item.inbound[call]] if item.inbound else []
    if not operands:
        raise NoArchitecture("no operand is known")
    if item.class_name == "Operation":
        return _operation(item, operands, taken)
    if item.name not in layers:
        layers[item.name] = _layer(item, name, customs)
    layer = layers[item.name]
    last = len(operands) - len(item.named)
    keywords = {**item.keywords, **dict(zip(item.named, operands[last:], strict=True))}
    return _listed(call_layer(layer, calling_style(item), operands[:last], keywords))


def _operation(item: PlanLayer, operands: list[Any], taken: frozenset[str]) -> list[Any]:
    """Operations are numbered by Keras; one that got the name of a layer is made again, under the next number."""
    card, arguments = operation(item.name, item.config)
    while True:
        made = _listed(call_operation(keras.ops, card, arguments, operands))
        history = getattr(made[0], "_keras_history", None)
        if history is None or history.operation.name not in taken:
            return made


def _layer(item: PlanLayer, name: str, customs: Mapping[str, type]) -> Any:
    unknown = item.class_name not in (*LAYER_CLASSES, *customs)
    said = item.decision("class_name")
    if item.inner is None and unknown and said is not None and said.evidence:
        first, *rest = (each.because for each in said.evidence)
        raise NoArchitecture(f"layer {item.name}: {first}", (f"{item.name}: {first}", *rest))
    if item.inner is None:
        return construct(item.class_name, {**item.config, "name": name}, customs)
    if item.class_name == "TimeDistributed":
        config = {key: value for key, value in item.config.items() if key != "layer"}
        inner = _model(item.inner, customs, item.inner.name or f"{name}_inner")
        return construct("TimeDistributed", {**config, "name": name}, customs, wrapped=inner)
    return _model(item.inner, customs, name)


def _input(item: PlanLayer, name: str) -> Any:
    config = dict(item.config)
    shape, dtype = config.pop("batch_shape", None), config.pop("dtype", None)
    config.pop("sparse", None)
    if config or shape is None:
        raise NoArchitecture(f"an InputLayer is given by batch_shape and dtype, not by {sorted(config) or 'nothing'}")
    sizes = tuple(None if size is None else int(size) for size in shape)
    return keras.Input(batch_shape=sizes, dtype=dtype, name=name)


def calling_style(item: PlanLayer) -> str:
    """How operands reach the layer: ``listed``, ``spread``, ``state`` or ``single`` (``listed`` when several)."""
    if item.class_name in SPREAD:
        return "spread"
    if item.class_name in RECURRENT:
        return "state"
    return "listed" if item.class_name in LISTED else "single"


def call_layer(layer: Any, style: str, operands: Sequence[Any], keywords: Mapping[str, Any] | None = None) -> Any:
    """Apply a layer to its operands, with call arguments such as ``use_causal_mask=True``."""
    given = dict(keywords or {})
    if style == "spread":
        return layer(*operands, **given)
    if style == "state" and len(operands) > 1:
        return layer(operands[0], initial_state=list(operands[1:]), **given)
    if style == "listed" or len(operands) > 1:
        return layer(list(operands), **given)
    return layer(operands[0], **given)


def _tensor(results: Mapping[tuple[str, int], list[Any]], ref: Ref) -> Any:
    tensors = results.get((ref.layer, ref.call))
    if tensors is None or ref.tensor >= len(tensors):
        raise NoArchitecture(f"there is no tensor {ref}")
    return tensors[ref.tensor]


def _listed(result: Any) -> list[Any]:
    return list(result) if isinstance(result, list | tuple) else [result]


def _alone(tensors: list[Any]) -> Any:
    return tensors[0] if len(tensors) == 1 else tensors


def one_line(error: BaseException) -> str:
    """An exception's own sentence without Keras' frame around it, at most 300 characters."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    text = text.split("Arguments received by")[0]
    text = re.sub(r"Exception encountered when calling [^\n]*\n", "", text)
    return f"{type(error).__name__}: {' '.join(text.split())}"[:300]
