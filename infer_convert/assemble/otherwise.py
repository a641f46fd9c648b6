"""Other whole models: the best plan with something that leaves no trace settled otherwise, throughout.

An author writes one epsilon, one hidden activation, one kind of pool; so the next likely models differ from the best
one in a motif, not in a layer. Each way takes another value than the plan's for some of these motifs; its share is the
plan's times the odds of these values, as if the motifs knew nothing of each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from infer_convert.assemble.likewise import RECTIFIERS, USUAL
from infer_convert.plan import Basis, Decision, Option, Plan, PlanLayer

FIELDS = (
    "activation", "alpha", "epsilon", "interpolation", "mask_zero", "max_value", "negative_slope",
    "recurrent_activation", "theta",
)  # fmt: skip
"""Arguments that change no shape and that habits alone tell."""
POOLS = (("MaxPooling", "AveragePooling"), ("GlobalMaxPooling", "GlobalAveragePooling"))
"""Classes that take the same arguments."""
LEAST_ODDS = 0.03
"""Odds of another value below which no model is made of it."""
NOT_OFFERED = 0.03
"""Share of a value that a layer of the motif did not offer itself."""
MOST_MOTIFS = 12
Change = tuple[str, str, Any]
"""A layer's name, a field and its value."""


@dataclass(frozen=True, slots=True)
class _Motif:
    """Layers that are settled alike: the least sure of their decisions."""

    layers: tuple[str, ...]
    decision: Decision


def otherwise(plan: Plan, most: int) -> list[Plan]:
    """The ``most`` likeliest other models of the plan's wiring and sizes, likeliest first."""
    ways: list[tuple[float, tuple[Change, ...]]] = [(1.0, ())]
    motifs = sorted(_motifs(plan), key=lambda motif: -_odds(motif)[0][1] if _odds(motif) else 0.0)
    for motif in motifs[:MOST_MOTIFS]:
        more = [
            (odds * other, (*changes, *((name, motif.decision.field, value) for name in motif.layers)))
            for odds, changes in ways
            for value, other in _odds(motif)
        ]
        ways = sorted([*ways, *more], key=lambda way: -way[0])[: most + 1]
    return [_changed(plan, changes, odds) for odds, changes in ways if changes and odds >= LEAST_ODDS]


def _odds(motif: _Motif) -> list[tuple[Any, float]]:
    """Other values, each with its odds against the plan's."""
    sure = max(motif.decision.confidence, 1e-9)
    found = [
        (each.value, each.confidence / sure)
        for each in motif.decision.alternatives
        if not each.same and (motif.decision.field != "class_name" or _other_pool(motif.decision.value, each.value))
    ]
    return sorted([each for each in found if each[1] >= LEAST_ODDS], key=lambda each: -each[1])


def _motifs(plan: Plan) -> Iterator[_Motif]:
    outputs = {ref.layer for ref in plan.outputs}
    found: dict[object, list[tuple[PlanLayer, Decision]]] = {}
    for layer in plan.layers:
        for decision in layer.decisions:
            if decision.basis is not Basis.USER and decision.alternatives and _takes(layer, decision):
                found.setdefault(_key(layer, decision, layer.name in outputs), []).append((layer, decision))
    for pairs in found.values():
        yield _Motif(tuple(layer.name for layer, _ in pairs), min((each for _, each in pairs), key=_sureness))


def _sureness(decision: Decision) -> float:
    return decision.confidence


def _takes(layer: PlanLayer, decision: Decision) -> bool:
    """Whether the layer can be given another value without anything else changing."""
    if decision.field == "class_name":
        return any(_other_pool(layer.class_name, option.value) for option in decision.alternatives)
    return decision.field in FIELDS and _place(layer.config, decision.field) is not None


def _other_pool(one: str, other: Any) -> bool:
    return any(
        isinstance(other, str) and {one[:-2], other[:-2]} == set(pair) and one[-2:] == other[-2:] for pair in POOLS
    )


def _key(layer: PlanLayer, decision: Decision, ends: bool) -> object:
    """The same for layers whose decisions have one reason; hidden layers at the usual activation are of one mind."""
    if decision.field == "activation" and not ends and decision.value == USUAL and _by_habit(decision):
        return decision.field, USUAL
    return (*decision.reason(layer.name), layer.name if ends else "")


def _by_habit(decision: Decision) -> bool:
    """Whether it may be one of the functions that stand in the usual one's place throughout, or the usual one."""
    return decision.basis is Basis.ASSUMED and any(each.value in RECTIFIERS for each in decision.alternatives)


def _place(config: Mapping[str, Any], field: str) -> tuple[str, ...] | None:
    """Where a layer's config, or that of the layer that it wraps, holds an argument."""
    if field in config:
        return ()
    inside = config.get("layer")
    if isinstance(inside, Mapping) and isinstance(inside.get("config"), Mapping) and field in inside["config"]:
        return "layer", "config"
    return None


def _changed(plan: Plan, changes: tuple[Change, ...], odds: float) -> Plan:
    told: dict[str, list[tuple[str, Any]]] = {}
    for name, field, value in changes:
        told.setdefault(name, []).append((field, value))
    layers = []
    for layer in plan.layers:
        for field, value in told.get(layer.name, ()):
            layer = _set(layer, field, value)
        layers.append(layer)
    return replace(plan, layers=tuple(layers), confidence=plan.confidence * odds)


def _set(layer: PlanLayer, field: str, value: Any) -> PlanLayer:
    decisions = tuple(_swapped(each, value) if each.field == field else each for each in layer.decisions)
    if field == "class_name":
        return replace(layer, class_name=value, decisions=decisions)
    config = dict(layer.config)
    place = _place(config, field)
    if place:
        inside = dict(config["layer"])
        inside["config"] = {**inside["config"], field: value}
        config["layer"] = inside
    else:
        config[field] = value
    return replace(layer, config=config, decisions=decisions)


def _swapped(decision: Decision, value: Any) -> Decision:
    """The decision for another value, the old one among its alternatives. A layer that had no such alternative shares
    its motif's."""
    share = next((option.confidence for option in decision.alternatives if option.value == value), NOT_OFFERED)
    others = tuple(option for option in decision.alternatives if option.value != value)
    old = Option(decision.value, decision.confidence)
    return replace(decision, value=value, confidence=share, alternatives=(old, *others))
