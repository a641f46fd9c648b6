"""From a settled draft to a plan: every field gets a value, and every open one a decision with its reasons."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from infer_convert.assemble.chains import ABSENT, NO_LAYER
from infer_convert.assemble.gains import weighed
from infer_convert.assemble.informed import inform, known_class
from infer_convert.assemble.likewise import likewise
from infer_convert.assemble.nested import WAY, chosen
from infer_convert.assemble.reshapes import MAPS
from infer_convert.assemble.settle import Settled
from infer_convert.assemble.standing import fitting
from infer_convert.assemble.typed import Typed, full_config
from infer_convert.clues.activations import ActivationBelief, activation
from infer_convert.clues.constants import constants, offset_for, pads_evenly
from infer_convert.clues.settings.choices import Setting
from infer_convert.clues.training import loss_of, revised
from infer_convert.draft import DraftLayer, Neighbourhood
from infer_convert.facts import WeightFile
from infer_convert.hints import Hints, spread
from infer_convert.layers.names import as_created
from infer_convert.layers.recognise import GIVES, HOLE, Reading, is_silent
from infer_convert.layers.regularization import INERT
from infer_convert.plan import Basis, Decision, Evidence, Option, Plan, PlanLayer, Ref
from infer_convert.solve.items import Call

FORCED = 0.9995
LEAST_SHARE = 0.002
MOST_ALTERNATIVES = 5


MOTIFS: Mapping[str, tuple[str, ...]] = {
    "padding": ("padding", "pool", "transposed", "zeros"),
    "pool_size": ("pool",),
    "size": ("up",),
    "strides": ("stride", "pool", "transposed"),
}
"""Fields that layers of one kind share, and the kinds of memories (``clues/settings``) that tell which layers."""


@dataclass(frozen=True, slots=True)
class Context:
    """What decisions need besides the settled draft."""

    facts: WeightFile
    typed: Mapping[str, Typed]
    hints: Hints
    inbound: Mapping[str, tuple[Decision, ...]] | None = None
    classes: Mapping[str, Mapping[str, float]] | None = None
    """By layer, the share of the settled graphs that hold each class."""
    inner: bool = False


def plan_of(settled: Settled, context: Context) -> Plan:
    """The plan with all its decisions; supposed layers that turned out absent are left out."""
    draft = settled.draft
    near = Neighbourhood.of(draft)
    kept = [index for index in range(len(draft.layers)) if not settled.config(index).get(ABSENT)]
    source = {index: _source(settled, index) for index in range(len(draft.layers))}
    layers = tuple(_plan_layer(settled, near, index, source, context) for index in kept)
    inputs = tuple(map(Ref, as_created([layer.name for layer in layers if layer.class_name == "InputLayer"])))
    outputs = tuple(Ref(draft.layers[source[item]].name, call) for item, call in draft.outputs)
    return Plan(layers, inputs, outputs, name=context.facts.model_name)


STATES: Mapping[str, int] = {"LSTM": 2, "GRU": 1, "SimpleRNN": 1}
"""Tensors of a recurrent layer's state."""


def _refs(
    settled: Settled, source: Mapping[int, int], layer: DraftLayer, operands: Sequence[Call], place: int
) -> Iterator[Ref]:
    """What a layer takes as its ``place``-th operand: behind a recurrent layer's first stands a state."""
    item, call = operands[place]
    name = settled.draft.layers[source[item]].name
    if place and layer.class_name in STATES:
        yield from (Ref(name, call, 1 + number) for number in range(STATES[layer.class_name]))
    else:
        yield Ref(name, call)


def _source(settled: Settled, index: int) -> int:
    """The layer whose result stands for that of an absent one."""
    while settled.config(index).get(ABSENT):
        index = settled.draft.layers[index].operands[0][0][0]
    return index


def _plan_layer(
    settled: Settled, near: Neighbourhood, index: int, source: Mapping[int, int], context: Context
) -> PlanLayer:
    layer = settled.draft.layers[index]
    config = dict(settled.config(index))
    decisions = [*layer.decisions, *_class_decision(settled, near, index, context)]
    decisions.extend(_setting_decisions(settled, index, layer, context))
    if context.inbound is not None:
        decisions.extend(context.inbound.get(layer.name, ()))
    belief = activation(near, index, not context.inner)
    if belief is not None:
        belief = _trained(belief, near, index, context)
        outputs = {near.draft.layers[item].name for item, _ in near.draft.outputs}
        if layer.name not in outputs or context.inner:
            belief = likewise(belief, context.hints, outputs)
        decisions.append(_activation_decision(layer, belief, context, config))
    told = context.facts.generation, context.facts.keras_version
    for decision in constants(near, index, *told, config, _evenly(settled, near)):
        config[decision.field] = decision.value
        decisions.append(decision)
    decisions = [weighed(settled, near, index, decision) for decision in decisions]
    inform(settled.draft, index, config, decisions)
    _apply_hints(layer, config, decisions, context)
    if layer.class_name == "InputLayer":
        _finish_input(settled, index, config, near)
    if layer.class_name == "Reshape":
        config["target_shape"] = target_shape(settled, index)
    inbound = tuple(
        tuple(ref for place in range(len(operands)) for ref in _refs(settled, source, layer, operands, place))
        for operands in layer.operands
    )
    class_name, finished = _finished(layer, config)
    return PlanLayer(
        layer.name,
        class_name,
        finished,
        inbound,
        layer.uses,
        tuple(decisions),
        layer.stored,
        hidden=layer.stored is None and layer.class_name != "InputLayer",
        inner=chosen(config, tuple(settled.shapes[item] for item in layer.operands[0])) if layer.operands else None,
    )


def _evenly(settled: Settled, near: Neighbourhood) -> bool:
    """Whether the chosen borders are all even."""
    found = near.notes.get("pads evenly")
    if found is None:
        layers = enumerate(settled.draft.layers)
        borders = [settled.config(index) for index, layer in layers if layer.class_name == "ZeroPadding2D"]
        found = near.notes["pads evenly"] = pads_evenly(borders)
    return bool(found)


def _trained(belief: ActivationBelief, near: Neighbourhood, index: int, context: Context) -> ActivationBelief:
    """An output's activation revised by the loss that the file names."""
    if context.inner or context.facts.training_config is None:
        return belief
    outputs = [item for item, _ in near.draft.outputs]
    for number, item in enumerate(outputs):
        if item == index or index in near.before(item, SILENT_HEADS):
            loss = loss_of(context.facts.training_config, near.draft.layers[item].name, number, len(outputs))
            found = None if loss is None else revised(belief.shares, loss, belief.evidence.because)
            return belief if found is None else ActivationBelief(*found)
    return belief


SILENT_HEADS = (*INERT, "Flatten", "Reshape")
"""Layers at the end behind which an output is still the same numbers."""


def _finished(layer: DraftLayer, config: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    if layer.class_name == "Lambda":
        return "Identity", {}
    if layer.class_name == "ThresholdedReLU":
        return "ReLU", {"threshold": config.get("theta", 1.0)}
    finished = layer.card.finish(config)
    if (
        "padding" in finished
        and layer.class_name.startswith(("Conv", "Depthwise", "Separable"))
        and "kernel_size" in finished
    ):
        finished.setdefault("strides", [1] * len(finished["kernel_size"]))
    return layer.class_name, finished


def _finish_input(settled: Settled, index: int, config: dict[str, Any], near: Neighbourhood) -> None:
    shape = settled.shapes[index, 0]
    if not settled.size_fixed and len(shape) > 1:
        shape = (*(None for _ in shape[:-1]), shape[-1])
    config["batch_shape"] = [None, *shape]
    if any(_reads_indices(near.draft.layers[i]) for i in near.after(index, ("Masking", "Reshape", "Lambda"))):
        config["dtype"] = "int32"


def _reads_indices(layer: DraftLayer) -> bool:
    return layer.class_name == "Embedding" or bool(layer.config.get("_indices"))


def _class_decision(settled: Settled, near: Neighbourhood, index: int, context: Context) -> list[Decision]:
    draft, layer = settled.draft, settled.draft.layers[index]
    entry = context.typed.get(layer.stored or "")
    if entry is None:
        return []
    if context.hints.answer(layer.name, "class_name") is not None:
        return [Decision("class_name", layer.class_name, 1.0, Basis.USER)]
    chosen = next((reading for reading in entry.readings if reading.card is layer.card), None)
    if chosen is None:
        return [known_class(draft, index, entry.readings)]
    if index in draft.preferred and len(entry.readings) > 1:
        return [known_class(draft, index, entry.readings)]
    readings = fitting(settled, near, index, chosen, entry.readings)
    share, others = _class_shares(chosen, readings, (context.classes or {}).get(layer.name, {}))
    if layer.class_name == HOLE:
        return [Decision("class_name", HOLE, 0.0, Basis.ASSUMED, (), (Evidence("shapes", 0.0, chosen.because),))]
    if not others and layer.class_name != "Lambda":
        return []
    if layer.class_name == "Lambda":
        share, others = min(share, UNKNOWN_FUNCTION), _instead(settled, index, others)
    if layer.class_name != "InputLayer" and is_silent(entry.stored):
        share *= AMONG_THESE
    evidence = (Evidence("names and shapes", chosen.log_prior, chosen.because),)
    return [Decision("class_name", layer.class_name, share, Basis.INFERRED, others[:MOST_ALTERNATIVES], evidence)]


UNKNOWN_FUNCTION, SCALES_IMAGES = 0.3, 0.3
"""How likely an unknown function does nothing, and how likely one right behind an input of images maps their range, as
nets that drive cars do (``x / 127.5 - 1``); set by hand."""


def _instead(settled: Settled, index: int, others: tuple[Option, ...]) -> tuple[Option, ...]:
    """What to offer in place of an unknown function."""
    before = [settled.draft.layers[item] for item in settled.draft.producers(index)]
    images = len(settled.shapes[index, 0]) == 3 and [layer.class_name for layer in before] == ["InputLayer"]
    return (Option("Rescaling", SCALES_IMAGES), *others) if images and not others else others


AMONG_THESE = 0.5
"""How likely a layer without tensors and with a name that says nothing is one of the classes that were considered at
all, inputs aside: of eight such layers of the tune split, in three nets, six are sums, one reshapes and one is an
activation."""
GRAPHS = 0.8
"""Weight of the settled graphs against names and shapes alone: the few graphs that are kept are not all there are."""


def _class_shares(
    chosen: Reading, readings: Sequence[Reading], graphs: Mapping[str, float]
) -> tuple[float, tuple[Option, ...]]:
    """The share of the class that was chosen, and the others'. Classes between which no graph can choose (the maximum
    and the mean over all places) divide what the graphs say as names and shapes do."""
    prior = {reading.class_name: math.exp(reading.log_prior) for reading in reversed(readings)}
    left = math.fsum(prior.values())
    prior = {name: share / left for name, share in prior.items()}
    alike: dict[Hashable, list[str]] = {}
    for reading in readings:
        flow = frozenset(replace(variant, log_prior=0.0) for variant in reading.card.flow(full_config(reading)))
        alike.setdefault(flow, []).append(reading.class_name)
    weight = GRAPHS if graphs else 0.0
    shares: dict[str, float] = {}
    for names in alike.values():
        group = dict.fromkeys(names)
        said, whole = sum(graphs.get(name, 0.0) for name in group), math.fsum(prior[name] for name in group)
        for name in group:
            part = weight * said * prior[name] / max(whole, 1e-12) + (1.0 - weight) * prior[name]
            shares[name] = max(shares.get(name, 0.0), part)
    total = max(1.0, math.fsum(shares.values()))
    share = shares.pop(chosen.class_name) / total
    ranked = sorted(shares.items(), key=lambda each: -each[1])
    return share, tuple(Option(name, other / total) for name, other in ranked)


def _setting_decisions(settled: Settled, index: int, layer: DraftLayer, context: Context) -> list[Decision]:
    tried, marginals = settled.settings[index], settled.marginals[index]
    chosen = tried[settled.chosen[index]]
    decisions = []
    if layer.config.get("_supposed"):
        return _presence_decision(tried, marginals, settled.chosen[index])
    for field in chosen.config:
        shares = _shares(field, tried, marginals)
        value = chosen.config[field]
        share = min(1.0, shares.pop(_key(value), (0.0, value))[0])
        if context.hints.answer(layer.name, field) is not None or len(tried) == 1:
            continue
        if field in (WAY, GIVES):
            continue
        if field.startswith("_"):
            field, value, shares = _shown(settled, index, field, value, shares)
        if field == "batch_shape" and not settled.size_fixed:
            decisions.append(_open_size(value))
            continue
        others = _options(shares)
        basis = Basis.FORCED if share >= FORCED else Basis.INFERRED
        evidence = _size_evidence(settled, index, field, share)
        decisions.append(Decision(field, value, share, basis, others, evidence, _motif(chosen, field)))
    return decisions


def _motif(setting: Setting, field: str) -> str | None:
    """What ties this field's answer to other layers': the kind of memory under which it is kept."""
    kinds = MOTIFS.get(field, ())
    return next((kind for kind, _ in setting.writes if kind.partition("/")[0] in kinds), None)


def _shown(
    settled: Settled, index: int, field: str, value: Any, shares: dict[str, tuple[float, Any]]
) -> tuple[str, Any, dict[str, tuple[float, Any]]]:
    """A card's private setting under the Keras argument that it stands for."""
    if field == "_target":
        return "target_shape", target_shape(settled, index), {}
    return "layer", value, shares


def target_shape(settled: Settled, index: int) -> list[int]:
    """A Reshape's target. Where sizes stay open, a sequence of rows or columns is as long as the map makes it."""
    shape = settled.shapes[index, 0]
    operand = settled.shapes[settled.draft.layers[index].operands[0][0]]
    if settled.config(index)["_target"][0] == MAPS and not settled.size_fixed:
        return [int(shape[0] or 0), -1]
    if not settled.size_fixed and len(shape) <= 2 < len(operand):
        return [-1, *(-1 if length is None else length for length in shape[1:])]
    return [-1 if length is None else length for length in shape]


def _open_size(value: Any) -> Decision:
    because = "nothing in the file depends on the spatial size, so it stays open"
    open_value = [None, *(None for _ in value[1:-1]), value[-1]] if len(value) > 2 else value
    return Decision("batch_shape", open_value, 0.95, Basis.ASSUMED, (), (Evidence("sizes", 0.0, because),))


def _presence_decision(tried: Sequence[Setting], marginals: Sequence[float], chosen: int) -> list[Decision]:
    options = [
        Option(NO_LAYER if setting.config.get(ABSENT) else dict(setting.config), share)
        for setting, share in zip(tried, marginals, strict=True)
    ]
    value = options[chosen]
    others = tuple(
        sorted(
            (o for i, o in enumerate(options) if i != chosen and o.confidence > LEAST_SHARE),
            key=lambda o: -o.confidence,
        )
    )
    because = "the list shows only layers with weights; the sizes speak for a layer here"
    return [
        Decision(
            "pool_size",
            value.value,
            value.confidence,
            Basis.INFERRED,
            others[:MOST_ALTERNATIVES],
            (Evidence("sizes", 0.0, because),),
        )
    ]


def _key(value: Any) -> str:
    return repr(value)


def _shares(field: str, tried: Sequence[Setting], marginals: Sequence[float]) -> dict[str, tuple[float, Any]]:
    shares: dict[str, tuple[float, Any]] = {}
    for setting, share in zip(tried, marginals, strict=True):
        if field in setting.config:
            key = _key(setting.config[field])
            shares[key] = (shares.get(key, (0.0, None))[0] + share, setting.config[field])
    return shares


def _options(shares: Mapping[str, tuple[float, Any]]) -> tuple[Option, ...]:
    ordered = sorted(
        (Option(value, share) for share, value in shares.values() if share > LEAST_SHARE), key=lambda o: -o.confidence
    )
    return tuple(ordered[:MOST_ALTERNATIVES])


def _size_evidence(settled: Settled, index: int, field: str, share: float) -> tuple[Evidence, ...]:
    draft = settled.draft
    shape = settled.shapes.get((index, 0))
    sentence = f"its result has the shape {_printed(shape)}"
    for position, layer in enumerate(draft.layers):
        if layer.class_name == "Flatten":
            before = settled.shapes[layer.operands[0][0]]
            after = settled.shapes[position, 0]
            sentence += f"; {layer.name} makes {_printed(before)} into {_printed(after)}, as the next kernel takes it"
            break
    return (Evidence("sizes", 0.0, sentence),)


def _printed(shape: Sequence[int | None] | None) -> str:
    return "×".join("?" if length is None else str(length) for length in shape) if shape else "unknown"


def _activation_decision(
    layer: DraftLayer, belief: ActivationBelief, context: Context, config: dict[str, Any]
) -> Decision:
    value = belief.best
    config["activation"] = value
    others = tuple(
        Option(name, share)
        for name, share in sorted(belief.shares.items(), key=lambda item: -item[1])
        if name != value and share > 0
    )
    clue = belief.evidence.clue
    read = clue == "names" and belief.shares[value] > 0.9
    basis = Basis.INFERRED if clue == "training" else Basis.READ if read else Basis.ASSUMED
    return Decision("activation", value, belief.shares[value], basis, others[:MOST_ALTERNATIVES], (belief.evidence,))


def _apply_hints(layer: DraftLayer, config: dict[str, Any], decisions: list[Decision], context: Context) -> None:
    for (name, field), value in context.hints.answers.items():
        if name != layer.name or field in ("class_name", "inbound"):
            continue
        value = spread(value, config.get(field))
        config.update(value if layer.config.get("_supposed") and isinstance(value, Mapping) else {field: value})
        decisions[:] = [item for item in decisions if item.field != field]
        decisions.append(Decision(field, value, 1.0, Basis.USER))
    if layer.class_name == "Rescaling" and not any(item.field == "offset" for item in decisions):
        config["offset"] = offset_for(config.get("scale"))
