"""The way from a stored config to an Inference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from infer_convert.configs.context import Context, context_of
from infer_convert.configs.graph import Graph, Item
from infer_convert.configs.inputs import with_shapes
from infer_convert.configs.lambdas import CLASS, lambdas_read, with_reason
from infer_convert.configs.layout import channels_last
from infer_convert.configs.operands import flattened
from infer_convert.configs.operations import check_known, lowered, marked
from infer_convert.configs.parse import parse
from infer_convert.configs.proposed import proposed
from infer_convert.configs.removed import REMOVED, rebuilt
from infer_convert.configs.rewrites import rewrite
from infer_convert.configs.supply import supplied
from infer_convert.configs.theano import bordered
from infer_convert.configs.thirdparty import handled, rebuilt_others
from infer_convert.configs.weights import placed
from infer_convert.configs.wiring import pruned
from infer_convert.errors import NoArchitecture
from infer_convert.facts import WeightFile
from infer_convert.hints import Hints
from infer_convert.inference import Inference, LeftOver
from infer_convert.plan import Basis, Decision, Evidence, Plan, PlanLayer, Ref

MALFORMED = (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What a config of the wrong form runs into on its way; reported as NoArchitecture."""


def has_config(facts: WeightFile) -> bool:
    """Whether the file stores a config that lists layers."""
    if facts.model_config is None:
        return False
    try:
        parse(facts.model_config)
    except (NoArchitecture, *MALFORMED):
        return False
    return True


def plan_from_config(
    facts: WeightFile, hints: Hints | None = None, tensors: object = None, config: Mapping[str, Any] | None = None
) -> Inference:
    """The stored config (or ``config``, a side JSON) as one plan, with every tensor of the file placed or left over.

    ``tensors`` are not needed: shapes decide. Raises NoArchitecture when the config is malformed, lists no layers,
    contradicts the stored shapes (both are named), needs code to run, or holds a layer that cannot be rebuilt.
    """
    stored = config if config is not None else facts.model_config
    if stored is None:
        raise NoArchitecture(f"{facts.file}: it stores no model_config")
    context = context_of(_versioned(facts, stored), hints or Hints())
    try:
        plan = _plan(parse(stored), facts, context)
    except MALFORMED as error:
        raise NoArchitecture(
            f"{facts.file}: the stored config is malformed: {type(error).__name__}: {error}"
        ) from error
    used = {source for _, layer in plan.walk() for use in layer.weights for source in use.sources}
    kept = {layer.stored for _, layer in plan.walk()}
    left = tuple(
        LeftOver(tensor.path, _reason(layer.name, layer.name in kept, tensor.role))
        for layer in facts.layers
        for tensor in layer.all_tensors()
        if tensor.path not in used
    )
    notes = (f"the architecture is the stored config's ({facts.generation})", *context.log.notes)
    return Inference(facts, (plan,), left, notes)


def _versioned(facts: WeightFile, config: Mapping[str, Any] | Any) -> WeightFile:
    """``to_json()`` texts carry the version and backend that a weights-only file lacks."""
    if not isinstance(config, Mapping):
        return facts
    version, backend = config.get("keras_version"), config.get("backend")
    return replace(
        facts,
        keras_version=facts.keras_version or (version if isinstance(version, str) else None),
        backend=facts.backend or (backend if isinstance(backend, str) else None),
    )


def _reason(layer: str, kept: bool, role: str) -> str:
    if "seed_generator" in role:
        return f"the state of {layer}'s random numbers; it takes no part in a prediction"
    return f"{layer}'s {role} has no place in the stored config" + ("" if kept else ": the layer is not in the model")


def _plan(graph: Graph, facts: WeightFile, context: Context) -> Plan:
    graph = supplied(graph, facts)
    context = context.with_ordering(_ordering(graph, context))
    graph = rewrite(marked(graph, context), context)
    graph = graph.mapped(lambda item: _settled(item, context))
    context.log.check()
    graph = _levels(graph, context)
    graph = with_shapes(graph, context)
    graph = channels_last(graph, context)
    plan = _as_plan(graph)
    return replace(plan, confidence=context.log.confidence, rewrites=context.log.sentences())


def _settled(item: Item, context: Context) -> Item:
    """One item with its class decided and its tensors placed."""
    if item.class_name in REMOVED or handled(item, context):
        return item
    try:
        return placed(proposed(item, context), context)
    except NoArchitecture as error:
        if not error.conflicts:
            raise
        context.log.contradictions.append(error)
        return item


def _levels(graph: Graph, context: Context) -> Graph:
    """One level after the other: operations, removed layers, operands, pruning."""
    items = tuple(
        replace(item, inner=_levels(item.inner, context)) if item.inner is not None else item for item in graph.items
    )
    graph = lambdas_read(replace(graph, items=items), context)
    graph = lowered(graph, context)
    graph = bordered(rebuilt_others(rebuilt(graph, context), context), context)
    graph = pruned(flattened(graph, context), context)
    check_known(graph)
    items = tuple(with_reason(item) if item.class_name == CLASS else item for item in graph.items)
    if any(item.class_name == CLASS for item in items):
        context.log.confidence = 0.0
    return replace(graph, items=items)


def _ordering(graph: Graph, context: Context) -> str:
    """The image layout of layers that do not say: that of the others, else the version's default.

    Keras 0.3 to 1.1 started with ``th``, Keras 1.2 with ``tf`` (``backend/common.py``).
    """
    said = {str(item.config.get("dim_ordering")) for _, item in graph.walk()}
    for _, item in graph.walk():
        inner = item.config.get("layer")
        if isinstance(inner, Mapping) and isinstance(inner.get("config"), Mapping):
            said.add(str(inner["config"].get("dim_ordering")))
    if "th" in said:
        return "channels_first"
    if "tf" in said:
        return "channels_last"
    return "channels_first" if context.version < (1, 2) and context.backend == "theano" else "channels_last"


def _as_plan(graph: Graph) -> Plan:
    layers = tuple(_as_layer(item) for item in graph.items)
    return Plan(layers=layers, inputs=graph.inputs, outputs=graph.outputs, name=graph.name)


def _as_layer(item: Item) -> PlanLayer:
    config = {key: value for key, value in item.config.items() if not key.startswith("_")}
    inner = None if item.inner is None else _as_plan(item.inner)
    class_name = item.class_name
    if inner is not None and class_name != "TimeDistributed":
        config, class_name = {}, "Functional"
    inbound = tuple(tuple(value for value in call.args if isinstance(value, Ref)) for call in item.calls)
    return PlanLayer(
        name=item.name,
        class_name=class_name,
        config=config,
        inbound=() if class_name == "InputLayer" else inbound,
        weights=item.weights,
        decisions=(*item.decisions, *_read(item, class_name)),
        stored=item.stored,
        hidden=item.hidden,
        inner=inner,
        keywords=item.keywords,
        named=item.named,
    )


def _read(item: Item, class_name: str) -> tuple[Decision, ...]:
    if item.hidden or any(decision.field == "class_name" for decision in item.decisions):
        return ()
    said = Evidence("stored config", 5.0, f"the stored config calls it a {item.stored_class or class_name}")
    return (Decision("class_name", class_name, 0.99, Basis.READ, (), (said,)),)
