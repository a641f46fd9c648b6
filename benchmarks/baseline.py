"""The baseline every number is measured against: a chain in list order with Keras' defaults.

The class is what the layer's name spells, else what its tensors look like; every layer reads the one before.
"""

from __future__ import annotations

from typing import Any

from benchmarks.dialects import DEFAULTS, NO_OPS
from benchmarks.naming import snake
from infer_convert.facts import StoredLayer, Tensor, WeightFile
from infer_convert.plan import Plan, PlanLayer, Ref, WeightUse

CLASSES = {
    snake(name): name
    for name in (
        *DEFAULTS,
        *NO_OPS,
        "Add",
        "Multiply",
        "Subtract",
        "Average",
        "Maximum",
        "Minimum",
        "ReLU",
        "LeakyReLU",
        "ELU",
        "Softmax",
        "Bidirectional",
        "TimeDistributed",
    )
}
KERNELS = {2: "Dense", 3: "Conv1D", 4: "Conv2D", 5: "Conv3D"}


def chain(facts: WeightFile) -> Plan:
    """The baseline's plan; it is scored, never built."""
    layers = [PlanLayer("input", "InputLayer", {"batch_shape": [None]})]
    for stored in _flat(facts.layers):
        class_name = class_of(stored)
        if class_name == "InputLayer":
            continue
        config: dict[str, Any] = {"activation": "relu"} if class_name == "Activation" else {}
        uses = tuple(
            WeightUse(item.role, (item.path,), item.shape, item.dtype, item.role) for item in stored.all_tensors()
        )
        name = f"{len(layers)}"
        layers.append(PlanLayer(name, class_name, config, ((Ref(layers[-1].name),),), uses, stored=stored.name))
    return Plan(tuple(layers), (Ref("input"),), (Ref(layers[-1].name),))


def _flat(layers: tuple[StoredLayer, ...]) -> list[StoredLayer]:
    found = []
    for layer in layers:
        found += _flat(layer.children) if layer.children else [layer]
    return found


def class_of(layer: StoredLayer) -> str:
    """A class from the name's stem, else from the tensors; a nameless layer without tensors is taken for dropout."""
    stem = layer.stem or layer.name.rstrip("0123456789").rstrip("_")
    if stem.startswith("input"):
        return "InputLayer"
    return CLASSES.get(stem) or _from_tensors(tuple(layer.all_tensors()))


def _from_tensors(tensors: tuple[Tensor, ...]) -> str:
    roles = {item.role.rpartition("/")[2]: item for item in tensors}
    if "recurrent_kernel" in roles:
        units = roles["recurrent_kernel"].shape[0]
        return {4: "LSTM", 3: "GRU"}.get(roles["recurrent_kernel"].shape[-1] // max(1, units), "SimpleRNN")
    if "moving_mean" in roles or len(tensors) == 4:
        return "BatchNormalization"
    if "embeddings" in roles:
        return "Embedding"
    if "depthwise_kernel" in roles:
        return "SeparableConv2D" if "pointwise_kernel" in roles else "DepthwiseConv2D"
    return KERNELS.get(len(tensors[0].shape), "Dense") if tensors else "Dropout"
