"""An inference that knows the answer: what the scores must call perfect.

It turns a Keras 3 config and the truth's alignment into a plan. ``--engine truth`` runs it through the whole
benchmark, which tests the benchmark, not the product.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks import configs
from benchmarks.item import Item
from benchmarks.naming import Naming, show
from benchmarks.row import run as run_row
from benchmarks.truth import truth_for
from infer_convert.facts import Tensor
from infer_convert.plan import Basis, Decision, Option, Plan, PlanLayer, Ref, WeightUse

ORDER: dict[str, tuple[str, ...]] = {
    "LSTM": ("cell.kernel", "cell.recurrent_kernel", "cell.bias"),
    "GRU": ("cell.kernel", "cell.recurrent_kernel", "cell.bias"),
    "SimpleRNN": ("cell.kernel", "cell.recurrent_kernel", "cell.bias"),
    "ConvLSTM2D": ("cell.kernel", "cell.recurrent_kernel", "cell.bias"),
    "BatchNormalization": ("gamma", "beta", "moving_mean", "moving_variance"),
    "LayerNormalization": ("gamma", "beta"),
    "SeparableConv2D": ("depthwise_kernel", "pointwise_kernel", "bias"),
    "Embedding": ("embeddings",),
    "PReLU": ("alpha",),
    "AdditiveAttention": ("scale",),
}
OLD_ARGUMENTS = (
    "time_major",
    "input_spec",
    "query_shape",
    "key_shape",
    "value_shape",
    "batch_input_shape",
    "noise_shape",
)
"""Arguments of tf_keras' configs that Keras 3 does not take."""


def run(item: Item, naming: Naming) -> dict[str, str]:
    """A line of the results with the truth as the only plan."""
    loaded = item.load()
    truth = truth_for(loaded.graph, loaded.facts)
    shown = show(loaded.facts, naming, truth.leaf, truth.owner, truth.classes)
    config = _config_of(item)
    tensors: dict[str, list[Tensor]] = {}
    for tensor in shown.facts.all_tensors():
        tensors.setdefault(shown.owner[tensor.path], []).append(tensor)
    stored = {leaf: name.rpartition("/")[2] for name, leaf in shown.leaf.items()}
    plan = plan_of(config, tensors, stored)
    return run_row(item, naming, lambda facts, hints, store: (plan,))


def _config_of(item: Item) -> Mapping[str, Any]:
    from benchmarks import writers
    from benchmarks.freeze import SETS

    case = next(case for cases in SETS.values() for case in cases if case.name == item.name)
    return dict(writers.config(writers.folder(case), writers.LIBRARY[item.form]))


def plan_of(
    config: Mapping[str, Any], tensors: Mapping[str, list[Tensor]], stored: Mapping[str, str], prefix: str = ""
) -> Plan:
    """A plan from a functional or Sequential config; ``tensors``: leaf -> tensors in Keras' order, ``stored``: leaf ->
    name of the stored layer."""
    class_name, body = configs._split(config)
    if class_name == "Sequential":
        return _sequential(body, tensors, stored, prefix)
    entries = {str(entry.get("name") or configs._split(entry)[1]["name"]): entry for entry in body["layers"]}
    calls = {name: configs._calls(entry) for name, entry in entries.items()}
    outputs = configs._nodes(body["output_layers"])
    offsets = configs._offsets(calls, outputs)

    def refs(nodes: Any) -> tuple[Ref, ...]:
        return tuple(Ref(name, index - offsets.get(name, 0), tensor) for name, index, tensor in nodes)

    layers = []
    for name, entry in entries.items():
        if entry["class_name"] == "NotEqual":  # Keras 3's own node for an embedding's mask
            continue
        inbound = tuple(refs(nodes) for nodes, _ in calls[name])
        layers.append(_layer(name, entry, inbound, tensors, stored, prefix))
    return Plan(tuple(layers), refs(configs._nodes(body["input_layers"])), refs(outputs), confidence=1.0)


def _sequential(body: Any, tensors: Mapping[str, list[Tensor]], stored: Mapping[str, str], prefix: str) -> Plan:
    layers: list[PlanLayer] = []
    for index, entry in enumerate(configs._entries(body)):
        _, config = configs._split(entry)
        inbound = ((Ref(layers[-1].name),),) if layers else ()
        layers.append(_layer(configs._name(entry, config, index), entry, inbound, tensors, stored, prefix))
    return Plan(tuple(layers), (Ref(layers[0].name),), (Ref(layers[-1].name),), confidence=1.0)


def _layer(
    name: str,
    entry: Mapping[str, Any],
    inbound: Any,
    tensors: Mapping[str, list[Tensor]],
    stored: Mapping[str, str],
    prefix: str,
) -> PlanLayer:
    class_name, config = configs._split(entry)
    leaf = prefix + name
    inner = None
    if configs._is_model(class_name, config):
        inner, config = plan_of(entry, tensors, stored, f"{leaf}/"), {}
    config = {
        key: value for key, value in config.items() if key not in ("name", "module", "registered_name", "build_config")
    }
    if class_name == "InputLayer":
        shape = config.get("batch_shape") or config.get("batch_input_shape")
        config, inbound = {"batch_shape": shape, "dtype": config.get("dtype")}, ()
    if class_name == "TFOpLambda":
        class_name, config = "Add", {}
    if class_name in ("DepthwiseConv2D", "Conv2DTranspose", "SeparableConv2D"):
        config.pop("groups", None)
    if class_name == "LeakyReLU" and "alpha" in config:
        config["negative_slope"] = config.pop("alpha")
    if isinstance(config.get("axis"), list):
        config["axis"] = config["axis"][0]
    for argument in OLD_ARGUMENTS:
        config.pop(argument, None)
    uses = _uses(class_name, config, tensors.get(leaf, [])) if inner is None else ()
    decision = Decision("inbound", inbound, 1.0, Basis.READ, (Option((), 0.0),))
    return PlanLayer(
        name,
        class_name if inner is None else "Functional",
        _plain(config),
        inbound,
        uses,
        (decision,),
        stored.get(leaf),
        inner=inner,
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        if "class_name" in value and value.get("class_name") in ("DTypePolicy",):
            return value["config"]["name"]
        return {
            key: _plain(item)
            for key, item in value.items()
            if not key.endswith(("initializer", "regularizer", "constraint"))
            and key not in ("module", "registered_name", "build_config")
        }
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _uses(class_name: str, config: Mapping[str, Any], tensors: list[Tensor]) -> tuple[WeightUse, ...]:
    if class_name == "Bidirectional":
        inner = ORDER[config["layer"]["class_name"]]
        names = [f"{side}.{name}" for side in ("forward_layer", "backward_layer") for name in inner]
        if tensors and "backward_layer" in tensors[0].path:
            names = names[len(inner) :] + names[: len(inner)]
    elif class_name == "TimeDistributed":
        names = ["layer.kernel", "layer.bias"]
    elif class_name == "MultiHeadAttention":
        sides = {"query": "query_dense", "key": "key_dense", "value": "value_dense", "attention_output": "output_dense"}
        found = [sides.get(part, part) for part in (tensor.role.split("/")[-2] for tensor in tensors)]
        names = [f"{side}.{'bias' if found[:at].count(side) else 'kernel'}" for at, side in enumerate(found)]
    else:
        first = "kernel"
        names = list(ORDER.get(class_name, (first, "bias")))
        if class_name == "BatchNormalization" and not config.get("scale", True):
            names.remove("gamma")
    return tuple(
        WeightUse(name, (tensor.path,), tensor.shape, tensor.dtype, name)
        for name, tensor in zip(names, tensors, strict=False)
    )
