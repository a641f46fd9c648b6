"""From what the clues say to probabilities that deserve belief.

The clues' shares are products of habits, marginals and likelihoods that know nothing of each other's mistakes. Two
maps, fitted by ``python -m benchmarks fit-confidence`` on the zoo's tune split (``confidence.json`` names its data),
turn them into probabilities: one per kind of decision (``logit -> slope * logit + shift``), and one for whole plans (a
logistic model of the plan's share, of its open decisions and of its size). What a known architecture says passes them
by.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from infer_convert.plan import Basis, Decision, Plan, PlanLayer

SUREST = 0.999
"""No decision that has an alternative is surer than this."""
DUMP = "dump"
"""The clue behind the wiring of a list that shows only layers with weights."""
WIRED, LEAST_WIRED = "numbers/wiring", 1.0
"""The clue of the trained numbers about operands, and the nats from which on it decides them."""
LIBRARY = "library"
"""The clue of known architectures: the maps are fitted on nets that are in no library, so its shares stay as they
are."""
UNFITTED = ("epsilon", "mask_zero")
"""Fields whose shares stay as they are: how many of the fitted nets keep the default epsilon or mask is what we made
them do. What an epsilon is among known nets is counted (``clues/constants``); what an Embedding's first row says is
measured on nets of their own (``benchmarks.padded``)."""
_FIXED = (Basis.USER, Basis.READ, Basis.FORCED)


@dataclass(frozen=True, slots=True)
class Maps:
    """``decisions``: field -> (slope, shift); ``other`` for the fields that had too few cases. ``whole``: weights of
    ``features``."""

    decisions: Mapping[str, tuple[float, float]]
    other: tuple[float, float]
    whole: tuple[float, ...]


@cache
def maps() -> Maps:
    """The fitted maps."""
    data = json.loads(files("infer_convert").joinpath("confidence.json").read_text(encoding="utf-8"))
    decisions = {field: (float(a), float(b)) for field, (a, b) in data["decisions"].items()}
    return Maps(decisions, (float(data["other"][0]), float(data["other"][1])), tuple(map(float, data["whole"])))


def calibrated(plans: Sequence[Plan], fitted: Maps | None = None) -> tuple[Plan, ...]:
    """The plans with calibrated confidences, in the same order. The best plan's own confidence comes from ``whole``;
    the others keep their proportion to it as far as the sum stays below 1."""
    if not plans:
        return ()
    known = fitted or maps()
    best = plans[0]
    probability = whole(best, known)
    rest = math.fsum(plan.confidence for plan in plans[1:])
    raw = max(best.confidence, 1e-12)
    scale = probability / raw
    if rest > 0 and scale * rest > 1 - probability:
        scale = (1 - probability) / rest
    result = [replace(_decided(best, known), confidence=probability)]
    for plan in plans[1:]:
        made = min(plan.confidence * scale, probability)
        result.append(replace(_decided(plan, known), confidence=made))
    return tuple(result)


def whole(plan: Plan, known: Maps) -> float:
    """Probability that a plan computes what the original computed. The share of a known architecture is left as the
    library weighed it, as far as its heads are believed: the nets that the map is fitted on are not in the library, and
    in small nets no shape confirms the last activation."""
    if _is_known(plan):
        return min(SUREST, plan.confidence, *_heads(plan, known))
    score = math.fsum(weight * value for weight, value in zip(known.whole, features(plan, known), strict=True))
    return min(1 / (1 + math.exp(-max(-30.0, min(30.0, score)))), *_guesses(plan), 1.0)


def _heads(plan: Plan, known: Maps) -> list[float]:
    """How sure the activations of the outputs are, where something else is possible."""
    found = (plan.layer(ref.layer).decision("activation") for ref in plan.outputs)
    return [_mapped(each, known) for each in found if each and each.alternatives and each.basis not in _FIXED]


def _guesses(plan: Plan) -> list[float]:
    """How sure the arguments of operations are that stand in no file: no net that the map is fitted on has one."""
    decisions = (decision for _, layer in plan.walk() for decision in layer.decisions)
    return [each.confidence for each in decisions if each.field == "arguments" and each.basis is Basis.ASSUMED]


def _is_known(plan: Plan) -> bool:
    """Whether the reference library speaks for most layers with weights."""
    weighted = [layer for _, layer in plan.walk() if layer.weights]
    told = sum(
        any(item.clue == LIBRARY for decision in layer.decisions for item in decision.evidence) for layer in weighted
    )
    return 2 * told > len(weighted) > 0


def features(plan: Plan, known: Maps) -> tuple[float, ...]:
    """What the whole depends on: 1; the log of the plan's share among the plans; the summed logs of its open decisions
    (those with one reason count once); the log of the least of them; the log of the number of layers."""
    logs: dict[tuple[str, str, str], float] = {}
    for _, layer in plan.walk():
        for decision in layer.decisions:
            if decision.alternatives and decision.basis not in _FIXED:
                key = decision.reason(layer.name)
                value = math.log(max(_mapped(decision, known), 1e-6))
                logs[key] = min(value, logs.get(key, 0.0))
    share = math.log(min(1.0, max(plan.confidence, 1e-6)))
    least = min(logs.values(), default=0.0)
    return 1.0, share, max(-12.0, math.fsum(logs.values())), least, math.log(max(1, len(plan.layers)))


def _decided(plan: Plan, known: Maps) -> Plan:
    return plan.with_layers(tuple(_layer(layer, known) for layer in plan.layers))


def _layer(layer: PlanLayer, known: Maps) -> PlanLayer:
    decisions = tuple(_decision(decision, known) for decision in layer.decisions)
    inner = None if layer.inner is None else _decided(layer.inner, known)
    return replace(layer, decisions=decisions, inner=inner)


def _decision(decision: Decision, known: Maps) -> Decision:
    if decision.basis in _FIXED or not decision.alternatives:
        return decision
    confidence = _mapped(decision, known)
    left = math.fsum(option.confidence for option in decision.alternatives)
    scale = (1 - confidence) / left if left > 0 else 0.0
    options = tuple(
        replace(option, confidence=min(option.confidence * scale, confidence)) for option in decision.alternatives
    )
    return replace(decision, confidence=confidence, alternatives=options)


def kind(decision: Decision) -> str:
    """What is calibrated together: decisions about one field; operands in lists without weightless layers are a kind of
    their own, and so are operands that the trained numbers speak for."""
    if decision.field != "inbound":
        return decision.field
    said = {item.clue: item.weight for item in decision.evidence}
    if said.get(WIRED, 0.0) >= LEAST_WIRED:
        return "inbound/numbers"
    return "inbound/dump" if DUMP in said else "inbound"


def _mapped(decision: Decision, known: Maps) -> float:
    if decision.field in UNFITTED or (decision.evidence and decision.evidence[0].clue == LIBRARY):
        return min(SUREST, decision.confidence)
    slope, shift = known.decisions.get(kind(decision), known.other)
    return mapped(decision.confidence, slope, shift)


def mapped(confidence: float, slope: float, shift: float) -> float:
    """A confidence through one map."""
    return min(SUREST, 1 / (1 + math.exp(-(slope * logit(confidence) + shift))))


def logit(confidence: float) -> float:
    """Log-odds, cut at +-9."""
    cut = min(max(confidence, 1.2e-4), 1 - 1.2e-4)
    return math.log(cut / (1 - cut))
