"""The result of inferring: the plans, best first, and what could not be placed."""

from __future__ import annotations

from dataclasses import dataclass

from infer_convert.facts import WeightFile
from infer_convert.plan import Plan


@dataclass(frozen=True, slots=True)
class LeftOver:
    """A tensor of the file that has no place in the model, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Inference:
    """Facts, plans (best first, never empty) and leftovers. ``notes`` are sentences for the report's reader."""

    facts: WeightFile
    plans: tuple[Plan, ...]
    left_over: tuple[LeftOver, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def best(self) -> Plan:
        """The plan that is built."""
        return self.plans[0]
