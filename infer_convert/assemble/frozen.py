"""Which layers were not trained: an optimizer keeps slots for trained variables only (FORMATS §4).

Keras lists slots in the order of the trainable variables, one to three per variable, side by side or block after block
(Keras 1 sorts them by name, which tells nothing). The layers whose shapes spell the slots were trained, the others
frozen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from infer_convert.facts import WeightFile
from infer_convert.plan import Basis, Decision, Evidence, Plan, PlanLayer

NEVER_TRAINED = ("moving_mean", "moving_variance", "adapt_mean", "adapt_variance", "mean", "variance", "count",
                 "vector_u")  # fmt: skip
PREFIX, ALONE = 0.9, 0.97
"""Confidence when several sets of layers would spell the slots but one is the first layers, and when one set does."""
MOST_WAYS = 2
Shape = tuple[int, ...]


def with_frozen(plan: Plan, facts: WeightFile) -> Plan:
    """The plan with ``trainable`` false where the optimizer has no slots for a layer that could have been trained."""
    if facts.generation in ("keras0", "keras1") or not facts.optimizer:
        return plan
    layers = [(item.name, shapes) for _, item in plan.walk() if (shapes := _trainable(item))]
    if len({name for name, _ in layers}) < len(layers):
        return plan
    slots = [tensor.shape for tensor in facts.optimizer if tensor.shape]
    for each in (2, 1, 3):
        spelled = _thinned(slots, each)
        if spelled and (found := _trained([shapes for _, shapes in layers], spelled)) is not None:
            trained, sure = found
            frozen = frozenset(name for number, (name, _) in enumerate(layers) if number not in trained)
            because = f"the optimizer keeps slots for {len(trained)} of {len(layers)} layers with weights"
            said = Evidence("training", 2.2, f"{because}, and none for this one")
            return _frozen(plan, frozen, Decision("trainable", False, sure, Basis.INFERRED, (), (said,)))
    return plan


def _trainable(item: PlanLayer) -> list[Shape]:
    uses = (use for use in item.weights if use.variable.rpartition(".")[2] not in NEVER_TRAINED)
    return [use.shape for use in uses]


def _thinned(slots: Sequence[Shape], each: int) -> list[Shape] | None:
    """One shape per variable out of ``each`` slots per variable."""
    count, rest = divmod(len(slots), each)
    if rest or not count:
        return None
    if all(len(set(slots[start : start + each])) == 1 for start in range(0, len(slots), each)):
        return list(slots[::each])
    blocks = [list(slots[start : start + count]) for start in range(0, len(slots), count)]
    return blocks[0] if all(block == blocks[0] for block in blocks) else None


def _trained(layers: Sequence[Sequence[Shape]], slots: Sequence[Shape]) -> tuple[frozenset[int], float] | None:
    """Numbers of the layers whose shapes, one after the other, are the slots; None when no set or several do."""
    ways: dict[int, list[frozenset[int]]] = {0: [frozenset()]}
    for number, shapes in enumerate(layers):
        grown = {place: list(sets) for place, sets in ways.items()}
        for place, sets in ways.items():
            end = place + len(shapes)
            if list(slots[place:end]) == list(shapes):
                grown[end] = [*grown.get(end, []), *(one | {number} for one in sets)][: MOST_WAYS + 1]
        ways = grown
    found = ways.get(len(slots), [])
    if len(found) == 1:
        return found[0], ALONE
    last = frozenset(range(len(layers) - len(found[0]), len(layers))) if found else frozenset()
    spells = [shape for number in sorted(last) for shape in layers[number]] == list(slots)
    return (last, PREFIX) if found and spells else None


def _frozen(plan: Plan, names: frozenset[str], decision: Decision) -> Plan:
    layers = []
    for item in plan.layers:
        if item.inner is not None:
            item = replace(item, inner=_frozen(item.inner, names, decision))
        if item.name in names and item.inner is None:
            item = replace(item, config={**item.config, "trainable": False}, decisions=(*item.decisions, decision))
        layers.append(item)
    return plan.with_layers(tuple(layers))
