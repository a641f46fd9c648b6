"""Doubts that nothing drawn speaks of, as events that are independent of each other, and the likeliest ways in which
several of them go together.

Two units are not always two events. Where an author leaves relu for elu, gelu or the like, it is in every hidden layer:
layers of different classes that stand at the same one of them, by habit or as in a known architecture, are right or
wrong together, and no less likely right than the least sure of them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from infer_convert.plan import Basis, Decision
from infer_convert.report.units import Target, Unit

THROUGHOUT = ("relu", "elu", "gelu", "selu", "silu", "leaky_relu")
"""Of these people write one, and then in every hidden layer (``assemble/likewise`` has the counts)."""
LIKENESS = "library"
"""The clue of a known architecture."""


@dataclass(frozen=True, slots=True)
class Event:
    """Some targets: the chance that the plan is right about all of them, and other values, each with its chance."""

    targets: tuple[Target, ...]
    right: float
    others: tuple[tuple[dict[Target, Any], float], ...]


def events(units: Sequence[Unit]) -> list[Event]:
    """The units as independent events."""
    if len(units) > 1 and all(unit.decision.field == "inbound" for unit in units):
        return [_turned(units)]
    habits = Counter(str(unit.decision.value) for unit in units if _is_habit(unit))
    value = max(habits, key=lambda name: habits[name], default="")
    usual = [unit for unit in units if _is_habit(unit) and unit.decision.value == value]
    if len(usual) < 2:
        return [_alone(unit) for unit in units]
    return [_habit(usual), *(_alone(unit) for unit in units if unit not in usual)]


def together(found: Sequence[Event], most: int) -> list[tuple[dict[Target, Any], float]]:
    """The ``most`` likeliest ways in which these turn out, each as what differs from the plan (nothing in one)."""
    ways: list[tuple[dict[Target, Any], float]] = [({}, 1.0)]
    for event in found:
        outcomes = [({}, event.right), *event.others]
        joined = [({**told, **more}, chance * share) for told, chance in ways for more, share in outcomes]
        ways = sorted(joined, key=lambda way: -way[1])[:most]
    return ways


def right_of(decision: Decision) -> float:
    """The chance that a decision computes the right thing."""
    return min(1.0, decision.confidence + math.fsum(o.confidence for o in decision.alternatives if o.same))


def _alone(unit: Unit) -> Event:
    others = tuple(
        (_all_of(unit, option.value), option.confidence) for option in unit.decision.alternatives if not option.same
    )
    return Event(tuple(target for target, _ in unit.members()), right_of(unit.decision), others)


def _all_of(unit: Unit, value: Any) -> dict[Target, Any]:
    return {target: value for target, _ in unit.members()}


def _is_habit(unit: Unit) -> bool:
    """Whether only habit, or the likeness to a known architecture, speaks for the activation."""
    decision = unit.decision
    if decision.field != "activation" or decision.value not in THROUGHOUT:
        return False
    return decision.basis is Basis.ASSUMED or any(each.clue == LIKENESS for each in decision.evidence)


def _turned(units: Sequence[Unit]) -> Event:
    """Operands that change places: all stand as they are, or all are the other way round."""
    told = {target: decision.alternatives[0].value for unit in units for target, decision in unit.members()}
    least = min((unit.decision for unit in units), key=lambda decision: decision.confidence)
    return Event(tuple(told), right_of(least), ((told, least.alternatives[0].confidence),))


def _habit(units: Sequence[Unit]) -> Event:
    """One event: another habit in all of them, or something else in one."""
    alone = [_alone(unit) for unit in units]
    shares: dict[str, float] = {}
    others: list[tuple[dict[Target, Any], float]] = []
    for event in alone:
        for told, share in event.others:
            value = next(iter(told.values()))
            if value in THROUGHOUT:
                shares[value] = max(shares.get(value, 0.0), share)
            else:
                others.append((told, share))
    targets = tuple(target for event in alone for target in event.targets)
    others += [(dict.fromkeys(targets, value), share) for value, share in shares.items()]
    return Event(targets, min(event.right for event in alone), tuple(others))
