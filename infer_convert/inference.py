"""The result of inferring: the plans, best first, and what could not be placed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from infer_convert.facts import WeightFile
from infer_convert.plan import Plan


@dataclass(frozen=True, slots=True)
class LeftOver:
    """A tensor of the file that has no place in the model, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Whole:
    """One joint choice of settings: a value for each of ``Wholes.fields``, how often it was drawn, as a share of all
    draws, and the log of its probability."""

    values: tuple[Any, ...]
    share: float
    log_probability: float


@dataclass(frozen=True, slots=True)
class Wholes:
    """Joint choices of the settings that sizes weigh, drawn in proportion to their probability among all choices for
    the best plan's wiring. ``fields`` are (layer, field); settings that are the same in all choices are left out."""

    fields: tuple[tuple[str, str], ...] = ()
    rows: tuple[Whole, ...] = ()


@dataclass(frozen=True, slots=True)
class Inference:
    """Facts, plans (best first, never empty) and leftovers. ``notes`` are sentences for the report's reader."""

    facts: WeightFile
    plans: tuple[Plan, ...]
    left_over: tuple[LeftOver, ...] = ()
    notes: tuple[str, ...] = ()
    wholes: Wholes = field(default_factory=Wholes)

    @property
    def best(self) -> Plan:
        """The plan that is built."""
        return self.plans[0]
