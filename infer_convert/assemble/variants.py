"""Plans that differ from one in a single answer that neither wiring nor sizes weigh: for examples to choose from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from infer_convert.plan import Basis, Decision, Option, Plan, PlanLayer

FIELDS = (
    "activation",
    "negative_slope",
    "max_value",
    "alpha",
    "theta",
    "epsilon",
    "recurrent_activation",
    "mask_zero",
    "interpolation",
    "scale",
)
MORE = {
    "activation": ("relu", "linear", "tanh", "sigmoid", "elu", "silu", "gelu", "softmax", "selu"),
    "epsilon": (1e-3, 1e-5, 1.001e-5, 1e-6),
    "negative_slope": (0.2, 0.3, 0.1, 0.01),
    "recurrent_activation": ("sigmoid", "hard_sigmoid"),
}
"""Values that are tried even where the decision's alternatives do not name them, the commoner ones first."""


def variants(plan: Plan) -> Iterator[Plan]:
    """Every plan with one such answer changed: alone, and in all layers that have the same for the same reason."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for layer in plan.layers:
        for decision in layer.decisions:
            if decision.field in FIELDS and decision.basis in (Basis.ASSUMED, Basis.INFERRED):
                reason = decision.evidence[0].because if decision.evidence else layer.name
                groups.setdefault((decision.field, repr(decision.value), reason), []).append(layer.name)
    sets = {(key[0], tuple(names)) for key, names in groups.items()}
    sets |= {(key[0], (name,)) for key, names in groups.items() for name in names}
    for field, names in sorted(sets, key=lambda item: (-len(item[1]), item)):
        decided = plan.layer(names[0]).decision(field)
        assert decided is not None
        named = [option.value for option in decided.alternatives]
        for value in dict.fromkeys((*named, *MORE.get(field, ()))):
            if value != decided.value:
                yield with_value(plan, frozenset(names), field, value)


def with_value(plan: Plan, names: frozenset[str], field: str, value: Any) -> Plan:
    """A copy of a plan in which some layers have another value of one field."""
    return plan.with_layers(
        tuple(_changed(layer, field, value) if layer.name in names else layer for layer in plan.layers)
    )


def _changed(layer: PlanLayer, field: str, value: Any) -> PlanLayer:
    decisions = tuple(_swapped(item, value) if item.field == field else item for item in layer.decisions)
    return replace(layer, config={**layer.config, field: value}, decisions=decisions)


def _swapped(decision: Decision, value: Any) -> Decision:
    share = next((option.confidence for option in decision.alternatives if option.value == value), 0.0)
    rest = tuple(option for option in decision.alternatives if option.value != value)
    return replace(
        decision, value=value, confidence=share, alternatives=(Option(decision.value, decision.confidence), *rest)
    )
