"""What the trained numbers say about a finished plan: activations, gates, masks, and how its inputs were scaled."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from infer_convert.assemble.gated import gated
from infer_convert.assemble.masked import masked
from infer_convert.assemble.numbers import Numbers
from infer_convert.assemble.remembered import answered, followed, heard
from infer_convert.clues.numbers import maps, output, signs
from infer_convert.clues.numbers.budget import OutOfWork
from infer_convert.clues.numbers.flow import Found
from infer_convert.clues.numbers.inputs import invert
from infer_convert.clues.numbers.kernels import CONVOLUTIONS, kernel_of
from infer_convert.clues.numbers.net import Net, Node, of_plan
from infer_convert.clues.numbers.together import doubted, together
from infer_convert.plan import Basis, Decision, Evidence, InputStatistics, Option, Plan, PlanLayer
from infer_convert.solve.plain import many, mapping, number, pair, text

STYLES = ("relu", "elu", "tanh", "silu", "sigmoid", "selu", "gelu", "leaky_relu:0.2", "linear")
"""Activations that compete, where a whole net uses one."""
LEAST_OPTION, LEAST_SHARE = 0.005, 1e-6
"""Of a value that no habit names, and of one that habits all but exclude."""
MOST_OPTIONS, LEAST_SHOWN = 5, 1e-3
"""How many alternatives are named, and from what share on. The likeliest always is: however sure the numbers are, there
was a choice, and its confidence is calibrated and judged like any other."""


def revised(plan: Plan, numbers: Numbers | None) -> Plan:
    """The plan with the activations that its tensors speak for."""
    if numbers is None:
        return plan
    with numbers.arrays.budget.spending():
        for step in (_styles, _signs, _outputs, gated, masked):
            try:
                plan = step(plan, numbers)
            except OutOfWork:
                break
        return replace(plan, input_statistics=input_statistics(plan, numbers))


def input_statistics(plan: Plan, numbers: Numbers) -> InputStatistics | None:
    """How the first input was scaled, where a normalisation on it or behind the first convolution tells."""
    net = of_plan(plan)
    try:
        for index, node in enumerate(net.nodes):
            if node.class_name == "InputLayer":
                for consumer in net.consumers.get((index, 0), ()):
                    found = _statistics(net, consumer, numbers)
                    if found is not None:
                        return found
    except OutOfWork:
        pass
    return None


def _statistics(net: Net, index: int, numbers: Numbers) -> InputStatistics | None:
    node = net.nodes[index]
    while node.class_name.startswith("ZeroPadding") and len(net.consumers.get((index, 0), ())) == 1:
        index = net.consumers[index, 0][0]
        node = net.nodes[index]
    if node.class_name == "BatchNormalization":
        stored = _stored(net, index, numbers)
        if stored is None:
            return None
        width = len(stored[0])
        return invert(np.eye(width).repeat(2, 1), None, stored[0].repeat(2), stored[1].repeat(2), np.ones(2 * width))
    if node.class_name not in CONVOLUTIONS or node.config.get("activation") not in (None, "linear"):
        return None
    behind = [i for i in net.consumers.get((index, 0), ()) if net.nodes[i].class_name == "BatchNormalization"]

    def find() -> InputStatistics | None:
        kernel = kernel_of(node, numbers.arrays)
        stored = _stored(net, behind[0], numbers) if behind else None
        if kernel is None or stored is None or len(stored[0]) != kernel.taps.shape[2]:
            return None
        return invert(kernel.taps.sum(0), kernel.bias, *stored, (kernel.taps**2).sum((0, 1)))

    uses = [use for item in (index, *behind[:1]) for use in net.nodes[item].uses.values()]
    return answered(("input statistics", node.told), uses, numbers.arrays, find, _plain, _statistics_of)


def _plain(found: InputStatistics | None) -> list[Any]:
    return [] if found is None else [found.range, list(found.means), found.deviation]


def _statistics_of(plain: Any) -> InputStatistics | None:
    if not many(plain):
        return None
    scale, means, deviation = many(plain, 3)
    return InputStatistics(text(scale), tuple(number(mean) for mean in many(means)), number(deviation))


def _stored(net: Net, index: int, numbers: Numbers) -> tuple[Any, Any] | None:
    uses = net.nodes[index].uses
    mean, variance = numbers.arrays.get(uses, "moving_mean"), numbers.arrays.get(uses, "moving_variance")
    return None if mean is None or variance is None else (mean, variance)


def _open(layer: PlanLayer) -> Decision | None:
    """The layer's activation, where nothing but a habit decided it."""
    decision = layer.decision("activation")
    return decision if decision is not None and decision.basis is Basis.ASSUMED else None


def _shares(decision: Decision) -> dict[Any, float]:
    return {decision.value: decision.confidence, **{o.value: o.confidence for o in decision.alternatives}}


def _hidden(plan: Plan) -> list[PlanLayer]:
    outputs = {ref.layer for ref in plan.outputs}
    return [
        layer
        for layer in plan.layers
        if layer.class_name == "Activation" and layer.name not in outputs and _open(layer) is not None
    ]


def _styles(plan: Plan, numbers: Numbers) -> Plan:
    """One activation for all hidden activation layers of the same belief, by the moments summed over the net and the
    bounds of the means behind them."""
    if not _trained(plan, numbers):
        return plan
    groups: dict[str, list[PlanLayer]] = {}
    for layer in _hidden(plan):
        groups.setdefault(repr(layer.config.get("activation")), []).append(layer)
    for members in groups.values():
        decision = _open(members[0])
        if decision is None or decision.value not in STYLES:
            continue
        names = {layer.name for layer in members}
        founds = [_follow(numbers, of_plan(_with(plan, names, style))) for style in STYLES]
        common = set.intersection(*(set(found.moments) for found in founds))
        raw = [math.fsum(found.moments[name][0] for name in common) for found in founds]
        heard = len(common)
        bounds = _bounds(plan, names, numbers)
        if not heard and not bounds:
            continue
        best = max(raw) if heard else 0.0
        nats = {
            style: (maps.style(best - value) if heard else 0.0) + bounds.get(style, 0.0)
            for style, value in zip(STYLES, raw, strict=True)
        }
        said = f"{heard} stored means behind {len(members)} activation layers fit it"
        for layer in members:
            plan = _replaced(plan, layer.name, nats, "numbers/moments", said)
    return plan


def _trained(plan: Plan, numbers: Numbers) -> bool:
    """Whether stored moments are the net's own, with its open activations as they are or as relu: random statistics
    have signs too."""
    names = {layer.name for layer in plan.layers if _open(layer) is not None and layer.class_name != "Activation"}
    for tried in (plan, _with(plan, names, "relu")):
        found = _follow(numbers, of_plan(tried))
        if found.moments and maps.explained(found):
            return True
    return False


def _follow(numbers: Numbers, net: Net) -> Found:
    return followed(net, numbers.flow, numbers.arrays)


def _with(plan: Plan, names: set[str], style: str) -> Plan:
    return plan.with_layers(
        tuple(
            replace(layer, config={**layer.config, "activation": style}) if layer.name in names else layer
            for layer in plan.layers
        )
    )


def _bounds(plan: Plan, names: set[str], numbers: Numbers) -> dict[str, float]:
    """Nats of each style from the means of the normalisations right behind the layers."""
    total: dict[str, float] = {}
    net = of_plan(plan)
    for index, node in enumerate(net.nodes):
        if node.name in names:
            for style, nats in (_signed(net, index, numbers, STYLES) or {}).items():
                total[style] = total.get(style, 0.0) + nats
    return total


def _signed(net: Net, index: int, numbers: Numbers, names: tuple[str, ...]) -> dict[str, float] | None:
    """What the signs of the stored means behind a layer say, also behind a concatenation that the layer is part of."""
    for joined in net.consumers.get((index, 0), ()):
        if net.nodes[joined].class_name == "Concatenate":
            found = _signed(net, joined, numbers, ())
            part = None if found is None else _part(net, index, joined, numbers)
            return None if part is None else signs.log_likelihoods(part, names)
    for consumer in net.consumers.get((index, 0), ()):
        if net.nodes[consumer].class_name == "BatchNormalization":
            nats = _signed_by(net.nodes[consumer], numbers, names)
            if nats:
                return nats
    return None


def _signed_by(node: Node, numbers: Numbers, names: tuple[str, ...]) -> dict[str, float] | None:
    """What the signs of a normalisation's stored means say of what it reads."""
    hear = partial(signs.log_likelihoods, names=names)
    return heard(("signs", names), node.uses, "moving_mean", numbers.arrays, hear, dict, _nats)


def _nats(plain: Any) -> dict[str, float]:
    return {name: number(nats) for name, nats in mapping(plain).items()}


def _part(net: Net, index: int, joined: int, numbers: Numbers) -> Any:
    """The stored means of one operand of a concatenation that a BatchNormalization takes."""
    behind = next(i for i in net.consumers[joined, 0] if net.nodes[i].class_name == "BatchNormalization")
    stored, known = _stored(net, behind, numbers), numbers.flow.signals_of(net)
    widths = [known[value].channels if value in known else None for value in net.nodes[joined].operands[0]]
    position = net.nodes[joined].operands[0].index((index, 0))
    if stored is None or None in widths or sum(width or 0 for width in widths) != len(stored[0]):
        return None
    start = sum(width or 0 for width in widths[:position])
    return stored[0][start : start + (widths[position] or 0)]


def _signs(plan: Plan, numbers: Numbers) -> Plan:
    """Activations in front of a normalisation, by the signs of what it stores; and where one stands there, none that
    was only supposed behind it. Layers of the same belief are heard together."""
    net, explained = of_plan(plan), _trained(plan, numbers)
    groups: dict[str, list[tuple[int, dict[str, float]]]] = {}
    for index, layer in enumerate(plan.layers):
        decision = _open(layer)
        if decision is None or layer.class_name == "Activation":
            continue
        names = tuple(dict.fromkeys((*(str(value) for value in _shares(decision)), "linear")))
        nats = _signed(net, index, numbers, names)
        if nats is not None:
            groups.setdefault(repr(_shares(decision)), []).append((index, nats))
    everything = [nats for group in groups.values() for _, nats in group]
    if not explained and not all(_positive(nats) for nats in everything):
        return plan
    for group in groups.values():
        plan = _signed_together(plan, net, group, 1.0 if explained else OWN_STATISTICS)
    return plan


def _signed_together(plan: Plan, net: Net, group: Sequence[tuple[int, Mapping[str, float]]], trust: float) -> Plan:
    decision = _open(plan.layers[group[0][0]])
    assert decision is not None
    shares = _shares(decision)
    prior = {name: max(shares.get(name, LEAST_OPTION), LEAST_SHARE) for name in group[0][1]}
    heard = together(prior, [nats for _, nats in group])
    for (index, own), nats in zip(group, heard, strict=True):
        said = "no stored mean behind it is negative" if _positive(own) else "some stored means behind it are negative"
        layer = plan.layers[index]
        plan = _replaced(plan, layer.name, doubted(prior, nats, trust), "numbers/signs", said)
        if plan.layer(layer.name).config.get("activation") not in (None, "linear"):
            plan = _without_second(plan, net, index)
    return plan


def _positive(nats: Mapping[str, float]) -> bool:
    """Whether the means were such as a raw kernel hardly gives."""
    return nats["linear"] < 0


OWN_STATISTICS = 0.95
"""That statistics without a negative mean are the net's own where no wiring explains them (set by hand): drawn at
random they would have signs of both kinds."""


def _without_second(plan: Plan, net: Net, index: int) -> Plan:
    for behind in net.consumers.get((index, 0), ()):
        for last in net.consumers.get((behind, 0), ()):
            supposed = plan.layers[last]
            if net.nodes[behind].class_name == "BatchNormalization" and supposed.hidden and _open(supposed):
                said = "the layer in front of the normalisation has one"
                plan = _replaced(plan, supposed.name, {"linear": 4.5}, "numbers/signs", said)
    return plan


def _outputs(plan: Plan, numbers: Numbers) -> Plan:
    """Softmax or not, by the sum of the last biases, as far as the filters show that the net was trained."""
    net = of_plan(plan)
    trust = maps.trust(_follow(numbers, net))
    for value in net.outputs:
        layer = owner = plan.layers[value[0]]
        if layer.class_name in ("Activation", "Softmax") and layer.inbound:
            owner = plan.layer(layer.inbound[0][0].layer)
        found = None if _open(layer) is None else _softmax(owner, numbers)
        if found is None or not trust:
            continue
        nats, q = found
        nats *= trust
        said = f"|sum of the biases| is {q:.2g} of its largest possible value; a softmax keeps it near 0"
        plan = _replaced(plan, layer.name, {"softmax": nats}, "numbers/output", said)
    return plan


def _softmax(layer: PlanLayer, numbers: Numbers) -> tuple[float, float] | None:
    """What a layer's bias says of a softmax, in nats, and its ``output.imbalance``; None where it does not say."""
    uses = {use.variable: use for use in layer.weights if use.variable == "bias" and len(use.shape) == 1}
    return heard("softmax", uses, "bias", numbers.arrays, _says, list, pair)


def _says(bias: Any) -> tuple[float, float] | None:
    nats, q = output.softmax(bias), output.imbalance(bias)
    return None if nats is None or q is None else (nats, q)


def _replaced(plan: Plan, name: str, nats: dict[str, float], clue: str, said: str) -> Plan:
    """One layer's activation weighed anew: shares times exp(nats), unlisted values have none for or against them."""
    layer = plan.layer(name)
    decision = _open(layer)
    assert decision is not None
    shares = _shares(decision)
    for value in nats:
        if value != "softmax":
            shares.setdefault(value, LEAST_OPTION)
    weights = {value: max(share, LEAST_SHARE) * math.exp(nats.get(str(value), 0.0)) for value, share in shares.items()}
    total = math.fsum(weights.values())
    value = max(weights, key=lambda item: weights[item])
    others = sorted(
        (Option(other, weight / total) for other, weight in weights.items() if other != value),
        key=lambda option: -option.confidence,
    )
    rival = max((nats.get(str(option.value), 0.0) for option in others), default=0.0)
    gained = nats.get(str(value), 0.0) - rival
    changed = replace(
        decision,
        value=value,
        confidence=weights[value] / total,
        basis=Basis.INFERRED,
        alternatives=(*others[:1], *(option for option in others[1:MOST_OPTIONS] if option.confidence > LEAST_SHOWN)),
        evidence=(*decision.evidence, Evidence(clue, gained, said)),
    )
    made = replace(
        layer,
        config={**layer.config, "activation": value},
        decisions=tuple(changed if item is decision else item for item in layer.decisions),
    )
    return plan.with_layers(tuple(made if item is layer else item for item in plan.layers))
