"""Plans of known models, and their numbers: what a perfect inference would hand to build/."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from infer_convert.facts import StoredLayer, Tensor, WeightFile
from infer_convert.plan import Plan, PlanLayer, Ref, WeightUse

VARIABLES: dict[str, tuple[str, ...]] = {
    "Dense": ("kernel", "bias"),
    "EinsumDense": ("kernel", "bias"),
    "Conv1D": ("kernel", "bias"),
    "Conv2D": ("kernel", "bias"),
    "Conv2DTranspose": ("kernel", "bias"),
    "DepthwiseConv2D": ("depthwise_kernel", "bias"),
    "SeparableConv2D": ("depthwise_kernel", "pointwise_kernel", "bias"),
    "BatchNormalization": ("gamma", "beta", "moving_mean", "moving_variance"),
    "LayerNormalization": ("gamma", "beta"),
    "Embedding": ("embeddings",),
    "LSTM": ("cell.kernel", "cell.recurrent_kernel", "cell.bias"),
    "GRU": ("cell.kernel", "cell.recurrent_kernel", "cell.bias"),
    "Bidirectional": tuple(
        f"{side}_layer.cell.{name}"
        for side in ("forward", "backward")
        for name in ("kernel", "recurrent_kernel", "bias")
    ),
    "RNN": tuple(f"cell.cells.{n}.{name}" for n in (0, 1) for name in ("kernel", "recurrent_kernel", "bias")),
    "TimeDistributed": ("layer.kernel", "layer.bias"),
    "MultiHeadAttention": tuple(
        f"{part}_dense.{name}" for part in ("query", "key", "value", "output") for name in ("kernel", "bias")
    ),
    "Normalization": ("mean", "variance", "count"),
    "PReLU": ("alpha",),
    "SpectralNormalization": ("layer.kernel", "vector_u", "layer.bias"),
}
"""``layer.weights`` of each class in Keras' own order."""

DROPPED = {"name", "trainable", "build_config", "quantization_config"}


class DictStore(dict[str, np.ndarray]):
    """A store that counts its reads."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: list[str] = []

    def read(self, path: str) -> np.ndarray:
        self.reads.append(path)
        return self[path]


def randomize(model: keras.Model, seed: int = 0) -> keras.Model:
    """Every weight random (variances positive), so that a mix-up shows."""
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        if "seed" in weight.path:
            continue
        if weight.dtype == "int32":
            weight.assign(7)
        else:
            weight.assign(rng.uniform(0.1, 0.9, weight.shape).astype(weight.dtype))
    for layer in model.layers:
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()
    return model


def plan_of(model: keras.Model, store: DictStore, prefix: str = "") -> Plan:
    """The plan of a functional model; its weights go into ``store``."""
    nodes = {id(node) for depth in model._nodes_by_depth.values() for node in depth}
    calls: dict[tuple[int, int], int] = {}
    layers = [op for op in model.operations if isinstance(op, keras.layers.Layer)]
    for layer in layers:
        mine = [number for number, node in enumerate(layer._inbound_nodes) if id(node) in nodes]
        calls |= {(id(layer), number): call for call, number in enumerate(mine)}

    def ref(tensor: Any) -> Ref:
        layer, node, index = tensor._keras_history
        return Ref(layer.name, calls[id(layer), node], index)

    made = []
    for layer in layers:
        inbound = tuple(
            tuple(ref(tensor) for tensor in node.arguments.keras_tensors if is_layer(tensor))  # masks are not operands
            for node in layer._inbound_nodes
            if id(node) in nodes and node.arguments.keras_tensors
        )
        inner = plan_of(layer, store, f"{prefix}{layer.name}/") if isinstance(layer, keras.Model) else None
        if inner is not None:
            made.append(PlanLayer(layer.name, "Functional", {}, inbound, inner=inner, stored=layer.name))
            continue
        weights = []
        if layer.weights:
            variables = VARIABLES[type(layer).__name__]
            assert len(variables) >= len(layer.weights)
            for variable, weight in zip(variables, layer.weights, strict=False):
                path = f"/{prefix}{layer.name}/{variable}"
                store[path] = np.asarray(weight.value)
                weights.append(WeightUse(variable, (path,), tuple(weight.shape), weight.dtype, variable))
        config = {
            key: plain(value)
            for key, value in layer.get_config().items()
            if key not in DROPPED and not (isinstance(layer, keras.layers.InputLayer) and key == "ragged")
        }
        if isinstance(layer, keras.layers.InputLayer):
            config = {"batch_shape": list(config["batch_shape"]), "dtype": config["dtype"]}
        name = type(layer).__name__
        made.append(PlanLayer(layer.name, name, config, inbound, tuple(weights), stored=layer.name))
    return Plan(
        tuple(made),
        tuple(ref(tensor) for tensor in model.inputs),
        tuple(ref(tensor) for tensor in model.outputs),
        0.9,
        name=model.name,
    )


def is_layer(tensor: Any) -> bool:
    return isinstance(tensor._keras_history.operation, keras.layers.Layer)


def plain(value: Any) -> Any:
    """Keras' serialized objects as the JSON that a plan holds."""
    if isinstance(value, dict) and "class_name" in value:
        config = {key: plain(item) for key, item in value["config"].items() if key not in DROPPED - {"name"}}
        return {"class_name": value["class_name"], "config": config}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def facts_of(model: keras.Model, plan: Plan, order: str = "stored") -> WeightFile:
    """Facts that list the model's layers as a file would."""
    listed = tuple(_stored(layer, plan) for layer in model.layers)
    return WeightFile("known.weights.h5", 1000, "keras3", "known", "weights-only", order, listed)


def _stored(layer: Any, plan: Plan) -> StoredLayer:
    item = plan.layer(layer.name)
    children = tuple(_stored(part, item.inner) for part in layer.layers) if item.inner is not None else ()
    tensors = tuple(
        Tensor(path, path.lstrip("/"), use.role, use.shape, use.dtype) for use in item.weights for path in use.sources
    )
    return StoredLayer(layer.name, f"/{layer.name}", tensors, children=children)
